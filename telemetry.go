package partnerapi

import (
	"context"
	"log/slog"
	"net/http"
	"time"
)

// Outcome says what is known about an attempt once it is over.
type Outcome string

const (
	// OutcomeUnsent means that the API did nothing: no connection could be made, or the API responded with 429. The
	// client's own transport proves the first. The transport of [WithHTTPClient] proves it if net/http/httptrace reports no
	// connection and the error is one of dialling, DNS or the TLS handshake; otherwise the outcome is [OutcomeUnknown].
	OutcomeUnsent Outcome = "unsent"
	// OutcomeAnswered means that a complete response below 500 came, other than 408 and 429.
	OutcomeAnswered Outcome = "answered"
	// OutcomeUnknown means that the API may have acted on the request: no complete response came, or its status was 408, or
	// 500 or above.
	OutcomeUnknown Outcome = "unknown"
)

// Attempt is one request of a call, for hooks and logs. It holds no credential, pk, e-mail or URL.
//
// A call that sends nothing makes no attempt: one with an invalid argument or without a credential, or one that the limiter
// stops.
//
// One retry is not visible: net/http itself retries a GET immediately when a connection that it kept from an earlier request
// breaks before the response, at most once for each such connection.
type Attempt struct {
	// API is the API of the call.
	API API
	// Op is the operation of the call, such as "PUT /partners/subscriptions/{pk}": never the values in its path.
	Op string
	// Number counts the attempts of the call from 1.
	Number int
	// StatusCode is the status of the response, also of an incomplete one. 0 means that no response came. A status of 200
	// does not mean success: the account API reports failures with it.
	StatusCode int
	// Err says why there is no complete response. It is nil if there is one, whatever the response says. It prints only what
	// is known to be harmless; errors.Is and errors.As find the cause.
	Err error
	// Outcome says whether the API may have acted on the request.
	Outcome Outcome
	// Duration is how long the attempt took, from asking for a connection to the last byte of the body, without any wait for
	// the limiter.
	Duration time.Duration
	// Wait is how long the call waits before the next attempt. It is zero when the call ends, and before a retry with a
	// renewed credential or session, which follows immediately. The next attempt is not made if the context is done before
	// it, or if the limiter stops it.
	Wait time.Duration
}

// Response tells about the last answer to a call, whether it succeeded or not. See [WithResponseInto].
type Response struct {
	// StatusCode is 0 if no answer came.
	StatusCode int
	// Header has no Set-Cookie: a session's cookies are credentials. A value that holds a credential of the call is
	// "[redacted]".
	Header http.Header
	// Attempts is how many requests were made.
	Attempts int
	// Duration is how long they took, with all waits, for a limiter too.
	Duration time.Duration
}

// Operation returns the API and the operation of the request that a transport is given, from the context of that request.
// The operation is the method and path as the vendor writes them, such as "PUT /partners/subscriptions/{pk}". It holds none
// of the call's values, so it can name a span or label a metric where the URL of the request must not.
//
// Both are empty for a context that is not of a request of this package.
func Operation(ctx context.Context) (api API, op string) {
	of, known := ctx.Value(operationKey{}).(*operation)
	if !known {
		return "", ""
	}
	return of.api, of.op
}

// operationKey is the key of the [operation] in the context of an attempt.
type operationKey struct{}

// operation is all that a transport may know of a call: the rest may be secret.
type operation struct {
	api API
	op  string
}

// observer is who is told of attempts.
type observer struct {
	hook   func(context.Context, Attempt)
	logger *slog.Logger
}

// report passes an attempt to the hook and the logger.
func (o observer) report(ctx context.Context, a Attempt) {
	if o.hook != nil {
		o.hook(ctx, a)
	}
	if o.logger == nil {
		return
	}
	level := slog.LevelDebug
	if a.Outcome != OutcomeAnswered {
		level = slog.LevelWarn
	}
	attrs := []slog.Attr{
		slog.String("api", string(a.API)), slog.String("op", a.Op), slog.Int("attempt", a.Number),
		slog.Int("status", a.StatusCode), slog.String("outcome", string(a.Outcome)),
		slog.Duration("duration", a.Duration), slog.Duration("wait", a.Wait),
	}
	if a.Err != nil {
		attrs = append(attrs, slog.String("error", a.Err.Error()))
	}
	o.logger.LogAttrs(ctx, level, "partnerapi attempt", attrs...)
}
