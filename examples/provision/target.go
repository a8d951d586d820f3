package main

import (
	"context"
	"os"
	"time"

	"github.com/partnerapi/partnerapi-go"
	"github.com/partnerapi/partnerapi-go/partnertest"
)

// target is the partner API that a worker calls.
type target struct {
	client *partnerapi.Client
	pace   *pace
	fake   *partnertest.Fake // if it is embedded in this process
}

// Values of -api, besides a URL.
const (
	apiFake = "fake"
	apiLive = "live"
)

const tokenVariable = "PARTNERAPI_PARTNER_TOKEN"

// attemptLimit is the timeout of an attempt.
const attemptLimit = 15 * time.Second

// newTarget returns a target without a client if the process makes no calls. If options conflict, the last one wins.
func newTarget(c *config, more ...partnerapi.Option) (t *target, err error) {
	t = &target{pace: newPace(c.rate)}
	if c.parallel == 0 || c.dryRun {
		return t, nil
	}
	opts := []partnerapi.Option{
		partnerapi.WithRateLimiter(partnerapi.PartnerAPI, t.pace), partnerapi.WithAttemptHook(t.pace.observe),
		partnerapi.WithTimeout(attemptLimit),
		// Retries are left to the stream: it outlives this process and blocks no worker.
		partnerapi.WithRetry(partnerapi.RetryPolicy{MaxAttempts: 1}),
		partnerapi.WithUserAgent("provision/" + partnerapi.Version),
	}
	if c.api == apiFake {
		t.fake = partnertest.New()
		opts = append(opts, partnerapi.WithPartnerToken(partnertest.PartnerToken))
		opts = append(t.fake.ClientOptions(), opts...)
		t.client, err = partnerapi.NewClient(append(opts, more...)...)
		return t, err
	}
	if c.api != apiLive {
		opts = append(opts, partnerapi.WithBaseURL(partnerapi.PartnerAPI, c.api))
	}
	switch token := os.Getenv(tokenVariable); {
	case c.tokenFile != "":
		opts = append(opts, partnerapi.WithCredentialSource(partnerapi.PartnerToken, partnerapi.TokenFile(c.tokenFile)))
	case token != "":
		opts = append(opts, partnerapi.WithPartnerToken(token))
	default:
		return nil, usageError("no token: set " + tokenVariable + " or -token-file")
	}
	t.client, err = partnerapi.NewClient(append(opts, more...)...)
	return t, err
}

// seed seeds the embedded fake with the subscriptions that an earlier one has confirmed.
func (t *target) seed(ctx context.Context, s *store) error {
	if t.fake == nil {
		return nil
	}
	return s.replayShards(ctx, 0, func(_ string, _ uint64, in shard) error {
		for pk, known := range in.PKs {
			if known.Status == active {
				t.fake.SeedSubscription(partnertest.Subscription{PK: pk, Email: known.Email, Plan: known.Plan})
			}
		}
		return nil
	})
}
