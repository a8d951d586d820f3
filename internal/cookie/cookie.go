// Package cookie reads Set-Cookie lines as browsers do (RFC 6265, section 5) and keeps the few cookies of one server. net/http
// reads by section 4, whose grammar leaves out cookies that servers set and browsers send, and changes values that it writes.
package cookie

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/partnerapi/partnerapi-go/internal/httpsyntax"
)

// The bounds of a [List]. RFC 6265 asks for no less of the first two in section 6.1; browsers have the third.
const (
	// MaxCookies is the number of cookies in a list.
	MaxCookies = 50
	// MaxBytes is the length of a name and its value together.
	MaxBytes          = 4096
	maxAttributeBytes = 1024 // a longer value of an attribute is ignored
)

// minSecret is the length of the shortest value that may be a session's key: shorter ones can be parts of words.
const minSecret = 8

// whitespace is what section 5 of RFC 6265 removes around names and values.
const whitespace = " \t"

// Cookie is a parsed Set-Cookie line.
type Cookie struct {
	Name, Value string    // as received, quotes included
	Expires     time.Time // zero for a cookie that lasts as long as its list
}

func (c Cookie) isExpired(now time.Time) bool { return !c.Expires.IsZero() && !c.Expires.After(now) }

// IsValid reports whether a Cookie header can hold the cookie so that the server reads the same name and value.
func (c Cookie) IsValid() bool {
	return c.Name != "" && len(c.Name)+len(c.Value) <= MaxBytes &&
		httpsyntax.IsValue(c.Name) && httpsyntax.IsValue(c.Value) &&
		!strings.ContainsAny(c.Name, ";=") && !strings.Contains(c.Value, ";") &&
		strings.Trim(c.Name, whitespace) == c.Name && strings.Trim(c.Value, whitespace) == c.Value
}

// Parse reads a Set-Cookie line by section 5.2 of RFC 6265. It is not ok for a line to ignore.
func Parse(line string, now time.Time) (c Cookie, ok bool) {
	pair, attributes, _ := strings.Cut(line, ";")
	name, value, named := strings.Cut(pair, "=")
	c.Name, c.Value = strings.Trim(name, whitespace), strings.Trim(value, whitespace)
	if !named || !c.IsValid() {
		return Cookie{}, false
	}
	var aged bool
	for attribute := range strings.SplitSeq(attributes, ";") {
		key, text, _ := strings.Cut(attribute, "=")
		key, text = strings.Trim(key, whitespace), strings.Trim(text, whitespace)
		switch {
		case len(text) > maxAttributeBytes:
		case strings.EqualFold(key, "Max-Age"):
			if expires, ok := afterMaxAge(text, now); ok {
				c.Expires, aged = expires, true
			}
		case strings.EqualFold(key, "Expires") && !aged:
			if expires, ok := parseDate(text); ok {
				c.Expires = expires
			}
		}
	}
	return c, true
}

// afterMaxAge returns when a cookie expires: in at most 68 years, because servers send any large number for "never".
func afterMaxAge(maxAge string, now time.Time) (time.Time, bool) {
	digits, negative := strings.CutPrefix(maxAge, "-")
	if digits == "" || strings.Trim(digits, "0123456789") != "" {
		return time.Time{}, false
	}
	if negative {
		return now, true
	}
	seconds, _ := strconv.ParseInt(digits, 10, 32) // the largest of 32 bits if there is an error
	return now.Add(time.Duration(seconds) * time.Second), true
}

// List is the cookies of one server, the oldest first. They are few, so a linear search is cheap.
type List []Cookie

// Has reports whether the list has a cookie of that name.
func (l List) Has(name string) bool { return l.index(name) >= 0 }

// index returns the index of the cookie of a name, or -1.
func (l List) index(name string) int {
	return slices.IndexFunc(l, func(c Cookie) bool { return c.Name == name })
}

// DropExpired removes the cookies that have expired.
func (l *List) DropExpired(now time.Time) {
	*l = slices.DeleteFunc(*l, func(c Cookie) bool { return c.isExpired(now) })
}

// Put adds a cookie, or replaces the one of the same name and takes over its age. An expired cookie only removes that one.
// The oldest is removed if there are too many.
func (l *List) Put(c Cookie, now time.Time) {
	at := l.index(c.Name)
	if c.isExpired(now) {
		if at >= 0 {
			*l = slices.Delete(*l, at, at+1)
		}
		return
	}
	c.Name, c.Value = strings.Clone(c.Name), strings.Clone(c.Value) // a line can have a MiB
	if at >= 0 {
		(*l)[at] = c
		return
	}
	if len(*l) == MaxCookies {
		*l = slices.Delete(*l, 0, 1)
	}
	*l = append(*l, c)
}

// Header returns the value of a Cookie header. [net/http.Request.AddCookie] would change values, and takes quadratic time.
func (l List) Header() string {
	var text strings.Builder
	for i, c := range l {
		if i > 0 {
			text.WriteString("; ")
		}
		text.WriteString(c.Name)
		text.WriteByte('=')
		text.WriteString(c.Value)
	}
	return text.String()
}

// Secrets returns the values that may be a session's key, without the quotes around them: a server that repeats one may
// leave them out.
func (l List) Secrets() []string {
	var values []string
	for _, c := range l {
		value := c.Value
		if len(value) >= 2 && value[0] == '"' && value[len(value)-1] == '"' {
			value = value[1 : len(value)-1]
		}
		if len(value) >= minSecret {
			values = append(values, value)
		}
	}
	return values
}
