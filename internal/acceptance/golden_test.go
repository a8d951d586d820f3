package acceptance

import (
	"bufio"
	"bytes"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/partnerapi/partnerapi-go"
)

// The command of the package comment writes the files that the suites compare with.
var update = flag.Bool("update", false, "write testdata/golden, testdata/errors.txt and testdata/faults.md")

func TestGoldenRequests(t *testing.T) {
	t.Parallel()
	folder := filepath.Join(testdata, "golden")
	want := make(map[string]string)
	for _, c := range calls() {
		sent := requestOf(t, c)
		if name := slug(c.op) + ".http"; want[name] == "" {
			want[name] = sent
		}
	}
	if *update {
		writeGolden(t, folder, want)
	}
	files, err := os.ReadDir(folder)
	require.NoError(t, err)
	var names []string
	for _, file := range files {
		names = append(names, file.Name())
	}
	require.ElementsMatch(t, slices.Collect(maps.Keys(want)), names)
	for name, sent := range want {
		golden, err := fs.ReadFile(os.DirFS(folder), name)
		require.NoError(t, err)
		assert.Equal(t, string(golden), sent, name)
		assertHTTP(t, golden)
	}
}

// writeGolden writes the requests into the folder, and removes all other files.
func writeGolden(t *testing.T, folder string, requests map[string]string) {
	t.Helper()
	require.NoError(t, os.RemoveAll(folder))
	require.NoError(t, os.MkdirAll(folder, 0o750))
	for name, sent := range requests {
		require.NoError(t, os.WriteFile(filepath.Join(folder, name), []byte(sent), 0o600))
	}
}

// requestOf returns the only request of a call.
func requestOf(t *testing.T, c call) string {
	t.Helper()
	var sent []string
	client := newTestClient(t, roundTripFunc(func(req *http.Request) (*http.Response, error) {
		_, op := partnerapi.Operation(req.Context())
		assert.Equal(t, c.op, op, c.name)
		assertRoute(t, c.op, req)
		sent = append(sent, dump(t, req))
		return teapot(req)
	}))
	_, err := c.do(t.Context(), client, documented(t))
	require.Error(t, err, c.name)
	require.Len(t, sent, 1, "%s: one request: %v", c.name, err)
	return sent[0]
}

// dump writes a request as HTTP/1.1 does, but with line feeds and sorted headers.
func dump(t *testing.T, req *http.Request) string {
	t.Helper()
	var body []byte
	if req.Body != nil {
		var err error
		body, err = io.ReadAll(req.Body)
		require.NoError(t, err)
	}
	lines := []string{"Host: " + req.URL.Host}
	for name, values := range req.Header {
		for _, value := range values {
			lines = append(lines, name+": "+value)
		}
	}
	assert.Len(t, body, int(req.ContentLength), "the length is known")
	if len(body) > 0 {
		lines = append(lines, fmt.Sprintf("Content-Length: %d", len(body)))
	}
	slices.Sort(lines)
	text := req.Method + " " + req.URL.RequestURI() + " HTTP/1.1\n" + strings.Join(lines, "\n") + "\n\n"
	if len(body) > 0 {
		text += string(body) + "\n"
	}
	return text
}

// assertHTTP asserts that a golden file is a request that a server can read.
func assertHTTP(t *testing.T, golden []byte) {
	t.Helper()
	req, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(golden)))
	require.NoError(t, err)
	body, err := io.ReadAll(req.Body)
	require.NoError(t, err)
	assert.True(t, len(body) == 0 || bytes.HasSuffix(golden, append(body, '\n')))
}

// assertRoute asserts that a server with the operation as its pattern takes the request.
func assertRoute(t *testing.T, op string, req *http.Request) {
	t.Helper()
	base := map[string]string{"www.bark.us": "/api/v1", "services.sparkart.net": "/api/v1", "api.backstack.com": ""}
	prefix, known := base[req.URL.Host]
	assert.True(t, known, req.URL.Host)
	assert.Equal(t, "https", req.URL.Scheme)
	target, hasPrefix := strings.CutPrefix(req.URL.RequestURI(), prefix)
	assert.True(t, hasPrefix)
	mux := http.NewServeMux()
	mux.Handle(op, http.NotFoundHandler())
	arrived, err := http.ReadRequest(bufio.NewReader(strings.NewReader(req.Method + " " + target + " HTTP/1.1\r\nHost: a.example\r\n\r\n")))
	require.NoError(t, err)
	_, pattern := mux.Handler(arrived)
	assert.Equal(t, op, pattern)
}
