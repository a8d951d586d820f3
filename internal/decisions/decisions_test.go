package decisions_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/partnerapi/partnerapi-go/internal/decisions"
)

func TestIDsAreInOrder(t *testing.T) {
	t.Parallel()
	var ids, letters []string
	next := make(map[string]int)
	for _, d := range decisions.All() {
		letter := d.ID[:1]
		if next[letter]++; next[letter] == 1 {
			letters = append(letters, letter)
		}
		ids = append(ids, fmt.Sprintf("%s%02d", letter, next[letter]))
		assert.Equal(t, ids[len(ids)-1], d.ID)
	}
	assert.Equal(t, []string{"P", "A", "N", "S"}, letters)
}

func TestByID(t *testing.T) {
	t.Parallel()
	d, known := decisions.ByID("N01")
	assert.True(t, known)
	assert.Equal(t, "What is the path of a network's deletion?", d.Question)
	_, known = decisions.ByID("N00")
	assert.False(t, known)
}

func TestDecisionsAreComplete(t *testing.T) {
	t.Parallel()
	questions := make(map[string]string)
	for _, d := range decisions.All() {
		assert.Regexp(t, `^[A-Z].*\?$`, d.Question, d.ID)
		for _, text := range []string{d.Documents, d.Decided, d.Probe} {
			assert.Regexp(t, "^[A-Z0-9`].*[.`]$", text, d.ID)
		}
		assert.Regexp(t, "^[a-z`].*[^. ]$", d.Matters, d.ID)
		for _, text := range []string{d.Question, d.Documents, d.Decided, d.Matters, d.Probe} {
			assert.NotContains(t, text, "  ", d.ID)
			assert.Zero(t, strings.Count(text, "`")%2, "%s: a backtick without its pair: %s", d.ID, text)
		}
		assert.Contains(t, []decisions.By{decisions.BySDK, decisions.ByFake, decisions.ByBoth}, d.By, d.ID)
		key := d.ID[:1] + d.Question
		assert.Empty(t, questions[key], "%s asks what another decision asks", d.ID)
		questions[key] = d.ID
	}
}

// README lists each operation and each method.
func TestOperationsAndMethodsExist(t *testing.T) {
	t.Parallel()
	readme, err := os.ReadFile("../../README.md")
	require.NoError(t, err)
	name := regexp.MustCompile("`((?:GET|POST|PUT|DELETE) /[^`]+|(?:Signup|Subscriptions|Accounts|Networks|Invitations|AppSessions)\\.[A-Z][A-Za-z]+)`")
	for _, d := range decisions.All() {
		for _, found := range name.FindAllStringSubmatch(strings.Join([]string{d.Documents, d.Decided, d.Matters, d.Probe}, " "), -1) {
			assert.Contains(t, string(readme), found[1], d.ID)
		}
	}
}

func TestReferencesExist(t *testing.T) {
	t.Parallel()
	for _, d := range decisions.All() {
		for _, id := range regexp.MustCompile(`\b[PANS]\d\d\b`).FindAllString(strings.Join([]string{d.Documents, d.Decided, d.Matters, d.Probe}, " "), -1) {
			_, known := decisions.ByID(id)
			assert.True(t, known, "%s refers to %s", d.ID, id)
		}
	}
}

// The code and the ledger name the same decisions, each where it takes effect.
func TestCodeRefersToDecisions(t *testing.T) {
	t.Parallel()
	const root = "../.."
	used := make(map[string]decisions.By)
	files := 0
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir():
			return skipped(root, path)
		case filepath.Ext(path) != ".go" || strings.HasSuffix(path, "_test.go"):
			return nil
		}
		files++
		by := decisions.BySDK
		if under, _ := filepath.Rel(root, path); strings.HasPrefix(filepath.ToSlash(under), "partnertest/") {
			by = decisions.ByFake
		}
		ids, wrong := idsIn(t, path)
		assert.Empty(t, wrong, "%s: not of the form \"ours P07\" or \"ours P07, N01: text\"", path)
		for _, id := range ids {
			_, known := decisions.ByID(id)
			assert.True(t, known, "%s: the ledger has no %s", path, id)
			used[id] |= by
		}
		return nil
	})
	require.NoError(t, err)
	assert.Greater(t, files, 50)
	for _, d := range decisions.All() {
		assert.Equal(t, d.By, used[d.ID], "%s is of %s, and the code has it in %s", d.ID, d.By, used[d.ID])
	}
}

// skipped leaves out what is not code of this module, and the ledger itself.
func skipped(root, dir string) error {
	if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil && dir != root {
		return fs.SkipDir
	}
	if name := filepath.Base(dir); name == ".git" || name == "testdata" || name == "decisions" {
		return fs.SkipDir
	}
	return nil
}

// idsIn returns the IDs that the comments of a file refer to, and the comments marked as ours in another form.
func idsIn(t *testing.T, path string) (ids, wrong []string) {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ParseComments|parser.SkipObjectResolution)
	require.NoError(t, err)
	for _, group := range file.Comments {
		more, odd := idsOf(group)
		ids, wrong = append(ids, more...), append(wrong, odd...)
	}
	return ids, wrong
}

var (
	marked = regexp.MustCompile(`^ours\b|\bours ?[:(]|\bours [A-Z]+\d`)
	mark   = regexp.MustCompile(`^ours ([A-Z]\d\d(?:, [A-Z]\d\d)*)(?:: \S.*)?$`)
)

func idsOf(group *ast.CommentGroup) (ids, wrong []string) {
	for line := range strings.Lines(group.Text()) {
		line = strings.TrimSpace(line)
		if !marked.MatchString(line) {
			continue
		}
		found := mark.FindStringSubmatch(line)
		if found == nil {
			wrong = append(wrong, line)
			continue
		}
		ids = append(ids, strings.Split(found[1], ", ")...)
	}
	return ids, wrong
}

func TestIDsOf(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		comment string
		ids     []string
		wrong   []string
	}{
		"no mark":     {"// a page of ours, and no other", nil, nil},
		"an ID":       {"// ours P07", []string{"P07"}, nil},
		"with a text": {"// ours P07: no plan", []string{"P07"}, nil},
		"several":     {"// ours P07, S01: no plan", []string{"P07", "S01"}, nil},
		"second line": {"// f returns nothing.\n// ours N12", []string{"N12"}, nil},
		"no ID":       {"// ours: no plan", nil, []string{"ours: no plan"}},
		"no ID later": {"// no plan, ours: none", nil, []string{"no plan, ours: none"}},
		"short":       {"// ours P7", nil, []string{"ours P7"}},
		"no colon":    {"// ours P07 no plan", nil, []string{"ours P07 no plan"}},
		"in brackets": {"// ours(P07)", nil, []string{"ours(P07)"}},
		"late":        {"// no plan; ours P07", nil, []string{"no plan; ours P07"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			file, err := parser.ParseFile(token.NewFileSet(), "", "package p\n\n"+test.comment+"\n", parser.ParseComments)
			require.NoError(t, err)
			require.Len(t, file.Comments, 1)
			ids, wrong := idsOf(file.Comments[0])
			assert.Equal(t, test.ids, ids)
			assert.Equal(t, test.wrong, wrong)
		})
	}
}

func TestWords(t *testing.T) {
	t.Parallel()
	assert.Equal(t, "the SDK, the fake, the SDK and the fake", fmt.Sprintf("%s, %s, %s", decisions.BySDK, decisions.ByFake, decisions.ByBoth))
	assert.Equal(t, "not by a probe, read-only, reversible, irreversible",
		fmt.Sprintf("%s, %s, %s, %s", decisions.HowNone, decisions.ReadOnly, decisions.Reversible, decisions.Irreversible))
}
