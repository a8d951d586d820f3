package main

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/partnerapi/partnerapi-go"
	"github.com/partnerapi/partnerapi-go/partnertest"
)

// demoRows is the number of rows in each roster of the demonstration.
const demoRows = 10_000

// demonstrate is the demonstration.
func demonstrate(ctx context.Context, c *config, stdout io.Writer, p *progress) error {
	return newDemoAPI().demonstrate(ctx, c, stdout, p)
}

// demonstrate loads the rosters of two nights within this process and leaves nothing behind.
func (d *demoAPI) demonstrate(ctx context.Context, c *config, stdout io.Writer, p *progress) (err error) {
	if c.state, err = os.MkdirTemp("", "provision-"); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(c.state)) }()
	c.failed = filepath.Join(c.state, failedFile)
	c.roster = filepath.Join(c.state, "roster.csv")
	c.backoff = 50 * time.Millisecond
	t, err := newTarget(c, partnerapi.WithHTTPClient(&http.Client{Transport: d}))
	if err != nil {
		return err
	}
	t.fake = d.Fake
	e, err := openEngine(ctx, c, loader, p.say)
	if err != nil {
		return err
	}
	defer e.close()
	s, err := e.setUp(ctx, c)
	if err != nil {
		return err
	}
	for night, headline := range []string{
		"The first night: 10,000 rows; the API already has 400 of them, and some requests fail",
		"The second night: the same roster with 150 changes",
	} {
		_, _ = fmt.Fprintf(stdout, "%s\n\n", headline)
		if err := writeDemo(c.roster, night); err != nil {
			return err
		}
		err := s.bring(ctx, c, t, stdout, p)
		if errors.Is(err, errFailed) {
			err = printSorted(stdout, c.failed)
		}
		if err != nil {
			return err
		}
		_, _ = fmt.Fprintln(stdout)
	}
	return nil
}

// demoAPI is a fake with faults. Each fault belongs to a row, so every run has the same counts, whatever the order of
// its requests.
type demoAPI struct {
	*partnertest.Fake

	requests atomic.Int64

	alone  sync.RWMutex // held by a request with a fault, or another request would take that fault
	mu     sync.Mutex
	faults map[string]partnertest.Fault // by the pk of the first creation
}

// newDemoAPI returns an API that has 400 of the rows, and faults for 173 others.
func newDemoAPI() *demoAPI {
	d := &demoAPI{Fake: partnertest.New(), faults: make(map[string]partnertest.Fault)}
	for i := 1; i <= 400; i++ {
		d.SeedSubscription(partnertest.Subscription{PK: demoPK(i), Email: demoEmail(i), Plan: partnerapi.PlanBarkJunior})
	}
	for i, fault := range slices.Concat(
		slices.Repeat([]partnertest.Fault{{Status: 503}, {Cut: partnertest.CutAfter}, {Status: 502, Processed: true}}, 50),
		slices.Repeat([]partnertest.Fault{{Status: 429, RetryAfter: time.Second}}, 20),
		slices.Repeat([]partnertest.Fault{{Status: 400, Body: `{"success":false,"error":"Email is invalid","error_type":"invalid_params"}`}}, 3),
	) {
		d.faults[demoPK(1000+40*i)] = fault
	}
	return d
}

// RoundTrip is the transport of the client.
func (d *demoAPI) RoundTrip(req *http.Request) (*http.Response, error) {
	d.requests.Add(1)
	fault, goesWrong, err := d.take(req)
	if err != nil {
		return nil, err
	}
	if !goesWrong {
		d.alone.RLock()
		defer d.alone.RUnlock()
		return d.Transport().RoundTrip(req)
	}
	d.alone.Lock()
	defer d.alone.Unlock()
	d.Fail("POST /partners/subscriptions", fault)
	return d.Transport().RoundTrip(req)
}

// take returns and removes the fault of a request, if there is one.
func (d *demoAPI) take(req *http.Request) (fault partnertest.Fault, has bool, err error) {
	if req.Method != http.MethodPost {
		return fault, false, nil
	}
	body, err := req.GetBody()
	if err != nil {
		return fault, false, err
	}
	var r row
	if err := json.NewDecoder(body).Decode(&r); err != nil {
		return fault, false, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	fault, has = d.faults[r.PK]
	delete(d.faults, r.PK)
	return fault, has, nil
}

func demoPK(i int) string    { return fmt.Sprintf("MS%05d", i) }
func demoEmail(i int) string { return fmt.Sprintf("parent%05d@example.com", i) }

// writeDemo writes the roster of a night. On the second night, 100 parents have another plan, and 50 have left.
func writeDemo(path string, night int) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	w := csv.NewWriter(f)
	_ = w.Write(columns) // w.Error reports it
	for i := 1; i <= demoRows; i++ {
		r := row{demoPK(i), demoEmail(i), partnerapi.PlanBark, active}
		switch {
		case i <= 200, night == 1 && i > demoRows-50:
			r.Status = cancelled
		case night == 1 && i <= 300:
			r.Plan = partnerapi.PlanBarkJunior
		}
		_ = w.Write(r.fields())
	}
	w.Flush()
	return errors.Join(w.Error(), f.Close())
}

// printSorted prints a file of failed rows, sorted by pk. The file has them in the order in which they failed.
func printSorted(w io.Writer, path string) error {
	text, err := os.ReadFile(path)
	lines := strings.SplitAfter(string(text), "\n")
	slices.Sort(lines[1:]) // all but the header
	_, _ = io.WriteString(w, strings.Join(lines, ""))
	return err
}
