package partnerapi

import (
	"net/http"

	"github.com/partnerapi/partnerapi-go/internal/dialgate"
)

// WithMiddleware wraps the transport of the client in what middleware returns, whichever transport that is: this package's
// own, that of [WithHTTPClient], or the fake's. [NewClient] calls middleware once. Of several WithMiddleware the first is the
// outermost: it sees a request first and its response last. A nil middleware, or one that returns nil, is refused.
//
// A middleware gets the request of each attempt, with its credentials, and must follow the rules of [http.RoundTripper]. It is
// for traces, signatures and [Dump]:
//
//   - It does not retry, follow redirects or send the request to another server: the first two are the client's, and the third
//     would send the credentials there. If one request too many may have had an effect, the attempt is not [OutcomeUnsent], and
//     a failure of the call is [ErrOutcomeUnknown]. It sends nothing after it has returned.
//   - It derives the contexts of what it sends from the request's. With any other context an attempt that gets no connection
//     is [OutcomeUnknown].
//   - It records no URL, because paths contain pks, and queries contain e-mails and the account API's key. otelhttp does:
//     [Operation] and [AttemptNumber] return what can name and label a span. It prints no error of the transport either.
func WithMiddleware(middleware func(http.RoundTripper) http.RoundTripper) Option {
	return func(s *settings) error {
		if middleware == nil {
			return refused("WithMiddleware", "nil")
		}
		s.middlewares = append(s.middlewares, middleware)
		return nil
	}
}

// wrap puts the middlewares around the transport.
func (s *settings) wrap() error {
	s.base = s.transport
	if len(s.middlewares) == 0 {
		return nil
	}
	s.floor = &dialgate.Floor{Base: s.base, IsTransport: s.isOwnTransport, Parts: parts}
	s.transport = s.floor
	for i := len(s.middlewares) - 1; i >= 0; i-- {
		if s.transport = s.middlewares[i](s.transport); s.transport == nil {
			return refused("WithMiddleware", "returned nil")
		}
	}
	return nil
}
