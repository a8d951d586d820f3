package partnertest

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"slices"
	"strconv"
	"time"

	"github.com/partnerapi/partnerapi-go/internal/errno"
)

// Fault is what goes wrong with one request, for [Fake.Fail]. The zero Fault lets the request pass.
//
// A request is processed first, unless a Status is set without Processed, or the Cut comes before; then the Delay
// passes; then the answer comes, or the connection is cut.
type Fault struct {
	// Status, with Header and Body, is an answer in place of the fake's, such as a gateway's. 0 is the fake's own answer.
	Status int
	Header http.Header
	Body   string
	// RetryAfter is sent with the Status, in seconds and rounded up, as the header Retry-After. 0 sends none.
	RetryAfter time.Duration
	// Processed is true if the request is processed although the answer is another: a gateway's 502 after the work was
	// done.
	Processed bool
	// Delay is how long the answer, or the Cut, takes. It ends when the client is gone: one above the client's time limit
	// is a server that does the work and stays silent.
	Delay time.Duration
	// Cut is where the connection breaks. Empty means that it holds.
	Cut Cut
}

// Cut is where a connection breaks.
type Cut string

const (
	// CutRefused makes no connection: the client is certain that nothing was sent, and [Fake.Calls] does not tell of it.
	// Over the network, where the connection comes before the request, it is CutBefore.
	CutRefused Cut = "refused"
	// CutBefore breaks the connection before the request is processed.
	CutBefore Cut = "before the request is processed"
	// CutAfter breaks it when the request is processed, before the answer.
	CutAfter Cut = "after the request is processed"
	// CutWithin breaks it in the middle of the answer's body, the fake's own or that with Status. A 204 or 304 has none
	// to break in, and is complete.
	CutWithin Cut = "within the answer"
)

// Fail makes the next requests of an operation go wrong: each takes one of the faults, in order, after those that are
// queued already. When none is left, the fake answers as before. op is in the form that package partnerapi uses, such
// as "PUT /partners/subscriptions/{pk}". The requests that a client sends again take faults too. An outage that lasts is
// a fault repeated, as with [slices.Repeat], for each of the operations that are used, and [Fake.Recover] ends it.
//
// Credentials are checked where a request is processed. Fail panics for an operation that the fake does not know, for a
// Fault that cannot be, and for more than 100,000 faults in the queue of an operation; it then queues nothing.
//
// Over the network, for which see [NewServer], a connection cannot be refused, and net/http itself repeats a GET, unseen
// by the client, for each connection that is kept from an earlier request and breaks before the answer.
func (f *Fake) Fail(op string, faults ...Fault) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.mustKnow(op)
	queue := slices.Clip(f.faults[op])
	if len(queue)+len(faults) > mostFaults {
		panic(fmt.Sprintf("partnertest: more than %d faults of %s", mostFaults, op))
	}
	for i, fault := range faults {
		if why := fault.cannotBe(); why != "" {
			panic(fmt.Sprintf("partnertest: fault %d of %s: %s", i, op, why))
		}
		fault.Header = fault.header()
		queue = append(queue, fault)
	}
	f.faults[op] = queue
}

const mostFaults = 100_000

// Recover forgets the faults that no request has taken, and returns how many there were: the fake answers as before.
func (f *Fake) Recover() (left int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, queue := range f.faults {
		left += len(queue)
	}
	clear(f.faults)
	return left
}

// next takes the next fault of a route off the queue.
func (f *Fake) next(to *route) (fault Fault) {
	if to == nil {
		return Fault{}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if queue := f.faults[to.op]; len(queue) > 0 {
		fault, f.faults[to.op] = queue[0], queue[1:]
	}
	return fault
}

// cannotBe returns what is wrong with a fault, or nothing.
func (fault Fault) cannotBe() string {
	cuts := []Cut{"", CutRefused, CutBefore, CutAfter, CutWithin}
	answers := fault.Header != nil || fault.Body != "" || fault.RetryAfter != 0 || fault.Processed
	switch {
	case !slices.Contains(cuts, fault.Cut):
		return "an unknown Cut"
	case fault.Status != 0 && (fault.Status < http.StatusOK || fault.Status > 999):
		return "a Status that is none of an answer"
	case fault.Delay < 0 || fault.RetryAfter < 0:
		return "a time below zero"
	case fault.Status == 0 && answers:
		return "Header, Body, RetryAfter and Processed go with a Status"
	case fault.Status != 0 && fault.Cut != "" && fault.Cut != CutWithin:
		return "a Status is not answered if the connection is cut before"
	default:
		return ""
	}
}

// befall answers a request as the fault has it. process is what the fake would do.
func (fault Fault) befall(ctx context.Context, w http.ResponseWriter, process func(http.ResponseWriter)) {
	if fault.isZero() {
		process(w)
		return
	}
	own := recorder{header: make(http.Header)}
	if fault.Processed || fault.Status == 0 && fault.Cut != CutBefore && fault.Cut != CutRefused {
		process(&own)
		own.WriteHeader(http.StatusOK)
	}
	if fault.wait(ctx) != nil || fault.Cut != "" && fault.Cut != CutWithin {
		panic(http.ErrAbortHandler)
	}
	answer := reply{own.status, own.sent, own.body.Bytes()}
	if fault.Status != 0 {
		answer = reply{fault.Status, fault.Header, []byte(fault.Body)}
	}
	if fault.Cut == CutWithin {
		answer.body = answer.body[:len(answer.body)/2]
		answer.write(w)
		_ = http.NewResponseController(w).Flush() // the client has what came before the cut
		panic(http.ErrAbortHandler)
	}
	answer.write(w)
}

func (fault Fault) isZero() bool {
	return fault.Status == 0 && fault.Delay == 0 && fault.Cut == ""
}

// header returns all headers of the answer.
func (fault Fault) header() http.Header {
	header := offTheWire(fault.Header)
	if fault.RetryAfter > 0 {
		seconds := int64(fault.RetryAfter / time.Second)
		if fault.RetryAfter%time.Second > 0 {
			seconds++
		}
		header.Set("Retry-After", strconv.FormatInt(seconds, 10))
	}
	return header
}

func (fault Fault) wait(ctx context.Context) error {
	if fault.Delay == 0 {
		return nil
	}
	timer := time.NewTimer(fault.Delay)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// refuse is the error of a connection that is not made. As from a dialler, it says so when the client gives up waiting too.
func (fault Fault) refuse(ctx context.Context) error {
	if err := fault.wait(ctx); err != nil {
		return &net.OpError{Op: "dial", Net: "tcp", Err: err}
	}
	return &net.OpError{Op: "dial", Net: "tcp", Err: os.NewSyscallError("connect", errno.ConnectionRefused)}
}

// faultKey is where the in-memory transport leaves a request's fault, because it takes it before there is a connection.
type faultKey struct{}
