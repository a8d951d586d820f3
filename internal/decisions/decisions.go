// Package decisions is the ledger of what this module decides where the vendors' documents leave a question open.
// docs/decisions.md is written from it. Comments in the code refer to it by ID: "ours P07", or "ours P07: " and what a reader
// of the code needs to know.
package decisions

import "slices"

// Decision is the reply to one question that the documents leave open.
type Decision struct {
	// ID is a letter and a number: P for the partner API, A for the account API, N for the network API, S for all three. It is
	// never given to another question.
	ID string
	// By says whose behaviour depends on the decision.
	By By
	// Question is what an integration wants to know.
	Question string
	// Documents is what the vendors' public pages say about it, or [Silent].
	Documents string
	// Decided is what the SDK or the fake does. It quotes the fake's messages.
	Decided string
	// Matters names what would behave differently if the decision were wrong.
	Matters string
	// How is the kind of the probe that can find out what the API does.
	How How
	// Probe says what to send and what to look at, or for [HowNone] why no probe can tell.
	Probe string
}

// Silent is what the documents say if they say nothing.
const Silent = "Silent."

// By says whose behaviour depends on a decision.
type By int

// The SDK runs in production, the fake in tests.
const (
	BySDK By = 1 << iota
	ByFake
	ByBoth = BySDK | ByFake
)

// String returns who it is in words.
func (b By) String() string {
	switch b {
	case BySDK:
		return "the SDK"
	case ByFake:
		return "the fake"
	case ByBoth:
		return "the SDK and the fake"
	default:
		return "nobody"
	}
}

// How is the kind of a probe, by the worst that it can do if the decision is wrong.
type How int

const (
	// HowNone means that no probe can find it out.
	HowNone How = iota
	// ReadOnly changes nothing: it reads, signs in and out, or sends what the API cannot accept.
	ReadOnly
	// Reversible creates a record, which the probe removes again.
	Reversible
	// Irreversible leaves something behind: it sends an e-mail, makes a customer or a parent, or may cost.
	Irreversible
)

// String returns the kind in words.
func (h How) String() string {
	return [...]string{"not by a probe", "read-only", "reversible", "irreversible"}[h]
}

// All returns the decisions about one API after the other, and in the order of their IDs.
func All() []Decision { return slices.Concat(partner, account, network, shared) }

// ByID returns the decision with the ID, and whether there is one.
func ByID(id string) (Decision, bool) {
	all := All()
	i := slices.IndexFunc(all, func(d Decision) bool { return d.ID == id })
	if i < 0 {
		return Decision{}, false
	}
	return all[i], true
}
