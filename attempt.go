package partnerapi

import (
	"bytes"
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"maps"
	"math"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"slices"
	"sync/atomic"
	"time"

	"github.com/partnerapi/partnerapi-go/internal/dialgate"
	"github.com/partnerapi/partnerapi-go/internal/errtext"
)

// exchange is a call on its way. It is the transport of its own attempts, so that what is known of an attempt is at
// hand when retryablehttp asks whether to send the call again.
type exchange struct {
	*request
	answer

	last    Attempt // the newest attempt
	renewed bool    // whether sources were told of a refused credential
	bearer  string  // the session's access token in the newest attempt
	refused string  // the one of which the API said that nobody is logged in
	nobody  bool    // whether the newest answer says so
	extra   int     // attempts with a renewed credential or session
	stop    bool    // whether another attempt was not allowed to start
	again   bool    // whether another attempt is planned, after wait
	wait    time.Duration
}

// answer is what came of a call.
type answer struct {
	status int // of the last answer; 0 if none came
	header http.Header
	body   []byte

	attempts int
	doubt    bool   // an attempt ended with an unknown outcome
	partial  *Error // what is wrong if the last answer is not complete
	cause    error  // why the call ended with no answer, or with one that is not final
}

// open opens the API's envelope. A leading byte order mark is skipped.
func (a *answer) open(from api) (payload []byte, failed *Error) {
	return from.open(a.status, bytes.TrimPrefix(a.body, []byte(byteOrderMark)))
}

// send makes the attempts of a call. It returns what came of it, and a failure if that is not a complete answer.
func send(r *request) (*answer, *Error) {
	x := &r.exchange
	r.loop.RetryMax = math.MaxInt // check counts
	into := r.options.into
	var started time.Time
	if into != nil {
		started = time.Now()
	}
	resp, _ := r.loop.Do(&r.Request) // what went wrong is known to the attempt
	if resp != nil {
		_ = resp.Body.Close() // it was read to its end inside the attempt
	}
	if x.again || x.last.Outcome != OutcomeAnswered {
		x.blame(whyDone(r.Context()))
	}
	if into != nil && x.attempts > 0 {
		*into = Response{x.status, x.harmlessHeader(), x.attempts, time.Since(started)}
	}
	if x.status == 0 {
		return &x.answer, &Error{}
	}
	return &x.answer, x.partial
}

// blame adds a cause, if any, to what the call ended with.
func (x *exchange) blame(cause error) {
	if several := parts(cause); several != nil {
		for _, each := range several {
			x.blame(each)
		}
		return
	}
	bare := cause
	if h, ok := cause.(*hidden); ok { //nolint:errorlint // as whyDone returns it
		bare = h.Unwrap()
	}
	if cause != nil && !errors.Is(x.cause, bare) {
		x.cause = errors.Join(x.cause, cause)
	}
}

func followNone(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

// RoundTrip makes one attempt.
func (x *exchange) RoundTrip(req *http.Request) (*http.Response, error) {
	x.cause = nil
	if err := x.mayStart(req.Context()); err != nil {
		x.stop, x.cause = true, err
		return nil, err
	}
	x.attempts++
	x.last = Attempt{API: x.call.API, Op: x.call.Op, Number: x.attempts}
	started := time.Now()
	resp, err := x.attempt(req, started.Add(x.settings.timeout))
	if x.settings.isWatched() {
		x.last.Duration = time.Since(started)
	}
	if err != nil {
		x.cause = ofTransport(req.Context(), err)
		x.last.Err = hide(x.cause)
	}
	x.doubt = x.doubt || x.last.Outcome == OutcomeUnknown
	return resp, err
}

func (x *exchange) mayStart(ctx context.Context) error {
	if err := whyDone(ctx); err != nil {
		return err
	}
	// Before the limiter too: a refresh makes a call of its own, which would stand in line behind those that wait for it.
	if err := x.call.Session.ready(ctx, x.settings, x.call.Op, x.refused); err != nil {
		return err
	}
	if limiter := x.route.limiter; limiter != nil {
		if err := limiter.Wait(ctx); err != nil {
			return errors.Join(blame("the rate limiter refused", err), deadlineOf(err))
		}
	}
	return x.call.Session.ready(ctx, x.settings, x.call.Op, x.refused)
}

// deadlineOf returns that a limiter's wait does not fit into the context's deadline, if it says so: x/time/rate has only
// words for it.
func deadlineOf(refusal error) error {
	if errtext.IsRateDeadline(refusal) {
		return context.DeadlineExceeded
	}
	return nil
}

// attempt sends req and reads the whole answer, so that an answer that is cut is a failed attempt.
func (x *exchange) attempt(req *http.Request, until time.Time) (*http.Response, error) {
	_, own := x.settings.transport.(*dialgate.Transport)
	s := &sending{own: own}
	s.limit = limit{Context: s.traced(req.Context()), of: &x.route.of, until: until}
	defer s.limit.end()
	x.prepare(s, req.WithContext(&s.limit))
	resp, err := roundTrip(x.settings.transport, &s.request)
	if err != nil {
		err = ofProxy(x.settings.transport, err)
		x.last.Outcome = s.outcome(err)
		return nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	if session := x.call.Session; session != nil && resp.Header["Set-Cookie"] != nil {
		x.spend(session.absorb(resp, originOf(req.URL)))
	}
	body, err := x.readAtMost(resp.Body, x.settings.maxBody, resp.ContentLength)
	x.status, x.header, x.body, x.partial = resp.StatusCode, resp.Header, body, nil
	x.last.StatusCode, x.last.Outcome = resp.StatusCode, outcomeOf(resp.StatusCode)
	if err != nil {
		x.partial = &Error{kinds: incompleteKinds(&s.limit, resp.StatusCode, err)}
		if resp.StatusCode != http.StatusTooManyRequests {
			x.last.Outcome = OutcomeUnknown
		}
		return nil, err // net/http prints a line of its own if there is an answer too
	}
	resp.Body = http.NoBody
	return resp, nil
}

// incompleteKinds returns what an answer is of which err is why not all of its body was read.
func incompleteKinds(ctx context.Context, status int, err error) []error {
	kinds := unenveloped(status).kinds
	tooLarge := errors.Is(err, ErrResponseTooLarge)
	kinds = slices.DeleteFunc(kinds, func(kind error) bool {
		// What is wrong with the request, if anything, is in what was not read. If it is too large or too late, it is not
		// the form of the answer that is wrong.
		return errors.Is(kind, ErrInvalid) || errors.Is(kind, ErrBadResponse) && (tooLarge || ctx.Err() != nil)
	})
	if tooLarge {
		kinds = append(kinds, ErrResponseTooLarge)
	}
	return kinds
}

// sending is what belongs to one attempt: what a transport does to it, then or later, reaches no other one. Only the
// values of headers, credentials apart, are shared: they can be replaced, but not be changed in their place.
type sending struct {
	request http.Request
	url     url.URL
	tokens  [mostSecrets]string
	content bytes.Reader
	limit   limit
	trace   httptrace.ClientTrace

	// Whether the transport asked for a connection, and got one, as httptrace reports it.
	asked, got atomic.Bool
	own        bool // the transport is the client's own, which sends nothing without a connection that it has traced
}

// prepare makes the attempt's own request of req, with the credentials on it.
func (x *exchange) prepare(s *sending, req *http.Request) {
	s.request, s.url = *req, *req.URL
	s.request.URL, s.request.Host = &s.url, s.url.Host
	s.request.Header = maps.Clone(x.Header)
	if text := x.content; text != nil {
		// What net/http knows to be in memory it writes together with the headers; any other reader has to wait.
		s.content.Reset(text)
		s.request.Body, s.request.ContentLength = io.NopCloser(&s.content), int64(len(text))
		s.request.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(text)), nil }
	}
	var values []string
	values, x.bearer = x.call.Session.apply(&s.request)
	x.spend(values)
	for i, secret := range x.secrets {
		s.tokens[i] = secret.token
		credentials[secret.which].put(&s.request, s.tokens[i:i+1:i+1]...)
	}
}

// spend remembers what is secret, each value once: attempts repeat them.
func (r *request) spend(values []string) {
	for _, value := range values {
		if !slices.Contains(r.spent, value) {
			r.spent = append(r.spent, value)
		}
	}
}

func (s *sending) traced(ctx context.Context) context.Context {
	s.trace.GetConn = func(string) { s.asked.Store(true) }
	s.trace.GotConn = func(httptrace.GotConnInfo) { s.got.Store(true) }
	return httptrace.WithClientTrace(ctx, &s.trace)
}

// outcome returns OutcomeUnsent only with proof: a connection was asked for, none was got, and either the client's own
// transport says so or err is a failure to connect. Any other transport, such as an http.Transport with a registered
// protocol, may have gone on in a way that it did not trace.
func (s *sending) outcome(err error) Outcome {
	if s.asked.Load() && !s.got.Load() && (s.own || isConnectFailure(err)) {
		return OutcomeUnsent
	}
	return OutcomeUnknown
}

// handshakeAlerts are the alerts of TLS that can only come before the end of the handshake.
var handshakeAlerts = []string{
	"tls: handshake failure", "tls: protocol version not supported", "tls: insufficient security level", "tls: inappropriate fallback",
	"tls: unrecognized name", "tls: no application protocol",
}

// isConnectFailure reports whether err is of dialling, DNS or the TLS handshake. Of several errors each has to be: a
// transport may join those of the ways that it tried.
func isConnectFailure(err error) bool {
	if several := parts(err); several != nil {
		return !slices.ContainsFunc(several, func(each error) bool { return !isConnectFailure(each) })
	}
	switch err := err.(type) { //nolint:errorlint // each error of the chain is looked at
	case nil:
		return false
	case *net.OpError:
		return slices.Contains([]string{"dial", "proxyconnect", "socks connect"}, err.Op) ||
			err.Op == "remote error" && err.Err != nil && slices.Contains(handshakeAlerts, err.Err.Error())
	case dialgate.ProxyRefusal, *net.DNSError, *tls.CertificateVerificationError, tls.RecordHeaderError, *tls.ECHRejectionError,
		x509.UnknownAuthorityError, x509.HostnameError, x509.CertificateInvalidError, x509.SystemRootsError:
		return true
	default:
		return err.Error() == "net/http: TLS handshake timeout" || isConnectFailure(errors.Unwrap(err))
	}
}

// roundTrip also holds transports that are not net/http's, such as mocks, to what a RoundTripper has to return.
func roundTrip(transport http.RoundTripper, req *http.Request) (*http.Response, error) {
	resp, err := transport.RoundTrip(req)
	switch {
	case err != nil:
	case resp == nil:
		err = reason("the transport returned neither an answer nor an error")
	case resp.StatusCode < 100:
		err = reason("an answer without a status")
	case resp.Body == nil:
		resp.Body = http.NoBody
	}
	if err != nil && resp != nil && resp.Body != nil {
		_ = resp.Body.Close()
	}
	return resp, err
}

// mostSpare is how much memory a request keeps for the answers of later calls.
const mostSpare = 64 << 10

// readAtMost reads all of body, of which length bytes are expected, or fails with ErrResponseTooLarge. The next answer is
// read over what it returns.
func (r *request) readAtMost(body io.Reader, most, length int64) ([]byte, error) {
	spare := r.buffer
	r.buffer = nil // if reading fails, whoever reads may not be done with it
	// One byte more than expected, so that reading finds the end.
	data := slices.Grow(spare[:0], int(cmp.Or(max(0, min(length, most, mostSpare-1)), bytes.MinRead-1)+1))
	for {
		room := min(int64(cap(data)-len(data)-1), most-int64(len(data))) + 1
		n, err := body.Read(data[len(data):][:room])
		data = data[:len(data)+n]
		switch {
		case int64(len(data)) > most:
			return nil, ErrResponseTooLarge
		case err == io.EOF:
			if cap(data) <= mostSpare {
				spare = data
			}
			r.buffer = spare
			return data, nil
		case err != nil:
			return nil, err
		case len(data) == cap(data):
			data = slices.Grow(data, 1)
		}
	}
}

func outcomeOf(status int) Outcome {
	switch {
	case status == http.StatusTooManyRequests:
		return OutcomeUnsent
	case status < http.StatusOK, status == http.StatusRequestTimeout, status >= http.StatusInternalServerError:
		return OutcomeUnknown
	default:
		return OutcomeAnswered
	}
}

// ofProxy returns the refusal of a proxy in place of the error that an [http.Transport] without OnProxyConnectResponse
// makes of it, which is the text after the status and nothing else.
func ofProxy(transport http.RoundTripper, err error) error {
	if _, plain := transport.(*http.Transport); plain {
		if status := errtext.Status(err); status != 0 {
			return dialgate.ProxyRefusal(status)
		}
	}
	return err
}

// isRefusedForGood reports whether err is the refusal of a proxy that a retry would get too.
func isRefusedForGood(err error) bool {
	var refusal dialgate.ProxyRefusal
	return errors.As(err, &refusal) && refusal.Final()
}
