package dialgate

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/http"
	"net/http/httptrace"
	"runtime"
	"slices"
	"sync/atomic"
	"time"

	"github.com/partnerapi/partnerapi-go/internal/errtext"
)

// Trace is what httptrace reports about the connection of a request, and the context of the request: a context for each value
// in it would be an allocation for each. A [Transport], and its dials, find it there: package httptrace would combine a second
// trace with the first by reflection, for every request.
type Trace struct {
	context.Context

	values Values // of the caller, or nil

	hooks      atomic.Pointer[httptrace.ClientTrace] // set when the transport asks for them
	asked, got atomic.Bool
	below      *trips // nil without a Floor

	gate        *gate         // of a [Transport], or nil
	sharings    atomic.Uint64 // of the gate, before the request asked for its connection
	place       atomic.Int32
	canAskAgain bool // the request can be sent from its beginning
	isFirst     bool // on a new connection of HTTP/2, which others can share a moment later, when the headers are written
}

// The place of a request in its gate.
const (
	needsNone int32 = iota // it does not ask for a connection
	noPlace                // it may take one
	hasPlace               // it dials
)

// ownKey is the key of the trace itself.
type ownKey struct{}

// Values are the values that a context adds to those of its parent.
type Values interface {
	// Value returns the value of key, or nil.
	Value(key any) any
}

// Watch returns a context for the request, with the values unless they are nil. If floor is not nil, the request reaches it through
// middlewares, whose own traces prove nothing.
func (t *Trace) Watch(ctx context.Context, floor *Floor, values Values) context.Context {
	t.Context, t.values = ctx, values
	if floor != nil {
		t.Context, t.below = floor.watch(ctx)
	}
	return t
}

// Value returns the value of key in the context.
func (t *Trace) Value(key any) any {
	if t.values != nil {
		if value := t.values.Value(key); value != nil {
			return value
		}
	}
	switch {
	case key == (ownKey{}) && t.below == nil:
		return t
	case key == traceKey && t.below == nil:
		return t.clientTrace()
	default:
		return t.Context.Value(key)
	}
}

// String is what a context derived from this one prints of it.
func (t *Trace) String() string { return "dialgate.Trace" }

// clientTrace returns the hooks of package httptrace. They also call those of the caller.
func (t *Trace) clientTrace() *httptrace.ClientTrace {
	if t.hooks.Load() == nil {
		hooks := &httptrace.ClientTrace{GetConn: t.asks, GotConn: t.gets, WroteHeaders: t.wrote}
		if callers := httptrace.ContextClientTrace(t.Context); callers != nil {
			hooks = t.before(*callers)
		}
		t.hooks.CompareAndSwap(nil, hooks)
	}
	return t.hooks.Load()
}

// before returns the caller's hooks, with those of t before them, as httptrace.WithClientTrace does, which calls every hook by
// reflection.
func (t *Trace) before(hooks httptrace.ClientTrace) *httptrace.ClientTrace {
	callers := hooks
	hooks.GetConn = func(hostPort string) {
		t.asks(hostPort)
		if callers.GetConn != nil {
			callers.GetConn(hostPort)
		}
	}
	hooks.GotConn = func(info httptrace.GotConnInfo) {
		t.gets(info)
		if callers.GotConn != nil {
			callers.GotConn(info)
		}
	}
	hooks.WroteHeaders = func() {
		t.wrote()
		if callers.WroteHeaders != nil {
			callers.WroteHeaders()
		}
	}
	return &hooks
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

func (t *Trace) asks(string) {
	t.asked.Store(true)
	// Not if net/http calls this again, before it uses a connection of HTTP/2.
	if t.gate != nil && t.place.CompareAndSwap(needsNone, noPlace) {
		t.sharings.Store(t.gate.sharings.Load())
	}
}

func (t *Trace) gets(info httptrace.GotConnInfo) {
	t.got.Store(true)
	switch {
	case t.gate == nil:
	case !t.gate.isOfHTTP2(info):
		t.gate.open() // a reused one may be the first, of a request that did not wait for it
		t.leave()
	case info.Reused:
		t.leaveShared()
	default:
		t.isFirst = true
	}
}

func (t *Trace) wrote() {
	if t.isFirst {
		t.gate.share()
	}
	t.leave()
}

// enterBy sets the gate of a request that is not sent yet.
func (t *Trace) enterBy(g *gate, req *http.Request) {
	t.gate, t.canAskAgain = g, req.Body == nil || req.Body == http.NoBody || req.GetBody != nil
}

// errNotNeeded is the error of a dial for a request that is over, or has got another connection. net/http drops it.
const errNotNeeded = errtext.Reason("the connection is not needed any more")

// enter waits until the request may dial, and reports whether it has taken a place. dial is the context of the dial, which
// net/http does not cancel when the request is over.
func (t *Trace) enter(dial context.Context) (taken bool, err error) {
	seen := t.sharings.Load()
	if !t.canAskAgain {
		seen = never
	}
	if taken, err = t.gate.enter(t.Context, dial, seen); err != nil {
		return false, err
	}
	if taken {
		runtime.Gosched() // the request may have got a connection, but not run since
	}
	if taken && !t.place.CompareAndSwap(noPlace, hasPlace) {
		t.gate.leave()
		taken = false
	}
	deadline, isLimited := t.Deadline()
	switch {
	case t.Err() != nil:
		err = t.Err()
	case isLimited && !time.Now().Before(deadline): // the context is about to be done
		err = context.DeadlineExceeded
	case t.place.Load() == needsNone:
		err = errNotNeeded
	}
	return taken, err
}

// leave gives the request's place, if it has one, to another.
func (t *Trace) leave() {
	if t.place.Swap(needsNone) == hasPlace {
		t.gate.leave()
	}
}

// leaveShared is leave for a request with a connection of HTTP/2.
func (t *Trace) leaveShared() {
	if t.place.Load() == hasPlace {
		t.gate.share() // another request got the connection first, and will call this later
	}
	t.leave()
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
