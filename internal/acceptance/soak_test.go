package acceptance

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"hash/fnv"
	"maps"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/partnerapi/partnerapi-go"
	"github.com/partnerapi/partnerapi-go/partnertest"
)

var (
	soakLong = flag.Bool("soak", false, "run TestSoak with 20,000 operations each way")
	soakSeed = flag.Uint64("soakseed", 0, "the seed of TestSoak, as it printed it; 0 takes one at random")
)

const (
	soakWorkers = 64
	// A client's budget bounds the retries of an outage: with one client for all workers, few calls would be retried.
	soakClients = 16
)

// soakSetting is one way to run.
type soakSetting struct {
	remote  bool // over loopback, where time is real
	timeout time.Duration
	retry   partnerapi.RetryPolicy
	hurry   time.Duration // the longest that a context lasts that ends early
	faults  []soakFault
	rare    []soakFault // those that take the whole timeout
	every   int         // how many requests there are for a rare one, of an operation that has any
}

type soakFault struct {
	name string
	partnertest.Fault
}

// soakFaults are the faults that take no longer than a response.
var soakFaults = []soakFault{
	{"cut before", partnertest.Fault{Cut: partnertest.CutBefore}},
	{"cut after", partnertest.Fault{Cut: partnertest.CutAfter}},
	{"cut within", partnertest.Fault{Cut: partnertest.CutWithin}},
	{"500", partnertest.Fault{Status: 500}},
	{"502 in HTML", partnertest.Fault{Status: 502, Body: "<!DOCTYPE html><title>Bad Gateway</title>"}},
	{"503, processed", partnertest.Fault{Status: 503, Processed: true}},
	{"502, processed", partnertest.Fault{Status: 502, Processed: true}},
	{"429", partnertest.Fault{Status: 429}},
}

func soakSilence(d time.Duration) []soakFault {
	return []soakFault{
		{"silent, processed", partnertest.Fault{Delay: d}},
		{"silent", partnertest.Fault{Delay: d, Cut: partnertest.CutBefore}},
	}
}

// soak is one run: the workers share the fake and its faults, and each has records of its own.
type soak struct {
	soakSetting
	seed    uint64
	fake    *partnertest.Fake
	workers []*soakWorker
	queued  map[string][]string // the names of the faults, by operation
	failed  atomic.Bool

	mu       sync.Mutex     // guards the figures
	figures  map[string]int // by a line of the report
	requests map[string]int // by operation
}

// Not parallel: goroutines are counted, and a deadline in real time has to leave room for a busy machine only.
//
//nolint:paralleltest // see above
func TestSoak(t *testing.T) {
	t.Run("memory", func(t *testing.T) {
		setting := soakSetting{timeout: 10 * time.Second, hurry: 15 * time.Second}
		setting.faults = append(slices.Concat(soakFaults, soakSilence(time.Minute)),
			soakFault{"refused", partnertest.Fault{Cut: partnertest.CutRefused}},
			soakFault{"429 with Retry-After", partnertest.Fault{Status: 429, RetryAfter: 3 * time.Second}})
		s, start := newSoak(t, setting), time.Now()
		var virtual time.Duration
		synctest.Test(t, func(t *testing.T) { // fails if a goroutine has not ended
			start := time.Now()
			s.fake = partnertest.New()
			s.run(t, soakCalls(t, 2_000))
			virtual = time.Since(start)
			s.compare(t)
		})
		s.report(t, time.Since(start), virtual)
	})

	t.Run("loopback", func(t *testing.T) {
		s, start := newSoak(t, soakSetting{
			remote: true, timeout: 1500 * time.Millisecond, hurry: 3 * time.Millisecond,
			retry:  partnerapi.RetryPolicy{MinWait: time.Millisecond, MaxWait: 20 * time.Millisecond},
			faults: soakFaults, rare: soakSilence(time.Minute), every: 400,
		}), time.Now()
		before := runtime.NumGoroutine()
		t.Run("calls", func(t *testing.T) {
			s.fake = partnertest.NewServer(t)
			s.run(t, soakCalls(t, 1_000))
		})
		// The server is closed. A request that a client gave up on ends with its goroutine.
		for limit := time.Now().Add(10 * time.Second); runtime.NumGoroutine() > before && time.Now().Before(limit); {
			runtime.Gosched()
		}
		if !assert.LessOrEqual(t, runtime.NumGoroutine(), before, "goroutines stay") {
			stacks := make([]byte, 1<<20)
			t.Logf("%s", stacks[:runtime.Stack(stacks, true)])
		}
		s.compare(t)
		s.report(t, time.Since(start), 0)
	})
}

// soakCall returns the call of the table that a name of soakOperations begins with.
func soakCall(name string) call {
	method, _, _ := strings.Cut(name, ",")
	i := slices.IndexFunc(everyCall, func(c call) bool { return c.name == method })
	if i < 0 {
		panic("not in everyCall: " + method)
	}
	return everyCall[i]
}

func TestSoakHasEveryCall(t *testing.T) {
	t.Parallel()
	var want, got []string
	for _, c := range calls() {
		if c.notInSoak == "" {
			want = append(want, c.name)
		}
	}
	for _, o := range soakOperations {
		if name := soakCall(o.name).name; !slices.Contains(got, name) {
			got = append(got, name)
		}
	}
	assert.ElementsMatch(t, want, got)
}

func soakCalls(t *testing.T, short int) int {
	if *soakLong {
		return 20_000
	}
	t.Log("short form; the long one: go test -race -count=1 -v -run '^TestSoak$' ./internal/acceptance -soak")
	return short
}

func newSoak(t *testing.T, setting soakSetting) *soak {
	s := &soak{
		soakSetting: setting, seed: *soakSeed,
		queued: make(map[string][]string), figures: make(map[string]int), requests: make(map[string]int),
	}
	if s.seed == 0 {
		s.seed = rand.Uint64() //nolint:gosec // not used for a secret
	}
	// It repeats the calls and the faults, not the order in which the goroutines run.
	t.Logf("seed: -soakseed=%d", s.seed)
	return s
}

// run makes all calls.
func (s *soak) run(t *testing.T, total int) {
	for i, o := range soakOperations {
		if op := soakCall(o.name).op; s.queued[op] == nil { // methods may share an operation
			s.queue(i, op, total/2+1_000) // more than there are requests
		}
	}
	var clients []*partnerapi.Client
	for range soakClients {
		clients = append(clients, s.fake.Client(
			partnerapi.WithTimeout(s.timeout), partnerapi.WithRetry(s.retry), partnerapi.WithAttemptHook(s.attempted)))
	}
	for id := range soakWorkers {
		s.workers = append(s.workers, newSoakWorker(t, s, id, clients[id%soakClients]))
	}
	var all sync.WaitGroup
	for id, w := range s.workers {
		all.Go(func() { w.work(total*(id+1)/soakWorkers - total*id/soakWorkers) })
	}
	all.Wait()
	for _, c := range clients {
		c.CloseIdleConnections()
	}
}

// queue gives a third of the requests of an operation a fault.
func (s *soak) queue(index int, op string, requests int) {
	name := fnv.New64a()
	_, _ = name.Write([]byte(op))
	random := rand.New(rand.NewPCG(s.seed, name.Sum64())) //nolint:gosec // a sequence that can be repeated
	faults := make([]partnertest.Fault, requests)
	names := make([]string, requests)
	few := s.faults
	if s.remote && (op == "GET /partners/signup" || op == "GET /logout") {
		// net/http itself retries a GET if a reused connection breaks before the response, and reports only the second. These
		// two have side effects, which the model would not know.
		few = slices.DeleteFunc(slices.Clone(few), func(f soakFault) bool {
			return f.Cut == partnertest.CutBefore || f.Cut == partnertest.CutAfter
		})
	}
	for i := range requests {
		var fault soakFault
		switch {
		case s.every > 0 && i%s.every == 3 && index%3 == 0:
			fault = s.rare[(index/3+i/s.every)%len(s.rare)]
		case random.IntN(3) == 0:
			fault = few[random.IntN(len(few))]
		}
		faults[i], names[i] = fault.Fault, fault.name
	}
	s.fake.Fail(op, faults...)
	s.queued[op] = names
}

// soakCancelled is the line of the attempts whose context ended as soon as they began.
const soakCancelled = "attempts, cancelled as they began"

// soakTrip is the attempts of a call.
type soakTrip struct {
	mu       sync.Mutex
	attempts []partnerapi.Attempt
}

type soakTripKey struct{}

func (s *soak) attempted(ctx context.Context, a partnerapi.Attempt) {
	trip := ctx.Value(soakTripKey{}).(*soakTrip)
	trip.mu.Lock()
	trip.attempts = append(trip.attempts, a)
	trip.mu.Unlock()
	s.count("attempts", "attempts, "+string(a.Outcome))
	if a.Duration == 0 && (errors.Is(a.Err, context.Canceled) || errors.Is(a.Err, context.DeadlineExceeded)) {
		s.count(soakCancelled)
	}
	s.mu.Lock()
	s.requests[a.Op]++
	s.mu.Unlock()
}

// doubt reports whether the outcome of an attempt is unknown, and whether that of a write is.
func (trip *soakTrip) doubt() (anyAttempt, ofWrite bool) {
	for _, a := range trip.attempts {
		if a.Outcome == partnerapi.OutcomeUnknown {
			anyAttempt = true
			ofWrite = ofWrite || !strings.HasPrefix(a.Op, "GET ")
		}
	}
	return anyAttempt, ofWrite
}

// soakOnce reports whether an operation is not retried when the outcome of an attempt is unknown: most send an e-mail.
func soakOnce(op string) bool {
	return slices.ContainsFunc(everyCall, func(c call) bool { return c.op == op && !c.idempotent })
}

// isRepeated reports whether a call that is not idempotent was retried after an attempt whose outcome is unknown.
func (trip *soakTrip) isRepeated() bool {
	i := slices.IndexFunc(trip.attempts, func(a partnerapi.Attempt) bool {
		return a.Outcome == partnerapi.OutcomeUnknown && soakOnce(a.Op)
	})
	return i >= 0 && i < len(trip.attempts)-1
}

// isAnswered reports whether the outcome of every attempt is OutcomeAnswered.
func (trip *soakTrip) isAnswered() bool {
	return len(trip.attempts) > 0 && !slices.ContainsFunc(trip.attempts, func(a partnerapi.Attempt) bool {
		return a.Outcome != partnerapi.OutcomeAnswered
	})
}

func (trip *soakTrip) String() string {
	said := make([]string, 0, len(trip.attempts))
	for _, a := range trip.attempts {
		said = append(said, fmt.Sprintf("%d %s", a.StatusCode, a.Outcome))
	}
	return "[" + strings.Join(said, ", ") + "]"
}

func (s *soak) count(lines ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, line := range lines {
		s.figures[line]++
	}
}

// soakKinds are the failures that are possible here. A kind with says is a response of the API to the call.
var soakKinds = []struct {
	kind error
	says soakReply
}{
	{partnerapi.ErrAlreadyExists, saysExists},
	{partnerapi.ErrNotFound, saysNotFound},
	{partnerapi.ErrNotLoggedIn, saysLoggedOut},
	{partnerapi.ErrUnauthorized, saysRefused},
	{partnerapi.ErrServer, saysNothing},
	{partnerapi.ErrRateLimited, saysNothing},
	{partnerapi.ErrBadResponse, saysNothing},
	{context.Canceled, saysNothing},
	{context.DeadlineExceeded, saysNothing},
}

// judge returns the response of the API as the SDK reports it.
func (s *soak) judge(err error, trip *soakTrip) (says soakReply, failed *partnerapi.Error) {
	s.count("operations")
	if slices.ContainsFunc(trip.attempts, func(a partnerapi.Attempt) bool { return a.Number > 1 }) {
		s.count("retried calls")
	}
	if err == nil {
		s.count("successes")
		return saysDone, nil
	}
	s.count("failures")
	if !errors.As(err, &failed) {
		return saysOther, nil
	}
	if strings.Contains(err.Error(), "retry budget is used up") {
		s.count("calls that ended without budget")
	}
	known := failed.StatusCode == 0
	if known {
		s.count("failures, no response")
	}
	for _, k := range soakKinds {
		if errors.Is(err, k.kind) {
			s.count("failures, " + k.kind.Error())
			known, says = true, cmp.Or(says, k.says)
		}
	}
	if !known {
		return saysOther, failed
	}
	return says, failed
}

// compare compares the fake's state with that of the workers.
func (s *soak) compare(t *testing.T) {
	if s.failed.Load() {
		return // it ended early, and said why
	}
	subscriptions, signups, customers, links := soakSubscriptions(s.fake), soakSignups(s.fake), soakCustomers(s.fake), soakLinks(s.fake)
	for _, w := range s.workers {
		w.t = t
		soakCheck(w, w.subscriptions, subscriptions)
		soakCheck(w, w.signups, signups)
		soakCheck(w, w.customers, customers)
		soakCheck(w, w.links, links)
	}
	assert.Empty(t, subscriptions, "subscriptions that no worker made")
	assert.Empty(t, signups, "signups that no worker made")
	assert.Empty(t, customers, "customers that no worker made")
	assert.Empty(t, links, "invitations and networks that no worker made")
}

// report prints the figures, and checks that enough went wrong, and that it was seen as what it was. Over loopback the
// faults met are a little more than it says: see queue.
func (s *soak) report(t *testing.T, wall, virtual time.Duration) {
	met, queued := 0, 0
	for _, names := range s.queued {
		queued += len(names)
	}
	kinds := make(map[string]int)
	for op, n := range s.requests {
		if assert.LessOrEqual(t, n, len(s.queued[op]), "too few faults: %s", op) {
			for _, name := range s.queued[op][:n] {
				kinds[name]++
			}
		}
	}
	delete(kinds, "") // those that pass
	for name, n := range kinds {
		met += n
		s.figures["faults met, "+name] = n
	}
	share := float64(met) / float64(s.figures["attempts"])
	for _, line := range slices.Sorted(maps.Keys(s.figures)) {
		t.Logf("%7d %s", s.figures[line], line)
	}
	t.Logf("%.1f %% of the attempts met a fault; wall time %.1f s, virtual time %s", 100*share, wall.Seconds(), virtual)
	if s.failed.Load() {
		return
	}
	assert.InDelta(t, 1.0/3, share, 0.05, "the share of attempts with a fault")
	assert.Len(t, kinds, len(s.faults)+len(s.rare), "a kind of fault was not met")
	assert.NotZero(t, s.figures["unknown, and done"])
	assert.NotZero(t, s.figures["unknown, and not done"])
	assert.NotZero(t, s.figures["retried calls"])
	if s.remote {
		return
	}
	// The context of a page ahead ends with the walk, at a moment when the fake may have had the request or not, and when
	// its response is not read any more. Each difference has to be one of those.
	letGo := s.figures[soakCancelled]
	notTaken := s.figures["attempts"] - (queued - s.fake.Recover())
	assert.True(t, notTaken >= 0 && notTaken <= letGo, "%d attempts that the fake has not counted, of %d let go of", notTaken, letGo)
	notSeen := kinds["refused"] + kinds["429"] + kinds["429 with Retry-After"] - s.figures["attempts, unsent"]
	assert.True(t, notSeen >= 0 && notSeen <= letGo, "%d attempts more that were not sent than reported, of %d let go of", notSeen, letGo)
}

// soakWorker makes sequential calls, and has a model of their results.
type soakWorker struct {
	*soak
	t      *testing.T
	prefix string // of all its names
	random *rand.Rand
	client *partnerapi.Client
	made   int // counts what has to be unique

	subscriptions []*soakRecord[partnertest.Subscription]
	signups       []*soakRecord[partnerapi.SignupRequest]
	customers     []*soakCustomer
	links         []*soakLink
}

func (w *soakWorker) work(calls int) {
	total := 0
	for _, o := range soakOperations {
		total += o.weight
	}
	for calls > 0 && !w.failed.Load() {
		at := w.random.IntN(total)
		for _, o := range soakOperations {
			if at -= o.weight; at < 0 {
				if o.do(w) { // there was something to do it with
					calls--
					w.count("operations, " + o.name)
				}
				break
			}
		}
	}
}

func (w *soakWorker) fail(name string, history []string, why string, args ...any) {
	w.failed.Store(true)
	w.t.Errorf("%s: %s\n%s", name, fmt.Sprintf(why, args...), strings.Join(history, "\n"))
}

// next returns a name that nothing else has.
func (w *soakWorker) next(what string) string {
	w.made++
	return fmt.Sprintf("%s%s%d", w.prefix, what, w.made)
}

// soakPick returns one of the records of which when is true, if there is any.
func soakPick[R interface{ isLost() bool }](w *soakWorker, from []R, when func(R) bool) (picked R, ok bool) {
	fit := slices.DeleteFunc(slices.Clone(from), func(r R) bool { return r.isLost() || !when(r) })
	if len(fit) == 0 {
		return picked, false
	}
	return fit[w.random.IntN(len(fit))], true
}

// context returns the context of a call. One in fifty ends early.
func (w *soakWorker) context(trip *soakTrip) (context.Context, context.CancelFunc) {
	ctx := context.WithValue(w.t.Context(), soakTripKey{}, trip)
	if w.random.IntN(50) > 0 {
		return context.WithCancel(ctx)
	}
	w.count("contexts that end early")
	after := time.Duration(w.random.Int64N(int64(w.hurry)))
	if w.random.IntN(2) == 0 {
		return context.WithTimeout(ctx, after)
	}
	ctx, cancel := context.WithCancel(ctx)
	if w.random.IntN(4) == 0 {
		cancel() // before the call
	}
	timer := time.AfterFunc(after, cancel)
	return ctx, func() { timer.Stop(); cancel() }
}

// soakSend makes a call about one record and learns from it. do is called when the call has ended.
func soakSend[S comparable](w *soakWorker, r *soakRecord[S], what string, call func(context.Context) error, do func(S) (S, soakReply)) error {
	before := r.may
	err := w.ask(what, call, func(says soakReply, doubt, over bool, line string) {
		soakLearn(w, r, line, says, doubt, do)
		r.lost = r.lost || w.remote && over && doubt
	})
	if len(r.may) == 0 || r.lost {
		return err // a lost record can still change: it is compared with the fake at the end
	}
	truth := r.truth(w.fake)[r.name]
	if !r.couldBe(r.may, truth) {
		w.fail(r.name, r.history, "the fake has %+v", truth)
	}
	if errors.Is(err, partnerapi.ErrOutcomeUnknown) {
		was, done := r.couldBe(before, truth), slices.ContainsFunc(before, func(s S) bool {
			after, _ := do(s)
			return r.couldBe([]S{after}, truth)
		})
		switch {
		case was && done:
			w.count("unknown", "unknown, and it makes no difference")
		case was:
			w.count("unknown", "unknown, and not done")
		default:
			w.count("unknown", "unknown, and done")
		}
	}
	return err
}

// soakLearn learns from a call, and fails if no state explains it.
func soakLearn[S comparable](w *soakWorker, r *soakRecord[S], line string, says soakReply, doubt bool, do func(S) (S, soakReply)) {
	r.learn(says, doubt, do)
	r.history = append(r.history, fmt.Sprintf("%s: may be %+v", line, r.may))
	if len(r.may) == 0 {
		w.fail(r.name, r.history, "what the SDK reports is impossible")
	}
}

// ask makes a call. learn gets the API's reply, whether the outcome is unknown, and whether the context is done.
func (w *soakWorker) ask(what string, call func(context.Context) error, learn func(says soakReply, doubt, over bool, line string)) error {
	trip := new(soakTrip)
	ctx, cancel := w.context(trip)
	defer cancel()
	err := call(ctx)
	says, failed := w.judge(err, trip)
	doubt, ofWrite := trip.doubt()
	unknown := errors.Is(err, partnerapi.ErrOutcomeUnknown)
	line := fmt.Sprintf("%s: %v %s", what, err, trip)
	switch {
	case err != nil && failed == nil:
		w.fail(w.prefix, []string{line}, "not an *Error")
	case err != nil && says == saysNothing && ctx.Err() == nil && trip.isAnswered():
		w.fail(w.prefix, []string{line}, "nothing went wrong")
	case err != nil && unknown != ofWrite:
		w.fail(w.prefix, []string{line}, "the outcome is unknown if, and only if, that of an attempt at a write is")
	}
	if trip.isRepeated() {
		w.fail(w.prefix, []string{line}, "retried though the outcome was unknown")
	}
	if ofWrite && err != nil {
		doubt = unknown // what the SDK reports counts; only of what changes with a GET it does not tell
	}
	learn(says, doubt, ctx.Err() != nil, line)
	return err
}
