package cli

import (
	"bufio"
	"context"
	"io"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/partnerapi/partnerapi-go/partnertest"
)

// serving runs partnerctl fake on a free port until the test ends, and returns the lines that it prints.
func serving(t *testing.T) (lines []string) {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	printed, stdout := io.Pipe()
	status := make(chan int, 1)
	go func() {
		status <- Run(ctx, []string{"fake", "--addr", "127.0.0.1:0"}, strings.NewReader(""), stdout, io.Discard)
		_ = stdout.Close()
	}()
	t.Cleanup(func() {
		stop()
		assert.Equal(t, 0, <-status)
	})
	reader := bufio.NewReader(printed)
	for range 5 {
		line, err := reader.ReadString('\n')
		require.NoError(t, err)
		lines = append(lines, strings.TrimSpace(line))
	}
	return lines
}

func TestFake(t *testing.T) { //nolint:paralleltest // environment variables are shared by the process
	lines := serving(t)
	for _, line := range lines {
		name, value, _ := strings.Cut(strings.TrimPrefix(line, "export "), "=")
		t.Setenv(name, value)
	}
	p := &program{t, partnertest.New(), t.TempDir()}
	got := p.start(t.Context(), "", func(a *app) { a.options = nil }, "accounts", "search", "fan@example.com", "-o", "csv")
	assert.Equal(t, 0, got.status, got.err)
	assert.Contains(t, got.out, "Robin")
	for _, addr := range []string{"0.0.0.0:0", ":0", "nowhere"} {
		assert.Equal(t, ran{2, "", "partnerctl: --addr: not a loopback address such as 127.0.0.1:8080\n"}, p.run("fake --addr "+addr))
	}
}

func TestManPages(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "man1")
	require.Equal(t, ran{}, withoutCredentials(t).run("man "+dir))
	for _, cmd := range leaves(new(app).root()) {
		assert.Contains(t, read(t, filepath.Join(dir, strings.ReplaceAll(cmd.CommandPath(), " ", "-")+".1")), ".SH NAME")
	}
}

func TestCompletion(t *testing.T) {
	t.Parallel()
	p := withoutCredentials(t)
	for _, shell := range []string{"bash", "zsh", "fish", "powershell"} {
		got := p.run("completion " + shell)
		assert.Equal(t, 0, got.status)
		assert.Contains(t, got.out, "partnerctl")
	}
	for line, want := range map[string]string{
		"__complete networks u": "update\t", "__complete networks list -o ": "table\njson\nyaml\ncsv\n", "__complete subscriptions create --plan ": "bark\nbark_junior\n",
	} {
		got := p.start(t.Context(), "", nil, strings.Split(line, " ")...)
		assert.Contains(t, got.out, want)
	}
}

func TestVersion(t *testing.T) {
	t.Parallel()
	assert.Regexp(t, `^partnerctl version \d+\.\d+\.\d+\n$`, withoutCredentials(t).run("--version").out)
}
