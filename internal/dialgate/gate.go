package dialgate

import (
	"context"
	"crypto/tls"
	"net/http/httptrace"
	"sync"
	"time"
)

// gate lets a few requests at a time ask net/http for a connection. net/http dials one for every request that finds none
// idle, and continues to dial when another has become idle meanwhile: of many concurrent requests, most would wait for
// handshakes of which few are needed. A request that has waited long enough asks for its own.
//
// It is narrow, for one at a time, until a connection turns out to be of HTTP/1.1. One of HTTP/2 is shared: requests after
// the first have it immediately, and when it is lost the next one is dialled once.
type gate struct {
	places  chan struct{} // holds an element for each place that is taken
	widen   sync.Once
	widened chan struct{} // closed when the gate is no longer narrow
}

const (
	// widePlaces is how many requests ask for a connection of HTTP/1.1 at a time.
	widePlaces = 2
	// narrowPatience is how long a request waits for a place in a narrow gate: longer than a handshake takes across the
	// world.
	narrowPatience = time.Second
	// widePatience is how long it waits for one in a wide gate.
	widePatience = 50 * time.Millisecond
)

// newGate returns a narrow gate.
func newGate() *gate {
	g := &gate{places: make(chan struct{}, widePlaces), widened: make(chan struct{})}
	for range widePlaces - 1 {
		g.places <- struct{}{}
	}
	return g
}

// open makes the gate wide.
func (g *gate) open() {
	g.widen.Do(func() {
		for range widePlaces - 1 {
			<-g.places
		}
		close(g.widened)
	})
}

// tryEnter takes a place if one is free.
func (g *gate) tryEnter() bool {
	select {
	case g.places <- struct{}{}:
		return true
	default:
		return false
	}
}

// enter waits until the request may ask for a connection, and reports whether it has taken a place. It returns the error
// of ctx if that is done before.
func (g *gate) enter(ctx context.Context) (taken bool, err error) {
	timer := time.NewTimer(patience(ctx, narrowPatience))
	defer timer.Stop()
	widened := g.widened
	for {
		select {
		case g.places <- struct{}{}:
			return true, nil
		case <-widened:
			timer.Reset(patience(ctx, widePatience))
			widened = nil
		case <-timer.C:
			return false, nil
		case <-ctx.Done():
			return false, ctx.Err()
		}
	}
}

// patience returns how long to wait for a place: at most a quarter of the time that ctx leaves for everything.
func patience(ctx context.Context, most time.Duration) time.Duration {
	if deadline, ok := ctx.Deadline(); ok {
		most = min(most, time.Until(deadline)/4)
	}
	return most
}

// leave gives a place to another request.
func (g *gate) leave() { <-g.places }

// got looks at the connection that a request has got, and reports whether others can ask for theirs now. A new one of
// HTTP/2 can be shared only a moment later, when the headers are written.
func (g *gate) got(info httptrace.GotConnInfo) bool {
	if c, isTLS := info.Conn.(*tls.Conn); isTLS && c.ConnectionState().NegotiatedProtocol == "h2" {
		return info.Reused
	}
	g.open() // a reused one may be the first, of a request that did not wait for it
	return true
}
