package partnerapi

import (
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"iter"
	"net/http"
	"reflect"

	"github.com/partnerapi/partnerapi-go/internal/jsonwire"
	"github.com/partnerapi/partnerapi-go/internal/walk"
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
	// Number is the page's own number, from 1. It is 0 in a page that a List did not return.
	Number int `json:"request_page,omitzero"`
	// Records is that of the request, as it was sent: 0 means the API's default of 25.
	Records int `json:"request_records,omitzero"`
}

// HasNext reports whether the list has a page after this one, by Pages.
func (p Page[T]) HasNext() bool { return p.Number < p.Pages }

// Next returns the options for the page after this one, with the same Search, Filter and Records. It does not check HasNext.
func (p Page[T]) Next() ListOptions {
	return ListOptions{Search: p.Search, Filter: p.Filter, Page: p.Number + 1, Records: p.Records}
}

// list returns one page of the list that call requests.
func list[T any](ctx context.Context, client *Client, call endpoint, in ListOptions, opts []CallOption) (*Page[T], error) {
	call.Query = in
	page, err := do[*Page[T]](ctx, client, call, opts)
	if err != nil {
		return nil, err
	}
	page.Search, page.Filter, page.Number, page.Records = in.Search, in.Filter, cmp.Or(in.Page, 1), in.Records
	return page, nil
}

// UnmarshalJSON reads a page. It returns an error for a missing list, and for a null or an empty record in the list.
func (p *Page[T]) UnmarshalJSON(data []byte) error { return redactedOrNil(p.read(data)) }

func (p *Page[T]) read(data []byte) error {
	// ours N21: the tag of Filters reads the keys of an object, and no other form
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
		return reason("a record with none of the documented fields")
	default:
		return nil
	}
}

// walkedPage is a page as a walk reads it: a Total or Pages that is absent or null is unknown, and lists are compared.
type walkedPage[T any] struct{ walk.Page[T] }

func (p *walkedPage[T]) UnmarshalJSON(data []byte) error {
	list, total, pages := jsonwire.Member{Name: "list"}, jsonwire.Member{Name: "total"}, jsonwire.Member{Name: "pages"}
	jsonwire.Find(data, &list, &total, &pages)
	var page Page[T]
	err := page.read(data)
	p.Page = walk.Page[T]{Items: page.Items, Total: walk.Unknown, Pages: walk.Unknown, Fingerprint: sha256.Sum256(list.Value)}
	if total.Value != nil {
		p.Total = page.Total
	}
	if pages.Value != nil {
		p.Pages = page.Pages
	}
	return err
}

// recordsPerPage is the maximum of the API.
const recordsPerPage = 100

// all returns the items on the pages of the list that call requests, in order.
func all[T any](ctx context.Context, client *Client, call endpoint, in ListOptions, opts []CallOption) iter.Seq2[T, error] {
	in.Page, in.Records = cmp.Or(in.Page, 1), cmp.Or(in.Records, recordsPerPage)
	list := walk.List[T]{ // ours N14: it ends where its own numbers say so
		First: in.Page, Records: in.Records, MaxRecords: recordsPerPage,
		// It is unknown whether the call was sent. An error without attempts would say that it was not.
		Unended: &Error{API: call.API, Op: call.Op, Attempts: 1, cause: reason("the call did not end")},
		Fetch: func(ctx context.Context, number int) (walk.Page[T], error) {
			call, in := call, in
			in.Page = number
			call.Query = in
			page, err := do[*walkedPage[T]](ctx, client, call, opts)
			if err != nil {
				return walk.Page[T]{}, err
			}
			return page.Page, nil
		},
	}
	return func(yield func(T, error) bool) {
		if ctx == nil {
			var zero T
			yield(zero, call.refuse("ctx", "nil"))
			return
		}
		for item, err := range list.All(ctx) {
			if why, stopped := errors.AsType[walk.Error](err); stopped {
				failed := badResponse(string(why))
				failed.API, failed.Op, failed.StatusCode = call.API, call.Op, http.StatusOK
				err = failed
			}
			if !yield(item, err) {
				return
			}
		}
	}
}
