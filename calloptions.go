package partnerapi

import (
	"maps"
	"net/http"
	"strings"
	"time"
	"unicode"

	"github.com/partnerapi/partnerapi-go/internal/redact"
)

// A CallOption changes a single call. A call with an option that cannot be fails with an [*ArgumentError].
type CallOption func(*callOptions) (why string)

type callOptions struct {
	header http.Header
	into   *Response
	once   bool
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

// ownHeaders are set by the pipeline, or would change what is true of it: net/http itself repeats a request that has an
// Idempotency-Key, and leaves a body compressed if the caller asks for compression. An override of the method or the path
// would make the call another operation than its Op, with the wrong rules for retries. The headers of all credentials are
// among them, whichever API is called.
var ownHeaders = func() map[string]bool {
	own := make(map[string]bool)
	for _, name := range []string{
		"Proxy-Authorization", "Cookie", "Cookie2", "Set-Cookie", "Set-Cookie2", "Host", "Idempotency-Key", "X-Idempotency-Key",
		"Accept-Encoding", "Content-Encoding", "Content-Length", "Content-Type",
		"Connection", "Expect", "HTTP2-Settings", "Keep-Alive", "Proxy-Connection", "TE", "Trailer", "Transfer-Encoding", "Upgrade",
		"X-HTTP-Method", "X-HTTP-Method-Override", "X-Method-Override", "X-Original-URL", "X-Rewrite-URL",
	} {
		own[inCGI(name)] = true
	}
	for _, of := range credentials {
		if of.header != "" {
			own[inCGI(of.header)] = true
		}
	}
	return own
}()

const notForCallers = " is not for callers to set"

// inCGI returns the name of a header as servers see it that follow CGI: they fold case, and all that is neither a letter nor a
// digit, so that two headers become one.
func inCGI(name string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) {
			return '_'
		}
		return unicode.ToUpper(r)
	}, name)
}

// inQuery returns the name of a parameter as servers see it that read a[] and a[b] as parts of a. PHP also drops the spaces
// before a name, and what follows a NUL.
func inQuery(name string) string {
	name = strings.TrimSpace(name)
	if end := strings.IndexAny(name, "[\x00"); end >= 0 {
		name = name[:end]
	}
	return strings.TrimSpace(name)
}

// WithHeader sends a header with the call, such as a trace id. Refused are credentials, Cookie, Host, Idempotency-Key, and the
// headers that describe the body, control the connection, or override the method or the path. Case does not matter, and
// neither does punctuation: X_Token_Auth is refused as X-Token-Auth is.
func WithHeader(name, value string) CallOption {
	name = http.CanonicalHeaderKey(name)
	return func(o *callOptions) string {
		if !isToken(name) || !isHeaderValue(value) {
			return "WithHeader: not the name and value of a header"
		}
		if ownHeaders[inCGI(name)] {
			return "WithHeader: " + name + notForCallers
		}
		if o.header == nil {
			o.header = make(http.Header)
		}
		o.header.Add(name, value)
		return ""
	}
}

// WithResponseInto fills in response when the call is over, unless nothing was sent. It is not safe to share response
// between calls that run at the same time, or with an All, which makes several.
func WithResponseInto(response *Response) CallOption {
	return func(o *callOptions) string {
		if response == nil {
			return "WithResponseInto: nil"
		}
		o.into = response
		return ""
	}
}

// WithoutRetry sends the call once, whatever becomes of it. The other path of [NetworksService.Delete] is a call of its
// own.
func WithoutRetry() CallOption {
	return func(o *callOptions) string {
		o.once = true
		return ""
	}
}

// headers returns the headers of a request, credentials apart, which nobody may change.
func (o *callOptions) headers(s *settings, hasBody bool) http.Header {
	if o.header == nil {
		return s.headers[hasBody]
	}
	header := maps.Clone(s.headers[hasBody])
	for name, values := range o.header {
		if header[name] == nil || values[0] != "" {
			header[name] = values
		}
	}
	return header
}

// harmlessHeader returns a copy of the answer's header without cookies and credentials.
func (x *exchange) harmlessHeader() http.Header {
	header := x.header.Clone()
	for name, values := range header {
		if strings.HasPrefix(inCGI(name), "SET_COOKIE") {
			delete(header, name)
			continue
		}
		for i, value := range values {
			if x.echoes(value) {
				values[i] = redact.Mark
			}
		}
	}
	return header
}

// isToken reports whether s can be a method, or the name of a header.
func isToken(s string) bool {
	const others = "!#$%&'*+-.^_`|~"
	for _, c := range []byte(s) {
		if letter := c | 0x20; (c < '0' || c > '9') && (letter < 'a' || letter > 'z') && strings.IndexByte(others, c) < 0 {
			return false
		}
	}
	return s != ""
}
