package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
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

	mu    sync.Mutex
	held  map[jetstream.Msg]bool // the jobs that this worker has
	ended bool                   // no more jobs are fetched
	back  []delivery             // jobs to requeue then

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
	return &worker{store: s, target: t, parallel: c.parallel, deliveries: c.deliveries, backoff: c.backoff, held: make(map[jetstream.Msg]bool)}
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
	defer w.holdAll(consumer.CachedInfo().Config.AckWait)()
	group, ctx := errgroup.WithContext(ctx)
	w.target.pace.stopWith(ctx)
	batches := make(chan []delivery)
	group.Go(func() error {
		defer close(batches)
		return w.fetch(ctx, consumer, batches)
	})
	for range w.parallel {
		group.Go(func() error {
			for batch := range batches {
				if err := w.take(ctx, batch); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return group.Wait()
}

// fetch sends jobs to the channel until the context ends, those of a shard together. It fetches as many at a time as are
// done in a second or two, so that a worker holds few that another could do.
func (w *worker) fetch(ctx context.Context, consumer jetstream.Consumer, batches chan<- []delivery) error {
	defer w.fetchEnded(context.WithoutCancel(ctx))
	for size := w.parallel; ctx.Err() == nil; {
		began, passed := time.Now(), 0
		// A request that is cancelled would lose the jobs that are on their way, until -ack-wait is over.
		fetched, err := consumer.Fetch(size, jetstream.FetchMaxWait(fetchWait))
		if err == nil {
			passed = w.pass(ctx, fetched.Messages(), batches)
			err = fetched.Error()
		}
		if err != nil {
			if err := w.idle(ctx, err); err != nil {
				return err
			}
		}
		switch took := time.Since(began); {
		case passed < size:
		case took < time.Second:
			size = min(2*size, mostFetched*w.parallel)
		case took > 2*time.Second:
			size = max(size/2, w.parallel)
		}
	}
	return nil
}

const (
	fetchWait   = time.Second          // how long a request for jobs may wait
	fetchPause  = 2 * time.Millisecond // after the first job, for others of its shard
	mostFetched = 16                   // the maximum number of jobs in a request, for each concurrent job
)

// pass passes messages on, those of a shard together, and returns their number. It holds each as soon as it comes.
func (w *worker) pass(ctx context.Context, messages <-chan jetstream.Msg, batches chan<- []delivery) (n int) {
	var queue [][]delivery
	var pause <-chan time.Time
	done := ctx.Done()
	for messages != nil || len(queue) > 0 {
		var first []delivery
		var out chan<- []delivery
		if len(queue) > 0 && pause == nil {
			first, out = queue[0], batches
		}
		select {
		case msg, isOpen := <-messages:
			if !isOpen {
				messages, pause = nil, nil
				continue
			}
			n++
			if len(queue) == 0 {
				pause = time.After(fetchPause)
			}
			queue = w.enqueue(queue, msg)
		case <-pause:
			pause = nil
		case out <- first:
			queue = queue[1:]
		case <-done:
			done = nil
		}
		if ctx.Err() != nil {
			w.giveBack(context.WithoutCancel(ctx), slices.Concat(queue...))
			queue = nil
		}
	}
	return n
}

// enqueue holds a job and adds it to those of its shard. The jobs of a roster are in the order of their shards.
func (w *worker) enqueue(queue [][]delivery, msg jetstream.Msg) [][]delivery {
	d, err := deliveryOf(msg)
	if err != nil {
		w.say("invalid job removed from the stream: %v", err)
		_ = msg.Term()
		return queue
	}
	w.mu.Lock()
	w.held[msg] = true
	w.mu.Unlock()
	for i, batch := range queue {
		if shardOf(batch[0].PK) == shardOf(d.PK) {
			queue[i] = append(batch, d)
			return queue
		}
	}
	return append(queue, []delivery{d})
}

// idle waits briefly, because another server is taking over. It returns an error if the connection is closed.
func (w *worker) idle(ctx context.Context, why error) error {
	if ctx.Err() == nil && w.complained.add(why.Error(), time.Now()) {
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

// take does jobs of a shard, one after another. A job that ends without an acknowledgement is redelivered. It returns an
// error only if no job can be done.
func (w *worker) take(ctx context.Context, batch []delivery) error {
	defer w.release(batch)
	// A job in progress is finished even if the worker is stopped: only the wait for the rate limiter ends.
	running := context.WithoutCancel(ctx)
	var in held
	err := w.retryUntilStopped(ctx, func() (err error) {
		in, err = w.get(running, shardOf(batch[0].PK))
		return err
	})
	if err != nil {
		w.giveBack(running, batch)
		return nil
	}
	var unsaved []finished
	for i, d := range batch {
		if slices.ContainsFunc(unsaved, func(f finished) bool { return f.PK == d.PK }) { // it is in the stream twice
			in, unsaved = w.save(ctx, in, unsaved), nil
		}
		began := time.Now()
		f, isDone, err := w.finish(ctx, d, in.PKs[d.PK])
		if isDone {
			unsaved = append(unsaved, f)
		}
		if err != nil {
			w.save(ctx, in, unsaved)
			w.giveBack(running, batch[i+1:])
			return err
		}
		if time.Since(began) > savedAfter {
			in, unsaved = w.save(ctx, in, unsaved), nil
		}
	}
	w.save(ctx, in, unsaved)
	return nil
}

// savedAfter is how long a job may take whose result is saved together with the next one's. A process that is killed loses
// the results that are not saved, and their jobs are done again.
const savedAfter = 50 * time.Millisecond

// finished is a job with its result.
type finished struct {
	delivery
	change
}

// finish does a job, or has it redelivered. It returns an error only if no job can be done.
func (w *worker) finish(ctx context.Context, d delivery, known record) (f finished, isDone bool, err error) {
	if known.Run >= d.run { // its acknowledgement was lost, or the row is in the stream twice
		_ = d.Ack()
		return finished{}, false, nil
	}
	running := context.WithoutCancel(ctx)
	next, came, err := w.do(running, d, known)
	if err != nil {
		if isRefused(err) || isStop(ctx, err) || !isFinal(err) && d.number < w.deliveries {
			return finished{}, false, w.postpone(ctx, running, d, err)
		}
		// The API's state of the row is no longer known.
		next, came = record{}, result{outcome: failed, failure: kindOf(err)}
		if err := w.retryUntilStopped(ctx, func() error { return w.bury(running, letterOf(d, err)) }); err != nil {
			w.later(d, time.Second)
			return finished{}, false, nil
		}
	}
	next.Run = d.run
	return finished{d, change{d.PK, known, next, came}}, true, nil
}

// save saves results and acknowledges their jobs. It returns the shard as it is now.
func (w *worker) save(ctx context.Context, in held, done []finished) held {
	if len(done) == 0 {
		return in
	}
	running := context.WithoutCancel(ctx)
	changes := make([]change, 0, len(done))
	for _, f := range done {
		changes = append(changes, f.change)
	}
	var outdated []string
	err := w.retryUntilStopped(ctx, func() error {
		now, left, err := w.put(running, in, changes)
		if err == nil {
			in, outdated = now, left
		}
		return err
	})
	for _, f := range done {
		switch {
		case err == nil && !slices.Contains(outdated, f.PK):
			w.done.Add(1)
			_ = f.Ack()
			continue
		case err == nil && f.came.outcome != unchanged:
			_ = w.retryUntilStopped(ctx, func() error { return w.doubt(running, f.PK, f.run) })
		}
		w.later(f, 100*time.Millisecond)
	}
	return in
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
		if err == nil || w.gone() != nil || sleep(ctx, retryEvery) != nil {
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
		w.giveBack(running, []delivery{d})
		return fmt.Errorf("%w (%w)", errRefused, err)
	case isStop(ctx, err):
		w.giveBack(running, []delivery{d})
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

// giveBack requeues the jobs of a worker that stops. While it still fetches jobs, it would get them again.
func (w *worker) giveBack(ctx context.Context, batch []delivery) {
	w.mu.Lock()
	if !w.ended {
		w.back = append(w.back, batch...)
		batch = nil
	}
	w.mu.Unlock()
	for _, d := range batch {
		w.requeue(ctx, d)
	}
	w.release(batch)
}

func (w *worker) fetchEnded(ctx context.Context) {
	w.mu.Lock()
	w.ended = true
	w.mu.Unlock()
	w.giveBack(ctx, w.back)
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

func (w *worker) release(batch []delivery) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, d := range batch {
		delete(w.held, d.Msg)
	}
}

// holdAll tells the server about the held jobs, in time before it would redeliver them, until stop is called.
func (w *worker) holdAll(ackWait time.Duration) (stop func()) {
	done := make(chan struct{})
	go func() {
		ticker := time.NewTicker(ackWait / 3)
		defer ticker.Stop()
		for {
			select {
			case <-ticker.C:
				w.mu.Lock()
				for msg := range w.held {
					_ = msg.InProgress() // fails if it is acknowledged
				}
				w.mu.Unlock()
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
