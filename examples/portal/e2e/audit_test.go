package e2e_test

import (
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/stretchr/testify/assert"
)

// openAuditor opens a browser that audits each page.
func openAuditor(t *testing.T) *browser {
	t.Helper()
	source, err := os.ReadFile("node_modules/axe-core/axe.min.js")
	if err != nil {
		lack(t, "no axe-core; in this folder: npm ci")
	}
	b := openBrowser(t)
	b.axe = string(source)
	return b
}

// violation is a rule of axe-core that elements of a page break.
type violation struct {
	ID     string   `json:"id"`
	Impact string   `json:"impact"`
	Help   string   `json:"help"`
	Nodes  []string `json:"nodes"`
}

// runAxe returns violations. The debugging protocol evaluates it, so the Content-Security-Policy does not apply.
const runAxe = `axe.run(document, {
	runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'best-practice'],
	resultTypes: ['violations'],
	preload: false,
}).then(r => r.violations.map(v => ({id: v.id, impact: v.impact, help: v.help, nodes: v.nodes.map(n => n.html)})))`

// audit looks for what makes the page hard to use: with axe-core in light and dark, wide and narrow, and by scrolling sideways.
func (b *browser) audit(page string) {
	b.t.Helper()
	if b.axe == "" {
		return
	}
	for name, w := range map[string]window{"light": desktop, "dark": desktopDark, "narrow": phone} {
		b.window(w)
		for _, v := range b.violations() {
			report := b.t.Logf
			if v.Impact == "serious" || v.Impact == "critical" {
				report = b.t.Errorf
			}
			report("%s, %s: %s, %s: %s\n%s", page, name, v.Impact, v.ID, v.Help, strings.Join(v.Nodes, "\n"))
		}
		assert.LessOrEqual(b.t, b.pageWidth(), w.width, "%s, %s: it scrolls sideways", page, name)
	}
	b.window(desktop)
}

func (b *browser) violations() []violation {
	b.t.Helper()
	return ask(b, chromedp.Evaluate[[]violation](b.axe+"\n;"+runAxe, chromedp.EvalAwaitPromise))
}

func (b *browser) pageWidth() int64 {
	b.t.Helper()
	return ask(b, chromedp.Evaluate[int64]("document.documentElement.scrollWidth"))
}

// A page with obstacles shows that the audit looks for them.
func TestObstaclesAreFound(t *testing.T) {
	t.Parallel()
	b := openAuditor(t)
	b.open(serve(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte(`<!DOCTYPE html><html lang="en"><meta name="viewport" content="width=device-width"><title>Page</title>
			<main><h1 style="color: #999; width: 400px">Page</h1><input></main>`))
	})))
	b.window(phone)

	found := make(map[string]string)
	for _, v := range b.violations() {
		found[v.ID] = v.Impact
	}

	assert.Equal(t, map[string]string{"color-contrast": "serious", "label": "critical"}, found)
	assert.Equal(t, int64(408), b.pageWidth())
}

// names is a function that names elements in the order of the page. A group of radio buttons is one stop of the Tab key.
const names = `(all => all.filter((e, i) => e.type != 'radio' || i == all.findIndex(o => o.name == e.name && o.type == 'radio'))
	.map(e => e.type == 'radio' ? 'radio ' + e.name : e.localName + ' ' + (e.textContent.trim() || e.name || e.id)))`

// assertKeyboard presses the Tab key through the page: it reaches everything that can be used, in order, and shows where it is.
func (b *browser) assertKeyboard() {
	b.t.Helper()
	want := ask(b, chromedp.Evaluate[[]string](names+`([...document.querySelectorAll(
		'a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex="0"]')])`))
	var got []string
	for range want {
		b.do(chromedp.KeyEvent(kb.Tab))
		got = append(got, ask(b, chromedp.Evaluate[[]string](names+`([document.activeElement])`))...)
		outline := ask(b, chromedp.Evaluate[string](`getComputedStyle(document.activeElement).outlineStyle`))
		assert.Equal(b.t, "solid", outline, "the focus is not shown: %s", got[len(got)-1])
	}
	assert.Equal(b.t, want, got)
}
