package partnerapi

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"github.com/partnerapi/partnerapi-go/internal/jsonwire"
	"github.com/partnerapi/partnerapi-go/internal/retryafter"
)

// do makes a call and returns the value of its response. If the response to a write is only partly decodable, do returns that
// part beside the error. A program contains do once for each type of result, so the work is in run, which it contains once.
func do[T any](ctx context.Context, c *Client, e endpoint, opts []CallOption) (T, error) {
	value := new(T)
	err := run(ctx, c, &e, value, opts)
	return *value, err
}

// run runs the four stages of a call: encode, send, open (in each attempt) and decode. into is a pointer to a zero value. An error
// without a value beside it leaves the value zero.
func run(ctx context.Context, c *Client, e *endpoint, into any, opts []CallOption) error {
	r, err := encode(ctx, c, e, opts)
	if err != nil {
		return err
	}
	value := jsonwire.Value{Key: e.key, Into: into}
	if e.isReadByAttempts(into) {
		read := value // a copy, so that value stays on the stack
		r.value = &read
	}
	res := send(ctx, c, &r)
	defer res.body.Free()
	if r.value != nil {
		value = *r.value
	}
	if res.failure != nil {
		value.Discard()
		return explain(ctx, &r, &res, res.failure)
	}
	failed := decode(e, res.payload, &value)
	if failed == nil {
		return nil
	}
	failed.done = jsonwire.PresenceOf(res.payload) != jsonwire.Absent
	if !e.isWrite() {
		value.Discard()
	}
	return explain(ctx, &r, &res, failed)
}

func send(ctx context.Context, c *Client, r *request) result {
	s := c.config()
	var started time.Time
	if r.into != nil {
		started = time.Now()
	}
	res := repeat(ctx, s, r)
	if r.into != nil && res.attempts > 0 {
		r.into(Response{res.StatusCode, res.header, res.body.Bytes(), res.attempts, time.Since(started)}, r.secrets.all())
	}
	return res
}

// explain completes a failure with the facts of the call and its responses.
func explain(ctx context.Context, r *request, res *result, failed *Error) *Error {
	failed.API, failed.Op = r.api, r.op
	failed.StatusCode, failed.Body = res.StatusCode, res.body.Copy()
	if id := res.header["X-Request-Id"]; len(id) > 0 {
		failed.RequestID = id[0]
	}
	failed.RetryAfter = retryafter.Of(res.header)
	failed.Attempts = res.attempts
	failed.forget(append(r.secrets.all(), r.argPaths...))
	if res.cause != nil {
		failed.cause = hide(res.cause)
		failed.RetryAfter = cmp.Or(failed.RetryAfter, retryAfterOf(res.cause))
		failed.cancelled = errors.Is(ctx.Err(), context.Canceled) && errors.Is(res.cause, context.Canceled)
	}
	if (res.doubt || r.earlierDoubt) && r.expects.isWrite {
		failed.kinds = append(slices.Clone(failed.kinds), ErrOutcomeUnknown)
	}
	return failed
}
