package pathpattern

import (
	"net/url"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestSplit(t *testing.T) {
	t.Parallel()
	method, pattern, invalid := Split("PUT /things/{id}")
	assert.Nil(t, invalid)
	assert.Equal(t, "PUT", method)
	assert.Equal(t, "/things/{id}", pattern)
	for _, op := range []string{
		"", "GET", "GET ", " /a", "/a", "GET a", "GET /a?b", "GET /a#b", "GET /a%2F", "GET /a b", "GET  /a", "GET /{a...}",
		"G\nT /a", "GÄT /a", "GET /a\nb", "GET /a\tb", "GET /a\x00",
	} {
		_, _, invalid := Split(op)
		if assert.NotNil(t, invalid, "%q", op) {
			assert.Equal(t, "Op", invalid.Name, "%q", op)
		}
	}
}

func TestExpand(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		pattern string
		args    []string
		want    string
		invalid string // its name
	}{
		"none":            {"/a", nil, "/a", ""},
		"root":            {"/", nil, "/", ""},
		"two":             {"/a/{b}/{c_1}", []string{"x", "y"}, "/a/x/y", ""},
		"escaped":         {"/{id}", []string{"a/b?c%d é"}, "/a%2Fb%3Fc%25d%20%C3%A9", ""},
		"fixed segments":  {"/ä/{id}", []string{"." + "a"}, "/%C3%A4/.a", ""},
		"too few":         {"/{a}/{b}", []string{"x"}, "", "Args"},
		"too many":        {"/{a}", []string{"x", "y"}, "", "Args"},
		"empty":           {"/{a}", []string{""}, "", "a"},
		"a dot":           {"/{a}", []string{"."}, "", "a"},
		"dots":            {"/{a}/{b}", []string{"x", ".."}, "", "b"},
		"not UTF-8":       {"/{a}", []string{"\xff"}, "", "a"},
		"part of segment": {"/a{b}", []string{"x"}, "", "Op"},
		"no name":         {"/{}", []string{"x"}, "", "Op"},
		"not a name":      {"/{a-b}", []string{"x"}, "", "Op"},
		"the same twice":  {"/{a}/{a}", []string{"x", "y"}, "", "Op"},
		"unclosed":        {"/{a", []string{"x"}, "", "Op"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, invalid := Expand(test.pattern, test.args)
			assert.Equal(t, test.want, got)
			if test.invalid == "" {
				assert.Nil(t, invalid)
				return
			}
			require.NotNil(t, invalid)
			assert.Equal(t, test.invalid, invalid.Name)
			assert.NotEmpty(t, invalid.Why)
		})
	}
}

func TestJoin(t *testing.T) {
	t.Parallel()
	for _, base := range []string{"https://a.example", "https://a.example/v1", "https://a.example/v%2F1"} {
		parsed, err := url.Parse(base)
		require.NoError(t, err)
		for _, escaped := range []string{"/a", "/a%2Fb", "/%2E"} {
			joined := Join(parsed, escaped)
			assert.Equal(t, base+escaped, joined.String())
			again, err := url.Parse(base + escaped)
			require.NoError(t, err)
			assert.Equal(t, again.Path, joined.Path)
		}
		assert.Equal(t, base, parsed.String(), "the base is not changed")
	}
}
