package partnertest

import (
	"slices"
	"time"

	"github.com/partnerapi/partnerapi-go"
)

// wireCustomer is a customer in a response. A pointer field can be null or absent in the documents.
type wireCustomer struct {
	ID                  *int64               `json:"id"`
	FirstName           *string              `json:"first_name"`
	LastName            *string              `json:"last_name"`
	Email               *string              `json:"email"`
	NewEmail            *string              `json:"new_email"`
	Birthdate           *string              `json:"birthdate"`
	Age                 *int                 `json:"age"`
	Username            *string              `json:"username,omitempty"`
	FanclubID           *int64               `json:"fanclub_id"`
	Registered          *bool                `json:"registered,omitempty"` // only in the response to a login
	Expired             bool                 `json:"expired"`
	TrialMembership     bool                 `json:"trial_membership"`
	AtRenewalCap        bool                 `json:"at_renewal_cap"`
	AutoRenewalEnabled  *bool                `json:"auto_renewal_enabled,omitempty"` // only for the current customer
	ListsOptIn          *bool                `json:"lists_opt_in,omitempty"`         // only for the current customer
	EmailAliases        []string             `json:"email_aliases"`
	InvalidEmailMessage *string              `json:"invalid_email_message"`
	Authentications     []wireAuthentication `json:"authentications"`
	Subscription        *wireMembership      `json:"subscription,omitempty"`
}

type wireAuthentication struct {
	Name string `json:"name"`
}

type wireMembership struct {
	Plan            wirePlan        `json:"plan"`
	StartDate       string          `json:"start_date"`
	EndDate         *string         `json:"end_date"`
	Lapsed          bool            `json:"lapsed"`
	TrialMembership bool            `json:"trial_membership"`
	Affiliates      []wireAffiliate `json:"affiliates"`
}

type wirePlan struct {
	ID             int64    `json:"id"`
	Name           string   `json:"name"`
	Class          string   `json:"class"`
	Description    *string  `json:"description"`
	OnlineBenefits *string  `json:"online_benefits"`
	Annotations    *string  `json:"annotations"`
	Tags           []string `json:"tags"`
}

type wireAffiliate struct {
	ID    int64    `json:"id"`
	Name  string   `json:"name"`
	Codes []string `json:"codes"`
}

type wireBenefit struct {
	ID          int64   `json:"id"`
	Summary     string  `json:"summary"`
	Details     *string `json:"details"`
	BenefitType string  `json:"benefit_type"`
	ImageURL    *string `json:"image_url"`
}

// wire returns the fields that all responses share.
func (f *Fake) wire(c Customer) *wireCustomer {
	w := &wireCustomer{
		Expired: c.Expired, TrialMembership: c.TrialMembership, AtRenewalCap: c.AtRenewalCap,
		EmailAliases: []string{}, Authentications: []wireAuthentication{},
	}
	if !c.registered() {
		return w
	}
	w.ID, w.FanclubID = orNull(c.ID), orNull(c.FanclubID)
	w.FirstName, w.LastName = orNull(c.FirstName), orNull(c.LastName)
	w.Email, w.NewEmail = orNull(c.Email), orNull(c.NewEmail)
	w.Username = orNull(c.Username)
	w.InvalidEmailMessage = orNull(c.InvalidEmailMessage)
	w.EmailAliases = orEmpty(c.EmailAliases)
	if !c.Birthdate.IsZero() {
		age := ageOn(c.Birthdate, f.now())
		w.Birthdate, w.Age = orNull(c.Birthdate.String()), &age
	}
	for _, a := range c.Authentications {
		w.Authentications = append(w.Authentications, wireAuthentication{a.Name})
	}
	if c.Subscription != nil {
		w.Subscription = wireMembershipOf(c.Subscription)
	}
	return w
}

func wireMembershipOf(m *partnerapi.Membership) *wireMembership {
	w := &wireMembership{
		Plan: wirePlan{
			ID: m.Plan.ID, Name: m.Plan.Name, Class: m.Plan.Class, Description: orNull(m.Plan.Description),
			OnlineBenefits: orNull(m.Plan.OnlineBenefits), Annotations: orNull(m.Plan.Annotations), Tags: orEmpty(m.Plan.Tags),
		},
		StartDate: m.StartDate.UTC().Format(time.RFC3339), Lapsed: m.Lapsed, TrialMembership: m.TrialMembership,
		Affiliates: []wireAffiliate{},
	}
	if !m.EndDate.IsZero() {
		w.EndDate = orNull(m.EndDate.UTC().Format(time.RFC3339))
	}
	for _, a := range m.Affiliates {
		w.Affiliates = append(w.Affiliates, wireAffiliate{a.ID, a.Name, orEmpty(a.Codes)})
	}
	return w
}

// ageOn returns the age in years at a time.
func ageOn(birthdate partnerapi.Date, now time.Time) int {
	today := partnerapi.DateOf(now.UTC())
	age := today.Year - birthdate.Year
	if today.Month < birthdate.Month || today.Month == birthdate.Month && today.Day < birthdate.Day {
		age--
	}
	return age
}

func (c Customer) registered() bool { return c.Registered == nil || *c.Registered }

// clone returns a copy that shares no memory with c.
func (c Customer) clone() Customer {
	c.Registered = clonePointer(c.Registered)
	c.AutoRenewalEnabled = clonePointer(c.AutoRenewalEnabled)
	c.ListsOptIn = clonePointer(c.ListsOptIn)
	c.EmailAliases = slices.Clone(c.EmailAliases)
	c.Authentications = slices.Clone(c.Authentications)
	c.Benefits = slices.Clone(c.Benefits)
	if c.Subscription = clonePointer(c.Subscription); c.Subscription != nil {
		m := c.Subscription
		m.Plan.Tags = slices.Clone(m.Plan.Tags)
		m.Affiliates = slices.Clone(m.Affiliates)
		for i := range m.Affiliates {
			m.Affiliates[i].Codes = slices.Clone(m.Affiliates[i].Codes)
		}
	}
	return c
}

func clonePointer[T any](p *T) *T {
	if p == nil {
		return nil
	}
	v := *p
	return &v
}

// orFalse returns a non-nil value for members that a response always has.
func orFalse(p *bool) *bool {
	if p == nil {
		return new(bool)
	}
	return p
}
