package partnerapi

import (
	"context"
	"crypto/sha256"
	"fmt"
	"iter"
	"math"
	"net/http"
	"reflect"
	"sync"

	"github.com/partnerapi/partnerapi-go/internal/flight"
	"github.com/partnerapi/partnerapi-go/internal/jsonwire"
)

// ListOptions selects a part of a list. The zero value is the first page of everything.
type ListOptions struct {
	// Search selects records that match a text.
	Search string `url:"search,omitempty"`
	// Filter selects records in a state: one of the Filters of a [Page].
	Filter string `url:"filter,omitempty"`
	// Page counts from 1. 0 means 1.
	Page int `url:"page,omitempty"`
	// Records is the number of records on a page. The API returns at most 100. 0 means 25 for a List and 100 for an All.
	Records int `url:"records,omitempty"`
}

func (in ListOptions) check() (field, why string) {
	switch {
	case in.Page < 0:
		return "Page", "below zero"
	case in.Records < 0:
		return "Records", "below zero"
	default:
		return "", ""
	}
}

// Page is one page of a list.
type Page[T any] struct {
	Items []T `json:"list"`
	// Total is the number of records on all pages.
	Total int `json:"total"`
	// Search and Filter are those of the request.
	Search string `json:"search"`
	Filter string `json:"filter"`
	// Filters are the values that Filter can have. They are empty if the API sends them in an unknown form.
	Filters []string `json:"filters" choices:"keys"`
	// Pages is the number of pages.
	Pages int `json:"pages"`
}

// UnmarshalJSON reads a page. It returns an error for a missing list, and for a null or an empty record in the list.
func (p *Page[T]) UnmarshalJSON(data []byte) error { return redactedOrNil(p.read(data)) }

func (p *Page[T]) read(data []byte) error {
	if err := jsonwire.Unmarshal(data, p); err != nil {
		return err
	}
	return p.complete()
}

func (p *Page[T]) complete() error {
	switch {
	case p.Items == nil:
		return reason("a page without a list")
	case isBlank(reflect.ValueOf(&p.Items)):
		return reason("a record in which nothing is known")
	default:
		return nil
	}
}

const (
	recordsPerPage = 100
	// pagesAhead is how many pages of a walk are on their way at once.
	pagesAhead = 8
)

// walk is an All on its way.
type walk[T any] struct {
	client *Client
	call   endpoint
	opts   []CallOption
	ask    ListOptions // the next page to ask for
	ahead  []*flight.Flight[*walkedPage[T]]
	fetch  sync.WaitGroup

	first, number int   // the page that the walk began with, and the one whose turn it is
	last          int   // the last page, as the newest page says
	paged         bool  // whether any page said so
	total         int   // how many records there are, as the newest page says, or unknown
	passed        int64 // how many of them came, or are on the pages before the first

	seen    map[fingerprint]int // the pages that came, with the total they came with
	repeats int                 // how many pages in a row had come before
}

// walkedPage is a page with the fingerprint of its list, as the API wrote it. Its Total and Pages can be unknown.
type walkedPage[T any] struct {
	Page[T]

	print fingerprint
}

type fingerprint [sha256.Size]byte

func (p *walkedPage[T]) UnmarshalJSON(data []byte) error {
	list, total, pages := jsonwire.Member{Name: "list"}, jsonwire.Member{Name: "total"}, jsonwire.Member{Name: "pages"}
	jsonwire.Find(data, &list, &total, &pages)
	p.print = sha256.Sum256(list.Value)
	err := p.read(data)
	p.Total, p.Pages = p.count(total, p.Total), p.count(pages, p.Pages)
	return err
}

const unknown = -1

// count returns a count of the page, or unknown if it is absent, negative, or 0 although there are records.
func (p *walkedPage[T]) count(said jsonwire.Member, n int) int {
	if said.Value == nil || n < 0 || n == 0 && len(p.Items) > 0 {
		return unknown
	}
	return n
}

// all walks the pages of the list that call asks for. The first is fetched alone, because it tells how many there are,
// then pagesAhead at once. The items come in order.
func all[T any](ctx context.Context, client *Client, call endpoint, in ListOptions, opts []CallOption) iter.Seq2[T, error] {
	if in.Page == 0 {
		in.Page = 1
	}
	if in.Records == 0 {
		in.Records = recordsPerPage
	}
	return func(yield func(T, error) bool) {
		var zero T
		if ctx == nil {
			yield(zero, call.refuse("ctx", "nil"))
			return
		}
		ctx, cancel := context.WithCancel(ctx)
		w := &walk[T]{
			client: client, call: call, opts: opts, ask: in,
			first: in.Page, number: in.Page, last: in.Page, total: unknown, seen: make(map[fingerprint]int),
		}
		defer w.fetch.Wait()
		defer cancel()
		// Pages that turn out to be behind the last one may be on their way: nobody waits for them.
		for w.askAhead(ctx); w.number <= w.last; w.askAhead(ctx) {
			items, err := w.next()
			for _, item := range items {
				if !yield(item, nil) {
					return
				}
			}
			if err != nil {
				yield(zero, err)
				return
			}
		}
	}
}

// askAhead asks for the pages that are known to exist, no more than pagesAhead at once.
func (w *walk[T]) askAhead(ctx context.Context) {
	for w.ask.Page <= w.last && len(w.ahead) < pagesAhead {
		call := w.call
		call.Query = w.ask
		// If the call ends its goroutine, nobody knows whether it was sent. An error without attempts would say that it was not.
		f := flight.New[*walkedPage[T]](&Error{API: call.API, Op: call.Op, Attempts: 1, cause: reason("the call did not end")})
		w.fetch.Go(func() {
			f.Run(func() (*walkedPage[T], error) { return do[*walkedPage[T]](ctx, w.client, call, w.opts) }, nil)
		})
		w.ahead = append(w.ahead, f)
		w.ask.Page++
	}
}

// next returns the items of the next page. An error besides items is about what comes after them.
func (w *walk[T]) next() ([]T, error) {
	page, err := w.ahead[0].Wait(context.Background()) // the call ends with its own
	w.ahead = w.ahead[1:]
	if err != nil {
		return nil, err
	}
	items, err := w.unseen(page)
	if err != nil {
		return nil, err
	}
	return items, w.follow(page)
}

// follow takes the measure of the list from its newest page. The walk ends with a page that is the last, or without
// items; if the list says that there is more, what follows would be lost in silence.
func (w *walk[T]) follow(page *walkedPage[T]) error {
	if page.Pages != unknown { // a total that came with another number of pages is no longer true
		w.last, w.paged, w.total = page.Pages, true, unknown
	}
	if page.Total != unknown {
		w.total = page.Total
	}
	if w.number == w.first {
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
	case w.total != unknown && w.passed >= int64(w.total):
		return nil
	case w.total != unknown && n > 0 && !w.paged:
		return w.fail("a list that does not say how many pages it has")
	case w.total != unknown:
		return w.fail(fmt.Sprintf("the list ended early: %d of %d records", w.passed, w.total))
	case n == 0 && w.paged && last >= w.number:
		return w.fail(fmt.Sprintf("the list ended early: page %d of %d is empty", w.number, last))
	case n == 0 && !w.paged:
		return w.fail("an empty page of a list that says neither how many records nor how many pages it has")
	case !w.paged && n >= min(w.ask.Records, recordsPerPage):
		return w.fail("a full page of a list that says neither how many records nor how many pages it has")
	default:
		return nil
	}
}

// before returns how many records are on the pages before the first one of the walk, as far as that page tells.
func (w *walk[T]) before(page *walkedPage[T]) int64 {
	size := len(page.Items)
	switch {
	case page.Pages != unknown && page.Pages < w.number && w.number > 1:
		return int64(max(page.Total, 0)) // all there are
	case size == 0 || page.Pages <= w.number: // the last page, or perhaps the last, need not be full
		size = max(size, w.ask.Records)
	}
	return int64(min(w.number-1, math.MaxInt32)) * int64(min(size, math.MaxInt32))
}

// unseen returns the items of a page if it did not come before, which would be no progress: records have ids, so no
// page is like another. But pages that are on their way while records are removed can be the same: they have another
// total each, and they are no more than were on their way.
func (w *walk[T]) unseen(page *walkedPage[T]) ([]T, error) {
	before, repeated := w.seen[page.print]
	w.seen[page.print] = page.Total
	if !repeated {
		w.repeats = 0
		return page.Items, nil
	}
	if w.repeats++; w.repeats < pagesAhead && page.Total != before {
		return nil, nil
	}
	return nil, w.fail("a list that makes no progress: it repeats a page")
}

func (w *walk[T]) fail(why string) *Error {
	failed := badResponse(why)
	failed.API, failed.Op, failed.StatusCode = w.call.API, w.call.Op, http.StatusOK
	return failed
}
