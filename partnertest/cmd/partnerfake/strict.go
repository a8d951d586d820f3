package main

import (
	"bytes"
	"cmp"
	"encoding"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
)

// A misfit is invalid JSON, or JSON of the wrong type. The text and the offset are our own, because those of
// encoding/json differ between releases.
type misfit struct {
	what string
	at   int // the byte offset
}

func (m *misfit) Error() string { return m.what }

// wrong returns the error's text and, if known, its byte offset.
func wrong(err error) (what string, at int) {
	var m *misfit
	if errors.As(err, &m) {
		return m.what, m.at
	}
	return err.Error(), 0
}

// strict decodes one JSON value and refuses members that v does not have.
func strict(data []byte, v any) error {
	if err := wellFormed(data); err != nil {
		return err
	}
	if err := fits(bytes.TrimSpace(data), reflect.TypeOf(v).Elem(), ""); err != nil {
		return err
	}
	return json.Unmarshal(data, v) // fails only if an UnmarshalJSON or UnmarshalText of ours does
}

// wellFormed refuses data that is not exactly one JSON value.
func wellFormed(data []byte) error {
	if json.Valid(data) {
		return nil
	}
	decoder := json.NewDecoder(bytes.NewReader(data))
	for depth := 0; ; {
		token, err := decoder.Token()
		next := nextToken(data, decoder)
		switch {
		case err != nil && next == len(data):
			return &misfit{"not JSON: unexpected end", next}
		case err != nil:
			return &misfit{fmt.Sprintf("not JSON: unexpected %q", data[next]), next}
		case token == json.Delim('{') || token == json.Delim('['):
			depth++
		case token == json.Delim('}') || token == json.Delim(']'):
			depth--
		}
		if depth == 0 {
			return &misfit{"more than one JSON value", next}
		}
	}
}

// nextToken returns where in data the next token of decoder begins.
func nextToken(data []byte, decoder *json.Decoder) int {
	return len(data) - len(bytes.TrimLeft(data[decoder.InputOffset():], " \t\r\n,:"))
}

// fits refuses JSON whose type differs from t at any depth, or that has a member that t lacks. The data is well-formed,
// with no space around it.
func fits(data []byte, t reflect.Type, member string) error {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	pointer, kind := reflect.PointerTo(t), cmp.Or(jsonKinds[data[0]], "number")
	var fit, parts bool
	switch {
	case string(data) == "null" || pointer.Implements(reflect.TypeFor[json.Unmarshaler]()):
		return nil
	case pointer.Implements(reflect.TypeFor[encoding.TextUnmarshaler]()):
		fit = kind == "string"
	case t.Kind() == reflect.Struct || t.Kind() == reflect.Map:
		fit, parts = kind == "object", true
	case t.Kind() == reflect.Slice:
		fit, parts = kind == "list", true
	default:
		fit = json.Unmarshal(data, reflect.New(t).Interface()) == nil // checks the range of a number too
	}
	switch {
	case !fit:
		return &misfit{fmt.Sprintf("%s: want %s, got %s", cmp.Or(member, "value"), wanted(t), kind), 0}
	case parts:
		return partsFit(data, t, member)
	default:
		return nil
	}
}

// partsFit refuses an object or a list if one of its values does not fit.
func partsFit(data []byte, t reflect.Type, member string) error {
	decoder := json.NewDecoder(bytes.NewReader(data))
	_, _ = decoder.Token()
	for decoder.More() {
		name, at := member, nextToken(data, decoder)
		if data[0] == '{' {
			key, _ := decoder.Token()
			name = fmt.Sprint(key)
		}
		inner := partOf(t, name)
		if inner == nil {
			return &misfit{fmt.Sprintf("unknown field %q", name), at}
		}
		if data[0] == '{' && member != "" {
			name = member + "." + name
		}
		var value json.RawMessage
		_ = decoder.Decode(&value)
		var m *misfit
		if errors.As(fits(value, inner, name), &m) {
			m.at += int(decoder.InputOffset()) - len(value)
			return m
		}
	}
	return nil
}

// partOf returns the type of a member of t, or of the values in a map or list. It returns nil for an unknown member.
func partOf(t reflect.Type, name string) reflect.Type {
	if t.Kind() != reflect.Struct {
		return t.Elem()
	}
	for _, field := range reflect.VisibleFields(t) {
		tag, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		if field.IsExported() && !field.Anonymous && strings.EqualFold(cmp.Or(tag, field.Name), name) { // as encoding/json compares names
			return field.Type
		}
	}
	return nil
}

// jsonKinds maps the first byte of a value to its JSON type. Numbers are missing.
var jsonKinds = map[byte]string{'{': "object", '[': "list", '"': "string", 't': "boolean", 'f': "boolean"}

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

// try turns a panic of package partnertest into an error: for that package it is a mistake in a test's code, here it is
// a mistake in the user's input.
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
