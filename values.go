package partnerapi

import (
	"bytes"
	"database/sql/driver"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/partnerapi/partnerapi-go/internal/jsonwire"
	"github.com/partnerapi/partnerapi-go/internal/sqlvalue"
)

// Date is a civil date: a day without a time zone. The zero value means no date, prints as the empty string and is null in
// JSON and SQL. Dates are comparable with == and [Date.Compare].
type Date struct {
	Year  int
	Month time.Month
	Day   int
}

var (
	errNotADate = errors.New("not a date of the form YYYY-MM-DD")
	errNotUnix  = errors.New("not a number of Unix seconds in the years 1 to 9999")
)

// ParseDate parses a date of the form YYYY-MM-DD.
func ParseDate(s string) (Date, error) {
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		return Date{}, errNotADate
	}
	return DateOf(t), nil
}

// DateOf returns the date of t in the time zone of t.
func DateOf(t time.Time) Date {
	y, m, d := t.Date()
	return Date{Year: y, Month: m, Day: d}
}

// IsZero reports whether d is the zero value, which means no date.
func (d Date) IsZero() bool { return d == Date{} }

// Valid reports whether d is a day of the years 0 to 9999. The zero value is not.
func (d Date) Valid() bool { return d.Year >= 0 && d.Year <= 9999 && DateOf(d.In(time.UTC)) == d }

const notADay = "not a calendar date"

// In returns midnight at the start of d in loc. If clocks skip that midnight, or if d is not Valid, it returns the result of
// [time.Date].
func (d Date) In(loc *time.Location) time.Time {
	return time.Date(d.Year, d.Month, d.Day, 0, 0, 0, 0, loc)
}

// Compare returns -1 if d is before other, +1 if it is after, and 0 if both are the same day.
func (d Date) Compare(other Date) int { return d.In(time.UTC).Compare(other.In(time.UTC)) }

// String returns the date as YYYY-MM-DD, or the empty string for the zero value.
func (d Date) String() string {
	if d.IsZero() {
		return ""
	}
	return fmt.Sprintf("%04d-%02d-%02d", d.Year, int(d.Month), d.Day)
}

// MarshalText returns the date as YYYY-MM-DD, an empty text for the zero value, and an error if d is not Valid.
func (d Date) MarshalText() ([]byte, error) {
	if !d.IsZero() && !d.Valid() {
		return nil, errNotADate
	}
	return []byte(d.String()), nil
}

// UnmarshalText parses a date of the form YYYY-MM-DD. An empty text is the zero value.
func (d *Date) UnmarshalText(text []byte) error { return d.read(string(text)) }

func (d *Date) read(text string) error {
	if text == "" {
		*d = Date{}
		return nil
	}
	parsed, err := ParseDate(text)
	if err != nil {
		return err
	}
	*d = parsed
	return nil
}

// MarshalJSON returns the date as a JSON string, or null for the zero value.
func (d Date) MarshalJSON() ([]byte, error) {
	if d.IsZero() {
		return []byte("null"), nil
	}
	text, err := d.MarshalText()
	if err != nil {
		return nil, err
	}
	return []byte(`"` + string(text) + `"`), nil
}

// UnmarshalJSON parses a JSON string as UnmarshalText does. Null is the zero value.
func (d *Date) UnmarshalJSON(data []byte) error {
	if year, month, day, ok := (jsonwire.Member{Value: data}).Day(); ok { // quicker than package time
		if read := (Date{year, time.Month(month), day}); read.Valid() {
			*d = read
			return nil
		}
	}
	value := jsonwire.Member{Value: bytes.TrimSpace(data)}
	if !jsonwire.Valid(data) || value.Value[0] != '"' && !value.Is("null") {
		return errNotADate
	}
	return d.read(value.Text())
}

// EncodeValues adds the date to a query, for go-querystring.
func (d Date) EncodeValues(key string, v *url.Values) error {
	text, err := d.MarshalText()
	if err != nil {
		return err
	}
	v.Set(key, string(text))
	return nil
}

// Value implements [driver.Valuer]. It returns the date as YYYY-MM-DD, nil for the zero value, and an error if d is not Valid.
func (d Date) Value() (driver.Value, error) {
	if d.IsZero() {
		return nil, nil
	}
	text, err := d.MarshalText()
	return string(text), err
}

// Scan implements [database/sql.Scanner]. It reads a time.Time, a text of a date or a time, and Unix seconds as their date in
// UTC. NULL, an empty text and the zero time.Time are the zero value. The error never contains the value.
func (d *Date) Scan(src any) error {
	at, isNull, err := sqlvalue.Time(src)
	read := DateOf(at)
	switch {
	case err != nil:
		return fmt.Errorf("partnerapi.Date: %w", err)
	case isNull:
		read = Date{}
	case !read.Valid():
		return errNotADate
	}
	*d = read
	return nil
}

// UnixTime is a point in time that is Unix seconds in JSON. Its location is UTC. The zero value is null in JSON and SQL.
type UnixTime struct {
	time.Time
}

// A UnixTime is between these seconds: the zero time.Time and the start of the year 10000, both excluded.
// ours N09: the unit of the network API's dates
const (
	minUnix = -62135596800
	maxUnix = 253402300800
)

// UnixTimeOf returns t as a UnixTime.
func UnixTimeOf(t time.Time) UnixTime {
	if t.IsZero() {
		return UnixTime{}
	}
	return UnixTime{t.UTC()}
}

// MarshalJSON returns the Unix seconds as a JSON number, with a fraction if there is one, or null for the zero value.
func (t UnixTime) MarshalJSON() ([]byte, error) {
	seconds, nanos, sign := t.Unix(), t.Nanosecond(), ""
	switch {
	case t.IsZero():
		return []byte("null"), nil
	case nanos == 0:
		return strconv.AppendInt(nil, seconds, 10), nil
	case seconds < 0: // a fraction counts forwards in time.Time, and away from zero in a number
		seconds, nanos, sign = -seconds-1, 1e9-nanos, "-"
	}
	return bytes.TrimRight(fmt.Appendf(nil, "%s%d.%09d", sign, seconds, nanos), "0"), nil
}

// UnmarshalJSON parses Unix seconds, with or without a fraction, to the nanosecond. Null is the zero value.
func (t *UnixTime) UnmarshalJSON(data []byte) error {
	if bytes.Equal(data, []byte("null")) {
		*t = UnixTime{}
		return nil
	}
	if whole, err := strconv.ParseInt(string(data), 10, 64); err == nil && whole > minUnix && whole < maxUnix {
		*t = UnixTime{time.Unix(whole, 0).UTC()}
		return nil
	}
	text := string(data)
	number, err := strconv.ParseFloat(text, 64)
	if err != nil || !(number > minUnix && number < maxUnix) {
		return errNotUnix
	}
	if strings.ContainsAny(text, "eE") {
		text = strconv.FormatFloat(number, 'f', -1, 64)
	}
	// A float64 is too imprecise for seconds and nanoseconds together.
	digits, decimals, _ := strings.Cut(text, ".")
	seconds, err := strconv.ParseInt(digits, 10, 64)
	if err != nil {
		return errNotUnix
	}
	fraction, _ := strconv.ParseFloat("0."+decimals, 64) // ParseFloat accepted the whole text
	nanos := int64(math.Round(fraction * 1e9))
	if strings.HasPrefix(text, "-") {
		nanos = -nanos
	}
	*t = UnixTime{time.Unix(seconds, nanos).UTC()}
	return nil
}

// String returns the time as [time.Time.String] does, or the empty string for the zero value.
func (t UnixTime) String() string {
	if t.IsZero() {
		return ""
	}
	return t.Time.String()
}

// LogValue returns a time for slog, which would print a number in JSON otherwise. The zero value is nil.
func (t UnixTime) LogValue() slog.Value {
	if t.IsZero() {
		return slog.Value{}
	}
	return slog.TimeValue(t.Time)
}

// inRange reports whether the seconds of t, without a fraction, can be read again.
func (t UnixTime) inRange() bool { return t.Unix() > minUnix && t.Unix() < maxUnix }

// Value implements [driver.Valuer]. It returns the Unix seconds as an int64, without a fraction, and nil for the zero value.
func (t UnixTime) Value() (driver.Value, error) {
	switch {
	case t.IsZero():
		return nil, nil
	case !t.inRange():
		return nil, errNotUnix
	default:
		return t.Unix(), nil
	}
}

// Scan implements [database/sql.Scanner]. It reads Unix seconds, a time.Time, and a text of an integer or a time, which is in
// UTC if it has no offset. NULL, an empty text and the zero time.Time are the zero value. The error never contains the value.
func (t *UnixTime) Scan(src any) error {
	at, isNull, err := sqlvalue.Time(sqlvalue.Number(src))
	switch {
	case err != nil:
		return fmt.Errorf("partnerapi.UnixTime: %w", err)
	case !isNull && !(UnixTime{at}).inRange():
		return errNotUnix
	}
	*t = UnixTimeOf(at)
	return nil
}

// EncodeValues adds the Unix seconds to a query, for go-querystring, which would otherwise leave it out.
func (t UnixTime) EncodeValues(key string, v *url.Values) error {
	if t.IsZero() {
		v.Set(key, "")
		return nil
	}
	number, err := t.MarshalJSON()
	v.Set(key, string(number))
	return err
}

// Optional is a field of a request that can be left out, set or cleared. The zero value leaves it out: an update leaves the
// field as it is. [Set] and [Clear] return the others.
type Optional[T any] struct {
	value T
	state optionalState
}

type optionalState uint8

const (
	stateLeave optionalState = iota
	stateSet
	stateClear
)

// Set returns an Optional that sets the field to v.
func Set[T any](v T) Optional[T] { return Optional[T]{value: v, state: stateSet} }

// Clear returns an Optional that clears the field.
func Clear[T any]() Optional[T] { return Optional[T]{state: stateClear} }

// IsZero reports whether o leaves the field as it is.
func (o Optional[T]) IsZero() bool { return o.state == stateLeave }

// Get returns the value. ok is false if o leaves or clears the field.
func (o Optional[T]) Get() (v T, ok bool) { return o.value, o.state == stateSet }

// MarshalJSON returns the value in JSON, the empty string (the API's "empty value") if o clears the field, and null if
// o leaves it. The field's tag needs omitzero, so that null is not sent.
func (o Optional[T]) MarshalJSON() ([]byte, error) { return json.Marshal(o.written()) }

func (o Optional[T]) written() any {
	switch o.state {
	case stateSet:
		return o.value
	case stateClear:
		return "" // ours N10: the API's empty value
	default:
		return nil
	}
}

// String returns the value as fmt prints it, "(clear)" or "(leave)".
func (o Optional[T]) String() string {
	switch o.state {
	case stateSet:
		return fmt.Sprint(o.value)
	case stateClear:
		return "(clear)"
	default:
		return "(leave)"
	}
}
