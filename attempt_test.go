package partnerapi

import (
	"bufio"
	"compress/gzip"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log"
	"math"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/partnerapi/partnerapi-go/internal/dialgate"
	"github.com/partnerapi/partnerapi-go/internal/errno"
)

// soon is a policy with very short waits, for tests over loopback.
var soon = WithRetry(RetryPolicy{MinWait: 1, MaxWait: 1})

// attemptLog records the attempts that a hook gets.
type attemptLog struct {
	mu   sync.Mutex
	seen []Attempt
}

func (l *attemptLog) hook() Option {
	return WithAttemptHook(func(_ context.Context, a Attempt) {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.seen = append(l.seen, a)
	})
}

func (l *attemptLog) outcomes() []Outcome {
	l.mu.Lock()
	defer l.mu.Unlock()
	var all []Outcome
	for _, a := range l.seen {
		all = append(all, a.Outcome)
	}
	return all
}

// assertTimedOut asserts that a call failed after n attempts, each of which sent its request and timed out: the outcome of a
// write is unknown.
func (l *attemptLog) assertTimedOut(t *testing.T, err error, n int, each time.Duration, status int) {
	t.Helper()
	require.ErrorIs(t, err, context.DeadlineExceeded)
	require.Len(t, l.seen, n)
	for _, a := range l.seen {
		assert.Equal(t, each, a.Duration)
		assert.Equal(t, OutcomeUnknown, a.Outcome)
		assert.Equal(t, status, a.StatusCode)
		require.ErrorIs(t, a.Err, context.DeadlineExceeded)
	}
	if strings.HasPrefix(l.seen[0].Op, "GET ") {
		assertKinds(t, err)
	} else {
		assertKinds(t, err, ErrOutcomeUnknown)
	}
}

// newLoopback serves h on loopback, and returns a client of it through a transport of the package's own.
func newLoopback(t *testing.T, h http.HandlerFunc, opts ...Option) *Client {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	client := newTestClient(t, nil, append([]Option{
		WithBaseURL(PartnerAPI, server.URL), WithBaseURL(AccountAPI, server.URL), WithBaseURL(NetworkAPI, server.URL),
	}, opts...)...)
	t.Cleanup(client.CloseIdleConnections)
	return client
}

// cutting hijacks the connection and closes it after writing response, which can be incomplete.
func cutting(response string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		conn, _, err := w.(http.Hijacker).Hijack()
		if err != nil {
			panic(err)
		}
		_, _ = io.WriteString(conn, response)
		_ = conn.Close()
	}
}

// testdata/TRAPS.md: "Attempts share one header map."
func TestTrapFreshRequestPerAttempt(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		session := NewSession()
		session.absorb(reply(200, "", "Set-Cookie", "sid=OLD"), "https://services.sparkart.net")
		var n int
		var cookies []string
		client := newTestClient(t, roundTripFunc(func(req *http.Request) (*http.Response, error) {
			n++
			cookies = append(cookies, req.Header.Get("Cookie"))
			assert.Equal(t, "email=a%40b.example&key="+testAccountKey, req.URL.RawQuery)
			assert.Equal(t, []string{testOrganizationKey}, req.Header["Api-Key"])
			assert.Equal(t, []string{"t-1"}, req.Header["X-Trace"])
			body, err := io.ReadAll(req.Body)
			require.NoError(t, err)
			assert.JSONEq(t, `{"a":1}`, string(body))
			// A transport that changes its request does not affect the other attempts.
			req.Header.Set("X-Trace", "changed")
			req.Header.Add("Api-Key", "changed")
			req.Header.Set("X-More", "changed")
			req.URL.RawQuery += "&changed"
			req.URL.Path = "/changed"
			return reply(503, "", "Set-Cookie", "sid=NEW"+strconv.Itoa(n)), nil
		}))
		_, err := do[none](t.Context(), client, endpoint{
			Call:            Call{API: AccountAPI, Op: "PUT /a", Query: searchQuery{"a@b.example"}, Body: map[string]int{"a": 1}, Session: session},
			extraCredential: OrganizationKey,
		}, []CallOption{WithHeader("X-Trace", "t-1")})
		assertKinds(t, err, ErrServer, ErrOutcomeUnknown)
		assert.Equal(t, []string{"sid=OLD", "sid=NEW1", "sid=NEW2", "sid=NEW3"}, cookies)
	})
}

// Only an attempt's own copy of the request holds credentials.
func TestNoCredentialInTheSharedRequest(t *testing.T) {
	t.Parallel()
	session := NewSession()
	session.absorb(reply(200, "", "Set-Cookie", "sid=SECRET"), "https://services.sparkart.net")
	client := newTestClient(t, roundTripFunc(func(req *http.Request) (*http.Response, error) {
		assert.Contains(t, req.URL.RawQuery, testAccountKey)
		assert.Contains(t, req.Header, "Cookie")
		return reply(200, `{"status":"ok"}`), nil
	}))
	r, err := encode(t.Context(), client, &endpoint{
		Call: Call{API: AccountAPI, Op: "GET /a", Session: session}, extraCredential: OrganizationKey,
	}, nil)
	require.NoError(t, err)
	require.Nil(t, send(t.Context(), client, &r).failure)
	assert.Equal(t, "https://services.sparkart.net/api/v1/a", r.url.String())
	assert.Equal(t, http.Header{"Accept": {"application/json"}, "User-Agent": {"partnerapi-go/" + Version}}, r.header)
}

// An attempt is unsent if its trace proves that a connection was asked for and none was got. Without proof, as with a
// transport that fires no trace, it is unknown. testdata/TRAPS.md: "httptrace fires nothing with an in-memory transport."
func TestTrapOutcomeByProof(t *testing.T) {
	t.Parallel()
	ask := func(tr *httptrace.ClientTrace) { tr.GetConn("a.example:443") }
	got := func(tr *httptrace.ClientTrace) { tr.GotConn(httptrace.GotConnInfo{}) }
	refused := &net.OpError{Op: "dial", Net: "tcp", Err: errno.ConnectionRefused}
	fires := func(fire ...func(*httptrace.ClientTrace)) []func(*httptrace.ClientTrace) { return fire }
	tests := map[string]struct {
		trace []func(*httptrace.ClientTrace)
		err   error
		want  Outcome
	}{
		"nothing traced":    {nil, refused, OutcomeUnknown},
		"asked and not got": {fires(ask), refused, OutcomeUnsent},
		"asked and got":     {fires(ask, got), refused, OutcomeUnknown},
		"several dials":     {fires(ask), errors.Join(&net.DNSError{}, refused), OutcomeUnsent},
		"a proxy's refusal": {fires(ask), dialgate.ProxyRefusal(503), OutcomeUnsent},

		// The transport continued without a trace.
		"a cut response":       {fires(ask), io.ErrUnexpectedEOF, OutcomeUnknown},
		"a dial or a cut":      {fires(ask), errors.Join(refused, io.ErrUnexpectedEOF), OutcomeUnknown},
		"an error of this SDK": {fires(ask), &Error{cause: hide(refused)}, OutcomeUnknown},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var log attemptLog
				client := newTestClient(t, roundTripFunc(func(req *http.Request) (*http.Response, error) {
					tr := httptrace.ContextClientTrace(req.Context())
					for _, fire := range test.trace {
						fire(tr)
					}
					return nil, test.err
				}), log.hook())
				_, err := client.Invitations.Create(t.Context(), CreateInvitationRequest{Email: "a@b.example"})
				kinds, sent := []error{ErrOutcomeUnknown}, 1
				if test.want == OutcomeUnsent {
					kinds, sent = nil, 4
				}
				assertKinds(t, err, kinds...)
				require.Len(t, log.seen, sent)
				for _, a := range log.seen {
					assert.Equal(t, test.want, a.Outcome)
				}
			})
		})
	}
}

// The client's own transport traces every connection, so for it the trace alone is proof for every error of the dialler. An
// http.Transport of the caller can have a registered protocol that sends the request without a trace.
func TestOutcomeOfFailedDial(t *testing.T) {
	t.Parallel()
	for name, failure := range map[string]error{
		"a foreign error": errors.New("no tunnel"),
		"EOF":             io.EOF,
		"a cut response":  io.ErrUnexpectedEOF,
		"a timeout":       context.DeadlineExceeded,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var log attemptLog
			client := newOwnClient(t, func(own *http.Transport) {
				own.DialTLSContext = func(context.Context, string, string) (net.Conn, error) { return nil, failure }
			}, log.hook(), WithRetry(RetryPolicy{MaxAttempts: 2, MinWait: 1, MaxWait: 1}))
			_, err := client.Invitations.Create(t.Context(), CreateInvitationRequest{Email: "a@b.example"})
			assertKinds(t, err)
			require.ErrorIs(t, err, failure)
			require.Len(t, log.seen, 2)
			assert.Equal(t, OutcomeUnsent, log.seen[0].Outcome)

			others := &http.Transport{TLSNextProto: map[string]func(string, *tls.Conn) http.RoundTripper{}} // HTTP/1.1 only
			others.RegisterProtocol("https", roundTripFunc(func(req *http.Request) (*http.Response, error) {
				httptrace.ContextClientTrace(req.Context()).GetConn("a.example:443")
				return nil, failure
			}))
			_, err = newTestClient(t, others, log.hook()).Invitations.Create(t.Context(), CreateInvitationRequest{Email: "a@b.example"})
			assertKinds(t, err, ErrOutcomeUnknown)
			require.Len(t, log.seen, 3)
			assert.Equal(t, OutcomeUnknown, log.seen[2].Outcome)
		})
	}
}

func TestTraceOfTheCallerIsKept(t *testing.T) {
	t.Parallel()
	client := newLoopback(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, `{"success":true}`) })
	var asked, got atomic.Int64
	ctx := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{
		GetConn: func(string) { asked.Add(1) }, GotConn: func(httptrace.GotConnInfo) { got.Add(1) },
	})
	require.NoError(t, client.Subscriptions.Cancel(ctx, "pk"))
	assert.Equal(t, int64(1), asked.Load())
	assert.Equal(t, int64(1), got.Load())
}

// A refused dial is unsent: a POST that is not repeatable is retried too, without ErrOutcomeUnknown.
func TestRefusedDialIsRetried(t *testing.T) {
	t.Parallel()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	address := listener.Addr().String()
	require.NoError(t, listener.Close())
	var log attemptLog
	client := newTestClient(t, nil, WithBaseURL(AccountAPI, "http://"+address), soon, log.hook())
	_, err = client.Accounts.Create(t.Context(), CreateAccountRequest{Email: "a@b.example"})
	assertKinds(t, err)
	require.ErrorIs(t, err, errno.ConnectionRefused)
	var failed *Error
	require.ErrorAs(t, err, &failed)
	assert.Equal(t, 4, failed.Attempts)
	var op *net.OpError
	require.ErrorAs(t, err, &op)
	assert.Equal(t, []Outcome{OutcomeUnsent, OutcomeUnsent, OutcomeUnsent, OutcomeUnsent}, log.outcomes())
}

func TestUnknownHostIsRetried(t *testing.T) {
	t.Parallel()
	var log attemptLog
	transport := &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) {
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: &net.DNSError{Err: "no such host", Name: "api.backstack.com", IsNotFound: true}}
	}}
	client := newTestClient(t, transport, soon, log.hook())
	_, err := client.Invitations.Activate(t.Context(), "TOKEN")
	assertKinds(t, err)
	assert.Len(t, log.seen, 4)
}

// A failed TLS handshake is unsent.
func TestFailedHandshakeIsRetried(t *testing.T) {
	t.Parallel()
	newServer := func(t *testing.T, change func(*tls.Config)) *httptest.Server {
		t.Helper()
		server := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("a request arrived") }))
		server.TLS = &tls.Config{MinVersion: tls.VersionTLS12}
		change(server.TLS)
		server.Config.ErrorLog = log.New(io.Discard, "", 0)
		server.StartTLS()
		t.Cleanup(server.Close)
		return server
	}
	t.Run("unknown authority", func(t *testing.T) {
		t.Parallel()
		server := newServer(t, func(*tls.Config) {})
		var log attemptLog
		client := newTestClient(t, nil, WithBaseURL(NetworkAPI, server.URL), soon, log.hook())
		_, err := client.Invitations.Create(t.Context(), CreateInvitationRequest{Email: "a@b.example"})
		assertKinds(t, err)
		require.ErrorContains(t, err, "no response: tls: failed to verify certificate: x509: ")
		var unknown x509.UnknownAuthorityError
		require.ErrorAs(t, err, &unknown)
		assert.Equal(t, []Outcome{OutcomeUnsent, OutcomeUnsent, OutcomeUnsent, OutcomeUnsent}, log.outcomes())
	})
	t.Run("refused by the server", func(t *testing.T) {
		t.Parallel()
		server := newServer(t, func(c *tls.Config) { c.MaxVersion, c.ClientAuth = tls.VersionTLS12, tls.RequireAnyClientCert })
		var log attemptLog
		client := newTestClient(t, server.Client().Transport, WithBaseURL(NetworkAPI, server.URL), soon, log.hook())
		_, err := client.Invitations.Create(t.Context(), CreateInvitationRequest{Email: "a@b.example"})
		assertKinds(t, err)
		require.ErrorContains(t, err, "no response: remote error: tls: ")
		assert.Equal(t, []Outcome{OutcomeUnsent, OutcomeUnsent, OutcomeUnsent, OutcomeUnsent}, log.outcomes())
	})
	t.Run("not TLS", func(t *testing.T) {
		t.Parallel()
		server := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("a request arrived") }))
		server.Config.ErrorLog = log.New(io.Discard, "", 0)
		server.Start()
		t.Cleanup(server.Close)
		client := newTestClient(t, nil, WithBaseURL(NetworkAPI, strings.Replace(server.URL, "http:", "https:", 1)), soon)
		_, err := client.Invitations.Create(t.Context(), CreateInvitationRequest{Email: "a@b.example"})
		assertKinds(t, err)
		var failed tls.RecordHeaderError
		require.ErrorAs(t, err, &failed)
	})
}

// testdata/TRAPS.md: "The default policy retries any method on any transport error and on 5xx." A POST that is not
// repeatable is not retried after an incomplete response.
func TestTrapIncompleteResponse(t *testing.T) {
	t.Parallel()
	const head = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Type: application/json\r\n"
	responses := map[string]struct {
		response string
		kinds    []error
		status   int
	}{
		"empty":                   {"", nil, 0},
		"half a header":           {"HTTP/1.1 200 OK\r\nContent-", nil, 0},
		"not HTTP":                {"SSH-2.0-OpenSSH\r\n\r\n", nil, 0},
		"header only":             {head + "Content-Length: 16\r\n\r\n", []error{ErrBadResponse}, 200},
		"half a body":             {head + "Content-Length: 160\r\n\r\n" + `{"success":true}`, []error{ErrBadResponse}, 200},
		"half a chunked body":     {head + "Transfer-Encoding: chunked\r\n\r\n10\r\n" + `{"success":true}` + "\r\n", []error{ErrBadResponse}, 200},
		"half a 404":              {"HTTP/1.1 404 Not Found\r\nContent-Length: 9\r\n\r\n{}", []error{ErrBadResponse}, 404},
		"half a 503":              {"HTTP/1.1 503 Unavailable\r\nContent-Length: 9\r\n\r\n{}", []error{ErrServer}, 503},
		"half a gzipped body":     {head + "Content-Encoding: gzip\r\nContent-Length: 12\r\n\r\n\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff\xff\xff", []error{ErrBadResponse}, 200},
		"a body that is not gzip": {head + "Content-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}", []error{ErrBadResponse}, 200},
	}
	calls := map[string]struct {
		sent  int
		write bool
		call  Call
	}{
		"POST":            {1, true, Call{API: PartnerAPI, Op: "POST /a", Body: 1}},
		"PATCH":           {1, true, Call{API: PartnerAPI, Op: "PATCH /a", Body: 1}},
		"repeatable POST": {4, true, Call{API: PartnerAPI, Op: "POST /a", Body: 1, Repeatable: true}},
		"PUT":             {4, true, Call{API: PartnerAPI, Op: "PUT /a", Body: 1}},
		"DELETE":          {4, true, Call{API: PartnerAPI, Op: "DELETE /a"}},
		"GET":             {4, false, Call{API: PartnerAPI, Op: "GET /a"}},
	}
	for how, test := range responses {
		for name, c := range calls {
			t.Run(how+" to a "+name, func(t *testing.T) {
				t.Parallel()
				var sent atomic.Int64
				var log attemptLog
				client := newLoopback(t, func(w http.ResponseWriter, r *http.Request) {
					sent.Add(1)
					cutting(test.response)(w, r)
				}, soon, log.hook())
				_, err := Do[none](t.Context(), client, c.call)
				kinds := test.kinds
				if c.write {
					kinds = append([]error{ErrOutcomeUnknown}, kinds...)
				}
				assertKinds(t, err, kinds...)
				assert.Equal(t, int64(c.sent), sent.Load())
				var failed *Error
				require.ErrorAs(t, err, &failed)
				assert.Equal(t, c.sent, failed.Attempts)
				assert.Equal(t, test.status, failed.StatusCode)
				require.Len(t, log.seen, c.sent)
				for _, a := range log.seen {
					assert.Equal(t, OutcomeUnknown, a.Outcome)
					assert.Error(t, a.Err)
				}
			})
		}
	}
}

func TestIncompleteResponseOverHTTP2(t *testing.T) {
	t.Parallel()
	var sent atomic.Int64
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		assert.Equal(t, 2, r.ProtoMajor)
		sent.Add(1)
		_, _ = io.Copy(io.Discard, r.Body)
		if strings.HasSuffix(r.URL.Path, "/within") {
			_, _ = io.WriteString(w, `{"success":`)
			w.(http.Flusher).Flush()
		}
		panic(http.ErrAbortHandler)
	}))
	server.EnableHTTP2 = true
	server.StartTLS()
	t.Cleanup(server.Close)
	var log attemptLog
	client := newTestClient(t, server.Client().Transport, WithBaseURL(PartnerAPI, server.URL), soon, log.hook())
	for _, op := range []string{"POST /before", "POST /within"} {
		sent.Store(0)
		_, err := Do[none](t.Context(), client, Call{API: PartnerAPI, Op: op, Body: 1})
		require.ErrorIs(t, err, ErrOutcomeUnknown)
		assert.Equal(t, int64(1), sent.Load())
	}
	assert.Equal(t, []Outcome{OutcomeUnknown, OutcomeUnknown}, log.outcomes())
	sent.Store(0)
	_, err := Do[none](t.Context(), client, Call{API: PartnerAPI, Op: "GET /before"})
	require.NotErrorIs(t, err, ErrOutcomeUnknown)
	assert.Equal(t, int64(4), sent.Load())
}

// testdata/TRAPS.md: "On a redirect to another host only `Authorization`, `Cookie` and similar headers are dropped." and "A
// refusal in `CheckRedirect` is retried." No redirect is followed.
func TestTrapRedirect(t *testing.T) {
	t.Parallel()
	for _, status := range []int{301, 302, 303, 307, 308} {
		for _, api := range []API{PartnerAPI, AccountAPI, NetworkAPI} {
			for _, method := range []string{"GET", "POST", "PUT", "DELETE"} {
				t.Run(fmt.Sprint(status, api, method), func(t *testing.T) {
					t.Parallel()
					elsewhere := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
						t.Errorf("the other server got %s %s %v", r.Method, r.URL, r.Header)
					}))
					t.Cleanup(elsewhere.Close)
					var sent atomic.Int64
					client := newLoopback(t, func(w http.ResponseWriter, r *http.Request) {
						sent.Add(1)
						http.Redirect(w, r, elsewhere.URL+"/x?email=SECRET", status)
					}, soon)
					_, err := do[none](t.Context(), client, endpoint{
						Call: Call{API: api, Op: method + " /a", Body: "SECRET"}, extraCredential: OrganizationKey,
					}, nil)
					assertKinds(t, err, ErrBadResponse)
					var failed *Error
					require.ErrorAs(t, err, &failed)
					assert.Equal(t, status, failed.StatusCode)
					assert.Equal(t, int64(1), sent.Load())
				})
			}
		}
	}
}

// endless is a body without an end. It counts the bytes that are read.
type endless struct{ read, closed atomic.Int64 }

func (e *endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = ' '
	}
	e.read.Add(int64(len(p)))
	return len(p), nil
}

func (e *endless) Close() error {
	e.closed.Add(1)
	return nil
}

func TestBodyLimit(t *testing.T) {
	t.Parallel()
	const limit = 16
	body := func(n int) string { return `"` + strings.Repeat("x", n-2) + `"` }
	tests := map[string]struct {
		status, size int
		kinds        []error
	}{
		"at the limit":          {200, limit, nil},
		"over the limit":        {200, limit + 1, []error{ErrResponseTooLarge}},
		"far over the limit":    {200, 100 * limit, []error{ErrResponseTooLarge}},
		"over the limit, 404":   {404, limit + 1, []error{ErrResponseTooLarge}},
		"over the limit, 302":   {302, limit + 1, []error{ErrResponseTooLarge}},
		"over the limit, 500":   {500, limit + 1, []error{ErrResponseTooLarge, ErrServer}},
		"over the limit, 429":   {429, limit + 1, []error{ErrResponseTooLarge, ErrRateLimited}},
		"within the limit, 404": {404, limit, []error{ErrBadResponse}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client := newTestClient(t, always(test.status, body(test.size)), WithMaxResponseBytes(limit))
			got, err := Do[string](t.Context(), client, Call{API: NetworkAPI, Op: "GET /a"}, WithoutRetry())
			if test.kinds == nil {
				require.NoError(t, err)
				assert.Len(t, got, limit-2)
				return
			}
			assertKinds(t, err, test.kinds...)
			assert.Empty(t, got)
			assert.Equal(t, 1, strings.Count(err.Error(), "response too large")+strings.Count(err.Error(), "not in the API's form"))
		})
	}
}

// A transport that is not net/http's may return a response without a body.
func TestResponseWithoutABody(t *testing.T) {
	t.Parallel()
	for status, kinds := range map[int][]error{200: nil, 204: nil, 302: {ErrBadResponse}, 404: {ErrBadResponse}, 503: {ErrServer}} {
		client := newTestClient(t, roundTripFunc(func(*http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: status}, nil
		}))
		_, err := Do[none](t.Context(), client, Call{API: NetworkAPI, Op: "GET /a"}, WithoutRetry())
		if kinds == nil {
			require.NoError(t, err, status)
			continue
		}
		require.ErrorIs(t, err, kinds[0], status)
	}
	_, err := newTestClient(t, roundTripFunc(func(*http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: 200}, nil
	})).Networks.Get(t.Context(), "acc_1")
	assertKinds(t, err, ErrBadResponse)
}

// A response that is too large is incomplete: the outcome of a write is unknown. It is not retried, because the next
// response would be as large.
func TestTooLargeResponseToAWrite(t *testing.T) {
	t.Parallel()
	for _, op := range []string{"POST /a", "PUT /a", "DELETE /a", "GET /a"} {
		for _, status := range []int{200, 404} {
			var log attemptLog
			client := newTestClient(t, always(status, strings.Repeat(" ", 11)), WithMaxResponseBytes(10), log.hook())
			_, err := Do[none](t.Context(), client, Call{API: NetworkAPI, Op: op})
			require.ErrorIs(t, err, ErrResponseTooLarge)
			assert.Equal(t, op != "GET /a", errors.Is(err, ErrOutcomeUnknown), op)
			require.Len(t, log.seen, 1)
			assert.Equal(t, OutcomeUnknown, log.seen[0].Outcome)
			assert.Equal(t, status, log.seen[0].StatusCode)
			require.ErrorIs(t, log.seen[0].Err, ErrResponseTooLarge)
			assert.Zero(t, log.seen[0].Wait)
		}
	}
}

func TestReadStopsAtTheLimit(t *testing.T) {
	t.Parallel()
	body := &endless{}
	client := newTestClient(t, roundTripFunc(func(*http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: 200, Body: body}, nil
	}))
	_, err := Do[none](t.Context(), client, Call{API: NetworkAPI, Op: "GET /a"})
	assertKinds(t, err, ErrResponseTooLarge)
	assert.Equal(t, int64(10<<20+1), body.read.Load())
	assert.Equal(t, int64(1), body.closed.Load())
}

// The body of an invalid response, or of one with an error, is closed: its connection would leak.
func TestBodyOfInvalidResponseIsClosed(t *testing.T) {
	t.Parallel()
	for status, failed := range map[int]error{0: nil, 99: nil, 200: io.ErrUnexpectedEOF} {
		body := &endless{}
		client := newTestClient(t, roundTripFunc(func(*http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: status, Body: body}, failed
		}))
		_, err := Do[none](t.Context(), client, Call{API: NetworkAPI, Op: "POST /a"})
		assertKinds(t, err, ErrOutcomeUnknown)
		assert.Equal(t, int64(1), body.closed.Load(), status)
		assert.Zero(t, body.read.Load())
	}
}

func TestLargestLimit(t *testing.T) {
	t.Parallel()
	client := newTestClient(t, always(200, `{"id":"a"}`), WithMaxResponseBytes(math.MaxInt64))
	got, err := Do[map[string]string](t.Context(), client, Call{API: NetworkAPI, Op: "GET /a"})
	require.NoError(t, err)
	assert.Equal(t, map[string]string{"id": "a"}, got)
}

// lateBody fails when its call is done, and then writes to the buffer of its last Read once more, which io.Reader forbids.
type lateBody struct {
	ctx        context.Context //nolint:containedctx // of the request
	late, done chan struct{}
}

func (b *lateBody) Read(p []byte) (int, error) {
	<-b.ctx.Done()
	go func() {
		<-b.late
		copy(p, `{"id":"late"}`)
		close(b.done)
	}()
	return 0, b.ctx.Err()
}

func (*lateBody) Close() error { return nil }

// The buffer of an incomplete response is not reused, because the transport can still write to it.
func TestBufferOfACancelledCall(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var late *lateBody
		calls := 0
		client := newTestClient(t, roundTripFunc(func(req *http.Request) (*http.Response, error) {
			response := reply(200, `{"id":"good"}`)
			switch calls++; calls {
			case 1: // its buffer is reused by the next one
				return response, nil
			case 2:
				late = &lateBody{req.Context(), make(chan struct{}), make(chan struct{})}
				response.Body = late
				return response, nil
			}
			response.Body = io.NopCloser(io.MultiReader(response.Body, readerFunc(func([]byte) (int, error) {
				close(late.late)
				<-late.done
				return 0, io.EOF
			})))
			return response, nil
		}), WithTimeout(time.Second))
		_, err := Do[map[string]string](t.Context(), client, Call{API: NetworkAPI, Op: "GET /a"})
		require.NoError(t, err)
		_, err = Do[map[string]string](t.Context(), client, Call{API: NetworkAPI, Op: "GET /a"}, WithoutRetry())
		require.ErrorIs(t, err, context.DeadlineExceeded)
		got, err := Do[map[string]string](t.Context(), client, Call{API: NetworkAPI, Op: "GET /a"})
		require.NoError(t, err)
		assert.Equal(t, map[string]string{"id": "good"}, got)
	})
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

func TestGzippedResponse(t *testing.T) {
	t.Parallel()
	client := newLoopback(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		zip := gzip.NewWriter(w)
		_, _ = io.WriteString(zip, `{"success":true}`)
		_ = zip.Close()
	})
	require.NoError(t, client.Subscriptions.Cancel(t.Context(), "pk"))
}

// testdata/TRAPS.md: "`http.DefaultTransport` keeps 2 idle connections a host."
func TestTrapOwnTransport(t *testing.T) {
	t.Parallel()
	client, err := NewClient()
	require.NoError(t, err)
	own, ok := client.config().transport.(*dialgate.Transport)
	require.True(t, ok)
	transport := own.Base
	assert.Equal(t, 64, transport.MaxIdleConnsPerHost)
	assert.Zero(t, transport.MaxIdleConns)
	assert.Equal(t, int64(1<<20), transport.MaxResponseHeaderBytes)
	assert.NotNil(t, transport.Proxy)
	assert.True(t, transport.ForceAttemptHTTP2)
	assert.NotSame(t, http.DefaultTransport, transport)
}

// stall is a body whose Read blocks until its request is done.
type stall struct {
	io.ReadCloser

	ctx context.Context //nolint:containedctx // a body belongs to its request
}

func (s stall) Read([]byte) (int, error) {
	<-s.ctx.Done()
	return 0, s.ctx.Err()
}

func TestTimeoutPerAttempt(t *testing.T) {
	t.Parallel()
	silent := func(req *http.Request) (*http.Response, error) {
		<-req.Context().Done()
		return nil, req.Context().Err()
	}
	stalled := func(req *http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: 200, Body: stall{http.NoBody, req.Context()}}, nil
	}
	tests := map[string]struct {
		transport roundTripFunc
		opts      []Option
		each      time.Duration
		op        string
		sent      int
		status    int
	}{
		"silent, default timeout":  {silent, nil, 30 * time.Second, "GET /a", 4, 0},
		"stalled, default timeout": {stalled, nil, 30 * time.Second, "GET /a", 4, 200},
		"silent POST":              {silent, []Option{WithTimeout(time.Second)}, time.Second, "POST /a", 1, 0},
		"stalled POST":             {stalled, []Option{WithTimeout(time.Second)}, time.Second, "POST /a", 1, 200},
		"silent DELETE":            {silent, []Option{WithTimeout(5 * time.Second)}, 5 * time.Second, "DELETE /a", 4, 0},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var log attemptLog
				client := newTestClient(t, test.transport, append(test.opts, log.hook())...)
				_, err := Do[none](t.Context(), client, Call{API: NetworkAPI, Op: test.op})
				log.assertTimedOut(t, err, test.sent, test.each, test.status)
				require.NoError(t, t.Context().Err())
			})
		})
	}
}

// The deadline of a call is its context's: no attempt outlasts it or begins after it.
func TestDeadlineOfTheCall(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var log attemptLog
		client := newTestClient(t, roundTripFunc(func(req *http.Request) (*http.Response, error) {
			<-req.Context().Done()
			return nil, req.Context().Err()
		}), log.hook())
		ctx, cancel := context.WithTimeout(t.Context(), 7*time.Second)
		defer cancel()
		started := time.Now()
		_, err := Do[none](ctx, client, Call{API: NetworkAPI, Op: "GET /a"})
		require.ErrorIs(t, err, context.DeadlineExceeded)
		assert.Equal(t, 7*time.Second, time.Since(started))
		assert.Len(t, log.seen, 1)
	})
}

func TestContextDoneBeforeTheCall(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var log attemptLog
	client := newTestClient(t, nothingSent(t), log.hook())
	_, err := Do[none](ctx, client, Call{API: NetworkAPI, Op: "POST /a"})
	assertKinds(t, err)
	require.ErrorIs(t, err, context.Canceled)
	assert.Empty(t, log.seen)
}

func TestIncompleteKinds(t *testing.T) {
	t.Parallel()
	over, cancel := context.WithCancel(t.Context())
	cancel()
	tests := []struct {
		ctx    context.Context //nolint:containedctx // under test
		status int
		err    error
		want   []error
	}{
		{t.Context(), 200, io.ErrUnexpectedEOF, []error{ErrBadResponse}},
		{t.Context(), 302, io.ErrUnexpectedEOF, []error{ErrBadResponse}},
		{t.Context(), 400, io.ErrUnexpectedEOF, []error{ErrBadResponse}},
		{t.Context(), 404, io.ErrUnexpectedEOF, []error{ErrBadResponse}}, // it can be that of an unknown route
		{t.Context(), 429, io.ErrUnexpectedEOF, []error{ErrRateLimited}},
		{t.Context(), 503, io.ErrUnexpectedEOF, []error{ErrServer}},
		{over, 200, context.Canceled, []error{}},
		{over, 403, context.Canceled, []error{ErrForbidden}},
		{over, 503, context.Canceled, []error{ErrServer}},
		{t.Context(), 200, ErrResponseTooLarge, []error{ErrResponseTooLarge}},
		{t.Context(), 400, ErrResponseTooLarge, []error{ErrResponseTooLarge}},
		{t.Context(), 500, ErrResponseTooLarge, []error{ErrServer, ErrResponseTooLarge}},
	}
	for _, test := range tests {
		assert.Equal(t, test.want, incompleteKinds(test.ctx, test.status, test.err), "%d %v", test.status, test.err)
	}
}

func TestOutcomeOfStatus(t *testing.T) {
	t.Parallel()
	for status, want := range map[int]Outcome{
		100: OutcomeUnknown, 101: OutcomeUnknown, 199: OutcomeUnknown, 200: OutcomeAnswered, 201: OutcomeAnswered,
		302: OutcomeAnswered, 400: OutcomeAnswered, 401: OutcomeAnswered, 407: OutcomeAnswered, 408: OutcomeUnknown, 409: OutcomeAnswered, 428: OutcomeAnswered,
		429: OutcomeUnsent, 430: OutcomeAnswered, 499: OutcomeAnswered,
		500: OutcomeUnknown, 502: OutcomeUnknown, 503: OutcomeUnknown, 504: OutcomeUnknown, 599: OutcomeUnknown,
	} {
		assert.Equal(t, want, outcomeOf(status), status)
	}
}

// testdata/TRAPS.md: "Every give-up and every cancelled call closes the whole idle pool (`CloseIdleConnections`)." 20 calls
// that succeed, 20 of each kind that fail and 20 cancelled between attempts use one connection.
func TestTrapPoolSurvives(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var status, allowed atomic.Int64
		client, connections := newPipedServer(t, func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(int(status.Load()))
			if status.Load() == http.StatusOK {
				_, _ = io.WriteString(w, `{"success":true}`)
				return
			}
			_, _ = io.WriteString(w, strings.Repeat("x", 100_000))
		}, cancellingHook(), WithRetry(RetryPolicy{MaxAttempts: 2}), WithRateLimiter(NetworkAPI, limiterFunc(func(context.Context) error {
			if allowed.Add(-1) < 0 {
				return errors.New("no")
			}
			return nil
		})))
		get := Call{API: AccountAPI, Op: "GET /a"}
		post := Call{API: AccountAPI, Op: "POST /a"}
		failing := []struct {
			name   string
			status int64
			call   Call
			want   error
		}{
			{"not in the API's form", 201, get, ErrBadResponse},
			{"redirect", 302, get, ErrBadResponse},
			{"refused", 400, post, ErrInvalid},
			{"401", 401, post, ErrUnauthorized},
			{"404", 404, get, ErrBadResponse},
			{"429, to the last attempt", 429, post, ErrRateLimited},
			{"500, to the last attempt", 500, get, ErrServer},
			{"500, sent once", 500, post, ErrOutcomeUnknown},
			{"the second attempt may not start", 503, Call{API: NetworkAPI, Op: "GET /a"}, ErrServer},
		}
		for range 20 {
			status.Store(200)
			require.NoError(t, client.Subscriptions.Cancel(t.Context(), "pk"))

			for _, test := range failing {
				status.Store(test.status)
				allowed.Store(1)
				_, err := Do[none](t.Context(), client, test.call)
				require.ErrorIs(t, err, test.want, test.name)
			}

			status.Store(429)
			ctx, cancel := context.WithCancel(t.Context())
			err := client.Subscriptions.Cancel(context.WithValue(ctx, cancelKey{}, cancel), "pk")
			require.ErrorIs(t, err, context.Canceled)
			require.ErrorIs(t, err, ErrRateLimited)
			cancel()
		}
		assert.Equal(t, int64(1), connections.Load())
	})
}

// testdata/TRAPS.md: "A failed response is drained for at most 4 KiB."
func TestTrapPoolSurvivesLargeFailures(t *testing.T) {
	t.Parallel()
	writes := map[string]func(http.ResponseWriter, int, string){
		"with a length": func(w http.ResponseWriter, status int, page string) {
			w.Header().Set("Content-Length", "300000")
			w.WriteHeader(status)
			_, _ = io.WriteString(w, page)
		},
		"in chunks": func(w http.ResponseWriter, status int, page string) {
			w.WriteHeader(status)
			w.(http.Flusher).Flush()
			_, _ = io.WriteString(w, page)
		},
		"gzipped": func(w http.ResponseWriter, status int, page string) {
			w.Header().Set("Content-Encoding", "gzip")
			w.WriteHeader(status)
			zip, _ := gzip.NewWriterLevel(w, gzip.NoCompression)
			_, _ = io.WriteString(zip, page)
			_ = zip.Close()
		},
	}
	for how, write := range writes {
		for status, sent := range map[int]int64{200: 1, 302: 1, 400: 1, 404: 1, 429: 4, 500: 4, 503: 4} {
			t.Run(how+" "+http.StatusText(status), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					var arrived atomic.Int64
					client, connections := newPipedServer(t, func(w http.ResponseWriter, _ *http.Request) {
						arrived.Add(1)
						write(w, status, strings.Repeat("x", 300_000))
					})
					for range 3 {
						_, err := Do[none](t.Context(), client, Call{API: AccountAPI, Op: "GET /a"})
						require.Error(t, err)
					}
					assert.Equal(t, 3*sent, arrived.Load())
					assert.Equal(t, int64(1), connections.Load())
				})
			})
		}
	}
}

// An HTTP/1.1 call that is cancelled in flight, or fails before its response is complete, loses its own connection and no
// other.
func TestFailedCallLosesOnlyItsConnection(t *testing.T) {
	t.Parallel()
	const many = 8
	tests := map[string]struct {
		response http.HandlerFunc // to the call that fails
		opts     []Option
		want     error
	}{
		"cancelled": {
			func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
			nil, context.Canceled,
		},
		"cancelled within the response": {
			func(w http.ResponseWriter, r *http.Request) {
				_, _ = io.WriteString(w, "{")
				w.(http.Flusher).Flush()
				<-r.Context().Done()
			},
			nil, context.Canceled,
		},
		"timed out": {
			func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
			nil, context.DeadlineExceeded,
		},
		"cut": {
			func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
			nil, io.EOF,
		},
		"too large": {
			func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, strings.Repeat("x", 300_000)) },
			[]Option{WithMaxResponseBytes(1000)}, ErrResponseTooLarge,
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				client, connections := newPipedServer(t, func(w http.ResponseWriter, r *http.Request) {
					if r.Method == http.MethodPost {
						_, _ = io.Copy(io.Discard, r.Body) // or the server does not see that the client disconnects
						test.response(w, r)
						return
					}
					time.Sleep(time.Second) // until every call has come
					_, _ = io.WriteString(w, `{"success":true}`)
				}, test.opts...)
				batch := func() {
					var calls sync.WaitGroup
					for range many {
						calls.Go(func() { assert.NoError(t, client.Subscriptions.Cancel(t.Context(), "pk")) })
					}
					calls.Wait()
				}
				batch()
				require.Equal(t, int64(8), connections.Load())
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				if errors.Is(test.want, context.Canceled) {
					time.AfterFunc(time.Second, cancel)
				}
				_, err := Do[none](ctx, client, Call{API: PartnerAPI, Op: "POST /a", Body: 1})
				require.ErrorIs(t, err, ErrOutcomeUnknown)
				require.ErrorIs(t, err, test.want)
				require.Equal(t, int64(8), connections.Load())
				batch()
				assert.Equal(t, int64(9), connections.Load())
			})
		})
	}
}

// net/http itself retries a GET for each pooled connection that breaks before the response. The additional requests in an
// outage are bounded by the pool, and writes are never retried in this way.
func TestOutageWithAWarmPool(t *testing.T) {
	t.Parallel()
	const kept = 64
	for method, most := range map[string]int64{http.MethodGet: 1100 + kept, http.MethodPost: 1000} {
		t.Run(method, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var arrived atomic.Int64
				var down atomic.Bool
				client, connections := newPipedServer(t, func(w http.ResponseWriter, _ *http.Request) {
					if arrived.Add(1); down.Load() {
						panic(http.ErrAbortHandler)
					}
					time.Sleep(time.Second) // until every call has come
					_, _ = io.WriteString(w, "{}")
				})
				calls := func(workers, each int, check func(error)) {
					var all sync.WaitGroup
					for range workers {
						all.Go(func() {
							for range each {
								_, err := Do[none](t.Context(), client, Call{API: NetworkAPI, Op: method + " /a"})
								check(err)
							}
						})
					}
					all.Wait()
				}
				calls(kept, 1, func(err error) { assert.NoError(t, err) })
				require.Equal(t, int64(kept), connections.Load())
				arrived.Store(0)
				down.Store(true)
				calls(200, 5, func(err error) { assert.Error(t, err) })
				assert.LessOrEqual(t, arrived.Load(), most)
				assert.GreaterOrEqual(t, arrived.Load(), int64(1000))
			})
		})
	}
}

// unreachable dials a server that does not respond: net/http continues to dial when no call waits any more.
func unreachable(context.Context, string, string) (net.Conn, error) {
	time.Sleep(30 * time.Second)
	return nil, context.DeadlineExceeded
}

// A call does not wait for the connections of others until its timeout, but asks for its own before. No call is sent.
func TestGateServerUnreachable(t *testing.T) {
	t.Parallel()
	for base, timeout := range map[string]time.Duration{
		"https://a.example": 5 * time.Second, "http://a.example": 5 * time.Second, "https://b.example": time.Second,
	} {
		t.Run(base, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				started := time.Now()
				var log attemptLog
				var dialled atomic.Int64
				client := newOwnClient(t, func(own *http.Transport) {
					own.Proxy = nil
					own.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
						dialled.Add(1)
						return unreachable(ctx, network, address)
					}
				}, WithBaseURL(PartnerAPI, base), WithInsecureHTTP(), WithRetry(RetryPolicy{MaxAttempts: 1}), WithTimeout(timeout), log.hook())
				concurrently(10, func() {
					err := client.Subscriptions.Cancel(t.Context(), "pk")
					assert.True(t, errors.Is(err, context.DeadlineExceeded) && !errors.Is(err, ErrOutcomeUnknown), "%v", err)
				})
				assert.Equal(t, int64(10), dialled.Load())
				assert.Equal(t, timeout, time.Since(started))
				assert.Equal(t, slices.Repeat([]Outcome{OutcomeUnsent}, 10), log.outcomes())
				time.Sleep(time.Minute) // until the dials have ended
			})
		})
	}
}

// newOccupied returns a client whose gate to the partner API has one place, which a request takes until release is called,
// and the number of dials.
func newOccupied(t *testing.T, opts ...Option) (client *Client, dialled *atomic.Int64, release context.CancelFunc) {
	t.Helper()
	dialled = new(atomic.Int64)
	client = newOwnClient(t, func(own *http.Transport) {
		own.Proxy = nil
		own.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
			dialled.Add(1)
			return unreachable(ctx, network, address)
		}
	}, append([]Option{WithBaseURL(PartnerAPI, "https://a.example")}, opts...)...)
	ctx, release := context.WithCancel(t.Context())
	first, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://a.example", nil)
	require.NoError(t, err)
	own := client.config().transport
	go func() {
		_, err := own.RoundTrip(first) //nolint:bodyclose // there is no response
		assert.Error(t, err)
	}()
	synctest.Wait()
	return client, dialled, release
}

// A timeout in the gate proves that nothing was sent, so a call that is not idempotent is retried too.
func TestGateTimeout(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const timeout = time.Second
		var log attemptLog
		client, dialled, release := newOccupied(t, WithTimeout(timeout), WithRetry(RetryPolicy{MaxAttempts: 3}), log.hook())
		defer release()
		// A request waits in the gate for a quarter of its time at most, so the rest has to pass before.
		ctx := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{GetConn: func(string) { time.Sleep(timeout) }})
		_, err := Do[none](ctx, client, Call{API: PartnerAPI, Op: "POST /a", Body: 1})
		assertKinds(t, err)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		assert.Equal(t, []Outcome{OutcomeUnsent, OutcomeUnsent, OutcomeUnsent}, log.outcomes())
		assert.Equal(t, int64(1), dialled.Load())
		release()
		time.Sleep(time.Minute) // until the dial has ended
	})
}

// The same for a timeout of a call that has left the gate for a connection of its own.
func TestGateTimeoutOfOwnDial(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var log attemptLog
		client, dialled, release := newOccupied(t, WithTimeout(time.Second), WithRetry(RetryPolicy{MaxAttempts: 3}), log.hook())
		defer release()
		_, err := Do[none](t.Context(), client, Call{API: PartnerAPI, Op: "POST /a", Body: 1})
		assertKinds(t, err)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		assert.Equal(t, []Outcome{OutcomeUnsent, OutcomeUnsent, OutcomeUnsent}, log.outcomes())
		assert.Equal(t, int64(4), dialled.Load())
		release()
		time.Sleep(time.Minute) // until the dials have ended
	})
}

// A call that is cancelled in the gate was certainly not sent.
func TestGateCallCancelled(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var log attemptLog
		client, dialled, release := newOccupied(t, log.hook())
		defer release()
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Millisecond, cancel)
		err := client.Subscriptions.Cancel(ctx, "pk")
		require.ErrorIs(t, err, context.Canceled)
		require.NotErrorIs(t, err, ErrOutcomeUnknown)
		assert.Equal(t, []Outcome{OutcomeUnsent}, log.outcomes())
		assert.Equal(t, int64(1), dialled.Load())
		release()
		time.Sleep(time.Minute) // until the dial has ended
	})
}

// A proxy that refuses the connection has sent nothing to the API. Its status is printed, but not its own text.
func TestProxyRefuses(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		line   string
		status int
		sent   int
	}{
		"407":            {"407 Proxy Authentication Required", 407, 1},
		"its own text":   {"407 Ask SECRET", 407, 1},
		"without text":   {"403", 403, 1},
		"404":            {"404 Not Found", 404, 1},
		"a redirect":     {"302 Found\r\nLocation: https://SECRET.example", 302, 1},
		"unknown status": {"499 SECRET", 499, 1},
		"another 2xx":    {"204 No Content", 204, 1},
		"408":            {"408 Request Timeout", 408, 4},
		"429":            {"429 Too Many Requests", 429, 4},
		"500":            {"500 SECRET", 500, 4},
		"503":            {"503 Service Unavailable", 503, 4},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			proxy, asked := newProxy(t, "HTTP/1.1 "+test.line+"\r\nContent-Length: 6\r\n\r\nSECRET")
			var log attemptLog
			client := newOwnClient(t, func(own *http.Transport) { own.Proxy = http.ProxyURL(proxy) }, soon, log.hook())
			_, err := client.Invitations.Activate(t.Context(), "TOKEN")
			assertKinds(t, err) // not ErrOutcomeUnknown
			var refusal dialgate.ProxyRefusal
			require.ErrorAs(t, err, &refusal)
			assert.Equal(t, test.status, int(refusal))
			assert.NotContains(t, err.Error(), "SECRET")
			assert.Equal(t, int64(test.sent), asked.Load())
			assert.Equal(t, slices.Repeat([]Outcome{OutcomeUnsent}, test.sent), log.outcomes())
			var failed *Error
			require.ErrorAs(t, err, &failed)
			assert.Equal(t, test.sent, failed.Attempts)
			assert.Zero(t, failed.StatusCode)
		})
	}
}

func TestSOCKSProxyRefuses(t *testing.T) {
	t.Parallel()
	proxy, _ := newProxy(t, "SECRET")
	proxy.Scheme = "socks5"
	client := newOwnClient(t, func(own *http.Transport) { own.Proxy = http.ProxyURL(proxy) }, soon)
	_, err := client.Networks.Get(t.Context(), "acc_1")
	require.ErrorContains(t, err, "unexpected protocol version")
	assert.NotContains(t, err.Error(), "SECRET")
}

// An http.Transport of the caller returns only the text of the status, which is recognised if it is the standard text.
func TestProxyRefusesTransportOfTheCaller(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		line   string
		status int
		sent   int
	}{
		"407":          {"407 Proxy Authentication Required", 407, 1},
		"403":          {"403 Forbidden", 403, 1},
		"502":          {"502 Bad Gateway", 502, 4},
		"without text": {"503", 0, 4},
		"its own text": {"407 Ask SECRET", 0, 4},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			proxy, asked := newProxy(t, "HTTP/1.1 "+test.line+"\r\n\r\n")
			client := newTestClient(t, &http.Transport{Proxy: http.ProxyURL(proxy)}, soon)
			_, err := client.Networks.Get(t.Context(), "acc_1")
			var refusal dialgate.ProxyRefusal
			assert.Equal(t, test.status != 0, errors.As(err, &refusal))
			assert.Equal(t, test.status, int(refusal))
			assert.NotContains(t, err.Error(), "SECRET")
			assert.Equal(t, int64(test.sent), asked.Load())
		})
	}
	// The text of another transport's error is not proof.
	transport := turns(func(*http.Request) (*http.Response, error) { return nil, errors.New("Forbidden") })
	_, err := newTestClient(t, transport, soon).Networks.Get(t.Context(), "acc_1")
	require.Error(t, err)
	assert.Equal(t, 4, transport.sent)
}

// allocated returns how many bytes are allocated on the heap while do runs, by every goroutine of the process.
func allocated(do func()) int64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	do()
	runtime.ReadMemStats(&after)
	return int64(after.TotalAlloc - before.TotalAlloc) //nolint:gosec // far from overflow
}

// responding serves a connection: it reads one request, writes response, and then writes again at every pause until the
// client disconnects.
func responding(response, again string, pause time.Duration) func(net.Conn) {
	return func(conn net.Conn) {
		defer func() { _ = conn.Close() }()
		req, err := http.ReadRequest(bufio.NewReader(conn))
		if err != nil {
			return
		}
		_, _ = io.Copy(io.Discard, req.Body)
		if _, err := io.WriteString(conn, response); err != nil {
			return
		}
		gone := make(chan struct{})
		go func() {
			defer close(gone)
			_, _ = io.Copy(io.Discard, conn)
		}()
		for err == nil && again != "" {
			select {
			case <-gone:
				return
			case <-time.After(pause):
				_, err = io.WriteString(conn, again)
			}
		}
		<-gone
	}
}

// A server that falls silent at any point, or never ends its response, costs an attempt its timeout, and no goroutine:
// synctest waits for all of them. Retries and kinds are those of every incomplete response.
func TestSilentServer(t *testing.T) {
	t.Parallel()
	const head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
	servers := map[string]struct {
		serve  func(net.Conn)
		status int
	}{
		"never reads":                 {func(net.Conn) {}, 0},
		"silent":                      {responding("", "", 0), 0},
		"silent within the status":    {responding("HTTP/1.1 2", "", 0), 0},
		"silent within the headers":   {responding(head+"Content-Le", "", 0), 0},
		"silent after a 103":          {responding("HTTP/1.1 103 Early Hints\r\n\r\n", "", 0), 0},
		"silent after the headers":    {responding(head+"Content-Length: 16\r\n\r\n", "", 0), 200},
		"silent within a body":        {responding(head+"Content-Length: 17\r\n\r\n"+`{"success":true}`, "", 0), 200},
		"silent within a chunk":       {responding(head+"Transfer-Encoding: chunked\r\n\r\n11\r\n"+`{"success":true}`, "", 0), 200},
		"silent after a chunk":        {responding(head+"Transfer-Encoding: chunked\r\n\r\n10\r\n"+`{"success":true}`+"\r\n", "", 0), 200},
		"silent within gzip":          {responding(head+"Content-Encoding: gzip\r\nContent-Length: 100\r\n\r\n\x1f\x8b\x08\x00", "", 0), 200},
		"silent instead of closing":   {responding(head+"Connection: close\r\n\r\n"+`{"success":true}`, "", 0), 200},
		"a byte a second of a status": {responding("HTTP/1.1 200 ", "O", time.Second), 0},
		"a byte a second of a header": {responding(head+"X-Slow: ", "x", time.Second), 0},
		"a header a second":           {responding(head, "X-Slow: x\r\n", time.Second), 0},
		"a 103 a second":              {responding("", "HTTP/1.1 103 Early Hints\r\n\r\n", time.Second), 0},
		"a byte a second of a body":   {responding(head+"Content-Length: 1000000\r\n\r\n", " ", time.Second), 200},
		"a chunk a second":            {responding(head+"Transfer-Encoding: chunked\r\n\r\n", "1\r\n \r\n", time.Second), 200},
		"a byte a second, no length":  {responding(head+"Connection: close\r\n\r\n", " ", time.Second), 200},
	}
	calls := map[string]struct {
		sent int
		each time.Duration
		call Call
		opts []Option
	}{
		"POST":            {1, 30 * time.Second, Call{API: PartnerAPI, Op: "POST /a", Body: 1}, nil},
		"POST, 5 s":       {1, 5 * time.Second, Call{API: PartnerAPI, Op: "POST /a"}, []Option{WithTimeout(5 * time.Second)}},
		"repeatable POST": {4, 30 * time.Second, Call{API: PartnerAPI, Op: "POST /a", Body: 1, Repeatable: true}, nil},
		"PUT":             {4, 30 * time.Second, Call{API: PartnerAPI, Op: "PUT /a", Body: 1}, nil},
		"DELETE, 45 s":    {4, 45 * time.Second, Call{API: PartnerAPI, Op: "DELETE /a"}, []Option{WithTimeout(45 * time.Second)}},
		"GET":             {4, 30 * time.Second, Call{API: PartnerAPI, Op: "GET /a"}, nil},
	}
	for how, server := range servers {
		for name, test := range calls {
			t.Run(how+", "+name, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					var log attemptLog
					client, connections := newPiped(t, server.serve, append(test.opts, log.hook())...)
					_, err := Do[none](t.Context(), client, test.call)
					log.assertTimedOut(t, err, test.sent, test.each, server.status)
					assert.Equal(t, int64(test.sent), connections.Load())
				})
			})
		}
	}
}

// Without a connection the request is unsent by proof: a POST that is not idempotent is retried too.
func TestSilentDial(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var log attemptLog
		client := newOwnClient(t, func(own *http.Transport) {
			own.DialContext = func(ctx context.Context, _, _ string) (net.Conn, error) {
				ctx, cancel := context.WithTimeout(ctx, 30*time.Second) // the limit of the package's own dialer
				defer cancel()
				<-ctx.Done()
				return nil, ctx.Err()
			}
		}, WithTimeout(5*time.Second), log.hook())
		_, err := Do[none](t.Context(), client, Call{API: PartnerAPI, Op: "POST /a", Body: 1})
		require.ErrorIs(t, err, context.DeadlineExceeded)
		assertKinds(t, err)
		require.Len(t, log.seen, 4)
		for _, a := range log.seen {
			assert.Equal(t, 5*time.Second, a.Duration)
			assert.Equal(t, OutcomeUnsent, a.Outcome)
		}
		time.Sleep(30 * time.Second) // net/http continues a dial without a waiting call until its own limit
	})
}

// The TLS handshake has 10 s, which is the transport's limit.
func TestSilentHandshake(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var log attemptLog
		client, _ := newPiped(t, func(conn net.Conn) { _, _ = io.Copy(io.Discard, conn) },
			WithBaseURL(PartnerAPI, "https://localhost"), log.hook())
		_, err := Do[none](t.Context(), client, Call{API: PartnerAPI, Op: "POST /a", Body: 1})
		assertKinds(t, err)
		var timeout net.Error
		require.ErrorAs(t, err, &timeout)
		assert.True(t, timeout.Timeout())
		require.Len(t, log.seen, 4)
		for _, a := range log.seen {
			assert.Equal(t, 10*time.Second, a.Duration)
			assert.Equal(t, OutcomeUnsent, a.Outcome)
		}
	})
}

// countingConn counts the bytes that the server writes. A pipe has no buffer, so these are the bytes that the client reads.
type countingConn struct {
	net.Conn

	written *atomic.Int64
}

func (c countingConn) Write(p []byte) (int, error) {
	n, err := c.Conn.Write(p)
	c.written.Add(int64(n))
	return n, err
}

// At most 1 MiB is read before a body, and at most a line of a chunk's size or a trailer.
//
//nolint:paralleltest // allocations of other tests would be measured too
func TestHeaderLimit(t *testing.T) {
	const mebibyte = 1 << 20
	const head = "HTTP/1.1 200 OK\r\n"
	long := strings.Repeat("x", 16<<10)
	responses := map[string]struct {
		response, again string
		most            int64 // bytes read
		status          int
	}{
		"a header that is too large":    {head + "X-Large: " + strings.Repeat("x", 2*mebibyte) + "\r\n\r\n{}", "", mebibyte, 0},
		"a header line without end":     {head + "X-Large: ", long, mebibyte, 0},
		"a folded header without end":   {head + "X-Large: x", "\r\n " + long, mebibyte, 0},
		"headers without end":           {head, "X-Large: " + long + "\r\n", mebibyte, 0},
		"short headers without end":     {head, strings.Repeat("a:\r\n", 1000), mebibyte, 0},
		"a header's name without end":   {head, long, mebibyte, 0},
		"a status without end":          {"HTTP/1.1 200 ", long, mebibyte, 0},
		"a protocol without end":        {"", long, mebibyte, 0},
		"103s without end":              {"", "HTTP/1.1 103 Early Hints\r\nLink: " + long + "\r\n\r\n", mebibyte, 0},
		"a chunk's size without end":    {head + "Transfer-Encoding: chunked\r\n\r\n", strings.Repeat("0", 1000), 0, 200},
		"a chunk's comment without end": {head + "Transfer-Encoding: chunked\r\n\r\n1;", long, 0, 200},
		"a trailer without end":         {head + "Transfer-Encoding: chunked\r\n\r\n0\r\nX-Large: ", long, 0, 200},
	}
	calls := map[string]struct {
		sent  int
		write bool
		call  Call
	}{
		"POST": {1, true, Call{API: NetworkAPI, Op: "POST /a", Body: 1}},
		"GET":  {4, false, Call{API: NetworkAPI, Op: "GET /a"}},
	}
	for how, test := range responses {
		for name, c := range calls {
			t.Run(how+", "+name, func(t *testing.T) {
				var written atomic.Int64
				client, connections := newPiped(t, func(conn net.Conn) {
					responding(test.response, test.again, 0)(countingConn{conn, &written})
				}, soon)
				var err error
				heap := allocated(func() { _, err = Do[none](t.Context(), client, c.call) })
				assert.Less(t, heap, int64(c.sent)*(96<<20))
				assert.Less(t, written.Load(), int64(c.sent)*(test.most+64<<10))
				var kinds []error
				if c.write {
					kinds = append(kinds, ErrOutcomeUnknown)
				}
				if test.status == http.StatusOK {
					kinds = append(kinds, ErrBadResponse)
				}
				assertKinds(t, err, kinds...)
				var failed *Error
				require.ErrorAs(t, err, &failed)
				assert.Equal(t, test.status, failed.StatusCode)
				assert.Equal(t, c.sent, failed.Attempts)
				assert.Less(t, len(err.Error()), 200)
				assert.Equal(t, int64(c.sent), connections.Load())
			})
		}
	}
}

type keptKey struct{}

// A transport may keep requests: each belongs to its attempt, and net/http needs its GetBody.
func TestRequestsThatATransportKeeps(t *testing.T) {
	t.Parallel()
	var kept []*http.Request
	client := newTestClient(t, roundTripFunc(func(req *http.Request) (*http.Response, error) {
		kept = append(kept, req)
		return reply(201, `{"success":true}`), nil
	}))
	ctx := context.WithValue(t.Context(), keptKey{}, "value")
	for _, pk := range []string{"1", "2", "3"} {
		require.NoError(t, client.Subscriptions.Create(ctx, CreateSubscriptionRequest{PK: pk}, WithHeader("X-Trace", pk)))
		require.NoError(t, client.Subscriptions.Update(ctx, pk, UpdateSubscriptionRequest{Plan: PlanBark}))
	}
	for i, pk := range []string{"1", "2", "3"} {
		created, updated := kept[2*i], kept[2*i+1]
		assert.Equal(t, "/api/v1/partners/subscriptions", created.URL.Path)
		assert.Equal(t, "/api/v1/partners/subscriptions/"+pk, updated.URL.Path)
		assert.Equal(t, pk, created.Header.Get("X-Trace"))
		for _, req := range []*http.Request{created, updated} {
			assert.Equal(t, []string{testPartnerToken}, req.Header["X-Token-Auth"])
			assert.Equal(t, "www.bark.us", req.Host)
			assert.Equal(t, context.Canceled, req.Context().Err())
			assert.Equal(t, "value", req.Context().Value(keptKey{}))
		}
		for body, req := range map[string]*http.Request{`{"pk":"` + pk + `"}`: created, `{"plan":"bark"}`: updated} {
			again, err := req.GetBody()
			require.NoError(t, err)
			sent, err := io.ReadAll(again)
			require.NoError(t, err)
			assert.Equal(t, body, string(sent))
			assert.Equal(t, int64(len(body)), req.ContentLength)
		}
		_, op := Operation(updated.Context())
		assert.Equal(t, "PUT /partners/subscriptions/{pk}", op)
	}
}
