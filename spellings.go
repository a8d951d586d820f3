package partnerapi

import (
	"bytes"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"time"
)

// respelt reads raw, which is no value of v's type as encoding/json has it, if it is in another spelling that servers have
// been seen to use and that can mean only one thing, and reports whether it is. These are all, with those of respeltDate:
//
//   - A number in quotes, as JSON has it and without an exponent.
//   - An integer with nothing but zeros behind the point, in quotes or not.
//   - 0 and 1 for a boolean.
//   - An empty text for a number that can be missing, which is nil then.
//   - false for an empty text.
//   - An empty list for an empty record, or for a nil optional one.
func respelt(v reflect.Value, raw []byte) bool {
	switch text := string(raw); v.Kind() {
	case reflect.Pointer:
		return respeltPointer(v, raw)
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
		return respeltInt(v, raw)
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

func respeltPointer(v reflect.Value, raw []byte) bool {
	switch v.Type().Elem().Kind() {
	case reflect.Struct:
		return isEmptyList(raw) && clears(v)
	case reflect.Int, reflect.Int64, reflect.Float64:
		if string(raw) == `""` {
			return clears(v)
		}
	}
	elem := reflect.New(v.Type().Elem())
	if !respelt(elem.Elem(), raw) {
		return false
	}
	v.Set(elem)
	return true
}

// respeltInt does not convert through float64, which would round large integers.
func respeltInt(v reflect.Value, raw []byte) bool {
	if raw[0] == '"' {
		raw = unquoted(raw)
	}
	whole, behind, _ := bytes.Cut(raw, []byte{'.'})
	n, err := strconv.ParseInt(string(whole), 10, 64)
	if err != nil || v.OverflowInt(n) || len(bytes.Trim(behind, "0")) > 0 {
		return false
	}
	v.SetInt(n)
	return true
}

// unquoted returns the number that raw has in quotes, or nothing if it has another text, or one with an exponent.
func unquoted(raw []byte) []byte {
	text := []byte((&member{value: raw}).text())
	s := scanner{data: text}
	if number := s.number(); len(number) < len(text) || bytes.ContainsAny(number, "eE") {
		return nil
	}
	return text
}

func isEmptyList(raw []byte) bool {
	s := scanner{data: raw}
	if s.peek() != '[' || s.enter() {
		return false
	}
	s.end()
	return !s.bad
}

// looseTime is a time, or a date alone. It does not check the ranges.
var looseTime = regexp.MustCompile(`^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d:\d\d(?:\.\d+)?) ?(?:(Z)|([+-]\d\d):?(\d\d)))?$`)

// respeltDate is respelt for a date or a time:
//
//   - An empty text, 0000-00-00 and 0000-00-00 00:00:00 for none.
//   - Unix seconds in quotes, without an exponent.
//   - A time with a space in the place of the T, an offset without a colon, or a space before the offset, and a date alone,
//     which is midnight UTC. The time is in UTC.
func respeltDate(into any, raw []byte) bool {
	isText, text := raw[0] == '"', (&member{value: raw}).text()
	none := isText && slices.Contains([]string{"", "0000-00-00", "0000-00-00 00:00:00"}, text)
	switch into := into.(type) {
	case *Date:
		if none {
			*into = Date{}
		}
		return none
	case *UnixTime:
		if none {
			*into = UnixTime{}
		}
		return none || into.UnmarshalJSON(unquoted(raw)) == nil
	case *time.Time:
		if none {
			*into = time.Time{}
			return true
		}
		part := looseTime.FindStringSubmatch(text)
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
	default:
		return false
	}
}
