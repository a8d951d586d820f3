package main

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// replay calls each with the messages of a stream from a sequence on, up to the last one at the start. If the server
// stops, it continues with the server that takes over.
func (e *engine) replay(ctx context.Context, stream string, from uint64, each func(msg jetstream.Msg, seq uint64) error) error {
	for {
		var broken error // an error of each, which is not retried
		err := e.replayOnce(ctx, stream, from, func(msg jetstream.Msg, seq uint64) error {
			from = seq + 1
			broken = each(msg, seq)
			return broken
		})
		if err == nil || broken != nil || errors.Is(err, jetstream.ErrStreamNotFound) {
			return err
		}
		if err := e.gone(); err != nil {
			return err
		}
		if err := sleep(ctx, 500*time.Millisecond); err != nil {
			return err
		}
	}
}

func (e *engine) replayOnce(ctx context.Context, stream string, from uint64, each func(msg jetstream.Msg, seq uint64) error) error {
	s, err := e.js.Stream(ctx, stream)
	if err != nil {
		return err
	}
	last := s.CachedInfo().State.LastSeq
	if s.CachedInfo().State.Msgs == 0 || last < from {
		return nil
	}
	consumer, err := s.OrderedConsumer(ctx, jetstream.OrderedConsumerConfig{
		DeliverPolicy: jetstream.DeliverByStartSequencePolicy, OptStartSeq: max(from, 1),
		InactiveThreshold: 30 * time.Second, // the server removes it afterwards
	})
	if err != nil {
		return err
	}
	messages, err := consumer.Messages(jetstream.PullMaxMessages(1000))
	if err != nil {
		return err
	}
	defer messages.Stop()
	for {
		msg, err := messages.Next(jetstream.NextMaxWait(5 * time.Second))
		if err != nil {
			return err
		}
		meta, err := msg.Metadata()
		if err != nil {
			return err
		}
		if err := each(msg, meta.Sequence.Stream); err != nil {
			return err
		}
		if meta.NumPending == 0 || meta.Sequence.Stream >= last {
			return ctx.Err()
		}
	}
}

// sleep waits, and returns the context's error if that ends first.
func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// isPassing reports whether an error is temporary: the NATS server did not respond, for example during a leader
// election.
func isPassing(err error) bool {
	var api *jetstream.APIError
	return errors.Is(err, context.DeadlineExceeded) || errors.Is(err, nats.ErrTimeout) || errors.Is(err, nats.ErrNoResponders) ||
		errors.As(err, &api) && api.Code == http.StatusServiceUnavailable
}

// retryBriefly retries do for a while if the NATS server does not respond.
func retryBriefly(ctx context.Context, do func() error) error {
	for try := 1; ; try++ {
		err := do()
		if !isPassing(err) || try == maxSilent {
			return err
		}
		if err := sleep(ctx, time.Second); err != nil {
			return err
		}
	}
}

// maxSilent is the number of consecutive attempts without a response.
const maxSilent = 15
