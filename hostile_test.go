package partnerapi

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"io"
	"net"
	"net/http"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// allocated returns how many bytes do allocates on the heap, whoever frees them. It counts what every goroutine of the
// process does.
func allocated(do func()) int64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	do()
	runtime.ReadMemStats(&after)
	return int64(after.TotalAlloc - before.TotalAlloc) //nolint:gosec // far from overflow
}

// Whatever an answer's size, no more is held of it than the limit, 10 MiB; the limit counts what is decompressed: 256 MiB
// of nothing are 256 KiB on the wire. A write may have been done, and is not sent again below 500, because the next
// answer would be as large.
//
//nolint:paralleltest // what other tests allocate would be measured too
func TestHugeAnswer(t *testing.T) {
	const most = 96 << 20 // for an attempt; io.ReadAll takes up to 51 MiB in all to read 10
	piece := make([]byte, 1<<20)
	var member bytes.Buffer
	zip := gzip.NewWriter(&member)
	_, err := zip.Write(piece)
	require.NoError(t, err)
	require.NoError(t, zip.Close())
	bodies := map[string]struct {
		encoding string
		piece    []byte
	}{
		"plain":     {"", piece},
		"gzip bomb": {"gzip", member.Bytes()}, // gzip goes on from one member to the next
	}
	calls := map[string]struct {
		status, sent int
		call         Call
		kinds        []error
	}{
		"GET":      {200, 1, Call{API: NetworkAPI, Op: "GET /a"}, []error{ErrResponseTooLarge}},
		"GET, 500": {500, 4, Call{API: NetworkAPI, Op: "GET /a"}, []error{ErrResponseTooLarge, ErrServer}},
		"PUT":      {200, 1, Call{API: NetworkAPI, Op: "PUT /a", Body: 1}, []error{ErrResponseTooLarge, ErrOutcomeUnknown}},
		"DELETE":   {200, 1, Call{API: NetworkAPI, Op: "DELETE /a"}, []error{ErrResponseTooLarge, ErrOutcomeUnknown}},
		"POST":     {200, 1, Call{API: NetworkAPI, Op: "POST /a", Body: 1}, []error{ErrResponseTooLarge, ErrOutcomeUnknown}},
		"PUT, 500": {500, 4, Call{API: NetworkAPI, Op: "PUT /a", Body: 1}, []error{ErrResponseTooLarge, ErrServer, ErrOutcomeUnknown}},
	}
	for how, body := range bodies {
		for name, test := range calls {
			t.Run(how+" to a "+name, func(t *testing.T) {
				var sent atomic.Int64
				client := newLoopback(t, func(w http.ResponseWriter, r *http.Request) {
					sent.Add(1)
					assert.Equal(t, "gzip", r.Header.Get("Accept-Encoding"))
					if body.encoding != "" {
						w.Header().Set("Content-Encoding", body.encoding)
					}
					w.WriteHeader(test.status)
					for range 256 {
						if _, err := w.Write(body.piece); err != nil {
							return
						}
					}
				}, soon)
				var err error
				heap := allocated(func() { _, err = Do[none](t.Context(), client, test.call) })
				assert.Less(t, heap, int64(test.sent)*most)
				assertKinds(t, err, test.kinds...)
				var failed *Error
				require.ErrorAs(t, err, &failed)
				assert.Empty(t, failed.Body)
				assert.Equal(t, test.status, failed.StatusCode)
				assert.Equal(t, int64(test.sent), sent.Load())
			})
		}
	}
}

// answering serves a connection: it reads one request, writes answer, and then again and again, once every pause, until
// the client goes.
func answering(answer, again string, pause time.Duration) func(net.Conn) {
	return func(conn net.Conn) {
		defer func() { _ = conn.Close() }()
		req, err := http.ReadRequest(bufio.NewReader(conn))
		if err != nil {
			return
		}
		_, _ = io.Copy(io.Discard, req.Body)
		if _, err := io.WriteString(conn, answer); err != nil {
			return
		}
		gone := make(chan struct{})
		go func() {
			defer close(gone)
			_, _ = io.Copy(io.Discard, conn)
		}()
		for err == nil && again != "" {
			select {
			case <-gone:
				return
			case <-time.After(pause):
				_, err = io.WriteString(conn, again)
			}
		}
		<-gone
	}
}

// A server that falls silent at any point, or that never comes to an end, costs an attempt its timeout, and no goroutine:
// synctest waits for all of them. What is sent again, and what is known of it, is as with every cut answer.
func TestSilentServer(t *testing.T) {
	t.Parallel()
	const head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
	servers := map[string]struct {
		serve  func(net.Conn)
		status int
	}{
		"not read from":               {func(net.Conn) {}, 0},
		"silent":                      {answering("", "", 0), 0},
		"silent within the status":    {answering("HTTP/1.1 2", "", 0), 0},
		"silent within the headers":   {answering(head+"Content-Le", "", 0), 0},
		"silent after a 103":          {answering("HTTP/1.1 103 Early Hints\r\n\r\n", "", 0), 0},
		"silent after the headers":    {answering(head+"Content-Length: 16\r\n\r\n", "", 0), 200},
		"silent within a body":        {answering(head+"Content-Length: 17\r\n\r\n"+`{"success":true}`, "", 0), 200},
		"silent within a chunk":       {answering(head+"Transfer-Encoding: chunked\r\n\r\n11\r\n"+`{"success":true}`, "", 0), 200},
		"silent after a chunk":        {answering(head+"Transfer-Encoding: chunked\r\n\r\n10\r\n"+`{"success":true}`+"\r\n", "", 0), 200},
		"silent within gzip":          {answering(head+"Content-Encoding: gzip\r\nContent-Length: 100\r\n\r\n\x1f\x8b\x08\x00", "", 0), 200},
		"silent instead of closing":   {answering(head+"Connection: close\r\n\r\n"+`{"success":true}`, "", 0), 200},
		"a byte a second of a status": {answering("HTTP/1.1 200 ", "O", time.Second), 0},
		"a byte a second of a header": {answering(head+"X-Slow: ", "x", time.Second), 0},
		"a header a second":           {answering(head, "X-Slow: x\r\n", time.Second), 0},
		"a 103 a second":              {answering("", "HTTP/1.1 103 Early Hints\r\n\r\n", time.Second), 0},
		"a byte a second of a body":   {answering(head+"Content-Length: 1000000\r\n\r\n", " ", time.Second), 200},
		"a chunk a second":            {answering(head+"Transfer-Encoding: chunked\r\n\r\n", "1\r\n \r\n", time.Second), 200},
		"a byte a second, no length":  {answering(head+"Connection: close\r\n\r\n", " ", time.Second), 200},
	}
	calls := map[string]struct {
		sent  int
		each  time.Duration
		write bool
		call  Call
		opts  []Option
	}{
		"POST":            {1, 30 * time.Second, true, Call{API: PartnerAPI, Op: "POST /a", Body: 1}, nil},
		"POST, 5 s":       {1, 5 * time.Second, true, Call{API: PartnerAPI, Op: "POST /a"}, []Option{WithTimeout(5 * time.Second)}},
		"repeatable POST": {4, 30 * time.Second, true, Call{API: PartnerAPI, Op: "POST /a", Body: 1, Repeatable: true}, nil},
		"PUT":             {4, 30 * time.Second, true, Call{API: PartnerAPI, Op: "PUT /a", Body: 1}, nil},
		"DELETE, 45 s":    {4, 45 * time.Second, true, Call{API: PartnerAPI, Op: "DELETE /a"}, []Option{WithTimeout(45 * time.Second)}},
		"GET":             {4, 30 * time.Second, false, Call{API: PartnerAPI, Op: "GET /a"}, nil},
	}
	for how, server := range servers {
		for name, test := range calls {
			t.Run(how+", "+name, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					var log attemptLog
					client, connections := newPiped(t, server.serve, append(test.opts, log.hook())...)
					_, err := Do[none](t.Context(), client, test.call)
					require.ErrorIs(t, err, context.DeadlineExceeded)
					if test.write {
						assertKinds(t, err, ErrOutcomeUnknown)
					} else {
						assertKinds(t, err)
					}
					assert.Equal(t, int64(test.sent), connections.Load())
					require.Len(t, log.seen, test.sent)
					for _, a := range log.seen {
						assert.Equal(t, test.each, a.Duration)
						assert.Equal(t, OutcomeUnknown, a.Outcome)
						assert.Equal(t, server.status, a.StatusCode)
						require.EqualError(t, a.Err, "context deadline exceeded")
					}
				})
			})
		}
	}
}

// Where a connection is never made, nothing is sent, by proof: a POST that is not repeatable goes again too.
func TestSilentDial(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var log attemptLog
		client := newOwnClient(t, func(own *http.Transport) {
			own.DialContext = func(ctx context.Context, _, _ string) (net.Conn, error) {
				ctx, cancel := context.WithTimeout(ctx, 30*time.Second) // the limit of the package's own dialer
				defer cancel()
				<-ctx.Done()
				return nil, ctx.Err()
			}
		}, WithTimeout(5*time.Second), log.hook())
		_, err := Do[none](t.Context(), client, Call{API: PartnerAPI, Op: "POST /a", Body: 1})
		require.ErrorIs(t, err, context.DeadlineExceeded)
		assertKinds(t, err)
		require.Len(t, log.seen, 4)
		for _, a := range log.seen {
			assert.Equal(t, 5*time.Second, a.Duration)
			assert.Equal(t, OutcomeUnsent, a.Outcome)
		}
		time.Sleep(30 * time.Second) // net/http goes on with a dial that nobody waits for, until its own limit
	})
}

// A server that says nothing in the TLS handshake has 10 s, which are the transport's.
func TestSilentHandshake(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var log attemptLog
		client, _ := newPiped(t, func(conn net.Conn) { _, _ = io.Copy(io.Discard, conn) },
			WithBaseURL(PartnerAPI, "https://localhost"), log.hook())
		_, err := Do[none](t.Context(), client, Call{API: PartnerAPI, Op: "POST /a", Body: 1})
		assertKinds(t, err)
		var timeout net.Error
		require.ErrorAs(t, err, &timeout)
		assert.True(t, timeout.Timeout())
		require.Len(t, log.seen, 4)
		for _, a := range log.seen {
			assert.Equal(t, 10*time.Second, a.Duration)
			assert.Equal(t, OutcomeUnsent, a.Outcome)
		}
	})
}

// countingConn counts what a server could write: a pipe holds nothing, so it is what the client has read.
type countingConn struct {
	net.Conn

	written *atomic.Int64
}

func (c countingConn) Write(p []byte) (int, error) {
	n, err := c.Conn.Write(p)
	c.written.Add(int64(n))
	return n, err
}

// Nobody reads more than 1 MiB of what comes before a body, and no more than a line of what comes within or after one.
//
//nolint:paralleltest // what other tests allocate would be measured too
func TestHeaderLimit(t *testing.T) {
	const mebibyte = 1 << 20
	const head = "HTTP/1.1 200 OK\r\n"
	long := strings.Repeat("x", 16<<10)
	answers := map[string]struct {
		answer, again string
		most          int64 // bytes read
		status        int
	}{
		"a header that is too large":    {head + "X-Large: " + strings.Repeat("x", 2*mebibyte) + "\r\n\r\n{}", "", mebibyte, 0},
		"a header line without end":     {head + "X-Large: ", long, mebibyte, 0},
		"a folded header without end":   {head + "X-Large: x", "\r\n " + long, mebibyte, 0},
		"headers without end":           {head, "X-Large: " + long + "\r\n", mebibyte, 0},
		"short headers without end":     {head, strings.Repeat("a:\r\n", 1000), mebibyte, 0},
		"a header's name without end":   {head, long, mebibyte, 0},
		"a status without end":          {"HTTP/1.1 200 ", long, mebibyte, 0},
		"a protocol without end":        {"", long, mebibyte, 0},
		"103s without end":              {"", "HTTP/1.1 103 Early Hints\r\nLink: " + long + "\r\n\r\n", mebibyte, 0},
		"a chunk's size without end":    {head + "Transfer-Encoding: chunked\r\n\r\n", strings.Repeat("0", 1000), 0, 200},
		"a chunk's comment without end": {head + "Transfer-Encoding: chunked\r\n\r\n1;", long, 0, 200},
		"a trailer without end":         {head + "Transfer-Encoding: chunked\r\n\r\n0\r\nX-Large: ", long, 0, 200},
	}
	calls := map[string]struct {
		sent  int
		write bool
		call  Call
	}{
		"POST": {1, true, Call{API: NetworkAPI, Op: "POST /a", Body: 1}},
		"GET":  {4, false, Call{API: NetworkAPI, Op: "GET /a"}},
	}
	for how, test := range answers {
		for name, c := range calls {
			t.Run(how+", "+name, func(t *testing.T) {
				var written atomic.Int64
				client, connections := newPiped(t, func(conn net.Conn) {
					answering(test.answer, test.again, 0)(countingConn{conn, &written})
				}, soon)
				var err error
				heap := allocated(func() { _, err = Do[none](t.Context(), client, c.call) })
				assert.Less(t, heap, int64(c.sent)*(96<<20))
				assert.Less(t, written.Load(), int64(c.sent)*(test.most+64<<10))
				var kinds []error
				if c.write {
					kinds = append(kinds, ErrOutcomeUnknown)
				}
				if test.status == http.StatusOK {
					kinds = append(kinds, ErrBadResponse)
				}
				assertKinds(t, err, kinds...)
				var failed *Error
				require.ErrorAs(t, err, &failed)
				assert.Equal(t, test.status, failed.StatusCode)
				assert.Equal(t, c.sent, failed.Attempts)
				assert.Less(t, len(err.Error()), 200)
				assert.Equal(t, int64(c.sent), connections.Load())
			})
		}
	}
}
