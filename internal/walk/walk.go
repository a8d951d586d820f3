// Package walk walks the pages of a list in order and fetches pages ahead.
package walk

import (
	"context"
	"crypto/sha256"
	"fmt"
	"iter"
	"math"
	"sync"

	"github.com/partnerapi/partnerapi-go/internal/flight"
)

// List is a list to walk.
type List[T any] struct {
	// Fetch returns a page. It is called concurrently, except for the first page. A panic of it is one of the walk.
	Fetch func(ctx context.Context, number int) (Page[T], error)
	// First is the number of the page that the walk begins with, counted from 1.
	First int
	// Records is how many records on a page are requested, MaxRecords how many a server sends at most.
	Records, MaxRecords int
	// Unended is the error of the walk if Fetch ends its goroutine instead of returning, as FailNow of a test does.
	Unended error
}

// Page is one page of a list.
type Page[T any] struct {
	Items []T
	// Total and Pages are how many records and pages the list has, or [Unknown]. A negative number is unknown too, and so is 0
	// on a page with items.
	Total, Pages int
	// Fingerprint is the same for pages with the same items only.
	Fingerprint [sha256.Size]byte
}

// Unknown is a number that a page does not give.
const Unknown = -1

// Error is why a list could not be walked to its end, although all pages were fetched.
type Error string

// Error returns the reason.
func (e Error) Error() string { return string(e) }

// pagesAhead is how many pages are fetched concurrently.
const pagesAhead = 8

// walk is the state of a walk.
type walk[T any] struct {
	List[T]

	ahead   []*flight.Flight[Page[T]] // the page number and those after it
	fetches sync.WaitGroup

	number int   // of the page that is next
	last   int   // the number of the last page, as the newest page says
	paged  bool  // whether any page said so
	total  int   // how many records there are, as the newest page says, or Unknown
	passed int64 // how many of them came, or are on the pages before the first

	seen    map[[sha256.Size]byte]int // the total of each page that came, by fingerprint
	repeats int                       // how many pages in a row had come before
}

// All returns the items of all pages, in order. The first page is fetched alone, because it tells how many there are, then up
// to eight at a time. The walk ends with the first error of Fetch, or with an [Error] if the list makes no progress, ends
// early or does not tell whether it has ended. No fetch runs any more when it returns.
func (l List[T]) All(ctx context.Context) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		ctx, cancel := context.WithCancel(ctx)
		w := &walk[T]{List: l, number: l.First, last: l.First, total: Unknown, seen: make(map[[sha256.Size]byte]int)}
		defer w.fetches.Wait()
		defer cancel()
		// Pages after the last one may be in flight when the walk ends: they are cancelled.
		for w.fetchAhead(ctx); w.number <= w.last; w.fetchAhead(ctx) {
			items, err := w.next()
			for _, item := range items {
				if !yield(item, nil) {
					return
				}
			}
			if err != nil {
				var zero T
				yield(zero, err)
				return
			}
		}
	}
}

// fetchAhead starts to fetch the pages that are known to exist, up to pagesAhead.
func (w *walk[T]) fetchAhead(ctx context.Context) {
	for w.last-w.number >= len(w.ahead) && len(w.ahead) < pagesAhead {
		f, number := flight.New[Page[T]](w.Unended), w.number+len(w.ahead)
		w.fetches.Go(func() {
			f.Run(func() (Page[T], error) { return w.Fetch(ctx, number) }, nil)
		})
		w.ahead = append(w.ahead, f)
	}
}

// next returns the items of the next page. An error beside items is about the pages after it.
func (w *walk[T]) next() ([]T, error) {
	page, err := w.ahead[0].Wait(context.Background()) // the fetch has the context of the walk
	w.ahead = w.ahead[1:]
	if err != nil {
		return nil, err
	}
	page.Total, page.Pages = page.count(page.Total), page.count(page.Pages)
	items, err := w.unseen(page)
	if err != nil {
		return nil, err
	}
	return items, w.follow(page)
}

func (p Page[T]) count(n int) int {
	if n < 0 || n == 0 && len(p.Items) > 0 {
		return Unknown
	}
	return n
}

// follow updates the numbers of the list from its newest page. The walk ends with a page that is the last, or without
// items; if the list says that there is more, that is an error, because records would be missing without notice.
func (w *walk[T]) follow(page Page[T]) error {
	if page.Pages != Unknown { // a total that came with another number of pages is outdated
		w.last, w.paged, w.total = page.Pages, true, Unknown
	}
	if page.Total != Unknown {
		w.total = page.Total
	}
	if w.number == w.First {
		w.passed = w.before(page)
	}
	n := len(page.Items)
	w.passed += int64(n)
	if n > 0 && w.paged && w.number < w.last {
		w.number++
		return nil
	}
	last := w.last
	w.last = 0
	switch {
	case w.total != Unknown && w.passed >= int64(w.total):
		return nil
	case w.total != Unknown && n > 0 && !w.paged:
		return Error("a list without a number of pages")
	case w.total != Unknown:
		return Error(fmt.Sprintf("the list ended early: %d of %d records", w.passed, w.total))
	case n == 0 && w.paged && last >= w.number:
		return Error(fmt.Sprintf("the list ended early: page %d of %d is empty", w.number, last))
	case n == 0 && !w.paged:
		return Error("an empty page of a list without numbers of records and pages")
	case !w.paged && n >= min(w.Records, w.MaxRecords):
		return Error("a full page of a list without numbers of records and pages")
	default:
		return nil
	}
}

// before returns how many records are on the pages before the first one of the walk, as far as that page tells.
func (w *walk[T]) before(page Page[T]) int64 {
	size := len(page.Items)
	switch {
	case page.Pages != Unknown && page.Pages < w.number && w.number > 1:
		return int64(max(page.Total, 0)) // all there are
	case size == 0 || page.Pages <= w.number: // the last page, or perhaps the last, which can be shorter than the others
		size = max(size, w.Records)
	}
	return int64(min(w.number-1, math.MaxInt32)) * int64(min(size, math.MaxInt32))
}

// unseen returns the items of a page if it did not come before, which would be no progress: records have IDs, so that no two
// pages are equal. But pages in flight while records are removed can be equal: each has another total, and there are at most
// pagesAhead of them.
func (w *walk[T]) unseen(page Page[T]) ([]T, error) {
	before, repeated := w.seen[page.Fingerprint]
	w.seen[page.Fingerprint] = page.Total
	if !repeated {
		w.repeats = 0
		return page.Items, nil
	}
	if w.repeats++; w.repeats < pagesAhead && page.Total != before {
		return nil, nil
	}
	return nil, Error("a list that makes no progress: it repeats a page")
}
