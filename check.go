package partnerapi

import (
	"errors"
	"net/url"
	"reflect"
	"slices"
	"unicode/utf8"
)

// A checker is an input that knows when it cannot be sent. It returns the field and the reason, or nothing.
type checker interface {
	check() (field, why string)
}

// setsNothing is why an update without a change is refused.
const setsNothing = "an update that sets nothing"

const notUTF8 = "not valid UTF-8"

// notAPathSegment is why a value is refused that every server and proxy on the way takes for a step in the path.
const notAPathSegment = `"." and ".." cannot be sent in a path`

func isDots(s string) bool { return s == "." || s == ".." }

// check refuses an input that is nothing, or that knows that it cannot be sent.
func (call Call) check(name string, input any) error {
	if v := reflect.ValueOf(input); v.Kind() == reflect.Pointer && v.IsNil() {
		return call.refuse(name, "a nil pointer")
	}
	if c, ok := input.(checker); ok {
		if field, why := c.check(); why != "" {
			return call.refuse(field, why)
		}
	}
	return nil
}

// whyNot tells why a value cannot be encoded, in words that hold none of the value.
func whyNot(err error) string {
	if errors.Is(err, errNotADate) {
		return noSuchDay
	}
	return "cannot be encoded"
}

func areUTF8(query url.Values) bool {
	for name, values := range query {
		if !utf8.ValidString(name) || slices.ContainsFunc(values, func(s string) bool { return !utf8.ValidString(s) }) {
			return false
		}
	}
	return true
}
