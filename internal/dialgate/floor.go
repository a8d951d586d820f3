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

	mu      sync.Mutex
	begun   int
	unsent  int
	refused int  // answered with a 3xx or 4xx, so that the server did nothing
	isOver  bool // no more may begin
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
	resp, err := RoundTrip(f.Base, req.WithContext(trip.Watch(req.Context(), nil, nil)))
	if err != nil {
		err = OfProxy(f.Base, err)
	}
	of.end(err != nil && trip.IsUnsent(err, f.IsTransport, f.Parts), err == nil && isRefusal(resp.StatusCode))
	return resp, err
}

func isRefusal(status int) bool {
	return status >= http.StatusMultipleChoices && status < http.StatusInternalServerError && status != http.StatusRequestTimeout
}

func (t *trips) begin() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.isOver {
		t.begun++
	}
	return !t.isOver
}

func (t *trips) end(isUnsent, isRefused bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if isUnsent {
		t.unsent++
	}
	if isRefused {
		t.refused++
	}
}

// areUnsent reports whether there is proof that nothing was sent. Then nothing will be.
func (t *trips) areUnsent() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.isOver = t.begun > 0 && t.begun == t.unsent && t.strays == t.floor.strays.Load()
	return t.isOver
}

// isAlone reports whether no round trip but that of the response with status can have had an effect. If that is a 429, then
// nothing has, and nothing will.
func (t *trips) isAlone(status int) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	others := t.begun - t.unsent - t.refused
	if !isRefusal(status) {
		others--
	}
	isAlone := others <= 0 && t.strays == t.floor.strays.Load()
	t.isOver = t.isOver || isAlone && status == http.StatusTooManyRequests
	return isAlone
}
