package site

import (
	"context"
	"errors"
	"net/http"

	"github.com/partnerapi/partnerapi-go"
	"github.com/partnerapi/partnerapi-go/examples/portal/internal/settle"
	"github.com/partnerapi/partnerapi-go/examples/portal/internal/store"
)

const (
	parentHome     = "/parent"
	parentLogin    = "/parent/login"
	protectionPage = "/parent/protection"
)

// plans are the plans that a parent can choose.
var plans = []plan{
	{partnerapi.PlanBark, "Bark", "Monitors the texts, e-mails and apps of children of all ages."},
	{partnerapi.PlanBarkJunior, "Bark Jr", "Screen time and web filters for younger children."},
}

type plan struct {
	ID         partnerapi.Plan
	Name, Text string
}

// planName returns the name of a plan, or its id if the API has added it.
func planName(id partnerapi.Plan) string {
	for _, p := range plans {
		if p.ID == id {
			return p.Name
		}
	}
	return string(id)
}

// signedInParent returns the parent who is logged in.
func (s *site) signedInParent(ctx context.Context) (*store.Parent, error) {
	var p *store.Parent
	err := s.use(ctx, parentID, parentLogin, func(pk []byte) (_ []byte, err error) {
		if p, err = s.Store.Parent(ctx, string(pk)); errors.Is(err, store.ErrNotFound) {
			return nil, loginNeeded{page: parentLogin}
		}
		return pk, err
	})
	return p, err
}

func (s *site) parentLogin(w http.ResponseWriter, r *http.Request) error {
	f, err := readForm(r, [2]string{"email", "Enter your e-mail address"}, [2]string{"password", "Enter your password"})
	if err != nil {
		return err
	}
	if !f.Failed() {
		pk, err := s.Store.LogIn(r.Context(), f.Value("email"), f.Value("password"))
		switch {
		case err == nil:
			return s.logIn(w, r, parentID, []byte(pk), parentHome)
		case !errors.Is(err, store.ErrNotFound):
			return err
		}
		f.Add("", "The e-mail address or the password is wrong")
	}
	return s.showForm(w, r, "parent_login", "Log in as a parent", f, nil)
}

// parentPage is the account page of a parent.
type parentPage struct {
	*store.Parent
	Plans  []plan
	Direct string // the link that contains the token, if the page shows it
}

func (s *site) parent(w http.ResponseWriter, r *http.Request) error {
	p, err := s.signedInParent(r.Context())
	if err != nil {
		return err
	}
	return s.show(w, r, http.StatusOK, "parent", "Your account", parentPage{Parent: p, Plans: plans})
}

// parentDirect shows the page with the link that contains the token.
func (s *site) parentDirect(w http.ResponseWriter, r *http.Request) error {
	p, err := s.signedInParent(r.Context())
	if err != nil {
		return err
	}
	link, err := s.Client.Signup.URL(r.Context(), signup(p))
	if err != nil {
		return err
	}
	return s.show(w, r, http.StatusOK, "parent", "Your account", parentPage{p, plans, link})
}

func signup(p *store.Parent) partnerapi.SignupRequest {
	return partnerapi.SignupRequest{PK: p.PK, Email: p.Email, ChildName: p.ChildName}
}

// protection signs the parent up from this server, so that the token does not reach the browser.
func (s *site) protection() http.Handler {
	respond := partnerapi.OnError(func(w http.ResponseWriter, r *http.Request, err error) { s.fail(w, r, err) })
	return s.handle("GET "+protectionPage, func(w http.ResponseWriter, r *http.Request) error {
		s.Client.Signup.Handler(s.clicked, respond).ServeHTTP(w, r)
		return nil
	})
}

var errNotClicked = errors.New("not a click on this site")

// clicked returns the parent if the parent followed the link. Following it signs somebody up, so requests from pages of other sites
// are refused. The handler itself ignores programs that only look (HEAD).
func (s *site) clicked(r *http.Request) (partnerapi.SignupRequest, error) {
	// A link of ours, the address bar, or a browser that sends no such header; and no page that is loaded in advance.
	site := r.Header.Get("Sec-Fetch-Site")
	if site != "" && site != "none" && site != "same-origin" || r.Header.Get("Sec-Purpose") != "" {
		return partnerapi.SignupRequest{}, errNotClicked
	}
	p, err := s.signedInParent(r.Context())
	if err != nil {
		return partnerapi.SignupRequest{}, err
	}
	return signup(p), nil
}

// parentChange subscribes, changes the plan or cancels.
func (s *site) parentChange(w http.ResponseWriter, r *http.Request) error {
	p, err := s.signedInParent(r.Context())
	if err != nil {
		return err
	}
	f, err := readForm(r)
	if err != nil {
		return err
	}
	wanted := partnerapi.Plan(f.Value("plan"))
	if wanted == "" && f.Value("cancel") == "" {
		f.Add("plan", "Select one of the plans")
		return s.showForm(w, r, "parent", "Your account", f, parentPage{Parent: p, Plans: plans})
	}
	err = s.settler.Change(r.Context(), p, wanted)
	switch {
	case errors.Is(err, settle.ErrChecking): // the page says so
	case f.Reject(err):
		return s.showForm(w, r, "parent", "Your account", f, parentPage{Parent: p, Plans: plans})
	case err != nil:
		return err
	case wanted == "":
		s.notice(r, "Your subscription is cancelled.")
	default:
		s.notice(r, "You are subscribed to "+planName(wanted)+".")
	}
	http.Redirect(w, r, parentHome, http.StatusSeeOther)
	return nil
}

// parentCancel asks for a confirmation.
func (s *site) parentCancel(w http.ResponseWriter, r *http.Request) error {
	p, err := s.signedInParent(r.Context())
	if err != nil {
		return err
	}
	return s.show(w, r, http.StatusOK, "parent_cancel", "Cancel your subscription?", p)
}
