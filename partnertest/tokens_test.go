package partnertest_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/partnerapi/partnerapi-go"
	"github.com/partnerapi/partnerapi-go/partnertest"
)

// bearerHeader returns the header of a request with the access token.
func bearerHeader(tokens partnerapi.Tokens) http.Header {
	return http.Header{"Authorization": {"Bearer " + tokens.AccessToken}}
}

func refreshed(t *testing.T, f *partnertest.Fake, tokens partnerapi.Tokens) partnerapi.Tokens {
	t.Helper()
	s := step{target: "POST /account/refresh", body: `{"refresh_token":"` + tokens.RefreshToken + `"}`}
	access := decoded(t, s.send(t, f).body)["access"].(map[string]any)
	return partnerapi.Tokens{AccessToken: access["access_token"].(string), RefreshToken: access["refresh_token"].(string)}
}

func TestTokensAsDocumented(t *testing.T) {
	t.Parallel()
	const active = `{"status":"ok","benefits":[{"id":8,"summary":"Benefit Summary 1","details":null,"benefit_type":"online","image_url":null}]}`
	f := partnertest.New(partnertest.WithFanclub(partnertest.Fanclub{ID: 2, Key: "second"}))
	f.SetNow(june)
	f.SeedCustomer(robot())
	f.SeedCustomer(naveen())
	first := f.SeedTokens(2)
	assert.Equal(t, "2014-06-01 12:15:00 +0000 UTC", first.AccessTokenExpires.String())
	assert.Equal(t, "2014-06-02 12:00:00 +0000 UTC", first.RefreshTokenExpires.String())
	send := `{"refresh_token":"` + first.RefreshToken + `"}`

	second := f.SeedTokens(1)
	run(t, f, []step{
		{"of another fan club", "GET /account/account/benefits", "", bearerHeader(second), 200, "@get-account-benefits.logged-out.json"},
		{"of its own", "GET /account/account/benefits?key=second", "", bearerHeader(second), 200, active},
		{"of no such token", "GET /account/account", "", bearerHeader(partnerapi.Tokens{AccessToken: "x"}), 200, "@get-account.no-customer.json"},
		{"of a refresh token", "GET /account/account", "", bearerHeader(partnerapi.Tokens{AccessToken: first.RefreshToken}), 200, "@get-account.no-customer.json"},
		{"status", "GET /account/account/status", "", bearerHeader(first), 200, "@get-account-status.ok.json"},
		{"another fan club's key", "POST /account/refresh?key=second", send, nil, 200, "@account.refresh-refused.json"},
		{"a bad key", "POST /account/refresh?key=bad", send, nil, 200, "@get-account-search.invalid-api-key.json"},
		{"nothing", "POST /account/refresh", "", nil, 200, "@account.refresh-refused.json"},
		{"an access token", "POST /account/refresh", `{"refresh_token":"` + first.AccessToken + `"}`, nil, 200, "@account.refresh-refused.json"},
	})
	next := refreshed(t, f, first)
	assert.NotEqual(t, first.AccessToken, next.AccessToken)
	run(t, f, []step{
		{"spent", "POST /account/refresh", send, nil, 200, "@account.refresh-refused.json"},
		{"the earlier token", "GET /account/account/benefits", "", bearerHeader(first), 200, "@get-account-benefits.none.json"},
		{"the new token", "GET /account/account/benefits", "", bearerHeader(next), 200, "@get-account-benefits.none.json"},
	})
}

func TestTokensExpireByTheFakesClock(t *testing.T) {
	t.Parallel()
	f := partnertest.New()
	f.SetNow(june)
	f.SeedCustomer(robot())
	tokens := f.SeedTokens(2)
	f.SetNow(june.Add(15*time.Minute - 1))
	run(t, f, []step{{"not yet", "GET /account/account/benefits", "", bearerHeader(tokens), 200, `{"status":"ok","benefits":[]}`}})
	f.SetNow(june.Add(15 * time.Minute))
	run(t, f, []step{{"expired", "GET /account/account/benefits", "", bearerHeader(tokens), 200, "@get-account-benefits.logged-out.json"}})
	f.SetNow(june.Add(24*time.Hour - 1))
	tokens = refreshed(t, f, tokens)
	run(t, f, []step{{"refreshed", "GET /account/account/benefits", "", bearerHeader(tokens), 200, `{"status":"ok","benefits":[]}`}})
	f.SetNow(june.Add(48 * time.Hour))
	run(t, f, []step{{
		"too late", "POST /account/refresh", `{"refresh_token":"` + tokens.RefreshToken + `"}`, nil, 200, "@account.refresh-refused.json",
	}})
}

func TestLogoutRevokesTokens(t *testing.T) {
	t.Parallel()
	f := partnertest.New()
	f.SeedCustomer(robot())
	tokens, others := f.SeedTokens(2), f.SeedTokens(2)
	run(t, f, []step{
		{"logout", "GET /account/logout", "", bearerHeader(tokens), 200, "@get-logout.ok.json"},
		{"once more", "GET /account/logout", "", bearerHeader(tokens), 200, "@get-logout.ok.json"},
		{"the access token", "GET /account/account", "", bearerHeader(tokens), 200, "@get-account.no-customer.json"},
		{"the refresh token", "POST /account/refresh", `{"refresh_token":"` + tokens.RefreshToken + `"}`, nil, 200, "@account.refresh-refused.json"},
		{"another login", "GET /account/account/benefits", "", bearerHeader(others), 200, `{"status":"ok","benefits":[]}`},
	})
}

func TestExpireSessions(t *testing.T) {
	t.Parallel()
	f := partnertest.New()
	f.SeedCustomer(robot())
	tokens, session := f.SeedTokens(2), with(login(t, f, partnertest.AccountKey, "test@example.com", "temp123"))
	f.ExpireSessions()
	run(t, f, []step{
		{"the access token", "GET /account/account", "", bearerHeader(tokens), 200, "@get-account.no-customer.json"},
		{"the refresh token", "POST /account/refresh", `{"refresh_token":"` + tokens.RefreshToken + `"}`, nil, 200, "@account.refresh-refused.json"},
		{"the cookie", "GET /account/account", "", session, 200, "@get-account.no-customer.json"},
		{"a new login", "GET /account/account/benefits", "", with(login(t, f, partnertest.AccountKey, "test@example.com", "temp123")), 200, "@get-account-benefits.none.json"},
	})
}

func TestTokensOfAnUnknownCustomer(t *testing.T) {
	t.Parallel()
	assert.PanicsWithValue(t, "partnertest: no customer has the ID 7", func() { partnertest.New().SeedTokens(7) })
}

func TestCustomersAreSeededWithTokens(t *testing.T) {
	t.Parallel()
	f := partnertest.New()
	now := time.Unix(1767225600, 0)
	f.SetNow(now)
	f.SeedCustomer(partnertest.Customer{
		Customer: partnerapi.Customer{ID: 7, Email: "fan@example.com"},
		Tokens: []partnerapi.Tokens{
			{AccessToken: "access"},
			{AccessToken: "expired", AccessTokenExpires: partnerapi.UnixTimeOf(now), RefreshToken: "refresh"},
		},
	})
	const target = "GET /account/account?key=" + partnertest.AccountKey
	for token, want := range map[string]string{"access": `"id":7`, "expired": `"customer":null`, "other": `"customer":null`} {
		got := step{target: target, header: http.Header{"Authorization": {"Bearer " + token}}}.send(t, f)
		assert.Contains(t, got.body, want, token)
	}
	f.SetNow(now.Add(15 * time.Minute))
	got := step{target: target, header: http.Header{"Authorization": {"Bearer access"}}}.send(t, f)
	assert.Contains(t, got.body, `"customer":null`)
	run(t, f, []step{{
		"no refresh token", "POST /account/refresh?key=" + partnertest.AccountKey, `{"refresh_token":""}`, nil, 200, "@account.refresh-refused.json",
	}})
	got = step{target: "POST /account/refresh?key=" + partnertest.AccountKey, body: `{"refresh_token":"refresh"}`}.send(t, f)
	assert.Contains(t, got.body, `"access_token"`)
}
