package partnerapi

import (
	"encoding/json"
	"slices"
	"strings"
	"unicode/utf8"
)

// scanner reads JSON from left to right, as strictly as encoding/json. After the first thing that is no JSON it is bad,
// and at the end: whatever is asked of it then is empty.
type scanner struct {
	data  []byte
	at    int
	depth int
	bad   bool

	block strings.Builder // holds the short texts
}

// Beyond maxDepth encoding/json gives up too.
const maxDepth = 10_000

// blockSize is how much memory the short texts of a reply share, so that a list does not allocate each of them alone. A
// text that is kept keeps no more than its block.
const blockSize = 256

func (s *scanner) fail() {
	s.at, s.bad = len(s.data), true
}

// peek returns the first byte of what comes next, or 0 at the end.
func (s *scanner) peek() byte {
	if s.at < len(s.data) && s.data[s.at] > ' ' {
		return s.data[s.at]
	}
	return s.pastSpace()
}

func (s *scanner) pastSpace() byte {
	for i, c := range s.data[s.at:] {
		if c > ' ' || c != ' ' && c != '\n' && c != '\r' && c != '\t' {
			s.at += i
			return c
		}
	}
	s.at = len(s.data)
	return 0
}

// end makes s bad unless nothing comes any more.
func (s *scanner) end() {
	if s.peek(); s.at < len(s.data) {
		s.fail()
	}
}

// enter goes into the object or array that opens next, and reports whether there is anything in it. Like another, it is
// for loops:
//
//	for more := s.enter(); more; more = s.another('}') {
func (s *scanner) enter() bool {
	opened := s.data[s.at]
	s.at++
	if s.depth++; s.depth > maxDepth {
		s.fail()
	}
	if c := s.peek(); c == ']' || c == '}' {
		return s.another(opened + 2) // in ASCII, ] is two after [, and } two after {
	}
	return !s.bad
}

// another goes to the next member or element, or out of the object or array that ends with end.
func (s *scanner) another(end byte) bool {
	switch c := s.peek(); c {
	case ',':
		s.at++
		return true
	case end:
		s.at++
		s.depth--
	default:
		s.fail()
	}
	return false
}

// inText are the bytes that can follow one another in a string without a closer look.
var inText = func() (plain [256]bool) {
	for c := ' '; c < utf8.RuneSelf; c++ {
		plain[c] = c != '"' && c != '\\'
	}
	return plain
}()

// quoted returns what is between the quotes of the string that comes next, and whether it is there as it is meant:
// without escapes, and in UTF-8.
func (s *scanner) quoted() (text []byte, plain bool) {
	if s.peek() != '"' {
		s.fail()
		return nil, false
	}
	data, start := s.data, s.at+1
	plain, ascii := true, true
	for i := start; ; i++ {
		for i < len(data) && inText[data[i]] {
			i++
		}
		switch {
		case i < len(data) && data[i] == '"':
			s.at, text = i+1, data[start:i]
			return text, plain && (ascii || utf8.Valid(text))
		case i < len(data) && data[i] >= utf8.RuneSelf:
			ascii = false
		case i < len(data) && escapeLen(data[i:]) > 0:
			plain = false
			i += escapeLen(data[i:]) - 1
		default:
			s.fail()
			return nil, false
		}
	}
}

// escapeLen returns the length of the escape that data begins with, or 0 if it begins with none.
func escapeLen(data []byte) int {
	if len(data) < 2 || data[0] != '\\' {
		return 0
	}
	if data[1] != 'u' {
		if strings.IndexByte(`"\/bfnrt`, data[1]) < 0 {
			return 0
		}
		return 2
	}
	if len(data) < 6 {
		return 0
	}
	for _, c := range data[2:6] {
		if !isDigit(c) && (c|0x20 < 'a' || c|0x20 > 'f') {
			return 0
		}
	}
	return 6
}

// text returns the string that comes next.
func (s *scanner) text() string {
	text, plain := s.quoted()
	if !plain {
		return unquote(text)
	}
	return s.keep(text)
}

// unquote returns what a string means that has text between its quotes.
func unquote(text []byte) (meant string) {
	_ = json.Unmarshal(slices.Concat([]byte{'"'}, text, []byte{'"'}), &meant) // text of a string always can be read
	return meant
}

// keep returns a copy of text.
func (s *scanner) keep(text []byte) string {
	if len(text) > blockSize/4 {
		return string(text)
	}
	if s.block.Cap()-s.block.Len() < len(text) {
		s.block = strings.Builder{}
		s.block.Grow(min(blockSize, len(s.data)))
	}
	from := s.block.Len()
	s.block.Write(text)
	return s.block.String()[from:]
}

// name returns the name of the member that comes next, and goes to its value.
func (s *scanner) name() []byte {
	name, plain := s.quoted()
	if s.peek() != ':' {
		s.fail()
		return nil
	}
	s.at++
	if !plain {
		return []byte(unquote(name))
	}
	return name
}

// literal goes past null, true or false.
func (s *scanner) literal(text string) {
	if !s.past(text) {
		s.fail()
	}
}

// past goes past text if exactly that comes next.
func (s *scanner) past(text string) bool {
	end := s.at + len(text)
	if end > len(s.data) || string(s.data[s.at:end]) != text {
		return false
	}
	s.at = end
	return true
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

// number returns the text of the number that comes next.
func (s *scanner) number() []byte {
	start := s.at
	s.optional('-')
	if !s.optional('0') {
		s.digits()
	}
	if s.optional('.') {
		s.digits()
	}
	if s.optional('e') || s.optional('E') {
		_ = s.optional('+') || s.optional('-')
		s.digits()
	}
	if s.bad {
		return nil
	}
	return s.data[start:s.at]
}

// optional goes past c if that comes next.
func (s *scanner) optional(c byte) bool {
	if s.at == len(s.data) || s.data[s.at] != c {
		return false
	}
	s.at++
	return true
}

// digits goes past one or more digits.
func (s *scanner) digits() {
	start := s.at
	for s.at < len(s.data) && isDigit(s.data[s.at]) {
		s.at++
	}
	if s.at == start {
		s.fail()
	}
}

// raw returns the text of the value that comes next.
func (s *scanner) raw() []byte {
	s.peek()
	start := s.at
	if s.skip(); s.bad {
		return nil
	}
	return s.data[start:s.at]
}

// skip goes past the value that comes next.
func (s *scanner) skip() {
	switch s.peek() {
	case '{':
		for more := s.enter(); more; more = s.another('}') {
			s.name()
			s.skip()
		}
	case '[':
		for more := s.enter(); more; more = s.another(']') {
			s.skip()
		}
	case '"':
		s.quoted()
	case 'n':
		s.literal("null")
	case 't':
		s.literal("true")
	case 'f':
		s.literal("false")
	default:
		s.number()
	}
}

// isJSON reports whether data is one value and nothing else.
func isJSON(data []byte) bool {
	s := scanner{data: data}
	s.skip()
	s.end()
	return !s.bad
}

// A member of an object is looked for by its name. value is the text of its value: nothing if there is none, or null.
type member struct {
	name  string
	value []byte
}

// find looks for members of data, and reports whether data is an object of JSON and nothing else. If not, it has none. Of
// several of a name it finds the last, and the case of ASCII letters does not matter, as for encoding/json.
func find(data []byte, members ...*member) bool {
	s := scanner{data: data}
	if s.peek() != '{' {
		return false
	}
	for more := s.enter(); more; more = s.another('}') {
		name, value := s.name(), s.raw()
		for _, m := range members {
			if len(m.name) == len(name) && strings.EqualFold(m.name, string(name)) {
				m.value = value
			}
		}
	}
	s.end()
	for _, m := range members {
		if s.bad || m.is("null") {
			m.value = nil
		}
	}
	return !s.bad
}

// is reports whether the text of the value is as given.
func (m *member) is(text string) bool { return string(m.value) == text }

// text returns the value if it is a string.
func (m *member) text() string {
	if len(m.value) == 0 || m.value[0] != '"' {
		return ""
	}
	s := scanner{data: m.value}
	if text, plain := s.quoted(); plain {
		return string(text)
	}
	return unquote(m.value[1 : len(m.value)-1])
}

// bool returns the value if it is a boolean, or 0 or 1 in the place of one.
func (m *member) bool() (value, ok bool) {
	value = m.is("true") || m.is("1")
	return value, value || m.is("false") || m.is("0")
}

// texts returns the strings of the value if it is a list of them.
func (m *member) texts() (texts []string) {
	if m.value != nil {
		_ = unmarshal(m.value, &texts) // what is no string is empty
	}
	return texts
}
