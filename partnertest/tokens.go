package partnertest

import (
	"crypto/rand"
	"fmt"
	"strings"
	"time"

	"github.com/partnerapi/partnerapi-go"
)

// ours A43: about as long as the vendor's
const (
	accessLifetime  = 15 * time.Minute
	refreshLifetime = 24 * time.Hour
)

// grant is a pair of tokens and its owner.
type grant struct {
	partnerapi.Tokens
	customer int64
}

// SeedTokens returns new tokens of a customer, such as a login on the customer's device returns. By the fake's clock the
// access token is valid for 15 minutes and the refresh token for a day; a client uses its own clock.
//
// SeedTokens panics if no customer has the ID.
func (f *Fake) SeedTokens(customerID int64) partnerapi.Tokens {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.customers.has(customerID) {
		panic(fmt.Sprintf("partnertest: no customer has the ID %d", customerID))
	}
	return f.issue(customerID)
}

func (f *Fake) issue(customer int64) partnerapi.Tokens {
	return f.grant(customer, partnerapi.Tokens{AccessToken: rand.Text(), RefreshToken: rand.Text()})
}

// grant makes tokens valid. It fills in the expirations.
func (f *Fake) grant(customer int64, t partnerapi.Tokens) partnerapi.Tokens {
	if t.AccessTokenExpires.IsZero() {
		t.AccessTokenExpires = partnerapi.UnixTimeOf(f.now().Add(accessLifetime))
	}
	if t.RefreshTokenExpires.IsZero() {
		t.RefreshTokenExpires = partnerapi.UnixTimeOf(f.now().Add(refreshLifetime))
	}
	if t.AccessToken != "" {
		f.access.put(t.AccessToken, grant{t, customer})
	}
	if t.RefreshToken != "" {
		f.refreshes.put(t.RefreshToken, grant{t, customer})
	}
	return t
}

// refresh exchanges a refresh token for new tokens.
// ours A17, A44: it spends the refresh token, and the earlier access token stays valid
func (f *Fake) refresh(in *request) reply {
	body, _ := read[struct {
		RefreshToken string `json:"refresh_token"`
	}](in) // an empty body holds no valid token
	g, known := f.refreshes.get(body.RefreshToken)
	c, exists := f.customers.get(g.customer)
	if !known || !exists || !f.now().Before(g.RefreshTokenExpires.Time) || c.FanclubID != in.fanclub.ID {
		return accountFailed(accountRefusedRefresh)
	}
	f.refreshes.remove(body.RefreshToken)
	return accountOK(map[string]any{"access": f.issue(g.customer)})
}

// bearer returns the access token of a request, or an empty string.
func bearer(in *request) string {
	scheme, token, _ := strings.Cut(in.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return token
}

func hasBearer(in *request) bool { return bearer(in) != "" }

// bearerOf returns the customer of the request's access token.
func (f *Fake) bearerOf(in *request) (customer int64, known bool) {
	g, known := f.access.get(bearer(in))
	return g.customer, known && f.now().Before(g.AccessTokenExpires.Time)
}

// revoke revokes the tokens of a request.
// ours A19: the refresh token too that came with the access token
func (f *Fake) revoke(in *request) {
	g, _ := f.access.get(bearer(in))
	f.refreshes.remove(g.RefreshToken)
	f.access.remove(bearer(in))
}
