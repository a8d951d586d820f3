package jsonwire

import (
	"cmp"
	"encoding"
	"encoding/json"
	"math"
	"reflect"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"
)

// Unsendable returns why encoding/json would send another value than v, or would fail for a number, or the empty string.
// encoding/json replaces every byte that is not valid UTF-8 by U+FFFD, so that two different keys could become one. This
// inspects the value itself, because the output of encoding/json, and how it fails, differs between releases of Go.
//
// written returns the value whose JSON the MarshalJSON of a value returns, for types of the caller, and otherwise false.
func Unsendable(v any, written func(any) (any, bool)) (why string) {
	i := inspection{written: written}
	return i.of(reflect.ValueOf(v))
}

const (
	notUTF8    = "not valid UTF-8"
	notANumber = "NaN or infinite"
)

// inspection inspects everything that encoding/json writes for a value.
type inspection struct {
	written func(any) (any, bool)
	seen    map[reference]bool // inspected already: a value can contain itself
}

type reference struct {
	at     uintptr
	length int
	of     reflect.Type
}

// of is Unsendable for v.
func (i *inspection) of(v reflect.Value) (why string) {
	if !v.IsValid() || isNil(v) {
		return ""
	}
	if v.Kind() == reflect.String && v.Type() == stringType {
		return whyNotText(v.String())
	}
	s := shapeOf(v.Type())
	if s.writesItself && v.CanInterface() {
		if why, isWritten := i.ofMethods(v); isWritten {
			return why
		}
	}
	switch v.Kind() {
	case reflect.String:
		return whyNotText(v.String())
	case reflect.Float32, reflect.Float64:
		if math.IsNaN(v.Float()) || math.IsInf(v.Float(), 0) {
			return notANumber
		}
	case reflect.Struct:
		return i.ofFields(v, s.fields)
	case reflect.Interface, reflect.Pointer:
		if i.isNew(v, 0) {
			return i.of(v.Elem())
		}
	case reflect.Map:
		return i.ofMap(v)
	case reflect.Slice, reflect.Array:
		return i.ofList(v)
	}
	return ""
}

var stringType = reflect.TypeFor[string]() // of most values, which is quick to inspect

func isNil(v reflect.Value) bool {
	return (v.Kind() == reflect.Pointer || v.Kind() == reflect.Interface) && v.IsNil()
}

func whyNotText(text string) string {
	if !utf8.ValidString(text) {
		return notUTF8
	}
	return ""
}

// isNew reports whether v was not inspected before. A value that cannot contain itself is always new.
func (i *inspection) isNew(v reflect.Value, length int) bool {
	if v.Kind() == reflect.Interface || isScalar(v.Type().Elem().Kind()) {
		return true
	}
	r := reference{v.Pointer(), length, v.Type()}
	if i.seen[r] {
		return false
	}
	if i.seen == nil {
		i.seen = make(map[reference]bool)
	}
	i.seen[r] = true
	return true
}

func isScalar(k reflect.Kind) bool { return k <= reflect.Complex128 || k == reflect.String }

func (i *inspection) ofMap(v reflect.Value) (why string) {
	if !i.isNew(v, 0) {
		return ""
	}
	for m := v.MapRange(); m.Next(); { // a function to range over would move i to the heap
		if why := cmp.Or(ofKey(m.Key()), i.of(m.Value())); why != "" {
			return why
		}
	}
	return ""
}

// ofKey is of for the key of a map: a string, a number or an [encoding.TextMarshaler].
func ofKey(key reflect.Value) (why string) {
	if key.Kind() == reflect.String {
		return whyNotText(key.String())
	}
	if m, ok := key.Interface().(encoding.TextMarshaler); ok && !isNil(key) {
		text, _ := m.MarshalText()
		return whyNotText(string(text))
	}
	return ""
}

func (i *inspection) ofList(v reflect.Value) (why string) {
	elem := v.Type().Elem()
	areNumbers := elem.Kind() <= reflect.Uintptr && !shapeOf(elem).writesItself // or booleans, or bytes
	if areNumbers || v.Kind() == reflect.Slice && !i.isNew(v, v.Len()) {
		return ""
	}
	for n := range v.Len() {
		if why := i.of(v.Index(n)); why != "" {
			return why
		}
	}
	return ""
}

func (i *inspection) ofFields(v reflect.Value, fields []outField) (why string) {
	for _, f := range fields {
		value, err := v.FieldByIndexErr(f.index)
		switch {
		case err != nil: // an embedded record is nil
			continue
		case f.isText:
			why = whyNotText(value.String())
		case !f.omitsZero || !isZero(value):
			why = i.of(value)
		}
		if why != "" {
			return why
		}
	}
	return ""
}

// isZero reports whether encoding/json omits v if the tag says omitzero.
func isZero(v reflect.Value) bool {
	if isNil(v) || !v.CanInterface() {
		return v.IsZero()
	}
	if z, ok := withMethods(v).(interface{ IsZero() bool }); ok {
		return z.IsZero()
	}
	return v.IsZero()
}

// withMethods returns v with all methods that encoding/json calls: those of its pointer too, if it has an address.
func withMethods(v reflect.Value) any {
	if v.CanAddr() && v.Kind() != reflect.Pointer {
		v = v.Addr()
	}
	return v.Interface()
}

// ofMethods inspects what v writes by its own methods, if it has any.
func (i *inspection) ofMethods(v reflect.Value) (why string, isWritten bool) {
	if v.Kind() == reflect.Pointer && !i.isNew(v, 0) {
		return "", true
	}
	value := withMethods(v)
	if inner, ok := i.written(value); ok {
		return i.of(reflect.ValueOf(inner)), true // its JSON is valid UTF-8 in any case: encoding/json writes it
	}
	var text []byte
	var err error
	switch m := value.(type) {
	case json.Marshaler:
		text, err = m.MarshalJSON()
	case encoding.TextMarshaler:
		text, err = m.MarshalText()
	default:
		return "", false
	}
	if err == nil && !utf8.Valid(text) {
		why = notUTF8
	}
	return why, true // encoding/json will report err
}

// shape describes how to inspect the values of a type.
type shape struct {
	writesItself bool // whether it, or its pointer, can have a method that writes JSON or text
	fields       []outField
	plain        []plainField // all fields of a plain struct, or nil
}

var shapes sync.Map // of reflect.Type to *shape

func shapeOf(t reflect.Type) *shape {
	known, ok := shapes.Load(t)
	if !ok {
		s := &shape{}
		for _, m := range []reflect.Type{reflect.TypeFor[json.Marshaler](), reflect.TypeFor[encoding.TextMarshaler]()} {
			s.writesItself = s.writesItself || t.Kind() != reflect.Interface && reflect.PointerTo(t).Implements(m) || t.Implements(m)
		}
		if t.Kind() == reflect.Struct {
			s.fields = outFieldsOf(t)
			if !s.writesItself {
				s.plain = plainFieldsOf(t)
			}
		}
		known, _ = shapes.LoadOrStore(t, s)
	}
	return known.(*shape)
}

// outField is a field of a struct that encoding/json writes.
type outField struct {
	index     []int // as FieldByIndex takes it
	name      string
	tagged    bool
	omitsZero bool
	isText    bool // a string without methods, which is quick to inspect
}

// outFieldsOf returns the fields of a struct that encoding/json writes. If fields have the same name, it writes the least
// nested one; of several, the one with a tag; of several with a tag, none.
func outFieldsOf(t reflect.Type) (fields []outField) {
	depth := func(f outField) int { return len(f.index) }
	rank := func(f outField) int {
		if f.tagged {
			return 2 * depth(f)
		}
		return 2*depth(f) + 1
	}
	all := candidates(t, nil, nil)
	for _, f := range all {
		rivals := slices.ContainsFunc(all, func(other outField) bool {
			return other.name == f.name && !slices.Equal(other.index, f.index) && rank(other) <= rank(f)
		})
		if !rivals {
			fields = append(fields, f)
		}
	}
	return fields
}

// candidates returns the fields that encoding/json may write of a struct and of the structs that are embedded in it. within
// are the structs that embed it.
func candidates(t reflect.Type, index []int, within []reflect.Type) (fields []outField) {
	within = append(slices.Clone(within), t)
	for n := range t.NumField() {
		f := t.Field(n)
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		of := f.Type
		if f.Anonymous && of.Kind() == reflect.Pointer {
			of = of.Elem()
		}
		embeds := f.Anonymous && of.Kind() == reflect.Struct
		at := append(slices.Clone(index), n)
		switch {
		case f.Tag.Get("json") == "-" || !f.IsExported() && !embeds:
		case embeds && name == "":
			if !slices.Contains(within, of) {
				fields = append(fields, candidates(of, at, within)...)
			}
		default:
			tagged := name != ""
			if !tagged {
				name = f.Name
			}
			isText := f.Type.Kind() == reflect.String && reflect.PointerTo(f.Type).NumMethod() == 0
			fields = append(fields, outField{at, name, tagged, slices.Contains(strings.Split(options, ","), "omitzero"), isText})
		}
	}
	return fields
}
