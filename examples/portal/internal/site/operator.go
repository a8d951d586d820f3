package site

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strconv"

	"github.com/partnerapi/partnerapi-go"
)

const (
	operatorHome    = "/operator"
	operatorLogin   = "/operator/login"
	operatorAccount = "/operator/account"
	networksPage    = "/operator/networks"
	invitationsPage = "/operator/invitations"
)

// operator is an operator's session at the network API, as it is stored. JWT is a secret.
type operator struct {
	JWT     string               `json:"jwt"`
	Name    string               `json:"name"`
	Account string               `json:"account"`
	Access  partnerapi.AppAccess `json:"access"`
	// Accounts are those that the operator has to choose from; empty after the choice. Last is the one that was chosen last time.
	Accounts []partnerapi.AccountChoice `json:"accounts"`
	Last     string                     `json:"last"`
}

// take takes over a session of the API. If it has no JWT, the current one stays valid.
func (o *operator) take(session *partnerapi.AppSession) {
	o.JWT = cmp.Or(session.JWT(), o.JWT)
	o.Name, o.Account, o.Access = cmp.Or(session.User.Name, session.User.Username), session.Account.Title, session.Access
	o.Accounts, o.Last = session.Accounts, session.LastAccountID
}

// credential makes a call in the operator's name.
func (o *operator) credential() partnerapi.CallOption {
	return partnerapi.WithCredential(partnerapi.NetworkToken, o.JWT)
}

// operatorHandler makes a page, or a change. The session is locked meanwhile, so it does not write to the visitor, who may be slow.
type operatorHandler func(r *http.Request, o *operator, f *form) (reply, error)

// reply is a page, and what an operator is told after a change.
type reply struct {
	page, title string
	data        any
	change      change
}

// change is that of a record with a name. A search in the list at a path shows it.
type change struct{ list, name, done, doubt string }

// operating makes a page for operators with an access, and a form with required fields. If the API rejects the JWT, the login ends.
func (s *site) operating(access string, h operatorHandler, required ...[2]string) handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		f, err := readForm(r, required...)
		if err != nil {
			return err
		}
		if r.Method != http.MethodPost { // a new form
			f.Errors = nil
		}
		var p reply
		err = s.use(r.Context(), operatorID, operatorLogin, func(session []byte) ([]byte, error) {
			var o operator
			err := json.Unmarshal(session, &o)
			switch {
			case err != nil:
			case len(o.Accounts) > 0 && r.URL.Path != operatorAccount:
				err = loginNeeded{page: operatorAccount}
			case !o.Access.Can(access):
				err = errNotAllowed
			default:
				p, err = h(r, &o, f)
			}
			if rejected(err) {
				return nil, loginNeeded{page: operatorLogin, ended: true}
			}
			stored, _ := json.Marshal(o) //nolint:gosec // the store encrypts it
			return stored, err
		})
		changed := p.change != change{}
		switch {
		case changed && err == nil:
			s.notice(r, p.change.name+": "+p.change.done)
			http.Redirect(w, r, p.change.list, http.StatusSeeOther)
			return nil
		case changed && unsure(err):
			s.Logger.WarnContext(r.Context(), "the outcome of a change is unknown", "error", err)
			s.warn(r, p.change.name+": we do not know whether that worked. "+p.change.doubt)
			http.Redirect(w, r, p.change.list+"?"+url.Values{"search": {p.change.name}}.Encode(), http.StatusSeeOther)
			return nil
		case err != nil && (!changed || !f.Reject(err)):
			return err
		}
		return s.showForm(w, r, p.page, p.title, f, p.data)
	}
}

// rejected reports whether the API, and not a proxy, rejected the credential.
func rejected(err error) bool {
	return errors.Is(err, partnerapi.ErrUnauthorized) && !errors.Is(err, partnerapi.ErrBadResponse)
}

// list is a page of a list, for a template.
type list[T any] struct {
	*operator
	*partnerapi.Page[T]
}

// Previous returns the number of the page before this one, or 0.
func (l list[T]) Previous() int { return min(l.Number-1, l.Pages) }

func listOptions(r *http.Request) partnerapi.ListOptions {
	page, _ := strconv.Atoi(r.FormValue("page")) // 0 if it is no number
	return partnerapi.ListOptions{Search: r.FormValue("search"), Filter: r.FormValue("filter"), Page: max(page, 0)}
}

func (s *site) operatorLogin(w http.ResponseWriter, r *http.Request) error {
	f, err := readForm(r, [2]string{"username", "Enter your user name"}, [2]string{"password", "Enter your password"})
	if err != nil {
		return err
	}
	ctx, o := r.Context(), &operator{JWT: s.AppKey}
	if !f.Failed() {
		started, err := s.Client.AppSessions.Start(ctx, o.credential())
		if err != nil {
			return err
		}
		o.take(started)
		in := partnerapi.AppLoginRequest{Username: f.Value("username"), Password: f.Value("password")}
		session, err := s.Client.AppSessions.Login(ctx, in, o.credential())
		switch {
		case err == nil:
			o.take(session)
			stored, _ := json.Marshal(o) //nolint:gosec // the store encrypts it
			return s.logIn(w, r, operatorID, stored, operatorHome)
		case rejected(err): // the JWT is new, so it is not the reason
			f.Add("", "The user name or the password is wrong")
		case !f.Reject(err):
			return err
		}
	}
	return s.showForm(w, r, "operator_login", "Log in as an operator", f, nil)
}

// operatorAccount lets an operator with several accounts choose one.
func (s *site) operatorAccount(r *http.Request, o *operator, f *form) (reply, error) {
	page := reply{page: "operator_account", title: "Choose an account", data: o}
	if r.Method == http.MethodPost && f.Value("account_id") == "" {
		f.Add("account_id", "Choose an account")
	}
	if r.Method != http.MethodPost || f.Failed() {
		return page, nil
	}
	session, err := s.Client.AppSessions.SelectAccount(r.Context(), f.Value("account_id"), o.credential())
	if f.Reject(err) {
		return page, nil
	}
	if err != nil {
		return reply{}, err
	}
	o.take(session)
	next := cmp.Or(s.sessions.PopString(r.Context(), nextPage), operatorHome)
	return reply{change: change{list: next, name: o.Account, done: "you are logged in."}}, nil
}

// operatorLogout ends a session at the API.
func (s *site) operatorLogout(ctx context.Context, session []byte) error {
	var o operator
	_ = json.Unmarshal(session, &o) // if it fails, the call does
	_, err := s.Client.AppSessions.Logout(ctx, o.credential())
	return err
}

// operator shows the overview. It reads the access again, which may have changed.
func (s *site) operator(r *http.Request, o *operator, _ *form) (reply, error) {
	session, err := s.Client.AppSessions.Current(r.Context(), o.credential())
	if err != nil {
		return reply{}, err
	}
	if o.take(session); !session.Authenticated { // logged out elsewhere
		return reply{}, partnerapi.ErrUnauthorized
	}
	return reply{page: "operator", title: "Overview", data: o}, nil
}
