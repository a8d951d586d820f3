package acceptance

import (
	"context"
	"encoding"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/partnerapi/partnerapi-go"
	"github.com/partnerapi/partnerapi-go/internal/sealed"
)

// reachable returns all texts that reflection finds in v, as a printer that ignores methods does: through pointers,
// interfaces, maps, lists and fields, unexported ones too.
func reachable(v any) []string {
	var texts []string
	seen := make(map[any]bool)
	var walk func(reflect.Value)
	walk = func(v reflect.Value) {
		switch v.Kind() {
		case reflect.String:
			texts = append(texts, v.String())
		case reflect.Pointer:
			at := [2]any{v.Pointer(), v.Type()}
			if !v.IsNil() && !seen[at] {
				seen[at] = true
				walk(v.Elem())
			}
		case reflect.Interface:
			walk(v.Elem())
		case reflect.Struct:
			for i := range v.NumField() {
				walk(v.Field(i))
			}
		case reflect.Map:
			for each := v.MapRange(); each.Next(); {
				walk(each.Key())
				walk(each.Value())
			}
		case reflect.Slice, reflect.Array:
			if v.Type().Elem().Kind() == reflect.Uint8 {
				texts = append(texts, fmt.Sprintf("%s", v))
				return
			}
			for i := range v.Len() {
				walk(v.Index(i))
			}
		}
	}
	walk(reflect.ValueOf(v))
	return texts
}

func assertReachesNoCanary(t *testing.T, v any) {
	t.Helper()
	assertNoCanary(t, strings.Join(reachable(v), "\n"), fmt.Sprintf("%T", v))
}

func TestReachable(t *testing.T) {
	t.Parallel()
	type inner struct {
		text  string
		bytes []byte
		any   any
	}
	type outer struct {
		inner

		pointer **inner
		byName  map[string]error
		self    *outer
		list    [1]inner
	}
	one := &inner{"b", []byte("c"), errors.New("d")}
	o := outer{inner{text: "a"}, &one, map[string]error{"e": &partnerapi.ArgumentError{Op: "f"}}, nil, [1]inner{{text: "g"}}}
	o.self = &o
	got := strings.Join(reachable(&o), "")
	for _, text := range []string{"a", "b", "c", "d", "e", "f", "g"} {
		assert.Equal(t, 1, strings.Count(got, text), text)
	}
	assert.Empty(t, reachable(nil))
	assert.Empty(t, reachable(func() string { return "a" }))
}

// Types with secrets print only their names, with every verb.
func TestTypesWithSecretsPrintTheirNames(t *testing.T) {
	t.Parallel()
	client := newTestClient(t, ok)
	for _, test := range []struct {
		value any
		want  string
	}{
		{client, "partnerapi.Client"},
		{*client, "partnerapi.Client"},
		{partnerapi.TokenFile(canary), "partnerapi.TokenSource(redacted)"},
		{partnerapi.Session{}, "partnerapi.Session(redacted)"},
		{partnerapi.Tokens{AccessToken: canaryAccess}, "partnerapi.Tokens(redacted)"},
		{partnerapi.LoginRequest{Password: canaryPassword}, "partnerapi.LoginRequest(redacted)"},
		{partnerapi.CreateAccountRequest{Password: canaryPassword}, "partnerapi.CreateAccountRequest(redacted)"},
		{partnerapi.UpdateAccountRequest{Password: canaryPassword}, "partnerapi.UpdateAccountRequest(redacted)"},
		{partnerapi.AppSession{User: partnerapi.AppUser{Name: canary}}, "partnerapi.AppSession(redacted)"},
		{partnerapi.AppLoginRequest{Password: canaryPassword}, "partnerapi.AppLoginRequest(redacted)"},
		{partnerapi.SignInCredentials{Password: canaryPassword}, "partnerapi.SignInCredentials(redacted)"},
	} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%d", "%x"} {
			assert.Equal(t, test.want, fmt.Sprintf(verb, test.value), verb)
		}
		assert.Equal(t, `"`+test.want+`"`, fmt.Sprintf("%q", test.value))
		assert.Equal(t, slog.StringValue(test.want), slog.AnyValue(test.value).Resolve())
		if text, ok := test.value.(encoding.TextMarshaler); ok {
			marshalled, err := text.MarshalText()
			require.NoError(t, err)
			assert.Equal(t, test.want, string(marshalled))
		}
	}
}

// failedWith returns the error of a call whose transport fails.
func failedWith(t *testing.T, cause error) error {
	t.Helper()
	client := newTestClient(t, roundTripFunc(func(*http.Request) (*http.Response, error) { return nil, cause }))
	_, err := client.Networks.Domains(t.Context(), partnerapi.WithoutRetry())
	require.ErrorIs(t, err, cause)
	return err
}

// Reflection finds no secret in the values of the SDK, after any use.
func TestReflectionReachesNoSecret(t *testing.T) {
	t.Parallel()
	opts, _ := watched(t)
	served := newTestClient(t, ok, opts...)
	session := canarySession(t, accountOrigin)
	for _, call := range canaryCalls(session) {
		_ = call(t.Context(), served)
	}
	setCookies(t, session, "sid="+canaryCookie) // replaced by a call
	ofTokens := tokenSession(t, partnerapi.Tokens{AccessToken: canaryAccess, RefreshToken: canaryRefresh})
	_, _ = served.Accounts.Get(t.Context(), ofTokens)
	imported, err := partnerapi.ImportSession(export(t, session))
	require.NoError(t, err)
	withSources := newTestClient(t, always(200, `[]`), partnerapi.WithCredentialSource(partnerapi.NetworkToken, canarySignIn(t)),
		partnerapi.WithCredentialSource(partnerapi.PartnerToken, canaryTokenFile(t)))
	_, _ = withSources.Networks.Domains(t.Context())
	var response partnerapi.Response
	_, _ = served.Accounts.Search(t.Context(), canaryEmail, partnerapi.WithResponseInto(&response))
	_, refused := partnerapi.NewClient(partnerapi.WithPartnerToken(canary + "\n"))
	for name, value := range map[string]any{
		"Client":                      served,
		"Client, copied":              *served,
		"Client with sources":         withSources,
		"services":                    []any{served.Signup, *served.Subscriptions, served.Accounts, served.Networks, served.Invitations, served.AppSessions},
		"cookie session":              session,
		"cookie session, copied":      *session,
		"cookie session, imported":    imported,
		"token session":               ofTokens,
		"Call":                        partnerapi.Call{API: partnerapi.AccountAPI, Op: "GET /a", Session: session},
		"AppSession":                  canaryAppSession(t),
		"AppSession, copied":          *canaryAppSession(t),
		"SignIn":                      canarySignIn(t),
		"TokenFile":                   canaryTokenFile(t),
		"options":                     append(opts, partnerapi.WithCredentialSource(partnerapi.PartnerToken, canaryTokenFile(t))),
		"CallOption":                  partnerapi.WithHeader("X-A", canary),
		"WithCredential":              partnerapi.WithCredential(partnerapi.NetworkToken, canaryGiven),
		"Response":                    &response,
		"refused option":              refused,
		"cause":                       failedWith(t, errors.Join(io.EOF, foreign{canary})),
		"cause, wrapped":              fmt.Errorf("sync: %w", failedWith(t, foreignText(canary))),
		"cause that is a failed call": failedWith(t, &partnerapi.Error{Messages: []string{canary}, Body: []byte(canary)}),
		"sealed":                      struct{ box sealed.Box[string] }{sealed.New(canary)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			assertReachesNoCanary(t, value)
		})
	}
}

// recorder is a test that records its failures.
type recorder struct{ strings.Builder }

func (r *recorder) Errorf(format string, args ...any) { fmt.Fprintf(r, format, args...) }

// The diff of a failed test does not use the methods of the types.
func TestDiffContainsNoSecret(t *testing.T) {
	t.Parallel()
	session := canarySession(t, accountOrigin)
	ofTokens := tokenSession(t, partnerapi.Tokens{AccessToken: canaryAccess, RefreshToken: canaryRefresh})
	opts, _ := watched(t)
	client := newTestClient(t, ok, opts...)
	type user struct{ held any }
	for _, pair := range [][2]any{
		{partnerapi.NewSession(), session},
		{*session, *ofTokens},
		{canaryAppSession(t), &partnerapi.AppSession{}},
		{client, newTestClient(t, ok)},
		{user{failedWith(t, foreign{canary})}, user{session}},
		{canarySignIn(t), canaryTokenFile(t)},
	} {
		var failures recorder
		assert.Equal(&failures, pair[0], pair[1])
		assert.Contains(t, failures.String(), "Not equal")
		assertNoCanary(t, failures.String(), fmt.Sprintf("%T", pair[0]))
	}
}

// The contexts that hooks, limiters, transports and stores get do not reach the credential of a call.
func TestContextsReachNoCredential(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	seen := make(map[string]context.Context)
	see := func(where string, ctx context.Context) {
		_, op := partnerapi.Operation(ctx)
		mu.Lock()
		defer mu.Unlock()
		seen[strings.TrimSpace(where+" "+op)] = ctx
	}
	transport := roundTripFunc(func(req *http.Request) (*http.Response, error) {
		see("transport", req.Context())
		if strings.HasSuffix(req.URL.Path, "/refresh") {
			return reply(200, `{"status":"ok","access":{"access_token":"A1","refresh_token":"R1"}}`), nil
		}
		return reply(200, oneCustomer), nil
	})
	client := newTestClient(t, transport,
		partnerapi.WithAttemptHook(func(ctx context.Context, _ partnerapi.Attempt) { see("hook", ctx) }),
		partnerapi.WithRateLimiter(partnerapi.AccountAPI, limiterFunc(func(ctx context.Context) error {
			see("limiter", ctx)
			return nil
		})))
	session := tokenSession(t, oldTokens())
	session.OnRefresh(func(ctx context.Context, _ partnerapi.Tokens) error {
		see("store", ctx)
		return nil
	})
	_, err := client.Accounts.Get(context.Background(), session, partnerapi.WithCredential(partnerapi.AccountKey, canaryGiven)) //nolint:usetesting // a test's context reaches the test, which runs
	require.NoError(t, err)
	assert.ElementsMatch(t, []string{"transport POST /refresh", "transport GET /account", "hook", "limiter", "store"}, slices.Collect(maps.Keys(seen)))
	for where, ctx := range seen {
		assertNoCanary(t, strings.Join(reachable(ctx), "\n"), where)
	}
}
