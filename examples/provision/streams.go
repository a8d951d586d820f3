package main

import (
	"cmp"
	"context"
	"errors"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// names are what the program's streams and buckets are called.
type names struct{ prefix string }

func (n names) jobs() string        { return n.prefix + "-jobs" }
func (n names) failed() string      { return n.prefix + "-failed" }
func (n names) state() string       { return n.prefix + "-state" }
func (n names) stateStream() string { return "KV_" + n.state() }
func (n names) runs() string        { return n.prefix + "-run" }

// jobSubject is that of all jobs, and failedSubject that of a row that failed.
func (n names) jobSubject() string              { return n.prefix + ".jobs" }
func (n names) failedSubject(key string) string { return n.prefix + ".failed." + key }

// workers is the consumer that all workers share.
const workers = "workers"

// Within this time the server knows a message id again. After it a job that is loaded twice is known by the bucket. The
// ids are in the server's memory.
const dedupeWindow = 10 * time.Second

// defaultAckWait is how long a worker may be silent, if nobody says otherwise.
const defaultAckWait = 30 * time.Second

// failedKept is how long it can be looked up why a row failed.
const failedKept = 30 * 24 * time.Hour

// mostOnTheWay is how many jobs may be with workers, or wait to be delivered again.
const mostOnTheWay = 5_000

// setUp makes the streams and buckets, or brings them to what the flags say. What they do not say stays.
func (e *engine) setUp(ctx context.Context, c *config) (*store, error) {
	replicas, ackWait, err := e.asItIs(ctx)
	if err != nil {
		return nil, err
	}
	replicas, ackWait = cmp.Or(c.replicas, replicas), cmp.Or(c.ackWait, ackWait)
	_, err = e.js.CreateOrUpdateStream(ctx, jetstream.StreamConfig{
		Name: e.jobs(), Subjects: []string{e.jobSubject()}, Retention: jetstream.WorkQueuePolicy,
		Replicas: replicas, Duplicates: dedupeWindow, Description: "rows of a roster that are to be done",
	})
	if err != nil {
		return nil, err
	}
	_, err = e.js.CreateOrUpdateConsumer(ctx, e.jobs(), jetstream.ConsumerConfig{
		Durable: workers, AckPolicy: jetstream.AckExplicitPolicy, AckWait: ackWait,
		MaxAckPending: mostOnTheWay, MaxWaiting: mostOnTheWay,
		// Workers count: a row that is delivered too often goes to the failed rows, and not nowhere.
		MaxDeliver: -1,
	})
	if err != nil {
		return nil, err
	}
	_, err = e.js.CreateOrUpdateStream(ctx, jetstream.StreamConfig{
		Name: e.failed(), Subjects: []string{e.failedSubject("*")}, MaxMsgsPerSubject: 1, MaxAge: failedKept,
		Replicas: replicas, Description: "rows that failed, the last time of each",
	})
	if err != nil {
		return nil, err
	}
	for bucket, what := range map[string]string{
		e.state(): "what is known of each pk at the partner API", e.runs(): "how far the last roster is",
	} {
		_, err = e.js.CreateOrUpdateKeyValue(ctx, jetstream.KeyValueConfig{Bucket: bucket, Replicas: replicas, Description: what})
		if err != nil {
			return nil, err
		}
	}
	return e.store(ctx)
}

// asItIs returns what there is of what the flags can say.
func (e *engine) asItIs(ctx context.Context) (replicas int, ackWait time.Duration, err error) {
	jobs, err := e.js.Stream(ctx, e.jobs())
	if errors.Is(err, jetstream.ErrStreamNotFound) {
		return 1, defaultAckWait, nil
	}
	if err != nil {
		return 0, 0, err
	}
	consumer, err := jobs.Consumer(ctx, workers)
	if errors.Is(err, jetstream.ErrConsumerNotFound) {
		return jobs.CachedInfo().Config.Replicas, defaultAckWait, nil
	}
	if err != nil {
		return 0, 0, err
	}
	return jobs.CachedInfo().Config.Replicas, consumer.CachedInfo().Config.AckWait, nil
}

// store finds what setUp made. It fails with [errNoRun] if nobody made it.
func (e *engine) store(ctx context.Context) (s *store, err error) {
	s = &store{engine: e}
	if s.states, err = e.js.KeyValue(ctx, e.state()); err == nil {
		s.runs, err = e.js.KeyValue(ctx, e.runs())
	}
	if errors.Is(err, jetstream.ErrBucketNotFound) {
		return nil, errNoRun
	}
	return s, err
}
