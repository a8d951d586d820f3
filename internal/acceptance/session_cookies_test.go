package acceptance

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/partnerapi/partnerapi-go"
)

const accountOrigin = "https://services.sparkart.net"

// sessionOfCookies returns a session with the cookies of these Set-Cookie lines, of one response.
func sessionOfCookies(t testing.TB, lines ...string) *partnerapi.Session {
	t.Helper()
	session := partnerapi.NewSession()
	setCookies(t, session, lines...)
	return session
}

// setCookies makes a call whose response has these Set-Cookie lines, and returns the Cookie header of its request.
func setCookies(t testing.TB, session *partnerapi.Session, lines ...string) (cookie []string) {
	t.Helper()
	client := newTestClient(t, roundTripFunc(func(req *http.Request) (*http.Response, error) {
		cookie = req.Header["Cookie"]
		resp := reply(200, `{"status":"ok","logged_in":true}`)
		resp.Header["Set-Cookie"] = lines
		return resp, nil
	}))
	_, err := client.Accounts.Status(t.Context(), session)
	require.NoError(t, err)
	return cookie
}

// cookieHeader returns the Cookie header of a request with the session, or nil.
func cookieHeader(t testing.TB, session *partnerapi.Session) []string {
	t.Helper()
	return setCookies(t, session)
}

// Lines are parsed in internal/cookie. A line that it ignores replaces no cookie and binds the session to no server.
func TestInvalidCookiesAreIgnored(t *testing.T) {
	t.Parallel()
	for _, line := range []string{"sid", "=2", "sid=2\x7f", "sid=a\r\nX-Evil: 1"} {
		session := sessionOfCookies(t, "sid=1")
		before := string(export(t, session))
		setCookies(t, session, line)
		assert.Equal(t, []string{"sid=1"}, cookieHeader(t, session), "%q", line)
		assert.Equal(t, before, string(export(t, session)), "%q", line)
		assert.JSONEq(t, `{"version":3,"origin":"","cookies":[]}`, string(export(t, sessionOfCookies(t, line))), "%q", line)
	}
}

// named returns n Set-Cookie lines, numbered from first.
func named(first, n int, attributes string) []string {
	lines := make([]string, 0, n)
	for i := range n {
		lines = append(lines, fmt.Sprintf("c%d=%d%s", first+i, first+i, attributes))
	}
	return lines
}

// Cookies that expire during a call make room for those of its response.
func TestExpiredCookiesAreDroppedFirst(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		session := sessionOfCookies(t, append(named(0, 30, ""), named(30, 20, "; Max-Age=1")...)...)
		client := newTestClient(t, roundTripFunc(func(*http.Request) (*http.Response, error) {
			time.Sleep(time.Second)
			resp := reply(200, oneCustomer)
			resp.Header["Set-Cookie"] = named(50, 20, "")
			return resp, nil
		}))
		_, err := client.Accounts.Get(t.Context(), session)
		require.NoError(t, err)
		assert.Equal(t, []string{strings.Join(append(named(0, 30, ""), named(50, 20, "")...), "; ")}, cookieHeader(t, session))
	})
}

// A request has at most 50 cookies, even if a server sets more in one response or in several.
func TestManyCookies(t *testing.T) {
	t.Parallel()
	n := 0
	client := newTestClient(t, roundTripFunc(func(req *http.Request) (*http.Response, error) {
		assert.LessOrEqual(t, strings.Count(req.Header.Get("Cookie"), "="), 50)
		resp := reply(200, oneCustomer)
		resp.Header["Set-Cookie"] = named(n, 20, "")
		n += 20
		return resp, nil
	}))
	session := loggedIn(t, client)
	for range 3 {
		_, err := client.Accounts.Get(t.Context(), session)
		require.NoError(t, err)
	}
	assert.Equal(t, []string{strings.Join(named(30, 50, ""), "; ")}, cookieHeader(t, session))
	setCookies(t, session, named(n, 1000, "")...)
	assert.Equal(t, []string{strings.Join(named(n+950, 50, ""), "; ")}, cookieHeader(t, session))
}

// A cookie of 8 bytes or more is redacted: shorter ones occur in many words. Quotes around it are not counted, because a
// server may omit them when it echoes a value.
func TestCookiesOfEightBytesAreRedacted(t *testing.T) {
	t.Parallel()
	tests := map[string]struct{ set, says, want string }{
		"7 bytes":              {"sid=abcdefg", "No abcdefg here", "No abcdefg here"},
		"8 bytes":              {"sid=abcdefgh", "No abcdefgh here", "No [redacted] here"},
		"8 bytes in quotes":    {`sid="abcdefgh"`, `No "abcdefgh" or abcdefgh here`, `No "[redacted]" or [redacted] here`},
		"escaped, as in a URL": {"sid=abc defgh/+", "No ?sid=abc+defgh%2F%2B or abc%20defgh%2F+ here", "No ?sid=[redacted] or [redacted] here"},
		"a second one":         {"sid=1\nother=abcdefgh", "No abcdefgh here", "No [redacted] here"},
		"a name":               {"abcdefgh=1", "No abcdefgh here", "No abcdefgh here"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			says, err := json.Marshal(test.says)
			require.NoError(t, err)
			failure := always(200, `{"status":"error","messages":[`+string(says)+`]}`)
			_, err = newTestClient(t, newTranscript(failure)).Accounts.Benefits(t.Context(), sessionOfCookies(t, strings.Split(test.set, "\n")...))
			var failed *partnerapi.Error
			require.ErrorAs(t, err, &failed)
			assert.Equal(t, []string{test.want}, failed.Messages)
		})
	}
}

// A response can echo the cookie that it sets, also if it rejects a login.
func TestNewCookiesAreRedacted(t *testing.T) {
	t.Parallel()
	failure := always(200, `{"status":"error","messages":["The session `+canaryCookie+` is not confirmed."]}`, "Set-Cookie", "sid="+canaryCookie)
	for name, call := range canaryCalls(sessionOfCookies(t, "sid=1")) {
		if name != "Accounts.Login" && name != "Accounts.Get" {
			continue
		}
		err := call(t.Context(), newTestClient(t, newTranscript(failure)))
		var failed *partnerapi.Error
		require.ErrorAs(t, err, &failed, name)
		assert.Equal(t, []string{"The session [redacted] is not confirmed."}, failed.Messages, name)
	}
}

// The bytes are unchanged by net/http, with HTTP/1.1 and HTTP/2, and by an export.
func TestCookiesOverLoopback(t *testing.T) {
	t.Parallel()
	odd := []string{"sid=a,b", "sid[main]=abc", `q="a b"`, "l=\xfc\xff", "t=a\tb", "s = a  b ", `b=a\"b`, "e=", "x=<y&>=="}
	const want = "sid=a,b; sid[main]=abc; q=\"a b\"; l=\xfc\xff; t=a\tb; s=a  b; b=a\\\"b; e=; x=<y&>=="
	for _, two := range []bool{false, true} {
		t.Run(fmt.Sprintf("HTTP/2 %t", two), func(t *testing.T) {
			t.Parallel()
			arrived := make(chan string, 2)
			server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
				arrived <- req.Header.Get("Cookie")
				w.Header()["Set-Cookie"] = odd
				_, _ = w.Write([]byte(oneCustomer))
			}))
			server.EnableHTTP2 = two
			server.StartTLS()
			t.Cleanup(server.Close)
			client := newTestClient(t, server.Client().Transport, partnerapi.WithBaseURL(partnerapi.AccountAPI, server.URL))
			session := loggedIn(t, client)
			assert.Empty(t, <-arrived)
			_, err := client.Accounts.Get(t.Context(), session)
			require.NoError(t, err)
			assert.Equal(t, want, <-arrived)
			imported, err := partnerapi.ImportSession(export(t, session))
			require.NoError(t, err)
			_, err = client.Accounts.Get(t.Context(), imported)
			require.NoError(t, err)
			assert.Equal(t, want, <-arrived)
		})
	}
}

// in3 returns an exported session of version 3 with cookies given as names and values in turn.
func in3(t testing.TB, pairs ...string) []byte {
	t.Helper()
	list := make([]string, 0, len(pairs)/2)
	for pair := range slices.Chunk(pairs, 2) {
		list = append(list, `{"name":"`+base64.StdEncoding.EncodeToString([]byte(pair[0]))+
			`","value":"`+base64.StdEncoding.EncodeToString([]byte(pair[1]))+`"}`)
	}
	return []byte(`{"version":3,"origin":"` + accountOrigin + `","cookies":[` + strings.Join(list, ",") + `]}`)
}

func TestImportOfVersion3(t *testing.T) {
	t.Parallel()
	many := func(n int) (pairs []string) {
		for i := range n {
			pairs = append(pairs, fmt.Sprint("c", i), "1")
		}
		return pairs
	}
	for name, data := range map[string][]byte{
		"a line break in a name":      in3(t, "sid\r\nX-Evil: 1", "1"),
		"a cookie in a value":         in3(t, "sid", "1; admin=1"),
		"a cookie in a name":          in3(t, "sid=1; admin", "1"),
		"a cookie twice":              in3(t, "sid", "1", "club", "1", "sid", "2"),
		"over 4 KiB":                  in3(t, "sid", strings.Repeat("a", 4094)),
		"over 50":                     in3(t, many(51)...),
		"of no server":                []byte(`{"version":3,"origin":"","cookies":[{"name":"c2lk","value":"MQ=="}]}`),
		"no cookies":                  []byte(`{"version":3,"origin":"` + accountOrigin + `"}`),
		"cookies of null":             []byte(`{"version":3,"origin":"` + accountOrigin + `","cookies":null}`),
		"cookies of another type":     []byte(`{"version":3,"origin":"` + accountOrigin + `","cookies":{}}`),
		"a cookie of null":            []byte(`{"version":3,"origin":"` + accountOrigin + `","cookies":[null]}`),
		"not base64":                  []byte(`{"version":3,"origin":"` + accountOrigin + `","cookies":[{"name":"sid[main]","value":"MQ=="}]}`),
		"base64 that is cut":          []byte(`{"version":3,"origin":"` + accountOrigin + `","cookies":[{"name":"c2lk","value":"MQ"}]}`),
		"an invalid date":             []byte(`{"version":3,"origin":"` + accountOrigin + `","cookies":[{"name":"c2lk","value":"MQ==","expires":"tomorrow"}]}`),
		"version 2 with cookies":      []byte(`{"version":2,"origin":"` + accountOrigin + `","cookies":[]}`),
		"version 4":                   []byte(`{"version":4,"origin":"` + accountOrigin + `","cookies":[]}`),
		"version 1 in base64 of 3":    []byte(`{"version":1,"origin":"` + accountOrigin + `","cookies":[{"name":"c2lk=","value":"MQ=="}]}`),
		"version 1 with other bytes":  []byte(`{"version":1,"origin":"` + accountOrigin + `","cookies":[{"name":"sid","value":"ü"}]}`),
		"version 1 with another list": []byte(`{"version":1,"origin":"` + accountOrigin + `","cookies":{}}`),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			session, err := partnerapi.ImportSession(data)
			assertRefused(t, err, "data", "not an exported session")
			assert.Nil(t, session)
		})
	}
	for want, data := range map[string][]byte{
		"sid[main]=a,b; \xfe=\"a b\"; e=":  in3(t, "sid[main]", "a,b", "\xfe", `"a b"`, "e", ""),
		"sid=" + strings.Repeat("a", 4093): in3(t, "sid", strings.Repeat("a", 4093)),
		`sid="a b"; club=a,b; odd=a; e=`: []byte(`{"version":1,"origin":"` + accountOrigin + `","cookies":[{"name":"sid","value":"a b","quoted":true},` +
			`{"name":"club","value":"a,b"},{"name":"odd","value":" a "},{"name":"e","value":""},{"name":"old","value":"1","expires":"2001-01-01T00:00:00Z"}]}`),
		strings.Join(named1(50), "; "): []byte(`{"version":1,"origin":"` + accountOrigin + `","cookies":[` + strings.Join(listed1(50), ",") + `]}`),
		// Version 1 had no limits: the newest cookies are imported, and none over 4 KiB.
		strings.Join(named1(51)[1:], "; "): []byte(`{"version":1,"origin":"` + accountOrigin + `","cookies":[` + strings.Join(listed1(51), ",") + `]}`),
		"sid=1":                            []byte(`{"version":1,"origin":"` + accountOrigin + `","cookies":[{"name":"a","value":"` + strings.Repeat("a", 4096) + `"},{"name":"sid","value":"1"}]}`),
	} {
		session, err := partnerapi.ImportSession(data)
		require.NoError(t, err, want)
		assert.Equal(t, []string{want}, cookieHeader(t, session))
	}
	full, err := partnerapi.ImportSession(in3(t, many(50)...))
	require.NoError(t, err)
	setCookies(t, full, "new=1")
	assert.Equal(t, []string{strings.Join(append(named1(50)[1:], "new=1"), "; ")}, cookieHeader(t, full), "oldest first")
}

func named1(n int) (pairs []string) {
	for i := range n {
		pairs = append(pairs, fmt.Sprintf("c%d=1", i))
	}
	return pairs
}

func listed1(n int) (list []string) {
	for i := range n {
		list = append(list, fmt.Sprintf(`{"name":"c%d","value":"1"}`, i))
	}
	return list
}

// FuzzSessionCookies sets any two cookies. They are sent and exported unchanged.
func FuzzSessionCookies(f *testing.F) {
	for _, line := range []string{
		"sid=1; Path=/; HttpOnly", "sid=a,b; path=/", "sid[main]=abcdef; path=/", `sid="a b"; Max-Age=60`, " a\xff = \t\\\x80 ;", "sid", "=x", "a==b", "\x00=1", "a=\r\nb",
		"a=1; Expires=Wed, 09-Jun-69 10:18:14 GMT", "a=1; max-age=99999999999999999999", "a=" + strings.Repeat("b", 5000),
	} {
		f.Add(line, "sid=2")
	}
	f.Fuzz(func(t *testing.T, one, two string) { assertArrives(t, sessionOfCookies(t, one, two)) })
}

// assertArrives asserts that a request with the session can be written, that its cookies arrive byte for byte, and that they are
// the same after an export.
func assertArrives(t *testing.T, session *partnerapi.Session) {
	t.Helper()
	sent := cookieHeader(t, session)
	assert.Equal(t, sent, arrived(t, session)[0].Header["Cookie"])
	exported := export(t, session)
	imported, err := partnerapi.ImportSession(exported)
	require.NoError(t, err)
	assert.Equal(t, sent, cookieHeader(t, imported))
	assert.Equal(t, string(exported), string(export(t, imported)))
}

// arrived returns the requests of a call with the session, as a server parses them.
func arrived(t *testing.T, session *partnerapi.Session) (requests []*http.Request) {
	t.Helper()
	client := newTestClient(t, roundTripFunc(func(req *http.Request) (*http.Response, error) {
		var wire bytes.Buffer
		require.NoError(t, req.Write(&wire))
		read, err := http.ReadRequest(bufio.NewReader(&wire))
		require.NoError(t, err)
		requests = append(requests, read)
		return reply(200, `{"status":"ok","logged_in":true}`), nil
	}))
	_, _ = client.Accounts.Status(t.Context(), session)
	require.NotEmpty(t, requests)
	return requests
}
