package main

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jarcoal/httpmock"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/partnerapi/partnerapi-go"
)

// With recorded responses, a test sets each response of the API byte by byte: a body that the vendor documents, or one
// seen in production. There is no state, so the test also lists the requests, in order.

const invitationsURL = "https://api.backstack.com/account/network-invitations"

// recorded returns a service whose API is a mock, and the mock.
func recorded(t *testing.T) (*inviter, *httpmock.MockTransport) {
	t.Helper()
	mock := httpmock.NewMockTransport()
	client, err := partnerapi.NewClient(
		partnerapi.WithNetworkToken("token"),
		partnerapi.WithHTTPClient(&http.Client{Transport: mock}),
		partnerapi.WithRetry(partnerapi.RetryPolicy{MaxAttempts: 1}), // a request without a responder fails immediately
	)
	require.NoError(t, err)
	return &inviter{api: client.Invitations, domain: "dom_1234567890"}, mock
}

func body(t *testing.T, name string) string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join("..", "..", "testdata", name)) //nolint:gosec // a name that a test has
	require.NoError(t, err)
	return string(content)
}

func TestInviteReadsWhatTheVendorDocuments(t *testing.T) {
	t.Parallel()
	const none = `{"list":[],"total":0,"search":"","filter":"pending","filters":["pending","expired"],"pages":1}`
	// The document shows one record of a list with two pages; this list ends after the first.
	documented := strings.Replace(body(t, "get-account-network-invitations.ok.json"), `"pages": 2`, `"pages": 1`, 1)
	tests := map[string]struct {
		list    string
		created httpmock.Responder // nil if it must not be called
		sent    bool
		err     error
	}{
		"pending":          {documented, nil, false, nil},
		"sent, empty body": {none, httpmock.NewStringResponder(http.StatusOK, ""), true, nil},
		"refused": {
			none, httpmock.NewStringResponder(http.StatusBadRequest, `{"error":{"request_method":"POST","type":"user","code":400,`+
				`"message":"Please check the values.","fields":{"email":"This value is required."},"dev_message":""}}`),
			false, partnerapi.ErrInvalid,
		},
		"a page of another server": {none, httpmock.NewStringResponder(http.StatusOK, "<!DOCTYPE html>"), false, partnerapi.ErrBadResponse},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			service, mock := recorded(t)
			// A responder for a URL without its query matches any query.
			mock.RegisterResponder(http.MethodGet, invitationsURL, httpmock.NewStringResponder(http.StatusOK, test.list))
			creates := 0
			if test.created != nil {
				mock.RegisterResponder(http.MethodPost, invitationsURL, test.created)
				creates = 1
			}

			sent, err := service.invite(t.Context(), "jdoe@acme-corp.com")

			require.ErrorIs(t, err, test.err)
			assert.Equal(t, test.sent, sent)
			assert.Equal(t, creates, mock.GetCallCountInfo()["POST "+invitationsURL])
		})
	}
}
