// Package httpserve has the HTTP server of the fake, at which a client that stops in the middle holds nothing for long.
package httpserve

import (
	"net"
	"net/http"
	"time"
)

// timeout is how long a request may take to arrive, and a write to be read.
const timeout = 30 * time.Second

// New returns a server. The Delay of a fault is not part of its times, so it has no WriteTimeout: see [Listener].
func New(h http.Handler) *http.Server {
	return &http.Server{
		Handler: h, ReadHeaderTimeout: timeout, ReadTimeout: timeout, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 256 << 10,
	}
}

// Listener returns a listener whose connections end when a client does not read what is written to it.
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

// CloseWrite is for net/http, which lets a client read the last response before the connection ends.
func (c conn) CloseWrite() error {
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return nil
}
