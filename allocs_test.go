//go:build !race

package partnerapi

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
)

// inMemory answers with the same at once. Of the allocations of a call three are its own.
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

// What a call may cost: what it does with Go 1.26, and head-room for other versions. A transport that looks at the time
// limit, as net/http's does and this one does not, makes about ten more. TRAPS: "3 allocations over bare net/http with a nil
// logger; 7 with any logger; 9 through StandardClient": a call has no room for a logger below it, nor for a client of its own.
// TRAPS: "testing.AllocsPerRun panics in a parallel test": this one is serial.
func TestTrapCostOfACall(t *testing.T) { //nolint:paralleltest // it counts what the whole process allocates
	session := NewSession()
	session.absorb(reply(200, "", "Set-Cookie", "sid=0123456789abcdef"), "https://services.sparkart.net")
	tests := map[string]struct {
		status int
		body   string
		call   func(context.Context, *Client) error
		most   float64
	}{
		"create": {201, `{"success":true}`, func(ctx context.Context, c *Client) error {
			return c.Subscriptions.Create(ctx, CreateSubscriptionRequest{PK: "MS2365", Email: "parent@example.com", Plan: PlanBark})
		}, 72}, // 60
		"error": {400, fixture(t, "post-partners-subscriptions.email-blank"), func(ctx context.Context, c *Client) error {
			err := c.Subscriptions.Create(ctx, CreateSubscriptionRequest{PK: "MS2365", Plan: PlanBark})
			require.ErrorIs(t, err, ErrInvalid)
			return nil
		}, 78}, // 65
		"account": {200, fixture(t, "get-account.ok"), func(ctx context.Context, c *Client) error {
			_, err := c.Accounts.Get(ctx, session)
			return err
		}, 91}, // 76
		"list": {200, hundredNetworks(), func(ctx context.Context, c *Client) error {
			_, err := c.Networks.List(ctx, ListOptions{Page: 1, Records: 100})
			return err
		}, 169}, // 141
		"nothing to read": {200, `{}`, func(ctx context.Context, c *Client) error {
			return c.Invitations.Delete(ctx, "inv_1")
		}, 65}, // 54
	}
	for name, test := range tests { //nolint:paralleltest // see above
		t.Run(name, func(t *testing.T) {
			client := newTestClient(t, inMemory{test.status, http.Header{"Content-Type": {"application/json"}}, []byte(test.body)})
			got := testing.AllocsPerRun(200, func() { require.NoError(t, test.call(t.Context(), client)) })
			assert.LessOrEqual(t, got, test.most)
		})
	}
}

// What a session keeps of a Set-Cookie line is the cookie, however long its attributes are.
func TestCookiesKeepNoLine(t *testing.T) { //nolint:paralleltest // it looks at the heap of the whole process
	session := NewSession()
	before := heap()
	for i := range 50 {
		line := fmt.Sprintf("c%d=1; Comment=%s", i, strings.Repeat("a", 1<<20))
		session.absorb(reply(200, "", "Set-Cookie", line), "https://services.sparkart.net")
	}
	assert.Less(t, heap()-before, 1e6)
	assert.Equal(t, 50, strings.Count(cookieHeader(t, session)[0], "="))
}

// heap is how many bytes are in use.
func heap() float64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&m)
	return float64(m.HeapAlloc)
}

// A text that is kept keeps its block, not the reply.
func TestKeptTextKeepsLittle(t *testing.T) { //nolint:paralleltest // it looks at the heap of the whole process
	client := newTestClient(t, inMemory{200, http.Header{}, []byte(hundredNetworks())})
	const pages = 500
	kept := make([]string, 0, pages)
	before := heap()
	for i := range pages {
		page, err := client.Networks.List(t.Context(), ListOptions{})
		require.NoError(t, err)
		kept = append(kept, page.Items[i%100].AccountTitle)
	}
	assert.Less(t, (heap()-before)/pages, 2.0*256, "bytes for each text, in a block that jsonwire shares; a reply is 15 KB")
	assert.Len(t, kept, pages)
}
