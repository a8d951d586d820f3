package jsonwire

import (
	"errors"
	"reflect"
)

var (
	// ErrNotJSON means that the data is not one valid JSON value.
	ErrNotJSON = errors.New("not JSON")
	// ErrNotTime means that a value cannot be read into a time.Time.
	ErrNotTime = errors.New("not an RFC 3339 time")
)

// FieldError is the error of the value of a field. Field is its path of JSON names, such as "customer.age".
type FieldError struct {
	Field string
	Err   error
}

// Error returns the path of the field and the text of Err, which can hold the value if it is not of this module.
func (e *FieldError) Error() string { return "field " + e.Field + ": " + e.Err.Error() }

// Unwrap returns Err.
func (e *FieldError) Unwrap() error { return e.Err }

// inField returns err as that of the field of a record.
func inField(name string, err error) error {
	if err == nil {
		return nil
	}
	if inner, ok := err.(*FieldError); ok { //nolint:errorlint // the reader does not wrap it
		return &FieldError{name + "." + inner.Field, inner.Err}
	}
	return &FieldError{name, err}
}

// TypeError is the error of a value that cannot be read into Type. Its text does not contain the value.
type TypeError struct{ Type reflect.Type }

// Error names Type, but neither list nor map nor anonymous struct by the types in it: the names of those of encoding/json
// differ between releases of Go.
func (e *TypeError) Error() string {
	t := e.Type
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch k := t.Kind(); {
	case k == reflect.Array, k == reflect.Slice && t.Elem().Kind() != reflect.Uint8:
		return "not a list"
	case k == reflect.Map, k == reflect.Struct && t.Name() == "":
		return "not an object"
	default:
		return "not of type " + t.String()
	}
}
