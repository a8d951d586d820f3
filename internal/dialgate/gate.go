package dialgate

import (
	"context"
	"crypto/tls"
	"math"
	"net/http/httptrace"
	"sync"
	"sync/atomic"
	"time"

	"github.com/partnerapi/partnerapi-go/internal/errtext"
)

// gate lets a few requests at a time dial. net/http dials for every request that finds no idle connection, and continues to
// dial when another has become idle meanwhile: of many concurrent requests, most would wait for handshakes of which few are
// needed. A request that waits at the gate is served by any connection that becomes available. One that has waited long
// enough dials without a place.
//
// The gate is narrow, for one at a time, until a connection turns out to be of HTTP/1.1. One of HTTP/2 is shared: requests
// after the first have it immediately, and when it is lost the next one is dialled once.
type gate struct {
	patience time.Duration // with a handshake

	places  chan struct{} // holds an element for each place that is taken
	widen   sync.Once
	widened chan struct{} // closed when the gate is no longer narrow
	version atomic.Int32  // of HTTP, of the last new connection; 0 before the first

	sharings atomic.Uint64 // how many new connections of HTTP/2 there were

	mu      sync.Mutex
	overdue time.Time     // when the handshake under way in a narrow gate counts as one that hangs
	shared  chan struct{} // closed and replaced when there is a new connection of HTTP/2
}

// never is a number of sharings for a request that does not wait for the next one.
const never = math.MaxUint64

const http1, http2 = int32(1), int32(2)

const (
	// widePlaces is how many requests dial connections of HTTP/1.1 at a time.
	widePlaces = 2
	// handshakePatience is how long a handshake takes before it counts as one that hangs, and one more request dials.
	handshakePatience = 250 * time.Millisecond
	// mostHandshakes is how many times that a request waits for a place in a narrow gate.
	mostHandshakes = 4
	// widePatience is how long it waits for one in a wide gate.
	widePatience = 50 * time.Millisecond
)

// newGate returns a narrow gate.
func newGate(patience time.Duration) *gate {
	g := &gate{patience: patience, places: make(chan struct{}, widePlaces), widened: make(chan struct{}), shared: make(chan struct{})}
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

// errShared is the error of a dial that is not needed, because there is a new connection that all requests share. net/http
// has given it to the request, and drops the error, or the request is to ask for a connection again.
const errShared = errtext.Reason("another connection can be shared")

// enter waits until a request may dial, and reports whether it has taken a place. It returns the error of request or dial,
// whichever is done before, or errShared if there are more sharings than the request has seen.
func (g *gate) enter(request, dial context.Context, seen uint64) (taken bool, err error) {
	end := time.Now().Add(patience(request, mostHandshakes*g.patience))
	timer := time.NewTimer(time.Until(end))
	defer timer.Stop()
	widened, shared := g.widened, g.waitFor(timer, end)
	switch {
	case seen == never:
		shared = nil
	case seen < g.sharings.Load():
		return false, errShared
	}
	for {
		select {
		case g.places <- struct{}{}:
			if seen < g.sharings.Load() {
				g.leave()
				return false, errShared
			}
			g.begin()
			return true, nil
		case <-shared:
			return false, errShared
		case <-widened:
			end = time.Now().Add(patience(request, widePatience))
			timer.Reset(time.Until(end))
			widened = nil
		case <-timer.C:
			if g.isOver(end) {
				return false, nil
			}
			g.waitFor(timer, end)
		case <-request.Done():
			return false, request.Err()
		case <-dial.Done():
			return false, dial.Err()
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

// begin is called by a request that has taken a place.
func (g *gate) begin() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.overdue = time.Now().Add(g.patience)
}

// connected is called by a request that has a place, when it has connected. A handshake on a connection to the other end of
// the world takes longer: a round trip, or two.
func (g *gate) connected(took time.Duration) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if later := time.Now().Add(2 * took); later.After(g.overdue) {
		g.overdue = later
	}
}

// waitFor sets the timer of a request to when the handshake under way is overdue, but not beyond end. It returns a channel
// that is closed when there is a new connection of HTTP/2.
func (g *gate) waitFor(timer *time.Timer, end time.Time) <-chan struct{} {
	g.mu.Lock()
	defer g.mu.Unlock()
	if now := time.Now(); !now.Before(g.overdue) { // the request that has the place is only beginning
		g.overdue = now.Add(g.patience)
	}
	if g.overdue.Before(end) {
		end = g.overdue
	}
	timer.Reset(time.Until(end))
	return g.shared
}

// share is called when there is a new connection of HTTP/2. The requests that wait have it.
func (g *gate) share() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.sharings.Add(1)
	close(g.shared)
	g.shared = make(chan struct{})
}

// isOver reports whether a request has waited long enough: until end, or, for one request, until the handshake was overdue.
// The others wait for the handshake of that one.
func (g *gate) isOver(end time.Time) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	now := time.Now()
	switch {
	case !now.Before(end):
		return true
	case now.Before(g.overdue):
		return false
	default:
		g.overdue = now.Add(g.patience)
		return true
	}
}

// leave gives a place to another request.
func (g *gate) leave() { <-g.places }

// isOfHTTP2 reports whether a connection is of HTTP/2. Looking at every one would cost more than the gate.
func (g *gate) isOfHTTP2(info httptrace.GotConnInfo) bool {
	if last := g.version.Load(); last != 0 && info.Reused {
		return last == http2
	}
	version := http1
	if c, isTLS := info.Conn.(*tls.Conn); isTLS && c.ConnectionState().NegotiatedProtocol == "h2" {
		version = http2
	}
	g.version.Store(version)
	return version == http2
}
