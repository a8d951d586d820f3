package jsonwire

import (
	"encoding/binary"
	"encoding/json"
	"math/bits"
	"slices"
	"strings"
	"unicode/utf8"
)

// source is JSON, which its methods read as strictly as encoding/json. They take the index at which to begin and return the
// index behind what they read, or bad if that is not JSON. At bad they read nothing and return bad, so that it suffices to
// check the last one. An index that is returned stays in a register; one that is a field is stored and loaded for each step.
type source []byte

const bad = -1

// maxDepth is the limit of encoding/json too.
const maxDepth = 10_000

// at returns the byte at i, or 0 if there is none.
func (s source) at(i int) byte {
	if uint(i) < uint(len(s)) { // false for bad too
		return s[i]
	}
	return 0
}

// has reports whether text is at i, which is not bad.
func (s source) has(i int, text string) bool {
	return len(s)-i >= len(text) && string(s[i:i+len(text)]) == text
}

// space skips space.
func (s source) space(i int) int {
	if uint(i) < uint(len(s)) && s[i] > ' ' {
		return i
	}
	return s.skipSpace(i)
}

// skipSpace is space where there is some. It is not inlined, so that space is.
//
//go:noinline
func (s source) skipSpace(i int) int {
	for isSpace(s.at(i)) {
		i++
		for len(s)-i >= 8 { // responses that are indented are half space
			other := binary.LittleEndian.Uint64(s[i:i+8:i+8]) ^ ones*' '
			if other != 0 {
				i += bits.TrailingZeros64(other) / 8
				break
			}
			i += 8
		}
	}
	return i
}

// afterColon skips the space before a value, which mostly is one byte or none.
func (s source) afterColon(i int) int {
	if s.at(i) == ' ' {
		i++
	}
	return s.space(i)
}

// spaces has a bit for each byte that is space.
const spaces uint64 = 1<<' ' | 1<<'\n' | 1<<'\r' | 1<<'\t'

func isSpace(c byte) bool { return c <= ' ' && spaces>>c&1 != 0 }

// end skips space up to the end, and returns bad if there is anything else.
func (s source) end(i int) int {
	if i = s.space(i); i < len(s) {
		return bad
	}
	return i
}

// enter moves into the object or array at i, and reports whether it has any elements. It is used with next:
//
//	i, more := s.enter(i)
//	for more {
//		…
//		i, more = s.next(i, '}')
//	}
func (s source) enter(i int) (first int, more bool) {
	end := s[i] + 2 // in ASCII, ] is two after [, and } two after {
	if i = s.space(i + 1); s.at(i) == end {
		return i + 1, false
	}
	return i, true
}

// next moves to the next member or element, or out of the object or array that ends with end.
func (s source) next(i int, end byte) (next int, more bool) {
	i = s.space(i)
	switch s.at(i) {
	case ',':
		return i + 1, true
	case end:
		return i + 1, false
	default:
		return bad, false
	}
}

// inText holds the bytes of a string that stand for themselves.
var inText = func() (plain [256]bool) {
	for c := ' '; c < utf8.RuneSelf; c++ {
		plain[c] = c != '"' && c != '\\'
	}
	return plain
}()

// Text is read in words of 8 bytes. ones has a 1 in each byte, so that ones*c has a c in each, and highs has the high bits.
const (
	ones  = 0x01_01_01_01_01_01_01_01
	highs = ones * 0x80
)

// plain skips the bytes of a string that stand for themselves.
func (s source) plain(i int) int {
	for len(s)-i >= 8 {
		word := binary.LittleEndian.Uint64(s[i : i+8 : i+8]) // without a capacity, the index takes twice as long
		// The first byte that does not stand for itself has its high bit here: it is not ASCII, or a subtraction is below 0.
		// Bytes behind it may have theirs.
		other := (word | (word - ones*' ') | ((word ^ ones*'"') - ones) | ((word ^ ones*'\\') - ones)) & highs
		if other != 0 {
			return i + bits.TrailingZeros64(other)/8
		}
		i += 8
	}
	for i < len(s) && inText[s[i]] {
		i++
	}
	return i
}

// quoted reads a string. It returns what is between the quotes, and whether that is plain: valid UTF-8 without escapes.
func (s source) quoted(i int) (text []byte, plain bool, next int) {
	if s.at(i) != '"' {
		return nil, false, bad
	}
	end := s.plain(i + 1)
	if s.at(end) == '"' {
		return s[i+1 : end], true, end + 1
	}
	return s.notPlain(i+1, end)
}

// notPlain is quoted for a string that begins at start and is plain up to i.
func (s source) notPlain(start, i int) (text []byte, plain bool, next int) {
	escaped := false
	for {
		switch c := s.at(i); {
		case c == '"':
			text = s[start:i]
			return text, !escaped && utf8.Valid(text), i + 1
		case c >= utf8.RuneSelf:
			i++
		case escapeLen(s[i:]) > 0:
			escaped = true
			i += escapeLen(s[i:])
		default:
			return nil, false, bad
		}
		i = s.plain(i)
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

// unquote decodes the text between the quotes of a valid string.
func unquote(text []byte) (decoded string) {
	_ = json.Unmarshal(slices.Concat([]byte{'"'}, text, []byte{'"'}), &decoded) // it is valid
	return decoded
}

// name reads the name of a member and moves to its value.
func (s source) name(i int) (name []byte, value int) {
	name, plain, i := s.quoted(s.space(i))
	if i = s.space(i); s.at(i) != ':' {
		return nil, bad
	}
	if !plain {
		name = []byte(unquote(name))
	}
	return name, s.afterColon(i + 1)
}

// literal skips text, which is null, true or false.
func (s source) literal(i int, text string) int {
	if !s.has(i, text) {
		return bad
	}
	return i + len(text)
}

func isDigit(c byte) bool { return c-'0' <= 9 }

// number skips a number.
func (s source) number(i int) int {
	if s.at(i) == '-' {
		i++
	}
	if s.at(i) == '0' {
		i++
	} else {
		i = s.digits(i)
	}
	if s.at(i) == '.' {
		i = s.digits(i + 1)
	}
	if s.at(i)|0x20 == 'e' {
		if i++; s.at(i) == '+' || s.at(i) == '-' {
			i++
		}
		i = s.digits(i)
	}
	return i
}

// maxDigits is a number of digits that float64 holds exactly, and the powers of 10 too: for shorter numbers their quotient is
// what strconv returns.
const maxDigits = 15

// decimal reads a short number without an exponent, which is n divided by 10 to the power of decimals. It returns bad for any
// other.
func (s source) decimal(i int) (n int64, decimals, next int) {
	isNegative := s.at(i) == '-'
	if isNegative {
		i++
	}
	start := i
	for ; isDigit(s.at(i)); i++ {
		n = 10*n + int64(s[i]-'0')
	}
	whole := i - start
	if s.at(i) == '.' {
		for i++; isDigit(s.at(i)); i++ {
			n = 10*n + int64(s[i]-'0')
		}
		if decimals = i - start - whole - 1; decimals == 0 {
			return 0, 0, bad
		}
	}
	if whole == 0 || whole > 1 && s[start] == '0' || whole+decimals > maxDigits || s.at(i)|0x20 == 'e' {
		return 0, 0, bad
	}
	if isNegative {
		n = -n
	}
	return n, decimals, i
}

// digits skips one or more digits.
func (s source) digits(i int) int {
	start := i
	for isDigit(s.at(i)) {
		i++
	}
	if i == start {
		return bad
	}
	return i
}

// skip skips a value that is within depth objects and arrays.
func (s source) skip(i, depth int) int {
	i = s.space(i)
	switch s.at(i) {
	case '"':
		return s.skipText(i)
	case '{', '[':
		return s.skipAll(i, depth+1)
	case 'n':
		return s.literal(i, "null")
	case 't':
		return s.literal(i, "true")
	case 'f':
		return s.literal(i, "false")
	default:
		return s.number(i)
	}
}

// skipAll skips an object or array. All that is in a response is skipped once, so it does by itself what would otherwise be most
// of its calls.
func (s source) skipAll(i, depth int) int {
	if depth > maxDepth {
		return bad
	}
	end := s[i] + 2
	i, more := s.enter(i)
	for more {
		if end == '}' {
			i = s.skipText(s.space(i))
			if i = s.space(i); s.at(i) != ':' {
				return bad
			}
			if i++; s.at(i) == ' ' {
				i++
			}
		}
		if s.at(i) == '"' {
			i = s.skipText(i)
		} else {
			i = s.skip(i, depth)
		}
		if s.at(i) == ',' {
			i++
			continue
		}
		i, more = s.next(i, end)
	}
	return i
}

// skipText skips a string. It is quoted with less to return.
func (s source) skipText(i int) int {
	if s.at(i) == '"' {
		if end := s.plain(i + 1); s.at(end) == '"' {
			return end + 1
		}
	}
	_, _, i = s.quoted(i)
	return i
}

// Valid reports whether data is one JSON value and nothing else.
func Valid(data []byte) bool {
	s := source(data)
	return s.end(s.skip(0, 0)) != bad
}
