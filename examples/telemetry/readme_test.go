package main

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// docs/telemetry.md shows observe as it is in main.go.
func TestDocumentShowsObserve(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../docs/telemetry.md")
	require.NoError(t, err)
	program, err := os.ReadFile("main.go")
	require.NoError(t, err)
	observe := regexp.MustCompile(`(?ms)^func observe\(.*?^}\n`).Find(program)
	require.NotEmpty(t, observe)
	assert.Contains(t, string(page), string(observe))
}

// docs/telemetry.md shows what is printed, with parts left out at "...".
func TestDocumentShowsTheOutput(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../docs/telemetry.md")
	require.NoError(t, err)
	output, err := os.ReadFile("testdata/output.txt")
	require.NoError(t, err)
	rest := string(output)
	shown := regexp.MustCompile("(?s)```text\n(trace [0-9a-f]{32}\n.*?)```").FindStringSubmatch(string(page))
	require.NotNil(t, shown, "docs/telemetry.md shows no trace")
	for part := range strings.SplitSeq(masked(shown[1]), "...\n") {
		_, after, found := strings.Cut(rest, part)
		require.True(t, found, "not printed, or not in this order:\n%s", part)
		rest = after
	}
}
