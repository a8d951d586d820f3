package sqlvalue_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/partnerapi/partnerapi-go/internal/sqlvalue"
)

func TestTime(t *testing.T) {
	t.Parallel()
	noon := time.Date(2015, time.March, 9, 12, 0, 0, 0, time.UTC)
	for name, test := range map[string]struct {
		src  any
		want time.Time
	}{
		"a time":                     {noon, noon},
		"a time in another location": {time.Date(2015, time.March, 9, 22, 0, 0, 0, time.FixedZone("east", 10*3600)), noon},
		"Unix seconds":               {int64(1425902400), noon},
		"Unix seconds below zero":    {int64(-1), time.Date(1969, time.December, 31, 23, 59, 59, 0, time.UTC)},
		"a date":                     {"2015-03-09", time.Date(2015, time.March, 9, 0, 0, 0, 0, time.UTC)},
		"bytes":                      {[]byte("2015-03-09"), time.Date(2015, time.March, 9, 0, 0, 0, 0, time.UTC)},
		"RFC 3339":                   {"2015-03-09T07:00:00-05:00", noon},
		"a fraction":                 {"2015-03-09T12:00:00.25Z", noon.Add(250 * time.Millisecond)},
		"a text of SQLite":           {"2015-03-09 12:00:00", noon},
		"an offset":                  {"2015-03-09 12:30:00.5+00:30", noon.Add(500 * time.Millisecond)},
		"a text of PostgreSQL":       {"2015-03-09 14:00:00+02", noon},
		"a T without an offset":      {"2015-03-09T12:00:00", noon},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			at, isNull, err := sqlvalue.Time(test.src)
			require.NoError(t, err)
			assert.False(t, isNull)
			assert.Equal(t, test.want, at)
			assert.Equal(t, time.UTC, at.Location())
		})
	}
}

func TestTimeOfNothing(t *testing.T) {
	t.Parallel()
	for name, src := range map[string]any{"NULL": nil, "empty text": "", "no bytes": []byte(nil), "the zero time": time.Time{}} {
		at, isNull, err := sqlvalue.Time(src)
		require.NoError(t, err, name)
		assert.True(t, isNull, name)
		assert.True(t, at.IsZero(), name)
	}
}

func TestTimeRefuses(t *testing.T) {
	t.Parallel()
	for _, src := range []any{"soon", " ", "2015-02-30", "20150309", "2015-03-09 25:00:00", []byte{0xff}} {
		_, _, err := sqlvalue.Time(src)
		require.EqualError(t, err, "a text that is neither a date nor a time", "%s", src)
	}
	for want, src := range map[string]any{
		"a float64 is neither a time nor text, int64 or NULL":    1.5,
		"a bool is neither a time nor text, int64 or NULL":       true,
		"a *time.Time is neither a time nor text, int64 or NULL": new(time.Time),
	} {
		_, _, err := sqlvalue.Time(src)
		require.EqualError(t, err, want)
	}
}

func TestNumber(t *testing.T) {
	t.Parallel()
	assert.Equal(t, int64(-7), sqlvalue.Number("-7"))
	assert.Equal(t, int64(1425902400), sqlvalue.Number([]byte("1425902400")))
	for _, same := range []any{nil, "", "1.5", " 7", "99999999999999999999", []byte("2015-03-09"), int64(7), true} {
		assert.Equal(t, same, sqlvalue.Number(same))
	}
}
