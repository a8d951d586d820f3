package partnerapi

import (
	"slices"
	"strconv"
	"strings"
	"time"
)

// The bounds of a session's cookies. RFC 6265 asks for no less of the first two in section 6.1; browsers have the third.
const (
	maxCookies        = 50
	maxCookieBytes    = 4096 // of a name and its value
	maxAttributeBytes = 1024 // of the value of an attribute; a longer one is ignored
)

// minSecret is the shortest value that is taken for a session's key: shorter ones can be parts of words.
const minSecret = 8

// whitespace is what section 5 of RFC 6265 removes around names and values.
const whitespace = " \t"

// cookie is what a Set-Cookie line leaves in a session.
type cookie struct {
	name, value string    // as they came, quotes included
	expires     time.Time // zero: with the session
}

func (c cookie) isOver(now time.Time) bool { return !c.expires.IsZero() && !c.expires.After(now) }

// isSendable reports whether a Cookie header can hold the cookie so that the server reads the same name and value.
func (c cookie) isSendable() bool {
	return c.name != "" && len(c.name)+len(c.value) <= maxCookieBytes &&
		isHeaderValue(c.name) && isHeaderValue(c.value) &&
		!strings.ContainsAny(c.name, ";=") && !strings.Contains(c.value, ";") &&
		strings.Trim(c.name, whitespace) == c.name && strings.Trim(c.value, whitespace) == c.value
}

// parseSetCookie reads a Set-Cookie line by section 5.2 of RFC 6265. net/http reads by section 4, whose grammar leaves out
// cookies that servers set and browsers send. A line to ignore is not ok.
func parseSetCookie(line string, now time.Time) (c cookie, ok bool) {
	pair, attributes, _ := strings.Cut(line, ";")
	name, value, named := strings.Cut(pair, "=")
	c.name, c.value = strings.Trim(name, whitespace), strings.Trim(value, whitespace)
	if !named || !c.isSendable() {
		return cookie{}, false
	}
	var aged bool
	for attribute := range strings.SplitSeq(attributes, ";") {
		key, text, _ := strings.Cut(attribute, "=")
		key, text = strings.Trim(key, whitespace), strings.Trim(text, whitespace)
		switch {
		case len(text) > maxAttributeBytes:
		case strings.EqualFold(key, "Max-Age"):
			if expires, ok := afterMaxAge(text, now); ok {
				c.expires, aged = expires, true
			}
		case strings.EqualFold(key, "Expires") && !aged:
			if expires, ok := cookieDate(text); ok {
				c.expires = expires
			}
		}
	}
	return c, true
}

// afterMaxAge returns when a cookie expires: in 68 years at most, because who means forever may send any number.
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

// partsOfDate read what section 5.1.1 of RFC 6265 looks for in the tokens of a date, each once and in this order: a time,
// a day, a month and a year. They return nothing for a token of another kind.
var partsOfDate = [...]func(token string) []int{clockOf, numberOf(1, 2), monthOf, numberOf(2, 4)}

// cookieDate reads a date by section 5.1.1, which knows no time zones: all are UTC.
func cookieDate(text string) (time.Time, bool) {
	var found [len(partsOfDate)][]int
	for token := range strings.FieldsFuncSeq(text, isDateDelimiter) {
		for i, read := range partsOfDate {
			if found[i] == nil {
				if found[i] = read(token); found[i] != nil {
					break
				}
			}
		}
	}
	parts := slices.Concat(found[:]...)
	if len(parts) != 6 {
		return time.Time{}, false
	}
	hour, minute, second, day, month, year := parts[0], parts[1], parts[2], parts[3], parts[4], parts[5]
	switch {
	case year < 70:
		year += 2000
	case year < 100:
		year += 1900
	}
	date := time.Date(year, time.Month(month), day, hour, minute, second, 0, time.UTC)
	isOne := hour < 24 && minute < 60 && second < 60 && date.Day() == day // there is no 30 February
	return date, isOne && year >= 1601
}

func isDateDelimiter(r rune) bool {
	return r == '\t' || r >= ' ' && r <= '/' || r >= ';' && r <= '@' || r >= '[' && r <= '`' || r >= '{' && r <= '~'
}

// clockOf reads hours, minutes and seconds, which anything but a digit can follow.
func clockOf(token string) []int {
	var clock [3]int
	for i := range clock {
		n, rest, ok := leadingNumber(token, 1, 2)
		if !ok {
			return nil
		}
		clock[i] = n
		if token, ok = strings.CutPrefix(rest, ":"); !ok && i < 2 {
			return nil
		}
	}
	return clock[:]
}

// numberOf reads a number of least to most digits, which anything but a digit can follow.
func numberOf(least, most int) func(token string) []int {
	return func(token string) []int {
		if n, _, ok := leadingNumber(token, least, most); ok {
			return []int{n}
		}
		return nil
	}
}

func leadingNumber(token string, least, most int) (n int, rest string, ok bool) {
	rest = strings.TrimLeft(token, "0123456789")
	digits := token[:len(token)-len(rest)]
	if len(digits) < least || len(digits) > most {
		return 0, token, false
	}
	n, err := strconv.Atoi(digits)
	return n, rest, err == nil
}

// monthOf reads the English name of a month, of which three letters count.
func monthOf(token string) []int {
	for month := time.January; month <= time.December; month++ {
		if name := month.String()[:3]; len(token) >= len(name) && strings.EqualFold(token[:len(name)], name) {
			return []int{int(month)}
		}
	}
	return nil
}

// cookies are those of a session, the oldest first. They are few, so looking through all of them is cheap.
type cookies []cookie

// index returns where the cookie of a name is, or -1.
func (cs cookies) index(name string) int {
	return slices.IndexFunc(cs, func(c cookie) bool { return c.name == name })
}

func (cs *cookies) dropExpired(now time.Time) {
	*cs = slices.DeleteFunc(*cs, func(c cookie) bool { return c.isOver(now) })
}

// put takes over a cookie, in place of one of the same name, whose age it gets, or drops that if the new one has expired.
// The oldest goes if there are too many.
func (cs *cookies) put(c cookie, now time.Time) {
	at := cs.index(c.name)
	if c.isOver(now) {
		if at >= 0 {
			*cs = slices.Delete(*cs, at, at+1)
		}
		return
	}
	c.name, c.value = strings.Clone(c.name), strings.Clone(c.value) // a line can be of a MiB
	if at >= 0 {
		(*cs)[at] = c
		return
	}
	if len(*cs) == maxCookies {
		*cs = slices.Delete(*cs, 0, 1)
	}
	*cs = append(*cs, c)
}

// header returns what a Cookie header holds. [http.Request.AddCookie] would change values, and take a time that grows with
// the square of their number.
func (cs cookies) header() string {
	var text strings.Builder
	for i, c := range cs {
		if i > 0 {
			text.WriteString("; ")
		}
		text.WriteString(c.name)
		text.WriteByte('=')
		text.WriteString(c.value)
	}
	return text.String()
}

// secrets returns the values that may be a session's key, without the quotes around them: a server that repeats one may
// leave them out.
func (cs cookies) secrets() []string {
	var values []string
	for _, c := range cs {
		value := c.value
		if len(value) >= 2 && value[0] == '"' && value[len(value)-1] == '"' {
			value = value[1 : len(value)-1]
		}
		if len(value) >= minSecret {
			values = append(values, value)
		}
	}
	return values
}
