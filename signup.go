package partnerapi

import (
	"context"
	"errors"
	"net/http"
	"net/url"

	"github.com/partnerapi/partnerapi-go/internal/pathpattern"
	"github.com/partnerapi/partnerapi-go/internal/redact"
)

// SignupService signs parents up for Bark. Use [Client.Signup].
type SignupService struct{ client *Client }

// SignupRequest is the parent who signs up. PK and Email are required. If any field of a child is set, the API adds the child
// to the account.
type SignupRequest struct {
	// PK is the partner's own key of the parent.
	PK            string `url:"pk"`
	Email         string `url:"email"`
	ChildBirthday Date   `url:"child_birthday,omitempty"`
	ChildName     string `url:"child_name,omitempty"`
	ChildEmail    string `url:"child_email,omitempty"`
}

func (in SignupRequest) check() (field, why string) {
	switch {
	case in.PK == "":
		return "PK", "empty"
	case pathpattern.IsDots(in.PK):
		return "PK", pathpattern.NotASegment
	case in.Email == "":
		return "Email", "empty"
	case !in.ChildBirthday.IsZero() && !in.ChildBirthday.Valid():
		return "ChildBirthday", notADay
	default:
		return "", ""
	}
}

func signupCall(in SignupRequest) *endpoint {
	return &endpoint{Call: Call{API: PartnerAPI, Op: "GET /partners/signup", Query: in}}
}

// URL returns a link that signs the parent up when a browser opens it. It can be opened any number of times: a parent who has
// an account is redirected to it. URL sends no request; it passes ctx to the credential source.
//
// The link carries the partner's token into the browser, its history and its Referer headers: it is as secret as the token.
// [SignupService.Resolve] and [SignupService.Handler] keep the token out of the browser.
//
// GET /partners/signup
func (s *SignupService) URL(ctx context.Context, in SignupRequest) (string, error) {
	r, err := encode(ctx, s.client, signupCall(in), nil)
	if err != nil {
		return "", err
	}
	credentials[PartnerToken].putInQuery(&r.url, r.secrets.held[0].token) // the only way that a browser can carry it
	return r.url.String(), nil
}

// Resolve signs the parent up from the server, with the token in a header, and returns the address to redirect the browser to.
// It returns [ErrUnauthorized] for a wrong token, and [ErrBadResponse] for an address that holds the token.
//
// The address is a secret: it may sign somebody in. The API does not document whether it does, and a cookie that the API sets
// on this call does not reach the browser. Retried automatically.
//
// GET /partners/signup
func (s *SignupService) Resolve(ctx context.Context, in SignupRequest, opts ...CallOption) (*url.URL, error) {
	// The documented success is a redirect, which is a failure of every other call.
	r, err := encode(ctx, s.client, signupCall(in), opts)
	if err != nil {
		return nil, err
	}
	res := send(ctx, s.client, r)
	defer res.body.Free()
	location, failed := redirectOf(r, res)
	if failed != nil {
		return nil, explain(ctx, r, res, failed)
	}
	return location, nil
}

// redirectOf returns the address that the response to r redirects to.
func redirectOf(r *request, res result) (*url.URL, *Error) {
	failed := res.failure
	switch {
	case failed != nil && (res.cause != nil || !isRedirect(res.StatusCode) || !errors.Is(failed, ErrBadResponse)):
		return nil, failed // the API documents a redirect for this operation only
	case failed == nil:
		return nil, badResponse("no redirect")
	}
	to := res.header.Get("Location")
	location, err := r.url.Parse(to)
	if err != nil || to == "" || location.Host == "" || location.Scheme != "https" && location.Scheme != "http" {
		return nil, badResponse("a redirect without a valid Location")
	}
	if secrets := r.secrets.all(); redact.Echoes(to, secrets) || redact.Echoes(location.String(), secrets) { // resolving dots can put a token together
		return nil, badResponse("a redirect to a URL that contains a credential")
	}
	return location, nil
}

// Handler returns a handler that signs a parent up with [SignupService.Resolve] and redirects the browser with 303. It calls
// who for the parent of a request, for example from the service's own session. It responds 400 if who returns an error or an
// invalid parent, and 502 to every other failure, a missing credential included, both without details. It responds 405 to
// every method but GET, HEAD included, without calling who. Handler panics if who is nil. Retried automatically.
//
// GET /partners/signup
func (s *SignupService) Handler(who func(*http.Request) (SignupRequest, error)) http.Handler {
	if who == nil {
		panic("partnerapi: Signup.Handler without a function")
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Set("Referrer-Policy", "no-referrer")
		if r.Method != http.MethodGet {
			w.Header().Set("Allow", http.MethodGet)
			http.Error(w, http.StatusText(http.StatusMethodNotAllowed), http.StatusMethodNotAllowed)
			return
		}
		in, err := who(r)
		if err != nil {
			http.Error(w, http.StatusText(http.StatusBadRequest), http.StatusBadRequest)
			return
		}
		to, err := s.Resolve(r.Context(), in)
		var refused *ArgumentError
		switch {
		case errors.As(err, &refused):
			http.Error(w, http.StatusText(http.StatusBadRequest), http.StatusBadRequest)
		case err != nil:
			http.Error(w, http.StatusText(http.StatusBadGateway), http.StatusBadGateway)
		default:
			http.Redirect(w, r, to.String(), http.StatusSeeOther)
		}
	})
}
