package jsonwire

import (
	"bytes"
	"iter"
	"slices"
	"strings"
)

// Member is a member of an object, which [Find] looks up by its name. The name is ASCII. Value is its JSON, and empty if the
// member is absent or null.
type Member struct {
	Name  string
	Value []byte
}

// Find sets the Value of each of members from data, and reports whether data is a valid JSON object. If not, all are empty.
// As for encoding/json, the last one wins if a name occurs twice, and the case of ASCII letters does not matter.
func Find(data []byte, members ...*Member) bool {
	s := source(data)
	i := s.space(0)
	if s.at(i) != '{' {
		return false
	}
	i, more := s.enter(i)
	for more {
		name, start := s.name(i)
		i = s.skip(start, 1)
		for _, m := range members {
			if len(m.Name) == len(name) && m.isNamed(name) && i != bad {
				m.Value = data[start:i]
			}
		}
		i, more = s.next(i, '}')
	}
	i = s.end(i)
	for _, m := range members {
		if i == bad || m.Is("null") {
			m.Value = nil
		}
	}
	return i != bad
}

// isNamed reports whether name, which has the length of the member's, is the member's in any case. Most names of that length differ
// in the first byte, of which the bit 0x20 is the case of a letter.
func (m *Member) isNamed(name []byte) bool {
	return m.Name == string(name) || len(name) > 0 && m.Name[0]|0x20 == name[0]|0x20 && strings.EqualFold(m.Name, string(name))
}

// Is reports whether the JSON of the value is text.
func (m Member) Is(text string) bool { return string(m.Value) == text }

// Text returns the value if it is a string, and otherwise the empty string.
func (m Member) Text() string {
	if len(m.Value) == 0 || m.Value[0] != '"' {
		return ""
	}
	if text, plain, _ := source(m.Value).quoted(0); plain {
		return string(text)
	}
	return unquote(m.Value[1 : len(m.Value)-1])
}

// Says reports whether the value is a string that is text, in any case. It does not allocate.
func (m Member) Says(text string) bool {
	quoted, plain, _ := source(m.Value).quoted(0)
	if !plain {
		return strings.EqualFold(m.Text(), text)
	}
	return strings.EqualFold(string(quoted), text)
}

// Day returns the value if it is a string of the form YYYY-MM-DD. It does not check that there is such a day.
func (m Member) Day() (year, month, day int, ok bool) {
	const form = `"0000-00-00"`
	if len(m.Value) != len(form) {
		return 0, 0, 0, false
	}
	var parts [3]int
	part := 0
	for i, c := range m.Value {
		switch isNumber := form[i] == '0'; {
		case isNumber && isDigit(c):
			parts[part] = 10*parts[part] + int(c-'0')
		case isNumber, form[i] != c:
			return 0, 0, 0, false
		case c == '-':
			part++
		}
	}
	return parts[0], parts[1], parts[2], true
}

// TextOf is Text, but does not allocate if the text is one of known.
func (m Member) TextOf(known ...string) string {
	for _, text := range known {
		if len(m.Value) == len(text)+2 && m.Value[0] == '"' && string(m.Value[1:len(text)+1]) == text {
			return text
		}
	}
	return m.Text()
}

// Bool returns the value if it is a boolean, or 0 or 1.
func (m Member) Bool() (value, ok bool) {
	value = m.Is("true") || m.Is("1")
	return value, value || m.Is("false") || m.Is("0")
}

// Texts returns the strings of the value if it is a list. An element of another type is the empty string.
func (m Member) Texts() (texts []string) {
	if m.Value != nil {
		_ = Unmarshal(m.Value, &texts)
	}
	return texts
}

// IsTruthy reports whether the value is set: null, false, 0, an empty string, and a list or an object that is empty
// or holds only empty ones are not set.
func (m Member) IsTruthy() bool {
	value, known := m.Bool()
	hollow := len(bytes.Trim(m.Value, "[]{}, \t\r\n")) == 0
	return !hollow && (value || !known) && !m.Is(`""`)
}

// HasText reports whether the value is a string that is not blank, or a list with one.
func (m Member) HasText() bool {
	return slices.ContainsFunc(append(m.Texts(), m.Text()), func(text string) bool { return strings.TrimSpace(text) != "" })
}

// HasFieldTexts reports whether the value is an object of which each member has text, see [Member.HasText].
func (m Member) HasFieldTexts() (has bool) {
	for _, value := range Members(m.Value) {
		if has = (Member{Value: value}).HasText(); !has {
			return false
		}
	}
	return has
}

// Members returns the name and the JSON of each member of an object, in order. It yields nothing for another value, and
// stops where object is invalid.
func Members(object []byte) iter.Seq2[string, []byte] {
	return func(yield func(string, []byte) bool) {
		s := source(object)
		i := s.space(0)
		if s.at(i) != '{' {
			return
		}
		i, more := s.enter(i)
		for more {
			name, start := s.name(i)
			if i = s.skip(start, 1); i == bad || !yield(string(name), object[start:i]) {
				return
			}
			i, more = s.next(i, '}')
		}
	}
}

// Items returns the JSON of each element of a list, in order. It yields nothing for another value, and stops where list is
// invalid.
func Items(list []byte) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		s := source(list)
		i := s.space(0)
		if s.at(i) != '[' {
			return
		}
		i, more := s.enter(i)
		for more {
			start := s.space(i)
			if i = s.skip(start, 1); i == bad || !yield(list[start:i]) {
				return
			}
			i, more = s.next(i, ']')
		}
	}
}

// IsObject reports whether value begins as an object does. It does not check the rest, nor skip space.
func IsObject(value []byte) bool { return len(value) > 0 && value[0] == '{' }
