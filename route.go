package partnerapi

import (
	"maps"
	"net/url"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// route is where the calls of an operation go: its string and the base URL, taken apart, with what the client has for
// the API.
type route struct {
	api     api
	limiter Limiter // or nil
	budget  *budget
	of      operation

	method string
	url    url.URL  // of a path without wildcards
	names  []string // of the wildcards
	parts  []string // what is before, between and behind them, escaped
}

type routeKey struct {
	api      API
	op, path string
}

// maxRoutes bounds what a client remembers, should somebody put values into operations.
const maxRoutes = 256

// routeOf returns the route of a call, or refuses an API or an Op that is none.
func (s *settings) routeOf(call *Call) (*route, error) {
	key := routeKey{call.API, call.Op, call.path}
	known := s.routes.Load()
	if r := (*known)[key]; r != nil {
		return r, nil
	}
	r, err := s.newRoute(call)
	if err == nil && len(*known) < maxRoutes {
		more := maps.Clone(*known)
		more[key] = r
		s.routes.CompareAndSwap(known, &more) // or another call's route is remembered, and this one the next time
	}
	return r, err
}

func (s *settings) newRoute(call *Call) (*route, error) {
	base := s.bases[call.API]
	if base == nil {
		return nil, call.refuse("API", "unknown")
	}
	method, pattern, _ := strings.Cut(call.Op, " ")
	switch {
	case method == "" || !strings.HasPrefix(pattern, "/") || strings.ContainsAny(pattern, "?#% ") || strings.Contains(pattern, "...}"):
		return nil, call.refuse("Op", "not a method, a space and a path with wildcards such as {id}")
	case !isToken(method) || !isHeaderValue(pattern) || strings.Contains(pattern, "\t"):
		return nil, call.refuse("Op", "not a method and a path")
	}
	if call.path != "" {
		pattern = call.path
	}
	r := &route{
		of: operation{call.API, call.Op}, api: apis[call.API], limiter: s.limiters[call.API], budget: s.budgets[call.API],
		method: method, url: *base,
	}
	path := base.EscapedPath()
	for _, segment := range strings.Split(pattern, "/")[1:] {
		path += "/"
		if !strings.ContainsAny(segment, "{}") {
			path += (&url.URL{Path: segment}).EscapedPath()
			continue
		}
		name := strings.TrimSuffix(strings.TrimPrefix(segment, "{"), "}")
		if segment != "{"+name+"}" || name == "" || strings.ContainsFunc(name, isOfNoName) || slices.Contains(r.names, name) {
			return nil, call.refuse("Op", "a wildcard is a segment of its own, such as {id}, and has a name of its own")
		}
		r.names, r.parts, path = append(r.names, name), append(r.parts, path), ""
	}
	r.parts = append(r.parts, path)
	setPath(&r.url, strings.Join(r.parts, ""))
	return r, nil
}

// isOfNoName reports whether r cannot be in the name of a wildcard.
func isOfNoName(r rune) bool { return r != '_' && !unicode.IsLetter(r) && !unicode.IsDigit(r) }

// setPath sets the path of target to one that is escaped.
func setPath(target *url.URL, escaped string) {
	target.Path, target.RawPath = escaped, ""
	if strings.Contains(escaped, "%") {
		target.RawPath = escaped
		target.Path, _ = url.PathUnescape(escaped) // it was escaped by net/url
	}
}

// fill puts Args in the place of the wildcards, each as one segment of the path of target.
func (r *route) fill(target *url.URL, call *Call) error {
	*target = r.url
	if len(r.names) == 0 && len(call.Args) == 0 {
		return nil
	}
	var path strings.Builder
	for i, name := range r.names {
		if i == len(call.Args) {
			return call.refuse("Args", "fewer than the path has wildcards")
		}
		switch arg := call.Args[i]; {
		case arg == "":
			return call.refuse(name, "empty")
		case isDots(arg):
			return call.refuse(name, notAPathSegment)
		case !utf8.ValidString(arg):
			return call.refuse(name, notUTF8)
		default:
			path.WriteString(r.parts[i])
			path.WriteString(url.PathEscape(arg))
		}
	}
	if len(call.Args) > len(r.names) {
		return call.refuse("Args", "more than the path has wildcards")
	}
	path.WriteString(r.parts[len(r.names)])
	setPath(target, path.String())
	return nil
}
