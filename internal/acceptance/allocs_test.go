//go:build !race

package acceptance

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/partnerapi/partnerapi-go"
)

// inMemory returns the same response immediately. Three of the allocations of a call are its own.
type inMemory struct {
	status int
	header http.Header
	body   []byte
}

func (m inMemory) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.Body != nil {
		_, _ = io.Copy(io.Discard, req.Body)
	}
	return &http.Response{
		StatusCode: m.status, Header: m.header, Body: io.NopCloser(bytes.NewReader(m.body)), ContentLength: int64(len(m.body)),
	}, nil
}

// The bounds are the allocations of a call with Go 1.26 and 20 % more, for other versions. testdata/TRAPS.md: "A logger and
// `StandardClient` cost allocations." and "`testing.AllocsPerRun` panics in a parallel test."
func TestTrapCostOfACall(t *testing.T) { //nolint:paralleltest // counts the allocations of the whole process
	session := partnerapi.NewSession()
	setCookies(t, session, "sid=0123456789abcdef")
	tests := map[string]struct {
		status int
		body   string
		call   func(context.Context, *partnerapi.Client) error
		most   float64
	}{
		"create": {201, `{"success":true}`, func(ctx context.Context, c *partnerapi.Client) error {
			return c.Subscriptions.Create(ctx, partnerapi.CreateSubscriptionRequest{PK: "MS2365", Email: "parent@example.com", Plan: partnerapi.PlanBark})
		}, 16}, // 13
		"error": {400, fixture(t, "post-partners-subscriptions.email-blank"), func(ctx context.Context, c *partnerapi.Client) error {
			err := c.Subscriptions.Create(ctx, partnerapi.CreateSubscriptionRequest{PK: "MS2365", Plan: partnerapi.PlanBark})
			require.ErrorIs(t, err, partnerapi.ErrInvalid)
			return nil
		}, 22}, // 18
		"account": {200, fixture(t, "get-account.ok"), func(ctx context.Context, c *partnerapi.Client) error {
			_, err := c.Accounts.Get(ctx, session)
			return err
		}, 25}, // 21
		"list": {200, hundredNetworks(), func(ctx context.Context, c *partnerapi.Client) error {
			_, err := c.Networks.List(ctx, partnerapi.ListOptions{Page: 1, Records: 100})
			return err
		}, 65}, // 54
		"nothing to read": {200, `{}`, func(ctx context.Context, c *partnerapi.Client) error {
			return c.Invitations.Delete(ctx, "inv_1")
		}, 14}, // 12
	}
	for name, test := range tests { //nolint:paralleltest // see above
		t.Run(name, func(t *testing.T) {
			client := newTestClient(t, inMemory{test.status, http.Header{"Content-Type": {"application/json"}}, []byte(test.body)})
			got := testing.AllocsPerRun(200, func() { require.NoError(t, test.call(t.Context(), client)) })
			assert.LessOrEqual(t, got, test.most)
		})
	}
}

// A service that starts often, or a function of a cloud, makes a client for few calls.
func TestCostOfNewClient(t *testing.T) { //nolint:paralleltest // counts the allocations of the whole process
	got := testing.AllocsPerRun(100, func() {
		_, err := partnerapi.NewClient(partnerapi.WithPartnerToken("a"), partnerapi.WithAccountKey("b"), partnerapi.WithNetworkToken("c"))
		require.NoError(t, err)
	})
	assert.LessOrEqual(t, got, 60.0)
}

// A session holds the cookie of a Set-Cookie line, not the line with its long attributes.
func TestCookiesDoNotKeepTheirLine(t *testing.T) { //nolint:paralleltest // measures the heap of the whole process
	session := partnerapi.NewSession()
	before := heap()
	for i := range 50 {
		line := fmt.Sprintf("c%d=1; Comment=%s", i, strings.Repeat("a", 1<<20))
		setCookies(t, session, line)
	}
	assert.Less(t, heap()-before, 1e6)
	assert.Equal(t, 50, strings.Count(cookieHeader(t, session)[0], "="))
}

// heap returns the bytes in use.
func heap() float64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&m)
	return float64(m.HeapAlloc)
}

// A string that is retained retains its block, not the whole response.
func TestKeptTextKeepsLittle(t *testing.T) { //nolint:paralleltest // measures the heap of the whole process
	client := newTestClient(t, inMemory{200, http.Header{}, []byte(hundredNetworks())})
	const pages = 500
	kept := make([]string, 0, pages)
	before := heap()
	for i := range pages {
		page, err := client.Networks.List(t.Context(), partnerapi.ListOptions{})
		require.NoError(t, err)
		kept = append(kept, page.Items[i%100].AccountTitle)
	}
	assert.Less(t, (heap()-before)/pages, 2.0*256, "bytes for each text, in a block that jsonwire shares; a response is 15 KB")
	assert.Len(t, kept, pages)
}

// hundredNetworks returns a page of networks, half of which have a proposed fee.
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
