package jsonwire

import (
	"encoding/json"
	"errors"
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// writesRaw is JSON.
type writesRaw string

func (w writesRaw) MarshalJSON() ([]byte, error) { return []byte(w), nil }

// writesText is a TextMarshaler, in the key of a map too.
type writesText struct{ text string }

func (w writesText) MarshalText() ([]byte, error) { return []byte(w.text), nil }

// writesByPointer is a Marshaler by its pointer alone.
type writesByPointer struct{ Text string }

func (w *writesByPointer) MarshalJSON() ([]byte, error) { return []byte(`"` + w.Text + `"`), nil }

// neverSent is always omitted if the tag says omitzero.
type neverSent struct{ Text string }

func (neverSent) IsZero() bool { return true }

type shadowed struct {
	Name string `json:"name"`
	Kept string `json:"kept"`
}

type unexportedRecord struct{ Text string }

// written is what the root package passes to Unsendable.
func written(v any) (any, bool) {
	w, ok := v.(interface{ written() any })
	if !ok {
		return nil, false
	}
	return w.written(), true
}

// optional writes the value that it holds, as an Optional of the root package does.
type optional[T any] struct {
	value T
	set   bool
}

func (o optional[T]) written() any {
	if !o.set {
		return ""
	}
	return o.value
}

func (o optional[T]) MarshalJSON() ([]byte, error) { return json.Marshal(o.written()) }

// rewritten writes its fields in another form.
type rewritten struct{ Name string }

func (r rewritten) written() any { return map[string]string{"name": r.Name} }

func (r rewritten) MarshalJSON() ([]byte, error) { return json.Marshal(r.written()) }

type failing struct{}

func (failing) MarshalJSON() ([]byte, error) { return nil, errors.New("SECRET") }

type failingText struct{}

func (*failingText) MarshalText() ([]byte, error) { return nil, errors.New("SECRET") }

// Invalid UTF-8 is found in the value itself, because a U+FFFD in the value is sendable.
func TestUnsendable(t *testing.T) {
	t.Parallel()
	const bad = "a\xffb"
	text := bad
	refused := map[string]any{
		"a text":                         bad,
		"a field":                        anyRecord{Name: bad},
		"a slice in a map":               map[int][]string{1: {"a", bad}},
		"a slice of slices":              [][]string{{}, {"a", bad}},
		"an array behind a pointer":      &[2]string{"a", bad},
		"a pointer to a pointer":         func() **string { p := &text; return &p }(),
		"a key":                          map[named]int{bad: 1},
		"a key that writes itself":       map[writesText]int{{bad}: 1},
		"a key of a map in a map":        map[string]any{"a": map[string]any{bad: nil}},
		"in an interface":                struct{ A any }{struct{ B any }{&text}},
		"a MarshalJSON":                  writesRaw(`"` + bad + `"`),
		"a MarshalJSON in a field":       struct{ A any }{writesRaw(`"` + bad + `"`)},
		"a MarshalText":                  []writesText{{"a"}, {bad}},
		"a MarshalJSON of a pointer":     &writesByPointer{bad},
		"one in a slice":                 []writesByPointer{{bad}},
		"one that is not addressable":    writesByPointer{bad},
		"json.RawMessage":                struct{ A json.RawMessage }{json.RawMessage(`"` + bad + `"`)},
		"a type of ours":                 rewritten{bad},
		"a type of ours, by pointer":     []*rewritten{{bad}},
		"a type of ours, in a Marshaler": struct{ A json.Marshaler }{rewritten{bad}},
		"an embedded type of ours":       struct{ rewritten }{rewritten{bad}},
		"an optional":                    struct{ A optional[[]string] }{optional[[]string]{[]string{bad}, true}},
		"an optional of an optional":     &optional[optional[string]]{optional[string]{bad, true}, true},
		"an embedded unexported record":  struct{ unexportedRecord }{unexportedRecord{bad}},
		"an embedded pointer":            struct{ *shadowed }{&shadowed{Kept: bad}},
		"of two names the outer one": struct {
			shadowed

			Name string `json:"name"`
		}{shadowed{Name: "a"}, bad},
	}
	for name, in := range refused {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			assert.Equal(t, "not valid UTF-8", Unsendable(in, written))
		})
	}
	sent := map[string]struct {
		in   any
		want string
	}{
		"U+FFFD":                   {"Zo\ufffd", `"Zo\ufffd"`},
		"U+FFFD in a field":        {rewritten{"Zo\ufffd"}, `{"name":"Zo\ufffd"}`},
		"U+FFFD as a key":          {map[string]int{"\ufffd": 1}, `{"\ufffd":1}`},
		"U+FFFD in an optional":    {struct{ A optional[string] }{optional[string]{"\ufffd", true}}, `{"A":"\ufffd"}`},
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
		"an unset optional": {optional[string]{bad, false}, `""`},
		"an embedded nil":   {struct{ *shadowed }{}, `{}`},
		"of two names the inner one": {struct {
			shadowed

			Name string `json:"name"`
		}{shadowed{Name: bad, Kept: "k"}, "a"}, `{"kept":"k","name":"a"}`},
		"a time": {map[writesText]time.Time{{"a"}: time.Unix(0, 0).UTC()}, `{"a":"1970-01-01T00:00:00Z"}`},
	}
	for name, test := range sent {
		t.Run("sendable: "+name, func(t *testing.T) {
			t.Parallel()
			assert.Empty(t, Unsendable(test.in, written))
			text, err := json.Marshal(test.in)
			require.NoError(t, err)
			assert.JSONEq(t, test.want, string(text))
		})
	}
}

// A number that JSON cannot represent is found in the value: the error of encoding/json differs between releases of Go.
func TestUnsendableNumbers(t *testing.T) {
	t.Parallel()
	inf := math.Inf(-1)
	for name, in := range map[string]any{
		"NaN": math.NaN(), "float32": float32(math.Inf(1)), "pointer": &inf, "list": []float64{1, inf}, "map": map[string]any{"a": inf},
		"optional": struct{ A optional[float64] }{optional[float64]{inf, true}}, "optional pointer": anyRecord{Maybe: &inf},
	} {
		assert.Equal(t, "NaN or infinite", Unsendable(in, written), name)
	}
}

// A value that contains itself is left to encoding/json, which refuses it.
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
		assert.Empty(t, Unsendable(in, written), name)
		_, err := json.Marshal(in)
		require.Error(t, err, name)
	}
}

// An error of MarshalJSON or MarshalText is left to encoding/json.
func TestUnsendableLeavesErrors(t *testing.T) {
	t.Parallel()
	for _, in := range []any{failing{}, []any{failing{}}, map[string]any{"a": &failingText{}}} {
		assert.Empty(t, Unsendable(in, written))
	}
}
