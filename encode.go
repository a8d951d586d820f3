package partnerapi

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"net/http"
	"net/url"
	"strings"

	"github.com/google/go-querystring/query"
	"github.com/partnerapi/partnerapi-go/internal/httpsyntax"
	"github.com/partnerapi/partnerapi-go/internal/jsonwire"
	"github.com/partnerapi/partnerapi-go/internal/pathpattern"
)

// encode returns the request of a call. It returns an [*ArgumentError] for an invalid call, and [ErrNoCredential] if a
// credential is missing.
func encode(ctx context.Context, c *Client, e *endpoint, opts []CallOption) (r request, _ error) {
	s := c.config()
	if s == nil {
		return r, e.refuse("client", "nil, or not made by NewClient")
	}
	to := s.apis[e.API]
	if to == nil {
		return r, e.refuse("API", whyNotAPI(e.API))
	}
	o, why := optionsOf(opts, [...]Credential{to.credential, e.extraCredential})
	if why != "" {
		return r, e.refuse("CallOption", why)
	}
	if ctx == nil {
		return r, e.refuse("ctx", "nil")
	}
	method, target, err := e.target(to.base)
	if err != nil {
		return r, err
	}
	if target.RawQuery, err = e.query(to.credential); err != nil {
		return r, err
	}
	content, err := e.content()
	if err != nil {
		return r, err
	}
	session, why := e.Session.join(e.Op, to, e.needsSession)
	if why != "" {
		return r, e.refuse("session", why)
	}
	if session != nil {
		session.client, session.given = c, o.given
	}
	r = request{
		to: to, api: e.API, op: e.Op, method: method, url: target, header: s.headersWith(o.header, content != nil), content: content,
		secrets: secrets{api: e.API, op: e.Op, spent: e.spent}, session: session, expects: e.expectation(),
		into: o.into, once: o.once, isIdempotent: e.isIdempotent(), earlierDoubt: e.earlierDoubt,
	}
	if len(e.Args) > 0 {
		r.argPaths = []string{strings.TrimPrefix(target.Path, to.base.Path), strings.TrimPrefix(target.EscapedPath(), to.base.EscapedPath())}
	}
	if failed := r.secrets.ask(ctx, s.sources, o.given, to.credential, e.extraCredential); failed != nil {
		if e.earlierDoubt {
			failed.kinds = append(failed.kinds, ErrOutcomeUnknown)
		}
		return r, failed
	}
	return r, nil
}

// optionsOf returns the options of a call that uses these credentials, or why they are refused.
func optionsOf(opts []CallOption, uses [2]Credential) (_ callOptions, why string) {
	if len(opts) == 0 {
		return callOptions{}, ""
	}
	o := callOptions{uses: uses}
	for _, opt := range opts {
		if opt == nil {
			return o, "nil"
		}
		if why := opt(&o); why != "" {
			return o, why
		}
	}
	return o, ""
}

// target returns the method of the operation, and its URL in which each wildcard is replaced by an escaped argument.
func (e *endpoint) target(base *url.URL) (method string, target url.URL, err error) {
	method, pattern, invalid := pathpattern.Split(e.Op)
	if invalid != nil {
		return "", url.URL{}, e.refuse(invalid.Name, invalid.Why)
	}
	escaped, invalid := pathpattern.Expand(cmp.Or(e.path, pattern), e.Args)
	if invalid != nil {
		return "", url.URL{}, e.refuse(invalid.Name, invalid.Why)
	}
	return method, pathpattern.Join(base, escaped), nil
}

// query returns the encoded query without the credential.
func (e *endpoint) query(credential Credential) (string, error) {
	if e.Query == nil {
		return "", nil
	}
	if err := e.check("Query", e.Query); err != nil {
		return "", err
	}
	values, ok := e.Query.(url.Values)
	if !ok {
		var err error
		if values, err = query.Values(e.Query); err != nil {
			return "", e.refuse("Query", whyNot(err))
		}
	}
	if why := jsonwire.Unsendable(values, written); why != "" {
		return "", e.refuse("Query", why)
	}
	for name := range values {
		for _, own := range []string{credentials[credential].query, "_method"} { // some servers read the method from the second
			if own != "" && strings.EqualFold(httpsyntax.QueryName(name), own) {
				return "", e.refuse("Query", own+reserved)
			}
		}
	}
	return values.Encode(), nil
}

func (e *endpoint) content() ([]byte, error) {
	if e.Body == nil {
		return nil, nil
	}
	if err := e.check("Body", e.Body); err != nil {
		return nil, err
	}
	body, why, err := jsonwire.Marshal(e.Body, written)
	switch {
	case why != "":
		return nil, e.refuse("Body", why)
	case err != nil:
		return nil, e.refuse("Body", whyNot(err))
	}
	return body, nil
}

// written returns the value whose JSON a type of ours writes, if that is not the value itself.
func written(v any) (any, bool) {
	w, ok := v.(interface{ written() any })
	if !ok {
		return nil, false
	}
	return w.written(), true
}

// headersWith returns the headers of a request with those of the caller, without credentials. An empty value of the caller
// does not replace one of ours.
func (s *settings) headersWith(callers http.Header, hasBody bool) http.Header {
	ours := s.headers[0]
	if hasBody {
		ours = s.headers[1]
	}
	if callers == nil {
		return ours
	}
	header := maps.Clone(ours)
	for name, values := range callers {
		if header[name] == nil || values[0] != "" {
			header[name] = values
		}
	}
	return header
}

// whyNot returns the reason for an encoding error, in a text that contains no part of the value.
func whyNot(err error) string {
	if errors.Is(err, errNotADate) {
		return notADay
	}
	return "encoding failed"
}
