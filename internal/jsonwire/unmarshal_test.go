package jsonwire

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// anyReply has a field of every kind that a response has.
type anyReply struct {
	Text      string            `json:"text"`
	Named     named             `json:"named"`
	Yes       bool              `json:"yes"`
	Whole     int               `json:"whole"`
	Long      int64             `json:"long,omitempty"`
	Number    float64           `json:"number"`
	MaybeYes  *bool             `json:"maybe_yes"`
	MaybeBoth *anyRecord        `json:"maybe_both"`
	Texts     []string          `json:"texts"`
	Records   []anyRecord       `json:"records"`
	Lists     [][]int           `json:"lists"`
	Day       day               `json:"day"`
	At        time.Time         `json:"at"`
	Unix      seconds           `json:"unix"`
	Any       any               `json:"any"`
	Fields    map[string]string `json:"fields"`
}

type anyRecord struct {
	Name  string   `json:"name"`
	Maybe *float64 `json:"maybe"`
}

type named string

var errNotADay = errors.New("not a day")

// day has an UnmarshalJSON, as a date of the root package does.
type day struct {
	year  int
	month time.Month
	day   int
}

func (d day) IsZero() bool { return d == day{} }

func (d *day) UnmarshalJSON(data []byte) error {
	value := Member{Value: data}
	if data[0] != '"' && !value.Is("null") {
		return errNotADay
	}
	if value.Text() == "" {
		*d = day{}
		return nil
	}
	at, err := time.Parse(time.DateOnly, value.Text())
	if err != nil {
		return errNotADay
	}
	d.year, d.month, d.day = at.Date()
	return nil
}

var errNotSeconds = errors.New("not a number of seconds")

// seconds has an UnmarshalJSON, as Unix seconds of the root package do.
type seconds struct {
	set    bool
	number float64
}

func (s seconds) IsZero() bool { return s == seconds{} }

func (s *seconds) UnmarshalJSON(data []byte) error {
	if string(data) == "null" {
		*s = seconds{}
		return nil
	}
	if whole, err := strconv.ParseInt(string(data), 10, 64); err == nil { // quicker
		*s = seconds{true, float64(whole)}
		return nil
	}
	number, err := strconv.ParseFloat(string(data), 64)
	if err != nil {
		return errNotSeconds
	}
	*s = seconds{true, number}
	return nil
}

// fixture returns a documented response of the APIs.
func fixture(t testing.TB, name string) string {
	t.Helper()
	body, err := fs.ReadFile(os.DirFS(filepath.Join("..", "..", "testdata")), name+".json")
	require.NoError(t, err)
	return string(body)
}

// fixtures returns the names of all documented responses.
func fixtures(t testing.TB) (names []string) {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join("..", "..", "testdata", "*.json"))
	require.NoError(t, err)
	require.NotEmpty(t, paths)
	for _, path := range paths {
		names = append(names, strings.TrimSuffix(filepath.Base(path), ".json"))
	}
	return names
}

func ptr[T any](v T) *T { return &v }

// FuzzUnmarshal compares Unmarshal with encoding/json: it accepts the same, and in addition only the alternative spellings.
func FuzzUnmarshal(f *testing.F) {
	for _, name := range fixtures(f) {
		f.Add([]byte(fixture(f, name)))
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
		assert.Equal(t, json.Valid(data), Valid(data))
		for _, key := range []string{"", "name", "records", "customer", "a"} {
			sameInOnePass[anyReply](t, data, key)
			sameInOnePass[*anyRecord](t, data, key)
			sameInOnePass[[]anyRecord](t, data, key)
			sameInOnePass[account](t, data, key)
		}
		if hasDuplicates(data) {
			return // encoding/json merges the records of two lists of the same name
		}
		sameAsStandard[anyReply](t, data)
		sameAsStandard[*anyReply](t, data)
		sameAsStandard[[]anyRecord](t, data)
		sameAsStandard[account](t, data)
		sameAsStandard[string](t, data)
		sameAsStandard[int](t, data)
		sameAsStandard[float64](t, data)
		sameAsStandard[*bool](t, data)
	})
}

// unusualJSON is valid and invalid JSON that responses rarely hold.
var unusualJSON = []string{
	``, ` `, "\x00", "\x00{}", `null`, `nul`, `null x`, `true`, `false`, `falsy`, `0`, `-0`, `-`, `01`, `1.`, `.5`, `1.5`, `1e3`, `1E+3`, `1e`, `1e-400`, `1e999`, `9223372036854775807`,
	`0.1`, `-0.0`, `00`, `-01`, `00.5`, `1..2`, `-.5`, `1.5e`, `1.5e-3`, `1.50`, `123456789012345`, `-999999999999999`, `1234567890123456`, `9007199254740993`,
	`0.123456789012345`, `12345678.9012345`, `123456789.0123456`, `0.000000000000001`, `0.30000000000000004`, `1.7976931348623157`,
	`9223372036854775808`, `-9223372036854775808`, `"`, `""`, `"a`, `"\`, `"\"`, `"\\"`, `"\/\b\f\n\r\t"`, `"\x"`, `"\u"`, `"\u00e9"`, `"\uD83D\uDE00"`,
	`"\uD83D"`, `"\uDE00\uD83D"`, `"\u12"`, `"\u12g4"`, `"é"`, `"😀"`, "\"\xff\"", "\"\xc3\"", "\"\xed\xa0\x80\"", "\"a\nb\"", "\"\x00\"", "\"\x7f\"",
	`"2024-02-29"`, `"2023-02-29"`, `"2024-02-29T12:00:00Z"`, `"2024-02-29T12:00:00.5+01:00"`, `1234567890`, `1234567890.25`, `-1.5`,
	`[]`, `[`, `]`, `[1`, `[1,`, `[1,]`, `[,1]`, `[1 2]`, `[}`, `{}`, `{`, `}`, `{]`, `{"a"`, `{"a":`, `{"a":1`, `{"a":1,`, `{"a":1,}`, `{"a" 1}`, `{a:1}`,
	`{,}`, `{"a":1 "b":2}`, `{} {}`, `{}x`, `[[[[[]]]]]`, `{"name":"a","maybe":1.5}`, `{"NAME":"a","\u006eame2":"b"}`, `{"\u006e\u0061me":"a"}`,
	"{\"na\xffme\":1}", `{"ſ":1}`, "\ufeff{}", "\t\r\n {\"name\" : \"a\" , \"maybe\" : null }\n", "\u00a0{}", `{"name":["a"],"maybe":"1"}`, `{"a":"b","c":"d"}`,
	`{"name":"` + strings.Repeat("long ", 100) + `"}`, strings.Repeat("[", 100) + strings.Repeat("]", 100),
}

// inUTC converts every time in a value to UTC, as the reader does.
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

// sameAsStandard asserts that data is read as encoding/json reads it. If encoding/json fails, data must be read as
// encoding/json reads the standard spelling of it.
func sameAsStandard[T any](t *testing.T, data []byte) {
	t.Helper()
	var want, got T
	wantErr := json.Unmarshal(data, &want)
	if wantErr != nil && json.Valid(data) {
		want = *new(T)
		wantErr = json.Unmarshal(standardSpelling(t, reflect.TypeFor[T](), data), &want)
	}
	inUTC(reflect.ValueOf(&want))
	err := Unmarshal(data, &got)
	assert.Equal(t, wantErr == nil, err == nil, "%T: encoding/json: %v, here: %v", got, wantErr, err)
	if wantErr == nil {
		assert.Equal(t, want, got, "%T", got)
		return
	}
	assert.Equal(t, !json.Valid(data), errors.Is(err, ErrNotJSON), "%T: encoding/json: %v, here: %v", got, wantErr, err)
}

// sameInOnePass asserts that a Value is read, and members are found, as by UnmarshalMember and Find.
func sameInOnePass[T any](t *testing.T, data []byte, key string) {
	t.Helper()
	var want, got T
	named := func() []*Member {
		return []*Member{{Name: "name"}, {Name: "a"}, {Name: "Customer"}, {Name: "status"}, {Name: "s"}}
	}
	known, err := UnmarshalMember(data, key, &want)
	members, seen := named(), named()
	isObject := Find(data, members...)
	value := Value{Key: key, Into: &got}
	assert.Equal(t, isObject, value.Find(data, seen...))
	assert.Equal(t, Value{key, &got, true, known, err}, value)
	assert.Equal(t, members, seen)
	assert.Equal(t, want, got)
}

// hasDuplicates reports whether an object has two members with the same name.
func hasDuplicates(data []byte) bool {
	var names []string
	for name, value := range Members(data) {
		if slices.ContainsFunc(names, func(other string) bool { return strings.EqualFold(other, name) }) || hasDuplicates(value) {
			return true
		}
		names = append(names, name)
	}
	for value := range Items(data) {
		if hasDuplicates(value) {
			return true
		}
	}
	return false
}

func TestUnmarshalMember(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		data string
		want []string
		is   Presence
		fail bool
	}{
		"there":                  {`{"a":1,"list":["x","y"],"b":2}`, []string{"x", "y"}, Present, false},
		"not there":              {`{"a":1}`, nil, Absent, false},
		"of another case":        {`{"LIST":["x"]}`, nil, Absent, false},
		"null":                   {`{"list":null}`, nil, Null, false},
		"the last":               {`{"list":["x","y"],"list":["z"]}`, []string{"z"}, Present, false},
		"the last is null":       {`{"list":["x"],"list":null}`, nil, Null, false},
		"empty":                  {`{"list":[]}`, []string{}, Present, false},
		"no object":              {`["x"]`, nil, Absent, false},
		"another type":           {`{"list":"x"}`, nil, Present, true},
		"not JSON behind":        {`{"list":["x"],}`, nil, Present, true},
		"trailing":               {`{"list":["x"]} x`, nil, Present, true},
		"of another type before": {`{"list":"x","list":["y"]}`, []string{"y"}, Present, false},
		"almost null":            {`{"list":nul}`, nil, Present, true},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got []string
			known, err := UnmarshalMember([]byte(test.data), "list", &got)
			assert.Equal(t, test.is, known)
			assert.Equal(t, test.want, got)
			assert.Equal(t, test.fail, err != nil, "%v", err)
		})
	}
}

// A value that is decoded into again keeps no old values in the fields of the new JSON.
func TestUnmarshalAgain(t *testing.T) {
	t.Parallel()
	got := anyReply{Text: "old", Named: "old", MaybeYes: ptr(true), Texts: []string{"old"}, Records: []anyRecord{{"old", ptr(1.5)}}, Day: day{1987, 9, 3}}
	require.NoError(t, Unmarshal([]byte(`{"text":"new","maybe_yes":null,"texts":[],"records":[{"name":"new"}],"day":null}`), &got))
	assert.Equal(t, anyReply{Text: "new", Named: "old", Texts: []string{}, Records: []anyRecord{{Name: "new"}}}, got)
}

// Decoded values do not refer to the buffer of the response, which is reused.
func TestUnmarshalCopies(t *testing.T) {
	t.Parallel()
	for _, name := range fixtures(t) {
		body := fixture(t, name)
		for _, text := range []string{body, strings.NewReplacer("a", `\u0061`, "e", "é").Replace(body)} {
			data := []byte(text)
			var got, want account
			_ = Unmarshal(data, &got)
			for i := range data {
				data[i] = '?'
			}
			_ = Unmarshal([]byte(text), &want)
			assert.Equal(t, want, got, text)
		}
	}
}

// The second name of a field counts if the first is absent, null or zero.
func TestSecondName(t *testing.T) {
	t.Parallel()
	type record struct {
		At seconds `json:"at" also:"time"`
	}
	for text, want := range map[string]seconds{
		`{"time":7}`: {true, 7}, `{"at":6,"time":7}`: {true, 6}, `{"time":7,"at":6}`: {true, 6},
		`{"time":7,"at":null}`: {true, 7}, `{"at":null,"time":7}`: {true, 7}, `{"time":7,"at":""}`: {true, 7}, `{"at":6,"time":null}`: {true, 6},
		`{"time":null}`: {}, `{"time":7,"time":8}`: {true, 7},
	} {
		var got record
		require.NoError(t, Unmarshal([]byte(text), &got), text)
		assert.Equal(t, want, got.At, text)
	}
}

// A page has more small values than a block holds.
func TestUnmarshalPage(t *testing.T) {
	t.Parallel()
	var got, want networkPage
	require.NoError(t, Unmarshal([]byte(hundredNetworks()), &got))
	require.NoError(t, json.Unmarshal([]byte(hundredNetworks()), &want))
	assert.Equal(t, want, got)
	*got.Items[0].FeeProposed = 7
	assert.InDelta(t, 2.5, *got.Items[2].FeeProposed, 0)
}

// Lists of strings that share a block have no room that they could both append to.
func TestUnmarshalLists(t *testing.T) {
	t.Parallel()
	type record struct {
		A []string `json:"a"`
		B []string `json:"b"`
		C []string `json:"c"`
	}
	var got record
	require.NoError(t, Unmarshal([]byte(`{"a":["1","2"],"b":["3",null,"5","6","7","8","9","10","11","12"],"c":["13"]}`), &got))
	got.A, got.B = append(got.A, "x"), append(got.B, "y")
	assert.Equal(t, record{[]string{"1", "2", "x"}, []string{"3", "", "5", "6", "7", "8", "9", "10", "11", "12", "y"}, []string{"13"}}, got)
}

func TestUnmarshalNegativeZero(t *testing.T) {
	t.Parallel()
	for _, text := range []string{`-0`, `-0.00`} {
		var got float64
		require.NoError(t, Unmarshal([]byte(text), &got))
		assert.True(t, math.Signbit(got), text)
	}
}

// Choices are a list of strings or the names of members. Another value is ignored.
func TestChoices(t *testing.T) {
	t.Parallel()
	type record struct {
		Choices []string `json:"choices" choices:"keys"`
	}
	for text, want := range map[string][]string{
		`["a","b"]`: {"a", "b"}, `[]`: {}, `{"z":"Z","a":{"b":["c"]},"\u00e9":null}`: {"z", "a", "é"}, `{}`: {},
		`null`: nil, `"a"`: nil, `1`: nil, `[1]`: nil, `["a",{}]`: nil, `[["a"]]`: nil,
	} {
		got := record{[]string{"old"}}
		require.NoError(t, Unmarshal([]byte(`{"choices":`+text+`}`), &got), text)
		assert.Equal(t, want, got.Choices, text)
	}
	require.ErrorIs(t, Unmarshal([]byte(`{"choices":[01]}`), new(record)), ErrNotJSON)
}

// Only the types of this module, which are known by their import path, are decoded by the rules of this package.
func TestTypesOfOthers(t *testing.T) {
	t.Parallel()
	assert.Equal(t, "github.com/partnerapi/partnerapi-go", rootPath)
	assert.Equal(t, rootPath+"/internal/jsonwire", ownPath)
	assert.True(t, isOurs(reflect.TypeFor[anyRecord]()))
	for _, t2 := range []reflect.Type{reflect.TypeFor[time.Time](), reflect.TypeFor[int](), reflect.TypeFor[struct{ A int }](), reflect.TypeFor[*anyRecord]()} {
		assert.False(t, isOurs(t2), "%v", t2)
	}
	var got struct {
		Age int `json:"age"`
	}
	require.Error(t, Unmarshal([]byte(`{"age":"26"}`), &got), "encoding/json reads no number in quotes")
}

// account is the customer of a response of the account API.
type account struct {
	Customer *customer `json:"customer"`
}

type customer struct {
	ID                  int64       `json:"id"`
	FirstName           string      `json:"first_name"`
	LastName            string      `json:"last_name"`
	Email               string      `json:"email"`
	NewEmail            string      `json:"new_email"`
	Birthdate           day         `json:"birthdate"`
	Age                 int         `json:"age"`
	Username            string      `json:"username,omitzero"`
	FanclubID           int64       `json:"fanclub_id"`
	Registered          *bool       `json:"registered,omitempty"`
	Expired             bool        `json:"expired"`
	TrialMembership     bool        `json:"trial_membership"`
	AtRenewalCap        bool        `json:"at_renewal_cap"`
	AutoRenewalEnabled  *bool       `json:"auto_renewal_enabled,omitempty"`
	ListsOptIn          *bool       `json:"lists_opt_in,omitempty"`
	EmailAliases        []string    `json:"email_aliases"`
	InvalidEmailMessage string      `json:"invalid_email_message"`
	Authentications     []anyRecord `json:"authentications"`
	Subscription        *membership `json:"subscription,omitempty"`
}

type membership struct {
	Plan            membershipPlan `json:"plan"`
	StartDate       time.Time      `json:"start_date"`
	EndDate         time.Time      `json:"end_date,omitzero"`
	Lapsed          bool           `json:"lapsed"`
	TrialMembership bool           `json:"trial_membership"`
	Affiliates      []affiliate    `json:"affiliates"`
}

type membershipPlan struct {
	ID             int64    `json:"id"`
	Name           string   `json:"name"`
	Class          string   `json:"class"`
	Description    string   `json:"description"`
	OnlineBenefits string   `json:"online_benefits"`
	Annotations    string   `json:"annotations"`
	Tags           []string `json:"tags"`
}

type affiliate struct {
	ID    int64    `json:"id"`
	Name  string   `json:"name"`
	Codes []string `json:"codes"`
}

// hundredNetworks is a page of a list. Half of the records have a proposed fee.
func hundredNetworks() string {
	var b strings.Builder
	for i := range 100 {
		proposed := `"fee_proposed":null,"fee_proposed_date":null`
		if i%2 == 0 {
			proposed = `"fee_proposed":2.5,"fee_proposed_date":1234567890`
		}
		fmt.Fprintf(&b, `,{"account_id":"acc_%010d","account_title":"Acme Seafood %d","domain_title":"Wholesale Distributor","fee":1.5,%s}`, i, i, proposed)
	}
	return `{"list":[` + b.String()[1:] + `],"total":100,"search":"","filter":"","filters":[],"pages":1}`
}

// network is a record of such a page.
type network struct {
	AccountID         string   `json:"account_id"`
	AccountTitle      string   `json:"account_title"`
	DomainTitle       string   `json:"domain_title"`
	Fee               float64  `json:"fee"`
	FeeProposed       *float64 `json:"fee_proposed"`
	FeeProposedDate   seconds  `json:"fee_proposed_date" also:"proposed_date"`
	ProposedAccountID string   `json:"proposed_account_id,omitzero"`
	ProposedUserID    string   `json:"proposed_user_id,omitzero"`
}

type networkPage struct {
	Items   []network `json:"list"`
	Total   int       `json:"total"`
	Search  string    `json:"search"`
	Filter  string    `json:"filter"`
	Filters []string  `json:"filters" choices:"keys"`
	Pages   int       `json:"pages"`
}

// BenchmarkUnmarshal compares what a call does with its response, and encoding/json, for the two largest documented responses:
// Find looks for the envelope's members, and Unmarshal reads the value.
func BenchmarkUnmarshal(b *testing.B) {
	responses := []struct {
		name, body string
		new        func() any
	}{
		{"account", fixture(b, "get-account.ok"), func() any { return new(account) }},
		{"list", hundredNetworks(), func() any { return new(networkPage) }},
	}
	for _, response := range responses {
		body := []byte(response.body)
		for _, reader := range []struct {
			by   string
			read func() error
		}{
			{"find", func() error {
				var members [6]Member
				Find(body, &members[0], &members[1], &members[2], &members[3], &members[4], &members[5])
				return nil
			}},
			{"jsonwire", func() error { return Unmarshal(body, response.new()) }},
			{"encoding-json", func() error { return json.Unmarshal(body, response.new()) }},
		} {
			b.Run(response.name+"/by="+reader.by, func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					if err := reader.read(); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
