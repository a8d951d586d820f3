package main

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/partnerapi/partnerapi-go"
)

// isRefused reports whether the API rejects the credential, not the request. A gateway's page does not count.
func isRefused(err error) bool {
	return errors.Is(err, partnerapi.ErrUnauthorized) && !errors.Is(err, partnerapi.ErrBadResponse) || errors.Is(err, partnerapi.ErrNoCredential)
}

// isFinal reports whether retrying is pointless: the API has read the request and rejects it.
func isFinal(err error) bool {
	var argument *partnerapi.ArgumentError
	return errors.As(err, &argument) || errors.Is(err, errDied) ||
		errors.Is(err, partnerapi.ErrInvalid) && !errors.Is(err, partnerapi.ErrBadResponse) && !errors.Is(err, partnerapi.ErrOutcomeUnknown)
}

// kinds are the kinds of failures that are counted. The first match counts.
var kinds = []error{
	partnerapi.ErrRateLimited, partnerapi.ErrServer, partnerapi.ErrForbidden, partnerapi.ErrBadResponse, partnerapi.ErrResponseTooLarge,
	partnerapi.ErrNotFound, partnerapi.ErrInvalid,
}

func kindOf(err error) string {
	for _, kind := range kinds {
		if errors.Is(err, kind) {
			return kind.Error()
		}
	}
	var argument *partnerapi.ArgumentError
	if errors.As(err, &argument) {
		return partnerapi.ErrInvalid.Error()
	}
	return "no response"
}

// letter is a failed row in its stream.
type letter struct {
	job

	Run        int64     `json:"run"`
	At         time.Time `json:"at"`
	Deliveries int       `json:"deliveries"`
	Kind       string    `json:"kind"`
	// Unknown means that the API may have processed the request.
	Unknown bool   `json:"outcome_unknown,omitzero"`
	Text    string `json:"text"`
	// Failure is the API's error response, if there was one.
	Failure *partnerapi.Error `json:"failure,omitzero"`
}

func letterOf(d delivery, err error) letter {
	l := letter{
		job: d.job, Run: d.run, At: time.Now().UTC(), Deliveries: d.number, Kind: kindOf(err),
		Unknown: errors.Is(err, partnerapi.ErrOutcomeUnknown) || errors.Is(err, errDied), Text: err.Error(),
	}
	errors.As(err, &l.Failure)
	return l
}

// bury publishes a letter to the stream of failed rows. It replaces an earlier one of the same pk.
func (s *store) bury(ctx context.Context, l letter) error {
	text, err := json.Marshal(l)
	if err != nil {
		return err
	}
	_, err = s.js.Publish(ctx, s.failedSubject(fmt.Sprintf("%x", sha256.Sum256([]byte(l.PK)))), text)
	return err
}

// buried calls each with the letters of a run. A letter from a worker that died is skipped if the row was done
// afterwards.
func (s *store) buried(ctx context.Context, runID int64, each func(letter) error) error {
	return s.replay(ctx, s.failed(), 0, func(msg jetstream.Msg, _ uint64) error {
		var l letter
		if err := json.Unmarshal(msg.Data(), &l); err != nil {
			return err
		}
		if l.Run != runID {
			return nil
		}
		known, err := s.record(ctx, l.PK)
		if err != nil || known != (record{Run: runID}) {
			return err
		}
		return each(l)
	})
}
