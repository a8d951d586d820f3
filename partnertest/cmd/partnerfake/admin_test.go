package main

import (
	"bufio"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/partnerapi/partnerapi-go"
)

func TestAdminQueuesFaults(t *testing.T) {
	t.Parallel()
	p := start(t)
	p.expect(t, "POST /_fake/faults", `{"op":"GET /account/networks","faults":[
		{"status":429,"retry_after":"1500ms","header":{"x-request-id":"r1"},"body":"slow down"},
		{"cut":"before","times":2},
		{"status":500,"times":3}
	]}`, 200, `{"queued":6}`)
	c := client(t, p, partnerapi.WithRetry(partnerapi.RetryPolicy{MaxAttempts: 1}))

	_, err := c.Networks.List(t.Context(), partnerapi.ListOptions{})
	require.ErrorIs(t, err, partnerapi.ErrRateLimited)
	var failed *partnerapi.Error
	require.ErrorAs(t, err, &failed)
	assert.Equal(t, "2s", failed.RetryAfter.String())
	assert.Equal(t, "r1", failed.RequestID)
	assert.Equal(t, "slow down", string(failed.Body))
	_, err = client(t, p).Networks.List(t.Context(), partnerapi.ListOptions{}) // through both cuts, to two of the 500 responses
	require.ErrorIs(t, err, partnerapi.ErrServer)

	p.expect(t, "POST /_fake/recover", "", 200, `{"left":1}`)
	p.expect(t, "POST /_fake/recover", "", 200, `{"left":0}`)
	_, err = c.Networks.List(t.Context(), partnerapi.ListOptions{})
	require.NoError(t, err)
}

func TestAdminRefuses(t *testing.T) {
	t.Parallel()
	p := start(t)
	const others = `no such endpoint: use GET calls or state, or POST faults, tokens, recover or reset; see partnerfake -h`
	tests := map[string]struct {
		target, body string
		status       int
		why          string
	}{
		"nothing":           {"POST /_fake/faults", "", 400, "not JSON: unexpected end"},
		"more than one":     {"POST /_fake/faults", "{} {}", 400, "more than one JSON value"},
		"unknown member":    {"POST /_fake/faults", `{"fault":[]}`, 400, `unknown field "fault"`},
		"no list":           {"POST /_fake/faults", `{"faults":{}}`, 400, "faults: want a list, got object"},
		"no operation":      {"POST /_fake/faults", `{"faults":[]}`, 400, "no such operation: "},
		"unknown operation": {"POST /_fake/faults", `{"op":"GET /x","faults":[{}]}`, 400, "no such operation: GET /x"},
		"invalid fault": {
			"POST /_fake/faults", `{"op":"GET /account","faults":[{"status":503},{"status":"503"}]}`, 400,
			"fault 1: status: want a whole number, got string",
		},
		"contradictory fault": {
			"POST /_fake/faults", `{"op":"GET /account","faults":[{"status":99}]}`, 400,
			"fault 0 of GET /account: Status must be 200 to 999",
		},
		"too many faults": {
			"POST /_fake/faults", `{"op":"GET /account","faults":[` + strings.Repeat(`{"times":10000},`, 10) + `{}]}`, 400, "fault 10: more than 100000 faults",
		},
		"unknown customer":              {"POST /_fake/tokens", "{}", 400, "no customer has the ID 0"},
		"tokens by e-mail":              {"POST /_fake/tokens", `{"email":"a@example.com"}`, 400, `unknown field "email"`},
		"calls to an unknown operation": {"GET /_fake/calls?op=GET+/x", "", 400, "no such operation: GET /x"},
		"another path":                  {"GET /_fake/call", "", 404, others},
		"no path":                       {"GET /_fake/", "", 404, others},
		"another method":                {"GET /_fake/reset", "", 404, others},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			status, body := p.do(t, test.target, test.body)
			assert.Equal(t, test.status, status)
			var response map[string]string
			require.NoError(t, json.Unmarshal([]byte(body), &response), body)
			assert.Equal(t, map[string]string{"error": test.why}, response)
		})
	}
}

// A page of another site can make a browser send a POST to this machine.
func TestAdminRefusesCrossOriginRequests(t *testing.T) {
	t.Parallel()
	p := start(t)
	for _, header := range []string{"Sec-Fetch-Site: cross-site", "Origin: https://example.com"} {
		status, _ := p.do(t, "POST /_fake/reset", "", header)
		assert.Equal(t, 403, status, header)
	}
}

// DNS rebinding: a page whose name now resolves to this machine has the same origin in a browser.
func TestAdminIsOnLoopbackOnly(t *testing.T) {
	t.Parallel()
	p := start(t)
	for host, status := range map[string]int{
		"127.0.0.1": 200, "localhost:8080": 200, "LocalHost": 200, "[::1]:8080": 200, "evil.example:8080": 403, "10.0.0.1": 403, "": 403,
	} {
		w := httptest.NewRecorder()
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/_fake/state", nil)
		r.Host = host
		onLoopback(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(200) })).ServeHTTP(w, r)
		assert.Equal(t, status, w.Code, host)
	}
	status, _ := p.do(t, "POST /_fake/reset", "")
	assert.Equal(t, 200, status)
}

// An incomplete body must not be read as an empty request.
func TestAdminRefusesIncompleteBody(t *testing.T) {
	t.Parallel()
	p := start(t)
	conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", strings.TrimPrefix(p.url, "http://"))
	require.NoError(t, err)
	defer func() { assert.NoError(t, conn.Close()) }()
	_, err = io.WriteString(conn, "POST /_fake/faults HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n")
	require.NoError(t, err)
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	require.NoError(t, err)
	defer func() { assert.NoError(t, resp.Body.Close()) }()
	assert.Equal(t, 400, resp.StatusCode)
}

func TestBodiesAreBounded(t *testing.T) {
	t.Parallel()
	p := start(t)
	status, _ := p.do(t, "POST /account/login", strings.Repeat("x", maxBytes+1))
	assert.Equal(t, http.StatusRequestEntityTooLarge, status)
	p.expect(t, "GET /_fake/calls", "", 200, "[]")
	status, _ = p.do(t, "POST /_fake/faults", strings.Repeat("x", maxBytes+1))
	assert.Equal(t, http.StatusRequestEntityTooLarge, status)
}

func TestAdminListsCallsWithoutCredentials(t *testing.T) {
	t.Parallel()
	p := start(t)
	p.expect(t, "GET /_fake/calls", "", 200, "[]")
	p.do(t, "GET /account/account/search?key=fake-account-key&email=a@example.com&token=fake-partner-token", "", "Api-Key: fake-organization-key")
	p.do(t, "POST /network/account/networks/acc_1", `{"fee":1}`, networkHeader)
	p.do(t, "GET /elsewhere", "")

	_, body := p.do(t, "GET /_fake/calls", "")
	assert.NotContains(t, body, "fake-")
	var calls []map[string]any
	require.NoError(t, json.Unmarshal([]byte(body), &calls))
	for _, call := range calls {
		assert.NotEmpty(t, call["at"])
		assert.Regexp(t, `^\d+(\.\d+)?(µs|ms|s)$`, call["duration"])
		delete(call, "at")
		delete(call, "duration")
	}
	assert.Equal(t, []map[string]any{
		{
			"api": "account", "op": "GET /account/search", "method": "GET", "path": "/account/search",
			"query": map[string]any{"email": []any{"a@example.com"}}, "body": "", "status": 200.0,
		},
		{
			"api": "network", "op": "POST /account/networks/{child_account_id}", "method": "POST", "path": "/account/networks/acc_1",
			"query": map[string]any{}, "body": `{"fee":1}`, "status": 404.0,
		},
		{"api": "", "op": "", "method": "GET", "path": "/elsewhere", "query": map[string]any{}, "body": "", "status": 404.0},
	}, calls)

	_, body = p.do(t, "GET /_fake/calls?op=GET+/account/search", "")
	require.NoError(t, json.Unmarshal([]byte(body), &calls))
	assert.Len(t, calls, 1)
}

func TestAdminShowsTheState(t *testing.T) {
	t.Parallel()
	p := start(t)
	c, ctx := client(t, p), t.Context()
	p.expect(t, "GET /_fake/state", "", 200, `{"subscriptions":[],"signups":[],"customers":[],"networks":[],"invitations":[]}`)
	require.NoError(t, c.Subscriptions.Create(ctx, partnerapi.CreateSubscriptionRequest{PK: "MS1", Email: "parent@example.com", Plan: partnerapi.PlanBark}))
	_, err := c.Signup.Resolve(ctx, partnerapi.SignupRequest{PK: "MS2", Email: "parent@example.com", ChildName: "Robin"})
	require.NoError(t, err)
	_, err = c.Accounts.Create(ctx, partnerapi.CreateAccountRequest{
		Email: "fan@example.com", Birthdate: partnerapi.Date{Year: 1995, Month: 5, Day: 1}, Password: "temp123", PasswordConfirmation: "temp123",
	})
	require.NoError(t, err)
	created, err := c.Invitations.Create(ctx, partnerapi.CreateInvitationRequest{Email: "shop@example.com", DomainID: "dom_agency"})
	require.NoError(t, err)

	var state map[string][]map[string]any
	_, body := p.do(t, "GET /_fake/state", "")
	assert.NotContains(t, body, "temp123")
	require.NoError(t, json.Unmarshal([]byte(body), &state))
	assert.Equal(t, []map[string]any{{"pk": "MS1", "email": "parent@example.com", "plan": "bark"}}, state["subscriptions"])
	assert.Equal(t, []map[string]any{
		{"pk": "MS2", "email": "parent@example.com", "child_birthday": nil, "child_name": "Robin", "child_email": ""},
	}, state["signups"])
	assert.Equal(t, "fan@example.com", state["customers"][0]["email"])
	assert.Equal(t, created.ID, state["invitations"][0]["id"])

	link, ok := state["invitations"][0]["activation_link"].(string)
	require.True(t, ok)
	token, err := partnerapi.InvitationToken(link)
	require.NoError(t, err)
	p.expect(t, "POST /network/account/network-invitations/"+token, "", 200,
		`{"account_id":"act_1","user_id":"usr_1","domain_id":"dom_agency","version_id":"ver_1"}`, networkHeader)
}

// The records of the state are in the API's form: null for what is not known, [] for an empty list, whole Unix seconds.
func TestStateIsInTheFormOfTheAPI(t *testing.T) {
	t.Parallel()
	seed := filepath.Join(t.TempDir(), "seed.json")
	require.NoError(t, os.WriteFile(seed, []byte(`{
		"customers": [
			{"id": 7, "email": "fan@example.com", "birthdate": "1995-05-01", "subscription":
				{"plan": {"id": 1, "name": "Premium", "class": "premium"}, "start_date": "2026-01-01T01:00:00.5+01:00", "affiliates": [{"id": 1}]}},
			{"id": 8, "email": "visitor@example.com", "registered": false}
		],
		"networks": [{"account_id": "acc_1", "fee": 2.5, "fee_proposed": 2, "fee_proposed_date": 1767225600.75}],
		"invitations": [{"created": 1767225600.25, "email": "shop@example.com"}, {"email": "new@example.com"}]
	}`), 0o600))
	p := start(t, "-seed", seed)
	var state map[string][]json.RawMessage
	_, body := p.do(t, "GET /_fake/state", "")
	require.NoError(t, json.Unmarshal([]byte(body), &state))
	shown := func(list string, i int) string {
		require.Greater(t, len(state[list]), i, list)
		return regexp.MustCompile(`"age":\d+`).ReplaceAllString(string(state[list][i]), `"age":30`)
	}
	assert.JSONEq(t, `{
		"id": 7, "first_name": null, "last_name": null, "email": "fan@example.com", "new_email": null, "birthdate": "1995-05-01", "age": 30,
		"fanclub_id": 1, "expired": false, "trial_membership": false, "at_renewal_cap": false, "email_aliases": ["fan@example.com"],
		"invalid_email_message": null, "authentications": [],
		"subscription": {
			"plan": {"id": 1, "name": "Premium", "class": "premium", "description": null, "online_benefits": null, "annotations": null, "tags": []},
			"start_date": "2026-01-01T00:00:00Z", "end_date": null, "lapsed": false, "trial_membership": false,
			"affiliates": [{"id": 1, "name": "", "codes": []}]
		}
	}`, shown("customers", 0))
	assert.JSONEq(t, `{
		"id": 8, "first_name": null, "last_name": null, "email": "visitor@example.com", "new_email": null, "birthdate": null, "age": null,
		"fanclub_id": 1, "registered": false, "expired": false, "trial_membership": false, "at_renewal_cap": false,
		"email_aliases": ["visitor@example.com"], "invalid_email_message": null, "authentications": []
	}`, shown("customers", 1))
	assert.JSONEq(t, `{
		"account_id": "acc_1", "account_title": "", "domain_title": "", "fee": 2.5, "fee_proposed": 2, "fee_proposed_date": 1767225600
	}`, shown("networks", 0))
	assert.JSONEq(t, `{
		"id": "nwi_1", "created": 1767225600, "domain_id": "dom_agency", "fee_proposed": null, "email": "shop@example.com", "status": "expired",
		"activation_link": "https://yourapp.example/networks?token=token-nwi_1"
	}`, shown("invitations", 0))
	assert.Regexp(t, `"created":\d+,`, shown("invitations", 1))
}

// Tokens come from the endpoint and from the seed file.
func TestTokensOfCustomers(t *testing.T) {
	t.Parallel()
	p := start(t, "-seed", "example.json")
	status, body := p.do(t, "POST /_fake/tokens", `{"customer_id":7}`)
	require.Equal(t, 200, status)
	var made partnerapi.Tokens
	require.NoError(t, json.Unmarshal([]byte(body), &made))
	c, ctx := client(t, p), t.Context()
	for _, tokens := range []partnerapi.Tokens{
		made, {RefreshToken: made.RefreshToken},
		{AccessToken: "fan-access", RefreshToken: "fan-refresh"}, {RefreshToken: "fan-refresh"},
	} {
		session, err := partnerapi.NewTokenSession(tokens)
		require.NoError(t, err)
		customer, err := c.Accounts.Get(ctx, session)
		require.NoError(t, err)
		assert.Equal(t, int64(7), customer.ID)
	}
	session, err := partnerapi.NewTokenSession(partnerapi.Tokens{AccessToken: made.AccessToken})
	require.NoError(t, err)
	p.do(t, "POST /_fake/reset", "")
	_, err = c.Accounts.Get(ctx, session)
	require.ErrorIs(t, err, partnerapi.ErrNotLoggedIn)
	p.expect(t, "GET /account/account/benefits?key=fake-account-key", "", 200,
		`{"status":"ok","benefits":[{"id":1,"summary":"Presale","details":null,"benefit_type":"presale","image_url":null}]}`,
		"Authorization: Bearer fan-access")
	assert.NotContains(t, p.stderr.String(), "fan-")
}

func TestAdminResets(t *testing.T) {
	t.Parallel()
	p := start(t, "-seed", "example.json", "-fault", "GET /account/networks: status=503")
	for range 2 {
		status, _ := p.do(t, "GET /network/account/networks", "", networkHeader)
		assert.Equal(t, 503, status, "the fault of the command line")
		p.expect(t, "DELETE /partner/partners/subscriptions/MS2365", "", 200, `{"success":true}`, partnerHeader)
		p.expect(t, "POST /_fake/reset", "", 200, `{"reset":true}`)
		p.expect(t, "GET /_fake/calls", "", 200, "[]")
	}
}
