package partnerapi

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"math"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// An argument remains one segment beside any other segments: net/url ignores an escaped path that is invalid in one part.
func TestArgumentBesideUnusualSegments(t *testing.T) {
	t.Parallel()
	tests := map[string]struct{ base, op, want string }{
		"plain":             {"https://a.example", "GET /a/{id}/b", "https://a.example/a/a%2F..%2Fb/b"},
		"not ASCII":         {"https://a.example", "GET /ü/{id}", "https://a.example/%C3%BC/a%2F..%2Fb"},
		"reserved":          {"https://a.example", "GET /a:b;c,d/{id}", "https://a.example/a:b;c,d/a%2F..%2Fb"},
		"base with a path":  {"https://a.example/api", "GET /{id}", "https://a.example/api/a%2F..%2Fb"},
		"base with escapes": {"https://a.example/a%2Fb", "GET /{id}", "https://a.example/a%2Fb/a%2F..%2Fb"},
		"base with a slash": {"https://a.example/ü/", "GET /{id}", "https://a.example/%C3%BC/a%2F..%2Fb"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client := newTestClient(t, teapotTransport, WithBaseURL(NetworkAPI, test.base))
			r, err := encode(t.Context(), client, &endpoint{Call: Call{API: NetworkAPI, Op: test.op, Args: []string{"a/../b"}}}, nil)
			require.NoError(t, err)
			assert.Equal(t, test.want, r.url.String())
		})
	}
}

// An empty header of the caller does not replace the default.
func TestEmptyHeaderOfACaller(t *testing.T) {
	t.Parallel()
	client := newTestClient(t, roundTripFunc(func(req *http.Request) (*http.Response, error) {
		assert.Equal(t, http.Header{
			"Accept": {"application/json"}, "User-Agent": {"partnerapi-go/" + Version}, "X-Empty": {""}, "Authorization": {testNetworkToken},
		}, req.Header)
		return reply(200, "{}"), nil
	}))
	require.NoError(t, client.Invitations.Delete(t.Context(), "inv_1",
		WithHeader("User-Agent", ""), WithHeader("Accept", ""), WithHeader("X-Empty", "")))
}

// FuzzPathArgument sends any argument in a path: it is refused, or the server decodes it unchanged from one segment.
func FuzzPathArgument(f *testing.F) {
	for _, pk := range []string{
		"MS2365", "", ".", "..", "...", "a/b", "/", "//", "ü", "a b", "a+b", "a%2Fb", "%", "%zz", "?", "#", "a?b#c", "a;b", "a:b", "*", "\\",
		"a\x00b", "\r\nX: y", "\xff", "\u2028", "{pk}", "~", "a@b.c", strings.Repeat("x", 300), "../subscriptions", "%2e%2e", "%2E",
	} {
		f.Add(pk)
	}
	client := newTestClient(f, teapotTransport)
	mux := http.NewServeMux()
	mux.HandleFunc("PUT /api/v1/partners/subscriptions/{pk}", func(http.ResponseWriter, *http.Request) {})
	f.Fuzz(func(t *testing.T, pk string) {
		call := Call{API: PartnerAPI, Op: "PUT /partners/subscriptions/{pk}", Args: []string{pk}}
		r, err := encode(t.Context(), client, &endpoint{Call: call}, nil)
		if err != nil {
			var refused *ArgumentError
			require.ErrorAs(t, err, &refused)
			assert.Equal(t, "pk", refused.Name)
			assert.True(t, pk == "" || pk == "." || pk == ".." || !utf8.ValidString(pk), "%q was refused", pk)
			return
		}
		var wire bytes.Buffer
		require.NoError(t, r.build(t.Context(), time.Now().Add(time.Hour), 1, nil).Write(&wire))
		arrived, err := http.ReadRequest(bufio.NewReader(&wire))
		require.NoError(t, err)
		segments := strings.Split(arrived.URL.EscapedPath(), "/")
		require.Len(t, segments, 6)
		assert.Equal(t, []string{"", "api", "v1", "partners", "subscriptions"}, segments[:5])
		decoded, err := url.PathUnescape(segments[5])
		require.NoError(t, err)
		assert.Equal(t, pk, decoded)
		assert.Empty(t, arrived.URL.RawQuery)
		assert.Equal(t, "www.bark.us", arrived.Host)
		if pk != "/" { // ServeMux reads it as the end of a path, even as %2F
			_, pattern := mux.Handler(arrived)
			assert.Equal(t, "PUT /api/v1/partners/subscriptions/{pk}", pattern)
		}
	})
}

var teapotTransport = always(http.StatusTeapot, "")

// testdata/TRAPS.md: "encoding/json maps every invalid UTF-8 byte to U+FFFD." internal/jsonwire finds them in any value.
func TestTrapInvalidUTF8(t *testing.T) {
	t.Parallel()
	const bad = "a\xffb"
	for name, in := range map[string]any{
		"a text":                     bad,
		"a field":                    LoginRequest{Email: bad},
		"an enum":                    &CreateSubscriptionRequest{PK: "a", Plan: bad},
		"a key":                      map[Plan]int{bad: 1},
		"raw JSON":                   json.RawMessage(`"` + bad + `"`),
		"an account's password":      CreateAccountRequest{Password: bad},
		"an account, by its pointer": []*CreateAccountRequest{{PasswordConfirmation: bad}},
		"an account in a record":     struct{ CreateAccountRequest }{CreateAccountRequest{FirstName: bad}},
		"an Optional":                struct{ A Optional[[]string] }{Set([]string{bad})},
		"an Optional, by pointer":    &struct{ A *Optional[string] }{ptr(Set(bad))},
		"an Optional of an Optional": struct{ A Optional[Optional[string]] }{Set(Set(bad))},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := Do[none](t.Context(), newTestClient(t, nothingSent(t)), Call{API: PartnerAPI, Op: "POST /a", Body: in})
			assertRefused(t, err, "Body", "not valid UTF-8")
		})
	}
}

// tree can contain itself.
type tree struct{ Left, Right *tree }

// node can contain itself in fields that are not encoded.
type node struct {
	Name   string
	Up     *node `json:"-"`
	parent *node
}

// hidesLoop can contain itself, but does not encode that.
type hidesLoop struct {
	Items []any
	Map   map[string]any
	Next  *hidesLoop
}

func (hidesLoop) MarshalJSON() ([]byte, error) { return []byte(`{}`), nil }

type failing struct{}

func (failing) MarshalJSON() ([]byte, error) { return nil, errors.New("SECRET") }

type failingText struct{}

func (*failingText) MarshalText() ([]byte, error) { return nil, errors.New("SECRET") }

// A number that JSON cannot represent has an error of its own: that of encoding/json has no fixed type. An error of
// MarshalJSON is reported without its text.
func TestBodyRefused(t *testing.T) {
	t.Parallel()
	const number, failed = "NaN or infinite", "encoding failed"
	inf := math.Inf(-1)
	root := &tree{}
	root.Left, root.Right = root, root
	list := []any{nil, nil}
	list[0], list[1] = list, list
	self := map[string]any{}
	self["a"], self["b"] = self, &self
	for name, test := range map[string]struct {
		in  any
		why string
	}{
		"NaN":                {math.NaN(), number},
		"infinite":           {map[string]any{"a": &inf}, number},
		"a fee":              {UpdateNetworkRequest{inf}, number},
		"a fee to set":       {UpdateInvitationRequest{FeeProposed: Set(inf)}, number},
		"a proposed fee":     {CreateInvitationRequest{FeeProposed: Set(inf)}, number},
		"itself by pointers": {root, failed},
		"itself in a list":   {list, failed},
		"itself in a map":    {self, failed},
		"MarshalJSON fails":  {[]any{failing{}}, failed},
		"MarshalText fails":  {map[string]any{"a": &failingText{}}, failed},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := Do[none](t.Context(), newTestClient(t, nothingSent(t)), Call{API: PartnerAPI, Op: "POST /a", Body: test.in})
			assertRefused(t, err, "Body", test.why)
		})
	}
}

// These bodies pass the checks, although they look like refused ones.
func TestBodySent(t *testing.T) {
	t.Parallel()
	shared, text := &tree{}, `{"Left":null,"Right":null}`
	for range 10 { // 1,024 paths to the last value, and no cycle
		shared, text = &tree{shared, shared}, `{"Left":`+text+`,"Right":`+text+`}`
	}
	n := &node{Name: "a"}
	n.Up, n.parent = n, n
	loop := hidesLoop{Items: []any{nil}, Map: map[string]any{}}
	loop.Items[0], loop.Map["self"], loop.Next = loop.Items, loop.Map, &loop
	for name, test := range map[string]struct {
		in   any
		want string
	}{
		"U+FFFD":                {[]string{"\ufffd", `\ufffd`}, "[\"\ufffd\",\"\\\\ufffd\"]"},
		"U+FFFD in a field":     {CreateAccountRequest{FirstName: "Zo\ufffd"}, `{"first_name":"Zo\ufffd"}`},
		"U+FFFD in an Optional": {struct{ A Optional[string] }{Set("\ufffd")}, `{"A":"\ufffd"}`},
		"a cleared Optional":    {struct{ A Optional[string] }{Clear[string]()}, `{"A":""}`},
		"an unset Optional":     {struct{ A Optional[string] }{}, `{"A":null}`},
		"a time":                {map[Date]time.Time{{2026, 1, 2}: time.Unix(0, 0).UTC()}, `{"2026-01-02":"1970-01-01T00:00:00Z"}`},
		"bytes":                 {map[string][]byte{"a": {0xff}}, `{"a":"/w=="}`},
		"raw JSON":              {json.RawMessage(`{"a":"ü"}`), `{"a":"ü"}`},
		"many paths":            {shared, text},
		"a cycle not encoded":   {n, `{"Name":"a"}`},
		"a cycle it replaces":   {&loop, `{}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client := newTestClient(t, roundTripFunc(func(req *http.Request) (*http.Response, error) {
				body, err := io.ReadAll(req.Body)
				require.NoError(t, err)
				assert.JSONEq(t, test.want, string(body))
				return reply(200, `{"success":true}`), nil
			}))
			_, err := Do[none](t.Context(), client, Call{API: PartnerAPI, Op: "POST /a", Body: test.in})
			require.NoError(t, err)
		})
	}
}
