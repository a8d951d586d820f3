package partnerapi

import (
	"context"
	"crypto/tls"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hashicorp/go-cleanhttp"
)

// newTransport returns the transport of a client that was given none. It keeps as many connections to a host as a busy
// service uses at once, of which net/http keeps two, and the tickets with which a handshake costs half.
func newTransport() *http.Transport {
	t := cleanhttp.DefaultPooledTransport()
	t.MaxIdleConnsPerHost = 64
	t.MaxIdleConns = 0
	t.MaxResponseHeaderBytes = 1 << 20
	t.TLSClientConfig = &tls.Config{ClientSessionCache: tls.NewLRUClientSessionCache(0), MinVersion: tls.VersionTLS12}
	return t
}

// gate lets a few attempts at a time ask net/http for a connection. net/http dials one for every request that finds none
// idle, and goes on dialling when another has become idle meanwhile: of many callers at once, most would wait for
// handshakes of which few are needed. Whoever has waited long enough asks all the same.
//
// The first attempt asks alone, until it is known whether its connection is of HTTP/2, which all others then share.
type gate struct {
	places chan struct{} // taken by those who ask
	first  sync.Once
	known  atomic.Bool // whether the first has got its connection, or none
}

const (
	// askAtOnce is how many attempts ask for a connection at once.
	askAtOnce = 4
	// firstPatience is how long the first connection is waited for: longer than a handshake takes across the world.
	firstPatience = time.Second
	// patience is how long a place is waited for later.
	patience = 50 * time.Millisecond
)

// newGate returns a gate that is narrow at first, if the connections may be of HTTP/2.
func newGate(maybeHTTP2 bool) *gate {
	g := &gate{places: make(chan struct{}, askAtOnce)}
	if maybeHTTP2 {
		for range askAtOnce - 1 {
			g.places <- struct{}{}
		}
	} else {
		g.first.Do(func() { g.known.Store(true) })
	}
	return g
}

// enter returns when the attempt may ask for a connection, and whether it has a place that it has to leave. It fails if
// ctx is over before.
func (g *gate) enter(ctx context.Context) (placed bool, err error) {
	select {
	case g.places <- struct{}{}:
		return true, nil
	default:
	}
	wait := patience
	if !g.known.Load() {
		wait = firstPatience
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case g.places <- struct{}{}:
		return true, nil
	case <-timer.C:
		return false, nil
	case <-ctx.Done():
		return false, ctx.Err()
	}
}

// leave gives a place to another attempt, when this one has got its connection, or failed to.
func (g *gate) leave() {
	<-g.places
	g.first.Do(func() {
		g.known.Store(true)
		for range askAtOnce - 1 {
			<-g.places
		}
	})
}
