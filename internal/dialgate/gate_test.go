package dialgate

import (
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

// A new connection of HTTP/2 can be shared only when its first headers are written. A request that left the gate before
// would have the next one dial another connection.
func TestGateWaitsForHeadersOfHTTP2(t *testing.T) {
	t.Parallel()
	server := httptest.NewUnstartedServer(http.NotFoundHandler())
	server.EnableHTTP2, server.Config.ErrorLog = true, log.New(io.Discard, "", 0)
	server.StartTLS()
	defer server.Close()
	for protocol, leaves := range map[string]bool{"h2": false, "http/1.1": true} {
		config := server.Client().Transport.(*http.Transport).TLSClientConfig.Clone()
		config.NextProtos = []string{protocol}
		conn, err := tls.Dial("tcp", server.Listener.Addr().String(), config) //nolint:noctx // on loopback
		require.NoError(t, err)
		assert.Equal(t, leaves, newGate().got(httptrace.GotConnInfo{Conn: conn}), protocol)
		assert.True(t, newGate().got(httptrace.GotConnInfo{Conn: conn, Reused: true}), protocol)
		require.NoError(t, conn.Close())
	}
}

// The first connection can be of a request that did not wait for it.
func TestGateOpensForReusedConnection(t *testing.T) {
	t.Parallel()
	g := newGate()
	assert.True(t, g.got(httptrace.GotConnInfo{Reused: true}))
	select {
	case <-g.widened:
	default:
		t.Error("still narrow")
	}
}

// The gate opens with the first connection of HTTP/1.1, also for requests that began to wait before.
func TestGateOpens(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := newGate()
		require.True(t, g.tryEnter())
		require.False(t, g.tryEnter())
		started := time.Now()
		var mu sync.Mutex
		var after []time.Duration
		for range 6 {
			go func() {
				taken, err := g.enter(t.Context())
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
		assert.True(t, g.got(httptrace.GotConnInfo{}))
		g.leave()
		synctest.Wait()
		time.Sleep(time.Second)
		mu.Lock()
		defer mu.Unlock()
		assert.Equal(t, slices.Repeat([]time.Duration{100 * time.Millisecond}, 2), after, "the others have waited long enough")
	})
}
