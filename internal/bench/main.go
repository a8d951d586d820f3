// Command bench measures the SDK and other clients at the same work, and prints Markdown tables. README.md describes the
// measurements.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"strings"
	"testing"
	"time"
)

func main() {
	testing.Init() // for -test.benchtime
	rounds := flag.Int("rounds", 6, "the `number` of rounds; the tables show medians")
	lines := flag.String("lines", os.DevNull, "`file` for the in-memory results, in benchstat's format")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Stdout, *lines, *rounds); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		stop()
		os.Exit(1)
	}
}

// size is the amount of work in a round.
type size struct {
	alone, together lane // the protocol is one of protocols
	list            list
	callers, calls  int // in an outage
}

var full = size{
	alone:    lane{callers: 1, calls: 1000},
	together: lane{callers: 64, calls: 2000},
	list:     list{pages: 100, latency: 20 * time.Millisecond},
	callers:  200,
	calls:    1000,
}

// run sets up the machine for the measurements, and cleans up afterwards.
func run(ctx context.Context, w io.Writer, linesFile string, rounds int) error {
	folder, err := os.MkdirTemp("", "bench")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(folder) }()
	if err := trustServers(folder); err != nil {
		return err
	}
	lines, err := os.Create(linesFile) //nolint:gosec // the user's own file
	if err != nil {
		return err
	}
	return errors.Join(measure(ctx, w, lines, rounds, full), lines.Close())
}

// measure runs all measurements and writes the tables to w, and lines for benchstat to lines.
func measure(ctx context.Context, w, lines io.Writer, rounds int, s size) error {
	describe(w, rounds)
	t := newTable()
	for range rounds {
		if err := inMemory(ctx, t, lines); err != nil {
			return err
		}
	}
	t.printRatios(w, "In memory: CPU of a call against "+baseline+" [allocations], and in µs")
	return overNetwork(ctx, w, rounds, s)
}

// overNetwork runs the measurements that need connections.
func overNetwork(ctx context.Context, w io.Writer, rounds int, s size) error {
	for _, p := range protocols {
		for _, l := range []lane{s.alone, s.together} {
			l.protocol = p
			t := newTable()
			if err := interleave(ctx, rounds, t, l.run); err != nil {
				return err
			}
			t.printMedians(w, "Loopback: "+l.title())
		}
	}
	walked := newTable()
	if err := interleave(ctx, rounds, walked, s.list.run); err != nil {
		return err
	}
	walked.printMedians(w, "Walk: "+s.list.title())
	down := newTable()
	for _, o := range outages(s.callers, s.calls) {
		if err := interleave(ctx, rounds, down, o.run); err != nil {
			return err
		}
	}
	down.printMedians(w, "Outage: requests per call")
	return nil
}

// interleave measures every peer once per round, so that changes in the load on the machine affect them alike.
func interleave(ctx context.Context, rounds int, t *table, measure func(context.Context, *table, peer) error) error {
	for range rounds {
		for _, p := range peers {
			runtime.GC() // no peer pays for another's garbage
			if err := measure(ctx, t, p); err != nil {
				return err
			}
		}
	}
	return nil
}

// describe writes the conditions of the measurements.
func describe(w io.Writer, rounds int) {
	fmt.Fprintf(w, "%s, %s/%s, %s, %d CPUs: `bash internal/bench/run -rounds %d -test.benchtime %s`\n\n",
		time.Now().UTC().Format(time.DateOnly), runtime.GOOS, runtime.GOARCH, processor(), runtime.NumCPU(),
		rounds, flag.Lookup("test.benchtime").Value)
	versions := map[string]string{"net/http": runtime.Version()}
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, m := range info.Deps {
			versions[m.Path] = m.Version
			if m.Replace != nil {
				versions[m.Path] = "this repository"
			}
		}
	}
	fmt.Fprintln(w, "| client | module | version |\n| --- | --- | --- |")
	for _, p := range peers {
		fmt.Fprintf(w, "| %s | %s | %s |\n", p.name, p.module, versions[p.module])
	}
}

// processor returns Linux's name of the processor.
func processor() string {
	text, _ := os.ReadFile("/proc/cpuinfo")
	_, after, _ := strings.Cut(string(text), "model name")
	line, _, _ := strings.Cut(after, "\n")
	return strings.TrimLeft(line, "\t: ")
}
