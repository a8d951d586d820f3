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
	if len(t.kept) < maxTexts {
		t.kept = append(t.kept, text)
	} else {
		t.left++
	}
}

// all returns the texts, and a last one that says how many more there are.
func (t *texts) all() []string {
	if t.left == 0 {
		return t.kept
	}
	return append(slices.Clip(t.kept), fmt.Sprintf("and %d more", t.left))
}

// Find returns the messages in a response. A response that is not a JSON object has none.
func (form *Form) Find(response []byte) Found {
	f := Found{form: form}
	f.members(response, "", false, 0)
	return f
}

// Kept returns the first 1,000 messages.
func (f Found) Kept() []string { return f.messages.kept }

// All returns the first 1,000 messages, then one that says how many more there are, and one that says how many are about
// fields that were left out.
func (f Found) All() []string {
	all := f.messages.all()
	if f.left > 0 {
		all = append(slices.Clip(all), fmt.Sprintf("and %d about more fields", f.left))
	}
	return all
}

// Fields maps the first 1,000 fields to the messages about them. It is nil if the response has no fields, and empty if it has
// an empty object of fields.
func (f Found) Fields() map[string]string {
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

// members reads the members of an object that hold messages, and reports whether there are any.
func (f *Found) members(object []byte, about string, quiet bool, depth int) (spoke bool) {
	var found [len(speaking) + 1]jsonwire.Member
	var all [len(found)]*jsonwire.Member
	for i := range found {
		all[i] = &found[i]
		if i < len(speaking) {
			found[i].Name = speaking[i]
		}
	}
	field := all[len(speaking)]
	field.Name = "field"
	jsonwire.Find(object, all[:]...)
	if name := field.Text(); name != "" {
		about = within(about, name)
	}
	for _, m := range found[:len(speaking)] {
		spoke = spoke || m.Value != nil
		if f.fields == nil && m.Name == "fields" && jsonwire.IsObject(m.Value) {
			f.fields = make(map[string]*texts) // also if it is empty
		}
		f.read(m.Value, about, quiet || m.Name == "fields", depth+1)
	}
	return spoke
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
		spoke := f.members(value, about, quiet, depth)
		for name, value := range jsonwire.Members(value) {
			if !spoke || !isOneOf(name, speaking[:]) && !isOneOf(name, f.form.NotFields) && name != "field" {
				f.read(value, within(about, name), quiet || spoke, depth+1)
			}
		}
	}
}

func (f *Found) add(text, about string, quiet bool) {
	if strings.HasPrefix(strings.TrimSpace(text), f.form.CutAfter+":") {
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
