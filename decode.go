package partnerapi

import (
	"cmp"
	"encoding/json"
	"reflect"

	"github.com/partnerapi/partnerapi-go/internal/jsonwire"
)

// decode reads the value from a payload, unless an attempt has. An empty payload, null or an object without documented fields is
// a failure, never a zero value.
// ours S12: beside a failure it leaves the part that it could read, because a write has succeeded
func decode(e *endpoint, payload []byte, value *jsonwire.Value) *Error {
	if e.login && e.Session.opened().isEmpty() {
		value.Discard()
		return badResponse("a login without a session cookie")
	}
	_, ignored := value.Into.(*none)
	switch own, reads := value.Into.(json.Unmarshaler); {
	case value.IsRead:
	case ignored || e.optional:
		return decodeOptional(e, payload, value.Into)
	case e.anyValue:
		value.Presence, value.Err = jsonwire.PresenceOf(payload), json.Unmarshal(payload, value.Into)
		if value.Err != nil && !jsonwire.Valid(payload) {
			value.Err = jsonwire.ErrNotJSON
		}
	case reads && e.key == "":
		value.Presence, value.Err = jsonwire.PresenceOf(payload), own.UnmarshalJSON(payload)
	default: // ours S02, S03: package jsonwire reads odd spellings
		value.Presence, value.Err = jsonwire.UnmarshalMember(payload, e.key, value.Into)
	}
	return judge(e, payload, value)
}

// judge returns the failure of a value that was read from a payload, or nil.
func judge(e *endpoint, payload []byte, read *jsonwire.Value) (failed *Error) {
	value, err := reflect.ValueOf(read.Into).Elem(), read.Err
	if value.Kind() == reflect.Pointer && read.Presence == jsonwire.Present && err == nil {
		if record, checks := value.Interface().(completer); checks {
			err = record.complete()
		}
	}
	switch {
	case e.expectation().lacks(read.Presence, payload):
		return &Error{kinds: []error{e.ifNull}}
	case read.Presence == jsonwire.Absent:
		return badResponse("no value in the body")
	case read.Presence == jsonwire.Null:
		return badResponse("null instead of a value")
	case err != nil:
		failed = &Error{kinds: []error{ErrBadResponse}, cause: hide(err)}
	}
	if !e.anyValue && isBlank(value) {
		read.Discard()
		return cmp.Or(failed, badResponse("none of the documented fields"))
	}
	return failed
}

// isReadByAttempts reports whether an attempt reads the value, as it opens the envelope. Other values are read by decode.
func (e *endpoint) isReadByAttempts(into any) bool {
	_, ignored := into.(*none)
	_, reads := into.(json.Unmarshaler)
	return !ignored && !e.optional && !e.anyValue && (!reads || e.key != "")
}

// completer is a record that reports missing required fields.
type completer interface{ complete() error }

// decodeOptional reads a value that may be missing or have another form. into then points to a pointer to a record that is
// empty, or has the part that could be read. If no value is read, the payload still has to be JSON.
func decodeOptional(e *endpoint, payload []byte, into any) *Error {
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
