package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/partnerapi/partnerapi-go/partnertest"
)

// queued are faults for an operation, from the command line or a request.
type queued struct {
	Op     string            `json:"op"`
	Faults []json.RawMessage `json:"faults"`
}

// maxTimes is enough for an outage that lasts until it is ended by hand, and maxFaults for ten of those in one request.
const (
	maxTimes  = 10_000
	maxFaults = 100_000
)

// fault is the JSON form of a partnertest.Fault.
type fault struct {
	Status     int               `json:"status"`
	Header     map[string]string `json:"header"`
	Body       string            `json:"body"`
	RetryAfter duration          `json:"retry_after"`
	Processed  bool              `json:"processed"`
	Delay      duration          `json:"delay"`
	Cut        cut               `json:"cut"`
	Times      int               `json:"times"`
}

// duration is a time.Duration that is written as 1m30s.
type duration time.Duration

func (d *duration) UnmarshalText(text []byte) error {
	parsed, err := time.ParseDuration(string(text))
	*d = duration(parsed)
	return err
}

// cut is a partnertest.Cut under a short name. CutRefused is not available: the client has already connected.
type cut partnertest.Cut

var cuts = map[string]cut{
	"before": cut(partnertest.CutBefore), "after": cut(partnertest.CutAfter), "within": cut(partnertest.CutWithin),
}

func (c *cut) UnmarshalText(text []byte) error {
	known, ok := cuts[string(text)]
	if !ok {
		return errors.New("cut: want before, after or within")
	}
	*c = known
	return nil
}

// queue queues the faults for the operation and returns how many there are.
func (q queued) queue(fake *partnertest.Fake) (int, error) {
	var faults []partnertest.Fault
	for i, text := range q.Faults {
		f := fault{Times: 1}
		if err := strict(text, &f); err != nil {
			what, _ := wrong(err)
			return 0, fmt.Errorf("fault %d: %s", i, what)
		}
		if f.Times < 1 || f.Times > maxTimes {
			return 0, fmt.Errorf("fault %d: times: want 1 to %d", i, maxTimes)
		}
		if len(faults)+f.Times > maxFaults {
			return 0, fmt.Errorf("fault %d: more than %d faults", i, maxFaults)
		}
		faults = append(faults, slices.Repeat([]partnertest.Fault{f.fault()}, f.Times)...)
	}
	return len(faults), try(func() { fake.Fail(q.Op, faults...) })
}

func (f fault) fault() partnertest.Fault {
	made := partnertest.Fault{
		Status: f.Status, Body: f.Body, RetryAfter: time.Duration(f.RetryAfter), Processed: f.Processed,
		Delay: time.Duration(f.Delay), Cut: partnertest.Cut(f.Cut),
	}
	for name, value := range f.Header {
		if made.Header == nil {
			made.Header = make(http.Header)
		}
		made.Header.Set(name, value)
	}
	return made
}

// parseFault reads a fault from the command line, such as "GET /account: status=503 times=3". It converts the words to
// JSON, so that one parser reads both forms.
func parseFault(text string) (queued, error) {
	op, words, found := strings.Cut(text, ": ")
	if !found {
		return queued{}, errors.New(`want the form "GET /account: status=503 times=3"`)
	}
	members := make(map[string]json.RawMessage)
	for _, word := range strings.Fields(words) {
		name, value, _ := strings.Cut(word, "=")
		if _, twice := members[name]; twice {
			return queued{}, fmt.Errorf("%s: set more than once", name)
		}
		switch {
		case name == word:
			members[name] = json.RawMessage("true")
		case name != "body" && json.Valid([]byte(value)):
			members[name] = json.RawMessage(value)
		default:
			members[name], _ = json.Marshal(value) // always valid: it is a string
		}
	}
	object, _ := json.Marshal(members) // always valid: the members are
	return queued{op, []json.RawMessage{object}}, nil
}
