package jsonwire

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// plainRecord has a field of every kind that is written without encoding/json.
type plainRecord struct {
	Text    string `json:"text"`
	Named   named  `json:"named,omitempty"`
	Renamed string `json:"renamed_2,omitzero"`
	Yes     bool   `json:"yes"`
	MaybeNo bool   `json:",omitempty"`
	Int     int    `json:""`
	Int8    int8   `json:"i8,omitzero"`
	Int16   int16  `json:"i16"`
	Int32   int32
	Int64   int64   `json:"i64"`
	Uint    uint    `json:"u,omitempty"`
	Uint8   uint8   `json:"u8"`
	Uint16  uint16  `json:"u16"`
	Uint32  uint32  `json:"u32"`
	Uint64  uint64  `json:"u64"`
	Uintptr uintptr `json:"uptr"`
	PText   *string `json:"p_text"`
	PNamed  *named  `json:"p_named,omitempty"`
	PYes    *bool   `json:"p_yes,omitzero"`
	PInt    *int64  `json:"p_int"`
	PUint   *uint8  `json:"p_uint"`
	Left    string  `json:"-"`
	hidden  string
}

// FuzzMarshal compares Marshal with encoding/json.
func FuzzMarshal(f *testing.F) {
	for _, text := range []string{
		"", "a", "parent@example.com", " ~!#$%'()*+,-./09:;=?@AZ[]^_`az{|}", `"`, `\`, "/", "<", ">", "&", "\x00", "\t", "\n", "\x1f",
		"\x7f", "\x80", "é", "\u2028", "\ufffd", "\xff", "\xed\xa0\x80", "😀",
	} {
		f.Add(text, "b", int64(-1), uint64(1), true)
		f.Add("", text, int64(0), uint64(0), false)
	}
	f.Add("a", "b", int64(-1<<63), uint64(1<<64-1), true)
	f.Fuzz(func(t *testing.T, text, other string, number int64, natural uint64, yes bool) {
		name, small := named(other), uint8(natural) //nolint:gosec // any number will do
		for _, in := range []plainRecord{
			{
				Text: text, Named: name, Renamed: other, Yes: yes, MaybeNo: yes,
				PText: &text, PNamed: &name, PYes: &yes, PInt: &number, PUint: &small,
			},
			{
				Int: int(number), Int64: number, Uint: uint(natural), Uint64: natural, Uintptr: uintptr(natural),
				Int8: int8(number), Int16: int16(number), Int32: int32(number), //nolint:gosec // any number will do
				Uint8: small, Uint16: uint16(natural), Uint32: uint32(natural), //nolint:gosec // any number will do
				Left: text, hidden: text,
			},
		} {
			want, err := json.Marshal(in) //nolint:musttag // a field without a tag is written too
			require.NoError(t, err)
			if got := plainJSON(in); got != nil || isPlainText(text) && isPlainText(other) {
				assert.Equal(t, string(want), string(got))
				assert.Equal(t, string(want), string(plainJSON(&in)))
			}
			got, why, err := Marshal(in, written)
			require.NoError(t, err)
			assert.Equal(t, string(want), string(got))
			assert.Equal(t, Unsendable(in, written), why)
		}
	})
}

// quiet is a text that is always omitted if the tag says omitzero.
type quiet string

func (quiet) IsZero() bool { return true }

// quietByPointer is quiet by its pointer alone.
type quietByPointer string

func (*quietByPointer) IsZero() bool { return true }

// shouted is a TextMarshaler, and shoutedByPointer by its pointer alone.
type (
	shouted          string
	shoutedByPointer string
)

func (s shouted) MarshalText() ([]byte, error) { return []byte(strings.ToUpper(string(s)) + "!"), nil }

func (s *shoutedByPointer) MarshalText() ([]byte, error) { return shouted(*s).MarshalText() }

// Text is a text that can be embedded.
type Text string

// rewrittenPlainly writes a plain struct in place of itself.
type rewrittenPlainly struct{ A, B string }

func (r rewrittenPlainly) written() any {
	return struct {
		A string `json:"a"`
		B string `json:"b,omitzero"`
	}{r.A, r.B}
}

func (r rewrittenPlainly) MarshalJSON() ([]byte, error) { return json.Marshal(r.written()) }

type embedded struct {
	A string `json:"a"`
	B string
}

// record returns a struct of the strings A, B and so on with these tags and values.
func record(tags []reflect.StructTag, values ...string) any {
	var fields []reflect.StructField // not of a literal, in which go vet would find some of the tags
	for i, tag := range tags {
		fields = append(fields, reflect.StructField{Name: string(rune('A' + i)), Type: stringType, Tag: tag})
	}
	made := reflect.New(reflect.StructOf(fields)).Elem()
	for i, value := range values {
		made.Field(i).SetString(value)
	}
	return made.Interface()
}

// Plain structs are written without encoding/json, and as it writes them.
func TestMarshalPlain(t *testing.T) {
	t.Parallel()
	type tags []reflect.StructTag
	text := "x"
	for name, test := range map[string]struct {
		in   any
		want string
	}{
		"a struct":                   {embedded{"x", "y"}, `{"a":"x","B":"y"}`},
		"a pointer to a struct":      {&embedded{"x", "y"}, `{"a":"x","B":"y"}`},
		"pointers":                   {struct{ A, B *string }{&text, nil}, `{"A":"x","B":null}`},
		"no fields":                  {struct{}{}, `{}`},
		"unexported fields":          {struct{ a, b string }{"x", "y"}, `{}`},
		"an IsZero of the struct":    {neverSent{"x"}, `{"Text":"x"}`},
		"all omitted":                {record(tags{`json:",omitempty"`, `json:"b,omitzero"`}), `{}`},
		"the first omitted":          {record(tags{`json:",omitempty"`, `json:"b,"`}), `{"b":""}`},
		"a field that is left out":   {record(tags{`json:"-"`, `xml:"a"`}, "x", "y"), `{"B":"y"}`},
		"names swapped":              {record(tags{`json:"B"`, `json:"A"`}, "x", "y"), `{"B":"x","A":"y"}`},
		"what a type of ours writes": {rewrittenPlainly{"x", ""}.written(), `{"a":"x"}`},
		"pointers to zero": {struct {
			A *string `json:"a,omitempty"`
			B *string `json:"b,omitzero"`
		}{new(string), new(string)}, `{"a":"","b":""}`},
		"the name of an unexported field": {struct {
			A string `json:"b"`
			b string
		}{"x", "y"}, `{"b":"x"}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			assert.Equal(t, test.want, string(plainJSON(test.in)))
			assertMarshals(t, test.in, test.want)
		})
	}
}

// All other values are left to encoding/json.
func TestMarshalOther(t *testing.T) {
	t.Parallel()
	type tags []reflect.StructTag
	text := "x"
	pointer := &text
	var none *embedded
	for name, test := range map[string]struct {
		in   any
		want string // empty if releases of encoding/json differ
	}{
		"nil":                      {nil, `null`},
		"a nil pointer":            {none, `null`},
		"a pointer to nil":         {&none, `null`},
		"a text":                   {"x", `"x"`},
		"a text with HTML":         {embedded{"x", "<"}, `{"a":"x","B":"\u003c"}`},
		"a list":                   {[]embedded{{"x", "y"}}, `[{"a":"x","B":"y"}]`},
		"in an interface":          {struct{ A any }{text}, `{"A":"x"}`},
		"a number":                 {struct{ A float64 }{1.5}, `{"A":1.5}`},
		"bytes":                    {struct{ A []byte }{[]byte("x")}, `{"A":"eA=="}`},
		"a number's text":          {struct{ A json.Number }{"1"}, `{"A":1}`},
		"a struct in one":          {struct{ A embedded }{embedded{"x", "y"}}, `{"A":{"a":"x","B":"y"}}`},
		"a pointer to a pointer":   {struct{ A **string }{&pointer}, `{"A":"x"}`},
		"embedded":                 {struct{ embedded }{embedded{"x", "y"}}, `{"a":"x","B":"y"}`},
		"an embedded nil":          {struct{ *embedded }{}, `{}`},
		"an embedded text":         {struct{ Text }{"x"}, `{"Text":"x"}`},
		"rivals":                   {record(tags{`json:"c"`, `json:"c"`, `json:"d"`}, "x", "y", "z"), `{"d":"z"}`},
		"a rival by its tag":       {record(tags{`json:"B"`, ``}, "x", "y"), `{"B":"x"}`},
		"a name with HTML":         {record(tags{`json:"<"`}, "x"), `{"\u003c":"x"}`},
		"a name with a quote":      {record(tags{`json:"it's"`, `json:"it's"`}, "x", "y"), ``},
		"a hyphen":                 {record(tags{`json:"-,"`}, "x"), `{"-":"x"}`},
		"a name beyond ASCII":      {record(tags{`json:"ä"`}, "x"), `{"ä":"x"}`},
		"an option for quotes":     {record(tags{`json:"a,string"`}, "x"), `{"a":"\"x\""}`},
		"an unknown option":        {record(tags{`json:"a,other"`}, "x"), `{"a":"x"}`},
		"several options":          {record(tags{`json:"a,omitempty,omitzero"`}, ""), `{}`},
		"a MarshalJSON":            {writesRaw(`[1]`), `[1]`},
		"a MarshalText":            {writesText{"x"}, `"x"`},
		"a field with MarshalJSON": {struct{ A writesRaw }{`[1]`}, `{"A":[1]}`},
		"a field with MarshalText": {struct{ A shouted }{"x"}, `{"A":"X!"}`},
		"a method of the pointer":  {&struct{ A shoutedByPointer }{"x"}, `{"A":"X!"}`},
		"one without an address":   {struct{ A shoutedByPointer }{"x"}, `{"A":"x"}`},
		"a pointer with a method":  {struct{ A *shoutedByPointer }{(*shoutedByPointer)(&text)}, `{"A":"X!"}`},
		"a struct by its pointer":  {&writesByPointer{"x"}, `"x"`},
		"one without its pointer":  {writesByPointer{"x"}, `{"Text":"x"}`},
		"a promoted MarshalText":   {struct{ writesText }{writesText{"x"}}, `"x"`},
		"an optional":              {struct{ A optional[string] }{optional[string]{"x", true}}, `{"A":"x"}`},
		"a type of ours":           {rewritten{"x"}, `{"name":"x"}`},
		"a pointer to one":         {&rewrittenPlainly{"x", "y"}, `{"a":"x","b":"y"}`},
		// The caller's struct has its written, and no MarshalJSON, because there are two.
		"one in a type of the caller": {struct {
			rewrittenPlainly
			writesRaw
		}{rewrittenPlainly{"x", "y"}, ""}, `{"A":"x","B":"y"}`},
		"an IsZero": {struct {
			A quiet `json:"a,omitzero"`
		}{"x"}, `{}`},
		"an IsZero of the pointer": {&struct {
			A quietByPointer `json:"a,omitzero"`
		}{"x"}, `{}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			assert.Nil(t, plainJSON(test.in))
			assertMarshals(t, test.in, test.want)
		})
	}
}

// A type of ours is written as what its written returns, without encoding/json if that is plain.
func TestMarshalWritten(t *testing.T) {
	t.Parallel()
	assertMarshals(t, rewrittenPlainly{"x", "y"}, `{"a":"x","b":"y"}`)
	assertMarshals(t, rewrittenPlainly{"é", ""}, `{"a":"é"}`)
}

// assertMarshals asserts that both Marshal and encoding/json write in as want.
func assertMarshals(t *testing.T, in any, want string) {
	t.Helper()
	standard, err := json.Marshal(in)
	require.NoError(t, err)
	if want != "" {
		assert.Equal(t, want, string(standard))
	}
	got, why, err := Marshal(in, written)
	require.NoError(t, err)
	assert.Empty(t, why)
	assert.Equal(t, string(standard), string(got))
}

// A text that encoding/json would change is found, whoever writes the rest.
func TestMarshalUnsendable(t *testing.T) {
	t.Parallel()
	for _, in := range []any{embedded{"x", "\xff"}, &embedded{"x", "\xff"}, rewrittenPlainly{"\xff", ""}} {
		_, why, err := Marshal(in, written)
		require.NoError(t, err)
		assert.Equal(t, "not valid UTF-8", why)
	}
}

func TestMarshalAllocatesOnce(t *testing.T) { //nolint:paralleltest // counts allocations
	var in any = plainRecord{Text: "a", PText: ptr("b")}
	assert.InDelta(t, 1, testing.AllocsPerRun(100, func() { _, _, _ = Marshal(in, written) }), 0)
}

// BenchmarkMarshal compares Marshal with encoding/json.
func BenchmarkMarshal(b *testing.B) {
	var in any = struct {
		PK    string `json:"pk,omitzero"`
		Email string `json:"email,omitzero"`
		Plan  named  `json:"plan,omitzero"`
	}{"MS2365", "parent@example.com", "bark"}
	b.Run("here", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			_, _, _ = Marshal(in, written)
		}
	})
	b.Run("encoding/json", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			_, _ = json.Marshal(in)
		}
	})
}
