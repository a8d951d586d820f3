package consumer

import (
	"cmp"
	"flag"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/tools/go/packages"
	"golang.org/x/tools/imports"
)

var update = flag.Bool("update", false, "write the listings in the folder api, and add new exports to the folder surface")

const howToUpdate = `If this change is intended, run
	go -C internal/consumer test . -run API -update
then describe it in CHANGELOG.md, fix by hand any line in internal/consumer/surface that no longer compiles, and commit both folders.`

// The public surface must not change by accident: the exports of a package equal its listing.
func TestAPIListing(t *testing.T) {
	t.Parallel()
	for name, path := range surfaces {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var exports []string
			for _, d := range exported(t, path) {
				exports = append(exports, d.line)
			}
			file := name + ".txt"
			if *update {
				require.NoError(t, os.WriteFile(filepath.Join("../../api", file), []byte(strings.Join(exports, "\n")+"\n"), 0o600))
			}
			text, err := fs.ReadFile(os.DirFS("../../api"), file)
			require.NoError(t, err)
			listed := strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
			if changes := diff(listed, exports); changes != "" {
				t.Errorf("package %s differs from its listing api/%s:\n%s\n%s", name, file, changes, howToUpdate)
			}
			assert.True(t, slices.IsSorted(listed), "api/%s is not sorted", file)
		})
	}
}

// diff returns removed lines with a minus, and new lines with a plus.
func diff(before, after []string) string {
	var changes strings.Builder
	for _, line := range before {
		if !slices.Contains(after, line) {
			changes.WriteString("- " + line + "\n")
		}
	}
	for _, line := range after {
		if !slices.Contains(before, line) {
			changes.WriteString("+ " + line + "\n")
		}
	}
	return changes.String()
}

// The folder surface names every export. -update adds new exports and changes no existing line: a line that no longer
// compiles stands for users' programs that no longer compile, so it is fixed by hand.
func TestAPIIsNamed(t *testing.T) {
	t.Parallel()
	for name, path := range surfaces {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			file := name + "_test.go"
			text, err := fs.ReadFile(os.DirFS("surface"), file)
			require.NoError(t, err)
			var wanted strings.Builder
			for _, d := range exported(t, path) {
				wanted.WriteString(d.pin() + "\n")
			}
			head, named := pinsOf(t, string(text))
			_, missing := pinsOf(t, "package surface\n\n"+wanted.String())
			maps.DeleteFunc(missing, func(subject, _ string) bool { return named[subject] != "" })
			if *update && len(missing) > 0 {
				maps.Copy(named, missing)
				source, err := imports.Process(filepath.Join("surface", file), []byte(head+"\n"+inOrder(named)), nil)
				require.NoError(t, err)
				require.NoError(t, os.WriteFile(filepath.Join("surface", file), source, 0o600))
				return
			}
			if len(missing) > 0 {
				t.Errorf("internal/consumer/surface/%s lacks:\n%s\n%s", file, inOrder(missing), howToUpdate)
			}
		})
	}
}

// typeArgs matches type arguments, which are removed to compare pins: int does not satisfy every constraint.
var typeArgs = regexp.MustCompile(`(\w)\[[^]]+]`)

// pinsOf splits the variable declarations from the end of a file, and returns them by the export that they name.
func pinsOf(t *testing.T, source string) (head string, pins map[string]string) {
	t.Helper()
	fset, end := token.NewFileSet(), len(source)
	file, err := parser.ParseFile(fset, "", source, 0)
	require.NoError(t, err)
	pins = make(map[string]string)
	for _, d := range file.Decls {
		vars, ok := d.(*ast.GenDecl)
		if !ok || vars.Tok != token.VAR {
			continue
		}
		from, to := fset.Position(d.Pos()).Offset, fset.Position(d.End()).Offset
		end = min(end, from)
		spec := vars.Specs[0].(*ast.ValueSpec)
		named := spec.Type
		if len(spec.Values) > 0 {
			named = spec.Values[0]
		}
		pins[typeArgs.ReplaceAllString(types.ExprString(named), "$1")] = source[from:to]
	}
	return source[:end], pins
}

// inOrder returns the text of pins, sorted by export.
func inOrder(pins map[string]string) string {
	var text strings.Builder
	bare := func(subject string) string { return strings.TrimLeft(subject, "(*") }
	for _, subject := range slices.SortedFunc(maps.Keys(pins), func(a, b string) int {
		return cmp.Or(strings.Compare(bare(a), bare(b)), strings.Compare(a, b))
	}) {
		text.WriteString(pins[subject] + "\n")
	}
	return text.String()
}

// Every package that users can import has a listing.
func TestEveryPackageHasAListing(t *testing.T) {
	t.Parallel()
	found, err := packages.Load(&packages.Config{Mode: packages.NeedName}, surfaces["partnerapi"]+"/...")
	require.NoError(t, err)
	var importable []string
	for _, p := range found {
		if p.Name != "main" && !strings.Contains(p.PkgPath, "/internal/") {
			importable = append(importable, p.PkgPath)
		}
	}
	assert.ElementsMatch(t, slices.Collect(maps.Values(surfaces)), importable)
}
