package jsonwire

import (
	"encoding/json"
	"reflect"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The name in the text does not depend on the names of encoding/json's own types, which change between releases of Go.
func TestTypeErrorText(t *testing.T) {
	t.Parallel()
	for want, of := range map[string]reflect.Type{
		"not of type int":                reflect.TypeFor[**int](),
		"not of type jsonwire.anyRecord": reflect.TypeFor[*anyRecord](),
		"not of type jsonwire.named":     reflect.TypeFor[named](),
		"not of type []uint8":            reflect.TypeFor[[]byte](),
		"not a list":                     reflect.TypeFor[[]json.RawMessage](),
		"not an object":                  reflect.TypeFor[map[string]json.RawMessage](),
	} {
		require.EqualError(t, &TypeError{of}, want)
	}
	require.EqualError(t, &TypeError{reflect.TypeFor[[2]int]()}, "not a list")
	require.EqualError(t, &TypeError{reflect.TypeFor[struct{ A json.RawMessage }]()}, "not an object")
}

// The error names the first field that could not be read by the names of our types. All other fields are read.
func TestFieldError(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`{"RECORDS":[{"name":"a"},{"name":7}],"whole":"CANARY","text":"read"}`: "field records.name: not of type string",
		`{"lists":[[1],["CANARY"]],"text":"read"}`:                             "field lists: not of type int",
		`{"day":"CANARY","text":"read"}`:                                       "field day: not a day",
		`{"maybe_both":{"maybe":"CANARY"},"text":"read"}`:                      "field maybe_both.maybe: not of type float64",
		`{"texts":{},"text":"read"}`:                                           "field texts: not a list",
	} {
		var got anyReply
		err := Unmarshal([]byte(text), &got)
		require.EqualError(t, err, want)
		var of *FieldError
		require.ErrorAs(t, err, &of)
		assert.Equal(t, "read", got.Text, text)
		_, err = UnmarshalMember([]byte(`{"reply":`+text+`}`), "reply", &got)
		require.EqualError(t, err, "field reply."+want[len("field "):])
	}
	var at struct{ At anyRecord }
	require.ErrorIs(t, Unmarshal([]byte(`"2015"`), new(day)), errNotADay)
	assert.NotErrorAs(t, Unmarshal([]byte(`7`), &at), new(*FieldError), "there is no field")
	require.EqualError(t, Unmarshal([]byte(`7`), new(string)), "not of type string")
}
