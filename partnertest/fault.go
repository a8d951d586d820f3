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

// Fault is a failure of one request, for [Fake.Fail]. The zero Fault lets the request succeed.
//
// The request is processed first, unless Status is set without Processed, or Cut is CutBefore. Then the Delay passes.
// Then the fake responds, or cuts the connection.
type Fault struct {
	// Status, with Header and Body, is a response in place of the fake's, such as a gateway's. 0 keeps the fake's own
	// response.
	Status int
	Header http.Header
	Body   string
	// RetryAfter is sent with the Status in the header Retry-After, rounded up to seconds. 0 sends no header.
	RetryAfter time.Duration
	// Processed is true if the request is processed although the response is replaced: a gateway's 502 after the work was
	// done.
	Processed bool
	// Delay is the time before the response, or the Cut. It ends early if the client disconnects. A Delay longer than the
	// client's timeout simulates a server that does the work but does not respond.
	Delay time.Duration
	// Cut is where the connection breaks. Empty means that it does not break.
	Cut Cut
}

// Cut is where a connection breaks.
type Cut string

const (
	// CutRefused refuses the connection: the client knows that nothing was sent, and [Fake.Calls] does not record the
	// request. Over the network, where the connection is made before the request, it acts as CutBefore.
	CutRefused Cut = "refused"
	// CutBefore breaks the connection before the request is processed.
	CutBefore Cut = "before the request is processed"
	// CutAfter breaks it after the request is processed and before the response.
	CutAfter Cut = "after the request is processed"
	// CutWithin breaks it in the middle of the response body: the fake's own, or that with Status. A 204 or 304 has no
	// body, so it is complete.
	CutWithin Cut = "within the answer"
)

// Fail injects faults into the next requests to an operation. Each request takes one fault, in order, after those that
// are already queued. When the queue is empty, the fake responds normally. op is in the form that package partnerapi
// uses, such as "PUT /partners/subscriptions/{pk}". Retries take faults too. For a longer outage, repeat a fault with
// [slices.Repeat], for each operation that is used, and end it with [Fake.Recover].
//
// Credentials are checked if the request is processed. Fail panics for an unknown operation, for an invalid Fault, and
// if an operation would have more than 100,000 queued faults; it then queues nothing.
//
// Over the network, see [NewServer], [CutRefused] acts as [CutBefore]. There net/http itself retries a GET if a reused
// connection breaks before the response, once for each such connection, and the client does not see it.
func (f *Fake) Fail(op string, faults ...Fault) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.mustKnow(op)
	queue := slices.Clip(f.faults[op])
	if len(queue)+len(faults) > mostFaults {
		panic(fmt.Sprintf("partnertest: more than %d faults of %s", mostFaults, op))
	}
	for i, fault := range faults {
		if why := fault.invalid(); why != "" {
			panic(fmt.Sprintf("partnertest: fault %d of %s: %s", i, op, why))
		}
		fault.Header = fault.header()
		queue = append(queue, fault)
	}
	f.faults[op] = queue
}

const mostFaults = 100_000

// Recover removes the faults that no request has taken, and returns how many there were. The fake then responds
// normally.
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

// invalid returns the reason why a fault is invalid, or an empty string.
func (fault Fault) invalid() string {
	cuts := []Cut{"", CutRefused, CutBefore, CutAfter, CutWithin}
	replaced := fault.Header != nil || fault.Body != "" || fault.RetryAfter != 0 || fault.Processed
	switch {
	case !slices.Contains(cuts, fault.Cut):
		return "unknown Cut"
	case fault.Status != 0 && (fault.Status < http.StatusOK || fault.Status > 999):
		return "Status must be 200 to 999"
	case fault.Delay < 0 || fault.RetryAfter < 0:
		return "negative duration"
	case fault.Status == 0 && replaced:
		return "Header, Body, RetryAfter and Processed require a Status"
	case fault.Status != 0 && fault.Cut != "" && fault.Cut != CutWithin:
		return "Status conflicts with a Cut before the response"
	default:
		return ""
	}
}

// apply responds to a request with the fault. process is the fake's normal behaviour.
func (fault Fault) apply(ctx context.Context, w http.ResponseWriter, process func(http.ResponseWriter)) {
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
	response := reply{own.status, own.sent, own.body.Bytes()}
	if fault.Status != 0 {
		response = reply{fault.Status, fault.Header, []byte(fault.Body)}
	}
	if fault.Cut == CutWithin {
		response.body = response.body[:len(response.body)/2]
		response.write(w)
		_ = http.NewResponseController(w).Flush() // the client must receive the part before the cut
		panic(http.ErrAbortHandler)
	}
	response.write(w)
}

func (fault Fault) isZero() bool {
	return fault.Status == 0 && fault.Delay == 0 && fault.Cut == ""
}

// header returns all headers of the response.
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

// refuse returns the error of a refused connection. Like a dialer's error, it also covers a client that stops waiting.
func (fault Fault) refuse(ctx context.Context) error {
	if err := fault.wait(ctx); err != nil {
		return &net.OpError{Op: "dial", Net: "tcp", Err: err}
	}
	return &net.OpError{Op: "dial", Net: "tcp", Err: os.NewSyscallError("connect", errno.ConnectionRefused)}
}

// faultKey is the context key of a request's fault. The in-memory transport takes the fault before there is a
// connection.
type faultKey struct{}
