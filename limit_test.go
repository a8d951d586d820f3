package partnerapi

import (
	"context"
	"errors"
	"io"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

type limitKey struct{}

// A limit is what context.WithDeadline would be, whether anybody looks at it before it ends or not.
func TestLimit(t *testing.T) {
	t.Parallel()
	cause := errors.New("the call was given up")
	tests := map[string]struct {
		happens func(l *limit, cancel context.CancelCauseFunc)
		err     error
		cause   error
	}{
		"goes on":              {func(*limit, context.CancelCauseFunc) {}, nil, nil},
		"almost over":          {func(*limit, context.CancelCauseFunc) { time.Sleep(time.Second - 1) }, nil, nil},
		"over":                 {func(*limit, context.CancelCauseFunc) { time.Sleep(time.Second) }, context.DeadlineExceeded, context.DeadlineExceeded},
		"the call is over":     {func(_ *limit, cancel context.CancelCauseFunc) { cancel(cause) }, context.Canceled, cause},
		"the attempt is over":  {func(l *limit, _ context.CancelCauseFunc) { l.end() }, context.Canceled, context.Canceled},
		"it is over twice":     {func(l *limit, _ context.CancelCauseFunc) { l.end(); l.end() }, context.Canceled, context.Canceled},
		"it is over, then all": {func(l *limit, cancel context.CancelCauseFunc) { l.end(); cancel(cause) }, context.Canceled, nil},
	}
	for name, test := range tests {
		for _, early := range []bool{true, false} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					ctx, cancel := context.WithCancelCause(context.WithValue(t.Context(), limitKey{}, "value"))
					defer cancel(nil)
					l := &limit{Context: ctx, until: time.Now().Add(time.Second)}
					defer l.end()
					if early {
						require.NoError(t, l.Err())
					}
					until, ok := l.Deadline()
					assert.True(t, ok)
					assert.Equal(t, time.Second, time.Until(until))
					assert.Equal(t, "value", l.Value(limitKey{}))
					test.happens(l, cancel)
					synctest.Wait()
					over := false
					select {
					case <-l.Done():
						over = true
					default:
					}
					assert.Equal(t, test.err != nil, over)
					assert.Equal(t, test.err, l.Err())
					if test.cause != nil {
						assert.Equal(t, test.cause, context.Cause(l))
					}
					assert.Equal(t, "value", l.Value(limitKey{}))
				})
			})
		}
	}
}

func TestLimitOfACallThatEndsSooner(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		l := &limit{Context: ctx, until: time.Now().Add(time.Minute)}
		defer l.end()
		until, ok := l.Deadline()
		assert.True(t, ok)
		assert.Equal(t, time.Second, time.Until(until))
		<-l.Done()
		assert.Equal(t, context.DeadlineExceeded, l.Err())
	})
}

// net/http makes a context of an attempt's: it is ended with it, and without a goroutine that waits for that.
func TestLimitHasChildren(t *testing.T) { //nolint:paralleltest // it counts the goroutines of the whole process
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	l := &limit{Context: ctx, until: time.Now().Add(time.Hour)}
	before := runtime.NumGoroutine()
	var children []context.Context
	for range 100 {
		child, stop := context.WithCancel(context.WithValue(l, limitKey{}, 1))
		defer stop()
		children = append(children, child)
	}
	assert.Less(t, runtime.NumGoroutine()-before, 50)
	l.end()
	for _, child := range children {
		<-child.Done()
		assert.Equal(t, context.Canceled, child.Err())
	}
}

// A transport may look at the context of a request when the call is over, and at the request itself: they stay what
// they were, whatever calls come next.
func TestWhatATransportKeepsIsItsOwn(t *testing.T) {
	t.Parallel()
	var kept []*http.Request
	client := newTestClient(t, roundTripFunc(func(req *http.Request) (*http.Response, error) {
		kept = append(kept, req)
		return reply(201, `{"success":true}`), nil
	}))
	ctx := context.WithValue(t.Context(), limitKey{}, "value")
	for _, pk := range []string{"1", "2", "3"} {
		require.NoError(t, client.Subscriptions.Create(ctx, CreateSubscriptionRequest{PK: pk}, WithHeader("X-Trace", pk)))
		require.NoError(t, client.Subscriptions.Update(ctx, pk, UpdateSubscriptionRequest{Plan: PlanBark}))
	}
	for i, pk := range []string{"1", "2", "3"} {
		created, updated := kept[2*i], kept[2*i+1]
		assert.Equal(t, "/api/v1/partners/subscriptions", created.URL.Path)
		assert.Equal(t, "/api/v1/partners/subscriptions/"+pk, updated.URL.Path)
		assert.Equal(t, pk, created.Header.Get("X-Trace"))
		for _, req := range []*http.Request{created, updated} {
			assert.Equal(t, []string{testPartnerToken}, req.Header["X-Token-Auth"])
			assert.Equal(t, "www.bark.us", req.Host)
			assert.Equal(t, context.Canceled, req.Context().Err())
			assert.Equal(t, "value", req.Context().Value(limitKey{}))
		}
		for body, req := range map[string]*http.Request{`{"pk":"` + pk + `"}`: created, `{"plan":"bark"}`: updated} {
			again, err := req.GetBody()
			require.NoError(t, err)
			sent, err := io.ReadAll(again)
			require.NoError(t, err)
			assert.Equal(t, body, string(sent))
			assert.Equal(t, int64(len(body)), req.ContentLength)
		}
		_, op := Operation(updated.Context())
		assert.Equal(t, "PUT /partners/subscriptions/{pk}", op)
	}
}

// A transport that changes a request, which it must not, changes no other one.
func TestTransportThatChangesRequests(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var seen []string
		client := newTestClient(t, roundTripFunc(func(req *http.Request) (*http.Response, error) {
			seen = append(seen, strings.Join([]string{
				req.URL.Host, req.Header.Get("Accept"), req.Header.Get("X-Token-Auth"), req.UserAgent(), req.Proto,
			}, " "))
			req.URL.Host, req.Method = "other.example", "PATCH"
			req.Header.Set("User-Agent", "other")
			req.Header.Set("Accept", "text/html")
			req.Header.Add("X-Token-Auth", "other")
			return reply(500, ""), nil
		}), WithRetry(RetryPolicy{MaxAttempts: 2}))
		for range 2 {
			require.ErrorIs(t, client.Subscriptions.Cancel(t.Context(), "pk"), ErrServer)
		}
		want := "www.bark.us application/json " + testPartnerToken + " partnerapi-go/" + Version + " HTTP/1.1"
		assert.Equal(t, []string{want, want, want, want}, seen)
	})
}
