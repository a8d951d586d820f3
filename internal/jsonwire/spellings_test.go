package jsonwire

import (
	"bytes"
	"encoding/json"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// otherSpellings are the alternative spellings, and similar ones that are refused.
var otherSpellings = []string{
	`"26"`, `"2.50"`, `"-0"`, `"0"`, `"1"`, `1`, `26.0`, `-0.0`, `"26.00"`, `9007199254740993.0`, `"9007199254740993"`, `26.5`, `"1e3"`, `1.0e1`, `"NaN"`, `"0x1a"`,
	`" 26"`, `"26 "`, `"+26"`, `"026"`, `"26."`, `".5"`, `"1_0"`, `"\u0032\u0036"`, `9223372036854775808.0`, `"9223372036854775808"`, `"1` + strings.Repeat("0", 400) + `"`,
	`"true"`, `"yes"`, `2`, `1.0`, `"2015-03-09"`, `"0000-00-00"`, `"0000-00-00 00:00:00"`, `"0000-00-00T00:00:00Z"`, `"2015-02-30"`,
	`"2015-03-09T10:11:12-0500"`, `"2015-03-09 10:11:12Z"`, `"2015-03-09 10:11:12.5+05:30"`, `"2015-03-09 10:11:12 -0500"`, `"2015-03-09T10:11:12"`, `"2015-03-09 10:11Z"`,
	`"2015-03-09T24:00:00-0500"`, `"2015-03-09T10:11:12-9900"`, `"2015-03-09t10:11:12z"`, `"2015-03-09T10:11:12,5-0500"`, `"2015-03-09T1:11:12-0500"`,
	`"1234567890"`, `"1234567890.5"`, `[ ]`, `[0]`, `[[]]`, `["26"]`,
}

var (
	aWholeNumber = regexp.MustCompile(`^-?(0|[1-9]\d*)$`)
	aNumber      = regexp.MustCompile(`^-?(0|[1-9]\d*)(\.\d+)?$`)
	zeros        = regexp.MustCompile(`\.0+$`)
	digit        = regexp.MustCompile(`\d`)
	fraction     = regexp.MustCompile(`(\d:\d\d)\.\d+`)
)

// timeForms maps the forms of a time, with a 9 for each digit and without a fraction, to layouts of package time.
var timeForms = map[string]string{
	"9999-99-99":                "2006-01-02",
	"9999-99-99 99:99:99Z":      "2006-01-02 15:04:05Z07:00",
	"9999-99-99T99:99:99 Z":     "2006-01-02T15:04:05 Z07:00",
	"9999-99-99 99:99:99 Z":     "2006-01-02 15:04:05 Z07:00",
	"9999-99-99T99:99:99+9999":  "2006-01-02T15:04:05-0700",
	"9999-99-99T99:99:99 +9999": "2006-01-02T15:04:05 -0700",
	"9999-99-99 99:99:99+9999":  "2006-01-02 15:04:05-0700",
	"9999-99-99 99:99:99 +9999": "2006-01-02 15:04:05 -0700",

	"9999-99-99T99:99:99 +99:99": "2006-01-02T15:04:05 -07:00",
	"9999-99-99 99:99:99+99:99":  "2006-01-02 15:04:05-07:00",
	"9999-99-99 99:99:99 +99:99": "2006-01-02 15:04:05 -07:00",
}

// standardSpelling returns data with every scalar in the spelling that encoding/json reads into a value of a type. It is
// the list of all that Unmarshal reads in addition to encoding/json.
func standardSpelling(t *testing.T, of reflect.Type, data json.RawMessage) json.RawMessage {
	t.Helper()
	data = bytes.TrimSpace(data)
	var text string
	quoted := data[0] == '"' && json.Unmarshal(data, &text) == nil
	noDate := quoted && slices.Contains([]string{"", "0000-00-00", "0000-00-00 00:00:00"}, text)
	switch of {
	case reflect.TypeFor[day](), reflect.TypeFor[seconds](), reflect.TypeFor[time.Time]():
		switch {
		case noDate:
			return []byte("null")
		case quoted && of == reflect.TypeFor[seconds]() && aNumber.MatchString(text):
			return []byte(text)
		case quoted && of == reflect.TypeFor[time.Time]():
			return standardTime(t, text, data)
		}
		return data
	}
	switch of.Kind() {
	case reflect.Pointer:
		elem := of.Elem()
		if elem.Kind() == reflect.Struct && isEmpty(data) || string(data) == `""` && isOfKind(elem.Kind(), reflect.Int, reflect.Int64, reflect.Float64) {
			return []byte("null")
		}
		return standardSpelling(t, elem, data)
	case reflect.Bool:
		if spelt := map[string]string{"0": "false", "1": "true"}[string(data)]; spelt != "" {
			return []byte(spelt)
		}
	case reflect.String:
		if string(data) == "false" {
			return []byte(`""`)
		}
	case reflect.Float64:
		if quoted && aNumber.MatchString(text) {
			return []byte(text)
		}
	case reflect.Int, reflect.Int64:
		number := string(data)
		if quoted {
			number = text
		}
		if number = zeros.ReplaceAllLiteralString(number, ""); aWholeNumber.MatchString(number) {
			return []byte(number)
		}
	case reflect.Struct, reflect.Slice:
		return standardSpellings(t, of, data)
	}
	return data
}

func isOfKind(k reflect.Kind, kinds ...reflect.Kind) bool { return slices.Contains(kinds, k) }

func isEmpty(data json.RawMessage) bool {
	var list []any
	return data[0] == '[' && json.Unmarshal(data, &list) == nil && len(list) == 0
}

func standardTime(t *testing.T, text string, data json.RawMessage) json.RawMessage {
	t.Helper()
	form := fraction.ReplaceAllString(strings.ReplaceAll(text, "-", "+"), "$1")
	form = strings.Replace(digit.ReplaceAllLiteralString(form, "9"), "+", "-", 2)
	layout, known := timeForms[form]
	if !known {
		return data
	}
	at, err := time.Parse(layout, text)
	if err != nil || json.Unmarshal([]byte(`"2015-03-09T00:00:00`+offsetOf(at)+`"`), new(time.Time)) != nil {
		return data
	}
	if year := at.UTC().Year(); year < 0 || year > 9999 {
		t.Skip("no such year in UTC")
	}
	return []byte(at.UTC().Format(`"` + time.RFC3339Nano + `"`))
}

func offsetOf(at time.Time) string { return at.Format("Z07:00") }

// standardSpellings is standardSpelling for the values in a record or a list.
func standardSpellings(t *testing.T, of reflect.Type, data json.RawMessage) json.RawMessage {
	t.Helper()
	var spelt any
	switch {
	case of.Kind() == reflect.Struct && isEmpty(data):
		return []byte("{}")
	case of.Kind() == reflect.Struct && data[0] == '{':
		var members map[string]json.RawMessage
		require.NoError(t, json.Unmarshal(data, &members))
		for name, member := range members {
			if f, known := fieldNamed(of, name); known {
				members[name] = standardSpelling(t, f.Type, member)
			}
		}
		spelt = members
	case of.Kind() == reflect.Slice && data[0] == '[':
		var elems []json.RawMessage
		require.NoError(t, json.Unmarshal(data, &elems))
		for i := range elems {
			elems[i] = standardSpelling(t, of.Elem(), elems[i])
		}
		spelt = elems
	default:
		return data
	}
	text, err := json.Marshal(spelt)
	require.NoError(t, err)
	return text
}

func fieldNamed(of reflect.Type, name string) (f reflect.StructField, known bool) {
	for _, same := range []func(string) bool{
		func(tag string) bool { return tag == name }, func(tag string) bool { return strings.EqualFold(tag, name) },
	} {
		for i := range of.NumField() {
			if tag, _, _ := strings.Cut(of.Field(i).Tag.Get("json"), ","); same(tag) {
				return of.Field(i), true
			}
		}
	}
	return f, false
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
			require.NoError(t, Unmarshal([]byte(`{"v":`+text+`}`), &got), text)
			assert.Equal(t, want, got.V, text)
		}
		for _, text := range refused {
			var got holder[T]
			err := Unmarshal([]byte(`{"v":`+text+`}`), &got)
			require.Error(t, err, text)
			if reflect.TypeFor[T]().Kind() != reflect.Slice { // a list keeps its readable elements
				assert.Zero(t, got, text)
			}
			assert.Regexp(t, `^field v: (not a list|not of type [a-zA-Z0-9.]+|not a day|not a number of seconds|not an RFC 3339 time)$`, err.Error())
		}
	})
}

func TestSpellings(t *testing.T) {
	t.Parallel()
	utc := func(year int, month time.Month, day, hour, minute, second, nanos int) time.Time {
		return time.Date(year, month, day, hour, minute, second, nanos, time.UTC)
	}
	spellings(t, "int64", map[string]int64{ // more than a float64 holds exactly
		`9007199254740993.0`: 9007199254740993, `"9007199254740993"`: 9007199254740993,
	}, `9007199254740993.5`)
	spellings(t, "int", map[string]int{
		`26`: 26, `"26"`: 26, `26.0`: 26, `"26.00"`: 26, `-0.0`: 0, `"-7"`: -7, `"0"`: 0, `"\u0032\u0036"`: 26, `null`: 0,
	},
		`26.5`, `"26.5"`, `1e3`, `"1e3"`, `"1E3"`, `2.60e1`, `"NaN"`, `"Infinity"`, `"0x1a"`, `"+26"`, `"026"`, `" 26"`, `"26 "`, `"26\n"`, `"26."`, `".5"`, `"1_000"`,
		`"٢٦"`, `""`, `"-"`, `"a"`, `true`, `false`, `[]`, `{}`, `[26]`, `"\"26\""`, `9223372036854775808`, `"9223372036854775808"`, `9223372036854775808.0`,
	)
	spellings(t, "optional float", map[string]*float64{`2.5`: ptr(2.5), `"2.50"`: ptr(2.5), `"3"`: ptr(3.0), `"-0.5"`: ptr(-0.5), `""`: nil, `null`: nil, `0`: ptr(0.0), `"0"`: ptr(0.0)}, `"1e3"`, `"NaN"`, `"Inf"`, `"2,5"`, `"2.5%"`, `" "`, `false`, `[]`, `{}`, `"1`+strings.Repeat("0", 400)+`"`)
	spellings(t, "float", map[string]float64{`"2.50"`: 2.5, `2`: 2.0, `1e3`: 1000.0, `"0.0"`: 0.0}, `""`, `"1e3"`, `1e999`, `"0x1p-2"`, `true`, `[]`)
	spellings(t, "bool", map[string]bool{`1`: true, `0`: false, `true`: true, `false`: false}, `"true"`, `"false"`, `"1"`, `"0"`, `2`, `-1`, `-0`, `1.0`, `0.0`, `1e0`, `""`, `"yes"`, `[]`, `{}`)
	spellings(t, "optional bool", map[string]*bool{`1`: ptr(true), `0`: ptr(false), `true`: ptr(true), `null`: nil}, `"true"`, `""`, `2`, `[]`)
	spellings(t, "text", map[string]string{`false`: "", `""`: "", `"a"`: "a", `"false"`: "false"}, `true`, `0`, `26`, `[]`, `{}`)
	spellings(t, "texts", map[string][]string{`[]`: {}, `["a",false]`: {"a", ""}, `null`: nil}, `{}`, `""`, `false`, `"a"`, `[1]`, `[[]]`)
	spellings(t, "date", map[string]day{
		`"1987-09-03"`: {1987, 9, 3}, `"0000-00-00"`: {}, `"0000-00-00 00:00:00"`: {}, `""`: {}, `null`: {},
	}, `"0000-00-01"`, `"1987-09-31"`, `"1987-9-3"`, `"1987-09-03T00:00:00Z"`, `19870903`, `0`, `false`, `[]`, `{}`, `" "`)
	spellings(t, "time", map[string]time.Time{
		`"2015-03-09T10:11:12Z"`: utc(2015, 3, 9, 10, 11, 12, 0), `"2015-03-09T10:11:12-0500"`: utc(2015, 3, 9, 15, 11, 12, 0),
		`"2015-03-09T10:11:12+0530"`: utc(2015, 3, 9, 4, 41, 12, 0), `"2015-03-09 10:11:12Z"`: utc(2015, 3, 9, 10, 11, 12, 0),
		`"2015-03-09 10:11:12.5-05:00"`: utc(2015, 3, 9, 15, 11, 12, 500_000_000), `"2015-03-09 10:11:12 -0500"`: utc(2015, 3, 9, 15, 11, 12, 0),
		`"2015-03-09 10:11:12.000000001+0000"`: utc(2015, 3, 9, 10, 11, 12, 1), `"2015-03-09"`: utc(2015, 3, 9, 0, 0, 0, 0),
		`"2015-12-31T23:00:00-0200"`: utc(2016, 1, 1, 1, 0, 0, 0), `"0000-00-00"`: {}, `"0000-00-00 00:00:00"`: {},
		`""`: {}, `null`: {},
	},
		`"2015-03-09T10:11:12"`, `"2015-03-09 10:11:12"`, `"2015-03-09T10:11Z"`, `"2015-03-09T10:11:12-05"`, `"2015-03-09T10:11:12 UTC"`, `"2015-02-29"`,
		`"2015-02-29 10:11:12Z"`, `"2015-03-09T25:11:12-0500"`, `"2015-03-09T10:11:12-9900"`, `"09.03.2015"`, `"2015-03-09T10:11:12-0500 "`, `"2015-03-09\n"`,
		`1425895872`, `"1425895872"`, `"soon"`, `false`, `[]`, `{}`,
	)
	spellings(t, "Unix seconds", map[string]seconds{
		`1234567890`: {true, 1234567890}, `"1234567890"`: {true, 1234567890}, `1234567890.0`: {true, 1234567890},
		`"1234567890.5"`: {true, 1234567890.5}, `"-1"`: {true, -1}, `"0"`: {true, 0},
		`0`: {true, 0}, `""`: {}, `"0000-00-00"`: {}, `null`: {},
	}, `"1e9"`, `" 1"`, `"soon"`, `"2009-02-13T23:31:30Z"`, `1e999`, `true`, `false`, `[]`, `{}`)
	spellings(t, "record", map[string]anyRecord{`[]`: {}, `[ ]`: {}, `{}`: {}, `null`: {}}, `[[]]`, `[null]`, `""`, `false`, `0`)
	spellings(t, "optional record", map[string]*anyRecord{`[]`: nil, `null`: nil, `{}`: {}, `{"name":false,"maybe":"1.5"}`: {Maybe: ptr(1.5)}}, `[{}]`, `""`, `false`)
}
