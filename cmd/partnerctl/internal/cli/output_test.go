package cli

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestForms(t *testing.T) {
	t.Parallel()
	type record struct {
		ID   string            `json:"id"`
		Text string            `json:"text"`
		N    *int              `json:"n"`
		In   map[string]string `json:"in,omitempty"`
		List []string          `json:"list"`
	}
	one := record{"0123", "true", nil, map[string]string{"a": "b"}, []string{"x", "y"}}
	tests := map[string]struct {
		form  string
		value any
		want  string
	}{
		"a record as JSON":     {"json", record{Text: "<&>"}, "{\n  \"id\": \"\",\n  \"text\": \"<&>\",\n  \"n\": null,\n  \"list\": null\n}\n"},
		"a record as YAML":     {"yaml", one, "id: \"0123\"\ntext: \"true\"\n\"n\": null\nin:\n  a: b\nlist:\n  - x\n  - \"y\"\n"},
		"a record as CSV":      {"csv", one, "id,text,n,in,list\n0123,true,,\"{\"\"a\"\":\"\"b\"\"}\",\"[\"\"x\"\",\"\"y\"\"]\"\n"},
		"a record as a table":  {"table", one, "id    0123\ntext  true\nin.a  b\nlist  [\"x\",\"y\"]\n"},
		"a list as a table":    {"table", []record{{ID: "1"}, {ID: "2", Text: "b"}}, "ID  TEXT\n1   -\n2   b\n"},
		"a list as YAML":       {"yaml", []record{{ID: "1"}}, "- id: \"1\"\n  text: \"\"\n  \"n\": null\n  list: null\n"},
		"an empty list":        {"table", []record{}, ""},
		"an empty list, YAML":  {"yaml", []record{}, "[]\n"},
		"lines and escapes":    {"table", record{ID: "a\nb\x1b[2J"}, "id  a\ufffdb\ufffd[2J\n"},
		"control characters":   {"csv", record{ID: "a\x7fb\u0085c\u009bd\ufeff", Text: "\ufffe"}, "id,text,n,list\na\x7fb\u0085c\u009bd\ufeff,\ufffe,,\n"},
		"as YAML, control":     {"yaml", record{ID: "a\x7fb\u0085c"}, "id: \"a\\x7Fb\\Nc\"\ntext: \"\"\n\"n\": null\nlist: null\n"},
		"words of YAML 1.1":    {"yaml", record{ID: "No", Text: "12:30", List: []string{"y", " a", "a: b", "#", "- x", "a\nb"}}, "id: \"No\"\ntext: \"12:30\"\n\"n\": null\nlist:\n  - \"y\"\n  - ' a'\n  - 'a: b'\n  - '#'\n  - '- x'\n  - |-\n    a\n    b\n"},
		"other writing, as is": {"table", record{ID: "Zoë 東京"}, "id  Zoë 東京\n"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var out bytes.Buffer
			require.NoError(t, (&app{output: test.form}).render(&out, test.value))
			assert.Equal(t, test.want, out.String())
		})
	}
}
