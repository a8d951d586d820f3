// Package pathpattern makes paths from patterns with wildcards in the form of [net/http.ServeMux].
package pathpattern

import (
	"net/url"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/partnerapi/partnerapi-go/internal/httpsyntax"
)

// Invalid says why there is no path.
type Invalid struct {
	Name string // Op, Args, or the name of a wildcard
	Why  string
}

// Split returns the method and the path of an operation, such as "GET /things/{id}".
func Split(op string) (method, pattern string, invalid *Invalid) {
	method, pattern, _ = strings.Cut(op, " ")
	switch {
	case method != "" && isPlain(method, "") && strings.HasPrefix(pattern, "/") && isPlain(pattern, "/{}"): // almost every one
		return method, pattern, nil
	case op == "":
		return "", "", &Invalid{"Op", "empty"}
	case method == "" || !strings.HasPrefix(pattern, "/") || strings.ContainsAny(pattern, "?#% ") || strings.Contains(pattern, "...}"):
		return "", "", &Invalid{"Op", "not in the form METHOD /path/{wildcard}"}
	case !httpsyntax.IsToken(method) || !httpsyntax.IsValue(pattern) || strings.Contains(pattern, "\t"):
		return "", "", &Invalid{"Op", "invalid method or path"}
	default:
		return method, pattern, nil
	}
}

// isPlain reports whether a text consists of letters, digits, - and _, and of others.
func isPlain(text, others string) bool {
	for i := range len(text) {
		c := text[i]
		if letter := c | 0x20; (letter < 'a' || letter > 'z') && (c < '0' || c > '9') && c != '-' && c != '_' && strings.IndexByte(others, c) < 0 {
			return false
		}
	}
	return true
}

// Expand returns the escaped path in which each wildcard is replaced by one of args, as one segment.
func Expand(pattern string, args []string) (escaped string, invalid *Invalid) {
	switch {
	case len(args) == 0 && isPlain(pattern, "/"):
		return pattern, nil
	case len(args) == 0 && !strings.ContainsAny(pattern, "{}*"): // nothing to replace, and no "*", which stays as a segment only
		return (&url.URL{Path: pattern}).EscapedPath(), nil
	}
	segments := strings.Split(pattern[1:], "/")
	wildcards := 0
	for i, segment := range segments {
		name := strings.TrimSuffix(strings.TrimPrefix(segment, "{"), "}")
		switch {
		case !strings.ContainsAny(segment, "{}"):
			segments[i] = (&url.URL{Path: segment}).EscapedPath()
			continue
		case segment != "{"+name+"}" || !isWildcardName(name) || slices.Contains(segments[i+1:], segment):
			return "", &Invalid{"Op", "a wildcard is a whole segment, such as {id}, with a unique name"}
		}
		if wildcards < len(args) {
			if why := whyNotSegment(args[wildcards]); why != "" {
				return "", &Invalid{name, why}
			}
			segments[i] = url.PathEscape(args[wildcards])
		}
		wildcards++
	}
	switch {
	case len(args) < wildcards:
		return "", &Invalid{"Args", "fewer values than wildcards"}
	case len(args) > wildcards:
		return "", &Invalid{"Args", "more values than wildcards"}
	default:
		return "/" + strings.Join(segments, "/"), nil
	}
}

func isWildcardName(name string) bool {
	return name != "" && !strings.ContainsFunc(name, func(r rune) bool { return r != '_' && !unicode.IsLetter(r) && !unicode.IsDigit(r) })
}

// NotASegment is a reason: servers and proxies resolve such a segment, even if it is escaped.
const NotASegment = `"." and ".." are invalid in a path`

// IsDots reports whether s is such a value.
func IsDots(s string) bool { return s == "." || s == ".." }

func whyNotSegment(arg string) (why string) {
	switch {
	case arg == "":
		return "empty"
	case IsDots(arg):
		return NotASegment
	case !utf8.ValidString(arg):
		return "not valid UTF-8"
	default:
		return ""
	}
}

// Join returns the URL of an escaped path below base.
func Join(base *url.URL, escaped string) url.URL {
	escaped = base.EscapedPath() + escaped
	u := *base
	u.Path, u.RawPath = escaped, ""
	if strings.Contains(escaped, "%") {
		u.RawPath = escaped
		u.Path, _ = url.PathUnescape(escaped) // net/url escaped it
	}
	return u
}
