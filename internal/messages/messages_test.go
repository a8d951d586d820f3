package messages_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/partnerapi/partnerapi-go/internal/jsonwire"
	"github.com/partnerapi/partnerapi-go/internal/messages"
)

// No message is lost, whatever its form.
var form = messages.Form{
	NotFields: []string{"success", "status", "error_type", "type", "code", "request_method", "dev_message"},
	CutAfter:  "Not Found",
}

func TestFind(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		body     string
		messages []string
		fields   map[string]string
	}{
		"a text":                   {`{"error":"Email is blank"}`, []string{"Email is blank"}, nil},
		"a list":                   {`{"error":["Email is blank","Plan is blank"]}`, []string{"Email is blank", "Plan is blank"}, nil},
		"a list in a list":         {`{"errors":[["a"],["b",["c"]]]}`, []string{"a", "b", "c"}, nil},
		"field and text":           {`{"error":{"email":"is blank"}}`, []string{"is blank"}, map[string]string{"email": "is blank"}},
		"field and texts":          {`{"errors":{"email":["is blank","is odd"]}}`, []string{"is blank", "is odd"}, map[string]string{"email": "is blank; is odd"}},
		"a field in a field":       {`{"errors":{"address":{"street":"is blank"}}}`, []string{"is blank"}, map[string]string{"address.street": "is blank"}},
		"an object in a list":      {`{"errors":[{"email":"is blank"},"b"]}`, []string{"is blank", "b"}, map[string]string{"email": "is blank"}},
		"one that names its field": {`{"errors":[{"field":"email","message":"is blank","code":"blank"}]}`, []string{"is blank"}, map[string]string{"email": "is blank"}},
		"one with a message":       {`{"messages":[{"message":"a","code":1},{"error":"b"}]}`, []string{"a", "b"}, nil},
		"a message and fields":     {`{"error":{"message":"Please correct.","fields":{"email":["a","b"]}}}`, []string{"Please correct."}, map[string]string{"email": "a; b"}},
		"a message beside fields":  {`{"message":{"message":"Please correct.","email":"is blank"}}`, []string{"Please correct."}, map[string]string{"email": "is blank"}},
		"fields that are a list":   {`{"error":{"message":"a","fields":["b",{"email":"c"}]}}`, []string{"a", "b"}, map[string]string{"email": "c"}},
		"no fields":                {`{"error":{"message":"a","fields":[]}}`, []string{"a"}, nil},
		"every member":             {`{"error":"d","errors":["c"],"message":"b","messages":["a"]}`, []string{"a", "b", "c", "d"}, nil},
		"members in another case":  {`{"Error":"a","MESSAGE":"b"}`, []string{"b", "a"}, nil},
		"an escaped text":          {`{"error":"a \"b\" ü"}`, []string{`a "b" ü`}, nil},
		"what is no text":          {`{"error":[1,true,null,{"a":1}],"message":404}`, nil, nil},
		"empty texts":              {`{"error":["",""],"message":""}`, nil, nil},
		"other members":            {`{"status":"error","code":"E1","detail":"x"}`, nil, nil},
		"a route":                  {`{"errors":{"base":" Not Found: /account?key=SECRET"}}`, []string{"Not Found"}, map[string]string{"base": "Not Found"}},
		"no object":                {`["a"]`, nil, nil},
		"empty fields":             {`{"error":{"message":"a","fields":{}}}`, []string{"a"}, map[string]string{}},
		"no JSON":                  {`{"error":"a"`, nil, nil},
		"as deep as is read":       {`{"error":` + strings.Repeat("[", 9) + `"a"` + strings.Repeat("]", 9) + `}`, []string{"a"}, nil},
		"deeper":                   {`{"error":` + strings.Repeat("[", 10) + `"a"` + strings.Repeat("]", 10) + `}`, nil, nil},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			found, _ := form.Find([]byte(test.body))
			assert.Equal(t, test.messages, found.Kept())
			assert.Equal(t, test.messages, found.All())
			assert.Equal(t, test.fields, found.Fields())
		})
	}
}

func TestFindOtherMembers(t *testing.T) {
	t.Parallel()
	names := []string{"a", "b", "c", "error", "d", "e", "f", "g"} // more than are found in one pass
	for body, want := range map[string]struct {
		isObject bool
		messages []string
		values   []string
	}{
		`{"a":1,"b":null,"D":"d","error":"m","g":[2]}`: {true, []string{"m"}, []string{"1", "", "", `"m"`, `"d"`, "", "", "[2]"}},
		`{"error":{"a":1,"message":"m"},"f":3}`:        {true, []string{"m"}, []string{"", "", "", `{"a":1,"message":"m"}`, "", "", "3", ""}},
		`[{"a":1}]`:                                    {false, nil, []string{"", "", "", "", "", "", "", ""}},
		`{"a":1,"error":"m"`:                           {false, nil, []string{"", "", "", "", "", "", "", ""}},
		``:                                             {false, nil, []string{"", "", "", "", "", "", "", ""}},
		`{"a":1,"error":"m"}`:                          {true, []string{"m"}, []string{"1", "", "", `"m"`, "", "", "", ""}},
	} {
		for n := range len(names) + 1 {
			others := make([]*jsonwire.Member, n)
			for i := range others {
				others[i] = &jsonwire.Member{Name: names[i]}
			}
			found, isObject := form.Find([]byte(body), others...)
			assert.Equal(t, want.isObject, isObject, body)
			assert.Equal(t, want.messages, found.All(), body)
			for i, other := range others {
				assert.Equal(t, want.values[i], string(other.Value), "%s of %s", other.Name, body)
			}
		}
		later := form.Later([]byte(body))
		assert.Equal(t, want.messages, later.All(), body)
	}
}

func TestLaterReadsOnce(t *testing.T) {
	t.Parallel()
	response := []byte(`{"error":{"email":"is blank"}}`)
	kept, all, fields := form.Later(response), form.Later(response), form.Later(response)
	assert.Equal(t, []string{"is blank"}, kept.Kept())
	assert.Equal(t, []string{"is blank"}, all.All())
	assert.Equal(t, map[string]string{"email": "is blank"}, fields.Fields())
	copy(response, strings.Repeat(" ", len(response)))
	assert.Equal(t, map[string]string{"email": "is blank"}, all.Fields(), "the response is read once")
}

func TestFindIsBounded(t *testing.T) {
	t.Parallel()
	list := func(n int) string {
		var b strings.Builder
		for i := range n - 1 {
			_, _ = fmt.Fprintf(&b, `"m%d",`, i)
		}
		return fmt.Sprintf(`[%s"m%d"]`, b.String(), n-1)
	}
	found, _ := form.Find([]byte(`{"messages":` + list(1000) + `}`))
	assert.Len(t, found.Kept(), 1000)
	assert.Equal(t, found.Kept(), found.All())

	found, _ = form.Find([]byte(`{"messages":` + list(1001) + `}`))
	assert.Len(t, found.Kept(), 1000)
	assert.Equal(t, append(found.Kept(), "and 1 more"), found.All())

	found, _ = form.Find([]byte(`{"messages":` + list(40_000) + `}`))
	require.Len(t, found.All(), 1001)
	assert.Equal(t, []string{"m999", "and 39000 more"}, found.All()[999:])

	found, _ = form.Find([]byte(`{"errors":{"a":` + list(2000) + `}}`))
	assert.True(t, strings.HasSuffix(found.Fields()["a"], "; m999; and 1000 more"))

	var fields strings.Builder
	for i := range 40_000 {
		_, _ = fmt.Fprintf(&fields, `"f%05d":"x",`, i)
	}
	found, _ = form.Find([]byte(`{"error":{"message":"No.","fields":{` + fields.String() + `"g":` + list(2001) + `}}}`))
	assert.Len(t, found.Fields(), 1000)
	assert.Contains(t, found.Fields(), "f00999")
	assert.NotContains(t, found.Fields(), "f01000")
	assert.Equal(t, []string{"No."}, found.Kept())
	assert.Equal(t, []string{"No.", "and 41001 about more fields"}, found.All())
}

func TestFindCutsLongNames(t *testing.T) {
	t.Parallel()
	outer := "é" + strings.Repeat("n", 500)
	found, _ := form.Find([]byte(`{"errors":{"` + outer + `":{"a":"m"},"` + strings.Repeat("é", 300) + `":"m"}}`))
	assert.Equal(t, map[string]string{outer[:200]: "m", strings.Repeat("é", 100): "m"}, found.Fields())
}
