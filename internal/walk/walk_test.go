package walk_test

import (
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"iter"
	"math"
	"math/rand/v2"
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

	"github.com/partnerapi/partnerapi-go/internal/walk"
)

// reply is a page of IDs. If its Items are nil, the server fails.
type reply = walk.Page[string]

var errServer = errors.New("server error")

// listServer has a list, and counts the fetches in flight.
type listServer struct {
	mu       sync.Mutex
	asked    []int
	inFlight atomic.Int32
	most     atomic.Int32
	page     func(page int) reply
	delay    func(page int) time.Duration
}

func (s *listServer) fetch(ctx context.Context, page int) (reply, error) {
	now := s.inFlight.Add(1)
	defer s.inFlight.Add(-1)
	for most := s.most.Load(); now > most && !s.most.CompareAndSwap(most, now); most = s.most.Load() {
		continue
	}
	s.mu.Lock()
	s.asked = append(s.asked, page)
	s.mu.Unlock()
	if s.delay != nil {
		select {
		case <-time.After(s.delay(page)):
		case <-ctx.Done():
			return reply{}, ctx.Err()
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if page := s.page(page); page.Items != nil {
		return page, nil
	}
	return reply{}, errServer
}

// start is where a walk begins, and how many records a page has. The zero value is page 1 and 100 records.
type start struct{ Page, Records int }

func (s *listServer) list(in start) walk.List[string] {
	return walk.List[string]{
		Fetch: s.fetch, First: cmp.Or(in.Page, 1), Records: cmp.Or(in.Records, 100), MaxRecords: 100, Unended: errors.New("unended"),
	}
}

func (s *listServer) walk(t *testing.T, in start) iter.Seq2[string, error] {
	t.Helper()
	return s.list(in).All(t.Context())
}

func listOf(pages, total int, ids ...string) reply {
	return reply{
		Items: append([]string{}, ids...), Total: total, Pages: pages, Fingerprint: sha256.Sum256([]byte(strings.Join(ids, " "))),
	}
}

// collect walks to the end, or to the error.
func collect(walk iter.Seq2[string, error]) (ids []string, err error) {
	for id, failed := range walk {
		if failed != nil {
			if id != "" {
				return ids, errors.Join(failed, errors.New("an item beside an error"))
			}
			return ids, failed
		}
		ids = append(ids, id)
	}
	return ids, nil
}

func ids(from, to int) []string {
	var ids []string
	for i := from; i <= to; i++ {
		ids = append(ids, "acc_"+strconv.Itoa(i))
	}
	return ids
}

func TestWalkYieldsInOrder(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server := &listServer{
			page: func(page int) reply { return listOf(30, 60, ids(2*page-1, 2*page)...) },
			// The later the page, the earlier its response.
			delay: func(page int) time.Duration { return time.Duration(100-page) * time.Millisecond },
		}
		items := server.walk(t, start{})
		got, err := collect(items)
		require.NoError(t, err)
		assert.Equal(t, ids(1, 60), got)
		assert.Equal(t, 1, server.asked[0])
		assert.Len(t, server.asked, 30, "each page once")
		assert.EqualValues(t, 8, server.most.Load())
		again, err := collect(items)
		require.NoError(t, err)
		assert.Equal(t, got, again, "a walk can be walked again")
	})
}

func TestWalkFetchesTheFirstPageAlone(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server := &listServer{
			page:  func(page int) reply { return listOf(30, 30, ids(page, page)...) },
			delay: func(int) time.Duration { return time.Second },
		}
		started := time.Now()
		next, stop := iter.Pull2(server.walk(t, start{}))
		defer stop()
		_, err, ok := next()
		require.True(t, ok)
		require.NoError(t, err)
		assert.Equal(t, time.Second, time.Since(started))
		assert.Equal(t, []int{1}, server.asked)
		_, err, ok = next()
		require.True(t, ok)
		require.NoError(t, err)
		synctest.Wait()
		assert.Equal(t, 2*time.Second, time.Since(started))
		assert.Len(t, server.asked, 9, "and then eight pages ahead")
	})
}

func TestWalkEnds(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		page  func(page int) reply
		want  []string
		asked int
	}{
		"empty":                {func(int) reply { return listOf(0, 0) }, nil, 1},
		"empty, of one page":   {func(int) reply { return listOf(1, 0) }, nil, 1},
		"empty, no pages":      {func(int) reply { return listOf(walk.Unknown, 0) }, nil, 1},
		"one page":             {func(int) reply { return listOf(1, 2, ids(1, 2)...) }, ids(1, 2), 1},
		"no pages":             {func(int) reply { return listOf(walk.Unknown, walk.Unknown, "acc_1") }, ids(1, 1), 1},
		"pages below zero":     {func(int) reply { return listOf(-1, -1, ids(1, 1)...) }, ids(1, 1), 1},
		"a full page, a total": {func(int) reply { return listOf(walk.Unknown, 100, ids(1, 100)...) }, ids(1, 100), 1},
		"a full page, pages":   {func(int) reply { return listOf(1, walk.Unknown, ids(1, 100)...) }, ids(1, 100), 1},
		"almost a full page":   {func(int) reply { return listOf(-1, -1, ids(1, 99)...) }, ids(1, 99), 1},
		"a total that is seen, and an empty page": {func(page int) reply { return listOf(2, 1, ids(page, 1)...) }, ids(1, 1), 2},
		"pages that ended, and an empty page": {func(page int) reply {
			return []reply{listOf(2, 2, "acc_1"), listOf(1, 1), {}}[page-1]
		}, ids(1, 1), 2},
		"all removed, and an empty page": {func(page int) reply {
			return []reply{listOf(2, 2, "acc_1"), listOf(0, 0), {}}[page-1]
		}, ids(1, 1), 2},
		"only the first page counts": {func(page int) reply {
			return []reply{listOf(3, 3, "acc_1"), listOf(walk.Unknown, walk.Unknown, "acc_2"), listOf(walk.Unknown, walk.Unknown, "acc_3")}[page-1]
		}, ids(1, 3), 3},
		"a total that grows":   {func(page int) reply { return listOf(3, 9+page, ids(4*page-3, 4*page)...) }, ids(1, 12), 3},
		"a total that shrinks": {func(page int) reply { return listOf(3, 9/page, ids(page, page)...) }, ids(1, 3), 3},
		"pages that grow":      {func(page int) reply { return listOf(min(page+1, 5), page, ids(page, page)...) }, ids(1, 5), 5},
		"a total of less":      {func(page int) reply { return listOf(3, 1, ids(page, page)...) }, ids(1, 3), 3},
		"one item repeated": {func(page int) reply { return listOf(3, 6, "acc_1", "acc_"+strconv.Itoa(page+1)) },
			[]string{"acc_1", "acc_2", "acc_1", "acc_3", "acc_1", "acc_4"}, 3},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := &listServer{page: test.page}
			got, err := collect(server.walk(t, start{}))
			require.NoError(t, err)
			assert.Equal(t, test.want, got)
			assert.Len(t, server.asked, test.asked)
		})
	}
}

// The walk ends with an error, after the records that came, if the list says that there are more.
func TestWalkOfAnIncompleteList(t *testing.T) {
	t.Parallel()
	bare := func(from, to int) reply {
		return listOf(walk.Unknown, walk.Unknown, ids(from, to)...)
	}
	const (
		early  = "the list ended early: "
		empty  = "an empty page of a list without numbers of records and pages"
		silent = "a full page of a list without numbers of records and pages"
	)
	tests := map[string]struct {
		in    start
		pages []reply // then the server fails
		want  []string
		why   string
	}{
		"an empty page":                           {start{}, []reply{listOf(3, 2, "acc_1"), listOf(3, 2)}, ids(1, 1), early + "1 of 2 records"},
		"an empty last page":                      {start{}, []reply{listOf(2, 2, "acc_1"), listOf(2, 2)}, ids(1, 1), early + "1 of 2 records"},
		"an empty first page":                     {start{}, []reply{listOf(9, 25)}, nil, early + "0 of 25 records"},
		"empty, and of no pages":                  {start{}, []reply{listOf(0, 25)}, nil, early + "0 of 25 records"},
		"empty, no total":                         {start{}, []reply{listOf(2, walk.Unknown)}, nil, early + "page 1 of 2 is empty"},
		"empty, one page, no total":               {start{}, []reply{listOf(1, walk.Unknown)}, nil, early + "page 1 of 1 is empty"},
		"empty, no numbers":                       {start{}, []reply{listOf(walk.Unknown, walk.Unknown)}, nil, empty},
		"an empty page, no total":                 {start{}, []reply{listOf(3, walk.Unknown, "acc_1"), listOf(3, walk.Unknown)}, ids(1, 1), early + "page 2 of 3 is empty"},
		"an empty page without numbers":           {start{}, []reply{listOf(3, 2, "acc_1"), listOf(walk.Unknown, walk.Unknown)}, ids(1, 1), early + "1 of 2 records"},
		"an empty page without numbers, no total": {start{}, []reply{listOf(2, walk.Unknown, "acc_1"), listOf(walk.Unknown, walk.Unknown)}, ids(1, 1), early + "page 2 of 2 is empty"},
		"one page of three":                       {start{}, []reply{listOf(1, 300, ids(1, 100)...)}, ids(1, 100), early + "100 of 300 records"},
		"one record too few":                      {start{}, []reply{listOf(2, 4, ids(1, 2)...), listOf(2, 4, "acc_3")}, ids(1, 3), early + "3 of 4 records"},
		"fewer pages, and the same total":         {start{}, []reply{listOf(3, 3, "acc_1"), listOf(2, 3, "acc_2")}, ids(1, 2), early + "2 of 3 records"},
		"no pages":                                {start{}, []reply{listOf(walk.Unknown, 250, "acc_1")}, ids(1, 1), "a list without a number of pages"},
		"a full page":                             {start{}, []reply{bare(1, 100)}, ids(1, 100), silent},
		"a full page of zeros":                    {start{}, []reply{listOf(0, 0, ids(1, 100)...)}, ids(1, 100), silent},
		"a full page as asked":                    {start{Records: 2}, []reply{bare(1, 2)}, ids(1, 2), silent},
		"a full page, and more asked":             {start{Records: 500}, []reply{bare(1, 100)}, ids(1, 100), silent},
		"absurd counts":                           {start{}, []reply{listOf(math.MaxInt, math.MaxInt, "acc_1"), listOf(math.MaxInt, math.MaxInt)}, ids(1, 1), early + "1 of " + strconv.Itoa(math.MaxInt) + " records"},
		"from a page in the middle":               {start{Page: 2}, []reply{{}, listOf(3, 9, ids(4, 6)...), listOf(3, 9, ids(7, 8)...)}, ids(4, 8), early + "8 of 9 records"},
		"from the last page":                      {start{Page: 3}, []reply{{}, {}, listOf(3, 900, ids(201, 300)...)}, ids(201, 300), early + "300 of 900 records"},
		"from an empty page":                      {start{Page: 2}, []reply{{}, listOf(3, 250)}, nil, early + "100 of 250 records"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := &listServer{page: func(page int) reply {
				if page > len(test.pages) {
					return reply{}
				}
				return test.pages[page-1]
			}}
			got, err := collect(server.walk(t, test.in))
			require.Equal(t, walk.Error(test.why), err)
			assert.Equal(t, test.want, got)
		})
	}
}

// A walk that begins after the first page has not seen the records before it.
func TestWalkFromALaterPage(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		in   start
		page reply
		want []string
	}{
		"the last page":                  {start{Page: 3}, listOf(3, 250, ids(201, 250)...), ids(201, 250)},
		"the last page of more than 100": {start{Page: 2, Records: 500}, listOf(2, 700, ids(501, 700)...), ids(501, 700)},
		"the last page of fewer":         {start{Page: 3, Records: 500}, listOf(3, 250, ids(201, 250)...), ids(201, 250)},
		"after the last":                 {start{Page: 9}, listOf(3, 250), nil},
		"far after the last":             {start{Page: math.MaxInt}, listOf(3, 250), nil},
		"after the last of many":         {start{Page: 9, Records: 1}, listOf(3, 250), nil},
		"after the end of an empty list": {start{Page: 9}, listOf(0, 0), nil},
		"the last again":                 {start{Page: 9}, listOf(3, 250, ids(201, 250)...), ids(201, 250)},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := &listServer{page: func(int) reply { return test.page }}
			got, err := collect(server.walk(t, test.in))
			require.NoError(t, err)
			assert.Equal(t, test.want, got)
			assert.Len(t, server.asked, 1)
		})
	}
}

// Pages in flight when a page turns out to be the last are ignored, with their errors.
func TestWalkOfFewerPages(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		page func(page int) reply
		want []string
	}{
		"two of three":          {func(page int) reply { return []reply{listOf(3, 2, "acc_1"), listOf(2, 2, "acc_2"), {}}[page-1] }, ids(1, 2)},
		"two of three, removed": {func(page int) reply { return []reply{listOf(3, 3, "acc_1"), listOf(2, 2, "acc_2"), {}}[page-1] }, ids(1, 2)},
		"two of three, no total": {func(page int) reply {
			return []reply{listOf(3, 3, "acc_1"), listOf(2, walk.Unknown, "acc_2"), {}}[page-1]
		}, ids(1, 2)},
		"two of a thousand": {func(page int) reply {
			if page > 2 {
				return reply{}
			}
			return listOf(1000/(1+499*(page-1)), 2, ids(page, page)...)
		}, ids(1, 2)},
		"fewer, then more": {func(page int) reply {
			return listOf([]int{8, 6, 4, 8, 6, 6}[page-1], 6, ids(page, page)...)
		}, ids(1, 6)},
		"fewer than came": {func(page int) reply { return []reply{listOf(3, 2, "acc_1"), listOf(1, 2, "acc_2"), {}}[page-1] }, ids(1, 2)},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			// synctest.Test fails if a goroutine is left.
			synctest.Test(t, func(t *testing.T) {
				server := &listServer{
					page: func(page int) reply {
						if page > 6 {
							return reply{}
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
				got, err := collect(server.walk(t, start{}))
				require.NoError(t, err)
				assert.Equal(t, test.want, got)
				assert.Equal(t, 2*time.Second, time.Since(started), "the walk does not wait for the others")
				assert.Zero(t, server.inFlight.Load())
			})
		})
	}
}

// An empty page ends the walk, even if more pages are in flight.
func TestWalkEndsAtAnEmptyPage(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server := &listServer{
			page: func(page int) reply {
				return listOf(math.MaxInt, math.MaxInt, ids(page, 3)[:min(1, max(0, 4-page))]...)
			},
			delay: func(page int) time.Duration { return time.Duration(page) * time.Minute / 100 },
		}
		got, err := collect(server.walk(t, start{}))
		require.ErrorAs(t, err, new(walk.Error))
		assert.Equal(t, ids(1, 3), got)
		assert.LessOrEqual(t, len(server.asked), 11)
	})
}

// testdata/TRAPS.md: "A list iterator does not stop on a server that repeats a page."
func TestWalkWithoutProgress(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		page func(page int) reply
		want []string
	}{
		"one page repeatedly":        {func(int) reply { return listOf(9, 9, "acc_1") }, ids(1, 1)},
		"with ever more pages":       {func(page int) reply { return listOf(page+1, 0, "acc_1") }, ids(1, 1)},
		"two pages, ever more pages": {func(page int) reply { return listOf(page+1, 0, ids(page%2+1, page%2+1)...) }, []string{"acc_2", "acc_1"}},
		"two pages, ever more of all": {
			func(page int) reply { return listOf(page+8, 100*page, ids(page%2+1, page%2+1)...) }, []string{"acc_2", "acc_1"},
		},
		"five pages": {func(page int) reply { return listOf(page+1, 0, ids(page%5, page%5)...) }, []string{"acc_1", "acc_2", "acc_3", "acc_4", "acc_0"}},
		"the last page repeatedly": {
			func(page int) reply { return listOf(page+1, 0, ids(min(page, 20), min(page, 20))...) }, ids(1, 20),
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := &listServer{page: test.page}
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second) // so that the test ends if the walk does not
			defer cancel()
			got, err := collect(server.list(start{}).All(ctx))
			require.Equal(t, walk.Error("a list that makes no progress: it repeats a page"), err)
			assert.Equal(t, test.want, got)
			assert.LessOrEqual(t, len(server.asked), len(got)+17, "it stops soon")
		})
	}
}

// Removing the records that were yielded shifts the pages: some records are skipped or repeated, without an error.
func TestWalkWhileRecordsAreRemoved(t *testing.T) {
	t.Parallel()
	for _, records := range []int{1, 2, 3, 7} {
		t.Run(strconv.Itoa(records), func(t *testing.T) {
			t.Parallel()
			left := ids(1, 60)
			server := &listServer{}
			server.page = func(page int) reply {
				from, to := min((page-1)*records, len(left)), min(page*records, len(left))
				return listOf((len(left)+records-1)/records, len(left), left[from:to]...)
			}
			got := make(map[string]bool)
			for id, err := range server.walk(t, start{Records: records}) {
				require.NoError(t, err)
				got[id] = true
				server.mu.Lock()
				left = slices.DeleteFunc(left, func(removed string) bool { return removed == id })
				server.mu.Unlock()
			}
			assert.NotEmpty(t, got)
			assert.Len(t, left, 60-len(got))
		})
	}
}

// The worst case of removing records: the server responds to the last of the pages in flight first, and removes a page of
// records before it responds to the next one, so that all of them have the same records.
func TestWalkWhilePagesInFlightAreEqual(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		started := time.Now()
		server := &listServer{
			page: func(page int) reply {
				removed := min(int(time.Since(started)/time.Millisecond), 400)
				if page = page + removed; page > 500 {
					return listOf(500-removed, 500-removed)
				}
				return listOf(500-removed, 500-removed, ids(page, page)...)
			},
			delay: func(page int) time.Duration { return time.Duration(50-page%8) * time.Millisecond },
		}
		got, err := collect(server.walk(t, start{Records: 1}))
		require.NoError(t, err)
		assert.Greater(t, len(got), 5)
		assert.Less(t, len(got), len(server.asked)-30, "many pages were repeated")
		assert.Len(t, slices.Compact(slices.Sorted(slices.Values(got))), len(got), "and were not yielded again")
	})
}

// Adding and removing records anywhere in the list while pages are in flight does not end the walk early: each page is
// consistent in itself.
func TestWalkWhileRecordsAreAddedAndRemoved(t *testing.T) {
	t.Parallel()
	for seed := range uint64(200) {
		synctest.Test(t, func(t *testing.T) {
			random := rand.New(rand.NewPCG(seed, 1)) //nolint:gosec // the test is reproducible
			records, left, added := 1+random.IntN(9), ids(1, random.IntN(80)), 1000
			server := &listServer{
				page: func(page int) reply {
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
					return time.Duration(1+(uint64(page)*7919+seed)%50) * time.Millisecond //nolint:gosec // pages are positive
				},
			}
			// A page of few records can be equal to another one, which is no progress.
			if _, err := collect(server.walk(t, start{Records: records, Page: int(seed % 4)})); err != nil {
				require.ErrorContains(t, err, "no progress", "seed %d", seed)
				require.Equal(t, uint64(1), seed%2, "seed %d: nothing was added", seed)
			}
		})
	}
}

func TestWalkStopsAtAnError(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server := &listServer{
			page: func(page int) reply {
				if page == 4 {
					return reply{}
				}
				return listOf(30, 30, ids(page, page)...)
			},
			delay: func(page int) time.Duration { return time.Duration(40-page) * time.Second / 2 },
		}
		started := time.Now()
		got, err := collect(server.walk(t, start{}))
		require.Equal(t, errServer, err)
		assert.Equal(t, ids(1, 3), got, "what comes before the error is yielded")
		assert.LessOrEqual(t, time.Since(started), 40*time.Second)
		assert.Zero(t, server.inFlight.Load())
	})
}

func TestWalkStopsOnBreak(t *testing.T) {
	t.Parallel()
	for _, after := range []int{1, 2, 5} {
		t.Run(strconv.Itoa(after), func(t *testing.T) {
			t.Parallel()
			// synctest.Test fails if a goroutine is left.
			synctest.Test(t, func(t *testing.T) {
				server := &listServer{
					page:  func(page int) reply { return listOf(1000, 1000, ids(page, page)...) },
					delay: func(page int) time.Duration { return time.Duration(page) * time.Second },
				}
				n := 0
				started := time.Now()
				for _, err := range server.walk(t, start{}) {
					require.NoError(t, err)
					if n++; n == after {
						started = time.Now()
						break
					}
				}
				assert.Zero(t, time.Since(started), "fetches in flight are cancelled")
				assert.Zero(t, server.inFlight.Load())
				asked := len(server.asked)
				time.Sleep(time.Hour)
				assert.Len(t, server.asked, asked)
				assert.LessOrEqual(t, asked, after+8)
			})
		})
	}
}

// A panic in the caller's loop leaves no goroutine.
func TestWalkPanicInTheLoop(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server := &listServer{page: func(page int) reply { return listOf(1000, 1000, ids(page, page)...) }}
		assert.PanicsWithValue(t, "enough", func() {
			for id, err := range server.walk(t, start{}) {
				if err != nil || id == "acc_3" {
					panic("enough")
				}
			}
		})
		assert.Zero(t, server.inFlight.Load())
	})
}

// A panic of a fetch is one of the caller's loop, where it can be recovered. A fetch that ends its goroutine, as FailNow of a
// test does, is an error.
func TestWalkFetchDoesNotReturn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server := &listServer{
			page:  func(page int) reply { return listOf(1000, 1000, ids(page, page)...) },
			delay: func(int) time.Duration { return time.Second },
		}
		list := server.list(start{})
		at3 := func(end func()) walk.List[string] {
			list.Fetch = func(ctx context.Context, page int) (reply, error) {
				if page == 3 {
					end()
				}
				return server.fetch(ctx, page)
			}
			return list
		}
		assert.PanicsWithValue(t, "no such label", func() { _, _ = collect(at3(func() { panic("no such label") }).All(t.Context())) })
		assert.Zero(t, server.inFlight.Load())
		got, err := collect(at3(runtime.Goexit).All(t.Context()))
		require.Equal(t, list.Unended, err)
		assert.Equal(t, ids(1, 2), got)
		assert.Zero(t, server.inFlight.Load())
	})
}

func TestWalkContextDone(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server := &listServer{
			page:  func(page int) reply { return listOf(1000, 1000, ids(page, page)...) },
			delay: func(int) time.Duration { return time.Second },
		}
		ctx, cancel := context.WithTimeout(t.Context(), 2500*time.Millisecond)
		defer cancel()
		got, err := collect(server.list(start{}).All(ctx))
		require.ErrorIs(t, err, context.DeadlineExceeded)
		assert.Equal(t, ids(1, 9), got)
		assert.Zero(t, server.inFlight.Load())
	})
}
