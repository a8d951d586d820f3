package acceptance

import (
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/partnerapi/partnerapi-go"
)

// sentRequest is a request that a call has sent.
type sentRequest struct {
	*http.Request

	call call
	api  partnerapi.API
	body any // decoded, or nil
}

// sentRequests returns the first request of each operation, with every field set.
func sentRequests(t *testing.T) (all []sentRequest) {
	t.Helper()
	requireEveryField(t, documented(t))
	for _, c := range firstCalls() {
		var sent []sentRequest
		client := newTestClient(t, roundTripFunc(func(req *http.Request) (*http.Response, error) {
			api, op := partnerapi.Operation(req.Context())
			assert.Equal(t, c.op, op)
			s := sentRequest{Request: req, call: c, api: api}
			if req.Body != nil {
				require.NoError(t, json.NewDecoder(req.Body).Decode(&s.body))
			}
			sent = append(sent, s)
			return teapot(req)
		}))
		_, err := c.do(t.Context(), client, documented(t))
		require.Error(t, err, c.name)
		require.Len(t, sent, 1, c.name)
		all = append(all, sent...)
	}
	return all
}

// requireEveryField fails the test if a field of a request is not set: its member would not be seen.
func requireEveryField(t *testing.T, in inputs) {
	t.Helper()
	for _, field := range reflect.VisibleFields(reflect.TypeOf(in)) {
		v := reflect.ValueOf(in).FieldByIndex(field.Index)
		if v.Kind() != reflect.Struct || field.Type == reflect.TypeFor[partnerapi.Tokens]() {
			continue
		}
		for i := range v.NumField() {
			require.Falsef(t, v.Field(i).IsZero(), "%s.%s is not set", field.Type, field.Type.Field(i).Name)
		}
	}
}

// The documents have the operations of the SDK, and no others.
func TestOpenAPIOperations(t *testing.T) {
	t.Parallel()
	var want, got []string
	for _, sent := range sentRequests(t) {
		if op := string(sent.api) + " " + nameless(sent.call.op); !slices.Contains(want, op) {
			want = append(want, op)
		}
	}
	for api, d := range documents(t) {
		for op := range d.operations() {
			got = append(got, string(api)+" "+op)
		}
	}
	assert.ElementsMatch(t, want, got)
	assert.Len(t, want, len(firstCalls())-1, "to activate and to update an invitation is one operation")
}

// A request has the place, the parameters, the credentials and the members that the documents say.
func TestOpenAPIRequests(t *testing.T) {
	t.Parallel()
	all := documents(t)
	for _, sent := range sentRequests(t) {
		d := all[sent.api]
		o := d.operations()[nameless(sent.call.op)]
		require.NotNil(t, o.operation, sent.call.op)

		place := "^" + d.Servers[0].URL + wildcard.ReplaceAllString(o.path, "[^/]+") + "$"
		assert.Regexp(t, place, "https://"+sent.URL.Host+sent.URL.EscapedPath())
		assert.Len(t, o.named("path"), len(wildcard.FindAllString(sent.call.op, -1)), sent.call.op)

		query := sent.URL.Query()
		places := d.credentials(sent.Request, query)
		assert.ElementsMatch(t, slices.Collect(maps.Keys(query)), o.named("query"), sent.call.op)
		assert.Empty(t, o.named("header"), sent.call.op)
		assert.Contains(t, d.alternatives(o), places, sent.call.op)
		assertBody(t, d, o, sent)
	}
}

// credentials returns the places of the credentials of a request, and removes them from the query.
func (d *document) credentials(req *http.Request, query url.Values) (places []string) {
	for _, scheme := range d.Components.SecuritySchemes {
		place, present := scheme.place(), false
		switch {
		case scheme.Type == "http":
			present = strings.HasPrefix(req.Header.Get("Authorization"), "Bearer ")
		case scheme.In == "query":
			present = query.Has(scheme.Name)
			query.Del(scheme.Name)
		case scheme.In == "cookie": // its name is the vendor's own
			present = req.Header.Get("Cookie") != ""
		default:
			present = req.Header.Get(scheme.Name) != ""
		}
		if present && !slices.Contains(places, place) {
			places = append(places, place)
		}
	}
	return slices.Sorted(slices.Values(places))
}

func (s securityScheme) place() string {
	return strings.Join([]string{s.Type, s.In, s.Name, s.Scheme}, " ")
}

// alternatives returns the places of the credentials that an operation takes together.
func (d *document) alternatives(o documentedOperation) (all [][]string) {
	for _, alternative := range o.security {
		var places []string
		for name := range alternative {
			places = append(places, d.Components.SecuritySchemes[name].place())
		}
		all = append(all, slices.Sorted(slices.Values(places)))
	}
	return all
}

// assertBody asserts that a request has every documented member and no other, of the documented types.
func assertBody(t *testing.T, d *document, o documentedOperation, sent sentRequest) {
	t.Helper()
	if sent.body == nil {
		assert.True(t, o.RequestBody == nil || !o.RequestBody.Required, sent.call.op)
		return
	}
	require.NotNil(t, o.RequestBody.schema(), sent.call.op)
	why := d.misfit(o.RequestBody.schema(), sent.body, func(name string, object map[string]any) {
		assert.ElementsMatch(t, slices.Collect(maps.Keys(d.Components.Schemas[name].Properties)), slices.Collect(maps.Keys(object)), name)
	})
	assert.Empty(t, why, sent.call.op)
}

// requiredBySome are the members that only the fake's default requires.
var requiredBySome = map[string]string{
	"POST /partners/subscriptions plan": "the revision before plans has none",
}

// A parameter and a member of a body is required if, and only if, the fake refuses a request without it.
func TestOpenAPIRequired(t *testing.T) {
	t.Parallel()
	all := documents(t)
	for _, sent := range sentRequests(t) {
		d := all[sent.api]
		o := d.operations()[nameless(sent.call.op)]
		require.NotNil(t, o.operation, sent.call.op)
		for _, p := range o.parameters {
			if p.In == "query" {
				assertRequired(t, sent.call, p.Required, p.Name)
			}
		}
		if sent.body != nil {
			d.eachMember(o.RequestBody.schema(), nil, func(path []string, required bool) { assertRequired(t, sent.call, required, path...) })
		}
	}
}

// eachMember calls see with every member of a schema, by its path.
func (d *document) eachMember(s *schema, above []string, see func(path []string, required bool)) {
	_, s = d.resolved(s)
	for name, property := range s.Properties {
		path := append(slices.Clone(above), name)
		see(path, slices.Contains(s.Required, name))
		d.eachMember(property, path, see)
	}
}

func assertRequired(t *testing.T, c call, required bool, path ...string) {
	t.Helper()
	fake, in := newWorld(t)
	client := fake.Client(partnerapi.WithMiddleware(func(next http.RoundTripper) http.RoundTripper {
		return roundTripFunc(func(req *http.Request) (*http.Response, error) {
			if _, op := partnerapi.Operation(req.Context()); op == c.op {
				req = without(t, req, path)
			}
			return next.RoundTrip(req)
		})
	}))
	_, err := c.do(t.Context(), client, in, partnerapi.WithoutRetry())
	name := c.op + " " + strings.Join(path, ".")
	refused := err != nil && requiredBySome[name] == ""
	assert.Equal(t, refused, required, "%s: %v", name, err)
}

// without returns the request without a parameter of its query or a member of its body.
func without(t *testing.T, req *http.Request, path []string) *http.Request {
	t.Helper()
	req = req.Clone(req.Context())
	if req.Body == nil {
		query := req.URL.Query()
		query.Del(path[0])
		req.URL.RawQuery = query.Encode()
		return req
	}
	var whole map[string]any
	require.NoError(t, json.NewDecoder(req.Body).Decode(&whole))
	object := whole
	for _, name := range path[:len(path)-1] {
		inner, ok := object[name].(map[string]any)
		require.True(t, ok, name)
		object = inner
	}
	delete(object, path[len(path)-1])
	text, err := json.Marshal(whole)
	require.NoError(t, err)
	req.Body, req.ContentLength = io.NopCloser(strings.NewReader(string(text))), int64(len(text))
	return req
}

// schemasOf are the schemas of each type that a call returns. Together they have the fields of the type.
var schemasOf = map[partnerapi.API]map[reflect.Type][]string{
	partnerapi.AccountAPI: {
		reflect.TypeFor[partnerapi.Customer]():       {"Customer"},
		reflect.TypeFor[partnerapi.Authentication](): {"Authentication"},
		reflect.TypeFor[partnerapi.Membership]():     {"Membership"},
		reflect.TypeFor[partnerapi.MembershipPlan](): {"MembershipPlan"},
		reflect.TypeFor[partnerapi.Affiliate]():      {"Affiliate"},
		reflect.TypeFor[partnerapi.Benefit]():        {"Benefit"},
		reflect.TypeFor[partnerapi.Tokens]():         {"Tokens"},
	},
	partnerapi.NetworkAPI: {
		reflect.TypeFor[partnerapi.Domain]():                      {"Domain", "DomainText"},
		reflect.TypeFor[partnerapi.Page[partnerapi.Invitation]](): {"InvitationPage"},
		reflect.TypeFor[partnerapi.Page[partnerapi.Network]]():    {"NetworkPage"},
		reflect.TypeFor[partnerapi.Invitation]():                  {"Invitation"},
		reflect.TypeFor[partnerapi.Activation]():                  {"Activation"},
		reflect.TypeFor[partnerapi.Network]():                     {"Network", "ListedNetwork"},
		reflect.TypeFor[partnerapi.NetworkDeletion]():             {"NetworkDeletion"},
		reflect.TypeFor[partnerapi.App]():                         {"App"},
		reflect.TypeFor[partnerapi.AppUser]():                     {"AppUser"},
		reflect.TypeFor[partnerapi.AppAccount]():                  {"AppAccount"},
		reflect.TypeFor[partnerapi.AppAlert]():                    {"AppAlert"},
		reflect.TypeFor[partnerapi.AppSession]():                  {"AppSession"},
		reflect.TypeFor[partnerapi.AccountChoice]():               {"ListedAccount"},
	},
}

// withoutTags are the members of types that read themselves.
var withoutTags = map[reflect.Type]map[string]string{
	reflect.TypeFor[partnerapi.AppSession](): {
		"jwt": "string", "auth": "", "app": "object", "user": "", "account": "", "access": "", "alerts": "array",
	},
	reflect.TypeFor[partnerapi.AccountChoice](): {"id": "string", "title": "string"},
}

// membersOf returns the JSON types of a type's members, by their names.
func membersOf(of reflect.Type) map[string]string {
	if members := withoutTags[of]; members != nil {
		return members
	}
	members := make(map[string]string)
	for _, field := range reflect.VisibleFields(of) {
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		if strings.HasPrefix(name, "request_") {
			continue // of the request
		}
		members[name] = jsonTypeOf(field.Type)
		if also := field.Tag.Get("also"); also != "" {
			members[also] = members[name]
		}
	}
	return members
}

func jsonTypeOf(of reflect.Type) string {
	switch {
	case of.Kind() == reflect.Pointer:
		return jsonTypeOf(of.Elem())
	case of == reflect.TypeFor[partnerapi.Date]():
		return "string date"
	case of == reflect.TypeFor[time.Time]():
		return "string date-time"
	case of == reflect.TypeFor[partnerapi.UnixTime]():
		return "Unix seconds"
	default:
		return map[reflect.Kind]string{
			reflect.String: "string", reflect.Bool: "boolean", reflect.Int: "integer", reflect.Int64: "integer",
			reflect.Float64: "number", reflect.Slice: "array", reflect.Struct: "object",
		}[of.Kind()]
	}
}

// The records of the documents have the fields of the SDK's types.
func TestOpenAPIRecords(t *testing.T) {
	t.Parallel()
	all := documents(t)
	for api, types := range schemasOf {
		for of, names := range types {
			fields, documented := membersOf(of), make(map[string]bool)
			for _, name := range names {
				record := all[api].Components.Schemas[name]
				require.NotNil(t, record, name)
				for member, property := range record.Properties {
					documented[member] = true
					assertType(t, all[api], property, fields[member], name+"."+member)
				}
			}
			assert.ElementsMatch(t, slices.Collect(maps.Keys(fields)), slices.Collect(maps.Keys(documented)), of)
		}
	}
}

func assertType(t *testing.T, d *document, property *schema, want, name string) {
	t.Helper()
	_, s := d.resolved(property)
	types := slices.DeleteFunc(slices.Clone(s.Type), func(kind string) bool { return kind == "null" })
	switch {
	case want == "Unix seconds":
		assert.True(t, slices.Equal(types, texts{"integer"}) || slices.Equal(types, texts{"number"}), name)
	case want == "": // a choice
		assert.NotEmpty(t, s.OneOf, name)
	case strings.HasPrefix(want, "string "):
		assert.Equal(t, want, strings.Join(types, " ")+" "+s.Format, name)
	default:
		assert.Equal(t, want, strings.Join(types, " "), name)
	}
}

// Every type that a method of a service returns has its schemas.
func TestOpenAPIHasEveryType(t *testing.T) {
	t.Parallel()
	known := make(map[reflect.Type]bool)
	for _, types := range schemasOf {
		for of := range types {
			known[of] = true
		}
	}
	for _, of := range []reflect.Type{
		reflect.TypeFor[partnerapi.Date](), reflect.TypeFor[partnerapi.UnixTime](), reflect.TypeFor[partnerapi.Session](),
	} {
		known[of] = true
	}
	var look func(reflect.Type)
	look = func(of reflect.Type) {
		switch {
		case of.Kind() == reflect.Pointer || of.Kind() == reflect.Slice:
			look(of.Elem())
		case of.Kind() != reflect.Struct || of.PkgPath() != reflect.TypeFor[partnerapi.Client]().PkgPath():
		case assert.True(t, known[of], of) && withoutTags[of] == nil:
			for _, field := range reflect.VisibleFields(of) {
				look(field.Type)
			}
		}
	}
	for _, service := range reflect.VisibleFields(reflect.TypeFor[partnerapi.Client]()) {
		for i := 0; service.IsExported() && i < service.Type.NumMethod(); i++ {
			for method, out := service.Type.Method(i).Type, 0; out < method.NumOut(); out++ {
				look(method.Out(out))
			}
		}
	}
}

// placeholders are the examples that no vendor shows.
var placeholders = map[string]string{
	"POST /app/login-account selected": "the response is described as a session whose auth is true",
	"POST /refresh renewed":            "only the form of the response is known",
}

// The examples are the documented bodies, all of them, and of the schemas beside them.
func TestOpenAPIExamples(t *testing.T) {
	t.Parallel()
	var shown []string
	for api, d := range documents(t) {
		for op, o := range d.operations() {
			bodies := slices.Collect(maps.Values(o.Responses))
			if o.RequestBody != nil {
				bodies = append(bodies, *o.RequestBody)
			}
			for _, b := range bodies {
				for name, example := range b.Content["application/json"].Examples {
					value := asJSON(t, example.Value)
					assert.Empty(t, d.misfit(b.schema(), value, func(string, map[string]any) {}), "%s %s", op, name)
					if placeholders[op+" "+name] != "" {
						continue
					}
					file := fixtureOf(t, api, op, name)
					shown = append(shown, file)
					text, err := json.Marshal(value)
					require.NoError(t, err)
					assert.JSONEq(t, fixture(t, file), string(text), file)
				}
			}
		}
	}
	files, err := filepath.Glob(filepath.Join(testdata, "*.json"))
	require.NoError(t, err)
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".json")
		if !slices.Contains(shown, name) {
			assert.Regexp(t, `^account\.`, name, "a documented body that no document shows")
		}
	}
}

// fixtureOf returns the name of the documented body that an example is named for.
func fixtureOf(t *testing.T, api partnerapi.API, op, name string) string {
	t.Helper()
	candidates := []string{string(api)}
	for _, c := range firstCalls() {
		if nameless(c.op) == op {
			candidates = append(candidates, slug(c.op))
		}
	}
	for _, candidate := range candidates {
		if isFixture(candidate + "." + name) {
			return candidate + "." + name
		}
	}
	require.Failf(t, "no documented body", "%s %s", op, name)
	return ""
}

func isFixture(name string) bool {
	_, err := os.Stat(filepath.Join(testdata, name+".json"))
	return err == nil
}

// A member of a response is required if, and only if, all documented bodies have it.
func TestOpenAPIRequiredOfResponses(t *testing.T) {
	t.Parallel()
	for api, d := range documents(t) {
		objects := make(map[string][]map[string]any)
		for _, o := range d.operations() {
			for _, b := range o.Responses {
				for _, example := range b.Content["application/json"].Examples {
					d.misfit(b.schema(), asJSON(t, example.Value), func(name string, object map[string]any) {
						objects[name] = append(objects[name], object)
					})
				}
			}
		}
		for _, names := range schemasOf[api] {
			for _, name := range names {
				assertInAll(t, name, d.Components.Schemas[name].Required, objects[name])
			}
		}
	}
}

// withoutExample are the schemas whose form is known from words alone.
var withoutExample = []string{"Domain", "ListedAccount"}

func assertInAll(t *testing.T, name string, required []string, objects []map[string]any) {
	t.Helper()
	if slices.Contains(withoutExample, name) {
		assert.Empty(t, objects, name)
		return
	}
	require.NotEmpty(t, objects, name)
	in := make(map[string]int)
	for _, object := range objects {
		for member := range object {
			in[member]++
		}
	}
	maps.DeleteFunc(in, func(_ string, times int) bool { return times < len(objects) })
	assert.ElementsMatch(t, slices.Collect(maps.Keys(in)), required, name)
}
