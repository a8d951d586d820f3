package partnerapi

import (
	"cmp"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// namesBetweenFiles returns, for each source file of this package, the files whose names it uses, with one such name each.
// Names are package-level declarations and methods. The types of Client, the services and settings are left out: they hold
// the package together.
func namesBetweenFiles(t *testing.T) map[string]map[string]string {
	t.Helper()
	fset := token.NewFileSet()
	paths, err := filepath.Glob("*.go")
	require.NoError(t, err)
	var files []*ast.File
	for _, path := range paths {
		if !strings.HasSuffix(path, "_test.go") {
			file, err := parser.ParseFile(fset, path, nil, parser.SkipObjectResolution)
			require.NoError(t, err)
			files = append(files, file)
		}
	}
	info := &types.Info{Uses: make(map[*ast.Ident]types.Object)}
	// Without imports, which would take long, the names of this package are resolved all the same.
	checked, _ := (&types.Config{Importer: noImports{}, Error: func(error) {}}).Check("partnerapi", fset, files, info)
	uses := make(map[string]map[string]string)
	for name, object := range info.Uses {
		if object.Pkg() != checked || !isNameOfFile(checked, object) {
			continue
		}
		from, to := fset.Position(name.Pos()).Filename, fset.Position(object.Pos()).Filename
		if from != to {
			if uses[from] == nil {
				uses[from] = make(map[string]string)
			}
			uses[from][to] = cmp.Or(min(uses[from][to], name.Name), name.Name)
		}
	}
	return uses
}

type noImports struct{}

func (noImports) Import(path string) (*types.Package, error) { return nil, errors.New(path) }

func isNameOfFile(pkg *types.Package, object types.Object) bool {
	if name, isType := object.(*types.TypeName); isType && (name.Name() == "Client" || name.Name() == "settings" || strings.HasSuffix(name.Name(), "Service")) {
		return false
	}
	if f, isFunc := object.(*types.Func); isFunc && f.Signature().Recv() != nil {
		return true
	}
	return object.Parent() == pkg.Scope()
}

// cycles returns the groups of files that use each other's names, directly or through others.
func cycles(uses map[string]map[string]string) (groups [][]string) {
	reaches := func(from, to string) bool {
		seen, next := map[string]bool{}, []string{from}
		for len(next) > 0 {
			file := next[0]
			next = next[1:]
			for used := range uses[file] {
				if used == to {
					return true
				}
				if !seen[used] {
					seen[used] = true
					next = append(next, used)
				}
			}
		}
		return false
	}
	done := map[string]bool{}
	for _, file := range slices.Sorted(maps.Keys(uses)) {
		if done[file] || !reaches(file, file) {
			continue
		}
		group := slices.DeleteFunc(slices.Sorted(maps.Keys(uses)), func(other string) bool { return !reaches(file, other) || !reaches(other, file) })
		for _, member := range group {
			done[member] = true
		}
		groups = append(groups, group)
	}
	return groups
}

// The limits are those of the design: a cycle that grows, or a pair too many, makes the code harder to follow.
func TestSourceFilesDependOneWay(t *testing.T) {
	t.Parallel()
	uses := namesBetweenFiles(t)
	for _, group := range cycles(uses) {
		assert.LessOrEqual(t, len(group), 5, "a cycle of files: %s", group)
		pipeline := slices.DeleteFunc(slices.Clone(group), func(file string) bool {
			return !slices.Contains([]string{"pipeline.go", "retry.go", "attempt.go", "credentials.go"}, file)
		})
		assert.LessOrEqual(t, len(pipeline), 1, "a cycle in the pipeline: %s", group)
	}
	var pairs []string
	for from, tos := range uses {
		for to, name := range tos {
			if back := uses[to][from]; back != "" && from < to {
				pairs = append(pairs, fmt.Sprintf("%s uses %s of %s, which uses %s", from, name, to, back))
			}
		}
	}
	assert.LessOrEqual(t, len(pairs), 6, strings.Join(pairs, "\n"))
}

// A test of the test: an edge that closes a cycle is found.
func TestCycles(t *testing.T) {
	t.Parallel()
	uses := map[string]map[string]string{"a": {"b": "B"}, "b": {"c": "C"}, "c": {}, "d": {"a": "A"}}
	assert.Empty(t, cycles(uses))
	uses["c"]["a"] = "A"
	assert.Equal(t, [][]string{{"a", "b", "c"}}, cycles(uses))
}
