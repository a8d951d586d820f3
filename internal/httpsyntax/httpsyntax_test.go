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
	for text, want := range map[string]struct{ value, exact bool }{
		"a": {true, true}, "a b": {true, true}, "a\tb\xfc": {true, true}, "é": {true, true},
		"": {true, false}, " a": {true, false}, "a ": {true, false}, "\ta": {true, false}, "a\u00a0": {true, false},
		"a\r\nHost: x": {false, false}, "a\x00": {false, false}, "a\x7fb": {false, false}, "\na": {false, false},
	} {
		assert.Equal(t, want.value, IsValue(text), "%q", text)
		assert.Equal(t, want.exact, IsExactValue(text), "%q", text)
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

func TestReserved(t *testing.T) {
	t.Parallel()
	reserved := Reserved("X-Token-Auth")
	for name, want := range map[string]bool{
		"Cookie": true, "cookie": true, "Idempotency_Key": true, "te": true, "x_method_override": true,
		"X-Token-Auth": true, "x.token.auth": true,
		"Cookies": false, "X-Token": false, "XTokenAuth": false, "Traceparent": false, "Accept": false, "": false,
	} {
		assert.Equal(t, want, reserved.Has(name), name)
	}
	assert.False(t, Reserved().Has("X-Token-Auth"))
}
