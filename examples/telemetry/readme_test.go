package main

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The README shows observe as it is in main.go.
func TestREADMEShowsObserve(t *testing.T) {
	t.Parallel()
	readme, err := os.ReadFile("../../README.md")
	require.NoError(t, err)
	program, err := os.ReadFile("main.go")
	require.NoError(t, err)
	observe := regexp.MustCompile(`(?ms)^func observe\(.*?^}\n`).Find(program)
	require.NotEmpty(t, observe)
	assert.Contains(t, string(readme), string(observe))
}

// The README shows parts of the output, with "..." between them.
func TestREADMEShowsTheOutput(t *testing.T) {
	t.Parallel()
	readme, err := os.ReadFile("../../README.md")
	require.NoError(t, err)
	output, err := os.ReadFile("testdata/output.txt")
	require.NoError(t, err)
	rest := string(output)
	shown := regexp.MustCompile("(?s)```text\n(trace [0-9a-f]{32}\n.*?)```").FindStringSubmatch(string(readme))
	require.NotNil(t, shown, "the README shows no trace")
	for part := range strings.SplitSeq(masked(shown[1]), "...\n") {
		_, after, found := strings.Cut(rest, part)
		require.True(t, found, "not printed, or not in this order:\n%s", part)
		rest = after
	}
}
