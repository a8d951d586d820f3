package partnerapi

import (
	"context"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"io/fs"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// operations is the table of API.md: every operation, with the methods that use it, and the one that sessions use.
var operations = []struct {
	op      string
	methods []string
}{
	{"GET /partners/signup", []string{"Signup.URL", "Signup.Resolve", "Signup.Handler"}},
	{"POST /partners/subscriptions", []string{"Subscriptions.Create"}},
	{"PUT /partners/subscriptions/{pk}", []string{"Subscriptions.Update"}},
	{"DELETE /partners/subscriptions/{pk}", []string{"Subscriptions.Cancel"}},
	{"DELETE /partners/subscriptions", []string{"Subscriptions.CancelLegacy"}},
	{"GET /account", []string{"Accounts.Get"}},
	{"GET /account/status", []string{"Accounts.Status"}},
	{"POST /accounts", []string{"Accounts.Create"}},
	{"POST /account", []string{"Accounts.Update"}},
	{"GET /account/benefits", []string{"Accounts.Benefits"}},
	{"POST /login", []string{"Accounts.Login"}},
	{"GET /logout", []string{"Accounts.Logout"}},
	{"POST /refresh", nil},
	{"GET /account/search", []string{"Accounts.Search"}},
	{"GET /account/network-domains", []string{"Networks.Domains"}},
	{"POST /account/network-invitations", []string{"Invitations.Create"}},
	{"POST /account/network-invitations/{token}", []string{"Invitations.Activate"}},
	{"GET /account/network-invitations", []string{"Invitations.List", "Invitations.All"}},
	{"POST /account/network-invitations/{id}", []string{"Invitations.Update"}},
	{"DELETE /account/network-invitations/{id}", []string{"Invitations.Delete"}},
	{"GET /account/networks/{child_account_id}", []string{"Networks.Get"}},
	{"GET /account/networks", []string{"Networks.List", "Networks.All"}},
	{"POST /account/networks/{child_account_id}", []string{"Networks.Update"}},
	{"DELETE /api/account/networks/{child_account_id}", []string{"Networks.Delete"}},
	{"GET /app/session", []string{"AppSessions.Start", "AppSessions.Current"}},
	{"POST /app/login", []string{"AppSessions.Login"}},
	{"POST /app/login-account", []string{"AppSessions.SelectAccount"}},
	{"GET /app/logout", []string{"AppSessions.Logout"}},
}

// withoutFixture are the operations of which no vendor shows a body.
var withoutFixture = map[string]string{
	"DELETE /account/network-invitations/{id}": "neither a request body nor a reply is documented",
	"POST /refresh": "the one body that is known whole, account.refresh-refused, is not of the document of accounts",
}

// ofSeveral are the methods that use more than one operation, or an operation that is another method's.
var ofSeveral = map[string][]string{
	"Subscriptions.Ensure": {"POST /partners/subscriptions", "PUT /partners/subscriptions/{pk}"},
}

// longMethods are the methods that DESIGN.md allows more than two statements, and URL, which is not a call.
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

func TestThereAre28Operations(t *testing.T) {
	t.Parallel()
	slugs := make(map[string]bool)
	for _, o := range operations {
		slugs[slug(o.op)] = true
	}
	assert.Len(t, slugs, 28)
}

// source is a parsed source file.
type source struct {
	name string
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
		sources = append(sources, source{name, fset, file})
	}
	return sources
}

// opOf returns the operation of a Call literal. It must be a plain string, so that one grep finds all of it.
func opOf(t *testing.T, fset *token.FileSet, node ast.Node) (op string, ok bool) {
	t.Helper()
	literal, ok := node.(*ast.CompositeLit)
	if !ok {
		return "", false
	}
	if name, ok := literal.Type.(*ast.Ident); !ok || name.Name != "Call" {
		return "", false
	}
	at := fset.Position(literal.Pos())
	for _, element := range literal.Elts {
		field, ok := element.(*ast.KeyValueExpr)
		require.True(t, ok, "%s: a Call without the names of its fields", at)
		if key, ok := field.Key.(*ast.Ident); !ok || key.Name != "Op" {
			continue
		}
		value, ok := field.Value.(*ast.BasicLit)
		require.True(t, ok && value.Kind == token.STRING, "%s: Op is not a string literal", at)
		op, err := strconv.Unquote(value.Value)
		require.NoError(t, err)
		return op, true
	}
	require.Fail(t, "a Call without an Op", at.String())
	return "", false
}

func TestEveryOperationIsALiteral(t *testing.T) {
	t.Parallel()
	var want []string
	for _, o := range operations {
		want = append(want, o.op)
	}
	found := make(map[string]bool)
	for _, file := range parsed(t, ".") {
		ast.Inspect(file.ast, func(node ast.Node) bool {
			if op, ok := opOf(t, file.fset, node); ok {
				found[op] = true
			}
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
	assert.ElementsMatch(t, want, slices.Collect(maps.Keys(found)))
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
			if op, ok := opOf(t, f.fset, node); ok {
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

func TestEveryMethodDoesWhatItsCommentSays(t *testing.T) {
	t.Parallel()
	want := maps.Clone(ofSeveral)
	for _, o := range operations {
		for _, name := range o.methods {
			want[name] = []string{o.op}
		}
	}
	methods := methodsOf(t, parsed(t, "."))
	assert.ElementsMatch(t, slices.Collect(maps.Keys(want)), slices.Collect(maps.Keys(methods)))
	operation := regexp.MustCompile(`\b(?:GET|POST|PUT|DELETE) /[^\s,]+`)
	for name, m := range methods {
		lines := strings.Split(strings.TrimSpace(m.doc), "\n")
		said := operation.FindAllString(lines[len(lines)-1], -1)
		assert.Equal(t, want[name], m.ops, "%s: %s uses another operation", m.at, name)
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
	for _, o := range operations {
		rows := regexp.MustCompile("(?m)^\\|.*`"+regexp.QuoteMeta(o.op)+"`.*\\|$").FindAllString(string(readme), -1)
		if !assert.Len(t, rows, 1, "rows of %s", o.op) {
			continue
		}
		for _, name := range o.methods {
			assert.Contains(t, rows[0], "`"+name+"`")
		}
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

func TestEveryOperationIsUnderFaults(t *testing.T) {
	t.Parallel()
	table, err := os.ReadFile(filepath.Join("testdata", "faults.md"))
	require.NoError(t, err)
	for _, o := range operations {
		assert.Contains(t, string(table), "- `"+o.op+"`: ")
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

// replies and requests are the tables of the services, by fixture.
var (
	replies  = []map[string]replyTest{signupReplies, subscriptionReplies, accountReplies, networkReplies, invitationReplies, appSessionReplies}
	requests = []map[string]requestTest{subscriptionRequests, accountRequests, networkRequests, invitationRequests, appSessionRequests}
)

func TestEveryFixtureIsUsed(t *testing.T) {
	t.Parallel()
	var used, there []string
	for _, table := range replies {
		used = slices.AppendSeq(used, maps.Keys(table))
	}
	for _, table := range requests {
		used = slices.AppendSeq(used, maps.Keys(table))
	}
	names, err := filepath.Glob(filepath.Join("testdata", "*.json"))
	require.NoError(t, err)
	for _, name := range names {
		there = append(there, strings.TrimSuffix(filepath.Base(name), ".json"))
	}
	assert.ElementsMatch(t, there, used)
}

// replyTest is a documented reply and what a method makes of it.
type replyTest struct {
	status int
	header []string
	call   func(context.Context, *Client) (any, error)
	want   any      // the value, spelled after the document
	kinds  []error  // or the kinds of the failure, and no others
	says   []string // what the failure says
	what   string   // its type
}

// requestTest makes the call that a documented request body belongs to.
type requestTest func(context.Context, *Client) error

func runReplies(t *testing.T, tests map[string]replyTest) {
	t.Helper()
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			body := fixture(t, name)
			client := newTestClient(t, roundTripFunc(func(*http.Request) (*http.Response, error) {
				return reply(test.status, body, test.header...), nil
			}))
			got, err := test.call(t.Context(), client)
			if test.kinds == nil {
				require.NoError(t, err)
				assert.Equal(t, unsealed(test.want), unsealed(got))
				return
			}
			assertKinds(t, err, test.kinds...)
			var failed *Error
			require.ErrorAs(t, err, &failed)
			assert.Equal(t, test.says, failed.Messages)
			assert.Equal(t, test.what, failed.Type)
			assert.Equal(t, test.status, failed.StatusCode)
			assert.Equal(t, body, string(failed.Body))
			assert.Zero(t, got)
		})
	}
}

func runRequests(t *testing.T, tests map[string]requestTest) {
	t.Helper()
	for name, call := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			log := newTranscript(teapot)
			_ = call(t.Context(), newTestClient(t, log)) // refused by the teapot
			if assert.Len(t, log.bodies, 1) {
				assert.JSONEq(t, fixture(t, name), log.bodies[0])
			}
		})
	}
}

func fixture(t testing.TB, name string) string {
	t.Helper()
	body, err := fs.ReadFile(os.DirFS("testdata"), name+".json")
	require.NoError(t, err)
	return string(body)
}

// assertKinds asserts that err is of all these kinds and of no others.
func assertKinds(t *testing.T, err error, want ...error) {
	t.Helper()
	require.Error(t, err)
	for _, kind := range []error{
		ErrInvalid, ErrUnauthorized, ErrForbidden, ErrNotFound, ErrAlreadyExists, ErrNotLoggedIn, ErrRateLimited, ErrServer,
		ErrNoCredential, ErrBadResponse, ErrResponseTooLarge, ErrOutcomeUnknown,
	} {
		if slices.Contains(want, kind) {
			assert.ErrorIs(t, err, kind)
		} else {
			assert.NotErrorIs(t, err, kind)
		}
	}
}

// assertRefused asserts that err refuses an argument for a reason.
func assertRefused(t *testing.T, err error, name, why string) {
	t.Helper()
	var refused *ArgumentError
	require.ErrorAs(t, err, &refused)
	assert.Equal(t, name, refused.Name)
	assert.Equal(t, why, refused.Reason)
}

// transcript is a transport that gives its answers in turn, the last one again and again, and keeps what it was asked.
type transcript struct {
	mu      sync.Mutex
	answers []canned
	asked   []string // method and path with query
	bodies  []string
	headers []http.Header
}

func newTranscript(answers ...canned) *transcript {
	return &transcript{answers: answers}
}

// canned is a reply that can be given again.
type canned struct {
	status int
	body   string
	header []string
}

func answerWith(status int, body string, header ...string) canned {
	return canned{status, body, header}
}

func (c canned) response() *http.Response { return reply(c.status, c.body, c.header...) }

// teapot is an answer that ends every call after one attempt.
var teapot = answerWith(http.StatusTeapot, "")

func (l *transcript) RoundTrip(req *http.Request) (*http.Response, error) {
	var body []byte
	if req.Body != nil {
		var err error
		if body, err = io.ReadAll(req.Body); err != nil {
			return nil, err
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.asked = append(l.asked, req.Method+" "+req.URL.RequestURI())
	l.bodies = append(l.bodies, string(body))
	l.headers = append(l.headers, req.Header)
	return l.answers[min(len(l.asked), len(l.answers))-1].response(), nil
}

func ptr[T any](v T) *T { return &v }
