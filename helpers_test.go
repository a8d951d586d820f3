package partnerapi

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/partnerapi/partnerapi-go/internal/dialgate"
)

// The credentials of every client that newTestClient makes.
const (
	testPartnerToken    = "test-partner-token"
	testAccountKey      = "test-account-key"
	testOrganizationKey = "test-organization-key"
	testNetworkToken    = "test-network-token"
)

// roundTripFunc is a transport in memory. Like a mock, it traces nothing.
type roundTripFunc func(*http.Request) (*http.Response, error)

func (f roundTripFunc) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }

// reply is an answer. header is names and values in turn.
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

// hundredNetworks is a page of a list, of whose records half have a proposed fee.
func hundredNetworks() string {
	var b strings.Builder
	for i := range 100 {
		proposed := `"fee_proposed":null,"fee_proposed_date":null`
		if i%2 == 0 {
			proposed = `"fee_proposed":2.5,"fee_proposed_date":1234567890`
		}
		fmt.Fprintf(&b, `,{"account_id":"acc_%010d","account_title":"Acme Seafood %d","domain_title":"Wholesale Distributor","fee":1.5,%s}`, i, i, proposed)
	}
	return `{"list":[` + b.String()[1:] + `],"total":100,"search":"","filter":"","filters":[],"pages":1}`
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

// atOnce makes calls concurrently and waits for them.
func atOnce(callers int, call func()) {
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

// absorb gives the session the cookies of a response from an origin.
func (s *Session) absorb(resp *http.Response, origin string) {
	from, _ := url.Parse(origin)
	(&sessionCall{sessionState: s.state.get()}).absorb(resp, from)
}

// apply puts the session on a request.
func (s *Session) apply(req *http.Request) { (&sessionCall{sessionState: s.state.get()}).apply(req) }
