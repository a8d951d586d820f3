package cli

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/spf13/pflag"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/partnerapi/partnerapi-go/internal/doccmd"
)

const repository = "../../../.."

// The documents run partnerctl with commands and flags that exist.
func TestCommandsInDocuments(t *testing.T) {
	t.Parallel()
	found := 0
	for _, c := range doccmd.All(t, repository) {
		if c.Args[0] != "partnerctl" {
			continue
		}
		found++
		cmd, args, err := new(app).root().Find(c.Args[1:])
		if c.Args[1] == "completion" {
			continue // cobra adds it when it runs
		}
		require.NoError(t, err, "%s: %s", c.File, c)
		if err := cmd.ParseFlags(args); !errors.Is(err, pflag.ErrHelp) {
			require.NoError(t, err, "%s: %s", c.File, c)
		}
		if cmd.RunE != nil && !cmd.HasSubCommands() {
			require.NoError(t, cmd.ValidateArgs(cmd.Flags().Args()), "%s: %s", c.File, c)
		}
	}
	assert.Greater(t, found, 20)
}

// Every command of docs/cli.md prints what it shows, but for the port and the customer's age.
func TestRecordedSession(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile(filepath.Join(repository, "docs", "cli.md"))
	require.NoError(t, err)
	shown := regexp.MustCompile("(?s)```sh\n([^`]*)```\n\n```text\n(.*?)```").FindAllStringSubmatch(string(page), -1)
	require.Greater(t, len(shown), 5)
	lines := serving(t)
	server := strings.TrimPrefix(lines[0], "export PARTNERCTL_SERVER=")
	same := strings.NewReplacer(server, "http://127.0.0.1:8080").Replace
	assert.Equal(t, "partnerctl fake\n", shown[0][1])
	assert.Equal(t, shown[0][2], same(strings.Join(lines, "\n")+"\n"))

	dir := t.TempDir()
	program, err := os.Executable()
	require.NoError(t, err)
	require.NoError(t, os.Symlink(program, filepath.Join(dir, "partnerctl")))
	age := regexp.MustCompile(`(?m)^(age +)\d+$`)
	for _, block := range shown[1:] {
		cmd := exec.CommandContext(t.Context(), "sh", "-eu", "-c", strings.Join(lines, "\n")+"\n"+block[1]) //nolint:gosec // our own document
		cmd.Dir = dir
		cmd.Env = []string{"PARTNERCTL_TEST_PROGRAM=1", "PATH=" + dir + ":" + os.Getenv("PATH"), "HOME=" + dir, "XDG_CONFIG_HOME=" + filepath.Join(dir, "config")}
		out, err := cmd.CombinedOutput()
		require.NoError(t, err, "%s%s", block[1], out)
		assert.Equal(t, age.ReplaceAllString(block[2], "$1"), age.ReplaceAllString(same(string(out)), "$1"), block[1])
	}
}
