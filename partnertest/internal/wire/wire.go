// Package wire has records in the form of the APIs' responses.
package wire

import (
	"time"

	"github.com/partnerapi/partnerapi-go"
)

// Customer is a customer in a response. A pointer field can be null or absent in the documents.
type Customer struct {
	ID                  *int64           `json:"id"`
	FirstName           *string          `json:"first_name"`
	LastName            *string          `json:"last_name"`
	Email               *string          `json:"email"`
	NewEmail            *string          `json:"new_email"`
	Birthdate           *string          `json:"birthdate"`
	Age                 *int             `json:"age"`
	Username            *string          `json:"username,omitempty"`
	FanclubID           *int64           `json:"fanclub_id"`
	Registered          *bool            `json:"registered,omitempty"` // only in the response to a login
	Expired             bool             `json:"expired"`
	TrialMembership     bool             `json:"trial_membership"`
	AtRenewalCap        bool             `json:"at_renewal_cap"`
	AutoRenewalEnabled  *bool            `json:"auto_renewal_enabled,omitempty"` // only for the current customer
	ListsOptIn          *bool            `json:"lists_opt_in,omitempty"`         // only for the current customer
	EmailAliases        []string         `json:"email_aliases"`
	InvalidEmailMessage *string          `json:"invalid_email_message"`
	Authentications     []Authentication `json:"authentications"`
	Subscription        *Membership      `json:"subscription,omitempty"`
}

// Authentication is another way to log in.
type Authentication struct {
	Name string `json:"name"`
}

// Membership is a customer's subscription.
type Membership struct {
	Plan            Plan        `json:"plan"`
	StartDate       string      `json:"start_date"`
	EndDate         *string     `json:"end_date"`
	Lapsed          bool        `json:"lapsed"`
	TrialMembership bool        `json:"trial_membership"`
	Affiliates      []Affiliate `json:"affiliates"`
}

// Plan is the plan of a subscription.
type Plan struct {
	ID             int64    `json:"id"`
	Name           string   `json:"name"`
	Class          string   `json:"class"`
	Description    *string  `json:"description"`
	OnlineBenefits *string  `json:"online_benefits"`
	Annotations    *string  `json:"annotations"`
	Tags           []string `json:"tags"`
}

// Affiliate is a partner of a plan, with codes for the customer.
type Affiliate struct {
	ID    int64    `json:"id"`
	Name  string   `json:"name"`
	Codes []string `json:"codes"`
}

// CustomerOf returns c in the form of a response, with all that is known.
func CustomerOf(c partnerapi.Customer) *Customer {
	w := &Customer{
		ID: OrNull(c.ID), FirstName: OrNull(c.FirstName), LastName: OrNull(c.LastName), Email: OrNull(c.Email), NewEmail: OrNull(c.NewEmail),
		Username: OrNull(c.Username), FanclubID: OrNull(c.FanclubID), Registered: c.Registered,
		Expired: c.Expired, TrialMembership: c.TrialMembership, AtRenewalCap: c.AtRenewalCap,
		AutoRenewalEnabled: c.AutoRenewalEnabled, ListsOptIn: c.ListsOptIn, EmailAliases: OrEmpty(c.EmailAliases),
		InvalidEmailMessage: OrNull(c.InvalidEmailMessage), Authentications: []Authentication{},
	}
	if !c.Birthdate.IsZero() {
		w.Birthdate, w.Age = OrNull(c.Birthdate.String()), &c.Age
	}
	for _, a := range c.Authentications {
		w.Authentications = append(w.Authentications, Authentication{a.Name})
	}
	if c.Subscription != nil {
		w.Subscription = membershipOf(c.Subscription)
	}
	return w
}

func membershipOf(m *partnerapi.Membership) *Membership {
	w := &Membership{
		Plan: Plan{
			ID: m.Plan.ID, Name: m.Plan.Name, Class: m.Plan.Class, Description: OrNull(m.Plan.Description),
			OnlineBenefits: OrNull(m.Plan.OnlineBenefits), Annotations: OrNull(m.Plan.Annotations), Tags: OrEmpty(m.Plan.Tags),
		},
		StartDate: m.StartDate.UTC().Format(time.RFC3339), Lapsed: m.Lapsed, TrialMembership: m.TrialMembership,
		Affiliates: []Affiliate{},
	}
	if !m.EndDate.IsZero() {
		w.EndDate = OrNull(m.EndDate.UTC().Format(time.RFC3339))
	}
	for _, a := range m.Affiliates {
		w.Affiliates = append(w.Affiliates, Affiliate{a.ID, a.Name, OrEmpty(a.Codes)})
	}
	return w
}

// OrNull returns nil, which encodes as null, for a zero value.
func OrNull[T comparable](v T) *T {
	var zero T
	if v == zero {
		return nil
	}
	return &v
}

// OrEmpty returns a list that encodes as [] in place of null.
func OrEmpty[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}
