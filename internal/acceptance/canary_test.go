package acceptance

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/partnerapi/partnerapi-go"
)

// canary is the beginning of every secret of these tests. No escaping changes it.
const canary = "CANARY"

const (
	canaryPartnerToken    = canary + "partnertoken"
	canaryAccountKey      = canary + "accountkey"
	canaryOrganizationKey = canary + "organizationkey"
	canaryNetworkToken    = canary + "networktoken"
	canaryPK              = canary + "pk"
	canaryEmail           = canary + "email@b.example"
	canaryPassword        = canary + "password"
	canaryCookie          = canary + "cookie"
	canaryInvitation      = canary + "invitation"
	canaryAccess          = canary + "access"
	canaryRefresh         = canary + "refresh"
	canaryGiven           = canary + "given"
)

// assertNoCanary asserts that no canary is in text, nor one as hexadecimal or as the numbers of its bytes.
func assertNoCanary(t *testing.T, text, what string) {
	t.Helper()
	text = strings.ToUpper(text)
	for _, form := range []string{canary, "43414E415259", "67 65 78 65 82 89", "0X43, 0X41, 0X4E"} {
		if strings.Contains(text, form) {
			t.Errorf("%s shows a secret: %.500s", what, text)
		}
	}
}

// verbs are those whose output a type can define. For others, such as %p of a struct, fmt prints all fields.
var verbs = []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d"}

// formsOf returns value in every form that fmt, slog and JSON print it in, also inside values of a user's own.
func formsOf(value any, withJSON bool) map[string]string {
	forms := make(map[string]string)
	type user struct {
		Name  string
		Value any
	}
	within := map[string]any{
		"itself": value, "struct": user{"u", value}, "pointer": &user{"u", value}, "slice": []any{value}, "map": map[string]any{"k": value},
	}
	for place, v := range within {
		for _, verb := range verbs {
			forms[place+" "+verb] = fmt.Sprintf(verb, v)
		}
		var text, lines bytes.Buffer
		slog.New(slog.NewTextHandler(&text, nil)).Info("m", "v", v)
		forms[place+" slog text"] = text.String()
		if withJSON {
			slog.New(slog.NewJSONHandler(&lines, nil)).Info("m", "v", v, slog.Group("g", "v", v))
			forms[place+" slog JSON"] = lines.String()
			data, _ := json.Marshal(v)
			forms[place+" JSON"] = string(data)
		}
	}
	return forms
}

func assertShowsNoCanary(t *testing.T, value any) {
	t.Helper()
	for form, text := range formsOf(value, true) {
		assertNoCanary(t, text, form)
	}
}

func canarySession(t *testing.T, origin string) *partnerapi.Session {
	t.Helper()
	session, err := partnerapi.ImportSession([]byte(`{"version":1,"origin":"` + origin + `","cookies":[{"name":"sid","value":"` + canaryCookie + `"}]}`))
	require.NoError(t, err)
	return session
}

// canaryInputs has a secret in every input.
func canaryInputs(session *partnerapi.Session) inputs {
	return inputs{
		signup:        partnerapi.SignupRequest{PK: canaryPK, Email: canaryEmail, ChildName: canaryPK},
		subscription:  partnerapi.CreateSubscriptionRequest{PK: canaryPK, Email: canaryEmail, Plan: partnerapi.PlanBark},
		pk:            canaryPK,
		plan:          partnerapi.UpdateSubscriptionRequest{Plan: partnerapi.PlanBark},
		account:       partnerapi.CreateAccountRequest{Email: canaryEmail, Password: canaryPassword, PasswordConfirmation: canaryPassword},
		login:         partnerapi.LoginRequest{Email: canaryEmail, Password: canaryPassword},
		session:       session,
		expired:       partnerapi.Tokens{AccessToken: canaryAccess, AccessTokenExpires: partnerapi.UnixTimeOf(time.Unix(1, 0)), RefreshToken: canaryRefresh},
		accountUpdate: partnerapi.UpdateAccountRequest{Email: canaryEmail, Password: canaryPassword},
		email:         canaryEmail,
		network:       canaryPK,
		invitation:    partnerapi.CreateInvitationRequest{Email: canaryEmail},
		invitationID:  canaryPK, invitationToken: canaryInvitation,
		invitationUpdate: partnerapi.UpdateInvitationRequest{Email: canaryEmail},
		list:             partnerapi.ListOptions{Search: canaryEmail},
		appLogin:         partnerapi.AppLoginRequest{Username: canaryEmail, Password: canaryPassword},
		appAccount:       canaryPK,
	}
}

// canaryCalls are all calls, with a secret in every input.
func canaryCalls(session *partnerapi.Session) map[string]func(context.Context, *partnerapi.Client) error {
	made := map[string]func(context.Context, *partnerapi.Client) error{
		"Accounts.Benefits, with tokens": func(ctx context.Context, c *partnerapi.Client) error {
			session, err := partnerapi.NewTokenSession(partnerapi.Tokens{AccessToken: canaryAccess, RefreshToken: canaryRefresh})
			if err != nil {
				return err
			}
			_, err = c.Accounts.Benefits(ctx, session)
			return err
		},
		"Signup.Handler, with OnError": func(ctx context.Context, c *partnerapi.Client) (failed error) {
			_ = canaryPage(ctx, c, nil, partnerapi.OnError(func(w http.ResponseWriter, _ *http.Request, err error) {
				failed = err
				http.Error(w, http.StatusText(partnerapi.HTTPStatus(err)), partnerapi.HTTPStatus(err))
			}))
			return failed
		},
		"Accounts.Search, with its own credentials": func(ctx context.Context, c *partnerapi.Client) error {
			_, err := c.Accounts.Search(ctx, canaryEmail,
				partnerapi.WithCredential(partnerapi.AccountKey, canaryGiven), partnerapi.WithCredential(partnerapi.OrganizationKey, canaryGiven))
			return err
		},
		"Subscriptions.Ensure, with its own credential": func(ctx context.Context, c *partnerapi.Client) error {
			in := partnerapi.CreateSubscriptionRequest{PK: canaryPK, Email: canaryEmail, Plan: partnerapi.PlanBark}
			_, err := c.Subscriptions.Ensure(ctx, in, partnerapi.WithCredential(partnerapi.PartnerToken, canaryGiven))
			return err
		},
		"Networks.Get, with its own credential": func(ctx context.Context, c *partnerapi.Client) error {
			_, err := c.Networks.Get(ctx, canaryPK, partnerapi.WithCredential(partnerapi.NetworkToken, canaryGiven))
			return err
		},
		"Accounts.Get, with a refresh by its own credential": func(ctx context.Context, c *partnerapi.Client) error {
			session, err := partnerapi.NewTokenSession(partnerapi.Tokens{RefreshToken: canaryRefresh})
			if err != nil {
				return err
			}
			_, err = c.Accounts.Get(ctx, session, partnerapi.WithCredential(partnerapi.AccountKey, canaryGiven))
			return err
		},
	}
	in := canaryInputs(session)
	for _, each := range calls() {
		made[each.name] = func(ctx context.Context, c *partnerapi.Client) error {
			_, err := each.do(ctx, c, in)
			return err
		}
	}
	return made
}

// canaryPage returns what a visitor sees of a signup handler, whose function fails with err unless that is nil.
func canaryPage(ctx context.Context, c *partnerapi.Client, err error, opts ...partnerapi.HandlerOption) string {
	w := httptest.NewRecorder()
	c.Signup.Handler(func(*http.Request) (partnerapi.SignupRequest, error) {
		return canaryInputs(nil).signup, err
	}, opts...).ServeHTTP(w, httptest.NewRequestWithContext(ctx, http.MethodGet, "/", nil))
	dump, failed := httputil.DumpResponse(w.Result(), true)
	if failed != nil {
		return failed.Error()
	}
	return string(dump)
}

func canaryCredentials() []partnerapi.Option {
	return []partnerapi.Option{
		partnerapi.WithPartnerToken(canaryPartnerToken), partnerapi.WithAccountKey(canaryAccountKey),
		partnerapi.WithOrganizationKey(canaryOrganizationKey), partnerapi.WithNetworkToken(canaryNetworkToken),
	}
}

// watched returns options for a client whose credentials are canaries, and all output of its logger and hook.
func watched(t *testing.T) ([]partnerapi.Option, func() string) {
	t.Helper()
	var mu sync.Mutex
	var output strings.Builder
	write := writerFunc(func(p []byte) (int, error) {
		mu.Lock()
		defer mu.Unlock()
		return output.Write(p)
	})
	handler := slog.NewTextHandler(write, &slog.HandlerOptions{Level: slog.LevelDebug, AddSource: true})
	opts := append(canaryCredentials(),
		partnerapi.WithLogger(slog.New(handler)),
		partnerapi.WithAttemptHook(func(_ context.Context, a partnerapi.Attempt) {
			data, err := json.Marshal([]any{a})
			require.NoError(t, err)
			_, _ = write.Write(data)
			slog.New(slog.NewJSONHandler(write, nil)).Info("m", "attempt", a, "err", a.Err, slog.Group("g", "attempts", []partnerapi.Attempt{a}))
			slog.New(slog.NewTextHandler(write, nil)).Info("m", "attempt", a, "err", a.Err)
			type user struct{ attempt partnerapi.Attempt } // fmt ignores the Format and String of an unexported field
			for _, verb := range verbs {
				_, _ = fmt.Fprintf(write, verb+verb+verb+"\n", a, &a, user{a})
			}
			assertReachesNoCanary(t, a)
		}))
	return opts, func() string {
		mu.Lock()
		defer mu.Unlock()
		return output.String()
	}
}

// foreign and foreignText are errors of another package.
type foreign struct{ URL string }

func (f foreign) Error() string { return "no responder found for GET " + f.URL }

type foreignText string

func (f foreignText) Error() string { return string(f) }

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }

// everything returns the whole request, as an echo or a foreign error text can contain it.
func everything(req *http.Request) string {
	dump, err := httputil.DumpRequestOut(req, true)
	if err != nil {
		return err.Error()
	}
	return req.URL.String() + "\n" + string(dump)
}

func canaryAppSession(t *testing.T) *partnerapi.AppSession {
	t.Helper()
	session := new(partnerapi.AppSession)
	require.NoError(t, json.Unmarshal([]byte(`{"jwt":"`+canaryNetworkToken+`","auth":true}`), session))
	return session
}

// canarySignIn is a source that has signed in.
func canarySignIn(t *testing.T) partnerapi.TokenSource {
	t.Helper()
	source := partnerapi.SignIn(partnerapi.SignInCredentials{AppKey: canaryNetworkToken, Username: canaryEmail, Password: canaryPassword},
		partnerapi.WithHTTPClient(&http.Client{Transport: always(200, `{"jwt":"`+canaryNetworkToken+`","auth":true}`)}))
	token, err := source.Token(t.Context())
	require.NoError(t, err)
	require.Equal(t, canaryNetworkToken, token)
	return source
}

// canaryTokenFile is a source that has read its file.
func canaryTokenFile(t *testing.T) partnerapi.TokenSource {
	t.Helper()
	path := filepath.Join(t.TempDir(), canary)
	require.NoError(t, os.WriteFile(path, []byte(canaryPartnerToken), 0o600))
	source := partnerapi.TokenFile(path)
	token, err := source.Token(t.Context())
	require.NoError(t, err)
	require.Equal(t, canaryPartnerToken, token)
	return source
}
