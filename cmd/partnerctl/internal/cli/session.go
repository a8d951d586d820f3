package cli

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/partnerapi/partnerapi-go"
)

// signupURL prints the link without the token unless it is asked for.
func signupURL(a *app, cmd *cobra.Command) action {
	var reveal bool
	cmd.Flags().BoolVar(&reveal, "reveal", false, "print the link with the token")
	return with(func(ctx context.Context, c *call, in partnerapi.SignupRequest) (any, error) {
		client := c.client
		if !reveal {
			var err error
			if client, err = a.client(partnerapi.WithPartnerToken(a.placeholders.of("PARTNERAPI_PARTNER_TOKEN"))); err != nil {
				return nil, err
			}
		}
		made, err := client.Signup.URL(ctx, in)
		if err != nil {
			return nil, err
		}
		return link{a.placeholders.shown(made)}, nil
	})(a, cmd)
}

const accountsLoginHelp = `It asks for the password, and keeps the session in the profile, for the other commands on accounts.
With --tokens-from-url it asks for the address to which the hosted login page has sent the customer back.`

// accountsLogin has flags of its own, because an e-mail is not needed with tokens.
func accountsLogin(a *app, cmd *cobra.Command) action {
	var email string
	var fromURL bool
	cmd.Flags().StringVar(&email, "email", "", "the email of the customer")
	cmd.Flags().BoolVar(&fromURL, "tokens-from-url", false, "import the tokens of a hosted login")
	cmd.MarkFlagsOneRequired("email", "tokens-from-url")
	cmd.MarkFlagsMutuallyExclusive("email", "tokens-from-url")
	return func(ctx context.Context, c *call) (any, error) {
		if fromURL {
			return c.importTokens(ctx)
		}
		password, err := a.secret(ctx, "password")
		if err != nil {
			return nil, err
		}
		customer, session, err := c.client.Accounts.Login(ctx, partnerapi.LoginRequest{Email: email, Password: password})
		if session == nil {
			return nil, err
		}
		if kept := c.keepSession(session); kept != nil {
			return nil, kept
		}
		return value(customer, err)
	}
}

func (c *call) importTokens(ctx context.Context) (any, error) {
	if c.dryRun {
		return nil, errDryRun
	}
	address, err := c.secret(ctx, "address")
	if err != nil {
		return nil, err
	}
	u, err := url.Parse(address)
	if err != nil {
		return nil, usageError("the address is not a URL") // the error has the address in it
	}
	tokens, _, err := partnerapi.TokensFromURL(u)
	if err != nil {
		return nil, err
	}
	session, err := partnerapi.NewTokenSession(tokens)
	if err != nil {
		return nil, err
	}
	return outcome("customer", "tokens imported", c.keepSession(session))
}

// onSession is the binder of a command that only needs a session.
func onSession(do func(context.Context, *call, *partnerapi.Session) (any, error)) binder {
	return plain(func(ctx context.Context, c *call) (any, error) { return c.onSession(ctx, do) })
}

// onSession calls do with the session of the profile, and keeps what the call has changed in it.
func (c *call) onSession(ctx context.Context, do func(context.Context, *call, *partnerapi.Session) (any, error)) (any, error) {
	if c.dryRun {
		session, err := partnerapi.NewTokenSession(partnerapi.Tokens{AccessToken: c.placeholders.of("ACCESS_TOKEN")})
		if err != nil {
			return nil, err
		}
		return do(ctx, c, session)
	}
	p, err := c.profile()
	if err != nil {
		return nil, err
	}
	exported, err := p.secret(customerSession)
	if err != nil {
		return nil, err
	}
	if exported == "" {
		return nil, fmt.Errorf("no customer: %w", partnerapi.ErrNotLoggedIn)
	}
	session, err := partnerapi.ImportSession([]byte(exported))
	if err != nil {
		return nil, err
	}
	// A refresh spends the old token: the new one is kept before anything can interrupt the call.
	session.OnRefresh(func(context.Context, partnerapi.Tokens) error { return c.keepSession(session) })
	result, err := do(ctx, c, session)
	if now, exportErr := session.Export(); exportErr == nil && string(now) != exported {
		if kept := c.keepSession(session); kept != nil && err == nil {
			err = kept
		}
	}
	return result, err
}

func (c *call) keepSession(session *partnerapi.Session) error {
	exported, err := session.Export()
	if err != nil {
		return err
	}
	return c.keep(customerSession, string(exported))
}

const appHelp = "The JWT of the session is kept in the profile."

// appSession shows the session, or starts one with the app key.
func appSession(_ *app, cmd *cobra.Command) action {
	var start bool
	cmd.Flags().BoolVar(&start, "start", false, "start a session without a user, with the app key, which is asked for")
	return func(ctx context.Context, c *call) (any, error) {
		if !start {
			return c.keepJWT(c.client.AppSessions.Current(ctx))
		}
		key, err := c.secret(ctx, "app key")
		if err != nil {
			return nil, err
		}
		return c.keepJWT(c.client.AppSessions.Start(ctx, partnerapi.WithCredential(partnerapi.NetworkToken, key)))
	}
}

// keepJWT stores the JWT of a session if it is a new one, and returns the rest of the session.
func (c *call) keepJWT(s *partnerapi.AppSession, err error) (any, error) {
	if err != nil {
		return nil, err
	}
	p, err := c.profile()
	if err != nil {
		return nil, err
	}
	kept, err := p.secret(networkToken)
	if jwt := s.JWT(); err == nil && jwt != "" && jwt != kept && jwt != os.Getenv("PARTNERAPI_NETWORK_TOKEN") {
		err = c.keep(networkToken, jwt)
	}
	shown := appView{
		Authenticated: s.Authenticated, LastAccountID: s.LastAccountID,
		App: s.App, User: s.User, Account: s.Account, Access: s.Access, Alerts: s.Alerts,
	}
	for _, choice := range s.Accounts {
		shown.Accounts = append(shown.Accounts, accountView(choice))
	}
	return shown, err
}

// appView is an AppSession without its JWT, which is redacted as a whole.
type appView struct {
	Authenticated bool                  `json:"authenticated"`
	Accounts      []accountView         `json:"accounts,omitempty"`
	LastAccountID string                `json:"last_account_id,omitzero"`
	App           partnerapi.App        `json:"app"`
	User          partnerapi.AppUser    `json:"user,omitzero"`
	Account       partnerapi.AppAccount `json:"account,omitzero"`
	Access        partnerapi.AppAccess  `json:"access,omitempty"`
	Alerts        []partnerapi.AppAlert `json:"alerts,omitempty"`
}

type accountView struct {
	ID    string `json:"id"`
	Title string `json:"title"`
}

// signInNetwork asks for what a sign-in needs, and returns the JWT.
func (a *app) signInNetwork(ctx context.Context, username, accountID string) (string, error) {
	key, err := a.secret(ctx, "app key")
	if err != nil {
		return "", err
	}
	if username == "" {
		if username, err = a.line(ctx, "user name"); err != nil {
			return "", err
		}
	}
	password, err := a.secret(ctx, "password")
	if err != nil {
		return "", err
	}
	client, err := a.client()
	if err != nil {
		return "", err
	}
	return a.signIn(ctx, client.AppSessions, key, partnerapi.AppLoginRequest{Username: username, Password: password}, accountID)
}

// signIn is that of the SDK, but asks for the account when the API has listed them.
func (a *app) signIn(
	ctx context.Context, at *partnerapi.AppSessionsService, token string, user partnerapi.AppLoginRequest, account string,
) (string, error) {
	as := func() partnerapi.CallOption { return partnerapi.WithCredential(partnerapi.NetworkToken, token) }
	next := func(s *partnerapi.AppSession, err error) (*partnerapi.AppSession, error) {
		if err == nil && s.JWT() != "" {
			token = s.JWT()
		}
		return s, err
	}
	if _, err := next(at.Start(ctx, as())); err != nil {
		return "", err
	}
	session, err := next(at.Login(ctx, user, as()))
	if err != nil {
		return "", err
	}
	if !session.Authenticated || account != "" && account != session.Account.ID {
		if account == "" {
			if account, err = a.choose(ctx, session.Accounts); err != nil {
				return "", err
			}
		}
		if session, err = next(at.SelectAccount(ctx, account, as())); err != nil {
			return "", err
		}
	}
	if !session.Authenticated {
		return "", fmt.Errorf("the API did not log the user in: %w", partnerapi.ErrBadResponse)
	}
	return token, nil
}

// choose asks for one of the accounts.
func (a *app) choose(ctx context.Context, accounts []partnerapi.AccountChoice) (string, error) {
	var ids []string
	for _, account := range accounts {
		ids = append(ids, account.ID)
		if a.terminal {
			a.note("%s  %s", printable(account.ID), printable(account.Title))
		}
	}
	if !a.terminal {
		return "", usageError("the user has several accounts: choose one with --account-id: " + strings.Join(ids, ", "))
	}
	return a.line(ctx, "account ID")
}
