package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/partnerapi/partnerapi-go"
	"github.com/partnerapi/partnerapi-go/partnertest"
)

// invocation is how a command is run on the example records.
type invocation struct{ args, stdin string }

const password = "canary-password\n"

// invocations has an invocation for every command that calls an API or takes a secret.
var invocations = map[string]invocation{
	"signup url":                  {"--pk MS1 --email a@example.com", ""},
	"signup resolve":              {"--pk MS1 --email a@example.com", ""},
	"subscriptions create":        {"--pk MS1 --email a@example.com --plan bark", ""},
	"subscriptions ensure":        {"--pk MS2365 --email a@example.com --plan bark", ""},
	"subscriptions update":        {"MS2365 --plan bark_junior", ""},
	"subscriptions cancel":        {"MS2365 --yes", ""},
	"subscriptions cancel-legacy": {"MS2365 --yes", ""},
	"accounts create":             {"--email new@example.com --birthdate 1999-01-02", password},
	"accounts login":              {"--email fan@example.com", password},
	"accounts get":                {"", ""},
	"accounts status":             {"", ""},
	"accounts update":             {"--change-password --first-name Robin", password + "canary-second-password\n"},
	"accounts benefits":           {"", ""},
	"accounts logout":             {"", ""},
	"accounts search":             {"fan@example.com", ""},
	"networks domains":            {"", ""},
	"networks get":                {"acc_1", ""},
	"networks list":               {"--all", ""},
	"networks update":             {"acc_1 --fee 1", ""},
	"networks delete":             {"acc_1 --yes", ""},
	"invitations create":          {"--email a@example.com --domain-id dom_agency --fee-proposed 1", ""},
	"invitations list":            {"", ""},
	"invitations update":          {"nwi_1 --email b@example.com", ""},
	"invitations resend":          {"nwi_1", ""},
	"invitations delete":          {"nwi_1 --yes", ""},
	"invitations activate":        {"", "https://yourapp.example/networks?token=token-nwi_1\n"},
	"app session":                 {"--start", "fake-app-key\n"},
	"app login":                   {"--username robin", password},
	"app select-account":          {"acc_9", ""},
	"app logout":                  {"", ""},
	"login partner":               {"", "fake-partner-token\n"},
	"login account":               {"", "fake-account-key\nfake-organization-key\n"},
	"login network":               {"--username robin --account-id acc_9", "fake-app-key\n" + password},
	"logout":                      {"", ""},
}

// withCanaries returns a program on which every command works, and the secrets that must not be printed.
func withCanaries(t *testing.T) (p *program, canaries []string) {
	t.Helper()
	p = newProgram(t)
	_, err := p.fake.Client().Accounts.Search(t.Context(), "fan@example.com")
	require.NoError(t, err)
	fan := p.fake.Customers()[0]
	fan.Password = strings.TrimSpace(password)
	p.fake.SeedCustomer(fan)
	p.fake.SeedAppUser(partnertest.AppUser{
		AppUser: partnerapi.AppUser{Username: "robin"}, Password: fan.Password,
		Accounts: []partnerapi.AccountChoice{{ID: "acc_1234567890"}, {ID: "acc_9"}},
	})
	tokens := p.fake.SeedTokens(fan.ID)
	session, err := partnerapi.NewTokenSession(tokens)
	require.NoError(t, err)
	_, err = p.fake.Client().Accounts.Get(t.Context(), session) // it belongs to the server now
	require.NoError(t, err)
	exported, err := session.Export()
	require.NoError(t, err)
	secrets := p.stored().Secrets
	secrets[customerSession] = string(exported)

	app, err := p.fake.Client().AppSessions.Start(t.Context(), partnerapi.WithCredential(partnerapi.NetworkToken, partnertest.AppKey))
	require.NoError(t, err)
	login := partnerapi.AppLoginRequest{Username: "robin", Password: fan.Password}
	asUser := partnerapi.WithCredential(partnerapi.NetworkToken, app.JWT())
	app, err = p.fake.Client().AppSessions.Login(t.Context(), login, asUser)
	require.NoError(t, err)
	asUser = partnerapi.WithCredential(partnerapi.NetworkToken, app.JWT())
	app, err = p.fake.Client().AppSessions.SelectAccount(t.Context(), "acc_9", asUser)
	require.NoError(t, err)
	secrets[networkToken] = app.JWT()
	p.store(secrets)
	return p, []string{
		partnertest.PartnerToken, partnertest.AccountKey, partnertest.OrganizationKey, partnertest.AppKey, app.JWT(),
		tokens.AccessToken, tokens.RefreshToken, "canary", "token-nwi_1",
	}
}

// ways are how each command is run.
var ways = map[string]struct {
	flags  string
	fails  bool // whether the API rejects the request, and repeats its secrets
	status int  // of every command, or -1
}{
	"plain":   {"", false, 0},
	"json":    {" -o json", false, 0},
	"dump":    {" --dump", false, 0},
	"dry run": {" --dry-run --dump", false, -1},
	"error":   {" --dump", true, -1},
}

// rejects makes every operation of a command fail, with the secrets of its request in the message.
func (p *program) rejects(ops, stdin string) {
	for op := range strings.SplitSeq(ops, "\n") {
		secrets := partnertest.PartnerToken
		switch {
		case strings.Contains(op, "/network") || strings.Contains(op, "/app/"):
			secrets = p.stored().Secrets[networkToken]
		case !strings.Contains(op, "/partners/"):
			secrets = partnertest.AccountKey + " " + partnertest.OrganizationKey
		}
		if strings.Contains(op, "POST") {
			secrets += " " + stdin
		}
		text, err := json.Marshal(secrets)
		require.NoError(p, err)
		if op != "" {
			p.fake.Fail(op, partnertest.Fault{Status: http.StatusBadRequest, Body: `{"error":` + string(text) + `,"messages":[` + string(text) + `]}`})
		}
	}
}

// No command prints a secret, in no way. After each, the secrets that the commands keep are searched for too.
func TestNoOutputShowsASecret(t *testing.T) {
	t.Parallel()
	for _, cmd := range leaves(new(app).root()) {
		name := strings.TrimPrefix(cmd.CommandPath(), "partnerctl ")
		if cmd.Annotations[opsAnnotation] == "" && !strings.HasPrefix(name, "log") {
			continue // it knows no secret
		}
		how, listed := invocations[name]
		require.True(t, listed, name)
		for way, w := range ways {
			t.Run(name+"/"+way, func(t *testing.T) {
				t.Parallel()
				p, canaries := withCanaries(t)
				if w.fails {
					p.rejects(cmd.Annotations[opsAnnotation], how.stdin)
				}
				got := p.with(how.stdin, name+" "+how.args+w.flags)
				if w.status >= 0 {
					assert.Equal(t, w.status, got.status, got.err)
				}
				canaries = append(canaries, kept(t, p.stored())...)
				for _, canary := range canaries {
					assert.NotContains(t, got.out, canary)
					assert.NotContains(t, got.err, canary)
				}
			})
		}
	}
}

// kept returns the secrets of a profile, and those within its session.
func kept(t *testing.T, p profile) (all []string) {
	t.Helper()
	for _, secret := range p.Secrets {
		all = append(all, secret)
	}
	var session struct {
		Cookies []struct {
			Value string `json:"value"`
		} `json:"cookies"`
		Tokens struct {
			Access  string `json:"access_token"`
			Refresh string `json:"refresh_token"`
		} `json:"tokens"`
	}
	if exported := p.Secrets[customerSession]; exported != "" {
		require.NoError(t, json.Unmarshal([]byte(exported), &session))
		for _, cookie := range session.Cookies {
			all = append(all, cookie.Value)
		}
		if session.Tokens.Access != "" {
			all = append(all, session.Tokens.Access, session.Tokens.Refresh)
		}
	}
	return all
}

// A dry run sends nothing, and works without credentials.
func TestDryRun(t *testing.T) {
	t.Parallel()
	for _, cmd := range leaves(new(app).root()) {
		if cmd.Annotations[opsAnnotation] == "" {
			continue
		}
		name := strings.TrimPrefix(cmd.CommandPath(), "partnerctl ")
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := withoutCredentials(t)
			got := p.run(name + " " + strings.ReplaceAll(invocations[name].args, "--yes", "") + " --dry-run")
			assert.Equal(t, 0, got.status, got.err)
			assert.Empty(t, p.fake.Calls())
			assert.NoFileExists(t, p.file())
			if name != "signup url" {
				assert.Regexp(t, "^curl -X "+strings.Fields(cmd.Annotations[opsAnnotation])[0]+" 'https://partnertest.invalid/", got.out)
				assert.Regexp(t, `"\$(PARTNERAPI_[A-Z]+_TOKEN|PARTNERAPI_ACCOUNT_KEY|APP_KEY)"`, got.out)
			}
		})
	}
}

func TestDryRunLines(t *testing.T) {
	t.Parallel()
	accept := " -H 'Accept: application/json'"
	tests := map[string]struct {
		args []string
		want string
	}{
		"a query": {
			[]string{"accounts", "search", "a b&key=c@example.com"},
			`curl -X GET 'https://partnertest.invalid/account/account/search?email=a+b%26key%3Dc%40example.com&key='"$PARTNERAPI_ACCOUNT_KEY"` +
				accept + ` -H 'Api-Key: '"$PARTNERAPI_ORGANIZATION_KEY"`,
		},
		"a body with quotes": {
			[]string{"subscriptions", "create", "--pk", "$HOME", "--email", `a'"b`},
			`curl -X POST 'https://partnertest.invalid/partner/partners/subscriptions'` + accept +
				` -H 'Content-Type: application/json; charset=utf-8' -H 'X-Token-Auth: '"$PARTNERAPI_PARTNER_TOKEN" --data-raw '{"pk":"$HOME","email":"a'\''\"b"}'`,
		},
		"a password": {
			[]string{"accounts", "login", "--email", "$PASSWORD"},
			`curl -X POST 'https://partnertest.invalid/account/login?key='"$PARTNERAPI_ACCOUNT_KEY"` + accept +
				` -H 'Content-Type: application/json; charset=utf-8' --data-raw '{"email":"$PASSWORD","password":"'"$PASSWORD"'"}'`,
		},
		"a session": {
			[]string{"accounts", "benefits"},
			`curl -X GET 'https://partnertest.invalid/account/account/benefits?key='"$PARTNERAPI_ACCOUNT_KEY"` + accept +
				` -H 'Authorization: Bearer '"$ACCESS_TOKEN"`,
		},
		"an app key": {
			[]string{"app", "session", "--start"},
			`curl -X GET 'https://partnertest.invalid/network/app/session'` + accept + ` -H 'Authorization: '"$APP_KEY"`,
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := withoutCredentials(t).start(t.Context(), "", nil, append(test.args, "--dry-run")...)
			assert.Equal(t, ran{0, test.want + "\n", ""}, got)
		})
	}
}

func TestDryRunOfMany(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := withoutCredentials(t)
		began := time.Now()
		input := "pk,email\n"
		for i := range 20 {
			input += fmt.Sprintf("MS%d,a@example.com\n", i)
		}
		got := p.with(input, "subscriptions ensure -f - --dry-run --concurrency 1")
		assert.Equal(t, 0, got.status)
		assert.Len(t, regexp.MustCompile("(?m)^curl ").FindAllString(got.out, -1), 20)
		assert.Empty(t, p.fake.Calls())
		assert.Zero(t, time.Since(began), "nothing is sent, so nothing waits")
	})
}

func TestConfirmation(t *testing.T) {
	t.Parallel()
	const question = "Delete the invitation nwi_1? [y/N]: "
	tests := map[string]struct {
		stdin, flag string
		change      func(*app)
		status      int
		err         string
	}{
		"no terminal":        {"y\n", "", nil, 2, "partnerctl: Delete the invitation nwi_1: confirm it with --yes, because there is no terminal to ask on\n"},
		"confirmed":          {"Yes\n", "", terminal(), 0, question},
		"not confirmed":      {"\n", "", terminal(), 2, question + "partnerctl: not confirmed\n"},
		"the end of input":   {"", "", terminal(), 2, question + "partnerctl: standard input: want a line: Delete the invitation nwi_1? [y/N]\n"},
		"confirmed by --yes": {"", "--yes", nil, 0, ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newProgram(t)
			got := p.start(t.Context(), test.stdin, test.change, append([]string{"invitations", "delete", "nwi_1"}, strings.Fields(test.flag)...)...)
			assert.Equal(t, test.status, got.status)
			assert.Equal(t, test.err, got.err)
			assert.Equal(t, test.status != 0, len(p.fake.Invitations()) == 1)
		})
	}
}

// Every command that deletes asks.
func TestWhatDeletesIsConfirmed(t *testing.T) {
	t.Parallel()
	for _, cmd := range leaves(new(app).root()) {
		deletes := strings.Contains(cmd.Annotations[opsAnnotation], "DELETE ")
		if !deletes {
			continue
		}
		name := strings.TrimPrefix(cmd.CommandPath(), "partnerctl ")
		p := newProgram(t)
		assert.Equal(t, 2, p.run(name+" MS1").status, name)
		assert.Empty(t, p.fake.Calls(), name)
	}
}

// Ctrl-C ends a prompt.
func TestPromptInterrupted(t *testing.T) {
	t.Parallel()
	ctx, interrupt := context.WithCancel(t.Context())
	interrupt()
	block := make(chan struct{})
	defer close(block)
	_, err := await(ctx, func() (string, error) {
		<-block
		return "", nil
	})
	assert.Equal(t, statusInterrupted, statusOf(err))
}
