package main

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	partnerapi "github.com/partnerapi/partnerapi-go"
	"github.com/partnerapi/partnerapi-go/partnertest"
)

func noEnv(string) string { return "" }

// documented returns the operations in README's table.
func documented(t *testing.T) (operations []string) {
	t.Helper()
	readme, err := os.ReadFile("../../README.md")
	require.NoError(t, err)
	for _, row := range regexp.MustCompile("(?m)^\\| `([A-Z]+ /[^`]*)` \\|").FindAllStringSubmatch(string(readme), -1) {
		operations = append(operations, row[1])
	}
	require.NotEmpty(t, operations)
	return operations
}

func TestTourRunsEveryOperation(t *testing.T) {
	t.Parallel()
	var stdout, stderr bytes.Buffer

	status := run(nil, noEnv, &stdout, &stderr)

	assert.Equal(t, 0, status)
	assert.Empty(t, stderr.String())
	assert.NotContains(t, stdout.String(), "NOT AS DOCUMENTED")
	lines := strings.Split(strings.Trim(stdout.String(), "\n"), "\n")
	operations := documented(t)
	assert.Equal(t, fmt.Sprintf("%[1]d of %[1]d operations as documented", len(operations)), lines[len(lines)-1])
	for _, op := range operations {
		assert.Contains(t, stdout.String(), "\n  "+op+" ")
	}
	aligned := regexp.MustCompile(`^  (GET|POST|PUT|DELETE) /\S+ +[A-Z]\w+\.[A-Z]\w+ .*\d(µs|ms|s)$`)
	column := strings.Index(lines[0], "method")
	for _, line := range lines {
		if strings.HasPrefix(line, "  ") && !strings.HasPrefix(line, "  operation") {
			assert.Regexp(t, aligned, line)
			assert.Equal(t, " ", string(line[column-1]), line)
			assert.NotEqual(t, " ", string(line[column]), line)
		}
	}
}

// README shows parts of the tour's output, with "..." between them. Durations vary between runs.
func TestREADMEShowsTheOutput(t *testing.T) {
	t.Parallel()
	readme, err := os.ReadFile("../../README.md")
	require.NoError(t, err)
	shown := regexp.MustCompile("(?s)```text\n(A parent signs up.*?)```").FindStringSubmatch(string(readme))
	require.NotNil(t, shown, "README shows no tour")
	var stdout bytes.Buffer
	require.NoError(t, newTour(&stdout).run(t.Context()))
	durations := regexp.MustCompile(`(?m) +[\d.]+(µs|ms|s)$`)
	rest := durations.ReplaceAllString(stdout.String(), " TIME")
	for part := range strings.SplitSeq(durations.ReplaceAllString(shown[1], " TIME"), "...\n") {
		_, after, found := strings.Cut(rest, part)
		require.True(t, found, "not printed, or not in this order:\n%s", part)
		rest = after
	}
}

// The tour must fail for a fake that responds differently.
func TestTourReportsUndocumentedResponses(t *testing.T) {
	t.Parallel()
	var stdout bytes.Buffer
	tour := newTour(&stdout)
	tour.fake.Handle("GET /account/status", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte("<html>"))
	}))

	err := tour.run(t.Context())

	require.Error(t, err)
	assert.Contains(t, stdout.String(), "NOT AS DOCUMENTED: account: GET /account/status: 200 OK: bad response")
	all := len(documented(t))
	assert.Contains(t, stdout.String(), fmt.Sprintf("\n%d of %d operations as documented\n", all-1, all))
}

func TestCommandLine(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		args   []string
		status int
		stderr string
	}{
		"help":                {[]string{"-h"}, 0, "PARTNERAPI_NETWORK_TOKEN"},
		"unknown flag":        {[]string{"-x"}, 2, "flag provided but not defined"},
		"unexpected argument": {[]string{"partner"}, 2, `unexpected argument "partner"`},
		"unknown API":         {[]string{"-live", "bank"}, 2, "unknown API"},
		"empty API":           {[]string{"-live", ""}, 2, "unknown API"},
		"missing token":       {[]string{"-live", "partner"}, 2, "PARTNERAPI_PARTNER_TOKEN is not set"},
		"missing key":         {[]string{"-live", "account"}, 2, "PARTNERAPI_ACCOUNT_KEY is not set"},
		"missing JWT":         {[]string{"-live", "network"}, 2, "PARTNERAPI_NETWORK_TOKEN is not set"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var stdout, stderr bytes.Buffer
			assert.Equal(t, test.status, run(test.args, noEnv, &stdout, &stderr))
			assert.Contains(t, stderr.String(), test.stderr)
			assert.Empty(t, stdout.String())
		})
	}
}

func TestLive(t *testing.T) {
	t.Parallel()
	good := map[string]string{
		"PARTNERAPI_PARTNER_TOKEN":    partnertest.PartnerToken,
		"PARTNERAPI_ACCOUNT_KEY":      partnertest.AccountKey,
		"PARTNERAPI_ORGANIZATION_KEY": partnertest.OrganizationKey,
		"PARTNERAPI_NETWORK_TOKEN":    partnertest.NetworkToken,
	}
	bad := map[string]string{
		"PARTNERAPI_PARTNER_TOKEN": "wrong", "PARTNERAPI_ACCOUNT_KEY": "wrong", "PARTNERAPI_NETWORK_TOKEN": "wrong",
	}
	tests := map[string]struct {
		api    string
		env    map[string]string
		stdout []string
		fails  bool
	}{
		"partner": {"partner", good, []string{"Subscriptions.Update    ok"}, false},
		"account": {"account", good, []string{"Accounts.Get            ok", "Accounts.Search         ok"}, false},
		"account without search": {
			"account", map[string]string{"PARTNERAPI_ACCOUNT_KEY": partnertest.AccountKey},
			[]string{"Accounts.Get            ok", "Accounts.Search         not checked: PARTNERAPI_ORGANIZATION_KEY is not set"}, false,
		},
		"network":     {"network", good, []string{"Networks.Domains        ok", "Networks.List           ok"}, false},
		"bad partner": {"partner", bad, []string{"Subscriptions.Update    FAILED", "401 Unauthorized"}, true},
		"bad account": {"account", bad, []string{"Accounts.Get            FAILED", "Please use a valid API Key."}, true},
		"bad network": {"network", bad, []string{"Networks.Domains        FAILED", "401 Unauthorized"}, true},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fake := partnertest.NewServer(t)
			var stdout bytes.Buffer
			err := checkLive(t.Context(), &stdout, test.api, func(key string) string { return test.env[key] },
				partnerapi.WithBaseURL(partnerapi.PartnerAPI, fake.URL+"/partner"),
				partnerapi.WithBaseURL(partnerapi.AccountAPI, fake.URL+"/account"),
				partnerapi.WithBaseURL(partnerapi.NetworkAPI, fake.URL+"/network"))
			assert.Equal(t, test.fails, err != nil)
			for _, want := range test.stdout {
				assert.Contains(t, stdout.String(), want)
			}
			for _, c := range fake.Calls() {
				assert.Contains(t, []string{http.MethodGet, http.MethodPut}, c.Method, "a check changes nothing")
			}
			assert.Empty(t, fake.Subscriptions())
		})
	}
}

// Only an API that knows the credential may pass: not a server that accepts anything, and not one with another API.
func TestLivePartnerNeedsTheAPIToSayNotFound(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		handler http.Handler
		stdout  string
	}{
		"takes anything": {
			http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(`{"success":true}`)) }),
			"FAILED: unexpected success, want: not found",
		},
		"another server": {http.NotFoundHandler(), "FAILED: partner: PUT /partners/subscriptions/{pk}: 404 Not Found: bad response"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := httptest.NewServer(test.handler)
			t.Cleanup(server.Close)
			var stdout bytes.Buffer

			err := checkLive(t.Context(), &stdout, "partner", func(string) string { return "token" },
				partnerapi.WithBaseURL(partnerapi.PartnerAPI, server.URL))

			require.Error(t, err)
			assert.Contains(t, stdout.String(), test.stdout)
		})
	}
}
