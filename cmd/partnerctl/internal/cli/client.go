package cli

import (
	"net/http"
	"os"
	"strings"

	"github.com/partnerapi/partnerapi-go"
)

// The names of secrets in a profile.
const (
	partnerToken    = "partner-token"
	accountKey      = "account-key"
	organizationKey = "organization-key"
	networkToken    = "network-token"
	customerSession = "customer-session"
)

// withCredential are the credentials among them, as options, and the variables that win over them.
var withCredential = []struct {
	name, variable string
	option         func(string) partnerapi.Option
}{
	{partnerToken, "PARTNERAPI_PARTNER_TOKEN", partnerapi.WithPartnerToken},
	{accountKey, "PARTNERAPI_ACCOUNT_KEY", partnerapi.WithAccountKey},
	{organizationKey, "PARTNERAPI_ORGANIZATION_KEY", partnerapi.WithOrganizationKey},
	{networkToken, "PARTNERAPI_NETWORK_TOKEN", partnerapi.WithNetworkToken},
}

// client returns a client with the credentials and base URLs of the environment, or else of the profile. In a dry run it has
// no credentials and sends nothing.
func (a *app) client(more ...partnerapi.Option) (*partnerapi.Client, error) {
	opts := []partnerapi.Option{partnerapi.WithUserAgent("partnerctl")}
	p, err := a.profile()
	if err != nil {
		return nil, err
	}
	if !a.dryRun {
		for _, of := range withCredential {
			secret := os.Getenv(of.variable)
			if secret == "" { // otherwise the profile, and its keyring, are not needed
				if secret, err = p.secret(of.name); err != nil {
					return nil, err
				}
				if secret != "" {
					opts = append(opts, of.option(secret))
				}
			}
			a.secrets = append(a.secrets, secret)
		}
	}
	opts = append(opts, servedAt(p.Server)...)
	opts = append(opts, partnerapi.FromEnv())
	opts = append(opts, servedAt(a.server)...)
	opts = append(append(opts, a.options...), more...)
	if a.dump {
		opts = append(opts, partnerapi.WithMiddleware(partnerapi.Dump(a.err)))
	}
	if a.dryRun {
		opts = append(opts, a.withoutSending()...)
	}
	return partnerapi.NewClient(opts...)
}

// servedAt are the options for a server of all three APIs.
func servedAt(server string) (opts []partnerapi.Option) {
	if server == "" {
		return nil
	}
	for _, api := range []partnerapi.API{partnerapi.PartnerAPI, partnerapi.AccountAPI, partnerapi.NetworkAPI} {
		opts = append(opts, partnerapi.WithBaseURL(api, strings.TrimRight(server, "/")+"/"+string(api)))
	}
	return opts
}

// withoutSending are the options of a dry run.
func (a *app) withoutSending() []partnerapi.Option {
	opts := []partnerapi.Option{
		partnerapi.WithRetry(partnerapi.RetryPolicy{MaxAttempts: 1}),
		partnerapi.WithMiddleware(func(http.RoundTripper) http.RoundTripper { return curl{a} }),
	}
	for _, of := range withCredential {
		opts = append(opts, of.option(a.placeholders.of(of.variable)))
	}
	return opts
}
