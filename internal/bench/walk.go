package main

import (
	"context"
	"fmt"
	"net/http"
	"runtime"
	"strconv"
	"time"
)

// list is a list of networks that is walked over loopback.
type list struct {
	pages   int
	latency time.Duration // of every response
}

func (l list) title() string {
	return fmt.Sprintf("%d records in pages of %d, latency of a response: %s", l.pages*recordsPerPage, recordsPerPage, l.latency)
}

func (l list) serve() *server {
	responses := make([]http.HandlerFunc, l.pages)
	for i := range responses {
		responses[i] = respond(http.StatusOK, networkPage(i+1, l.pages))
	}
	return serve(plainHTTP, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		page, err := strconv.Atoi(r.URL.Query().Get("page"))
		if err != nil || page < 1 || page > len(responses) {
			http.NotFound(w, r)
			return
		}
		time.Sleep(l.latency)
		responses[page-1](w, r)
	}))
}

// run walks the list with fresh clients and adds the results to the table.
func (l list) run(ctx context.Context, t *table, p peer) error {
	total := l.pages * recordsPerPage
	started := time.Now()
	requests, err := l.walk(ctx, p, total, func() {})
	if err != nil {
		return err
	}
	t.add(p.name, "seconds", time.Since(started).Seconds())
	t.add(p.name, "requests", requests)
	if requests, err = l.walk(ctx, p, 1, func() {}); err != nil {
		return err
	}
	t.add(p.name, "requests for the first record", requests)
	var before, peak uint64
	_, err = l.walk(ctx, p, total, func() {
		live := liveHeap()
		if before == 0 {
			before = live
		}
		peak = max(peak, live)
	})
	t.add(p.name, "peak of live heap, KiB", float64(peak-before)/1024)
	return err
}

// walk visits a number of records, checks each, and returns the number of requests. It calls look before the walk and
// periodically during it.
func (l list) walk(ctx context.Context, p peer, most int, look func()) (requests float64, err error) {
	s := l.serve()
	defer s.Close()
	c, err := p.fresh(s.URL, 0)
	if err != nil {
		return 0, err
	}
	look()
	visited, wrong := 0, ""
	err = c.walk(ctx, func(accountID string) bool {
		if want := fmt.Sprintf("acc_%010d", 2345678901+visited); accountID != want {
			wrong = accountID
		}
		if visited++; visited%(10*recordsPerPage) == 0 {
			look()
		}
		return visited < most && wrong == ""
	})
	if err == nil && (visited != most || wrong != "") {
		err = fmt.Errorf("record %d of %d is %q", visited, most, wrong)
	}
	if err != nil {
		return 0, fmt.Errorf("%s: walk: %w", p.name, err)
	}
	return float64(s.requests.Load()), nil
}

// liveHeap is the reachable heap of the whole process, server included.
func liveHeap() uint64 {
	var stats runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&stats)
	return stats.HeapAlloc
}
