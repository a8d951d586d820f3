package main

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/partnerapi/partnerapi-go/partnertest"
)

const (
	post = "POST /partners/subscriptions"
	put  = "PUT /partners/subscriptions/{pk}"
	del  = "DELETE /partners/subscriptions/{pk}"
)

var bark = row{"MS1", "a@example.com", "bark", active}

func TestResultOfARow(t *testing.T) {
	t.Parallel()
	here := partnertest.Subscription{PK: "MS1", Email: "old@example.com", Plan: "bark_junior"}
	tests := map[string]struct {
		seeded bool
		before []row // the roster of an earlier night
		row    row
		faults map[string][]partnertest.Fault
		more   []string // additional flags

		want  string // the tally
		calls string // the calls of this night
		there string // the subscriptions afterwards
	}{
		"new":          {row: bark, want: "created 1", calls: "POST 201", there: "MS1 a@example.com bark"},
		"there before": {seeded: true, row: bark, want: "updated 1", calls: "POST 400, PUT 200", there: "MS1 old@example.com bark"},
		"equal":        {before: []row{bark}, row: bark, want: "unchanged 1", there: "MS1 a@example.com bark"},
		"another plan": {
			before: []row{bark}, row: row{"MS1", "a@example.com", "bark_junior", active},
			want: "updated 1", calls: "POST 400, PUT 200", there: "MS1 a@example.com bark_junior",
		},
		"another e-mail": {
			before: []row{bark}, row: row{"MS1", "b@example.com", "bark", active},
			want: "unchanged 1, other e-mail 1", there: "MS1 a@example.com bark",
		},
		"another plan and e-mail": {
			before: []row{bark}, row: row{"MS1", "b@example.com", "bark_junior", active},
			want: "updated 1, other e-mail 1", calls: "POST 400, PUT 200", there: "MS1 a@example.com bark_junior",
		},
		"an unknown e-mail": {seeded: true, before: []row{bark}, row: bark, want: "unchanged 1", there: "MS1 old@example.com bark"},
		"left":              {before: []row{bark}, row: row{"MS1", "", "", cancelled}, want: "cancelled 1", calls: "DELETE 200"},
		"left before":       {before: []row{{"MS1", "", "", cancelled}}, row: row{"MS1", "", "bark", cancelled}, want: "unchanged 1"},
		"never there":       {row: row{"MS1", "", "", cancelled}, want: "unchanged 1", calls: "DELETE 404"},
		"back":              {before: []row{{"MS1", "", "", cancelled}}, row: bark, want: "created 1", calls: "POST 201", there: "MS1 a@example.com bark"},
		"awkward pk": {
			before: []row{{"a/b ü%2F?", "a@example.com", "bark", active}}, row: row{"a/b ü%2F?", "", "", cancelled},
			want: "cancelled 1", calls: "DELETE 200",
		},
		"an outage": {
			row: bark, faults: map[string][]partnertest.Fault{post: {{Status: 503}, {Status: 500}, {Cut: partnertest.CutBefore}, {Status: 429}}},
			want: "created 1", calls: "POST 503, POST 500, POST 0, POST 429, POST 201", there: "MS1 a@example.com bark",
		},
		"done, outcome unknown": {
			row: bark, faults: map[string][]partnertest.Fault{post: {{Cut: partnertest.CutAfter}}},
			want: "updated 1", calls: "POST 0, POST 400, PUT 200", there: "MS1 a@example.com bark",
		},
		"cancelled, outcome unknown": {
			before: []row{bark}, row: row{"MS1", "", "", cancelled}, faults: map[string][]partnertest.Fault{del: {{Cut: partnertest.CutAfter}}},
			want: "cancelled 1", calls: "DELETE 0, DELETE 404",
		},
		"refused": {
			row: bark, faults: map[string][]partnertest.Fault{post: {refusal}},
			want: "failed 1, invalid request 1", calls: "POST 400",
		},
		"too often": {
			row: bark, faults: map[string][]partnertest.Fault{post: {{Status: 503}, {Status: 502}, {Status: 503}}}, more: []string{"-deliveries", "3"},
			want: "failed 1, server error 1", calls: "POST 503, POST 502, POST 503",
		},
		"no response": {
			row: bark, faults: map[string][]partnertest.Fault{post: {{Cut: partnertest.CutBefore}}}, more: []string{"-deliveries", "1"},
			want: "failed 1, no response 1", calls: "POST 0",
		},
		"a page": {
			row: bark, faults: map[string][]partnertest.Fault{post: {{Status: 404, Body: "<html>"}, {Status: 200, Body: "<html>"}}}, more: []string{"-deliveries", "2"},
			want: "failed 1, bad response 1", calls: "POST 404, POST 200",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newProgram(t)
			if test.seeded {
				p.fake.SeedSubscription(here)
			}
			if test.before != nil {
				status, _, errs := p.load(test.before)
				require.Zero(t, status, errs)
			}
			earlier := len(p.fake.Calls())
			for op, faults := range test.faults {
				p.fake.Fail(op, faults...)
			}
			_, _, errs := p.load([]row{test.row}, test.more...)
			assert.NotContains(t, errs, "provision:")

			r := p.last()
			assert.Equal(t, test.want, nonZero(r.Tally))
			assert.False(t, r.Ended.IsZero())
			var calls []string
			for _, call := range p.fake.Calls()[earlier:] {
				calls = append(calls, call.Method+" "+strconv.Itoa(call.Status))
			}
			assert.Equal(t, test.calls, strings.Join(calls, ", "))
			assert.Equal(t, test.there, strings.TrimSuffix(p.subscriptions(), "\n"))
		})
	}
}

// After a failure the stored state is cleared: the next night asks the API again.
func TestFailureClearsTheRecord(t *testing.T) {
	t.Parallel()
	p := newProgram(t)
	status, _, _ := p.load([]row{bark})
	require.Zero(t, status)
	p.fake.Fail(del, partnertest.Fault{Status: 503, Processed: true})
	status, _, _ = p.load([]row{{"MS1", "", "", cancelled}}, "-deliveries", "1")
	require.Equal(t, 1, status)
	require.Empty(t, p.subscriptions(), "it was cancelled")

	status, _, _ = p.load([]row{bark})
	require.Zero(t, status)
	assert.Equal(t, "MS1 a@example.com bark\n", p.subscriptions())
}

// Redelivered jobs of an ended run do not overwrite a later one.
func TestJobsOfEndedRunsAreIgnored(t *testing.T) {
	t.Parallel()
	p := newProgram(t)
	c := p.config()
	s := p.open(c)
	ctx := t.Context()
	_, stop := p.work(s, c)
	first, roster := p.begin(s, []row{bark})
	require.NoError(t, s.load(ctx, first, roster))
	p.through(s, first)
	_, err := s.change(ctx, first.ID, func(r *run) { r.Ended = time.Now() })
	require.NoError(t, err)
	second, next := p.begin(s, []row{{"MS1", "", "", cancelled}})
	require.NoError(t, s.load(ctx, second, next))
	p.through(s, second)
	require.Empty(t, p.subscriptions())

	before := len(p.fake.Calls())
	for r, roster := range map[*run]*spool{&first: roster, &second: next} {
		for text, err := range roster.from(0) {
			require.NoError(t, err)
			_, err = s.js.PublishMsg(ctx, &nats.Msg{Subject: s.jobSubject(), Data: text, Header: nats.Header{runHeader: {fmt.Sprint(r.ID)}}})
			require.NoError(t, err)
		}
	}
	require.Eventually(t, func() bool { return s.isEmpty(ctx) }, 30*time.Second, 10*time.Millisecond)
	require.NoError(t, stop())
	assert.Len(t, p.fake.Calls(), before)
	assert.Equal(t, "cancelled 1", nonZero(p.through(s, second)))
}

// The stream waits for a Retry-After; the worker does not.
func TestRetryAfterDoesNotBlockWorkers(t *testing.T) {
	t.Parallel()
	p := newProgram(t)
	c := p.config("-parallel", "1")
	s := p.open(c)
	p.fake.Fail(post, partnertest.Fault{Status: 429, RetryAfter: 3 * time.Second})
	r, roster := p.begin(s, manyRows(6))
	require.NoError(t, s.load(t.Context(), r, roster))
	w, stop := p.work(s, c)
	p.through(s, r)
	require.NoError(t, stop())
	assert.Len(t, p.fake.Subscriptions(), 6)
	assert.EqualValues(t, 1, w.again.Load())
	calls := p.fake.CallsTo(post)
	require.Len(t, calls, 7)
	body := string(calls[0].Body)
	last := calls[6]
	assert.Equal(t, body, string(last.Body), "the postponed row comes last")
	assert.GreaterOrEqual(t, last.At.Sub(calls[0].At), 3*time.Second)
}

func TestRefusedTokenEndsOnlyTheWorker(t *testing.T) {
	t.Parallel()
	p := newProgram(t)
	rows := manyRows(50)
	good := p.token
	p.token = p.write(nil) // an invalid token
	status, out, errs := p.load(rows)
	assert.Equal(t, 1, status)
	assert.Empty(t, out)
	assert.Contains(t, errs, "the partner API rejects the token: no row has failed")
	assert.Contains(t, errs, "401 Unauthorized")
	assert.Empty(t, p.subscriptions())

	p.token = good
	status, out, errs = p.load(rows)
	assert.Zero(t, status, errs)
	assert.Contains(t, errs, "this roster is in progress since")
	assert.Contains(t, out, "created            50\n")
	assert.Len(t, p.fake.Subscriptions(), 50)
}

// A row that kills every worker is detected.
func TestRowThatKillsWorkers(t *testing.T) {
	t.Parallel()
	p := newProgram(t)
	c := p.config("-deliveries", "3", "-ack-wait", "1s")
	s := p.open(c)
	r, roster := p.begin(s, []row{bark})
	require.NoError(t, s.load(t.Context(), r, roster))
	consumer, err := s.js.Consumer(t.Context(), s.jobs(), workers)
	require.NoError(t, err)
	for range 3 + lostDeliveries {
		msg, err := consumer.Next()
		require.NoError(t, err)
		require.NoError(t, msg.Nak()) // as if its worker had died
	}
	_, stop := p.work(s, c)
	assert.Equal(t, "failed 1, no response 1", nonZero(p.through(s, r)))
	require.NoError(t, stop())
	assert.Empty(t, p.fake.Calls())
	letters := p.letters(s, r)
	require.Len(t, letters, 1)
	assert.Equal(t, errDied.Error(), letters[0].Text)
	assert.True(t, letters[0].Unknown)
	assert.Equal(t, 3+lostDeliveries+1, letters[0].Deliveries)
}

func TestLettersHaveAllDetails(t *testing.T) {
	t.Parallel()
	p := newProgram(t)
	c := p.config("-deliveries", "2")
	s := p.open(c)
	p.fake.Fail(post, partnertest.Fault{Status: 503}, partnertest.Fault{
		Status: 500, Header: http.Header{"X-Request-Id": {"req-1"}}, Body: `{"success":false,"error":"Oops"}`,
	})
	r, roster := p.begin(s, []row{bark})
	require.NoError(t, s.load(t.Context(), r, roster))
	_, stop := p.work(s, c)
	p.through(s, r)
	require.NoError(t, stop())
	letters := p.letters(s, r)
	require.Len(t, letters, 1)
	l := letters[0]
	assert.Equal(t, job{2, bark}, l.job)
	assert.Equal(t, r.ID, l.Run)
	assert.Equal(t, 2, l.Deliveries)
	assert.Equal(t, "server error", l.Kind)
	assert.True(t, l.Unknown)
	assert.Equal(t, "partner: POST /partners/subscriptions: 500 Internal Server Error: Oops; outcome unknown", l.Text)
	require.NotNil(t, l.Failure)
	assert.Equal(t, 500, l.Failure.StatusCode)
	assert.Equal(t, "req-1", l.Failure.RequestID)
	assert.WithinDuration(t, time.Now(), l.At, time.Minute)
}

func TestInvalidJobIsRemoved(t *testing.T) {
	t.Parallel()
	p := newProgram(t)
	c := p.config()
	s := p.open(c)
	for _, data := range []string{"", "{", `{"pk":"MS1"}`} {
		_, err := s.js.PublishMsg(t.Context(), &nats.Msg{Subject: s.jobSubject(), Data: []byte(data)})
		require.NoError(t, err)
	}
	_, stop := p.work(s, c)
	require.Eventually(t, func() bool { return s.isEmpty(t.Context()) }, 30*time.Second, 10*time.Millisecond)
	require.NoError(t, stop())
	assert.Empty(t, p.fake.Calls())
}

// reporting is a message that counts the reports of progress.
type reporting struct {
	jetstream.Msg
	reports atomic.Int32
}

func (m *reporting) InProgress() error {
	m.reports.Add(1)
	return nil
}

// The server hears of a held job in time before it would redeliver it.
func TestHeldJobs(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorker(nil, new(config), nil)
		a, b := new(reporting), new(reporting)
		w.held[a], w.held[b] = true, true
		stop := w.holdAll(30 * time.Second)
		time.Sleep(25 * time.Second)
		synctest.Wait()
		w.release([]delivery{{Msg: b}})
		time.Sleep(time.Minute)
		synctest.Wait()
		stop()
		assert.EqualValues(t, 8, a.reports.Load())
		assert.EqualValues(t, 2, b.reports.Load())
	})
}

// A worker holds the jobs in progress, and those that wait for them in its process.
func TestWaitingJobsAreHeld(t *testing.T) {
	t.Parallel()
	p := newProgram(t)
	c := p.config("-parallel", "4")
	s := p.open(c)
	goOn := make(chan struct{})
	p.fake.Handle(post, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		<-goOn
		w.WriteHeader(http.StatusCreated)
		_, _ = w.Write([]byte(`{"success":true}`))
	}))
	r, roster := p.begin(s, manyRows(8))
	require.NoError(t, s.load(t.Context(), r, roster))
	w, stop := p.work(s, c)
	held := func() int {
		w.mu.Lock()
		defer w.mu.Unlock()
		return len(w.held)
	}
	require.Eventually(t, func() bool { return held() == 8 }, patience, 10*time.Millisecond)
	close(goOn)
	assert.Equal(t, "created 8", nonZero(p.through(s, r)))
	require.NoError(t, stop())
	assert.Zero(t, held())
	assert.Len(t, p.fake.Calls(), 8)
}

// untilInProgress waits until workers have at least that many jobs.
func (p *program) untilInProgress(s *store, jobs int) {
	p.t.Helper()
	consumer, err := s.js.Consumer(p.t.Context(), s.jobs(), workers)
	require.NoError(p.t, err)
	require.Eventually(p.t, func() bool {
		info, err := consumer.Info(p.t.Context())
		return err == nil && info.NumAckPending >= jobs
	}, patience, 10*time.Millisecond)
}

// A stopped worker finishes its call, and returns the jobs that wait for the rate limiter or have not begun.
func TestWorkerStopsImmediately(t *testing.T) {
	t.Parallel()
	p := newProgram(t)
	c := p.config("-rate", "0.01", "-parallel", "4", "-ack-wait", "10m")
	s := p.open(c)
	began, goOn := make(chan struct{}), make(chan struct{})
	var calls atomic.Int32
	p.fake.Handle(post, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if calls.Add(1) == 1 {
			close(began)
			<-goOn
		}
		w.WriteHeader(http.StatusCreated)
		_, _ = w.Write([]byte(`{"success":true}`))
	}))
	r, roster := p.begin(s, manyRows(10))
	require.NoError(t, s.load(t.Context(), r, roster))
	w, stop := p.work(s, c)
	<-began
	p.untilInProgress(s, 5)
	stopped := make(chan error)
	go func() { stopped <- stop() }()
	require.Eventually(t, func() bool { return w.again.Load() >= 4 }, patience, 10*time.Millisecond)
	close(goOn)
	require.NoError(t, <-stopped)
	assert.EqualValues(t, 1, calls.Load())
	assert.EqualValues(t, 1, w.done.Load())
	_, stop = p.work(s, p.config()) // it gets the others without a wait
	assert.Equal(t, "created 10", nonZero(p.through(s, r)))
	require.NoError(t, stop())
	assert.EqualValues(t, 10, calls.Load())
}

// Rows of a shard are saved together.
func TestResultsOfAShardAreSavedTogether(t *testing.T) {
	t.Parallel()
	p := newProgram(t)
	c := p.config()
	s := p.open(c)
	rows := []row{{"MS1", "a@example.com", "bark", active}}
	for i := 0; len(rows) < 4; i++ {
		if pk := fmt.Sprintf("X%d", i); shardOf(pk) == shardOf("MS1") {
			rows = append(rows, row{pk, "a@example.com", "bark", active})
		}
	}
	r, roster := p.begin(s, rows)
	require.NoError(t, s.load(t.Context(), r, roster))
	consumer, err := s.js.Consumer(t.Context(), s.jobs(), workers)
	require.NoError(t, err)
	target, err := newTarget(c)
	require.NoError(t, err)
	w := newWorker(s, c, target)
	fetched, err := consumer.Fetch(4)
	require.NoError(t, err)
	var batches [][]delivery
	for msg := range fetched.Messages() {
		batches = w.enqueue(batches, msg)
	}
	require.Len(t, batches, 1)
	require.Len(t, batches[0], 4)
	batches[0] = append(batches[0], batches[0][0]) // it is in the stream twice
	p.fake.Fail(post, partnertest.Fault{}, refusal, partnertest.Fault{Status: 503})
	require.NoError(t, w.take(t.Context(), batches[0]))
	in, err := s.get(t.Context(), shardOf("MS1"))
	require.NoError(t, err)
	assert.Equal(t, "created 2, failed 1, invalid request 1", nonZero(in.Tally))
	assert.EqualValues(t, 3, w.done.Load())
	assert.EqualValues(t, 1, w.again.Load())
	assert.Len(t, p.fake.Calls(), 4)
	_, stop := p.work(s, c)
	assert.Equal(t, "created 3, failed 1, invalid request 1", nonZero(p.through(s, r)))
	require.NoError(t, stop())
}

// A process is suspended during a job, which it ends after a later roster: the result of that roster is no longer
// certain, so the next roster asks the API again.
func TestJobThatEndsAfterALaterRun(t *testing.T) {
	t.Parallel()
	for name, respond := range map[string]func(http.ResponseWriter){
		"done": func(w http.ResponseWriter) {
			w.WriteHeader(http.StatusCreated)
			_, _ = w.Write([]byte(`{"success":true}`))
		},
		"not known": func(http.ResponseWriter) { panic(http.ErrAbortHandler) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			testJobThatEndsAfterALaterRun(t, respond)
		})
	}
}

func testJobThatEndsAfterALaterRun(t *testing.T, respond func(http.ResponseWriter)) {
	t.Helper()
	p := newProgram(t)
	c := p.config()
	s := p.open(c)
	ctx := t.Context()
	first, roster := p.begin(s, []row{bark})
	require.NoError(t, s.load(ctx, first, roster))
	consumer, err := s.js.Consumer(ctx, s.jobs(), workers)
	require.NoError(t, err)
	msg, err := consumer.Next()
	require.NoError(t, err)

	// While its worker is suspended, another worker does the row, and then the next roster.
	began, done := make(chan struct{}), make(chan struct{})
	p.fake.Handle(post, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		close(began)
		<-done
		respond(w)
	}))
	target, err := newTarget(c)
	require.NoError(t, err)
	late := newWorker(s, c, target)
	d, err := deliveryOf(msg)
	require.NoError(t, err)
	taken := make(chan error, 1)
	go func() { taken <- late.take(ctx, []delivery{d}) }()
	<-began
	p.putRecord(s, "MS1", record{Status: active, Plan: "bark", Email: "a@example.com", Run: first.ID})
	p.putRecord(s, "MS1", record{Status: active, Plan: "bark_junior", Email: "a@example.com", Run: first.ID + 1})
	close(done)
	require.NoError(t, <-taken)
	in, err := s.get(ctx, shardOf("MS1"))
	require.NoError(t, err)
	assert.Equal(t, record{Run: first.ID + 1}, in.PKs["MS1"])
	assert.Equal(t, "updated 1", nonZero(in.Tally), "the count is unchanged")
}

// A requeued job keeps its number of attempts.
func TestRequeuedJobsKeepTheirAttempts(t *testing.T) {
	t.Parallel()
	p := newProgram(t)
	c := p.config()
	s := p.open(c)
	r, roster := p.begin(s, []row{bark})
	require.NoError(t, s.load(t.Context(), r, roster))
	consumer, err := s.js.Consumer(t.Context(), s.jobs(), workers)
	require.NoError(t, err)
	w := newWorker(s, c, nil)
	for _, want := range []int{1, 2, 2, 3, 3} {
		msg, err := consumer.Next()
		require.NoError(t, err)
		d, err := deliveryOf(msg)
		require.NoError(t, err)
		assert.Equal(t, want, d.number)
		assert.Equal(t, job{2, bark}, d.job)
		if meta, err := msg.Metadata(); err == nil && meta.NumDelivered == 1 {
			require.NoError(t, msg.Nak()) // an attempt
		} else {
			w.requeue(t.Context(), d)
		}
	}
}
