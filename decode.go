package partnerapi

import (
	"bytes"
	"cmp"
	"encoding/json"
	"reflect"
)

// decode reads the value out of a payload. Nothing, null or an object without a documented field is a failure, never a
// zero value. With a failure it returns what it could read: a write has been done.
func decode[T any](call Call, payload []byte) (value T, failed *Error) {
	if call.login && call.Session.isEmpty() {
		return value, badResponse("a login without a session cookie")
	}
	_, unread := any(value).(none)
	var known presence
	var err error
	switch own, reads := any(&value).(json.Unmarshaler); {
	case unread || call.optional:
		return value, decodeOptional(call, payload, &value)
	case call.anyValue:
		if known, err = presenceOf(payload), json.Unmarshal(payload, &value); err != nil && !isJSON(payload) {
			err = errNotJSON
		}
	case reads && call.key == "":
		known, err = presenceOf(payload), own.UnmarshalJSON(payload)
	default:
		known, err = unmarshalMember(payload, call.key, &value)
	}
	switch {
	case call.lacks(known, payload):
		return value, &Error{kinds: []error{call.ifNull}}
	case known == absent:
		return value, badResponse("no value in the body")
	case known == null:
		return value, badResponse("null in the place of the value")
	case err != nil:
		failed = &Error{kinds: []error{ErrBadResponse}, cause: hide(err)}
	}
	if !call.anyValue && isBlank(reflect.ValueOf(value)) {
		var zero T
		return zero, cmp.Or(failed, badResponse("none of the documented fields"))
	}
	return value, failed
}

// lacks reports whether a value that is null or left out means ifNull. A write that leaves it out has said nothing.
func (call *Call) lacks(known presence, payload []byte) bool {
	return call.ifNull != nil && (known == null || known == absent && !call.isWrite() && presenceOf(payload) == present)
}

// decodeOptional reads a value that may be missing, or not be as it should: into then points to a pointer to a record in
// which nothing is known, or only what could be read. A value that nobody wants only has to be JSON.
func decodeOptional(call Call, payload []byte, into any) *Error {
	if presenceOf(payload) != absent && !isJSON(payload) {
		return badResponse("a body that is not JSON")
	}
	if !call.optional {
		return nil
	}
	if known, err := unmarshalMember(payload, "", into); known != present || err != nil {
		_ = unmarshal([]byte("{}"), into)
	}
	return nil
}

// presence is what is known of a value before it is read.
type presence int

const (
	absent presence = iota
	null
	present
)

func presenceOf(payload []byte) presence {
	switch text := bytes.Trim(payload, " \t\r\n"); string(text) {
	case "":
		return absent
	case "null":
		return null
	default:
		return present
	}
}

// presenceIn is presenceOf for a value of a type: [] in the place of a record is null.
func presenceIn(t reflect.Type, raw []byte) presence {
	known := presenceOf(raw)
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if known == present && t.Kind() == reflect.Struct && isEmptyList(raw) {
		return null
	}
	return known
}

// isBlank reports whether v is, or is a list with, a record of which nothing is known.
func isBlank(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.Pointer:
		return v.IsNil() || isBlank(v.Elem())
	case reflect.Struct:
		return v.IsZero()
	case reflect.Slice:
		for i := range v.Len() {
			if isBlank(v.Index(i)) {
				return true
			}
		}
	}
	return false
}

const (
	errNotJSON  = reason("not JSON")
	errNotATime = reason("a time that is not of RFC 3339")
)

// unread is why a value could not be read, in words that hold none of it. It knows the names of the fields that lead to
// it, as they are in our types.
type unread struct {
	field string
	cause error
}

func (u *unread) Error() string {
	if u.field == "" {
		return describe(u.cause)
	}
	return "field " + u.field + ": " + describe(u.cause)
}

func (u *unread) Unwrap() error { return u.cause }

// inField returns err as one of the field of a record, if it is of a value.
func inField(name string, err error) error {
	within, ok := err.(*unread) //nolint:errorlint // as the reader returns it
	if !ok {
		return err
	}
	if within.field != "" {
		name += "." + within.field
	}
	return &unread{name, within.cause}
}
