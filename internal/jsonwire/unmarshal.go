package jsonwire

import (
	"bytes"
	"encoding/json"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Unmarshal is json.Unmarshal for the types of this module: those of its root package and of this one. Other types are
// left to encoding/json. It panics if into is not a pointer, or nil.
//
// It differs from encoding/json as follows:
//
//   - A field can have a second name, in the tag also. That member counts if the first is absent, null or zero.
//   - If a list occurs twice, the last one wins.
//   - A field of type []string with the tag choices reads a list of strings, or the names of an object's members. It is
//     left empty by any other value.
//   - A time.Time is in UTC.
//   - A value can have an alternative spelling: see readSpelling.
//
// The error is that of the first value that could not be read; all others are read. If data is not JSON, nothing is
// read, and the error is [ErrNotJSON].
func Unmarshal(data []byte, into any) error {
	_, err := UnmarshalMember(data, "", into)
	return err
}

// UnmarshalMember is [Unmarshal] for the value of one member of an object: the last one of that name. If key is empty, it
// reads all of data.
func UnmarshalMember(data []byte, key string, into any) (Presence, error) {
	d := decoders.Get().(*decoder)
	d.data = data
	v := reflect.ValueOf(into).Elem()
	presence := d.member(v, key)
	d.end()
	bad, err := d.bad, d.err
	*d = decoder{}  // the strings that were read share its block
	decoders.Put(d) // not deferred: after a panic its state is unknown
	if bad {
		v.SetZero() // encoding/json validates first, and reads nothing
		err = ErrNotJSON
	}
	return presence, err
}

// Presence reports whether there is a value.
type Presence int

// The states of a value: there is none, it is null, or it is anything else.
const (
	Absent Presence = iota
	Null
	Present
)

// PresenceOf returns whether data is empty, null or anything else, which need not be JSON.
func PresenceOf(data []byte) Presence {
	switch text := bytes.Trim(data, " \t\r\n"); string(text) {
	case "":
		return Absent
	case "null":
		return Null
	default:
		return Present
	}
}

// presenceIn is PresenceOf for a value that is read into a type: an empty list in place of a record is null.
func presenceIn(t reflect.Type, raw []byte) Presence {
	presence := PresenceOf(raw)
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if presence == Present && t.Kind() == reflect.Struct && isEmptyList(raw) {
		return Null
	}
	return presence
}

// member reads the value of a member of an object, or all of data if key is empty.
func (d *decoder) member(v reflect.Value, key string) (presence Presence) {
	switch {
	case key == "":
		d.value(v, planOf(v.Type()))
		presence = presenceIn(v.Type(), d.data)
	case d.peek() != '{':
		d.skip()
	default:
		for more := d.enter(); more; more = d.next('}') {
			if string(d.name()) != key {
				d.skip()
				continue
			}
			v.SetZero()
			d.err = nil // of an earlier member of that name
			start := d.at
			d.value(v, planOf(v.Type()))
			d.err = inField(key, d.err)
			presence = presenceIn(v.Type(), d.data[start:d.at])
		}
	}
	return presence
}

var decoders = sync.Pool{New: func() any { return new(decoder) }}

// decoder reads JSON into values.
type decoder struct {
	scanner

	err error // of the first value that is JSON and could not be read
}

// plan describes how values of a type are read.
type plan struct {
	read   func(d *decoder, v reflect.Value, p *plan)
	starts *[256]bool // the bytes that a value can begin with, or nil for any

	nulls  bool    // whether read reads null; if not, null sets a pointer or a list to nil and leaves other values
	elem   *plan   // of a pointer or a list
	fields []field // of a record
}

// field is a name that a member of a record can have.
type field struct {
	name   string
	start  string // the usual beginning of the member: the name in quotes, and a colon
	index  int
	second bool // whether the name is from the tag also
	plan   *plan
}

var plans sync.Map // of reflect.Type to *plan

func planOf(t reflect.Type) *plan {
	p, known := plans.Load(t)
	if !known {
		p, _ = plans.LoadOrStore(t, newPlan(t))
	}
	return p.(*plan)
}

var unmarshaler = reflect.TypeFor[json.Unmarshaler]()

// The import paths of this package and of the root package.
var (
	ownPath  = reflect.TypeFor[plan]().PkgPath()
	rootPath = strings.TrimSuffix(ownPath, "/internal/jsonwire")
)

// isOurs reports whether a type is one of this module's, and not of encoding/json's rules.
func isOurs(t reflect.Type) bool { return t.PkgPath() == rootPath || t.PkgPath() == ownPath }

func newPlan(t reflect.Type) *plan {
	ours := isOurs(t)
	switch readsItself := reflect.PointerTo(t).Implements(unmarshaler); {
	case ours && t.Kind() == reflect.Struct && isPlainRecord(t):
		return &plan{read: (*decoder).record, starts: first("{"), fields: fieldsOf(t)}
	case readsItself && (ours || t == reflect.TypeFor[time.Time]()):
		return &plan{read: (*decoder).own, nulls: true}
	case !ours && (t.PkgPath() != "" || t.Kind() == reflect.Struct || readsItself):
		return &plan{read: (*decoder).other, nulls: true}
	}
	switch t.Kind() {
	case reflect.Pointer:
		elem := planOf(t.Elem())
		return &plan{read: (*decoder).pointer, starts: elem.starts, elem: elem}
	case reflect.Slice:
		if t.Elem().Kind() == reflect.Uint8 { // encoding/json reads bytes from a string
			return &plan{read: (*decoder).other, nulls: true}
		}
		return &plan{read: (*decoder).list, starts: first("["), elem: planOf(t.Elem())}
	case reflect.String:
		return &plan{read: (*decoder).string, starts: first(`"`)}
	case reflect.Bool:
		return &plan{read: (*decoder).bool, starts: first("tf")}
	case reflect.Int, reflect.Int64:
		return &plan{read: (*decoder).int, starts: first("-0123456789")}
	case reflect.Float64:
		return &plan{read: (*decoder).float, starts: first("-0123456789")}
	default:
		return &plan{read: (*decoder).other, nulls: true}
	}
}

// isPlainRecord reports whether a struct is a record: the tag of every field has a name, and no option but omitzero or
// omitempty. Such a type is read by its fields, even if it has an UnmarshalJSON, which can thus use Unmarshal.
func isPlainRecord(t reflect.Type) bool {
	for i := range t.NumField() {
		f := t.Field(i)
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		if !f.IsExported() || f.Anonymous || name == "" || name == "-" || !slices.Contains([]string{"", "omitzero", "omitempty"}, options) {
			return false
		}
	}
	return t.NumField() > 0
}

// first returns the set of the bytes given.
func first(bytes string) *[256]bool {
	var is [256]bool
	for _, c := range []byte(bytes) {
		is[c] = true
	}
	return &is
}

// fieldsOf returns the fields of a record, all first names before the second ones.
func fieldsOf(t reflect.Type) (fields []field) {
	for _, tag := range []string{"json", "also"} {
		for i := range t.NumField() {
			f := t.Field(i)
			if name, _, _ := strings.Cut(f.Tag.Get(tag), ","); name != "" {
				p := planOf(f.Type)
				if f.Tag.Get("choices") != "" {
					p = &plan{read: (*decoder).choices, elem: p.elem}
				}
				fields = append(fields, field{name, `"` + name + `":`, i, tag == "also", p})
			}
		}
	}
	return fields
}

// value reads a value.
func (d *decoder) value(v reflect.Value, p *plan) {
	switch c := d.peek(); {
	case c == 'n' && !p.nulls:
		if d.literal("null"); p.elem != nil {
			v.SetZero()
		}
	case p.starts != nil && !p.starts[c]:
		d.odd(v, d.raw())
	default:
		p.read(d, v, p)
	}
}

// odd reads raw, which encoding/json does not read into v's type, if it is in an alternative spelling.
func (d *decoder) odd(v reflect.Value, raw []byte) {
	if !d.bad && !readSpelling(v, raw) {
		d.note(&TypeError{v.Type()})
	}
}

func (d *decoder) record(v reflect.Value, p *plan) {
	next, second := 0, -1 // the field that is likely to follow, and the one that was read by its second name
	for more := d.enter(); more; more = d.next('}') {
		i := d.field(p, next)
		if i < 0 {
			d.skip()
			continue
		}
		next = i + 1
		f := p.fields[i]
		member := v.Field(f.index)
		clean := d.err == nil
		switch {
		case f.second && (d.peek() == 'n' || !member.IsZero()): // the first name wins, unless it is zero
			d.skip()
		case f.index == second:
			first := reflect.New(member.Type()).Elem()
			if d.value(first, f.plan); !first.IsZero() {
				member.Set(first)
			}
		default:
			if f.second {
				second = f.index
			}
			d.value(member, f.plan)
		}
		if clean && d.err != nil {
			d.err = inField(f.name, d.err)
		}
	}
}

// field reads the name of a member and moves to its value. It returns the index of the name in p.fields, or -1. The name is
// probably p.fields[next]: responses mostly have the order of our fields.
func (d *decoder) field(p *plan, next int) int {
	if d.peek(); next < len(p.fields) && d.take(p.fields[next].start) {
		return next
	}
	return p.find(d.name(), next)
}

// find returns the index of a name in p.fields, or -1. It begins with p.fields[next]. As for encoding/json, the case of
// letters does not matter if no name is equal.
func (p *plan) find(name []byte, next int) int {
	for n := range p.fields {
		i := (next + n) % len(p.fields)
		if string(name) == p.fields[i].name {
			return i
		}
	}
	return slices.IndexFunc(p.fields, func(f field) bool { return strings.EqualFold(f.name, string(name)) })
}

func (d *decoder) pointer(v reflect.Value, p *plan) {
	if v.IsNil() {
		v.Set(reflect.New(v.Type().Elem()))
	}
	d.value(v.Elem(), p.elem)
}

// maxGrow is the maximum number of records for which a list allocates memory in advance. The API has at most 100 on a page.
const maxGrow = 128

func (d *decoder) list(v reflect.Value, p *plan) {
	v.SetZero()
	start := d.at
	for more := d.enter(); more; more = d.next(']') {
		n := v.Len()
		switch {
		case n < v.Cap():
		case p.elem.fields == nil || n > 1:
			v.Grow(max(n, 4))
		case n == 0:
			v.Grow(1)
		default: // to the number of records if all are as long as the first
			v.Grow(min(maxGrow, 1+(len(d.data)-d.at)/(d.at-start)))
		}
		v.SetLen(n + 1)
		d.value(v.Index(n), p.elem)
	}
	if v.IsNil() {
		v.Set(reflect.MakeSlice(v.Type(), 0, 0))
	}
}

func (d *decoder) string(v reflect.Value, _ *plan) { v.SetString(d.text()) }

func (d *decoder) bool(v reflect.Value, _ *plan) {
	yes := d.data[d.at] == 't'
	d.literal(strconv.FormatBool(yes))
	v.SetBool(yes)
}

func (d *decoder) int(v reflect.Value, _ *plan) {
	number := d.number()
	n, err := strconv.ParseInt(string(number), 10, 64)
	if err != nil || v.OverflowInt(n) {
		d.odd(v, number)
		return
	}
	v.SetInt(n)
}

func (d *decoder) float(v reflect.Value, _ *plan) {
	number := d.number()
	n, err := strconv.ParseFloat(string(number), 64)
	if err != nil {
		d.odd(v, number)
		return
	}
	v.SetFloat(n)
}

// own reads a value of a type that reads itself.
func (d *decoder) own(v reflect.Value, _ *plan) {
	raw := d.raw()
	if d.bad {
		return
	}
	into := v.Addr().Interface().(json.Unmarshaler)
	err := into.UnmarshalJSON(raw)
	at, isTime := into.(*time.Time)
	switch {
	case err == nil && isTime:
		*at = at.UTC() // for == and assert.Equal with any offset
	case err == nil || readDateSpelling(v, raw):
	case isTime:
		d.note(ErrNotTime)
	default:
		d.note(err)
	}
}

// other leaves a value to encoding/json.
func (d *decoder) other(v reflect.Value, _ *plan) {
	if raw := d.raw(); !d.bad {
		d.note(json.Unmarshal(raw, v.Addr().Interface()))
	}
}

// choices reads a list of strings, or the names of an object's members. Any other value leaves it empty, without an error:
// the record around it matters more.
func (d *decoder) choices(v reflect.Value, p *plan) {
	before := d.err
	d.err = nil
	switch d.peek() {
	case '[':
		d.list(v, p)
	case '{':
		keys := []string{}
		for more := d.enter(); more; more = d.next('}') {
			keys = append(keys, string(d.name()))
			d.skip()
		}
		v.Set(reflect.ValueOf(keys))
	default:
		d.skip()
		v.SetZero()
	}
	if d.err != nil {
		v.SetZero()
	}
	d.err = before
}

// note keeps the first error.
func (d *decoder) note(err error) {
	if d.err == nil {
		d.err = err
	}
}
