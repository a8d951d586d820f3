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

// testRules know the members status, total and success, and the names of email, user, error and filters.
var testRules = Rules{
	Members: map[string]func(any) bool{"status": IsWord, "total": IsShortNumber, "success": IsFlag, "email": nil, "user": nil, "error": nil, "filters": nil},
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
		"true, false and null":     {`{"success":false,"email":null,"x":null}`, `{"success":false,"email":null,"[redacted 1 bytes]":null}`, ""},
		"values of other types":    {`{"status":true,"total":"12","success":"ok"}`, `{"status":"[redacted]","total":"[redacted 2 bytes]","success":"[redacted 2 bytes]"}`, ""},
		"other members":            {`{"email":"a@b.example","user":12.50}`, `{"email":"[redacted 11 bytes]","user":"[redacted 5 bytes]"}`, ""},
		"other true and false":     {`{"email":true,"user":false}`, `{"email":"[redacted]","user":"[redacted]"}`, ""},
		"unknown members":          {`{"alice@b.example":"ok","Status":"ok"}`, `{"[redacted 15 bytes]":"[redacted 2 bytes]","[redacted 6 bytes]":"[redacted 2 bytes]"}`, ""},
		"elements":                 {`{"filters":["pending",1],"status":["ok"]}`, `{"filters":["[redacted 7 bytes]","[redacted 1 bytes]"],"status":["[redacted 2 bytes]"]}`, ""},
		"objects":                  {`{"user":{"status":"miller","total":1},"status":{"status":"ok"}}`, `{"user":{"status":"[redacted 6 bytes]","total":"[redacted 1 bytes]"},"status":{"status":"[redacted 2 bytes]"}}`, ""},
		"an error":                 {`{"error":{"status":"bad-id","total":404,"user":{"status":"miller"}}}`, `{"error":{"status":"bad-id","total":404,"user":{"status":"[redacted 6 bytes]"}}}`, ""},
		"an error in another":      {`{"error":{"error":{"status":"miller"}}}`, `{"error":{"error":{"status":"[redacted 6 bytes]"}}}`, ""},
		"an error in a member":     {`{"user":{"error":{"status":"miller"}}}`, `{"user":{"error":{"status":"[redacted 6 bytes]"}}}`, ""},
		"a list of errors":         {`{"error":[{"status":"miller"}]}`, `{"error":[{"status":"[redacted 6 bytes]"}]}`, ""},
		"a list of objects":        {`[{"status":"miller"}]`, `[{"status":"[redacted 6 bytes]"}]`, ""},
		"a name":                   {`{"status":"Smith"}`, `{"status":"[redacted 5 bytes]"}`, ""},
		"no words":                 {`{"status":"2011-04-05","error":{"status":"a@b.example"}}`, `{"status":"[redacted 10 bytes]","error":{"status":"[redacted 11 bytes]"}}`, ""},
		"long JSON":                {`{"status":"ok","email":"` + strings.Repeat("a", 100) + `","user":["a","b"],"filters":["c","d"]}`, "{\n  \"status\": \"ok\",\n  \"email\": \"[redacted 100 bytes]\",\n  \"user\": [\n    \"[redacted 1 bytes]\",\n    \"[redacted 1 bytes]\"\n  ],\n  \"filters\": [\n    \"[redacted 1 bytes]\",\n    \"[redacted 1 bytes]\"\n  ]\n}", ""},
		"no counts":                {`{"total":20110405,"error":{"total":-1}}`, `{"total":"[redacted 8 bytes]","error":{"total":"[redacted 2 bytes]"}}`, ""},
		"long words":               {`{"status":"` + strings.Repeat("a", 41) + `"}`, `{"status":"[redacted 41 bytes]"}`, ""},
		"secrets":                  {`{"status":"secret","total":1234,"error":{"status":"a_secretword"}}`, `{"status":"[redacted 6 bytes]","total":"[redacted 4 bytes]","error":{"status":"[redacted 12 bytes]"}}`, ""},
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
	aName = regexp.MustCompile(`^(\[redacted \d+ bytes\]|status|total|success|email|user|error|filters)$`)
	aWord = regexp.MustCompile(`^(\[redacted \d+ bytes\]|[a-z_-]{1,40})$`)
)

// assertHarmless asserts that v has known names only, and words, counts, true and false only where they may be shown.
func assertHarmless(t *testing.T, v any, isShown bool) {
	t.Helper()
	switch v := v.(type) {
	case map[string]any:
		for name, element := range v {
			assert.Regexp(t, aName, name)
			assertHarmless(t, element, name == "status" || name == "total" || name == "success")
		}
	case []any:
		for _, element := range v {
			assertHarmless(t, element, false)
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
		assert.LessOrEqual(t, v, 999_999.0)
		assert.NotEqual(t, 1234.0, v)
	case bool:
		assert.True(t, isShown)
	}
}
