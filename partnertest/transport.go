package partnertest

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptrace"
	"slices"
	"strconv"
)

// Transport returns the transport of [Fake.Client], for a client of another kind or a transport that wraps it. It sends
// every request to the fake, whatever its host, and opens no socket.
func (f *Fake) Transport() http.RoundTripper { return f.transport }

// transport runs the fake in RoundTrip. It starts no goroutine that outlives a request.
type transport struct {
	fake *Fake
	conn net.Conn // for traces only
}

func newTransport(f *Fake) *transport {
	conn, _ := net.Pipe()
	return &transport{f, conn}
}

// RoundTrip passes the fake a request as a server would read it from the wire.
func (t *transport) RoundTrip(req *http.Request) (*http.Response, error) {
	ctx := req.Context()
	body, err := bodyOf(req)
	if err = cmp.Or(ctx.Err(), err); err != nil {
		return nil, err
	}
	trace := httptrace.ContextClientTrace(ctx)
	if trace != nil && trace.GetConn != nil {
		trace.GetConn(hostPort(req))
	}
	in := arrived(req)
	in.hold(body)
	fault := t.fake.next(t.fake.find(in))
	if fault.Cut == CutRefused {
		return nil, fault.refuse(ctx)
	}
	if trace != nil && trace.GotConn != nil {
		trace.GotConn(httptrace.GotConnInfo{Conn: t.conn, Reused: true})
	}
	served, err := overTheWire(req, body)
	if err != nil {
		return nil, err
	}
	resp := t.respond(ctx, served, fault)
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if resp.cut && !resp.flushed {
		return nil, io.ErrUnexpectedEOF
	}
	if trace != nil && trace.GotFirstResponseByte != nil {
		trace.GotFirstResponseByte()
	}
	return resp.response(req), nil
}

func hostPort(req *http.Request) string {
	port := map[string]string{"http": "80", "https": "443"}[req.URL.Scheme]
	return net.JoinHostPort(req.URL.Hostname(), cmp.Or(req.URL.Port(), port))
}

// bodyOf reads and closes the body of a request.
func bodyOf(req *http.Request) ([]byte, error) {
	if req.Body == nil {
		return nil, nil
	}
	defer req.Body.Close()
	return io.ReadAll(req.Body)
}

// overTheWire writes a request and reads it back, so that only what a server would receive reaches the fake. Writing
// calls the trace's hooks for written headers and bodies. The body is in memory: otherwise Write would hide the error of
// an unreadable one, and start a goroutine to find out whether there is one.
func overTheWire(req *http.Request, body []byte) (*http.Request, error) {
	sent := req.WithContext(req.Context())
	sent.Body = http.NoBody
	if len(body) > 0 {
		sent.Body = io.NopCloser(bytes.NewReader(body))
	}
	if sent.ContentLength <= 0 {
		sent.ContentLength = int64(len(body))
	}
	var wire bytes.Buffer
	if err := sent.Write(&wire); err != nil {
		return nil, err
	}
	arrived, err := http.ReadRequest(bufio.NewReader(&wire))
	if err != nil {
		return nil, err
	}
	arrived.RemoteAddr = "192.0.2.1:1234" // an address reserved for documentation, which net/http/httptest uses too
	return arrived, nil
}

// respond runs the fake. As in a server, its context ends with the client's and carries none of the client's values.
func (t *transport) respond(ctx context.Context, req *http.Request, fault Fault) (w *recorder) {
	served, cancel := context.WithCancel(context.WithValue(context.Background(), faultKey{}, fault))
	defer cancel()
	defer context.AfterFunc(ctx, cancel)()
	w = &recorder{header: make(http.Header)}
	defer func() {
		// net/http cuts the connection after any panic; here other panics should reach the test.
		if p := recover(); p == http.ErrAbortHandler { //nolint:errorlint // the panic's value itself, as net/http compares it
			w.cut = true
		} else if p != nil {
			panic(p)
		}
	}()
	t.fake.ServeHTTP(w, req.WithContext(served))
	return w
}

// recorder is the response of a handler.
type recorder struct {
	header  http.Header
	status  int         // 0 until the header is written
	sent    http.Header // header at that time
	body    bytes.Buffer
	flushed bool
	cut     bool
}

func (w *recorder) Header() http.Header { return w.header }

func (w *recorder) WriteHeader(status int) {
	if w.status != 0 || status < http.StatusOK && status != http.StatusSwitchingProtocols {
		return
	}
	w.status, w.sent = status, offTheWire(w.header)
}

// offTheWire returns a copy of a header as a client reads it: with canonical names, in a server's order.
func offTheWire(written http.Header) http.Header {
	read := make(http.Header, len(written))
	for _, name := range slices.Sorted(maps.Keys(written)) {
		for _, value := range written[name] {
			read.Add(name, value)
		}
	}
	return read
}

func (w *recorder) Write(b []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	if w.status == http.StatusNoContent || w.status == http.StatusNotModified {
		return 0, http.ErrBodyNotAllowed
	}
	return w.body.Write(b)
}

// Flush marks that the client has received the response up to here, even if the connection is cut later.
func (w *recorder) Flush() {
	w.WriteHeader(http.StatusOK)
	w.flushed = true
}

func (w *recorder) response(req *http.Request) *http.Response {
	w.WriteHeader(http.StatusOK)
	resp := &http.Response{
		Status:     strconv.Itoa(w.status) + " " + http.StatusText(w.status),
		StatusCode: w.status,
		Proto:      "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header:        w.sent,
		ContentLength: int64(w.body.Len()),
		Request:       req,
	}
	content := w.body.Bytes()
	if len(content) > 0 && w.sent["Content-Type"] == nil {
		w.sent.Set("Content-Type", http.DetectContentType(content))
	}
	if promised, err := strconv.ParseInt(w.sent.Get("Content-Length"), 10, 64); err == nil {
		w.cut = w.cut || promised > resp.ContentLength
		resp.ContentLength = promised
	} else if w.flushed {
		resp.ContentLength = -1
	}
	switch {
	case req.Method == http.MethodHead, w.status == http.StatusNoContent, w.status == http.StatusNotModified:
		resp.Body = http.NoBody
	case w.cut:
		resp.Body = io.NopCloser(io.MultiReader(bytes.NewReader(content), cutOff{}))
	default:
		resp.Body = io.NopCloser(bytes.NewReader(content))
	}
	return resp
}

// cutOff is the end of a body whose connection is cut.
type cutOff struct{}

func (cutOff) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }
