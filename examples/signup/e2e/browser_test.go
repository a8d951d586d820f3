// Package e2e_test opens the signup example's pages in a real browser.
package e2e_test

import (
	"context"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
)

// requireBrowser names the environment variable that makes a missing browser a failure.
const requireBrowser = "PARTNERAPI_REQUIRE_BROWSER"

// findBrowser returns the path of a browser. If there is none, it skips the test, or fails it if a browser is required.
func findBrowser(t *testing.T) string {
	t.Helper()
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	const why = "no Chromium in the PATH; on Debian: apt-get install --no-install-recommends chromium"
	if os.Getenv(requireBrowser) != "" {
		t.Fatal(why)
	}
	t.Skip(why)
	return ""
}

// browser is a headless browser with a new profile and one tab, and everything it has shown so far.
type browser struct {
	t       *testing.T
	tab     context.Context // chromedp's context of the tab
	profile string

	mu         sync.Mutex // guards the fields below: events come from another goroutine
	shown      map[string][]string
	complaints []string
}

func openBrowser(t *testing.T) *browser {
	t.Helper()
	b := &browser{t: t, profile: t.TempDir(), shown: make(map[string][]string)}
	opts := slices.Concat(chromedp.DefaultExecAllocatorOptions[:], []chromedp.ExecAllocatorOption{
		chromedp.ExecPath(findBrowser(t)),
		chromedp.UserDataDir(b.profile),
		chromedp.DisableGPU,
		// It must call only the test's servers.
		chromedp.Flag("disable-quic", true),
		chromedp.Flag("disable-component-update", true),
	})
	if os.Geteuid() == 0 {
		opts = append(opts, chromedp.NoSandbox) // Chromium refuses to run as root with a sandbox
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewExecAllocator(ctx, opts...)
	t.Cleanup(cancel)
	b.tab, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	require.NoError(t, chromedp.Listen(b.tab, b.notice))
	return b
}

func (b *browser) do(steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	require.NoError(b.t, chromedp.Do(b.tab, steps...))
}

// ask runs an action that returns something.
func ask[T any](b *browser, action chromedp.Action[T]) T {
	b.t.Helper()
	result, err := chromedp.Run(b.tab, action)
	require.NoError(b.t, err)
	return result
}

// notice records the content of an event.
func (b *browser) notice(event any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch e := event.(type) {
	case *network.EventRequestWillBeSent:
		b.show("request URL", e.Request.URL)
		b.showReferer(e.Request.Headers)
	case *network.EventRequestWillBeSentExtraInfo: // the headers as sent
		b.showReferer(e.Headers)
	case *log.EventEntryAdded:
		b.complaints = append(b.complaints, e.Entry.Text+" "+e.Entry.URL)
	case *runtime.EventExceptionThrown:
		b.complaints = append(b.complaints, e.ExceptionDetails.Text)
	}
}

func (b *browser) show(where string, what ...string) {
	b.shown[where] = append(b.shown[where], what...)
}

func (b *browser) showReferer(headers network.Headers) {
	for name, value := range headers {
		if text, ok := value.(string); ok && strings.EqualFold(name, "Referer") {
			b.show("Referer header", text)
		}
	}
}

// look records the page in the tab, once it has an element for the selector.
func (b *browser) look(selector string) {
	b.t.Helper()
	b.do(chromedp.WaitVisible(selector))
	source := ask(b, chromedp.OuterHTML("html"))
	location := ask(b, chromedp.Location())
	referrer := ask(b, chromedp.Evaluate[string]("document.referrer"))
	history := ask(b, chromedp.NavigationEntries())
	b.mu.Lock()
	defer b.mu.Unlock()
	b.show("page source", source)
	b.show("location", location)
	b.show("document.referrer", referrer)
	for _, e := range history.Entries {
		b.show("history entry", e.URL, e.UserTypedURL, e.Title)
	}
}

// close ends the browser, so that it writes its history, and records the files of its profile.
func (b *browser) close() {
	b.t.Helper()
	require.NoError(b.t, chromedp.Cancel(b.tab))
	b.mu.Lock() // events may still arrive
	defer b.mu.Unlock()
	profile := os.DirFS(b.profile)
	require.NoError(b.t, fs.WalkDir(profile, ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		content, err := fs.ReadFile(profile, path)
		b.show("profile on disk", string(content))
		return err
	}))
}

// places returns the sorted places that contained secret.
func (b *browser) places(secret string) []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	places := []string{}
	for _, where := range slices.Sorted(maps.Keys(b.shown)) {
		if strings.Contains(strings.Join(b.shown[where], "\n"), secret) {
			places = append(places, where)
		}
	}
	return places
}
