package partnertest

import (
	"cmp"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/partnerapi/partnerapi-go"
)

// Call is a request that reached a [Fake]. Query, Header and Body are those of the request, credentials included.
// String, and so fmt with %v, prints none of them; the diff of a failing test walks over the fields and prints all of
// them.
type Call struct {
	// API is empty for a path outside the three APIs.
	API partnerapi.API
	// Op is the operation, such as "PUT /partners/subscriptions/{pk}". It is empty for an unknown operation.
	Op     string
	Method string
	// Path is the escaped path below the API's base URL.
	Path   string
	Query  url.Values
	Header http.Header
	// Body is empty if the operation is unknown, or if the fake rejected the credential, unless a [Fault] with a Status
	// supplied the response.
	Body []byte
	// Status is the status of the response. It is 0 until the response begins, and stays 0 without one.
	Status int
	// At is the time of the request, by the fake's clock.
	At time.Time
	// Duration is how long the response took, by time.Now. It is 0 until the response is complete.
	Duration time.Duration
}

// String returns the operation and the status, such as "PUT /partners/subscriptions/{pk} 404". It contains no personal
// data and no credential, so a failing test can print it.
func (c Call) String() string {
	op := cmp.Or(c.Op, c.Method+" (no operation of the "+string(c.API)+" API)")
	if c.API == "" {
		op = c.Method + " (under none of the APIs)"
	}
	if c.Status == 0 {
		return op + " without a response"
	}
	return op + " " + strconv.Itoa(c.Status)
}

// Calls are calls in the order of arrival.
type Calls []Call

// String returns one line per call, in the form of [Call.String].
func (calls Calls) String() string {
	if len(calls) == 0 {
		return "no calls"
	}
	lines := make([]string, 0, len(calls))
	for _, c := range calls {
		lines = append(lines, c.String())
	}
	return strings.Join(lines, "\n")
}

// The log keeps the newest calls within both limits, and always the newest one.
const (
	keptCalls = 10_000
	keptBytes = 16 << 20
)

// callLog holds the newest calls.
type callLog struct {
	mu    sync.Mutex
	calls []loggedCall
	size  int
}

type loggedCall struct {
	*Call
	size int
}

func (l *callLog) add(c *Call, size int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.calls = append(l.calls, loggedCall{c, size})
	l.size += size
	for len(l.calls) > keptCalls || l.size > keptBytes && len(l.calls) > 1 {
		l.size -= l.calls[0].size
		l.calls[0].Call = nil // the rest of the slice still shares its array
		l.calls = l.calls[1:]
	}
}

// Calls returns the calls that reached the fake, oldest first. The fake keeps the newest 10,000 calls, or fewer if those
// take more than 16 MiB.
func (f *Fake) Calls() Calls {
	l := &f.calls
	l.mu.Lock()
	defer l.mu.Unlock()
	calls := make(Calls, 0, len(l.calls))
	for _, c := range l.calls {
		calls = append(calls, c.clone())
	}
	return calls
}

// CallsTo returns the calls of [Fake.Calls] to one operation, named in the form that package partnerapi uses, such as
// "PUT /partners/subscriptions/{pk}".
//
//	if calls := fake.CallsTo("POST /partners/subscriptions"); len(calls) != 1 {
//		t.Errorf("subscribed %d times; all calls:\n%v", len(calls), fake.Calls())
//	}
//
// CallsTo panics for an unknown operation, because a test that expects no calls to a misspelt operation would pass.
func (f *Fake) CallsTo(op string) Calls {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.mustKnow(op)
	return slices.DeleteFunc(f.Calls(), func(c Call) bool { return c.Op != op })
}

func (c *Call) clone() Call {
	copied := *c
	copied.Query = url.Values(http.Header(c.Query).Clone())
	copied.Header = c.Header.Clone()
	copied.Body = slices.Clone(c.Body)
	return copied
}

// record adds a request to the log and returns a writer that completes the entry. The entry is added before the response
// is written, so that a client that has the response finds the call.
func (f *Fake) record(w http.ResponseWriter, in *request, to *route, fault Fault) *recordingWriter {
	c := &Call{
		API: in.api, Method: strings.Clone(in.Method), Path: strings.Clone(in.URL.EscapedPath()), Query: in.URL.Query(),
		Header: in.Header.Clone(),
	}
	f.mu.Lock()
	c.At = f.now()
	if to != nil {
		c.Op = to.op
	}
	if to != nil && (fault.Status != 0 || f.refuse(in, to) == nil) { // such a fault replaces the check
		c.Body = in.body
	}
	f.mu.Unlock()
	// The values of the query are substrings of it, so they keep all of it in memory.
	f.calls.add(c, 256+len(c.Method)+len(c.Path)+len(c.Body)+len(in.URL.RawQuery)+sizeOfValues(c.Query)+sizeOfValues(c.Header))
	return &recordingWriter{ResponseWriter: w, log: &f.calls, call: c, began: time.Now()}
}

// sizeOfValues returns the approximate number of bytes in values and their names.
func sizeOfValues(values map[string][]string) int {
	size := 0
	for name, all := range values {
		for _, value := range all {
			size += 64 + len(name) + len(value)
		}
	}
	return size
}

// ended completes the call of a response, also of one that is cut off, and runs the hook.
func (f *Fake) ended(w *recordingWriter) {
	w.log.mu.Lock()
	w.call.Duration = time.Since(w.began)
	if f.onCall == nil {
		w.log.mu.Unlock()
		return
	}
	told := w.call.clone()
	w.log.mu.Unlock()
	f.onCall(told)
}

// recordingWriter records the status of a response in its call.
type recordingWriter struct {
	http.ResponseWriter
	log   *callLog
	call  *Call
	began time.Time
}

func (w *recordingWriter) WriteHeader(status int) {
	w.note(status)
	w.ResponseWriter.WriteHeader(status)
}

func (w *recordingWriter) Write(b []byte) (int, error) {
	w.note(http.StatusOK)
	return w.ResponseWriter.Write(b)
}

// Unwrap lets http.ResponseController flush and hijack.
func (w *recordingWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func (w *recordingWriter) note(status int) {
	w.log.mu.Lock()
	defer w.log.mu.Unlock()
	if w.call.Status == 0 && (status >= http.StatusOK || status == http.StatusSwitchingProtocols) {
		w.call.Status = status
	}
}
