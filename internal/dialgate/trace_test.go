package dialgate

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http/httptrace"
	"net/url"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/partnerapi/partnerapi-go/internal/errno"
	"github.com/partnerapi/partnerapi-go/internal/errtext"
)

// refused is the error of a dial that was refused.
var refused = &net.OpError{Op: "dial", Net: "tcp", Err: errno.ConnectionRefused}

// watched returns a trace of which the hooks were called.
func watched(t *testing.T, hooks ...func(*httptrace.ClientTrace)) *Trace {
	t.Helper()
	traced := new(Trace)
	ctx := traced.Watch(t.Context(), nil, nil)
	for _, call := range hooks {
		call(httptrace.ContextClientTrace(ctx))
	}
	return traced
}

func asked(tr *httptrace.ClientTrace) { tr.GetConn("a.example:443") }
func got(tr *httptrace.ClientTrace)   { tr.GotConn(httptrace.GotConnInfo{}) }

// The context of a request has the caller's value, all that its parent has, and ends with it.
func TestTraceIsAContext(t *testing.T) {
	t.Parallel()
	type ours struct{}
	type parents struct{}
	parent, cancel := context.WithCancelCause(context.WithValue(t.Context(), parents{}, "b"))
	added := context.WithValue(context.Background(), ours{}, "a") //nolint:usetesting // without the values of another parent
	ctx := new(Trace).Watch(parent, nil, added)
	assert.Equal(t, "a", ctx.Value(ours{}))
	assert.Equal(t, "b", ctx.Value(parents{}))
	assert.Nil(t, ctx.Value(struct{}{}))
	derived, stop := context.WithCancel(ctx)
	defer stop()
	cancel(io.EOF)
	<-derived.Done()
	assert.Equal(t, context.Canceled, derived.Err())
	assert.Equal(t, io.EOF, context.Cause(derived))
	assert.Equal(t, "dialgate.Trace.WithCancel", fmt.Sprint(derived))
	assert.Nil(t, new(Trace).Watch(t.Context(), nil, nil).Value(nil))
}

// The hooks of the caller's own trace are called too, and every question for the hooks has the same answer.
func TestTraceBesideAnother(t *testing.T) {
	t.Parallel()
	var seen []string
	all := &httptrace.ClientTrace{
		GetConn: func(host string) { seen = append(seen, host) }, GotConn: func(httptrace.GotConnInfo) { seen = append(seen, "got") },
		WroteHeaders: func() { seen = append(seen, "wrote") }, Wait100Continue: func() { seen = append(seen, "waits") },
	}
	for name, test := range map[string]struct {
		callers *httptrace.ClientTrace
		want    []string
	}{
		"none": {nil, nil}, "empty": {new(httptrace.ClientTrace), nil},
		"one": {&httptrace.ClientTrace{GotConn: all.GotConn}, []string{"got"}},
		"all": {all, []string{"a.example:443", "got", "wrote", "waits"}},
	} {
		seen = nil
		parent := t.Context()
		if test.callers != nil {
			parent = httptrace.WithClientTrace(parent, test.callers)
		}
		traced := new(Trace)
		ctx := traced.Watch(parent, nil, nil)
		hooks := httptrace.ContextClientTrace(ctx)
		assert.Same(t, hooks, httptrace.ContextClientTrace(ctx))
		asked(hooks)
		assert.True(t, traced.IsUnsent(refused, false, errtext.Parts), name)
		httptrace.ContextClientTrace(httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{})).GotConn(httptrace.GotConnInfo{})
		assert.False(t, traced.IsUnsent(refused, false, errtext.Parts), name)
		hooks.WroteHeaders()
		if hooks.Wait100Continue != nil {
			hooks.Wait100Continue()
		}
		assert.Equal(t, test.want, seen, name)
	}
}

func TestTraceIsUnsent(t *testing.T) {
	t.Parallel()
	hooks := func(all ...func(*httptrace.ClientTrace)) []func(*httptrace.ClientTrace) { return all }
	tests := map[string]struct {
		hooks []func(*httptrace.ClientTrace)
		want  bool
	}{
		"nothing traced":             {nil, false},
		"asked and not got":          {hooks(asked), true},
		"asked twice and not got":    {hooks(asked, asked), true},
		"asked and got":              {hooks(asked, got), false},
		"got, and asked for another": {hooks(asked, got, asked), false},
		"got without being asked":    {hooks(got), false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			traced := watched(t, test.hooks...)
			assert.Equal(t, test.want, traced.IsUnsent(refused, false, errtext.Parts))
			assert.Equal(t, test.want, traced.IsUnsent(io.EOF, true, errtext.Parts), "the trace of a Transport is proof enough")
			assert.False(t, traced.IsUnsent(io.EOF, false, errtext.Parts))
		})
	}
}

// joinsNothing is an error that could join others and joins none.
type joinsNothing struct{}

func (joinsNothing) Error() string   { return "nothing" }
func (joinsNothing) Unwrap() []error { return []error{} }

func TestIsConnectFailure(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		err  error
		want bool
	}{
		"a refused dial":             {refused, true},
		"no such host":               {&url.Error{Op: "Post", Err: &net.DNSError{IsNotFound: true}}, true},
		"an unreachable proxy":       {&net.OpError{Op: "proxyconnect", Net: "tcp", Err: refused}, true},
		"a proxy's refusal":          {ProxyRefusal(403), true},
		"an unknown authority":       {&tls.CertificateVerificationError{Err: x509.UnknownAuthorityError{}}, true},
		"another host's certificate": {x509.HostnameError{Certificate: &x509.Certificate{}, Host: "a.example"}, true},
		"not TLS":                    {tls.RecordHeaderError{}, true},
		"a handshake timeout":        {errors.New("net/http: TLS handshake timeout"), true},
		"an alert in the handshake":  {&net.OpError{Op: "remote error", Err: errors.New("tls: handshake failure")}, true},
		"all of several":             {errors.Join(&net.DNSError{}, refused), true},
		"wrapped":                    {fmt.Errorf("tunnel: %w", refused), true},

		"no error":                     {nil, false},
		"a cut response":               {io.ErrUnexpectedEOF, false},
		"a reset":                      {&net.OpError{Op: "read", Net: "tcp", Err: errors.New("connection reset")}, false},
		"a broken pipe":                {&net.OpError{Op: "write", Net: "tcp", Err: errors.New("broken pipe")}, false},
		"an alert after the handshake": {&net.OpError{Op: "remote error", Err: tls.AlertError(42)}, false},
		"a timeout":                    {context.DeadlineExceeded, false},
		"a text":                       {errors.New("connection refused: no connection, dial tcp, not sent"), false},
		"one of several":               {errors.Join(refused, io.ErrUnexpectedEOF), false},
		"joins nothing":                {joinsNothing{}, false},
		"both in one text":             {fmt.Errorf("%w, then %w", refused, io.EOF), false},
		"a read that names a dial":     {&net.OpError{Op: "read", Net: "tcp", Err: refused}, false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			assert.Equal(t, test.want, isConnectFailure(test.err, errtext.Parts))
		})
	}
	joined := errors.Join(refused, refused)
	assert.False(t, isConnectFailure(joined, func(error) []error { return nil }), "taken as one")
}
