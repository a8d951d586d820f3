package main

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/partnerapi/partnerapi-go"
	"github.com/partnerapi/partnerapi-go/partnertest"
)

// output is the program's output when it follows the links itself, with the ports masked.
const output = `The account page:            http://PORT/
The fake of the partner API: http://PORT/partner

The input is the null device, so the program follows both links itself. A browser would request:

Through our server
  303  http://PORT/protection
  200  http://PORT/partner/welcome

With a direct link
  302  http://PORT/partner/partners/signup?child_name=Kim&email=parent%40example.com&pk=MS2365&token=fake-partner-token
  200  http://PORT/partner/welcome

Both ways lead to the landing page, and only the direct link shows the browser the token.
`

var port = regexp.MustCompile(`127\.0\.0\.1:\d+`)

func TestFollowsLinksOnNullDevice(t *testing.T) {
	t.Parallel()
	var stdout, stderr bytes.Buffer

	assert.Equal(t, 0, run(t.Context(), nil, true, &stdout, &stderr))

	assert.Empty(t, stderr.String())
	assert.Equal(t, output, port.ReplaceAllString(stdout.String(), "PORT"))
}

func TestDocumentShowsTheOutput(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../docs/credentials.md")
	require.NoError(t, err)
	_, links, _ := strings.Cut(output, "would request:\n\n")
	shown := strings.Contains(port.ReplaceAllString(string(page), "PORT"), "```text\n"+links+"```\n")
	assert.True(t, shown, "docs/credentials.md should show:\n%s", links)
}

// Otherwise, or with -addr, it serves until it is interrupted.
func TestServesUntilInterrupted(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		args []string
		demo bool
	}{
		"somebody":                     {nil, false},
		"null device, with an address": {[]string{"-addr", "127.0.0.1:0"}, true},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, interrupt := context.WithCancel(t.Context())
			defer interrupt()
			out, stdout := io.Pipe()
			status := make(chan int)
			go func() {
				got := run(ctx, test.args, test.demo, stdout, io.Discard)
				_ = stdout.Close()
				status <- got
			}()
			var printed strings.Builder
			for b := make([]byte, 1024); !strings.Contains(printed.String(), "Ctrl-C ends."); {
				n, err := out.Read(b)
				require.NoError(t, err)
				printed.Write(b[:n])
			}

			asked, err := browse(t.Context(), io.Discard, "http://"+port.FindString(printed.String())+"/")
			require.NoError(t, err)
			assert.Len(t, asked, 1)

			interrupt()
			rest, err := io.ReadAll(out)
			require.NoError(t, err)
			assert.Empty(t, rest)
			assert.Equal(t, 0, <-status)
		})
	}
}

func TestCommandLine(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		args   []string
		status int
		stderr string
	}{
		"help":                {[]string{"-h"}, 0, "go run ./examples/signup </dev/null"},
		"unknown flag":        {[]string{"-x"}, 2, "flag provided but not defined"},
		"unexpected argument": {[]string{"here"}, 2, `unexpected argument "here"`},
		"no address":          {[]string{"-addr", "nowhere"}, 1, "signup: listen tcp"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var stdout, stderr bytes.Buffer
			assert.Equal(t, test.status, run(t.Context(), test.args, true, &stdout, &stderr))
			assert.Contains(t, stderr.String(), test.stderr)
			assert.Empty(t, stdout.String())
		})
	}
}

// The summary at the end of follow must not be printed for a site that behaves differently.
func TestFollowFails(t *testing.T) {
	t.Parallel()
	to := func(target string) http.Handler { return http.RedirectHandler(target, http.StatusSeeOther) }
	tests := map[string]struct {
		site func(fake *partnertest.Fake, direct string) http.Handler
		want string
	}{
		"token shown":  {func(_ *partnertest.Fake, direct string) http.Handler { return to(direct) }, "Through our server: the token is shown: true"},
		"wrong page":   {func(f *partnertest.Fake, _ string) http.Handler { return to(f.URL + "/elsewhere") }, "404 Not Found"},
		"no redirect":  {func(*partnertest.Fake, string) http.Handler { return http.HandlerFunc(empty) }, "Through our server: led to"},
		"endless ways": {func(*partnertest.Fake, string) http.Handler { return to("/protection") }, "too many redirects"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fake := partnertest.NewServer(t)
			client := fake.Client()
			direct, err := client.Signup.URL(t.Context(), parent)
			require.NoError(t, err)
			app := httptest.NewServer(test.site(fake, direct))
			t.Cleanup(app.Close)
			var stdout bytes.Buffer

			err = follow(t.Context(), &stdout, client, app.URL)

			require.ErrorContains(t, err, test.want)
			assert.NotContains(t, stdout.String(), "Both ways")
		})
	}
}

func empty(http.ResponseWriter, *http.Request) {}

func TestFollowNeedsAToken(t *testing.T) {
	t.Parallel()
	client, err := partnerapi.NewClient()
	require.NoError(t, err)
	require.ErrorIs(t, follow(t.Context(), io.Discard, client, "http://127.0.0.1"), partnerapi.ErrNoCredential)
}

func TestNullDevice(t *testing.T) {
	t.Parallel()
	null, err := os.Open(os.DevNull)
	require.NoError(t, err)
	t.Cleanup(func() { _ = null.Close() })
	file, err := os.Create(filepath.Join(t.TempDir(), "input"))
	require.NoError(t, err)
	t.Cleanup(func() { _ = file.Close() })
	closed, err := os.Open(os.DevNull)
	require.NoError(t, err)
	require.NoError(t, closed.Close())

	assert.True(t, isNull(null))
	assert.False(t, isNull(file))
	assert.False(t, isNull(closed))
}
