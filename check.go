package partnerapi

import (
	"cmp"
	"encoding"
	"encoding/json"
	"errors"
	"math"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"sync"
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

// unsendable tells why encoding/json would send another value than in, or none, or returns nothing. encoding/json puts
// U+FFFD in the place of every byte that is not UTF-8, so that two different keys could become one. This looks at the
// value itself, because what encoding/json writes, and how it fails, differs between releases of Go.
func unsendable(in any) (why string) {
	i := inspection{}
	return i.of(reflect.ValueOf(in))
}

const notANumber = "a number that JSON does not have"

// inspection looks at all that encoding/json writes of a value.
type inspection struct {
	seen map[reference]bool // what was looked at: a value can lead back into itself
}

type reference struct {
	at     uintptr
	length int
	of     reflect.Type
}

// of tells why v cannot be sent, or returns nothing.
func (i *inspection) of(v reflect.Value) (why string) {
	if !v.IsValid() || isNil(v) {
		return ""
	}
	s := shapeOf(v.Type())
	if s.writesItself && v.CanInterface() {
		if why, itself := i.ofMethods(v); itself {
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

func isNil(v reflect.Value) bool {
	return (v.Kind() == reflect.Pointer || v.Kind() == reflect.Interface) && v.IsNil()
}

func whyNotText(text string) string {
	if !utf8.ValidString(text) {
		return notUTF8
	}
	return ""
}

// isNew reports whether v was not looked at. Values without references are always new.
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
	for key, value := range v.Seq2() {
		if why := cmp.Or(ofKey(key), i.of(value)); why != "" {
			return why
		}
	}
	return ""
}

// ofKey is of for the key of a map, which is a text, a number, or what writes itself as text.
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
	holdsNone := elem.Kind() <= reflect.Uintptr && !shapeOf(elem).writesItself // such as bytes
	if holdsNone || v.Kind() == reflect.Slice && !i.isNew(v, v.Len()) {
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
		if err != nil || f.omitsZero && isZero(value) { // it is in an embedded record that is nil
			continue
		}
		if why := i.of(value); why != "" {
			return why
		}
	}
	return ""
}

// isZero reports whether encoding/json leaves v out of a record, where the tag says omitzero.
func isZero(v reflect.Value) bool {
	if isNil(v) || !v.CanInterface() {
		return v.IsZero()
	}
	if z, ok := withMethods(v).(interface{ IsZero() bool }); ok {
		return z.IsZero()
	}
	return v.IsZero()
}

// withMethods returns v with all methods that encoding/json finds.
func withMethods(v reflect.Value) any {
	if v.CanAddr() && v.Kind() != reflect.Pointer {
		v = v.Addr()
	}
	return v.Interface()
}

// writer is a type of ours whose MarshalJSON returns the JSON of another value.
type writer interface{ written() any }

// ofMethods looks at what v writes of itself, if it does.
func (i *inspection) ofMethods(v reflect.Value) (why string, itself bool) {
	value := withMethods(v)
	if w, ok := value.(writer); ok {
		if why := i.of(reflect.ValueOf(w.written())); why != "" {
			return why, true
		}
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
	return why, true // an error comes again when it is encoded
}

// shape is what is known of the values of a type.
type shape struct {
	writesItself bool // whether it can have methods that write JSON or text
	fields       []outField
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
		}
		known, _ = shapes.LoadOrStore(t, s)
	}
	return known.(*shape)
}

// outField is a field of a record that encoding/json writes.
type outField struct {
	index     []int // of the field, after those of the embedded records that it is in
	name      string
	tagged    bool
	omitsZero bool
}

// outFieldsOf returns the fields of a struct that encoding/json writes: of those of a name the one that is embedded the
// least deep, of several the one with a tag, and of several of these none.
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

// candidates returns the fields of a struct, and of those that are embedded in it, that encoding/json may write. within
// are the types around it.
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
			fields = append(fields, outField{at, name, tagged, slices.Contains(strings.Split(options, ","), "omitzero")})
		}
	}
	return fields
}
