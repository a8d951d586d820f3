package dump

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"
)

// mostDepth limits the nesting of what is written, and with it the spaces in front of a line.
const mostDepth = 32

// json returns the lines of a body in which every value that may not be written is a string with its length, or why there are
// none.
func (r Rules) json(body []byte, known *secrets) (lines []string, why string) {
	body = bytes.TrimPrefix(body, []byte("\ufeff"))
	if !json.Valid(body) {
		return nil, "not JSON"
	}
	p := printer{rules: r, secrets: known, decoder: json.NewDecoder(bytes.NewReader(body))}
	p.decoder.UseNumber()
	p.value(nil, true, 0)
	const wide = 120
	switch {
	case p.failed:
		return nil, "nested too deeply"
	case p.out.Len() <= wide:
		return []string{p.out.String()}, ""
	}
	var indented bytes.Buffer
	_ = json.Indent(&indented, p.out.Bytes(), "", "  ") // it is valid
	return strings.Split(indented.String(), "\n"), ""
}

// printer writes JSON with redacted values.
type printer struct {
	rules   Rules
	secrets *secrets
	decoder *json.Decoder
	out     bytes.Buffer
	failed  bool
}

// token returns the next token. Without one the printer has failed.
func (p *printer) token() json.Token {
	token, err := p.decoder.Token()
	p.failed = p.failed || err != nil
	return token
}

// value writes the next value, as it is if isHarmless reports so. isOpen says whether values of its members may be written.
func (p *printer) value(isHarmless func(any) bool, isOpen bool, depth int) {
	token := p.token()
	isShown := isHarmless != nil && isHarmless(token)
	switch token := token.(type) {
	case json.Delim:
		p.out.WriteRune(rune(token))
		p.elements(isOpen, token == '{', depth+1)
		p.out.WriteRune(rune(token) + 2) // in ASCII, ] is two after [, and } two after {
	case nil:
		p.out.WriteString("null") // holds nothing
	case bool:
		if isShown {
			p.out.WriteString(strconv.FormatBool(token))
		} else {
			p.out.WriteString(`"[redacted]"`) // the length would tell it
		}
	case json.Number:
		if text := p.secrets.value(token.String(), isShown); text == token.String() {
			p.out.WriteString(text)
		} else {
			p.text(text)
		}
	case string:
		p.text(p.secrets.value(token, isShown))
	}
}

// elements writes the members of an object or the elements of an array, up to its end. Values are written of the members of a
// body and of its error only: deeper, a name such as status can be a customer's.
func (p *printer) elements(isOpen, isObject bool, depth int) {
	p.failed = p.failed || depth > mostDepth
	for i := 0; !p.failed && p.decoder.More(); i++ {
		if i > 0 {
			p.out.WriteByte(',')
		}
		var isHarmless func(any) bool
		isError := false
		if isObject {
			name, _ := p.token().(string)
			rule, isKnown := p.rules.Members[name]
			if isOpen {
				isHarmless, isError = rule, depth == 1 && name == "error"
			}
			p.text(p.secrets.name(name, isKnown))
			p.out.WriteByte(':')
		}
		p.value(isHarmless, isError, depth)
	}
	if !p.failed {
		p.token() // the end
	}
}

// text writes a string, which has no character to escape.
func (p *printer) text(text string) { p.out.WriteString(`"` + text + `"`) }
