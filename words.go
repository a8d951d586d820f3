package partnerapi

import (
	"fmt"
	"slices"
	"strings"

	"github.com/partnerapi/partnerapi-go/internal/jsonwire"
)

// words are the messages of a failure, in any of the forms that APIs use: a text, a list, or an object of field and text.
type words struct {
	messages sayings
	fields   map[string]*sayings
	left     int // how many texts are about fields that are not kept
}

// sayings are the first texts, and how many there are besides. They are bounded as they are read: a server decides how
// many it sends.
type sayings struct {
	texts []string
	left  int
}

func (s *sayings) add(text string) {
	if len(s.texts) < mostWords {
		s.texts = append(s.texts, text)
	} else {
		s.left++
	}
}

// all returns the texts, and a last one that says how many more there are.
func (s *sayings) all() []string {
	if s.left == 0 {
		return s.texts
	}
	return append(slices.Clip(s.texts), fmt.Sprintf("and %d more", s.left))
}

const (
	// mostWords is how many messages, fields, or messages about a field an [Error] holds.
	mostWords = 1000
	// longestField is how many bytes the name of a field has at most.
	longestField = 200
	// deepestWords is how many lists and objects words can be nested in.
	deepestWords = 10
)

// speaking are the members that hold words. Those in fields become Fields only.
var speaking = [...]string{"messages", "message", "errors", "error", "fields"}

// silent are the members beside them that name no field of a request.
var silent = []string{"success", "status", "error_type", "type", "code", "request_method", "dev_message", "field"}

// wordsOf returns the words in a response.
func wordsOf(object []byte) (w words) {
	w.members(object, "", false, 0)
	return w
}

// members reads the words of the members of an object that hold words, and reports whether there are any.
func (w *words) members(object []byte, about string, quiet bool, depth int) (spoke bool) {
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
		if w.fields == nil && m.Name == "fields" && jsonwire.IsObject(m.Value) {
			w.fields = make(map[string]*sayings) // also if there is nothing in it
		}
		w.read(m.Value, about, quiet || m.Name == "fields", depth+1)
	}
	return spoke
}

// read reads the words of a value. They belong to the field about, if it is set, and then only to it if quiet.
func (w *words) read(value []byte, about string, quiet bool, depth int) {
	if len(value) == 0 || depth > deepestWords {
		return
	}
	switch value[0] {
	case '"':
		w.say(jsonwire.Member{Value: value}.Text(), about, quiet)
	case '[':
		for item := range jsonwire.Items(value) {
			w.read(item, about, quiet, depth+1)
		}
	case '{':
		spoke := w.members(value, about, quiet, depth)
		for name, value := range jsonwire.Members(value) {
			if !spoke || !isOneOf(name, speaking[:]) && !isOneOf(name, silent) {
				w.read(value, within(about, name), quiet || spoke, depth+1)
			}
		}
	}
}

func (w *words) say(text, about string, quiet bool) {
	if strings.HasPrefix(strings.TrimSpace(text), "Not Found:") {
		text = "Not Found" // the rest is the path, which holds arguments of the call
	}
	if text == "" {
		return
	}
	if about == "" || !quiet {
		w.messages.add(text)
	}
	if about == "" {
		return
	}
	if w.fields == nil {
		w.fields = make(map[string]*sayings)
	}
	if w.fields[about] == nil {
		if len(w.fields) == mostWords {
			w.left++
			return
		}
		w.fields[about] = new(sayings)
	}
	w.fields[about].add(text)
}

// within returns the name of a field of the field outer, if that is set. A name that no field has is cut: it is copied for
// each field inside.
func within(outer, name string) string {
	if outer != "" {
		name = outer + "." + name
	}
	if len(name) > longestField {
		return strings.ToValidUTF8(name[:longestField], "")
	}
	return name
}

func isOneOf(name string, names []string) bool {
	return slices.ContainsFunc(names, func(n string) bool { return strings.EqualFold(n, name) })
}

// of puts the words into a failure.
func (w words) of(failed *Error) *Error {
	failed.Messages = w.messages.all()
	if w.left > 0 {
		failed.Messages = append(failed.Messages, fmt.Sprintf("and %d about more fields", w.left))
	}
	if w.fields != nil {
		failed.Fields = make(map[string]string, len(w.fields))
	}
	for field, said := range w.fields {
		failed.Fields[field] = strings.Join(said.all(), "; ")
	}
	return failed
}
