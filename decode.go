package partnerapi

import (
	"cmp"
	"encoding/json"
	"reflect"

	"github.com/partnerapi/partnerapi-go/internal/jsonwire"
)

// decode reads the value from a payload. An empty payload, null or an object without documented fields is a failure, never a
// zero value. read is what the attempt has read already, or nil.
// ours S12: beside a failure it returns the part that it could read, because a write has succeeded
func decode[T any](e endpoint, payload []byte, read *jsonwire.Value) (T, *Error) {
	if e.login && e.Session.opened().isEmpty() {
		return *new(T), badResponse("a login without a session cookie")
	}
	if read != nil && read.IsRead {
		return judge(e, payload, *read.Into.(*T), read.Presence, read.Err)
	}
	var value T // on the heap
	_, ignored := any(value).(none)
	var known jsonwire.Presence
	var err error
	switch own, reads := any(&value).(json.Unmarshaler); {
	case ignored || e.optional:
		return value, decodeOptional(e, payload, &value)
	case e.anyValue:
		if known, err = jsonwire.PresenceOf(payload), json.Unmarshal(payload, &value); err != nil && !jsonwire.Valid(payload) {
			err = jsonwire.ErrNotJSON
		}
	case reads && e.key == "":
		known, err = jsonwire.PresenceOf(payload), own.UnmarshalJSON(payload)
	default:
		known, err = jsonwire.UnmarshalMember(payload, e.key, &value) // ours S02, S03: package jsonwire reads odd spellings
	}
	return judge(e, payload, value, known, err)
}

// judge returns the failure of a value that was read from a payload, or the value.
func judge[T any](e endpoint, payload []byte, value T, known jsonwire.Presence, err error) (_ T, failed *Error) {
	if record, checks := any(value).(completer); checks && known == jsonwire.Present && err == nil {
		err = record.complete()
	}
	switch {
	case e.expectation().lacks(known, payload):
		return value, &Error{kinds: []error{e.ifNull}}
	case known == jsonwire.Absent:
		return value, badResponse("no value in the body")
	case known == jsonwire.Null:
		return value, badResponse("null instead of a value")
	case err != nil:
		failed = &Error{kinds: []error{ErrBadResponse}, cause: hide(err)}
	}
	if !e.anyValue && isBlank(reflect.ValueOf(value)) {
		return *new(T), cmp.Or(failed, badResponse("none of the documented fields"))
	}
	return value, failed
}

// valueOf returns where an attempt reads the value of a call, as it opens the envelope, or nil if only decode can read it.
func valueOf[T any](e *endpoint) *jsonwire.Value {
	_, ignored := any((*T)(nil)).(*none)
	if _, reads := any((*T)(nil)).(json.Unmarshaler); ignored || e.optional || e.anyValue || reads && e.key == "" {
		return nil
	}
	var read struct { // one allocation
		jsonwire.Value

		into T
	}
	read.Key, read.Into = e.key, &read.into
	return &read.Value
}

// completer is a record that reports missing required fields.
type completer interface{ complete() error }

// decodeOptional reads a value that may be missing or have another form. into then points to a pointer to a record that is
// empty, or has the part that could be read. If no value is read, the payload still has to be JSON.
func decodeOptional(e endpoint, payload []byte, into any) *Error {
	if jsonwire.PresenceOf(payload) != jsonwire.Absent && !jsonwire.Valid(payload) {
		return badResponse("not JSON")
	}
	if !e.optional {
		return nil
	}
	if known, err := jsonwire.UnmarshalMember(payload, "", into); known != jsonwire.Present || err != nil {
		_ = jsonwire.Unmarshal([]byte("{}"), into)
	}
	return nil
}

// isBlank reports whether v is an empty record or a list that contains one.
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

// redactedOrNil is hide for an error that may be nil.
func redactedOrNil(err error) error {
	if err == nil {
		return nil
	}
	return hide(err)
}
