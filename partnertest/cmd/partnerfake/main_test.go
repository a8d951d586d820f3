package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/partnerapi/partnerapi-go"
	"github.com/partnerapi/partnerapi-go/internal/doccmd"
)

const (
	partnerHeader = "X-Token-Auth: fake-partner-token"
	networkHeader = "Authorization: fake-network-token"
	inJSON        = "Content-Type: application/json"
)

// client returns an SDK client with the credentials and base URLs that the program prints.
func client(t *testing.T, p *program, opts ...partnerapi.Option) *partnerapi.Client {
	t.Helper()
	c, err := partnerapi.NewClient(append([]partnerapi.Option{
		partnerapi.WithBaseURL(partnerapi.PartnerAPI, p.url+"/partner"),
		partnerapi.WithBaseURL(partnerapi.AccountAPI, p.url+"/account"),
		partnerapi.WithBaseURL(partnerapi.NetworkAPI, p.url+"/network"),
		partnerapi.WithPartnerToken("fake-partner-token"),
		partnerapi.WithAccountKey("fake-account-key"),
		partnerapi.WithOrganizationKey("fake-organization-key"),
		partnerapi.WithNetworkToken("fake-network-token"),
		partnerapi.WithRetry(partnerapi.RetryPolicy{MinWait: time.Millisecond}),
	}, opts...)...)
	require.NoError(t, err)
	return c
}

func TestGreeting(t *testing.T) {
	t.Parallel()
	p := start(t)
	assert.Equal(t, strings.ReplaceAll(`partner  URL/partner  X-Token-Auth: fake-partner-token
account  URL/account  ?key=fake-account-key and, for a search, Api-Key: fake-organization-key
network  URL/network  Authorization: fake-network-token or, for a session, the app key fake-app-key
openapi  URL/openapi/
admin    URL/_fake/
`, "URL", p.url), p.greet)
	assert.Equal(t, 0, p.stop())
	assert.Empty(t, p.stderr.String())
}

// A container listens on all addresses.
func TestGreetingOfAllAddresses(t *testing.T) {
	t.Parallel()
	for _, ip := range []net.IP{net.IPv4zero, net.IPv6zero} {
		var greeting strings.Builder
		greet(&greeting, &net.TCPAddr{IP: ip, Port: 8080}, true)
		assert.Regexp(t, "^partner  http://localhost:8080/partner ", greeting.String())
	}
}

func TestDocumentShowsTheGreeting(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../../docs/testing.md")
	require.NoError(t, err)
	var greeting bytes.Buffer
	greet(&greeting, &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 8080}, false)
	assert.Contains(t, string(page), "```text\n"+greeting.String()+"```\n")
}

// The documents start the program with flags that it accepts. curl and the log print what docs/testing.md shows, times apart.
func TestCommandsInDocuments(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("curl"); err != nil {
		t.Skip("there is no curl")
	}
	const address = "127.0.0.1:8080"
	var p, called *program
	var printed []string
	for _, c := range doccmd.All(t, "../../..") {
		switch {
		case c.Args[0] == "go" && slices.Contains(c.Args, "./partnertest/cmd/partnerfake"):
			at := slices.Index(c.Args, "-addr")
			require.Equal(t, address, c.Args[at+1], c.File)
			flags := slices.Clone(c.Args[at+2:])
			if seed := slices.Index(flags, "-seed"); seed >= 0 {
				flags[seed+1] = filepath.Join("../../..", c.Dir, flags[seed+1])
			}
			p = start(t, flags...)
		case c.Args[0] == "docker" && c.Args[1] == "build":
			assert.Equal(t, []string{"-f", "partnertest/cmd/partnerfake/Dockerfile", "-t", "partnerfake", "."}, c.Args[2:])
		case c.Args[0] == "docker":
			at := slices.Index(c.Args, "partnerfake")
			require.Positive(t, at, c)
			requireFlags(t, slices.Concat(entrypoint(t)[1:], c.Args[at+1:]))
		case c.Args[0] == "curl":
			called = p
			for i := range c.Args {
				c.Args[i] = strings.Replace(c.Args[i], "http://"+address, p.url, 1)
			}
			out, err := exec.CommandContext(t.Context(), "curl", c.Args[1:]...).Output() //nolint:gosec // the command is from our own document
			require.NoError(t, err, c)
			printed = append(printed, "# "+strings.TrimSpace(string(out)))
		}
	}
	page, err := os.ReadFile("../../../docs/testing.md")
	require.NoError(t, err)
	block := regexp.MustCompile("(?s)```sh\ncurl.*?```").FindString(string(page))
	assert.Equal(t, regexp.MustCompile(`(?m)^# .*$`).FindAllString(block, -1), printed)
	called.stop()
	times := regexp.MustCompile(`\d\d:\d\d:\d\d | [\d.]+(µs|ms|s)\n`)
	log := regexp.MustCompile("(?s)```text\n(\\d\\d:.*?)```").FindSubmatch(page)
	require.NotNil(t, log, "docs/testing.md shows no log")
	assert.Equal(t, times.ReplaceAllString(string(log[1]), "|"), times.ReplaceAllString(called.stderr.String(), "|"))
}

// requireFlags requires that the program accepts flags: it parses them before -h.
func requireFlags(t *testing.T, flags []string) {
	t.Helper()
	var stderr bytes.Buffer
	require.Zero(t, run(t.Context(), append(flags, "-h"), io.Discard, &stderr), stderr.String())
}

// instructions returns the arguments of an instruction of the Dockerfile.
func instructions(t *testing.T, name string) (all []string) {
	t.Helper()
	text, err := os.ReadFile("Dockerfile")
	require.NoError(t, err)
	for _, match := range regexp.MustCompile(`(?m)^`+name+` (.+)$`).FindAllStringSubmatch(string(text), -1) {
		all = append(all, match[1])
	}
	return all
}

func entrypoint(t *testing.T) (words []string) {
	t.Helper()
	lines := instructions(t, "ENTRYPOINT")
	require.Len(t, lines, 1)
	require.NoError(t, json.Unmarshal([]byte(lines[0]), &words))
	return words
}

// The image is a static binary and nothing else, for a user without rights. CI runs the build command without an engine too.
func TestDockerfile(t *testing.T) {
	t.Parallel()
	module, err := os.ReadFile("../../../go.mod")
	require.NoError(t, err)
	release := regexp.MustCompile(`(?m)^go (\d+\.\d+)`).FindSubmatch(module)
	require.NotNil(t, release)
	assert.Equal(t, []string{"golang:" + string(release[1]) + " AS build", "scratch"}, instructions(t, "FROM"), "no registry, and the Go of go.mod")
	assert.Equal(t, []string{
		"CGO_ENABLED=0 go build -buildvcs=false -trimpath -ldflags '-s -w' -o /partnerfake ./partnertest/cmd/partnerfake",
	}, instructions(t, "RUN"))
	assert.Equal(t, []string{". .", "--from=build /partnerfake /partnerfake"}, instructions(t, "COPY"))
	assert.Equal(t, []string{"65532:65532"}, instructions(t, "USER"))
	assert.Equal(t, []string{"/partnerfake", "-addr", "0.0.0.0:8080", "-expose"}, entrypoint(t))
	assert.Equal(t, []string{"8080"}, instructions(t, "EXPOSE"))
}

// Requests and responses as a client in another language sees them.
func TestPlainHTTP(t *testing.T) {
	t.Parallel()
	p := start(t)
	const created = `{"pk":"MS1","email":"parent@example.com","plan":"bark"}`
	p.expect(t, "POST /partner/partners/subscriptions", created, 201, `{"success":true}`, partnerHeader, inJSON)
	p.expect(t, "POST /partner/partners/subscriptions", created, 400,
		`{"success":false,"error":"Partner PK has already been added","error_type":"invalid_params"}`, partnerHeader, inJSON)
	p.expect(t, "POST /partner/partners/subscriptions", created, 401,
		`{"success":false,"error":"Please provide a valid token","error_type":"invalid_token"}`, inJSON)
	p.expect(t, "GET /account/account/status?key=fake-account-key", "", 200, `{"status":"ok","logged_in":false}`)
	p.expect(t, "GET /network/account/networks", "", 200,
		`{"list":[],"total":0,"search":"","filter":"","filters":[],"pages":1}`, networkHeader)
	// A path that an http.ServeMux would clean reaches the fake unchanged.
	status, _ := p.do(t, "DELETE /partner/partners/subscriptions//", "", partnerHeader)
	assert.Equal(t, 404, status)
	p.expect(t, "DELETE /partner/partners/subscriptions/", "", 400,
		`{"success":false,"error":"Please provide a valid pk","error_type":"invalid_params"}`, partnerHeader)
}

func TestSDKClient(t *testing.T) {
	t.Parallel()
	p := start(t, "-seed", "example.json",
		"-fault", "GET /account/networks: status=503 times=2", "-fault", "GET /account/networks: cut=before",
		"-fault", "POST /partners/subscriptions: cut=after")
	c, ctx := client(t, p), t.Context()

	page, err := c.Networks.List(ctx, partnerapi.ListOptions{Search: "seafood"})
	require.NoError(t, err)
	assert.Equal(t, 1, page.Total)
	err = c.Subscriptions.Create(ctx, partnerapi.CreateSubscriptionRequest{PK: "MS1", Email: "parent@example.com", Plan: partnerapi.PlanBark})
	require.ErrorIs(t, err, partnerapi.ErrOutcomeUnknown)
	require.ErrorIs(t, err, partnerapi.ErrAlreadyExists)
	_, session, err := c.Accounts.Login(ctx, partnerapi.LoginRequest{Email: "fan@example.com", Password: "temp123"})
	require.NoError(t, err)
	benefits, err := c.Accounts.Benefits(ctx, session)
	require.NoError(t, err)
	assert.Equal(t, []partnerapi.Benefit{{ID: 1, Summary: "Presale", BenefitType: "presale"}}, benefits)
	require.NoError(t, c.Subscriptions.Cancel(ctx, "MS2366"))

	p.stop()
	lines := regexp.MustCompile(`(?m)^\d\d:\d\d:\d\d (.*) \d+(\.\d+)?(µs|ms|s)$`).FindAllStringSubmatch(p.stderr.String(), -1)
	var log []string
	for _, line := range lines {
		log = append(log, line[1])
	}
	assert.Equal(t, []string{
		"GET /account/networks 503", "GET /account/networks 503", "GET /account/networks without a response", "GET /account/networks 200",
		"POST /partners/subscriptions without a response", "POST /partners/subscriptions 400",
		"POST /login 200", "GET /account/benefits 200", "DELETE /partners/subscriptions/{pk} 200",
	}, log)
	assert.Equal(t, len(log), strings.Count(p.stderr.String(), "\n"), p.stderr.String())
	for _, secret := range []string{"MS", "example.com", "temp123", "fake-", "seafood", "partnertest_session"} {
		assert.NotContains(t, p.stderr.String(), secret)
	}
}

func TestLegacy(t *testing.T) {
	t.Parallel()
	p := start(t, "-legacy")
	for range 2 {
		p.expect(t, "POST /partner/partners/subscriptions", `{"pk":"MS1","email":"parent@example.com"}`, 201, `{"success":true}`, partnerHeader, inJSON)
		p.expect(t, "POST /_fake/reset", "", 200, `{"reset":true}`)
	}
}

// A body that looks like JSON is still sent as it is.
func TestBodyOfAFault(t *testing.T) {
	t.Parallel()
	for _, body := range []string{`{"error":"x"}`, "123", "true", "slow", `"quoted"`} {
		p := start(t, "-fault", "GET /account/networks: status=500 body="+body)
		status, got := p.do(t, "GET /network/account/networks", "")
		assert.Equal(t, 500, status)
		assert.Equal(t, body, got)
	}
}

// Stopping the program ends a fault's delay, for calls too.
func TestStopEndsDelays(t *testing.T) {
	t.Parallel()
	p := start(t, "-fault", "GET /account/network-domains: delay=1h")
	c := client(t, p, partnerapi.WithRetry(partnerapi.RetryPolicy{MaxAttempts: 1}))
	ended := make(chan error, 1)
	go func() {
		_, err := c.Networks.Domains(context.WithoutCancel(t.Context()))
		ended <- err
	}()
	for calls := "[]"; calls == "[]"; { // until the call has arrived
		_, calls = p.do(t, "GET /_fake/calls", "")
	}
	assert.Equal(t, 0, p.stop())
	require.Error(t, <-ended)
}

func TestCommandLine(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	bad := filepath.Join(folder, "bad.json")
	require.NoError(t, os.WriteFile(bad, []byte("{\n  \"customers\": {}\n}\n"), 0o600))
	taken, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = taken.Close() })
	const notLoopback = "is not a loopback address"
	tests := map[string]struct {
		args   []string
		status int
		stderr string
	}{
		"help":                   {[]string{"-h"}, 0, "/_fake/recover"},
		"unknown flag":           {[]string{"-x"}, 2, "flag provided but not defined: -x\npartnerfake: see -h\n"},
		"unexpected argument":    {[]string{"example.json"}, 2, `unexpected argument "example.json"`},
		"unknown operation":      {[]string{"-fault", "GET /x: status=503"}, 2, "flag -fault: no such operation: GET /x\n"},
		"fault without settings": {[]string{"-fault", "GET /account"}, 2, `want the form "GET /account: status=503 times=3"`},
		"unknown word":           {[]string{"-fault", "GET /account: stats=503"}, 2, `fault 0: unknown field "stats"`},
		"duplicate setting":      {[]string{"-fault", "GET /account: status=503 status=500"}, 2, "status: set more than once"},
		"no number":              {[]string{"-fault", "GET /account: status=bad"}, 2, "status: want a whole number, got string"},
		"no duration":            {[]string{"-fault", "GET /account: delay=5"}, 2, `delay: want a duration such as "2s", got number`},
		"no unit":                {[]string{"-fault", "GET /account: delay=5x"}, 2, "unknown unit"},
		"unknown cut":            {[]string{"-fault", "GET /account: cut=refused"}, 2, "cut: want before, after or within"},
		"no times":               {[]string{"-fault", "GET /account: status=503 times=0"}, 2, "times: want 1 to 10000"},
		"impossible":             {[]string{"-fault", "GET /account: processed"}, 2, "Header, Body, RetryAfter and Processed require a Status"},
		"no such file":           {[]string{"-seed", filepath.Join(folder, "none.json")}, 1, "none.json: no such file"},
		"bad seed":               {[]string{"-seed", bad}, 1, "bad.json:2:3: customers: not a list\n"},
		"no address":             {[]string{"-addr", ""}, 1, notLoopback},
		"no host":                {[]string{"-addr", ":0"}, 1, notLoopback},
		"all addresses":          {[]string{"-addr", "0.0.0.0:0"}, 1, notLoopback},
		"another address":        {[]string{"-addr", "192.0.2.1:80"}, 1, notLoopback},
		"no port":                {[]string{"-addr", "127.0.0.1"}, 1, "missing port in address"},
		"taken port":             {[]string{"-addr", taken.Addr().String()}, 1, "address already in use"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute) // in case it serves although it should refuse
			defer cancel()
			var stdout, stderr bytes.Buffer
			assert.Equal(t, test.status, run(ctx, test.args, &stdout, &stderr))
			assert.Contains(t, stderr.String(), test.stderr)
			assert.Empty(t, stdout.String())
		})
	}
}

func TestExposedHasNoAdmin(t *testing.T) {
	t.Parallel()
	p := start(t, "-expose")
	assert.True(t, strings.HasSuffix(p.greet, "\nadmin    off, because of -expose\n"), p.greet)
	for _, target := range []string{"GET /_fake/calls", "GET /_fake/state", "POST /_fake/reset", "GET /_fake/"} {
		p.expect(t, target, "", http.StatusForbidden, `{"error":"off, because of -expose"}`)
	}
	p.expect(t, "GET /account/account/status?key=fake-account-key", "", 200, `{"status":"ok","logged_in":false}`)
}

// -expose allows any address; the test closes the listener before anyone learns of it.
func TestListenExposed(t *testing.T) {
	t.Parallel()
	for addr, wantLoopback := range map[string]bool{"localhost:0": true, "0.0.0.0:0": false} {
		listener, err := listen(t.Context(), config{addr: addr, expose: true})
		require.NoError(t, err)
		bound, ok := listener.Addr().(*net.TCPAddr)
		require.True(t, ok)
		assert.Equal(t, wantLoopback, bound.IP.IsLoopback(), addr)
		require.NoError(t, listener.Close())
	}
}

func TestServerLimits(t *testing.T) {
	t.Parallel()
	s := newHTTPServer(t.Context(), http.NotFoundHandler(), nil)
	assert.Equal(t, 30*time.Second, s.ReadHeaderTimeout)
	assert.Equal(t, 30*time.Second, s.ReadTimeout)
	assert.Equal(t, 2*time.Minute, s.IdleTimeout)

	p := start(t)
	status, _ := p.do(t, "GET /elsewhere", "", "X-Long: "+strings.Repeat("x", 300<<10))
	assert.Equal(t, http.StatusRequestHeaderFieldsTooLarge, status)
}

// Anyone can send requests to an exposed fake.
func TestCallsDropBodiesOfRefusedRequests(t *testing.T) {
	t.Parallel()
	s, err := newServer(config{}, log.New(io.Discard, "", 0))
	require.NoError(t, err)
	handler := newHTTPServer(t.Context(), s, nil).Handler
	body := strings.Repeat("x", maxBytes)
	for _, target := range []string{
		"/", "/partner/elsewhere", "/partner/partners/subscriptions", "/account/login", "/account/login?key=wrong",
		"/network/account/network-invitations", "/network/app/login", "/network/app/session",
	} {
		handler.ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(t.Context(), http.MethodPost, target, strings.NewReader(body)))
	}
	calls := s.fake.Load().Calls()
	require.Len(t, calls, 8)
	for _, call := range calls {
		assert.Empty(t, call.Body, call)
	}
}
