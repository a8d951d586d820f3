package partnerapi

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A refresh that ends after a logout must not bring tokens back.
func TestTokensAfterALogout(t *testing.T) {
	t.Parallel()
	refresh := func(_ *Client, _ context.Context, spent string, _ map[Credential]string) (*Tokens, error) {
		assert.Equal(t, "R0", spent, "the token of before the logout")
		return &Tokens{AccessToken: "A1", RefreshToken: "R1"}, nil
	}
	s := &tokenSession{Tokens: Tokens{AccessToken: "A0", RefreshToken: "R0"}, refresh: refresh}
	s.end()
	require.NoError(t, s.replace(t.Context(), &sessionCall{}, "R0", true, false))
	assert.Zero(t, s.Tokens)
	assert.True(t, s.isEmpty())
}
