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
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// apiOperation is an operation of an API.
type apiOperation struct{ op string }

// operations are all operations in the source files.
var operations = findOperations()

func findOperations() []apiOperation {
	names, err := filepath.Glob("*.go")
	if err != nil {
		panic(err)
	}
	found := make(map[string]bool)
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		fset := token.NewFileSet()
		file, err := parser.ParseFile(fset, name, nil, parser.SkipObjectResolution)
		if err != nil {
			panic(err)
		}
		ast.Inspect(file, func(node ast.Node) bool {
			if op, why := opOf(node); op != "" && why == "" {
				found[op] = true
			}
			return true
		})
	}
	var all []apiOperation
	for _, op := range slices.Sorted(maps.Keys(found)) {
		all = append(all, apiOperation{op})
	}
	return all
}

// withoutFixture are the operations of which no vendor shows a body.
var withoutFixture = map[string]string{
	"DELETE /account/network-invitations/{id}": "neither a request body nor a reply is documented",
	"POST /refresh": "the one body that is known whole, account.refresh-refused, is not of the document of accounts",
}

// longMethods do more than one operation, so they may have more than two statements. URL is not a call.
var longMethods = map[string]string{
	"Signup.URL":           "sends nothing: it takes a request apart",
	"Signup.Resolve":       "its success is a redirect",
	"Signup.Handler":       "is an http.Handler",
	"Subscriptions.Ensure": "is two calls",
	"Accounts.Login":       "returns a session besides the value",
	"Invitations.All":      "is many calls",
	"Networks.All":         "is many calls",
	"Networks.Delete":      "falls back to another path",
}

// slug is an operation as the first part of a file's name.
func slug(op string) string {
	return strings.Trim(regexp.MustCompile(`[^a-z0-9_]+`).ReplaceAllString(strings.ToLower(op), "-"), "-")
}

func TestSlug(t *testing.T) {
	t.Parallel()
	assert.Equal(t, "get-account", slug("GET /account"))
	assert.Equal(t, "delete-api-account-networks-child_account_id", slug("DELETE /api/account/networks/{child_account_id}"))
}

func TestSlugsDiffer(t *testing.T) {
	t.Parallel()
	slugs := make(map[string]bool)
	for _, o := range operations {
		slugs[slug(o.op)] = true
	}
	assert.Len(t, slugs, len(operations))
}

// source is a parsed source file.
type source struct {
	fset *token.FileSet
	ast  *ast.File
}

// parsed returns the files of a folder that are not tests.
func parsed(t *testing.T, folder string) []source {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(folder, "*.go"))
	require.NoError(t, err)
	var sources []source
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		fset := token.NewFileSet()
		file, err := parser.ParseFile(fset, name, nil, parser.ParseComments|parser.SkipObjectResolution)
		require.NoError(t, err)
		sources = append(sources, source{fset, file})
	}
	return sources
}

// opOf returns the operation of a Call literal, or why there is none. It must be a plain string, so that one grep finds
// all of it.
func opOf(node ast.Node) (op, why string) {
	literal, ok := node.(*ast.CompositeLit)
	if !ok {
		return "", ""
	}
	if name, ok := literal.Type.(*ast.Ident); !ok || name.Name != "Call" {
		return "", ""
	}
	for _, element := range literal.Elts {
		field, ok := element.(*ast.KeyValueExpr)
		if !ok {
			return "", "a Call without the names of its fields"
		}
		if key, ok := field.Key.(*ast.Ident); !ok || key.Name != "Op" {
			continue
		}
		value, ok := field.Value.(*ast.BasicLit)
		if !ok || value.Kind != token.STRING {
			return "", "Op is not a string literal"
		}
		op, err := strconv.Unquote(value.Value)
		if err != nil {
			return "", err.Error()
		}
		return op, ""
	}
	return "", "a Call without an Op"
}

func TestEveryOperationIsALiteral(t *testing.T) {
	t.Parallel()
	require.NotEmpty(t, operations)
	for _, file := range parsed(t, ".") {
		ast.Inspect(file.ast, func(node ast.Node) bool {
			if node == nil {
				return true
			}
			_, why := opOf(node)
			assert.Empty(t, why, file.fset.Position(node.Pos()))
			if set, ok := node.(*ast.AssignStmt); ok {
				for _, left := range set.Lhs {
					field, ok := left.(*ast.SelectorExpr)
					if !ok || field.Sel.Name != "Op" {
						continue
					}
					if of, ok := field.X.(*ast.Ident); ok {
						assert.NotEqual(t, "call", of.Name, "%s: Op is set later", file.fset.Position(set.Pos()))
					}
				}
			}
			return true
		})
	}
}

// method is a method of a service.
type method struct {
	doc  string
	at   token.Position
	ops  []string // of it, and of what it calls
	size int      // in statements
}

// methodsOf returns the exported methods of all services, by names such as "Accounts.Get".
func methodsOf(t *testing.T, sources []source) map[string]method {
	t.Helper()
	type function struct {
		decl *ast.FuncDecl
		fset *token.FileSet
	}
	functions := make(map[string]function)
	for _, file := range sources {
		for _, decl := range file.ast.Decls {
			if f, ok := decl.(*ast.FuncDecl); ok {
				functions[serviceOf(f)+"."+f.Name.Name] = function{f, file.fset}
			}
		}
	}
	var opsOf func(name string, seen map[string]bool) []string
	opsOf = func(name string, seen map[string]bool) []string {
		f, known := functions[name]
		if !known || seen[name] {
			return nil
		}
		seen[name] = true
		var ops []string
		ast.Inspect(f.decl.Body, func(node ast.Node) bool {
			if op, _ := opOf(node); op != "" {
				ops = append(ops, op)
			}
			call, ok := node.(*ast.CallExpr)
			if !ok {
				return true
			}
			switch callee := call.Fun.(type) {
			case *ast.Ident:
				ops = append(ops, opsOf("."+callee.Name, seen)...)
			case *ast.SelectorExpr:
				if on, ok := callee.X.(*ast.Ident); ok && on.Name == "s" {
					ops = append(ops, opsOf(serviceOf(f.decl)+"."+callee.Sel.Name, seen)...)
				}
			}
			return true
		})
		return ops
	}
	methods := make(map[string]method)
	for name, f := range functions {
		if serviceOf(f.decl) == "" || !f.decl.Name.IsExported() {
			continue
		}
		ops := opsOf(name, make(map[string]bool))
		slices.Sort(ops)
		methods[name] = method{f.decl.Doc.Text(), f.fset.Position(f.decl.Pos()), slices.Compact(ops), statements(f.decl.Body)}
	}
	return methods
}

// serviceOf returns the field of Client for the type that f is a method of, or nothing.
func serviceOf(f *ast.FuncDecl) string {
	if f.Recv == nil {
		return ""
	}
	star, ok := f.Recv.List[0].Type.(*ast.StarExpr)
	if !ok {
		return ""
	}
	name, ok := star.X.(*ast.Ident)
	if !ok || !strings.HasSuffix(name.Name, "Service") {
		return ""
	}
	return strings.TrimSuffix(name.Name, "Service")
}

func statements(body *ast.BlockStmt) (n int) {
	ast.Inspect(body, func(node ast.Node) bool {
		if _, ok := node.(ast.Stmt); ok {
			n++
		}
		if _, ok := node.(*ast.BlockStmt); ok {
			n--
		}
		return true
	})
	return n
}

func TestCommentsOfMethodsNameTheirOperations(t *testing.T) {
	t.Parallel()
	operation := regexp.MustCompile(`\b(?:GET|POST|PUT|DELETE) /[^\s,]+`)
	for name, m := range methodsOf(t, parsed(t, ".")) {
		lines := strings.Split(strings.TrimSpace(m.doc), "\n")
		said := operation.FindAllString(lines[len(lines)-1], -1)
		assert.NotEmpty(t, m.ops, "%s: %s has no operation", m.at, name)
		assert.ElementsMatch(t, m.ops, said, "%s: the comment of %s does not end with the operations that it uses", m.at, name)
	}
}

func TestMethodsAreStatementsOfAnOperation(t *testing.T) {
	t.Parallel()
	for name, m := range methodsOf(t, parsed(t, ".")) {
		if why := longMethods[name]; why == "" {
			assert.LessOrEqual(t, m.size, 2, "%s: %s has too many statements", m.at, name)
		}
	}
}

func TestFunctionsAreShort(t *testing.T) {
	t.Parallel()
	for _, file := range append(parsed(t, "."), parsed(t, "partnertest")...) {
		for _, decl := range file.ast.Decls {
			if f, ok := decl.(*ast.FuncDecl); ok {
				lines := file.fset.Position(f.End()).Line - file.fset.Position(f.Pos()).Line + 1
				assert.LessOrEqual(t, lines, 50, "%s: %s is too long", file.fset.Position(f.Pos()), f.Name.Name)
			}
		}
	}
}

func TestEveryOperationIsInTheReadme(t *testing.T) {
	t.Parallel()
	readme, err := os.ReadFile("README.md")
	require.NoError(t, err)
	rows := make(map[string]string)
	for _, o := range operations {
		found := regexp.MustCompile("(?m)^\\|.*`"+regexp.QuoteMeta(o.op)+"`.*\\|$").FindAllString(string(readme), -1)
		if assert.Len(t, found, 1, "rows of %s", o.op) {
			rows[o.op] = found[0]
		}
	}
	for name, m := range methodsOf(t, parsed(t, ".")) {
		assert.True(t, slices.ContainsFunc(m.ops, func(op string) bool { return strings.Contains(rows[op], "`"+name+"`") }),
			"no row of an operation of %s names it", name)
	}
}

func TestEveryOperationIsInTheFake(t *testing.T) {
	t.Parallel()
	found := make(map[string]bool)
	for _, file := range parsed(t, "partnertest") {
		ast.Inspect(file.ast, func(node ast.Node) bool {
			if literal, ok := node.(*ast.BasicLit); ok && literal.Kind == token.STRING {
				text, err := strconv.Unquote(literal.Value)
				require.NoError(t, err)
				found[text] = true
			}
			return true
		})
	}
	for _, o := range operations {
		assert.True(t, found[o.op], "no string literal %q in partnertest", o.op)
	}
}

// The tests of internal/acceptance write both.
func TestEveryOperationIsGoldenAndUnderFaults(t *testing.T) {
	t.Parallel()
	table, err := os.ReadFile(filepath.Join("testdata", "faults.md"))
	require.NoError(t, err)
	for _, o := range operations {
		assert.Contains(t, string(table), "- `"+o.op+"`: ")
		assert.FileExists(t, filepath.Join("testdata", "golden", slug(o.op)+".http"))
	}
}

// A test file belongs to a source file and bears its name.
func TestEveryTestFileHasItsSource(t *testing.T) {
	t.Parallel()
	names, err := filepath.Glob("*_test.go")
	require.NoError(t, err)
	exceptions := []string{
		"architecture_test.go", "helpers_test.go",
	}
	for _, name := range names {
		if slices.Contains(exceptions, name) || strings.HasPrefix(name, "example_") {
			continue
		}
		assert.FileExists(t, strings.TrimSuffix(name, "_test.go")+".go")
	}
}

func TestEveryOperationHasFixtures(t *testing.T) {
	t.Parallel()
	for _, o := range operations {
		names, err := filepath.Glob(filepath.Join("testdata", slug(o.op)+".*.json"))
		require.NoError(t, err)
		if withoutFixture[o.op] == "" {
			assert.NotEmpty(t, names, "no fixture of %s", o.op)
		} else {
			assert.Empty(t, names, "%s has a fixture after all", o.op)
		}
	}
}

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
