package main

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"golang.org/x/time/rate"
)

// runHeader is the header of a job with the ID of its run.
const runHeader = "Provision-Run"

// recheckHeader is the header of a job whose row is sent to the API whatever the stored state.
const recheckHeader = "Provision-Recheck"

// batchSize is the number of rows that are published at a time.
const batchSize = 500

// loadRate limits the rows loaded per second: faster than workers are, and slow enough for the server to remember the
// ids.
const loadRate = 15_000

// load publishes the rows of a run that may not be in the stream yet. If the process is killed, the next one continues
// at most one checkpoint earlier: the rows since then carry the same message ids.
func (s *store) load(ctx context.Context, r run, roster *spool) error {
	batch := make([]*nats.Msg, 0, batchSize)
	loaded, checkpoint := r.Loaded, time.Now()
	limiter := rate.NewLimiter(loadRate, batchSize)
	flush := func() error {
		if err := limiter.WaitN(ctx, len(batch)); err != nil {
			return err
		}
		if err := s.publish(ctx, batch); err != nil {
			return err
		}
		loaded += len(batch)
		batch = batch[:0]
		if loaded < r.Rows && time.Since(checkpoint) < time.Second {
			return nil
		}
		checkpoint = time.Now()
		_, err := s.change(ctx, r.ID, func(last *run) {
			if last.Pass == r.Pass {
				last.Loaded = max(last.Loaded, loaded)
			}
		})
		return err
	}
	for text, err := range roster.from(loaded) {
		if err != nil {
			return err
		}
		if batch = append(batch, s.job(r, loaded+len(batch), text)); len(batch) == batchSize {
			if err := flush(); err != nil {
				return err
			}
		}
	}
	if len(batch) == 0 {
		return nil
	}
	return flush()
}

// job returns the message of a row.
func (s *store) job(r run, row int, text []byte) *nats.Msg {
	msg := nats.NewMsg(s.jobSubject())
	msg.Data = text
	msg.Header.Set(runHeader, strconv.FormatInt(r.ID, 10))
	if r.Recheck {
		msg.Header.Set(recheckHeader, "true")
	}
	msg.Header.Set(jetstream.MsgIDHeader, fmt.Sprintf("%d.%d.%d", r.ID, r.Pass, row))
	return msg
}

// publish returns when all messages are in the stream. Until the server confirms, it retries: the message ids prevent
// duplicates.
func (s *store) publish(ctx context.Context, batch []*nats.Msg) error {
	for {
		err := s.publishOnce(ctx, batch)
		if err == nil || ctx.Err() != nil {
			return err
		}
		s.say("publishing jobs failed, retrying: %v", err)
		if err := sleep(ctx, time.Second); err != nil {
			return err
		}
	}
}

func (s *store) publishOnce(ctx context.Context, batch []*nats.Msg) error {
	acks := make([]jetstream.PubAckFuture, 0, len(batch))
	for _, msg := range batch {
		// An earlier attempt may still use its own message.
		ack, err := s.js.PublishMsgAsync(&nats.Msg{Subject: msg.Subject, Header: msg.Header, Data: msg.Data})
		if err != nil {
			return err
		}
		acks = append(acks, ack)
	}
	for _, ack := range acks {
		select {
		case <-ack.Ok():
		case err := <-ack.Err():
			return err
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// keepLoaded loads a run. If the stream becomes empty while rows are missing, because an operator has purged it or a
// machine has lost unsynced writes, it loads the run again. Rows that are already done send nothing. idle is how long
// nothing must happen before that.
func (s *store) keepLoaded(ctx context.Context, r run, roster *spool, idle time.Duration, done func() int) error {
	for {
		if err := s.load(ctx, r, roster); err != nil {
			return err
		}
		for before := -1; done() != before || !s.isEmpty(ctx); {
			before = done()
			if err := sleep(ctx, idle); err != nil {
				return err
			}
		}
		s.say("%s rows are missing and no job is queued: loading all rows again", comma(r.Rows-done()))
		var err error
		if r, err = s.change(ctx, r.ID, func(last *run) { last.Pass, last.Loaded = last.Pass+1, 0 }); err != nil {
			return err
		}
	}
}

// isEmpty reports whether no jobs are queued or in progress.
func (s *store) isEmpty(ctx context.Context) bool {
	jobs, err := s.js.Stream(ctx, s.jobs())
	return err == nil && jobs.CachedInfo().State.Msgs == 0
}
