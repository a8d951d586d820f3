package partnerapi

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math"
	"math/rand/v2"
	"net/http"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// listServer answers GET /account/networks. It counts what is on its way at once.
type listServer struct {
	mu       sync.Mutex
	asked    []string
	inFlight atomic.Int32
	most     atomic.Int32
	page     func(page int) string
	delay    func(page int) time.Duration
}

func (s *listServer) RoundTrip(req *http.Request) (*http.Response, error) {
	now := s.inFlight.Add(1)
	defer s.inFlight.Add(-1)
	for most := s.most.Load(); now > most && !s.most.CompareAndSwap(most, now); most = s.most.Load() {
		continue
	}
	s.mu.Lock()
	s.asked = append(s.asked, req.URL.RawQuery)
	s.mu.Unlock()
	page, err := strconv.Atoi(req.URL.Query().Get("page"))
	if err != nil {
		return nil, err
	}
	if s.delay != nil {
		select {
		case <-time.After(s.delay(page)):
		case <-req.Context().Done():
			return nil, req.Context().Err()
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	body := s.page(page)
	if strings.HasPrefix(body, "5") {
		return reply(500, body), nil
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

// collect walks to the end, or to the error.
func collect(walk iter.Seq2[Network, error]) (ids []string, err error) {
	for network, failed := range walk {
		if failed != nil {
			if network != (Network{}) {
				return ids, errors.Join(failed, errors.New("a network besides an error"))
			}
			return ids, failed
		}
		ids = append(ids, network.AccountID)
	}
	return ids, nil
}

func networksOf(t *testing.T, server *listServer, in ListOptions) iter.Seq2[Network, error] {
	t.Helper()
	return newTestClient(t, server).Networks.All(t.Context(), in, WithoutRetry())
}

func ids(from, to int) []string {
	var ids []string
	for i := from; i <= to; i++ {
		ids = append(ids, "acc_"+strconv.Itoa(i))
	}
	return ids
}

func TestAllYieldsInOrder(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server := &listServer{
			page: func(page int) string { return listOf(30, 60, ids(2*page-1, 2*page)...) },
			// What is asked for later comes earlier.
			delay: func(page int) time.Duration { return time.Duration(100-page) * time.Millisecond },
		}
		walk := networksOf(t, server, ListOptions{})
		got, err := collect(walk)
		require.NoError(t, err)
		assert.Equal(t, ids(1, 60), got)
		assert.Equal(t, "page=1&records=100", server.asked[0])
		assert.Len(t, server.asked, 30, "each page once")
		assert.EqualValues(t, 8, server.most.Load())
		again, err := collect(walk)
		require.NoError(t, err)
		assert.Equal(t, got, again, "a walk can be walked again")
	})
}

func TestAllFetchesTheFirstPageAlone(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server := &listServer{
			page:  func(page int) string { return listOf(30, 30, ids(page, page)...) },
			delay: func(int) time.Duration { return time.Second },
		}
		started := time.Now()
		next, stop := iter.Pull2(networksOf(t, server, ListOptions{}))
		defer stop()
		_, err, ok := next()
		require.True(t, ok)
		require.NoError(t, err)
		assert.Equal(t, time.Second, time.Since(started))
		assert.Equal(t, []string{"page=1&records=100"}, server.asked)
		_, err, ok = next()
		require.True(t, ok)
		require.NoError(t, err)
		synctest.Wait()
		assert.Equal(t, 2*time.Second, time.Since(started))
		assert.Len(t, server.asked, 9, "and then eight pages ahead")
	})
}

func TestAllSendsItsOptions(t *testing.T) {
	t.Parallel()
	server := &listServer{page: func(page int) string { return listOf(4, 0, ids(page, page)...) }}
	got, err := collect(networksOf(t, server, ListOptions{Search: "acme & co", Filter: "x", Page: 3, Records: 7}))
	require.NoError(t, err)
	assert.Equal(t, ids(3, 4), got)
	assert.Equal(t, []string{
		"filter=x&page=3&records=7&search=acme+%26+co", "filter=x&page=4&records=7&search=acme+%26+co",
	}, server.asked)
}

// TRAPS: "go-querystring ignores omitzero": what is zero is not sent.
func TestListSendsItsOptions(t *testing.T) {
	t.Parallel()
	for query, in := range map[string]ListOptions{
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
		assert.Equal(t, []string{"GET /account/networks" + query, "GET /account/network-invitations" + query}, log.asked)
	}
}

func TestListsRefuse(t *testing.T) {
	t.Parallel()
	log := newTranscript(teapot)
	client := newTestClient(t, log)
	for _, test := range []struct {
		in        ListOptions
		name, why string
	}{
		{ListOptions{Page: -1}, "Page", "below zero"},
		{ListOptions{Page: math.MinInt}, "Page", "below zero"},
		{ListOptions{Records: -1}, "Records", "below zero"},
		{ListOptions{Search: "\xff"}, "Query", "not valid UTF-8"},
	} {
		page, err := client.Networks.List(t.Context(), test.in)
		assertRefused(t, err, test.name, test.why)
		assert.Nil(t, page)
		got, err := collect(client.Networks.All(t.Context(), test.in))
		assertRefused(t, err, test.name, test.why)
		assert.Empty(t, got)
		for _, err := range client.Invitations.All(t.Context(), test.in) {
			assertRefused(t, err, test.name, test.why)
		}
	}
	var nobody context.Context
	_, err := collect(client.Networks.All(nobody, ListOptions{}))
	assertRefused(t, err, "ctx", "nil")
	assert.Empty(t, log.asked)
}

func TestAllEnds(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		page  func(page int) string
		want  []string
		asked int
	}{
		"empty":              {func(int) string { return listOf(0, 0) }, nil, 1},
		"empty, of one page": {func(int) string { return listOf(1, 0) }, nil, 1},
		"empty, no pages":    {func(int) string { return `{"list":[],"total":0}` }, nil, 1},
		"one page":           {func(int) string { return listOf(1, 2, ids(1, 2)...) }, ids(1, 2), 1},
		"no pages":           {func(int) string { return `{"list":[{"account_id":"acc_1"}]}` }, ids(1, 1), 1},
		"pages null":         {func(int) string { return `{"list":[{"account_id":"acc_1"}],"total":null,"pages":null}` }, ids(1, 1), 1},
		"pages below zero":   {func(int) string { return listOf(-1, -1, ids(1, 1)...) }, ids(1, 1), 1},
		"a full page, a total": {func(int) string {
			return strings.Replace(listOf(0, 100, ids(1, 100)...), `,"pages":0`, "", 1)
		}, ids(1, 100), 1},
		"a full page, pages":                      {func(int) string { return strings.Replace(listOf(1, 0, ids(1, 100)...), `"total":0,`, "", 1) }, ids(1, 100), 1},
		"almost a full page":                      {func(int) string { return listOf(-1, -1, ids(1, 99)...) }, ids(1, 99), 1},
		"a total that is seen, and an empty page": {func(page int) string { return listOf(2, 1, ids(page, 1)...) }, ids(1, 1), 2},
		"pages that ended, and an empty page": {func(page int) string {
			return []string{listOf(2, 2, "acc_1"), listOf(1, 1), ""}[page-1]
		}, ids(1, 1), 2},
		"all removed, and an empty page": {func(page int) string {
			return []string{listOf(2, 2, "acc_1"), listOf(0, 0), ""}[page-1]
		}, ids(1, 1), 2},
		"only the first page counts": {func(page int) string {
			return []string{listOf(3, 3, "acc_1"), `{"list":[{"account_id":"acc_2"}]}`, `{"list":[{"account_id":"acc_3"}]}`}[page-1]
		}, ids(1, 3), 3},
		"a total that grows":   {func(page int) string { return listOf(3, 9+page, ids(4*page-3, 4*page)...) }, ids(1, 12), 3},
		"a total that shrinks": {func(page int) string { return listOf(3, 9/page, ids(page, page)...) }, ids(1, 3), 3},
		"pages that grow":      {func(page int) string { return listOf(min(page+1, 5), page, ids(page, page)...) }, ids(1, 5), 5},
		"a total of less":      {func(page int) string { return listOf(3, 1, ids(page, page)...) }, ids(1, 3), 3},
		"one item repeated": {func(page int) string { return listOf(3, 6, "acc_1", "acc_"+strconv.Itoa(page+1)) },
			[]string{"acc_1", "acc_2", "acc_1", "acc_3", "acc_1", "acc_4"}, 3},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := &listServer{page: test.page}
			got, err := collect(networksOf(t, server, ListOptions{}))
			require.NoError(t, err)
			assert.Equal(t, test.want, got)
			assert.Len(t, server.asked, test.asked)
		})
	}
}

// The walk fails, after the records that came, if the list says that there are more.
func TestAllOfAListThatEndsEarly(t *testing.T) {
	t.Parallel()
	bare := func(from, to int) string {
		return strings.Replace(listOf(0, 0, ids(from, to)...), `,"total":0,"pages":0`, "", 1)
	}
	const (
		early  = "network: GET /account/networks: 200 OK: bad response; the list ended early: "
		empty  = "network: GET /account/networks: 200 OK: bad response; an empty page of a list that says neither how many records nor how many pages it has"
		silent = "network: GET /account/networks: 200 OK: bad response; a full page of a list that says neither how many records nor how many pages it has"
	)
	tests := map[string]struct {
		in    ListOptions
		pages []string // and then none is answered
		want  []string
		why   string
	}{
		"an empty page":                       {ListOptions{}, []string{listOf(3, 2, "acc_1"), listOf(3, 2)}, ids(1, 1), early + "1 of 2 records"},
		"an empty last page":                  {ListOptions{}, []string{listOf(2, 2, "acc_1"), listOf(2, 2)}, ids(1, 1), early + "1 of 2 records"},
		"an empty first page":                 {ListOptions{}, []string{listOf(9, 25)}, nil, early + "0 of 25 records"},
		"empty, and of no pages":              {ListOptions{}, []string{listOf(0, 25)}, nil, early + "0 of 25 records"},
		"empty, no total":                     {ListOptions{}, []string{`{"list":[],"pages":2}`}, nil, early + "page 1 of 2 is empty"},
		"empty, one page, no total":           {ListOptions{}, []string{`{"list":[],"pages":1}`}, nil, early + "page 1 of 1 is empty"},
		"empty, nothing said":                 {ListOptions{}, []string{`{"list":[]}`}, nil, empty},
		"empty, nulls":                        {ListOptions{}, []string{`{"list":[],"total":null,"pages":null}`}, nil, empty},
		"an empty page, no total":             {ListOptions{}, []string{`{"list":[{"account_id":"acc_1"}],"pages":3}`, `{"list":[],"pages":3}`}, ids(1, 1), early + "page 2 of 3 is empty"},
		"an empty page that says nothing":     {ListOptions{}, []string{listOf(3, 2, "acc_1"), `{"list":[]}`}, ids(1, 1), early + "1 of 2 records"},
		"an empty page that says null":        {ListOptions{}, []string{listOf(3, 2, "acc_1"), `{"list":[],"total":null,"pages":null}`}, ids(1, 1), early + "1 of 2 records"},
		"an empty page that says nothing new": {ListOptions{}, []string{`{"list":[{"account_id":"acc_1"}],"pages":2}`, `{"list":[]}`}, ids(1, 1), early + "page 2 of 2 is empty"},
		"one page of three":                   {ListOptions{}, []string{listOf(1, 300, ids(1, 100)...)}, ids(1, 100), early + "100 of 300 records"},
		"one record too few":                  {ListOptions{}, []string{listOf(2, 4, ids(1, 2)...), listOf(2, 4, "acc_3")}, ids(1, 3), early + "3 of 4 records"},
		"fewer pages, and the same total":     {ListOptions{}, []string{listOf(3, 3, "acc_1"), listOf(2, 3, "acc_2")}, ids(1, 2), early + "2 of 3 records"},
		"as documented, with one record":      {ListOptions{}, []string{fixture(t, "get-account-networks.ok")}, []string{"acc_2345678901"}, early + "1 of 25 records"},
		"no pages":                            {ListOptions{}, []string{`{"list":[{"account_id":"acc_1"}],"total":250}`}, ids(1, 1), "network: GET /account/networks: 200 OK: bad response; a list that does not say how many pages it has"},
		"a full page":                         {ListOptions{}, []string{bare(1, 100)}, ids(1, 100), silent},
		"a full page of zeros":                {ListOptions{}, []string{listOf(0, 0, ids(1, 100)...)}, ids(1, 100), silent},
		"a full page as asked":                {ListOptions{Records: 2}, []string{bare(1, 2)}, ids(1, 2), silent},
		"a full page, and more asked":         {ListOptions{Records: 500}, []string{bare(1, 100)}, ids(1, 100), silent},
		"absurd counts":                       {ListOptions{}, []string{listOf(math.MaxInt, math.MaxInt, "acc_1"), listOf(math.MaxInt, math.MaxInt)}, ids(1, 1), early + "1 of " + strconv.Itoa(math.MaxInt) + " records"},
		"from a page in the middle":           {ListOptions{Page: 2}, []string{"", listOf(3, 9, ids(4, 6)...), listOf(3, 9, ids(7, 8)...)}, ids(4, 8), early + "8 of 9 records"},
		"from the last page":                  {ListOptions{Page: 3}, []string{"", "", listOf(3, 900, ids(201, 300)...)}, ids(201, 300), early + "300 of 900 records"},
		"from an empty page":                  {ListOptions{Page: 2}, []string{"", listOf(3, 250)}, nil, early + "100 of 250 records"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := &listServer{page: func(page int) string {
				if page > len(test.pages) {
					return "500"
				}
				return test.pages[page-1]
			}}
			got, err := collect(networksOf(t, server, test.in))
			assertKinds(t, err, ErrBadResponse)
			require.EqualError(t, err, test.why)
			assert.Equal(t, test.want, got)
		})
	}
}

// A walk that begins behind the first page has not seen the records before it.
func TestAllFromALaterPage(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		in   ListOptions
		body string
		want []string
	}{
		"the last page":                  {ListOptions{Page: 3}, listOf(3, 250, ids(201, 250)...), ids(201, 250)},
		"the last page of more than 100": {ListOptions{Page: 2, Records: 500}, listOf(2, 700, ids(501, 700)...), ids(501, 700)},
		"the last page of fewer":         {ListOptions{Page: 3, Records: 500}, listOf(3, 250, ids(201, 250)...), ids(201, 250)},
		"behind the last":                {ListOptions{Page: 9}, listOf(3, 250), nil},
		"far behind the last":            {ListOptions{Page: math.MaxInt}, listOf(3, 250), nil},
		"behind the last of many":        {ListOptions{Page: 9, Records: 1}, listOf(3, 250), nil},
		"behind the last of none":        {ListOptions{Page: 9}, listOf(0, 0), nil},
		"the last again":                 {ListOptions{Page: 9}, listOf(3, 250, ids(201, 250)...), ids(201, 250)},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := &listServer{page: func(int) string { return test.body }}
			got, err := collect(networksOf(t, server, test.in))
			require.NoError(t, err)
			assert.Equal(t, test.want, got)
			assert.Len(t, server.asked, 1)
		})
	}
}

// Pages that are on their way when a page says that it is the last do not matter any more, and neither do their errors.
func TestAllOfFewerPages(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		page func(page int) string
		want []string
	}{
		"two of three":          {func(page int) string { return []string{listOf(3, 2, "acc_1"), listOf(2, 2, "acc_2"), "5"}[page-1] }, ids(1, 2)},
		"two of three, removed": {func(page int) string { return []string{listOf(3, 3, "acc_1"), listOf(2, 2, "acc_2"), "5"}[page-1] }, ids(1, 2)},
		"two of three, no total": {func(page int) string {
			return []string{`{"list":[{"account_id":"acc_1"}],"total":3,"pages":3}`, `{"list":[{"account_id":"acc_2"}],"pages":2}`, "5"}[page-1]
		}, ids(1, 2)},
		"two of a thousand": {func(page int) string {
			if page > 2 {
				return "5"
			}
			return listOf(1000/(1+499*(page-1)), 2, ids(page, page)...)
		}, ids(1, 2)},
		"fewer, then more": {func(page int) string {
			return listOf([]int{8, 6, 4, 8, 6, 6}[page-1], 6, ids(page, page)...)
		}, ids(1, 6)},
		"fewer than came": {func(page int) string { return []string{listOf(3, 2, "acc_1"), listOf(1, 2, "acc_2"), "5"}[page-1] }, ids(1, 2)},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			// synctest.Test fails if a goroutine is left.
			synctest.Test(t, func(t *testing.T) {
				server := &listServer{
					page: func(page int) string {
						if page > 6 {
							return "5"
						}
						return test.page(page)
					},
					delay: func(page int) time.Duration {
						if page > len(test.want) {
							return time.Hour
						}
						return time.Second
					},
				}
				started := time.Now()
				got, err := collect(networksOf(t, server, ListOptions{}))
				require.NoError(t, err)
				assert.Equal(t, test.want, got)
				assert.Equal(t, 2*time.Second, time.Since(started), "nobody waits for the others")
				assert.Zero(t, server.inFlight.Load())
			})
		})
	}
}

// An empty page ends the walk, though more pages are on their way.
func TestAllEndsAtAnEmptyPage(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server := &listServer{
			page: func(page int) string {
				return listOf(math.MaxInt, math.MaxInt, ids(page, 3)[:min(1, max(0, 4-page))]...)
			},
			delay: func(page int) time.Duration { return time.Duration(page) * time.Minute / 100 },
		}
		got, err := collect(networksOf(t, server, ListOptions{}))
		assertKinds(t, err, ErrBadResponse)
		assert.Equal(t, ids(1, 3), got)
		assert.LessOrEqual(t, len(server.asked), 11)
	})
}

// TRAPS: "none of 5 list iterators stops on a server that repeats a page": a page that came before ends the walk.
func TestAllWithoutProgress(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		page func(page int) string
		want []string
	}{
		"one page again and again":   {func(int) string { return listOf(9, 9, "acc_1") }, ids(1, 1)},
		"with ever more pages":       {func(page int) string { return listOf(page+1, 0, "acc_1") }, ids(1, 1)},
		"two pages, ever more pages": {func(page int) string { return listOf(page+1, 0, ids(page%2+1, page%2+1)...) }, []string{"acc_2", "acc_1"}},
		"two pages, ever more of all": {
			func(page int) string { return listOf(page+8, 100*page, ids(page%2+1, page%2+1)...) }, []string{"acc_2", "acc_1"},
		},
		"five pages": {func(page int) string { return listOf(page+1, 0, ids(page%5, page%5)...) }, []string{"acc_1", "acc_2", "acc_3", "acc_4", "acc_0"}},
		"the last again and again": {
			func(page int) string { return listOf(page+1, 0, ids(min(page, 20), min(page, 20))...) }, ids(1, 20),
		},
		"a fee of the same": {
			func(int) string {
				return `{"list":[{"account_id":"acc_1","fee_proposed":2,"fee_proposed_date":5}],"pages":99}`
			}, ids(1, 1),
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := &listServer{page: test.page}
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second) // so that the test ends if the walk does not
			defer cancel()
			got, err := collect(newTestClient(t, server).Networks.All(ctx, ListOptions{}))
			assertKinds(t, err, ErrBadResponse)
			require.ErrorContains(t, err, "network: GET /account/networks: 200 OK: bad response; a list that makes no progress")
			assert.Equal(t, test.want, got)
			assert.LessOrEqual(t, len(server.asked), len(got)+17, "it stops soon")
		})
	}
}

// Removing what was yielded shifts the pages: some records are skipped or repeated, and nothing is wrong.
func TestAllWhileRecordsAreRemoved(t *testing.T) {
	t.Parallel()
	for _, records := range []int{1, 2, 3, 7} {
		t.Run(strconv.Itoa(records), func(t *testing.T) {
			t.Parallel()
			left := ids(1, 60)
			server := &listServer{}
			server.page = func(page int) string {
				from, to := min((page-1)*records, len(left)), min(page*records, len(left))
				return listOf((len(left)+records-1)/records, len(left), left[from:to]...)
			}
			got := make(map[string]bool)
			for network, err := range networksOf(t, server, ListOptions{Records: records}) {
				require.NoError(t, err)
				got[network.AccountID] = true
				server.mu.Lock()
				left = slices.DeleteFunc(left, func(id string) bool { return id == network.AccountID })
				server.mu.Unlock()
			}
			assert.NotEmpty(t, got)
			assert.Len(t, left, 60-len(got))
		})
	}
}

// The most that removing records can do: the server answers the last of the pages on their way first, and removes a page
// of records before it answers the next, so that all of them have the same records.
func TestAllWhilePagesAreOnTheirWay(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		started := time.Now()
		server := &listServer{
			page: func(page int) string {
				removed := min(int(time.Since(started)/time.Millisecond), 400)
				if page = page + removed; page > 500 {
					return listOf(500-removed, 500-removed)
				}
				return listOf(500-removed, 500-removed, ids(page, page)...)
			},
			delay: func(page int) time.Duration { return time.Duration(50-page%8) * time.Millisecond },
		}
		got, err := collect(networksOf(t, server, ListOptions{Records: 1}))
		require.NoError(t, err)
		assert.Greater(t, len(got), 5)
		assert.Less(t, len(got), len(server.asked)-30, "many pages were repeated")
		assert.Len(t, slices.Compact(slices.Sorted(slices.Values(got))), len(got), "and were not yielded again")
	})
}

// Records that come and go while pages are on their way, wherever they are in the list, do not make it end early: each page
// agrees with itself.
func TestAllWhileRecordsComeAndGo(t *testing.T) {
	t.Parallel()
	for seed := range uint64(200) {
		synctest.Test(t, func(t *testing.T) {
			random := rand.New(rand.NewPCG(seed, 1)) //nolint:gosec // it is to be the same again
			records, left, added := 1+random.IntN(9), ids(1, random.IntN(80)), 1000
			server := &listServer{
				page: func(page int) string {
					for range random.IntN(3) {
						at := random.IntN(len(left) + 1)
						if at < len(left) && (seed%2 == 0 || random.IntN(2) == 0) {
							left = slices.Delete(left, at, at+1)
						} else if added++; seed%2 == 1 {
							left = slices.Insert(left, at, ids(added, added)...)
						}
					}
					from, to := min((page-1)*records, len(left)), min(page*records, len(left))
					return listOf((len(left)+records-1)/records, len(left), left[from:to]...)
				},
				delay: func(page int) time.Duration {
					return time.Duration(1+(uint64(page)*7919+seed)%50) * time.Millisecond //nolint:gosec // no page is below zero
				},
			}
			// A page of few records can be the same as another one, which is no progress.
			if _, err := collect(networksOf(t, server, ListOptions{Records: records, Page: int(seed % 4)})); err != nil {
				require.ErrorContains(t, err, "no progress", "seed %d", seed)
				require.Equal(t, uint64(1), seed%2, "seed %d: nothing was added", seed)
			}
		})
	}
}

func TestAllStopsAtAnError(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server := &listServer{
			page: func(page int) string {
				if page == 4 {
					return "500"
				}
				return listOf(30, 30, ids(page, page)...)
			},
			delay: func(page int) time.Duration { return time.Duration(40-page) * time.Second / 2 },
		}
		started := time.Now()
		got, err := collect(networksOf(t, server, ListOptions{}))
		assertKinds(t, err, ErrServer)
		assert.Equal(t, ids(1, 3), got, "what comes before the error is yielded")
		assert.LessOrEqual(t, time.Since(started), 40*time.Second)
		assert.Zero(t, server.inFlight.Load())
	})
}

func TestAllStopsWhenTheCallerDoes(t *testing.T) {
	t.Parallel()
	for _, after := range []int{1, 2, 5} {
		t.Run(strconv.Itoa(after), func(t *testing.T) {
			t.Parallel()
			// synctest.Test fails if a goroutine is left.
			synctest.Test(t, func(t *testing.T) {
				server := &listServer{
					page:  func(page int) string { return listOf(1000, 1000, ids(page, page)...) },
					delay: func(page int) time.Duration { return time.Duration(page) * time.Second },
				}
				n := 0
				started := time.Now()
				for _, err := range networksOf(t, server, ListOptions{}) {
					require.NoError(t, err)
					if n++; n == after {
						started = time.Now()
						break
					}
				}
				assert.Zero(t, time.Since(started), "what is on its way is cancelled")
				assert.Zero(t, server.inFlight.Load())
				asked := len(server.asked)
				time.Sleep(time.Hour)
				assert.Len(t, server.asked, asked)
				assert.LessOrEqual(t, asked, after+8)
			})
		})
	}
}

func TestAllStopsWhenItsContextIsDone(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server := &listServer{
			page:  func(page int) string { return listOf(1000, 1000, ids(page, page)...) },
			delay: func(int) time.Duration { return time.Second },
		}
		client := newTestClient(t, server)
		started := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), 2500*time.Millisecond)
		defer cancel()
		got, err := collect(client.Networks.All(ctx, ListOptions{}))
		require.ErrorIs(t, err, context.DeadlineExceeded)
		assert.Equal(t, ids(1, 9), got)
		assert.Equal(t, 2500*time.Millisecond, time.Since(started))

		ctx, cancel = context.WithCancel(t.Context())
		cancel()
		got, err = collect(client.Networks.All(ctx, ListOptions{}))
		require.ErrorIs(t, err, context.Canceled)
		assert.Empty(t, got)
	})
}

// A panic in the caller's loop leaves no goroutine either.
func TestAllInAPanic(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server := &listServer{page: func(page int) string { return listOf(1000, 1000, ids(page, page)...) }}
		assert.PanicsWithValue(t, "enough", func() {
			for network, err := range networksOf(t, server, ListOptions{}) {
				if err != nil || network.AccountID == "acc_3" {
					panic("enough")
				}
			}
		})
		assert.Zero(t, server.inFlight.Load())
	})
}

// A panic while a page is fetched, in a hook say, is one of the caller's loop, where it can be recovered, and so is a hook
// that ends its goroutine, as a test's FailNow does.
func TestAllWithAHookThatPanics(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server := &listServer{page: func(page int) string { return listOf(1000, 1000, ids(page, page)...) }}
		var seen atomic.Int64
		walk := func(at3 func()) ([]string, error) {
			seen.Store(0)
			client := newTestClient(t, server, WithAttemptHook(func(context.Context, Attempt) {
				if seen.Add(1) == 3 {
					at3()
				}
			}))
			return collect(client.Networks.All(t.Context(), ListOptions{}))
		}
		assert.PanicsWithValue(t, "no such label", func() { _, _ = walk(func() { panic("no such label") }) })
		assert.Zero(t, server.inFlight.Load())
		_, err := walk(runtime.Goexit)
		require.EqualError(t, err, "network: GET /account/networks: no answer: the call did not end")
		assert.Zero(t, server.inFlight.Load())
	})
}

func TestAllOfTheInvitations(t *testing.T) {
	t.Parallel()
	log := newTranscript(
		answerWith(200, `{"list":[{"id":"nwi_1"}],"total":2,"pages":2}`), answerWith(200, `{"list":[{"id":"nwi_2"}],"total":2,"pages":2}`))
	var got []Invitation
	for invitation, err := range newTestClient(t, log).Invitations.All(t.Context(), ListOptions{Filter: "pending"}) {
		require.NoError(t, err)
		got = append(got, invitation)
	}
	assert.Equal(t, []Invitation{{ID: "nwi_1"}, {ID: "nwi_2"}}, got)
	assert.Equal(t, []string{
		"GET /account/network-invitations?filter=pending&page=1&records=100",
		"GET /account/network-invitations?filter=pending&page=2&records=100",
	}, log.asked)
}
