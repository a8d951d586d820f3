// Package redact keeps secrets, e-mails and control characters out of texts that are printed. Secrets are
// passed in as strings.
package redact

import (
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"unicode"
)

// Mark replaces redacted text.
const Mark = "[redacted]"

// Secrets returns text with every one of the secrets replaced by [Mark], unchanged and escaped as in a URL.
func Secrets(text string, secrets []string) string {
	if text == "" || !mayHold(text, secrets) {
		return text // as nearly every text
	}
	var all forms
	for _, secret := range secrets {
		all = all.add(secret)
	}
	return all.remove(text)
}

// mayHold reports whether text holds one of the secrets, or may hold it escaped.
func mayHold(text string, secrets []string) bool {
	if strings.IndexByte(text, '%') >= 0 || strings.IndexByte(text, '+') >= 0 {
		return true
	}
	for _, secret := range secrets {
		if secret != "" && len(secret) <= len(text) && strings.Contains(text, secret) {
			return true
		}
	}
	return false
}

// forms are secrets, unchanged and escaped as in a URL.
type forms []string

// add appends the forms of a secret. An empty secret has none, and a duplicate is not added.
func (f forms) add(secret string) forms {
	if secret == "" || slices.Contains(f, secret) {
		return f
	}
	f = append(f, secret)
	if escaped := url.QueryEscape(secret); escaped != secret {
		f = append(f, escaped, url.PathEscape(secret)) // which escapes nothing more
	}
	return f
}

// remove returns text with every form replaced by [Mark].
func (f forms) remove(text string) string {
	if !slices.ContainsFunc(f, func(form string) bool { return strings.Contains(text, form) }) {
		return text
	}
	longest := slices.Clone(f)
	slices.SortFunc(longest, func(a, b string) int { return len(b) - len(a) }) // one can begin with another
	var pairs []string
	for _, form := range longest {
		pairs = append(pairs, form, Mark)
	}
	return strings.NewReplacer(pairs...).Replace(text)
}

// Echoes reports whether text holds one of the secrets: unchanged, or escaped as in a URL any number of times.
func Echoes(text string, secrets []string) bool {
	const mostEscapes = 8 // text that is escaped more often is not worth the time, and counts as one that does
	for range mostEscapes {
		if slices.ContainsFunc(secrets, func(secret string) bool { return holds(text, secret) }) {
			return true
		}
		plain := anEscape().ReplaceAllStringFunc(text, unescape)
		if plain == text {
			return false
		}
		text = plain
	}
	return true
}

var anEscape = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`%[0-9A-Fa-f]{2}`) })

// unescape returns the byte of an escape.
func unescape(escape string) string {
	plain, _ := url.PathUnescape(escape)
	return plain
}

// holds reports whether secret is in text. Case does not matter, because it is lost in a host. A short secret, which can be
// part of a common word, counts only as a whole segment or value, and in its own case.
func holds(text, secret string) bool {
	const short = 8
	if len(secret) >= short {
		return strings.Contains(plainly(text), plainly(secret))
	}
	return slices.ContainsFunc(strings.FieldsFunc(text, isBetweenValues), func(part string) bool {
		_, value, named := strings.Cut(part, "=")
		return part == secret || named && value == secret
	})
}

func isBetweenValues(r rune) bool { return strings.ContainsRune(`/?&#:;@, "'`, r) }

// plainly returns text in lower case, and with the spaces that a query writes as +.
func plainly(text string) string { return strings.ToLower(strings.ReplaceAll(text, "+", " ")) }

// anEmail matches e-mails in the words of an API, or in a URL that it repeats.
var anEmail = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`[^\s"'<>(),;:&=?/][^\s"<>(),;:&=?/]*(?:@|%(?:25)*40)[^\s"'<>(),;:&=?/]+`)
})

const (
	// MostRead is how many bytes of a text [Emails] reads.
	MostRead = 4 << 10
	// longestEmail is more than an e-mail has bytes, escaped in a URL too.
	longestEmail = 1 << 10
)

// Emails returns text with every e-mail replaced by [Mark]. A text longer than [MostRead] is cut.
func Emails(text string) string {
	if len(text) > MostRead {
		text = text[:MostRead]
		// The last word may be an e-mail without its @.
		whole := strings.LastIndexFunc(text, func(r rune) bool { return unicode.IsSpace(r) || strings.ContainsRune(`"<>(),;:&=?/`, r) })
		text = text[:max(whole+1, MostRead-longestEmail)] + "…"
	}
	return anEmail().ReplaceAllLiteralString(text, Mark)
}

// Line returns text without line breaks and other control characters, and cut at a length for reading.
func Line(text string) string {
	const most = 500
	text = strings.Map(func(r rune) rune {
		if unicode.In(r, unicode.Cc, unicode.Zl, unicode.Zp) {
			return ' '
		}
		return r
	}, text)
	if len(text) > most {
		text = strings.ToValidUTF8(text[:most], "") + "…"
	}
	return text
}

// Unique returns each text once, at its first place.
func Unique(texts []string) []string {
	seen := make(map[string]bool, len(texts))
	var unique []string
	for _, text := range texts {
		if !seen[text] {
			seen[text] = true
			unique = append(unique, text)
		}
	}
	return unique
}
