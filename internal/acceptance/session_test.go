package acceptance

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/gob"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/partnerapi/partnerapi-go"
)

const oneCustomer = `{"status":"ok","customer":{"id":1}}`

// cookieServer returns a customer and the given Set-Cookie lines, and records the cookies of each request.
type cookieServer struct {
	mu   sync.Mutex
	set  []string
	sent []string
}

func (s *cookieServer) RoundTrip(req *http.Request) (*http.Response, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sent = append(s.sent, req.Header.Get("Cookie"))
	resp := reply(200, oneCustomer)
	resp.Header["Set-Cookie"] = s.set
	s.set = nil
	return resp, nil
}

// sentBy makes a call with the session and returns the cookies of its request.
func (s *cookieServer) sentBy(t *testing.T, client *partnerapi.Client, session *partnerapi.Session) string {
	t.Helper()
	_, err := client.Accounts.Get(t.Context(), session)
	require.NoError(t, err)
	return s.sent[len(s.sent)-1]
}

func loggedIn(t *testing.T, client *partnerapi.Client) *partnerapi.Session {
	t.Helper()
	customer, session, err := client.Accounts.Login(t.Context(), partnerapi.LoginRequest{Email: "e", Password: "p"})
	require.NoError(t, err)
	require.NotNil(t, session)
	assert.Equal(t, &partnerapi.Customer{ID: 1}, customer)
	return session
}

func TestSessionCookies(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		set  []string
		want string
	}{
		"two, the older first": {[]string{"sid=1", "club=2"}, "sid=1; club=2"},
		"for all of com":       {[]string{"sid=1; Domain=com"}, "sid=1"},
		"for another site":     {[]string{"sid=1; Domain=other.example"}, "sid=1"},
		"for another path":     {[]string{"sid=1; Path=/login"}, "sid=1"},
		"invalid ones as well": {[]string{"sid=1", "no cookie", "=x", "ctl=\x01"}, "sid=1"},
		"expired as well":      {[]string{"sid=1", "old=1; Max-Age=0", "older=1; Expires=Thu, 01 Jan 1970 00:00:00 GMT"}, "sid=1"},
		"the longest":          {[]string{"sid=1; Max-Age=9223372036854775807"}, "sid=1"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := &cookieServer{set: test.set}
			client := newTestClient(t, server)
			session := loggedIn(t, client)
			assert.Equal(t, []string{""}, server.sent, "a login sends no cookie")
			assert.Equal(t, test.want, server.sentBy(t, client, session))
			again, err := partnerapi.ImportSession(export(t, session))
			require.NoError(t, err)
			assert.Equal(t, test.want, server.sentBy(t, client, again))
		})
	}
}

func TestSessionFollowsTheServer(t *testing.T) {
	t.Parallel()
	server := &cookieServer{set: []string{"sid=1", "club=2"}}
	client := newTestClient(t, server)
	session := loggedIn(t, client)
	server.set = []string{"sid=2"}
	assert.Equal(t, "sid=1; club=2", server.sentBy(t, client, session))
	server.set = []string{"club=; Max-Age=0"}
	assert.Equal(t, "sid=2; club=2", server.sentBy(t, client, session))
	server.set = []string{"sid=; Expires=Thu, 01 Jan 1970 00:00:00 GMT"}
	assert.Equal(t, "sid=2", server.sentBy(t, client, session))
	assert.Empty(t, server.sentBy(t, client, session))
	server.set = []string{"sid=3"}
	assert.Empty(t, server.sentBy(t, client, session))
	assert.Equal(t, "sid=3", server.sentBy(t, client, session))
}

func TestSessionCookiesExpire(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		in := func(d time.Duration) string { return time.Now().Add(d).UTC().Format(http.TimeFormat) }
		server := &cookieServer{set: []string{
			"age=1; Max-Age=60", "date=1; Expires=" + in(2*time.Minute), "both=1; Max-Age=180; Expires=" + in(time.Second), "session=1",
		}}
		client := newTestClient(t, server)
		session := loggedIn(t, client)
		assert.Equal(t, "age=1; date=1; both=1; session=1", server.sentBy(t, client, session))
		time.Sleep(59 * time.Second)
		exported := export(t, session)
		assert.Equal(t, "age=1; date=1; both=1; session=1", server.sentBy(t, client, session))
		time.Sleep(time.Second)
		assert.Equal(t, "date=1; both=1; session=1", server.sentBy(t, client, session))
		time.Sleep(time.Minute)
		assert.Equal(t, "both=1; session=1", server.sentBy(t, client, session))
		imported, err := partnerapi.ImportSession(exported)
		require.NoError(t, err)
		assert.Equal(t, "both=1; session=1", server.sentBy(t, client, imported), "an export does not stop the clock")
		time.Sleep(time.Minute)
		assert.Equal(t, "session=1", server.sentBy(t, client, session))
	})
}

func TestSessionsAreNeverMixed(t *testing.T) {
	t.Parallel()
	// The server knows a customer by the cookie, and changes it with every call.
	client := newTestClient(t, roundTripFunc(func(req *http.Request) (*http.Response, error) {
		if req.Method == http.MethodPost {
			var in struct {
				Email string `json:"email"`
			}
			if err := json.NewDecoder(req.Body).Decode(&in); err != nil {
				return nil, err
			}
			return reply(200, oneCustomer, "Set-Cookie", "sid="+in.Email+"-0; Domain=com"), nil
		}
		cookies := req.Cookies()
		if len(cookies) != 1 {
			return reply(200, `{"status":"error","messages":["Please log in"]}`), nil
		}
		who, turn, _ := strings.Cut(cookies[0].Value, "-")
		n, err := strconv.Atoi(turn)
		if err != nil {
			return nil, err
		}
		return reply(200, `{"customer":{"id":1,"email":"`+who+`"}}`, "Set-Cookie", fmt.Sprintf("sid=%s-%d", who, n+1)), nil
	}))
	var all sync.WaitGroup
	for i := range 50 {
		all.Go(func() {
			if err := isServedAlone(t.Context(), client, "customer"+strconv.Itoa(i)); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
}

// isServedAlone logs a customer in, and returns an error if a call returns another one.
func isServedAlone(ctx context.Context, client *partnerapi.Client, who string) error {
	_, session, err := client.Accounts.Login(ctx, partnerapi.LoginRequest{Email: who})
	if err != nil {
		return err
	}
	for range 20 {
		customer, err := client.Accounts.Get(ctx, session)
		if err != nil {
			return err
		}
		if customer.Email != who {
			return fmt.Errorf("%s was served %s", who, customer.Email)
		}
	}
	data, err := session.Export()
	if !bytes.Contains(data, []byte(base64.StdEncoding.EncodeToString([]byte(who+"-20")))) {
		return fmt.Errorf("the session of %s is %s: %w", who, data, err)
	}
	return nil
}

func TestSessionIsSafeForConcurrentUse(t *testing.T) {
	t.Parallel()
	var calls sync.WaitGroup
	client := newTestClient(t, roundTripFunc(func(*http.Request) (*http.Response, error) {
		return reply(200, oneCustomer, "Set-Cookie", "sid=1", "Set-Cookie", "old=1; Max-Age=0"), nil
	}))
	session := loggedIn(t, client)
	for range 20 {
		calls.Go(func() {
			_, got := client.Accounts.Get(t.Context(), session)
			data, exported := session.Export()
			_, imported := partnerapi.ImportSession(data)
			if err := errors.Join(got, exported, imported); err != nil {
				t.Error(err)
			}
			_ = fmt.Sprintf("%+v", session)
		})
	}
	calls.Wait()
}

// testdata/TRAPS.md: "A cookie jar without a public-suffix list accepts `Domain=com`, and ignores ports." A session has its
// own cookies for the scheme, host and port that set them, and ignores Domain.
func TestTrapSessionIsForOneOrigin(t *testing.T) {
	t.Parallel()
	server := &cookieServer{set: []string{"sid=1; Domain=net"}}
	client := newTestClient(t, server)
	session := loggedIn(t, client)
	for _, base := range []string{
		"https://services.sparkart.example/api/v1", "http://services.sparkart.net/api/v1", "https://services.sparkart.net:8443/api/v1",
		"https://other.net/api/v1",
	} {
		other := newTestClient(t, server, partnerapi.WithBaseURL(partnerapi.AccountAPI, base), partnerapi.WithInsecureHTTP())
		_, err := other.Accounts.Get(t.Context(), session)
		assertRefused(t, err, "session", "belongs to another server")
		imported, err := partnerapi.ImportSession(export(t, session))
		require.NoError(t, err)
		_, err = other.Accounts.Get(t.Context(), imported)
		assertRefused(t, err, "session", "belongs to another server")
	}
	assert.Len(t, server.sent, 1)
	same := newTestClient(t, server, partnerapi.WithBaseURL(partnerapi.AccountAPI, "https://services.sparkart.net/api/v2"))
	assert.Equal(t, "sid=1", server.sentBy(t, same, session))
}

func TestSessionIsForTheAccountAPI(t *testing.T) {
	t.Parallel()
	log := newTranscript(teapot)
	for _, call := range []partnerapi.Call{
		{API: partnerapi.PartnerAPI, Op: "GET /partners/children", Session: partnerapi.NewSession()},
		{API: partnerapi.NetworkAPI, Op: "GET /app/session", Session: partnerapi.NewSession()},
	} {
		_, err := partnerapi.Do[struct{}](t.Context(), newTestClient(t, log), call)
		assertRefused(t, err, "session", "this API takes no session")
	}
	assert.Empty(t, log.requests)
}

// Two servers that are first called with the same session concurrently do not get each other's cookies.
func TestSessionOfTwoServersConcurrently(t *testing.T) {
	t.Parallel()
	session := partnerapi.NewSession()
	theirs := &cookieServer{set: []string{"theirs=1"}}
	other := newTestClient(t, theirs, partnerapi.WithBaseURL(partnerapi.AccountAPI, "https://other.example"))
	ours := newTestClient(t, roundTripFunc(func(*http.Request) (*http.Response, error) {
		assert.Empty(t, theirs.sentBy(t, other, session), "the other responds first")
		return reply(200, oneCustomer, "Set-Cookie", "ours=1"), nil
	}))
	_, err := ours.Accounts.Get(t.Context(), session)
	require.NoError(t, err)
	assert.Equal(t, "theirs=1", theirs.sentBy(t, other, session))
	_, err = ours.Accounts.Get(t.Context(), session)
	assertRefused(t, err, "session", "belongs to another server")
}

// A session that meanwhile belongs to another server is not sent with a retry.
func TestSessionOfAnotherServerIsNotRetried(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		session := partnerapi.NewSession()
		other := newTestClient(t, &cookieServer{set: []string{"theirs=1"}}, partnerapi.WithBaseURL(partnerapi.AccountAPI, "https://other.example"))
		log := newTranscript(always(503, ""), always(200, oneCustomer))
		ours := newTestClient(t, log, partnerapi.WithAttemptHook(func(_ context.Context, a partnerapi.Attempt) {
			if a.Number == 1 {
				_, err := other.Accounts.Get(t.Context(), session)
				require.NoError(t, err)
			}
		}))
		_, err := ours.Accounts.Get(t.Context(), session)
		require.NoError(t, err)
		require.Len(t, log.headers, 2)
		assert.NotContains(t, log.headers[1], "Cookie")
	})
}

func TestEmptySession(t *testing.T) {
	t.Parallel()
	log := newTranscript(always(200, `{"status":"ok","logged_in":false}`))
	client := newTestClient(t, log)
	loggedIn, err := client.Accounts.Status(t.Context(), partnerapi.NewSession())
	require.NoError(t, err)
	assert.False(t, loggedIn)
	assert.NotContains(t, log.headers[0], "Cookie")
	empty := export(t, partnerapi.NewSession())
	assert.JSONEq(t, `{"version":3,"origin":"","cookies":[]}`, string(empty))
	again, err := partnerapi.ImportSession(empty)
	require.NoError(t, err)
	_, err = client.Accounts.Status(t.Context(), again)
	require.NoError(t, err)
}

func TestLoginFailures(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		response roundTripFunc
		kinds    []error
	}{
		"no cookie":              {always(200, oneCustomer), []error{partnerapi.ErrBadResponse}},
		"an expired cookie":      {always(200, oneCustomer, "Set-Cookie", "sid=1; Max-Age=0"), []error{partnerapi.ErrBadResponse}},
		"a cookie and a failure": {always(200, `{"status":"error","messages":["Email and password combination is incorrect."]}`, "Set-Cookie", "sid=1"), []error{partnerapi.ErrUnauthorized, partnerapi.ErrWrongPassword}},
		"a redirect":             {always(302, "", "Location", "/account", "Set-Cookie", "sid=1"), []error{partnerapi.ErrBadResponse}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			customer, session, err := newTestClient(t, newTranscript(test.response)).Accounts.Login(t.Context(), partnerapi.LoginRequest{Email: "e", Password: "p"})
			assertKinds(t, err, test.kinds...)
			assert.Nil(t, customer)
			assert.Nil(t, session)
		})
	}
}

// A session has no cookies of another one, and a call without a session sends none.
func TestCallsWithoutASession(t *testing.T) {
	t.Parallel()
	server := &cookieServer{set: []string{"sid=1"}}
	client := newTestClient(t, server)
	loggedIn(t, client)
	_, err := client.Accounts.Search(t.Context(), "e")
	require.NoError(t, err)
	_, err = client.Accounts.Create(t.Context(), partnerapi.CreateAccountRequest{})
	require.NoError(t, err)
	loggedInAgain := func() {
		server.set = []string{"sid=2"}
		assert.Equal(t, "sid=2", server.sentBy(t, client, loggedIn(t, client)))
	}
	loggedInAgain()
	assert.Equal(t, []string{"", "", "", "", "sid=2"}, server.sent)
}

func TestSessionCookiesAreNotInAResponse(t *testing.T) {
	t.Parallel()
	var response partnerapi.Response
	client := newTestClient(t, &cookieServer{set: []string{"sid=1"}})
	_, _, err := client.Accounts.Login(t.Context(), partnerapi.LoginRequest{}, partnerapi.WithResponseInto(&response))
	require.NoError(t, err)
	assert.Equal(t, 200, response.StatusCode)
	assert.NotContains(t, response.Header, "Set-Cookie")
}

func export(t *testing.T, session *partnerapi.Session) []byte {
	t.Helper()
	data, err := session.Export()
	require.NoError(t, err)
	return data
}

func TestExport(t *testing.T) {
	t.Parallel()
	many := loggedIn(t, newTestClient(t, &cookieServer{set: []string{"a=1", "b=2", "c=3", "d=4", "e=5", "f=6", "g=7"}}))
	first := export(t, many)
	again, err := partnerapi.ImportSession(first)
	require.NoError(t, err)
	assert.Equal(t, string(first), string(export(t, many)), "the same as long as nothing changes")
	assert.Equal(t, string(first), string(export(t, again)))
	synctest.Test(t, func(t *testing.T) { // the clock starts at midnight of 1 January 2000
		client := newTestClient(t, &cookieServer{set: []string{"sid=1; Max-Age=60", `club="a b"`, "old=1; Max-Age=0"}})
		assert.JSONEq(t, `{"version":3,"origin":"https://services.sparkart.net","cookies":[
			{"name":"c2lk","value":"MQ==","expires":"2000-01-01T00:01:00Z"},{"name":"Y2x1Yg==","value":"ImEgYiI="}]}`,
			string(export(t, loggedIn(t, client))))
	})
	for _, session := range []*partnerapi.Session{nil, {}} {
		data, err := session.Export()
		assertRefused(t, err, "session", "nil or zero: sessions are made by Login, NewTokenSession, ImportSession or NewSession")
		assert.Nil(t, data)
	}
}

func TestImportSession(t *testing.T) {
	t.Parallel()
	exported := func(cookies string) string {
		return `{"version":1,"origin":"https://services.sparkart.net","cookies":[` + cookies + `]}`
	}
	for name, data := range map[string]string{
		"null":                                `null`,
		"not JSON":                            `sid=1`,
		"an array":                            `[]`,
		"empty":                               `{}`,
		"no version":                          `{"origin":"https://services.sparkart.net","cookies":[]}`,
		"version 0":                           `{"version":0,"origin":"https://services.sparkart.net","cookies":[]}`,
		"version 2":                           `{"version":2,"origin":"https://services.sparkart.net","cookies":[]}`,
		"version in words":                    `{"version":"1","origin":"https://services.sparkart.net","cookies":[]}`,
		"trailing data":                       exported(``) + `{}`,
		"truncated":                           exported(`{"name":"sid"`)[:70],
		"redacted":                            `"partnerapi.Session(redacted)"`,
		"cookies of no server":                `{"version":1,"origin":"","cookies":[{"name":"sid","value":"1"}]}`,
		"no name":                             exported(`{"name":"","value":"1"}`),
		"a name with a space":                 exported(`{"name":"a b","value":"1"}`),
		"two cookies in one":                  exported(`{"name":"sid=1; admin","value":"1"}`),
		"a value with more":                   exported(`{"name":"sid","value":"1; admin=1"}`),
		"a comma is fine, a backslash is not": exported(`{"name":"sid","value":"1\\2"}`),
		"a quote":                             exported(`{"name":"sid","value":"1\"2"}`),
		"a line break in a name":              exported(`{"name":"sid\r\nX-Evil: 1","value":"1"}`),
		"a line break":                        exported(`{"name":"sid","value":"1\r\nX-Evil: 1"}`),
		"a control character":                 exported(`{"name":"sid","value":"\u0000"}`),
		"a delete":                            exported(`{"name":"sid","value":"\u007f"}`),
		"more than ASCII":                     exported(`{"name":"sid","value":"ü"}`),
		"not UTF-8":                           exported("{\"name\":\"sid\",\"value\":\"\xff\"}"),
		"an invalid date":                     exported(`{"name":"sid","value":"1","expires":"tomorrow"}`),
		"a cookie twice":                      exported(`{"name":"sid","value":"1"},{"name":"sid","value":"2"}`),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			session, err := partnerapi.ImportSession([]byte(data))
			assertRefused(t, err, "data", "not an exported session")
			assert.Nil(t, session)
		})
	}
	for _, data := range [][]byte{nil, {}} {
		session, err := partnerapi.ImportSession(data)
		assertRefused(t, err, "data", "empty")
		assert.Nil(t, session)
	}
	session, err := partnerapi.ImportSession([]byte(exported(`{"name":"sid","value":"a,b c","quoted":true},{"name":"old","value":"1","expires":"2001-01-01T00:00:00Z"}`)))
	require.NoError(t, err)
	server := &cookieServer{}
	assert.Equal(t, `sid="a,b c"`, server.sentBy(t, newTestClient(t, server), session))
}

func TestSessionIsRedacted(t *testing.T) {
	t.Parallel()
	session, err := partnerapi.ImportSession([]byte(
		`{"version":1,"origin":"https://services.sparkart.net","cookies":[{"name":"sid","value":"SECRET"}]}`))
	require.NoError(t, err)
	const want = "partnerapi.Session(redacted)"
	type held struct {
		Value   partnerapi.Session
		Pointer *partnerapi.Session
		Any     any
		value   partnerapi.Session
		pointer *partnerapi.Session
		any     any
	}
	type embedded struct{ partnerapi.Session }
	type embeddedPointer struct{ *partnerapi.Session }
	holders := []any{
		held{*session, session, session, *session, session, session}, &held{*session, session, *session, *session, session, *session},
		embedded{*session}, embeddedPointer{session}, []*partnerapi.Session{session}, []partnerapi.Session{*session},
		map[string]*partnerapi.Session{"s": session}, map[string]partnerapi.Session{"s": *session}, struct{ s []partnerapi.Session }{[]partnerapi.Session{*session}},
	}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%d", "%x", "%X", "%p", "%t", "%c", "%U", "%e", "%100v"} {
		for _, value := range []any{session, *session} {
			text := fmt.Sprintf(verb, value)
			assert.NotContains(t, text, "SECRET", verb)
			if verb != "%p" {
				assert.Contains(t, text, want, verb)
			}
		}
		for _, value := range holders {
			assertNoSecret(t, fmt.Sprintf(verb, value))
		}
	}
	for _, value := range append(holders, session, *session) {
		encoded, err := json.Marshal(value)
		require.NoError(t, err)
		assertNoSecret(t, string(encoded))
		for _, handler := range []func(*bytes.Buffer) slog.Handler{
			func(b *bytes.Buffer) slog.Handler { return slog.NewTextHandler(b, nil) },
			func(b *bytes.Buffer) slog.Handler { return slog.NewJSONHandler(b, nil) },
		} {
			var logged bytes.Buffer
			slog.New(handler(&logged)).Info("login", "session", value)
			assertNoSecret(t, logged.String())
		}
	}
	text, err := session.MarshalText()
	require.NoError(t, err)
	assert.Equal(t, want, string(text))
	var stream bytes.Buffer
	require.Error(t, gob.NewEncoder(&stream).Encode(session))
	assertNoSecret(t, stream.String())
	assert.Equal(t, want, session.LogValue().String())
}

func assertNoSecret(t *testing.T, text string) {
	t.Helper()
	for _, secret := range []string{"SECRET", fmt.Sprintf("%x", "SECRET"), fmt.Sprintf("%X", "SECRET"), "sparkart", "[83 69 67"} {
		assert.NotContains(t, text, secret)
	}
}

// A nil session prints without a panic.
func TestNilSessionPrints(t *testing.T) {
	t.Parallel()
	var session *partnerapi.Session
	assert.Equal(t, "<nil>", fmt.Sprint(session))
	assert.Equal(t, "partnerapi.Session(redacted)", fmt.Sprint(partnerapi.Session{}))
	var logged bytes.Buffer
	slog.New(slog.NewJSONHandler(&logged, nil)).Info("logged in", "session", session)
	assert.Contains(t, logged.String(), "logged in")
}

// FuzzImportSession imports any data: it is refused, or a session that sends its cookies or token and exports the same.
func FuzzImportSession(f *testing.F) {
	for _, data := range []string{
		``, `null`, `{}`, `{"version":1,"origin":"","cookies":[]}`, `{"version":2}`,
		`{"version":1,"origin":"https://services.sparkart.net","cookies":[{"name":"sid","value":"1"}]}`,
		`{"version":1,"origin":"https://services.sparkart.net","cookies":[{"name":"sid","value":"a b","quoted":true,"expires":"9999-12-31T23:59:59Z"}]}`,
		`{"version":2,"origin":"","tokens":{"access_token":"a b","access_token_expiration":1.5,"refresh_token":"r"}}`,
		`{"version":2,"origin":"https://services.sparkart.net","tokens":{"access_token":"a\r\nb"}}`,
		`{"version":1,"origin":"https://services.sparkart.net","cookies":[{"name":"a;b","value":"\r\n"}]}`,
		`{"version":3,"origin":"https://services.sparkart.net","cookies":[{"name":"c2lk","value":"ImEsYiI="},{"name":"//4=","value":"","expires":"9999-12-31T23:59:59Z"}]}`,
		`{"version":3,"origin":"https://services.sparkart.net","cookies":[{"name":"YT1i","value":"DQo="}]}`,
		`{"version":3,"origin":"","tokens":{"access_token":"a"}}`,
		`{"version":1,"origin":"https://services.sparkart.net","cookies":[{"name":"sid","value":"a,b"},{"name":"old","value":"1","expires":"2001-01-01T00:00:00+23:59"}]}`,
	} {
		f.Add([]byte(data))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		session, err := partnerapi.ImportSession(data)
		if err != nil {
			var refused *partnerapi.ArgumentError
			require.ErrorAs(t, err, &refused)
			assert.Nil(t, session)
			return
		}
		exported, err := session.Export()
		require.NoError(t, err)
		again, err := partnerapi.ImportSession(exported)
		require.NoError(t, err)
		twice, err := again.Export()
		require.NoError(t, err)
		assert.Equal(t, string(exported), string(twice))

		assertSends(t, exported)
	})
}

// assertSends asserts that a call with an exported session sends its cookies or its access token.
func assertSends(t *testing.T, exported []byte) {
	t.Helper()
	var said struct {
		Version int                        `json:"version"`
		Origin  string                     `json:"origin"`
		Cookies json.RawMessage            `json:"cookies,omitzero"`
		Tokens  map[string]json.RawMessage `json:"tokens,omitzero"`
	}
	require.NoError(t, json.Unmarshal(exported, &said))
	said.Origin = accountOrigin
	delete(said.Tokens, "access_token_expiration") // an expired token is refreshed, not sent
	ours, err := json.Marshal(said)
	require.NoError(t, err)
	session, err := partnerapi.ImportSession(ours)
	require.NoError(t, err)
	first := arrived(t, session)[0]
	if said.Tokens != nil {
		var token string
		require.NoError(t, json.Unmarshal(said.Tokens["access_token"], &token))
		if token == "" {
			assert.Equal(t, "/api/v1/refresh", first.URL.Path)
		} else {
			assert.Equal(t, "Bearer "+token, first.Header.Get("Authorization"))
		}
	}
	var kept []struct {
		Name  []byte `json:"name"`
		Value []byte `json:"value"`
	}
	if said.Cookies != nil {
		require.NoError(t, json.Unmarshal(said.Cookies, &kept))
	}
	pairs := make([]string, 0, len(kept))
	for _, c := range kept {
		pairs = append(pairs, string(c.Name)+"="+string(c.Value))
	}
	assert.Equal(t, strings.Join(pairs, "; "), first.Header.Get("Cookie"))
}
