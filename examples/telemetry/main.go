// Command telemetry traces and counts failing calls against the embedded fake, and prints the traces and the output of a
// Prometheus scrape.
//
// tracing.go and metrics.go are meant to be copied; observe, in this file, applies them to a client.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"time"

	partnerapi "github.com/partnerapi/partnerapi-go"
	"github.com/partnerapi/partnerapi-go/partnertest"
	"github.com/prometheus/client_golang/prometheus"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

func main() {
	if err := run(context.Background(), os.Stdout); err != nil {
		_, _ = fmt.Fprintln(os.Stderr, "telemetry:", err)
		os.Exit(1)
	}
}

// observe returns the options of a traced and counted client.
func observe(tracer trace.Tracer, metrics *Metrics) []partnerapi.Option {
	return []partnerapi.Option{
		partnerapi.WithMiddleware(Tracing(tracer)),
		partnerapi.WithAttemptHook(func(ctx context.Context, a partnerapi.Attempt) {
			AddAttempt(ctx, a)
			metrics.Observe(a)
		}),
	}
}

// run is main with its dependencies passed in.
func run(ctx context.Context, w io.Writer) error {
	// In a service: sdktrace.WithBatcher, with an OTLP exporter.
	var spans spanLog
	provider := sdktrace.NewTracerProvider(sdktrace.WithSyncer(&spans))
	tracer := provider.Tracer("telemetry")
	registry := prometheus.NewRegistry()

	fake := partnertest.New()
	client := fake.Client(append(observe(tracer, NewMetrics(registry)),
		// shorter waits than the default, for a demonstration
		partnerapi.WithRetry(partnerapi.RetryPolicy{MinWait: time.Millisecond, MaxWait: 5 * time.Millisecond}))...)
	tell(ctx, fake, client, tracer)

	printTraces(w, spans.ended)
	_, _ = fmt.Fprintf(w, "%d of %d requests that reached the server carry the trace of their span\n\n",
		propagated(fake.Calls(), spans.ended), len(fake.Calls()))
	return printScrape(w, registry)
}

// story lists what a service does, with the faults of the API.
var story = []struct {
	name   string
	faults map[string][]partnertest.Fault
	do     func(context.Context, *partnerapi.Client) error
}{
	{
		"subscribe a parent",
		map[string][]partnertest.Fault{"POST /partners/subscriptions": {{Status: 503}, {Cut: partnertest.CutAfter}}},
		func(ctx context.Context, client *partnerapi.Client) error {
			_, err := client.Subscriptions.Ensure(ctx, partnerapi.CreateSubscriptionRequest{
				PK: "MS2365", Email: "parent@example.com", Plan: partnerapi.PlanBark,
			})
			return err
		},
	},
	{
		"look a fan up",
		map[string][]partnertest.Fault{"GET /account/search": {{Cut: partnertest.CutRefused}, {Status: 429}}},
		func(ctx context.Context, client *partnerapi.Client) error {
			_, err := client.Accounts.Search(ctx, "fan@example.com")
			return err
		},
	},
	{
		"invite a shop",
		map[string][]partnertest.Fault{"POST /account/network-invitations": {{Cut: partnertest.CutWithin}}},
		func(ctx context.Context, client *partnerapi.Client) error {
			_, err := client.Invitations.Create(ctx, partnerapi.CreateInvitationRequest{
				Email: "shop@example.com", DomainID: "dom_agency",
			})
			return err
		},
	},
}

// tell runs the story, each part in a span of its own, like a request handler in a service.
func tell(ctx context.Context, fake *partnertest.Fake, client *partnerapi.Client, tracer trace.Tracer) {
	for _, part := range story {
		for op, faults := range part.faults {
			fake.Fail(op, faults...)
		}
		ctx, span := tracer.Start(ctx, part.name)
		End(span, part.do(ctx, client))
	}
}
