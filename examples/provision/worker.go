package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"golang.org/x/sync/errgroup"

	"github.com/partnerapi/partnerapi-go"
)

// worker takes jobs from the stream and does them.
type worker struct {
	*store

	target     *target
	parallel   int           // concurrent jobs
	deliveries int           // the maximum number of attempts
	backoff    time.Duration // after the first attempt; it doubles each time
	ackWait    time.Duration // the consumer's setting

	complained  complaint
	done, again atomic.Int64 // completed and retried jobs
}

// longestBackoff is the longest wait before a retry, unless the API asks for more.
const longestBackoff = 5 * time.Minute

// longestRetryAfter limits Retry-After, so that a mistake in it does not keep a run from ending.
const longestRetryAfter = time.Hour

// errRefused ends a worker: every other row would fail too.
var errRefused = errors.New("the partner API rejects the token: no row has failed; run the same command with a valid token to continue")

// lostDeliveries is how many deliveries a job may have without an attempt: to workers that die before they look at it.
const lostDeliveries = 10

// errDied is the failure of a job whose workers all ended before they reported a result.
var errDied = errors.New("every worker that took the job ended before a response arrived")

func newWorker(s *store, c *config, t *target) *worker {
	return &worker{store: s, target: t, parallel: c.parallel, deliveries: c.deliveries, backoff: c.backoff}
}

// work does jobs until the context ends. It finishes jobs in progress.
func (w *worker) work(ctx context.Context) error {
	var consumer jetstream.Consumer
	err := w.retryUntilStopped(ctx, func() (err error) {
		consumer, err = w.js.Consumer(ctx, w.jobs(), workers)
		return err
	})
	if err != nil {
		return err
	}
	w.ackWait = consumer.CachedInfo().Config.AckWait
	group, ctx := errgroup.WithContext(ctx)
	w.target.pace.stopWith(ctx)
	for range w.parallel {
		group.Go(func() error {
			for ctx.Err() == nil {
				// One at a time: jobs that wait in this process could be redelivered to another.
				msg, err := next(ctx, consumer)
				if err == nil {
					err = w.take(ctx, msg)
				} else {
					err = w.idle(ctx, err)
				}
				if err != nil {
					return err
				}
			}
			return nil
		})
	}
	return group.Wait()
}

// next waits a limited time for a job. A wait of ten seconds or more would keep a timer that long, even after it
// returns.
func next(ctx context.Context, consumer jetstream.Consumer) (jetstream.Msg, error) {
	ctx, cancel := context.WithTimeout(ctx, 9*time.Second)
	defer cancel()
	return consumer.Next(jetstream.FetchContext(ctx))
}

// idle waits briefly, because there is no job, or another server is taking over. It returns an error if the connection
// is closed.
func (w *worker) idle(ctx context.Context, why error) error {
	none := errors.Is(why, jetstream.ErrNoMessages) || errors.Is(why, nats.ErrTimeout) || errors.Is(why, context.DeadlineExceeded)
	if !none && ctx.Err() == nil && w.complained.add(why.Error(), time.Now()) {
		w.say("cannot fetch jobs: %v", why)
	}
	_ = sleep(ctx, 100*time.Millisecond)
	return w.gone()
}

// complaint is the last logged message, so that concurrent goroutines do not repeat it.
type complaint struct {
	mu   sync.Mutex
	text string
	at   time.Time
}

// add reports whether the message should be logged.
func (c *complaint) add(text string, now time.Time) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if text == c.text && now.Sub(c.at) < lineEvery {
		return false
	}
	c.text, c.at = text, now
	return true
}

// delivery is a job as delivered to a worker.
type delivery struct {
	jetstream.Msg
	job

	run     int64
	recheck bool
	number  int // starts at 1
}

// triesHeader is the header of a requeued job with the number of its attempts.
const triesHeader = "Provision-Tries"

func deliveryOf(msg jetstream.Msg) (d delivery, err error) {
	d.Msg = msg
	if err := json.Unmarshal(msg.Data(), &d.job); err != nil {
		return d, err
	}
	if d.run, err = strconv.ParseInt(msg.Headers().Get(runHeader), 10, 64); err != nil {
		return d, err
	}
	d.recheck = msg.Headers().Get(recheckHeader) != ""
	if tries := msg.Headers().Get(triesHeader); tries != "" {
		if d.number, err = strconv.Atoi(tries); err != nil {
			return d, err
		}
	}
	meta, err := msg.Metadata()
	if err == nil {
		d.number += int(meta.NumDelivered) //nolint:gosec // far below the limit
	}
	return d, err
}

// take does a job. If it ends without an acknowledgement, or does not end, the job is redelivered. It returns an error
// only if no job can be done.
func (w *worker) take(ctx context.Context, msg jetstream.Msg) error {
	defer w.hold(msg)()
	d, err := deliveryOf(msg)
	if err != nil {
		w.say("invalid job removed from the stream: %v", err)
		_ = msg.Term()
		return nil
	}
	// A job in progress is finished even if the worker is stopped: only the wait for the rate limiter ends.
	running := context.WithoutCancel(ctx)
	var known record
	var in held
	err = w.retryUntilStopped(ctx, func() (err error) {
		known, in, err = w.get(running, d.PK)
		return err
	})
	switch {
	case err != nil:
		w.requeue(running, d)
		return nil
	case known.Run >= d.run: // its acknowledgement was lost, or the row is in the stream twice
		_ = msg.Ack()
		return nil
	}
	next, came, err := w.do(running, d, known)
	if err != nil {
		if isRefused(err) || isStop(ctx, err) || !isFinal(err) && d.number < w.deliveries {
			return w.postpone(ctx, running, d, err)
		}
		// The API's state of the row is no longer known.
		next, came = record{}, result{outcome: failed, failure: kindOf(err)}
		if err := w.retryUntilStopped(ctx, func() error { return w.bury(running, letterOf(d, err)) }); err != nil {
			w.later(msg, time.Second)
			return nil
		}
	}
	next.Run = d.run
	if err := w.retryUntilStopped(ctx, func() error { return w.put(running, d.PK, known, next, came, in) }); err != nil {
		if errors.Is(err, errOutdated) && came.outcome != unchanged {
			_ = w.retryUntilStopped(ctx, func() error { return w.doubt(running, d.PK, d.run) })
		}
		w.later(msg, 100*time.Millisecond)
		return nil
	}
	w.done.Add(1)
	_ = msg.Ack()
	return nil
}

// isStop reports whether a call failed because the worker is being stopped.
func isStop(ctx context.Context, err error) bool {
	return ctx.Err() != nil && errors.Is(err, context.Canceled)
}

// retryUntilStopped retries do until it succeeds or the worker is stopped. So while another NATS server takes over, a job is not
// redelivered, which would count as an attempt and repeat its calls.
func (w *worker) retryUntilStopped(ctx context.Context, do func() error) error {
	for try := 1; ; try++ {
		err := do()
		if err == nil || errors.Is(err, errOutdated) || w.gone() != nil || sleep(ctx, retryEvery) != nil {
			return err
		}
		if try%logEvery == 0 {
			w.say("NATS server error, retrying: %v", err)
		}
	}
}

const (
	retryEvery = 250 * time.Millisecond
	logEvery   = 20 // attempts per log line
)

// postpone has a job redelivered, later or to another worker.
func (w *worker) postpone(ctx, running context.Context, d delivery, err error) error {
	switch {
	case isRefused(err):
		w.requeue(running, d)
		return fmt.Errorf("%w (%w)", errRefused, err)
	case isStop(ctx, err):
		w.requeue(running, d)
	default:
		if errors.Is(err, partnerapi.ErrOutcomeUnknown) {
			_ = w.retryUntilStopped(ctx, func() error { return w.doubt(running, d.PK, d.run) })
		}
		var failure *partnerapi.Error
		if errors.As(err, &failure) {
			w.target.pace.ask(failure.RetryAfter)
		}
		w.later(d, w.wait(err, d.number))
	}
	return nil
}

// requeue publishes a job anew, without counting this delivery as an attempt.
func (w *worker) requeue(ctx context.Context, d delivery) {
	w.again.Add(1)
	msg := nats.NewMsg(w.jobSubject())
	msg.Data = d.Data()
	msg.Header.Set(runHeader, strconv.FormatInt(d.run, 10))
	msg.Header.Set(triesHeader, strconv.Itoa(d.number-1))
	if d.recheck {
		msg.Header.Set(recheckHeader, "true")
	}
	if _, err := w.js.PublishMsg(ctx, msg); err != nil {
		_ = d.Nak()
		return
	}
	_ = d.Ack() // if this is lost, the job is in the stream twice, which the bucket detects
}

// do synchronises the API with a job. It returns the new record and the result.
func (w *worker) do(ctx context.Context, d delivery, known record) (next record, came result, err error) {
	if known.confirms(d.row) && !d.recheck {
		differs := d.Status == active && known.Email != "" && known.Email != d.Email
		return known, result{outcome: unchanged, otherEmail: differs}, nil
	}
	if d.number > w.deliveries+lostDeliveries {
		return record{}, result{}, errDied
	}
	if d.Status == cancelled {
		return w.cancel(ctx, d)
	}
	isNew, err := w.target.client.Subscriptions.Ensure(ctx, partnerapi.CreateSubscriptionRequest{PK: d.PK, Email: d.Email, Plan: d.Plan})
	if err != nil {
		return record{}, result{}, err
	}
	next = record{Status: active, Plan: d.Plan, Email: d.Email}
	if isNew {
		return next, result{outcome: created}, nil
	}
	next.Email = "" // the e-mail of an existing subscription is unknown
	if known.Status == active {
		next.Email = known.Email
	}
	return next, result{outcome: updated, otherEmail: next.Email != "" && next.Email != d.Email}, nil
}

func (w *worker) cancel(ctx context.Context, d delivery) (next record, came result, err error) {
	next, came = record{Status: cancelled}, result{outcome: ended}
	err = w.target.client.Subscriptions.Cancel(ctx, d.PK)
	if errors.Is(err, partnerapi.ErrNotFound) {
		// An earlier attempt may have cancelled it.
		if d.number == 1 && !errors.Is(err, partnerapi.ErrOutcomeUnknown) {
			came.outcome = unchanged
		}
		err = nil
	}
	return next, came, err
}

// hold keeps a job from being redelivered until release is called.
func (w *worker) hold(msg jetstream.Msg) (release func()) {
	done := make(chan struct{})
	go func() {
		ticker := time.NewTicker(w.ackWait / 3)
		defer ticker.Stop()
		for {
			select {
			case <-ticker.C:
				_ = msg.InProgress()
			case <-done:
				return
			}
		}
	}()
	return func() { close(done) }
}

func (w *worker) later(msg jetstream.Msg, d time.Duration) {
	w.again.Add(1)
	_ = msg.NakWithDelay(d)
}

// wait returns the wait before the next attempt: the API's Retry-After, or a backoff that doubles each time. Up to half
// of it is left out at random, so that jobs do not all return together after an outage.
func (w *worker) wait(err error, number int) time.Duration {
	most := float64(longestBackoff)
	if doubled := math.Ldexp(float64(w.backoff), number-1); doubled < most {
		most = doubled
	}
	wait := time.Duration(most / 2 * (1 + rand.Float64())) //nolint:gosec // not for security
	var failure *partnerapi.Error
	if errors.As(err, &failure) {
		wait = max(wait, min(failure.RetryAfter, longestRetryAfter))
	}
	return wait
}
