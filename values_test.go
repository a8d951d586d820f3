package partnerapi

import (
	"database/sql"
	"database/sql/driver"
	"encoding/json"
	"fmt"
	"html/template"
	"log/slog"
	"math"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-querystring/query"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/partnerapi/partnerapi-go/internal/jsonwire"
)

func TestParseDate(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]Date{
		"1987-09-03": {1987, time.September, 3},
		"2024-02-29": {2024, time.February, 29},
		"2000-02-29": {2000, time.February, 29},
		"0001-01-01": {1, time.January, 1},
		"0000-02-29": {0, time.February, 29},
		"9999-12-31": {9999, time.December, 31},
	} {
		got, err := ParseDate(text)
		require.NoError(t, err, text)
		assert.Equal(t, want, got)
		assert.True(t, got.Valid())
		assert.False(t, got.IsZero())
		assert.Equal(t, text, got.String())
		var again Date
		require.NoError(t, again.UnmarshalText([]byte(text)))
		assert.Equal(t, want, again)
	}
}

// JSON is read by another way first, because package time takes longer.
func TestDateIsReadAsParsed(t *testing.T) {
	t.Parallel()
	for _, year := range []int{0, 1, 1900, 2000, 2023, 2024, 9999} {
		for month := range 20 {
			for day := range 40 {
				text := fmt.Sprintf("%04d-%02d-%02d", year, month, day)
				want, wantErr := ParseDate(text)
				var got Date
				require.Equal(t, wantErr, got.UnmarshalJSON([]byte(`"`+text+`"`)), text)
				require.Equal(t, want, got, text)
			}
		}
	}
}

func TestParseDateRefuses(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"", " ", "today", "1987", "1987-09", "1987-9-3", "1987-09-03 ", " 1987-09-03", "1987-09-03T00:00:00Z", "87-09-03", "1987/09/03",
		"03-09-1987", "1987-00-03", "1987-13-03", "1987-09-00", "1987-09-31", "2023-02-29", "1900-02-29", "10000-01-01", "-001-01-01",
		"１９８７-09-03", "0000-00-00",
	} {
		got, err := ParseDate(text)
		require.ErrorIs(t, err, errNotADate, text)
		assert.Equal(t, Date{}, got)
		if text == "" {
			continue
		}
		kept := Date{1987, time.September, 3}
		require.Error(t, kept.UnmarshalText([]byte(text)))
		assert.Equal(t, Date{1987, time.September, 3}, kept, "a failure changes nothing")
		require.Error(t, json.Unmarshal([]byte(fmt.Sprintf("%q", text)), &kept))
		assert.Equal(t, Date{1987, time.September, 3}, kept)
	}
}

func TestDateOf(t *testing.T) {
	t.Parallel()
	at := time.Date(2024, time.March, 1, 23, 30, 0, 0, time.UTC)
	assert.Equal(t, Date{2024, time.March, 1}, DateOf(at))
	assert.Equal(t, Date{2024, time.March, 2}, DateOf(at.In(time.FixedZone("east", 3600))))
	berlin := time.FixedZone("CET", 3600)
	assert.Equal(t, time.Date(2024, time.March, 1, 0, 0, 0, 0, berlin), Date{2024, time.March, 1}.In(berlin))
}

func TestDateValid(t *testing.T) {
	t.Parallel()
	for _, d := range []Date{
		{}, {2024, 0, 1}, {2024, 13, 1}, {2024, 1, 0}, {2024, 1, 32}, {2023, 2, 29}, {-1, 1, 1}, {10000, 1, 1}, {2024, 1, -1},
		{math.MaxInt, 1, 1}, {math.MinInt, 1, 1}, {2024, math.MaxInt, 1}, {2024, 1, math.MaxInt},
	} {
		assert.False(t, d.Valid(), "%#v", d)
		if d.IsZero() {
			continue
		}
		_, err := d.MarshalText()
		require.ErrorIs(t, err, errNotADate)
		_, err = json.Marshal(d)
		require.ErrorIs(t, err, errNotADate)
		require.ErrorIs(t, d.EncodeValues("d", &url.Values{}), errNotADate)
		_, err = json.Marshal(map[Date]int{d: 1})
		require.Error(t, err)
	}
}

func TestDateCompare(t *testing.T) {
	t.Parallel()
	ordered := []Date{{}, {1986, 12, 31}, {1987, 1, 31}, {1987, 2, 1}, {1987, 2, 2}, {1987, 10, 1}}
	for i, a := range ordered {
		for j, b := range ordered {
			want := 0
			switch {
			case i < j:
				want = -1
			case i > j:
				want = 1
			}
			assert.Equal(t, want, a.Compare(b), "%v %v", a, b)
			assert.Equal(t, want == 0, a == b)
		}
	}
}

func TestDateEncodings(t *testing.T) {
	t.Parallel()
	type record struct {
		Birthday Date            `json:"birthday" url:"birthday"`
		Left     Date            `json:"left,omitzero" url:"left,omitempty"`
		Pointer  *Date           `json:"pointer,omitempty" url:"pointer,omitempty"`
		Names    map[Date]string `json:"names,omitempty" url:"-"`
	}
	d := Date{2015, time.March, 9}
	full := record{d, d, &d, map[Date]string{d: "Robin"}}
	const text = `{"birthday":"2015-03-09","left":"2015-03-09","pointer":"2015-03-09","names":{"2015-03-09":"Robin"}}`
	encoded, err := json.Marshal(full)
	require.NoError(t, err)
	assert.JSONEq(t, text, string(encoded))
	var again record
	require.NoError(t, json.Unmarshal([]byte(text), &again))
	assert.Equal(t, full, again)
	values, err := query.Values(full)
	require.NoError(t, err)
	assert.Equal(t, url.Values{"birthday": {"2015-03-09"}, "left": {"2015-03-09"}, "pointer": {"2015-03-09"}}, values)

	encoded, err = json.Marshal(record{})
	require.NoError(t, err)
	assert.JSONEq(t, `{"birthday":null}`, string(encoded))
	values, err = query.Values(record{})
	require.NoError(t, err)
	assert.Equal(t, url.Values{"birthday": {""}}, values)
	for _, text := range []string{`{"birthday":null}`, `{"birthday":""}`, `{}`} {
		var none record
		require.NoError(t, json.Unmarshal([]byte(text), &none))
		assert.Equal(t, record{}, none)
	}
	for _, text := range []string{`{"birthday":20150309}`, `{"birthday":{}}`, `{"birthday":true}`, `{"birthday":"2015-03-09T00:00:00Z"}`, `{"names":{"x":""}}`} {
		require.Error(t, json.Unmarshal([]byte(text), &record{}), text)
	}
}

// A record that is decoded into again does not keep a date that is null now.
func TestDateOfNull(t *testing.T) {
	t.Parallel()
	d := Date{2015, time.March, 9}
	require.NoError(t, json.Unmarshal([]byte(`null`), &d))
	assert.Equal(t, Date{}, d)
	d = Date{2015, time.March, 9}
	require.NoError(t, json.Unmarshal([]byte(`""`), &d))
	assert.Equal(t, Date{}, d)
}

func TestDatePrints(t *testing.T) {
	t.Parallel()
	d := Date{2015, time.March, 9}
	assert.Equal(t, "2015-03-09 2015-03-09 2015-03-09", fmt.Sprintf("%v %s %+v", d, d, d))
	assert.Equal(t, `"2015-03-09" {2015-03-09} [2015-03-09]`, fmt.Sprintf("%q %v %v", d, struct{ D Date }{d}, []Date{d}))
	assert.Empty(t, fmt.Sprint(Date{}))
	text, err := Date{}.MarshalText()
	require.NoError(t, err)
	assert.Empty(t, text)
}

// The tests of internal/sqlvalue have every form of a value, those of internal/sqltest use a database.
var (
	_ sql.Scanner   = (*Date)(nil)
	_ sql.Scanner   = (*UnixTime)(nil)
	_ driver.Valuer = Date{}
	_ driver.Valuer = UnixTime{}
)

func TestDateInSQL(t *testing.T) {
	t.Parallel()
	for text, d := range map[string]Date{"2015-03-09": {2015, time.March, 9}, "0001-01-01": {1, time.January, 1}, "9999-12-31": {9999, time.December, 31}} {
		value, err := d.Value()
		require.NoError(t, err)
		assert.Equal(t, driver.Value(text), value)
		var again Date
		require.NoError(t, again.Scan(value))
		assert.Equal(t, d, again)
	}
	value, err := Date{}.Value()
	require.NoError(t, err)
	assert.Nil(t, value)
	_, err = Date{2015, 2, 30}.Value()
	require.ErrorIs(t, err, errNotADate)

	west := time.FixedZone("west", -5*3600)
	for name, test := range map[string]struct {
		src  any
		want Date
	}{
		"bytes":                      {[]byte("2015-03-09"), Date{2015, time.March, 9}},
		"midnight":                   {time.Date(2015, time.March, 9, 0, 0, 0, 0, time.UTC), Date{2015, time.March, 9}},
		"a time in another location": {time.Date(2015, time.March, 8, 20, 0, 0, 0, west), Date{2015, time.March, 9}},
		"a text of a time":           {"2015-03-08 20:00:00-05:00", Date{2015, time.March, 9}},
		"Unix seconds":               {int64(1425859200), Date{2015, time.March, 9}},
		"the second before":          {int64(1425859199), Date{2015, time.March, 8}},
		"NULL":                       {nil, Date{}},
		"empty text":                 {"", Date{}},
		"the zero time":              {time.Time{}, Date{}},
	} {
		got := Date{1987, time.September, 3}
		require.NoError(t, got.Scan(test.src), name)
		assert.Equal(t, test.want, got, name)
	}
}

func TestUnixTimeInSQL(t *testing.T) {
	t.Parallel()
	at := UnixTimeOf(time.Unix(1234567890, 0))
	for want, in := range map[int64]UnixTime{
		1234567890: UnixTimeOf(time.Unix(1234567890, 999)), 0: UnixTimeOf(time.Unix(0, 0)), -1: UnixTimeOf(time.Unix(-1, 0)),
		-62135596799: UnixTimeOf(time.Unix(-62135596799, 0)), 253402300799: UnixTimeOf(time.Unix(253402300799, 0)),
	} {
		value, err := in.Value()
		require.NoError(t, err)
		assert.Equal(t, driver.Value(want), value)
		var again UnixTime
		require.NoError(t, again.Scan(value))
		assert.Equal(t, UnixTimeOf(time.Unix(want, 0)), again)
	}
	value, err := UnixTime{}.Value()
	require.NoError(t, err)
	assert.Nil(t, value)
	for _, out := range []int64{-62135596800, -62135596801, 253402300800, math.MaxInt64, math.MinInt64} {
		_, err = UnixTime{time.Unix(out, 1)}.Value()
		require.ErrorIs(t, err, errNotUnix)
		kept := at
		require.ErrorIs(t, kept.Scan(out), errNotUnix)
		assert.Equal(t, at, kept)
	}

	for name, test := range map[string]struct {
		src  any
		want UnixTime
	}{
		"a text of an integer":       {"1234567890", at},
		"bytes of an integer":        {[]byte("1234567890"), at},
		"a time in another location": {at.In(time.FixedZone("east", 3600)), at},
		"a text of a time":           {"2009-02-13 23:31:30", at},
		"a fraction":                 {"2009-02-13T23:31:30.5Z", UnixTimeOf(time.Unix(1234567890, 500_000_000))},
		"NULL":                       {nil, UnixTime{}},
		"empty text":                 {[]byte{}, UnixTime{}},
		"the zero time":              {time.Time{}, UnixTime{}},
	} {
		got := UnixTimeOf(time.Unix(7, 0))
		require.NoError(t, got.Scan(test.src), name)
		assert.True(t, got == test.want, "%s: %v", name, got) //nolint:testifylint // tests ==
	}
}

// The error of a value that cannot be read says what is wrong, without the value, and changes nothing.
func TestScanRefuses(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		src      any
		date, at string
	}{
		{"soon", "partnerapi.Date: a text that is neither a date nor a time", "partnerapi.UnixTime: a text that is neither a date nor a time"},
		{1.5, "partnerapi.Date: a float64 is neither a time nor text, int64 or NULL", "partnerapi.UnixTime: a float64 is neither a time nor text, int64 or NULL"},
		{true, "partnerapi.Date: a bool is neither a time nor text, int64 or NULL", "partnerapi.UnixTime: a bool is neither a time nor text, int64 or NULL"},
		{time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC), "not a date of the form YYYY-MM-DD", "not a number of Unix seconds in the years 1 to 9999"},
		{int64(253402300800), "not a date of the form YYYY-MM-DD", "not a number of Unix seconds in the years 1 to 9999"},
		{int64(math.MinInt64), "not a date of the form YYYY-MM-DD", "not a number of Unix seconds in the years 1 to 9999"},
	} {
		d, at := Date{2015, time.March, 9}, UnixTimeOf(time.Unix(7, 0))
		require.EqualError(t, d.Scan(test.src), test.date)
		require.EqualError(t, at.Scan(test.src), test.at)
		assert.Equal(t, Date{2015, time.March, 9}, d)
		assert.Equal(t, UnixTimeOf(time.Unix(7, 0)), at)
	}
	var d Date
	require.Error(t, d.Scan("20150309"), "not Unix seconds")
}

func TestDatesAndTimesInLogs(t *testing.T) {
	t.Parallel()
	type record struct {
		Born    Date
		Created UnixTime
	}
	full := record{Date{2015, time.March, 9}, UnixTimeOf(time.Unix(1234567890, 0))}
	plain := &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey || a.Key == slog.LevelKey || a.Key == slog.MessageKey {
			return slog.Attr{}
		}
		return a
	}}
	for _, test := range []struct {
		in         record
		text, json string
	}{
		{
			full, `born=2015-03-09 created=2009-02-13T23:31:30.000Z record="{Born:2015-03-09 Created:2009-02-13 23:31:30 +0000 UTC}"`,
			`{"born":"2015-03-09","created":"2009-02-13T23:31:30Z","record":{"Born":"2015-03-09","Created":1234567890}}`,
		},
		{record{}, `born="" created=<nil> record="{Born: Created:}"`, `{"born":null,"created":null,"record":{"Born":null,"Created":null}}`},
	} {
		var text, lines strings.Builder
		for _, handler := range []slog.Handler{slog.NewTextHandler(&text, plain), slog.NewJSONHandler(&lines, plain)} {
			slog.New(handler).Info("m", "born", test.in.Born, "created", test.in.Created, "record", test.in)
		}
		assert.Equal(t, test.text+"\n", text.String())
		assert.JSONEq(t, test.json, lines.String())
	}
}

func TestDatesAndTimesInTemplates(t *testing.T) {
	t.Parallel()
	page := template.Must(template.New("").Parse(
		`<input type="date" value="{{.Born}}"> <a href="/?d={{.Born}}">{{.Born}}</a> {{.Created}}|` +
			`{{if .Created.IsZero}}never{{else}}{{.Created.Format "2 Jan 2006"}}{{end}}<script>x = [{{.Born}}, {{.Created}}]</script>`))
	type record struct {
		Born    Date
		Created UnixTime
	}
	for _, test := range []struct {
		in   record
		want string
	}{
		{
			record{Date{2015, time.March, 9}, UnixTimeOf(time.Unix(1234567890, 0))},
			`<input type="date" value="2015-03-09"> <a href="/?d=2015-03-09">2015-03-09</a> 2009-02-13 23:31:30 &#43;0000 UTC|` +
				`13 Feb 2009<script>x = ["2015-03-09",  1234567890 ]</script>`,
		},
		{record{}, `<input type="date" value=""> <a href="/?d="></a> |never<script>x = [ null ,  null ]</script>`},
	} {
		var html strings.Builder
		require.NoError(t, page.Execute(&html, test.in))
		assert.Equal(t, test.want, html.String())
	}
}

func TestUnixTime(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]time.Time{
		"1234567890":           time.Date(2009, time.February, 13, 23, 31, 30, 0, time.UTC),
		"0":                    time.Date(1970, time.January, 1, 0, 0, 0, 0, time.UTC),
		"-1":                   time.Date(1969, time.December, 31, 23, 59, 59, 0, time.UTC),
		"1234567890.5":         time.Date(2009, time.February, 13, 23, 31, 30, 500_000_000, time.UTC),
		"1234567890.123":       time.Date(2009, time.February, 13, 23, 31, 30, 123_000_000, time.UTC),
		"1234567890.123456789": time.Date(2009, time.February, 13, 23, 31, 30, 123_456_789, time.UTC),
		"-0.5":                 time.Date(1969, time.December, 31, 23, 59, 59, 500_000_000, time.UTC),
		"-1.000000001":         time.Date(1969, time.December, 31, 23, 59, 58, 999_999_999, time.UTC),
		"12345678980":          time.Date(2361, time.March, 21, 19, 16, 20, 0, time.UTC),
		"-62135596799.5":       time.Date(1, time.January, 1, 0, 0, 0, 500_000_000, time.UTC),
		"253402300799":         time.Date(9999, time.December, 31, 23, 59, 59, 0, time.UTC),
		"-62135596799":         time.Date(1, time.January, 1, 0, 0, 1, 0, time.UTC),
	} {
		var got UnixTime
		require.NoError(t, json.Unmarshal([]byte(text), &got), text)
		assert.True(t, got == UnixTime{want}, "%s is %v", text, got) //nolint:testifylint // tests ==
		assert.Equal(t, time.UTC, got.Location())
		encoded, err := got.MarshalJSON()
		require.NoError(t, err)
		assert.Equal(t, text, string(encoded))
		assert.True(t, got == UnixTimeOf(want.In(time.FixedZone("east", 3600)))) //nolint:testifylint // tests ==
	}
	for text, want := range map[string]string{
		"1.23456789e9": "1234567890", "1e3": "1000", "1.0": "1", "1.50": "1.5", "-0": "0", "-0.0": "0", "15e-1": "1.5", "1E0": "1",
		"0.1234567891": "0.123456789",
	} {
		var got UnixTime
		require.NoError(t, json.Unmarshal([]byte(text), &got), text)
		encoded, err := got.MarshalJSON()
		require.NoError(t, err)
		assert.Equal(t, want, string(encoded), text)
	}
}

func TestUnixTimeRefuses(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		`""`, `"1234567890"`, `"2009-02-13T23:31:30Z"`, `true`, `{}`, `[]`, `253402300800`, `-62135596800`, `1e300`, `-1e300`, `1e400`,
		`99999999999999999999`, `253402300799.9999999999`,
	} {
		kept := UnixTimeOf(time.Unix(7, 0))
		require.ErrorIs(t, json.Unmarshal([]byte(text), &kept), errNotUnix, text)
		assert.Equal(t, UnixTimeOf(time.Unix(7, 0)), kept)
	}
	for _, text := range []string{"", "NaN", "Inf", "0x10", "1_000", " 1", "1 "} { // not through encoding/json
		require.Error(t, new(UnixTime).UnmarshalJSON([]byte(text)), text)
	}
}

func TestUnixTimeZero(t *testing.T) {
	t.Parallel()
	got := UnixTimeOf(time.Unix(7, 0))
	require.NoError(t, json.Unmarshal([]byte(`null`), &got))
	assert.True(t, got.IsZero())
	assert.Equal(t, UnixTime{}, got)
	for _, zero := range []UnixTime{{}, UnixTimeOf(time.Time{}), UnixTimeOf(time.Time{}.In(time.FixedZone("east", 3600)))} {
		encoded, err := zero.MarshalJSON()
		require.NoError(t, err)
		assert.Equal(t, "null", string(encoded))
		assert.Equal(t, UnixTime{}, zero)
	}
	encoded, err := json.Marshal(struct {
		At UnixTime `json:"at,omitzero"`
	}{})
	require.NoError(t, err)
	assert.JSONEq(t, "{}", string(encoded))
}

func TestUnixTimeHasNoMonotonicClock(t *testing.T) {
	t.Parallel()
	now := time.Now()
	var read UnixTime
	encoded, err := json.Marshal(UnixTimeOf(now))
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(encoded, &read))
	assert.True(t, read == UnixTimeOf(now)) //nolint:testifylint // tests ==
	assert.Len(t, map[UnixTime]int{read: 1, UnixTimeOf(now): 2}, 1)
}

func TestUnixTimePrintsAndQueries(t *testing.T) {
	t.Parallel()
	at := UnixTimeOf(time.Unix(1234567890, 0))
	assert.Equal(t, "2009-02-13 23:31:30 +0000 UTC", fmt.Sprint(at))
	assert.Equal(t, "{At:2009-02-13 23:31:30 +0000 UTC}", fmt.Sprintf("%+v", struct{ At UnixTime }{at}))
	type filter struct {
		Since UnixTime  `url:"since"`
		Until UnixTime  `url:"until,omitempty"`
		Other *UnixTime `url:"other,omitempty"`
	}
	values, err := query.Values(filter{at, UnixTimeOf(time.Unix(1, 500_000_000)), &at})
	require.NoError(t, err)
	assert.Equal(t, url.Values{"since": {"1234567890"}, "until": {"1.5"}, "other": {"1234567890"}}, values)
	values, err = query.Values(filter{})
	require.NoError(t, err)
	assert.Equal(t, url.Values{"since": {""}}, values)
}

func TestOptional(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		in    Optional[float64]
		value float64
		ok    bool
		json  string
		print string
	}{
		"leave":    {Optional[float64]{}, 0, false, `{}`, "(leave)"},
		"set":      {Set(2.5), 2.5, true, `{"fee":2.5}`, "2.5"},
		"set to 0": {Set(0.0), 0, true, `{"fee":0}`, "0"},
		"clear":    {Clear[float64](), 0, false, `{"fee":""}`, "(clear)"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			value, ok := test.in.Get()
			assert.Equal(t, test.ok, ok)
			assert.InDelta(t, test.value, value, 0)
			assert.Equal(t, test.json == "{}", test.in.IsZero())
			encoded, err := json.Marshal(struct {
				Fee Optional[float64] `json:"fee,omitzero"`
			}{test.in})
			require.NoError(t, err)
			assert.JSONEq(t, test.json, string(encoded))
			assert.Equal(t, test.print, test.in.String())
			assert.Equal(t, "{"+test.print+"}", fmt.Sprint(struct{ Fee Optional[float64] }{test.in}))
		})
	}
	encoded, err := json.Marshal(Optional[float64]{})
	require.NoError(t, err)
	assert.JSONEq(t, "null", string(encoded), "without omitzero")
	encoded, err = json.Marshal(Set(Date{2015, time.March, 9}))
	require.NoError(t, err)
	assert.JSONEq(t, `"2015-03-09"`, string(encoded))
	encoded, err = json.Marshal(Set(""))
	require.NoError(t, err)
	assert.JSONEq(t, `""`, string(encoded), "an empty string is the API's empty value")
	_, err = json.Marshal(Set(math.NaN()))
	require.Error(t, err)
	assert.NotEqual(t, Set(0), Clear[int]())
}

// The error for an invalid time does not contain the value.
func TestUnreadableTimes(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]string{
		`{"list":[{"id":"i","created":"soon"}],"pages":1}`: "field list.created: not a number of Unix seconds in the years 1 to 9999",
		`{"list":[{"id":"i","created":1e99}],"pages":1}`:   "field list.created: not a number of Unix seconds in the years 1 to 9999",
	} {
		_, err := newTestClient(t, always(200, body)).Invitations.List(t.Context(), ListOptions{})
		require.ErrorContains(t, err, want)
	}
	_, err := newTestClient(t, always(200, `{"customer":{"id":1,"subscription":{"start_date":"soon"}}}`)).Accounts.Get(t.Context(), NewSession())
	assert.ErrorContains(t, err, "field customer.subscription.start_date: not an RFC 3339 time")
}

// holder is a record with one field.
type holder[T any] struct {
	V T `json:"v"`
}

// spellings asserts which texts are decoded into a T, and which are refused with an error that names the field but not the
// value.
func spellings[T any](t *testing.T, kind string, read map[string]T, refused ...string) {
	t.Helper()
	t.Run(kind, func(t *testing.T) {
		t.Parallel()
		for text, want := range read {
			var got holder[T]
			require.NoError(t, jsonwire.Unmarshal([]byte(`{"v":`+text+`}`), &got), text)
			assert.Equal(t, want, got.V, text)
		}
		for _, text := range refused {
			var got holder[T]
			err := jsonwire.Unmarshal([]byte(`{"v":`+text+`}`), &got)
			require.Error(t, err, text)
			assert.Zero(t, got, text)
			assert.Regexp(t, `^field v: (not a date of the form YYYY-MM-DD|not a number of Unix seconds in the years 1 to 9999)$`, err.Error())
		}
	})
}

// The alternative spellings of dates and Unix seconds in responses.
func TestSpellings(t *testing.T) {
	t.Parallel()
	unix := func(seconds, nanos int64) UnixTime { return UnixTimeOf(time.Unix(seconds, nanos)) }
	spellings(t, "date", map[string]Date{
		`"1987-09-03"`: {1987, 9, 3}, `"0000-00-00"`: {}, `"0000-00-00 00:00:00"`: {}, `""`: {}, `null`: {},
	}, `"0000-00-01"`, `"1987-09-31"`, `"1987-9-3"`, `"1987-09-03T00:00:00Z"`, `19870903`, `0`, `false`, `[]`, `{}`, `" "`)
	spellings(t, "Unix seconds", map[string]UnixTime{
		`1234567890`: unix(1234567890, 0), `"1234567890"`: unix(1234567890, 0), `1234567890.0`: unix(1234567890, 0),
		`"1234567890.5"`: unix(1234567890, 500_000_000), `"-1"`: unix(-1, 0), `"0"`: unix(0, 0),
		`0`: unix(0, 0), `""`: {}, `"0000-00-00"`: {}, `null`: {},
	}, `"1e9"`, `" 1"`, `"soon"`, `"2009-02-13T23:31:30Z"`, `"253402300800"`, `"99999999999999999999"`, `true`, `false`, `[]`, `{}`)
}

// FuzzDate parses any text and makes any date: a parsed date is encoded as the same text, and an invalid one is not encoded.
func FuzzDate(f *testing.F) {
	for _, text := range []string{"1987-09-03", "2024-02-29", "2023-02-29", "0000-01-01", "9999-12-31", "0000-00-00", "", "1987-9-3", "10000-01-01"} {
		f.Add(text, 1987, 9, 3)
	}
	f.Add("", 0, 0, 0)
	f.Add("", -1, 13, 32)
	f.Fuzz(func(t *testing.T, text string, year, month, day int) {
		if read, err := ParseDate(text); err == nil {
			assert.Equal(t, text, read.String())
			assertDate(t, read)
		} else {
			assert.Equal(t, Date{}, read)
		}
		d := Date{year, time.Month(month), day}
		if d.Valid() {
			assertDate(t, d)
			assert.Equal(t, d, DateOf(d.In(time.UTC)))
			return
		}
		_, err := json.Marshal(d)
		assert.Equal(t, d.IsZero(), err == nil)
	})
}

// assertDate asserts that a valid date is the same after encoding and decoding.
func assertDate(t *testing.T, d Date) {
	t.Helper()
	assert.True(t, d.Valid())
	text, err := d.MarshalText()
	require.NoError(t, err)
	assert.Len(t, text, 10)
	var again Date
	require.NoError(t, again.UnmarshalText(text))
	assert.Equal(t, d, again)
	text, err = json.Marshal(d)
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(text, &again))
	assert.Equal(t, d, again)
	assert.Zero(t, d.Compare(again))
}

// FuzzUnixTime decodes any JSON: a valid time is in UTC, and the same after encoding and decoding.
func FuzzUnixTime(f *testing.F) {
	for _, text := range []string{
		"0", "1234567890", "12345678980", "1234567890.123456789", "-0.5", "-1.5", "1e9", "1.5e-9", "253402300799", "-62135596799", "null",
		"1e400", `"1"`, "-62135596798.5", "0.0000000001", "-0.0000000001", "0.9999999999",
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var read UnixTime
		if err := json.Unmarshal(data, &read); err != nil {
			assert.Equal(t, UnixTime{}, read)
			return
		}
		assert.Equal(t, time.UTC, read.Location())
		assert.True(t, read.Year() >= 1 && read.Year() <= 9999, "%v", read)
		text, err := json.Marshal(read)
		require.NoError(t, err)
		var again UnixTime
		require.NoError(t, json.Unmarshal(text, &again), "%s", text)
		assert.True(t, read == again, "%v is %v", read, again) //nolint:testifylint // tests ==
		twice, err := json.Marshal(again)
		require.NoError(t, err)
		assert.Equal(t, string(text), string(twice))
	})
}
