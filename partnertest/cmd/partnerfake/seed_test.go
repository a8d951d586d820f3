package main

import (
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/partnerapi/partnerapi-go"
	"github.com/partnerapi/partnerapi-go/partnertest"
)

func TestExampleFile(t *testing.T) {
	t.Parallel()
	file, err := os.ReadFile("example.json")
	require.NoError(t, err)
	fake := partnertest.New()
	now := time.Date(2026, time.March, 1, 9, 0, 0, 0, time.UTC)
	fake.SetNow(now)
	require.NoError(t, seedFrom(file, fake))

	assert.Equal(t, []partnertest.Subscription{
		{PK: "MS2365", Email: "parent@example.com", Plan: "bark"}, {PK: "MS2366", Email: "other@example.com", Plan: "bark_junior"},
	}, fake.Subscriptions())
	two, half := 2.0, 1.5
	assert.Equal(t, []partnerapi.Network{
		{AccountID: "acc_1", AccountTitle: "Acme Seafood", DomainTitle: "Wholesale Distributor", Fee: 2.5},
		{AccountID: "acc_2", AccountTitle: "Acme Dairy", Fee: 1, FeeProposed: &half, FeeProposedDate: partnerapi.UnixTime{Time: time.Unix(1767225600, 0).UTC()}},
	}, fake.Networks())
	assert.Equal(t, []partnerapi.Invitation{
		{ID: "nwi_1", Created: partnerapi.UnixTimeOf(now), Email: "shop@example.com", DomainID: "dom_wholesale", FeeProposed: &two, Status: "pending"},
		{ID: "nwi_2", Created: partnerapi.UnixTimeOf(now), Email: "late@example.com", DomainID: "dom_agency", Status: "expired"},
	}, fake.Invitations())

	client, ctx := fake.Client(), t.Context()
	for email, want := range map[string]error{
		"fan@example.com": nil, "new@example.com": partnerapi.ErrForbidden,
		"blocked@example.com": partnerapi.ErrForbidden, "visitor@example.com": partnerapi.ErrForbidden,
	} {
		customer, session, err := client.Accounts.Login(ctx, partnerapi.LoginRequest{Email: email, Password: "temp123"})
		require.ErrorIs(t, err, want, email)
		if want != nil {
			continue
		}
		assert.Equal(t, int64(7), customer.ID)
		assert.Equal(t, 30, customer.Age)
		assert.Equal(t, "Premium", customer.Subscription.Plan.Name)
		benefits, err := client.Accounts.Benefits(ctx, session)
		require.NoError(t, err)
		assert.Equal(t, []partnerapi.Benefit{{ID: 1, Summary: "Presale", BenefitType: "presale"}}, benefits)
	}
}

func TestExampleFileHasAnAppUser(t *testing.T) {
	t.Parallel()
	file, err := os.ReadFile("example.json")
	require.NoError(t, err)
	fake := partnertest.New()
	require.NoError(t, seedFrom(file, fake))
	source := partnerapi.SignIn(partnerapi.SignInCredentials{
		AppKey: "fake-app-key", Username: "robin", Password: "temp123", AccountID: "acc_9",
	}, fake.ClientOptions()...)
	session, err := fake.Client(partnerapi.WithCredentialSource(partnerapi.NetworkToken, source)).AppSessions.Current(t.Context())
	require.NoError(t, err)
	assert.Equal(t, "Acme Bakery", session.Account.Title)
	assert.Equal(t, "Robin Example", session.User.Name)
	assert.True(t, session.Access.Can("payment-methods:d"))
}

func TestSeedFileErrors(t *testing.T) {
	t.Parallel()
	tests := map[string]struct{ file, want string }{
		"empty":                {"", "1:1: not JSON: unexpected end"},
		"not JSON":             {"{\n  subscriptions: []\n}", "2:3: not JSON: unexpected 's'"},
		"trailing comma":       {"{\n  \"networks\": [\n    {},\n  ]\n}", "4:3: not JSON: unexpected ']'"},
		"more than one":        {"{}\n{}", "2:1: more than one JSON value"},
		"more than one number": {"1 2", "1:3: more than one JSON value"},
		"cut off":              {"{\n  \"networks\": [", "2:16: not JSON: unexpected end"},
		"unterminated string":  {`{"networks": [{"account_id": "acc`, `1:30: not JSON: unexpected '"'`},
		"no such literal":      {`{"networks": nil}`, "1:14: not JSON: unexpected 'n'"},
		"no comma":             {`{"networks": [{} {}]}`, "1:18: not JSON: unexpected '{'"},
		"no colon":             {`{"networks" []}`, "1:13: not JSON: unexpected '['"},
		"a byte order mark":    {"\ufeff{}", "1:1: not JSON: unexpected 'ï'"},
		"not an object":        {"[]", "1:1: not an object of lists"},
		"no username":          {`{"app_users": [{"name": "Robin"}]}`, "1:16: app_users[0]: an app user needs a username"},
		"duplicate username":   {`{"app_users": [{"username": "a"}, {"username": "a"}]}`, "1:35: app_users[1]: duplicate app user with the username a"},
		"unknown list":         {"{\n  \"clients\": []\n}", `2:3: unknown list "clients"; want one of app_users, customers, invitations, networks, subscriptions`},
		"not a list":           {`{"customers": {}}`, "1:2: customers: not a list"},
		"null for a list":      {`{"customers": null}`, "1:2: customers: not a list"},
		"null for a record":    {`{"networks": [ {}, null]}`, "1:20: networks[1]: null"},
		"not a record":         {`{"networks": ["acc_1"]}`, "1:15: networks[0]: value: want an object, got string"},
		"unknown member": {
			"{\n  \"customers\": [\n    {\"email\": \"a@example.com\"},\n    {\"email\": \"b@example.com\", \"pasword\": \"x\"}\n  ]\n}",
			`4:32: customers[1]: unknown field "pasword"`,
		},
		"unknown member of a network": {`{"networks": [{"account": "acc_1"}]}`, `1:16: networks[0]: unknown field "account"`},
		"unknown member inside": {
			`{"customers": [{"email": "a@example.com", "subscription": {"name": "x"}}]}`, `1:60: customers[0]: unknown field "name"`,
		},
		"wrong type":                {`{"customers": [{"id": "7"}]}`, "1:23: customers[0]: id: want a whole number, got string"},
		"wrong nested type":         {`{"customers": [{"subscription": {"lapsed": 1}}]}`, "1:44: customers[0]: subscription.lapsed: want true or false, got number"},
		"a fraction":                {`{"customers": [{"id": 1.5}]}`, "1:23: customers[0]: id: want a whole number, got number"},
		"a number too large":        {`{"customers": [{"id": 9223372036854775808}]}`, "1:23: customers[0]: id: want a whole number, got number"},
		"list in place of a string": {`{"subscriptions": [{"pk": ["a"]}]}`, "1:27: subscriptions[0]: pk: want a string, got list"},
		"wrong type in a list":      {`{"customers": [{"benefits": [{}, {"id": true}]}]}`, "1:41: customers[0]: benefits.id: want a whole number, got boolean"},
		"invalid date":              {`{"customers": [{"birthdate": "1.5.1995"}]}`, "1:16: customers[0]: not a date of the form YYYY-MM-DD"},
		"no pk":                     {`{"subscriptions": [{"email": "a@example.com"}]}`, "1:20: subscriptions[0]: a subscription needs a pk"},
		"duplicate pk":              {`{"subscriptions": [{"pk": "a"}, {"pk": "a"}]}`, "1:33: subscriptions[1]: duplicate subscription with the pk a"},
		"no email":                  {`{"customers": [{"id": 7}]}`, "1:16: customers[0]: a customer needs an email: the API finds customers by it"},
		"duplicate email": {
			`{"customers": [{"email": "a@example.com"}, {"email": "A@example.com"}]}`, "1:44: customers[1]: customer 1 already has this e-mail",
		},
		"an id that was given": {
			`{"customers": [{"email": "a@example.com"}, {"email": "b@example.com", "id": 1}]}`, "1:44: customers[1]: duplicate customer with the id 1",
		},
		"empty tokens":         {`{"customers": [{"email": "a@example.com", "tokens": [{}]}]}`, "1:16: customers[0]: tokens[0]: empty"},
		"duplicate token":      {`{"customers": [{"email": "a@example.com", "tokens": [{"access_token": "a", "refresh_token": "a"}]}]}`, "1:16: customers[0]: duplicate token a"},
		"no expiration":        {`{"customers": [{"email": "a@example.com", "tokens": [{"access_token": "a", "access_token_expiration": "soon"}]}]}`, "1:16: customers[0]: not a number of Unix seconds in the years 1 to 9999"},
		"another fan club":     {`{"customers": [{"email": "a@example.com", "fanclub_id": 2}]}`, "1:16: customers[0]: fanclub_id: only fan club 1 has a key"},
		"duplicate account_id": {`{"networks": [{"account_id": "a"}, {"account_id": "a"}]}`, "1:36: networks[1]: duplicate network with the account_id a"},
		"an unknown status":    {`{"invitations": [{"status": "sent"}]}`, "1:18: invitations[0]: status: want pending, expired, or empty to derive it from created"},
		"duplicate invitation": {`{"invitations": [{}, {"id": "nwi_1"}]}`, "1:22: invitations[1]: duplicate invitation with the id nwi_1"},
		"duplicate list":       {`{"networks": [{"account_id": "a"}], "networks": [{"account_id": "a"}]}`, "1:50: networks[0]: duplicate network with the account_id a"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.EqualError(t, seedFrom([]byte(test.file), partnertest.New()), test.want)
		})
	}
}
