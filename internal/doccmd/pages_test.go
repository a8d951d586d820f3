package doccmd_test

import (
	"bytes"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"io/fs"
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

var (
	fenced  = regexp.MustCompile("(?ms)^ *```[^\n]*\n.*?^ *```$")
	heading = regexp.MustCompile(`(?m)^#+ (.+)$`)
	link    = regexp.MustCompile(`\]\(([^()\s]+)\)`)
	goBlock = regexp.MustCompile("(?ms)^```go\n(.*?)^```$")
)

func page(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, file))
	require.NoError(t, err)
	return string(text)
}

// pages returns README and the pages of docs, by name.
func pages(t *testing.T) map[string]string {
	t.Helper()
	all := map[string]string{"README.md": page(t, "README.md")}
	for _, file := range doccmd.Files(t, root) {
		if filepath.Dir(file) == "docs" {
			all[filepath.ToSlash(file)] = page(t, file)
		}
	}
	return all
}

func TestREADMEIsShort(t *testing.T) {
	t.Parallel()
	assert.LessOrEqual(t, len(page(t, "README.md")), 10*1024, "move what is long to docs")
}

// The table of operations is the only place that tells how many there are.
func TestNoNumberOfOperations(t *testing.T) {
	t.Parallel()
	number := regexp.MustCompile(`(?i)\b(\d+|[a-z]*(two|three|four|five|six|seven|eight|nine|ten|twenty|thirty))( \w+)? operations\b`)
	for name, text := range pages(t) {
		assert.Empty(t, number.FindAllString(text, -1), name)
	}
}

// anchors returns the anchors that GitHub makes of the headings of a text.
func anchors(text string) (all []string) {
	dropped := regexp.MustCompile(`[^\p{L}\p{N} _-]`)
	for _, match := range heading.FindAllStringSubmatch(fenced.ReplaceAllString(text, ""), -1) {
		all = append(all, strings.ReplaceAll(dropped.ReplaceAllString(strings.ToLower(match[1]), ""), " ", "-"))
	}
	return all
}

func TestAnchors(t *testing.T) {
	t.Parallel()
	text := "# A title\n\n```sh\n# no title\n```\n\n## Faults, and `go.Fail`\n"
	assert.Equal(t, []string{"a-title", "faults-and-gofail"}, anchors(text))
}

func TestRelativeLinks(t *testing.T) {
	t.Parallel()
	found := 0
	for _, file := range doccmd.Files(t, root) {
		for _, match := range link.FindAllStringSubmatch(fenced.ReplaceAllString(page(t, file), ""), -1) {
			if strings.Contains(match[1], "://") {
				continue
			}
			found++
			path, anchor, named := strings.Cut(match[1], "#")
			target := file
			if path != "" {
				target = filepath.Join(filepath.Dir(file), path)
			}
			_, err := os.Stat(filepath.Join(root, target))
			if assert.NoError(t, err, "%s: %s", file, match[1]) && named {
				assert.Contains(t, anchors(page(t, target)), anchor, "%s: %s", file, match[1])
			}
		}
	}
	assert.Greater(t, found, 40)
}

// Every page of docs is linked from README.
func TestREADMELinksEveryPage(t *testing.T) {
	t.Parallel()
	readme := page(t, "README.md")
	for name := range pages(t) {
		if name != "README.md" {
			assert.Contains(t, readme, "]("+name+")")
		}
	}
}

// docs/errors.md has the order of HTTPStatus as its documentation does.
func TestStatusesAreDocumented(t *testing.T) {
	t.Parallel()
	_, comment, found := strings.Cut(page(t, "errors.go"), "// HTTPStatus returns")
	require.True(t, found)
	comment, _, _ = strings.Cut(comment, "\nfunc ")
	_, table, found := strings.Cut(page(t, "docs/errors.md"), "| error | status |\n")
	require.True(t, found)
	table, _, _ = strings.Cut(table, "\n\n")
	var want, got []string
	word := regexp.MustCompile(`Err[A-Z]\w+|ArgumentError`)
	for _, line := range regexp.MustCompile(`(?m)^//\t(\d{3})  (.*)$`).FindAllStringSubmatch(comment, -1) {
		want = append(want, line[1]+" "+strings.Join(word.FindAllString(line[2], -1), " "))
	}
	for _, row := range regexp.MustCompile(`(?m)^\| (.*) \| (\d{3})`).FindAllStringSubmatch(table, -1) {
		got = append(got, row[2]+" "+strings.Join(word.FindAllString(row[1], -1), " "))
	}
	assert.Len(t, want, 14)
	assert.Equal(t, want, got)
}

// README and docs/errors.md have a row for every kind of error, docs/telemetry.md one for every field of an Attempt.
func TestTablesAreComplete(t *testing.T) {
	t.Parallel()
	surface := page(t, "api/partnerapi.txt")
	rows := func(pattern string, files ...string) {
		matches := regexp.MustCompile(pattern).FindAllStringSubmatch(surface, -1)
		assert.NotEmpty(t, matches, pattern)
		for _, match := range matches {
			for _, file := range files {
				assert.Regexp(t, "(?m)^\\|.*`"+match[1]+"` \\|", page(t, file), file)
			}
		}
	}
	rows(`(?m)^var (Err\w+) error$`, "README.md", "docs/errors.md")
	rows(`(?m)^type Attempt struct, (\w+) \S+$`, "docs/telemetry.md")
}

// around is what the snippets in the pages are part of.
const around = `
type saver interface{ Save(context.Context, string, partnerapi.Tokens) error }

func snippet(ctx context.Context, client *partnerapi.Client, fake *partnertest.Fake, tokens partnerapi.Tokens, store saver,
	w http.ResponseWriter, err error, token, appKey, username, password, userID string) error {
`

// Every Go block is part of a Go file that is there, or compiles: as a file, or as statements in a function.
func TestGoBlocksCompile(t *testing.T) {
	t.Parallel()
	sources := goFiles(t)
	check := typeChecker(t)
	found := 0
	for name, text := range pages(t) {
		for _, match := range goBlock.FindAllStringSubmatch(text, -1) {
			found++
			if strings.Contains(sources, match[1]) {
				continue
			}
			program := match[1]
			if !strings.Contains(program, "package main\n") {
				program = "package p\n\nimport (\n\t\"context\"\n\t\"encoding/json\"\n\t\"errors\"\n\t\"fmt\"\n\t\"log\"\n\t\"log/slog\"\n\t\"net/http\"\n\t\"os\"\n\t\"slices\"\n\t\"time\"\n\n\t\"" + module + "\"\n\t\"" +
					module + "/partnertest\"\n)\n" + around + program + "\nreturn err\n}\n"
			}
			require.NoError(t, check(program), "%s:\n%s", name, match[1])
		}
	}
	assert.Greater(t, found, 6)
}

// goFiles returns the text of all Go files of the repository.
func goFiles(t *testing.T) string {
	t.Helper()
	var all strings.Builder
	repository := os.DirFS(root)
	require.NoError(t, fs.WalkDir(repository, ".", func(path string, _ fs.DirEntry, err error) error {
		if err != nil || filepath.Ext(path) != ".go" {
			return err
		}
		text, err := fs.ReadFile(repository, path)
		all.Write(text)
		return err
	}))
	return all.String()
}

// typeChecker returns a function that checks the types of a Go file. A variable or an import that is not used is allowed.
func typeChecker(t *testing.T) func(program string) error {
	t.Helper()
	list := exec.CommandContext(t.Context(), "go", "list", "-export", "-deps", "-f", "{{.ImportPath}}={{.Export}}", "./partnertest", "log", "os")
	list.Dir = root
	list.Stderr = os.Stderr
	out, err := list.Output()
	require.NoError(t, err)
	fset := token.NewFileSet()
	imports := importer.ForCompiler(fset, "gc", func(path string) (io.ReadCloser, error) {
		_, rest, _ := strings.Cut("\n"+string(out), "\n"+path+"=")
		exported, _, _ := strings.Cut(rest, "\n")
		return os.Open(exported)
	})
	return func(program string) (failed error) {
		file, err := parser.ParseFile(fset, "page.go", program, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		config := types.Config{Importer: imports, Error: func(err error) {
			if problem, ok := err.(types.Error); failed == nil && (!ok || !problem.Soft) { //nolint:errorlint // as go/types documents it
				failed = err
			}
		}}
		_, _ = config.Check("page", fset, []*ast.File{file}, nil)
		return failed
	}
}

// The three lines of README make the module usable in an empty module beside a clone.
func TestModuleWithoutATag(t *testing.T) {
	t.Parallel()
	lines := regexp.MustCompile(`(?m)^go mod .*$`).FindAllString(page(t, "README.md"), -1)
	require.Len(t, lines, 3)
	assert.Regexp(t, "^go mod tidy\\b", lines[2])
	clone, err := filepath.Abs(root)
	require.NoError(t, err)
	dir := t.TempDir()
	program := page(t, "examples/quickstart/main.go")
	sums := page(t, "go.sum")
	require.NoError(t, os.WriteFile(filepath.Join(dir, "go.mod"), []byte("module example.com/mine\n\ngo 1.26.0\n"), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "go.sum"), []byte(sums), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "main.go"), []byte(program), 0o600))
	// go mod tidy would download the modules of our dependencies' tests too. Go run adds what the program needs.
	commands := append(slices.Clone(lines[:2]), "go run -mod=mod .")
	for _, command := range commands {
		words := strings.Fields(strings.Replace(command, "../partnerapi-go", clone, 1))
		run := exec.CommandContext(t.Context(), words[0], words[1:]...)
		run.Dir = dir
		run.Env = append(os.Environ(), "GOWORK=off")
		var errs bytes.Buffer
		run.Stderr = &errs
		out, err := run.Output()
		require.NoErrorf(t, err, "%s: %s", command, errs.String())
		if command == "go run -mod=mod ." {
			assert.Contains(t, string(out), "known already: true")
		}
	}
}

// Every row of the traps names a test that is there, and every test that is named for a trap has a row.
func TestEveryTrapHasATest(t *testing.T) {
	t.Parallel()
	sources, traps := goFiles(t), page(t, "testdata/TRAPS.md")
	name := regexp.MustCompile("`((?:Test|Fuzz)\\w+)`")
	for row := range strings.Lines(traps) {
		if !strings.HasPrefix(row, "| ") || strings.HasPrefix(row, "| trap ") || strings.HasPrefix(row, "| --- ") {
			continue
		}
		guards := name.FindAllStringSubmatch(row, -1)
		assert.NotEmpty(t, guards, row)
		for _, guard := range guards {
			assert.Contains(t, sources, "\nfunc "+guard[1]+"(", row)
		}
	}
	for _, match := range regexp.MustCompile(`\nfunc (TestTrap[A-Z]\w*)\(`).FindAllStringSubmatch(sources, -1) {
		assert.Contains(t, traps, "`"+match[1]+"`")
	}
}
