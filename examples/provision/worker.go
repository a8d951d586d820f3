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
	parallel   int           // how many jobs at a time
	deliveries int           // how often a job is tried
	backoff    time.Duration // after the first try; it doubles with every one
	ackWait    time.Duration // as the consumer has it

	complained  complaint
	done, again atomic.Int64 // jobs that are over, and those that come again
}

// longestBackoff is the most that a job waits for its next try, unless the API asks for more.
const longestBackoff = 5 * time.Minute

// longestRetryAfter is the most that the API may ask for: a mistake in it should not keep a run from its end.
const longestRetryAfter = time.Hour

// errRefused ends a worker: no other row would fare better.
var errRefused = errors.New("the partner API refuses the token: no row has failed for that, and all goes on with a token that it accepts")

// lostDeliveries is how often a job may be delivered without a try: to a worker that ends before it has looked at it.
const lostDeliveries = 10

// errDied is what came of a job that no worker has told the end of.
var errDied = errors.New("every worker that took it ended before there was an answer")

func newWorker(s *store, c *config, t *target) *worker {
	return &worker{store: s, target: t, parallel: c.parallel, deliveries: c.deliveries, backoff: c.backoff}
}

// work takes jobs until the context ends. It finishes what is being done by then.
func (w *worker) work(ctx context.Context) error {
	var consumer jetstream.Consumer
	err := w.insist(ctx, func() (err error) {
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
				// One at a time: what waits in this process could be redelivered before its turn.
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

// next waits for a job, for a while. From ten seconds on each wait would hold a timer for as long, also when it is over.
func next(ctx context.Context, consumer jetstream.Consumer) (jetstream.Msg, error) {
	ctx, cancel := context.WithTimeout(ctx, 9*time.Second)
	defer cancel()
	return consumer.Next(jetstream.FetchContext(ctx))
}

// idle waits for a moment, because there is no job, or the server has gone and another takes over. It fails if none can.
func (w *worker) idle(ctx context.Context, why error) error {
	none := errors.Is(why, jetstream.ErrNoMessages) || errors.Is(why, nats.ErrTimeout) || errors.Is(why, context.DeadlineExceeded)
	if !none && ctx.Err() == nil && w.complained.add(why.Error(), time.Now()) {
		w.say("no jobs can be had: %v", why)
	}
	_ = sleep(ctx, 100*time.Millisecond)
	return w.gone()
}

// complaint is what was said last, so that many goroutines do not repeat it.
type complaint struct {
	mu   sync.Mutex
	text string
	at   time.Time
}

// add reports whether it is time to say it.
func (c *complaint) add(text string, now time.Time) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if text == c.text && now.Sub(c.at) < lineEvery {
		return false
	}
	c.text, c.at = text, now
	return true
}

// delivery is a job as a worker is handed it.
type delivery struct {
	jetstream.Msg
	job

	run     int64
	recheck bool
	number  int // 1 is the first
}

// triesHeader is the header of a job that has been tried before it was put into the stream anew.
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
		d.number += int(meta.NumDelivered) //nolint:gosec // far below
	}
	return d, err
}

// take does a job. If it ends without an acknowledgement, or does not end, the job is delivered again. It fails only if
// no job can be done.
func (w *worker) take(ctx context.Context, msg jetstream.Msg) error {
	defer w.hold(msg)()
	d, err := deliveryOf(msg)
	if err != nil {
		w.say("what is no job is taken out of the stream: %v", err)
		_ = msg.Term()
		return nil
	}
	// What has begun is finished, also if the worker is to stop: only the wait for the rate ends.
	running := context.WithoutCancel(ctx)
	var known record
	var in held
	err = w.insist(ctx, func() (err error) {
		known, in, err = w.get(running, d.PK)
		return err
	})
	switch {
	case err != nil:
		w.anew(running, d)
		return nil
	case known.Run >= d.run: // its acknowledgement was lost, or the row is in the stream twice
		_ = msg.Ack()
		return nil
	}
	next, came, err := w.do(running, d, known)
	if err != nil {
		if isRefused(err) || isStop(ctx, err) || !isFinal(err) && d.number < w.deliveries {
			return w.putOff(ctx, running, d, err)
		}
		// What the API has of it is not known any more.
		next, came = record{}, result{outcome: failed, failure: kindOf(err)}
		if err := w.insist(ctx, func() error { return w.bury(running, letterOf(d, err)) }); err != nil {
			w.later(msg, time.Second)
			return nil
		}
	}
	next.Run = d.run
	if err := w.insist(ctx, func() error { return w.put(running, d.PK, known, next, came, in) }); err != nil {
		if errors.Is(err, errOutdated) && came.outcome != unchanged {
			_ = w.insist(ctx, func() error { return w.doubt(running, d.PK, d.run) })
		}
		w.later(msg, 100*time.Millisecond)
		return nil
	}
	w.done.Add(1)
	_ = msg.Ack()
	return nil
}

// isStop reports whether a call failed because the worker is to stop.
func isStop(ctx context.Context, err error) bool {
	return ctx.Err() != nil && errors.Is(err, context.Canceled)
}

// insist does what the NATS server answers for until it is done, or the worker is to stop. While another server takes
// over, a job is not delivered again and again, which would count as tries, and repeat what the API has answered.
func (w *worker) insist(ctx context.Context, do func() error) error {
	for try := 1; ; try++ {
		err := do()
		if err == nil || errors.Is(err, errOutdated) || w.gone() != nil || sleep(ctx, insistEvery) != nil {
			return err
		}
		if try%insistTold == 0 {
			w.say("the NATS server does not do its part: %v", err)
		}
	}
}

const (
	insistEvery = 250 * time.Millisecond
	insistTold  = 20 // tries without being told
)

// putOff has a job delivered again, later or to another worker.
func (w *worker) putOff(ctx, running context.Context, d delivery, err error) error {
	switch {
	case isRefused(err):
		w.anew(running, d)
		return fmt.Errorf("%w (%w)", errRefused, err)
	case isStop(ctx, err):
		w.anew(running, d)
	default:
		if errors.Is(err, partnerapi.ErrOutcomeUnknown) {
			_ = w.insist(ctx, func() error { return w.doubt(running, d.PK, d.run) })
		}
		var failure *partnerapi.Error
		if errors.As(err, &failure) {
			w.target.pace.ask(failure.RetryAfter)
		}
		w.later(d, w.wait(err, d.number))
	}
	return nil
}

// anew puts a job into the stream as if it had not been delivered this time: what is no try does not count as one.
func (w *worker) anew(ctx context.Context, d delivery) {
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
	_ = d.Ack() // if it is lost, the job is in the stream twice, as the bucket will tell
}

// do brings the API to what the job says. It returns what is known then, and what came of it.
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
	next.Email = "" // that of whoever made it
	if known.Status == active {
		next.Email = known.Email
	}
	return next, result{outcome: updated, otherEmail: next.Email != "" && next.Email != d.Email}, nil
}

func (w *worker) cancel(ctx context.Context, d delivery) (next record, came result, err error) {
	next, came = record{Status: cancelled}, result{outcome: ended}
	err = w.target.client.Subscriptions.Cancel(ctx, d.PK)
	if errors.Is(err, partnerapi.ErrNotFound) {
		// If it was tried before, that may have been what ended it.
		if d.number == 1 && !errors.Is(err, partnerapi.ErrOutcomeUnknown) {
			came.outcome = unchanged
		}
		err = nil
	}
	return next, came, err
}

// hold keeps a job from being delivered to another worker, until the returned function is called.
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

// wait returns how long a job waits for its next try: what the API asks for, or what doubles with every try, of which a
// random half is left out, so that an outage does not end with all at once.
func (w *worker) wait(err error, number int) time.Duration {
	most := float64(longestBackoff)
	if doubled := math.Ldexp(float64(w.backoff), number-1); doubled < most {
		most = doubled
	}
	wait := time.Duration(most / 2 * (1 + rand.Float64())) //nolint:gosec // it hides nothing
	var failure *partnerapi.Error
	if errors.As(err, &failure) {
		wait = max(wait, min(failure.RetryAfter, longestRetryAfter))
	}
	return wait
}
