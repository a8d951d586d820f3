package partnerapi

import (
	"encoding/json"
	"errors"
	"io"
	"math"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// writesRaw writes itself as the bytes that it holds.
type writesRaw string

func (w writesRaw) MarshalJSON() ([]byte, error) { return []byte(w), nil }

// writesText writes itself as text, also as the key of a map.
type writesText struct{ text string }

func (w writesText) MarshalText() ([]byte, error) { return []byte(w.text), nil }

// writesByPointer writes itself only where it can be addressed.
type writesByPointer struct{ Text string }

func (w *writesByPointer) MarshalJSON() ([]byte, error) { return []byte(`"` + w.Text + `"`), nil }

// neverSent is always left out where the tag says omitzero.
type neverSent struct{ Text string }

func (neverSent) IsZero() bool { return true }

type shadowed struct {
	Name string `json:"name"`
	Kept string `json:"kept"`
}

type unexportedRecord struct{ Text string }

// Whether a value is valid UTF-8 is told from the value: U+FFFD of the caller's own is sent, whatever encoding/json writes
// for it.
func TestUnsendable(t *testing.T) {
	t.Parallel()
	const bad = "a\xffb"
	text := bad
	refused := map[string]any{
		"a text":                        bad,
		"a field":                       LoginRequest{Email: bad},
		"a slice in a map":              map[int][]string{1: {"a", bad}},
		"a slice of slices":             [][]string{{}, {"a", bad}},
		"an array behind a pointer":     &[2]string{"a", bad},
		"a pointer to a pointer":        func() **string { p := &text; return &p }(),
		"a key":                         map[Plan]int{bad: 1},
		"a key that writes itself":      map[writesText]int{{bad}: 1},
		"a key of a map in a map":       map[string]any{"a": map[string]any{bad: nil}},
		"in an interface":               struct{ A any }{struct{ B any }{&text}},
		"a MarshalJSON":                 writesRaw(`"` + bad + `"`),
		"a MarshalJSON in a field":      struct{ A any }{writesRaw(`"` + bad + `"`)},
		"a MarshalText":                 []writesText{{"a"}, {bad}},
		"a MarshalJSON of a pointer":    &writesByPointer{bad},
		"one in a slice":                []writesByPointer{{bad}},
		"one that cannot be addressed":  writesByPointer{bad},
		"json.RawMessage":               struct{ A json.RawMessage }{json.RawMessage(`"` + bad + `"`)},
		"an account's password":         CreateAccountRequest{Password: bad},
		"an account, by its pointer":    []*CreateAccountRequest{{PasswordConfirmation: bad}},
		"an account in a record":        struct{ CreateAccountRequest }{CreateAccountRequest{FirstName: bad}},
		"an Optional":                   struct{ A Optional[[]string] }{Set([]string{bad})},
		"an Optional of an Optional":    struct{ A Optional[Optional[string]] }{Set(Set(bad))},
		"an embedded unexported record": struct{ unexportedRecord }{unexportedRecord{bad}},
		"an embedded pointer":           struct{ *shadowed }{&shadowed{Kept: bad}},
		"of two names the outer one": struct {
			shadowed

			Name string `json:"name"`
		}{shadowed{Name: "a"}, bad},
	}
	for name, in := range refused {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			assert.Equal(t, "not valid UTF-8", unsendable(in))
			_, err := Do[none](t.Context(), newTestClient(t, nothingSent(t)), Call{API: PartnerAPI, Op: "POST /a", Body: in})
			assertRefused(t, err, "Body", "not valid UTF-8")
		})
	}
	sent := map[string]struct {
		in   any
		want string
	}{
		"U+FFFD":                   {"Zo\ufffd", `"Zo\ufffd"`},
		"U+FFFD in a field":        {CreateAccountRequest{FirstName: "Zo\ufffd"}, `{"first_name":"Zo\ufffd"}`},
		"U+FFFD as a key":          {map[string]int{"\ufffd": 1}, `{"\ufffd":1}`},
		"U+FFFD in an Optional":    {struct{ A Optional[string] }{Set("\ufffd")}, `{"A":"\ufffd"}`},
		"U+FFFD in raw JSON":       {json.RawMessage(`"\ufffd"`), `"\ufffd"`},
		"U+FFFD, escaped":          {writesRaw(`"\ufffd\uFFFD"`), `"\ufffd\ufffd"`},
		"half of a surrogate pair": {writesRaw(`["\ud800"]`), `["\ud800"]`},
		"a number's text":          {json.Number("1.50"), `1.50`},
		"bytes":                    {struct{ A []byte }{[]byte(bad)}, `{"A":"Yf9i"}`},
		"bytes of an array":        {[3]byte{97, 255, 98}, `[97,255,98]`},
		"an unexported field":      {struct{ a string }{bad}, `{}`},
		"a field that is left out": {struct {
			A string `json:"-"`
		}{bad}, `{}`},
		"a record left out as zero": {struct {
			A neverSent `json:"a,omitzero"`
		}{neverSent{bad}}, `{}`},
		"nil in many forms": {struct {
			A *string
			B []string
			C map[string]string
			D any
			E *writesByPointer
		}{}, `{"A":null,"B":null,"C":null,"D":null,"E":null}`},
		"an embedded nil": {struct{ *shadowed }{}, `{}`},
		"of two names the inner one": {struct {
			shadowed

			Name string `json:"name"`
		}{shadowed{Name: bad, Kept: "k"}, "a"}, `{"kept":"k","name":"a"}`},
		"a time": {map[Date]time.Time{{2026, 1, 2}: time.Unix(0, 0).UTC()}, `{"2026-01-02":"1970-01-01T00:00:00Z"}`},
	}
	for name, test := range sent {
		t.Run("sent: "+name, func(t *testing.T) {
			t.Parallel()
			assert.Empty(t, unsendable(test.in))
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

// A number that JSON does not have is found in the value: the error that encoding/json makes of it has no fixed type.
func TestUnsendableNumbers(t *testing.T) {
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

// What leads back into itself is refused, by however many ways it does.
func TestUnsendableEnds(t *testing.T) {
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
	for range 10 { // 1,024 ways to the last, none of which leads back
		shared = &tree{shared, shared}
	}
	_, err := Do[none](t.Context(), newTestClient(t, always(200, `{"success":true}`)), Call{API: PartnerAPI, Op: "POST /a", Body: shared})
	require.NoError(t, err)
}

// An error of MarshalJSON is told as one, without its text.
func TestUnsendableLeavesErrorsToEncodingJSON(t *testing.T) {
	t.Parallel()
	for _, in := range []any{failing{}, []any{failing{}}, map[string]any{"a": &failingText{}}} {
		assert.Empty(t, unsendable(in))
		_, err := Do[none](t.Context(), newTestClient(t, nothingSent(t)), Call{API: PartnerAPI, Op: "POST /a", Body: in})
		assertRefused(t, err, "Body", "cannot be encoded")
	}
}

type failingText struct{}

func (*failingText) MarshalText() ([]byte, error) { return nil, errors.New("SECRET") }
