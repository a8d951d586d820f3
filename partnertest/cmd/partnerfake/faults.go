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

// queued are faults of an operation, from the command line or a request.
type queued struct {
	Op     string            `json:"op"`
	Faults []json.RawMessage `json:"faults"`
}

// mostTimes is enough for an outage that lasts until somebody ends it, and mostFaults for ten of them in a request.
const (
	mostTimes  = 10_000
	mostFaults = 100_000
)

// fault is a partnertest.Fault in JSON.
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

// cut is a partnertest.Cut under a short name. A refused connection is none of them, for it has to be there to be served.
type cut partnertest.Cut

var cuts = map[string]cut{
	"before": cut(partnertest.CutBefore), "after": cut(partnertest.CutAfter), "within": cut(partnertest.CutWithin),
}

func (c *cut) UnmarshalText(text []byte) error {
	known, ok := cuts[string(text)]
	if !ok {
		return errors.New("cut: before, after or within")
	}
	*c = known
	return nil
}

// queue makes the next calls of the operation go wrong, and returns how many.
func (q queued) queue(fake *partnertest.Fake) (int, error) {
	var faults []partnertest.Fault
	for i, text := range q.Faults {
		f := fault{Times: 1}
		if err := strict(text, &f); err != nil {
			what, _ := wrong(err)
			return 0, fmt.Errorf("fault %d: %s", i, what)
		}
		if f.Times < 1 || f.Times > mostTimes {
			return 0, fmt.Errorf("fault %d: times: 1 to %d", i, mostTimes)
		}
		if len(faults)+f.Times > mostFaults {
			return 0, fmt.Errorf("fault %d: more than %d faults", i, mostFaults)
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

// parseFault reads a fault of the command line, such as "GET /account: status=503 times=3". Its words become the members
// of a fault in JSON, so that there is one way to read both.
func parseFault(text string) (queued, error) {
	op, words, found := strings.Cut(text, ": ")
	if !found {
		return queued{}, errors.New(`not of the form "GET /account: status=503 times=3"`)
	}
	members := make(map[string]json.RawMessage)
	for _, word := range strings.Fields(words) {
		name, value, _ := strings.Cut(word, "=")
		if _, twice := members[name]; twice {
			return queued{}, fmt.Errorf("%s: more than once", name)
		}
		switch {
		case name == word:
			members[name] = json.RawMessage("true")
		case name != "body" && json.Valid([]byte(value)):
			members[name] = json.RawMessage(value)
		default:
			members[name], _ = json.Marshal(value) // of a string
		}
	}
	object, _ := json.Marshal(members) // of what is valid
	return queued{op, []json.RawMessage{object}}, nil
}
