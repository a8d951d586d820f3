package partnerapi

import (
	"bytes"
	"encoding/json"
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
	var unsupported *json.UnsupportedValueError
	switch {
	case errors.Is(err, errNotADate):
		return noSuchDay
	case errors.As(err, &unsupported) && unsupported.Value.CanFloat():
		return "a number that JSON does not have"
	default:
		return "cannot be encoded"
	}
}

// replacement is what encoding/json sends in the place of every byte that is not UTF-8, so that two different keys
// could become one. A U+FFFD of the caller's is sent in another way; where it is not, it is refused too.
var replacement = func() []byte {
	quoted, _ := json.Marshal("\xff") // a string always can be
	return bytes.Trim(quoted, `"`)
}()

// wasUTF8 reports whether JSON was made of strings that were valid UTF-8.
func wasUTF8(body []byte) bool {
	for rest := body; ; {
		at := bytes.Index(rest, replacement)
		if at < 0 {
			return utf8.Valid(body)
		}
		// Behind an escaped backslash it is the caller's text.
		backslashes := at - len(bytes.TrimRight(rest[:at], `\`))
		if backslashes%2 == 0 {
			return false
		}
		rest = rest[at+len(replacement):]
	}
}

func areUTF8(query url.Values) bool {
	for name, values := range query {
		if !utf8.ValidString(name) || slices.ContainsFunc(values, func(s string) bool { return !utf8.ValidString(s) }) {
			return false
		}
	}
	return true
}
