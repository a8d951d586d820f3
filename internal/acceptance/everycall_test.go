package acceptance

import (
	"context"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/partnerapi/partnerapi-go"
)

// call is a method of a service, or one use of it.
type call struct {
	name       string // the method, and after a comma its use
	op         string // its first operation, or the one in the name
	idempotent bool   // whether it is retried after an attempt whose outcome is unknown

	// do makes the call. It is nil for a method that makes no request, and instead names the one that does.
	do      func(context.Context, *partnerapi.Client, inputs, ...partnerapi.CallOption) (any, error)
	instead string

	notInSoak string // why the soak has no model of the call
}

// method is the name without its use.
func (c call) method() string {
	method, _, _ := strings.Cut(c.name, ",")
	return method
}

// isWrite reports whether an unknown outcome is reported, which depends on the HTTP method.
func (c call) isWrite() bool {
	method, _, _ := strings.Cut(c.op, " ")
	return !slices.Contains([]string{"GET", "HEAD", "OPTIONS"}, method)
}

// inputs are the values that calls are made with.
type inputs struct {
	signup       partnerapi.SignupRequest
	subscription partnerapi.CreateSubscriptionRequest
	pk           string // of the subscription to change
	plan         partnerapi.UpdateSubscriptionRequest

	account       partnerapi.CreateAccountRequest
	login         partnerapi.LoginRequest
	session       *partnerapi.Session
	expired       partnerapi.Tokens // whose access token has expired
	accountUpdate partnerapi.UpdateAccountRequest
	email         string // to search for

	network          string // the ID of its child account
	fee              partnerapi.UpdateNetworkRequest
	invitation       partnerapi.CreateInvitationRequest
	invitationID     string
	invitationToken  string
	invitationUpdate partnerapi.UpdateInvitationRequest
	list             partnerapi.ListOptions

	appLogin   partnerapi.AppLoginRequest
	appAccount string // the ID of the account to select
}

const noAppModel = "the state of an app session is its JWT, and the soak has no model of it"

// everyCall is the table of all calls. The first call of an operation is the one of its golden request.
var everyCall = []call{
	{name: "Signup.Resolve", op: "GET /partners/signup", idempotent: true, do: func(ctx context.Context, c *partnerapi.Client, in inputs, opts ...partnerapi.CallOption) (any, error) {
		return value(c.Signup.Resolve(ctx, in.signup, opts...))
	}},
	{name: "Signup.URL", op: "GET /partners/signup", idempotent: true, instead: "it sends nothing"},
	{name: "Signup.Handler", op: "GET /partners/signup", idempotent: true, instead: "it calls Signup.Resolve"},
	{name: "Subscriptions.Create", op: "POST /partners/subscriptions", idempotent: true, do: func(ctx context.Context, c *partnerapi.Client, in inputs, opts ...partnerapi.CallOption) (any, error) {
		return nil, c.Subscriptions.Create(ctx, in.subscription, opts...)
	}},
	{name: "Subscriptions.Ensure", op: "POST /partners/subscriptions", idempotent: true, do: func(ctx context.Context, c *partnerapi.Client, in inputs, opts ...partnerapi.CallOption) (any, error) {
		return c.Subscriptions.Ensure(ctx, in.subscription, opts...)
	}},
	{name: "Subscriptions.Update", op: "PUT /partners/subscriptions/{pk}", idempotent: true, do: func(ctx context.Context, c *partnerapi.Client, in inputs, opts ...partnerapi.CallOption) (any, error) {
		return nil, c.Subscriptions.Update(ctx, in.pk, in.plan, opts...)
	}},
	{name: "Subscriptions.Cancel", op: "DELETE /partners/subscriptions/{pk}", idempotent: true, do: func(ctx context.Context, c *partnerapi.Client, in inputs, opts ...partnerapi.CallOption) (any, error) {
		return nil, c.Subscriptions.Cancel(ctx, in.pk, opts...)
	}},
	{name: "Subscriptions.CancelLegacy", op: "DELETE /partners/subscriptions", idempotent: true, do: func(ctx context.Context, c *partnerapi.Client, in inputs, opts ...partnerapi.CallOption) (any, error) {
		return nil, c.Subscriptions.CancelLegacy(ctx, in.pk, opts...)
	}},
	{name: "Accounts.Create", op: "POST /accounts", do: func(ctx context.Context, c *partnerapi.Client, in inputs, opts ...partnerapi.CallOption) (any, error) {
		return value(c.Accounts.Create(ctx, in.account, opts...))
	}},
	{name: "Accounts.Login", op: "POST /login", idempotent: true, do: func(ctx context.Context, c *partnerapi.Client, in inputs, opts ...partnerapi.CallOption) (any, error) {
		customer, session, err := c.Accounts.Login(ctx, in.login, opts...)
		if err != nil && session != nil {
			return session, err
		}
		return value(customer, err)
	}},
	{name: "Accounts.Get", op: "GET /account", idempotent: true, do: func(ctx context.Context, c *partnerapi.Client, in inputs, opts ...partnerapi.CallOption) (any, error) {
		return value(c.Accounts.Get(ctx, in.session, opts...))
	}},
	{name: "Accounts.Status", op: "GET /account/status", idempotent: true, do: func(ctx context.Context, c *partnerapi.Client, in inputs, opts ...partnerapi.CallOption) (any, error) {
		return c.Accounts.Status(ctx, in.session, opts...)
	}},
	{name: "Accounts.Update", op: "POST /account", do: func(ctx context.Context, c *partnerapi.Client, in inputs, opts ...partnerapi.CallOption) (any, error) {
		return value(c.Accounts.Update(ctx, in.session, in.accountUpdate, opts...))
	}},
	{name: "Accounts.Benefits", op: "GET /account/benefits", idempotent: true, do: func(ctx context.Context, c *partnerapi.Client, in inputs, opts ...partnerapi.CallOption) (any, error) {
		return c.Accounts.Benefits(ctx, in.session, opts...)
	}},
	{name: "Accounts.Logout", op: "GET /logout", idempotent: true, do: func(ctx context.Context, c *partnerapi.Client, in inputs, opts ...partnerapi.CallOption) (any, error) {
		return nil, c.Accounts.Logout(ctx, in.session, opts...)
	}},
	{name: "Accounts.Get, whose requests count too, when its access token has expired", op: "POST /refresh", notInSoak: "its sessions are of cookies", do: refresh},
	{name: "Accounts.Search", op: "GET /account/search", idempotent: true, do: func(ctx context.Context, c *partnerapi.Client, in inputs, opts ...partnerapi.CallOption) (any, error) {
		return value(c.Accounts.Search(ctx, in.email, opts...))
	}},
	{name: "Networks.Domains", op: "GET /account/network-domains", idempotent: true, do: func(ctx context.Context, c *partnerapi.Client, _ inputs, opts ...partnerapi.CallOption) (any, error) {
		return c.Networks.Domains(ctx, opts...)
	}},
	{name: "Networks.Get", op: "GET /account/networks/{child_account_id}", idempotent: true, do: func(ctx context.Context, c *partnerapi.Client, in inputs, opts ...partnerapi.CallOption) (any, error) {
		return value(c.Networks.Get(ctx, in.network, opts...))
	}},
	{name: "Networks.List", op: "GET /account/networks", idempotent: true, do: func(ctx context.Context, c *partnerapi.Client, in inputs, opts ...partnerapi.CallOption) (any, error) {
		return value(c.Networks.List(ctx, in.list, opts...))
	}},
	{name: "Networks.All", op: "GET /account/networks", idempotent: true, do: func(ctx context.Context, c *partnerapi.Client, in inputs, opts ...partnerapi.CallOption) (any, error) {
		return collect(c.Networks.All(ctx, in.list, opts...))
	}},
	{name: "Networks.Update", op: "POST /account/networks/{child_account_id}", idempotent: true, do: func(ctx context.Context, c *partnerapi.Client, in inputs, opts ...partnerapi.CallOption) (any, error) {
		return nil, c.Networks.Update(ctx, in.network, in.fee, opts...)
	}},
	{name: "Networks.Delete", op: "DELETE /api/account/networks/{child_account_id}", idempotent: true, do: func(ctx context.Context, c *partnerapi.Client, in inputs, opts ...partnerapi.CallOption) (any, error) {
		return value(c.Networks.Delete(ctx, in.network, opts...))
	}},
	{name: "Invitations.Create", op: "POST /account/network-invitations", do: func(ctx context.Context, c *partnerapi.Client, in inputs, opts ...partnerapi.CallOption) (any, error) {
		return value(c.Invitations.Create(ctx, in.invitation, opts...))
	}},
	{name: "Invitations.Activate", op: "POST /account/network-invitations/{token}", do: func(ctx context.Context, c *partnerapi.Client, in inputs, opts ...partnerapi.CallOption) (any, error) {
		return value(c.Invitations.Activate(ctx, in.invitationToken, opts...))
	}},
	{name: "Invitations.List", op: "GET /account/network-invitations", idempotent: true, do: func(ctx context.Context, c *partnerapi.Client, in inputs, opts ...partnerapi.CallOption) (any, error) {
		return value(c.Invitations.List(ctx, in.list, opts...))
	}},
	{name: "Invitations.All", op: "GET /account/network-invitations", idempotent: true, do: func(ctx context.Context, c *partnerapi.Client, in inputs, opts ...partnerapi.CallOption) (any, error) {
		return collect(c.Invitations.All(ctx, in.list, opts...))
	}},
	{name: "Invitations.Update", op: "POST /account/network-invitations/{id}", do: func(ctx context.Context, c *partnerapi.Client, in inputs, opts ...partnerapi.CallOption) (any, error) {
		return nil, c.Invitations.Update(ctx, in.invitationID, in.invitationUpdate, opts...)
	}},
	{name: "Invitations.Delete", op: "DELETE /account/network-invitations/{id}", idempotent: true, do: func(ctx context.Context, c *partnerapi.Client, in inputs, opts ...partnerapi.CallOption) (any, error) {
		return nil, c.Invitations.Delete(ctx, in.invitationID, opts...)
	}},
	{name: "AppSessions.Start", op: "GET /app/session", idempotent: true, notInSoak: noAppModel, do: func(ctx context.Context, c *partnerapi.Client, _ inputs, opts ...partnerapi.CallOption) (any, error) {
		return value(c.AppSessions.Start(ctx, opts...))
	}},
	{name: "AppSessions.Current", op: "GET /app/session", idempotent: true, notInSoak: noAppModel, do: func(ctx context.Context, c *partnerapi.Client, _ inputs, opts ...partnerapi.CallOption) (any, error) {
		return value(c.AppSessions.Current(ctx, opts...))
	}},
	{name: "AppSessions.Login", op: "POST /app/login", idempotent: true, notInSoak: noAppModel, do: func(ctx context.Context, c *partnerapi.Client, in inputs, opts ...partnerapi.CallOption) (any, error) {
		return value(c.AppSessions.Login(ctx, in.appLogin, opts...))
	}},
	{name: "AppSessions.SelectAccount", op: "POST /app/login-account", idempotent: true, notInSoak: noAppModel, do: func(ctx context.Context, c *partnerapi.Client, in inputs, opts ...partnerapi.CallOption) (any, error) {
		return value(c.AppSessions.SelectAccount(ctx, in.appAccount, opts...))
	}},
	{name: "AppSessions.Logout", op: "GET /app/logout", idempotent: true, notInSoak: noAppModel, do: func(ctx context.Context, c *partnerapi.Client, _ inputs, opts ...partnerapi.CallOption) (any, error) {
		return value(c.AppSessions.Logout(ctx, opts...))
	}},
}

// value is the result of a call, without a nil pointer in an interface.
func value[T any](v *T, err error) (any, error) {
	if v == nil {
		return nil, err
	}
	return v, err
}

// refresh makes a call that needs a refresh, and returns the new tokens.
func refresh(ctx context.Context, c *partnerapi.Client, in inputs, opts ...partnerapi.CallOption) (any, error) {
	session, err := partnerapi.NewTokenSession(in.expired)
	if err != nil {
		return nil, err
	}
	var tokens *partnerapi.Tokens
	session.OnRefresh(func(_ context.Context, renewed partnerapi.Tokens) error {
		tokens = &renewed
		return nil
	})
	if _, err = c.Accounts.Get(ctx, session, opts...); err != nil {
		return nil, err
	}
	return value(tokens, nil)
}

// calls are the calls of the table that can be made.
func calls() []call {
	return slices.DeleteFunc(slices.Clone(everyCall), func(c call) bool { return c.do == nil })
}

// firstCalls are the first calls of each operation.
func firstCalls() (first []call) {
	for _, c := range calls() {
		if !slices.ContainsFunc(first, func(other call) bool { return other.op == c.op }) {
			first = append(first, c)
		}
	}
	return first
}

// callOf returns the first call of an operation.
func callOf(t testing.TB, op string) call {
	t.Helper()
	i := slices.IndexFunc(everyCall, func(c call) bool { return c.op == op && c.do != nil })
	require.GreaterOrEqual(t, i, 0, op)
	return everyCall[i]
}

// documented are the values of the vendors' examples, with every field of each request.
func documented(t testing.TB) inputs {
	t.Helper()
	session, err := partnerapi.ImportSession([]byte(
		`{"version":1,"origin":"https://services.sparkart.net","cookies":[{"name":"_session","value":"s3ss10n"},{"name":"club","value":"2"}]}`))
	require.NoError(t, err)
	return inputs{
		signup: partnerapi.SignupRequest{
			PK: "MS2365", Email: "new+user@partner.com", ChildBirthday: partnerapi.Date{Year: 2015, Month: time.March, Day: 9},
			ChildName: "Zoë Ann", ChildEmail: "zoe@partner.com",
		},
		subscription: partnerapi.CreateSubscriptionRequest{PK: "MS2365", Email: "newuser@partner.com", Plan: partnerapi.PlanBark},
		pk:           "a/b ü?",
		plan:         partnerapi.UpdateSubscriptionRequest{Plan: partnerapi.PlanBarkJunior},
		account: partnerapi.CreateAccountRequest{
			Email: "rwar1@haha.com", FirstName: "joe", LastName: "jackson", Birthdate: partnerapi.Date{Year: 1995, Month: time.May, Day: 1},
			Username: "shoelessJoe", AcceptTerms: true, Password: "temp123", PasswordConfirmation: "temp123",
		},
		login:   partnerapi.LoginRequest{Email: "test@sparkart.com", Password: "temp123"},
		session: session,
		expired: partnerapi.Tokens{AccessToken: "0ld", AccessTokenExpires: partnerapi.UnixTimeOf(time.Unix(1, 0)), RefreshToken: "r3fr3sh"},
		accountUpdate: partnerapi.UpdateAccountRequest{
			Email: "random@sparkart.com", FirstName: "Bobby", LastName: "Ricky", Username: "slice-and-dice",
			CurrentPassword: "temp123", Password: "asdf123", PasswordConfirmation: "asdf123",
			ListsOptIn: partnerapi.OptInTrue, ListsOptInSource: "Giveaway Campaign",
		},
		email:            "temp123@sparkart.com",
		network:          "acc_2345678901",
		fee:              partnerapi.UpdateNetworkRequest{Fee: 1.5},
		invitation:       newInvitation(2.5),
		invitationID:     "nwi_1",
		invitationToken:  "tok_1",
		invitationUpdate: partnerapi.UpdateInvitationRequest{Email: "jdoe2@acme-corp.com", FeeProposed: partnerapi.Set(1.5)},
		list:             partnerapi.ListOptions{Search: "acme & co", Filter: "pending", Page: 2, Records: 50},
		appLogin:         partnerapi.AppLoginRequest{Username: "jdoe12345", Password: "oi3rncu7bjyJXW1L3"}, //nolint:gosec // the vendor's example
		appAccount:       "acc_1234567890",
	}
}

func newInvitation(fee float64) partnerapi.CreateInvitationRequest {
	return partnerapi.CreateInvitationRequest{Email: "jdoe@acme-corp.com", DomainID: "dom_1234567890", FeeProposed: partnerapi.Set(fee)}
}

func TestEveryCallHasEveryMethod(t *testing.T) {
	t.Parallel()
	var want, got []string
	client := reflect.TypeFor[partnerapi.Client]()
	for _, field := range reflect.VisibleFields(client) {
		if !field.IsExported() {
			continue
		}
		for i := range field.Type.NumMethod() {
			want = append(want, field.Name+"."+field.Type.Method(i).Name)
		}
	}
	require.NotEmpty(t, want)
	for _, c := range everyCall {
		assert.Equal(t, c.do == nil, c.instead != "", c.name)
		if !slices.Contains(got, c.method()) {
			got = append(got, c.method())
		}
	}
	assert.ElementsMatch(t, want, got)
}
