// Command bench measures the SDK and other clients at the same work, and prints tables in Markdown. README.md says what
// is measured.
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
	rounds := flag.Int("rounds", 6, "how often each `number` is measured; the median counts")
	lines := flag.String("lines", os.DevNull, "`file` for the in-memory results in the form that benchstat reads")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Stdout, *lines, *rounds); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		stop()
		os.Exit(1)
	}
}

// size is how much is done in a round.
type size struct {
	alone, together lane // the protocol is each of protocols
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

// run prepares what the measurements need of the machine, and takes it away again.
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

// measure measures everything and writes the tables to w, and lines for benchstat to lines.
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

// overNetwork measures what needs connections.
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

// interleave measures all peers once before it measures any again, so that what changes on the machine meanwhile hits
// them alike.
func interleave(ctx context.Context, rounds int, t *table, measure func(context.Context, *table, peer) error) error {
	for range rounds {
		for _, p := range peers {
			runtime.GC() // none pays for what another has left
			if err := measure(ctx, t, p); err != nil {
				return err
			}
		}
	}
	return nil
}

// describe writes what the figures depend on.
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

// processor is what Linux calls the processor.
func processor() string {
	text, _ := os.ReadFile("/proc/cpuinfo")
	_, after, _ := strings.Cut(string(text), "model name")
	line, _, _ := strings.Cut(after, "\n")
	return strings.TrimLeft(line, "\t: ")
}
