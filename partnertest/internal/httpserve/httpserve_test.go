package httpserve

import (
	"io"
	"net"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// once is a listener that accepts one connection, then fails.
type once struct{ conns chan net.Conn }

func (l once) Accept() (net.Conn, error) {
	if c, ok := <-l.conns; ok {
		return c, nil
	}
	return nil, net.ErrClosed
}

func (l once) Close() error   { return nil }
func (l once) Addr() net.Addr { return &net.TCPAddr{} }

func TestListenerClosesSlowClients(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server, client := net.Pipe()
		conns := make(chan net.Conn, 1)
		conns <- server
		close(conns)
		l := Listener(once{conns})
		c, err := l.Accept()
		require.NoError(t, err)
		_, err = l.Accept()
		require.ErrorIs(t, err, net.ErrClosed)

		go func() { _, _ = io.CopyN(io.Discard, client, 2) }()
		for range 2 { // each write has its own timeout, however long the delay before it
			time.Sleep(time.Hour)
			_, err = c.Write([]byte("a"))
			require.NoError(t, err)
		}
		began := time.Now()
		_, err = c.Write([]byte("a"))
		require.ErrorIs(t, err, os.ErrDeadlineExceeded)
		assert.Equal(t, 30*time.Second, time.Since(began))
		require.NoError(t, c.Close())
		_, err = c.Write([]byte("a"))
		require.Error(t, err)
	})
}
