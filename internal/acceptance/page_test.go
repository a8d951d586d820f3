package acceptance

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"math"
	"net/http"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jarcoal/httpmock"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/partnerapi/partnerapi-go"
	"github.com/partnerapi/partnerapi-go/partnertest"
)

// listServer serves GET /account/networks: page returns a body, or nothing for a failure.
type listServer struct {
	mu       sync.Mutex
	requests []string
	page     func(page int) string
}

func (s *listServer) RoundTrip(req *http.Request) (*http.Response, error) {
	s.mu.Lock()
	s.requests = append(s.requests, req.URL.RawQuery)
	s.mu.Unlock()
	page, err := strconv.Atoi(req.URL.Query().Get("page"))
	if err != nil {
		return nil, err
	}
	body := s.page(page)
	if body == "" {
		return reply(500, ""), nil
	}
	return reply(200, body), nil
}

// listOf is a page of networks.
func listOf(pages, total int, ids ...string) string {
	items := make([]string, len(ids))
	for i, id := range ids {
		items[i] = `{"account_id":"` + id + `"}`
	}
	return fmt.Sprintf(`{"list":[%s],"total":%d,"pages":%d}`, strings.Join(items, ","), total, pages)
}

// accountIDs walks to the end, or to the error.
func accountIDs(walk iter.Seq2[partnerapi.Network, error]) (ids []string, err error) {
	for network, failed := range walk {
		if failed != nil {
			if network != (partnerapi.Network{}) {
				return ids, errors.New("a network beside an error")
			}
			return ids, failed
		}
		ids = append(ids, network.AccountID)
	}
	return ids, nil
}

func networksOf(t *testing.T, server *listServer, in partnerapi.ListOptions) iter.Seq2[partnerapi.Network, error] {
	t.Helper()
	return newTestClient(t, server).Networks.All(t.Context(), in, partnerapi.WithoutRetry())
}

func ids(from, to int) []string {
	var ids []string
	for i := from; i <= to; i++ {
		ids = append(ids, "acc_"+strconv.Itoa(i))
	}
	return ids
}

// The order of concurrent pages, and lists that end early or change, are tested in internal/walk.
func TestAllOfTheNetworks(t *testing.T) {
	t.Parallel()
	server := &listServer{page: func(page int) string { return listOf(30, 60, ids(2*page-1, 2*page)...) }}
	walk := networksOf(t, server, partnerapi.ListOptions{})
	got, err := accountIDs(walk)
	require.NoError(t, err)
	assert.Equal(t, ids(1, 60), got)
	assert.Equal(t, "page=1&records=100", server.requests[0])
	assert.Len(t, server.requests, 30, "each page once")
	again, err := accountIDs(walk)
	require.NoError(t, err)
	assert.Equal(t, got, again, "a walk can be walked again")
}

func TestAllSendsItsOptions(t *testing.T) {
	t.Parallel()
	server := &listServer{page: func(page int) string { return listOf(4, 0, ids(page, page)...) }}
	got, err := accountIDs(networksOf(t, server, partnerapi.ListOptions{Search: "acme & co", Filter: "x", Page: 3, Records: 7}))
	require.NoError(t, err)
	assert.Equal(t, ids(3, 4), got)
	assert.Equal(t, []string{
		"filter=x&page=3&records=7&search=acme+%26+co", "filter=x&page=4&records=7&search=acme+%26+co",
	}, server.requests)
}

// testdata/TRAPS.md: "go-querystring ignores `omitzero`." Zero values are not sent.
func TestListSendsItsOptions(t *testing.T) {
	t.Parallel()
	for query, in := range map[string]partnerapi.ListOptions{
		"":               {},
		"?page=2":        {Page: 2},
		"?records=7":     {Records: 7},
		"?search=%C3%BC": {Search: "ü"},
		"?filter=a":      {Filter: "a"},
	} {
		log := newTranscript(teapot)
		_, err := newTestClient(t, log).Networks.List(t.Context(), in)
		require.Error(t, err)
		_, err = newTestClient(t, log).Invitations.List(t.Context(), in)
		require.Error(t, err)
		assert.Equal(t, []string{"GET /account/networks" + query, "GET /account/network-invitations" + query}, log.requests)
	}
}

// The pages of a user interface, one request each.
func TestListsByNext(t *testing.T) {
	t.Parallel()
	fake := partnertest.New()
	for i := range 5 {
		fake.SeedNetwork(partnerapi.Network{AccountID: fmt.Sprint("acc_", i), AccountTitle: "Acme"})
		fake.SeedNetwork(partnerapi.Network{AccountTitle: "Example"})
	}
	client := fake.Client()
	var numbers, got []string
	for in := (partnerapi.ListOptions{Search: "Acme", Records: 2}); ; {
		page, err := client.Networks.List(t.Context(), in)
		require.NoError(t, err)
		for _, network := range page.Items {
			got = append(got, network.AccountID)
		}
		numbers = append(numbers, fmt.Sprintf("%d of %d, %d of %d records", page.Number, page.Pages, page.Records, page.Total))
		if !page.HasNext() {
			break
		}
		in = page.Next()
	}
	assert.Equal(t, []string{"acc_0", "acc_1", "acc_2", "acc_3", "acc_4"}, got)
	assert.Equal(t, []string{"1 of 3, 2 of 5 records", "2 of 3, 2 of 5 records", "3 of 3, 2 of 5 records"}, numbers)

	fake.SeedInvitation(partnerapi.Invitation{ID: "nwi_1", Status: partnerapi.InvitationExpired})
	fake.SeedInvitation(partnerapi.Invitation{ID: "nwi_2", Status: partnerapi.InvitationExpired})
	page, err := client.Invitations.List(t.Context(), partnerapi.ListOptions{Filter: "expired", Page: 2, Records: 1})
	require.NoError(t, err)
	assert.Equal(t, "nwi_2", page.Items[0].ID)
	assert.Equal(t, 2, page.Number)
	assert.False(t, page.HasNext())
}

// A page says what its request was, whatever the response says of it.
func TestPageOfRequest(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		in   partnerapi.ListOptions
		body string
		has  bool
		next partnerapi.ListOptions
	}{
		"the first page": {partnerapi.ListOptions{}, `{"list":[],"pages":2}`, true, partnerapi.ListOptions{Page: 2}},
		"all options": {
			partnerapi.ListOptions{Search: "acme & co", Filter: "x", Page: 3, Records: 7}, `{"list":[],"pages":4}`, true,
			partnerapi.ListOptions{Search: "acme & co", Filter: "x", Page: 4, Records: 7},
		},
		"the last page":  {partnerapi.ListOptions{Page: 2}, `{"list":[],"pages":2}`, false, partnerapi.ListOptions{Page: 3}},
		"beyond the end": {partnerapi.ListOptions{Page: 9}, `{"list":[],"pages":2}`, false, partnerapi.ListOptions{Page: 10}},
		"an empty list":  {partnerapi.ListOptions{}, `{"list":[],"pages":0}`, false, partnerapi.ListOptions{Page: 2}},
		"no pages":       {partnerapi.ListOptions{}, `{"list":[]}`, false, partnerapi.ListOptions{Page: 2}},
		"another echo": {
			partnerapi.ListOptions{Search: "acme"}, `{"list":[],"search":false,"filter":"all","page":7,"records":{},"request_page":8,"request_records":9,"pages":2}`, true,
			partnerapi.ListOptions{Search: "acme", Page: 2},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			mock := httpmock.NewMockTransport()
			mock.RegisterResponder(http.MethodGet, `=~^https://api\.backstack\.com/account/network`, httpmock.NewStringResponder(200, test.body))
			client := newTestClient(t, mock)
			networks, err := client.Networks.List(t.Context(), test.in)
			require.NoError(t, err)
			assert.Equal(t, test.has, networks.HasNext())
			assert.Equal(t, test.next, networks.Next())
			assert.Equal(t, test.next.Page-1, networks.Number)
			assert.Equal(t, test.in.Records, networks.Records)
			invitations, err := client.Invitations.List(t.Context(), test.in)
			require.NoError(t, err)
			assert.Equal(t, test.has, invitations.HasNext())
			assert.Equal(t, test.next, invitations.Next())
		})
	}
}

// A page in a cache has its next page too.
func TestPageAsJSON(t *testing.T) {
	t.Parallel()
	in := partnerapi.ListOptions{Search: "acme", Page: 2, Records: 1}
	page, err := newTestClient(t, always(200, listOf(3, 3, "acc_2"))).Networks.List(t.Context(), in)
	require.NoError(t, err)
	kept, err := json.Marshal(page)
	require.NoError(t, err)
	var again partnerapi.Page[partnerapi.Network]
	require.NoError(t, json.Unmarshal(kept, &again))
	assert.Equal(t, *page, again)
	assert.True(t, again.HasNext())
	assert.Equal(t, partnerapi.ListOptions{Search: "acme", Page: 3, Records: 1}, again.Next())
}

func TestListArgumentsRefused(t *testing.T) {
	t.Parallel()
	log := newTranscript(teapot)
	client := newTestClient(t, log)
	for _, test := range []struct {
		in        partnerapi.ListOptions
		name, why string
	}{
		{partnerapi.ListOptions{Page: -1}, "Page", "below zero"},
		{partnerapi.ListOptions{Page: math.MinInt}, "Page", "below zero"},
		{partnerapi.ListOptions{Records: -1}, "Records", "below zero"},
		{partnerapi.ListOptions{Search: "\xff"}, "Query", "not valid UTF-8"},
	} {
		page, err := client.Networks.List(t.Context(), test.in)
		assertRefused(t, err, test.name, test.why)
		assert.Nil(t, page)
		got, err := accountIDs(client.Networks.All(t.Context(), test.in))
		assertRefused(t, err, test.name, test.why)
		assert.Empty(t, got)
		for _, err := range client.Invitations.All(t.Context(), test.in) {
			assertRefused(t, err, test.name, test.why)
		}
	}
	var noContext context.Context
	_, err := accountIDs(client.Networks.All(noContext, partnerapi.ListOptions{}))
	assertRefused(t, err, "ctx", "nil")
	assert.Empty(t, log.requests)
}

// An absent or null number is unknown, not 0. A walk tells records that are missing from a list that ended.
func TestAllReadsTheNumbersOfAPage(t *testing.T) {
	t.Parallel()
	full := strings.Replace(listOf(0, 0, ids(1, 100)...), `,"total":0,"pages":0`, "", 1)
	const (
		one       = `{"account_id":"acc_1","fee_proposed":2,"fee_proposed_date":5}`
		fullPage  = "a full page of a list without numbers of records and pages"
		emptyPage = "an empty page of a list without numbers of records and pages"
	)
	tests := map[string]struct {
		in   partnerapi.ListOptions
		body string
		want []string
		why  string // empty if the walk ends without an error
	}{
		"as documented, with one record":  {partnerapi.ListOptions{}, fixture(t, "get-account-networks.ok"), []string{"acc_2345678901"}, "the list ended early: 1 of 25 records"},
		"not a full page":                 {partnerapi.ListOptions{}, `{"list":[` + one + `]}`, ids(1, 1), ""},
		"a full page as requested":        {partnerapi.ListOptions{Records: 1}, `{"list":[` + one + `]}`, ids(1, 1), fullPage},
		"a full page, and more requested": {partnerapi.ListOptions{Records: 500}, full, ids(1, 100), fullPage},
		"no pages":                        {partnerapi.ListOptions{}, `{"list":[` + one + `],"total":250}`, ids(1, 1), "a list without a number of pages"},
		"empty, no total":                 {partnerapi.ListOptions{}, `{"list":[],"pages":2}`, nil, "the list ended early: page 1 of 2 is empty"},
		"empty, no numbers":               {partnerapi.ListOptions{}, `{"list":[]}`, nil, emptyPage},
		"empty, nulls":                    {partnerapi.ListOptions{}, `{"list":[],"total":null,"pages":null}`, nil, emptyPage},
		"one page repeatedly":             {partnerapi.ListOptions{}, `{"list":[` + one + `],"pages":99}`, ids(1, 1), "a list that makes no progress: it repeats a page"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := &listServer{page: func(int) string { return test.body }}
			got, err := accountIDs(networksOf(t, server, test.in))
			assert.Equal(t, test.want, got)
			if test.why == "" {
				require.NoError(t, err)
				assert.Len(t, server.requests, 1)
				return
			}
			assertKinds(t, err, partnerapi.ErrBadResponse)
			require.ErrorContains(t, err, test.why)
		})
	}
}

func TestAllStopsAtAnError(t *testing.T) {
	t.Parallel()
	server := &listServer{page: func(page int) string {
		if page == 4 {
			return ""
		}
		return listOf(30, 30, ids(page, page)...)
	}}
	got, err := accountIDs(networksOf(t, server, partnerapi.ListOptions{}))
	assertKinds(t, err, partnerapi.ErrServer)
	assert.Equal(t, ids(1, 3), got, "what comes before the error is yielded")
}

func TestAllStopsWhenTheCallerDoes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server := &listServer{page: func(page int) string { return listOf(1000, 1000, ids(page, page)...) }}
		client := newTestClient(t, roundTripFunc(func(req *http.Request) (*http.Response, error) {
			resp, err := server.RoundTrip(req)
			if len(req.URL.Query().Get("page")) > 1 { // from page 10 on
				<-req.Context().Done()
				return nil, req.Context().Err()
			}
			return resp, err
		}))
		started := time.Now()
		n := 0
		for _, err := range client.Networks.All(t.Context(), partnerapi.ListOptions{}) {
			require.NoError(t, err)
			if n++; n == 5 {
				break
			}
		}
		assert.LessOrEqual(t, len(server.requests), 5+8)
		assert.Zero(t, time.Since(started), "the requests in flight are cancelled")

		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		got, err := accountIDs(client.Networks.All(ctx, partnerapi.ListOptions{}))
		require.ErrorIs(t, err, context.DeadlineExceeded)
		assert.Equal(t, ids(1, 9), got)
		assert.Equal(t, 10*time.Second, time.Since(started))
	})
}

// A panic of a hook reaches the caller's loop, where it can be recovered. So does a hook that ends its goroutine, as a test's
// FailNow does.
func TestAllHookPanics(t *testing.T) {
	t.Parallel()
	server := &listServer{page: func(page int) string { return listOf(1000, 1000, ids(page, page)...) }}
	walk := func(at3 func()) error {
		var seen atomic.Int64
		client := newTestClient(t, server, partnerapi.WithAttemptHook(func(context.Context, partnerapi.Attempt) {
			if seen.Add(1) == 3 {
				at3()
			}
		}))
		_, err := accountIDs(client.Networks.All(t.Context(), partnerapi.ListOptions{}))
		return err
	}
	assert.PanicsWithValue(t, "no such label", func() { _ = walk(func() { panic("no such label") }) })
	require.ErrorContains(t, walk(runtime.Goexit), "the call did not end")
}

func TestAllOfTheInvitations(t *testing.T) {
	t.Parallel()
	log := newTranscript(
		always(200, `{"list":[{"id":"nwi_1"}],"total":2,"pages":2}`), always(200, `{"list":[{"id":"nwi_2"}],"total":2,"pages":2}`))
	var got []partnerapi.Invitation
	for invitation, err := range newTestClient(t, log).Invitations.All(t.Context(), partnerapi.ListOptions{Filter: "pending"}) {
		require.NoError(t, err)
		got = append(got, invitation)
	}
	assert.Equal(t, []partnerapi.Invitation{{ID: "nwi_1"}, {ID: "nwi_2"}}, got)
	assert.Equal(t, []string{
		"GET /account/network-invitations?filter=pending&page=1&records=100",
		"GET /account/network-invitations?filter=pending&page=2&records=100",
	}, log.requests)
}
