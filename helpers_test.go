package partnerapi

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
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

func loggedIn(t *testing.T, client *Client) *Session {
	t.Helper()
	customer, session, err := client.Accounts.Login(t.Context(), LoginRequest{Email: "e", Password: "p"})
	require.NoError(t, err)
	require.NotNil(t, session)
	assert.Equal(t, &Customer{ID: 1}, customer)
	return session
}

func export(t *testing.T, session *Session) []byte {
	t.Helper()
	data, err := session.Export()
	require.NoError(t, err)
	return data
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
		ErrInvalid, ErrUnauthorized, ErrForbidden, ErrNotFound, ErrAlreadyExists, ErrNotLoggedIn, ErrRateLimited, ErrServer,
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

// transcript is a transport that returns its responses in turn, then repeats the last one, and records the requests.
type transcript struct {
	mu        sync.Mutex
	responses []canned
	asked     []string // method and path with query
	bodies    []string
	headers   []http.Header
}

func newTranscript(responses ...canned) *transcript {
	return &transcript{responses: responses}
}

// canned is a response that can be returned more than once.
type canned struct {
	status int
	body   string
	header []string
}

func respondWith(status int, body string, header ...string) canned {
	return canned{status, body, header}
}

func (c canned) response() *http.Response { return reply(c.status, c.body, c.header...) }

// teapot is a response that is not retried.
var teapot = respondWith(http.StatusTeapot, "")

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
	l.asked = append(l.asked, req.Method+" "+req.URL.RequestURI())
	l.bodies = append(l.bodies, string(body))
	l.headers = append(l.headers, req.Header)
	return l.responses[min(len(l.asked), len(l.responses))-1].response(), nil
}

func ptr[T any](v T) *T { return &v }

// Every canary begins with this, in a form that no escaping changes.
const canary = "CANARY"

const (
	canaryPartnerToken    = canary + "partnertoken"
	canaryAccountKey      = canary + "accountkey"
	canaryOrganizationKey = canary + "organizationkey"
	canaryNetworkToken    = canary + "networktoken"
	canaryPK              = canary + "pk"
	canaryEmail           = canary + "email@b.example"
	canaryPassword        = canary + "password"
	canaryCookie          = canary + "cookie"
	canaryAccess          = canary + "access"
	canaryRefresh         = canary + "refresh"
)

// assertNoCanary asserts that no canary is in text, nor one as hexadecimal or as the numbers of its bytes.
func assertNoCanary(t *testing.T, text, what string) {
	t.Helper()
	text = strings.ToUpper(text)
	for _, form := range []string{canary, "43414E415259", "67 65 78 65 82 89", "0X43, 0X41, 0X4E"} {
		if strings.Contains(text, form) {
			t.Errorf("%s shows a secret: %.500s", what, text)
		}
	}
}

// verbs are those whose output a type can define. For others, such as %p of a struct, fmt prints all fields.
var verbs = []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d"}

func canarySession(t *testing.T, origin string) *Session {
	t.Helper()
	session := NewSession()
	session.absorb(reply(200, "", "Set-Cookie", "sid="+canaryCookie), origin)
	return session
}

// canaryCalls are calls of each API and each kind of session, with secrets. Every call is under test in internal/acceptance.
func canaryCalls(session *Session) map[string]func(context.Context, *Client) error {
	return map[string]func(context.Context, *Client) error{
		"Subscriptions.Create": func(ctx context.Context, c *Client) error {
			return c.Subscriptions.Create(ctx, CreateSubscriptionRequest{PK: canaryPK, Email: canaryEmail})
		},
		"Subscriptions.Cancel": func(ctx context.Context, c *Client) error { return c.Subscriptions.Cancel(ctx, canaryPK) },
		"Accounts.Search": func(ctx context.Context, c *Client) error {
			_, err := c.Accounts.Search(ctx, canaryEmail)
			return err
		},
		"Accounts.Login": func(ctx context.Context, c *Client) error {
			_, _, err := c.Accounts.Login(ctx, LoginRequest{canaryEmail, canaryPassword})
			return err
		},
		"Accounts.Get": func(ctx context.Context, c *Client) error {
			_, err := c.Accounts.Get(ctx, session)
			return err
		},
		"Accounts.Benefits, with tokens": func(ctx context.Context, c *Client) error {
			session, err := NewTokenSession(Tokens{AccessToken: canaryAccess, RefreshToken: canaryRefresh})
			if err != nil {
				return err
			}
			_, err = c.Accounts.Benefits(ctx, session)
			return err
		},
		"Networks.List": func(ctx context.Context, c *Client) error {
			_, err := c.Networks.List(ctx, ListOptions{Search: canaryEmail})
			return err
		},
		"Networks.Delete": func(ctx context.Context, c *Client) error {
			_, err := c.Networks.Delete(ctx, canaryPK)
			return err
		},
		"AppSessions.Login": func(ctx context.Context, c *Client) error {
			_, err := c.AppSessions.Login(ctx, AppLoginRequest{canaryEmail, canaryPassword})
			return err
		},
	}
}

// watched returns options for a client whose credentials are canaries, and a function that returns everything that its
// logger and hook get.
func watched(t *testing.T) ([]Option, func() string) {
	t.Helper()
	var mu sync.Mutex
	var logged strings.Builder
	write := writerFunc(func(p []byte) (int, error) {
		mu.Lock()
		defer mu.Unlock()
		return logged.Write(p)
	})
	handler := slog.NewTextHandler(write, &slog.HandlerOptions{Level: slog.LevelDebug, AddSource: true})
	opts := []Option{
		WithPartnerToken(canaryPartnerToken), WithAccountKey(canaryAccountKey),
		WithOrganizationKey(canaryOrganizationKey), WithNetworkToken(canaryNetworkToken),
		WithLogger(slog.New(handler)),
		WithAttemptHook(func(_ context.Context, a Attempt) {
			data, err := json.Marshal([]any{a})
			require.NoError(t, err)
			_, _ = write.Write(data)
			slog.New(slog.NewJSONHandler(write, nil)).Info("m", "attempt", a, "err", a.Err, slog.Group("g", "attempts", []Attempt{a}))
			slog.New(slog.NewTextHandler(write, nil)).Info("m", "attempt", a, "err", a.Err)
			type user struct{ attempt Attempt } // fmt ignores the Format and String of an unexported field
			for _, verb := range verbs {
				_, _ = fmt.Fprintf(write, verb+verb+verb+"\n", a, &a, user{a})
			}
		}),
	}
	return opts, func() string {
		mu.Lock()
		defer mu.Unlock()
		return logged.String()
	}
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }

func canaryAppSession(t *testing.T) *AppSession {
	t.Helper()
	session := new(AppSession)
	require.NoError(t, json.Unmarshal([]byte(`{"jwt":"`+canaryNetworkToken+`","auth":true}`), session))
	return session
}

// canarySignIn is a source that has signed in.
func canarySignIn(t *testing.T) TokenSource {
	t.Helper()
	source := SignIn(SignInCredentials{AppKey: canaryNetworkToken, Username: canaryEmail, Password: canaryPassword},
		WithHTTPClient(&http.Client{Transport: newTranscript(respondWith(200, `{"jwt":"`+canaryNetworkToken+`","auth":true}`))}))
	token, err := source.Token(t.Context())
	require.NoError(t, err)
	require.Equal(t, canaryNetworkToken, token)
	return source
}

// canaryTokenFile is a source that has read its file.
func canaryTokenFile(t *testing.T) TokenSource {
	t.Helper()
	path := filepath.Join(t.TempDir(), canary)
	require.NoError(t, os.WriteFile(path, []byte(canaryPartnerToken), 0o600))
	source := TokenFile(path)
	token, err := source.Token(t.Context())
	require.NoError(t, err)
	require.Equal(t, canaryPartnerToken, token)
	return source
}
