package e2e_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/assert"

	"github.com/partnerapi/partnerapi-go"
	"github.com/partnerapi/partnerapi-go/partnertest"
)

var signedUp = []partnerapi.SignupRequest{{PK: "MS2365", Email: "parent@example.com", ChildName: "Kim"}}

func TestWhereTheBrowserShowsTheToken(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		clicks []string
		calls  []string // that reach the fake, and where each carries the token
		places []string
	}{
		"through the server": {
			clicks: []string{"Add protection"},
			calls:  []string{"GET /partners/signup header", "GET /welcome"},
			places: []string{},
		},
		// The documented difference. It also shows that the search finds the token.
		"with the direct link": {
			clicks: []string{"Show the direct link", "Add protection directly"},
			calls:  []string{"GET /partners/signup query", "GET /welcome"},
			places: []string{"history entry", "page source", "profile on disk", "request URL"},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := openBrowser(t)
			p := servePortal(t)

			b.open(p.url + "/parent")
			b.logIn("parent@example.com")
			for _, link := range test.clicks {
				b.on("Your account")
				b.click(link)
			}
			b.on("Welcome")
			location := ask(b, chromedp.Location())
			b.close()

			assert.Equal(t, p.fake.URL+"/partner/welcome", location)
			assert.Equal(t, signedUp, p.fake.Signups())
			assert.Equal(t, test.calls, calls(p.fake))
			assert.Equal(t, test.places, b.places(partnertest.PartnerToken))
		})
	}
}

// calls returns the calls that reached the fake, and where each carried the token.
func calls(fake *partnertest.Fake) []string {
	var all []string
	for _, c := range fake.Calls() {
		line := c.Op
		if c.Header.Get("X-Token-Auth") == partnertest.PartnerToken {
			line += " header"
		}
		if c.Query.Get("token") == partnertest.PartnerToken {
			line += " query"
		}
		all = append(all, line)
	}
	return all
}

// A site that leaks the token everywhere shows that the test looks at every place.
func TestLeaksAreFound(t *testing.T) {
	t.Parallel()
	const token = "fake-partner-token"
	b := openBrowser(t)
	url := serve(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Referrer-Policy", "unsafe-url")
		fmt.Fprintf(w, `<!DOCTYPE html><title>Page</title><link rel="icon" href="data:,">
			<h1>Page</h1><a href="/next?token=%s">Next</a>`, token)
	}))

	b.open(url + "/?token=" + token)
	b.on("Page")
	b.click("Next")
	b.on("Page")
	b.close()

	assert.Equal(t, []string{
		"Referer header", "document.referrer", "history entry", "location", "page source", "profile on disk", "request URL",
	}, b.places(token))
}

// Following the link signs the parent up, so a page of another site must not make the browser follow it, although the browser is
// logged in.
func TestAnotherSiteCannotSignUp(t *testing.T) {
	t.Parallel()
	b := openBrowser(t)
	p := servePortal(t)
	evil := serve(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, `<!DOCTYPE html><title>Page</title><link rel="icon" href="data:,">
			<a href="%s/parent/protection">Win a prize</a>
			<form method="post" action="%[1]s/parent/subscription">
			<input type="hidden" name="plan" value="bark"><button>Win another</button></form>`, p.url)
	}))
	b.open(p.url + "/parent")
	b.logIn("parent@example.com")

	for _, lure := range []string{"Win a prize", "Win another"} {
		b.open(strings.Replace(evil, "127.0.0.1", "localhost", 1)) // another port alone would be the same site
		b.click(lure)
		b.on("That did not work")
	}
	b.open(p.url + "/parent")
	b.on("Your account", "You have no subscription.")

	assert.Empty(t, p.fake.Calls())
}
