package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"reflect"

	"github.com/partnerapi/partnerapi-go"
	"github.com/partnerapi/partnerapi-go/internal/bench/oapi"
)

// work is one of the calls that are measured in memory: the API's response, and the result that every peer must return.
type work struct {
	name   string
	status int
	reply  []byte
	run    func(context.Context, client) (any, error)
	want   []byte   // the result, as JSON
	fails  *refusal // or the error
}

// testdata has the vendors' documented bodies. The program runs in its own folder.
const testdata = "../../testdata/"

// works returns the calls that are measured in memory.
func works() ([]work, error) {
	created, err1 := os.ReadFile(testdata + "post-partners-subscriptions.ok.json")
	account, err2 := os.ReadFile(testdata + "get-account.ok.json")
	blank, err3 := os.ReadFile(testdata + "post-partners-subscriptions.email-blank.json")
	var documented struct {
		Customer json.RawMessage `json:"customer"`
	}
	err := errors.Join(err1, err2, err3, json.Unmarshal(account, &documented))
	list := networkPage(1, 1)
	create := func(ctx context.Context, c client) (any, error) { return nil, c.create(ctx, subscription) }
	return []work{
		{"create", http.StatusCreated, created, create, []byte("null"), nil},
		{"account", http.StatusOK, account, func(ctx context.Context, c client) (any, error) {
			return c.account(ctx)
		}, documented.Customer, nil},
		{"list", http.StatusOK, list, func(ctx context.Context, c client) (any, error) {
			return c.networks(ctx, 1)
		}, list, nil},
		{"error", http.StatusBadRequest, blank, create, nil, &refusal{http.StatusBadRequest, "Email is blank"}},
	}, err
}

// networkPage is a page of 100 records in the documented form. Every other record has a proposal.
func networkPage(number, pages int) []byte {
	domains := []string{"Wholesale Distributor", "Retailer", "Fishery", "Restaurant", "Cold Storage"}
	page := oapi.NetworkPage{List: make([]oapi.Network, recordsPerPage), Filters: []string{}, Total: pages * recordsPerPage, Pages: pages}
	for i := range page.List {
		id := int64((number-1)*recordsPerPage + i)
		page.List[i] = oapi.Network{
			AccountId: fmt.Sprintf("acc_%010d", 2345678901+id), AccountTitle: fmt.Sprintf("Acme Seafood %d", id),
			DomainTitle: domains[i%len(domains)], Fee: 1.5,
		}
		if i%2 == 0 {
			fee, date := 2.25, 1234567890+id
			page.List[i].FeeProposed, page.List[i].FeeProposedDate = &fee, &date
		}
	}
	text, err := json.Marshal(page)
	if err != nil {
		panic(err) // cannot fail for a struct of plain values
	}
	return text
}

// check compares a peer's result with the expected one.
func (w work) check(got any, err error) error {
	if w.fails != nil {
		if failed := failureOf(err); failed != *w.fails {
			return fmt.Errorf("%s: the error is %+v of %w, not %+v", w.name, failed, err, *w.fails)
		}
		return nil
	}
	if err != nil {
		return fmt.Errorf("%s: %w", w.name, err)
	}
	text, err := json.Marshal(got)
	if err != nil {
		return fmt.Errorf("%s: %w", w.name, err)
	}
	if !reflect.DeepEqual(known(text), known(w.want)) {
		return fmt.Errorf("%s: the result is %s, not %s", w.name, text, w.want)
	}
	return nil
}

// failureOf returns the error's description of the response.
func failureOf(err error) (failed refusal) {
	var sdk *partnerapi.Error
	var other *refusal
	switch {
	case errors.As(err, &sdk) && len(sdk.Messages) > 0:
		return refusal{sdk.StatusCode, sdk.Messages[0]}
	case errors.As(err, &other):
		return *other
	}
	return refusal{}
}

// known decodes JSON and drops null, empty, zero and false values: a pointer distinguishes them from an absent member, a
// plain field does not, and peers may use either.
func known(text []byte) any {
	var value any
	if json.Unmarshal(text, &value) != nil {
		return string(text)
	}
	return pruned(value)
}

func pruned(value any) any {
	switch value := value.(type) {
	case map[string]any:
		for name, member := range value {
			if member = pruned(member); member == nil {
				delete(value, name)
			}
		}
		if len(value) == 0 {
			return nil
		}
	case []any:
		for i := range value {
			value[i] = pruned(value[i])
		}
		if len(value) == 0 {
			return nil
		}
	case string, float64, bool:
		if reflect.ValueOf(value).IsZero() {
			return nil
		}
	}
	return value
}
