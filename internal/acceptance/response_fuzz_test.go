package acceptance

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math"
	"math/big"
	"net"
	"net/http"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/partnerapi/partnerapi-go"
)

// FuzzRetryAfter tries any Retry-After: up to 30 s the wait is exact and never negative, and a longer one ends the call with
// RetryAfter set. testdata/TRAPS.md: "`Retry-After` has no cap and overflows."
func FuzzRetryAfter(f *testing.F) {
	for _, value := range []string{
		"", "0", "1", "30", "31", "86400", "9223372036", "9223372037", "9223372036854775807", "9223372036854775808",
		"99999999999999999999", "18446744073709551617", "007", "-1", "+1", "1.5", "1e3", "0x1f", "1_0", "  5 ", "\t5\u00a0", "5\x00", "5, 5",
		"Sat, 01 Jan 2000 00:00:07 GMT", "Saturday, 01-Jan-00 00:00:30 GMT", "Sat Jan  1 00:00:31 2000", "Fri, 31 Dec 1999 23:59:59 GMT",
		"Mon, 01 Jan 0001 00:00:00 GMT", "Fri, 31 Dec 9999 23:59:59 GMT", "Sat, 01 Jan 2000 00:00:07 PST", "soon", "٣", "१२", "\xff",
	} {
		f.Add(value, true)
		f.Add(value, false)
	}
	f.Fuzz(func(t *testing.T, value string, limited bool) {
		synctest.Test(t, func(t *testing.T) { // it is midnight on 1 January 2000, UTC
			header := http.Header{"Retry-After": {value}}
			asked := waitOf(strings.TrimSpace(value))

			status, least, jitter := http.StatusServiceUnavailable, time.Duration(0), 250*time.Millisecond
			if limited {
				status, least = http.StatusTooManyRequests, 2*time.Second
			}
			if asked > 0 {
				least, jitter = asked, 1
			}
			sent := 0
			transport := roundTripFunc(func(req *http.Request) (*http.Response, error) {
				if sent++; sent > 1 {
					return ok(req)
				}
				return &http.Response{StatusCode: status, Header: header.Clone()}, nil
			})
			started := time.Now()
			err := newTestClient(t, transport).Subscriptions.Cancel(t.Context(), "pk")
			waited := time.Since(started)
			if asked <= 30*time.Second {
				require.NoError(t, err)
				assert.Equal(t, 2, sent)
				assert.GreaterOrEqual(t, waited, least)
				assert.Less(t, waited, least+jitter)
				return
			}
			var failed *partnerapi.Error
			require.ErrorAs(t, err, &failed)
			assert.Equal(t, asked, failed.RetryAfter)
			assert.Equal(t, status, failed.StatusCode)
			assert.Equal(t, 1, sent)
			assert.Zero(t, waited)
		})
	})
}

// waitOf returns the wait of a Retry-After by RFC 9110, and of numbers of any length, fractions and more forms of dates.
func waitOf(value string) time.Duration {
	if value != "" && strings.IndexFunc(value, func(r rune) bool { return r < '0' || r > '9' }) < 0 {
		seconds, _ := new(big.Int).SetString(value, 10)
		if most := big.NewInt(9223372036); seconds.Cmp(most) > 0 {
			seconds = most
		}
		return time.Duration(seconds.Int64()) * time.Second
	}
	if whole, fraction, _ := strings.Cut(value, "."); whole+fraction != "" && strings.Trim(value, "0123456789.") == "" && !strings.Contains(fraction, ".") {
		wait := waitOf("0" + whole)
		if strings.Trim(fraction, "0") != "" && wait < 9223372036*time.Second {
			wait += time.Second
		}
		return wait
	}
	for _, form := range []string{
		http.TimeFormat, time.RFC850, time.ANSIC, "Mon, _2 Jan 2006 15:04:05 GMT", "Mon, _2 Jan 2006 15:04:05 UTC", time.RFC1123Z, time.RFC3339,
	} {
		if at, err := time.Parse(form, value); err == nil {
			wait := new(big.Int).Sub(nanoseconds(at), nanoseconds(time.Now()))
			return time.Duration(max(0, clamp(wait)))
		}
	}
	return 0
}

func nanoseconds(t time.Time) *big.Int {
	seconds := new(big.Int).Mul(big.NewInt(t.Unix()), big.NewInt(int64(time.Second)))
	return seconds.Add(seconds, big.NewInt(int64(t.Nanosecond())))
}

func clamp(n *big.Int) int64 {
	switch {
	case n.IsInt64():
		return n.Int64()
	case n.Sign() < 0:
		return math.MinInt64
	default:
		return math.MaxInt64
	}
}

// given is the response to all requests of an operation in a call, and how the client received it.
type given struct {
	op     string
	status int
	header string // lines
	body   []byte

	requests int
	secrets  []string // the credentials that were sent, which the response can echo
	came     int      // the status as the client saw it
}

type givenKey struct{}

func givenTo(ctx context.Context) *given {
	g, _ := ctx.Value(givenKey{}).(*given)
	return g
}

// wire is the response as a server writes it.
func (g *given) wire() []byte {
	return slices.Concat([]byte("HTTP/1.1 "+strconv.Itoa(g.status)+" X\r\n"), []byte(g.header), []byte("\r\n\r\n"), g.body)
}

// parsed is the response as a mock returns it, with headers that a real transport refuses.
func (g *given) parsed() *http.Response {
	header := make(http.Header)
	for line := range strings.SplitSeq(g.header, "\r\n") {
		if name, value, ok := strings.Cut(line, ":"); ok {
			header.Add(name, strings.TrimPrefix(value, " "))
		}
	}
	return &http.Response{StatusCode: g.status, Header: header, Body: io.NopCloser(bytes.NewReader(g.body))}
}

// serverConn is a connection to a server that responds to the first bytes it gets, and closes.
type serverConn struct {
	net.Conn // nil: its other methods are not called

	response *bytes.Reader
	asked    chan struct{}
	once     sync.Once
}

func (c *serverConn) Read(p []byte) (int, error) {
	<-c.asked
	return c.response.Read(p)
}

func (c *serverConn) Write(p []byte) (int, error) {
	c.once.Do(func() { close(c.asked) })
	return len(p), nil
}

func (c *serverConn) Close() error {
	c.once.Do(func() { close(c.asked) })
	return nil
}

// counting counts the round trips of each call.
type counting struct{ http.RoundTripper }

func (c counting) RoundTrip(req *http.Request) (*http.Response, error) {
	g := givenTo(req.Context())
	if _, op := partnerapi.Operation(req.Context()); op != g.op {
		return ok(req)
	}
	g.requests++
	g.came = 0
	for _, sent := range []string{
		req.Header.Get("X-Token-Auth"), req.Header.Get("Api-Key"), req.Header.Get("Authorization"), req.URL.Query().Get("key"),
	} {
		if sent != "" {
			g.secrets = append(g.secrets, sent)
		}
	}
	resp, err := c.RoundTripper.RoundTrip(req)
	if err == nil {
		g.came = resp.StatusCode
	}
	return resp, err
}

// returnsNothing are the operations whose method returns only an error.
var returnsNothing = []string{
	"POST /partners/subscriptions", "PUT /partners/subscriptions/{pk}", "DELETE /partners/subscriptions/{pk}",
	"DELETE /partners/subscriptions", "GET /logout", "POST /account/network-invitations/{id}",
	"DELETE /account/network-invitations/{id}", "POST /account/networks/{child_account_id}",
}

// FuzzResponse returns any response to any operation, as a mock and over a connection: the call returns a value or an error,
// and the error is one line without a credential.
func FuzzResponse(f *testing.F) {
	addResponses(f)
	opts := append(canaryCredentials(), partnerapi.WithRetry(partnerapi.RetryPolicy{MaxAttempts: 1}), partnerapi.WithMaxResponseBytes(1<<13))
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		return &serverConn{response: bytes.NewReader(givenTo(ctx).wire()), asked: make(chan struct{})}, nil
	}
	clients := map[bool]*partnerapi.Client{
		false: newTestClient(f, counting{roundTripFunc(func(req *http.Request) (*http.Response, error) {
			return givenTo(req.Context()).parsed(), nil
		})}, opts...),
		true: newTestClient(f, counting{&http.Transport{DialTLSContext: dial, DisableKeepAlives: true}}, opts...),
	}
	tried := firstCalls()
	f.Fuzz(func(t *testing.T, which uint8, wired bool, status int, header string, body []byte) {
		c := tried[int(which)%len(tried)]
		g := &given{op: c.op, status: status, header: header, body: body}
		value, err := c.do(context.WithValue(t.Context(), givenKey{}, g), clients[wired], documented(t))
		most := 1
		if c.op == "DELETE /api/account/networks/{child_account_id}" {
			most = 2 // the other path
		}
		assert.True(t, g.requests >= 1 && g.requests <= most, "%d requests", g.requests)
		if err != nil {
			// A write that succeeded returns the readable fields of its response.
			kept := c.isWrite() && errors.Is(err, partnerapi.ErrBadResponse) && g.came < 300
			assert.True(t, kept || value == nil || reflect.ValueOf(value).IsZero(), "%v comes with %v", value, err)
			assert.NotEmpty(t, g.secrets)
			assertErrorLine(t, err, c.op, g.secrets)
			return
		}
		assertSuccess(t, c.op, g.came, value)
	})
}

func assertSuccess(t *testing.T, op string, status int, value any) {
	t.Helper()
	from, to := 200, 299
	if op == "GET /partners/signup" {
		from, to = 300, 399
	}
	assert.True(t, status >= from && status <= to, "status %d is no success", status)
	if slices.Contains(returnsNothing, op) {
		assert.Nil(t, value)
		return
	}
	switch v := reflect.ValueOf(value); v.Kind() {
	case reflect.Pointer, reflect.Slice:
		assert.False(t, v.IsNil(), "neither a value nor an error")
	default:
		assert.Equal(t, reflect.Bool, v.Kind())
	}
}

// assertErrorLine asserts that an error is one line, with a kind or a cause, and without the credentials of the call.
func assertErrorLine(t *testing.T, err error, op string, secrets []string) {
	t.Helper()
	var failed *partnerapi.Error
	require.ErrorAs(t, err, &failed)
	if op == "POST /refresh" {
		op = "GET /account" // the call that needs it
	}
	assert.Equal(t, op, failed.Op)
	assert.NotEmpty(t, failed.Unwrap(), "neither a kind nor a cause: %v", err)
	assert.GreaterOrEqual(t, failed.RetryAfter, time.Duration(0))
	text := err.Error()
	assert.Equal(t, -1, strings.IndexFunc(text, func(r rune) bool { return unicode.In(r, unicode.Cc, unicode.Zl, unicode.Zp) }), "%q is not one line", text)
	assert.True(t, utf8.ValidString(text), "%q", text)
	assert.Less(t, len(text), 1000)
	for _, secret := range secrets {
		assert.NotContains(t, text, secret)
	}
}

func addResponses(f *testing.F) {
	f.Helper()
	fixtures, err := filepath.Glob(filepath.Join(testdata, "*.json"))
	require.NoError(f, err)
	bodies := make(map[string][]string)
	for _, path := range fixtures {
		name := strings.TrimSuffix(filepath.Base(path), ".json")
		of, _, _ := strings.Cut(name, ".")
		bodies[of] = append(bodies[of], fixture(f, name))
	}
	for i, c := range firstCalls() {
		for _, body := range bodies[slug(c.op)] {
			for _, status := range []int{200, 404} {
				f.Add(uint8(i), false, status, "Content-Type: application/json\r\nSet-Cookie: sid=1", []byte(body))
				f.Add(uint8(i), true, status, "Content-Length: "+strconv.Itoa(len(body)), []byte(body))
			}
		}
	}
	echo := strings.Join([]string{canaryPartnerToken, canaryAccountKey, canaryOrganizationKey, canaryNetworkToken}, " ")
	responses := []struct {
		status       int
		header, body string
	}{
		{200, "", ""}, {204, "", ""}, {200, "", "null"}, {200, "", "[]"}, {200, "", "<html>" + echo}, {200, "", `{"status":"ok"}{}`},
		{200, "", `{"success":false,"error":"` + echo + `","error_type":"invalid_token"}`},
		{400, "", `{"success":false,"error":"a\nb\u2028\u0085` + echo + `"}`},
		{200, "", `{"status":"error","messages":["` + echo + `","\r\n"]}`},
		{401, "", `{"error":{"code":401,"message":"` + echo + `","fields":{"a":"` + echo + `"},"dev_message":"` + echo + `"}}`},
		{404, "", `{"error":"Not Found: /account?key=` + canaryAccountKey + `"}`}, {404, "", "<html>"},
		{429, "Retry-After: -1", ""}, {503, "Retry-After: 99999999999999999999\r\nX-Request-Id: " + echo, echo},
		{302, "Location: /x?" + canaryPartnerToken, ""}, {302, "Location: https://a.example/\r\nSet-Cookie: a=b", ""}, {307, "Location: http://%zz", ""},
		{302, "Location: javascript:" + canaryPartnerToken, ""}, {302, "Location: //\x7f", ""}, {302, "Location:", echo}, {304, "Location: /", ""},
		{200, "Content-Length: 160", `{"success":true}`}, {200, "Content-Length: 3", `{"success":true}`}, {200, "Content-Length: -1", "{}"},
		{200, "Content-Length: 2\r\nContent-Length: 3", "{}"}, {200, "Content-Length: " + echo, "{}"},
		{200, "Content-Encoding: gzip", `{"success":true}`}, {200, "Content-Encoding: gzip", "\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff\xff\xff"},
		{200, "Content-Encoding: gzip\r\nContent-Length: 0", ""}, {200, "Content-Encoding: br", "\x00"},
		{200, "Transfer-Encoding: chunked", "2\r\n{}\r\n0\r\n\r\n"}, {200, "Transfer-Encoding: chunked", "ffffffffffffffff\r\n{}"},
		{200, "Transfer-Encoding: chunked", echo}, {200, "Transfer-Encoding: " + echo, "{}"}, {200, echo, "{}"}, {200, "a b: c", "{}"},
		{200, "Set-Cookie: \x00=\x01; Max-Age=x", `{"status":"ok","customer":{"id":1}}`},
		{200, "Set-Cookie: =; ;;\r\nSet-Cookie: a=\"b\r\nSet-Cookie: sid=1; Expires=x; Domain=.; Path=\\", `{"status":"ok","customer":{"id":1}}`},
		{200, "Set-Cookie: sid=; Max-Age=-9223372036854775808", `{"status":"ok","customer":{"id":1}}`},
		{100, "", ""}, {101, "Upgrade: x\r\nConnection: Upgrade", "{}"}, {103, "Link: x\r\n\r\nHTTP/1.1 200 OK", `{"success":true}`}, {999, "", "{}"},
		{0, "", `{"success":true}`}, {-1, "", "{}"}, {103, "\nHTTP/1.1 -00", `{"success":true}`},
		{200, "", `{"list":[null],"pages":9223372036854775808}`}, {200, "", `{"account_id":1,"list":{},"customer":[],"benefits":{},"logged_in":0}`},
		{200, "", `{"list":[{"id":"a","created":1e999}],"customer":{"birthdate":"0000-13-32"}}`}, {200, "", strings.Repeat(" ", 1<<13) + "{}"},
		{200, "", strings.Repeat(`{"a":[`, 1000)}, {500, "", "{\"error\":{\"message\":\"\xff\xfe\"}}"},
		{397, "", `{"status":"error"}`},
	}
	for i, response := range responses {
		for op := range firstCalls() {
			if op%4 == i%4 { // every response for every API
				f.Add(uint8(op), i%2 == 0, response.status, response.header, []byte(response.body))
				f.Add(uint8(op), i%2 != 0, response.status, response.header, []byte(response.body))
			}
		}
	}
}

func TestOperationsWithoutAValue(t *testing.T) {
	t.Parallel()
	var known []string
	for _, c := range firstCalls() {
		known = append(known, c.op)
	}
	assert.Subset(t, known, returnsNothing)
}
