package partnerapi

import (
	"encoding/json"
	"errors"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// anyReply has a field of every kind that a reply has.
type anyReply struct {
	Text      string            `json:"text"`
	Named     InvitationStatus  `json:"named"`
	Yes       bool              `json:"yes"`
	Whole     int               `json:"whole"`
	Long      int64             `json:"long,omitempty"`
	Number    float64           `json:"number"`
	MaybeYes  *bool             `json:"maybe_yes"`
	MaybeBoth *anyRecord        `json:"maybe_both"`
	Texts     []string          `json:"texts"`
	Records   []anyRecord       `json:"records"`
	Lists     [][]int           `json:"lists"`
	Day       Date              `json:"day"`
	At        time.Time         `json:"at"`
	Unix      UnixTime          `json:"unix"`
	Any       any               `json:"any"`
	Fields    map[string]string `json:"fields"`
}

type anyRecord struct {
	Name  string   `json:"name"`
	Maybe *float64 `json:"maybe"`
}

func FuzzUnmarshal(f *testing.F) {
	fixtures, err := filepath.Glob(filepath.Join("testdata", "*.json"))
	require.NoError(f, err)
	for _, path := range fixtures {
		f.Add([]byte(fixture(f, strings.TrimSuffix(filepath.Base(path), ".json"))))
	}
	for _, text := range slices.Concat(unusualJSON, otherSpellings) {
		f.Add([]byte(text))
		for i := range reflect.TypeFor[anyReply]().NumField() {
			name, _, _ := strings.Cut(reflect.TypeFor[anyReply]().Field(i).Tag.Get("json"), ",")
			f.Add([]byte(`{"` + name + `":` + text + `}`))
			f.Add([]byte(`{"records":[{"name":` + text + `}],"lists":[[` + text + `]],"` + strings.ToUpper(name) + `":` + text + `}`))
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		assert.Equal(t, json.Valid(data), isJSON(data))
		if hasTwins(data) {
			return // of a list that comes twice, encoding/json merges the records
		}
		sameAsStandard[anyReply](t, data)
		sameAsStandard[*anyReply](t, data)
		sameAsStandard[[]anyRecord](t, data)
		sameAsStandard[Customer](t, data)
		sameAsStandard[Benefit](t, data)
		sameAsStandard[Invitation](t, data)
		sameAsStandard[string](t, data)
		sameAsStandard[int](t, data)
		sameAsStandard[float64](t, data)
		sameAsStandard[*bool](t, data)
	})
}

// unusualJSON is what replies do not hold, or should not.
var unusualJSON = []string{
	``, ` `, "\x00", "\x00{}", `null`, `nul`, `null x`, `true`, `false`, `falsy`, `0`, `-0`, `-`, `01`, `1.`, `.5`, `1.5`, `1e3`, `1E+3`, `1e`, `1e-400`, `1e999`, `9223372036854775807`,
	`9223372036854775808`, `-9223372036854775808`, `"`, `""`, `"a`, `"\`, `"\"`, `"\\"`, `"\/\b\f\n\r\t"`, `"\x"`, `"\u"`, `"\u00e9"`, `"\uD83D\uDE00"`,
	`"\uD83D"`, `"\uDE00\uD83D"`, `"\u12"`, `"\u12g4"`, `"é"`, `"😀"`, "\"\xff\"", "\"\xc3\"", "\"\xed\xa0\x80\"", "\"a\nb\"", "\"\x00\"", "\"\x7f\"",
	`"2024-02-29"`, `"2023-02-29"`, `"2024-02-29T12:00:00Z"`, `"2024-02-29T12:00:00.5+01:00"`, `1234567890`, `1234567890.25`, `-1.5`,
	`[]`, `[`, `]`, `[1`, `[1,`, `[1,]`, `[,1]`, `[1 2]`, `[}`, `{}`, `{`, `}`, `{]`, `{"a"`, `{"a":`, `{"a":1`, `{"a":1,`, `{"a":1,}`, `{"a" 1}`, `{a:1}`,
	`{,}`, `{"a":1 "b":2}`, `{} {}`, `{}x`, `[[[[[]]]]]`, `{"name":"a","maybe":1.5}`, `{"NAME":"a","\u006eame2":"b"}`, `{"\u006e\u0061me":"a"}`,
	"{\"na\xffme\":1}", `{"ſ":1}`, "\ufeff{}", "\t\r\n {\"name\" : \"a\" , \"maybe\" : null }\n", "\u00a0{}", `{"name":["a"],"maybe":"1"}`, `{"a":"b","c":"d"}`,
	`{"name":"` + strings.Repeat("long ", 100) + `"}`, strings.Repeat("[", 100) + strings.Repeat("]", 100),
}

// inUTC has every time in a value in UTC, as the reader has it.
func inUTC(v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer:
		if at, ok := v.Interface().(*time.Time); ok && at != nil {
			*at = at.UTC()
		} else if !v.IsNil() {
			inUTC(v.Elem())
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				inUTC(v.Field(i).Addr())
			}
		}
	case reflect.Slice:
		for i := range v.Len() {
			inUTC(v.Index(i).Addr())
		}
	}
}

// sameAsStandard asserts that data is read as encoding/json reads it, if it does, and otherwise as encoding/json reads it
// with each scalar in the documented spelling: what is read in addition is what standardSpelling knows, and nothing else.
func sameAsStandard[T any](t *testing.T, data []byte) {
	t.Helper()
	var want, got T
	wantErr := json.Unmarshal(data, &want)
	if wantErr != nil && json.Valid(data) {
		want = *new(T)
		wantErr = json.Unmarshal(standardSpelling(t, reflect.TypeFor[T](), data), &want)
	}
	inUTC(reflect.ValueOf(&want))
	err := unmarshal(data, &got)
	assert.Equal(t, wantErr == nil, err == nil, "%T: encoding/json: %v, here: %v", got, wantErr, err)
	if wantErr == nil {
		assert.Equal(t, want, got, "%T", got)
		return
	}
	assert.Equal(t, !json.Valid(data), errors.Is(err, errNotJSON), "%T: encoding/json: %v, here: %v", got, wantErr, err)
}

// The memory of a reply is used again: nothing that was read from one refers to it.
func TestWhatIsReadIsACopy(t *testing.T) {
	t.Parallel()
	fixtures, err := filepath.Glob(filepath.Join("testdata", "*.json"))
	require.NoError(t, err)
	for _, path := range fixtures {
		reply := fixture(t, strings.TrimSuffix(filepath.Base(path), ".json"))
		for _, text := range []string{reply, strings.NewReplacer("a", `\u0061`, "e", "é").Replace(reply)} {
			isCopied[anyReply](t, text, "")
			isCopied[*Customer](t, text, "customer")
			isCopied[[]Benefit](t, text, "benefits")
			isCopied[*Tokens](t, text, "access")
			isCopied[*renewedTokens](t, text, "access")
			isCopied[Page[Network]](t, text, "")
			isCopied[Page[Invitation]](t, text, "")
			isCopied[walkedPage[Network]](t, text, "")
			isCopied[domains](t, text, "")
			isCopied[Network](t, text, "")
			isCopied[Activation](t, text, "")
			isCopied[NetworkDeletion](t, text, "")
			isCopied[AppSession](t, text, "")
			for _, api := range apis {
				data := []byte(text)
				_, got := api.open(400, data)
				overwrite(data)
				_, want := api.open(400, []byte(text))
				assert.Equal(t, want, got, text)
			}
		}
	}
}

func isCopied[T any](t *testing.T, text, key string) {
	t.Helper()
	data := []byte(text)
	var got, want T
	_, _ = unmarshalMember(data, key, &got)
	overwrite(data)
	_, _ = unmarshalMember([]byte(text), key, &want)
	assert.Equal(t, unsealed(&want), unsealed(&got), "%T of %s", got, text)
}

func overwrite(data []byte) {
	for i := range data {
		data[i] = '?'
	}
}

// hasTwins reports whether an object has two members of a name.
func hasTwins(data []byte) bool {
	s := scanner{data: data}
	found := false
	var look func()
	look = func() {
		switch s.peek() {
		case '{':
			var names []string
			for more := s.enter(); more; more = s.another('}') {
				name := strings.ToLower(string(s.name()))
				found = found || slices.ContainsFunc(names, func(other string) bool { return strings.EqualFold(other, name) })
				names = append(names, name)
				look()
			}
		case '[':
			for more := s.enter(); more; more = s.another(']') {
				look()
			}
		default:
			s.skip()
		}
	}
	look()
	return found
}

// What reads itself with unmarshal, as a Network does, would do so for ever if its tags were for encoding/json; others would
// lose their second names and what they cannot be without.
func TestRecordsArePlain(t *testing.T) {
	t.Parallel()
	for _, record := range []any{
		Customer{}, Authentication{}, Membership{}, MembershipPlan{}, Affiliate{}, Benefit{}, Tokens{}, Domain{}, Invitation{}, Activation{},
		Network{}, NetworkDeletion{}, Page[Network]{}, Page[Invitation]{}, App{}, AppUser{}, AppAccount{}, AppAlert{}, networkFailure{},
	} {
		assert.NotEmpty(t, planOf(reflect.TypeOf(record)).fields, "%T", record)
	}
}

// As deep as encoding/json goes, and no deeper: the stack has an end.
func TestDeepJSON(t *testing.T) {
	t.Parallel()
	for depth, valid := range map[int]bool{9_999: true, 10_000: true, 10_001: false, 5_000_000: false} {
		lists := []byte(strings.Repeat("[", depth) + strings.Repeat("]", depth))
		assert.Equal(t, valid, isJSON(lists), depth)
		assert.Equal(t, valid, json.Valid(lists), depth)
	}
}

func TestFind(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		data      string
		object    bool
		one, two  string
		textOfOne string
	}{
		"both":             {`{"one":"a","two":[1, 2]}`, true, `"a"`, `[1, 2]`, "a"},
		"spaces":           {" { \"one\" :\t1 , \"two\":\n{} } ", true, `1`, `{}`, ""},
		"none":             {`{"three":{"one":1}}`, true, "", "", ""},
		"other case":       {`{"ONE":true,"Two":false}`, true, "true", "false", ""},
		"escaped":          {`{"\u006fne":"\u0061\n"}`, true, `"\u0061\n"`, "", "a\n"},
		"twice":            {`{"one":1,"one":"b"}`, true, `"b"`, "", "b"},
		"null":             {`{"one":null,"two":0}`, true, "", "0", ""},
		"a list":           {`[{"one":1}]`, false, "", "", ""},
		"text":             {`"one"`, false, "", "", ""},
		"nothing":          {``, false, "", "", ""},
		"HTML":             {`<html>`, false, "", "", ""},
		"cut":              {`{"one":1,"two":`, false, "", "", ""},
		"trailing":         {`{"one":1}{}`, false, "", "", ""},
		"not JSON behind":  {`{"one":1,"two":01}`, false, "", "", ""},
		"not UTF-8":        {"{\"one\":\"\xff\"}", true, "\"\xff\"", "", "\ufffd"},
		"text of a number": {`{"one":12}`, true, `12`, "", ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			one, two := member{name: "one"}, member{name: "two"}
			assert.Equal(t, test.object, find([]byte(test.data), &one, &two))
			assert.Equal(t, test.one, string(one.value))
			assert.Equal(t, test.two, string(two.value))
			assert.Equal(t, test.textOfOne, one.text())
		})
	}
}

func TestUnmarshalMember(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		data string
		want []string
		is   presence
		fail bool
	}{
		"there":                  {`{"a":1,"list":["x","y"],"b":2}`, []string{"x", "y"}, present, false},
		"not there":              {`{"a":1}`, nil, absent, false},
		"of another case":        {`{"LIST":["x"]}`, nil, absent, false},
		"null":                   {`{"list":null}`, nil, null, false},
		"the last":               {`{"list":["x","y"],"list":["z"]}`, []string{"z"}, present, false},
		"the last is null":       {`{"list":["x"],"list":null}`, nil, null, false},
		"empty":                  {`{"list":[]}`, []string{}, present, false},
		"no object":              {`["x"]`, nil, absent, false},
		"another type":           {`{"list":"x"}`, nil, present, true},
		"not JSON behind":        {`{"list":["x"],}`, nil, present, true},
		"trailing":               {`{"list":["x"]} x`, nil, present, true},
		"of another type before": {`{"list":"x","list":["y"]}`, []string{"y"}, present, false},
		"almost null":            {`{"list":nul}`, nil, present, true},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got []string
			known, err := unmarshalMember([]byte(test.data), "list", &got)
			assert.Equal(t, test.is, known)
			assert.Equal(t, test.want, got)
			assert.Equal(t, test.fail, err != nil, "%v", err)
		})
	}
}

// A record and what is in it can be read once more into the same value: nothing of the first remains where the second
// says something.
func TestUnmarshalAgain(t *testing.T) {
	t.Parallel()
	var fee Network
	require.NoError(t, json.Unmarshal([]byte(`{"fee_proposed_date":7}`), &fee))
	require.NoError(t, json.Unmarshal([]byte(`{"fee_proposed_date":null}`), &fee))
	assert.Equal(t, Network{}, fee)
	n := Network{AccountID: "old", FeeProposed: new(float64), ProposedUserID: "kept"}
	require.NoError(t, json.Unmarshal([]byte(`{"account_id":"new","fee_proposed":null,"proposed_date":7}`), &n))
	assert.Equal(t, Network{AccountID: "new", FeeProposedDate: UnixTimeOf(time.Unix(7, 0)), ProposedUserID: "kept"}, n)
	page := Page[Network]{Items: []Network{{AccountID: "old", AccountTitle: "old"}}, Filters: []string{"old"}}
	require.NoError(t, json.Unmarshal([]byte(`{"list":[{"account_id":"new"}],"filters":[]}`), &page))
	assert.Equal(t, Page[Network]{Items: []Network{{AccountID: "new"}}, Filters: []string{}}, page)
}

// BenchmarkUnmarshal reads the two largest documented replies as a call does, and as encoding/json would.
func BenchmarkUnmarshal(b *testing.B) {
	type account struct {
		Customer *Customer `json:"customer"`
	}
	type network struct { // Network reads itself, with the code that is to be compared
		AccountID       string   `json:"account_id"`
		AccountTitle    string   `json:"account_title"`
		DomainTitle     string   `json:"domain_title"`
		Fee             float64  `json:"fee"`
		FeeProposed     *float64 `json:"fee_proposed"`
		FeeProposedDate *int64   `json:"fee_proposed_date"`
	}
	type list struct {
		Items []network `json:"list"`
	}
	replies := []struct {
		name, body string
		new        func() any
	}{
		{"account", fixture(b, "get-account.ok"), func() any { return new(account) }},
		{"list", hundredNetworks(), func() any { return new(list) }},
	}
	for _, reply := range replies {
		for by, read := range map[string]func([]byte, any) error{"here": unmarshal, "encoding-json": json.Unmarshal} {
			b.Run(reply.name+"/by="+by, func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					if err := read([]byte(reply.body), reply.new()); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
