package cli

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestCustomerSession(t *testing.T) {
	t.Parallel()
	p := newProgram(t)
	require.Equal(t, 0, p.with("temp123\n", "accounts login --email fan@example.com").status)
	assert.Equal(t, ran{0, "logged_in  true\n", ""}, p.run("accounts status"))
	assert.Contains(t, p.run("accounts update --first-name Kim").out, "Kim")
	assert.Contains(t, p.with("temp123\nnew-password\n", "accounts update --change-password").out, "Kim")
	assert.Equal(t, "new-password", p.fake.Customers()[0].Password)
	assert.Equal(t, ran{0, "id       customer\noutcome  logged out\n", ""}, p.run("accounts logout"))
	assert.NotContains(t, p.stored().Secrets, customerSession)
	assert.Equal(t, 7, p.run("accounts benefits").status)
}

func TestLoginWithTokens(t *testing.T) {
	t.Parallel()
	p := newProgram(t)
	got := p.with("https://fans.example/back?access_token=fan-access&refresh_token=fan-refresh\n", "accounts login --tokens-from-url")
	assert.Equal(t, ran{0, "id       customer\noutcome  tokens imported\n", ""}, got)
	assert.Equal(t, ran{0, "ID  SUMMARY  BENEFIT TYPE\n1   Presale  presale\n", ""}, p.run("accounts benefits"))
	assert.Equal(t, ran{2, "", "partnerctl: TokensFromURL: Tokens: empty\n"}, p.with("https://fans.example/\n", "accounts login --tokens-from-url"))
	assert.Equal(t, 2, p.with("\n", "accounts login").status)
}

// A refresh spends the refresh token, so the new one is kept.
func TestRefreshIsKept(t *testing.T) {
	t.Parallel()
	p := newProgram(t)
	p.fake.SetNow(time.Now())
	tokens := p.fake.SeedTokens(7)
	require.Equal(t, 0, p.with("https://fans.example/?access_token="+tokens.AccessToken+"&access_token_expiration=1&refresh_token="+tokens.RefreshToken+"\n",
		"accounts login --tokens-from-url").status)
	for range 2 {
		got := p.run("accounts get -o json")
		require.Equal(t, 0, got.status, got.err)
		var customer struct {
			ID int `json:"id"`
		}
		require.NoError(t, json.NewDecoder(strings.NewReader(got.out)).Decode(&customer))
		assert.Equal(t, 7, customer.ID)
	}
	assert.Len(t, p.fake.CallsTo("POST /refresh"), 1)
	assert.NotContains(t, p.stored().Secrets[customerSession], tokens.RefreshToken)
}

func TestAppSession(t *testing.T) {
	t.Parallel()
	p := withoutCredentials(t)
	require.Equal(t, 0, p.with("fake-app-key\n", "app session --start").status)
	require.Equal(t, 0, p.with("temp123\n", "app login --username robin").status)
	require.Equal(t, 0, p.run("app select-account acc_9").status)
	assert.Contains(t, p.run("networks list").out, "Acme Seafood")
	require.Equal(t, 0, p.run("app logout").status)
	assert.Contains(t, p.run("app session").out, "authenticated     false\n")
}
