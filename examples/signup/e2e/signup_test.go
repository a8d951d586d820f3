package e2e_test

import (
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/assert"

	"github.com/partnerapi/partnerapi-go"
	"github.com/partnerapi/partnerapi-go/examples/signup/internal/site"
	"github.com/partnerapi/partnerapi-go/partnertest"
)

// A literal: the test searches for this text.
const token = "fake-partner-token"

var parent = partnerapi.SignupRequest{PK: "MS2365", Email: "parent+1@example.com", ChildName: "Kim"}

// example serves the example's site and the fake behind it.
func example(t *testing.T) (app string, fake *partnertest.Fake) {
	t.Helper()
	fake = partnertest.NewServer(t)
	return serve(t, site.New(fake.Client(), slog.New(slog.DiscardHandler), func(*http.Request) (partnerapi.SignupRequest, error) {
		return parent, nil
	})), fake
}

func serve(t *testing.T, h http.Handler) string {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	return server.URL
}

func TestWhereTheBrowserShowsTheToken(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		clicks []string
		calls  []string // that reach the fake, and where each carries the token
		places []string
	}{
		"through the server": {
			clicks: []string{"#server-link"},
			calls:  []string{"GET /partners/signup header", "GET /welcome"},
			places: []string{},
		},
		// The documented difference. It also shows that the search finds the token.
		"with the direct link": {
			clicks: []string{"#show-direct", "#direct-link"},
			calls:  []string{"GET /partners/signup query", "GET /welcome"},
			places: []string{"history entry", "page source", "profile on disk", "request URL"},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := openBrowser(t)
			app, fake := example(t)

			b.do(chromedp.Navigate(app))
			for _, link := range test.clicks {
				b.look(link)
				b.do(chromedp.Click(link))
			}
			b.look(`//h1[text()="Welcome"]`)
			location := ask(b, chromedp.Location())
			b.close()

			assert.Equal(t, fake.URL+"/partner/welcome", location)
			assert.Equal(t, []partnerapi.SignupRequest{parent}, fake.Signups())
			assert.Equal(t, test.calls, calls(fake))
			assert.Equal(t, test.places, b.places(token))
			assert.Empty(t, b.complaints, "of the Content-Security-Policy, say")
		})
	}
}

// calls returns the calls that reached the fake, and where each carried the token.
func calls(fake *partnertest.Fake) []string {
	var all []string
	for _, c := range fake.Calls() {
		line := c.Op
		if c.Header.Get("X-Token-Auth") == token {
			line += " header"
		}
		if c.Query.Get("token") == token {
			line += " query"
		}
		all = append(all, line)
	}
	return all
}

// A site that leaks the token everywhere shows that the test looks at every place.
func TestLeaksAreFound(t *testing.T) {
	t.Parallel()
	b := openBrowser(t)
	url := serve(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Referrer-Policy", "unsafe-url")
		fmt.Fprintf(w, `<!DOCTYPE html><title>Page</title><link rel="icon" href="data:,"><a id="next" href="/next?token=%s">Next</a>`, token)
	}))

	b.do(chromedp.Navigate(url + "/?token=" + token))
	b.look("#next")
	b.do(chromedp.Click("#next"))
	b.look("#next")
	b.close()

	assert.Equal(t, []string{
		"Referer header", "document.referrer", "history entry", "location", "page source", "profile on disk", "request URL",
	}, b.places(token))
	assert.Empty(t, b.complaints)
}

// Following the link signs the parent up, so a page of another site must not make the browser follow it.
func TestAnotherSiteCannotSignUp(t *testing.T) {
	t.Parallel()
	b := openBrowser(t)
	app, fake := example(t)
	evil := serve(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, `<!DOCTYPE html><title>Page</title><a id="lure" href="%s/protection">Win a prize</a>`, app)
	}))

	// Under another name: another port alone would be the same site.
	b.do(
		chromedp.Navigate(strings.Replace(evil, "127.0.0.1", "localhost", 1)),
		chromedp.Click("#lure"),
		chromedp.WaitVisible("main h1"),
	)

	heading := ask(b, chromedp.Text("main h1"))
	b.close()

	assert.Equal(t, "That did not work", heading)
	assert.Empty(t, fake.Signups())
}
