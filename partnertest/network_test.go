package partnertest_test

import (
	"fmt"
	"math"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/partnerapi/partnerapi-go"
	"github.com/partnerapi/partnerapi-go/partnertest"
)

const (
	invitations = "/network/account/network-invitations"
	networks    = "/network/account/networks"
)

func networkFailure(method string, code int, message, fields string) string {
	return fmt.Sprintf(`{"error":{"request_method":%q,"type":"user","code":%d,"message":%q,"fields":%s,"dev_message":""}}`,
		method, code, message, fields)
}

func TestNetworksAsDocumented(t *testing.T) {
	t.Parallel()
	f := partnertest.New(partnertest.WithDomains(partnerapi.Domain{
		ID: "dom_1234567890", Title: "Government Agency", Description: "Government agency account type",
	}))
	f.SetNow(time.Unix(1234567890, 0))
	f.SeedInvitation(partnerapi.Invitation{ID: "nwi_1234567890", FeeProposed: ptr(2.5), Email: "jdoe@acme-corp.com"})
	seafood := partnerapi.Network{
		AccountID: "acc_2345678901", AccountTitle: "Acme Seafood", DomainTitle: "Wholesale Distributor", Fee: 1.5, FeeProposed: ptr(2.0),
		FeeProposedDate:   partnerapi.UnixTimeOf(time.Unix(12345678980, 0)),
		ProposedAccountID: "acc_2345678901", ProposedUserID: "usr_1234567890",
	}
	f.SeedNetwork(seafood)
	run(t, f, []step{
		{"domains", "GET /network/account/network-domains?collection=true", "", nil, 200, "@get-account-network-domains.ok.json"},
		{"invitations", "GET " + invitations, "", nil, 200, withOne(t, fixture(t, "get-account-network-invitations.ok.json"), 8, 2)},
		{"network", "GET " + networks + "/acc_2345678901", "", nil, 200, "@get-account-networks-child_account_id.ok.json"},
	})
	seafood.FeeProposedDate = partnerapi.UnixTimeOf(time.Unix(1234567890, 0))
	f.SeedNetwork(seafood)
	run(t, f, []step{
		{"networks", "GET " + networks, "", nil, 200, withOne(t, fixture(t, "get-account-networks.ok.json"), 25, 1)},
		{"delete", "DELETE /network/api/account/networks/acc_2345678901", "", nil, 200, "@delete-api-account-networks-child_account_id.ok.json"},
		{"delete again", "DELETE /network/api/account/networks/acc_2345678901", "", nil, 404, networkFailure("DELETE", 404, "Not found.", "[]")},
		{"deleted", "GET " + networks + "/acc_2345678901", "", nil, 404, networkFailure("GET", 404, "Not found.", "[]")},
		{"deleted", "POST " + networks + "/acc_2345678901", `{"fee":1}`, nil, 404, networkFailure("POST", 404, "Not found.", "[]")},
	})
}

// withOne turns a documented list, which shows one record of many, into one with that record alone.
func withOne(t *testing.T, documented string, total, pages int) string {
	t.Helper()
	old := fmt.Sprintf(`"total": %d`, total)
	require.Contains(t, documented, old)
	documented = strings.Replace(documented, old, `"total": 1`, 1)
	return strings.Replace(documented, fmt.Sprintf(`"pages": %d`, pages), `"pages": 1`, 1)
}

func TestEmptyLists(t *testing.T) {
	t.Parallel()
	run(t, partnertest.New(partnertest.WithDomains()), []step{
		{"domains", "GET /network/account/network-domains?collection=true", "", nil, 200, `[]`},
		{"domains", "GET /network/account/network-domains", "", nil, 200, `{"list":[],"total":0,"search":"","filter":"","filters":[],"pages":1}`},
		{"invitations", "GET " + invitations, "", nil, 200, `{"list":[],"total":0,"search":"","filter":"","filters":["pending","expired"],"pages":1}`},
		{"networks", "GET " + networks + "?page=3&search=x", "", nil, 200, `{"list":[],"total":0,"search":"x","filter":"","filters":[],"pages":1}`},
	})
	run(t, partnertest.New(), []step{{"domains", "GET /network/account/network-domains?search=gov", "", nil, 200,
		`{"list":[{"id":"dom_agency","title":"Government Agency","description":"Government agency account type"}],"total":1,"search":"gov","filter":"","filters":[],"pages":1}`}})
}

func TestNetworkToken(t *testing.T) {
	t.Parallel()
	f := partnertest.New()
	for _, header := range []http.Header{{"Authorization": nil}, {"Authorization": {"Bearer " + partnertest.NetworkToken}}, {"Authorization": {"wrong"}}} {
		run(t, f, []step{
			{"refused", "GET " + networks, "", header, 401, networkFailure("GET", 401, "Please sign in.", "[]")},
			{"refused", "POST " + invitations, `{}`, header, 401, networkFailure("POST", 401, "Please sign in.", "[]")},
		})
	}
}

// testdata/TRAPS.md: "`http.ServeMux` panics on `POST /x/{token}` beside `POST /x/{id}`." One route serves both. The body
// decides or, if it has no field of an update, the path.
func TestInvitationLife(t *testing.T) {
	t.Parallel()
	f := partnertest.New(partnertest.WithInvitationLifetime(time.Hour))
	f.SetNow(time.Unix(1234567890, 0))
	record := func(email, fee, status string) string {
		return `{"id":"nwi_1","created":1234567890,"domain_id":"dom_agency","fee_proposed":` + fee + `,"email":"` + email + `","status":"` + status + `"}`
	}
	list := func(record string) string {
		return `{"list":[` + record + `],"total":1,"search":"","filter":"","filters":["pending","expired"],"pages":1}`
	}
	notFound := networkFailure("POST", 404, "Not found.", "[]")
	run(t, f, []step{{"invite", "POST " + invitations, `{"email":"jdoe@acme-corp.com","domain_id":"dom_agency","fee_proposed":2.5}`, nil, 200,
		record("jdoe@acme-corp.com", "2.5", "pending")}})
	link, ok := f.ActivationLink("nwi_1")
	require.True(t, ok)
	token, err := partnerapi.InvitationToken(link)
	require.NoError(t, err)
	assert.True(t, strings.HasPrefix(link, "https://yourapp.example/networks?token="), link)

	f.SetNow(time.Unix(1234567890, 0).Add(time.Hour))
	run(t, f, []step{
		{"expired", "GET " + invitations, "", nil, 200, list(record("jdoe@acme-corp.com", "2.5", "expired"))},
		{"expired", "POST " + invitations + "/" + token, "", nil, 404, notFound},
		{"updated", "POST " + invitations + "/nwi_1", fixture(t, "post-account-network-invitations-id.request.json"), nil, 200, record("jdoe2@acme-corp.com", "1.5", "pending")},
		{"email is required", "POST " + invitations + "/nwi_1", `{"email":""}`, nil, 200, record("jdoe2@acme-corp.com", "1.5", "pending")},
		{"fee cleared", "POST " + invitations + "/nwi_1", `{"fee_proposed":""}`, nil, 200, record("jdoe2@acme-corp.com", "null", "pending")},
		{"empty fee", "POST " + invitations + "/nwi_1", `{"fee_proposed":0}`, nil, 200, record("jdoe2@acme-corp.com", "0", "pending")},
		{"fee set", "POST " + invitations + "/nwi_1", `{"fee_proposed":2}`, nil, 200, record("jdoe2@acme-corp.com", "2", "pending")},
		{"id in place of the token", "POST " + invitations + "/nwi_1", "", nil, 404, notFound},
		{"token in place of the id", "POST " + invitations + "/" + token, `{"fee_proposed":3}`, nil, 404, notFound},
		{"activated", "POST " + invitations + "/" + token, "", nil, 200, `{"account_id":"act_1","user_id":"usr_1","domain_id":"dom_agency","version_id":"ver_1"}`},
		{"no longer there", "POST " + invitations + "/" + token, "", nil, 404, notFound},
		{"no longer there", "DELETE " + invitations + "/nwi_1", "", nil, 404, networkFailure("DELETE", 404, "Not found.", "[]")},
		{"network", "GET " + networks + "/acc_1", "", nil, 200, `{"account_id":"acc_1","fee":2,"fee_proposed":null,"proposed_date":null,
			"proposed_account_id":null,"proposed_user_id":null,"account_title":"jdoe2@acme-corp.com","domain_title":"Government Agency"}`},
	})
	assert.Empty(t, f.Invitations())
	_, ok = f.ActivationLink("nwi_1")
	assert.False(t, ok)

	run(t, f, []step{
		{"another", "POST " + invitations, `{"email":"b@example.com","domain_id":"dom_wholesale"}`, nil, 200,
			`{"id":"nwi_2","created":1234571490,"domain_id":"dom_wholesale","fee_proposed":null,"email":"b@example.com","status":"pending"}`},
		{"delete", "DELETE " + invitations + "/nwi_2", "", nil, 204, ""},
		{"activate", "POST " + invitations + "/token-nwi_2", "", nil, 404, notFound},
	})
}

// Clients encode an empty body in many ways. If the body has no field of an update, the path decides.
func TestActivationWithEmptyBodies(t *testing.T) {
	t.Parallel()
	const activation, update = "POST /account/network-invitations/{token} 200", "POST /account/network-invitations/{id} 200"
	for _, body := range []string{"", "{}", " { }\n", "null", "[]", "[ ]", " ", `{"token":"token-nwi_1"}`} {
		f := partnertest.New()
		f.SeedInvitation(partnerapi.Invitation{ID: "nwi_1", Email: "a@example.com"})
		run(t, f, []step{{body, "POST " + invitations + "/token-nwi_1", body, nil, 200,
			`{"account_id":"act_1","user_id":"usr_1","domain_id":"dom_agency","version_id":"ver_1"}`}})
		assert.Equal(t, activation, f.Calls().String(), body)
		assert.Empty(t, f.Invitations(), body)
	}
	for _, body := range []string{"{}", " { }\n", "null", `{"title":"A"}`} {
		f := partnertest.New()
		f.SeedInvitation(partnerapi.Invitation{ID: "nwi_1", Email: "a@example.com"})
		require.Equal(t, 200, step{target: "POST " + invitations + "/nwi_1", body: body}.send(t, f).status, body)
		assert.Equal(t, update, f.Calls().String(), body)
		assert.Len(t, f.Invitations(), 1, body)
	}
}

// An ID in place of a token, or a token in place of an ID, is a mistake that must fail.
func TestInvitationIDAndTokenAreDistinct(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ x, body, call string }{
		{"nwi_1", "", "POST /account/network-invitations/{token} 404"},
		{"token-nwi_1", `{"email":"b@example.com"}`, "POST /account/network-invitations/{id} 404"},
		{"token-nwi_1", `{"fee_proposed":null}`, "POST /account/network-invitations/{id} 404"},
		{"token-nwi_2", `{}`, "POST /account/network-invitations/{token} 404"},
		{"nwi_2", `{}`, "POST /account/network-invitations/{id} 404"},
		{"token-x", `{}`, "POST /account/network-invitations/{id} 200"},
		{"token-token-x", `{}`, "POST /account/network-invitations/{token} 200"},
	} {
		f := partnertest.New()
		for _, id := range []string{"nwi_1", "token-x"} {
			f.SeedInvitation(partnerapi.Invitation{ID: id, Email: "a@example.com"})
		}
		step{target: "POST " + invitations + "/" + c.x, body: c.body}.send(t, f)
		assert.Equal(t, c.call, f.Calls().String(), "%s with %s", c.x, c.body)
		assert.Equal(t, "a@example.com", f.Invitations()[0].Email)
	}
}

// The response to an activation has another prefix than the lists. Both name the same account.
func TestAccountOfAnActivation(t *testing.T) {
	t.Parallel()
	f := partnertest.New()
	f.SeedNetwork(partnerapi.Network{AccountID: "acc_1"})
	f.SeedNetwork(partnerapi.Network{AccountID: "act_9", Fee: 9})
	i := f.SeedInvitation(partnerapi.Invitation{Email: "a@example.com"})
	client, ctx := f.Client(), t.Context()
	made, err := client.Invitations.Activate(ctx, "token-"+i.ID)
	require.NoError(t, err)
	assert.Equal(t, "act_2", made.AccountID)
	assert.Equal(t, "acc_2", f.Networks()[2].AccountID)
	require.NoError(t, client.Networks.Update(ctx, made.AccountID, partnerapi.UpdateNetworkRequest{Fee: 2.5}))
	for id, want := range map[string]partnerapi.Network{
		"act_2": {AccountID: "acc_2", Fee: 2.5, AccountTitle: "a@example.com", DomainTitle: "Government Agency"},
		"acc_2": {AccountID: "acc_2", Fee: 2.5, AccountTitle: "a@example.com", DomainTitle: "Government Agency"},
		"act_1": {AccountID: "acc_1"},
		"act_9": {AccountID: "act_9", Fee: 9},
	} {
		got, err := client.Networks.Get(ctx, id)
		require.NoError(t, err, id)
		assert.Equal(t, &want, got, id)
	}
	gone, err := client.Networks.Delete(ctx, made.AccountID)
	require.NoError(t, err)
	assert.Equal(t, &partnerapi.NetworkDeletion{ParentAccountID: "acc_1234567890", ChildAccountID: "acc_2"}, gone)
	_, err = client.Networks.Get(ctx, made.AccountID)
	require.ErrorIs(t, err, partnerapi.ErrNotFound)
}

// The parent of a network is the signed-in account.
func TestDeletedNetworkNamesTheParent(t *testing.T) {
	t.Parallel()
	f := partnertest.New()
	f.SeedAppUser(seededUser(partnerapi.AccountChoice{ID: "acc_9", Title: "Acme Bakery"}))
	f.SeedNetwork(partnerapi.Network{AccountID: "acc_1"})
	got := step{target: logIn, body: `{"username":"jdoe","password":"temp123"}`, header: authorized(startedJWT(t, f))}.send(t, f)
	require.Equal(t, 200, got.status)
	run(t, f, []step{{"delete", "DELETE /network/api/account/networks/acc_1", "", authorized("fake-jwt-2"), 200,
		`{"parent_account_id":"acc_9","child_account_id":"acc_1"}`}})
}

func TestInvalidNetworkRequests(t *testing.T) {
	t.Parallel()
	f := partnertest.New()
	f.SeedInvitation(partnerapi.Invitation{ID: "i", Email: "a@example.com"})
	f.SeedNetwork(partnerapi.Network{AccountID: "n"})
	for _, c := range []struct{ name, target, body, fields string }{
		{"nothing", invitations, `{}`, `{"email":"This value is required.","domain_id":"This value is required."}`},
		{"no body", invitations, "", `{"email":"This value is required.","domain_id":"This value is required."}`},
		{"unknown domain", invitations, `{"email":"a@example.com","domain_id":"dom_9"}`, `{"domain_id":"This value is not valid."}`},
		{"no number", invitations, `{"email":"a@example.com","domain_id":"dom_agency","fee_proposed":"2.5"}`, `{"fee_proposed":"This value is not valid."}`},
		{"not JSON", invitations, `email=a`, `[]`},
		{"no number", invitations + "/i", `{"fee_proposed":"x"}`, `{"fee_proposed":"This value is not valid."}`},
		{"not JSON", invitations + "/i", `email=a`, `[]`},
		{"no number", networks + "/n", `{"fee":{}}`, `{"fee":"This value is not valid."}`},
		{"not JSON", networks + "/n", `fee=1`, `[]`},
	} {
		run(t, f, []step{{c.name, "POST " + c.target, c.body, nil, 400, networkFailure("POST", 400, "Please check the values.", c.fields)}})
	}
	assert.Len(t, f.Invitations(), 1)
}

func TestUpdateNetwork(t *testing.T) {
	t.Parallel()
	f := partnertest.New()
	f.SeedNetwork(partnerapi.Network{AccountID: "n", Fee: 1})
	for _, c := range []struct {
		body string
		want float64
	}{{`{"fee":2.5}`, 2.5}, {`{"fee":""}`, 2.5}, {`{}`, 2.5}, {"", 2.5}, {`{"fee":0}`, 0}} {
		run(t, f, []step{{c.body, "POST " + networks + "/n", c.body, nil, 200, ""}})
		assert.InDelta(t, c.want, f.Networks()[0].Fee, 0, c.body)
	}
}

func TestPages(t *testing.T) {
	t.Parallel()
	f := partnertest.New()
	for i := range 203 {
		f.SeedNetwork(partnerapi.Network{AccountTitle: fmt.Sprintf("Account %d", i+1)})
	}
	client := f.Client()
	for _, c := range []struct {
		in                  partnerapi.ListOptions
		first, items, pages int
	}{
		{partnerapi.ListOptions{}, 1, 25, 9},
		{partnerapi.ListOptions{Page: 2}, 26, 25, 9},
		{partnerapi.ListOptions{Page: 9}, 201, 3, 9},
		{partnerapi.ListOptions{Page: 10}, 0, 0, 9},
		{partnerapi.ListOptions{Records: 100, Page: 3}, 201, 3, 3},
		{partnerapi.ListOptions{Records: 101, Page: 2}, 101, 100, 3},
		{partnerapi.ListOptions{Records: 203}, 1, 100, 3},
		{partnerapi.ListOptions{Page: math.MaxInt, Records: 100}, 0, 0, 3},
	} {
		page, err := client.Networks.List(t.Context(), c.in)
		require.NoError(t, err)
		assert.Equal(t, 203, page.Total, "%+v", c.in)
		assert.Equal(t, c.pages, page.Pages, "%+v", c.in)
		require.Len(t, page.Items, c.items, "%+v", c.in)
		for i, n := range page.Items {
			require.Equal(t, fmt.Sprintf("Account %d", c.first+i), n.AccountTitle)
		}
	}
	for _, query := range []string{"?page=x&records=y", "?page=-1&records=-1", "?page=0&records=0"} {
		got := decoded(t, step{target: "GET " + networks + query}.send(t, f).body)
		assert.Len(t, got["list"], 25, query)
	}
	seen := 0
	for n, err := range client.Networks.All(t.Context(), partnerapi.ListOptions{}) {
		require.NoError(t, err)
		seen++
		require.Equal(t, fmt.Sprintf("acc_%d", seen), n.AccountID)
	}
	assert.Equal(t, 203, seen)
}

func TestSearchAndFilter(t *testing.T) {
	t.Parallel()
	f := partnertest.New()
	f.SeedInvitation(partnerapi.Invitation{Email: "ann@acme.example"})
	f.SeedInvitation(partnerapi.Invitation{Email: "Bob@acme.example", Status: partnerapi.InvitationExpired})
	f.SeedInvitation(partnerapi.Invitation{Email: "cid@other.example"})
	f.SeedNetwork(partnerapi.Network{AccountTitle: "Acme Seafood"})
	for _, c := range []struct {
		query string
		want  []string
	}{
		{"", []string{"nwi_1", "nwi_2", "nwi_3"}},
		{"?search=ACME", []string{"nwi_1", "nwi_2"}},
		{"?search=bob@", []string{"nwi_2"}},
		{"?filter=pending", []string{"nwi_1", "nwi_3"}},
		{"?filter=expired", []string{"nwi_2"}},
		{"?filter=expired&search=ann", nil},
		{"?filter=unknown", nil},
	} {
		var got []string
		list, _ := decoded(t, step{target: "GET " + invitations + c.query}.send(t, f).body)["list"].([]any)
		for _, i := range list {
			got = append(got, fmt.Sprint(i.(map[string]any)["id"]))
		}
		assert.Equal(t, c.want, got, c.query)
	}
	page, err := f.Client().Networks.List(t.Context(), partnerapi.ListOptions{Search: "sea"})
	require.NoError(t, err)
	assert.Len(t, page.Items, 1)
	page, err = f.Client().Networks.List(t.Context(), partnerapi.ListOptions{Filter: "pending"})
	require.NoError(t, err)
	assert.Empty(t, page.Items)
}
