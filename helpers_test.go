package partnerapi

import (
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// The credentials of every client that newTestClient makes.
const (
	testPartnerToken    = "test-partner-token"
	testAccountKey      = "test-account-key"
	testOrganizationKey = "test-organization-key"
	testNetworkToken    = "test-network-token"
)

// roundTripFunc is a transport in memory. Like a mock, it traces nothing.
type roundTripFunc func(*http.Request) (*http.Response, error)

func (f roundTripFunc) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }

// reply is an answer. header is names and values in turn.
func reply(status int, body string, header ...string) *http.Response {
	h := make(http.Header)
	for pair := range slices.Chunk(header, 2) {
		h.Add(pair[0], pair[1])
	}
	return &http.Response{StatusCode: status, Header: h, Body: io.NopCloser(strings.NewReader(body))}
}

// newTestClient returns a client with all four credentials, whose requests go to rt.
func newTestClient(t testing.TB, rt http.RoundTripper, opts ...Option) *Client {
	t.Helper()
	client, err := NewClient(append([]Option{
		WithHTTPClient(&http.Client{Transport: rt}),
		WithPartnerToken(testPartnerToken),
		WithAccountKey(testAccountKey),
		WithOrganizationKey(testOrganizationKey),
		WithNetworkToken(testNetworkToken),
	}, opts...)...)
	require.NoError(t, err)
	return client
}

// newOwnClient returns a client with all four credentials and a transport of its own, which change adapts to the test.
func newOwnClient(t testing.TB, change func(*http.Transport), opts ...Option) *Client {
	t.Helper()
	client := newTestClient(t, nil, opts...)
	change(client.config().transport.(*http.Transport))
	return client
}

// hundredNetworks is a page of a list, of whose records half have a proposed fee.
func hundredNetworks() string {
	var b strings.Builder
	for i := range 100 {
		proposed := `"fee_proposed":null,"fee_proposed_date":null`
		if i%2 == 0 {
			proposed = `"fee_proposed":2.5,"fee_proposed_date":1234567890`
		}
		fmt.Fprintf(&b, `,{"account_id":"acc_%010d","account_title":"Acme Seafood %d","domain_title":"Wholesale Distributor","fee":1.5,%s}`, i, i, proposed)
	}
	return `{"list":[` + b.String()[1:] + `],"total":100,"search":"","filter":"","filters":[],"pages":1}`
}
