package partnerapi

import (
	"bufio"
	"bytes"
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
			var got string
			client := newTestClient(t, roundTripFunc(func(req *http.Request) (*http.Response, error) {
				got = req.URL.String()
				return reply(200, "{}"), nil
			}), WithBaseURL(NetworkAPI, test.base))
			_, err := Do[none](t.Context(), client, Call{API: NetworkAPI, Op: test.op, Args: []string{"a/../b"}})
			require.NoError(t, err)
			assert.Equal(t, test.want, got)
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
		require.NoError(t, r.build(t.Context(), 1, nil).Write(&wire))
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

// Invalid UTF-8 in a body is refused, also in types with a MarshalJSON. A U+FFFD is sent.
func TestBodyIsUTF8(t *testing.T) {
	t.Parallel()
	const bad = "a\xffb"
	for name, in := range map[string]any{
		"a text":                     bad,
		"a field":                    LoginRequest{Email: bad},
		"a key":                      map[Plan]int{bad: 1},
		"an account's password":      CreateAccountRequest{Password: bad},
		"an account, by its pointer": []*CreateAccountRequest{{PasswordConfirmation: bad}},
		"a new password":             UpdateAccountRequest{Password: bad},
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
	for name, test := range map[string]struct {
		in   any
		want string
	}{
		"U+FFFD":                {"Zo\ufffd", `"Zo\ufffd"`},
		"U+FFFD in a field":     {CreateAccountRequest{FirstName: "Zo\ufffd"}, `{"first_name":"Zo\ufffd"}`},
		"U+FFFD in an Optional": {struct{ A Optional[string] }{Set("\ufffd")}, `{"A":"\ufffd"}`},
		"a cleared Optional":    {struct{ A Optional[string] }{Clear[string]()}, `{"A":""}`},
		"an unset Optional":     {struct{ A Optional[string] }{}, `{"A":null}`},
		"a time":                {map[Date]time.Time{{2026, 1, 2}: time.Unix(0, 0).UTC()}, `{"2026-01-02":"1970-01-01T00:00:00Z"}`},
	} {
		t.Run("sent: "+name, func(t *testing.T) {
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

// A number that JSON cannot represent has an error of its own: that of encoding/json has no fixed type.
func TestBodyNumbers(t *testing.T) {
	t.Parallel()
	inf := math.Inf(-1)
	for name, in := range map[string]any{
		"NaN": math.NaN(), "float32": float32(math.Inf(1)), "pointer": &inf, "list": []float64{1, inf}, "map": map[string]any{"a": inf},
		"fee": UpdateNetworkRequest{inf}, "to set": UpdateInvitationRequest{FeeProposed: Set(inf)},
		"proposed": CreateInvitationRequest{FeeProposed: Set(inf)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := Do[none](t.Context(), newTestClient(t, nothingSent(t)), Call{API: PartnerAPI, Op: "POST /a", Body: in})
			assertRefused(t, err, "Body", "NaN or infinite")
		})
	}
}

// A body that contains itself is refused, also with many paths to the cycle.
func TestBodyContainsItself(t *testing.T) {
	t.Parallel()
	type tree struct{ Left, Right *tree }
	root := &tree{}
	root.Left, root.Right = root, root
	list := []any{nil, nil}
	list[0], list[1] = list, list
	self := map[string]any{}
	self["a"], self["b"] = self, &self
	for name, in := range map[string]any{"pointers": root, "a list": list, "a map": self} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := Do[none](t.Context(), newTestClient(t, nothingSent(t)), Call{API: PartnerAPI, Op: "POST /a", Body: in})
			assertRefused(t, err, "Body", "encoding failed")
		})
	}
	shared := &tree{}
	for range 10 { // 1,024 paths to the last value, and no cycle
		shared = &tree{shared, shared}
	}
	_, err := Do[none](t.Context(), newTestClient(t, always(200, `{"success":true}`)), Call{API: PartnerAPI, Op: "POST /a", Body: shared})
	require.NoError(t, err)
}

// An error of MarshalJSON is reported without its text.
func TestBodyCannotBeEncoded(t *testing.T) {
	t.Parallel()
	for _, in := range []any{failing{}, []any{failing{}}, map[string]any{"a": &failingText{}}} {
		_, err := Do[none](t.Context(), newTestClient(t, nothingSent(t)), Call{API: PartnerAPI, Op: "POST /a", Body: in})
		assertRefused(t, err, "Body", "encoding failed")
	}
}

type failingText struct{}

func (*failingText) MarshalText() ([]byte, error) { return nil, errors.New("SECRET") }
