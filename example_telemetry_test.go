package partnerapi_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"slices"
	"time"

	partnerapi "github.com/partnerapi/partnerapi-go"
	"github.com/partnerapi/partnerapi-go/partnertest"
)

// An attempt that the API has certainly answered is logged at debug level, any other at warn level.
func ExampleWithLogger() {
	ctx := context.Background()
	fake := partnertest.New()
	fake.Fail("POST /partners/subscriptions", partnertest.Fault{Cut: partnertest.CutRefused}, partnertest.Fault{Status: 503})
	client := fake.Client(
		partnerapi.WithRetry(partnerapi.RetryPolicy{MinWait: time.Millisecond}),
		partnerapi.WithLogger(slog.New(slog.NewTextHandler(os.Stdout, &slog.HandlerOptions{
			Level: slog.LevelDebug,
			ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
				if slices.Contains([]string{slog.TimeKey, slog.MessageKey, "duration", "wait", "error"}, a.Key) {
					return slog.Attr{} // these are not the same in every run, or on every system, or they make the lines long
				}
				return a
			},
		}))))

	_ = client.Subscriptions.Create(ctx, partnerapi.CreateSubscriptionRequest{PK: "MS2365", Email: "parent@example.com", Plan: partnerapi.PlanBark})
	// Output:
	// level=WARN api=partner op="POST /partners/subscriptions" attempt=1 status=0 outcome=unsent
	// level=WARN api=partner op="POST /partners/subscriptions" attempt=2 status=503 outcome=unknown
	// level=DEBUG api=partner op="POST /partners/subscriptions" attempt=3 status=201 outcome=answered
}

// Operations and outcomes are few, so they can be labels of a metric. See examples/telemetry for Prometheus.
func ExampleWithAttemptHook() {
	ctx := context.Background()
	fake := partnertest.New()
	fake.Fail("GET /account/network-domains", partnertest.Fault{Status: 502})
	attempts := make(map[string]int) // with a lock, if calls are made at the same time
	client := fake.Client(
		partnerapi.WithRetry(partnerapi.RetryPolicy{MinWait: time.Millisecond}),
		partnerapi.WithAttemptHook(func(_ context.Context, a partnerapi.Attempt) {
			attempts[a.Op+" "+string(a.Outcome)]++
		}))

	_, err := client.Networks.Domains(ctx)
	fmt.Println(attempts, err)
	// Output: map[GET /account/network-domains answered:1 GET /account/network-domains unknown:1] <nil>
}

// named is a transport that says what it sends. A span would be named in the same way.
type named struct{ next http.RoundTripper }

func (n named) RoundTrip(req *http.Request) (*http.Response, error) {
	api, op := partnerapi.Operation(req.Context())
	resp, err := n.next.RoundTrip(req)
	fmt.Printf("%s API, %s\n", api, op)
	return resp, err
}

func ExampleOperation() {
	ctx := context.Background()
	fake := partnertest.New()
	client := fake.Client(partnerapi.WithHTTPClient(&http.Client{Transport: named{fake.Transport()}}))

	_ = client.Subscriptions.Cancel(ctx, "MS2365")
	// Output: partner API, DELETE /partners/subscriptions/{pk}
}
