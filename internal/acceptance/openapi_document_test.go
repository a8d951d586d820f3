package acceptance

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io/fs"
	"math"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"github.com/partnerapi/partnerapi-go"
	"github.com/partnerapi/partnerapi-go/partnertest/openapi"
)

// document is what the tests read of an OpenAPI document.
type document struct {
	Servers    []struct{ URL string }
	Security   []map[string]any
	Paths      map[string]pathItem
	Components struct {
		SecuritySchemes map[string]securityScheme `yaml:"securitySchemes"`
		Parameters      map[string]parameter
		Schemas         map[string]*schema
	}
}

type securityScheme struct{ Type, In, Name, Scheme string }

type pathItem struct {
	Parameters             []parameter
	Get, Put, Post, Delete *operation
}

type operation struct {
	Parameters  []parameter
	Security    []map[string]any
	RequestBody *body `yaml:"requestBody"`
	Responses   map[string]body
}

type parameter struct {
	Ref      string `yaml:"$ref"`
	Name, In string
	Required bool
}

// body is a body of a request or a response.
type body struct {
	Required bool
	Content  map[string]struct {
		Schema   *schema
		Examples map[string]struct{ Value any }
	}
}

type schema struct {
	Ref           string `yaml:"$ref"`
	Type          texts
	Format        string
	Const         any
	Enum          []any
	Required      []string
	Properties    map[string]*schema
	Additional    additional `yaml:"additionalProperties"`
	Items         *schema
	OneOf         []*schema `yaml:"oneOf"`
	AnyOf         []*schema `yaml:"anyOf"`
	MaxProperties *int      `yaml:"maxProperties"`
}

// texts is a text or a list of them.
type texts []string

func (ts *texts) UnmarshalYAML(node *yaml.Node) error {
	if node.Kind == yaml.ScalarNode {
		*ts = texts{node.Value}
		return nil
	}
	return node.Decode((*[]string)(ts))
}

// additional is the schema of members without a name, or whether any are allowed.
type additional struct {
	any bool
	of  *schema
}

func (a *additional) UnmarshalYAML(node *yaml.Node) error {
	if node.Kind == yaml.ScalarNode {
		return node.Decode(&a.any)
	}
	return node.Decode(&a.of)
}

// documents are the OpenAPI documents, by API.
func documents(t *testing.T) map[partnerapi.API]*document {
	t.Helper()
	all := make(map[partnerapi.API]*document)
	for _, api := range []partnerapi.API{partnerapi.PartnerAPI, partnerapi.AccountAPI, partnerapi.NetworkAPI} {
		text, err := fs.ReadFile(openapi.Files, string(api)+".yaml")
		require.NoError(t, err)
		all[api] = new(document)
		require.NoError(t, yaml.Unmarshal(text, all[api]))
	}
	return all
}

// documentedOperation is an operation with all that applies to it.
type documentedOperation struct {
	*operation

	path       string
	parameters []parameter
	security   []map[string]any
}

// operations returns the operations of a document, by method and path without the names of wildcards: to activate and to
// update an invitation is one operation of a document, and two of the SDK.
func (d *document) operations() map[string]documentedOperation {
	found := make(map[string]documentedOperation)
	for path, item := range d.Paths {
		for method, o := range map[string]*operation{"GET": item.Get, "PUT": item.Put, "POST": item.Post, "DELETE": item.Delete} {
			if o == nil {
				continue
			}
			whole := documentedOperation{operation: o, path: path, security: o.Security}
			if o.Security == nil {
				whole.security = d.Security
			}
			for _, p := range slices.Concat(item.Parameters, o.Parameters) {
				whole.parameters = append(whole.parameters, d.parameter(p))
			}
			found[nameless(method+" "+path)] = whole
		}
	}
	return found
}

func (d *document) parameter(p parameter) parameter {
	if p.Ref != "" {
		return d.Components.Parameters[path.Base(p.Ref)]
	}
	return p
}

var wildcard = regexp.MustCompile(`\{[^}]*}`)

func nameless(op string) string { return wildcard.ReplaceAllString(op, "{}") }

// named returns the names of the parameters in a part of a request.
func (o documentedOperation) named(in string) []string {
	names := []string{}
	for _, p := range o.parameters {
		if p.In == in {
			names = append(names, p.Name)
		}
	}
	return names
}

// schema is that of the body, or nil.
func (b *body) schema() *schema {
	if b == nil {
		return nil
	}
	return b.Content["application/json"].Schema
}

// resolved follows the references of a schema, and returns the name of the last.
func (d *document) resolved(s *schema) (name string, _ *schema) {
	for s.Ref != "" {
		name = path.Base(s.Ref)
		s = d.Components.Schemas[name]
	}
	return name, s
}

// misfit returns why a value is not of a schema, or an empty string. It calls see with each object in the value and the name
// of its schema.
func (d *document) misfit(s *schema, value any, see func(name string, object map[string]any)) (why string) {
	name, s := d.resolved(s)
	if choices := slices.Concat(s.OneOf, s.AnyOf); len(choices) > 0 {
		return d.misfitAll(choices, value, see)
	}
	kind := kindOf(value)
	switch {
	case !slices.Contains(s.Type, kind) && (kind != "integer" || !slices.Contains(s.Type, "number")):
		return fmt.Sprintf("%v is not of type %v", value, s.Type)
	case s.Const != nil && s.Const != value:
		return fmt.Sprintf("%v is not %q", value, s.Const)
	case s.Enum != nil && !slices.Contains(s.Enum, value):
		return fmt.Sprintf("%v is not one of %v", value, s.Enum)
	}
	switch value := value.(type) {
	case []any:
		for _, item := range value {
			if s.Items == nil {
				return "an item in an empty list"
			}
			why = cmp.Or(why, d.misfit(s.Items, item, see))
		}
	case map[string]any:
		see(name, value)
		why = d.misfitObject(s, value, see)
	}
	return why
}

// misfitAll is misfit for a choice.
func (d *document) misfitAll(choices []*schema, value any, see func(string, map[string]any)) string {
	var whys []string
	for _, choice := range choices {
		if why := d.misfit(choice, value, func(string, map[string]any) {}); why != "" {
			whys = append(whys, why)
			continue
		}
		return d.misfit(choice, value, see)
	}
	return strings.Join(whys, "; ")
}

func (d *document) misfitObject(s *schema, object map[string]any, see func(string, map[string]any)) (why string) {
	for _, required := range s.Required {
		if _, has := object[required]; !has {
			return "no " + required
		}
	}
	if s.MaxProperties != nil && len(object) > *s.MaxProperties {
		return "members in an empty object"
	}
	for member, value := range object {
		property := s.Properties[member]
		switch {
		case property == nil && s.Additional.of != nil:
			property = s.Additional.of
		case property == nil && s.Additional.any:
			continue
		case property == nil:
			return "an unknown member " + member
		}
		if reason := d.misfit(property, value, see); reason != "" {
			return member + ": " + reason
		}
	}
	return ""
}

// kindOf returns the type of a value in JSON Schema.
func kindOf(value any) string {
	switch value := value.(type) {
	case nil:
		return "null"
	case string:
		return "string"
	case bool:
		return "boolean"
	case float64:
		if value == math.Trunc(value) {
			return "integer"
		}
		return "number"
	case []any:
		return "array"
	default:
		return "object"
	}
}

// asJSON returns a value of YAML as encoding/json decodes it.
func asJSON(t *testing.T, value any) (decoded any) {
	t.Helper()
	text, err := json.Marshal(value)
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(text, &decoded))
	return decoded
}

func TestMisfit(t *testing.T) {
	t.Parallel()
	var d document
	require.NoError(t, yaml.Unmarshal([]byte(`
components:
  schemas:
    Record:
      type: object
      required: [id]
      properties:
        id: { type: string, enum: [a, b] }
        fee: { type: [number, 'null'] }
        tags: { type: array, items: { type: string } }
        more: { type: object, additionalProperties: { type: integer } }
    Open: { type: object, additionalProperties: true }
    Either:
      oneOf:
        - $ref: '#/components/schemas/Record'
        - { type: object, maxProperties: 0 }
        - { type: string, const: '' }
`), &d))
	for _, test := range []struct{ schema, value, want string }{
		{"Record", `{"id":"a","fee":1,"tags":["x"],"more":{"n":1}}`, ""},
		{"Record", `{"id":"b","fee":null}`, ""},
		{"Record", `{"fee":1}`, "no id"},
		{"Record", `"x"`, "x is not of type [object]"},
		{"Record", `{"id":"c"}`, "id: c is not one of [a b]"},
		{"Record", `{"id":"a","fee":"1"}`, "fee: 1 is not of type [number null]"},
		{"Record", `{"id":"a","tags":[1]}`, "tags: 1 is not of type [string]"},
		{"Record", `{"id":"a","more":{"n":1.5}}`, "more: n: 1.5 is not of type [integer]"},
		{"Record", `{"id":"a","x":1}`, "an unknown member x"},
		{"Open", `{"x":1}`, ""},
		{"Either", `{"id":"a"}`, ""},
		{"Either", `{}`, ""},
		{"Either", `""`, ""},
		{"Either", `"x"`, "x is not of type [object]; x is not of type [object]; x is not \"\""},
	} {
		var value any
		require.NoError(t, json.Unmarshal([]byte(test.value), &value))
		assert.Equal(t, test.want, d.misfit(d.Components.Schemas[test.schema], value, func(string, map[string]any) {}), test.value)
	}
}
