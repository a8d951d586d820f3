package dialgate

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/http/httptrace"
	"slices"
	"sync/atomic"
)

// Trace is what httptrace reports about the connection of a request, and the context of the request: a context for each value
// in it would be an allocation for each.
type Trace struct {
	context.Context

	key, value any // of the caller

	hooks      atomic.Pointer[httptrace.ClientTrace] // set when the transport asks for them
	asked, got atomic.Bool
	isTraced   bool   // the context below has the hooks
	below      *trips // nil without a Floor
}

// Watch returns a context for the request, in which key has a value. If floor is not nil, the request reaches it through
// middlewares: what they do with their own traces proves nothing.
func (t *Trace) Watch(ctx context.Context, floor *Floor, key, value any) context.Context {
	t.Context, t.key, t.value = ctx, key, value
	switch {
	case floor != nil:
		t.Context, t.below = floor.watch(ctx)
	case httptrace.ContextClientTrace(ctx) != nil:
		t.Context, t.isTraced = httptrace.WithClientTrace(ctx, t.clientTrace()), true // which calls the hooks of ctx too
	}
	return t
}

// Value returns the value of key in the context.
func (t *Trace) Value(key any) any {
	switch {
	case key == t.key && key != nil:
		return t.value
	case key == traceKey && t.below == nil && !t.isTraced:
		return t.clientTrace()
	default:
		return t.Context.Value(key)
	}
}

// String is what a context derived from this one prints of it.
func (t *Trace) String() string { return "dialgate.Trace" }

// clientTrace returns the hooks of package httptrace.
func (t *Trace) clientTrace() *httptrace.ClientTrace {
	if t.hooks.Load() == nil {
		t.hooks.CompareAndSwap(nil, &httptrace.ClientTrace{
			GetConn: func(string) { t.asked.Store(true) },
			GotConn: func(httptrace.GotConnInfo) { t.got.Store(true) },
		})
	}
	return t.hooks.Load()
}

// traceKey is the key of the hooks in a context. Package httptrace does not export it, but asks any context for it.
var traceKey = func() any {
	var asked keyOf
	httptrace.ContextClientTrace(&asked)
	return asked.key
}()

// keyOf is a context that keeps the key that it was asked for.
type keyOf struct {
	context.Context

	key any
}

func (k *keyOf) Value(key any) any {
	k.key = key
	return nil
}

// IsUnsent reports whether there is proof that a request that failed with err was not sent: a connection was asked for,
// none was got, and either the transport is known to be a [Transport] or err is a failure to connect. Any other transport,
// such as an [net/http.Transport] with a registered protocol, may have sent the request in a way that it did not trace.
// Below middlewares that holds for each round trip with its own error, and there is at least one.
//
// parts returns the errors that an error joins, or nil if it is to be taken as one.
func (t *Trace) IsUnsent(err error, isTransport bool, parts func(error) []error) bool {
	if t.below != nil {
		return t.below.areUnsent()
	}
	return t.asked.Load() && !t.got.Load() && (isTransport || isConnectFailure(err, parts))
}

// IsAlone reports whether a response with this status tells the whole outcome of the request: a middleware may have got it
// after a round trip that had an effect.
func (t *Trace) IsAlone(status int) bool { return t.below == nil || t.below.isAlone(status) }

// handshakeAlerts are the alerts of TLS that can only come before the end of the handshake.
var handshakeAlerts = []string{
	"tls: handshake failure", "tls: protocol version not supported", "tls: insufficient security level", "tls: inappropriate fallback",
	"tls: unrecognized name", "tls: no application protocol",
}

// isConnectFailure reports whether err is of dialling, DNS or the TLS handshake. Of several errors each has to be: a
// transport may join those of the ways that it tried.
func isConnectFailure(err error, parts func(error) []error) bool {
	if several := parts(err); several != nil {
		return !slices.ContainsFunc(several, func(each error) bool { return !isConnectFailure(each, parts) })
	}
	switch err := err.(type) { //nolint:errorlint // each error of the chain is looked at
	case nil:
		return false
	case *net.OpError:
		return slices.Contains([]string{"dial", "proxyconnect", "socks connect"}, err.Op) ||
			err.Op == "remote error" && err.Err != nil && slices.Contains(handshakeAlerts, err.Err.Error())
	case ProxyRefusal, *net.DNSError, *tls.CertificateVerificationError, tls.RecordHeaderError, *tls.ECHRejectionError,
		x509.UnknownAuthorityError, x509.HostnameError, x509.CertificateInvalidError, x509.SystemRootsError:
		return true
	default:
		return err.Error() == "net/http: TLS handshake timeout" || isConnectFailure(errors.Unwrap(err), parts)
	}
}
