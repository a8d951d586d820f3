package main

import "maps"

// outcome is the outcome of a row.
type outcome int

const (
	created outcome = iota
	updated
	ended
	unchanged
	failed
	outcomes // the number of outcomes
)

var outcomeNames = [outcomes]string{"created", "updated", "cancelled", "unchanged", "failed"}

func (o outcome) String() string { return outcomeNames[o] }

// result is the full result of a row.
type result struct {
	outcome

	failure    string // the kind of failure, if it failed
	otherEmail bool   // the subscription has another e-mail
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

// plus adds another tally, or subtracts it if sign is -1.
func (t *tally) plus(other tally, sign int) {
	for o, n := range other.Outcomes {
		t.Outcomes[o] += sign * n
	}
	t.OtherEmail += sign * other.OtherEmail
	t.Failures = sum(t.Failures, other.Failures, sign)
}

// sum does not modify the maps.
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

// done returns the number of rows counted.
func (t tally) done() (n int) {
	for _, o := range t.Outcomes {
		n += o
	}
	return n
}
