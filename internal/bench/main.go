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
	save := flag.String("save", os.DevNull, "`file` for the results, for -report")
	summarize := flag.Bool("report", false, "do not measure: print the tables of the files in the arguments, one for each Go release")
	write := flag.Bool("write", false, "with -report: write the tables to README.md and docs/performance.md")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	err := error(nil)
	if *summarize {
		root := ""
		if *write {
			root = "../.."
		}
		err = reportOf(os.Stdout, flag.Args(), root)
	} else {
		err = run(ctx, *save, *lines, *rounds)
	}
	if err != nil {
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

// run sets up the machine for the measurements, makes them, and cleans up afterwards.
func run(ctx context.Context, resultsFile, linesFile string, rounds int) error {
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
	r, err := measure(ctx, lines, rounds, full)
	if err := errors.Join(err, lines.Close()); err != nil {
		return err
	}
	return r.save(resultsFile)
}

// measure makes all measurements, and writes lines for benchstat to lines.
func measure(ctx context.Context, lines io.Writer, rounds int, s size) (report, error) {
	r := describe(rounds)
	t := newTable()
	for range rounds {
		if err := inMemory(ctx, t, lines); err != nil {
			return r, err
		}
	}
	r.add(t, s.sections()[0])
	return r, overNetwork(ctx, &r, rounds, s)
}

// overNetwork makes the measurements that need connections.
func overNetwork(ctx context.Context, r *report, rounds int, s size) error {
	sections := s.sections()[1:]
	for i, l := range s.lanes() {
		t := newTable()
		if err := interleave(ctx, rounds, t, l.run); err != nil {
			return err
		}
		r.add(t, sections[i])
	}
	sections = sections[len(s.lanes()):]
	walked := newTable()
	if err := interleave(ctx, rounds, walked, s.list.run); err != nil {
		return err
	}
	r.add(walked, sections[0])
	down := newTable()
	for _, o := range outages(s.callers, s.calls) {
		if err := interleave(ctx, rounds, down, o.run); err != nil {
			return err
		}
	}
	r.add(down, sections[1])
	return nil
}

// lanes are the measurements over loopback.
func (s size) lanes() []lane {
	var lanes []lane
	for _, p := range protocols {
		for _, l := range []lane{s.alone, s.together} {
			l.protocol = p
			lanes = append(lanes, l)
		}
	}
	return lanes
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

// describe returns a report with the conditions of the measurements.
func describe(rounds int) report {
	versions := map[string]string{"net/http": runtime.Version()}
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, m := range info.Deps {
			versions[m.Path] = m.Version
			if m.Replace != nil {
				versions[m.Path] = "this repository"
			}
		}
	}
	r := report{
		Go: runtime.Version(), Date: time.Now().UTC().Format(time.DateOnly),
		Machine: fmt.Sprintf("%s/%s, %s, %d CPUs", runtime.GOOS, runtime.GOARCH, processor(), runtime.NumCPU()),
		Command: fmt.Sprintf("bash internal/bench/run -rounds %d -test.benchtime %s", rounds, flag.Lookup("test.benchtime").Value),
	}
	for _, p := range peers {
		r.Clients = append(r.Clients, []string{p.name, p.module, versions[p.module]})
	}
	return r
}

// processor returns Linux's name of the processor.
func processor() string {
	text, _ := os.ReadFile("/proc/cpuinfo")
	_, after, _ := strings.Cut(string(text), "model name")
	line, _, _ := strings.Cut(after, "\n")
	return strings.TrimLeft(line, "\t: ")
}
