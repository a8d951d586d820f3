// Package retryafter reads the header Retry-After.
package retryafter

import (
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Of returns the wait that the header Retry-After asks for, in seconds or as a date, or 0. Part of a second counts
// as a whole one. A date counts from the response's own Date, so that a wrong clock here does not matter.
func Of(header http.Header) time.Duration {
	values := header["Retry-After"] // Get looks at each byte of the name first
	if len(values) == 0 {
		return 0
	}
	value := strings.TrimSpace(values[0])
	if seconds, ok := readSeconds(value); ok {
		return seconds
	}
	at, ok := readDate(value)
	if !ok {
		return 0
	}
	now, ok := readDate(strings.TrimSpace(header.Get("Date")))
	if !ok {
		now = time.Now()
	}
	return max(0, at.Sub(now))
}

// readSeconds reads a number of seconds, rounded up to a whole one and at most what a Duration can hold.
func readSeconds(value string) (time.Duration, bool) {
	const longest = math.MaxInt64 / int64(time.Second)
	whole, fraction, _ := strings.Cut(value, ".")
	if whole+fraction == "" || strings.Trim(whole, "0123456789") != "" || strings.Trim(fraction, "0123456789") != "" {
		return 0, false
	}
	seconds, err := strconv.ParseInt("0"+whole, 10, 64)
	if err != nil || seconds >= longest {
		return time.Duration(longest) * time.Second, true
	}
	if strings.Trim(fraction, "0") != "" {
		seconds++
	}
	return time.Duration(seconds) * time.Second, true
}

// dateLayouts are the forms of a date in a header besides those that [http.ParseTime] reads.
var dateLayouts = []string{"Mon, _2 Jan 2006 15:04:05 UTC", time.RFC1123Z, "Mon, _2 Jan 2006 15:04:05 GMT", time.RFC3339}

func readDate(value string) (time.Time, bool) {
	if at, err := http.ParseTime(value); err == nil {
		return at, true
	}
	for _, layout := range dateLayouts {
		if at, err := time.Parse(layout, value); err == nil {
			return at, true
		}
	}
	return time.Time{}, false
}
