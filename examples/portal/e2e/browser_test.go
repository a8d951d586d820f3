// Package e2e_test uses the portal in a real browser, from the screen alone.
package e2e_test

import (
	"context"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// requireBrowser names the environment variable that makes a missing browser or a missing axe-core a failure.
const requireBrowser = "PARTNERAPI_REQUIRE_BROWSER"

// lack skips a test that lacks something, or fails it if a browser is required.
func lack(t *testing.T, why string) {
	t.Helper()
	if os.Getenv(requireBrowser) != "" {
		t.Fatal(why)
	}
	t.Skip(why)
}

// findBrowser returns the path of a browser.
func findBrowser(t *testing.T) string {
	t.Helper()
	if testing.Short() {
		t.Skip("short: without a browser")
	}
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	lack(t, "no Chromium in the PATH; on Debian: apt-get install --no-install-recommends chromium")
	return ""
}

// browser is a headless browser with a new profile and one tab, and everything it has shown so far.
type browser struct {
	t       *testing.T
	tab     context.Context // chromedp's context of the tab
	profile string
	axe     string // the source of axe-core, or "" if pages are not audited

	mu         sync.Mutex // guards the fields below: events come from another goroutine
	shown      map[string][]string
	complaints []string
}

// openBrowser opens a browser that does not audit the pages.
func openBrowser(t *testing.T) *browser {
	t.Helper()
	b := &browser{t: t, shown: make(map[string][]string)}
	if err := b.start(findBrowser(t)); err != nil { // Chromium rarely crashes when it starts on a busy machine
		t.Log(err)
		require.NoError(t, b.start(findBrowser(t)))
	}
	b.window(desktop)
	return b
}

// start starts the browser with a new profile.
func (b *browser) start(path string) error {
	b.profile = b.t.TempDir()
	opts := slices.Concat(chromedp.DefaultExecAllocatorOptions[:], []chromedp.ExecAllocatorOption{
		chromedp.ExecPath(path),
		chromedp.UserDataDir(b.profile),
		chromedp.DisableGPU,
		// It must call only the test's servers.
		chromedp.Flag("disable-quic", true),
		chromedp.Flag("disable-component-update", true),
		chromedp.Flag("disable-features", "Translate,BackForwardCache"), // going back loads the page, so that the test can wait for it
	})
	if os.Geteuid() == 0 {
		opts = append(opts, chromedp.NoSandbox) // Chromium refuses to run as root with a sandbox
	}
	ctx, cancel := context.WithTimeout(b.t.Context(), 3*time.Minute)
	b.t.Cleanup(cancel)
	ctx, cancel = chromedp.NewExecAllocator(ctx, opts...)
	b.t.Cleanup(cancel)
	b.tab, cancel = chromedp.NewContext(ctx)
	b.t.Cleanup(cancel)
	if err := chromedp.Listen(b.tab, b.notice); err != nil {
		return err
	}
	return chromedp.Do(b.tab)
}

// patience is how long a step may take: a missing button should not take as long as the whole story.
const patience = 20 * time.Second

func (b *browser) do(steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.tab, patience)
	defer cancel()
	require.NoError(b.t, chromedp.Do(ctx, steps...))
}

// ask runs an action that returns something.
func ask[T any](b *browser, action chromedp.Action[T]) T {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.tab, patience)
	defer cancel()
	result, err := chromedp.Run(ctx, action)
	require.NoError(b.t, err)
	return result
}

// command sends a command of the debugging protocol.
func command[P, R any](b *browser, c cdp.Command[P, R], params P) {
	b.t.Helper()
	_, err := chromedp.Call(b.tab, c, params)
	require.NoError(b.t, err)
}

// window is how a page is shown.
type window struct {
	width, height int64
	dark          bool
	scale         float64
}

var (
	desktop     = window{width: 1440, height: 900, scale: 1}
	desktopDark = window{width: 1440, height: 900, scale: 1, dark: true}
	phone       = window{width: 360, height: 740, scale: 1}
)

// window changes the size and the colours of the window.
func (b *browser) window(w window) {
	b.t.Helper()
	scheme := "light"
	if w.dark {
		scheme = "dark"
	}
	command(b, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}},
	})
	command(b, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{
		Width: w.width, Height: w.height, DeviceScaleFactor: w.scale, Mobile: w.width < 500,
	})
}

// load runs a step that loads a page.
func (b *browser) load(step chromedp.Action[chromedp.Void], what string) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.tab, patience)
	defer cancel()
	if _, err := chromedp.RunResponse(ctx, step); err != nil {
		b.t.Fatalf("%s: %v, on this page:\n%s", what, err, b.text())
	}
}

// open opens an address.
func (b *browser) open(url string) {
	b.t.Helper()
	b.load(chromedp.Navigate(url), "open "+url)
}

// back goes back in the history, as with the button of the browser.
func (b *browser) back() {
	b.t.Helper()
	b.load(chromedp.NavigateBack(), "back")
}

// click follows the link, or presses the button, with a text.
func (b *browser) click(text string) {
	b.t.Helper()
	b.load(chromedp.Click(fmt.Sprintf(`//*[self::a or self::button][normalize-space()=%q]`, text)), "click "+text)
}

// field returns a query for the field with a label.
func field(label string) string {
	return fmt.Sprintf(`//*[@id=//label[normalize-space()=%q]/@for]`, label)
}

// fill types a value into the field with a label, in place of what it holds.
func (b *browser) fill(label, value string) {
	b.t.Helper()
	b.do(chromedp.Clear(field(label)), chromedp.SendKeys(field(label), value))
}

// pick picks an option of the field with a label.
func (b *browser) pick(label, option string) {
	b.t.Helper()
	b.do(chromedp.SendKeys(field(label), option))
	require.Equal(b.t, option, ask(b, chromedp.Evaluate[string]("document.activeElement.selectedOptions[0].text")), label)
}

// logIn logs in with the password of the demonstration.
func (b *browser) logIn(email string) {
	b.t.Helper()
	b.logInWith(email, "open sesame")
}

func (b *browser) logInWith(email, password string) {
	b.t.Helper()
	b.fill("E-mail address", email)
	b.fill("Password", password)
	b.click("Log in")
}

// choose clicks the choice whose label begins with a text.
func (b *browser) choose(text string) {
	b.t.Helper()
	b.do(chromedp.Click(fmt.Sprintf(`//label[starts-with(normalize-space(), %q)]`, text)))
}

// text returns the text of the page.
func (b *browser) text() string {
	b.t.Helper()
	return ask(b, chromedp.Text(chromedp.CSS("body"), chromedp.NodeReady))
}

// at checks which page is shown, records it, and audits it.
func (b *browser) at(heading string, has ...string) {
	b.t.Helper()
	b.on(heading, has...)
	b.audit(heading)
}

// on is at for a page that looks like one that was audited.
func (b *browser) on(heading string, has ...string) {
	b.t.Helper()
	b.do(chromedp.WaitVisible(chromedp.CSS("h1")))
	text := b.text()
	require.Equal(b.t, heading, ask(b, chromedp.Text(chromedp.CSS("h1"))), text)
	for _, part := range has {
		assert.Contains(b.t, text, part)
	}
	b.look()
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
		if e.Entry.Source != log.EntrySourceNetwork { // which tells of our own pages for failures
			b.complaints = append(b.complaints, e.Entry.Text+" "+e.Entry.URL)
		}
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

// look records the page in the tab.
func (b *browser) look() {
	b.t.Helper()
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

// close ends the browser, so that it writes its history, records the files of its profile, and checks that it did not complain of
// anything, such as the Content-Security-Policy.
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
	assert.Empty(b.t, b.complaints)
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
