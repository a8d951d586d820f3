package partnertest_test

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/partnerapi/partnerapi-go"
	"github.com/partnerapi/partnerapi-go/internal/decisions"
	"github.com/partnerapi/partnerapi-go/partnertest"
)

func TestNoSuchRoute(t *testing.T) {
	t.Parallel()
	f := partnertest.New()
	f.SeedNetwork(partnerapi.Network{AccountID: "acc_1"})
	for _, c := range []struct {
		target, kind, body string
		api                partnerapi.API
	}{
		{"GET /partner/partners/children", "text/html", "<h1>Not found</h1>", partnerapi.PartnerAPI},
		{"PATCH /partner/partners/subscriptions/a", "text/html", "<h1>Not found</h1>", partnerapi.PartnerAPI},
		{"GET /partner", "text/html", "<h1>Not found</h1>", partnerapi.PartnerAPI},
		{"GET /account/search", "application/json", `{"error":"Not Found: /search"}`, partnerapi.AccountAPI},
		{"DELETE /network/account/networks/acc_1", "text/plain", "404 page not found", partnerapi.NetworkAPI},
		{"GET /network/networks", "text/plain", "404 page not found", partnerapi.NetworkAPI},
		{"GET /other/networks", "text/plain", "404 page not found", ""},
		{"GET /", "text/plain", "404 page not found", ""},
	} {
		resp := step{target: c.target}.send(t, f)
		assert.Equal(t, 404, resp.status, c.target)
		assert.Equal(t, c.kind+"; charset=utf-8", resp.header.Get("Content-Type"), c.target)
		assert.Contains(t, resp.body, c.body, c.target)
		calls := f.Calls()
		last := calls[len(calls)-1]
		assert.Equal(t, c.api, last.API, c.target)
		assert.Empty(t, last.Op, c.target)
		assert.Equal(t, 404, last.Status, c.target)
	}
}

func TestCalls(t *testing.T) {
	t.Parallel()
	f := partnertest.New()
	f.SetNow(june)
	assert.Empty(t, f.Calls())
	client, ctx := f.Client(), t.Context()
	f.SeedInvitation(partnerapi.Invitation{ID: "a/b", Email: "a@example.com"})
	require.NoError(t, client.Invitations.Update(ctx, "a/b", partnerapi.UpdateInvitationRequest{Email: "b@example.com"}))
	_, err := client.Invitations.Activate(ctx, "token-a/b")
	require.NoError(t, err)
	_, err = client.Networks.List(ctx, partnerapi.ListOptions{Search: "x y"})
	require.NoError(t, err)

	calls := f.Calls()
	require.Len(t, calls, 3)
	assert.Equal(t, "POST /account/network-invitations/{id}", calls[0].Op)
	assert.JSONEq(t, `{"email":"b@example.com"}`, string(calls[0].Body))
	assert.Equal(t, []string{partnertest.NetworkToken}, calls[0].Header["Authorization"])
	assert.Equal(t, "POST /account/network-invitations/{token}", calls[1].Op)
	assert.Equal(t, "/account/network-invitations/token-a%2Fb", calls[1].Path)
	assert.Empty(t, calls[1].Body)
	assert.Equal(t, partnerapi.NetworkAPI, calls[2].API)
	assert.Equal(t, http.MethodGet, calls[2].Method)
	assert.Equal(t, "x y", calls[2].Query.Get("search"))
	assert.Equal(t, 200, calls[2].Status)
	assert.Equal(t, june, calls[2].At)

	calls[0].Header.Set("Authorization", "spoilt")
	calls[0].Body[0] = 'x'
	calls[2].Query.Set("search", "spoilt")
	assert.Equal(t, partnertest.NetworkToken, f.Calls()[0].Header.Get("Authorization"))
	assert.JSONEq(t, `{"email":"b@example.com"}`, string(f.Calls()[0].Body))
	assert.Equal(t, "x y", f.Calls()[2].Query.Get("search"))
}

func TestCallsKeepsTheNewest(t *testing.T) {
	t.Parallel()
	const more = 10_000 + 123
	f := partnertest.New()
	for i := range more {
		f.ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(t.Context(), http.MethodGet, fmt.Sprintf("/network/%d", i), nil))
	}
	calls := f.Calls()
	require.Len(t, calls, 10_000)
	for i, c := range calls {
		require.Equal(t, fmt.Sprintf("/%d", i+more-10_000), c.Path)
	}
}

type child struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

func TestHandleTeachesAnOperation(t *testing.T) {
	t.Parallel()
	for _, api := range []partnerapi.API{partnerapi.PartnerAPI, partnerapi.AccountAPI, partnerapi.NetworkAPI} {
		f := partnertest.New()
		f.Handle("PUT /partners/{pk}/children/{id}", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			assert.Equal(t, "/partners/a/b/children/ü", r.URL.Path)
			assert.NoError(t, json.NewEncoder(w).Encode(child{r.PathValue("id"), r.PathValue("pk")}))
		}))
		call := partnerapi.Call{API: api, Op: "PUT /partners/{pk}/children/{id}", Args: []string{"a/b", "ü"}, Body: map[string]int{}}
		got, err := partnerapi.Do[child](t.Context(), f.Client(), call)
		require.NoError(t, err)
		assert.Equal(t, child{"ü", "a/b"}, got)
		assert.Equal(t, "PUT /partners/{pk}/children/{id}", f.Calls()[0].Op)
		assert.Equal(t, api, f.Calls()[0].API)
		assert.Equal(t, 200, f.Calls()[0].Status)

		refused := f.Client(partnerapi.WithPartnerToken("wrong"), partnerapi.WithAccountKey("wrong"), partnerapi.WithNetworkToken("wrong"))
		_, err = partnerapi.Do[child](t.Context(), refused, call)
		require.ErrorIs(t, err, partnerapi.ErrUnauthorized)
	}
}

func TestHandleReplacesAnOperation(t *testing.T) {
	t.Parallel()
	f := partnertest.New()
	teapot := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) })
	nothing := http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})
	f.Handle("POST /account/network-invitations/{token}", nothing)
	f.Handle("POST /account/network-invitations/{token}", teapot)
	f.Handle("GET /account/search", teapot)
	f.Handle("GET /account/{anything}", nothing)
	f.SeedInvitation(partnerapi.Invitation{ID: "a"})
	run(t, f, []step{
		{"replaced", "POST " + invitations + "/token-a", "", nil, 418, ""},
		{"its neighbour", "POST " + invitations + "/a", `{"email":1}`, nil, 400, networkFailure("POST", 400, "Please check the values.", "[]")},
		{"replaced", "GET /account/account/search", "", nil, 418, ""},
		{"with its credential", "GET /account/account/search", "", http.Header{"Api-Key": {"wrong"}}, 200, "@get-account-search.invalid-api-key.json"},
		{"more specific", "GET /account/account/status", "", nil, 200, "@get-account-status.logged-out.json"},
		{"less specific", "GET /account/account/other", "", nil, 200, ""},
		{"in another API", "GET /network/account/search", "", nil, 200, ""},
	})
	ops := []string{}
	for _, c := range f.Calls() {
		ops = append(ops, fmt.Sprintf("%s %d", c.Op, c.Status))
	}
	assert.Equal(t, []string{
		"POST /account/network-invitations/{token} 418", "POST /account/network-invitations/{id} 400",
		"GET /account/search 418", "GET /account/search 200",
		"GET /account/status 200", "GET /account/{anything} 200", "GET /account/{anything} 200",
	}, ops)
}

func TestHandlePanics(t *testing.T) {
	t.Parallel()
	f := partnertest.New()
	for _, op := range []string{"", "GET", "/partners", " /partners", "GET partners", "GET /a?b", "GET /{rest...}", "GET  /a",
		"GET /a/{id", "GET /a/x{id}", "GET /a/{id}x", "GET /a/{}", "GET /{id}/{id}", "G@T /a",
	} {
		assert.Panics(t, func() { f.Handle(op, http.NotFoundHandler()) }, op)
	}
	assert.Panics(t, func() { f.Handle("GET /a", nil) })
}

func TestClientOptionsComeLast(t *testing.T) {
	t.Parallel()
	f := partnertest.New()
	err := f.Client(partnerapi.WithPartnerToken("wrong")).Subscriptions.Cancel(t.Context(), "a")
	require.ErrorIs(t, err, partnerapi.ErrUnauthorized)
	require.ErrorIs(t, f.Client().Subscriptions.Cancel(t.Context(), "a"), partnerapi.ErrNotFound)
	assert.Panics(t, func() { f.Client(partnerapi.WithPartnerToken("")) })
}

func TestServer(t *testing.T) {
	t.Parallel()
	var url string
	t.Run("while it runs", func(t *testing.T) {
		f := partnertest.NewServer(t, partnertest.WithDomains(partnerapi.Domain{ID: "dom_1"}))
		url = f.URL
		domains, err := f.Client().Networks.Domains(t.Context())
		require.NoError(t, err)
		assert.Equal(t, []partnerapi.Domain{{ID: "dom_1"}}, domains)
		assert.True(t, strings.HasPrefix(url, "http://127.0.0.1:"), url)
	})
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	require.NoError(t, err)
	_, err = new(http.Transport).RoundTrip(req) //nolint:bodyclose // there is no response
	require.Error(t, err)
}

func TestRequestWithoutABody(t *testing.T) {
	t.Parallel()
	w := httptest.NewRecorder()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "/account/account/status?key="+partnertest.AccountKey, nil)
	require.NoError(t, err)
	partnertest.New().ServeHTTP(w, r)
	assert.Equal(t, 200, w.Code)
}

func TestBodyTooLarge(t *testing.T) {
	t.Parallel()
	f := partnertest.New()
	w := httptest.NewRecorder()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/account/login", strings.NewReader("12345"))
	http.MaxBytesHandler(f, 4).ServeHTTP(w, r)
	assert.Equal(t, http.StatusRequestEntityTooLarge, w.Code)
	assert.Empty(t, f.Calls())
}

// The fake's own operations limit the body everywhere; a taught operation has the limit of its server.
func TestBodiesAreBounded(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, f *partnertest.Fake) {
		t.Helper()
		f.Handle("POST /upload", http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
		for _, c := range []struct {
			path   string
			size   int
			status int
		}{
			{"/account/login?key=" + partnertest.AccountKey, 1 << 20, 200},
			{"/account/login?key=" + partnertest.AccountKey, 1<<20 + 1, 413},
			{"/account/login?key=wrong", 1<<20 + 1, 413},
			{"/account/elsewhere", 1 << 20, 404},
			{"/account/elsewhere", 2 << 20, 404},
			{"/elsewhere", 2 << 20, 404},
			{"/account/upload?key=" + partnertest.AccountKey, 2 << 20, 200},
		} {
			target := cmp.Or(f.URL, "https://partnertest.invalid") + c.path
			r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, target, strings.NewReader(strings.Repeat("x", c.size)))
			require.NoError(t, err)
			transport := f.Transport()
			if f.URL != "" {
				transport = http.DefaultTransport
			}
			resp, err := transport.RoundTrip(r)
			require.NoError(t, err, c.path)
			bodyOf(t, resp)
			assert.Equal(t, c.status, resp.StatusCode, c.path)
		}
	})
}

func TestIncompleteRequestIsDropped(t *testing.T) {
	t.Parallel()
	f := partnertest.New()
	body := errorReader{errors.New("gone")}
	req := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/partner/partners/subscriptions", body)
	assert.PanicsWithValue(t, http.ErrAbortHandler, func() { f.ServeHTTP(httptest.NewRecorder(), req) })
	assert.Empty(t, f.Calls())
}

func TestSynctest(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := partnertest.New()
		client, ctx := f.Client(), t.Context()
		created, err := client.Invitations.Create(ctx, partnerapi.CreateInvitationRequest{Email: "a@example.com", DomainID: "dom_agency"})
		require.NoError(t, err)
		time.Sleep(7*24*time.Hour - 1)
		assert.Equal(t, partnerapi.InvitationPending, f.Invitations()[0].Status)
		time.Sleep(time.Nanosecond)
		_, err = client.Invitations.Activate(ctx, "token-"+created.ID)
		require.ErrorIs(t, err, partnerapi.ErrNotFound)

		f.Handle("GET /slow", http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }))
		ctx, cancel := context.WithTimeout(ctx, time.Second)
		defer cancel()
		started := time.Now()
		_, err = partnerapi.Do[struct{}](ctx, client, partnerapi.Call{API: partnerapi.NetworkAPI, Op: "GET /slow"})
		require.ErrorIs(t, err, context.DeadlineExceeded)
		assert.Equal(t, time.Second, time.Since(started))
	})
}

// For the race detector, and to check the state against the responses.
func TestConcurrentUse(t *testing.T) {
	t.Parallel()
	for _, f := range []*partnertest.Fake{partnertest.New(), partnertest.NewServer(t)} {
		f.SeedCustomer(robot())
		client, ctx := f.Client(), t.Context()
		var all sync.WaitGroup
		for w := range 8 {
			all.Go(func() {
				for i := range 20 {
					assert.NoError(t, useAll(ctx, f, client, fmt.Sprintf("%d-%d", w, i)))
				}
			})
		}
		all.Wait()
		assert.Len(t, f.Subscriptions(), 160)
		assert.Len(t, f.Invitations(), 160)
		assert.Len(t, f.Networks(), 160)
		assert.Len(t, f.Calls(), 4*160)
	}
}

func useAll(ctx context.Context, f *partnertest.Fake, client *partnerapi.Client, pk string) error {
	f.SeedNetwork(partnerapi.Network{FeeProposed: ptr(1.0)})
	f.SetNow(june)
	f.Handle("GET /taught", http.NotFoundHandler())
	_, _, _, _ = f.Calls(), f.Customers(), f.Networks(), f.Invitations()
	created := client.Subscriptions.Create(ctx, partnerapi.CreateSubscriptionRequest{PK: pk, Email: "a@example.com", Plan: partnerapi.PlanBark})
	_, invited := client.Invitations.Create(ctx, partnerapi.CreateInvitationRequest{Email: "a@example.com", DomainID: "dom_agency"})
	_, session, loggedIn := client.Accounts.Login(ctx, partnerapi.LoginRequest{Email: "test@example.com", Password: "temp123"})
	_, changed := client.Accounts.Update(ctx, session, partnerapi.UpdateAccountRequest{FirstName: pk, ListsOptIn: partnerapi.OptInTrue})
	return errors.Join(created, invited, loggedIn, changed)
}

// A test can replace an operation that it has taught: an outage, then a recovery.
func TestHandleReplacesATaughtOperation(t *testing.T) {
	t.Parallel()
	for range 20 {
		fake := partnertest.New()
		status := func(status int) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(status)
				_, _ = w.Write([]byte(`{"status":"ok"}`))
			})
		}
		call := partnerapi.Call{API: partnerapi.AccountAPI, Op: "GET /x"}
		fake.Handle("GET /x", status(http.StatusTeapot))
		_, err := partnerapi.Do[struct{}](t.Context(), fake.Client(), call)
		require.Error(t, err)

		fake.Handle("GET /x", status(http.StatusOK))
		_, err = partnerapi.Do[struct{}](t.Context(), fake.Client(), call)
		require.NoError(t, err)
	}
}

// sources returns the fake's source files, by name.
func sources(t *testing.T) map[string]*ast.File {
	t.Helper()
	names, err := filepath.Glob("*.go")
	require.NoError(t, err)
	files := make(map[string]*ast.File)
	for _, name := range names {
		if !strings.HasSuffix(name, "_test.go") {
			files[name], err = parser.ParseFile(token.NewFileSet(), name, nil, parser.ParseComments|parser.SkipObjectResolution)
			require.NoError(t, err)
		}
	}
	return files
}

// decidedIn returns what the ledger says of the decisions that a comment refers to.
func decidedIn(comment *ast.CommentGroup) (decided string) {
	for _, id := range regexp.MustCompile(`\b[PANS]\d\d\b`).FindAllString(comment.Text(), -1) {
		d, _ := decisions.ByID(id)
		decided += d.Decided
	}
	return decided
}

// A message is in a document of the vendors, or in a decision that its line refers to.
func TestMessagesAreDocumentedOrOurs(t *testing.T) {
	t.Parallel()
	documents, err := filepath.Glob("../testdata/*.json")
	require.NoError(t, err)
	var documented strings.Builder
	for _, path := range append(documents, "../testdata/SOURCES.md") {
		text, err := os.ReadFile(path) //nolint:gosec // a file of testdata
		require.NoError(t, err)
		documented.Write(text)
	}
	messages := 0
	for name, file := range sources(t) {
		ast.Inspect(file, func(node ast.Node) bool {
			if call, ok := node.(*ast.CallExpr); ok {
				assert.False(t, slices.ContainsFunc(call.Args, isMessage), "%s: a message is a constant, so that this test finds it", name)
			}
			value, ok := node.(*ast.ValueSpec)
			if !ok || len(value.Values) != 1 || !isMessage(value.Values[0]) {
				return true
			}
			message, err := strconv.Unquote(value.Values[0].(*ast.BasicLit).Value)
			require.NoError(t, err)
			messages++
			if !strings.Contains(documented.String(), message) {
				assert.Contains(t, decidedIn(value.Comment), "`"+message+"`", "%s: %s", name, value.Names[0])
			}
			return true
		})
	}
	assert.Greater(t, messages, 20)
}

func isMessage(value ast.Expr) bool {
	text, ok := value.(*ast.BasicLit)
	return ok && text.Kind == token.STRING && regexp.MustCompile(`^"[A-Z][a-z']+ `).MatchString(text.Value)
}
