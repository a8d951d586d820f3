// Package httpsyntax knows which names and values HTTP allows, how servers read them, and which headers are not for
// callers of a client to set.
package httpsyntax

import (
	"net/url"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// IsToken reports whether s can be a method, or the name of a header.
func IsToken(s string) bool {
	const others = "!#$%&'*+-.^_`|~"
	for _, c := range []byte(s) {
		if letter := c | 0x20; (c < '0' || c > '9') && (letter < 'a' || letter > 'z') && strings.IndexByte(others, c) < 0 {
			return false
		}
	}
	return s != ""
}

// IsValue reports whether s can be the value of a header: it has no control character but tabs.
func IsValue(s string) bool {
	for _, c := range []byte(s) {
		if c < ' ' && c != '\t' || c == 0x7f {
			return false
		}
	}
	return true
}

// WhyNotBearer returns why s is not a bearer token, or an empty string. A token is text, so that it can be stored as JSON.
func WhyNotBearer(token string) string {
	switch {
	case token == "":
		return "empty"
	case !utf8.ValidString(token):
		return "not valid UTF-8"
	case strings.ContainsFunc(token, unicode.IsSpace):
		return "has spaces"
	case WhyNotExact(token) != "":
		return "has control characters"
	default:
		return ""
	}
}

// WhyNotExact returns why s is empty or does not arrive unchanged as the value of a header, or an empty string: net/http
// trims spaces silently and refuses control characters with an error that comes too late.
func WhyNotExact(s string) string {
	switch {
	case s == "":
		return "empty"
	case strings.TrimSpace(s) != s:
		return "has spaces around it"
	case !IsValue(s):
		return "has control characters"
	default:
		return ""
	}
}

// CGIName returns the name of a header as CGI servers read it. They fold case, and whatever is neither a letter nor a
// digit, so that two headers become one.
func CGIName(name string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) {
			return '_'
		}
		return unicode.ToUpper(r)
	}, name)
}

// QueryName returns the name of a query parameter as servers read it that take a[] and a[b] for parts of a. PHP also drops
// the spaces before a name, and everything after a NUL.
func QueryName(name string) string {
	name = strings.TrimSpace(name)
	if end := strings.IndexAny(name, "[\x00"); end >= 0 {
		name = name[:end]
	}
	return strings.TrimSpace(name)
}

// Take returns the values of some parameters of a query, and the rest of the query as it was. bad is a parameter that is
// repeated or not percent-encoded, and why the reason.
func Take(query string, names ...string) (values map[string]string, rest, bad, why string) {
	values = make(map[string]string)
	var others []string
	for part := range strings.SplitSeq(query, "&") {
		name, value, _ := strings.Cut(part, "=")
		name, err := url.QueryUnescape(name)
		if err != nil || !slices.Contains(names, name) {
			others = append(others, part)
			continue
		}
		if _, repeated := values[name]; repeated {
			bad, why = name, "repeated"
		}
		if values[name], err = url.QueryUnescape(value); err != nil {
			bad, why = name, "not percent-encoded"
		}
	}
	return values, strings.Join(others, "&"), bad, why
}

// reserved are headers that a client sets itself, or that would change what is true of its requests, by their [CGIName]. net/http
// itself repeats a request that has an Idempotency-Key, and leaves a body compressed if the caller asks for compression. An
// override of the method or the path would make another operation of the request.
var reserved = []string{
	"PROXY_AUTHORIZATION", "COOKIE", "COOKIE2", "SET_COOKIE", "SET_COOKIE2", "HOST", "IDEMPOTENCY_KEY", "X_IDEMPOTENCY_KEY",
	"ACCEPT_ENCODING", "CONTENT_ENCODING", "CONTENT_LENGTH", "CONTENT_TYPE",
	"CONNECTION", "EXPECT", "HTTP2_SETTINGS", "KEEP_ALIVE", "PROXY_CONNECTION", "TE", "TRAILER", "TRANSFER_ENCODING", "UPGRADE",
	"X_HTTP_METHOD", "X_HTTP_METHOD_OVERRIDE", "X_METHOD_OVERRIDE", "X_ORIGINAL_URL", "X_REWRITE_URL",
}

// IsReserved reports whether a server may read name as a reserved header, or as one of more.
func IsReserved(name string, more ...string) bool {
	name = CGIName(name)
	return slices.Contains(reserved, name) || slices.ContainsFunc(more, func(other string) bool { return CGIName(other) == name })
}
