// Package verify finds out whether the APIs do what package decisions has decided.
package verify

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/partnerapi/partnerapi-go"
	"github.com/partnerapi/partnerapi-go/internal/decisions"
	"github.com/partnerapi/partnerapi-go/internal/recording"
)

// probe finds out one decision.
type probe struct {
	id       string
	requests int // at most, without removals
	run      func(context.Context, *env) error
}

// decision is the ledger's entry of the probe.
func (p probe) decision() decisions.Decision {
	d, _ := decisions.ByID(p.id) // a test looks for each
	return d
}

// Config is what a run needs.
type Config struct {
	API    partnerapi.API
	Client func(...partnerapi.Option) (*partnerapi.Client, error)
	Out    io.Writer
	// Confirm asks whether to make the probes, and returns an error if not.
	Confirm func(ctx context.Context, what string) error
	// Line asks for a line. It asks about each irreversible probe too, whatever was confirmed before.
	Line func(ctx context.Context, prompt string) (string, error)

	Write        bool // reversible probes too
	Irreversible bool // irreversible probes too, with an Email
	Email        string
	// AppKey, Username and Password sign in at the network API. Probes that need them find nothing out without them.
	AppKey, Username, Password string
	// Record is a directory for the answers. Empty means that they are not recorded.
	Record string
	Pause  time.Duration // between two requests
}

// run is one run of the probes.
type run struct {
	Config

	tag       string // in every made-up value
	client    *partnerapi.Client
	transport *transport
	scrub     *scrubber
	left      []string
	shared    *env // has the records that several probes use

	redirects []answer
	customer  *customer
	network   *activated
}

// The verdicts.
const (
	AsDecided = "as decided"
	Differs   = "differs"
	Unknown   = "could not be found out"
)

// Finding is what was found out about a decision.
type Finding struct {
	ID       string     `json:"id"`
	Question string     `json:"question"`
	Verdict  string     `json:"verdict"`
	Detail   string     `json:"detail,omitzero"` // what came instead, or why it could not be found out
	Answers  []Response `json:"answers"`
}

// Response is an answer of an API without anything personal or secret.
type Response struct {
	Op     string      `json:"op"`
	Status int         `json:"status"`
	Header http.Header `json:"header"`
	Body   string      `json:"body"`
}

// Report is the content of verify.json.
type Report struct {
	Version    string         `json:"version"`
	Go         string         `json:"go"`
	API        partnerapi.API `json:"api"`
	Began      time.Time      `json:"began"`
	Ended      time.Time      `json:"ended"`
	Findings   []Finding      `json:"findings"`
	LeftBehind []string       `json:"left_behind"`
}

// Errors of a run that found something out, or nothing.
var (
	ErrDiffers = errors.New("an API differs from what was decided")
	ErrNothing = errors.New("nothing could be found out")
)

// Run makes the probes of an API. Its error is [ErrDiffers] or [ErrNothing] if the report says so. The report is nil if
// nothing was sent.
func Run(ctx context.Context, config Config) (*Report, error) {
	r, err := newRun(config)
	if err != nil {
		return nil, err
	}
	chosen := r.chosen()
	if r.announce(chosen); len(chosen) > 0 {
		if err := r.Confirm(ctx, fmt.Sprintf("Make these %d probes at the %s API", len(chosen), r.API)); err != nil {
			return nil, err
		}
	}
	report := &Report{Version: partnerapi.Version, Go: runtime.Version(), API: r.API, Began: time.Now().UTC().Truncate(time.Second)}
	var recorded []recording.Response
	for _, p := range chosen {
		if ctx.Err() != nil {
			break
		}
		finding, answers := r.probe(ctx, p)
		report.Findings = append(report.Findings, finding)
		for _, a := range answers {
			if a.situation() != "" && r.Record != "" {
				recorded = append(recorded, r.record(a))
			}
		}
	}
	r.remove(ctx, r.shared)
	report.LeftBehind = r.left
	report.Ended = time.Now().UTC().Truncate(time.Second)
	r.conclude(report)
	if err := writeAll(r.Record, recorded); err != nil {
		return report, err
	}
	return report, errors.Join(ctx.Err(), report.result())
}

// newRun returns a run whose client paces and watches its requests.
func newRun(config Config) (*run, error) {
	var random [4]byte
	_, _ = rand.Read(random[:]) // it never fails
	r := &run{Config: config, tag: hex.EncodeToString(random[:]), scrub: newScrubber(), left: []string{}}
	r.transport = &transport{pause: r.Pause, scrub: r.scrub}
	r.shared = &env{run: r, id: "shared"}
	for _, secret := range []string{r.AppKey, r.Username, r.Password} {
		r.scrub.learn("token", secret)
	}
	r.scrub.learn("email", r.Email)
	var err error
	r.client, err = r.Client(partnerapi.WithMiddleware(func(next http.RoundTripper) http.RoundTripper {
		r.transport.next = next
		return r.transport
	}))
	return r, err
}

// Pause is the time between two requests of a run. The partner API's documented limit is 10 requests in 2 seconds; the other
// APIs document none.
func Pause(api partnerapi.API) time.Duration {
	if api == partnerapi.PartnerAPI {
		return 250 * time.Millisecond
	}
	return 500 * time.Millisecond
}

// probes are those of an API.
func probes(api partnerapi.API) []probe {
	switch api {
	case partnerapi.PartnerAPI:
		return partnerProbes()
	case partnerapi.AccountAPI:
		return accountProbes()
	default:
		return networkProbes()
	}
}

// chosen are the probes of the kinds that the user wants.
func (r *run) chosen() []probe {
	var chosen []probe
	for _, p := range probes(r.API) {
		switch how := p.decision().How; {
		case how == decisions.ReadOnly, how == decisions.Reversible && r.Write, how == decisions.Irreversible && r.Irreversible:
			chosen = append(chosen, p)
		}
	}
	return chosen
}

func (r *run) announce(chosen []probe) {
	requests := 0
	for _, p := range chosen {
		d := p.decision()
		requests += p.requests
		r.printf("%s %s, %s: %s", p.id, d.How, count(p.requests, "request", "requests"), d.Probe)
	}
	r.printf("%d probes of the %s API, at most %d requests and what removes their records, %v apart.\n", len(chosen), r.API, requests, r.Pause)
}

func (r *run) printf(format string, args ...any) { _, _ = fmt.Fprintf(r.Out, format+"\n", args...) }

// probe makes a probe and removes what it has made.
func (r *run) probe(ctx context.Context, p probe) (Finding, []answer) {
	e := &env{run: r, id: p.id}
	d := p.decision()
	err := r.consent(ctx, d)
	if err == nil {
		err = p.run(ctx, e)
	}
	if e.stopped != nil {
		err = e.stopped
	}
	r.remove(ctx, e)
	finding := Finding{ID: p.id, Question: d.Question, Verdict: AsDecided, Answers: []Response{}}
	for _, a := range e.answers {
		finding.Answers = append(finding.Answers, Response{a.op, a.status, r.scrub.headers(a.header), r.scrub.body(a.body)})
		if a.status >= http.StatusMultipleChoices && a.status < http.StatusBadRequest && a.op != signupOp {
			r.redirects = append(r.redirects, a)
		}
	}
	line := p.id + " " + AsDecided
	if found := differs(""); errors.As(err, &found) {
		finding.Verdict, finding.Detail = Differs, err.Error()
		line = fmt.Sprintf("%s differs: %s", p.id, finding.Detail)
	} else if err != nil {
		finding.Verdict, finding.Detail = Unknown, err.Error()
		line = fmt.Sprintf("%s could not be found out: %s", p.id, finding.Detail)
	}
	r.printf("%s", line)
	return finding, e.answers
}

// consent asks before an irreversible probe.
func (r *run) consent(ctx context.Context, d decisions.Decision) error {
	if d.How != decisions.Irreversible {
		return nil
	}
	said, err := r.Line(ctx, d.ID+" leaves something behind: "+d.Probe+" Type yes to make it")
	if err != nil || strings.TrimSpace(said) != "yes" {
		return unknown("not confirmed")
	}
	return nil
}

// remove removes the records of a probe, the newest first, also after Ctrl-C.
func (r *run) remove(ctx context.Context, e *env) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
	defer cancel()
	for i := len(e.undo) - 1; i >= 0; i-- {
		cleaner := &env{run: r, id: e.id}
		err := e.undo[i].remove(ctx, cleaner)
		if err != nil || cleaner.stopped != nil {
			r.left = append(r.left, e.undo[i].what)
		}
	}
	e.undo = nil
}

// leaves notes what cannot be removed.
func (e *env) leaves(what string) { e.left = append(e.left, what) }

// conclude prints the end of the report.
func (r *run) conclude(report *Report) {
	counts := make(map[string]int)
	for _, f := range report.Findings {
		counts[f.Verdict]++
	}
	r.printf("\n%d %s, %s, %d %s. %s.", counts[AsDecided], AsDecided, count(counts[Differs], "differs", "differ"),
		counts[Unknown], Unknown, count(r.transport.sent, "request", "requests"))
	if missing := len(r.chosen()) - len(report.Findings); missing > 0 {
		r.printf("Interrupted: %s not made.", count(missing, "probe was", "probes were"))
	}
	if others := r.others(); others != "" {
		r.printf("Not tried: %s.", others)
	}
	for _, what := range r.left {
		r.printf("left behind: %s", what)
	}
}

// others says how many decisions about the API the probes that were chosen do not find out.
func (r *run) others() string {
	chosen, counts := r.chosen(), make(map[decisions.How]int)
	for _, d := range decisions.All() {
		if strings.EqualFold(d.ID[:1], string(r.API[:1])) && !slices.ContainsFunc(chosen, func(p probe) bool { return p.id == d.ID }) {
			counts[d.How]++
		}
	}
	var texts []string
	for _, of := range []struct {
		how  decisions.How
		hint string
	}{
		{decisions.Reversible, "reversible (--write)"}, {decisions.Irreversible, "irreversible (--irreversible)"},
		{decisions.HowNone, "that no probe can find out (docs/decisions.md)"},
	} {
		if n := counts[of.how]; n > 0 {
			texts = append(texts, fmt.Sprintf("%d %s", n, of.hint))
		}
	}
	return strings.Join(texts, ", ")
}

func count(n int, one, many string) string {
	if n == 1 {
		many = one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// result returns nil if something was found out and all of that is as decided.
func (report *Report) result() error {
	err := ErrNothing
	for _, f := range report.Findings {
		switch f.Verdict {
		case Differs:
			return ErrDiffers
		case AsDecided:
			err = nil
		}
	}
	return err
}

// record returns an answer as package partnertest responds with it.
func (r *run) record(a answer) recording.Response {
	return recording.Response{
		Op: a.op, Situation: a.situation(), Status: a.status, Header: r.scrub.headers(a.header), Body: r.scrub.body(a.body),
	}
}

// writeAll writes the first answer of each operation in each situation.
func writeAll(dir string, recorded []recording.Response) error {
	written := make(map[string]bool)
	for _, response := range recorded {
		if written[response.Name()] {
			continue
		}
		written[response.Name()] = true
		if err := recording.Write(dir, response); err != nil {
			return err
		}
	}
	return nil
}
