package jsonwire

import (
	"bytes"
	"cmp"
	"encoding/json"
	"reflect"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Marshal is json.Marshal. It also returns the result of [Unsendable], for which it inspects v only if the JSON does not prove that
// nothing was replaced.
//
// It writes most bodies by itself: structs without embedded ones, and without methods unless they are ours, of which all fields
// are strings, booleans and integers, or pointers to them, and all strings printable ASCII that needs no escape. The fuzz test
// holds it to json.Marshal.
func Marshal(v any, written func(any) (any, bool)) (data []byte, why string, err error) {
	if data = plainJSON(v); data != nil {
		return data, "", nil
	}
	if t := reflect.TypeOf(v); t != nil && isOurs(t) { // a type of the caller may embed one of ours, and write something else
		if inner, ok := written(v); ok {
			return Marshal(inner, written)
		}
	}
	data, err = json.Marshal(v)
	if err != nil || !utf8.Valid(data) || bytes.Contains(data, []byte(`\ufffd`)) || bytes.Contains(data, []byte("\ufffd")) {
		why = Unsendable(v, written)
	}
	return data, why, err
}

// plainJSON returns the JSON of a plain struct or a pointer to one, and nil for any other value.
func plainJSON(v any) []byte {
	record := reflect.ValueOf(v)
	if record.Kind() == reflect.Pointer {
		record = record.Elem()
	}
	if record.Kind() != reflect.Struct {
		return nil
	}
	fields := shapeOf(record.Type()).plain
	if fields == nil {
		return nil
	}
	var room [256]byte // on the stack, so that the result is allocated once, in its size
	written, ok := appendPlain(room[:0], record, fields)
	if !ok {
		return nil
	}
	data := make([]byte, len(written))
	copy(data, written)
	return data
}

// plainField is a field of a struct that is written without encoding/json.
type plainField struct {
	index     int
	start     string // a comma, the name in quotes and a colon
	omitsZero bool
}

// appendPlain appends the JSON of a struct. It returns false if a string is not plain.
func appendPlain(data []byte, record reflect.Value, fields []plainField) (_ []byte, ok bool) {
	data = append(data, '{')
	for i := range fields {
		f := &fields[i]
		v := record.Field(f.index)
		if f.omitsZero && v.IsZero() {
			continue
		}
		start := f.start
		if len(data) == 1 {
			start = start[1:]
		}
		data = append(data, start...)
		if v.Kind() == reflect.Pointer {
			v = v.Elem()
		}
		switch {
		case v.Kind() == reflect.String:
			text := v.String()
			if !isPlainText(text) {
				return nil, false
			}
			data = append(data, '"')
			data = append(data, text...)
			data = append(data, '"')
		case v.Kind() == reflect.Bool:
			data = strconv.AppendBool(data, v.Bool())
		case v.CanInt():
			data = strconv.AppendInt(data, v.Int(), 10)
		case v.CanUint():
			data = strconv.AppendUint(data, v.Uint(), 10)
		default: // of a pointer that is nil
			data = append(data, "null"...)
		}
	}
	return append(data, '}'), true
}

// inPlainText holds the bytes that encoding/json writes as they are: printable ASCII that neither JSON nor HTML gives a meaning.
var inPlainText = func() (plain [256]bool) {
	for c := ' '; c <= '~'; c++ {
		plain[c] = !strings.ContainsRune(`"\<>&`, c)
	}
	return plain
}()

func isPlainText(text string) bool {
	for i := range len(text) {
		if !inPlainText[text[i]] {
			return false
		}
	}
	return true
}

// plainFieldsOf returns the fields of a struct that encoding/json writes, or nil if appendPlain might write any of them differently.
// A type of the caller can have methods that a later encoding/json calls, as Go 1.27 calls MarshalJSONTo and AppendText.
func plainFieldsOf(t reflect.Type) (fields []plainField) {
	if !isOurs(t) && reflect.PointerTo(t).NumMethod() > 0 {
		return nil
	}
	fields = []plainField{} // not nil: a struct may have none
	names := make(map[string]bool)
	for n := range t.NumField() {
		f := t.Field(n)
		tag := f.Tag.Get("json")
		name, options, _ := strings.Cut(tag, ",")
		name = cmp.Or(name, f.Name)
		switch {
		case f.Anonymous:
			return nil
		case tag == "-" || !f.IsExported():
			continue
		case names[name] || !isPlainName(name) || !isPlainType(f.Type),
			options != "" && options != "omitempty" && options != "omitzero":
			return nil
		}
		names[name] = true
		fields = append(fields, plainField{n, `,"` + name + `":`, options != ""})
	}
	return fields
}

// isPlainName reports whether a name is one that every release of encoding/json writes as it is in the tag.
func isPlainName(name string) bool {
	return !strings.ContainsFunc(name, func(c rune) bool { return c != '_' && (c|0x20 < 'a' || c|0x20 > 'z') && (c < '0' || c > '9') })
}

// isPlainType reports whether a type is a boolean, an integer, a string or a pointer to one. A method of the type might write
// it, or say whether it is zero.
func isPlainType(t reflect.Type) bool {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	isPlainKind := t.Kind() == reflect.String || t.Kind() >= reflect.Bool && t.Kind() <= reflect.Uintptr
	return isPlainKind && reflect.PointerTo(t).NumMethod() == 0
}
