package jsonwire

import (
	"bytes"
	"encoding/json"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"sync"
	"time"
)

// readSpelling reads raw, which encoding/json does not read into v's type, if it is an alternative spelling, and reports
// whether it is. Accepted are the spellings that servers have been seen to use and that have only one meaning, here and in
// readDateSpelling:
//
//   - A number in quotes, in the form of JSON and without an exponent.
//   - An integer with only zeros after the decimal point, in quotes or not.
//   - 0 and 1 for a boolean.
//   - An empty string for an optional number, which becomes nil.
//   - false for an empty string.
//   - An empty list for an empty record, or for an optional one, which becomes nil.
func readSpelling(v reflect.Value, raw []byte) bool {
	switch text := string(raw); v.Kind() {
	case reflect.Pointer:
		return readPointerSpelling(v, raw)
	case reflect.Struct:
		return isEmptyList(raw) && clears(v)
	case reflect.String:
		return text == "false" && clears(v)
	case reflect.Bool:
		if text != "0" && text != "1" {
			return false
		}
		v.SetBool(text == "1")
		return true
	case reflect.Int, reflect.Int64:
		return readIntSpelling(v, raw)
	case reflect.Float64:
		n, err := strconv.ParseFloat(string(unquoted(raw)), 64)
		if err != nil {
			return false
		}
		v.SetFloat(n)
		return true
	default:
		return false
	}
}

func clears(v reflect.Value) bool {
	v.SetZero()
	return true
}

func readPointerSpelling(v reflect.Value, raw []byte) bool {
	switch v.Type().Elem().Kind() {
	case reflect.Struct:
		return isEmptyList(raw) && clears(v)
	case reflect.Int, reflect.Int64, reflect.Float64:
		if string(raw) == `""` {
			return clears(v)
		}
	}
	elem := reflect.New(v.Type().Elem())
	if !readSpelling(elem.Elem(), raw) {
		return false
	}
	v.Set(elem)
	return true
}

// readIntSpelling does not convert through float64, which would round large integers.
func readIntSpelling(v reflect.Value, raw []byte) bool {
	if raw[0] == '"' {
		raw = unquoted(raw)
	}
	whole, decimals, _ := bytes.Cut(raw, []byte{'.'})
	n, err := strconv.ParseInt(string(whole), 10, 64)
	if err != nil || v.OverflowInt(n) || len(bytes.Trim(decimals, "0")) > 0 {
		return false
	}
	v.SetInt(n)
	return true
}

// unquoted returns the number that is in quotes in raw, or nothing if it is not a number or has an exponent.
func unquoted(raw []byte) []byte {
	text := []byte(Member{Value: raw}.Text())
	if source(text).number(0) != len(text) || bytes.ContainsAny(text, "eE") {
		return nil
	}
	return text
}

func isEmptyList(raw []byte) bool {
	s := source(raw)
	i := s.space(0)
	if s.at(i) != '[' {
		return false
	}
	i, more := s.enter(i)
	return !more && s.end(i) != bad
}

// looseTime matches a time, or a date alone. It does not check the ranges. Most programs never need it.
var looseTime = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d:\d\d(?:\.\d+)?) ?(?:(Z)|([+-]\d\d):?(\d\d)))?$`)
})

// readDateSpelling is readSpelling for a value that reads itself: a [time.Time], or a date or time of ours, which has a
// method IsZero.
//
//   - An empty string, 0000-00-00 and 0000-00-00 00:00:00 for the zero value.
//   - Unix seconds in quotes, without an exponent, for a type of ours that reads them without quotes.
//   - For a time.Time, a space in place of the T, an offset without a colon, or a space before the offset; a date alone is
//     midnight UTC. The time is in UTC.
func readDateSpelling(v reflect.Value, raw []byte) bool {
	into := v.Addr().Interface()
	if _, isDate := into.(interface{ IsZero() bool }); !isDate {
		return false
	}
	text := Member{Value: raw}.Text()
	if raw[0] == '"' && slices.Contains([]string{"", "0000-00-00", "0000-00-00 00:00:00"}, text) {
		return clears(v)
	}
	if at, isTime := into.(*time.Time); isTime {
		return readTimeSpelling(at, text)
	}
	number := unquoted(raw)
	return len(number) > 0 && into.(json.Unmarshaler).UnmarshalJSON(number) == nil
}

func readTimeSpelling(into *time.Time, text string) bool {
	part := looseTime().FindStringSubmatch(text)
	if part == nil {
		return false
	}
	date, clock, offset := part[1], part[2], part[3]
	switch {
	case clock == "":
		clock, offset = "00:00:00", "Z"
	case offset == "":
		offset = part[4] + ":" + part[5]
	}
	var at time.Time
	if at.UnmarshalText([]byte(date+"T"+clock+offset)) != nil {
		return false
	}
	*into = at.UTC()
	return true
}
