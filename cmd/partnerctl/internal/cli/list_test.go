package cli

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/partnerapi/partnerapi-go"
)

func TestWatch(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		redraw bool
		clear  string
	}{"a file": {false, ""}, "a terminal": {true, "\x1b[H\x1b[2J"}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				p := newProgram(t)
				ctx, stop := context.WithCancel(t.Context())
				time.AfterFunc(25*time.Second, func() { p.fake.SeedNetwork(partnerapi.Network{AccountID: "acc_3", AccountTitle: "New"}) })
				time.AfterFunc(45*time.Second, stop)
				got := p.start(ctx, "", func(a *app) { a.redraw = test.redraw }, "networks", "list", "--watch", "-o", "csv")
				const head = "account_id,account_title,domain_title,fee,fee_proposed,fee_proposed_date\n"
				before := test.clear + head + "acc_1,Acme Seafood,Wholesale Distributor,2.5,,\nacc_2,Acme Dairy,Wholesale Distributor,1,1.5,1767355200\n"
				assert.Equal(t, ran{0, before + before + "acc_3,New,,0,,\n", ""}, got, "only what has changed is printed")
				assert.Len(t, p.fake.Calls(), 5, "every ten seconds")
			})
		})
	}
	assert.Equal(t, ran{2, "", "partnerctl: --interval: at least 1s\n"}, newProgram(t).run("networks list --watch --interval 1ms"))
}

// Ctrl-C ends a watch with success, also during a request.
func TestWatchInterrupted(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newProgram(t)
		ctx, stop := context.WithCancel(t.Context())
		hung := partnerapi.WithMiddleware(func(next http.RoundTripper) http.RoundTripper {
			return roundTripper(func(req *http.Request) (*http.Response, error) {
				if len(p.fake.Calls()) == 0 {
					return next.RoundTrip(req)
				}
				stop()
				<-req.Context().Done()
				return nil, req.Context().Err()
			})
		})
		got := p.start(ctx, "", func(a *app) { a.options = append(a.options, hung) }, "networks", "list", "--watch", "-o", "csv")
		assert.Equal(t, 0, got.status)
		assert.Empty(t, got.err)
	})
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }

// A list of many pages is whole, with a progress bar on a terminal only.
func TestAll(t *testing.T) {
	t.Parallel()
	p := newProgram(t)
	for i := range 250 {
		p.fake.SeedNetwork(partnerapi.Network{AccountID: fmt.Sprint("acc_", 1000+i)})
	}
	got := p.run("networks list --all -o csv")
	assert.Equal(t, 253, strings.Count(got.out, "\n"))
	assert.Empty(t, got.err)
	got = p.start(t.Context(), "", func(a *app) { a.progress = true }, "networks", "list", "--all", "-o", "csv")
	assert.Equal(t, 253, strings.Count(got.out, "\n"))
	assert.Contains(t, got.err, "records")
}

func TestBar(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	b := (&app{err: &out, progress: true}).bar(2, "lines")
	b.add(1)
	b.end()
	assert.Contains(t, out.String(), "lines")
	none := new(app).bar(2, "lines")
	none.add(1)
	none.end()
}
