package dump

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

type roundTripFunc func(*http.Request) (*http.Response, error)

func (f roundTripFunc) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }

type labelKey struct{}

// rules are testRules with a label from the context, and the whole text of an error.
func rules() Rules {
	r := testRules
	r.Label = func(ctx context.Context) string {
		label, _ := ctx.Value(labelKey{}).(string)
		return label
	}
	r.Error = error.Error
	return r
}

// newRequest returns a request with a label.
func newRequest(t *testing.T, method, target, body string, header ...string) *http.Request {
	t.Helper()
	var content io.Reader
	if body != "" {
		content = strings.NewReader(body)
	}
	req, err := http.NewRequestWithContext(context.WithValue(t.Context(), labelKey{}, "a label"), method, target, content)
	require.NoError(t, err)
	for pair := range slices.Chunk(header, 2) {
		req.Header.Add(pair[0], pair[1])
	}
	return req
}

func reply(status int, body string, header ...string) *http.Response {
	resp := &http.Response{StatusCode: status, Status: "200 CANARY", Header: make(http.Header), ContentLength: -1, Body: http.NoBody}
	if body != "" {
		resp.Body = io.NopCloser(strings.NewReader(body))
	}
	for pair := range slices.Chunk(header, 2) {
		resp.Header.Add(pair[0], pair[1])
	}
	return resp
}

func TestRequests(t *testing.T) {
	t.Parallel()
	const target = "https://a.example/things/7?email=a%40b.example&status=ok&total=3&x%5By%5D=1&success=true&filters=a+b&user"
	unlabelled := func(req *http.Request) *http.Request { return req.WithContext(context.Background()) } //nolint:usetesting // without a label
	tests := map[string]struct {
		req  *http.Request
		want string
	}{
		"the label":        {newRequest(t, "GET", "https://a.example/things/7", ""), "a label"},
		"no label":         {unlabelled(newRequest(t, "GET", "https://a.example/things/7", "")), "GET [redacted 9 bytes]"},
		"an unknown verb":  {unlabelled(newRequest(t, "SECRET", "https://a.example/", "")), "[redacted 6 bytes] [redacted 1 bytes]"},
		"the query":        {newRequest(t, "GET", target, ""), "a label\n?email=[redacted 11 bytes]&status=ok&total=3&[redacted 4 bytes]=[redacted 1 bytes]&success=true&filters=[redacted 3 bytes]&user=[redacted 0 bytes]"},
		"an invalid query": {newRequest(t, "GET", "https://a.example/?status=%zz&&=", ""), "a label\n?status=[redacted 3 bytes]&[redacted 0 bytes]=[redacted 0 bytes]&[redacted 0 bytes]=[redacted 0 bytes]"},
		"headers": {
			newRequest(t, "GET", "https://a.example/", "", "X-Id", "r-1", "X-Id", "a@b.example", "X-Token", "SECRET", "X-Secret", "SECRET", "Content-Type", "application/json; charset=utf-8"),
			"a label\nContent-Type: application/json; charset=utf-8\nX-Id: r-1\nX-Id: [redacted 11 bytes]\n[redacted 8 bytes]: [redacted 6 bytes]\nX-Token: [redacted 6 bytes]",
		},
		"a body":              {newRequest(t, "POST", "https://a.example/", `{"status":"ok","email":"a"}`), "a label\n{\"status\":\"ok\",\"email\":\"[redacted 1 bytes]\"}"},
		"a body of text":      {newRequest(t, "POST", "https://a.example/", "SECRET", "Content-Type", "text/plain"), "a label\nContent-Type: [redacted 10 bytes]\n[text/plain, 6 bytes: not JSON]"},
		"a body of odd type":  {newRequest(t, "POST", "https://a.example/", "SECRET", "Content-Type", `a/b"`), "a label\nContent-Type: [redacted 4 bytes]\n[unknown type, 6 bytes: not JSON]"},
		"a large body":        {newRequest(t, "POST", "https://a.example/", strings.Repeat(" ", MostShown+1)), "a label\n[unknown type, 65537 bytes: more than 65536]"},
		"the path as a value": {newRequest(t, "POST", "https://a.example/things/seven", `{"status":"seven"}`), "a label\n{\"status\":\"[redacted 5 bytes]\"}"},
		"a value of a header": {newRequest(t, "POST", "https://a.example/", `{"status":"abcdefgh"}`, "X-Token", "Bearer abcdefgh"), "a label\nX-Token: [redacted 15 bytes]\n{\"status\":\"[redacted 8 bytes]\"}"},
		"a header with a value of the body": {
			newRequest(t, "POST", "https://a.example/", `{"email":"customer-4711"}`, "X-Id", "customer-4711"),
			"a label\nX-Id: [redacted 13 bytes]\n{\"email\":\"[redacted 13 bytes]\"}",
		},
		"a header with a value of a later one": {
			newRequest(t, "GET", "https://a.example/", "", "X-Id", "my-key-of-1", "X-Token", "key-of"),
			"a label\nX-Id: [redacted 11 bytes]\nX-Token: [redacted 6 bytes]",
		},
		"a query with a value of the body": {
			newRequest(t, "POST", "https://a.example/?status=alice", `{"user":"Alice"}`),
			"a label\n?status=[redacted 5 bytes]\n{\"user\":\"[redacted 5 bytes]\"}",
		},
		"a member with a value of a later one": {
			newRequest(t, "POST", "https://a.example/", `{"status":"alice","user":"Alice"}`),
			"a label\n{\"status\":\"[redacted 5 bytes]\",\"user\":\"[redacted 5 bytes]\"}",
		},
		"a header and an unknown body": {newRequest(t, "POST", "https://a.example/?status=ok", "SECRET", "X-Id", "SECRET"), "a label\n?status=[redacted 2 bytes]\nX-Id: [redacted 6 bytes]\n[unknown type, 6 bytes: not JSON]"},
		"names that are in the path":   {newRequest(t, "POST", "https://a.example/status/email", `{"status":"ok","email":"a"}`, "X-Id", "r-1"), "a label\nX-Id: r-1\n{\"status\":\"ok\",\"email\":\"[redacted 1 bytes]\"}"},
	}
	for _, name := range []string{"no copy", "an unreadable copy", "a copy that fails", "another copy", "a copy of unknown length"} {
		req := newRequest(t, "POST", "https://a.example/", `{"status":"ok"}`)
		test := tests[name]
		test.req = req
		switch name {
		case "no copy":
			req.GetBody, test.want = nil, "a label\n[unknown type, 15 bytes: can be read only once]"
		case "an unreadable copy":
			req.GetBody = func() (io.ReadCloser, error) { return nil, io.EOF }
			test.want = "a label\n[unknown type, 15 bytes: no copy]"
		case "a copy that fails":
			req.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(iotest.ErrReader(io.ErrClosedPipe)), nil }
			req.ContentLength, test.want = -1, "a label\n[unknown type, unknown length: no copy]"
		case "another copy":
			req.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(`{}`)), nil }
			test.want = "a label\n[unknown type, 15 bytes: can be read only once]"
		case "a copy of unknown length":
			req.ContentLength, test.want = -1, "a label\n[unknown type, unknown length: can be read only once]"
		}
		tests[name] = test
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var out bytes.Buffer
			sent := errors.New("sent")
			body := test.req.Body
			_, err := rules().To(&out)(roundTripFunc(func(req *http.Request) (*http.Response, error) {
				assert.Same(t, test.req, req, "the request is passed on as it is")
				assert.Equal(t, body, req.Body)
				want := "#1 > " + strings.ReplaceAll(test.want, "\n", "\n#1 > ") + "\n\n"
				assert.Equal(t, want, out.String(), "before the request is sent")
				return nil, sent
			})).RoundTrip(test.req) //nolint:bodyclose // it fails
			assert.Equal(t, sent, err)
		})
	}
}

func TestResponses(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		resp *http.Response
		err  error
		want string
	}{
		"no response":    {nil, errors.New("down"), "no response: down, 1s"},
		"neither":        {nil, nil, "neither a response nor an error, 1s"},
		"without a body": {reply(204, "", "X-Id", "r-1", "Location", "/SECRET"), nil, "204 No Content, 1s\n[redacted 8 bytes]: [redacted 7 bytes]\nX-Id: r-1"},
		"a nil body":     {&http.Response{StatusCode: 599}, nil, "599, 1s"},
		"JSON":           {reply(200, `{"status":"ok","email":"a@b.example"}`), nil, "200 OK, 1s\n{\"status\":\"ok\",\"email\":\"[redacted 11 bytes]\"}"},
		"a page":         {reply(502, "<html>SECRET", "Content-Type", "text/html; charset=utf-8"), nil, "502 Bad Gateway, 1s\nContent-Type: text/html; charset=utf-8\n[text/html, 12 bytes: not JSON]"},
		"cut":            {&http.Response{StatusCode: 200, Body: io.NopCloser(io.MultiReader(strings.NewReader(`{"status":"ok"}`), iotest.ErrReader(io.ErrUnexpectedEOF)))}, nil, "200 OK, 1s\n[unknown type, 15 bytes: then unexpected EOF]"},
		"an echo":        {reply(200, `{"status":"secret","error":{"status":"token"}}`, "X-Id", "secret", "Content-Type", "secret/token"), nil, "200 OK, 1s\nContent-Type: [redacted 12 bytes]\nX-Id: [redacted 6 bytes]\n{\"status\":\"[redacted 6 bytes]\",\"error\":{\"status\":\"[redacted 5 bytes]\"}}"},
		"large":          {reply(200, `{"status":"`+strings.Repeat("a", MostShown)+`"}`), nil, "200 OK, 1s\n[unknown type, 65549 bytes: more than 65536]"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var out bytes.Buffer
				var want []byte
				if test.resp != nil && test.resp.Body != nil {
					var broken error
					want, broken = io.ReadAll(test.resp.Body)
					test.resp.Body = io.NopCloser(bytes.NewReader(want))
					if broken != nil {
						test.resp.Body = io.NopCloser(io.MultiReader(bytes.NewReader(want), iotest.ErrReader(broken)))
					}
				}
				resp, err := rules().To(&out)(roundTripFunc(func(*http.Request) (*http.Response, error) {
					out.Reset()
					time.Sleep(time.Second)
					return test.resp, test.err
				})).RoundTrip(newRequest(t, "GET", "https://a.example/", "", "X-Token", "secret token"))
				assert.Equal(t, test.err, err)
				if resp != nil && resp.Body != nil {
					got, _ := io.ReadAll(resp.Body)
					assert.Equal(t, want, got)
					require.NoError(t, resp.Body.Close())
				}
				assert.Equal(t, "#1 < "+strings.ReplaceAll(test.want, "\n", "\n#1 < ")+"\n\n", out.String())
			})
		})
	}
}

// A response shows no value of its request, and nothing of a request whose values are unknown.
func TestEchoes(t *testing.T) {
	t.Parallel()
	const body = `{"email":"Wolfeschlegelstein","user":"MS2365"}`
	deep := `{"email":"Wolfeschlegelstein","user":` + strings.Repeat("[", 40) + strings.Repeat("]", 40) + `}`
	const hidden = "X-Id: [redacted 3 bytes]\n#1 < {\"status\":\"[redacted 18 bytes]\",\"total\":\"[redacted 1 bytes]\"}\n\n"
	tests := map[string]struct{ body, id, status, want string }{
		"another value":    {body, "r-1", "ok", "X-Id: r-1\n#1 < {\"status\":\"ok\",\"total\":1}\n\n"},
		"a short value":    {body, "req-ms2365-77", "ok", "X-Id: [redacted 13 bytes]\n#1 < {\"status\":\"ok\",\"total\":1}\n\n"},
		"a value in lower": {body, "r-1", "no_wolfeschlegelstein", "X-Id: r-1\n#1 < {\"status\":\"[redacted 21 bytes]\",\"total\":1}\n\n"},
		"a large body":     {`{"email":"Wolfeschlegelstein","user":"` + strings.Repeat("a", 70<<10) + `"}`, "r-1", "wolfeschlegelstein", hidden},
		"a deep body":      {deep, "r-1", "wolfeschlegelstein", hidden},
		"a body of text":   {"Wolfeschlegelstein", "r-1", "wolfeschlegelstein", hidden},
		"read only once":   {body, "r-1", "wolfeschlegelstein", hidden},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var out bytes.Buffer
			req := newRequest(t, "POST", "https://a.example/", test.body)
			if name == "read only once" {
				req.GetBody = nil
			}
			resp, err := rules().To(&out)(roundTripFunc(func(*http.Request) (*http.Response, error) {
				return reply(200, `{"status":"`+test.status+`","total":1}`, "X-Id", test.id), nil
			})).RoundTrip(req)
			require.NoError(t, err)
			_, _ = io.ReadAll(resp.Body)
			require.NoError(t, resp.Body.Close())
			assert.True(t, strings.HasSuffix(out.String(), "\n#1 < "+test.want), out.String())
		})
	}
}

func TestHarmlessValues(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		is      func(string) bool
		yes, no []string
	}{
		"media types": {
			IsMediaType, []string{"application/json", "Text/HTML; Charset=UTF-8", "text/plain;charset=us-ascii"},
			[]string{"", "text/alice", "alice/json", "text/html; charset=alice", "text/html; charset=utf-8; a=b", "text/html;"},
		},
		"dates":  {IsDate, []string{"Sat, 28 Nov 2026 05:59:50 GMT", "120"}, []string{"", "2026-11-28", "alice", "Sat, 28 Nov 2026 05:59:50 alice", "1234567890", "-1"}},
		"counts": {IsCount, []string{"0", "123456789"}, []string{"", "1234567890", "-1", "1.5", "1e3", "٣"}},
		"plain":  {IsPlain, []string{"", "acme-billing/2.1 (x; y) partnerapi-go/0.2.0", "0f3c_A"}, []string{"a@b", "a%40b", "a:b", "a,b", "a?b", "ä", "a\n", strings.Repeat("a", 201)}},
		"IDs":    {IsID, []string{"0f3c_A-1", strings.Repeat("a", 64)}, []string{"a b", "a.b", "a@b", "ä", "a\n", strings.Repeat("a", 65)}},
	} {
		for _, text := range test.yes {
			assert.True(t, test.is(text), "%s: %s", name, text)
		}
		for _, text := range test.no {
			assert.False(t, test.is(text), "%s: %s", name, text)
		}
	}
}

func TestHarmlessMembers(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		is      func(any) bool
		yes, no []any
	}{
		"flags":   {IsFlag, []any{true, false}, []any{nil, "true", json.Number("1")}},
		"numbers": {IsShortNumber, []any{json.Number("0"), json.Number("999999")}, []any{json.Number("1000000"), json.Number("-1"), json.Number("1.5"), json.Number("1e3"), "1", true, nil}},
		"words":   {IsWord, []any{"ok", "bark_junior", "not-found", strings.Repeat("a", 40)}, []any{"", "Ok", "a b", "a1", "ä", strings.Repeat("a", 41), json.Number("1"), true, nil}},
	} {
		for _, value := range test.yes {
			assert.True(t, test.is(value), "%s: %v", name, value)
		}
		for _, value := range test.no {
			assert.False(t, test.is(value), "%s: %v", name, value)
		}
	}
}

// A body is passed on to the byte, with its errors and in the same parts, whatever it is, and is written once, at its end.
func TestBodiesArePassedOn(t *testing.T) {
	t.Parallel()
	huge := bytes.Repeat([]byte("0123456789"), MostShown)
	tests := map[string]struct {
		body   func() io.Reader
		length int64 // of ContentLength
		read   int64 // then it is closed
		want   string
	}{
		"in one part":          {func() io.Reader { return strings.NewReader("[]") }, -1, 9, "[]"},
		"byte for byte":        {func() io.Reader { return iotest.OneByteReader(strings.NewReader("[1]")) }, -1, 9, `["[redacted 1 bytes]"]`},
		"an end with the data": {func() io.Reader { return iotest.DataErrReader(strings.NewReader("[]")) }, -1, 9, "[]"},
		"huge":                 {func() io.Reader { return bytes.NewReader(huge) }, -1, 1 << 30, "[unknown type, 655360 bytes: more than 65536]"},
		"broken":               {func() io.Reader { return iotest.TimeoutReader(iotest.OneByteReader(strings.NewReader("[]"))) }, -1, 9, "[unknown type, 1 bytes: then timeout]"},
		"not read to its end":  {func() io.Reader { return bytes.NewReader(huge) }, -1, 7, "[unknown type, 7 bytes: closed before its end]"},
		"not read":             {func() io.Reader { return bytes.NewReader(huge) }, -1, 0, "[unknown type, 0 bytes: closed before its end]"},
		"read to its length":   {func() io.Reader { return strings.NewReader("[]") }, 2, 2, "[]"},
		"breaks the contract":  {func() io.Reader { return liar{} }, -1, 9, "[unknown type, 9 bytes: then lies]"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var out bytes.Buffer
			body := &closing{Reader: test.body()}
			resp, err := rules().To(&out)(roundTripFunc(func(*http.Request) (*http.Response, error) {
				return &http.Response{StatusCode: 200, Body: body, ContentLength: test.length}, nil
			})).RoundTrip(newRequest(t, "GET", "https://a.example/", ""))
			require.NoError(t, err)
			assert.Equal(t, readAll(test.body(), test.read), readAll(resp.Body, test.read))
			require.ErrorIs(t, resp.Body.Close(), errClosing)
			require.ErrorIs(t, resp.Body.Close(), errClosing)
			assert.Equal(t, 2, body.closed)
			assert.Equal(t, 1, strings.Count(out.String(), "\n#1 < "+test.want+"\n\n"), out.String())
			assert.Equal(t, 1, strings.Count(out.String(), "200 OK"))
		})
	}
}

// part is the result of a Read.
type part struct {
	data string
	n    int
	err  error
}

func readAll(r io.Reader, most int64) (parts []part) {
	buffer := make([]byte, 1<<10)
	for total := int64(0); total < most; {
		p := buffer[:min(int64(len(buffer)), most-total)]
		n, err := r.Read(p)
		parts = append(parts, part{string(p[:max(0, min(n, len(p)))]), n, err})
		if err != nil {
			break
		}
		total += int64(n)
	}
	return parts
}

// liar says that it has read more than there is room for.
type liar struct{}

func (liar) Read([]byte) (int, error) { return 1 << 20, errors.New("lies") }

var errClosing = errors.New("closing")

// closing is a body that counts the calls of Close.
type closing struct {
	io.Reader

	closed int
}

func (c *closing) Close() error {
	c.closed++
	return errClosing
}

// The memory of a request and its response is limited.
func TestKeptBytesAreLimited(t *testing.T) {
	t.Parallel()
	body := &tee{ReadCloser: io.NopCloser(io.LimitReader(endless{}, 1<<26)), done: func([]byte, int64, string) {}}
	n, err := io.Copy(io.Discard, io.LimitReader(body, 1<<25))
	require.NoError(t, err)
	assert.Equal(t, int64(1<<25), n)
	assert.LessOrEqual(t, body.kept.Cap(), 4*MostShown)
}

type endless struct{}

func (endless) Read(p []byte) (int, error) { return len(p), nil }

// Concurrent calls do not mix: a message is one Write, and no other is under way.
func TestConcurrentCalls(t *testing.T) {
	t.Parallel()
	var w exclusive
	next := rules().To(&w)(roundTripFunc(func(*http.Request) (*http.Response, error) { return reply(200, `{"status":"ok"}`), nil }))
	var calls sync.WaitGroup
	for range 50 {
		calls.Go(func() {
			resp, err := next.RoundTrip(newRequest(t, "POST", "https://a.example/", `{"total":1}`))
			if !assert.NoError(t, err) { //nolint:testifylint // not in the test's goroutine
				return
			}
			_, _ = io.ReadAll(resp.Body)
			_ = resp.Body.Close()
		})
	}
	calls.Wait()
	require.Len(t, w.written, 100)
	for i := 1; i <= 50; i++ {
		assert.Contains(t, w.written, fmt.Sprintf("#%d > a label\n#%[1]d > {\"total\":1}\n\n", i))
	}
}

// exclusive is a writer that is not safe for concurrent use, which the race detector finds.
type exclusive struct{ written []string }

func (w *exclusive) Write(p []byte) (int, error) {
	w.written = append(w.written, string(p))
	return 0, errors.New("full")
}
