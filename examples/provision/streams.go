package main

import (
	"cmp"
	"context"
	"errors"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// names are the names of the program's streams and buckets.
type names struct{ prefix string }

func (n names) jobs() string        { return n.prefix + "-jobs" }
func (n names) failed() string      { return n.prefix + "-failed" }
func (n names) state() string       { return n.prefix + "-state" }
func (n names) stateStream() string { return "KV_" + n.state() }
func (n names) runs() string        { return n.prefix + "-run" }

// jobSubject is the subject of all jobs, and failedSubject that of a failed row.
func (n names) jobSubject() string              { return n.prefix + ".jobs" }
func (n names) failedSubject(key string) string { return n.prefix + ".failed." + key }

// workers is the consumer that all workers share.
const workers = "workers"

// The server detects duplicate message ids within this time. Later, the bucket identifies a job that is loaded twice.
// The server holds the ids in memory.
const dedupeWindow = 10 * time.Second

// defaultAckWait is how long a worker may be silent if -ack-wait is not set.
const defaultAckWait = 30 * time.Second

// failedKept is how long the reason of a failed row is kept.
const failedKept = 30 * 24 * time.Hour

// maxInProgress is how many jobs may be in progress or wait for redelivery.
const maxInProgress = 5_000

// setUp creates or updates the streams and buckets. Flags that are not set change nothing.
func (e *engine) setUp(ctx context.Context, c *config) (*store, error) {
	replicas, ackWait, err := e.settings(ctx)
	if err != nil {
		return nil, err
	}
	replicas, ackWait = cmp.Or(c.replicas, replicas), cmp.Or(c.ackWait, ackWait)
	_, err = e.js.CreateOrUpdateStream(ctx, jetstream.StreamConfig{
		Name: e.jobs(), Subjects: []string{e.jobSubject()}, Retention: jetstream.WorkQueuePolicy,
		Replicas: replicas, Duplicates: dedupeWindow, Description: "rows of a roster that are not done",
	})
	if err != nil {
		return nil, err
	}
	_, err = e.js.CreateOrUpdateConsumer(ctx, e.jobs(), jetstream.ConsumerConfig{
		Durable: workers, AckPolicy: jetstream.AckExplicitPolicy, AckWait: ackWait,
		MaxAckPending: maxInProgress, MaxWaiting: maxInProgress,
		// Workers count deliveries themselves: a row that is delivered too often must reach the failed rows.
		MaxDeliver: -1,
	})
	if err != nil {
		return nil, err
	}
	_, err = e.js.CreateOrUpdateStream(ctx, jetstream.StreamConfig{
		Name: e.failed(), Subjects: []string{e.failedSubject("*")}, MaxMsgsPerSubject: 1, MaxAge: failedKept,
		Replicas: replicas, Description: "failed rows, the last failure of each pk",
	})
	if err != nil {
		return nil, err
	}
	for bucket, what := range map[string]string{
		e.state(): "the last confirmed state of each pk", e.runs(): "the progress of the last roster",
	} {
		_, err = e.js.CreateOrUpdateKeyValue(ctx, jetstream.KeyValueConfig{Bucket: bucket, Replicas: replicas, Description: what})
		if err != nil {
			return nil, err
		}
	}
	return e.store(ctx)
}

// settings returns the current settings that the flags can change.
func (e *engine) settings(ctx context.Context) (replicas int, ackWait time.Duration, err error) {
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

// store opens the streams and buckets, or returns [errNoRun] if they do not exist.
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
