package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"regexp"
	"strings"
	"testing"

	partnerapi "github.com/partnerapi/partnerapi-go"
	"github.com/partnerapi/partnerapi-go/partnertest"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

// masks replace what differs between runs.
var masks = []struct {
	what *regexp.Regexp
	by   string
}{
	{regexp.MustCompile(`trace [0-9a-f]{32}`), "trace ID"},
	{regexp.MustCompile(`\b[0-9.]+(µs|ms|s)\b`), "TIME"},
	{regexp.MustCompile(`(?m)(_seconds_sum\{.*\}) .*$`), "$1 TIME"},
	{regexp.MustCompile(`(?m)(_seconds_bucket\{.*le="[0-9.]+"\}) .*$`), "$1 COUNT"}, // depends on the machine
}

func masked(text string) string {
	for _, m := range masks {
		text = m.what.ReplaceAllString(text, m.by)
	}
	return text
}

func TestRun(t *testing.T) {
	t.Parallel()
	var stdout bytes.Buffer
	require.NoError(t, run(t.Context(), &stdout))
	want, err := os.ReadFile("testdata/output.txt")
	require.NoError(t, err)
	assert.Equal(t, string(want), masked(stdout.String()))
}

// observed is a client whose spans and metrics are recorded.
type observed struct {
	*partnerapi.Client
	spans    spanLog
	registry *prometheus.Registry
	tracer   trace.Tracer
}

func newObserved(fake *partnertest.Fake, more ...partnerapi.Option) *observed {
	o := &observed{registry: prometheus.NewRegistry()}
	o.tracer = sdktrace.NewTracerProvider(sdktrace.WithSyncer(&o.spans)).Tracer("test")
	opts := append(observe(o.tracer, NewMetrics(o.registry)), partnerapi.WithRetry(partnerapi.RetryPolicy{MinWait: 1, MaxWait: 1}))
	o.Client = fake.Client(append(opts, more...)...)
	return o
}

// series returns the lines of a scrape without their values.
func (o *observed) series(t *testing.T) []string {
	t.Helper()
	var scrape bytes.Buffer
	require.NoError(t, printScrape(&scrape, o.registry))
	var series []string
	for text := range strings.Lines(scrape.String()) {
		if !strings.HasPrefix(text, "#") {
			series = append(series, text[:strings.LastIndex(text, " ")])
		}
	}
	return series
}

// everything returns all exported data of the spans.
func (o *observed) everything() string {
	var all strings.Builder
	for _, span := range o.spans.ended {
		_, _ = fmt.Fprintln(&all, span.Name(), span.Attributes(), span.Status(), span.Links(), span.Resource(), span.InstrumentationScope())
		for _, event := range span.Events() {
			_, _ = fmt.Fprintln(&all, event.Name, event.Attributes)
		}
	}
	return all.String()
}

// oddValues are unusual values of a pk, an id, a token or an e-mail.
var oddValues = []string{
	"CANARY", "CANARY@b.example", "CANARY/../x", "CANARY?key=1&b=2", "CANARY \"}{=,", "{CANARY}", "%2FCANARY%00", "CANARY\u00e9\n", "CANARY" + strings.Repeat("0", 300),
}

// callAll calls an operation of each API, covering each form of argument, with odd as the value.
func callAll(ctx context.Context, c *partnerapi.Client, odd string) error {
	_, ensured := c.Subscriptions.Ensure(ctx, partnerapi.CreateSubscriptionRequest{PK: odd, Email: odd, Plan: partnerapi.PlanBark})
	_, _, login := c.Accounts.Login(ctx, partnerapi.LoginRequest{Email: odd, Password: odd})
	_, search := c.Accounts.Search(ctx, odd)
	_, network := c.Networks.Get(ctx, odd)
	_, deletion := c.Networks.Delete(ctx, odd)
	_, list := c.Invitations.List(ctx, partnerapi.ListOptions{Search: odd, Filter: odd})
	_, activation := c.Invitations.Activate(ctx, odd)
	_, other := partnerapi.Do[struct{}](ctx, c, partnerapi.Call{API: partnerapi.NetworkAPI, Op: "PATCH /a/{b}/{c}", Args: []string{odd, odd}})
	return errors.Join(ensured, c.Subscriptions.Cancel(ctx, odd), login, search, network, deletion, list, activation, other)
}

// No pk, id, token or e-mail may appear in a span, an event or a label, whatever its form and however a call fails. More
// values must not create more series.
func TestArgumentsAreNotRecorded(t *testing.T) {
	t.Parallel()
	faults := map[string]partnertest.Fault{
		"the fake's own":            {},
		"a message that repeats it": {Status: 400, Body: `{"success":false,"error":"CANARY","status":"error","messages":["CANARY"]}`},
		"a page":                    {Status: 404, Body: "<html>CANARY"},
		"none":                      {Cut: partnertest.CutRefused},
		"a cut one":                 {Cut: partnertest.CutWithin},
	}
	for name, fault := range faults {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fake := partnertest.New()
			o := newObserved(fake)
			var before []string
			for _, odd := range oddValues {
				for _, op := range []string{
					"POST /partners/subscriptions", "DELETE /partners/subscriptions/{pk}", "POST /login", "GET /account/search",
					"GET /account/networks/{child_account_id}", "GET /account/network-invitations",
				} {
					fake.Fail(op, fault)
				}
				ctx, span := o.tracer.Start(t.Context(), "work")
				End(span, callAll(ctx, o.Client, odd))
				fake.Recover()
				if before == nil {
					before = o.series(t)
				}
			}
			assert.NotContains(t, o.everything(), "CANARY")
			after := o.series(t)
			assert.NotContains(t, strings.Join(after, "\n"), "CANARY")
			// Eleven operations with at most three outcomes of seven series each, and one series of retries each.
			assert.NotEmpty(t, before)
			assert.LessOrEqual(t, len(after), 11*(3*7+1))
			assert.Subset(t, before, after, "series grow with the values")
		})
	}
}

type panicking struct{}

func (panicking) RoundTrip(req *http.Request) (*http.Response, error) {
	panic("no responder for " + req.URL.String())
}

// A transport that panics, such as a mock without a responder, may have the URL in the panic value.
func TestPanicValueIsNotRecorded(t *testing.T) {
	t.Parallel()
	o := newObserved(partnertest.New(), partnerapi.WithHTTPClient(&http.Client{Transport: panicking{}}))
	assert.Panics(t, func() { _, _ = o.Accounts.Search(t.Context(), "CANARY@example.com") })
	assert.Contains(t, o.everything(), "GET /account/search")
	assert.NotContains(t, o.everything(), "CANARY")
}

// The pages that All requests concurrently are spans of one trace, each with an event.
func TestConcurrentPages(t *testing.T) {
	t.Parallel()
	fake := partnertest.New()
	for i := range 1000 {
		fake.SeedNetwork(partnerapi.Network{AccountID: fmt.Sprint("acc_", i)})
	}
	o := newObserved(fake)

	ctx, span := o.tracer.Start(t.Context(), "walk")
	for _, err := range o.Networks.All(ctx, partnerapi.ListOptions{}) {
		require.NoError(t, err)
	}
	span.End()

	require.Len(t, o.spans.ended, 11)
	assert.Len(t, o.spans.ended[10].Events(), 10)
	assert.Equal(t, 10, propagated(fake.Calls(), o.spans.ended))
}

// A request from outside the SDK may contain anything: it gets no span, and no headers are added.
func TestOtherRequests(t *testing.T) {
	t.Parallel()
	fake := partnertest.New()
	o := newObserved(fake)
	client := &http.Client{Transport: Tracing(o.tracer)(fake.Transport())}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://a.example/partner/CANARY", nil)
	require.NoError(t, err)

	resp, err := client.Do(req)

	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	assert.Empty(t, o.spans.ended)
	require.Len(t, fake.Calls(), 1)
	assert.Empty(t, fake.Calls()[0].Header.Get("Traceparent"))
}

// A span has the number of its attempt, as the event of the attempt has.
func TestSpansHaveTheAttempt(t *testing.T) {
	t.Parallel()
	fake := partnertest.New()
	fake.Fail("GET /account/network-domains", partnertest.Fault{Status: 503}, partnertest.Fault{Cut: partnertest.CutRefused})
	o := newObserved(fake)

	ctx, span := o.tracer.Start(t.Context(), "work")
	_, err := o.Networks.Domains(ctx)
	End(span, err)

	require.NoError(t, err)
	require.Len(t, o.spans.ended, 4)
	root := o.spans.ended[3]
	require.Len(t, root.Events(), 3)
	for i, request := range o.spans.ended[:3] {
		assert.Equal(t, int64(i+1), values(request.Attributes())["partnerapi.attempt"].AsInt64())
		assert.Equal(t, int64(i+1), values(root.Events()[i].Attributes)["partnerapi.attempt"].AsInt64())
	}
}
