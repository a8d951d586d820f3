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

// Tracing returns a middleware that makes a span of every request of the SDK, named after its operation, and propagates the
// trace to the server. It does not use otelhttp, which records the URL, and with it pks, e-mails and the key of the account
// API.
func Tracing(tracer trace.Tracer) func(http.RoundTripper) http.RoundTripper {
	return func(next http.RoundTripper) http.RoundTripper { return tracing{next, tracer} }
}

type tracing struct {
	next   http.RoundTripper
	tracer trace.Tracer
}

// RoundTrip makes a span of a request of the SDK, and passes any other request through unchanged. The span ends with the
// response headers; the attempt records what happened to the body, see [AddAttempt].
func (t tracing) RoundTrip(req *http.Request) (*http.Response, error) {
	api, op := partnerapi.Operation(req.Context())
	if op == "" {
		return t.next.RoundTrip(req)
	}
	ctx, span := t.tracer.Start(req.Context(), op, trace.WithSpanKind(trace.SpanKindClient), trace.WithAttributes(
		attribute.String("partnerapi.api", string(api)),
		attribute.Int("partnerapi.attempt", partnerapi.AttemptNumber(req.Context())),
		attribute.String("http.request.method", req.Method),
	))
	defer func() { span.End() }() // if deferred directly, End would record the value of a panic, which may contain the URL
	req = req.Clone(ctx)          // a transport must not change the request it receives
	propagation.TraceContext{}.Inject(ctx, propagation.HeaderCarrier(req.Header))
	resp, err := t.next.RoundTrip(req)
	if err != nil {
		span.SetStatus(codes.Error, "no response") // the error text may contain the URL
		return resp, err
	}
	span.SetAttributes(attribute.Int("http.response.status_code", resp.StatusCode))
	if resp.StatusCode >= http.StatusBadRequest {
		span.SetStatus(codes.Error, "")
	}
	return resp, nil
}

// AddAttempt records an attempt as an event of the span in which the call was made. A call may make several attempts;
// the event has the number of the attempt, its outcome, and the wait before the next one.
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

// kinds are all that a span records of an error: its text may contain a message of the API, and so personal data.
var kinds = []error{
	partnerapi.ErrInvalid, partnerapi.ErrAlreadyExists, partnerapi.ErrNotFound, partnerapi.ErrUnauthorized,
	partnerapi.ErrForbidden, partnerapi.ErrNotLoggedIn, partnerapi.ErrWrongPassword, partnerapi.ErrNoCredential, partnerapi.ErrRateLimited,
	partnerapi.ErrServer, partnerapi.ErrBadResponse, partnerapi.ErrResponseTooLarge, partnerapi.ErrOutcomeUnknown,
	context.Canceled, context.DeadlineExceeded,
}

// End ends a span around calls and records the kinds of their error.
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
