package jsonwire

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestEntries(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		objects []string
		want    []string // IDs and values
	}{
		"no object":           {nil, nil},
		"other values":        {[]string{`[{"id":"a"}]`, `"a"`, `null`, ``, `{}`}, nil},
		"flat":                {[]string{`{"id":"a","title":"A"}`}, []string{"a", `{"id":"a","title":"A"}`}},
		"flat, no ID":         {[]string{`{"title":"A"}`}, []string{"", `{"title":"A"}`}},
		"flat, a number":      {[]string{`{"id":7}`}, []string{"", `{"id":7}`}},
		"by ID":               {[]string{`{"b":{"title":"B"},"a":"A"}`}, []string{"b", `{"title":"B"}`, "a", `"A"`}},
		"a name as an ID":     {[]string{`{"title":{"title":"A"}}`}, []string{"title", `{"title":"A"}`}},
		"both forms":          {[]string{`{"b":{}}`, `{"ID":"a"}`}, []string{"b", `{}`, "a", `{"ID":"a"}`}},
		"twice":               {[]string{`{"a":1,"b":2}`, `{"a":3}`}, []string{"a", `3`, "b", `2`}},
		"a list by index":     {[]string{`{"0":{"id":"a"},"1":{"title":"B"}}`}, []string{"a", `{"id":"a"}`, "1", `{"title":"B"}`}},
		"an index and its ID": {[]string{`{"0":{"id":"1"},"1":{"id":"2"}}`}, []string{"1", `{"id":"1"}`, "2", `{"id":"2"}`}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var objects [][]byte
			for _, object := range test.objects {
				objects = append(objects, []byte(object))
			}
			var got []string
			for _, e := range Entries(objects...) {
				got = append(got, e.ID, string(e.Value))
			}
			assert.Equal(t, test.want, got)
		})
	}
}
