package cli

import (
	"errors"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/zalando/go-keyring"
)

func TestLogin(t *testing.T) {
	t.Parallel()
	p := withoutCredentials(t)
	require.Equal(t, ran{}, p.with("fake-partner-token\n", "login partner"))
	require.Equal(t, ran{}, p.with("fake-account-key\nfake-organization-key\n", "login account"))
	assert.Equal(t, map[string]string{
		partnerToken: "fake-partner-token", accountKey: "fake-account-key", organizationKey: "fake-organization-key",
	}, p.stored().Secrets)
	info, err := os.Stat(p.file())
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o600), info.Mode())
	assert.Equal(t, 0, p.run("accounts search fan@example.com").status)

	require.Equal(t, ran{}, p.with("fake-account-key\n", "login account"), "the organisation's key is optional")
	assert.Equal(t, "fake-organization-key", p.stored().Secrets[organizationKey])

	require.Equal(t, ran{}, p.run("logout"))
	assert.Empty(t, p.stored().Secrets)
	assert.Equal(t, 4, p.run("accounts search fan@example.com").status)
}

func TestLoginRefused(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		line, stdin, err string
		status           int
	}{
		"no input":       {"login partner", "", "partnerctl: standard input: want a line: partner token\n", 2},
		"an empty line":  {"login partner", "\n", "partnerctl: partner token: empty\n", 2},
		"a bad token":    {"login partner", "a b\x01\n", "partnerctl: NewClient: WithPartnerToken: has control characters\n", 2},
		"a dry run":      {"login partner --dry-run", "", "partnerctl: this command has no dry run\n", 2},
		"no account":     {"login network --username robin", "fake-app-key\ntemp123\n", "partnerctl: the user has several accounts: choose one with --account-id: acc_1234567890, acc_9\n", 2},
		"wrong password": {"login network --username robin", "fake-app-key\nwrong\n", "partnerctl: network: POST /app/login: 400 Bad Request: The username or password is incorrect.\n", 5},
		"wrong app key":  {"login network --username robin", "wrong\ntemp123\n", "partnerctl: network: GET /app/session: 401 Unauthorized: Please sign in.\n", 6},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := withoutCredentials(t)
			assert.Equal(t, ran{test.status, "", test.err}, p.with(test.stdin, test.line))
			assert.NoFileExists(t, p.file())
		})
	}
}

func TestLoginNetwork(t *testing.T) {
	t.Parallel()
	p := withoutCredentials(t)
	require.Equal(t, ran{}, p.with("fake-app-key\nrobin\ntemp123\n", "login network --account-id acc_9"))
	got := p.run("app session -o csv")
	assert.Equal(t, 0, got.status, got.err)
	assert.Contains(t, got.out, "Acme Bakery")
	assert.Contains(t, p.run("networks list").out, "Acme Seafood")
}

// On a terminal the accounts are listed.
func TestLoginNetworkOnATerminal(t *testing.T) {
	t.Parallel()
	p := withoutCredentials(t)
	got := p.start(t.Context(), "robin\nacc_9\n", terminal("fake-app-key", "temp123"), "login", "network")
	assert.Equal(t, ran{0, "", "app key: \nuser name: password: \nacc_1234567890  Acme Corp\nacc_9  Acme Bakery\naccount ID: "}, got)
	assert.Contains(t, p.run("app session").out, "Acme Bakery")
}

func TestProfiles(t *testing.T) {
	t.Parallel()
	p := newProgram(t)
	require.Equal(t, ran{}, p.with("another-token\n", "login partner --profile other"))
	assert.Equal(t, 6, p.run("subscriptions cancel MS2365 -y --profile other").status)
	assert.Equal(t, 0, p.run("subscriptions cancel MS2365 -y").status)
}

func TestKeyring(t *testing.T) {
	t.Parallel()
	p := withoutCredentials(t)
	p.store(map[string]string{accountKey: "fake-account-key"})
	require.Equal(t, ran{}, p.with("fake-partner-token\n", "login partner --keyring"))
	assert.True(t, p.stored().Keyring)
	assert.Empty(t, p.stored().Secrets, "those of the file are moved")
	kept, err := keyring.Get("partnerctl", "default/account-key")
	require.NoError(t, err)
	assert.Equal(t, "fake-account-key", kept)
	assert.Equal(t, 0, p.run("subscriptions cancel MS2365 -y").status)
	require.Equal(t, 0, p.with("temp123\n", "accounts login --email fan@example.com").status)
	require.Equal(t, 0, p.run("accounts get").status)
	require.Equal(t, ran{}, p.run("logout"))
	_, err = keyring.Get("partnerctl", "default/partner-token")
	assert.ErrorIs(t, err, keyring.ErrNotFound)
}

func TestFileThatOthersCanRead(t *testing.T) {
	t.Parallel()
	p := newProgram(t)
	require.NoError(t, os.Chmod(p.file(), 0o640)) //nolint:gosec // that is what is refused
	got := p.run("networks list")
	assert.Equal(t, ran{1, "", "partnerctl: " + p.file() + ": others can read it: chmod 600, and replace the credentials in it\n"}, got)
}

func TestFileOfProfilesThatIsBroken(t *testing.T) {
	t.Parallel()
	p := newProgram(t)
	require.NoError(t, os.WriteFile(p.file(), []byte(`{"default":{"secrets":"canary"}}`), 0o600))
	assert.Equal(t, ran{1, "", "partnerctl: " + p.file() + ": not a file of profiles\n"}, p.run("networks list"))
}

// The environment wins over the profile. A server of all APIs may be without TLS on loopback, and nowhere else.
func TestEnvironment(t *testing.T) {
	p := newProgram(t)
	t.Setenv("PARTNERAPI_PARTNER_TOKEN", "revoked")
	assert.Equal(t, 6, p.run("subscriptions cancel MS2365 -y").status)
	got := p.with("fake-partner-token\n", "login partner")
	assert.Equal(t, ran{0, "", "PARTNERAPI_PARTNER_TOKEN is set and wins over the profile\n"}, got)
	t.Setenv("PARTNERAPI_PARTNER_URL", "http://127.0.0.1:1")
	assert.Equal(t, ran{2, "", "partnerctl: NewClient: PARTNERAPI_PARTNER_URL: not https: use WithBaseURL for a server without TLS\n"}, p.run("networks list"))
}

// A credential of the environment needs no keyring.
func TestEnvironmentWithoutKeyring(t *testing.T) { //nolint:paralleltest // environment variables and the keyring are the process's
	p := newProgram(t)
	require.NoError(t, os.WriteFile(p.file(), []byte(`{"default":{"keyring":true}}`), 0o600))
	keyring.MockInitWithError(errors.New("no keyring"))
	t.Cleanup(keyring.MockInit)
	for _, of := range withCredential {
		t.Setenv(of.variable, "fake-"+of.name)
	}
	assert.Equal(t, 0, p.run("subscriptions cancel MS2365 -y").status)
	got := p.with("fake-partner-token\n", "login partner")
	assert.Equal(t, 1, got.status)
	assert.Contains(t, got.err, "the system's keyring: no keyring")
}

// A secret that was typed as an argument is not repeated.
func TestArgumentIsNotRepeated(t *testing.T) {
	t.Parallel()
	for _, line := range []string{"login partner CANARY", "login account CANARY", "login network CANARY", "logout CANARY"} {
		got := newProgram(t).run(line)
		assert.Equal(t, 2, got.status, line)
		assert.NotContains(t, got.err, "CANARY", line)
	}
}

func TestServer(t *testing.T) {
	t.Parallel()
	p := withoutCredentials(t)
	own := func(a *app) { a.options = nil }
	start := func(args ...string) ran { return p.start(t.Context(), "jwt\n", own, args...) }
	assert.Equal(t, "curl -X GET 'http://127.0.0.1:8080/network/account/networks' -H 'Accept: application/json' -H 'Authorization: '\"$PARTNERAPI_NETWORK_TOKEN\"\n",
		start("networks", "list", "--dry-run", "--server", "http://127.0.0.1:8080/").out)
	plain := start("networks", "list", "--dry-run", "--server", "http://partner.example")
	assert.Equal(t, 2, plain.status)
	assert.Regexp(t, "^partnerctl: NewClient: WithBaseURL: the base URL of the [a-z]+ API is not https: see WithInsecureHTTP\n$", plain.err)
	require.Equal(t, ran{}, start("login", "partner", "--server", "https://partner.example"))
	assert.Contains(t, start("networks", "list", "--dry-run").out, "'https://partner.example/network/account/networks'")
}
