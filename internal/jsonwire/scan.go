package jsonwire

import (
	"encoding/json"
	"slices"
	"strings"
	"unicode/utf8"
)

// scanner reads JSON from left to right, as strictly as encoding/json. At the first error it becomes bad and moves to the
// end: everything it returns from then on is empty.
type scanner struct {
	data  []byte
	at    int
	depth int
	bad   bool

	block strings.Builder // holds the short strings
}

// maxDepth is the limit of encoding/json too.
const maxDepth = 10_000

// blockSize is the size of the memory blocks that the short strings of a response share, so that a list does not allocate
// each of them. A string that stays in use retains its block and no more.
const blockSize = 256

func (s *scanner) fail() {
	s.at, s.bad = len(s.data), true
}

// peek skips space and returns the next byte, or 0 at the end.
func (s *scanner) peek() byte {
	if s.at < len(s.data) && s.data[s.at] > ' ' {
		return s.data[s.at]
	}
	return s.skipSpace()
}

func (s *scanner) skipSpace() byte {
	for i, c := range s.data[s.at:] {
		if c > ' ' || c != ' ' && c != '\n' && c != '\r' && c != '\t' {
			s.at += i
			return c
		}
	}
	s.at = len(s.data)
	return 0
}

// end fails if anything but space is left.
func (s *scanner) end() {
	if s.peek(); s.at < len(s.data) {
		s.fail()
	}
}

// enter moves into the object or array that begins here, and reports whether it has any elements. It is used with next:
//
//	for more := s.enter(); more; more = s.next('}') {
func (s *scanner) enter() bool {
	opened := s.data[s.at]
	s.at++
	if s.depth++; s.depth > maxDepth {
		s.fail()
	}
	if c := s.peek(); c == ']' || c == '}' {
		return s.next(opened + 2) // in ASCII, ] is two after [, and } two after {
	}
	return !s.bad
}

// next moves to the next member or element, or out of the object or array that ends with end.
func (s *scanner) next(end byte) bool {
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

// inText holds the bytes of a string that stand for themselves.
var inText = func() (plain [256]bool) {
	for c := ' '; c < utf8.RuneSelf; c++ {
		plain[c] = c != '"' && c != '\\'
	}
	return plain
}()

// quoted reads a string. It returns what is between the quotes, and whether that is plain: valid UTF-8 without escapes.
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

// escapeLen returns the length of the escape that data begins with, or 0 if there is none.
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

// text reads a string.
func (s *scanner) text() string {
	text, plain := s.quoted()
	if !plain {
		return unquote(text)
	}
	return s.copyOf(text)
}

// unquote decodes the text between the quotes of a valid string.
func unquote(text []byte) (decoded string) {
	_ = json.Unmarshal(slices.Concat([]byte{'"'}, text, []byte{'"'}), &decoded) // the scanner has validated it
	return decoded
}

// copyOf returns text as a string, in a shared block if it is short.
func (s *scanner) copyOf(text []byte) string {
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

// name reads the name of a member and moves to its value.
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

// literal reads null, true or false.
func (s *scanner) literal(text string) {
	if !s.take(text) {
		s.fail()
	}
}

// take skips text if that comes next, and reports whether it did.
func (s *scanner) take(text string) bool {
	end := s.at + len(text)
	if end > len(s.data) || string(s.data[s.at:end]) != text {
		return false
	}
	s.at = end
	return true
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

// number reads a number and returns its text.
func (s *scanner) number() []byte {
	start := s.at
	s.takeByte('-')
	if !s.takeByte('0') {
		s.digits()
	}
	if s.takeByte('.') {
		s.digits()
	}
	if s.takeByte('e') || s.takeByte('E') {
		_ = s.takeByte('+') || s.takeByte('-')
		s.digits()
	}
	if s.bad {
		return nil
	}
	return s.data[start:s.at]
}

// takeByte skips c if that comes next, and reports whether it did.
func (s *scanner) takeByte(c byte) bool {
	if s.at == len(s.data) || s.data[s.at] != c {
		return false
	}
	s.at++
	return true
}

// digits skips one or more digits.
func (s *scanner) digits() {
	start := s.at
	for s.at < len(s.data) && isDigit(s.data[s.at]) {
		s.at++
	}
	if s.at == start {
		s.fail()
	}
}

// raw skips a value and returns its JSON.
func (s *scanner) raw() []byte {
	s.peek()
	start := s.at
	if s.skip(); s.bad {
		return nil
	}
	return s.data[start:s.at]
}

// skip skips a value.
func (s *scanner) skip() {
	switch s.peek() {
	case '{':
		for more := s.enter(); more; more = s.next('}') {
			s.name()
			s.skip()
		}
	case '[':
		for more := s.enter(); more; more = s.next(']') {
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

// Valid reports whether data is one JSON value and nothing else.
func Valid(data []byte) bool {
	s := scanner{data: data}
	s.skip()
	s.end()
	return !s.bad
}
