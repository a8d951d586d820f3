package partnerapi

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A body that begins as nothing does, or as null, is not taken for it.
func TestAlmostNothingIsSomething(t *testing.T) {
	t.Parallel()
	for _, body := range []string{"\x00", "\x00{}", "\x00<html>bad gateway", "\x00{\x00\"\x00e\x00", "nul", "nullx", "null null", "\u00a0", "\ufeff\ufeff", " \ufeff"} {
		for name, client := range map[string]*Client{
			"200": newTestClient(t, always(200, body)), "201": newTestClient(t, always(201, body)),
		} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				assertKinds(t, client.Invitations.Delete(t.Context(), "inv_1"), ErrBadResponse)
				assertKinds(t, client.Networks.Update(t.Context(), "acc_1", UpdateNetworkRequest{}), ErrBadResponse)
				assertKinds(t, client.Subscriptions.Cancel(t.Context(), "pk"), ErrBadResponse)
				invitation, err := client.Invitations.Create(t.Context(), CreateInvitationRequest{})
				assert.Nil(t, invitation)
				assertKinds(t, err, ErrBadResponse)
				_, err = client.Accounts.Get(t.Context(), NewSession())
				assertKinds(t, err, ErrBadResponse)
				_, err = Do[none](t.Context(), client, Call{API: PartnerAPI, Op: "POST /a"})
				assertKinds(t, err, ErrBadResponse)
				_, err = Do[*int](t.Context(), client, Call{API: NetworkAPI, Op: "POST /a"})
				assertKinds(t, err, ErrBadResponse)
			})
		}
	}
}

// Every body passes the place where a byte order mark is skipped: successes and failures of all three APIs, what a stranger
// reads, the refresh of tokens and the pages of a walk. The body of an error is as it came.
func TestByteOrderMark(t *testing.T) {
	t.Parallel()
	const mark = "\xef\xbb\xbf"
	with := func(t *testing.T, status int, body string) *Client {
		t.Helper()
		return newTestClient(t, always(status, mark+body))
	}
	t.Run("partner", func(t *testing.T) {
		t.Parallel()
		require.NoError(t, with(t, 200, `{"success":true}`).Subscriptions.Cancel(t.Context(), "pk"))
		err := with(t, 200, `{"success":false,"error":"No.","error_type":"invalid_token"}`).Subscriptions.Cancel(t.Context(), "pk")
		assertKinds(t, err, ErrUnauthorized)
		var failed *Error
		require.ErrorAs(t, err, &failed)
		assert.Equal(t, mark+`{"success":false,"error":"No.","error_type":"invalid_token"}`, string(failed.Body))
	})
	t.Run("account", func(t *testing.T) {
		t.Parallel()
		customer, err := with(t, 200, "\n"+`{"status":"ok","customer":{"id":7}}`).Accounts.Get(t.Context(), NewSession())
		require.NoError(t, err)
		assert.Equal(t, &Customer{ID: 7}, customer)
		_, err = with(t, 200, `{"status":"error","messages":["Please log in."]}`).Accounts.Get(t.Context(), NewSession())
		assertKinds(t, err, ErrNotLoggedIn)
		_, err = with(t, 200, `{"customer":null}`).Accounts.Search(t.Context(), "a@example.com")
		assertKinds(t, err, ErrNotFound)
	})
	t.Run("network", func(t *testing.T) {
		t.Parallel()
		domains, err := with(t, 200, `[{"id":"dom_1","title":"T"}]`).Networks.Domains(t.Context())
		require.NoError(t, err)
		assert.Equal(t, []Domain{{ID: "dom_1", Title: "T"}}, domains)
		_, err = with(t, 404, `{"error":{"code":404,"message":"No."}}`).Networks.Get(t.Context(), "acc_1")
		assertKinds(t, err, ErrNotFound)
		var walked []string
		for n, err := range with(t, 200, `{"list":[{"account_id":"a"}],"total":1,"pages":1}`).Networks.All(t.Context(), ListOptions{}) {
			require.NoError(t, err)
			walked = append(walked, n.AccountID)
		}
		assert.Equal(t, []string{"a"}, walked)
		session, err := with(t, 200, `{"jwt":"h.p.s","auth":true}`).AppSessions.Current(t.Context())
		require.NoError(t, err)
		assert.Equal(t, "h.p.s", session.JWT())
	})
	t.Run("a stranger's value", func(t *testing.T) {
		t.Parallel()
		got, err := Do[map[string]int](t.Context(), with(t, 200, `{"a":1}`), Call{API: NetworkAPI, Op: "GET /a"})
		require.NoError(t, err)
		assert.Equal(t, map[string]int{"a": 1}, got)
	})
	t.Run("a refresh", func(t *testing.T) {
		t.Parallel()
		tokens, err := refreshTokens(t.Context(), with(t, 200, `{"access":{"access_token":"A1","refresh_token":"R1"}}`).config(), "R0")
		require.NoError(t, err)
		assert.Equal(t, &Tokens{AccessToken: "A1", RefreshToken: "R1"}, tokens)
	})
	t.Run("alone it is no body", func(t *testing.T) {
		t.Parallel()
		require.NoError(t, with(t, 200, "").Invitations.Delete(t.Context(), "inv_1"))
		_, err := with(t, 200, "").Networks.Get(t.Context(), "acc_1")
		assertKinds(t, err, ErrBadResponse)
	})
	t.Run("elsewhere it is not JSON", func(t *testing.T) {
		t.Parallel()
		for _, body := range []string{mark + "{}", " " + mark + "{}", `{` + mark + `}`, `{}` + mark} {
			_, err := Do[any](t.Context(), with(t, 200, body), Call{API: NetworkAPI, Op: "GET /a"})
			require.EqualError(t, err, "network: GET /a: 200 OK: bad response; not JSON")
		}
	})
}
