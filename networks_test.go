package partnerapi

import (
	"context"
	"encoding/json"
	"io"
	"math"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func listDomains(ctx context.Context, c *Client) (any, error) {
	return c.Networks.Domains(ctx)
}

func getNetwork(ctx context.Context, c *Client) (any, error) {
	return c.Networks.Get(ctx, "acc_2345678901")
}

func listNetworks(ctx context.Context, c *Client) (any, error) {
	return c.Networks.List(ctx, ListOptions{})
}

func updateNetwork(ctx context.Context, c *Client) (any, error) {
	return nil, c.Networks.Update(ctx, "acc_2345678901", UpdateNetworkRequest{Fee: 1.5})
}

func deleteNetwork(ctx context.Context, c *Client) (any, error) {
	return c.Networks.Delete(ctx, "acc_2345678901")
}

var networkReplies = map[string]replyTest{
	"get-account-network-domains.ok": {
		status: 200, call: listDomains,
		want: []Domain{{ID: "dom_1234567890", Title: "Government Agency", Description: "Government agency account type"}},
	},
	"get-account-networks-child_account_id.ok": {
		status: 200, call: getNetwork,
		want: &Network{
			AccountID: "acc_2345678901", AccountTitle: "Acme Seafood", DomainTitle: "Wholesale Distributor",
			Fee: 1.5, FeeProposed: ptr(2.0),
			FeeProposedDate:   UnixTime{time.Date(2361, time.March, 21, 19, 16, 20, 0, time.UTC)},
			ProposedAccountID: "acc_2345678901", ProposedUserID: "usr_1234567890",
		},
	},
	"get-account-networks.ok": {
		status: 200, call: listNetworks,
		want: &Page[Network]{
			Items: []Network{{
				AccountID: "acc_2345678901", AccountTitle: "Acme Seafood", DomainTitle: "Wholesale Distributor",
				Fee: 1.5, FeeProposed: ptr(2.0),
				FeeProposedDate: UnixTime{time.Date(2009, time.February, 13, 23, 31, 30, 0, time.UTC)},
			}},
			Total: 25, Filters: []string{}, Pages: 1,
		},
	},
	"delete-api-account-networks-child_account_id.ok": {
		status: 200, call: deleteNetwork,
		want: &NetworkDeletion{ParentAccountID: "acc_1234567890", ChildAccountID: "acc_2345678901"},
	},
}

var networkRequests = map[string]requestTest{
	"post-account-networks-child_account_id.request": func(ctx context.Context, c *Client) error {
		_, err := updateNetwork(ctx, c)
		return err
	},
}

func TestNetworkReplies(t *testing.T) {
	t.Parallel()
	runReplies(t, networkReplies)
}

func TestNetworkRequests(t *testing.T) {
	t.Parallel()
	runRequests(t, networkRequests)
}

func TestUpdateNetworkSendsAFeeOfZero(t *testing.T) {
	t.Parallel()
	log := newTranscript(answerWith(200, ""))
	require.NoError(t, newTestClient(t, log).Networks.Update(t.Context(), "acc_1", UpdateNetworkRequest{}))
	assert.Equal(t, []string{`{"fee":0}`}, log.bodies)
}

func TestUpdateNetworkRefusesWhatJSONDoesNotHave(t *testing.T) {
	t.Parallel()
	log := newTranscript(teapot)
	for _, fee := range []float64{math.NaN(), math.Inf(1)} {
		err := newTestClient(t, log).Networks.Update(t.Context(), "acc_1", UpdateNetworkRequest{Fee: fee})
		assertRefused(t, err, "Body", "a number that JSON does not have")
	}
	assert.Empty(t, log.asked)
}

// No reply to an update is documented: any success without a failure in it is one.
func TestUpdateNetworkReplies(t *testing.T) {
	t.Parallel()
	for body, status := range map[string]int{
		``: 204, ` `: 200, `{}`: 200, `[]`: 200, `null`: 200, `true`: 202, `{"fee":1.5}`: 200, `{"error":null}`: 200,
	} {
		_, err := updateNetwork(t.Context(), newTestClient(t, newTranscript(answerWith(status, body))))
		require.NoError(t, err, body)
	}
	for _, body := range []string{`<html>`, `{`, `{} {}`} {
		_, err := updateNetwork(t.Context(), newTestClient(t, newTranscript(answerWith(200, body))))
		assertKinds(t, err, ErrBadResponse)
	}
	_, err := updateNetwork(t.Context(), newTestClient(t, newTranscript(answerWith(200, `{"error":{"code":404,"message":"No such network"}}`))))
	assertKinds(t, err, ErrNotFound)
}

func TestDomains(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		body string
		want []Domain
	}{
		"none":            {`[]`, []Domain{}},
		"by key":          {`[{"dom_1":{"title":"A","description":"a"}}]`, []Domain{{"dom_1", "A", "a"}}},
		"flat":            {`[{"id":"dom_1","title":"A","description":"a"}]`, []Domain{{"dom_1", "A", "a"}}},
		"both forms":      {`[{"dom_2":{"title":"B"}},{"id":"dom_1","title":"A"}]`, []Domain{{"dom_2", "B", ""}, {"dom_1", "A", ""}}},
		"one entry":       {`[{"dom_2":{"title":"B"},"dom_1":{"title":"A"}}]`, []Domain{{"dom_1", "A", ""}, {"dom_2", "B", ""}}},
		"more members":    {`[{"id":"dom_1","title":"A","fees":[1,2]},{"dom_2":{"title":"B","fees":{}}}]`, []Domain{{"dom_1", "A", ""}, {"dom_2", "B", ""}}},
		"nulls":           {`[{"id":"dom_1","title":null},{"dom_2":{"title":null,"description":null}}]`, []Domain{{ID: "dom_1"}, {ID: "dom_2"}}},
		"duplicates":      {`[{"dom_1":{"title":"A"}},{"id":"dom_1","title":"B"}]`, []Domain{{"dom_1", "A", ""}, {"dom_1", "B", ""}}},
		"id twice":        {`[{"dom_1":{"id":"1","title":"A"}}]`, []Domain{{"dom_1", "A", ""}}},
		"an empty entry":  {`[{"dom_1":{}}]`, []Domain{{ID: "dom_1"}}},
		"a name as a key": {`[{"title":{"title":"A"}},{"id":{"description":"a"}}]`, []Domain{{"title", "A", ""}, {"id", "", "a"}}},
		"one key twice":   {`[{"dom_1":{"title":"A"},"dom_1":{"description":"a"}}]`, []Domain{{"dom_1", "", "a"}}},
		"an id alone":     {`[{"id":"dom_1"}]`, []Domain{{ID: "dom_1"}}},
		"in capitals":     {`[{"ID":"dom_1","Title":"A"}]`, []Domain{{"dom_1", "A", ""}}},
		"escapes":         {`[{"\u0069d":"dom_\u0031","title":"A"}]`, []Domain{{"dom_1", "A", ""}}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := listDomains(t.Context(), newTestClient(t, newTranscript(answerWith(200, test.body))))
			require.NoError(t, err)
			assert.Equal(t, test.want, got)
		})
	}
}

func TestDomainsThatAreNone(t *testing.T) {
	t.Parallel()
	for _, body := range []string{
		``, `null`, `{}`, `"dom_1"`, `[1]`, `["dom_1"]`, `[[]]`, `[null]`, `{"dom_1":{"title":"A"}}`,
		`[{"title":"A"}]`, `[{"title":"A","description":"a"}]`, `[{"id":"","title":"A"}]`, `[{"id":null,"title":"A"}]`,
		`[{"id":7,"title":"A"}]`, `[{"dom_1":"A"}]`, `[{"dom_1":{"title":"A"},"title":"B"}]`, `[{"":{"title":"A"}}]`, `[{"dom_1":null}]`, `[{"dom_1":[]}]`, `[{"dom_1":{"title":7}}]`,
		`[] []`, `<html>`,
	} {
		t.Run(body, func(t *testing.T) {
			t.Parallel()
			got, err := listDomains(t.Context(), newTestClient(t, newTranscript(answerWith(200, body))))
			assertKinds(t, err, ErrBadResponse)
			assert.Zero(t, got)
		})
	}
}

func TestNetworkSpellings(t *testing.T) {
	t.Parallel()
	at := UnixTime{time.Date(2009, time.February, 13, 23, 31, 30, 0, time.UTC)}
	tests := map[string]struct {
		body string
		want Network
	}{
		"object":                {`{"account_id":"a","proposed_date":1234567890}`, Network{AccountID: "a", FeeProposedDate: at}},
		"list":                  {`{"account_id":"a","fee_proposed_date":1234567890}`, Network{AccountID: "a", FeeProposedDate: at}},
		"both":                  {`{"account_id":"a","proposed_date":1,"fee_proposed_date":1234567890}`, Network{AccountID: "a", FeeProposedDate: at}},
		"one null":              {`{"account_id":"a","proposed_date":1234567890,"fee_proposed_date":null}`, Network{AccountID: "a", FeeProposedDate: at}},
		"nothing proposed":      {`{"account_id":"a","fee":0,"fee_proposed":null,"proposed_date":null}`, Network{AccountID: "a"}},
		"a fee of 0 proposed":   {`{"account_id":"a","fee_proposed":0}`, Network{AccountID: "a", FeeProposed: ptr(0.0)}},
		"absent":                {`{"account_id":"a"}`, Network{AccountID: "a"}},
		"members of the future": {`{"account_id":"a","state":"new"}`, Network{AccountID: "a"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := getNetwork(t.Context(), newTestClient(t, newTranscript(answerWith(200, test.body))))
			require.NoError(t, err)
			assert.Equal(t, &test.want, got)
			page, err := listNetworks(t.Context(), newTestClient(t, newTranscript(answerWith(200, `{"list":[`+test.body+`]}`))))
			require.NoError(t, err)
			assert.Equal(t, &Page[Network]{Items: []Network{test.want}}, page)
		})
	}
}

// A network is written as a list has it, and can be read again.
func TestNetworkRoundTrip(t *testing.T) {
	t.Parallel()
	body, err := json.Marshal(Network{
		AccountID: "a", Fee: 1.5, FeeProposed: ptr(2.0),
		FeeProposedDate: UnixTime{time.Date(2009, time.February, 13, 23, 31, 30, 0, time.UTC)},
	})
	require.NoError(t, err)
	assert.JSONEq(t, `{"account_id":"a","account_title":"","domain_title":"","fee":1.5,"fee_proposed":2,"fee_proposed_date":1234567890}`, string(body))
}

func TestNetworkBodiesWithoutTheValue(t *testing.T) {
	t.Parallel()
	calls := map[string]func(context.Context, *Client) (any, error){
		"Get": getNetwork, "List": listNetworks, "Delete": deleteNetwork, "Activate": activateInvitation, "Invitations": listInvitations,
	}
	for name, call := range calls {
		for _, body := range []string{
			``, `null`, `{}`, `[]`, `"x"`, `{"list":null}`, `{"list":[null]}`, `{"list":{}}`, `{"list":[],"pages":"one"}`, `{"account_id":1,"parent_account_id":1,"list":1}`,
			`{"account_id":"a"`, `{"account_id":"a","parent_account_id":"a","list":[]} x`, `<html>`,
		} {
			t.Run(name+" "+body, func(t *testing.T) {
				t.Parallel()
				got, err := call(t.Context(), newTestClient(t, newTranscript(answerWith(200, body))))
				assertKinds(t, err, ErrBadResponse)
				assert.Zero(t, got)
			})
		}
	}
}

func TestDeleteNetworkFallback(t *testing.T) {
	t.Parallel()
	const (
		documented = "DELETE /api/account/networks/acc%2F1"
		other      = "DELETE /account/networks/acc%2F1"
	)
	var (
		ok       = answerWith(200, `{"parent_account_id":"acc_0","child_account_id":"acc/1"}`)
		noRoute  = answerWith(404, `<h1>Not Found</h1>`)
		notFound = answerWith(404, `{"error":{"type":"user","code":404,"message":"No such network","fields":[]}}`)
		down     = answerWith(503, ``)
	)
	tests := map[string]struct {
		answers []canned
		asked   []string
		kinds   []error
	}{
		"documented":                 {[]canned{ok}, []string{documented}, nil},
		"no such network":            {[]canned{notFound}, []string{documented}, []error{ErrNotFound}},
		"no such route":              {[]canned{noRoute, ok}, []string{documented, other}, nil},
		"no such route, empty":       {[]canned{answerWith(404, ``), ok}, []string{documented, other}, nil},
		"no such route, other JSON":  {[]canned{answerWith(404, `{"message":"no route"}`), ok}, []string{documented, other}, nil},
		"an error that is no object": {[]canned{answerWith(404, `{"error":"Not Found"}`), ok}, []string{documented, other}, nil},
		"no such route, no network":  {[]canned{noRoute, notFound}, []string{documented, other}, []error{ErrNotFound}},
		"no route at all":            {[]canned{noRoute, noRoute}, []string{documented, other}, []error{ErrBadResponse}},
		"a bad reply is final":       {[]canned{answerWith(200, `<html>`)}, []string{documented}, []error{ErrBadResponse}},
		"not allowed is final":       {[]canned{answerWith(405, ``)}, []string{documented}, []error{ErrInvalid, ErrBadResponse}},
		"doubt goes along": {
			[]canned{down, noRoute, notFound}, []string{documented, documented, other}, []error{ErrNotFound, ErrOutcomeUnknown},
		},
		"doubt on the other path": {
			[]canned{noRoute, down, notFound}, []string{documented, other, other}, []error{ErrNotFound, ErrOutcomeUnknown},
		},
		"doubt in vain": {[]canned{down, noRoute, ok}, []string{documented, documented, other}, nil},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				log := newTranscript(test.answers...)
				got, err := newTestClient(t, log).Networks.Delete(t.Context(), "acc/1")
				assert.Equal(t, test.asked, log.asked)
				if test.kinds == nil {
					require.NoError(t, err)
					assert.Equal(t, &NetworkDeletion{"acc_0", "acc/1"}, got)
					return
				}
				assertKinds(t, err, test.kinds...)
				assert.Nil(t, got)
				var failed *Error
				require.ErrorAs(t, err, &failed)
				assert.Equal(t, "DELETE /api/account/networks/{child_account_id}", failed.Op)
			})
		})
	}
}

// A record of which nothing is known is none.
func TestBlankRecords(t *testing.T) {
	t.Parallel()
	client := newTestClient(t, newTranscript(answerWith(200, `{"list":[{}],"total":1,"pages":1}`)))
	_, err := client.Networks.List(t.Context(), ListOptions{})
	assertKinds(t, err, ErrBadResponse)
	client = newTestClient(t, newTranscript(answerWith(200, `[{}]`)))
	_, err = client.Networks.Domains(t.Context())
	assertKinds(t, err, ErrBadResponse)
}

// A list that is longer than a page and does not say how many pages it has would be cut off in silence.
func TestAllWithoutPages(t *testing.T) {
	t.Parallel()
	client := newTestClient(t, newTranscript(answerWith(200, `{"list":[{"account_id":"acc_1"}],"total":250}`)))
	var got []Network
	var failed error
	for n, err := range client.Networks.All(t.Context(), ListOptions{}) {
		got, failed = append(got, n), err
	}
	assertKinds(t, failed, ErrBadResponse)
	assert.Equal(t, []Network{{AccountID: "acc_1"}, {}}, got)
}

// Options are used by several pages at once, and by a caller's own goroutines.
func TestOptionsAreSharedByPages(t *testing.T) {
	t.Parallel()
	client := newTestClient(t, roundTripFunc(func(req *http.Request) (*http.Response, error) {
		assert.Equal(t, []string{"1"}, req.Header["X-Trace"])
		id := req.URL.Query().Get("page")
		return reply(200, `{"list":[{"account_id":"acc_`+id+`"}],"total":12,"pages":12}`), nil
	}))
	found := 0
	for _, err := range client.Networks.All(t.Context(), ListOptions{}, WithHeader("x-trace", "1")) {
		require.NoError(t, err)
		found++
	}
	assert.Equal(t, 12, found)
}

// A 404 that is cut does not say that there is no such route.
func TestDeleteNetworkAfterHalfA404(t *testing.T) {
	t.Parallel()
	var asked []string
	client := newTestClient(t, roundTripFunc(func(req *http.Request) (*http.Response, error) {
		asked = append(asked, req.URL.Path)
		return &http.Response{StatusCode: 404, Body: io.NopCloser(broken{})}, nil
	}))
	_, err := client.Networks.Delete(t.Context(), "acc_1", WithoutRetry())
	assertKinds(t, err, ErrBadResponse, ErrOutcomeUnknown)
	assert.Equal(t, []string{"/api/account/networks/acc_1"}, asked)
}
