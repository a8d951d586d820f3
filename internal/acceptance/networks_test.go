package acceptance

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

	"github.com/partnerapi/partnerapi-go"
)

func listDomains(ctx context.Context, c *partnerapi.Client) (any, error) {
	return c.Networks.Domains(ctx)
}

func getNetwork(ctx context.Context, c *partnerapi.Client) (any, error) {
	return c.Networks.Get(ctx, "acc_2345678901")
}

func listNetworks(ctx context.Context, c *partnerapi.Client) (any, error) {
	return c.Networks.List(ctx, partnerapi.ListOptions{})
}

func updateNetwork(ctx context.Context, c *partnerapi.Client) (any, error) {
	return nil, c.Networks.Update(ctx, "acc_2345678901", partnerapi.UpdateNetworkRequest{Fee: 1.5})
}

func deleteNetwork(ctx context.Context, c *partnerapi.Client) (any, error) {
	return c.Networks.Delete(ctx, "acc_2345678901")
}

var networkReplies = map[string]replyTest{
	"get-account-network-domains.ok": {
		status: 200, call: listDomains,
		want: []partnerapi.Domain{{ID: "dom_1234567890", Title: "Government Agency", Description: "Government agency account type"}},
	},
	"get-account-networks-child_account_id.ok": {
		status: 200, call: getNetwork,
		want: &partnerapi.Network{
			AccountID: "acc_2345678901", AccountTitle: "Acme Seafood", DomainTitle: "Wholesale Distributor",
			Fee: 1.5, FeeProposed: ptr(2.0),
			FeeProposedDate:   partnerapi.UnixTime{Time: time.Date(2361, time.March, 21, 19, 16, 20, 0, time.UTC)},
			ProposedAccountID: "acc_2345678901", ProposedUserID: "usr_1234567890",
		},
	},
	"get-account-networks.ok": {
		status: 200, call: listNetworks,
		want: &partnerapi.Page[partnerapi.Network]{
			Items: []partnerapi.Network{{
				AccountID: "acc_2345678901", AccountTitle: "Acme Seafood", DomainTitle: "Wholesale Distributor",
				Fee: 1.5, FeeProposed: ptr(2.0),
				FeeProposedDate: partnerapi.UnixTime{Time: time.Date(2009, time.February, 13, 23, 31, 30, 0, time.UTC)},
			}},
			Total: 25, Filters: []string{}, Pages: 1, Number: 1,
		},
	},
	"delete-api-account-networks-child_account_id.ok": {
		status: 200, call: deleteNetwork,
		want: &partnerapi.NetworkDeletion{ParentAccountID: "acc_1234567890", ChildAccountID: "acc_2345678901"},
	},
}

var networkRequests = map[string]requestTest{
	"post-account-networks-child_account_id.request": func(ctx context.Context, c *partnerapi.Client) error {
		_, err := updateNetwork(ctx, c)
		return err
	},
}

func TestNetworksUpdateSendsAFeeOfZero(t *testing.T) {
	t.Parallel()
	log := newTranscript(always(200, ""))
	require.NoError(t, newTestClient(t, log).Networks.Update(t.Context(), "acc_1", partnerapi.UpdateNetworkRequest{}))
	assert.Equal(t, []string{`{"fee":0}`}, log.bodies)
}

func TestNetworksUpdateRefusesNaNAndInfinity(t *testing.T) {
	t.Parallel()
	log := newTranscript(teapot)
	for _, fee := range []float64{math.NaN(), math.Inf(1)} {
		err := newTestClient(t, log).Networks.Update(t.Context(), "acc_1", partnerapi.UpdateNetworkRequest{Fee: fee})
		assertRefused(t, err, "Body", "NaN or infinite")
	}
	assert.Empty(t, log.requests)
}

// No response to an update is documented: any 2xx without a failure in its body is a success.
func TestNetworksUpdateResponses(t *testing.T) {
	t.Parallel()
	for body, status := range map[string]int{
		``: 204, ` `: 200, `{}`: 200, `[]`: 200, `null`: 200, `true`: 202, `{"fee":1.5}`: 200, `{"error":null}`: 200,
	} {
		_, err := updateNetwork(t.Context(), newTestClient(t, newTranscript(always(status, body))))
		require.NoError(t, err, body)
	}
	for _, body := range []string{`<html>`, `{`, `{} {}`} {
		_, err := updateNetwork(t.Context(), newTestClient(t, newTranscript(always(200, body))))
		assertKinds(t, err, partnerapi.ErrBadResponse)
	}
	_, err := updateNetwork(t.Context(), newTestClient(t, newTranscript(always(200, `{"error":{"code":404,"message":"No such network"}}`))))
	assertKinds(t, err, partnerapi.ErrNotFound)
}

func TestDomains(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		body string
		want []partnerapi.Domain
	}{
		"none":            {`[]`, []partnerapi.Domain{}},
		"by key":          {`[{"dom_1":{"title":"A","description":"a"}}]`, []partnerapi.Domain{{ID: "dom_1", Title: "A", Description: "a"}}},
		"flat":            {`[{"id":"dom_1","title":"A","description":"a"}]`, []partnerapi.Domain{{ID: "dom_1", Title: "A", Description: "a"}}},
		"both forms":      {`[{"dom_2":{"title":"B"}},{"id":"dom_1","title":"A"}]`, []partnerapi.Domain{{ID: "dom_2", Title: "B", Description: ""}, {ID: "dom_1", Title: "A", Description: ""}}},
		"one entry":       {`[{"dom_2":{"title":"B"},"dom_1":{"title":"A"}}]`, []partnerapi.Domain{{ID: "dom_1", Title: "A", Description: ""}, {ID: "dom_2", Title: "B", Description: ""}}},
		"more members":    {`[{"id":"dom_1","title":"A","fees":[1,2]},{"dom_2":{"title":"B","fees":{}}}]`, []partnerapi.Domain{{ID: "dom_1", Title: "A", Description: ""}, {ID: "dom_2", Title: "B", Description: ""}}},
		"nulls":           {`[{"id":"dom_1","title":null},{"dom_2":{"title":null,"description":null}}]`, []partnerapi.Domain{{ID: "dom_1"}, {ID: "dom_2"}}},
		"duplicates":      {`[{"dom_1":{"title":"A"}},{"id":"dom_1","title":"B"}]`, []partnerapi.Domain{{ID: "dom_1", Title: "A", Description: ""}, {ID: "dom_1", Title: "B", Description: ""}}},
		"id twice":        {`[{"dom_1":{"id":"1","title":"A"}}]`, []partnerapi.Domain{{ID: "dom_1", Title: "A", Description: ""}}},
		"an empty entry":  {`[{"dom_1":{}}]`, []partnerapi.Domain{{ID: "dom_1"}}},
		"a name as a key": {`[{"title":{"title":"A"}},{"id":{"description":"a"}}]`, []partnerapi.Domain{{ID: "title", Title: "A", Description: ""}, {ID: "id", Title: "", Description: "a"}}},
		"one key twice":   {`[{"dom_1":{"title":"A"},"dom_1":{"description":"a"}}]`, []partnerapi.Domain{{ID: "dom_1", Title: "", Description: "a"}}},
		"an id alone":     {`[{"id":"dom_1"}]`, []partnerapi.Domain{{ID: "dom_1"}}},
		"in capitals":     {`[{"ID":"dom_1","Title":"A"}]`, []partnerapi.Domain{{ID: "dom_1", Title: "A", Description: ""}}},
		"escapes":         {`[{"\u0069d":"dom_\u0031","title":"A"}]`, []partnerapi.Domain{{ID: "dom_1", Title: "A", Description: ""}}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := listDomains(t.Context(), newTestClient(t, newTranscript(always(200, test.body))))
			require.NoError(t, err)
			assert.Equal(t, test.want, got)
		})
	}
}

func TestDomainsBadResponses(t *testing.T) {
	t.Parallel()
	for _, body := range []string{
		``, `null`, `{}`, `"dom_1"`, `[1]`, `["dom_1"]`, `[[]]`, `[null]`, `{"dom_1":{"title":"A"}}`,
		`[{"title":"A"}]`, `[{"title":"A","description":"a"}]`, `[{"id":"","title":"A"}]`, `[{"id":null,"title":"A"}]`,
		`[{"id":7,"title":"A"}]`, `[{"dom_1":"A"}]`, `[{"dom_1":{"title":"A"},"title":"B"}]`, `[{"":{"title":"A"}}]`, `[{"dom_1":null}]`, `[{"dom_1":[]}]`, `[{"dom_1":{"title":7}}]`,
		`[] []`, `<html>`,
	} {
		t.Run(body, func(t *testing.T) {
			t.Parallel()
			got, err := listDomains(t.Context(), newTestClient(t, newTranscript(always(200, body))))
			assertKinds(t, err, partnerapi.ErrBadResponse)
			assert.Zero(t, got)
		})
	}
}

func TestNetworkSpellings(t *testing.T) {
	t.Parallel()
	at := partnerapi.UnixTime{Time: time.Date(2009, time.February, 13, 23, 31, 30, 0, time.UTC)}
	tests := map[string]struct {
		body string
		want partnerapi.Network
	}{
		"object":                {`{"account_id":"a","proposed_date":1234567890}`, partnerapi.Network{AccountID: "a", FeeProposedDate: at}},
		"list":                  {`{"account_id":"a","fee_proposed_date":1234567890}`, partnerapi.Network{AccountID: "a", FeeProposedDate: at}},
		"both":                  {`{"account_id":"a","proposed_date":1,"fee_proposed_date":1234567890}`, partnerapi.Network{AccountID: "a", FeeProposedDate: at}},
		"one null":              {`{"account_id":"a","proposed_date":1234567890,"fee_proposed_date":null}`, partnerapi.Network{AccountID: "a", FeeProposedDate: at}},
		"nothing proposed":      {`{"account_id":"a","fee":0,"fee_proposed":null,"proposed_date":null}`, partnerapi.Network{AccountID: "a"}},
		"a fee of 0 proposed":   {`{"account_id":"a","fee_proposed":0}`, partnerapi.Network{AccountID: "a", FeeProposed: ptr(0.0)}},
		"absent":                {`{"account_id":"a"}`, partnerapi.Network{AccountID: "a"}},
		"members of the future": {`{"account_id":"a","state":"new"}`, partnerapi.Network{AccountID: "a"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := getNetwork(t.Context(), newTestClient(t, newTranscript(always(200, test.body))))
			require.NoError(t, err)
			assert.Equal(t, &test.want, got)
			page, err := listNetworks(t.Context(), newTestClient(t, newTranscript(always(200, `{"list":[`+test.body+`]}`))))
			require.NoError(t, err)
			assert.Equal(t, &partnerapi.Page[partnerapi.Network]{Items: []partnerapi.Network{test.want}, Number: 1}, page)
		})
	}
}

// A network is marshalled in the form of a list.
func TestNetworkMarshalled(t *testing.T) {
	t.Parallel()
	body, err := json.Marshal(partnerapi.Network{
		AccountID: "a", Fee: 1.5, FeeProposed: ptr(2.0),
		FeeProposedDate: partnerapi.UnixTime{Time: time.Date(2009, time.February, 13, 23, 31, 30, 0, time.UTC)},
	})
	require.NoError(t, err)
	assert.JSONEq(t, `{"account_id":"a","account_title":"","domain_title":"","fee":1.5,"fee_proposed":2,"fee_proposed_date":1234567890}`, string(body))
}

func TestNetworkBodiesWithoutTheValue(t *testing.T) {
	t.Parallel()
	calls := map[string]func(context.Context, *partnerapi.Client) (any, error){
		"Get": getNetwork, "List": listNetworks, "Delete": deleteNetwork, "Activate": activateInvitation, "Invitations": listInvitations,
	}
	for name, call := range calls {
		for _, body := range []string{
			``, `null`, `{}`, `[]`, `"x"`, `{"list":null}`, `{"list":[null]}`, `{"list":{}}`, `{"list":[],"pages":"one"}`, `{"account_id":1,"parent_account_id":1,"list":1}`,
			`{"account_id":"a"`, `{"account_id":"a","parent_account_id":"a","list":[]} x`, `<html>`,
		} {
			t.Run(name+" "+body, func(t *testing.T) {
				t.Parallel()
				got, err := call(t.Context(), newTestClient(t, newTranscript(always(200, body))))
				assertKinds(t, err, partnerapi.ErrBadResponse)
				assert.Zero(t, got)
			})
		}
	}
}

func TestNetworksDeleteFallback(t *testing.T) {
	t.Parallel()
	const (
		documented = "DELETE /api/account/networks/acc%2F1"
		other      = "DELETE /account/networks/acc%2F1"
	)
	var (
		ok       = always(200, `{"parent_account_id":"acc_0","child_account_id":"acc/1"}`)
		noRoute  = always(404, `<h1>Not Found</h1>`)
		notFound = always(404, `{"error":{"type":"user","code":404,"message":"No such network","fields":[]}}`)
		down     = always(503, ``)
	)
	tests := map[string]struct {
		responses []roundTripFunc
		requests  []string
		kinds     []error
	}{
		"documented":                     {[]roundTripFunc{ok}, []string{documented}, nil},
		"no such network":                {[]roundTripFunc{notFound}, []string{documented}, []error{partnerapi.ErrNotFound}},
		"no such route":                  {[]roundTripFunc{noRoute, ok}, []string{documented, other}, nil},
		"no such route, empty":           {[]roundTripFunc{always(404, ``), ok}, []string{documented, other}, nil},
		"no such route, other JSON":      {[]roundTripFunc{always(404, `{"message":"no route"}`), ok}, []string{documented, other}, nil},
		"an error that is not an object": {[]roundTripFunc{always(404, `{"error":"Not Found"}`), ok}, []string{documented, other}, nil},
		"no such route, no network":      {[]roundTripFunc{noRoute, notFound}, []string{documented, other}, []error{partnerapi.ErrNotFound}},
		"no route at all":                {[]roundTripFunc{noRoute, noRoute}, []string{documented, other}, []error{partnerapi.ErrBadResponse}},
		"a bad response is final":        {[]roundTripFunc{always(200, `<html>`)}, []string{documented}, []error{partnerapi.ErrBadResponse}},
		"not allowed is final":           {[]roundTripFunc{always(405, ``)}, []string{documented}, []error{partnerapi.ErrInvalid, partnerapi.ErrBadResponse}},
		"outcome unknown": {
			[]roundTripFunc{down, noRoute, notFound}, []string{documented, documented, other}, []error{partnerapi.ErrNotFound, partnerapi.ErrOutcomeUnknown},
		},
		"outcome unknown on the other path": {
			[]roundTripFunc{noRoute, down, notFound}, []string{documented, other, other}, []error{partnerapi.ErrNotFound, partnerapi.ErrOutcomeUnknown},
		},
		"outcome known in the end": {[]roundTripFunc{down, noRoute, ok}, []string{documented, documented, other}, nil},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				log := newTranscript(test.responses...)
				got, err := newTestClient(t, log).Networks.Delete(t.Context(), "acc/1")
				assert.Equal(t, test.requests, log.requests)
				if test.kinds == nil {
					require.NoError(t, err)
					assert.Equal(t, &partnerapi.NetworkDeletion{ParentAccountID: "acc_0", ChildAccountID: "acc/1"}, got)
					return
				}
				assertKinds(t, err, test.kinds...)
				assert.Nil(t, got)
				var failed *partnerapi.Error
				require.ErrorAs(t, err, &failed)
				assert.Equal(t, "DELETE /api/account/networks/{child_account_id}", failed.Op)
			})
		})
	}
}

// A record without any member is a bad response.
func TestBlankRecords(t *testing.T) {
	t.Parallel()
	client := newTestClient(t, newTranscript(always(200, `{"list":[{}],"total":1,"pages":1}`)))
	_, err := client.Networks.List(t.Context(), partnerapi.ListOptions{})
	assertKinds(t, err, partnerapi.ErrBadResponse)
	client = newTestClient(t, newTranscript(always(200, `[{}]`)))
	_, err = client.Networks.Domains(t.Context())
	assertKinds(t, err, partnerapi.ErrBadResponse)
}

// Options are used by several pages concurrently, and by a caller's own goroutines.
func TestOptionsAreSharedByPages(t *testing.T) {
	t.Parallel()
	client := newTestClient(t, roundTripFunc(func(req *http.Request) (*http.Response, error) {
		assert.Equal(t, []string{"1"}, req.Header["X-Trace"])
		id := req.URL.Query().Get("page")
		return reply(200, `{"list":[{"account_id":"acc_`+id+`"}],"total":12,"pages":12}`), nil
	}))
	found := 0
	for _, err := range client.Networks.All(t.Context(), partnerapi.ListOptions{}, partnerapi.WithHeader("x-trace", "1")) {
		require.NoError(t, err)
		found++
	}
	assert.Equal(t, 12, found)
}

// An incomplete 404 does not prove that the route is missing.
func TestNetworksDeleteAfterAnIncomplete404(t *testing.T) {
	t.Parallel()
	var paths []string
	client := newTestClient(t, roundTripFunc(func(req *http.Request) (*http.Response, error) {
		paths = append(paths, req.URL.Path)
		return &http.Response{StatusCode: 404, Body: io.NopCloser(broken{})}, nil
	}))
	_, err := client.Networks.Delete(t.Context(), "acc_1", partnerapi.WithoutRetry())
	assertKinds(t, err, partnerapi.ErrBadResponse, partnerapi.ErrOutcomeUnknown)
	assert.Equal(t, []string{"/api/account/networks/acc_1"}, paths)
}
