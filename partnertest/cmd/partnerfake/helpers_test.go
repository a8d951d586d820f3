package main

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// program is a running partnerfake.
type program struct {
	url    string        // such as http://127.0.0.1:40000
	greet  string        // its output at the start
	stderr *lockedBuffer // its log
	stop   func() int    // stops it, and returns the exit status
}

// start runs the program on a free port until the test ends.
func start(t *testing.T, args ...string) *program {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	stdout, printed := io.Pipe()
	p := &program{stderr: &lockedBuffer{}}
	status := make(chan int, 1)
	go func() {
		status <- run(ctx, append([]string{"-addr", "127.0.0.1:0"}, args...), printed, p.stderr)
		_ = printed.Close()
	}()
	p.stop = sync.OnceValue(func() int {
		cancel()
		return <-status
	})
	t.Cleanup(func() { p.stop() })

	for !strings.Contains(p.greet, "\nadmin ") || !strings.HasSuffix(p.greet, "\n") {
		chunk := make([]byte, 1024)
		n, err := stdout.Read(chunk)
		require.NoError(t, err, p.stderr.String())
		p.greet += string(chunk[:n])
	}
	_, rest, _ := strings.Cut(p.greet, "http://")
	host, _, _ := strings.Cut(rest, "/")
	p.url = "http://" + host
	return p
}

// do sends a request, with headers as "Name: value", and returns the status and the body.
func (p *program) do(t *testing.T, target, body string, headers ...string) (status int, response string) {
	t.Helper()
	status, _, response = p.send(t, target, body, headers...)
	return status, strings.TrimSpace(response)
}

// get sends a GET, and returns the status, the header and the body.
func (p *program) get(t *testing.T, path string) (status int, header http.Header, response string) {
	t.Helper()
	return p.send(t, "GET "+path, "")
}

func (p *program) send(t *testing.T, target, body string, headers ...string) (status int, header http.Header, response string) {
	t.Helper()
	method, path, _ := strings.Cut(target, " ")
	req, err := http.NewRequestWithContext(t.Context(), method, p.url+path, strings.NewReader(body))
	require.NoError(t, err)
	for _, header := range headers {
		name, value, _ := strings.Cut(header, ": ")
		req.Header.Set(name, value)
	}
	resp, err := http.DefaultTransport.RoundTrip(req)
	require.NoError(t, err)
	defer func() { require.NoError(t, resp.Body.Close()) }()
	content, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	return resp.StatusCode, resp.Header, string(content)
}

// expect calls do and compares the status and the body. want is JSON.
func (p *program) expect(t *testing.T, target, body string, status int, want string, headers ...string) {
	t.Helper()
	gotStatus, got := p.do(t, target, body, headers...)
	assert.Equal(t, status, gotStatus, target)
	assert.JSONEq(t, want, got, target)
}

// lockedBuffer is a buffer that a program and a test can use concurrently.
type lockedBuffer struct {
	mu     sync.Mutex
	buffer bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buffer.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buffer.String()
}
