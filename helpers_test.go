package partnerapi

import (
	"context"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/partnerapi/partnerapi-go/internal/dialgate"
	"github.com/partnerapi/partnerapi-go/internal/sealed"
)

// The credentials of every client of newTestClient.
const (
	testPartnerToken    = "test-partner-token"
	testAccountKey      = "test-account-key"
	testOrganizationKey = "test-organization-key"
	testNetworkToken    = "test-network-token"
)

// roundTripFunc is a transport in memory. Like a mock, it fires no httptrace.
type roundTripFunc func(*http.Request) (*http.Response, error)

func (f roundTripFunc) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }

// reply returns a response. header is names and values in turn.
func reply(status int, body string, header ...string) *http.Response {
	h := make(http.Header)
	for pair := range slices.Chunk(header, 2) {
		h.Add(pair[0], pair[1])
	}
	return &http.Response{StatusCode: status, Header: h, Body: io.NopCloser(strings.NewReader(body))}
}

// newTestClient returns a client with all four credentials, whose requests go to rt.
func newTestClient(t testing.TB, rt http.RoundTripper, opts ...Option) *Client {
	t.Helper()
	client, err := NewClient(append([]Option{
		WithHTTPClient(&http.Client{Transport: rt}),
		WithPartnerToken(testPartnerToken),
		WithAccountKey(testAccountKey),
		WithOrganizationKey(testOrganizationKey),
		WithNetworkToken(testNetworkToken),
	}, opts...)...)
	require.NoError(t, err)
	return client
}

// newOwnClient returns a client with all four credentials and a transport of its own, which change adapts to the test.
func newOwnClient(t testing.TB, change func(*http.Transport), opts ...Option) *Client {
	t.Helper()
	client := newTestClient(t, nil, opts...)
	change(client.config().transport.(*dialgate.Transport).Base)
	return client
}

// newPiped returns a client with its own transport, whose connections are pipes to serve, and the number of connections
// made. Inside a bubble of synctest no time passes while a goroutine can run: over loopback net/http gives up a connection
// if a busy machine lets 50 ms pass before the two goroutines of the connection have met.
func newPiped(t *testing.T, serve func(net.Conn), opts ...Option) (*Client, *atomic.Int64) {
	t.Helper()
	var connections atomic.Int64
	const base = "http://localhost"
	client := newOwnClient(t, func(own *http.Transport) {
		own.DialContext = func(context.Context, string, string) (net.Conn, error) {
			connections.Add(1)
			ours, theirs := net.Pipe()
			go serve(theirs)
			return ours, nil
		}
	}, append([]Option{
		WithBaseURL(PartnerAPI, base), WithBaseURL(AccountAPI, base), WithBaseURL(NetworkAPI, base),
	}, opts...)...)
	t.Cleanup(client.CloseIdleConnections)
	return client, &connections
}

// pipeListener accepts the connections that are sent to it.
type pipeListener chan net.Conn

func (l pipeListener) Accept() (net.Conn, error) {
	conn, open := <-l
	if !open {
		return nil, net.ErrClosed
	}
	return conn, nil
}

func (l pipeListener) Close() error {
	close(l)
	return nil
}

func (pipeListener) Addr() net.Addr { return &net.UnixAddr{Name: "pipe", Net: "pipe"} }

// newPipedServer is newPiped with a net/http server at the other end.
func newPipedServer(t *testing.T, h http.HandlerFunc, opts ...Option) (*Client, *atomic.Int64) {
	t.Helper()
	listener := make(pipeListener)
	server := &http.Server{Handler: h, ReadHeaderTimeout: time.Hour}
	go func() { assert.ErrorIs(t, server.Serve(listener), http.ErrServerClosed) }()
	t.Cleanup(func() { assert.NoError(t, server.Close()) })
	return newPiped(t, func(conn net.Conn) { listener <- conn }, opts...)
}

// cancelKey is the key of a context's own cancel function.
type cancelKey struct{}

// cancellingHook cancels a call between its attempts, if its context holds a cancel function.
func cancellingHook() Option {
	return WithAttemptHook(func(ctx context.Context, a Attempt) {
		if cancel, ok := ctx.Value(cancelKey{}).(context.CancelFunc); ok && a.Wait > 0 {
			cancel()
		}
	})
}

// concurrently makes the calls at the same time and waits for them.
func concurrently(callers int, call func()) {
	var all sync.WaitGroup
	for range callers {
		all.Go(call)
	}
	all.Wait()
}

// newProxy returns the address of a proxy with one response to every request, and the number of its connections.
func newProxy(t *testing.T, response string) (*url.URL, *atomic.Int64) {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = listener.Close() })
	var asked atomic.Int64
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			asked.Add(1)
			_, _ = conn.Read(make([]byte, 4096)) // the whole request
			_, _ = io.WriteString(conn, response)
			_ = conn.Close()
		}
	}()
	return &url.URL{Scheme: "http", User: url.UserPassword("user", "SECRET"), Host: listener.Addr().String()}, &asked
}

// absorb stores the cookies of a response from an origin in the session.
func (s *Session) absorb(resp *http.Response, origin string) {
	from, _ := url.Parse(origin)
	s.opened().absorb(resp, originOf(from))
}

func sessionOf(t *testing.T, tokens Tokens) *Session {
	t.Helper()
	session, err := NewTokenSession(tokens)
	require.NoError(t, err)
	return session
}

// unsealed returns a session in a form that can be compared, and any other value unchanged.
func unsealed(v any) any {
	s, ok := v.(*AppSession)
	if !ok || s == nil {
		return v
	}
	open := *s
	open.jwt, open.oddAccounts, open.oddJWT = sealed.Box[string]{}, false, false // tested with SignIn
	return map[string]any{"JWT": s.JWT(), "session": open}
}

func fixture(t testing.TB, name string) string {
	t.Helper()
	body, err := fs.ReadFile(os.DirFS("testdata"), name+".json")
	require.NoError(t, err)
	return string(body)
}

// assertKinds asserts that err is of all these kinds and of no others.
func assertKinds(t *testing.T, err error, want ...error) {
	t.Helper()
	require.Error(t, err)
	for _, kind := range []error{
		ErrInvalid, ErrUnauthorized, ErrForbidden, ErrNotFound, ErrAlreadyExists, ErrNotLoggedIn, ErrWrongPassword, ErrRateLimited, ErrServer,
		ErrNoCredential, ErrBadResponse, ErrResponseTooLarge, ErrOutcomeUnknown,
	} {
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
	var refused *ArgumentError
	require.ErrorAs(t, err, &refused)
	assert.Equal(t, name, refused.Name)
	assert.Equal(t, why, refused.Reason)
}

func ptr[T any](v T) *T { return &v }
