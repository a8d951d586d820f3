package partnerapi

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

// A body that begins as nothing does, or as null, is not taken for it.
func TestAlmostNothingIsSomething(t *testing.T) {
	t.Parallel()
	for _, body := range []string{"\x00", "\x00{}", "\x00<html>bad gateway", "\x00{\x00\"\x00e\x00", "nul", "nullx", "null null", "\u00a0", "\ufeff"} {
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
