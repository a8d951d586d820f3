package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
)

// strict decodes one JSON value, with no member that v does not have.
func strict(data []byte, v any) error {
	if err := json.Unmarshal(data, new(json.RawMessage)); err != nil {
		return err // also of what follows the value, which a Decoder leaves alone
	}
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	return decoder.Decode(v)
}

// wrong returns what is wrong with JSON, in words without names of Go, and at which byte, as far as that is known.
func wrong(data []byte, err error) (what string, offset int64) {
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	switch {
	case errors.As(err, &syntax):
		return syntax.Error(), max(0, syntax.Offset-1) // which counts what was read
	case errors.As(err, &kind):
		member := strings.TrimPrefix(kind.Field, "Customer.") // the embedded struct is no part of the JSON
		return fmt.Sprintf("%s: %s where %s is wanted", cmp.Or(member, "value"), kind.Value, wanted(kind.Type)), max(0, kind.Offset-1)
	}
	what = strings.TrimPrefix(err.Error(), "json: ")
	name, _ := strings.CutPrefix(what, "unknown field ")
	return what, int64(max(0, bytes.Index(data, []byte(name))))
}

func wanted(t reflect.Type) string {
	if t == reflect.TypeFor[duration]() {
		return `a duration such as "2s"`
	}
	return cmp.Or(kinds[t.Kind()], t.String())
}

var kinds = map[reflect.Kind]string{
	reflect.Struct: "an object", reflect.Map: "an object", reflect.Slice: "a list",
	reflect.String: "a string", reflect.Bool: "true or false", reflect.Float64: "a number",
	reflect.Int: "a whole number", reflect.Int64: "a whole number",
}

// try turns a panic of package partnertest into an error: there it is a mistake in a test's code, here it is one in what
// somebody typed.
func try(do func()) (err error) {
	defer func() {
		switch p := recover().(type) {
		case nil:
		case string:
			err = errors.New(strings.NewReplacer("partnertest: ", "", ", see Handle", "").Replace(p))
		default:
			panic(p)
		}
	}()
	do()
	return nil
}
