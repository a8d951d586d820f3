package main

import (
	"context"
	"errors"
	"net/http"
	"strings"

	partnerapi "github.com/partnerapi/partnerapi-go"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
)

// Tracing is a transport that makes a span of every request of the SDK, named by its operation, and hands the trace on
// to the server. It is not otelhttp, because that puts the URL into its spans, and with it pks, e-mails and the key of
// the account API.
type Tracing struct {
	// Next sends the requests. For the real APIs: a clone of [http.DefaultTransport], with as many connections kept for
	// each host as are used at once.
	Next   http.RoundTripper
	Tracer trace.Tracer
}

// RoundTrip makes a span of a request of the SDK, and leaves any other as it is. The span ends with the headers of the
// answer; what became of the body is in the attempt, for which see [AddAttempt].
func (t Tracing) RoundTrip(req *http.Request) (*http.Response, error) {
	api, op := partnerapi.Operation(req.Context())
	if op == "" {
		return t.Next.RoundTrip(req)
	}
	ctx, span := t.Tracer.Start(req.Context(), op, trace.WithSpanKind(trace.SpanKindClient), trace.WithAttributes(
		attribute.String("partnerapi.api", string(api)),
		attribute.String("http.request.method", req.Method),
	))
	defer func() { span.End() }() // deferred itself, it would tell the value of a panic, and that may hold the URL
	req = req.Clone(ctx)          // a transport must not change the request that it is given
	propagation.TraceContext{}.Inject(ctx, propagation.HeaderCarrier(req.Header))
	resp, err := t.Next.RoundTrip(req)
	if err != nil {
		span.SetStatus(codes.Error, "no answer") // the text of the error may hold the URL
		return resp, err
	}
	span.SetAttributes(attribute.Int("http.response.status_code", resp.StatusCode))
	if resp.StatusCode >= http.StatusBadRequest {
		span.SetStatus(codes.Error, "")
	}
	return resp, nil
}

// CloseIdleConnections is what the client's method of that name calls.
func (t Tracing) CloseIdleConnections() { (&http.Client{Transport: t.Next}).CloseIdleConnections() }

// AddAttempt makes an attempt an event of the span in which the call was made: one call can be many requests, and this
// says which of its attempts each was, whether the API can have done it, and how long the call then waited.
func AddAttempt(ctx context.Context, a partnerapi.Attempt) {
	trace.SpanFromContext(ctx).AddEvent("attempt", trace.WithAttributes(
		attribute.String("partnerapi.api", string(a.API)),
		attribute.String("partnerapi.op", a.Op),
		attribute.Int("partnerapi.attempt", a.Number),
		attribute.Int("http.response.status_code", a.StatusCode),
		attribute.String("partnerapi.outcome", string(a.Outcome)),
		attribute.Float64("partnerapi.duration", a.Duration.Seconds()),
		attribute.Float64("partnerapi.wait", a.Wait.Seconds()),
	))
}

// kinds are all that an error is told of in a span: its text may hold what the API said, and the API may say a name.
var kinds = []error{
	partnerapi.ErrInvalid, partnerapi.ErrAlreadyExists, partnerapi.ErrNotFound, partnerapi.ErrUnauthorized,
	partnerapi.ErrForbidden, partnerapi.ErrNotLoggedIn, partnerapi.ErrNoCredential, partnerapi.ErrRateLimited,
	partnerapi.ErrServer, partnerapi.ErrBadResponse, partnerapi.ErrResponseTooLarge, partnerapi.ErrOutcomeUnknown,
	context.Canceled, context.DeadlineExceeded,
}

// End ends a span around calls, with the kinds of the error that they ended with.
func End(span trace.Span, err error) {
	defer span.End()
	if err == nil {
		return
	}
	var found []string
	for _, kind := range kinds {
		if errors.Is(err, kind) {
			found = append(found, kind.Error())
		}
	}
	span.SetStatus(codes.Error, strings.Join(found, ", "))
}
