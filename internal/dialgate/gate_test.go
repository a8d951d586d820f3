package dialgate

import (
	"context"
	"crypto/tls"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A connection that was new when it was got last tells the version of HTTP. Looking at each costs too much.
func TestIsOfHTTP2(t *testing.T) {
	t.Parallel()
	server := httptest.NewUnstartedServer(http.NotFoundHandler())
	server.EnableHTTP2, server.Config.ErrorLog = true, log.New(io.Discard, "", 0)
	server.StartTLS()
	defer server.Close()
	for protocol, want := range map[string]bool{"h2": true, "http/1.1": false} {
		config := server.Client().Transport.(*http.Transport).TLSClientConfig.Clone()
		config.NextProtos = []string{protocol}
		conn, err := tls.Dial("tcp", server.Listener.Addr().String(), config) //nolint:noctx // on loopback
		require.NoError(t, err)
		g := newGate(handshakePatience)
		assert.Equal(t, want, g.isOfHTTP2(httptrace.GotConnInfo{Conn: conn, Reused: true}), protocol)
		assert.Equal(t, want, g.isOfHTTP2(httptrace.GotConnInfo{Reused: true}), protocol)
		assert.False(t, g.isOfHTTP2(httptrace.GotConnInfo{}), protocol)
		assert.False(t, g.isOfHTTP2(httptrace.GotConnInfo{Reused: true}), protocol)
		require.NoError(t, conn.Close())
	}
}

// The gate opens with the first connection of HTTP/1.1, also for requests that began to wait before.
func TestGateOpens(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := newGate(handshakePatience)
		taken, err := g.enter(t.Context(), t.Context(), 0)
		require.NoError(t, err)
		require.True(t, taken)
		started := time.Now()
		var mu sync.Mutex
		var after []time.Duration
		for range 6 {
			go func() {
				taken, err := g.enter(t.Context(), t.Context(), 0)
				mu.Lock()
				defer mu.Unlock()
				assert.NoError(t, err)
				if taken {
					after = append(after, time.Since(started))
				}
			}()
		}
		synctest.Wait()
		time.Sleep(100 * time.Millisecond)
		g.open()
		g.leave()
		synctest.Wait()
		time.Sleep(time.Second)
		mu.Lock()
		defer mu.Unlock()
		assert.Equal(t, slices.Repeat([]time.Duration{100 * time.Millisecond}, 2), after, "the others have waited long enough")
	})
}

// A request that asked for its connection before there was one to share does not dial, unless it cannot ask again.
func TestGateShared(t *testing.T) {
	t.Parallel()
	g := newGate(handshakePatience)
	g.share()
	_, err := g.enter(t.Context(), t.Context(), 0)
	require.ErrorIs(t, err, errShared)
	for _, seen := range []uint64{1, never} {
		taken, err := g.enter(t.Context(), t.Context(), seen)
		require.NoError(t, err)
		require.True(t, taken)
		g.leave()
	}
	synctest.Test(t, func(t *testing.T) {
		g := newGate(handshakePatience)
		_, err := g.enter(t.Context(), t.Context(), 0)
		require.NoError(t, err)
		time.AfterFunc(time.Millisecond, g.share)
		_, err = g.enter(t.Context(), t.Context(), 0)
		require.ErrorIs(t, err, errShared)
		taken, err := g.enter(t.Context(), t.Context(), never)
		require.NoError(t, err)
		assert.False(t, taken)
	})
}

// net/http cancels a dial whose request is over when the idle connections are closed.
func TestGateDialCancelled(t *testing.T) {
	t.Parallel()
	g := newGate(handshakePatience)
	_, err := g.enter(t.Context(), t.Context(), 0)
	require.NoError(t, err)
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = g.enter(t.Context(), cancelled, 0)
	require.ErrorIs(t, err, context.Canceled)
}
