package partnerapi

import (
	"encoding/json"
	"reflect"
	"strings"
	"sync"
)

// marshal is json.Marshal for the requests of this package, most of which are records of plain text: it writes those
// itself, and leaves the rest to encoding/json.
func marshal(in any) ([]byte, error) {
	v := reflect.ValueOf(in)
	members := membersOf(v.Type())
	if members == nil {
		return json.Marshal(in)
	}
	text := append(make([]byte, 0, 128), '{')
	for _, m := range members {
		value := v.Field(m.index)
		if m.omit && value.IsZero() {
			continue
		}
		if len(text) > 1 {
			text = append(text, ',')
		}
		text = append(text, m.name...)
		if value.Kind() == reflect.String && isPlain(value.String()) {
			text = append(append(append(text, '"'), value.String()...), '"')
			continue
		}
		other, err := json.Marshal(value.Interface())
		if err != nil {
			return nil, err
		}
		text = append(text, other...)
	}
	return append(text, '}'), nil
}

// outMember is a member of a record that is written.
type outMember struct {
	name  string // quoted, with the colon
	index int
	omit  bool // whether a zero value is left out
}

var outMembers sync.Map // of reflect.Type to []outMember

// membersOf returns the members of a struct, or nil if encoding/json has to write it.
func membersOf(t reflect.Type) []outMember {
	if known, ok := outMembers.Load(t); ok {
		return known.([]outMember)
	}
	var members []outMember
	if t.Kind() == reflect.Struct && !t.Implements(reflect.TypeFor[json.Marshaler]()) {
		for i := range t.NumField() {
			m, plain := memberOf(t.Field(i))
			if !plain {
				members = nil
				break
			}
			m.index = i
			members = append(members, m)
		}
	}
	outMembers.Store(t, members)
	return members
}

// memberOf returns the member that a field is written as, if its tag says no more than the name and when to leave it out.
func memberOf(f reflect.StructField) (m outMember, plain bool) {
	name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
	canBeEmpty := f.Type.Kind() == reflect.String || f.Type.Kind() == reflect.Pointer
	plain = f.IsExported() && !f.Anonymous && name != "" && name != "-" &&
		(options == "" || options == "omitzero" || options == "omitempty" && canBeEmpty) &&
		(f.Type.Kind() != reflect.String || !f.Type.Implements(reflect.TypeFor[json.Marshaler]()))
	return outMember{name: `"` + name + `":`, omit: options != ""}, plain
}

// isPlain reports whether encoding/json would put s between quotes as it is.
func isPlain(s string) bool {
	for _, c := range []byte(s) {
		if !inText[c] || c == '<' || c == '>' || c == '&' {
			return false
		}
	}
	return true
}
