package doccmd_test

import (
	"flag"
	"go/build"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/partnerapi/partnerapi-go/internal/doccmd"
)

const (
	root   = "../.."
	module = "github.com/partnerapi/partnerapi-go"
)

// Commands in a block with another language, or none, would not be checked.
func TestLanguagesOfBlocks(t *testing.T) {
	t.Parallel()
	for _, file := range doccmd.Files(t, root) {
		text, err := os.ReadFile(filepath.Join(root, file))
		require.NoError(t, err)
		assert.Subset(t, []string{"sh", "go", "text", "csv", "json"}, doccmd.Languages(string(text)), file)
	}
}

// Commands elsewhere, in a text block or in an indented one, would not be checked either.
func TestCommandsAreInShellBlocks(t *testing.T) {
	t.Parallel()
	shell := regexp.MustCompile("(?ms)^ *```sh\n.*?^ *```$")
	command := regexp.MustCompile(`(?m)^\s*(?:\$ |(?:[A-Z_]+=\S+ )?(?:\./)?(?:go (?:-C|run|test|build|get|mod|install) |(?:bash|curl|docker|git|provision|partnerfake) -?[a-z./])).*$`)
	for _, file := range doccmd.Files(t, root) {
		code := ""
		for line := range strings.Lines(shell.ReplaceAllString(page(t, file), "")) {
			if strings.HasPrefix(line, "    ") {
				code += line
			}
		}
		for _, block := range fenced.FindAllString(shell.ReplaceAllString(page(t, file), ""), -1) {
			code += block
		}
		assert.Empty(t, command.FindAllString(code, -1), file)
	}
}

// Every command in a document works. Tests of provision, partnerctl, partnerfake and internal/bench check their own flags and
// environment, curl and docker.
func TestCommandsInDocuments(t *testing.T) {
	t.Parallel()
	seen := make(map[string]int)
	for _, c := range doccmd.All(t, root) {
		seen[c.Args[0]]++
		switch dir := filepath.Join(root, c.Dir); c.Args[0] {
		case "go":
			requireGo(t, dir, c)
		case "bash":
			out, err := exec.CommandContext(t.Context(), "bash", "-n", filepath.Join(dir, c.Args[1])).CombinedOutput()
			require.NoErrorf(t, err, "%s: %s: %s", c.File, c, out)
		}
	}
	for program, least := range map[string]int{"go": 20, "bash": 3, "curl": 5, "docker": 3, "provision": 8, "partnerctl": 20, "git": 2, "awk": 1} {
		assert.GreaterOrEqualf(t, seen[program], least, "commands found in %s", program)
	}
}

// requireGo requires that the targets of a go command exist.
func requireGo(t *testing.T, dir string, c doccmd.Command) {
	t.Helper()
	args := c.Args[1:]
	if args[0] == "run" && strings.Contains(args[1], "@") && !strings.HasPrefix(args[1], module+"/") {
		return // an external program, in a directory that is created for it
	}
	if args[0] == "-C" {
		dir, args = filepath.Join(dir, strings.TrimPrefix(args[1], "../partnerapi-go")), args[2:] // the clone beside a user's module
	}
	require.DirExists(t, dir, "%s: %s", c.File, c)
	switch verb := args[0]; verb {
	case "run":
		requireRun(t, dir, c, args[1:])
	case "test":
		requireTest(t, dir, c, args[1:])
	case "build", "generate", "install", "vet":
		require.DirExistsf(t, filepath.Join(dir, strings.TrimSuffix(args[len(args)-1], "...")), "%s: %s", c.File, c)
	case "mod":
		require.Regexpf(t, "^(tidy|edit -re(quire|place)="+module+"[@=].+)$", strings.Join(args[1:], " "), "%s: %s", c.File, c)
	case "get": // no version is tagged, so the documents only name it
		require.Lenf(t, args, 1, "%s: %s", c.File, c)
	case "doc":
		require.Equalf(t, module, args[len(args)-1], "%s: %s", c.File, c)
	default:
		require.Equalf(t, []string{"env", "GOPROXY"}, args, "%s: %s: unknown command", c.File, c)
	}
}

// requireRun requires that a program exists and accepts the flags: it parses them before -h.
func requireRun(t *testing.T, dir string, c doccmd.Command, args []string) {
	t.Helper()
	if inside, ours := strings.CutPrefix(args[0], module); ours { // in a user's module
		inside, _, _ = strings.Cut(inside, "@")
		dir, args = root, append([]string{"." + inside}, args[1:]...)
	}
	found, err := build.ImportDir(filepath.Join(dir, args[0]), 0)
	require.NoErrorf(t, err, "%s: %s", c.File, c)
	require.Equalf(t, "main", found.Name, "%s: %s", c.File, c)
	if len(args) > 1 {
		run := exec.CommandContext(t.Context(), "go", slices.Concat([]string{"run"}, args, []string{"-h"})...)
		run.Dir = dir
		out, err := run.CombinedOutput()
		require.NoErrorf(t, err, "%s: %s: %s", c.File, c, out)
	}
}

// requireTest requires that the flags are those of go test or of the tests, and that the selected tests exist.
func requireTest(t *testing.T, dir string, c doccmd.Command, args []string) {
	t.Helper()
	var packages, selected []string
	dirs := packagesOf(dir, args)
	for i := 0; i < len(args); i++ {
		name, value, joined := strings.Cut(strings.TrimPrefix(args[i], "-"), "=")
		switch known := flag.Lookup("test." + name); {
		case !strings.HasPrefix(args[i], "-"):
			packages = append(packages, strings.TrimSuffix(args[i], "..."))
		case name == "race" || known == nil && strings.Contains(testFiles(t, dirs), `flag.Bool("`+name+`"`):
		case known == nil:
			require.Failf(t, "unknown flag", "%s: %s: -%s", c.File, c, name)
		case !joined && known.DefValue != "false":
			i++
			value = args[i]
			fallthrough
		default:
			if name == "run" || name == "bench" {
				selected = append(selected, value)
			}
		}
	}
	for _, p := range packages {
		require.DirExistsf(t, filepath.Join(dir, p), "%s: %s", c.File, c)
	}
	for _, pattern := range selected {
		if pattern == "^$" {
			continue
		}
		pattern, _, _ = strings.Cut(pattern, "/") // the rest is of subtests
		assert.Truef(t, slices.ContainsFunc(testsIn(t, dirs), regexp.MustCompile(pattern).MatchString), "%s: %s: no %s", c.File, c, pattern)
	}
}

// packagesOf returns the directories of the packages that go test is given: the current one if there is none.
func packagesOf(dir string, args []string) (dirs []string) {
	for _, arg := range args {
		if strings.HasPrefix(arg, ".") {
			dirs = append(dirs, filepath.Join(dir, strings.TrimSuffix(arg, "...")))
		}
	}
	if dirs == nil {
		return []string{dir}
	}
	return dirs
}

// testsIn returns the names of the tests and benchmarks of packages.
func testsIn(t *testing.T, dirs []string) (names []string) {
	t.Helper()
	for _, match := range regexp.MustCompile(`(?m)^func ((?:Test|Benchmark)\w*)\(`).FindAllStringSubmatch(testFiles(t, dirs), -1) {
		names = append(names, match[1])
	}
	return names
}

// testFiles returns the text of the test files of packages.
func testFiles(t *testing.T, dirs []string) string {
	t.Helper()
	var all strings.Builder
	for _, dir := range dirs {
		files, err := filepath.Glob(filepath.Join(dir, "*_test.go"))
		require.NoError(t, err)
		for _, file := range files {
			text, err := os.ReadFile(file)
			require.NoError(t, err)
			all.Write(text)
		}
	}
	return all.String()
}
