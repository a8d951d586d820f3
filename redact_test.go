package partnerapi

import (
	"context"
	"encoding"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/partnerapi/partnerapi-go/internal/dialgate"
	"github.com/partnerapi/partnerapi-go/internal/errno"
	"github.com/partnerapi/partnerapi-go/internal/jsonwire"
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
				data := make([]byte, v.Len())
				for i := range data {
					data[i] = byte(v.Index(i).Uint()) //nolint:gosec // of a list of bytes
				}
				texts = append(texts, string(data))
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
	type user struct{ held any }
	for _, value := range []any{v, &v, user{v}, []any{user{v}}, map[string]user{"k": {v}}} {
		assertNoCanary(t, strings.Join(reachable(value), "\n"), fmt.Sprintf("%T", v))
	}
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
	o := outer{inner{text: "a"}, &one, map[string]error{"e": &ArgumentError{Op: "f"}}, nil, [1]inner{{text: "g"}}}
	o.self = &o
	got := strings.Join(reachable(&o), "")
	for _, text := range []string{"a", "b", "c", "d", "e", "f", "g"} {
		assert.Equal(t, 1, strings.Count(got, text), text)
	}
	assert.Empty(t, reachable(nil))
	assert.Empty(t, reachable(func() string { return "a" }))
}

func TestSealed(t *testing.T) {
	t.Parallel()
	assert.Empty(t, sealed.Box[string]{}.Get())
	require.NoError(t, sealed.Box[error]{}.Get())
	assert.True(t, reflect.ValueOf(sealed.Box[string]{}).IsZero())
	one := sealed.New(canary)
	held := struct{ field sealed.Box[string] }{one}
	assert.Equal(t, canary, held.field.Get())
	assert.True(t, one == held.field, "a copy is the same") //nolint:testifylint // tests ==
	assert.Equal(t, one, held.field)
	assertReachesNoCanary(t, held)
	for _, verb := range verbs {
		assertNoCanary(t, fmt.Sprintf(verb, held), verb)
	}
}

// Only causes that are known to be harmless are printed.
func TestDescribe(t *testing.T) {
	t.Parallel()
	const leaky = "https://a.example/p?key=SECRET"
	dial := &net.OpError{Op: "dial", Net: "tcp", Addr: &net.TCPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 443}, Err: errno.ConnectionRefused}
	tests := map[string]struct {
		cause error
		want  string
	}{
		"deadline":            {context.DeadlineExceeded, "context deadline exceeded"},
		"deadline with a URL": {fmt.Errorf("GET %s: %w", leaky, context.DeadlineExceeded), "context deadline exceeded"},
		"too large":           {ErrResponseTooLarge, "response too large"},
		"a kind":              {fmt.Errorf("%s: %w", leaky, ErrNoCredential), "no credential"},
		"an Error":            {fmt.Errorf("%s: %w", leaky, &Error{API: NetworkAPI, Op: "GET /app/session", StatusCode: 401, Attempts: 1, Messages: []string{"Bad key."}, kinds: []error{ErrUnauthorized}}), "network: GET /app/session: 401 Unauthorized: Bad key."},
		"a reason":            {reason("no redirect"), "no redirect"},
		"dial":                {fmt.Errorf("GET %s: %w", leaky, dial), "dial tcp 192.0.2.1:443: connection refused"},
		"a date":              {fmt.Errorf("json: %w", errNotADate), "not a date of the form YYYY-MM-DD"},
		"foreign":             {foreign{leaky}, "error of type partnerapi.foreign (see errors.Unwrap)"},
		"foreign, by pointer": {&foreign{leaky}, "error of type *partnerapi.foreign (see errors.Unwrap)"},
		"foreign text":        {foreignText(leaky), "error of type partnerapi.foreignText (see errors.Unwrap)"},
		"several":             {errors.Join(dial, foreign{leaky}, context.Canceled), "dial tcp 192.0.2.1:443: connection refused; error of type partnerapi.foreign (see errors.Unwrap); context canceled"},
		"an unread field":     {&jsonwire.FieldError{Field: "a", Err: &json.SyntaxError{}}, "field a: " + jsonwire.ErrNotJSON.Error()},
		"a time":              {&jsonwire.FieldError{Field: "a", Err: &time.ParseError{Value: leaky}}, "field a: " + jsonwire.ErrNotTime.Error()},
		"a proxy's refusal":   {fmt.Errorf("%s: %w", leaky, dialgate.ProxyRefusal(403)), "the proxy responded to CONNECT with 403 Forbidden"},
		"an argument":         {fmt.Errorf("%s: %w", leaky, &ArgumentError{Op: "GET /a", Name: "pk", Reason: "empty"}), "GET /a: pk: empty"},
		"blamed":              {blame("the limiter refused", foreign{leaky}), "the limiter refused; error of type partnerapi.foreign (see errors.Unwrap)"},
		"blamed and joined":   {errors.Join(io.EOF, blame("a", errors.Join(io.EOF, context.Canceled))), "EOF; a; EOF; context canceled"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			assert.Equal(t, test.want, describe(test.cause))
			for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
				assert.Equal(t, test.want, fmt.Sprintf(verb, hide(test.cause)), verb)
			}
			assert.Equal(t, strconv.Quote(test.want), fmt.Sprintf("%q", hide(test.cause)))
		})
	}
}

// Types with secrets print only their names, with every verb.
func TestTypesWithSecretsPrintTheirNames(t *testing.T) {
	t.Parallel()
	for want, value := range map[string]interface {
		fmt.Formatter
		slog.LogValuer
	}{
		"partnerapi.Client":                         newTestClient(t, ok),
		"partnerapi.TokenSource(redacted)":          TokenFile(canary).(hiddenSource), //nolint:forcetypeassert // its type is known
		"partnerapi.Session(redacted)":              Session{},
		"partnerapi.Tokens(redacted)":               Tokens{AccessToken: canaryAccess},
		"partnerapi.LoginRequest(redacted)":         LoginRequest{Password: canaryPassword},
		"partnerapi.CreateAccountRequest(redacted)": CreateAccountRequest{Password: canaryPassword},
		"partnerapi.UpdateAccountRequest(redacted)": UpdateAccountRequest{Password: canaryPassword},
		"partnerapi.AppSession(redacted)":           AppSession{User: AppUser{Name: canary}},
		"partnerapi.AppLoginRequest(redacted)":      AppLoginRequest{Password: canaryPassword},
		"partnerapi.SignInCredentials(redacted)":    SignInCredentials{Password: canaryPassword},
	} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%d", "%x"} {
			assert.Equal(t, want, fmt.Sprintf(verb, value), verb)
		}
		assert.Equal(t, `"`+want+`"`, fmt.Sprintf("%q", value))
		assert.Equal(t, slog.StringValue(want), value.LogValue())
		if text, ok := value.(encoding.TextMarshaler); ok {
			marshalled, err := text.MarshalText()
			require.NoError(t, err)
			assert.Equal(t, want, string(marshalled))
		}
	}
}

// Reflection finds no secret in the values of the SDK, in any wrapping and after any use.
func TestReflectionReachesNoSecret(t *testing.T) {
	t.Parallel()
	opts, _ := watched(t)
	served := newTestClient(t, ok, opts...)
	session := canarySession(t, "https://services.sparkart.net")
	for _, call := range canaryCalls(session) {
		_ = call(t.Context(), served)
	}
	session.absorb(reply(200, "", "Set-Cookie", "sid="+canaryCookie), "https://services.sparkart.net") // replaced by a call
	ofTokens, err := NewTokenSession(Tokens{AccessToken: canaryAccess, RefreshToken: canaryRefresh})
	require.NoError(t, err)
	_, _ = served.Accounts.Get(t.Context(), ofTokens)
	imported, err := ImportSession(export(t, session))
	require.NoError(t, err)
	withSources := newTestClient(t, newTranscript(respondWith(200, `[]`)), WithCredentialSource(NetworkToken, canarySignIn(t)),
		WithCredentialSource(PartnerToken, canaryTokenFile(t)))
	_, _ = withSources.Networks.Domains(t.Context())
	var response Response
	_, _ = served.Accounts.Search(t.Context(), canaryEmail, WithResponseInto(&response))
	_, refused := NewClient(WithPartnerToken(canary + "\n"))
	for name, value := range map[string]any{
		"Client":                      served,
		"Client, copied":              *served,
		"Client with sources":         withSources,
		"services":                    []any{served.Signup, *served.Subscriptions, served.Accounts, served.Networks, served.Invitations, served.AppSessions},
		"cookie session":              session,
		"cookie session, copied":      *session,
		"cookie session, imported":    imported,
		"token session":               ofTokens,
		"Call":                        Call{API: AccountAPI, Op: "GET /a", Session: session},
		"AppSession":                  canaryAppSession(t),
		"AppSession, copied":          *canaryAppSession(t),
		"SignIn":                      canarySignIn(t),
		"TokenFile":                   canaryTokenFile(t),
		"options":                     append(opts, WithCredentialSource(PartnerToken, canaryTokenFile(t))),
		"CallOption":                  WithHeader("X-A", canary),
		"Response":                    &response,
		"refused option":              refused,
		"cause":                       hide(errors.Join(io.EOF, foreign{canary})),
		"cause, wrapped":              fmt.Errorf("sync: %w", &Error{cause: hide(foreignText(canary))}),
		"cause that is a failed call": hide(&Error{Messages: []string{canary}, Body: []byte(canary)}),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			assertReachesNoCanary(t, value)
		})
	}
	assert.True(t, slices.ContainsFunc(reachable(struct{ s any }{&tokenSession{Tokens: Tokens{AccessToken: canaryAccess}}}),
		func(text string) bool { return text == canaryAccess }), "what is not sealed is found")
}

// recorder is a test that records its failures.
type recorder struct{ strings.Builder }

func (r *recorder) Errorf(format string, args ...any) { fmt.Fprintf(r, format, args...) }

// The diff of a failed test does not use the methods of the types.
func TestDiffContainsNoSecret(t *testing.T) {
	t.Parallel()
	session := canarySession(t, "https://services.sparkart.net")
	ofTokens, err := NewTokenSession(Tokens{AccessToken: canaryAccess, RefreshToken: canaryRefresh})
	require.NoError(t, err)
	opts, _ := watched(t)
	client := newTestClient(t, ok, opts...)
	cause := &Error{cause: hide(foreign{canary})}
	type user struct{ held any }
	for _, pair := range [][2]any{
		{NewSession(), session},
		{*session, *ofTokens},
		{canaryAppSession(t), &AppSession{}},
		{client, newTestClient(t, ok)},
		{user{cause}, user{session}},
		{canarySignIn(t), canaryTokenFile(t)},
	} {
		var failures recorder
		assert.Equal(&failures, pair[0], pair[1])
		assert.Contains(t, failures.String(), "Not equal")
		assertNoCanary(t, failures.String(), fmt.Sprintf("%T", pair[0]))
	}
}

// The context of a sign-in holds its credential, and a hook or a handler of slog can print it.
func TestContextOfASignInContainsNoSecret(t *testing.T) {
	t.Parallel()
	var seen []context.Context
	source := SignIn(SignInCredentials{AppKey: canaryNetworkToken, Username: canaryEmail, Password: canaryPassword},
		WithHTTPClient(&http.Client{Transport: newTranscript(respondWith(200, `{"jwt":"`+canaryNetworkToken+`","auth":true}`))}),
		WithAttemptHook(func(ctx context.Context, _ Attempt) {
			// Only the value: the rest of a context changes while it is used.
			seen = append(seen, context.WithValue(t.Context(), tokenKey{}, ctx.Value(tokenKey{})))
		}))
	token, err := source.Token(t.Context())
	require.NoError(t, err)
	require.Equal(t, canaryNetworkToken, token)
	require.Len(t, seen, 2)
	for _, ctx := range seen {
		carried, err := tokenIn(ctx)
		require.NoError(t, err)
		assert.Equal(t, canaryNetworkToken, carried)
		assertReachesNoCanary(t, ctx)
		for _, verb := range verbs {
			assertNoCanary(t, fmt.Sprintf(verb, ctx), verb)
		}
	}
}
