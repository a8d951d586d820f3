package verify

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/partnerapi/partnerapi-go"
	"github.com/partnerapi/partnerapi-go/internal/recording"
)

// call is a request of a probe.
type call struct {
	op         string
	args       []string
	query      url.Values
	body       any
	session    *partnerapi.Session
	credential string              // in place of the client's
	change     func(*http.Request) // what the SDK would refuse to send
	// mayReject marks a call of which the rejection of a good credential tells something. Otherwise it ends the probe.
	mayReject bool
	as        recording.Situation // what the request is expected to meet; empty if the answer is not recorded
}

// differs is the result of a probe whose API does something else than decided.
type differs string

func (d differs) Error() string { return string(d) }

// unknown is the result of a probe that found nothing out.
type unknown string

func (u unknown) Error() string { return string(u) }

// all returns the first error.
func all(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// env is what a probe has. Each probe has its own, and so has each removal at the end.
type env struct {
	*run

	id      string
	stopped error // why no more is sent
	answers []answer
	undo    []undo
}

// undo removes a record of a probe.
type undo struct {
	what   string
	remove func(context.Context, *env) error
}

// made returns a made-up value that the owner of the API's records recognises.
func (e *env) made(suffix string) string {
	return "partnerctl-verify-" + e.tag + "-" + strings.ToLower(e.id) + suffix
}

// nobody is an e-mail that reaches nobody: the domain is reserved for examples.
func (e *env) nobody() string { return e.made("@example.com") }

// own is a variant of the user's own e-mail.
func (e *env) own(suffix string) string {
	local, domain, _ := strings.Cut(e.Email, "@")
	return local + "+" + e.made(suffix) + "@" + domain
}

// stop ends a probe: send sends nothing more.
func (e *env) stop(err error) {
	if e.stopped == nil {
		e.stopped = err
	}
}

// undoLater registers the removal of a record, before the record is made.
func (e *env) undoLater(what string, remove func(context.Context, *env) error) {
	e.undo = append(e.undo, undo{what, remove})
}

// send makes a request. After one that could not be made, or to which the API did not respond properly, the others of the
// probe are not sent.
func (e *env) send(ctx context.Context, c call) answer {
	if e.stopped != nil {
		return answer{op: c.op, err: e.stopped}
	}
	api := e.API
	opts := []partnerapi.CallOption{partnerapi.WithoutRetry()}
	if c.credential != "" {
		opts = append(opts, partnerapi.WithCredential(credentialOf[api], c.credential))
	}
	var query any
	if c.query != nil {
		query = c.query
	}
	return e.note(c, e.transport.watch(ctx, c.change, func(ctx context.Context) error {
		_, err := partnerapi.Do[struct{}](ctx, e.client, partnerapi.Call{
			API: api, Op: c.op, Args: c.args, Query: query, Body: c.body, Session: c.session,
		}, opts...)
		return err
	}))
}

// note keeps an answer, and stops the probe if it is of no use.
func (e *env) note(c call, a answer) answer {
	a.op, a.as = c.op, c.as
	e.answers = append(e.answers, a)
	rejected := errors.Is(a.err, partnerapi.ErrUnauthorized) && !errors.Is(a.err, partnerapi.ErrWrongPassword)
	switch {
	case errors.Is(a.err, partnerapi.ErrNoCredential):
		e.stop(unknown("a credential is missing, see partnerctl verify -h"))
	case a.status == 0:
		e.stop(unknown(fmt.Sprintf("no response came to %s: %v", a.op, a.err)))
	case a.status == http.StatusTooManyRequests, a.status >= http.StatusInternalServerError:
		e.stop(unknown(a.String()))
	case rejected && c.credential == "" && !c.mayReject:
		e.stop(unknown("the credential is rejected: " + a.String()))
	}
	return a
}

var credentialOf = map[partnerapi.API]partnerapi.Credential{
	partnerapi.PartnerAPI: partnerapi.PartnerToken,
	partnerapi.AccountAPI: partnerapi.AccountKey,
	partnerapi.NetworkAPI: partnerapi.NetworkToken,
}

// transport paces the requests, and remembers the last response and the secrets of the requests.
type transport struct {
	next  http.RoundTripper
	pause time.Duration
	ready time.Time
	scrub *scrubber
	last  answer
	sent  int
}

type changeKey struct{}

// watch makes a call of the SDK, with one request, and returns its response as it came.
func (t *transport) watch(ctx context.Context, change func(*http.Request), do func(context.Context) error) answer {
	t.last = answer{scrub: t.scrub}
	before := t.sent
	err := do(context.WithValue(ctx, changeKey{}, change))
	t.last.err, t.last.lost = err, t.last.status == 0 && t.sent > before
	return t.last
}

// RoundTrip sends a request when its time has come.
func (t *transport) RoundTrip(req *http.Request) (*http.Response, error) {
	if err := t.wait(req.Context()); err != nil {
		return nil, err
	}
	if change, _ := req.Context().Value(changeKey{}).(func(*http.Request)); change != nil {
		req = req.Clone(req.Context())
		change(req)
	}
	t.scrub.learnRequest(req)
	t.sent++
	resp, err := t.next.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, 10<<20))
	if err = errors.Join(err, resp.Body.Close()); err != nil {
		return nil, err
	}
	resp.Body = io.NopCloser(bytes.NewReader(body))
	t.last = answer{scrub: t.scrub, status: resp.StatusCode, header: resp.Header.Clone(), body: body}
	t.scrub.learnResponse(resp.Header)
	return resp, nil
}

func (t *transport) wait(ctx context.Context) error {
	delay := time.Until(t.ready)
	if delay > 0 {
		timer := time.NewTimer(delay)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	t.ready = time.Now().Add(t.pause)
	return ctx.Err()
}

// withBody returns a change that sends a body as it is.
func withBody(text string) func(*http.Request) {
	return func(req *http.Request) {
		req.Body = io.NopCloser(strings.NewReader(text))
		req.ContentLength = int64(len(text))
		req.Header = req.Header.Clone()
		req.Header.Set("Content-Type", "application/json; charset=utf-8")
	}
}

// withHeader returns a change that sets a header, or removes it if the value is empty.
func withHeader(name, value string) func(*http.Request) {
	return func(req *http.Request) {
		req.Header = req.Header.Clone()
		if req.Header.Del(name); value != "" {
			req.Header.Set(name, value)
		}
	}
}
