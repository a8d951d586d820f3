package site_test

import (
	"bytes"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/partnerapi/partnerapi-go"
	"github.com/partnerapi/partnerapi-go/examples/signup/internal/site"
	"github.com/partnerapi/partnerapi-go/partnertest"
)

var parent = partnerapi.SignupRequest{PK: "MS2365", Email: "parent+1@example.com", ChildName: "Kim"}

func is(in partnerapi.SignupRequest) site.Who {
	return func(*http.Request) (partnerapi.SignupRequest, error) { return in, nil }
}

var silent = slog.New(slog.DiscardHandler)

func signedOut(*http.Request) (partnerapi.SignupRequest, error) {
	return parent, errors.New("no parent is signed in")
}

func ask(t *testing.T, h http.Handler, method, target string, header http.Header) *http.Response {
	t.Helper()
	req := httptest.NewRequestWithContext(t.Context(), method, target, nil)
	req.Header = header
	w := httptest.NewRecorder()
	h.ServeHTTP(w, req)
	return w.Result()
}

func bodyOf(t *testing.T, resp *http.Response) string {
	t.Helper()
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	return string(body)
}

const (
	html       = "text/html; charset=utf-8"
	directLink = `href="https://partnertest.invalid/partner/partners/signup?child_name=Kim&amp;email=parent%2B1%40example.com&amp;pk=MS2365&amp;token=fake-partner-token"`
)

func TestResponses(t *testing.T) {
	t.Parallel()
	from := func(site string) http.Header { return http.Header{"Sec-Fetch-Site": {site}} }
	known := is(parent)
	noEmail := is(partnerapi.SignupRequest{PK: "MS2365"})
	markup := is(partnerapi.SignupRequest{PK: `"><script>`, Email: "<b>@example.com"})
	tests := map[string]struct {
		who      site.Who
		method   string
		target   string
		header   http.Header
		status   int
		kind     string
		has      []string
		location string
		signups  []partnerapi.SignupRequest
	}{
		"account":       {who: known, target: "/", status: 200, kind: html, has: []string{"<dd>MS2365</dd>", "<dd>parent&#43;1@example.com</dd>", "<dd>Kim</dd>", `href="/protection">Add protection</a>`, `href="/direct"`}},
		"direct":        {who: known, target: "/direct", status: 200, kind: html, has: []string{directLink, "This page holds our token.", `href="/protection"`}},
		"markup":        {who: markup, target: "/direct", status: 200, kind: html, has: []string{"<dd>&#34;&gt;&lt;script&gt;</dd>", "pk=%22%3E%3Cscript%3E&amp;"}},
		"style":         {who: signedOut, target: "/style.css", status: 200, kind: "text/css; charset=utf-8", has: []string{":focus-visible"}},
		"icon":          {who: signedOut, target: "/icon.svg", status: 200, kind: "image/svg+xml", has: []string{"<svg"}},
		"look":          {who: known, method: "HEAD", target: "/", status: 200, kind: html},
		"link followed": {who: known, target: "/protection", header: from("same-origin"), status: 303, kind: html, location: "https://partnertest.invalid/partner/welcome", signups: []partnerapi.SignupRequest{parent}},
		"link typed":    {who: known, target: "/protection", header: from("none"), status: 303, kind: html, location: "https://partnertest.invalid/partner/welcome", signups: []partnerapi.SignupRequest{parent}},
		"old browser":   {who: known, target: "/protection", status: 303, kind: html, location: "https://partnertest.invalid/partner/welcome", signups: []partnerapi.SignupRequest{parent}},

		"other site":             {who: known, target: "/protection", header: from("cross-site"), status: 400, kind: html, has: []string{"<h1>That did not work</h1>", `href="/">To your account</a>`}},
		"other port":             {who: known, target: "/protection", header: from("same-site"), status: 400, kind: html, has: []string{"<h1>That did not work</h1>"}},
		"look at the link":       {who: known, method: "HEAD", target: "/protection", status: 405, kind: html},
		"options of the link":    {who: known, method: "OPTIONS", target: "/protection", status: 405, kind: html},
		"account, signed out":    {who: signedOut, target: "/", status: 303, kind: html, location: "/login"},
		"direct, signed out":     {who: signedOut, target: "/direct", status: 303, kind: html, location: "/login"},
		"link, signed out":       {who: signedOut, target: "/protection", status: 303, kind: html, location: "/login"},
		"direct without e-mail":  {who: noEmail, target: "/direct", status: 400, kind: html, has: []string{"<h1>That did not work</h1>"}},
		"login":                  {who: signedOut, target: "/login", status: 200, kind: html, has: []string{"<h1>Please sign in</h1>"}},
		"link without e-mail":    {who: noEmail, target: "/protection", status: 400, kind: html, has: []string{"<h1>That did not work</h1>"}},
		"no page":                {who: known, target: "/nothing", status: 404, kind: html, has: []string{"<h1>There is no such page</h1>"}},
		"post to the account":    {who: known, method: "POST", target: "/", status: 405, kind: html, has: []string{"<h1>That is not how this page works</h1>"}},
		"post to the link":       {who: known, method: "POST", target: "/protection", status: 405, kind: html, has: []string{"<h1>That is not how this page works</h1>"}},
		"deletion of the direct": {who: known, method: "DELETE", target: "/direct", status: 405, kind: html, has: []string{"<h1>That is not how this page works</h1>"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fake := partnertest.New()

			resp := ask(t, site.New(fake.Client(), silent, test.who), test.method, test.target, test.header)

			assert.Equal(t, test.status, resp.StatusCode)
			assert.Equal(t, test.kind, resp.Header.Get("Content-Type"))
			assert.Equal(t, test.location, resp.Header.Get("Location"))
			assert.Equal(t, "no-store", resp.Header.Get("Cache-Control"))
			assert.Equal(t, "no-referrer", resp.Header.Get("Referrer-Policy"))
			assert.Equal(t, "nosniff", resp.Header.Get("X-Content-Type-Options"))
			assert.Equal(t, "default-src 'none'; img-src 'self'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
				resp.Header.Get("Content-Security-Policy"))
			if test.status == http.StatusMethodNotAllowed {
				allow := "GET, HEAD"
				if test.target == "/protection" {
					allow = "GET"
				}
				assert.Equal(t, allow, resp.Header.Get("Allow"))
			}
			body := bodyOf(t, resp)
			for _, has := range test.has {
				assert.Contains(t, body, has)
			}
			for _, never := range []string{"<script", "<style", " style=", "<b>"} {
				assert.NotContains(t, body, never)
			}
			if test.target != "/direct" {
				assert.NotContains(t, body, "fake-partner-token")
			}
			assert.Equal(t, test.signups, fake.Signups())
		})
	}
}

func TestThePartnerFails(t *testing.T) {
	t.Parallel()
	const op = "GET /partners/signup"
	tests := map[string]struct {
		fault partnertest.Fault
		token string
		log   string
	}{
		"refuses connections": {fault: partnertest.Fault{Cut: partnertest.CutRefused}, log: "connection refused"},
		"is silent":           {fault: partnertest.Fault{Delay: time.Hour}, log: "context deadline exceeded"},
		"is broken":           {fault: partnertest.Fault{Status: 500}, log: "500 Internal Server Error"},
		"leads nowhere":       {fault: partnertest.Fault{Status: 200, Body: "<html>"}, log: "no redirect"},
		"refuses the token":   {token: "wrong", log: "Please provide a valid token"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				fake := partnertest.New()
				var opts []partnerapi.Option
				if test.token != "" {
					opts = append(opts, partnerapi.WithPartnerToken(test.token))
				} else {
					fake.Fail(op, slices.Repeat([]partnertest.Fault{test.fault}, 100)...)
				}
				start := time.Now()

				var lines bytes.Buffer
				h := site.New(fake.Client(opts...), slog.New(slog.NewTextHandler(&lines, nil)), is(parent))

				resp := ask(t, h, "GET", "/protection", nil)

				assert.Equal(t, 502, resp.StatusCode)
				assert.Equal(t, html, resp.Header.Get("Content-Type"))
				body := bodyOf(t, resp)
				assert.Contains(t, body, "<h1>Signing up does not work right now</h1>")
				assert.Contains(t, body, "Please try again in a few minutes")
				assert.NotContains(t, body, "Bad Gateway", "the SDK's own line")
				assert.LessOrEqual(t, time.Since(start), 10*time.Second, "the parent waits")
				assert.Regexp(t, `^time=\S+ level=WARN msg="nobody was signed up" status=502 error="partner: GET /partners/signup: .+"\n$`, lines.String())
				assert.Contains(t, lines.String(), test.log)
			})
		})
	}
}

// The link is made without a call, so only the source of the token can fail.
func TestTheTokenIsMissing(t *testing.T) {
	t.Parallel()
	client, err := partnerapi.NewClient()
	require.NoError(t, err)
	for _, target := range []string{"/direct", "/protection"} {
		resp := ask(t, site.New(client, silent, is(parent)), "GET", target, nil)
		assert.Equal(t, 502, resp.StatusCode, target)
		assert.Contains(t, bodyOf(t, resp), "<h1>Signing up does not work right now</h1>", target)
	}
}
