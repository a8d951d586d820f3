package main

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/partnerapi/partnerapi-go"
)

// store is what is known of each pk, and of the last run.
type store struct {
	*engine

	states, runs jetstream.KeyValue
}

// record is what is known of a pk.
type record struct {
	// Status and Plan are what the API has confirmed last. A zero Status means that it is not known.
	Status status          `json:"status,omitzero"`
	Plan   partnerapi.Plan `json:"plan,omitzero"`
	// Email is that of the creation, which the API has no way to change. It is empty if somebody else made the subscription.
	Email string `json:"email,omitzero"`
	// Run is the last that dealt with the pk.
	Run int64 `json:"run"`
}

// confirms reports whether the API need not be asked for r. It could not change the e-mail of a subscription.
func (known record) confirms(r row) bool {
	return known.Status == r.Status && (r.Status == cancelled || known.Plan == r.Plan)
}

// shard is what a key of the bucket holds: the records of the pks whose hashes begin alike. A key for each pk would cost
// the NATS server some 200 bytes of memory for every one; a fixed number of keys costs the same for every roster.
type shard struct {
	Run   int64             `json:"run"`   // the last that dealt with any of the pks
	Tally tally             `json:"tally"` // what came of its rows here
	PKs   map[string]record `json:"pks"`
}

// hashOf is what places a pk: the first 16 bits are its shard, and the rest shuffles the pks of a shard among its
// neighbours, so that workers seldom write to one at the same time.
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

// get returns what is known of a pk, and where. It can be outdated, as put will find.
func (s *store) get(ctx context.Context, pk string) (known record, in held, err error) {
	in.key = shardOf(pk)
	entry, err := s.states.Get(ctx, in.key)
	if errors.Is(err, jetstream.ErrKeyNotFound) {
		return record{}, in, nil
	}
	if err == nil {
		in.revision, err = entry.Revision(), json.Unmarshal(entry.Value(), &in.shard)
	}
	return in.PKs[pk], in, err
}

// errOutdated means that what was read is not the last: another process has written since.
var errOutdated = errors.New("another process was faster")

// errContended means that a write is to be tried once more: others write to the shard, or a server is behind.
var errContended = errors.New("others write at the same time")

// put writes what is known of a pk by now, and what came of its row, unless that has changed since it was read: each row
// is counted once, however often it is delivered.
func (s *store) put(ctx context.Context, pk string, known, next record, came result, in held) (err error) {
	for range 20 {
		if err = s.write(ctx, in.with(pk, next, came)); !errors.Is(err, errOutdated) {
			return err
		}
		if err := sleep(ctx, 5*time.Millisecond); err != nil { // for a server that is behind the others
			return err
		}
		var now record
		if now, in, err = s.get(ctx, pk); err != nil {
			return err
		}
		if now != known {
			return errOutdated
		}
	}
	return errContended
}

// doubt forgets what is known of a pk if a later run has dealt with it: a call of this run that ended after that may have
// undone it. It happens to a process that was suspended in the middle of a job. The next roster asks the API again.
func (s *store) doubt(ctx context.Context, pk string, run int64) error {
	known, in, err := s.get(ctx, pk)
	if err != nil || known.Run <= run {
		return err
	}
	in.PKs[pk] = record{Run: known.Run}
	switch err := s.write(ctx, in); {
	case errors.Is(err, errOutdated):
		return errContended
	case err != nil:
		return err
	}
	s.say("a row was done so late that a later roster may have been undone: the next one asks the API for it again")
	return nil
}

// with returns the shard with another record.
func (in held) with(pk string, next record, came result) held {
	if in.Run < next.Run {
		in.Run, in.Tally = next.Run, tally{}
	}
	in.Tally.add(came)
	if in.PKs == nil {
		in.PKs = make(map[string]record)
	}
	in.PKs[pk] = next
	return in
}

// write fails with [errOutdated] if the shard is not the one that was read.
func (s *store) write(ctx context.Context, in held) error {
	text, err := json.Marshal(in.shard)
	if err != nil {
		return err
	}
	return replace(ctx, s.states, in.key, text, in.revision)
}

// replace puts a value in the place of a revision, or fails with [errOutdated] if that is not the last.
func replace(ctx context.Context, bucket jetstream.KeyValue, key string, value []byte, revision uint64) (err error) {
	if revision == 0 { // there is none, or an operator has deleted it
		_, err = bucket.Create(ctx, key, value)
	} else {
		_, err = bucket.Update(ctx, key, value, revision)
	}
	if errors.Is(err, jetstream.ErrKeyExists) || errors.Is(err, jetstream.ErrKeyRevisionMismatch) {
		return errOutdated
	}
	return err
}

// replayShards calls each with the shards that were written from a sequence on.
func (s *store) replayShards(ctx context.Context, from uint64, each func(key string, seq uint64, in shard) error) error {
	return s.replay(ctx, s.stateStream(), from, func(msg jetstream.Msg, seq uint64) error {
		var in shard
		if len(msg.Data()) > 0 { // otherwise an operator has deleted it
			if err := json.Unmarshal(msg.Data(), &in); err != nil {
				return fmt.Errorf("%s: %w", msg.Subject(), err)
			}
		}
		return each(msg.Subject(), seq, in)
	})
}
