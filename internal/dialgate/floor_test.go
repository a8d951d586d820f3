package dialgate

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/partnerapi/partnerapi-go/internal/errtext"
)

type roundTripFunc func(*http.Request) (*http.Response, error)

func (f roundTripFunc) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }

// responding returns a transport that sends the request, and gets a response with a status.
func responding(status int) roundTripFunc {
	return func(req *http.Request) (*http.Response, error) {
		asked(httptrace.ContextClientTrace(req.Context()))
		got(httptrace.ContextClientTrace(req.Context()))
		return &http.Response{StatusCode: status, Body: http.NoBody}, nil
	}
}

// unconnected fails to connect.
func unconnected(req *http.Request) (*http.Response, error) {
	if trace := httptrace.ContextClientTrace(req.Context()); trace != nil {
		asked(trace)
	}
	return nil, refused
}

// cutOff sends the request, and gets no response.
func cutOff(req *http.Request) (*http.Response, error) {
	if trace := httptrace.ContextClientTrace(req.Context()); trace != nil {
		asked(trace)
		got(trace)
	}
	return nil, io.EOF
}

// untraced fails to connect without calling a trace.
func untraced(*http.Request) (*http.Response, error) { return nil, refused }

// inTurn is a transport that takes its steps in turn.
func inTurn(steps ...roundTripFunc) roundTripFunc {
	return func(req *http.Request) (*http.Response, error) {
		step := steps[0]
		steps = steps[1:]
		return step(req)
	}
}

var errOwn = errors.New("a middleware's own")

// middlewares are ways to send a request through next.
var middlewares = map[string]func(next http.RoundTripper, req *http.Request) (*http.Response, error){
	"passes on": func(next http.RoundTripper, req *http.Request) (*http.Response, error) { return next.RoundTrip(req) },
	"responds by itself": func(http.RoundTripper, *http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: http.StatusTooManyRequests}, nil
	},
	"hides a success": func(next http.RoundTripper, req *http.Request) (*http.Response, error) {
		resp, err := next.RoundTrip(req)
		if err == nil {
			resp.StatusCode = http.StatusBadRequest
		}
		return resp, err
	},
	"fails by itself": func(http.RoundTripper, *http.Request) (*http.Response, error) { return nil, refused },
	"fails by itself, with the hooks of a trace": func(_ http.RoundTripper, req *http.Request) (*http.Response, error) {
		if trace := httptrace.ContextClientTrace(req.Context()); trace != nil {
			asked(trace)
		}
		return nil, refused
	},
	"retries": func(next http.RoundTripper, req *http.Request) (*http.Response, error) {
		if resp, err := next.RoundTrip(req); err == nil && resp.StatusCode < 400 {
			return resp, nil
		}
		return next.RoundTrip(req)
	},
	"has an error of its own": func(next http.RoundTripper, req *http.Request) (*http.Response, error) {
		if _, err := next.RoundTrip(req); err != nil {
			return nil, errOwn
		}
		return nil, errOwn
	},
	"derives a context": func(next http.RoundTripper, req *http.Request) (*http.Response, error) {
		ctx := httptrace.WithClientTrace(context.WithoutCancel(req.Context()), new(httptrace.ClientTrace))
		return next.RoundTrip(req.Clone(ctx))
	},
	"swaps the context": func(next http.RoundTripper, req *http.Request) (*http.Response, error) {
		return next.RoundTrip(req.Clone(context.Background()))
	},
	"swaps the context for the first": func(next http.RoundTripper, req *http.Request) (*http.Response, error) {
		if resp, err := next.RoundTrip(req.Clone(context.Background())); err == nil {
			return resp, nil
		}
		return next.RoundTrip(req)
	},
	"calls a trace that is not its own": func(next http.RoundTripper, req *http.Request) (*http.Response, error) {
		resp, err := next.RoundTrip(req)
		if trace := httptrace.ContextClientTrace(req.Context()); trace != nil {
			asked(trace)
		}
		return resp, err
	},
}

// sendThrough sends a request through a middleware to a transport that takes its steps in turn.
func sendThrough(t *testing.T, middleware string, steps ...roundTripFunc) (*Trace, *http.Response, error) {
	t.Helper()
	floor := &Floor{Base: inTurn(steps...), Parts: errtext.Parts}
	sent := new(Trace)
	req, err := http.NewRequestWithContext(sent.Watch(t.Context(), floor, nil), http.MethodGet, "http://a.example", nil)
	require.NoError(t, err)
	resp, err := middlewares[middleware](floor, req)
	return sent, resp, err
}

// A request is unsent if every round trip below the middlewares asked for a connection and got none, and there is one.
func TestFloorIsUnsent(t *testing.T) {
	t.Parallel()
	once := func(step roundTripFunc) []roundTripFunc { return []roundTripFunc{step} }
	tests := []struct {
		middleware string
		steps      []roundTripFunc
		want       bool
	}{
		{"passes on", once(unconnected), true},
		{"passes on", once(cutOff), false},
		{"passes on", once(untraced), false},
		{"fails by itself", nil, false},
		{"fails by itself, with the hooks of a trace", nil, false},
		{"retries", []roundTripFunc{unconnected, unconnected}, true},
		{"retries", []roundTripFunc{cutOff, unconnected}, false},
		{"retries", []roundTripFunc{unconnected, cutOff}, false},
		{"retries", []roundTripFunc{responding(503), unconnected}, false},
		{"retries", []roundTripFunc{responding(429), unconnected}, false},
		{"retries", []roundTripFunc{unconnected, untraced}, false},
		{"has an error of its own", once(unconnected), true},
		{"has an error of its own", once(cutOff), false},
		{"has an error of its own", once(responding(200)), false},
		{"has an error of its own", once(responding(429)), false},
		{"derives a context", once(unconnected), true},
		{"derives a context", once(cutOff), false},
		{"swaps the context", once(unconnected), false},
		{"swaps the context", once(cutOff), false},
		{"swaps the context for the first", []roundTripFunc{cutOff, unconnected}, false},
		{"swaps the context for the first", []roundTripFunc{unconnected, unconnected}, false},
		{"calls a trace that is not its own", once(unconnected), true},
		{"calls a trace that is not its own", once(untraced), false},
	}
	for _, test := range tests {
		t.Run(test.middleware, func(t *testing.T) {
			t.Parallel()
			sent, _, err := sendThrough(t, test.middleware, test.steps...) //nolint:bodyclose // a round trip that fails has no body
			require.Error(t, err)
			assert.Equal(t, test.want, sent.IsUnsent(err, false, errtext.Parts))
			assert.Equal(t, test.want, sent.IsUnsent(refused, true, errtext.Parts), "the error that a middleware returns proves nothing")
		})
	}
}

// A response tells the whole outcome if no other round trip can have had an effect.
func TestFloorIsAlone(t *testing.T) {
	t.Parallel()
	tests := []struct {
		middleware string
		steps      []roundTripFunc
		status     int
		want       bool
	}{
		{"passes on", []roundTripFunc{responding(429)}, 429, true},
		{"passes on", []roundTripFunc{responding(200)}, 200, true},
		{"passes on", []roundTripFunc{responding(503)}, 503, true},
		{"responds by itself", nil, 429, true},
		{"hides a success", []roundTripFunc{responding(200)}, 400, false},
		{"retries", []roundTripFunc{unconnected, responding(429)}, 429, true},
		{"retries", []roundTripFunc{responding(429), responding(429)}, 429, true},
		{"retries", []roundTripFunc{responding(401), responding(429)}, 429, true},
		{"retries", []roundTripFunc{cutOff, responding(429)}, 429, false},
		{"retries", []roundTripFunc{responding(503), responding(429)}, 429, false},
		{"retries", []roundTripFunc{responding(401), responding(200)}, 200, true},
		{"retries", []roundTripFunc{responding(401), responding(400)}, 400, true},
		{"retries", []roundTripFunc{unconnected, responding(400)}, 400, true},
		{"retries", []roundTripFunc{cutOff, responding(401)}, 401, false},
		{"retries", []roundTripFunc{responding(408), responding(404)}, 404, false},
		{"retries", []roundTripFunc{responding(503), responding(200)}, 200, false},
		{"swaps the context for the first", []roundTripFunc{cutOff, responding(429)}, 429, false},
		{"swaps the context for the first", []roundTripFunc{cutOff, responding(400)}, 400, false},
	}
	for _, test := range tests {
		t.Run(test.middleware, func(t *testing.T) {
			t.Parallel()
			sent, resp, err := sendThrough(t, test.middleware, test.steps...) //nolint:bodyclose // http.NoBody
			require.NoError(t, err)
			require.Equal(t, test.status, resp.StatusCode)
			assert.Equal(t, test.want, sent.IsAlone(test.status))
		})
	}
	assert.True(t, new(Trace).IsAlone(429), "without middlewares")
}

// A round trip that continues after its request has failed may send it. One that begins after that is refused if the
// request was judged as unsent.
func TestFloorAfterTheRequest(t *testing.T) {
	t.Parallel()
	blocked, release := make(chan struct{}), make(chan struct{})
	floor := &Floor{Parts: errtext.Parts, Base: inTurn(unconnected, func(req *http.Request) (*http.Response, error) {
		close(blocked)
		<-release
		return unconnected(req)
	})}
	sent := new(Trace)
	body := &closing{Reader: strings.NewReader("body")}
	req, err := http.NewRequestWithContext(sent.Watch(t.Context(), floor, nil), http.MethodPost, "http://a.example", body)
	require.NoError(t, err)
	_, err = floor.RoundTrip(req) //nolint:bodyclose // it fails
	require.ErrorIs(t, err, refused)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_, _ = floor.RoundTrip(req) //nolint:bodyclose // it fails
	}()
	<-blocked
	assert.False(t, sent.IsUnsent(refused, true, errtext.Parts), "another is under way")
	close(release)
	<-ended
	assert.True(t, sent.IsUnsent(refused, true, errtext.Parts))
	assert.Zero(t, body.closed.Load())
	_, err = floor.RoundTrip(req) //nolint:bodyclose // it fails
	require.EqualError(t, err, "a middleware sends a request after its attempt has ended")
	assert.Equal(t, int64(1), body.closed.Load())
}

// A Transport below traces everything, so any error is proof.
func TestFloorOfATransport(t *testing.T) {
	t.Parallel()
	for _, isTransport := range []bool{true, false} {
		floor := &Floor{Parts: errtext.Parts, IsTransport: isTransport, Base: roundTripFunc(func(req *http.Request) (*http.Response, error) {
			asked(httptrace.ContextClientTrace(req.Context()))
			return nil, context.DeadlineExceeded
		})}
		sent := new(Trace)
		req, err := http.NewRequestWithContext(sent.Watch(t.Context(), floor, nil), http.MethodGet, "http://a.example", nil)
		require.NoError(t, err)
		_, err = floor.RoundTrip(req) //nolint:bodyclose // it fails
		require.ErrorIs(t, err, context.DeadlineExceeded)
		assert.Equal(t, isTransport, sent.IsUnsent(err, isTransport, errtext.Parts))
	}
}

// A request that another client sends through the floor proves nothing for either.
func TestFloorOfAnotherClient(t *testing.T) {
	t.Parallel()
	floor, other := &Floor{Base: roundTripFunc(unconnected), Parts: errtext.Parts}, &Floor{Base: roundTripFunc(unconnected), Parts: errtext.Parts}
	sent := new(Trace)
	req, err := http.NewRequestWithContext(sent.Watch(t.Context(), floor, nil), http.MethodGet, "http://a.example", nil)
	require.NoError(t, err)
	_, err = other.RoundTrip(req) //nolint:bodyclose // it fails
	require.ErrorIs(t, err, refused)
	assert.False(t, sent.IsUnsent(err, false, errtext.Parts))
}

// Middlewares see a proxy's refusal in the form that the client understands, and never a response without a body.
func TestFloorResults(t *testing.T) {
	t.Parallel()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://a.example", nil)
	require.NoError(t, err)
	resp, err := (&Floor{Base: roundTripFunc(func(*http.Request) (*http.Response, error) { return &http.Response{StatusCode: 200}, nil })}).RoundTrip(req)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	_, err = (&Floor{Base: roundTripFunc(func(*http.Request) (*http.Response, error) { return nil, nil })}).RoundTrip(req) //nolint:bodyclose // it fails
	require.Error(t, err)
	proxied := &http.Transport{Proxy: func(*http.Request) (*url.URL, error) { return nil, errors.New("Forbidden") }}
	floor := &Floor{Base: proxied, Parts: errtext.Parts}
	_, err = floor.RoundTrip(req.WithContext(new(Trace).Watch(t.Context(), floor, nil))) //nolint:bodyclose // it fails
	assert.Equal(t, ProxyRefusal(403), err)
}
