// Package dump writes the requests and responses that pass through a transport. What [Rules] does not name as harmless is
// replaced by its length: an unknown header, query parameter or member of JSON too, with its name.
package dump

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/partnerapi/partnerapi-go/internal/redact"
)

// Rules are what may be written.
type Rules struct {
	// Members are the names of JSON and of parameters of queries that may be written, and which of their values may: of bool,
	// string or [json.Number]. Nil is none.
	Members map[string]func(value any) bool
	// Headers are the canonical names of headers that may be written, and which of their values may. Nil is none.
	Headers map[string]func(value string) bool
	// Constants are values of headers that are written although they have a value of the request, such as a word of its path.
	Constants []string

	// Label names the request of a context. If it is empty, the method is written, and the length of the path.
	Label func(ctx context.Context) string
	// Path returns the path of the request of a context, with {name} for each segment that is a value. It may begin later than
	// the request's, whose other segments are values too. Nil, or an empty path, is one of values only.
	Path func(ctx context.Context) string
	// Error returns the harmless part of the text of an error.
	Error func(err error) string
}

// MostShown is the size of the largest body that is written, and so the memory that a request or a response takes.
const MostShown = 64 << 10

// To returns a middleware that writes to w: a request before it is sent, and a response when its body has been read or
// closed. Each is one Write, and no two Writes are concurrent. Errors of w are ignored.
func (r Rules) To(w io.Writer) func(http.RoundTripper) http.RoundTripper {
	log := &log{rules: r, w: w}
	return func(next http.RoundTripper) http.RoundTripper { return transport{log, next} }
}

type log struct {
	rules Rules

	mu   sync.Mutex
	last int
	w    io.Writer
}

// number returns the number of another request.
func (l *log) number() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.last++
	return l.last
}

// write writes a message. Each of its lines begins with prefix.
func (l *log) write(prefix string, lines []string) {
	text := []byte(prefix + strings.Join(lines, "\n"+prefix) + "\n\n")
	l.mu.Lock()
	defer l.mu.Unlock()
	_, _ = l.w.Write(text)
}

type transport struct {
	*log
	next http.RoundTripper
}

func (t transport) RoundTrip(req *http.Request) (*http.Response, error) {
	number, started := t.number(), time.Now()
	lines, secrets := t.rules.request(req)
	t.write(fmt.Sprintf("#%d > ", number), lines)
	respond := func(first string, more ...string) {
		t.write(fmt.Sprintf("#%d < ", number), append([]string{first + ", " + time.Since(started).Round(time.Microsecond).String()}, more...))
	}
	resp, err := t.next.RoundTrip(req)
	switch {
	case err != nil:
		respond("no response: " + t.rules.Error(err))
		return resp, err
	case resp == nil:
		respond("neither a response nor an error")
		return nil, nil //nolint:nilnil // as it came
	}
	first := strings.TrimSpace(fmt.Sprint(resp.StatusCode, " ", http.StatusText(resp.StatusCode))) // the status line's own text can be anything
	header := t.rules.header(resp.Header, secrets)
	if resp.Body == nil || resp.Body == http.NoBody {
		respond(first, header...)
		return resp, nil
	}
	shown, kind := *resp, resp.Header.Get("Content-Type")
	shown.Body = &tee{ReadCloser: resp.Body, whole: resp.ContentLength, done: func(kept []byte, size int64, why string) {
		body, _ := t.rules.body(kept, size, kind, why, secrets)
		respond(first, append(header, body...)...)
	}, text: t.rules.Error}
	return &shown, nil
}

// request returns the lines of a request. The body is read from a copy. The lines are made twice, because a value can be
// written only if none of the whole request that may not be is in it.
func (r Rules) request(req *http.Request) (lines []string, secrets *secrets) {
	secrets = r.secretsOf(req)
	var kept []byte
	var size int64
	var why string
	if req.Body != nil && req.Body != http.NoBody {
		kept, size, why = copyOf(req)
	}
	for range 2 {
		label := r.Label(req.Context())
		if label == "" {
			label = method(req.Method) + " " + hidden(req.URL.Path)
		}
		lines = append(append([]string{label}, r.query(req.URL.RawQuery, secrets)...), r.header(req.Header, secrets)...)
		body, isRead := r.body(kept, size, req.Header.Get("Content-Type"), why, secrets)
		lines = append(lines, body...)
		secrets.isUnknown = !isRead
		secrets.isComplete = true
	}
	return lines, secrets
}

// copyOf reads a copy of the body of a request, up to MostShown and a byte more.
func copyOf(req *http.Request) (kept []byte, size int64, why string) {
	if req.GetBody == nil {
		return nil, req.ContentLength, readOnce
	}
	body, err := req.GetBody()
	if err != nil {
		return nil, req.ContentLength, "no copy"
	}
	defer func() { _ = body.Close() }()
	kept, err = io.ReadAll(io.LimitReader(body, MostShown+1))
	switch size = int64(len(kept)); {
	case err != nil:
		return nil, req.ContentLength, "no copy"
	case size > MostShown:
		return nil, req.ContentLength, tooLarge()
	case size != req.ContentLength: // Body was replaced, and GetBody was not
		return nil, req.ContentLength, readOnce
	default:
		return kept, size, ""
	}
}

const readOnce = "can be read only once"

func tooLarge() string { return fmt.Sprint("more than ", MostShown) }

// query returns the line of a query, or none without parameters.
func (r Rules) query(raw string, known *secrets) []string {
	if raw == "" {
		return nil
	}
	var shown []string
	for pair := range strings.SplitSeq(raw, "&") {
		name, value, _ := strings.Cut(pair, "=")
		name, value = unescaped(name), unescaped(value)
		isHarmless, isKnown := r.Members[name]
		isShown := isHarmless != nil && (isHarmless(value) || isHarmless(json.Number(value)) || value == "true" && isHarmless(true))
		shown = append(shown, known.name(name, isKnown)+"="+known.value(value, isShown))
	}
	return []string{"?" + strings.Join(shown, "&")}
}

func unescaped(text string) string {
	if plain, err := url.QueryUnescape(text); err == nil {
		return plain
	}
	return text
}

// header returns the lines of a header.
func (r Rules) header(header http.Header, known *secrets) (lines []string) {
	for _, name := range slices.Sorted(maps.Keys(header)) {
		isHarmless, isKnown := r.Headers[name]
		for _, value := range header[name] {
			shown := value
			if isHarmless == nil || !slices.Contains(r.Constants, value) {
				shown = known.value(value, isHarmless != nil && isHarmless(value))
			}
			lines = append(lines, known.name(name, isKnown)+": "+shown)
		}
	}
	return lines
}

// body returns the lines of a body, of which kept are the first bytes. It is written if it is JSON, small, and read whole: why
// is empty. isRead reports whether its values are known.
func (r Rules) body(kept []byte, size int64, kind, why string, known *secrets) (lines []string, isRead bool) {
	if size == 0 && why == "" {
		return nil, true
	}
	if why == "" && size > MostShown {
		why = tooLarge()
	}
	if why == "" {
		if lines, why = r.json(kept, known); why == "" {
			return lines, true
		}
	}
	length := fmt.Sprint(size, " bytes")
	if size < 0 {
		length = "unknown length"
	}
	if kind, _, _ = mime.ParseMediaType(kind); !IsMediaType(kind) {
		kind = "unknown type"
	}
	return []string{"[" + kind + ", " + length + ": " + why + "]"}, false
}

// tee passes a body on, and keeps its first bytes until it ends.
type tee struct {
	io.ReadCloser
	whole int64 // the length of the body, or less than 0
	done  func(kept []byte, size int64, why string)
	text  func(error) string

	mu      sync.Mutex
	kept    bytes.Buffer
	size    int64
	isEnded bool
}

var errClosed = errors.New("closed before its end")

func (t *tee) Read(p []byte) (int, error) {
	n, err := t.ReadCloser.Read(p)
	t.note(p[:max(0, min(n, len(p)))], err)
	return n, err
}

func (t *tee) Close() error {
	err := t.ReadCloser.Close()
	t.note(nil, errClosed)
	return err
}

// note takes the next bytes of the body. An error ends it.
func (t *tee) note(read []byte, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.isEnded {
		return
	}
	t.size += int64(len(read))
	t.kept.Write(read[:min(len(read), MostShown+1-t.kept.Len())])
	if err == nil {
		return
	}
	t.isEnded = true
	why := ""
	switch {
	case err == io.EOF, err == errClosed && t.size == t.whole: //nolint:errorlint // a reader compares so too
	case err == errClosed: //nolint:errorlint // as above
		why = err.Error()
	default:
		why = "then " + t.text(err)
	}
	t.done(t.kept.Bytes(), t.size, why)
	t.kept = bytes.Buffer{}
}

func method(name string) string {
	if !slices.Contains([]string{"", "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}, name) {
		return hidden(name)
	}
	return name
}

func hidden(text string) string { return fmt.Sprintf("[redacted %d bytes]", len(text)) }

// IsFlag reports whether a value is true or false.
func IsFlag(value any) bool {
	_, is := value.(bool)
	return is
}

// IsWord reports whether a value is a word of an API: no name with a capital, no e-mail, and no digit of a date or a phone.
func IsWord(value any) bool {
	const most = 40
	text, is := value.(string)
	return is && text != "" && len(text) <= most && !strings.ContainsFunc(text, func(c rune) bool {
		return (c < 'a' || c > 'z') && c != '_' && c != '-'
	})
}

// IsShortNumber reports whether a value is a number of at most 6 digits, which no date and no phone has.
func IsShortNumber(value any) bool {
	const most = 6
	number, is := value.(json.Number)
	return is && len(number) <= most && IsCount(number.String())
}

// IsCount reports whether text is a number that counts something.
func IsCount(text string) bool {
	const most = 9
	return text != "" && len(text) <= most && !strings.ContainsFunc(text, func(c rune) bool { return c < '0' || c > '9' })
}

// IsID reports whether text is an ID of one word in ASCII.
func IsID(text string) bool {
	const most = 64
	return len(text) <= most && !strings.ContainsFunc(text, func(c rune) bool {
		return (c < '0' || c > '9') && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && c != '-' && c != '_'
	})
}

// IsPlain reports whether text is a short line in ASCII without what e-mails, URLs and lists of names have.
func IsPlain(text string) bool {
	const most = 200
	return len(text) <= most && !strings.ContainsFunc(text, func(c rune) bool {
		isAlphanumeric := '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
		return !isAlphanumeric && !strings.ContainsRune(" ;/.+-_()", c)
	})
}

// IsDate reports whether text is a time in one of the forms of HTTP, or a number of seconds.
func IsDate(text string) bool {
	_, err := http.ParseTime(text)
	return err == nil || IsCount(text)
}

// IsMediaType reports whether text is one of the media types that APIs and the proxies in front of them respond with.
func IsMediaType(text string) bool {
	kind, charset, hasCharset := strings.Cut(strings.ToLower(text), ";")
	return slices.Contains([]string{
		"application/json", "application/problem+json", "application/octet-stream", "application/x-www-form-urlencoded", "application/xml",
		"text/html", "text/plain", "text/xml",
	}, kind) && (!hasCharset || slices.Contains([]string{"charset=utf-8", "charset=iso-8859-1", "charset=us-ascii"}, strings.TrimSpace(charset)))
}

// secrets are the values of a request that are not written. A response can echo them in any place, so none is written where
// others would be.
type secrets struct {
	values     []string
	isKnown    map[string]bool
	isComplete bool
	isUnknown  bool // the body of the request has other values, so any text can be one
}

// mostSecrets limits the time to look for them. Of a request with more, and of its response, only names are written.
const mostSecrets = 1000

// secretsOf returns the segments of the path of a request that are values.
func (r Rules) secretsOf(req *http.Request) *secrets {
	s := &secrets{isKnown: map[string]bool{"": true}}
	var literal []string
	if r.Path != nil {
		literal = strings.Split(r.Path(req.Context()), "/")
	}
	segments := strings.Split(req.URL.EscapedPath(), "/")
	for i, segment := range segments {
		at := i + len(literal) - len(segments)
		if at >= 0 && segment == literal[at] {
			continue
		}
		if plain, err := url.PathUnescape(segment); err == nil {
			segment = plain
		}
		s.add(segment)
	}
	return s
}

// add adds a value and its words, such as the token after "Bearer" and the name in an e-mail.
func (s *secrets) add(text string) {
	if s.isComplete {
		return
	}
	words := strings.FieldsFunc(text, func(c rune) bool { return strings.ContainsRune(" ;,=@+:/", c) })
	for _, each := range append(words, text) {
		if !s.isKnown[each] && len(s.values) <= mostSecrets {
			s.isKnown[each] = true
			s.values = append(s.values, each)
		}
	}
}

// has reports whether text has a value of the request, in any case. A value shorter than 3 bytes counts only as a whole word.
func (s *secrets) has(text string) bool {
	const short = 3
	lower := strings.ToLower(text)
	return s.isUnknown || len(s.values) > mostSecrets || redact.Echoes(text, s.values) || slices.ContainsFunc(s.values, func(value string) bool {
		return len(value) >= short && strings.Contains(lower, strings.ToLower(value))
	})
}

// name returns the name of a value if it is known, and otherwise its length.
func (s *secrets) name(text string, isKnown bool) string {
	if isKnown {
		return text
	}
	return s.value(text, false)
}

// value returns text if it may be written, and otherwise its length.
func (s *secrets) value(text string, isShown bool) string {
	if isShown && !s.has(text) {
		return text
	}
	s.add(text)
	return hidden(text)
}
