package partnerapi

import (
	"bufio"
	"bytes"
	"context"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "rewrite testdata/golden")

// goldenCalls makes each operation's request, with every field of its input.
var goldenCalls = map[string]func(context.Context, *Client) (any, error){
	"GET /partners/signup": func(ctx context.Context, c *Client) (any, error) {
		return c.Signup.Resolve(ctx, SignupRequest{
			PK: "MS2365", Email: "new+user@partner.com", ChildBirthday: Date{2015, time.March, 9}, ChildName: "Zoë Ann",
			ChildEmail: "zoe@partner.com",
		})
	},
	"POST /partners/subscriptions": createSubscription,
	"PUT /partners/subscriptions/{pk}": func(ctx context.Context, c *Client) (any, error) {
		return nil, c.Subscriptions.Update(ctx, "a/b ü?", UpdateSubscriptionRequest{Plan: PlanBarkJunior})
	},
	"DELETE /partners/subscriptions/{pk}": cancelSubscription,
	"DELETE /partners/subscriptions":      cancelLegacySubscription,
	"GET /account":                        withSession(getAccountOf),
	"GET /account/status": withSession(func(ctx context.Context, c *Client, s *Session) (any, error) {
		return c.Accounts.Status(ctx, s)
	}),
	"POST /accounts": createAccount,
	"POST /account": withSession(func(ctx context.Context, c *Client, s *Session) (any, error) {
		return c.Accounts.Update(ctx, s, UpdateAccountRequest{
			Email: "random@sparkart.com", FirstName: "Bobby", LastName: "Ricky", Username: "slice-and-dice",
			CurrentPassword: "temp123", Password: "asdf123", PasswordConfirmation: "asdf123",
			ListsOptIn: OptInTrue, ListsOptInSource: "Giveaway Campaign",
		})
	}),
	"GET /account/benefits": withSession(func(ctx context.Context, c *Client, s *Session) (any, error) {
		return c.Accounts.Benefits(ctx, s)
	}),
	"POST /login": login,
	"GET /logout": withSession(func(ctx context.Context, c *Client, s *Session) (any, error) {
		return nil, c.Accounts.Logout(ctx, s)
	}),
	"POST /refresh": func(ctx context.Context, c *Client) (any, error) {
		return c.refreshTokens(ctx, "r3fr3sh")
	},
	"GET /account/search":                       search,
	"GET /account/network-domains":              listDomains,
	"POST /account/network-invitations":         createInvitation,
	"POST /account/network-invitations/{token}": activateInvitation,
	"GET /account/network-invitations": func(ctx context.Context, c *Client) (any, error) {
		return c.Invitations.List(ctx, ListOptions{Search: "acme & co", Filter: "pending", Page: 2, Records: 50})
	},
	"POST /account/network-invitations/{id}":          updateInvitation,
	"DELETE /account/network-invitations/{id}":        deleteInvitation,
	"GET /account/networks/{child_account_id}":        getNetwork,
	"GET /account/networks":                           listNetworks,
	"POST /account/networks/{child_account_id}":       updateNetwork,
	"DELETE /api/account/networks/{child_account_id}": deleteNetwork,
	"GET /app/session":                                startSession,
	"POST /app/login":                                 logInUser,
	"POST /app/login-account":                         selectAccount,
	"GET /app/logout":                                 logOutUser,
}

func getAccountOf(ctx context.Context, c *Client, s *Session) (any, error) {
	return c.Accounts.Get(ctx, s)
}

// withSession makes a call for a customer who is logged in.
func withSession(call func(context.Context, *Client, *Session) (any, error)) func(context.Context, *Client) (any, error) {
	return func(ctx context.Context, c *Client) (any, error) {
		session, err := ImportSession([]byte(
			`{"version":1,"origin":"https://services.sparkart.net","cookies":[{"name":"_session","value":"s3ss10n"},{"name":"club","value":"2"}]}`))
		if err != nil {
			return nil, err
		}
		return call(ctx, c, session)
	}
}

func TestGoldenRequests(t *testing.T) {
	t.Parallel()
	var known []string
	for _, o := range operations {
		known = append(known, o.op)
		t.Run(o.op, func(t *testing.T) {
			t.Parallel()
			call := goldenCalls[o.op]
			require.NotNil(t, call)
			var sent []string
			client := newTestClient(t, roundTripFunc(func(req *http.Request) (*http.Response, error) {
				assertRoute(t, o.op, req)
				sent = append(sent, dump(t, req))
				return teapot.response(), nil
			}))
			_, err := call(t.Context(), client)
			require.Error(t, err)
			require.Len(t, sent, 1, "one request, once: %v", err)

			name := filepath.Join("testdata", "golden", slug(o.op)+".http")
			if *update {
				require.NoError(t, os.WriteFile(name, []byte(sent[0]), 0o600))
			}
			golden, err := fs.ReadFile(os.DirFS("."), filepath.ToSlash(name))
			require.NoError(t, err, "go test . -run Golden -update writes it")
			assert.Equal(t, string(golden), sent[0])
			assertHTTP(t, golden)
		})
	}
	assert.ElementsMatch(t, known, slices.Collect(maps.Keys(goldenCalls)))
}

func TestNoGoldenRequestIsLeftOver(t *testing.T) {
	t.Parallel()
	var want []string
	for _, o := range operations {
		want = append(want, slug(o.op)+".http")
	}
	files, err := os.ReadDir(filepath.Join("testdata", "golden"))
	require.NoError(t, err)
	var got []string
	for _, file := range files {
		got = append(got, file.Name())
	}
	assert.ElementsMatch(t, want, got)
}

// dump writes a request as HTTP/1.1 does, but with line feeds and sorted headers.
func dump(t *testing.T, req *http.Request) string {
	t.Helper()
	var body []byte
	if req.Body != nil {
		var err error
		body, err = io.ReadAll(req.Body)
		require.NoError(t, err)
	}
	lines := []string{"Host: " + req.URL.Host}
	for name, values := range req.Header {
		for _, value := range values {
			lines = append(lines, name+": "+value)
		}
	}
	assert.Len(t, body, int(req.ContentLength), "the length is known")
	if len(body) > 0 {
		lines = append(lines, fmt.Sprintf("Content-Length: %d", len(body)))
	}
	slices.Sort(lines)
	text := req.Method + " " + req.URL.RequestURI() + " HTTP/1.1\n" + strings.Join(lines, "\n") + "\n\n"
	if len(body) > 0 {
		text += string(body) + "\n"
	}
	return text
}

// assertHTTP asserts that a golden file is a request that a server can read.
func assertHTTP(t *testing.T, golden []byte) {
	t.Helper()
	req, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(golden)))
	require.NoError(t, err)
	body, err := io.ReadAll(req.Body)
	require.NoError(t, err)
	assert.True(t, len(body) == 0 || bytes.HasSuffix(golden, append(body, '\n')))
}

// assertRoute asserts that a server with the operation as its pattern takes the request.
func assertRoute(t *testing.T, op string, req *http.Request) {
	t.Helper()
	base := map[string]string{"www.bark.us": "/api/v1", "services.sparkart.net": "/api/v1", "api.backstack.com": ""}
	prefix, known := base[req.URL.Host]
	assert.True(t, known, req.URL.Host)
	assert.Equal(t, "https", req.URL.Scheme)
	target, hasPrefix := strings.CutPrefix(req.URL.RequestURI(), prefix)
	assert.True(t, hasPrefix)
	mux := http.NewServeMux()
	mux.Handle(op, http.NotFoundHandler())
	arrived, err := http.ReadRequest(bufio.NewReader(strings.NewReader(req.Method + " " + target + " HTTP/1.1\r\nHost: a.example\r\n\r\n")))
	require.NoError(t, err)
	_, pattern := mux.Handler(arrived)
	assert.Equal(t, op, pattern)
}
