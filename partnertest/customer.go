package partnertest

import (
	"slices"
	"time"

	"github.com/partnerapi/partnerapi-go"
	"github.com/partnerapi/partnerapi-go/partnertest/internal/wire"
)

type wireBenefit struct {
	ID          int64   `json:"id"`
	Summary     string  `json:"summary"`
	Details     *string `json:"details"`
	BenefitType string  `json:"benefit_type"`
	ImageURL    *string `json:"image_url"`
}

// wire returns the fields that all responses share.
func (f *Fake) wire(c Customer) *wire.Customer {
	if !c.registered() {
		return wire.CustomerOf(partnerapi.Customer{Expired: c.Expired, TrialMembership: c.TrialMembership, AtRenewalCap: c.AtRenewalCap})
	}
	w := wire.CustomerOf(f.aged(c).Customer)
	w.Registered, w.AutoRenewalEnabled, w.ListsOptIn = nil, nil, nil
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
	c.Benefits, c.Tokens = slices.Clone(c.Benefits), slices.Clone(c.Tokens)
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
