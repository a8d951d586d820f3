package partnerapi

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"time"
)

// Outcome says whether the API may have acted on the request of an attempt.
type Outcome string

const (
	// OutcomeUnsent means that the API did nothing: no connection was made, or the API responded with 429. With the transport
	// of [WithHTTPClient] the first needs proof, or the outcome is [OutcomeUnknown]: net/http/httptrace reports that a connection
	// was asked for and none was got, and the error is one of dialling, DNS or the TLS handshake.
	OutcomeUnsent Outcome = "unsent"
	// OutcomeAnswered means that a complete response below 500 came, other than 408 and 429.
	OutcomeAnswered Outcome = "answered"
	// OutcomeUnknown means that the API may have acted on the request: no complete response came, or a 408 or 5xx.
	OutcomeUnknown Outcome = "unknown"
)

// Attempt is one request of a call, for hooks and logs. It contains no credential, pk, e-mail or URL.
//
// A call with an invalid argument, without a credential or stopped by the limiter makes no attempt.
//
// One retry is not visible: net/http itself retries a GET immediately if a reused connection breaks before the response, at
// most once for each such connection.
type Attempt struct {
	// API is the API of the call.
	API API
	// Op is the operation of the call, such as "PUT /partners/subscriptions/{pk}". It never contains the values in the path.
	Op string
	// Number counts the attempts of the call from 1.
	Number int
	// StatusCode is the status of the response, even of an incomplete one. 0 means that no response came. 200 does not mean
	// success: the account API reports failures with it.
	StatusCode int
	// Err says why there is no complete response. It is nil if there is one, whatever its status. It prints only harmless
	// texts; errors.Is and errors.As find the cause.
	Err error
	// Outcome says whether the API may have acted on the request.
	Outcome Outcome
	// Duration is the time from the wait for a connection to the last byte of the body. It does not include a wait for the
	// limiter.
	Duration time.Duration
	// Wait is the planned wait before the next attempt. It is zero if the call ends, and before a retry with a renewed
	// credential or session, which follows immediately. The next attempt is not made if the context is done or the limiter
	// stops it.
	Wait time.Duration
}

// Response is the last response to a call, successful or not. See [WithResponseInto].
type Response struct {
	StatusCode int // 0 if no response came
	// Header has no Set-Cookie, because a session's cookies are credentials. A value that contains a credential of the call is
	// "[redacted]".
	Header http.Header
	// Body is a copy of the body, unchanged, also of a success: it has the fields that this package does not know. It is nil if
	// no response came or the last one is incomplete. It may contain personal data and credentials, and is never printed.
	Body     []byte `json:"-"`
	Attempts int
	Duration time.Duration // of all attempts, including all waits
}

// Format prints only the type's name, for every verb.
func (r Response) Format(f fmt.State, verb rune) { redactedResponse.Format(f, verb) }

// LogValue returns only the type's name.
func (r Response) LogValue() slog.Value { return redactedResponse.LogValue() }

// Operation returns the API and the operation of a request from its context, for a transport or a middleware. The operation is
// the method and path as the vendor writes them, such as "PUT /partners/subscriptions/{pk}". It contains none of the call's
// values, so unlike the URL it can name a span or label a metric.
//
// Both are empty for any other context.
func Operation(ctx context.Context) (api API, op string) {
	of, known := ctx.Value(operationKey{}).(*operation)
	if !known {
		return "", ""
	}
	return of.api, of.op
}

// AttemptNumber returns the number of a request's attempt in its call, from 1, from its context. It is 0 for any other context.
// It is the Number of the [Attempt] that a hook gets afterwards.
func AttemptNumber(ctx context.Context) int {
	of, known := ctx.Value(operationKey{}).(*operation)
	if !known {
		return 0
	}
	return of.attempt
}

type operationKey struct{}

// operation is the part of an attempt that is never secret.
type operation struct {
	api     API
	op      string
	attempt int
}

// Value returns o itself, for the context of the attempt.
func (o *operation) Value(key any) any {
	if key != (operationKey{}) {
		return nil
	}
	return o
}

type observer struct {
	hook   func(context.Context, Attempt)
	logger *slog.Logger
}

func (o observer) isSet() bool { return o.hook != nil || o.logger != nil }

// report passes an attempt to the hook and the logger. rejection is the kind of a response that rejects the credential, or nil.
func (o observer) report(ctx context.Context, a Attempt, rejection error) {
	if o.hook != nil {
		o.hook(ctx, a)
	}
	level := slog.LevelDebug
	if a.Outcome != OutcomeAnswered || rejection != nil {
		level = slog.LevelWarn
	}
	if o.logger == nil || !o.logger.Enabled(ctx, level) {
		return
	}
	attrs := []slog.Attr{
		slog.String("api", string(a.API)), slog.String("op", a.Op), slog.Int("attempt", a.Number),
		slog.Int("status", a.StatusCode), slog.String("outcome", string(a.Outcome)),
		slog.Duration("duration", a.Duration), slog.Duration("wait", a.Wait),
	}
	if err := cmp.Or(a.Err, rejection); err != nil {
		attrs = append(attrs, slog.String("error", err.Error()))
	}
	o.logger.LogAttrs(ctx, level, "partnerapi attempt", attrs...)
}
