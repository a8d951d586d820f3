package partnerapi

import (
	"bufio"
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
)

const oneCustomer = `{"status":"ok","customer":{"id":1}}`

// cookieServer answers every call with a customer and the Set-Cookie lines given, and keeps the cookies it was sent.
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

// sentBy makes a call with the session and returns the cookies that went with it.
func (s *cookieServer) sentBy(t *testing.T, client *Client, session *Session) string {
	t.Helper()
	_, err := client.Accounts.Get(t.Context(), session)
	require.NoError(t, err)
	return s.sent[len(s.sent)-1]
}

func loggedIn(t *testing.T, client *Client) *Session {
	t.Helper()
	customer, session, err := client.Accounts.Login(t.Context(), LoginRequest{Email: "e", Password: "p"})
	require.NoError(t, err)
	require.NotNil(t, session)
	assert.Equal(t, &Customer{ID: 1}, customer)
	return session
}

func TestSessionCookies(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		set  []string
		want string
	}{
		"one":                  {[]string{"sid=1; Path=/; HttpOnly; Secure"}, "sid=1"},
		"two, the older first": {[]string{"sid=1", "club=2"}, "sid=1; club=2"},
		"the last counts":      {[]string{"sid=1", "sid=2"}, "sid=2"},
		"for all of com":       {[]string{"sid=1; Domain=com"}, "sid=1"},
		"for another site":     {[]string{"sid=1; Domain=other.example"}, "sid=1"},
		"for another path":     {[]string{"sid=1; Path=/login"}, "sid=1"},
		"quoted":               {[]string{`sid="a b"`}, `sid="a b"`},
		"with an equals sign":  {[]string{"sid=a=b=="}, "sid=a=b=="},
		"empty":                {[]string{"sid=1", "flash="}, "sid=1; flash="},
		"nonsense as well":     {[]string{"sid=1", "no cookie", "=x", "ctl=\x01"}, "sid=1"},
		"expired as well":      {[]string{"sid=1", "old=1; Max-Age=0", "older=1; Expires=Thu, 01 Jan 1970 00:00:00 GMT"}, "sid=1"},
		"a date of nonsense":   {[]string{"sid=1; Expires=tomorrow"}, "sid=1"},
		"forever":              {[]string{"sid=1; Max-Age=9223372036"}, "sid=1"},
		"longer than forever":  {[]string{"sid=1; Max-Age=9999999999"}, "sid=1"},
		"the longest":          {[]string{"sid=1; Max-Age=9223372036854775807"}, "sid=1"},
		"Max-Age before date":  {[]string{"sid=1; Max-Age=60; Expires=Thu, 01 Jan 1970 00:00:00 GMT"}, "sid=1"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := &cookieServer{set: test.set}
			client := newTestClient(t, server)
			session := loggedIn(t, client)
			assert.Equal(t, []string{""}, server.sent, "a login sends no cookie")
			assert.Equal(t, test.want, server.sentBy(t, client, session))
			again, err := ImportSession(export(t, session))
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
		imported, err := ImportSession(exported)
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

// isServedAlone logs a customer in, and says if a call returns another.
func isServedAlone(ctx context.Context, client *Client, who string) error {
	_, session, err := client.Accounts.Login(ctx, LoginRequest{Email: who})
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
			_, imported := ImportSession(data)
			if err := errors.Join(got, exported, imported); err != nil {
				t.Error(err)
			}
			_ = fmt.Sprintf("%+v", session)
		})
	}
	calls.Wait()
}

// TRAPS: "a cookie jar without a public-suffix list accepts Domain=com, and ignores ports": a session keeps its cookies
// itself, for the scheme, host and port that set them, whatever Domain they ask for.
func TestTrapSessionIsForOneOrigin(t *testing.T) {
	t.Parallel()
	server := &cookieServer{set: []string{"sid=1; Domain=net"}}
	client := newTestClient(t, server)
	session := loggedIn(t, client)
	for _, base := range []string{
		"https://services.sparkart.example/api/v1", "http://services.sparkart.net/api/v1", "https://services.sparkart.net:8443/api/v1",
		"https://other.net/api/v1",
	} {
		other := newTestClient(t, server, WithBaseURL(AccountAPI, base), WithInsecureHTTP())
		_, err := other.Accounts.Get(t.Context(), session)
		assertRefused(t, err, "session", "made by another server than the one that this client calls")
		imported, err := ImportSession(export(t, session))
		require.NoError(t, err)
		_, err = other.Accounts.Get(t.Context(), imported)
		assertRefused(t, err, "session", "made by another server than the one that this client calls")
	}
	assert.Len(t, server.sent, 1)
	same := newTestClient(t, server, WithBaseURL(AccountAPI, "https://services.sparkart.net/api/v2"))
	assert.Equal(t, "sid=1", server.sentBy(t, same, session))
}

func TestSessionIsForTheAccountAPI(t *testing.T) {
	t.Parallel()
	log := newTranscript(teapot)
	for _, call := range []Call{
		{API: PartnerAPI, Op: "GET /partners/children", Session: NewSession()},
		{API: NetworkAPI, Op: "GET /app/session", Session: NewSession()},
	} {
		_, err := Do[none](t.Context(), newTestClient(t, log), call)
		assertRefused(t, err, "session", "a session is for the account API only")
	}
	assert.Empty(t, log.asked)
}

// Two servers that are asked for the first time with the same session do not get each other's cookies.
func TestSessionOfTwoServersAtOnce(t *testing.T) {
	t.Parallel()
	session := NewSession()
	theirs := &cookieServer{set: []string{"theirs=1"}}
	other := newTestClient(t, theirs, WithBaseURL(AccountAPI, "https://other.example"))
	ours := newTestClient(t, roundTripFunc(func(*http.Request) (*http.Response, error) {
		assert.Empty(t, theirs.sentBy(t, other, session), "the other answers first")
		return reply(200, oneCustomer, "Set-Cookie", "ours=1"), nil
	}))
	_, err := ours.Accounts.Get(t.Context(), session)
	require.NoError(t, err)
	assert.Equal(t, "theirs=1", theirs.sentBy(t, other, session))
	_, err = ours.Accounts.Get(t.Context(), session)
	assertRefused(t, err, "session", "made by another server than the one that this client calls")
}

// A retry to a server that lost the session to another carries nothing of the other's.
func TestSessionOfAnotherServerIsNotSentAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		session := NewSession()
		other := newTestClient(t, &cookieServer{set: []string{"theirs=1"}}, WithBaseURL(AccountAPI, "https://other.example"))
		log := newTranscript(answerWith(503, ""), answerWith(200, oneCustomer))
		ours := newTestClient(t, log, WithAttemptHook(func(_ context.Context, a Attempt) {
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

func TestSessionOfNobody(t *testing.T) {
	t.Parallel()
	log := newTranscript(answerWith(200, `{"status":"ok","logged_in":false}`))
	client := newTestClient(t, log)
	loggedIn, err := client.Accounts.Status(t.Context(), NewSession())
	require.NoError(t, err)
	assert.False(t, loggedIn)
	assert.NotContains(t, log.headers[0], "Cookie")
	nobody := export(t, NewSession())
	assert.JSONEq(t, `{"version":3,"origin":"","cookies":[]}`, string(nobody))
	again, err := ImportSession(nobody)
	require.NoError(t, err)
	_, err = client.Accounts.Status(t.Context(), again)
	require.NoError(t, err)
}

func TestLoginFailures(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		answer canned
		kinds  []error
	}{
		"no cookie":              {answerWith(200, oneCustomer), []error{ErrBadResponse}},
		"an expired cookie":      {answerWith(200, oneCustomer, "Set-Cookie", "sid=1; Max-Age=0"), []error{ErrBadResponse}},
		"a cookie and a refusal": {answerWith(200, `{"status":"error","messages":["Email and password combination is incorrect."]}`, "Set-Cookie", "sid=1"), []error{ErrUnauthorized}},
		"a redirect":             {answerWith(302, "", "Location", "/account", "Set-Cookie", "sid=1"), []error{ErrBadResponse}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			customer, session, err := newTestClient(t, newTranscript(test.answer)).Accounts.Login(t.Context(), LoginRequest{Email: "e", Password: "p"})
			assertKinds(t, err, test.kinds...)
			assert.Nil(t, customer)
			assert.Nil(t, session)
		})
	}
}

// A session is given no other session's cookies, and a call without one gets none.
func TestCallsWithoutASession(t *testing.T) {
	t.Parallel()
	server := &cookieServer{set: []string{"sid=1"}}
	client := newTestClient(t, server)
	loggedIn(t, client)
	_, err := client.Accounts.Search(t.Context(), "e")
	require.NoError(t, err)
	_, err = client.Accounts.Create(t.Context(), CreateAccountRequest{})
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
	var response Response
	client := newTestClient(t, &cookieServer{set: []string{"sid=1"}})
	_, _, err := client.Accounts.Login(t.Context(), LoginRequest{}, WithResponseInto(&response))
	require.NoError(t, err)
	assert.Equal(t, 200, response.StatusCode)
	assert.NotContains(t, response.Header, "Set-Cookie")
}

func export(t *testing.T, session *Session) []byte {
	t.Helper()
	data, err := session.Export()
	require.NoError(t, err)
	return data
}

func TestExport(t *testing.T) {
	t.Parallel()
	many := loggedIn(t, newTestClient(t, &cookieServer{set: []string{"a=1", "b=2", "c=3", "d=4", "e=5", "f=6", "g=7"}}))
	first := export(t, many)
	again, err := ImportSession(first)
	require.NoError(t, err)
	assert.Equal(t, string(first), string(export(t, many)), "the same as long as nothing changes")
	assert.Equal(t, string(first), string(export(t, again)))
	synctest.Test(t, func(t *testing.T) { // it is midnight of 1 January 2000
		client := newTestClient(t, &cookieServer{set: []string{"sid=1; Max-Age=60", `club="a b"`, "old=1; Max-Age=0"}})
		assert.JSONEq(t, `{"version":3,"origin":"https://services.sparkart.net","cookies":[
			{"name":"c2lk","value":"MQ==","expires":"2000-01-01T00:01:00Z"},{"name":"Y2x1Yg==","value":"ImEgYiI="}]}`,
			string(export(t, loggedIn(t, client))))
	})
	for _, session := range []*Session{nil, {}} {
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
		"nothing":                             ``,
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
		"a date of nonsense":                  exported(`{"name":"sid","value":"1","expires":"tomorrow"}`),
		"a cookie twice":                      exported(`{"name":"sid","value":"1"},{"name":"sid","value":"2"}`),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			session, err := ImportSession([]byte(data))
			assertRefused(t, err, "data", "not an exported session")
			assert.Nil(t, session)
			assert.EqualError(t, err, "ImportSession: data: not an exported session")
		})
	}
	session, err := ImportSession([]byte(exported(`{"name":"sid","value":"a,b c","quoted":true},{"name":"old","value":"1","expires":"2001-01-01T00:00:00Z"}`)))
	require.NoError(t, err)
	server := &cookieServer{}
	assert.Equal(t, `sid="a,b c"`, server.sentBy(t, newTestClient(t, server), session))
}

func TestSessionIsRedacted(t *testing.T) {
	t.Parallel()
	session, err := ImportSession([]byte(
		`{"version":1,"origin":"https://services.sparkart.net","cookies":[{"name":"sid","value":"SECRET"}]}`))
	require.NoError(t, err)
	const want = "partnerapi.Session(redacted)"
	type held struct {
		Value   Session
		Pointer *Session
		Any     any
		value   Session
		pointer *Session
		any     any
	}
	type embedded struct{ Session }
	type embeddedPointer struct{ *Session }
	holders := []any{
		held{*session, session, session, *session, session, session}, &held{*session, session, *session, *session, session, *session},
		embedded{*session}, embeddedPointer{session}, []*Session{session}, []Session{*session},
		map[string]*Session{"s": session}, map[string]Session{"s": *session}, struct{ s []Session }{[]Session{*session}},
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
	var session *Session
	assert.Equal(t, "<nil>", fmt.Sprint(session))
	assert.Equal(t, "partnerapi.Session(redacted)", fmt.Sprint(Session{}))
	var logged bytes.Buffer
	slog.New(slog.NewJSONHandler(&logged, nil)).Info("nobody", "session", session)
	assert.Contains(t, logged.String(), "nobody")
}

// FuzzImportSession imports anything: it is refused, or sends the cookies or the token that it says, and exports the same.
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
		session, err := ImportSession(data)
		if err != nil {
			var refused *ArgumentError
			require.ErrorAs(t, err, &refused)
			assert.Nil(t, session)
			return
		}
		exported, err := session.Export()
		require.NoError(t, err)
		again, err := ImportSession(exported)
		require.NoError(t, err)
		twice, err := again.Export()
		require.NoError(t, err)
		assert.Equal(t, string(exported), string(twice))

		var said exportedSession
		require.NoError(t, json.Unmarshal(exported, &said))
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://services.sparkart.net/", nil)
		require.NoError(t, err)
		const origin = "https://services.sparkart.net"
		switch kind := session.opened().(type) {
		case *cookieSession:
			kind.origin = origin
		case *tokenSession:
			kind.origin = origin
		}
		session.apply(req)
		var wire bytes.Buffer
		require.NoError(t, req.Write(&wire))
		arrived, err := http.ReadRequest(bufio.NewReader(&wire))
		require.NoError(t, err)
		if said.Tokens != nil {
			assert.Equal(t, strings.TrimSpace("Bearer "+said.Tokens.AccessToken), arrived.Header.Get("Authorization"))
		}
		var kept []exportedCookie
		if said.Cookies != nil {
			require.NoError(t, json.Unmarshal(said.Cookies, &kept))
		}
		pairs := make([]string, 0, len(kept))
		for _, c := range kept {
			pairs = append(pairs, string(c.Name)+"="+string(c.Value))
		}
		assert.Equal(t, strings.Join(pairs, "; "), arrived.Header.Get("Cookie"))
	})
}
