package dump

import (
	"encoding/json"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// testRules know the members status, total and filters, and the names of email and user.
var testRules = Rules{
	Members: map[string]bool{"status": true, "total": true, "filters": true, "email": false, "user": false},
	Headers: map[string]func(string) bool{"Content-Type": IsMediaType, "X-Id": IsID, "X-Token": nil},
}

// known returns the secrets of a request.
func known(values ...string) *secrets {
	s := &secrets{isKnown: map[string]bool{"": true}}
	for _, value := range values {
		s.add(value)
	}
	return s
}

func TestJSON(t *testing.T) {
	t.Parallel()
	tests := map[string]struct{ body, want, why string }{
		"words and counts":         {`{"status":"ok", "total": 12}`, `{"status":"ok","total":12}`, ""},
		"true, false and null":     {`{"status":true,"total":false,"email":null,"x":null}`, `{"status":true,"total":false,"email":null,"[redacted 1 bytes]":null}`, ""},
		"other members":            {`{"email":"a@b.example","user":12.50}`, `{"email":"[redacted 11 bytes]","user":"[redacted 5 bytes]"}`, ""},
		"other true and false":     {`{"email":true,"user":false}`, `{"email":"[redacted]","user":"[redacted]"}`, ""},
		"unknown members":          {`{"alice@b.example":"ok","Status":"ok"}`, `{"[redacted 15 bytes]":"[redacted 2 bytes]","[redacted 6 bytes]":"[redacted 2 bytes]"}`, ""},
		"elements":                 {`{"filters":["pending","expired",1,"a b"],"user":["ok"]}`, `{"filters":["pending","expired",1,"[redacted 3 bytes]"],"user":["[redacted 2 bytes]"]}`, ""},
		"objects":                  {`{"user":{"status":"ok"},"status":{"email":"ok","total":[{"user":1}]}}`, `{"user":{"status":"ok"},"status":{"email":"[redacted 2 bytes]","total":[{"user":"[redacted 1 bytes]"}]}}`, ""},
		"no words":                 {`{"status":"2011-04-05","total":"a@b.example","filters":["O'Neill","ok\n","123","",""]}`, "{\n  \"status\": \"[redacted 10 bytes]\",\n  \"total\": \"[redacted 11 bytes]\",\n  \"filters\": [\n    \"[redacted 7 bytes]\",\n    \"[redacted 3 bytes]\",\n    \"[redacted 3 bytes]\",\n    \"[redacted 0 bytes]\",\n    \"[redacted 0 bytes]\"\n  ]\n}", ""},
		"no counts":                {`{"total":1234567890,"status":1.5,"filters":[-1,1e3]}`, `{"total":"[redacted 10 bytes]","status":"[redacted 3 bytes]","filters":["[redacted 2 bytes]","[redacted 3 bytes]"]}`, ""},
		"long words":               {`{"status":"` + strings.Repeat("a", 41) + `"}`, `{"status":"[redacted 41 bytes]"}`, ""},
		"secrets":                  {`{"status":"secret","total":1234,"filters":["SECRETWORD","other"]}`, `{"status":"[redacted 6 bytes]","total":"[redacted 4 bytes]","filters":["[redacted 10 bytes]","other"]}`, ""},
		"a word at the top":        {`"ok"`, `"[redacted 2 bytes]"`, ""},
		"a list at the top":        {`[1,[],{}]`, `["[redacted 1 bytes]",[],{}]`, ""},
		"escapes and other bytes":  {"{\"st\\u0061tus\":\"o\\u006b\",\"email\xff\":\"\xff\"}", `{"status":"ok","[redacted 8 bytes]":"[redacted 3 bytes]"}`, ""},
		"the same member twice":    {`{"status":"ok","status":"ok ok"}`, `{"status":"ok","status":"[redacted 5 bytes]"}`, ""},
		"a byte order mark":        {"\ufeff{}", `{}`, ""},
		"space":                    {" {\n} ", `{}`, ""},
		"cut JSON":                 {`{"status":"ok"`, "", "not JSON"},
		"more after it":            {`{"status":"ok"} ok`, "", "not JSON"},
		"a page":                   {`<html>ok</html>`, "", "not JSON"},
		"as deep as what is shown": {strings.Repeat("[", 32) + strings.Repeat("]", 32), strings.Repeat("[", 32) + strings.Repeat("]", 32), ""},
		"too deep":                 {strings.Repeat("[", 33) + strings.Repeat("]", 33), "", "nested too deeply"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			secrets := known("secret", "1234", "secretword")
			secrets.isComplete = true
			lines, why := testRules.json([]byte(test.body), secrets)
			assert.Equal(t, test.want, strings.Join(lines, "\n"))
			assert.Equal(t, test.why, why)
		})
	}
}

// Of a request with more values than can be looked for, none is written.
func TestTooManySecrets(t *testing.T) {
	t.Parallel()
	s := known()
	for i := range mostSecrets {
		s.add(strconv.Itoa(i))
	}
	assert.False(t, s.has("ok"))
	s.add("another")
	assert.True(t, s.has("ok"))
	s.isComplete = true
	before := len(s.values)
	s.add("of a response")
	assert.Len(t, s.values, before)
}

// Whatever a body is, its dump is JSON of the same shape, with only known names, words, counts and lengths.
func FuzzJSON(f *testing.F) {
	for _, seed := range []string{
		`{"status":"ok","total":1,"email":"a@b.example","x":[true,null,{"y":-1.5e3}]}`, `[[[]]]`, `"ok"`, "\ufeff{\"filters\":[\"a\",2]}", `{"a":`,
		"{\"status\":\"\xff\\u2028\",\"status\":\"secretword\"}",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		lines, why := testRules.json(body, known("secretword", "1234"))
		if why != "" {
			assert.Empty(t, lines)
			return
		}
		text := strings.Join(lines, "\n")
		var before, after any
		require.NoError(t, json.Unmarshal([]byte(strings.TrimPrefix(string(body), "\ufeff")), &before))
		require.NoError(t, json.Unmarshal([]byte(text), &after))
		assert.NotContains(t, strings.ToLower(text), "secretword")
		_, wasObject := before.(map[string]any)
		_, isObject := after.(map[string]any)
		assert.Equal(t, wasObject, isObject)
		assertHarmless(t, after, false)
	})
}

var (
	aMark = regexp.MustCompile(`^\[redacted( \d+ bytes)?\]$`)
	aName = regexp.MustCompile(`^(\[redacted \d+ bytes\]|status|total|filters|email|user)$`)
	aWord = regexp.MustCompile(`^(\[redacted \d+ bytes\]|[A-Za-z_]{1,40})$`)
)

// assertHarmless asserts that v has known names only, and words, counts, true and false only where they may be shown.
func assertHarmless(t *testing.T, v any, isShown bool) {
	t.Helper()
	switch v := v.(type) {
	case map[string]any:
		for name, element := range v {
			assert.Regexp(t, aName, name)
			assertHarmless(t, element, name == "status" || name == "total" || name == "filters")
		}
	case []any:
		for _, element := range v {
			assertHarmless(t, element, isShown)
		}
	case string:
		if isShown {
			assert.Regexp(t, aWord, v)
		} else {
			assert.Regexp(t, aMark, v)
		}
	case float64:
		assert.True(t, isShown)
		assert.GreaterOrEqual(t, v, 0.0)
		assert.LessOrEqual(t, v, 999_999_999.0)
		assert.NotEqual(t, 1234.0, v)
	case bool:
		assert.True(t, isShown)
	}
}
