package partnerapi

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"

	"github.com/partnerapi/partnerapi-go/internal/pathpattern"
	"github.com/partnerapi/partnerapi-go/internal/redact"
	"github.com/partnerapi/partnerapi-go/internal/sealed"
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
	r, err := encode(ctx, s.client, signupCall(in), opts) // ours P01: the token is in the header
	if err != nil {
		return nil, err
	}
	res := send(ctx, s.client, &r)
	defer res.body.Free()
	location, failed := redirectOf(&r, res)
	if failed != nil {
		return nil, explain(ctx, &r, &res, failed)
	}
	return location, nil // ours P02: a secret, because it may sign the parent in
}

// redirectOf returns the address that the response to r redirects to.
func redirectOf(r *request, res result) (*url.URL, *Error) {
	failed := res.failure
	switch {
	case failed != nil && (res.cause != nil || !isRedirect(res.StatusCode) || !errors.Is(failed, ErrBadResponse)):
		return nil, failed // ours P03: any 3xx is the redirect that the API documents, for this operation only
	case failed == nil:
		return nil, badResponse("no redirect")
	}
	to := res.header.Get("Location")
	location, err := r.url.Parse(to)
	if err != nil || to == "" || location.Host == "" || location.Scheme != "https" && location.Scheme != "http" {
		return nil, badResponse("a redirect without a valid Location")
	}
	if secrets := r.secrets.all(); redact.Echoes(to, secrets) || redact.Echoes(location.String(), secrets) { // ours P04: resolving dots can put a token together
		return nil, badResponse("a redirect to a URL that contains a credential")
	}
	return location, nil
}

// Handler returns a handler that signs a parent up with [SignupService.Resolve] and redirects the browser with 303. It calls
// who for the parent of a request, for example from the service's own session. If who returns the error of [RedirectTo], the
// browser is redirected there instead. It responds 405 to every method but GET, HEAD included, without calling who.
//
// [OnError] handles failures. Without it, Handler responds 400 if who returns an error or an invalid parent, and 502 to every
// other failure, a missing credential included, both without details. It then logs the failure at warn level, or at debug
// level if the browser has gone, with the client's logger, or [slog.Default] if there is none. The message is "partnerapi
// signup", and the attributes are op, status (of the response) and error: its text without the API's messages, which may
// contain a pk, or the type of a foreign error of who.
//
// Handler panics if who or an option is nil. Retried automatically.
//
// GET /partners/signup
func (s *SignupService) Handler(who func(*http.Request) (SignupRequest, error), opts ...HandlerOption) http.Handler {
	if who == nil {
		panic("partnerapi: Signup.Handler without a function")
	}
	var h handlerOptions
	for _, opt := range opts {
		if opt == nil {
			panic("partnerapi: Signup.Handler with a nil option")
		}
		opt(&h)
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Set("Referrer-Policy", "no-referrer")
		if r.Method != http.MethodGet {
			w.Header().Set("Allow", http.MethodGet)
			http.Error(w, http.StatusText(http.StatusMethodNotAllowed), http.StatusMethodNotAllowed)
			return
		}
		to, status, err := s.destination(r, who)
		switch {
		case err == nil:
			http.Redirect(w, r, to, http.StatusSeeOther)
		case h.onError != nil:
			h.onError(w, r, err)
		default:
			s.logFailure(r.Context(), status, err)
			http.Error(w, http.StatusText(status), status)
		}
	})
}

// destination returns where to redirect the browser, or an error and the status to respond with.
func (s *SignupService) destination(r *http.Request, who func(*http.Request) (SignupRequest, error)) (to string, status int, err error) {
	in, err := who(r)
	if elsewhere, ok := errors.AsType[redirection](err); ok {
		return elsewhere.to.Get(), 0, nil
	}
	if err != nil {
		return "", http.StatusBadRequest, err
	}
	location, err := s.Resolve(r.Context(), in)
	switch {
	case err == nil:
		return location.String(), 0, nil
	case outside(err, isArgument):
		return "", http.StatusBadRequest, err
	default:
		return "", http.StatusBadGateway, err
	}
}

// withoutMessages returns the error, and the errors of calls among its causes, without the words of the APIs: they may repeat
// the pk.
func (e *Error) withoutMessages() *Error {
	told := *e
	told.Messages, told.Fields = nil, nil
	if nested, ok := errors.AsType[*Error](told.cause); ok {
		told.cause = nested.withoutMessages()
	}
	return &told
}

func (s *SignupService) logFailure(ctx context.Context, status int, err error) {
	logger := slog.Default()
	if set := s.client.config(); set != nil && set.observer.logger != nil {
		logger = set.observer.logger
	}
	text, known := say(err)
	switch failed, own := errors.AsType[*Error](err); {
	case own:
		text = failed.withoutMessages().Error()
	case !known:
		text = fmt.Sprintf("error of type %T (see OnError)", err)
	}
	level := slog.LevelWarn
	if errors.Is(ctx.Err(), context.Canceled) { // the browser has gone
		level = slog.LevelDebug
	}
	logger.LogAttrs(ctx, level, "partnerapi signup",
		slog.String("op", signupCall(SignupRequest{}).Op), slog.Int("status", status), slog.String("error", redact.Line(text)))
}

// A HandlerOption configures the handler of [SignupService.Handler]. If options conflict, the last one wins.
type HandlerOption func(*handlerOptions)

type handlerOptions struct {
	onError func(http.ResponseWriter, *http.Request, error)
}

// OnError makes respond write the response to a failure, and log it: the handler then does neither. The error is that of the
// handler's function, unchanged, or of [SignupService.Resolve]; [HTTPStatus] returns the status for the latter. The headers
// Cache-Control: no-store and Referrer-Policy: no-referrer are set already. respond is not called for a redirect and for a 405.
// A nil function means the default.
func OnError(respond func(w http.ResponseWriter, r *http.Request, err error)) HandlerOption {
	return func(h *handlerOptions) { h.onError = respond }
}

// RedirectTo returns an error that makes the handler of [SignupService.Handler] redirect the browser to target with 303, for
// example to a login page. The handler's function returns it, wrapped or not. target is a URL, absolute or relative to the
// request, as in [http.Redirect]. The text of the error does not contain it.
//
// Where target leads is not checked: if it is taken from the request, others can redirect visitors to a site of their own.
// For an empty or invalid target RedirectTo returns an [*ArgumentError], which the handler treats as any other error.
func RedirectTo(target string) error {
	if target == "" {
		return &ArgumentError{Op: "RedirectTo", Name: "target", Reason: "empty"}
	}
	if _, err := url.Parse(target); err != nil {
		return &ArgumentError{Op: "RedirectTo", Name: "target", Reason: "not a URL"}
	}
	return redirection{sealed.New(target)}
}

// redirection is the error of [RedirectTo].
type redirection struct{ to sealed.Box[string] }

func (redirection) Error() string { return "partnerapi: a redirect of Signup.Handler" }
