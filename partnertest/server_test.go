package partnertest

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/partnerapi/partnerapi-go/partnertest/internal/httpserve"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// oneConn is a listener with one connection.
type oneConn struct{ conns chan net.Conn }

func (l oneConn) Accept() (net.Conn, error) {
	conn, open := <-l.conns
	if !open {
		return nil, net.ErrClosed
	}
	return conn, nil
}

func (l oneConn) Close() error   { return nil }
func (l oneConn) Addr() net.Addr { return &net.TCPAddr{} }

// dial serves h over a connection that uses the clock of the test's bubble, sends text, and returns the client's end.
func dial(t *testing.T, h http.Handler, text string) net.Conn {
	t.Helper()
	client, server := net.Pipe()
	listener := oneConn{make(chan net.Conn, 1)}
	listener.conns <- server
	s := httpserve.New(h)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = s.Serve(listener)
	}()
	t.Cleanup(func() {
		close(listener.conns)
		_ = client.Close()
		<-ended
	})
	_, err := io.WriteString(client, text)
	require.NoError(t, err)
	return client
}

// The server closes the connection of a client that stops halfway.
func TestServerClosesStalledConnections(t *testing.T) {
	t.Parallel()
	const head = " HTTP/1.1\r\nHost: localhost\r\nX-Token-Auth: " + PartnerToken + "\r\n"
	tests := map[string]struct {
		sent  string
		wait  time.Duration
		calls int
	}{
		"nothing":                    {"", 30 * time.Second, 0},
		"half a header":              {"POST /partner/partners/subscriptions" + head, 30 * time.Second, 0},
		"half a body":                {"POST /partner/partners/subscriptions" + head + "Content-Length: 1000\r\n\r\n{", 30 * time.Second, 0},
		"half a chunk":               {"POST /partner/partners/subscriptions" + head + "Transfer-Encoding: chunked\r\n\r\n10\r\n{", 30 * time.Second, 0},
		"half a body to no route":    {"POST /elsewhere" + head + "Content-Length: 1000\r\n\r\n{", 30 * time.Second, 0},
		"nothing after the response": {"GET /account/account/status" + head + "\r\n", 2 * time.Minute, 1},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				f := New()
				began := time.Now()
				conn := dial(t, f, test.sent)
				_, _ = io.Copy(io.Discard, conn)
				assert.Equal(t, test.wait, time.Since(began))
				assert.Len(t, f.Calls(), test.calls)
			})
		})
	}
}

// The duration of a response is not part of the read timeout.
func TestDelayOutlastsTheReadTimeout(t *testing.T) {
	t.Parallel()
	for _, body := range []string{"", `{"email":"a@example.com"}`} {
		synctest.Test(t, func(t *testing.T) {
			f := New()
			f.Fail("POST /login", Fault{Delay: time.Hour})
			request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://localhost/account/login?key="+AccountKey, strings.NewReader(body))
			require.NoError(t, err)
			var text strings.Builder
			require.NoError(t, request.Write(&text))
			began := time.Now()
			conn := dial(t, f, text.String())
			response, err := http.ReadResponse(bufio.NewReader(conn), request)
			require.NoError(t, err)
			require.NoError(t, response.Body.Close())
			assert.Equal(t, 200, response.StatusCode)
			assert.Equal(t, time.Hour, time.Since(began))
		})
	}
}
