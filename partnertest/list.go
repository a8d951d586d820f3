package partnertest

import (
	"iter"
	"net/http"
	"strconv"
	"strings"

	"github.com/partnerapi/partnerapi-go/partnertest/internal/wire"
)

// listQuery is the query of a record list.
type listQuery struct {
	search, filter string
	page, records  int
}

func readListQuery(in *request) listQuery {
	q := in.URL.Query()
	asked := listQuery{search: q.Get("search"), filter: q.Get("filter")}
	asked.page = max(1, atoi(q.Get("page"), 1))
	// ours N35
	asked.records = min(100, atoi(q.Get("records"), 25))
	if asked.records < 1 {
		asked.records = 25
	}
	return asked
}

// atoi returns otherwise for invalid numbers.
// ours N36
func atoi(s string, otherwise int) int {
	n, err := strconv.Atoi(s)
	if err != nil {
		return otherwise
	}
	return n
}

// listOf returns a page of a record list.
// ours N37: in the order of creation
func listOf[T any](in *request, all iter.Seq[T], filters []string, matches func(T, listQuery) bool, show func(T) any) reply {
	q := readListQuery(in)
	page, total := []any{}, 0
	for record := range all {
		if !matches(record, q) {
			continue
		}
		if total/q.records == q.page-1 {
			page = append(page, show(record))
		}
		total++
	}
	return inJSON(http.StatusOK, map[string]any{
		"list": page, "total": total, "search": q.search, "filter": q.filter, "filters": wire.OrEmpty(filters),
		"pages": max(1, (total+q.records-1)/q.records), // ours N38: one if the list is empty
	})
}

// contains reports whether search finds a record.
// ours N39: any part of the name or the e-mail
func contains(s, search string) bool {
	return search == "" || strings.Contains(strings.ToLower(s), strings.ToLower(search))
}
