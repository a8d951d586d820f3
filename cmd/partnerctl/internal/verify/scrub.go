package verify

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
)

// scrubber replaces what is personal or secret by placeholders. The same value has the same placeholder everywhere. Only what
// is known as harmless stays: a value of a member that nobody knows is replaced.
type scrubber struct {
	placeholders map[string]string // by value
	counts       map[string]int    // by kind
	numbers      map[string]int
}

func newScrubber() *scrubber {
	return &scrubber{placeholders: make(map[string]string), counts: make(map[string]int), numbers: make(map[string]int)}
}

// learn makes a value known as one of a kind, and returns its placeholder.
func (s *scrubber) learn(kind, value string) string {
	if value == "" {
		return ""
	}
	if known := s.placeholders[value]; known != "" {
		return known
	}
	s.counts[kind]++
	s.placeholders[value] = fmt.Sprintf("<%s-%d>", kind, s.counts[kind])
	return s.placeholders[value]
}

// learnRequest makes the credentials of a request known.
func (s *scrubber) learnRequest(req *http.Request) {
	for _, name := range []string{"X-Token-Auth", "Api-Key", "Authorization"} {
		s.learn("token", strings.TrimPrefix(req.Header.Get(name), "Bearer "))
	}
	s.learn("token", req.URL.Query().Get("key"))
	for _, cookie := range req.Cookies() {
		s.learn("token", cookie.Value)
	}
}

func (s *scrubber) learnResponse(header http.Header) {
	for _, line := range header.Values("Set-Cookie") {
		pair, _, _ := strings.Cut(line, ";")
		_, value, _ := strings.Cut(pair, "=")
		s.learn("token", strings.TrimSpace(value))
	}
}

var (
	emailForm = regexp.MustCompile(`[^\s@"'<>():;,/?&=]+@[^\s@"'<>():;,/?&=]+`)
	urlForm   = regexp.MustCompile(`https?://[^\s"'<>]+`)
	longForm  = regexp.MustCompile(`[A-Za-z0-9+_.%-]*[0-9][A-Za-z0-9+_.%-]{5,}|[A-Za-z0-9+_.%-]{6,}[0-9][A-Za-z0-9+_.%-]*`)
	ourForm   = regexp.MustCompile(`partnerctl-verify-[0-9a-f]{8}-[a-z0-9]+`)
	idKey     = regexp.MustCompile(`^(acc|act|dom|usr|nwi|ver|app)_`)
	plainKey  = regexp.MustCompile(`^[a-z]+(_[a-z]+)*$`)
	dateForm  = regexp.MustCompile(`^\d{4}-\d\d-\d\d$`)
)

// text replaces what is known, and what looks like an e-mail, an address, a number or a token, in a text of the API.
func (s *scrubber) text(text string) string {
	var kept []string // placeholders, and our own made-up values, which name the records that a user may look for
	keep := func(value string) string {
		kept = append(kept, value)
		return fmt.Sprintf("\x00%c\x00", 'A'+rune(len(kept)-1)) //nolint:gosec // few values
	}
	restored := func(text string) string {
		for i, value := range slices.Backward(kept) {
			text = strings.ReplaceAll(text, fmt.Sprintf("\x00%c\x00", 'A'+rune(i)), value) //nolint:gosec // few values
		}
		return text
	}
	values := make([]string, 0, len(s.placeholders))
	for value := range s.placeholders {
		if len(value) >= 4 {
			values = append(values, value)
		}
	}
	slices.SortFunc(values, func(a, b string) int { return len(b) - len(a) }) // one can be within another
	for _, value := range values {
		for _, form := range []string{value, url.QueryEscape(value), url.PathEscape(value)} {
			if strings.Contains(text, form) {
				text = strings.ReplaceAll(text, form, keep(s.placeholders[value]))
			}
		}
	}
	for _, of := range []struct {
		form *regexp.Regexp
		kind string
	}{{urlForm, "address"}, {emailForm, "email"}, {ourForm, ""}, {longForm, "token"}} {
		text = of.form.ReplaceAllStringFunc(text, func(found string) string {
			if of.kind == "" {
				return keep(found)
			}
			return keep(s.learn(of.kind, restored(found)))
		})
	}
	return restored(text)
}

// words are members whose texts are the API's own.
var words = []string{
	"status", "error_type", "type", "request_method", "success", "error", "errors", "message", "messages", "plan", "filters",
}

// counted are members whose numbers say nothing about a person.
var counted = []string{"code", "total", "pages", "page", "records", "created", "proposed_date", "fee_proposed_date", "success"}

// harmlessKey returns the name of a member, unless it is a value itself.
func harmlessKey(name string) string {
	if plainKey.MatchString(name) && !idKey.MatchString(name) && len(name) <= 40 {
		return name
	}
	return "<name>"
}

// body replaces the values of a body. One that is not JSON has a placeholder as a whole.
func (s *scrubber) body(body []byte) string {
	if len(body) == 0 {
		return ""
	}
	decoder := json.NewDecoder(strings.NewReader(string(body)))
	decoder.UseNumber()
	var v any
	if decoder.Decode(&v) != nil {
		return s.learn("text", string(body))
	}
	var b strings.Builder
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	_ = encoder.Encode(s.value("", v)) // of decoded JSON
	return strings.TrimSuffix(b.String(), "\n")
}

// value replaces the values of a member. The name of a list is that of its elements, and texts stay texts.
func (s *scrubber) value(name string, v any) any {
	switch v := v.(type) {
	case map[string]any:
		replaced := make(map[string]any, len(v))
		for _, key := range slices.Sorted(maps.Keys(v)) { // in order, so that the same body always becomes the same
			value, inner := v[key], key
			if name == "fields" || name == "errors" {
				inner = "message" // the API's words about the field
			}
			if key != harmlessKey(key) {
				key = s.learn("id", key)
			}
			replaced[key] = s.value(inner, value)
		}
		return replaced
	case []any:
		const most = 3 // records of a list are alike
		replaced := []any{}
		for i, value := range v {
			if i == most && (name == "list" || name == "") {
				return append(replaced, fmt.Sprintf("<%d more>", len(v)-most))
			}
			replaced = append(replaced, s.value(name, value))
		}
		return replaced
	case string:
		return s.string(name, v)
	case json.Number:
		if slices.Contains(counted, name) {
			return v
		}
		return s.number(v.String())
	default:
		return v
	}
}

func (s *scrubber) string(name, text string) string {
	_, notTime := time.Parse(time.RFC3339, text)
	switch {
	case text == "":
		return ""
	case slices.Contains(words, name):
		return s.text(text)
	case strings.Contains(text, "@"):
		return s.learn("email", text)
	case dateForm.MatchString(text): // in the same form, so that it can be read
		return "2000-01-01"
	case notTime == nil:
		return "2000-01-01T00:00:00Z"
	case strings.Contains(name, "token") || name == "jwt":
		return s.learn("token", text)
	case strings.HasSuffix(name, "id"):
		return s.learn("id", text)
	default:
		return s.learn("text", text)
	}
}

// number returns a small number in place of a value that may be an id, so that it stays a number.
func (s *scrubber) number(value string) json.Number {
	if s.numbers[value] == 0 {
		s.numbers[value] = len(s.numbers) + 1
	}
	return json.Number(fmt.Sprint(s.numbers[value]))
}

// headers returns the headers that matter.
func (s *scrubber) headers(header http.Header) http.Header {
	kept := make(http.Header)
	for _, name := range []string{"Content-Type", "Retry-After"} {
		if value := header.Get(name); value != "" {
			kept.Set(name, value)
		}
	}
	if location := header.Get("Location"); location != "" {
		kept.Set("Location", s.learn("address", location))
	}
	for _, line := range header.Values("Set-Cookie") {
		pair, attributes, _ := strings.Cut(line, ";")
		_, value, _ := strings.Cut(pair, "=")
		var names []string
		for attribute := range strings.SplitSeq(attributes, ";") {
			name, _, _ := strings.Cut(strings.TrimSpace(attribute), "=")
			names = append(names, harmlessKey(strings.ToLower(name)))
		}
		kept.Add("Set-Cookie", "<cookie>="+s.learn("token", strings.TrimSpace(value))+"; "+strings.Join(names, "; "))
	}
	return kept
}
