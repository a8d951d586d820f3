package acceptance

import (
	"context"
	"io"
	"io/fs"
	"iter"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/partnerapi/partnerapi-go"
	"github.com/partnerapi/partnerapi-go/internal/errno"
)

// testdata is the root's folder of documented bodies, golden requests and the table of faults.
const testdata = "../../testdata"

const passPhrase = "a long one"

// The credentials of every client that newTestClient makes.
const (
	testPartnerToken    = "test-partner-token"
	testAccountKey      = "test-account-key"
	testOrganizationKey = "test-organization-key"
	testNetworkToken    = "test-network-token"
)

// page is the response of a proxy.
const page = "<!DOCTYPE html><title>Gateway</title>"

var (
	teapot = always(http.StatusTeapot, "") // is not retried
	soon   = partnerapi.WithRetry(partnerapi.RetryPolicy{MinWait: 1, MaxWait: 1})
	ok     = always(200, `{"success":true,"status":"ok","customer":{"id":1}}`, "Set-Cookie", "sid=1")
)

// roundTripFunc is a transport in memory. Like a mock, it fires no httptrace.
type roundTripFunc func(*http.Request) (*http.Response, error)

func (f roundTripFunc) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }

// through makes a client send its requests through f.
func through(f roundTripFunc) partnerapi.Option {
	return partnerapi.WithHTTPClient(&http.Client{Transport: f})
}

// reply returns a response. header is names and values in turn.
func reply(status int, body string, header ...string) *http.Response {
	h := make(http.Header)
	for pair := range slices.Chunk(header, 2) {
		h.Add(pair[0], pair[1])
	}
	return &http.Response{StatusCode: status, Header: h, Body: io.NopCloser(strings.NewReader(body))}
}

// always returns the same response to every request.
func always(status int, body string, header ...string) roundTripFunc {
	return func(*http.Request) (*http.Response, error) { return reply(status, body, header...), nil }
}

// nothingSent fails the test if anything is sent.
func nothingSent(t *testing.T) roundTripFunc {
	t.Helper()
	return func(*http.Request) (*http.Response, error) {
		t.Error("a request was sent")
		return reply(500, ""), nil
	}
}

// refusedDial is an attempt that is unsent by proof.
func refusedDial(req *http.Request) (*http.Response, error) {
	httptrace.ContextClientTrace(req.Context()).GetConn("a.example:443")
	return nil, &net.OpError{Op: "dial", Net: "tcp", Err: errno.ConnectionRefused}
}

// cut is an attempt whose outcome is unknown.
func cut(*http.Request) (*http.Response, error) { return nil, io.ErrUnexpectedEOF }

// incompleteBody is an incomplete response.
func incompleteBody(*http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: 200, Body: io.NopCloser(io.MultiReader(strings.NewReader(`{"succ`), broken{}))}, nil
}

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

// newTestClient returns a client with all four credentials, whose requests go to rt.
func newTestClient(t testing.TB, rt http.RoundTripper, opts ...partnerapi.Option) *partnerapi.Client {
	t.Helper()
	client, err := partnerapi.NewClient(append([]partnerapi.Option{
		partnerapi.WithHTTPClient(&http.Client{Transport: rt}),
		partnerapi.WithPartnerToken(testPartnerToken),
		partnerapi.WithAccountKey(testAccountKey),
		partnerapi.WithOrganizationKey(testOrganizationKey),
		partnerapi.WithNetworkToken(testNetworkToken),
	}, opts...)...)
	require.NoError(t, err)
	return client
}

// transcript is a transport that returns its responses in turn, the last one repeatedly, and records the requests.
type transcript struct {
	mu        sync.Mutex
	responses []roundTripFunc
	requests  []string // method and path with query
	bodies    []string
	headers   []http.Header
}

func newTranscript(responses ...roundTripFunc) *transcript {
	return &transcript{responses: responses}
}

func (l *transcript) RoundTrip(req *http.Request) (*http.Response, error) {
	var body []byte
	if req.Body != nil {
		var err error
		if body, err = io.ReadAll(req.Body); err != nil {
			return nil, err
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.requests = append(l.requests, req.Method+" "+req.URL.RequestURI())
	l.bodies = append(l.bodies, string(body))
	l.headers = append(l.headers, req.Header)
	return l.responses[min(len(l.requests), len(l.responses))-1](req)
}

// turns is a transport that takes its steps in turn, the last one repeatedly.
func turns(steps ...roundTripFunc) roundTripFunc {
	var mu sync.Mutex
	return func(req *http.Request) (*http.Response, error) {
		mu.Lock()
		step := steps[0]
		steps = steps[min(1, len(steps)-1):]
		mu.Unlock()
		return step(req)
	}
}

// tokensInTurn is a credential source that supplies the next token after a 401.
type tokensInTurn []string

func (s *tokensInTurn) Token(context.Context) (string, error) { return (*s)[0], nil }
func (s *tokensInTurn) Invalidate(string)                     { *s = (*s)[1:] }

type limiterFunc func(context.Context) error

func (f limiterFunc) Wait(ctx context.Context) error { return f(ctx) }

// at makes base the base URL of all APIs.
func at(base string) []partnerapi.Option {
	return []partnerapi.Option{
		partnerapi.WithBaseURL(partnerapi.PartnerAPI, base), partnerapi.WithBaseURL(partnerapi.AccountAPI, base),
		partnerapi.WithBaseURL(partnerapi.NetworkAPI, base),
	}
}

// newLoopback serves h on loopback, and returns a client of it with a transport of its own.
func newLoopback(t *testing.T, h http.HandlerFunc, opts ...partnerapi.Option) *partnerapi.Client {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	client := newTestClient(t, nil, append(at(server.URL), opts...)...)
	t.Cleanup(client.CloseIdleConnections)
	return client
}

// cutting hijacks the connection, writes response and closes the connection.
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

// attemptLog records attempts.
type attemptLog struct {
	mu   sync.Mutex
	seen []partnerapi.Attempt
}

func (l *attemptLog) hook() partnerapi.Option {
	return partnerapi.WithAttemptHook(func(_ context.Context, a partnerapi.Attempt) {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.seen = append(l.seen, a)
	})
}

// together makes calls concurrently, and returns their errors.
func together(n int, call func() error) []error {
	errs := make([]error, n)
	var calls sync.WaitGroup
	for i := range errs {
		calls.Go(func() { errs[i] = call() })
	}
	calls.Wait()
	return errs
}

// collect returns all items, or none and the first error.
func collect[T any](all iter.Seq2[T, error]) ([]T, error) {
	var items []T
	for item, err := range all {
		if err != nil {
			return nil, err
		}
		items = append(items, item)
	}
	return items, nil
}

// slug is an operation as the first part of a file's name.
func slug(op string) string {
	return strings.Trim(regexp.MustCompile(`[^a-z0-9_]+`).ReplaceAllString(strings.ToLower(op), "-"), "-")
}

// fixture returns a documented body.
func fixture(t testing.TB, name string) string {
	t.Helper()
	body, err := fs.ReadFile(os.DirFS(testdata), name+".json")
	require.NoError(t, err)
	return string(body)
}

// kinds are the kinds of failures.
var kinds = []error{
	partnerapi.ErrInvalid, partnerapi.ErrUnauthorized, partnerapi.ErrForbidden, partnerapi.ErrNotFound, partnerapi.ErrAlreadyExists,
	partnerapi.ErrNotLoggedIn, partnerapi.ErrWrongPassword, partnerapi.ErrRateLimited, partnerapi.ErrServer, partnerapi.ErrNoCredential, partnerapi.ErrBadResponse,
	partnerapi.ErrResponseTooLarge, partnerapi.ErrOutcomeUnknown,
}

// assertKinds asserts that err is of these kinds and of no others.
func assertKinds(t *testing.T, err error, want ...error) {
	t.Helper()
	require.Error(t, err)
	for _, kind := range kinds {
		if slices.Contains(want, kind) {
			assert.ErrorIs(t, err, kind)
		} else {
			assert.NotErrorIs(t, err, kind)
		}
	}
}

// assertRefused asserts that err refuses an argument for a reason.
func assertRefused(t *testing.T, err error, name, why string) {
	t.Helper()
	var refused *partnerapi.ArgumentError
	require.ErrorAs(t, err, &refused)
	assert.Equal(t, name, refused.Name)
	assert.Equal(t, why, refused.Reason)
}

func ptr[T any](v T) *T { return &v }

func unix(seconds int64) partnerapi.UnixTime {
	return partnerapi.UnixTime{Time: time.Unix(seconds, 0).UTC()}
}
