package main

import "maps"

// outcome is what came of a row.
type outcome int

const (
	created outcome = iota
	updated
	ended
	unchanged
	failed
	outcomes // how many there are
)

var outcomeNames = [outcomes]string{"created", "updated", "cancelled", "unchanged", "failed"}

func (o outcome) String() string { return outcomeNames[o] }

// result is what came of a row, in full.
type result struct {
	outcome

	failure    string // the kind, if it failed
	otherEmail bool   // than the subscription has
}

// tally counts results.
type tally struct {
	Outcomes   [outcomes]int  `json:"outcomes"`
	Failures   map[string]int `json:"failures,omitzero"` // by kind
	OtherEmail int            `json:"other_email,omitzero"`
}

func (t *tally) add(came result) {
	t.Outcomes[came.outcome]++
	if came.otherEmail {
		t.OtherEmail++
	}
	if came.outcome == failed {
		t.Failures = sum(t.Failures, map[string]int{came.failure: 1}, 1)
	}
}

// plus adds another tally, or with a sign of -1 takes it away.
func (t *tally) plus(other tally, sign int) {
	for o, n := range other.Outcomes {
		t.Outcomes[o] += sign * n
	}
	t.OtherEmail += sign * other.OtherEmail
	t.Failures = sum(t.Failures, other.Failures, sign)
}

// sum leaves the maps as they are.
func sum(to, from map[string]int, sign int) map[string]int {
	if len(from) == 0 {
		return to
	}
	if to = maps.Clone(to); to == nil {
		to = make(map[string]int)
	}
	for k, n := range from {
		if to[k] += sign * n; to[k] == 0 {
			delete(to, k)
		}
	}
	return to
}

// done returns how many rows have been counted.
func (t tally) done() (n int) {
	for _, o := range t.Outcomes {
		n += o
	}
	return n
}
