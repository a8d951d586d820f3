package partnerapi

import (
	"fmt"
	"log/slog"
)

// Tokens are the bearer tokens of a customer, on sites of the account API that use them in place of a cookie. A zero
// expiration is one that is not known. Their JSON is what the API calls access, tokens included. They are redacted as a
// [CreateAccountRequest] is, and no further.
type Tokens struct {
	AccessToken         string   `json:"access_token"`
	AccessTokenExpires  UnixTime `json:"access_token_expiration"`
	RefreshToken        string   `json:"refresh_token"`
	RefreshTokenExpires UnixTime `json:"refresh_token_expiration"`
}

// Format prints no more than the type's name, for every verb.
func (t Tokens) Format(f fmt.State, verb rune) { formatAs(f, verb, "partnerapi.Tokens(redacted)") }

// LogValue shows no more than the type's name.
func (t Tokens) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(t)) }
