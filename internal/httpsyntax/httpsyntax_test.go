package httpsyntax

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestIsToken(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		"GET": true, "X-Tag": true, "x_1.~!#$%&'*+-^`|": true,
		"": false, "X Tag": false, "X-Tag:": false, "X-Täg": false, "X-Tag\n": false, "X-Tag(": false, "a@b": false, "[a": false, "a{": false,
	} {
		assert.Equal(t, want, IsToken(text), "%q", text)
	}
}

func TestIsValue(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		"a": true, "a b": true, "a\tb\xfc": true, "é": true, "": true, " a": true, "\ta": true,
		"a\r\nHost: x": false, "a\x00": false, "a\x7fb": false, "\na": false,
	} {
		assert.Equal(t, want, IsValue(text), "%q", text)
	}
}

func TestWhyNotExact(t *testing.T) {
	t.Parallel()
	const spaces, control = "has spaces around it", "has control characters"
	for text, want := range map[string]string{
		"a": "", "a b": "", "a\tb\xfc": "", "é": "",
		"": "empty", " a": spaces, "a ": spaces, "\ta": spaces, "a\u00a0": spaces, "\na": spaces, "a\n": spaces,
		"a\r\nHost: x": control, "a\x00": control, "a\x7fb": control,
	} {
		assert.Equal(t, want, WhyNotExact(text), "%q", text)
	}
}

func TestCGIName(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"X-Request-Id": "X_REQUEST_ID", "x.request~id": "X_REQUEST_ID", "HTTP2-Settings": "HTTP2_SETTINGS", "": "",
	} {
		assert.Equal(t, want, CGIName(name))
	}
}

func TestQueryName(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"key": "key", "Key": "Key", "key[]": "key", "key[0][a]": "key", " key ": "key", " key [a]": "key", "key\x00a": "key",
		"a[key]": "a", "[]": "", "": "",
	} {
		assert.Equal(t, want, QueryName(name), "%q", name)
	}
}

func TestTake(t *testing.T) {
	t.Parallel()
	for query, test := range map[string]struct {
		values         map[string]string
		rest, bad, why string
	}{
		"":                          {map[string]string{}, "", "", ""},
		"a=1&b=2":                   {map[string]string{"a": "1", "b": "2"}, "", "", ""},
		"x=%zz&a=1+2%26&y;z&&x=%20": {map[string]string{"a": "1 2&"}, "x=%zz&y;z&&x=%20", "", ""},
		"a":                         {map[string]string{"a": ""}, "", "", ""},
		"%61=1&A=2&a%zz=3&a[]=4":    {map[string]string{"a": "1"}, "A=2&a%zz=3&a[]=4", "", ""},
		"a=1&x&a=1":                 {map[string]string{"a": "1"}, "x", "a", "repeated"},
		"b=&%62=2":                  {map[string]string{"b": "2"}, "", "b", "repeated"},
		"a=%zz&b=2":                 {map[string]string{"a": "", "b": "2"}, "", "a", "not percent-encoded"},
	} {
		values, rest, bad, why := Take(query, "a", "b")
		assert.Equal(t, test.values, values, query)
		assert.Equal(t, test.rest, rest, query)
		assert.Equal(t, test.bad, bad, query)
		assert.Equal(t, test.why, why, query)
	}
}

func TestIsReserved(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]bool{
		"Cookie": true, "cookie": true, "Idempotency_Key": true, "te": true, "x_method_override": true,
		"X-Token-Auth": true, "x.token.auth": true,
		"Cookies": false, "X-Token": false, "XTokenAuth": false, "Traceparent": false, "Accept": false, "": false,
	} {
		assert.Equal(t, want, IsReserved(name, "X-Token-Auth"), name)
	}
	assert.False(t, IsReserved("X-Token-Auth"))
	for _, name := range reserved {
		assert.Equal(t, name, CGIName(name))
	}
}

func TestWhyNotBearer(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"a": "", "a.b-c": "", "é": "", "": "empty", "a b": "has spaces", " a": "has spaces", "a\u00a0": "has spaces", "a\n": "has spaces",
		"a\x00": "has control characters", "a\xff": "not valid UTF-8",
	} {
		assert.Equal(t, want, WhyNotBearer(text), "%q", text)
	}
}
