package errtext

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/url"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/partnerapi/partnerapi-go/internal/errno"
)

// foreign is an error of another package: its text contains the URL.
type foreign struct{ URL string }

func (f foreign) Error() string { return "no responder found for GET " + f.URL }

type foreignText string

func (f foreignText) Error() string { return string(f) }

func isForeignText(err error) bool {
	_, is := err.(foreignText) //nolint:errorlint // of this error alone
	return is
}

// The text of an error is printed if it is known to be harmless: of net, TLS, context, io.
func TestOf(t *testing.T) {
	t.Parallel()
	const leaky = "https://a.example/p?key=SECRET"
	dial := &net.OpError{Op: "dial", Net: "tcp", Addr: &net.TCPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 443}, Err: errno.ConnectionRefused}
	var tooBig struct {
		N int8 `json:"N"`
	}
	overflow := json.Unmarshal([]byte(`{"N":4111111111111111}`), &tooBig)
	var syntax *json.SyntaxError
	require.ErrorAs(t, json.Unmarshal([]byte("{]"), &tooBig), &syntax)
	tests := map[string]struct {
		cause error
		want  string
	}{
		"canceled":                 {context.Canceled, "context canceled"},
		"deadline":                 {context.DeadlineExceeded, "context deadline exceeded"},
		"deadline with a URL":      {fmt.Errorf("GET %s: %w", leaky, context.DeadlineExceeded), "context deadline exceeded"},
		"EOF":                      {fmt.Errorf("reading %s: %w", leaky, io.EOF), "EOF"},
		"cut":                      {io.ErrUnexpectedEOF, "unexpected EOF"},
		"closed":                   {net.ErrClosed, "use of closed network connection"},
		"i/o timeout":              {&net.OpError{Op: "read", Net: "tcp", Err: os.ErrDeadlineExceeded}, "i/o timeout"},
		"dial":                     {fmt.Errorf("GET %s: %w", leaky, dial), "dial tcp 192.0.2.1:443: connection refused"},
		"an operation's own cause": {&net.OpError{Op: "dial", Net: "tcp", Err: foreign{leaky}}, "dial tcp: error of type errtext.foreign (see errors.Unwrap)"},
		"no such host":             {&net.OpError{Op: "dial", Net: "tcp", Err: &net.DNSError{Err: "no such host", Name: "a.example"}}, "dial tcp: lookup a.example: no such host"},
		"errno":                    {errno.ConnectionRefused, "connection refused"},
		"unknown authority":        {&tls.CertificateVerificationError{Err: x509.UnknownAuthorityError{}}, "tls: failed to verify certificate: x509: certificate signed by unknown authority"},
		"unreadable roots":         {&tls.CertificateVerificationError{Err: x509.SystemRootsError{Err: &fs.PathError{Op: "open", Path: "SECRET", Err: errno.ConnectionRefused}}}, "connection refused"},
		"hostname":                 {x509.HostnameError{Certificate: &x509.Certificate{DNSNames: []string{"b.example"}}, Host: "a.example"}, "x509: certificate is valid for b.example, not a.example"},
		"not TLS":                  {tls.RecordHeaderError{Msg: "first record does not look like a TLS handshake"}, "tls: first record does not look like a TLS handshake"},
		"alert":                    {tls.AlertError(42), "tls: bad certificate"},
		"syntax":                   {syntax, "not JSON"},
		"a type, not the value":    {overflow, "not of type int8"},
		"of no type":               {&json.UnmarshalTypeError{Value: leaky}, "of the wrong type"},
		"foreign":                  {foreign{leaky}, "error of type errtext.foreign (see errors.Unwrap)"},
		"foreign, by pointer":      {&foreign{leaky}, "error of type *errtext.foreign (see errors.Unwrap)"},
		"foreign text":             {foreignText(leaky), "error of type errtext.foreignText (see errors.Unwrap)"},
		"errors.New":               {errors.New(leaky), "error of type *errors.errorString (see errors.Unwrap)"},
		"in a url.Error":           {&url.Error{Op: "Get", URL: leaky, Err: errors.New("x " + leaky)}, "error of type *errors.errorString (see errors.Unwrap)"},
		"a url.Error of dialling":  {&url.Error{Op: "Get", URL: leaky, Err: dial}, "dial tcp 192.0.2.1:443: connection refused"},
		"a url.Error of several":   {&url.Error{Op: "Get", URL: leaky, Err: errors.Join(io.EOF, dial)}, "EOF; dial tcp 192.0.2.1:443: connection refused"},
		"an empty url.Error":       {&url.Error{Op: "Get", URL: leaky}, "error of type <nil> (see errors.Unwrap)"},
		"several":                  {errors.Join(dial, foreign{leaky}, context.Canceled), "dial tcp 192.0.2.1:443: connection refused; error of type errtext.foreign (see errors.Unwrap); context canceled"},
		"several, wrapped by fmt":  {fmt.Errorf("%s: %w and %w", leaky, io.EOF, context.Canceled), "EOF; context canceled"},
		"a time":                   {&time.ParseError{Value: leaky, Message: leaky}, "not an RFC 3339 time"},
		"a limiter":                {errors.New("rate: Wait(n=1) would exceed context deadline"), "rate: Wait(n=1) would exceed context deadline"},
		"a limiter, and more":      {errors.New("rate: Wait(n=1) would exceed context deadline of SECRET"), "error of type *errors.errorString (see errors.Unwrap)"},
		"several, nested":          {errors.Join(errors.Join(io.EOF, context.Canceled), io.EOF), "EOF; context canceled"},
		"an empty join":            {&joins{}, "error of type *errtext.joins (see errors.Unwrap)"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			text, _ := Of(test.cause, Own{})
			assert.Equal(t, test.want, text)
		})
	}
}

// joins is an error that joins others, in a type of its own.
type joins struct{ errs []error }

func (j *joins) Error() string   { return "SECRET" }
func (j *joins) Unwrap() []error { return j.errs }

func TestOfIsKnown(t *testing.T) {
	t.Parallel()
	for err, want := range map[error]bool{
		io.EOF:                                                       true,
		errors.New("SECRET"):                                         false,
		errors.New("no responder found"):                             false,
		errors.Join(io.EOF, net.ErrClosed):                           true,
		errors.Join(io.EOF, errors.New("SECRET")):                    false,
		&net.OpError{Op: "dial", Net: "tcp", Err: io.EOF}:            true,
		&net.OpError{Op: "dial", Net: "tcp", Err: foreign{"SECRET"}}: false,
	} {
		_, known := Of(err, Own{})
		assert.Equal(t, want, known, err.Error())
	}
}

// own is an error of the caller that joins others, and is described as one.
type own struct{ joins }

func TestOwn(t *testing.T) {
	t.Parallel()
	errOwn := errors.New("own")
	knows := Own{
		Whole: func(err error) (string, bool, bool) {
			_, ok := err.(*own) //nolint:errorlint // of this error alone
			return "whole", false, ok
		},
		Texts: []func(error) (string, bool){Which(isForeignText), Is([]error{errOwn})},
	}
	whole := &own{joins{[]error{io.EOF, foreignText("a")}}}
	for name, test := range map[string]struct {
		err   error
		want  string
		known bool
	}{
		"whole":              {whole, "whole", false},
		"joined":             {errors.Join(io.EOF, whole, foreignText("a")), "EOF; whole; a", false},
		"wrapped, not whole": {fmt.Errorf("SECRET: %w", whole), "a", true},
		"by type":            {fmt.Errorf("SECRET: %w", foreignText("a")), "a", true},
		"by itself":          {fmt.Errorf("SECRET: %w", errOwn), "own", true},
		"of an operation":    {&net.OpError{Op: "dial", Net: "tcp", Err: whole}, "a", true},
		"in a url.Error":     {&url.Error{Op: "Get", URL: "SECRET", Err: whole}, "whole", false},
		"before others":      {&joins{[]error{&net.OpError{Op: "dial", Net: "tcp", Err: errOwn}, errOwn}}, "own", true},
		"foreign":            {foreign{"SECRET"}, "error of type errtext.foreign (see errors.Unwrap)", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			text, known := Of(test.err, knows)
			assert.Equal(t, test.want, text)
			assert.Equal(t, test.known, known)
		})
	}
}

// Which looks into what an error wraps or joins, in the order of errors.As.
func TestWhich(t *testing.T) {
	t.Parallel()
	inside := fmt.Errorf("SECRET: %w", errors.Join(io.EOF, nil, fmt.Errorf("SECRET: %w", foreignText("a")), foreignText("b")))
	for name, test := range map[string]struct {
		err  error
		want string
		ok   bool
	}{
		"nil":           {nil, "", false},
		"itself":        {foreignText("a"), "a", true},
		"wrapped":       {&net.OpError{Op: "dial", Err: foreignText("a")}, "a", true},
		"joined":        {inside, "a", true},
		"outer first":   {fmt.Errorf("SECRET: %w %w", inside, foreignText("b")), "a", true},
		"other":         {io.EOF, "", false},
		"wraps nothing": {&net.OpError{Op: "dial"}, "", false},
		"joins others":  {errors.Join(io.EOF, io.ErrNoProgress), "", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			text, ok := Which(isForeignText)(test.err)
			assert.Equal(t, test.want, text)
			assert.Equal(t, test.ok, ok)
		})
	}
}

func TestIsFixed(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		"http: idle connection timeout":                                     true,
		"http: server closed idle connection":                               true,
		"tls: protocol is shutdown":                                         true,
		"http: idle connection":                                             false,
		"idle connection timeout":                                           false,
		"http: idle connection timeout\nhttp: persistConn.readLoop exiting": false,
		"http: RoundTripper implementation (":                               false,
		"http: RoundTripper implementation (*":                              false,
		"":                                                                  false,
		"\n":                                                                false,
	} {
		assert.Equal(t, want, isFixed(text), text)
	}
}

func TestParts(t *testing.T) {
	t.Parallel()
	assert.Nil(t, Parts(nil))
	assert.Nil(t, Parts(io.EOF))
	assert.Nil(t, Parts(&joins{}))
	all := &joins{[]error{io.EOF, net.ErrClosed}}
	Parts(all)[0] = nil
	assert.Equal(t, []error{io.EOF, net.ErrClosed}, Parts(all), "a copy")
}

func TestRateDeadline(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]error{
		"rate: Wait(n=1) would exceed context deadline": context.DeadlineExceeded,
		"rate: Wait(n=1) exceeds limiter's burst 0":     nil,
		"would exceed context deadline":                 nil,
	} {
		assert.Equal(t, want, RateDeadline(errors.New(text)), text)
	}
}
