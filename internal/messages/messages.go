// Package messages finds the messages of a failure in a response, in any of the forms that APIs use: a text, a list, or an
// object of field and text. A server decides how many it sends, so that all is bounded as it is read.
package messages

import (
	"fmt"
	"slices"
	"strings"

	"github.com/partnerapi/partnerapi-go/internal/jsonwire"
)

const (
	// maxTexts is the maximum number of messages, fields, or messages about a field.
	maxTexts = 1000
	// maxField is the maximum length of the name of a field, in bytes.
	maxField = 200
	// maxDepth is how many lists and objects a message can be nested in.
	maxDepth = 10
)

// Form is what a caller knows of its APIs.
type Form struct {
	NotFields []string // members of an object with messages that are not the name of a field
	CutAfter  string   // ends a message that begins with it and a colon
}

// Found are the messages of a response.
type Found struct {
	form     *Form
	unread   []byte // the response, of Later
	messages texts
	fields   map[string]*texts
	left     int // how many texts are about fields that are not kept
}

// texts are the first texts, and how many more there are.
type texts struct {
	kept []string
	left int
}

func (t *texts) add(text string) {
	switch len(t.kept) {
	case 0:
		t.kept = []string{text} // mostly the only one; append takes longer
	case maxTexts:
		t.left++
	default:
		t.kept = append(t.kept, text)
	}
}

// all returns the texts, and a last one that says how many more there are.
func (t *texts) all() []string {
	if t.left == 0 {
		return t.kept
	}
	return append(slices.Clip(t.kept), fmt.Sprintf("and %d more", t.left))
}

// Find returns the messages in a response. A response that is not a JSON object has none. In the same pass it finds other
// members, as [jsonwire.Find] does.
func (form *Form) Find(response []byte, others ...*jsonwire.Member) (f Found, isObject bool) {
	f.form = form
	_, isObject = f.members(response, "", false, 0, others)
	return f, isObject
}

// Later is Find without other members. It reads the response when one of the methods of Found is first called.
func (form *Form) Later(response []byte) Found { return Found{form: form, unread: response} }

func (f *Found) find() {
	if f.unread != nil {
		*f, _ = f.form.Find(f.unread)
	}
}

// Kept returns the first 1,000 messages.
func (f *Found) Kept() []string {
	f.find()
	return f.messages.kept
}

// All returns the first 1,000 messages, then one that says how many more there are, and one that says how many are about
// fields that were left out.
func (f *Found) All() []string {
	f.find()
	all := f.messages.all()
	if f.left > 0 {
		all = append(slices.Clip(all), fmt.Sprintf("and %d about more fields", f.left))
	}
	return all
}

// Fields maps the first 1,000 fields to the messages about them. It is nil if the response has no fields, and empty if it has
// an empty object of fields.
func (f *Found) Fields() map[string]string {
	f.find()
	if f.fields == nil {
		return nil
	}
	fields := make(map[string]string, len(f.fields))
	for name, about := range f.fields {
		fields[name] = strings.Join(about.all(), "; ")
	}
	return fields
}

// speaking are the members that hold messages. Those in fields are only about fields.
var speaking = [...]string{"messages", "message", "errors", "error", "fields"}

// mostOthers is how many other members are found in the same pass. More of them take a second pass.
const mostOthers = 6

// members reads the members of an object that hold messages, and reports whether there are any, and whether it is an object. In
// the same pass it finds others.
func (f *Found) members(object []byte, about string, quiet bool, depth int, others []*jsonwire.Member) (spoke, isObject bool) {
	var found [len(speaking) + 1 + mostOthers]jsonwire.Member // copies, so that those of the caller stay on its stack
	var all [len(found)]*jsonwire.Member
	for i, name := range speaking {
		found[i].Name = name
	}
	field, rest := &found[len(speaking)], found[len(speaking)+1:]
	field.Name = "field"
	fit := min(len(others), len(rest))
	for i, other := range others[:fit] {
		rest[i].Name = other.Name
	}
	for i := range all {
		all[i] = &found[i]
	}
	isObject = jsonwire.Find(object, all[:len(speaking)+1+fit]...)
	for i, other := range others[:fit] {
		other.Value = rest[i].Value
	}
	if fit < len(others) {
		jsonwire.Find(object, others[fit:]...)
	}
	if name := field.Text(); name != "" {
		about = within(about, name)
	}
	for i := range speaking {
		m := &found[i]
		if m.Value == nil {
			continue
		}
		spoke = true
		if f.fields == nil && m.Name == "fields" && jsonwire.IsObject(m.Value) {
			f.fields = make(map[string]*texts) // also if it is empty
		}
		f.read(m.Value, about, quiet || m.Name == "fields", depth+1)
	}
	return spoke, isObject
}

// read reads the messages in a value. They are about the field about, unless it is empty, and then left out of the messages
// if quiet.
func (f *Found) read(value []byte, about string, quiet bool, depth int) {
	if len(value) == 0 || depth > maxDepth {
		return
	}
	switch value[0] {
	case '"':
		f.add(jsonwire.Member{Value: value}.Text(), about, quiet)
	case '[':
		for item := range jsonwire.Items(value) {
			f.read(item, about, quiet, depth+1)
		}
	case '{':
		spoke, _ := f.members(value, about, quiet, depth, nil)
		for name, value := range jsonwire.Members(value) {
			if !spoke || !isOneOf(name, speaking[:]) && !isOneOf(name, f.form.NotFields) && name != "field" {
				f.read(value, within(about, name), quiet || spoke, depth+1)
			}
		}
	}
}

func (f *Found) add(text, about string, quiet bool) {
	if rest, begins := strings.CutPrefix(strings.TrimSpace(text), f.form.CutAfter); begins && strings.HasPrefix(rest, ":") {
		text = f.form.CutAfter
	}
	if text == "" {
		return
	}
	if about == "" || !quiet {
		f.messages.add(text)
	}
	if about == "" {
		return
	}
	if f.fields == nil {
		f.fields = make(map[string]*texts)
	}
	if f.fields[about] == nil {
		if len(f.fields) == maxTexts {
			f.left++
			return
		}
		f.fields[about] = new(texts)
	}
	f.fields[about].add(text)
}

// within returns the name of a field of the field outer, or of an outermost one if outer is empty. A long name is cut: it is
// copied for each field inside.
func within(outer, name string) string {
	if outer != "" {
		name = outer + "." + name
	}
	if len(name) > maxField {
		return strings.ToValidUTF8(name[:maxField], "")
	}
	return name
}

func isOneOf(name string, names []string) bool {
	return slices.ContainsFunc(names, func(n string) bool { return strings.EqualFold(n, name) })
}
