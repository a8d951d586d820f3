package partnerapi

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// muteConn is a connection that a firewall can forget: what is written then is lost.
type muteConn struct {
	net.Conn
	muted *atomic.Bool
}

func (c muteConn) Write(p []byte) (int, error) {
	if c.muted.Load() {
		return len(p), nil
	}
	return c.Conn.Write(p)
}

// A connection of HTTP/2 that has become silent costs one attempt, not all of them.
func TestSilentConnectionOfHTTP2IsGivenUp(t *testing.T) {
	t.Parallel()
	known := httptest.NewTLSServer(nil) // for its certificate
	known.Close()
	synctest.Test(t, func(t *testing.T) {
		listener := make(pipeListener)
		server := &http.Server{
			TLSConfig: &tls.Config{Certificates: known.TLS.Certificates, MinVersion: tls.VersionTLS12}, ReadHeaderTimeout: time.Hour,
			Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				assert.Equal(t, "HTTP/2.0", r.Proto)
				_, _ = io.WriteString(w, `{"success":true}`)
			}),
		}
		go func() { assert.ErrorIs(t, server.ServeTLS(listener, "", ""), http.ErrServerClosed) }()
		defer func() { assert.NoError(t, server.Close()) }()

		var muted []*atomic.Bool
		transport := newTransport()
		transport.TLSClientConfig.RootCAs = known.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs
		transport.DialContext = func(context.Context, string, string) (net.Conn, error) {
			ours, theirs := net.Pipe()
			listener <- theirs
			muted = append(muted, new(atomic.Bool))
			return muteConn{ours, muted[len(muted)-1]}, nil
		}
		client := newTestClient(t, transport, WithBaseURL(PartnerAPI, "https://127.0.0.1"))
		defer client.CloseIdleConnections()

		require.NoError(t, client.Subscriptions.Cancel(t.Context(), "pk"))
		muted[0].Store(true)
		started := time.Now()
		var response Response
		require.NoError(t, client.Subscriptions.Cancel(t.Context(), "pk", WithResponseInto(&response)))
		assert.Equal(t, 2, response.Attempts)
		assert.Len(t, muted, 2)
		assert.Less(t, time.Since(started), 30*time.Second)
	})
}
