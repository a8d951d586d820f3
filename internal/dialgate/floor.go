package dialgate

import (
	"context"
	"net/http"
	"sync"
	"sync/atomic"

	"github.com/partnerapi/partnerapi-go/internal/errtext"
)

// Floor is the transport below the middlewares of a client. It traces every round trip separately, because a middleware may
// make several, none, or one with another context.
type Floor struct {
	// Base sends the requests.
	Base http.RoundTripper
	// IsTransport and Parts are those of [Trace.IsUnsent].
	IsTransport bool
	Parts       func(error) []error

	strays atomic.Uint64 // round trips that belong to no known request
}

// trips are the round trips below the middlewares that one request has led to.
type trips struct {
	floor  *Floor
	strays uint64 // of the floor, before the first

	mu                     sync.Mutex
	begun, unsent, limited int
	isOver                 bool // no more may begin
}

type tripsKey struct{}

func (f *Floor) watch(ctx context.Context) (context.Context, *trips) {
	t := &trips{floor: f, strays: f.strays.Load()}
	return context.WithValue(ctx, tripsKey{}, t), t
}

// errOver is the error of a round trip that a middleware begins after its request was judged as unsent.
const errOver = errtext.Reason("a middleware sends a request after its attempt has ended")

// RoundTrip sends the request. A refusal by a proxy is a [ProxyRefusal].
func (f *Floor) RoundTrip(req *http.Request) (*http.Response, error) {
	of, known := req.Context().Value(tripsKey{}).(*trips)
	switch {
	case !known || of.floor != f:
		f.strays.Add(1)
		return RoundTrip(f.Base, req)
	case !of.begin():
		if req.Body != nil {
			_ = req.Body.Close() // as a RoundTripper has to
		}
		return nil, errOver
	}
	var trip Trace
	resp, err := RoundTrip(f.Base, req.WithContext(trip.Watch(req.Context(), nil)))
	if err != nil {
		err = OfProxy(f.Base, err)
	}
	of.end(err != nil && trip.IsUnsent(err, f.IsTransport, f.Parts), err == nil && resp.StatusCode == http.StatusTooManyRequests)
	return resp, err
}

func (t *trips) begin() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.isOver {
		t.begun++
	}
	return !t.isOver
}

func (t *trips) end(isUnsent, isLimited bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if isUnsent {
		t.unsent++
	}
	if isLimited {
		t.limited++
	}
}

// areUnsent reports whether there is proof that nothing was sent. Then nothing will be.
func (t *trips) areUnsent() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.isOver = t.begun > 0 && t.begun == t.unsent && t.strays == t.floor.strays.Load()
	return t.isOver
}

// areLimited reports whether every round trip either was not sent or was answered with 429. Then no other will be.
func (t *trips) areLimited() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.isOver = t.begun == t.unsent+t.limited && t.strays == t.floor.strays.Load()
	return t.isOver
}
