package partnerapi

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"time"
)

// AccountsService creates customers of a fan club, logs them in and reads their data, at the account API. Use
// [Client.Accounts].
type AccountsService struct{ client *Client }

// Customer is a customer of a fan club. Before registration the API sends no id, names, e-mail, birthdate, age and fan club,
// and the fields are zero.
type Customer struct {
	ID        int64  `json:"id"`
	FirstName string `json:"first_name"`
	LastName  string `json:"last_name"`
	Email     string `json:"email"`
	// NewEmail is an e-mail that the customer has requested and not confirmed.
	NewEmail  string `json:"new_email"`
	Birthdate Date   `json:"birthdate"`
	// Age is in years.
	Age int `json:"age"`
	// Username is empty if the fan club has no user names.
	Username  string `json:"username,omitzero"`
	FanclubID int64  `json:"fanclub_id"`
	// Registered is nil if it is not in the response.
	Registered *bool `json:"registered,omitempty"`
	// Expired is true for a customer without an active subscription.
	Expired bool `json:"expired"`
	// TrialMembership is true if the active subscription is a trial.
	TrialMembership bool `json:"trial_membership"`
	// AtRenewalCap is true for a customer who is locked into a plan and at its cap.
	AtRenewalCap bool `json:"at_renewal_cap"`
	// AutoRenewalEnabled is nil if it is not in the response.
	AutoRenewalEnabled *bool `json:"auto_renewal_enabled,omitempty"`
	// ListsOptIn is the choice about marketing e-mails. It is nil if it is not in the response.
	ListsOptIn   *bool    `json:"lists_opt_in,omitempty"`
	EmailAliases []string `json:"email_aliases"`
	// InvalidEmailMessage is the API's message about an e-mail that does not work. It is empty for one that does.
	InvalidEmailMessage string           `json:"invalid_email_message"`
	Authentications     []Authentication `json:"authentications"`
	// Subscription is nil for a customer without an active one.
	Subscription *Membership `json:"subscription,omitempty"`
}

// Authentication is another way to log in that a customer uses, such as "facebook".
type Authentication struct {
	Name string `json:"name"`
}

// Membership is a customer's subscription of a fan club's plan.
type Membership struct {
	Plan MembershipPlan `json:"plan"`
	// StartDate is in UTC.
	StartDate time.Time `json:"start_date"`
	// EndDate is in UTC. It is zero for a subscription without an end, and may be in the past if Lapsed is true.
	EndDate time.Time `json:"end_date,omitzero"`
	// Lapsed is true if only an extension of the sales period keeps the subscription active.
	Lapsed          bool        `json:"lapsed"`
	TrialMembership bool        `json:"trial_membership"`
	Affiliates      []Affiliate `json:"affiliates"`
}

// MembershipPlan is a plan of a fan club. Description, OnlineBenefits and Annotations are HTML, or empty.
type MembershipPlan struct {
	ID             int64    `json:"id"`
	Name           string   `json:"name"`
	Class          string   `json:"class"`
	Description    string   `json:"description"`
	OnlineBenefits string   `json:"online_benefits"`
	Annotations    string   `json:"annotations"`
	Tags           []string `json:"tags"`
}

// Affiliate is a partner of the fan club, with the customer's codes for it.
type Affiliate struct {
	ID    int64    `json:"id"`
	Name  string   `json:"name"`
	Codes []string `json:"codes"`
}

// Benefit is one benefit of a customer's subscription.
type Benefit struct {
	ID      int64  `json:"id"`
	Summary string `json:"summary"`
	Details string `json:"details"`
	// BenefitType is a type such as "online".
	BenefitType string `json:"benefit_type"`
	ImageURL    string `json:"image_url"`
}

// CreateAccountRequest is a new customer. Email and Birthdate are required, and Username by fan clubs that have user names.
// Its JSON is the body of the request, password included. It is redacted in fmt and slog, except in an unexported field, which
// fmt prints, and inside another value that slog logs as JSON.
type CreateAccountRequest struct {
	Email       string
	FirstName   string
	LastName    string
	Birthdate   Date
	Username    string
	AcceptTerms bool
	Password    string
	// PasswordConfirmation is optional: if it is empty, Password is sent.
	PasswordConfirmation string
}

func (in CreateAccountRequest) check() (field, why string) {
	if !in.Birthdate.IsZero() && !in.Birthdate.Valid() {
		return "Birthdate", notADay
	}
	return "", ""
}

// MarshalJSON returns the body of the request. The passwords are in an object of their own.
func (in CreateAccountRequest) MarshalJSON() ([]byte, error) { return json.Marshal(in.written()) }

func (in CreateAccountRequest) written() any {
	type passwords struct {
		Password     string `json:"password,omitzero"`
		Confirmation string `json:"password_confirmation,omitzero"`
	}
	return struct {
		Email       string    `json:"email,omitzero"`
		FirstName   string    `json:"first_name,omitzero"`
		LastName    string    `json:"last_name,omitzero"`
		Birthdate   Date      `json:"birthdate,omitzero"`
		Username    string    `json:"username,omitzero"`
		AcceptTerms bool      `json:"accept_terms,omitzero"`
		Passwords   passwords `json:"password_attributes,omitzero"`
	}{ // ours A08: flat
		in.Email, in.FirstName, in.LastName, in.Birthdate, in.Username, in.AcceptTerms,
		passwords{in.Password, cmp.Or(in.PasswordConfirmation, in.Password)}, // ours A20
	}
}

// Format prints only the type's name, for every verb.
func (in CreateAccountRequest) Format(f fmt.State, verb rune) { redactedCreateAccount.Format(f, verb) }

// LogValue returns only the type's name.
func (in CreateAccountRequest) LogValue() slog.Value { return redactedCreateAccount.LogValue() }

// LoginRequest is an e-mail and its password. It is redacted as [CreateAccountRequest] is, with the same exceptions.
type LoginRequest struct {
	Email    string `json:"email,omitzero"`
	Password string `json:"password,omitzero"`
}

// Format prints only the type's name, for every verb.
func (in LoginRequest) Format(f fmt.State, verb rune) { redactedLogin.Format(f, verb) }

// LogValue returns only the type's name.
func (in LoginRequest) LogValue() slog.Value { return redactedLogin.LogValue() }

// OptIn is a customer's choice about marketing e-mails in an update. The zero value leaves it as it is.
type OptIn string

// The values of [OptIn].
const (
	OptInTrue  OptIn = "True"
	OptInFalse OptIn = "False"
)

// UpdateAccountRequest is a change of the session's customer. Zero fields are left as they are. A new password needs
// CurrentPassword. It is redacted as [CreateAccountRequest] is, with the same exceptions.
type UpdateAccountRequest struct {
	Email           string `json:"email,omitzero"`
	FirstName       string `json:"first_name,omitzero"`
	LastName        string `json:"last_name,omitzero"`
	Username        string `json:"username,omitzero"`
	CurrentPassword string `json:"current_password,omitzero"`
	Password        string `json:"password,omitzero"`
	// PasswordConfirmation is optional: if it is empty, Password is sent.
	PasswordConfirmation string `json:"password_confirmation,omitzero"`
	ListsOptIn           OptIn  `json:"lists_opt_in,omitzero"`
	// ListsOptInSource says where the choice comes from, such as "Giveaway Campaign".
	ListsOptInSource string `json:"lists_opt_in_source,omitzero"`
}

func (in UpdateAccountRequest) check() (field, why string) {
	if in == (UpdateAccountRequest{}) {
		return "UpdateAccountRequest", noFieldSet
	}
	return "", ""
}

// MarshalJSON returns the body of the request, with the password as its own confirmation if there is no other.
func (in UpdateAccountRequest) MarshalJSON() ([]byte, error) { return json.Marshal(in.written()) }

func (in UpdateAccountRequest) written() any {
	type fields UpdateAccountRequest
	in.PasswordConfirmation = cmp.Or(in.PasswordConfirmation, in.Password) // ours A20
	return fields(in)
}

// Format prints only the type's name, for every verb.
func (in UpdateAccountRequest) Format(f fmt.State, verb rune) { redactedUpdateAccount.Format(f, verb) }

// LogValue returns only the type's name.
func (in UpdateAccountRequest) LogValue() slog.Value { return redactedUpdateAccount.LogValue() }

// Create creates a customer. It returns [ErrInvalid] for a missing or invalid field, and [ErrAlreadyExists] as well if the
// e-mail is taken. If it can read only a part of the response, it returns the part with [ErrBadResponse]: the customer was
// created. Not retried: see [ErrOutcomeUnknown].
//
// POST /accounts
func (s *AccountsService) Create(ctx context.Context, in CreateAccountRequest, opts ...CallOption) (*Customer, error) {
	// ours A21: not Repeatable
	return do[*Customer](ctx, s.client, endpoint{Call: Call{API: AccountAPI, Op: "POST /accounts", Body: in}, key: "customer"}, opts)
}

// Login logs a customer in and returns a cookie session for the calls of that customer. It returns [ErrWrongPassword] and
// [ErrUnauthorized] for a wrong e-mail or password, ErrUnauthorized alone for a wrong key, and [ErrForbidden] for a customer
// who is blocked, not registered or not confirmed: showing that to a visitor reveals that the account exists. If it can read
// only a part of the response, it returns the part and the session with [ErrBadResponse]: the customer is logged in. Retried
// automatically.
//
// POST /login
func (s *AccountsService) Login(ctx context.Context, in LoginRequest, opts ...CallOption) (*Customer, *Session, error) {
	// ours A06: the session is in the response's cookies, not in its body
	session := NewSession()
	customer, err := do[*Customer](ctx, s.client, endpoint{
		Call: Call{API: AccountAPI, Op: "POST /login", Body: in, Session: session, Repeatable: true}, // ours A15
		key:  "customer", login: true,
	}, opts)
	if err != nil && (!wasDone(err) || session.opened().isEmpty()) {
		return nil, nil, err
	}
	return customer, session, err
}

// Get returns the customer of the session. It returns [ErrNotLoggedIn] if the session is not logged in. Retried
// automatically.
//
// GET /account
func (s *AccountsService) Get(ctx context.Context, session *Session, opts ...CallOption) (*Customer, error) {
	return do[*Customer](ctx, s.client, endpoint{
		Call:         Call{API: AccountAPI, Op: "GET /account", Session: session},
		needsSession: true, key: "customer", ifNull: ErrNotLoggedIn, // ours A09, A45
	}, opts)
}

// Status reports whether the session looks logged in. The API checks that there is a cookie, not that it is valid, and does
// not document the result for an access token: [AccountsService.Get] checks the session. It returns [ErrUnauthorized] for a
// wrong key, and [ErrNotLoggedIn] for an expired access token that fails to refresh. Retried automatically.
//
// GET /account/status
func (s *AccountsService) Status(ctx context.Context, session *Session, opts ...CallOption) (loggedIn bool, err error) {
	return do[bool](ctx, s.client, endpoint{
		Call:         Call{API: AccountAPI, Op: "GET /account/status", Session: session},
		needsSession: true, key: "logged_in",
	}, opts)
}

// Update changes the customer of the session. An update that sets nothing is an [*ArgumentError]. It returns [ErrInvalid] for
// an invalid field or a wrong current password, [ErrAlreadyExists] as well if the e-mail is taken, and [ErrNotLoggedIn] if
// the session is not logged in. If it can read only a part of the response, it returns the part with [ErrBadResponse]: the
// customer was changed. Not retried: see [ErrOutcomeUnknown].
//
// POST /account
func (s *AccountsService) Update(ctx context.Context, session *Session, in UpdateAccountRequest, opts ...CallOption) (*Customer, error) {
	return do[*Customer](ctx, s.client, endpoint{
		Call:         Call{API: AccountAPI, Op: "POST /account", Body: in, Session: session}, // ours A21: not Repeatable
		needsSession: true, key: "customer", ifNull: ErrNotLoggedIn,
	}, opts)
}

// Benefits returns the benefits of the customer's active subscription. They are empty without one. It returns
// [ErrNotLoggedIn] if the session is not logged in. Retried automatically.
//
// GET /account/benefits
func (s *AccountsService) Benefits(ctx context.Context, session *Session, opts ...CallOption) ([]Benefit, error) {
	return do[[]Benefit](ctx, s.client, endpoint{
		Call:         Call{API: AccountAPI, Op: "GET /account/benefits", Session: session},
		needsSession: true, key: "benefits",
	}, opts)
}

// Logout ends the session. On success it removes the tokens of a token session; the API does not document whether it revokes
// them. It returns [ErrUnauthorized] for a wrong key, and [ErrNotLoggedIn] for an expired access token that fails to refresh.
// Retried automatically.
//
// GET /logout
func (s *AccountsService) Logout(ctx context.Context, session *Session, opts ...CallOption) error {
	_, err := do[none](ctx, s.client, endpoint{Call: Call{API: AccountAPI, Op: "GET /logout", Session: session}, needsSession: true}, opts)
	return session.end(err)
}

// Search returns the customer of the fan club with the e-mail. It needs the [OrganizationKey] beside the [AccountKey]. It
// returns [ErrUnauthorized] if the organisation does not own the fan club, and [ErrNotFound] for an unknown e-mail. Retried
// automatically.
//
// GET /account/search
func (s *AccountsService) Search(ctx context.Context, email string, opts ...CallOption) (*Customer, error) {
	return do[*Customer](ctx, s.client, endpoint{
		Call:            Call{API: AccountAPI, Op: "GET /account/search", Query: searchQuery{email}}, // ours A01
		extraCredential: OrganizationKey, key: "customer", ifNull: ErrNotFound,                       // ours A10
	}, opts)
}

type searchQuery struct {
	Email string `url:"email"`
}
