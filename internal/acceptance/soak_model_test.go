package acceptance

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/partnerapi/partnerapi-go"
	"github.com/partnerapi/partnerapi-go/partnertest"
)

// soakReply is the reply of an API to a call, or none.
type soakReply string

const (
	saysNothing   soakReply = "" // no response, or not one of the API's
	saysDone      soakReply = "done"
	saysExists    soakReply = "exists"
	saysNotFound  soakReply = "not found"
	saysLoggedOut soakReply = "logged out"
	saysRefused   soakReply = "refused"
	saysOther     soakReply = "impossible"
)

// soakRecord is something that one worker alone changes, and the states that it can be in.
type soakRecord[S comparable] struct {
	name    string
	may     []S
	truth   func(*partnertest.Fake) map[string]S // what the fake knows, by name
	shown   func(S) S                            // the part of a state that the fake shows; nil for all
	history []string
	// lost is true if a request may still be processed after the client gave up on it, as only over the network. Then
	// no other call is made about it.
	lost bool
}

// learn keeps the states that are possible after a call. do returns the next state and the reply of the API for a state.
// In doubt, an attempt before the last one may have been processed too, or the last one if the API says nothing.
func (r *soakRecord[S]) learn(says soakReply, doubt bool, do func(S) (S, soakReply)) {
	var may []S
	for _, s := range r.may {
		before := []S{s}
		if after, _ := do(s); doubt {
			before = append(before, after)
		}
		for _, s := range before {
			after, then := do(s)
			if says == saysNothing {
				after = s
			}
			if (says == saysNothing || says == then) && !slices.Contains(may, after) {
				may = append(may, after)
			}
		}
	}
	r.may = may
}

// couldBe reports whether a state of the fake is one of those.
func (r *soakRecord[S]) couldBe(states []S, truth S) bool {
	return slices.ContainsFunc(states, func(s S) bool {
		if r.shown != nil {
			s = r.shown(s)
		}
		return s == truth
	})
}

// soakChange is what the API does to a state if it is there, and otherwise does not find.
func soakChange[S comparable](isThere func(S) bool, change func(*S)) func(S) (S, soakReply) {
	return func(s S) (S, soakReply) {
		if !isThere(s) {
			return s, saysNotFound
		}
		change(&s)
		return s, saysDone
	}
}

// soakCreate is what the API does to a state if it is zero, and otherwise refuses.
func soakCreate[S comparable](made S) func(S) (S, soakReply) {
	return func(s S) (S, soakReply) {
		var none S
		if s != none {
			return s, saysExists
		}
		return made, saysDone
	}
}

// soakRead is what the API says to a read: what it otherwise says, or that it is done if fits knows what was shown.
func soakRead[S comparable](otherwise soakReply, isThere, fits func(S) bool) func(S) (S, soakReply) {
	return func(s S) (S, soakReply) {
		switch {
		case !isThere(s):
			return s, otherwise
		case fits(s):
			return s, saysDone
		default:
			return s, saysOther
		}
	}
}

func (r *soakRecord[S]) self() *soakRecord[S] { return r }
func (r *soakRecord[S]) isLost() bool         { return r.lost }

// soakOf is a record, or what has one inside.
type soakOf[S comparable] interface{ self() *soakRecord[S] }

// soakCheck compares records with the fake's, and takes them out of those.
func soakCheck[S comparable, R soakOf[S]](w *soakWorker, records []R, truth map[string]S) {
	for _, each := range records {
		r := each.self()
		if !r.couldBe(r.may, truth[r.name]) {
			w.fail(r.name, r.history, "at the end the fake has %+v, and it may be %+v", truth[r.name], r.may)
		}
		w.count("records at the end")
		if len(r.may) == 1 {
			w.count("records at the end, in one possible state")
		}
		delete(truth, r.name)
	}
}

// The states of records. The zero value is one that is not there.
type (
	// soakAccount is a customer, and what is known of the worker's session.
	soakAccount struct {
		exists       bool
		name         string
		live, cookie bool // whether the API and the Session know the session
	}
	// soakRelation is an invitation, and then the network that its activation makes.
	soakRelation struct {
		stage string
		fee   float64
	}
	soakCustomer struct {
		soakRecord[soakAccount]
		session *partnerapi.Session
	}
	soakLink struct {
		soakRecord[soakRelation]
		invitation, token, account string // empty if not known
	}
)

const (
	invited = "invitation"
	joined  = "network"
	doubled = "doubled"
	noFee   = -1
)

func soakSubscriptions(fake *partnertest.Fake) map[string]partnertest.Subscription {
	known := make(map[string]partnertest.Subscription)
	for _, s := range fake.Subscriptions() {
		known[s.PK] = s
	}
	return known
}

func soakSignups(fake *partnertest.Fake) map[string]partnerapi.SignupRequest {
	known := make(map[string]partnerapi.SignupRequest)
	for _, s := range fake.Signups() {
		known[s.PK] = s
	}
	return known
}

func soakCustomers(fake *partnertest.Fake) map[string]soakAccount {
	known := make(map[string]soakAccount)
	for _, c := range fake.Customers() {
		known[c.Email] = soakAccount{exists: true, name: c.FirstName}
	}
	return known
}

func soakLinks(fake *partnertest.Fake) map[string]soakRelation {
	known := make(map[string]soakRelation)
	add := func(name string, found soakRelation) {
		if _, twice := known[name]; twice {
			found.stage = doubled
		}
		known[name] = found
	}
	for _, i := range fake.Invitations() {
		add(i.Email, relationOf(i))
	}
	for _, n := range fake.Networks() {
		add(n.AccountTitle, soakRelation{joined, n.Fee})
	}
	return known
}

func relationOf(i partnerapi.Invitation) soakRelation {
	if i.FeeProposed == nil {
		return soakRelation{invited, noFee}
	}
	return soakRelation{invited, *i.FeeProposed}
}

func newSoakWorker(t *testing.T, s *soak, id int, client *partnerapi.Client) *soakWorker {
	w := &soakWorker{
		soak: s, t: t, client: client, prefix: fmt.Sprintf("w%02d-", id),
		random: rand.New(rand.NewPCG(s.seed, uint64(id))), //nolint:gosec // a sequence that can be repeated
	}
	for range 3 {
		w.subscriptions = append(w.subscriptions, newSoakRecord(w.next("a/b ü"), soakSubscriptions))
		w.signups = append(w.signups, newSoakRecord(w.next("pk"), soakSignups))
	}
	for range 4 {
		l := w.newLink()
		l.account = w.next("acc")
		l.may[0] = soakRelation{joined, 1}
		s.fake.SeedNetwork(partnerapi.Network{AccountID: l.account, AccountTitle: l.name, Fee: 1})
	}
	c := w.newCustomer()
	c.may[0] = soakAccount{exists: true, name: "Ada"}
	s.fake.SeedCustomer(partnertest.Customer{Customer: partnerapi.Customer{Email: c.name, FirstName: "Ada"}, Password: passPhrase})
	return w
}

func newSoakRecord[S comparable](name string, truth func(*partnertest.Fake) map[string]S) *soakRecord[S] {
	return &soakRecord[S]{name: name, may: make([]S, 1), truth: truth}
}
