package partnerapi

import (
	"encoding/json"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// unmarshal is json.Unmarshal for the types of this package, which it reads several times as fast and with a few
// allocations for a whole list. Strangers' types are for encoding/json, whose rules are many.
//
// It differs in this: a field can have a second name, in the tag also, which counts where the first says nothing; if a
// list occurs twice, the last one wins; a type with a method complete is
// asked, when it has been read, whether it lacks something; a field with the tag choices is a list of texts, or an object
// whose keys they are, and is left empty by anything else; a time is in UTC; and a value can have another spelling: see
// [respelt]. The error names the first field that could not be read; all others are read.
func unmarshal(data []byte, into any) error {
	_, err := unmarshalMember(data, "", into)
	return err
}

// unmarshalMember is unmarshal for the value of a member of an object; of several it is the last. Without a key it is
// the whole.
func unmarshalMember(data []byte, key string, into any) (presence, error) {
	d := decoders.Get().(*decoder)
	d.data = data
	v := reflect.ValueOf(into).Elem()
	known := d.member(v, key)
	d.end()
	bad, err := d.bad, d.err
	*d = decoder{}  // the block belongs to what was read
	decoders.Put(d) // not after a panic: what of it was read is not known then
	if bad {
		v.SetZero() // encoding/json looks first, and reads nothing
		err = errNotJSON
	}
	return known, err
}

// member reads the value of a member of the object that comes next, or all of what comes next.
func (d *decoder) member(v reflect.Value, key string) (known presence) {
	switch {
	case key == "":
		d.value(v, planOf(v.Type()))
		known = presenceIn(v.Type(), d.data)
	case d.peek() != '{':
		d.skip()
	default:
		for more := d.enter(); more; more = d.another('}') {
			if string(d.name()) != key {
				d.skip()
				continue
			}
			v.SetZero()
			d.err = nil // of one before
			start := d.at
			d.value(v, planOf(v.Type()))
			d.err = inField(key, d.err)
			known = presenceIn(v.Type(), d.data[start:d.at])
		}
	}
	return known
}

var decoders = sync.Pool{New: func() any { return new(decoder) }}

// decoder reads JSON into values.
type decoder struct {
	scanner

	err error // the first thing that is JSON and still cannot be read
}

// plan is how values of a type are read.
type plan struct {
	read   func(d *decoder, v reflect.Value, p *plan)
	starts *[256]bool // the bytes that a value can begin with; any if nil

	nulls    bool    // whether null is for read; otherwise it makes nil what can be, and leaves the rest as it is
	elem     *plan   // of a pointer or a list
	fields   []field // of a record
	complete bool    // whether a record of the type knows what it cannot be without
}

// field is a name that a member of a record can have.
type field struct {
	name   string
	start  string // how a member of that name mostly begins
	index  int
	second bool
	plan   *plan
}

// completer is a record that knows what it cannot be without.
type completer interface{ complete() error }

var plans sync.Map // of reflect.Type to *plan

func planOf(t reflect.Type) *plan {
	p, known := plans.Load(t)
	if !known {
		p, _ = plans.LoadOrStore(t, newPlan(t))
	}
	return p.(*plan)
}

var (
	completes  = reflect.TypeFor[completer]()
	unmarshals = reflect.TypeFor[json.Unmarshaler]()
)

// A type of somebody else's, such as that of the items of a stranger's Page, is for encoding/json.
func newPlan(t reflect.Type) *plan {
	ours := t.PkgPath() == reflect.TypeFor[plan]().PkgPath()
	switch pointer := reflect.PointerTo(t); {
	case ours && t.Kind() == reflect.Struct && isPlainRecord(t):
		return &plan{read: (*decoder).record, starts: first("{"), fields: fieldsOf(t), complete: pointer.Implements(completes)}
	case pointer.Implements(unmarshals) && (ours || t == reflect.TypeFor[time.Time]()):
		return &plan{read: (*decoder).own, nulls: true}
	case !ours && (t.PkgPath() != "" || t.Kind() == reflect.Struct || pointer.Implements(unmarshals)):
		return &plan{read: (*decoder).other, nulls: true}
	}
	switch t.Kind() {
	case reflect.Pointer:
		elem := planOf(t.Elem())
		return &plan{read: (*decoder).pointer, starts: elem.starts, elem: elem}
	case reflect.Slice:
		if t.Elem().Kind() == reflect.Uint8 { // bytes are text in JSON
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

// isPlainRecord reports whether every field of a struct has a tag that says no more than a name, and when it is left out.
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

// first returns which bytes are one of those given.
func first(bytes string) *[256]bool {
	var is [256]bool
	for _, c := range []byte(bytes) {
		is[c] = true
	}
	return &is
}

// fieldsOf returns the names of the members of a struct whose fields have tags, first names before second ones.
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

// value reads the value that comes next.
func (d *decoder) value(v reflect.Value, p *plan) {
	switch c := d.peek(); {
	case c == 'n' && !p.nulls:
		if d.literal("null"); p.elem != nil {
			v.SetZero()
		}
	case p.starts != nil && !p.starts[c]:
		d.odd(v, p, d.raw())
	default:
		p.read(d, v, p)
	}
}

// odd reads raw, which was just read and is no value of v's type as encoding/json has it, if it is one in another spelling.
func (d *decoder) odd(v reflect.Value, p *plan, raw []byte) {
	switch {
	case d.bad:
	case !respelt(v, raw):
		d.note(&unread{cause: reason("a value of another type than " + typeName(v.Type()))})
	case p.complete:
		d.note(v.Addr().Interface().(completer).complete())
	}
}

func typeName(t reflect.Type) string {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return t.String()
}

func (d *decoder) record(v reflect.Value, p *plan) {
	next, second := 0, -1 // replies mostly have the order of our fields; which of them came by its second name
	for more := d.enter(); more; more = d.another('}') {
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
		case f.second && (d.peek() == 'n' || !member.IsZero()): // the first name counts, if it says anything
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
	if p.complete && !d.bad {
		d.note(v.Addr().Interface().(completer).complete())
	}
}

// field goes to the value of the member that comes next, and returns the place of its name among the fields, or -1.
func (d *decoder) field(p *plan, next int) int {
	if d.peek(); next < len(p.fields) && d.past(p.fields[next].start) {
		return next
	}
	return p.find(d.name(), next)
}

// find returns the place of a name among the fields, looking from next on, or -1. As in encoding/json, the case of
// letters does not matter where no name fits exactly.
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

// mostAtOnce is for how many records of a list there is room before they have come. The API has at most 100 on a page.
const mostAtOnce = 128

func (d *decoder) list(v reflect.Value, p *plan) {
	v.SetZero()
	start := d.at
	for more := d.enter(); more; more = d.another(']') {
		n := v.Len()
		switch {
		case n < v.Cap():
		case p.elem.fields == nil || n > 1:
			v.Grow(max(n, 4))
		case n == 0:
			v.Grow(1)
		default: // as many as there are if all are as long as the first
			v.Grow(min(mostAtOnce, 1+(len(d.data)-d.at)/(d.at-start)))
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

func (d *decoder) int(v reflect.Value, p *plan) {
	number := d.number()
	n, err := strconv.ParseInt(string(number), 10, 64)
	if err != nil || v.OverflowInt(n) {
		d.odd(v, p, number)
		return
	}
	v.SetInt(n)
}

func (d *decoder) float(v reflect.Value, p *plan) {
	number := d.number()
	n, err := strconv.ParseFloat(string(number), 64)
	if err != nil {
		d.odd(v, p, number)
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
		*at = at.UTC() // whatever the offset, and the time zone here
	case err == nil || respeltDate(into, raw):
	case isTime:
		d.noteUnread(errNotATime)
	default:
		d.noteUnread(err)
	}
}

// other leaves a value to encoding/json.
func (d *decoder) other(v reflect.Value, _ *plan) {
	if raw := d.raw(); !d.bad {
		if err := json.Unmarshal(raw, v.Addr().Interface()); err != nil {
			d.noteUnread(err)
		}
	}
}

// choices reads a list that only offers choices, so that no form of it is a reason to lose the record that it is in.
func (d *decoder) choices(v reflect.Value, p *plan) {
	before := d.err
	d.err = nil
	switch d.peek() {
	case '[':
		d.list(v, p)
	case '{':
		keys := []string{}
		for more := d.enter(); more; more = d.another('}') {
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

// noteUnread notes why a value was not read that reads itself.
func (d *decoder) noteUnread(err error) {
	if _, ours := err.(*unread); !ours { //nolint:errorlint // as the reader returns it
		err = &unread{cause: err}
	}
	d.note(err)
}

func (d *decoder) note(err error) {
	if d.err == nil {
		d.err = err
	}
}
