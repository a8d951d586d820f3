package partnertest

import (
	"cmp"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/partnerapi/partnerapi-go"
)

// Subscription is a subscription of the partner API. Its Plan is zero if it was created without one.
type Subscription struct {
	PK, Email string
	Plan      partnerapi.Plan
}

// SeedSubscription adds a subscription, or replaces the one of its PK.
func (f *Fake) SeedSubscription(s Subscription) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.subscriptions.put(s.PK, s)
}

// Subscription returns the subscription of a pk.
func (f *Fake) Subscription(pk string) (s Subscription, ok bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.subscriptions.get(pk)
}

// Subscriptions returns all subscriptions, sorted by PK.
func (f *Fake) Subscriptions() []Subscription {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.SortedFunc(f.subscriptions.all(), func(a, b Subscription) int { return strings.Compare(a.PK, b.PK) })
}

// Signups returns all signups, sorted by PK. A signup is not a subscription.
func (f *Fake) Signups() []partnerapi.SignupRequest {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.SortedFunc(f.signups.all(), func(a, b partnerapi.SignupRequest) int { return strings.Compare(a.PK, b.PK) })
}

// Customer is a customer of a fan club. A nil Registered means registered. A customer with no Password cannot log in.
type Customer struct {
	partnerapi.Customer
	Password string
	// Unconfirmed is true until the customer has confirmed the e-mail.
	Unconfirmed bool
	// Blocked is true for a customer who must not log in.
	Blocked bool
	// Benefits are the benefits of the active Subscription.
	Benefits []partnerapi.Benefit
	// Tokens are bearer tokens of the customer. One of a pair may be empty. A zero expiration is set as by [Fake.SeedTokens].
	Tokens []partnerapi.Tokens
}

// SeedCustomer adds a customer, or replaces the one with its ID, and returns the stored customer. It fills in an ID, fan
// club 1 and the e-mail as the only alias where those are zero. Age always follows from Birthdate and the clock. All
// other fields are stored unchanged: Expired is not derived from Subscription.
//
// SeedCustomer panics if another customer of the fan club has the e-mail.
func (f *Fake) SeedCustomer(c Customer) partnerapi.Customer {
	f.mu.Lock()
	defer f.mu.Unlock()
	if c.FanclubID == 0 {
		c.FanclubID = 1
	}
	if id, taken := f.emails[addressOf(c.FanclubID, c.Email)]; taken && id != c.ID {
		panic(fmt.Sprintf("partnertest: customer %d already has this e-mail", id))
	}
	stored := f.put(c.clone())
	for _, tokens := range c.Tokens {
		f.grant(stored.ID, tokens)
	}
	return f.aged(stored).clone().Customer
}

// put stores a customer and fills in missing fields.
func (f *Fake) put(c Customer) Customer {
	if c.ID == 0 {
		id := f.newID("", func(id string) bool {
			n, _ := strconv.ParseInt(id, 10, 64)
			return f.customers.has(n)
		})
		c.ID, _ = strconv.ParseInt(id, 10, 64)
	}
	if c.EmailAliases == nil && c.Email != "" {
		c.EmailAliases = []string{c.Email}
	}
	if before, known := f.customers.get(c.ID); known {
		delete(f.emails, addressOf(before.FanclubID, before.Email))
	}
	if c.Email != "" {
		f.emails[addressOf(c.FanclubID, c.Email)] = c.ID
	}
	for _, gone := range f.customers.put(c.ID, c) {
		delete(f.emails, addressOf(gone.FanclubID, gone.Email))
	}
	return c
}

// aged returns c with its current age.
func (f *Fake) aged(c Customer) Customer {
	if !c.Birthdate.IsZero() {
		c.Age = ageOn(c.Birthdate, f.now())
	}
	return c
}

// Customers returns all customers, sorted by ID.
func (f *Fake) Customers() []Customer {
	f.mu.Lock()
	defer f.mu.Unlock()
	all := make([]Customer, 0, f.customers.len())
	for c := range f.customers.all() {
		all = append(all, f.aged(c).clone())
	}
	slices.SortFunc(all, func(a, b Customer) int { return cmp.Compare(a.ID, b.ID) })
	return all
}

// SeedNetwork adds a relation to a child account, or replaces the one with its AccountID, and returns the stored one. It
// fills in an empty AccountID.
func (f *Fake) SeedNetwork(n partnerapi.Network) partnerapi.Network {
	f.mu.Lock()
	defer f.mu.Unlock()
	if n.AccountID == "" {
		n.AccountID = f.newID(accountPrefix, f.networks.has)
	}
	n.FeeProposed, n.FeeProposedDate = clonePointer(n.FeeProposed), wholeSeconds(n.FeeProposedDate)
	f.networks.put(n.AccountID, n)
	n.FeeProposed = clonePointer(n.FeeProposed)
	return n
}

// Networks returns all relations to child accounts, in the order of creation.
func (f *Fake) Networks() []partnerapi.Network {
	f.mu.Lock()
	defer f.mu.Unlock()
	all := []partnerapi.Network{}
	for n := range f.networks.all() {
		n.FeeProposed = clonePointer(n.FeeProposed)
		all = append(all, n)
	}
	return all
}

// SeedInvitation adds an invitation, or replaces the one with its ID, and returns the stored invitation. It fills in the
// ID, Created and the first domain where those are zero. An invitation with the status pending is pending for a full
// lifetime from now, and one with the status expired is expired. With an empty status, Created decides.
func (f *Fake) SeedInvitation(i partnerapi.Invitation) partnerapi.Invitation {
	f.mu.Lock()
	defer f.mu.Unlock()
	if i.DomainID == "" && len(f.domains) > 0 {
		i.DomainID = f.domains[0].ID
	}
	i.FeeProposed = clonePointer(i.FeeProposed)
	return f.shown(f.invite(i))
}

// Invitations returns all invitations that are not activated, in the order of creation.
func (f *Fake) Invitations() []partnerapi.Invitation {
	f.mu.Lock()
	defer f.mu.Unlock()
	all := []partnerapi.Invitation{}
	for i := range f.invitations.all() {
		all = append(all, f.shown(i))
	}
	return all
}

// shown returns an invitation with its current status.
func (f *Fake) shown(i invitation) partnerapi.Invitation {
	i.Status = f.status(i)
	i.FeeProposed = clonePointer(i.FeeProposed)
	return i.Invitation
}

// ActivationLink returns the link in the e-mail of an invitation. ok is false if the invitation is unknown.
// [partnerapi.InvitationToken] extracts the token from the link.
func (f *Fake) ActivationLink(invitationID string) (link string, ok bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	i, known := f.invitations.get(invitationID)
	if !known {
		return "", false
	}
	return "https://yourapp.example/networks?token=" + url.QueryEscape(i.token()), true
}

// newID returns the next free ID with a prefix.
func (f *Fake) newID(prefix string, taken func(string) bool) string {
	for {
		f.lastID[prefix]++
		if id := prefix + strconv.FormatInt(f.lastID[prefix], 10); !taken(id) {
			return id
		}
	}
}
