package partnerapi

import (
	"errors"
	"io"
	"math"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Invalid UTF-8 in a body is refused, also in the types that write themselves. A U+FFFD of the caller's is sent.
func TestBodyIsUTF8(t *testing.T) {
	t.Parallel()
	const bad = "a\xffb"
	for name, in := range map[string]any{
		"a text":                     bad,
		"a field":                    LoginRequest{Email: bad},
		"a key":                      map[Plan]int{bad: 1},
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

// A number that JSON does not have is refused as such: the error of encoding/json for it has no fixed type.
func TestBodyNumbers(t *testing.T) {
	t.Parallel()
	inf := math.Inf(-1)
	for name, in := range map[string]any{
		"NaN": math.NaN(), "float32": float32(math.Inf(1)), "pointer": &inf, "list": []float64{1, inf}, "map": map[string]any{"a": inf},
		"fee": UpdateNetworkRequest{inf}, "to set": UpdateInvitationRequest{FeeProposed: Set(inf)},
		"proposed": CreateInvitationRequest{FeeProposed: &inf},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := Do[none](t.Context(), newTestClient(t, nothingSent(t)), Call{API: PartnerAPI, Op: "POST /a", Body: in})
			assertRefused(t, err, "Body", "a number that JSON does not have")
		})
	}
}

// A body that contains itself is refused, by however many paths it does.
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
			assertRefused(t, err, "Body", "cannot be encoded")
		})
	}
	shared := &tree{}
	for range 10 { // 1,024 paths to the last, and no cycle
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
		assertRefused(t, err, "Body", "cannot be encoded")
	}
}

type failingText struct{}

func (*failingText) MarshalText() ([]byte, error) { return nil, errors.New("SECRET") }
