package jsonwire

import (
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
	_, presence, err := unmarshal(data, key, into, nil)
	return presence, err
}

// Value is where the value of one member of an object is read to, or all of the JSON if Key is empty.
type Value struct {
	Key  string
	Into any // a pointer, not to nil

	IsRead   bool // whether Find has set the others
	Presence Presence
	Err      error
}

// Discard sets what was read to zero.
func (to *Value) Discard() { reflect.ValueOf(to.Into).Elem().SetZero() }

// Find is [Find]. In the same pass it reads the value as [UnmarshalMember] does. A nil Value reads none.
func (to *Value) Find(data []byte, members ...*Member) (isObject bool) {
	if to == nil {
		return Find(data, members...)
	}
	to.Discard()
	to.IsRead = true
	isObject, to.Presence, to.Err = unmarshal(data, to.Key, to.Into, members)
	return isObject
}

// unmarshal is UnmarshalMember and Find.
func unmarshal(data []byte, key string, into any, members []*Member) (isObject bool, presence Presence, err error) {
	d := decoder{source: data} // on the stack, see plan
	d.sought = min(len(members), len(d.members))
	for n := range d.sought {
		d.members[n].Name = members[n].Name // a copy, so that those of the caller stay on its stack
	}
	v := reflect.ValueOf(into).Elem()
	i, presence := d.member(v, key)
	isJSON, err, areSeen := d.end(i) != bad, d.err, d.areSeen && len(members) <= len(d.members)
	for n := range d.sought {
		members[n].Value = nil
		if isJSON && !d.members[n].Is("null") {
			members[n].Value = d.members[n].Value
		}
	}
	if !isJSON {
		v.SetZero() // encoding/json validates first, and reads nothing
		err = ErrNotJSON
	}
	if members != nil && !areSeen {
		return Find(data, members...), presence, err
	}
	return isJSON && IsObject(data[source(data).space(0):]), presence, err
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
	s := source(data)
	i := s.space(0)
	switch {
	case i == len(s):
		return Absent
	case s.has(i, "null") && s.end(i+len("null")) != bad:
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

// member reads the value of a member of an object, or all of the JSON if key is empty.
func (d *decoder) member(v reflect.Value, key string) (i int, presence Presence) {
	switch i = d.space(0); {
	case key == "":
		i = d.value(i, v, planOf(v.Type()))
		return i, presenceIn(v.Type(), d.source)
	case d.at(i) != '{':
		return d.skip(i), Absent
	}
	d.areSeen = true
	d.depth++
	i, more := d.enter(i)
	for more {
		name, start := d.name(i)
		if string(name) != key {
			i = d.skip(start)
			d.see(string(name), start, i)
			i, more = d.next(i, '}')
			continue
		}
		v.SetZero()
		d.err = nil // of an earlier member of that name
		raw := d.source[start:]
		if i = d.value(start, v, planOf(v.Type())); i != bad {
			raw = d.source[start:i]
		}
		presence = presenceIn(v.Type(), raw)
		d.err = inField(key, d.err)
		d.see(key, start, i)
		i, more = d.next(i, '}')
	}
	d.depth--
	return i, presence
}

// decoder reads JSON into values.
type decoder struct {
	source

	depth int   // of the objects and arrays around the value that is read
	err   error // of the first value that is JSON and could not be read

	members [6]Member // to find in the outermost object, as many as sought
	sought  int
	areSeen bool // whether the outermost object is read member by member

	// Blocks that small values share, so that a list does not allocate each of them. A value that stays in use retains its
	// block and no more.
	short  strings.Builder
	floats []float64
	bools  []bool
	texts  []string // the elements of lists
}

// The sizes of these blocks: 256 bytes, or 128 for the elements of lists, because those retain their strings too.
const (
	blockSize   = 256
	blockFloats = blockSize / 8
	blockTexts  = 8
	blockBools  = 8 // a pointer takes as many bytes
)

// see sets the members of a name, of which the value is from start to end, as Find does.
func (d *decoder) see(name string, start, end int) {
	for n := range d.sought {
		m := &d.members[n]
		if end != bad && len(m.Name) == len(name) && (m.Name == name || strings.EqualFold(m.Name, name)) {
			m.Value = d.source[start:end]
		}
	}
}

// skip skips a value.
func (d *decoder) skip(i int) int { return d.source.skip(i, d.depth) }

// plan describes how values of a type are read. It holds no functions: the compiler does not know whether such a function keeps
// the decoder, and would put it on the heap, where a write of a pointer costs more while garbage is collected.
type plan struct {
	form   form
	starts *[256]bool // the bytes that a value can begin with

	nulls  bool    // whether the form reads null; if not, null sets a pointer or a list to nil and leaves other values
	elem   *plan   // of a pointer or a list
	fields []field // of a record
}

// form is how decoder.value reads a value.
type form uint8

const (
	asOther form = iota
	asOwn
	asRecord
	asPointer
	asList
	asTexts
	asChoices
	asText
	asBool
	asInt
	asFloat
)

// field is a name that a member of a record can have.
type field struct {
	name     string
	start    string // the usual beginning of the member: the name in quotes, and a colon
	index    int
	twoNames bool // whether the tag also has a second name
	second   bool // whether this is the second name
	plan     *plan
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
		return &plan{form: asRecord, starts: first("{"), fields: fieldsOf(t)}
	case readsItself && (ours || t == reflect.TypeFor[time.Time]()):
		return &plan{form: asOwn, starts: &anyByte, nulls: true}
	case !ours && (t.PkgPath() != "" || t.Kind() == reflect.Struct || readsItself):
		return &plan{form: asOther, starts: &anyByte, nulls: true}
	}
	switch t.Kind() {
	case reflect.Pointer:
		elem := planOf(t.Elem())
		return &plan{form: asPointer, starts: elem.starts, elem: elem}
	case reflect.Slice:
		switch {
		case t.Elem().Kind() == reflect.Uint8: // encoding/json reads bytes from a string
			return &plan{form: asOther, starts: &anyByte, nulls: true}
		case t == reflect.TypeFor[[]string]():
			return &plan{form: asTexts, starts: first("["), elem: planOf(t.Elem())}
		}
		return &plan{form: asList, starts: first("["), elem: planOf(t.Elem())}
	case reflect.String:
		return &plan{form: asText, starts: first(`"`)}
	case reflect.Bool:
		return &plan{form: asBool, starts: first("tf")}
	case reflect.Int, reflect.Int64:
		return &plan{form: asInt, starts: first("-0123456789")}
	case reflect.Float64:
		return &plan{form: asFloat, starts: first("-0123456789")}
	default:
		return &plan{form: asOther, starts: &anyByte, nulls: true}
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

// anyByte is the set of all bytes.
var anyByte = func() (is [256]bool) {
	for c := range is {
		is[c] = true
	}
	return is
}()

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
					p = &plan{form: asChoices, starts: &anyByte, elem: p.elem}
				}
				fields = append(fields, field{name, `"` + name + `":`, i, f.Tag.Get("also") != "", tag == "also", p})
			}
		}
	}
	return fields
}

// value reads the value at i, which has no space before it.
func (d *decoder) value(i int, v reflect.Value, p *plan) (next int) {
	switch c := d.at(i); {
	case c == 'n' && !p.nulls:
		if p.elem != nil {
			v.SetZero()
		}
		return d.literal(i, "null")
	case !p.starts[c]:
		next = d.skip(i)
		d.odd(i, next, v)
		return next
	}
	switch p.form {
	case asText:
		text, next := d.text(i)
		v.SetString(text)
		return next
	case asBool:
		return d.bool(i, v)
	case asInt:
		return d.int(i, v)
	case asFloat:
		return d.float(i, v)
	case asRecord:
		return d.record(i, v, p)
	case asPointer:
		return d.pointer(i, v, p)
	case asList:
		return d.list(i, v, p)
	case asTexts:
		return d.textList(i, v, p)
	case asChoices:
		return d.choices(i, v, p)
	case asOwn:
		return d.own(i, v)
	default:
		return d.other(i, v)
	}
}

// odd reads the value from start to end, which encoding/json does not read into v's type, if it is in an alternative spelling.
func (d *decoder) odd(start, end int, v reflect.Value) {
	if end != bad && !readSpelling(v, d.source[start:end]) {
		d.note(&TypeError{v.Type()})
	}
}

func (d *decoder) record(i int, v reflect.Value, p *plan) int {
	sees := d.sought > 0 && d.depth == 0
	d.areSeen = d.areSeen || sees
	d.depth++
	next, second := 0, -1 // the field to expect, as responses mostly have our order, and the one that was read by its second name
	i, more := d.enter(i)
	for more {
		member, hadFailed := d.space(i), d.err != nil
		n, start := next, d.expected(member, p, next)
		if start == bad {
			n, start = d.field(member, p, next)
		}
		if start = d.space(start); n < 0 {
			i = d.skip(start)
		} else {
			f := &p.fields[n]
			if next = n + 1; f.twoNames {
				i = d.eitherName(start, v.Field(f.index), f, &second)
			} else {
				i = d.value(start, v.Field(f.index), f.plan)
			}
			if !hadFailed && d.err != nil {
				d.err = inField(f.name, d.err)
			}
		}
		if sees {
			name, _ := d.name(member)
			d.see(string(name), start, i)
		}
		if d.at(i) == ',' { // saves a call
			i++
			continue
		}
		i, more = d.next(i, '}')
	}
	d.depth--
	return i
}

// expected moves from the member at i to its value if it is p.fields[next], and otherwise returns bad. It may leave space before
// the value. It is inlined.
func (d *decoder) expected(i int, p *plan, next int) (value int) {
	if next == len(p.fields) || !d.has(i, p.fields[next].start) {
		return bad
	}
	if i += len(p.fields[next].start); d.at(i) == ' ' {
		i++
	}
	return i
}

// eitherName is value for a field of two names. It sets second to the index of a field that it reads by its second name.
func (d *decoder) eitherName(i int, v reflect.Value, f *field, second *int) (next int) {
	switch {
	case f.second && (d.at(i) == 'n' || !v.IsZero()): // the first name wins, unless it is zero
		return d.skip(i)
	case f.index == *second:
		first := reflect.New(v.Type()).Elem()
		if next = d.value(i, first, f.plan); !first.IsZero() {
			v.Set(first)
		}
		return next
	default:
		if f.second {
			*second = f.index
		}
		return d.value(i, v, f.plan)
	}
}

// field reads the name of a member and moves to its value. It returns the index of the name in p.fields, or -1. The name is
// not that of p.fields[next].
func (d *decoder) field(i int, p *plan, next int) (n, value int) {
	if value = d.expected(i, p, min(next+1, len(p.fields))); value != bad { // a member that is optional may be missing
		return next + 1, value
	}
	name, value := d.name(i)
	return p.find(name), value
}

// find returns the index of a name in p.fields, or -1. As for encoding/json, the case of letters does not matter if no name is
// equal.
func (p *plan) find(name []byte) int {
	for i := range p.fields {
		if string(name) == p.fields[i].name {
			return i
		}
	}
	return slices.IndexFunc(p.fields, func(f field) bool { return strings.EqualFold(f.name, string(name)) })
}

func (d *decoder) pointer(i int, v reflect.Value, p *plan) int {
	if v.IsNil() {
		switch v.Type() {
		case reflect.TypeFor[*float64]():
			v.Set(reflect.ValueOf(d.newFloat(i)))
		case reflect.TypeFor[*bool]():
			v.Set(reflect.ValueOf(d.newBool()))
		default:
			v.Set(reflect.New(v.Type().Elem()))
		}
	}
	return d.value(i, v.Elem(), p.elem)
}

// maxGrow is the maximum number of records for which a list allocates memory in advance. The API has at most 100 on a page.
const maxGrow = 128

func (d *decoder) list(i int, v reflect.Value, p *plan) int {
	v.SetZero()
	d.depth++
	start := i
	i, more := d.enter(i)
	for more {
		n := v.Len()
		switch {
		case n < v.Cap():
		case p.elem.fields == nil || n > 2:
			v.Grow(max(n, 4))
		case n == 0: // many lists of a record are short
			v.Grow(2)
		default: // to the number of records if all are as long as the first two
			v.Grow(min(maxGrow, 2+2*(len(d.source)-i)/(i-start)))
		}
		v.SetLen(n + 1)
		i, more = d.next(d.value(d.space(i), v.Index(n), p.elem), ']')
	}
	d.depth--
	if v.IsNil() {
		v.Set(reflect.MakeSlice(v.Type(), 0, 0))
	}
	return i
}

// textList reads a list of strings into a part of the block, without room to append.
func (d *decoder) textList(i int, v reflect.Value, p *plan) int {
	d.depth++
	start := len(d.texts)
	i, more := d.enter(i)
	for more {
		if len(d.texts) == cap(d.texts) {
			list := d.texts[start:]
			d.texts, start = append(make([]string, 0, max(blockTexts, 2*len(list))), list...), 0
		}
		var text string
		if i = d.space(i); d.at(i) == '"' {
			text, i = d.text(i)
		} else {
			v := reflect.New(stringType).Elem()
			i = d.value(i, v, p.elem)
			text = v.String()
		}
		d.texts = append(d.texts, text)
		i, more = d.next(i, ']')
	}
	d.depth--
	list := []string{}
	if len(d.texts) > start {
		list = slices.Clip(d.texts[start:])
	}
	*v.Addr().Interface().(*[]string) = list
	return i
}

// newFloat returns a new number of the block. The rest of the JSON hardly holds more than one in 64 bytes.
func (d *decoder) newFloat(i int) *float64 {
	if len(d.floats) == cap(d.floats) {
		d.floats = make([]float64, 0, min(blockFloats, 1+(len(d.source)-i)/64))
	}
	d.floats = append(d.floats, 0)
	return &d.floats[len(d.floats)-1]
}

// newBool returns a new boolean of the block.
func (d *decoder) newBool() *bool {
	if len(d.bools) == cap(d.bools) {
		d.bools = make([]bool, 0, blockBools)
	}
	d.bools = append(d.bools, false)
	return &d.bools[len(d.bools)-1]
}

// text reads the string at i.
func (d *decoder) text(i int) (text string, next int) {
	if end := d.plain(i + 1); d.at(end) == '"' { // most strings
		return d.copyOf(d.source[i+1 : end]), end + 1
	}
	quoted, plain, next := d.quoted(i)
	if !plain {
		return unquote(quoted), next
	}
	return d.copyOf(quoted), next
}

// copyOf returns text as a string, in a shared block if it fits into one or is short.
func (d *decoder) copyOf(text []byte) string {
	if d.short.Cap()-d.short.Len() < len(text) {
		if len(text) > blockSize/4 {
			return string(text)
		}
		d.short = strings.Builder{}
		d.short.Grow(min(blockSize, len(d.source)))
	}
	from := d.short.Len()
	d.short.Write(text)
	return d.short.String()[from:]
}

func (d *decoder) bool(i int, v reflect.Value) int {
	yes := d.at(i) == 't'
	v.SetBool(yes)
	return d.literal(i, strconv.FormatBool(yes))
}

func (d *decoder) int(i int, v reflect.Value) int {
	n, decimals, next := d.decimal(i)
	if next != bad && decimals == 0 && !v.OverflowInt(n) {
		v.SetInt(n)
		return next
	}
	if next = d.number(i); next == bad {
		return bad
	}
	n, err := strconv.ParseInt(string(d.source[i:next]), 10, 64)
	if err != nil || v.OverflowInt(n) {
		d.odd(i, next, v)
		return next
	}
	v.SetInt(n)
	return next
}

var powersOf10 = [maxDigits + 1]float64{1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15}

func (d *decoder) float(i int, v reflect.Value) int {
	n, decimals, next := d.decimal(i)
	if next != bad && n != 0 { // a zero may be -0
		v.SetFloat(float64(n) / powersOf10[decimals])
		return next
	}
	if next = d.number(i); next == bad {
		return bad
	}
	number, err := strconv.ParseFloat(string(d.source[i:next]), 64)
	if err != nil {
		d.odd(i, next, v)
		return next
	}
	v.SetFloat(number)
	return next
}

// own reads a value of a type that reads itself.
func (d *decoder) own(i int, v reflect.Value) int {
	next := d.skip(i)
	if next == bad {
		return bad
	}
	raw := d.source[i:next]
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
	return next
}

// other leaves a value to encoding/json.
func (d *decoder) other(i int, v reflect.Value) int {
	next := d.skip(i)
	if next != bad {
		d.note(json.Unmarshal(d.source[i:next], v.Addr().Interface()))
	}
	return next
}

// choices reads a list of strings, or the names of an object's members. Any other value leaves it empty, without an error:
// the record around it matters more.
func (d *decoder) choices(i int, v reflect.Value, p *plan) int {
	before := d.err
	d.err = nil
	switch d.at(i) {
	case '[':
		i = d.textList(i, v, p)
	case '{':
		start, keys := i, []string{}
		if i = d.skip(i); i != bad {
			for name := range Members(d.source[start:i]) {
				keys = append(keys, name)
			}
		}
		v.Set(reflect.ValueOf(keys))
	default:
		i = d.skip(i)
		v.SetZero()
	}
	if d.err != nil {
		v.SetZero()
	}
	d.err = before
	return i
}

// note keeps the first error.
func (d *decoder) note(err error) {
	if d.err == nil {
		d.err = err
	}
}
