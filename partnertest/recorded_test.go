package partnertest_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/partnerapi/partnerapi-go"
	"github.com/partnerapi/partnerapi-go/partnertest"
)

// recorded returns a directory with responses.
func recorded(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range files {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600))
	}
	return dir
}

func TestRecordedFailureReplacesTheResponse(t *testing.T) {
	t.Parallel()
	fake := partnertest.New(partnertest.WithRecorded(recorded(t, map[string]string{
		"a.json": `{"op":"POST /partners/subscriptions","situation":"duplicate","status":409,"header":{"Content-Type":["application/json"]},
			"body":"{\"success\":false,\"error\":\"Taken\",\"error_type\":\"invalid_params\"}"}`,
	})))
	client := fake.Client()
	in := partnerapi.CreateSubscriptionRequest{PK: "1", Email: "a@example.com", Plan: partnerapi.PlanBark}
	require.NoError(t, client.Subscriptions.Create(t.Context(), in))
	err := client.Subscriptions.Create(t.Context(), in)
	var failed *partnerapi.Error
	require.ErrorAs(t, err, &failed)
	assert.Equal(t, 409, failed.StatusCode)
	assert.Equal(t, []string{"Taken"}, failed.Messages)
	require.ErrorIs(t, client.Subscriptions.Cancel(t.Context(), "2"), partnerapi.ErrNotFound)
	assert.Len(t, fake.Subscriptions(), 1)
}

func TestRecordedSuccessHasTheFakesValues(t *testing.T) {
	t.Parallel()
	fake := partnertest.New(partnertest.WithRecorded(recorded(t, map[string]string{
		"a.json": `{"op":"GET /account/network-invitations","situation":"success","status":203,"header":{"Content-Type":["text/json"]},
			"body":"{\"list\":[{\"id\":\"<id-1>\",\"email\":\"<email-1>\",\"created\":\"1\",\"more\":7}],\"total\":9,\"pages\":9}"}`,
	})))
	fake.SeedInvitation(partnerapi.Invitation{ID: "nwi_7", Email: "a@example.com"})
	fake.SeedInvitation(partnerapi.Invitation{ID: "nwi_8", Email: "b@example.com"})
	var response partnerapi.Response
	page, err := fake.Client().Invitations.List(t.Context(), partnerapi.ListOptions{}, partnerapi.WithResponseInto(&response))
	require.NoError(t, err)
	assert.Equal(t, 203, response.StatusCode)
	assert.Equal(t, "text/json", response.Header.Get("Content-Type"))
	assert.Regexp(t, `^\{"list":\[\{"created":"\d{10}","email":"a@example.com","id":"nwi_7","more":7\},`, string(response.Body))
	require.Len(t, page.Items, 2)
	assert.Equal(t, "nwi_8", page.Items[1].ID)
	assert.Equal(t, 2, page.Total)
	assert.False(t, page.Items[0].Created.IsZero())
}

func TestRecordedRefusesADirectory(t *testing.T) {
	t.Parallel()
	assert.Panics(t, func() { partnertest.New(partnertest.WithRecorded(t.TempDir())) })
	for _, content := range []string{`{`, `{"op":"GET /account","situation":"odd","status":200}`, `{"op":"GET /account","situation":"success"}`} {
		dir := recorded(t, map[string]string{"a.json": content})
		assert.Panics(t, func() { partnertest.New(partnertest.WithRecorded(dir)) }, content)
	}
}

func TestRecordedSituations(t *testing.T) {
	t.Parallel()
	dir := recorded(t, map[string]string{
		"a.json": `{"op":"GET /account","situation":"not logged in","status":200,"body":"{\"status\":\"error\",\"messages\":[\"Please log in first\"]}"}`,
		"b.json": `{"op":"GET /account/search","situation":"unknown id","status":200,"body":"{}"}`,
		"c.json": `{"op":"POST /login","situation":"wrong password","status":200,"body":"{\"status\":\"error\",\"messages\":[\"No\"]}"}`,
		"d.json": `{"op":"POST /accounts","situation":"missing birthdate","status":422,"body":"{\"status\":\"error\",\"messages\":[\"Incomplete\"]}"}`,
		"e.json": `{"op":"GET /account/network-domains","situation":"bad credential","status":403,"body":"{\"error\":{\"message\":\"Go away\"}}"}`,
	})
	client := partnertest.New(partnertest.WithRecorded(dir)).Client()
	_, err := client.Accounts.Get(t.Context(), partnerapi.NewSession())
	require.ErrorContains(t, err, "Please log in first")
	_, err = client.Accounts.Search(t.Context(), "a@example.com")
	require.ErrorIs(t, err, partnerapi.ErrNotFound)
	_, _, err = client.Accounts.Login(t.Context(), partnerapi.LoginRequest{Email: "a@example.com", Password: "x"})
	require.ErrorContains(t, err, "No")
	_, err = client.Accounts.Create(t.Context(), partnerapi.CreateAccountRequest{Email: "a@example.com", Password: "x"})
	require.ErrorContains(t, err, "Incomplete")
	_, err = client.Networks.Domains(t.Context(), partnerapi.WithCredential(partnerapi.NetworkToken, "old"))
	require.ErrorIs(t, err, partnerapi.ErrForbidden)
}
