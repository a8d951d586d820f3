package acceptance

import (
	"errors"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/partnerapi/partnerapi-go"
	"github.com/partnerapi/partnerapi-go/partnertest"
)

// In an outage 200 goroutines make 5 calls each. The client adds the 100 retries of its budget and no more, and retries no
// write that may have been done. After the outage it retries again.
func TestRetriesInAnOutage(t *testing.T) {
	t.Parallel()
	const (
		get  = "GET /account/network-domains"
		post = "POST /account/network-invitations"
	)
	tests := map[string]struct {
		fault partnertest.Fault
		posts int64 // requests for 1000 of them
	}{
		"refused":      {partnertest.Fault{Cut: partnertest.CutRefused}, 1100}, // certainly unsent
		"rate limited": {partnertest.Fault{Status: 429}, 1100},                 // the same
		"cut":          {partnertest.Fault{Cut: partnertest.CutBefore}, 1000},
		"cut late":     {partnertest.Fault{Cut: partnertest.CutWithin}, 1000},
		"silent":       {partnertest.Fault{Cut: partnertest.CutBefore, Delay: time.Hour}, 1000},
		"overloaded":   {partnertest.Fault{Status: 503, RetryAfter: time.Second}, 1000},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				fake := partnertest.New()
				fake.Fail(get, slices.Repeat([]partnertest.Fault{test.fault}, 10_000)...)
				fake.Fail(post, slices.Repeat([]partnertest.Fault{test.fault}, 10_000)...)

				client, requests := counted(fake)
				concurrently(1000, func() {
					_, err := client.Networks.Domains(t.Context())
					assert.Error(t, err)
				})
				assert.Equal(t, int64(1100), requests.Load(), "1.1 requests for each of 1000 calls")

				writer, writes := counted(fake)
				concurrently(1000, func() {
					_, err := writer.Invitations.Create(t.Context(), partnerapi.CreateInvitationRequest{Email: "a@example.com"})
					assert.Equal(t, test.posts == 1000, errors.Is(err, partnerapi.ErrOutcomeUnknown))
					assert.Error(t, err)
				})
				assert.Equal(t, test.posts, writes.Load())

				fake.Recover()
				for range 10 {
					_, err := client.Networks.Domains(t.Context())
					require.NoError(t, err)
				}
				before := requests.Load()
				fake.Fail(get, partnertest.Fault{Status: 503})
				_, err := client.Networks.Domains(t.Context())
				require.NoError(t, err)
				assert.Equal(t, int64(2), requests.Load()-before)
			})
		})
	}
}

// counted returns a client of the fake, and how many requests it has made.
func counted(fake *partnertest.Fake, opts ...partnerapi.Option) (*partnerapi.Client, *atomic.Int64) {
	var requests atomic.Int64
	count := through(func(req *http.Request) (*http.Response, error) {
		requests.Add(1)
		return fake.Transport().RoundTrip(req)
	})
	return fake.Client(append(opts, count)...), &requests
}

// concurrently calls f n times, in 200 goroutines.
func concurrently(n int, f func()) {
	var calls sync.WaitGroup
	for range 200 {
		calls.Go(func() {
			for range n / 200 {
				f()
			}
		})
	}
	calls.Wait()
}
