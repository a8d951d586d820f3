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

// memoryBase is where the in-memory API pretends to be.
const memoryBase = "https://bench.example"

// memory is a transport that answers every request with the same reply, without a network.
type memory struct {
	code   int
	status string
	header http.Header // of all answers: no client changes it
	body   []byte
}

func newMemory(code int, body []byte) memory {
	return memory{code, fmt.Sprintf("%d %s", code, http.StatusText(code)), http.Header{
		"Content-Type":   {"application/json"},
		"Content-Length": {strconv.Itoa(len(body))},
		"Date":           {"Mon, 02 Nov 2026 10:00:00 GMT"},
	}, body}
}

// RoundTrip reads the request's body and makes a new answer, at little cost of its own.
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

// benchmark measures a peer at a call, after it has looked at what the peer makes of it.
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

// cpuUnit is the metric that peers are compared by. Wall time leaves out what the garbage collector does for a call on
// other cores, and counts what other processes do on this one.
const cpuUnit = "cpu-ns/op"

// cpuTime is what this process has used.
func cpuTime() time.Duration {
	var used syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &used) // it cannot fail for the process itself
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

// inMemory measures each peer at each call once, and adds what was found to the table, and a line for benchstat to lines.
func inMemory(ctx context.Context, t *table, lines io.Writer) error {
	all, err := works()
	if err != nil {
		return err
	}
	for _, w := range all {
		for _, p := range peers {
			r := testing.Benchmark(func(b *testing.B) { w.benchmark(ctx, b, p) })
			if r.N == 0 { // testing keeps the reason to itself
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
