package partnertest

import (
	"cmp"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/partnerapi/partnerapi-go"
)

// operation is an operation that the fake knows.
type operation struct {
	api partnerapi.API
	op  string // in the form of package partnerapi
	do  func(*Fake, *request) reply
	// when, if set, reports whether a request is for this operation. Operations that share a path need it.
	when func(*Fake, *request) bool
	// check, if set, replaces the check of the API's credential.
	check func(*Fake, *request) *reply
}

// route is an operation prepared for matching.
type route struct {
	operation
	method   string
	segments []string
	taught   http.Handler // called in place of do, if set
}

func newRoute(o operation, taught http.Handler) route {
	method, path, _ := strings.Cut(o.op, " ")
	return route{o, method, strings.Split(path, "/"), taught}
}

// addRoute inserts a route before the first one that is not more specific.
func addRoute(routes []route, added route) []route {
	routes = slices.Insert(routes, 0, added)
	slices.SortStableFunc(routes, func(a, b route) int {
		return cmp.Compare(strings.Count(a.op, "{"), strings.Count(b.op, "{"))
	})
	return routes
}

// Handle teaches the fake an unknown operation, or replaces a known one. op is in the form that package partnerapi uses,
// such as "GET /partners/children/{id}"; h gets its wildcards through [http.Request.PathValue] and a URL whose path is
// that of op. A known operation is replaced in its own API; an unknown one is added to all three. The API's credential
// is checked before h is called.
//
// h runs within the client's call: if it waits, it must watch the request's context, or the client's timeout has no
// effect until h returns.
//
// Handle panics if op is not of that form, as [http.ServeMux.Handle] does.
func (f *Fake) Handle(op string, h http.Handler) {
	method, path, _ := strings.Cut(op, " ")
	if method == "" || !strings.HasPrefix(path, "/") || strings.ContainsAny(path, "?#% ") || strings.Contains(path, "...}") {
		panic("partnertest: not in the form METHOD /path/{wildcard}: " + op)
	}
	if h == nil {
		panic("partnertest: no handler for " + op)
	}
	http.NewServeMux().Handle(op, h) // panics if op is invalid
	f.mu.Lock()
	defer f.mu.Unlock()
	same := func(r route) bool { return r.op == op }
	known := false
	for _, routes := range f.routes {
		if i := slices.IndexFunc(routes, same); i >= 0 {
			routes[i].taught, known = h, true
		}
	}
	if known {
		return
	}
	for api, routes := range f.routes {
		f.routes[api] = addRoute(routes, newRoute(operation{api: api, op: op}, h))
	}
}

// mustKnow panics for an unknown operation.
func (f *Fake) mustKnow(op string) {
	for _, routes := range f.routes {
		if slices.ContainsFunc(routes, func(r route) bool { return r.op == op }) {
			return
		}
	}
	panic("partnertest: no such operation, see Handle: " + op)
}

// find returns the route of a request, with the values of its wildcards set, or nil.
func (f *Fake) find(in *request) *route {
	// The escaped path is split, because a value may hold an escaped slash.
	segments := strings.Split(in.URL.EscapedPath(), "/")
	for i, s := range segments {
		value, err := url.PathUnescape(s)
		if err != nil {
			return nil
		}
		segments[i] = value
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, r := range f.routes[in.api] {
		if !r.matches(in, segments) {
			continue
		}
		if r.setPathValues(in, segments); r.when == nil || r.when(f, in) {
			return &r
		}
	}
	return nil
}

// matches lets a wildcard be empty, because the partner API documents the response to an empty pk.
func (r *route) matches(in *request, segments []string) bool {
	if in.Method != r.method || len(segments) != len(r.segments) {
		return false
	}
	for i, want := range r.segments {
		if !isWildcard(want) && segments[i] != want {
			return false
		}
	}
	return true
}

func (r *route) setPathValues(in *request, segments []string) {
	for i, want := range r.segments {
		if isWildcard(want) {
			in.SetPathValue(strings.Trim(want, "{}"), segments[i])
		}
	}
}

func isWildcard(segment string) bool { return strings.HasPrefix(segment, "{") }
