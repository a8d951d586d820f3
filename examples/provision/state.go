package main

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/partnerapi/partnerapi-go"
)

// store is the stored state of each pk, and the last run.
type store struct {
	*engine

	states, runs jetstream.KeyValue
}

// record is the stored state of a pk.
type record struct {
	// Status and Plan were last confirmed by the API. A zero Status means unknown.
	Status status          `json:"status,omitzero"`
	Plan   partnerapi.Plan `json:"plan,omitzero"`
	// Email is that of the creation: the API has no way to change it. It is empty if the subscription already existed.
	Email string `json:"email,omitzero"`
	// Run is the last run that processed the pk.
	Run int64 `json:"run"`
}

// confirms reports whether the API need not be asked for r. An e-mail is ignored, because the API cannot change it.
func (known record) confirms(r row) bool {
	return known.Status == r.Status && (r.Status == cancelled || known.Plan == r.Plan)
}

// shard is the value of a key of the bucket: the records of the pks whose hashes share a prefix. A key for each pk would
// cost the NATS server about 200 bytes of memory each; a fixed number of keys costs the same for every roster.
type shard struct {
	Run   int64             `json:"run"`   // the last run that processed any of the pks
	Tally tally             `json:"tally"` // the outcomes of its rows in this shard
	PKs   map[string]record `json:"pks"`
}

// hashOf places a pk. The first 16 bits select its shard.
func hashOf(pk string) uint64 {
	sum := sha256.Sum256([]byte(pk))
	return binary.BigEndian.Uint64(sum[:])
}

func shardOf(pk string) string { return fmt.Sprintf("%04x", hashOf(pk)>>48) }

// held is a shard as it was read.
type held struct {
	shard

	key      string
	revision uint64
}

// get returns a shard. It may be outdated, which put detects.
func (s *store) get(ctx context.Context, key string) (in held, err error) {
	in.key = key
	entry, err := s.states.Get(ctx, key)
	if errors.Is(err, jetstream.ErrKeyNotFound) {
		return in, nil
	}
	if err == nil {
		in.revision, err = entry.Revision(), json.Unmarshal(entry.Value(), &in.shard)
	}
	return in, err
}

// record returns the record of a pk.
func (s *store) record(ctx context.Context, pk string) (record, error) {
	in, err := s.get(ctx, shardOf(pk))
	return in.PKs[pk], err
}

// errOutdated means that another process has written since the value was read.
var errOutdated = errors.New("another process was faster")

// errContended means that a write should be retried: others write to the shard, or a server lags behind.
var errContended = errors.New("others write at the same time")

// change is the new record of a pk, and the outcome of its row.
type change struct {
	pk          string
	known, next record
	came        result
}

// put writes changes to a shard, except for pks whose record has changed since it was read: these are outdated. So each
// row is counted once, however often it is delivered. It returns the shard as written.
func (s *store) put(ctx context.Context, in held, changes []change) (now held, outdated []string, err error) {
	for range 20 {
		now := in.with(changes)
		if now.revision, err = s.write(ctx, now); !errors.Is(err, errOutdated) {
			return now, outdated, err
		}
		if err := sleep(ctx, 5*time.Millisecond); err != nil { // for a server that lags behind
			return in, nil, err
		}
		if in, err = s.get(ctx, in.key); err != nil {
			return in, nil, err
		}
		var left []change
		for _, c := range changes {
			if in.PKs[c.pk] == c.known {
				left = append(left, c)
			} else {
				outdated = append(outdated, c.pk)
			}
		}
		if changes = left; len(changes) == 0 {
			return in, outdated, nil
		}
	}
	return in, nil, errContended
}

// doubt clears the record of a pk if a later run has processed it: a call of this run that ended afterwards may have
// overwritten the later state. This happens to a process that is suspended during a job. The next roster asks the API
// again.
func (s *store) doubt(ctx context.Context, pk string, run int64) error {
	in, err := s.get(ctx, shardOf(pk))
	known := in.PKs[pk]
	if err != nil || known.Run <= run {
		return err
	}
	in.PKs[pk] = record{Run: known.Run}
	switch _, err := s.write(ctx, in); {
	case errors.Is(err, errOutdated):
		return errContended
	case err != nil:
		return err
	}
	s.say("a row finished late and may have overwritten a later roster: the next roster asks the API for it again")
	return nil
}

// with returns the shard with changed records.
func (in held) with(changes []change) held {
	if in.PKs = maps.Clone(in.PKs); in.PKs == nil {
		in.PKs = make(map[string]record)
	}
	for _, c := range changes {
		if in.Run < c.next.Run {
			in.Run, in.Tally = c.next.Run, tally{}
		}
		in.Tally.add(c.came)
		in.PKs[c.pk] = c.next
	}
	return in
}

// write returns the new revision, or [errOutdated] if the shard has changed since it was read.
func (s *store) write(ctx context.Context, in held) (revision uint64, err error) {
	text, err := json.Marshal(in.shard)
	if err != nil {
		return 0, err
	}
	return replace(ctx, s.states, in.key, text, in.revision)
}

// replace replaces the value of a revision, or returns [errOutdated] if that is not the latest.
func replace(ctx context.Context, bucket jetstream.KeyValue, key string, value []byte, revision uint64) (next uint64, err error) {
	if revision == 0 { // missing, or deleted by an operator
		next, err = bucket.Create(ctx, key, value)
	} else {
		next, err = bucket.Update(ctx, key, value, revision)
	}
	if errors.Is(err, jetstream.ErrKeyExists) || errors.Is(err, jetstream.ErrKeyRevisionMismatch) {
		return 0, errOutdated
	}
	return next, err
}

// replayShards calls each with the shards that were written from a sequence on.
func (s *store) replayShards(ctx context.Context, from uint64, each func(key string, seq uint64, in shard) error) error {
	return s.replay(ctx, s.stateStream(), from, func(msg jetstream.Msg, seq uint64) error {
		var in shard
		if len(msg.Data()) > 0 { // an operator's deletion is empty
			if err := json.Unmarshal(msg.Data(), &in); err != nil {
				return fmt.Errorf("%s: %w", msg.Subject(), err)
			}
		}
		return each(msg.Subject(), seq, in)
	})
}
