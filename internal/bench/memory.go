package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"syscall"
	"testing"
	"time"
)

// memoryBase is the base URL of the in-memory API.
const memoryBase = "https://bench.example"

// memory is a transport that gives the same response to every request, without a network.
type memory struct {
	code   int
	status string
	header http.Header // shared by all responses: no client changes it
	body   []byte
}

func newMemory(code int, body []byte) memory {
	return memory{code, fmt.Sprintf("%d %s", code, http.StatusText(code)), http.Header{
		"Content-Type":   {"application/json"},
		"Content-Length": {strconv.Itoa(len(body))},
		"Date":           {"Mon, 02 Nov 2026 10:00:00 GMT"},
	}, body}
}

// RoundTrip reads the request's body and makes a new response, at little cost.
func (m memory) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.Body != nil {
		if _, err := io.Copy(io.Discard, req.Body); err != nil {
			return nil, err
		}
		if err := req.Body.Close(); err != nil {
			return nil, err
		}
	}
	return &http.Response{
		Status: m.status, StatusCode: m.code, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header:        m.header,
		Body:          io.NopCloser(bytes.NewReader(m.body)),
		ContentLength: int64(len(m.body)),
		Request:       req,
	}, nil
}

// benchmark measures a peer at a call, after it has checked the peer's result.
func (w work) benchmark(ctx context.Context, b *testing.B, p peer) {
	c, err := p.dial(setup{base: memoryBase, transport: newMemory(w.status, w.reply)})
	if err == nil {
		err = w.check(w.run(ctx, c))
	}
	if err != nil {
		b.Fatalf("%s: %v", p.name, err)
	}
	b.ReportAllocs()
	before := cpuTime()
	for b.Loop() {
		if _, err := w.run(ctx, c); (err != nil) != (w.fails != nil) {
			b.Fatalf("%s: %s: %v", p.name, w.name, err)
		}
	}
	b.ReportMetric(float64(cpuTime()-before)/float64(b.N), cpuUnit)
}

// cpuUnit is the metric by which peers are compared. Wall time excludes garbage collection on other cores, and includes
// the work of other processes on this one.
const cpuUnit = "cpu-ns/op"

// cpuTime is the CPU time of this process.
func cpuTime() time.Duration {
	var used syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &used) // cannot fail for the process itself
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

// inMemory measures each peer at each call once. It adds the results to the table, and lines for benchstat to lines.
func inMemory(ctx context.Context, t *table, lines io.Writer) error {
	all, err := works()
	if err != nil {
		return err
	}
	for _, w := range all {
		for _, p := range peers {
			r := testing.Benchmark(func(b *testing.B) { w.benchmark(ctx, b, p) })
			if r.N == 0 { // testing does not return the reason
				return fmt.Errorf("the benchmark of %s at %s failed: see go test", p.name, w.name)
			}
			fmt.Fprintf(lines, "BenchmarkCall/call=%s/client=%s %s %s\n", w.name, p.name, r, r.MemString())
			t.add(p.name, w.name, r.Extra[cpuUnit])
			t.add(p.name, w.name+allocations, float64(r.AllocsPerOp()))
		}
	}
	return nil
}

const allocations = " allocations"
