package retryafter_test

import (
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/partnerapi/partnerapi-go/internal/retryafter"
)

// testdata/TRAPS.md: "`Retry-After` has no cap and overflows."
func TestTrapRetryAfterOverflow(t *testing.T) {
	t.Parallel()
	const longest = 9223372036 * time.Second
	synctest.Test(t, func(t *testing.T) { // it is midnight on 1 January 2000, UTC, a Saturday
		for value, want := range map[string]time.Duration{
			"":                                 0,
			"0":                                0,
			"1":                                time.Second,
			" 30 ":                             30 * time.Second,
			"007":                              7 * time.Second,
			"86400":                            24 * time.Hour,
			"9223372036":                       longest,
			"9223372037":                       longest,
			"9223372036854775807":              longest,
			"9223372036854775808":              longest,
			strings.Repeat("9", 1000):          longest,
			"-1":                               0,
			"+1":                               0,
			"1.5":                              2 * time.Second,
			"20.5":                             21 * time.Second,
			"20.":                              20 * time.Second,
			"20.000":                           20 * time.Second,
			"0.001":                            time.Second,
			"9223372036.5":                     9223372036 * time.Second,
			"99999999999999999999.5":           9223372036 * time.Second,
			".5":                               time.Second,
			".":                                0,
			"-1.5":                             0,
			"1.5.5":                            0,
			"1.5s":                             0,
			"Sat, 01 Jan 2000 00:00:05 UTC":    5 * time.Second,
			"Sat, 1 Jan 2000 00:00:05 GMT":     5 * time.Second,
			"Sat, 01 Jan 2000 01:00:05 +0100":  5 * time.Second,
			"Sat, 01 Jan 2000 00:00:05 PST":    0,
			"2000-01-01T00:00:05Z":             5 * time.Second,
			"2000-01-01T00:00:05.5Z":           5500 * time.Millisecond,
			"1999-12-31T19:00:05-05:00":        5 * time.Second,
			"2000-01-01 00:00:05":              0,
			"1e3":                              0,
			"0x10":                             0,
			"1,2":                              0,
			"١":                                0,
			"soon":                             0,
			"Sat, 01 Jan 2000 00:00:05 GMT":    5 * time.Second,
			"Saturday, 01-Jan-00 00:00:05 GMT": 5 * time.Second,
			"Sat Jan  1 00:00:05 2000":         5 * time.Second,
			"Fri, 31 Dec 1999 23:59:59 GMT":    0,
			"Sat, 01 Jan 2000 00:00:00 GMT":    0,
			"Fri, 31 Dec 9999 23:59:59 GMT":    1<<63 - 1,
			"Sat, 32 Jan 2000 00:00:05 GMT":    0,
		} {
			assert.Equal(t, want, retryafter.Of(http.Header{"Retry-After": {value}}), "%.40q", value)
		}
		assert.Zero(t, retryafter.Of(nil))
		assert.Equal(t, time.Second, retryafter.Of(http.Header{"Retry-After": {"1", "2"}}))
	})
}
