package acceptance

import (
	"context"
	"encoding/json"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/partnerapi/partnerapi-go"
)

func createInvitation(ctx context.Context, c *partnerapi.Client) (any, error) {
	return c.Invitations.Create(ctx, partnerapi.CreateInvitationRequest{Email: "jdoe@acme-corp.com", DomainID: "dom_1234567890", FeeProposed: partnerapi.Set(2.5)})
}

func activateInvitation(ctx context.Context, c *partnerapi.Client) (any, error) {
	return c.Invitations.Activate(ctx, "tok_1")
}

func listInvitations(ctx context.Context, c *partnerapi.Client) (any, error) {
	return c.Invitations.List(ctx, partnerapi.ListOptions{})
}

func updateInvitation(ctx context.Context, c *partnerapi.Client) (any, error) {
	return nil, c.Invitations.Update(ctx, "nwi_1", partnerapi.UpdateInvitationRequest{Email: "jdoe2@acme-corp.com", FeeProposed: partnerapi.Set(1.5)})
}

func deleteInvitation(ctx context.Context, c *partnerapi.Client) (any, error) {
	return nil, c.Invitations.Delete(ctx, "nwi_1")
}

var invitationReplies = map[string]replyTest{
	"post-account-network-invitations-token.ok": {
		status: 200, call: activateInvitation,
		want: &partnerapi.Activation{AccountID: "act_1234567890", UserID: "usr_1234567890", DomainID: "dom_1234567890", VersionID: "ver_1234567890"},
	},
	"get-account-network-invitations.ok": {
		status: 200, call: listInvitations,
		want: &partnerapi.Page[partnerapi.Invitation]{
			Items: []partnerapi.Invitation{{
				ID: "nwi_1234567890", Created: partnerapi.UnixTime{Time: time.Date(2009, time.February, 13, 23, 31, 30, 0, time.UTC)},
				DomainID: "dom_1234567890", FeeProposed: ptr(2.5), Email: "jdoe@acme-corp.com", Status: partnerapi.InvitationPending,
			}},
			Total: 8, Filters: []string{"pending", "expired"}, Pages: 2, Number: 1,
		},
	},
}

var invitationRequests = map[string]requestTest{
	"post-account-network-invitations.request": func(ctx context.Context, c *partnerapi.Client) error {
		_, err := createInvitation(ctx, c)
		return err
	},
	"post-account-network-invitations-id.request": func(ctx context.Context, c *partnerapi.Client) error {
		_, err := updateInvitation(ctx, c)
		return err
	},
}

func TestInvitationBodies(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		in   any
		want string
	}{
		"create without a fee":   {partnerapi.CreateInvitationRequest{Email: "a@b.c", DomainID: "dom_1"}, `{"email":"a@b.c","domain_id":"dom_1"}`},
		"create with a fee of 0": {partnerapi.CreateInvitationRequest{FeeProposed: partnerapi.Set(0.0)}, `{"fee_proposed":0}`},
		"create, fee cleared":    {partnerapi.CreateInvitationRequest{FeeProposed: partnerapi.Clear[float64]()}, `{"fee_proposed":""}`},
		"update the e-mail":      {partnerapi.UpdateInvitationRequest{Email: "a@b.c"}, `{"email":"a@b.c"}`},
		"update the fee to 0":    {partnerapi.UpdateInvitationRequest{FeeProposed: partnerapi.Set(0.0)}, `{"fee_proposed":0}`},
		"clear the fee":          {partnerapi.UpdateInvitationRequest{FeeProposed: partnerapi.Clear[float64]()}, `{"fee_proposed":""}`},
		"leave the fee":          {partnerapi.UpdateInvitationRequest{Email: "a@b.c", FeeProposed: partnerapi.Optional[float64]{}}, `{"email":"a@b.c"}`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			body, err := json.Marshal(test.in)
			require.NoError(t, err)
			assert.JSONEq(t, test.want, string(body))
		})
	}
}

func TestEmptyInvitationUpdateIsRefused(t *testing.T) {
	t.Parallel()
	log := newTranscript(teapot)
	err := newTestClient(t, log).Invitations.Update(t.Context(), "nwi_1", partnerapi.UpdateInvitationRequest{})
	assertRefused(t, err, "UpdateInvitationRequest", "no field is set")
	assert.Empty(t, log.requests)
}

// The response to Create is not documented: members that it has are read, and missing ones are no failure.
func TestCreateInvitationReplies(t *testing.T) {
	t.Parallel()
	pending := &partnerapi.Invitation{ID: "nwi_1", Status: partnerapi.InvitationPending}
	tests := map[string]struct {
		status int
		body   string
		want   *partnerapi.Invitation
	}{
		"record":          {200, `{"id":"nwi_1","status":"pending"}`, pending},
		"201":             {201, `{"id":"nwi_1","status":"pending"}`, pending},
		"more members":    {200, `{"id":"nwi_1","status":"pending","sent":true}`, pending},
		"other state":     {200, `{"id":"nwi_1","status":"bounced"}`, &partnerapi.Invitation{ID: "nwi_1", Status: "bounced"}},
		"empty body":      {200, ``, &partnerapi.Invitation{}},
		"no content":      {204, ``, &partnerapi.Invitation{}},
		"spaces":          {200, " \n", &partnerapi.Invitation{}},
		"null":            {200, `null`, &partnerapi.Invitation{}},
		"empty":           {200, `{}`, &partnerapi.Invitation{}},
		"list":            {200, `[]`, &partnerapi.Invitation{}},
		"true":            {200, `true`, &partnerapi.Invitation{}},
		"string":          {200, `"ok"`, &partnerapi.Invitation{}},
		"unlike a member": {200, `{"id":"nwi_1","status":"pending","created":"today"}`, pending},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := createInvitation(t.Context(), newTestClient(t, newTranscript(always(test.status, test.body))))
			require.NoError(t, err)
			assert.Equal(t, test.want, got)
		})
	}
}

func TestInvitationFailures(t *testing.T) {
	t.Parallel()
	for name, call := range map[string]func(context.Context, *partnerapi.Client) (any, error){
		"create": createInvitation, "activate": activateInvitation, "list": listInvitations, "update": updateInvitation,
		"delete": deleteInvitation, "domains": listDomains, "get network": getNetwork, "list networks": listNetworks,
		"update network": updateNetwork, "delete network": deleteNetwork,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for status, kind := range map[int]error{400: partnerapi.ErrInvalid, 401: partnerapi.ErrUnauthorized, 403: partnerapi.ErrForbidden, 404: partnerapi.ErrNotFound} {
				got, err := call(t.Context(), newTestClient(t, newTranscript(always(status,
					`{"error":{"request_method":"POST","type":"user","message":"Bad.","fields":{"email":"This value is required."},"dev_message":"d"}}`))))
				assertKinds(t, err, kind)
				assert.Zero(t, got)
				var failed *partnerapi.Error
				require.ErrorAs(t, err, &failed)
				assert.Equal(t, []string{"Bad."}, failed.Messages)
				assert.Equal(t, map[string]string{"email": "This value is required."}, failed.Fields)
				assert.Equal(t, "d", failed.DevMessage)
				assert.Equal(t, "user", failed.Type)
			}
			_, err := call(t.Context(), newTestClient(t, newTranscript(always(200, `<html>`))))
			assertKinds(t, err, partnerapi.ErrBadResponse)
		})
	}
}

func TestInvitationCallsWithoutBody(t *testing.T) {
	t.Parallel()
	for _, call := range []func(context.Context, *partnerapi.Client) (any, error){updateInvitation, deleteInvitation} {
		for body, status := range map[string]int{``: 204, ` `: 200, `{}`: 200, `[]`: 200, `null`: 200, `{"id":"nwi_1"}`: 202} {
			_, err := call(t.Context(), newTestClient(t, newTranscript(always(status, body))))
			require.NoError(t, err, body)
		}
	}
}

func TestInvitationToken(t *testing.T) {
	t.Parallel()
	for link, want := range map[string]string{
		"https://yourapp.example/networks?token=tok_1":            "tok_1",
		"https://yourapp.example/networks?a=b&token=tok_1&c=d":    "tok_1",
		"https://yourapp.example/networks#token=tok_1":            "tok_1",
		"https://yourapp.example/networks#?token=tok_1":           "tok_1",
		"https://yourapp.example/networks#a=b&token=tok_1":        "tok_1",
		"https://yourapp.example/#/networks?token=tok_1":          "tok_1",
		"https://yourapp.example/#!/networks?a=b&token=tok_1":     "tok_1",
		"https://yourapp.example/networks#token=a?b":              "a?b",
		"https://yourapp.example/networks?token=query#token=frag": "query",
		"https://yourapp.example/networks?token=#token=frag":      "frag",
		"https://yourapp.example/networks?token=one&token=two":    "one",
		"https://yourapp.example/networks?token=a%2Bb%3D%3D":      "a+b==",
		"https://yourapp.example/networks#token=a%2Bb%3D%3D":      "a+b==",
		"https://yourapp.example/networks#token=a%26b%23c":        "a&b#c",
		"https://yourapp.example/networks?token=%C3%BC":           "ü",
		"https://yourapp.example/networks?a=b;c&token=tok_1":      "tok_1",
		"https://yourapp.example/networks?a=%zz&token=tok_1":      "tok_1",
		"/networks?token=tok_1":                                   "tok_1",
		"?token=tok_1":                                            "tok_1",
		"#token=tok_1":                                            "tok_1",
	} {
		got, err := partnerapi.InvitationToken(link)
		require.NoError(t, err, link)
		assert.Equal(t, want, got, link)
	}
	const none = "no token in the query or the fragment"
	for link, why := range map[string]string{
		"":                                  "empty",
		"tok_1":                             none,
		"token=tok_1":                       none,
		"https://yourapp.example/networks":  none,
		"https://yourapp.example/?token":    none,
		"https://yourapp.example/?token=":   none,
		"https://yourapp.example/?Token=a":  none,
		"https://yourapp.example/#token":    none,
		"https://yourapp.example/?tokens=a": none,
		"https://yourapp.example/?token=%z": none,
		"https://token=a@yourapp.example/":  none,
		"https://yourapp.example/token=a":   none,
		"https://[::1/?token=SECRET":        "not a URL",
		"https://a.example/\x7f?token=x":    "not a URL",
		"%":                                 "not a URL",
	} {
		got, err := partnerapi.InvitationToken(link)
		assert.Empty(t, got, link)
		assertRefused(t, err, "link", why)
		assert.NotContains(t, err.Error(), "SECRET")
	}
}

// FuzzInvitationToken expects a token of any link, or an error that does not contain the link.
func FuzzInvitationToken(f *testing.F) {
	for _, link := range []string{
		"", "https://yourapp.example/networks?token=tok_1", "https://yourapp.example/networks#token=tok_1", "#?token=a", "#/x?token=a&b=c",
		"?token=%", "?a;b&token=x", "https://[::1", "?token=&token=b#token=c", "?token=%00", "#%3Ftoken=a", "#token=a?b",
	} {
		f.Add(link)
	}
	f.Fuzz(func(t *testing.T, link string) {
		token, err := partnerapi.InvitationToken(link)
		assert.Equal(t, token == "", err != nil)
		if err != nil {
			var refused *partnerapi.ArgumentError
			require.ErrorAs(t, err, &refused)
			assert.Contains(t, []string{"empty", "not a URL", "no token in the query or the fragment"}, refused.Reason)
			return
		}
		for _, whole := range []string{"?token=", "#token=", "#?token=", "#/networks?token="} {
			again, err := partnerapi.InvitationToken("https://yourapp.example/" + whole + url.QueryEscape(token))
			require.NoError(t, err)
			assert.Equal(t, token, again)
		}
	})
}
