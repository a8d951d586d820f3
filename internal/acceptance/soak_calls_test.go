package acceptance

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"time"

	"github.com/partnerapi/partnerapi-go"
	"github.com/partnerapi/partnerapi-go/partnertest"
)

// soakOperations are the calls of the workers: every call that has a model. Each returns false if it has no record to use.
var soakOperations = []struct {
	name   string // of everyCall, and after a comma how it is used
	weight int
	do     func(*soakWorker) bool
}{
	{"Subscriptions.Create", 8, (*soakWorker).subscribe},
	{"Subscriptions.Ensure", 8, (*soakWorker).ensure},
	{"Subscriptions.Update", 8, (*soakWorker).changePlan},
	{"Subscriptions.Cancel", 5, func(w *soakWorker) bool {
		return w.cancel("Cancel", w.client.Subscriptions.Cancel)
	}},
	{"Subscriptions.CancelLegacy", 4, func(w *soakWorker) bool {
		return w.cancel("CancelLegacy", w.client.Subscriptions.CancelLegacy)
	}},
	{"Signup.Resolve", 3, (*soakWorker).signUp},
	{"Accounts.Create", 4, (*soakWorker).createAccount},
	{"Accounts.Login", 6, (*soakWorker).login},
	{"Accounts.Get", 5, (*soakWorker).account},
	{"Accounts.Update", 7, (*soakWorker).updateAccount},
	{"Accounts.Status", 2, (*soakWorker).status},
	{"Accounts.Benefits", 2, (*soakWorker).benefits},
	{"Accounts.Search", 3, (*soakWorker).search},
	{"Accounts.Logout", 3, (*soakWorker).logout},
	{"Networks.Domains", 1, (*soakWorker).domains},
	{"Networks.Get", 4, (*soakWorker).network},
	{"Networks.Update", 6, (*soakWorker).updateNetwork},
	{"Networks.List", 3, func(w *soakWorker) bool {
		return w.find(joined, soakPage(showNetwork, w.client.Networks.List))
	}},
	{"Networks.All", 1, func(w *soakWorker) bool {
		return w.walk(joined, soakWalk(showNetwork, w.client.Networks.All))
	}},
	{"Networks.All, broken off", 1, (*soakWorker).walkAway},
	{"Networks.Delete", 2, (*soakWorker).deleteNetwork},
	{"Invitations.Create", 7, (*soakWorker).invite},
	{"Invitations.Update", 5, (*soakWorker).updateInvitation},
	{"Invitations.List", 4, func(w *soakWorker) bool {
		return w.find(invited, soakPage(showInvitation, w.client.Invitations.List))
	}},
	{"Invitations.All", 1, func(w *soakWorker) bool {
		return w.walk(invited, soakWalk(showInvitation, w.client.Invitations.All))
	}},
	{"Invitations.Activate", 4, (*soakWorker).activate},
	{"Invitations.Delete", 3, (*soakWorker).deleteInvitation},
}

func anyRecord[R any](R) bool { return true }

func isSubscribed(s partnertest.Subscription) bool { return s.PK != "" }

// subscription is a new one for one of the worker's pks.
func (w *soakWorker) subscription() (*soakRecord[partnertest.Subscription], partnertest.Subscription) {
	r, _ := soakPick(w, w.subscriptions, anyRecord)
	if r == nil { // all of them are lost
		r = newSoakRecord(w.next("a/b ü"), soakSubscriptions)
		w.subscriptions = append(w.subscriptions, r)
	}
	plans := []partnerapi.Plan{partnerapi.PlanBark, partnerapi.PlanBarkJunior}
	return r, partnertest.Subscription{PK: r.name, Email: w.next("mail"), Plan: plans[w.random.IntN(len(plans))]}
}

func (w *soakWorker) subscribe() bool {
	r, made := w.subscription()
	_ = soakSend(w, r, fmt.Sprintf("Create %+v", made), func(ctx context.Context) error {
		return w.client.Subscriptions.Create(ctx, partnerapi.CreateSubscriptionRequest(made))
	}, soakCreate(made))
	return true
}

func (w *soakWorker) ensure() bool {
	r, made := w.subscription()
	var created bool
	_ = soakSend(w, r, fmt.Sprintf("Ensure %+v", made), func(ctx context.Context) (err error) {
		created, err = w.client.Subscriptions.Ensure(ctx, partnerapi.CreateSubscriptionRequest(made))
		return err
	}, func(s partnertest.Subscription) (partnertest.Subscription, soakReply) {
		switch {
		case !isSubscribed(s) && created:
			return made, saysDone
		case !isSubscribed(s):
			return made, saysOther // created is false for what is known, if only since an earlier attempt
		}
		s.Plan = made.Plan
		if created {
			return s, saysOther
		}
		return s, saysDone
	})
	return true
}

func (w *soakWorker) changePlan() bool {
	r, made := w.subscription()
	in := partnerapi.UpdateSubscriptionRequest{Plan: made.Plan}
	_ = soakSend(w, r, fmt.Sprintf("Update %+v", in), func(ctx context.Context) error {
		return w.client.Subscriptions.Update(ctx, r.name, in)
	}, soakChange(isSubscribed, func(s *partnertest.Subscription) { s.Plan = in.Plan }))
	return true
}

func (w *soakWorker) cancel(what string, cancel func(context.Context, string, ...partnerapi.CallOption) error) bool {
	r, _ := w.subscription()
	_ = soakSend(w, r, what, func(ctx context.Context) error { return cancel(ctx, r.name) },
		soakChange(isSubscribed, func(s *partnertest.Subscription) { *s = partnertest.Subscription{} }))
	return true
}

// signUp signs up repeatedly: only the first time has an effect.
func (w *soakWorker) signUp() bool {
	r, ok := soakPick(w, w.signups, anyRecord)
	if !ok {
		return false
	}
	in := partnerapi.SignupRequest{PK: r.name, Email: w.next("mail"), ChildName: w.next("child")}
	_ = soakSend(w, r, fmt.Sprintf("Resolve %+v", in), func(ctx context.Context) error {
		_, err := w.client.Signup.Resolve(ctx, in)
		return err
	}, func(s partnerapi.SignupRequest) (partnerapi.SignupRequest, soakReply) {
		if s.PK == "" {
			s = in
		}
		return s, saysDone
	})
	return true
}

func (a soakAccount) isThere() bool { return a.exists }
func (a soakAccount) isLive() bool  { return a.live }

func (w *soakWorker) newCustomer() *soakCustomer {
	c := &soakCustomer{*newSoakRecord(w.next("mail"), soakCustomers), partnerapi.NewSession()}
	c.shown = func(a soakAccount) soakAccount { return soakAccount{exists: a.exists, name: a.name} }
	w.customers = append(w.customers, c)
	return c
}

func (w *soakWorker) createAccount() bool {
	c, ok := soakPick(w, w.customers, anyRecord)
	if !ok || w.random.IntN(2) == 0 {
		c = w.newCustomer()
	}
	in := partnerapi.CreateAccountRequest{
		Email: c.name, FirstName: w.next("name"), Birthdate: partnerapi.Date{Year: 1980, Month: time.May, Day: 17},
		Password: passPhrase, PasswordConfirmation: passPhrase,
	}
	_ = soakSend(w, &c.soakRecord, "Create "+in.FirstName, func(ctx context.Context) error {
		_, err := w.client.Accounts.Create(ctx, in)
		return err
	}, soakCreate(soakAccount{exists: true, name: in.FirstName}))
	return true
}

// customer makes a call about a customer. fits reports whether a state matches the result.
func (w *soakWorker) customer(
	what string, otherwise soakReply, isThere func(soakAccount) bool,
	call func(context.Context, *soakCustomer) (fits func(soakAccount) bool, err error),
) bool {
	c, ok := soakPick(w, w.customers, anyRecord)
	if !ok {
		return false
	}
	var fits func(soakAccount) bool // nil if nothing was shown
	_ = soakSend(w, &c.soakRecord, what, func(ctx context.Context) error {
		shows, err := call(ctx, c)
		if err == nil {
			fits = shows
		}
		return err
	}, soakRead(otherwise, isThere, func(a soakAccount) bool { return fits == nil || fits(a) }))
	return true
}

func soakNamed(got *partnerapi.Customer) func(soakAccount) bool {
	return func(a soakAccount) bool { return a.name == got.FirstName }
}

func (w *soakWorker) account() bool {
	return w.customer("Get", saysLoggedOut, soakAccount.isLive, func(ctx context.Context, c *soakCustomer) (func(soakAccount) bool, error) {
		got, err := w.client.Accounts.Get(ctx, c.session)
		return soakNamed(got), err
	})
}

func (w *soakWorker) search() bool {
	return w.customer("Search", saysNotFound, soakAccount.isThere, func(ctx context.Context, c *soakCustomer) (func(soakAccount) bool, error) {
		got, err := w.client.Accounts.Search(ctx, c.name)
		return soakNamed(got), err
	})
}

func (w *soakWorker) benefits() bool {
	return w.customer("Benefits", saysLoggedOut, soakAccount.isLive, func(ctx context.Context, c *soakCustomer) (func(soakAccount) bool, error) {
		got, err := w.client.Accounts.Benefits(ctx, c.session)
		return func(soakAccount) bool { return len(got) == 0 }, err
	})
}

func (w *soakWorker) status() bool {
	return w.customer("Status", saysNothing, anyRecord, func(ctx context.Context, c *soakCustomer) (func(soakAccount) bool, error) {
		got, err := w.client.Accounts.Status(ctx, c.session)
		return func(a soakAccount) bool { return a.cookie == got }, err
	})
}

// login replaces the session, if it succeeds.
func (w *soakWorker) login() bool {
	var session *partnerapi.Session
	var of *soakCustomer
	done := w.customer("Login", saysRefused, soakAccount.isThere, func(ctx context.Context, c *soakCustomer) (func(soakAccount) bool, error) {
		var got *partnerapi.Customer
		var err error
		got, session, err = w.client.Accounts.Login(ctx, partnerapi.LoginRequest{Email: c.name, Password: passPhrase})
		of = c
		return soakNamed(got), err
	})
	if session != nil {
		of.session = session
		of.learn(saysDone, false, func(a soakAccount) (soakAccount, soakReply) {
			a.live, a.cookie = true, true
			return a, saysDone
		})
	}
	return done
}

func (w *soakWorker) updateAccount() bool {
	c, ok := soakPick(w, w.customers, anyRecord)
	if !ok {
		return false
	}
	in := partnerapi.UpdateAccountRequest{FirstName: w.next("name")}
	got := new(partnerapi.Customer)
	err := soakSend(w, &c.soakRecord, "Update "+in.FirstName, func(ctx context.Context) (err error) {
		got, err = w.client.Accounts.Update(ctx, c.session, in)
		return err
	}, func(a soakAccount) (soakAccount, soakReply) {
		if !a.live {
			return a, saysLoggedOut
		}
		a.name = in.FirstName
		return a, saysDone
	})
	if err == nil && got.FirstName != in.FirstName {
		w.fail(c.name, c.history, "the customer returned is %+v", got)
	}
	return true
}

func (w *soakWorker) logout() bool {
	c, ok := soakPick(w, w.customers, anyRecord)
	if !ok {
		return false
	}
	hadCookie := slices.ContainsFunc(c.may, func(a soakAccount) bool { return a.cookie })
	err := soakSend(w, &c.soakRecord, "Logout", func(ctx context.Context) error {
		return w.client.Accounts.Logout(ctx, c.session)
	}, func(a soakAccount) (soakAccount, soakReply) {
		a.live, a.cookie = false, false
		return a, saysDone
	})
	if err != nil && hadCookie {
		// The API may have ended the session, and the response that deletes the cookie be lost.
		c.learn(saysNothing, true, func(a soakAccount) (soakAccount, soakReply) {
			a.cookie = a.cookie || !a.live
			return a, saysNothing
		})
	}
	return true
}

func (s soakRelation) isInvited() bool { return s.stage == invited }
func (s soakRelation) isJoined() bool  { return s.stage == joined }

func (w *soakWorker) newLink() *soakLink {
	l := &soakLink{soakRecord: *newSoakRecord(w.next("mail")+"@example.com", soakLinks)}
	w.links = append(w.links, l)
	return l
}

// link sends a call about a link whose id is known and that may be in the state that is needed, or now and then is not.
func (w *soakWorker) link(
	what string, id func(*soakLink) string, do func(soakRelation) (soakRelation, soakReply), call func(context.Context, *soakLink) error,
) bool {
	l, ok := soakPick(w, w.links, func(l *soakLink) bool {
		fits := slices.ContainsFunc(l.may, func(s soakRelation) bool {
			_, says := do(s)
			return says != saysNotFound
		})
		return id(l) != "" && (fits || w.random.IntN(20) == 0)
	})
	if ok {
		_ = soakSend(w, &l.soakRecord, what, func(ctx context.Context) error { return call(ctx, l) }, do)
	}
	return ok
}

func (l *soakLink) invitationID() string { return l.invitation }
func (l *soakLink) accountID() string    { return l.account }

// knows stores the ids that a call returned.
func (w *soakWorker) knows(l *soakLink, stage, id string) {
	if stage == joined {
		l.account = id
		return
	}
	l.invitation = id
	link, ok := w.fake.ActivationLink(id)
	token, err := partnerapi.InvitationToken(link)
	if !ok || err != nil {
		w.fail(l.name, l.history, "there is no invitation %s", id)
	}
	l.token = token
}

// invite uses every e-mail once, so that a call that is done twice makes two invitations for it.
func (w *soakWorker) invite() bool {
	l, in := w.newLink(), partnerapi.CreateInvitationRequest{DomainID: "dom_agency"}
	in.Email = l.name
	made := soakRelation{invited, noFee}
	if w.made++; w.random.IntN(2) == 0 {
		made.fee = float64(w.made)
		in.FeeProposed = partnerapi.Set(made.fee)
	}
	var got *partnerapi.Invitation
	if soakSend(w, &l.soakRecord, "Create", func(ctx context.Context) (err error) {
		got, err = w.client.Invitations.Create(ctx, in)
		return err
	}, soakCreate(made)) == nil {
		w.knows(l, invited, got.ID)
	}
	return true
}

func (w *soakWorker) updateInvitation() bool {
	w.made++
	fee, in := float64(w.made), partnerapi.UpdateInvitationRequest{FeeProposed: partnerapi.Set(float64(w.made))}
	if w.random.IntN(4) == 0 {
		fee, in.FeeProposed = noFee, partnerapi.Clear[float64]()
	}
	return w.link(fmt.Sprintf("Update to %v", fee), (*soakLink).invitationID,
		soakChange(soakRelation.isInvited, func(s *soakRelation) { s.fee = fee }),
		func(ctx context.Context, l *soakLink) error {
			return w.client.Invitations.Update(ctx, l.invitation, in)
		})
}

func (w *soakWorker) deleteInvitation() bool {
	return w.link("Delete", (*soakLink).invitationID, soakChange(soakRelation.isInvited, func(s *soakRelation) { *s = soakRelation{} }),
		func(ctx context.Context, l *soakLink) error { return w.client.Invitations.Delete(ctx, l.invitation) })
}

func (w *soakWorker) activate() bool {
	return w.link("Activate", (*soakLink).invitationID,
		soakChange(soakRelation.isInvited, func(s *soakRelation) { *s = soakRelation{joined, max(s.fee, 0)} }),
		func(ctx context.Context, l *soakLink) error {
			got, err := w.client.Invitations.Activate(ctx, l.token)
			if err == nil {
				l.account = got.AccountID
			}
			return err
		})
}

func (w *soakWorker) network() bool {
	var got *partnerapi.Network
	return w.link("Get", (*soakLink).accountID,
		soakRead(saysNotFound, soakRelation.isJoined, func(s soakRelation) bool { return got == nil || got.Fee == s.fee }),
		func(ctx context.Context, l *soakLink) (err error) {
			got, err = w.client.Networks.Get(ctx, l.account)
			return err
		})
}

func (w *soakWorker) updateNetwork() bool {
	w.made++
	in := partnerapi.UpdateNetworkRequest{Fee: float64(w.made)}
	return w.link(fmt.Sprintf("Update to %v", in.Fee), (*soakLink).accountID,
		soakChange(soakRelation.isJoined, func(s *soakRelation) { s.fee = in.Fee }),
		func(ctx context.Context, l *soakLink) error { return w.client.Networks.Update(ctx, l.account, in) })
}

func (w *soakWorker) deleteNetwork() bool {
	return w.link("Delete", (*soakLink).accountID, soakChange(soakRelation.isJoined, func(s *soakRelation) { *s = soakRelation{} }),
		func(ctx context.Context, l *soakLink) error {
			_, err := w.client.Networks.Delete(ctx, l.account)
			return err
		})
}

// soakShown is what a list shows of a link.
type soakShown struct {
	name, id string
	soakRelation
}

func showInvitation(i partnerapi.Invitation) soakShown {
	return soakShown{i.Email, i.ID, relationOf(i)}
}
func showNetwork(n partnerapi.Network) soakShown {
	return soakShown{n.AccountTitle, n.AccountID, soakRelation{joined, n.Fee}}
}

// soakList is a List or an All of records of a type.
type soakList func(context.Context, partnerapi.ListOptions) ([]soakShown, error)

func soakPage[T any](show func(T) soakShown, list func(context.Context, partnerapi.ListOptions, ...partnerapi.CallOption) (*partnerapi.Page[T], error)) soakList {
	return func(ctx context.Context, in partnerapi.ListOptions) (shown []soakShown, err error) {
		page, err := list(ctx, in)
		if err != nil {
			return nil, err
		}
		for _, item := range page.Items {
			shown = append(shown, show(item))
		}
		return shown, nil
	}
}

func soakWalk[T any](show func(T) soakShown, all func(context.Context, partnerapi.ListOptions, ...partnerapi.CallOption) iter.Seq2[T, error]) soakList {
	return func(ctx context.Context, in partnerapi.ListOptions) (shown []soakShown, err error) {
		for item, err := range all(ctx, in) {
			if err != nil {
				return nil, err
			}
			shown = append(shown, show(item))
		}
		return shown, nil
	}
}

// find lists one link.
func (w *soakWorker) find(stage string, list soakList) bool {
	l, ok := soakPick(w, w.links, anyRecord)
	return ok && w.look("List", stage, []*soakLink{l}, partnerapi.ListOptions{Search: l.name}, list)
}

// walk lists all links of the worker, unless one may be removed meanwhile, by which a walk skips others.
func (w *soakWorker) walk(stage string, list soakList) bool {
	in := partnerapi.ListOptions{Search: w.prefix, Records: 1 + w.random.IntN(4)}
	return !slices.ContainsFunc(w.links, (*soakLink).isLost) && w.look("All", stage, w.links, in, list)
}

func (w *soakWorker) look(what, stage string, links []*soakLink, in partnerapi.ListOptions, list soakList) bool {
	var shown []soakShown
	_ = w.ask(what, func(ctx context.Context) (err error) {
		shown, err = list(ctx, in)
		return err
	}, func(says soakReply, _, _ bool, line string) {
		for _, l := range links {
			w.see(l, says, stage, shown, line)
		}
	})
	return true
}

// see learns from a list whether a link is in a stage.
func (w *soakWorker) see(l *soakLink, says soakReply, stage string, shown []soakShown, line string) {
	shown = slices.DeleteFunc(slices.Clone(shown), func(each soakShown) bool { return each.name != l.name })
	soakLearn(w, &l.soakRecord, line, says, false, func(s soakRelation) (soakRelation, soakReply) {
		there := s.stage == stage
		if len(shown) == 0 && !there || len(shown) == 1 && there && s == shown[0].soakRelation {
			return s, saysDone
		}
		return s, saysOther
	})
	if len(shown) == 1 {
		w.knows(l, stage, shown[0].id)
	}
}

// walkAway ends a walk while pages are in flight.
func (w *soakWorker) walkAway() bool {
	_ = w.ask("All, broken off", func(ctx context.Context) error {
		items := 0
		for _, err := range w.client.Networks.All(ctx, partnerapi.ListOptions{Search: w.prefix, Records: 1}) {
			if items++; err != nil || items == 2 {
				return err
			}
		}
		return nil
	}, func(soakReply, bool, bool, string) {})
	return true
}

func (w *soakWorker) domains() bool {
	_ = w.ask("Domains", func(ctx context.Context) error {
		got, err := w.client.Networks.Domains(ctx)
		if err == nil && len(got) != 2 {
			w.fail("domains", nil, "got %+v", got)
		}
		return err
	}, func(soakReply, bool, bool, string) {})
	return true
}
