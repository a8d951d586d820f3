// Command startup measures what a program pays for a client library before its first call: the size of a stripped program that
// makes one call, the initialisation of its packages, and a new client. It prints a Markdown table.
package main

import (
	"context"
	"debug/buildinfo"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-github/v88/github"
	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/option"
	"github.com/partnerapi/partnerapi-go"
	"github.com/stripe/stripe-go/v85"
)

// program is a folder with a program that makes one call.
type program struct {
	folder, module string
	newClient      func() error // with its default settings and a credential; nil by hand
}

// programs begins with the one by hand.
var programs = []program{
	{"raw", "net/http, encoding/json, log/slog", nil},
	{"partnerapi", "github.com/partnerapi/partnerapi-go", func() error {
		_, err := partnerapi.NewClient(partnerapi.WithPartnerToken("token"), partnerapi.WithAccountKey("key"), partnerapi.WithNetworkToken("token"))
		return err
	}},
	{"github", "github.com/google/go-github/v88", func() error {
		_, err := github.NewClient(github.WithAuthToken("token"))
		return err
	}},
	{"stripe", "github.com/stripe/stripe-go/v85", func() error {
		stripe.NewClient("sk_test_1")
		return nil
	}},
	{"openai", "github.com/openai/openai-go/v3", func() error {
		openai.NewClient(option.WithAPIKey("key"))
		return nil
	}},
}

func main() {
	if err := run(context.Background(), os.Stdout, programs, 15); err != nil {
		fmt.Fprintln(os.Stderr, "startup:", err)
		os.Exit(1)
	}
}

// run measures the programs and writes the table.
func run(ctx context.Context, w io.Writer, all []program, starts int) error {
	bin, err := os.MkdirTemp("", "startup")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(bin) }()
	server := httptest.NewServer(http.HandlerFunc(respond))
	defer server.Close()
	fmt.Fprintf(w, "### %s: Start-up and size\n\n", strings.Replace(runtime.Version(), "go", "Go ", 1))
	fmt.Fprintln(w, "| program | version | size, KB | by hand = 1.00 | packages of its own, µs | new client, µs [allocations] |")
	fmt.Fprintln(w, "| --- | --- | --: | --: | --: | --: |")
	var hand found
	for i, p := range all {
		got, err := p.measure(ctx, bin, server.URL, starts)
		if err != nil {
			return fmt.Errorf("%s: %w", p.folder, err)
		}
		if i == 0 {
			hand = got
		}
		client, err := p.clientCost()
		if err != nil {
			return fmt.Errorf("%s: %w", p.folder, err)
		}
		fmt.Fprintf(w, "| %s | %s | %d | %.2f | %d | %s |\n", p.folder, got.version, got.size>>10, float64(got.size)/float64(hand.size),
			got.beside(hand).Microseconds(), client)
	}
	return nil
}

// clientCost returns the time and the allocations of a new client.
func (p program) clientCost() (cost string, err error) {
	if p.newClient == nil {
		return "", nil
	}
	client := testing.Benchmark(func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if err = p.newClient(); err != nil {
				b.FailNow()
			}
		}
	})
	return fmt.Sprintf("%.1f [%d]", float64(client.NsPerOp())/1000, client.AllocsPerOp()), err
}

// respond responds to the calls of all programs.
func respond(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	body := `{"success":true,"id":"1"}`
	if strings.HasPrefix(r.URL.Path, "/repos/") {
		body = `{"id":1}`
	}
	_, _ = io.WriteString(w, body)
}

// found is what is measured of a program.
type found struct {
	version string
	size    int64
	inits   map[string]time.Duration // the median of each package's initialisation
}

// beside returns the initialisation of the packages that another program does not have.
func (f found) beside(other found) (sum time.Duration) {
	for path, took := range f.inits {
		if _, has := other.inits[path]; !has {
			sum += took
		}
	}
	return sum
}

// measure builds the program and starts it several times.
func (p program) measure(ctx context.Context, bin, base string, starts int) (f found, err error) {
	file := filepath.Join(bin, p.folder)
	build := exec.CommandContext(ctx, "go", "build", "-trimpath", "-ldflags=-s -w", "-o", file, "./"+p.folder) //nolint:gosec // our own folder
	build.Env = append(os.Environ(), "GOTOOLCHAIN="+runtime.Version())
	if out, err := build.CombinedOutput(); err != nil {
		return f, fmt.Errorf("%w: %s", err, out)
	}
	info, err := os.Stat(file)
	if err != nil {
		return f, err
	}
	f.size = info.Size()
	if f.version, err = p.versionIn(file); err != nil {
		return f, err
	}
	took := make(map[string][]time.Duration)
	for range starts {
		start := exec.CommandContext(ctx, file, base) //nolint:gosec // it was just built
		start.Env = append(os.Environ(), "GODEBUG=inittrace=1")
		out, err := start.CombinedOutput()
		if err != nil {
			return f, fmt.Errorf("%w: %s", err, out)
		}
		for path, each := range initsIn(string(out)) {
			took[path] = append(took[path], each)
		}
	}
	f.inits = make(map[string]time.Duration)
	for path, each := range took {
		slices.Sort(each)
		f.inits[path] = each[len(each)/2]
	}
	return f, nil
}

// versionIn returns the version of the module, or of Go.
func (p program) versionIn(file string) (string, error) {
	info, err := buildinfo.ReadFile(file)
	if err != nil {
		return "", err
	}
	for _, m := range info.Deps {
		switch {
		case m.Path != p.module:
		case m.Replace != nil:
			return "this repository", nil
		default:
			return m.Version, nil
		}
	}
	return info.GoVersion, nil
}

var initLine = regexp.MustCompile(`(?m)^init (\S+) @\S+ ms, (\S+) ms clock`)

// initsIn returns what a program says with GODEBUG=inittrace=1.
func initsIn(said string) map[string]time.Duration {
	inits := make(map[string]time.Duration)
	for _, match := range initLine.FindAllStringSubmatch(said, -1) {
		took, err := time.ParseDuration(match[2] + "ms")
		if err == nil {
			inits[match[1]] = took
		}
	}
	return inits
}
