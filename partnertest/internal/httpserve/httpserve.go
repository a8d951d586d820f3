// Package httpserve has the fake's HTTP server. It closes the connections of slow clients.
package httpserve

import (
	"net"
	"net/http"
	"time"
)

// timeout limits how long a request may take to arrive, and how long a client may take to read a write.
const timeout = 30 * time.Second

// New returns a server. It has no WriteTimeout, because that would include the Delay of a fault: see [Listener].
func New(h http.Handler) *http.Server {
	return &http.Server{
		Handler: h, ReadHeaderTimeout: timeout, ReadTimeout: timeout, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 256 << 10,
	}
}

// Listener returns a listener that closes a connection if the client does not read a write in time.
func Listener(l net.Listener) net.Listener { return listener{l} }

type listener struct{ net.Listener }

func (l listener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return conn{c}, nil
}

type conn struct{ net.Conn }

func (c conn) Write(p []byte) (int, error) {
	if err := c.SetWriteDeadline(time.Now().Add(timeout)); err != nil {
		return 0, err
	}
	return c.Conn.Write(p)
}

// CloseWrite lets net/http half-close the connection, so that the client can read the last response.
func (c conn) CloseWrite() error {
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return nil
}
