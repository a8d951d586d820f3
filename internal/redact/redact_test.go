package redact

import (
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestSecretsAreRemoved(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		secrets    []string
		text, want string
	}{
		"none":              {nil, "No a here", "No a here"},
		"empty":             {[]string{""}, "No a here", "No a here"},
		"absent":            {[]string{"secret"}, "No a here", "No a here"},
		"twice":             {[]string{"a1"}, "a1 is not xa1y", "[redacted] is not x[redacted]y"},
		"part of a word":    {[]string{"log"}, "Please log in to the catalogue", "Please [redacted] in to the cata[redacted]ue"},
		"another case":      {[]string{"log"}, "Log", "Log"},
		"in a query":        {[]string{"a b/+"}, "?k=a+b%2F%2B&x=1", "?k=[redacted]&x=1"},
		"in a path":         {[]string{"a b?"}, "/a%20b%3F/x", "/[redacted]/x"},
		"begins with other": {[]string{"secret", "secret two"}, "secret two, secret", "[redacted], [redacted]"},
		"escaped, the same": {[]string{"a b", "a b"}, "a b, a+b, a%20b", "[redacted], [redacted], [redacted]"},
		"bytes of any kind": {[]string{"a\xff"}, "a\xff or a%FF", "[redacted] or [redacted]"},
		"part of the mark":  {[]string{"redacted"}, "[redacted]", "[[redacted]]"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			assert.Equal(t, test.want, Secrets(test.text, test.secrets))
		})
	}
	all := forms{}.add("a b").add("a b").add("ab")
	assert.Equal(t, forms{"a b", "a+b", "a%20b", "ab"}, all)
	_ = all.remove("ab")
	assert.Equal(t, forms{"a b", "a+b", "a%20b", "ab"}, all, "remove changes no form")
}

func TestEchoes(t *testing.T) {
	t.Parallel()
	escaped := func(text string, times int) string {
		for range times {
			text = url.QueryEscape(text)
		}
		return text
	}
	for text, want := range map[string]bool{
		"":                           false,
		"https://a.example/b?c=d":    false,
		"x long secret/1 y":          true,
		"x LONG+Secret/1 y":          true,
		"https://long%20secret%2f1/": true,
		escaped("/long secret/1", 7): true,
		escaped("/harmless +", 7):    false,
		escaped("/harmless +", 9):    true, // escaped too often
		"%zz%":                       false,
		"https://a.example/pk1/b":    true,
		"?pk=pk1":                    true,
		"#pk%3Dpk1":                  true,
		"https://a.example/pk12":     false,
		"https://a.example/PK1":      false,
		`a "pk1"`:                    true,
		"https://u:pk1@a.example":    true,
		"long secre":                 false,
	} {
		assert.Equal(t, want, Echoes(text, []string{"long secret/1", "pk1"}), text)
	}
	assert.False(t, Echoes("a", nil))
}

func TestEmails(t *testing.T) {
	t.Parallel()
	// The text is cut before the @ of the last one.
	name := strings.Repeat("n", 490)
	many := strings.Repeat(name+"@b.example,", 8)
	for text, want := range map[string]string{
		"":                "",
		"No e-mail @ all": "No e-mail @ all",
		"Is a.b+c@exämple.com (or 'o'brien@y') ok?": "Is [redacted] (or '[redacted]') ok?",
		"/a?e=a%40b.example&x=a%2540b.":             "/a?e=[redacted]&x=[redacted]",
		"<a@b.c>;d@e.f":                             "<[redacted]>;[redacted]",
		many + "(" + name + "@b.example)":           strings.Repeat("[redacted],", 8) + "(…",
		strings.Repeat("x", 9000):                   strings.Repeat("x", MostRead-longestEmail) + "…",
		strings.Repeat("x ", MostRead/2):            strings.Repeat("x ", MostRead/2),
	} {
		assert.Equal(t, want, Emails(text))
	}
}

func TestLine(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"":                                    "",
		"a b\"é":                              "a b\"é",
		"a\r\nb\tc\x00d\u0085e\u2028f\u2029g": "a  b c d e f g",
		strings.Repeat("x", 500):              strings.Repeat("x", 500),
		strings.Repeat("x", 501):              strings.Repeat("x", 500) + "…",
		"x" + strings.Repeat("ä", 400):        "x" + strings.Repeat("ä", 249) + "…",
	} {
		assert.Equal(t, want, Line(text))
	}
}

func TestUnique(t *testing.T) {
	t.Parallel()
	assert.Equal(t, []string{"b", "a", ""}, Unique([]string{"b", "a", "b", "", "a"}))
	assert.Empty(t, Unique(nil))
}
