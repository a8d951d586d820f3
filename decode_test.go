package partnerapi

import (
	"encoding/json"
	"net/http"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/partnerapi/partnerapi-go/internal/jsonwire"
)

// A body that only begins like an empty one or null is invalid.
func TestBodyLikeEmptyOrNull(t *testing.T) {
	t.Parallel()
	for _, body := range []string{"\x00", "\x00{}", "\x00<html>bad gateway", "\x00{\x00\"\x00e\x00", "nul", "nullx", "null null", "\u00a0", "\ufeff\ufeff", " \ufeff"} {
		for name, client := range map[string]*Client{
			"200": newTestClient(t, always(200, body)), "201": newTestClient(t, always(201, body)),
		} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				assertKinds(t, client.Invitations.Delete(t.Context(), "inv_1"), ErrBadResponse)
				assertKinds(t, client.Networks.Update(t.Context(), "acc_1", UpdateNetworkRequest{}), ErrBadResponse)
				assertKinds(t, client.Subscriptions.Cancel(t.Context(), "pk"), ErrBadResponse)
				invitation, err := client.Invitations.Create(t.Context(), CreateInvitationRequest{})
				assert.Nil(t, invitation)
				assertKinds(t, err, ErrBadResponse)
				_, err = client.Accounts.Get(t.Context(), NewSession())
				assertKinds(t, err, ErrBadResponse)
				_, err = Do[none](t.Context(), client, Call{API: PartnerAPI, Op: "POST /a"})
				assertKinds(t, err, ErrBadResponse)
				_, err = Do[*int](t.Context(), client, Call{API: NetworkAPI, Op: "POST /a"})
				assertKinds(t, err, ErrBadResponse)
			})
		}
	}
}

// A byte order mark is skipped in every body: successes and failures of all three APIs, results of
// the caller's types, the refresh of tokens and the pages of a walk. The body of an error is unchanged.
func TestByteOrderMark(t *testing.T) {
	t.Parallel()
	const mark = "\xef\xbb\xbf"
	with := func(t *testing.T, status int, body string) *Client {
		t.Helper()
		return newTestClient(t, always(status, mark+body))
	}
	t.Run("partner", func(t *testing.T) {
		t.Parallel()
		require.NoError(t, with(t, 200, `{"success":true}`).Subscriptions.Cancel(t.Context(), "pk"))
		err := with(t, 200, `{"success":false,"error":"No.","error_type":"invalid_token"}`).Subscriptions.Cancel(t.Context(), "pk")
		assertKinds(t, err, ErrUnauthorized)
		var failed *Error
		require.ErrorAs(t, err, &failed)
		assert.Equal(t, mark+`{"success":false,"error":"No.","error_type":"invalid_token"}`, string(failed.Body))
	})
	t.Run("account", func(t *testing.T) {
		t.Parallel()
		customer, err := with(t, 200, "\n"+`{"status":"ok","customer":{"id":7}}`).Accounts.Get(t.Context(), NewSession())
		require.NoError(t, err)
		assert.Equal(t, &Customer{ID: 7}, customer)
		_, err = with(t, 200, `{"status":"error","messages":["Please log in."]}`).Accounts.Get(t.Context(), NewSession())
		assertKinds(t, err, ErrNotLoggedIn)
		_, err = with(t, 200, `{"customer":null}`).Accounts.Search(t.Context(), "a@example.com")
		assertKinds(t, err, ErrNotFound)
	})
	t.Run("network", func(t *testing.T) {
		t.Parallel()
		domains, err := with(t, 200, `[{"id":"dom_1","title":"T"}]`).Networks.Domains(t.Context())
		require.NoError(t, err)
		assert.Equal(t, []Domain{{ID: "dom_1", Title: "T"}}, domains)
		_, err = with(t, 404, `{"error":{"code":404,"message":"No."}}`).Networks.Get(t.Context(), "acc_1")
		assertKinds(t, err, ErrNotFound)
		var walked []string
		for n, err := range with(t, 200, `{"list":[{"account_id":"a"}],"total":1,"pages":1}`).Networks.All(t.Context(), ListOptions{}) {
			require.NoError(t, err)
			walked = append(walked, n.AccountID)
		}
		assert.Equal(t, []string{"a"}, walked)
		session, err := with(t, 200, `{"jwt":"h.p.s","auth":true}`).AppSessions.Current(t.Context())
		require.NoError(t, err)
		assert.Equal(t, "h.p.s", session.JWT())
	})
	t.Run("a stranger's value", func(t *testing.T) {
		t.Parallel()
		got, err := Do[map[string]int](t.Context(), with(t, 200, `{"a":1}`), Call{API: NetworkAPI, Op: "GET /a"})
		require.NoError(t, err)
		assert.Equal(t, map[string]int{"a": 1}, got)
	})
	t.Run("a refresh", func(t *testing.T) {
		t.Parallel()
		tokens, err := with(t, 200, `{"access":{"access_token":"A1","refresh_token":"R1"}}`).refreshTokens(t.Context(), "R0", nil)
		require.NoError(t, err)
		assert.Equal(t, &Tokens{AccessToken: "A1", RefreshToken: "R1"}, tokens)
	})
	t.Run("alone it is no body", func(t *testing.T) {
		t.Parallel()
		require.NoError(t, with(t, 200, "").Invitations.Delete(t.Context(), "inv_1"))
		_, err := with(t, 200, "").Networks.Get(t.Context(), "acc_1")
		assertKinds(t, err, ErrBadResponse)
	})
	t.Run("elsewhere it is not JSON", func(t *testing.T) {
		t.Parallel()
		for _, body := range []string{mark + "{}", " " + mark + "{}", `{` + mark + `}`, `{}` + mark} {
			_, err := Do[any](t.Context(), with(t, 200, body), Call{API: NetworkAPI, Op: "GET /a"})
			assertKinds(t, err, ErrBadResponse)
			require.ErrorIs(t, err, jsonwire.ErrNotJSON)
		}
	})
}

// Decoded values do not refer to the buffer of the response, which is reused.
func TestDecodedValuesAreCopies(t *testing.T) {
	t.Parallel()
	fixtures, err := filepath.Glob(filepath.Join("testdata", "*.json"))
	require.NoError(t, err)
	for _, path := range fixtures {
		reply := fixture(t, strings.TrimSuffix(filepath.Base(path), ".json"))
		for _, text := range []string{reply, strings.NewReplacer("a", `\u0061`, "e", "é").Replace(reply)} {
			isCopied[*Customer](t, text, "customer")
			isCopied[[]Benefit](t, text, "benefits")
			isCopied[*Tokens](t, text, "access")
			isCopied[*renewedTokens](t, text, "access")
			isCopied[Page[Network]](t, text, "")
			isCopied[Page[Invitation]](t, text, "")
			isCopied[walkedPage[Network]](t, text, "")
			isCopied[domains](t, text, "")
			isCopied[Network](t, text, "")
			isCopied[Activation](t, text, "")
			isCopied[NetworkDeletion](t, text, "")
			isCopied[AppSession](t, text, "")
			for _, api := range apis {
				data := []byte(text)
				_, got := api.open(400, data, nil)
				overwrite(data)
				_, want := api.open(400, []byte(text), nil)
				assert.Equal(t, want, got, text)
			}
		}
	}
}

func isCopied[T any](t *testing.T, text, key string) {
	t.Helper()
	data := []byte(text)
	var got, want T
	_, _ = jsonwire.UnmarshalMember(data, key, &got)
	overwrite(data)
	_, _ = jsonwire.UnmarshalMember([]byte(text), key, &want)
	assert.Equal(t, unsealed(&want), unsealed(&got), "%T of %s", got, text)
}

func overwrite(data []byte) {
	for i := range data {
		data[i] = '?'
	}
}

// Package jsonwire decodes every record by its own rules, which accept an empty list. With encoding/json, UnmarshalJSON of a
// Network would not end, and other records would lose their alternative names.
func TestRecordsAreOfJSONWire(t *testing.T) {
	t.Parallel()
	for _, record := range []any{
		Customer{}, Authentication{}, Membership{}, MembershipPlan{}, Affiliate{}, Benefit{}, Tokens{}, Domain{}, Invitation{}, Activation{},
		Network{}, NetworkDeletion{}, Page[Network]{}, Page[Invitation]{}, App{}, AppUser{}, AppAccount{}, AppAlert{}, networkFailure{},
	} {
		assert.NoError(t, jsonwire.Unmarshal([]byte("[]"), reflect.New(reflect.TypeOf(record)).Interface()), "%T", record)
	}
}

// A record that is decoded into again keeps no old values in the fields of the new JSON.
func TestUnmarshalAgain(t *testing.T) {
	t.Parallel()
	var fee Network
	require.NoError(t, json.Unmarshal([]byte(`{"fee_proposed_date":7}`), &fee))
	require.NoError(t, json.Unmarshal([]byte(`{"fee_proposed_date":null}`), &fee))
	assert.Equal(t, Network{}, fee)
	n := Network{AccountID: "old", FeeProposed: new(float64), ProposedUserID: "kept"}
	require.NoError(t, json.Unmarshal([]byte(`{"account_id":"new","fee_proposed":null,"proposed_date":7}`), &n))
	assert.Equal(t, Network{AccountID: "new", FeeProposedDate: UnixTimeOf(time.Unix(7, 0)), ProposedUserID: "kept"}, n)
	page := Page[Network]{Items: []Network{{AccountID: "old", AccountTitle: "old"}}, Filters: []string{"old"}}
	require.NoError(t, json.Unmarshal([]byte(`{"list":[{"account_id":"new"}],"filters":[]}`), &page))
	assert.Equal(t, Page[Network]{Items: []Network{{AccountID: "new"}}, Filters: []string{}}, page)
}

// FuzzRecords decodes JSON that encoding/json accepts with the same result. The tests of package jsonwire test what else it
// accepts.
func FuzzRecords(f *testing.F) {
	fixtures, err := filepath.Glob(filepath.Join("testdata", "*.json"))
	require.NoError(f, err)
	for _, path := range fixtures {
		f.Add([]byte(fixture(f, strings.TrimSuffix(filepath.Base(path), ".json"))))
	}
	for _, text := range []string{
		`{"id":7,"birthdate":"1987-09-03","subscription":{"end_date":"2015-03-09T10:11:12-05:00"}}`, `{"ID":7,"birthdate":null}`,
		`{"birthdate":"2023-02-29"}`, `{"created":1234567890.25,"fee_proposed":2.5}`, `{"created":-1e9}`, `{"created":1e999}`, `[]`, `null`, `{`,
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if !hasDuplicates(data) { // encoding/json merges the records of two lists of the same name
			sameAsStandard[Customer](t, data)
			sameAsStandard[Membership](t, data)
			sameAsStandard[Benefit](t, data)
			sameAsStandard[Invitation](t, data)
			sameAsStandard[Date](t, data)
			sameAsStandard[UnixTime](t, data)
		}
	})
}

// sameAsStandard asserts that data is decoded as by encoding/json, if that accepts it.
func sameAsStandard[T any](t *testing.T, data []byte) {
	t.Helper()
	var want, got T
	if json.Unmarshal(data, &want) != nil {
		return
	}
	switch of := any(&want).(type) {
	case *Customer:
		if of.Subscription != nil {
			inUTC(of.Subscription)
		}
	case *Membership:
		inUTC(of)
	}
	require.NoError(t, jsonwire.Unmarshal(data, &got), "%T", got)
	assert.Equal(t, want, got, "%T", got)
}

// inUTC converts the times to UTC, as the decoder does.
func inUTC(of *Membership) { of.StartDate, of.EndDate = of.StartDate.UTC(), of.EndDate.UTC() }

// hasDuplicates reports whether an object has two members with the same name.
func hasDuplicates(data []byte) bool {
	var names []string
	for name, value := range jsonwire.Members(data) {
		if slices.ContainsFunc(names, func(other string) bool { return strings.EqualFold(other, name) }) || hasDuplicates(value) {
			return true
		}
		names = append(names, name)
	}
	for item := range jsonwire.Items(data) {
		if hasDuplicates(item) {
			return true
		}
	}
	return false
}

func TestSpellingsOfACustomer(t *testing.T) {
	t.Parallel()
	const body = `{"status":"ok","customer":{"id":"7","first_name":"Ann","last_name":false,"birthdate":"0000-00-00","age":"26","fanclub_id":3.0,
		"registered":1,"expired":0,"auto_renewal_enabled":0,"email_aliases":[],"authentications":[{"name":false}],
		"subscription":{"plan":{"id":"9007199254740993","tags":[]},"start_date":"2015-03-09 10:11:12 -0500","end_date":"","lapsed":1,"affiliates":[{"id":"5.0"}]}}}`
	want := &Customer{
		ID: 7, FirstName: "Ann", Age: 26, FanclubID: 3, Registered: ptr(true), AutoRenewalEnabled: ptr(false), EmailAliases: []string{},
		Authentications: []Authentication{{}},
		Subscription: &Membership{
			Plan: MembershipPlan{ID: 9007199254740993, Tags: []string{}}, StartDate: time.Date(2015, time.March, 9, 15, 11, 12, 0, time.UTC),
			Lapsed: true, Affiliates: []Affiliate{{ID: 5}},
		},
	}
	client := newTestClient(t, roundTripFunc(func(*http.Request) (*http.Response, error) {
		return reply(200, body, "Set-Cookie", "sid=0123456789"), nil
	}))
	got, session, err := client.Accounts.Login(t.Context(), LoginRequest{"a@example.com", "secret"})
	require.NoError(t, err)
	assert.Equal(t, want, got)
	assert.False(t, session.opened().isEmpty())
	for name, call := range map[string]func() (*Customer, error){
		"get":    func() (*Customer, error) { return client.Accounts.Get(t.Context(), NewSession()) },
		"search": func() (*Customer, error) { return client.Accounts.Search(t.Context(), "a@example.com") },
		"create": func() (*Customer, error) { return client.Accounts.Create(t.Context(), CreateAccountRequest{}) },
		"update": func() (*Customer, error) {
			return client.Accounts.Update(t.Context(), NewSession(), UpdateAccountRequest{FirstName: "Ann"})
		},
	} {
		got, err := call()
		require.NoError(t, err, name)
		assert.Equal(t, want, got, name)
	}
	for text, want := range map[string]Customer{
		`{"id":7,"subscription":[]}`:                        {ID: 7},
		`{"id":7,"subscription":{"plan":[],"lapsed":1}}`:    {ID: 7, Subscription: &Membership{Lapsed: true}},
		`{"id":7,"subscription":{"end_date":"2015-03-09"}}`: {ID: 7, Subscription: &Membership{EndDate: time.Date(2015, time.March, 9, 0, 0, 0, 0, time.UTC)}},
	} {
		got, err := newTestClient(t, always(200, `{"customer":`+text+`}`)).Accounts.Get(t.Context(), NewSession())
		require.NoError(t, err, text)
		assert.Equal(t, &want, got, text)
	}
	for text, want := range map[string]bool{`1`: true, `0`: false, `true`: true, `false`: false} {
		got, err := newTestClient(t, always(200, `{"logged_in":`+text+`}`)).Accounts.Status(t.Context(), NewSession())
		require.NoError(t, err, text)
		assert.Equal(t, want, got, text)
	}
	tokens, err := newTestClient(t, always(200, `{"status":"ok","access":{"access_token":"A1","refresh_token":"R1",
		"access_token_expiration":"1234567890.5","refresh_token_expiration":""}}`)).refreshTokens(t.Context(), "R0", nil)
	require.NoError(t, err)
	assert.Equal(t, &Tokens{AccessToken: "A1", RefreshToken: "R1", AccessTokenExpires: UnixTimeOf(time.Unix(1234567890, 500_000_000))}, tokens)
}

func TestSpellingsOfTheNetwork(t *testing.T) {
	t.Parallel()
	at := UnixTimeOf(time.Unix(1234567890, 0))
	page, err := newTestClient(t, always(200, `{"list":[{"id":"i","created":"1234567890","fee_proposed":"2.50","email":false},{"id":"j","fee_proposed":""}],
		"total":"2","search":false,"filter":false,"filters":{"pending":"Pending","expired":1},"pages":1.0}`)).Invitations.List(t.Context(), ListOptions{})
	require.NoError(t, err)
	assert.Equal(t, &Page[Invitation]{
		Items: []Invitation{{ID: "i", Created: at, FeeProposed: ptr(2.5)}, {ID: "j"}}, Total: 2, Filters: []string{"pending", "expired"}, Pages: 1, Number: 1,
	}, page)
	for text, want := range map[string]Network{
		`{"account_id":"a","fee":"2.50","fee_proposed":"0"}`:                         {AccountID: "a", Fee: 2.5, FeeProposed: ptr(0.0)},
		`{"account_id":"a","proposed_date":"1234567890"}`:                            {AccountID: "a", FeeProposedDate: at},
		`{"account_id":"a","proposed_date":1234567890,"fee_proposed_date":""}`:       {AccountID: "a", FeeProposedDate: at},
		`{"account_id":"a","fee_proposed_date":"","proposed_date":1234567890}`:       {AccountID: "a", FeeProposedDate: at},
		`{"account_id":"a","proposed_date":1,"fee_proposed_date":"1234567890"}`:      {AccountID: "a", FeeProposedDate: at},
		`{"account_id":"a","proposed_date":"0000-00-00","fee_proposed_date":null}`:   {AccountID: "a"},
		`{"account_id":"a","proposed_user_id":false,"fee_proposed_date":1234567890}`: {AccountID: "a", FeeProposedDate: at},
	} {
		got, err := newTestClient(t, always(200, text)).Networks.Get(t.Context(), "a")
		require.NoError(t, err, text)
		assert.Equal(t, &want, got, text)
	}
	domains, err := newTestClient(t, always(200, `[{"id":"dom_1","title":"A","description":false},{"dom_2":{"title":"B","description":false}}]`)).Networks.Domains(t.Context())
	require.NoError(t, err)
	assert.Equal(t, []Domain{{"dom_1", "A", ""}, {"dom_2", "B", ""}}, domains)
	for text, want := range map[string]bool{`1`: true, `0`: false, `true`: true, `false`: false, `"yes"`: false, `2`: false} {
		session, err := newTestClient(t, always(200, `{"jwt":"h.p.s","auth":`+text+`,"app":[],"user":[],"alerts":[{"id":"x","priority":"3","timestamp":"1234567890"}]}`)).
			AppSessions.Current(t.Context())
		require.NoError(t, err, text)
		assert.Equal(t, want, session.Authenticated, text)
		assert.Equal(t, []AppAlert{{ID: "x", Priority: 3, Timestamp: at}}, session.Alerts)
	}
}

// Filters are optional: an unknown form of them does not fail a page.
func TestSpellingsOfFilters(t *testing.T) {
	t.Parallel()
	for text, want := range map[string][]string{
		`["pending","expired"]`: {"pending", "expired"}, `[]`: {}, `null`: nil,
		`{"z":"Z","a":{"b":["c"]},"\u00e9":null}`: {"z", "a", "é"}, `{}`: {},
		`"pending"`: nil, `1`: nil, `true`: nil, `false`: nil, `[1]`: nil, `["a",{}]`: nil, `[["a"]]`: nil, `[{"id":"a"}]`: nil, `""`: nil,
	} {
		body := `{"filters":` + text + `,"list":[{"account_id":"a"}],"pages":1}`
		page, err := newTestClient(t, always(200, body)).Networks.List(t.Context(), ListOptions{})
		require.NoError(t, err, text)
		assert.Equal(t, &Page[Network]{Items: []Network{{AccountID: "a"}}, Filters: want, Pages: 1, Number: 1}, page, text)
	}
	for _, text := range []string{`{"a"}`, `[`, `nul`, `{"a":01}`} { // invalid JSON fails the page
		_, err := newTestClient(t, always(200, `{"filters":`+text+`,"list":[{"account_id":"a"}]}`)).Networks.List(t.Context(), ListOptions{})
		assertKinds(t, err, ErrBadResponse)
	}
	page := Page[Network]{Filters: []string{"old"}}
	require.NoError(t, json.Unmarshal([]byte(`{"list":[],"filters":7}`), &page))
	assert.Nil(t, page.Filters)
	_, err := newTestClient(t, always(200, `{"filters":[1],"list":[{"account_id":1}]}`)).Networks.List(t.Context(), ListOptions{})
	require.ErrorContains(t, err, "field list.account_id: not of type string")
}

// An empty list in place of a required record is an error, as null is.
func TestEmptyListInPlaceOfRecord(t *testing.T) {
	t.Parallel()
	for _, list := range []string{`[]`, ` [ ] `} {
		client := newTestClient(t, roundTripFunc(func(*http.Request) (*http.Response, error) {
			return reply(200, `{"status":"ok","customer":`+list+`,"access":`+list+`}`, "Set-Cookie", "sid=0123456789"), nil
		}))
		_, err := client.Accounts.Get(t.Context(), NewSession())
		assertKinds(t, err, ErrNotLoggedIn)
		_, err = client.Accounts.Search(t.Context(), "a@example.com")
		assertKinds(t, err, ErrNotFound)
		_, _, err = client.Accounts.Login(t.Context(), LoginRequest{})
		assertKinds(t, err, ErrBadResponse)
		_, err = client.Accounts.Create(t.Context(), CreateAccountRequest{})
		assertKinds(t, err, ErrBadResponse)
		_, err = client.refreshTokens(t.Context(), "R0", nil)
		assertKinds(t, err, ErrBadResponse)

		whole := newTestClient(t, always(200, list))
		_, err = whole.Networks.Get(t.Context(), "acc_1")
		assertKinds(t, err, ErrBadResponse)
		_, err = whole.Networks.List(t.Context(), ListOptions{})
		assertKinds(t, err, ErrBadResponse)
		_, err = whole.Networks.Delete(t.Context(), "acc_1")
		assertKinds(t, err, ErrBadResponse)
		_, err = whole.Invitations.Activate(t.Context(), "token")
		assertKinds(t, err, ErrBadResponse)
		_, err = whole.AppSessions.Current(t.Context())
		assertKinds(t, err, ErrBadResponse)
		for _, err := range whole.Invitations.All(t.Context(), ListOptions{}) {
			assertKinds(t, err, ErrBadResponse)
		}
		invitation, err := whole.Invitations.Create(t.Context(), CreateInvitationRequest{})
		require.NoError(t, err) // the record is optional
		assert.Equal(t, &Invitation{}, invitation)
		benefits, err := newTestClient(t, always(200, `{"benefits":`+list+`}`)).Accounts.Benefits(t.Context(), NewSession())
		require.NoError(t, err) // the result is a list
		assert.Empty(t, benefits)
	}
	require.Error(t, json.Unmarshal([]byte(`[]`), &Page[Network]{}), "a page has a list")
}

// A customer that is an empty list means logged out, so a token session is refreshed, as for null.
func TestEmptyListIsLoggedOut(t *testing.T) {
	t.Parallel()
	for _, loggedOut := range []string{`null`, `[]`} {
		bodies := map[string]string{
			"Bearer A0": `{"customer":` + loggedOut + `}`, "": `{"access":{"access_token":"A1","refresh_token":"R1"}}`, "Bearer A1": `{"customer":{"id":7}}`,
		}
		client := newTestClient(t, roundTripFunc(func(req *http.Request) (*http.Response, error) {
			return reply(200, bodies[req.Header.Get("Authorization")]), nil
		}))
		session, err := NewTokenSession(Tokens{AccessToken: "A0", RefreshToken: "R0"})
		require.NoError(t, err)
		customer, err := client.Accounts.Get(t.Context(), session)
		require.NoError(t, err, loggedOut)
		assert.Equal(t, int64(7), customer.ID)
	}
}

// The alternative spellings are accepted in records of this package only: types of the caller use encoding/json.
func TestSpellingsOfCallersTypes(t *testing.T) {
	t.Parallel()
	for _, body := range []string{`{"Age":"26"}`, `{"Age":26.0}`, `{"Yes":1}`, `{"At":"2015-03-09"}`, `{"Text":false}`, `{"In":[]}`} {
		_, err := Do[struct {
			Age  int
			Yes  bool
			At   time.Time
			Text string
			In   struct{ A int }
		}](t.Context(), newTestClient(t, always(200, body)), Call{API: NetworkAPI, Op: "GET /a"})
		assertKinds(t, err, ErrBadResponse)
	}
}

// The error names the field of the SDK that cannot be decoded. All other fields are decoded.
func TestErrorNamesUnreadField(t *testing.T) {
	t.Parallel()
	tests := map[string]struct{ customer, field string }{
		"a scalar":             {`{"age":"SECRET","id":7}`, "age: not of type int"},
		"the first of two":     {`{"age":{"SECRET":1},"email":[],"id":7}`, "age: not of type int"},
		"a name in upper case": {`{"AGE":"SECRET","id":7}`, "age: not of type int"},
		"a boolean":            {`{"registered":"SECRET","id":7}`, "registered: not of type bool"},
		"a date":               {`{"birthdate":"SECRET","id":7}`, "birthdate: not a date of the form YYYY-MM-DD"},
		"not a text":           {`{"birthdate":7,"id":7}`, "birthdate: not a date of the form YYYY-MM-DD"},
		"a record":             {`{"subscription":"SECRET","id":7}`, "subscription: not of type partnerapi.Membership"},
		"in a record":          {`{"subscription":{"plan":{"id":"SECRET"}},"id":7}`, "subscription.plan.id: not of type int64"},
		"in a list":            {`{"subscription":{"affiliates":[{"id":1},{"codes":["a",7]}]},"id":7}`, "subscription.affiliates.codes: not of type string"},
		"a time":               {`{"subscription":{"end_date":7},"id":7}`, "subscription.end_date: not an RFC 3339 time"},
		"an integer":           {`{"fanclub_id":26.5,"id":7}`, "fanclub_id: not of type int64"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := newTestClient(t, always(200, `{"customer":`+test.customer+`}`)).Accounts.Get(t.Context(), NewSession())
			assertKinds(t, err, ErrBadResponse)
			require.ErrorContains(t, err, "field customer."+test.field)
			var got *Customer
			known, err := jsonwire.UnmarshalMember([]byte(`{"customer":`+test.customer+`}`), "customer", &got)
			assert.Equal(t, jsonwire.Present, known)
			var field *jsonwire.FieldError
			require.ErrorAs(t, err, &field)
			assert.Equal(t, int64(7), got.ID, "what comes behind is read")
		})
	}
	_, err := newTestClient(t, always(200, `{"customer":7}`)).Accounts.Get(t.Context(), NewSession())
	require.ErrorContains(t, err, "field customer: not of type partnerapi.Customer")
	_, err = newTestClient(t, always(200, `{"account_id":7}`)).Networks.Get(t.Context(), "acc_1")
	require.ErrorContains(t, err, "field account_id: not of type string")
	var page Page[Network]
	require.ErrorContains(t, page.UnmarshalJSON([]byte(`{"list":[{"fee":"SECRET"}]}`)), "field list.fee: not of type float64")
}
