package jsonwire

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestFind(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		data      string
		object    bool
		one, two  string
		textOfOne string
	}{
		"both":             {`{"one":"a","two":[1, 2]}`, true, `"a"`, `[1, 2]`, "a"},
		"spaces":           {" { \"one\" :\t1 , \"two\":\n{} } ", true, `1`, `{}`, ""},
		"none":             {`{"three":{"one":1}}`, true, "", "", ""},
		"other case":       {`{"ONE":true,"Two":false}`, true, "true", "false", ""},
		"others as long":   {`{"onE ":1,"on\u212a":1,"ine":1,"onn":1,"":1,"OnE":2,"Ö1":3,"tw0":4,"\u0014wo":5}`, true, "2", "", ""},
		"escaped":          {`{"\u006fne":"\u0061\n"}`, true, `"\u0061\n"`, "", "a\n"},
		"twice":            {`{"one":1,"one":"b"}`, true, `"b"`, "", "b"},
		"null":             {`{"one":null,"two":0}`, true, "", "0", ""},
		"a list":           {`[{"one":1}]`, false, "", "", ""},
		"text":             {`"one"`, false, "", "", ""},
		"empty":            {``, false, "", "", ""},
		"HTML":             {`<html>`, false, "", "", ""},
		"cut":              {`{"one":1,"two":`, false, "", "", ""},
		"trailing":         {`{"one":1}{}`, false, "", "", ""},
		"not JSON behind":  {`{"one":1,"two":01}`, false, "", "", ""},
		"not UTF-8":        {"{\"one\":\"\xff\"}", true, "\"\xff\"", "", "\ufffd"},
		"text of a number": {`{"one":12}`, true, `12`, "", ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			one, two := Member{Name: "one"}, Member{Name: "two"}
			assert.Equal(t, test.object, Find([]byte(test.data), &one, &two))
			assert.Equal(t, test.one, string(one.Value))
			assert.Equal(t, test.two, string(two.Value))
			assert.Equal(t, test.textOfOne, one.Text())
		})
	}
}

func TestMemberTextOf(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`"a"`: "a", `"bc"`: "bc", `"b"`: "b", `""`: "", `"\u0061"`: "a", `"\""`: `"`,
		``: "", `null`: "", `[1]`: "", `123`: "", `1234`: "",
	} {
		assert.Equal(t, want, member(t, text).TextOf("a", "bc", "1", "23", ""), text)
	}
}

func TestMemberBool(t *testing.T) {
	t.Parallel()
	for text, want := range map[string][2]bool{
		`true`: {true, true}, `false`: {false, true}, `1`: {true, true}, `0`: {false, true},
		``: {}, `null`: {}, `"true"`: {}, `"1"`: {}, `2`: {}, `1.0`: {}, `-0`: {}, `[]`: {}, `{}`: {}, `""`: {},
	} {
		value, ok := member(t, text).Bool()
		assert.Equal(t, want, [2]bool{value, ok}, text)
	}
}

func TestMemberTexts(t *testing.T) {
	t.Parallel()
	for text, want := range map[string][]string{
		`["a","\u0062"]`: {"a", "b"}, `["a",1,{}]`: {"a", "", ""}, `[]`: {}, `"a"`: nil, `{"a":"b"}`: nil, ``: nil,
	} {
		value := []byte(text)
		if text == "" {
			value = nil
		}
		assert.Equal(t, want, Member{Value: value}.Texts(), text)
	}
}

func TestMemberIsTruthy(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		``: false, `null`: false, `false`: false, `0`: false, `""`: false, `[]`: false, `{}`: false, `[ [], {} ]`: false,
		`true`: true, `1`: true, `2`: true, `" "`: true, `"0"`: true, `[0]`: true, `[""]`: true, `{"a":{}}`: true,
	} {
		assert.Equal(t, want, member(t, text).IsTruthy(), text)
	}
}

func TestMemberHasText(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		``: false, `null`: false, `1`: false, `""`: false, `" "`: false, `[]`: false, `[1,""]`: false, `[["a"]]`: false, `{"a":"b"}`: false,
		`"a"`: true, `["a"]`: true, `[1," ","a"]`: true,
	} {
		assert.Equal(t, want, member(t, text).HasText(), text)
	}
}

func TestMemberHasFieldTexts(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		``: false, `"a"`: false, `["a"]`: false, `{}`: false, `{"a":1}`: false, `{"a":"b","c":1}`: false, `{"a":1,"c":"b"}`: false, `{"a":{"b":"c"}}`: false,
		`{"a":"b"}`: true, `{"a":["b"],"c":"d"}`: true,
	} {
		assert.Equal(t, want, member(t, text).HasFieldTexts(), text)
	}
}

// member returns a member with a value, or one that is absent.
func member(t *testing.T, value string) Member {
	t.Helper()
	m, object := Member{Name: "m"}, `{}`
	if value != "" {
		object = `{"m":` + value + `}`
	}
	require.True(t, Find([]byte(object), &m))
	return m
}

func TestMembers(t *testing.T) {
	t.Parallel()
	for text, want := range map[string][]string{
		` { "a" : 1 , "b":[2, 3],"\u0061":{"c":null}} `: {"a", "1", "b", "[2, 3]", "a", `{"c":null}`},
		`{}`: nil, `[{"a":1}]`: nil, `"a"`: nil, `null`: nil, ``: nil, ` `: nil,
		`{"a":1,"b":`: {"a", "1"}, `{"a":1,b:2}`: {"a", "1"}, `{"a"`: nil, `{"a":01}`: {"a", "0"},
	} {
		var got []string
		for name, value := range Members([]byte(text)) {
			got = append(got, name, string(value))
		}
		assert.Equal(t, want, got, text)
	}
	for name := range Members([]byte(`{"a":1,"b":2}`)) {
		assert.Equal(t, "a", name)
		break
	}
}

func TestItems(t *testing.T) {
	t.Parallel()
	for text, want := range map[string][]string{
		" [ 1 ,\"a\",[2, 3],{\"b\":null} ] ": {"1", `"a"`, "[2, 3]", `{"b":null}`},
		`[]`:                                 nil, `{"a":[1]}`: nil, `"a"`: nil, `null`: nil, ``: nil, `[1,2`: {"1", "2"}, `[1,`: {"1"}, `[a]`: nil,
	} {
		var got []string
		for item := range Items([]byte(text)) {
			got = append(got, string(item))
		}
		assert.Equal(t, want, got, text)
	}
	for item := range Items([]byte(`[1,2]`)) {
		assert.Equal(t, "1", string(item))
		break
	}
}

func TestIsObject(t *testing.T) {
	t.Parallel()
	assert.True(t, IsObject([]byte(`{"a":1}`)))
	assert.False(t, slices.ContainsFunc([]string{"", "[]", `"{"`, "null"}, func(text string) bool { return IsObject([]byte(text)) }))
}

func TestMemberSays(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		`"ok"`: true, `"OK"`: true, `"o\u006b"`: true, "\"o\u212a\"": true, `"okay"`: false, `""`: false, `ok`: false, `["ok"]`: false, `null`: false, ``: false,
	} {
		assert.Equal(t, want, Member{Value: []byte(text)}.Says("ok"), text)
	}
}

func TestMemberDay(t *testing.T) {
	t.Parallel()
	for text, want := range map[string][3]int{
		`"1987-09-03"`: {1987, 9, 3}, `"0000-00-00"`: {}, `"9999-99-99"`: {9999, 99, 99},
	} {
		year, month, day, ok := Member{Value: []byte(text)}.Day()
		assert.True(t, ok, text)
		assert.Equal(t, want, [3]int{year, month, day}, text)
	}
	for _, text := range []string{
		``, `null`, `19870903`, `"1987-9-3"`, `"1987-09-3 "`, `"1987/09/03"`, `"1987-09-0a"`, `"198-709-03"`, `"-987-09-03"`, `"1987-09-033"`,
		`"19870-9-03"`, `"1987-09-03`, ` "1987-09-03"`, `"1987-09-03x`, `11987-09-031`, `"1987-09-0/"`, `"1987-09-0:"`,
	} {
		_, _, _, ok := Member{Value: []byte(text)}.Day()
		assert.False(t, ok, text)
	}
}
