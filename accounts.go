package partnerapi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"
)

// AccountsService creates customers of a fan club, logs them in and reads what is theirs, at the account API. Use
// [Client.Accounts].
type AccountsService struct{ client *Client }

// Customer is a customer of a fan club. Before the customer has registered, the API sends no id, names, e-mail,
// birthdate, age and fan club, and the fields are zero.
type Customer struct {
	ID        int64  `json:"id"`
	FirstName string `json:"first_name"`
	LastName  string `json:"last_name"`
	Email     string `json:"email"`
	// NewEmail is an e-mail that the customer has asked for and not confirmed yet.
	NewEmail  string `json:"new_email"`
	Birthdate Date   `json:"birthdate"`
	// Age is in years.
	Age int `json:"age"`
	// Username is empty where the fan club has no user names.
	Username  string `json:"username,omitzero"`
	FanclubID int64  `json:"fanclub_id"`
	// Registered is nil where the reply does not say.
	Registered *bool `json:"registered,omitempty"`
	// Expired is true for a customer without an active subscription.
	Expired bool `json:"expired"`
	// TrialMembership is true if the active subscription is a trial.
	TrialMembership bool `json:"trial_membership"`
	// AtRenewalCap is true for a customer who is locked into a plan and at its cap.
	AtRenewalCap bool `json:"at_renewal_cap"`
	// AutoRenewalEnabled is nil where the reply does not say.
	AutoRenewalEnabled *bool `json:"auto_renewal_enabled,omitempty"`
	// ListsOptIn tells whether the customer wants marketing e-mails. It is nil where the reply does not say.
	ListsOptIn   *bool    `json:"lists_opt_in,omitempty"`
	EmailAliases []string `json:"email_aliases"`
	// InvalidEmailMessage is for a customer whose e-mail does not work, and otherwise empty.
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
	// EndDate is in UTC. It is zero for a subscription without an end, and may pass while Lapsed is true.
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

// Benefit is something that a customer's subscription gives.
type Benefit struct {
	ID      int64  `json:"id"`
	Summary string `json:"summary"`
	Details string `json:"details"`
	// BenefitType is such as "online".
	BenefitType string `json:"benefit_type"`
	ImageURL    string `json:"image_url"`
}

// CreateAccountRequest is a new customer. Email and Birthdate are required, and Username by fan clubs that have user
// names. Its JSON is the body of the request, password included. In fmt and slog it shows nothing of itself, but they
// cannot ask it everywhere: fmt not in an unexported field, and slog not inside another value that it logs as JSON.
type CreateAccountRequest struct {
	Email                string
	FirstName            string
	LastName             string
	Birthdate            Date
	Username             string
	AcceptTerms          bool
	Password             string
	PasswordConfirmation string
}

func (in CreateAccountRequest) check() (field, why string) {
	if !in.Birthdate.IsZero() && !in.Birthdate.Valid() {
		return "Birthdate", noSuchDay
	}
	return "", ""
}

// MarshalJSON returns the body of the request, in which the passwords are an object of their own.
func (in CreateAccountRequest) MarshalJSON() ([]byte, error) {
	type passwords struct {
		Password     string `json:"password,omitzero"`
		Confirmation string `json:"password_confirmation,omitzero"`
	}
	return json.Marshal(struct {
		Email       string    `json:"email,omitzero"`
		FirstName   string    `json:"first_name,omitzero"`
		LastName    string    `json:"last_name,omitzero"`
		Birthdate   Date      `json:"birthdate,omitzero"`
		Username    string    `json:"username,omitzero"`
		AcceptTerms bool      `json:"accept_terms,omitzero"`
		Passwords   passwords `json:"password_attributes,omitzero"`
	}{
		in.Email, in.FirstName, in.LastName, in.Birthdate, in.Username, in.AcceptTerms,
		passwords{in.Password, in.PasswordConfirmation},
	})
}

// Format prints no more than the type's name, for every verb.
func (in CreateAccountRequest) Format(f fmt.State, verb rune) { redactedCreateAccount.Format(f, verb) }

// LogValue shows no more than the type's name.
func (in CreateAccountRequest) LogValue() slog.Value { return redactedCreateAccount.LogValue() }

// LoginRequest is an e-mail and its password. It is redacted as a [CreateAccountRequest] is, and no further.
type LoginRequest struct {
	Email    string `json:"email,omitzero"`
	Password string `json:"password,omitzero"`
}

// Format prints no more than the type's name, for every verb.
func (in LoginRequest) Format(f fmt.State, verb rune) { redactedLogin.Format(f, verb) }

// LogValue shows no more than the type's name.
func (in LoginRequest) LogValue() slog.Value { return redactedLogin.LogValue() }

// OptIn is a customer's choice about marketing e-mails in an update. Zero leaves it as it is.
type OptIn string

// The values of [OptIn].
const (
	OptInTrue  OptIn = "True"
	OptInFalse OptIn = "False"
)

// UpdateAccountRequest is a change of the current customer. Zero fields are left as they are. A new password needs
// CurrentPassword and PasswordConfirmation. It is redacted as a [CreateAccountRequest] is, and no further.
type UpdateAccountRequest struct {
	Email                string `json:"email,omitzero"`
	FirstName            string `json:"first_name,omitzero"`
	LastName             string `json:"last_name,omitzero"`
	Username             string `json:"username,omitzero"`
	CurrentPassword      string `json:"current_password,omitzero"`
	Password             string `json:"password,omitzero"`
	PasswordConfirmation string `json:"password_confirmation,omitzero"`
	ListsOptIn           OptIn  `json:"lists_opt_in,omitzero"`
	// ListsOptInSource says where the choice comes from, such as "Giveaway Campaign".
	ListsOptInSource string `json:"lists_opt_in_source,omitzero"`
}

func (in UpdateAccountRequest) check() (field, why string) {
	if in == (UpdateAccountRequest{}) {
		return "UpdateAccountRequest", setsNothing
	}
	return "", ""
}

// Format prints no more than the type's name, for every verb.
func (in UpdateAccountRequest) Format(f fmt.State, verb rune) { redactedUpdateAccount.Format(f, verb) }

// LogValue shows no more than the type's name.
func (in UpdateAccountRequest) LogValue() slog.Value { return redactedUpdateAccount.LogValue() }

// Create makes a new customer. It fails with [ErrInvalid] for what is missing or wrong, and with [ErrAlreadyExists] too
// if the e-mail is taken. A customer that was made comes with [ErrBadResponse] if the response cannot be read whole. It is
// never sent again when the outcome is unknown.
//
// POST /accounts
func (s *AccountsService) Create(ctx context.Context, in CreateAccountRequest, opts ...CallOption) (*Customer, error) {
	return do[*Customer](ctx, s.client, endpoint{Call: Call{API: AccountAPI, Op: "POST /accounts", Body: in}, key: "customer"}, opts)
}

// Login logs a customer in and returns the session, one of cookies, which the calls for that customer take. It fails with
// [ErrUnauthorized] for a wrong e-mail or password, and with [ErrForbidden] for a customer who is blocked, has not
// registered, or has not confirmed the e-mail. A bad key is ErrUnauthorized too, and tells itself apart in that
// [AccountsService.Status] of [NewSession] fails. If the customer has logged in and the response cannot be read whole, the
// session, and what could be read of the customer, come with the error, which is [ErrBadResponse]. It is sent again unless
// its outcome is [OutcomeAnswered].
//
// POST /login
func (s *AccountsService) Login(ctx context.Context, in LoginRequest, opts ...CallOption) (*Customer, *Session, error) {
	// The session is in the answer's cookies, not in its body.
	session := NewSession()
	customer, err := do[*Customer](ctx, s.client, endpoint{
		Call: Call{API: AccountAPI, Op: "POST /login", Body: in, Session: session, Repeatable: true},
		key:  "customer", login: true,
	}, opts)
	if err != nil && (!wasDone(err) || session.opened().isEmpty()) {
		return nil, nil, err
	}
	return customer, session, err
}

// Get returns the customer of the session. It fails with [ErrNotLoggedIn] if there is none. It is sent again unless its
// outcome is [OutcomeAnswered].
//
// GET /account
func (s *AccountsService) Get(ctx context.Context, session *Session, opts ...CallOption) (*Customer, error) {
	return do[*Customer](ctx, s.client, endpoint{
		Call:         Call{API: AccountAPI, Op: "GET /account", Session: session},
		needsSession: true, key: "customer", ifNull: ErrNotLoggedIn,
	}, opts)
}

// Status reports whether the session looks logged in. The API only sees that there is a cookie, not whether it is
// valid: [AccountsService.Get] tells that. What it makes of an access token is not documented; it fails with
// [ErrNotLoggedIn] for one that has expired and cannot be refreshed. It fails with [ErrUnauthorized] for a bad key. It is
// sent again unless its outcome is [OutcomeAnswered].
//
// GET /account/status
func (s *AccountsService) Status(ctx context.Context, session *Session, opts ...CallOption) (loggedIn bool, err error) {
	return do[bool](ctx, s.client, endpoint{
		Call:         Call{API: AccountAPI, Op: "GET /account/status", Session: session},
		needsSession: true, key: "logged_in",
	}, opts)
}

// Update changes the customer of the session. An update that sets nothing is an [*ArgumentError]. It fails with
// [ErrInvalid] for what is wrong, such as the current password, with [ErrAlreadyExists] too if the e-mail is taken, and
// with [ErrNotLoggedIn] if nobody is logged in. If the response cannot be read whole, what could be read is returned with
// [ErrBadResponse]. It is never sent again when the outcome is unknown.
//
// POST /account
func (s *AccountsService) Update(ctx context.Context, session *Session, in UpdateAccountRequest, opts ...CallOption) (*Customer, error) {
	return do[*Customer](ctx, s.client, endpoint{
		Call:         Call{API: AccountAPI, Op: "POST /account", Body: in, Session: session},
		needsSession: true, key: "customer", ifNull: ErrNotLoggedIn,
	}, opts)
}

// Benefits returns what the active subscription of the session's customer gives; without one that is nothing. It fails
// with [ErrNotLoggedIn] if nobody is logged in. It is sent again unless its outcome is [OutcomeAnswered].
//
// GET /account/benefits
func (s *AccountsService) Benefits(ctx context.Context, session *Session, opts ...CallOption) ([]Benefit, error) {
	return do[[]Benefit](ctx, s.client, endpoint{
		Call:         Call{API: AccountAPI, Op: "GET /account/benefits", Session: session},
		needsSession: true, key: "benefits",
	}, opts)
}

// Logout ends the session. A token session forgets them when the API has agreed, and is nobody's from then on; whether
// the API takes them from somebody who has kept them is not documented. It fails with [ErrUnauthorized] for a bad key, and
// with [ErrNotLoggedIn] for an access token that has expired and cannot be refreshed. It is sent again unless its outcome
// is [OutcomeAnswered].
//
// GET /logout
func (s *AccountsService) Logout(ctx context.Context, session *Session, opts ...CallOption) error {
	_, err := do[none](ctx, s.client, endpoint{Call: Call{API: AccountAPI, Op: "GET /logout", Session: session}, needsSession: true}, opts)
	return session.end(err)
}

// Search returns the customer of the fan club with the e-mail. It needs the organisation's key beside the fan club's,
// and fails with [ErrUnauthorized] if the organisation does not own the fan club, and with [ErrNotFound] if the fan
// club has no such customer. It is sent again unless its outcome is [OutcomeAnswered].
//
// GET /account/search
func (s *AccountsService) Search(ctx context.Context, email string, opts ...CallOption) (*Customer, error) {
	return do[*Customer](ctx, s.client, endpoint{
		Call:            Call{API: AccountAPI, Op: "GET /account/search", Query: searchQuery{email}},
		extraCredential: OrganizationKey, key: "customer", ifNull: ErrNotFound,
	}, opts)
}

type searchQuery struct {
	Email string `url:"email"`
}

// refreshRequest is the body of a refresh.
type refreshRequest struct {
	RefreshToken string `json:"refresh_token"`
}

// ofRefreshOnly are the kinds that would be taken for those of the call that waits for a refresh: that what it is about is
// not there, say, or may have been done. It was not sent.
var ofRefreshOnly = []error{ErrOutcomeUnknown, ErrInvalid, ErrNotFound, ErrAlreadyExists}

// refreshTokens returns new tokens in exchange for a refresh token. Without an access token it returns an error too.
func (c *Client) refreshTokens(ctx context.Context, token string) (*Tokens, error) {
	var response Response
	tokens, err := do[*renewedTokens](ctx, c, endpoint{
		Call: Call{API: AccountAPI, Op: "POST /refresh", Body: refreshRequest{token}}, key: "access", spent: []string{token},
	}, []CallOption{WithResponseInto(&response)})
	var failed *Error
	if errors.As(err, &failed) {
		failed.kinds = slices.DeleteFunc(slices.Clone(failed.kinds), func(kind error) bool { return slices.Contains(ofRefreshOnly, kind) })
		switch {
		case slices.Contains(failed.kinds, errRefreshRefused):
			err = errors.Join(ErrNotLoggedIn, err)
		case len(failed.kinds) == 0 && (failed.cause == nil || len(failed.Messages) > 0):
			failed.kinds = []error{ErrBadResponse} // the API does not document that it says this, or nothing, of a refresh
		}
	}
	if err != nil {
		return nil, err
	}
	if tokens.AccessToken == "" {
		failed = badResponse("no access_token that can be sent")
		failed.API, failed.Op, failed.StatusCode, failed.Attempts = AccountAPI, "POST /refresh", response.StatusCode, response.Attempts
		return &tokens.Tokens, failed
	}
	return &tokens.Tokens, nil
}
