package main

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var address = regexp.MustCompile(`http://127\.0\.0\.1:\d+`)

// printed is what the demonstration prints, with the port masked.
const printed = `The site: http://127.0.0.1:PORT/

A parent     parent@example.com   open sesame
A fan        fan@example.com      open sesame
An operator  operator             open sesame

Ctrl-C ends.
`

// start runs the program until the test interrupts it, and returns what it prints until it serves.
func start(t *testing.T, env map[string]string, args ...string) (output string, interrupt func() (status int)) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(cancel)
	out, stdout := io.Pipe()
	status := make(chan int, 1)
	var stderr bytes.Buffer
	go func() {
		got := run(ctx, args, func(name string) string { return env[name] }, stdout, &stderr)
		_ = stdout.Close()
		status <- got
	}()
	var b strings.Builder
	for buf := make([]byte, 1024); !strings.Contains(b.String(), "Ctrl-C ends.\n"); {
		n, err := out.Read(buf)
		if err != nil {
			t.Fatalf("exit status %d: %s", <-status, stderr.String())
		}
		b.Write(buf[:n])
	}
	return b.String(), func() int {
		cancel()
		return <-status
	}
}

// get returns the status and the body of a page.
func get(t *testing.T, url string) (status int, body string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	require.NoError(t, err)
	resp, err := http.DefaultTransport.RoundTrip(req)
	require.NoError(t, err)
	defer resp.Body.Close()
	content, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	return resp.StatusCode, string(content)
}

func TestDemonstration(t *testing.T) {
	t.Parallel()
	output, interrupt := start(t, nil)
	assert.Equal(t, printed, address.ReplaceAllString(output, "http://127.0.0.1:PORT"))
	url := address.FindString(output)

	status, body := get(t, url+"/healthz")
	assert.Equal(t, 200, status)
	assert.Equal(t, "ok\n", body)
	_, body = get(t, url+"/")
	assert.Contains(t, body, "<code>parent@example.com</code>")

	assert.Equal(t, 0, interrupt())
}

func TestLive(t *testing.T) {
	t.Parallel()
	output, interrupt := start(t, map[string]string{
		"PORTAL_KEY": strings.Repeat("0a", 32), "PORTAL_APP_KEY": "app-key",
	}, "-live", "-database", filepath.Join(t.TempDir(), "portal.db"))
	url := address.FindString(output)
	assert.Equal(t, "The site: "+url+"/\n\nCtrl-C ends.\n", output)

	_, body := get(t, url+"/")
	assert.NotContains(t, body, "Ready-made logins")
	assert.NotContains(t, body, "demonstration")
	status, _ := get(t, url+"/demo/mail")
	assert.Equal(t, 404, status)

	assert.Equal(t, 0, interrupt())
}

func TestCommandLine(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		args   []string
		env    map[string]string
		status int
		stderr string
	}{
		"help":                {[]string{"-h"}, nil, 0, "go run . -live"},
		"unknown flag":        {[]string{"-x"}, nil, 2, "flag provided but not defined"},
		"unexpected argument": {[]string{"here"}, nil, 2, `unexpected argument "here"`},
		"short key":           {nil, map[string]string{"PORTAL_KEY": "0a"}, 2, "portal: PORTAL_KEY: not 32 bytes in hexadecimal"},
		"live, no database":   {[]string{"-live"}, nil, 2, "portal: -live needs -database"},
		"no address":          {[]string{"-addr", "nowhere"}, nil, 1, "portal: listen tcp"},
		"no database":         {[]string{"-database", filepath.Join(t.TempDir(), "no", "db")}, nil, 1, "portal: store: migrate"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var stdout, stderr bytes.Buffer
			status := run(t.Context(), test.args, func(name string) string { return test.env[name] }, &stdout, &stderr)
			assert.Equal(t, test.status, status)
			assert.Contains(t, stderr.String(), test.stderr)
			assert.Empty(t, stdout.String())
		})
	}
}
