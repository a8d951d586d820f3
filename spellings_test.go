package partnerapi

import (
	"bytes"
	"encoding/json"
	"net/http"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// otherSpellings are those that are read in addition to encoding/json's, and their neighbours, which are not.
var otherSpellings = []string{
	`"26"`, `"2.50"`, `"-0"`, `"0"`, `"1"`, `1`, `26.0`, `-0.0`, `"26.00"`, `9007199254740993.0`, `"9007199254740993"`, `26.5`, `"1e3"`, `1.0e1`, `"NaN"`, `"0x1a"`,
	`" 26"`, `"26 "`, `"+26"`, `"026"`, `"26."`, `".5"`, `"1_0"`, `"\u0032\u0036"`, `9223372036854775808.0`, `"9223372036854775808"`, `"1` + strings.Repeat("0", 400) + `"`,
	`"true"`, `"yes"`, `2`, `1.0`, `"2015-03-09"`, `"0000-00-00"`, `"0000-00-00 00:00:00"`, `"0000-00-00T00:00:00Z"`, `"2015-02-30"`,
	`"2015-03-09T10:11:12-0500"`, `"2015-03-09 10:11:12Z"`, `"2015-03-09 10:11:12.5+05:30"`, `"2015-03-09 10:11:12 -0500"`, `"2015-03-09T10:11:12"`, `"2015-03-09 10:11Z"`,
	`"2015-03-09T24:00:00-0500"`, `"2015-03-09T10:11:12-9900"`, `"2015-03-09t10:11:12z"`, `"2015-03-09T10:11:12,5-0500"`, `"2015-03-09T1:11:12-0500"`,
	`"1234567890"`, `"1234567890.5"`, `[ ]`, `[0]`, `[[]]`, `["26"]`,
}

var (
	aWholeNumber = regexp.MustCompile(`^-?(0|[1-9]\d*)$`)
	aNumber      = regexp.MustCompile(`^-?(0|[1-9]\d*)(\.\d+)?$`)
	zeros        = regexp.MustCompile(`\.0+$`)
	digit        = regexp.MustCompile(`\d`)
	fraction     = regexp.MustCompile(`(\d:\d\d)\.\d+`)
)

// timeForms are the forms of a time with a 9 for each digit and without a fraction, and how package time has them.
var timeForms = map[string]string{
	"9999-99-99":                "2006-01-02",
	"9999-99-99 99:99:99Z":      "2006-01-02 15:04:05Z07:00",
	"9999-99-99T99:99:99 Z":     "2006-01-02T15:04:05 Z07:00",
	"9999-99-99 99:99:99 Z":     "2006-01-02 15:04:05 Z07:00",
	"9999-99-99T99:99:99+9999":  "2006-01-02T15:04:05-0700",
	"9999-99-99T99:99:99 +9999": "2006-01-02T15:04:05 -0700",
	"9999-99-99 99:99:99+9999":  "2006-01-02 15:04:05-0700",
	"9999-99-99 99:99:99 +9999": "2006-01-02 15:04:05 -0700",

	"9999-99-99T99:99:99 +99:99": "2006-01-02T15:04:05 -07:00",
	"9999-99-99 99:99:99+99:99":  "2006-01-02 15:04:05-07:00",
	"9999-99-99 99:99:99 +99:99": "2006-01-02 15:04:05 -07:00",
}

// standardSpelling returns data with every scalar in the spelling that encoding/json reads into a value of a type. It is
// the list of all exceptions from what unmarshal and encoding/json have in common.
func standardSpelling(t *testing.T, of reflect.Type, data json.RawMessage) json.RawMessage {
	t.Helper()
	data = bytes.TrimSpace(data)
	var text string
	quoted := data[0] == '"' && json.Unmarshal(data, &text) == nil
	noDate := quoted && slices.Contains([]string{"", "0000-00-00", "0000-00-00 00:00:00"}, text)
	switch of {
	case reflect.TypeFor[Date](), reflect.TypeFor[UnixTime](), reflect.TypeFor[time.Time]():
		switch {
		case noDate:
			return []byte("null")
		case quoted && of == reflect.TypeFor[UnixTime]() && aNumber.MatchString(text):
			return []byte(text)
		case quoted && of == reflect.TypeFor[time.Time]():
			return standardTime(t, text, data)
		}
		return data
	}
	switch of.Kind() {
	case reflect.Pointer:
		elem := of.Elem()
		if elem.Kind() == reflect.Struct && isEmpty(data) || string(data) == `""` && isOfKind(elem.Kind(), reflect.Int, reflect.Int64, reflect.Float64) {
			return []byte("null")
		}
		return standardSpelling(t, elem, data)
	case reflect.Bool:
		if spelt := map[string]string{"0": "false", "1": "true"}[string(data)]; spelt != "" {
			return []byte(spelt)
		}
	case reflect.String:
		if string(data) == "false" {
			return []byte(`""`)
		}
	case reflect.Float64:
		if quoted && aNumber.MatchString(text) {
			return []byte(text)
		}
	case reflect.Int, reflect.Int64:
		number := string(data)
		if quoted {
			number = text
		}
		if number = zeros.ReplaceAllLiteralString(number, ""); aWholeNumber.MatchString(number) {
			return []byte(number)
		}
	case reflect.Struct, reflect.Slice:
		return standardSpellings(t, of, data)
	}
	return data
}

func isOfKind(k reflect.Kind, kinds ...reflect.Kind) bool { return slices.Contains(kinds, k) }

func isEmpty(data json.RawMessage) bool {
	var list []any
	return data[0] == '[' && json.Unmarshal(data, &list) == nil && len(list) == 0
}

func standardTime(t *testing.T, text string, data json.RawMessage) json.RawMessage {
	t.Helper()
	form := fraction.ReplaceAllString(strings.ReplaceAll(text, "-", "+"), "$1")
	form = strings.Replace(digit.ReplaceAllLiteralString(form, "9"), "+", "-", 2)
	layout, known := timeForms[form]
	if !known {
		return data
	}
	at, err := time.Parse(layout, text)
	if err != nil || json.Unmarshal([]byte(`"2015-03-09T00:00:00`+offsetOf(at)+`"`), new(time.Time)) != nil {
		return data
	}
	if year := at.UTC().Year(); year < 0 || year > 9999 {
		t.Skip("no such year in UTC")
	}
	return []byte(at.UTC().Format(`"` + time.RFC3339Nano + `"`))
}

func offsetOf(at time.Time) string { return at.Format("Z07:00") }

// standardSpellings is standardSpelling for what is in a record or a list.
func standardSpellings(t *testing.T, of reflect.Type, data json.RawMessage) json.RawMessage {
	t.Helper()
	var spelt any
	switch {
	case of.Kind() == reflect.Struct && isEmpty(data):
		return []byte("{}")
	case of.Kind() == reflect.Struct && data[0] == '{':
		var members map[string]json.RawMessage
		require.NoError(t, json.Unmarshal(data, &members))
		for name, member := range members {
			if f, known := fieldNamed(of, name); known {
				members[name] = standardSpelling(t, f.Type, member)
			}
		}
		spelt = members
	case of.Kind() == reflect.Slice && data[0] == '[':
		var elems []json.RawMessage
		require.NoError(t, json.Unmarshal(data, &elems))
		for i := range elems {
			elems[i] = standardSpelling(t, of.Elem(), elems[i])
		}
		spelt = elems
	default:
		return data
	}
	text, err := json.Marshal(spelt)
	require.NoError(t, err)
	return text
}

func fieldNamed(of reflect.Type, name string) (f reflect.StructField, known bool) {
	for _, same := range []func(string) bool{
		func(tag string) bool { return tag == name }, func(tag string) bool { return strings.EqualFold(tag, name) },
	} {
		for i := range of.NumField() {
			if tag, _, _ := strings.Cut(of.Field(i).Tag.Get("json"), ","); same(tag) {
				return of.Field(i), true
			}
		}
	}
	return f, false
}

// holder is a record with one field.
type holder[T any] struct {
	V T `json:"v"`
}

// spellings asserts what is read into a T, and what is not: then the error names the field, and nothing of the value.
func spellings[T any](t *testing.T, kind string, read map[string]T, refused ...string) {
	t.Helper()
	t.Run(kind, func(t *testing.T) {
		t.Parallel()
		for text, want := range read {
			var got holder[T]
			require.NoError(t, unmarshal([]byte(`{"v":`+text+`}`), &got), text)
			assert.Equal(t, want, got.V, text)
		}
		for _, text := range refused {
			var got holder[T]
			err := unmarshal([]byte(`{"v":`+text+`}`), &got)
			require.Error(t, err, text)
			if reflect.TypeFor[T]().Kind() != reflect.Slice { // what could be read of a list is kept
				assert.Zero(t, got, text)
			}
			assert.Regexp(t, `^field v: (a value of another type than [a-zA-Z0-9.\[\]]+|not a date of the form YYYY-MM-DD|`+
				`not a number of Unix seconds in the years 1 to 9999|a time that is not of RFC 3339)$`, err.Error())
		}
	})
}

func TestSpellings(t *testing.T) {
	t.Parallel()
	utc := func(year int, month time.Month, day, hour, minute, second, nanos int) time.Time {
		return time.Date(year, month, day, hour, minute, second, nanos, time.UTC)
	}
	unix := func(seconds, nanos int64) UnixTime { return UnixTimeOf(time.Unix(seconds, nanos)) }
	spellings(t, "int64", map[string]int64{ // more than a float64 holds exactly
		`9007199254740993.0`: 9007199254740993, `"9007199254740993"`: 9007199254740993,
	}, `9007199254740993.5`)
	spellings(t, "int", map[string]int{
		`26`: 26, `"26"`: 26, `26.0`: 26, `"26.00"`: 26, `-0.0`: 0, `"-7"`: -7, `"0"`: 0, `"\u0032\u0036"`: 26, `null`: 0,
	},
		`26.5`, `"26.5"`, `1e3`, `"1e3"`, `"1E3"`, `2.60e1`, `"NaN"`, `"Infinity"`, `"0x1a"`, `"+26"`, `"026"`, `" 26"`, `"26 "`, `"26\n"`, `"26."`, `".5"`, `"1_000"`,
		`"٢٦"`, `""`, `"-"`, `"a"`, `true`, `false`, `[]`, `{}`, `[26]`, `"\"26\""`, `9223372036854775808`, `"9223372036854775808"`, `9223372036854775808.0`,
	)
	spellings(t, "optional float", map[string]*float64{`2.5`: ptr(2.5), `"2.50"`: ptr(2.5), `"3"`: ptr(3.0), `"-0.5"`: ptr(-0.5), `""`: nil, `null`: nil, `0`: ptr(0.0), `"0"`: ptr(0.0)}, `"1e3"`, `"NaN"`, `"Inf"`, `"2,5"`, `"2.5%"`, `" "`, `false`, `[]`, `{}`, `"1`+strings.Repeat("0", 400)+`"`)
	spellings(t, "float", map[string]float64{`"2.50"`: 2.5, `2`: 2.0, `1e3`: 1000.0, `"0.0"`: 0.0}, `""`, `"1e3"`, `1e999`, `"0x1p-2"`, `true`, `[]`)
	spellings(t, "bool", map[string]bool{`1`: true, `0`: false, `true`: true, `false`: false}, `"true"`, `"false"`, `"1"`, `"0"`, `2`, `-1`, `-0`, `1.0`, `0.0`, `1e0`, `""`, `"yes"`, `[]`, `{}`)
	spellings(t, "optional bool", map[string]*bool{`1`: ptr(true), `0`: ptr(false), `true`: ptr(true), `null`: nil}, `"true"`, `""`, `2`, `[]`)
	spellings(t, "text", map[string]string{`false`: "", `""`: "", `"a"`: "a", `"false"`: "false"}, `true`, `0`, `26`, `[]`, `{}`)
	spellings(t, "texts", map[string][]string{`[]`: {}, `["a",false]`: {"a", ""}, `null`: nil}, `{}`, `""`, `false`, `"a"`, `[1]`, `[[]]`)
	spellings(t, "date", map[string]Date{
		`"1987-09-03"`: {1987, 9, 3}, `"0000-00-00"`: {}, `"0000-00-00 00:00:00"`: {}, `""`: {}, `null`: {},
	}, `"0000-00-01"`, `"1987-09-31"`, `"1987-9-3"`, `"1987-09-03T00:00:00Z"`, `19870903`, `0`, `false`, `[]`, `{}`, `" "`)
	spellings(t, "time", map[string]time.Time{
		`"2015-03-09T10:11:12Z"`: utc(2015, 3, 9, 10, 11, 12, 0), `"2015-03-09T10:11:12-0500"`: utc(2015, 3, 9, 15, 11, 12, 0),
		`"2015-03-09T10:11:12+0530"`: utc(2015, 3, 9, 4, 41, 12, 0), `"2015-03-09 10:11:12Z"`: utc(2015, 3, 9, 10, 11, 12, 0),
		`"2015-03-09 10:11:12.5-05:00"`: utc(2015, 3, 9, 15, 11, 12, 500_000_000), `"2015-03-09 10:11:12 -0500"`: utc(2015, 3, 9, 15, 11, 12, 0),
		`"2015-03-09 10:11:12.000000001+0000"`: utc(2015, 3, 9, 10, 11, 12, 1), `"2015-03-09"`: utc(2015, 3, 9, 0, 0, 0, 0),
		`"2015-12-31T23:00:00-0200"`: utc(2016, 1, 1, 1, 0, 0, 0), `"0000-00-00"`: {}, `"0000-00-00 00:00:00"`: {},
		`""`: {}, `null`: {},
	},
		`"2015-03-09T10:11:12"`, `"2015-03-09 10:11:12"`, `"2015-03-09T10:11Z"`, `"2015-03-09T10:11:12-05"`, `"2015-03-09T10:11:12 UTC"`, `"2015-02-29"`,
		`"2015-02-29 10:11:12Z"`, `"2015-03-09T25:11:12-0500"`, `"2015-03-09T10:11:12-9900"`, `"09.03.2015"`, `"2015-03-09T10:11:12-0500 "`, `"2015-03-09\n"`,
		`1425895872`, `"1425895872"`, `"soon"`, `false`, `[]`, `{}`,
	)
	spellings(t, "Unix seconds", map[string]UnixTime{
		`1234567890`: unix(1234567890, 0), `"1234567890"`: unix(1234567890, 0), `1234567890.0`: unix(1234567890, 0),
		`"1234567890.5"`: unix(1234567890, 500_000_000), `"-1"`: unix(-1, 0), `"0"`: unix(0, 0),
		`0`: unix(0, 0), `""`: {}, `"0000-00-00"`: {}, `null`: {},
	}, `"1e9"`, `" 1"`, `"soon"`, `"2009-02-13T23:31:30Z"`, `"253402300800"`, `"99999999999999999999"`, `true`, `false`, `[]`, `{}`)
	spellings(t, "record", map[string]anyRecord{`[]`: {}, `[ ]`: {}, `{}`: {}, `null`: {}}, `[[]]`, `[null]`, `""`, `false`, `0`)
	spellings(t, "optional record", map[string]*anyRecord{`[]`: nil, `null`: nil, `{}`: {}, `{"name":false,"maybe":"1.5"}`: {Maybe: ptr(1.5)}}, `[{}]`, `""`, `false`)
}

func TestSpellingsOfACustomer(t *testing.T) {
	t.Parallel()
	const body = `{"status":"ok","customer":{"id":"7","first_name":"Ann","last_name":false,"birthdate":"0000-00-00","age":"26","fanclub_id":3.0,
		"registered":1,"expired":0,"auto_renewal_enabled":0,"email_aliases":[],"authentications":[{"name":false}],
		"subscription":{"plan":{"id":"9007199254740993","tags":[]},"start_date":"2015-03-09 10:11:12 -0500","end_date":"","lapsed":1,"affiliates":[{"id":"5.0"}]}}}`
	want := &Customer{
		ID: 7, FirstName: "Ann", Age: 26, FanclubID: 3, Registered: ptr(true), AutoRenewalEnabled: ptr(false), EmailAliases: []string{},
		Authentications: []Authentication{{}},
		Subscription: &Membership{
			Plan: MembershipPlan{ID: 9007199254740993, Tags: []string{}}, StartDate: time.Date(2015, time.March, 9, 15, 11, 12, 0, time.UTC),
			Lapsed: true, Affiliates: []Affiliate{{ID: 5}},
		},
	}
	client := newTestClient(t, roundTripFunc(func(*http.Request) (*http.Response, error) {
		return reply(200, body, "Set-Cookie", "sid=0123456789"), nil
	}))
	got, session, err := client.Accounts.Login(t.Context(), LoginRequest{"a@example.com", "secret"})
	require.NoError(t, err)
	assert.Equal(t, want, got)
	assert.False(t, session.isEmpty())
	for name, call := range map[string]func() (*Customer, error){
		"get":    func() (*Customer, error) { return client.Accounts.Get(t.Context(), NewSession()) },
		"search": func() (*Customer, error) { return client.Accounts.Search(t.Context(), "a@example.com") },
		"create": func() (*Customer, error) { return client.Accounts.Create(t.Context(), CreateAccountRequest{}) },
		"update": func() (*Customer, error) {
			return client.Accounts.Update(t.Context(), NewSession(), UpdateAccountRequest{FirstName: "Ann"})
		},
	} {
		got, err := call()
		require.NoError(t, err, name)
		assert.Equal(t, want, got, name)
	}
	for text, want := range map[string]Customer{
		`{"id":7,"subscription":[]}`:                        {ID: 7},
		`{"id":7,"subscription":{"plan":[],"lapsed":1}}`:    {ID: 7, Subscription: &Membership{Lapsed: true}},
		`{"id":7,"subscription":{"end_date":"2015-03-09"}}`: {ID: 7, Subscription: &Membership{EndDate: time.Date(2015, time.March, 9, 0, 0, 0, 0, time.UTC)}},
	} {
		got, err := newTestClient(t, always(200, `{"customer":`+text+`}`)).Accounts.Get(t.Context(), NewSession())
		require.NoError(t, err, text)
		assert.Equal(t, &want, got, text)
	}
	for text, want := range map[string]bool{`1`: true, `0`: false, `true`: true, `false`: false} {
		got, err := newTestClient(t, always(200, `{"logged_in":`+text+`}`)).Accounts.Status(t.Context(), NewSession())
		require.NoError(t, err, text)
		assert.Equal(t, want, got, text)
	}
	tokens, err := refreshTokens(t.Context(), newTestClient(t, always(200, `{"status":"ok","access":{"access_token":"A1","refresh_token":"R1",
		"access_token_expiration":"1234567890.5","refresh_token_expiration":""}}`)).config(), "R0")
	require.NoError(t, err)
	assert.Equal(t, &Tokens{AccessToken: "A1", RefreshToken: "R1", AccessTokenExpires: UnixTimeOf(time.Unix(1234567890, 500_000_000))}, tokens)
}

func TestSpellingsOfTheNetwork(t *testing.T) {
	t.Parallel()
	at := UnixTimeOf(time.Unix(1234567890, 0))
	page, err := newTestClient(t, always(200, `{"list":[{"id":"i","created":"1234567890","fee_proposed":"2.50","email":false},{"id":"j","fee_proposed":""}],
		"total":"2","search":false,"filter":false,"filters":{"pending":"Pending","expired":1},"pages":1.0}`)).Invitations.List(t.Context(), ListOptions{})
	require.NoError(t, err)
	assert.Equal(t, &Page[Invitation]{
		Items: []Invitation{{ID: "i", Created: at, FeeProposed: ptr(2.5)}, {ID: "j"}}, Total: 2, Filters: []string{"pending", "expired"}, Pages: 1,
	}, page)
	for text, want := range map[string]Network{
		`{"account_id":"a","fee":"2.50","fee_proposed":"0"}`:                         {AccountID: "a", Fee: 2.5, FeeProposed: ptr(0.0)},
		`{"account_id":"a","proposed_date":"1234567890"}`:                            {AccountID: "a", FeeProposedDate: at},
		`{"account_id":"a","proposed_date":1234567890,"fee_proposed_date":""}`:       {AccountID: "a", FeeProposedDate: at},
		`{"account_id":"a","fee_proposed_date":"","proposed_date":1234567890}`:       {AccountID: "a", FeeProposedDate: at},
		`{"account_id":"a","proposed_date":1,"fee_proposed_date":"1234567890"}`:      {AccountID: "a", FeeProposedDate: at},
		`{"account_id":"a","proposed_date":"0000-00-00","fee_proposed_date":null}`:   {AccountID: "a"},
		`{"account_id":"a","proposed_user_id":false,"fee_proposed_date":1234567890}`: {AccountID: "a", FeeProposedDate: at},
	} {
		got, err := newTestClient(t, always(200, text)).Networks.Get(t.Context(), "a")
		require.NoError(t, err, text)
		assert.Equal(t, &want, got, text)
	}
	domains, err := newTestClient(t, always(200, `[{"id":"dom_1","title":"A","description":false},{"dom_2":{"title":"B","description":false}}]`)).Networks.Domains(t.Context())
	require.NoError(t, err)
	assert.Equal(t, []Domain{{"dom_1", "A", ""}, {"dom_2", "B", ""}}, domains)
	for text, want := range map[string]bool{`1`: true, `0`: false, `true`: true, `false`: false, `"yes"`: false, `2`: false} {
		session, err := newTestClient(t, always(200, `{"jwt":"h.p.s","auth":`+text+`,"app":[],"user":[],"alerts":[{"id":"x","priority":"3","timestamp":"1234567890"}]}`)).
			AppSessions.Current(t.Context())
		require.NoError(t, err, text)
		assert.Equal(t, want, session.Authenticated, text)
		assert.Equal(t, []AppAlert{{ID: "x", Priority: 3, Timestamp: at}}, session.Alerts)
	}
}

// Filters only offer choices: no form of them is a reason to lose a page.
func TestSpellingsOfFilters(t *testing.T) {
	t.Parallel()
	for text, want := range map[string][]string{
		`["pending","expired"]`: {"pending", "expired"}, `[]`: {}, `null`: nil,
		`{"z":"Z","a":{"b":["c"]},"\u00e9":null}`: {"z", "a", "é"}, `{}`: {},
		`"pending"`: nil, `1`: nil, `true`: nil, `false`: nil, `[1]`: nil, `["a",{}]`: nil, `[["a"]]`: nil, `[{"id":"a"}]`: nil, `""`: nil,
	} {
		body := `{"filters":` + text + `,"list":[{"account_id":"a"}],"pages":1}`
		page, err := newTestClient(t, always(200, body)).Networks.List(t.Context(), ListOptions{})
		require.NoError(t, err, text)
		assert.Equal(t, &Page[Network]{Items: []Network{{AccountID: "a"}}, Filters: want, Pages: 1}, page, text)
	}
	for _, text := range []string{`{"a"}`, `[`, `nul`, `{"a":01}`} { // what is not JSON is no page
		_, err := newTestClient(t, always(200, `{"filters":`+text+`,"list":[{"account_id":"a"}]}`)).Networks.List(t.Context(), ListOptions{})
		assertKinds(t, err, ErrBadResponse)
	}
	page := Page[Network]{Filters: []string{"old"}}
	require.NoError(t, json.Unmarshal([]byte(`{"list":[],"filters":7}`), &page))
	assert.Nil(t, page.Filters)
	_, err := newTestClient(t, always(200, `{"filters":[1],"list":[{"account_id":1}]}`)).Networks.List(t.Context(), ListOptions{})
	require.EqualError(t, err, "network: GET /account/networks: 200 OK: bad response; field list.account_id: a value of another type than string")
}

// Where a value is promised, an empty list is null, and never a record.
func TestEmptyListIsNoValue(t *testing.T) {
	t.Parallel()
	for _, list := range []string{`[]`, ` [ ] `} {
		client := newTestClient(t, roundTripFunc(func(*http.Request) (*http.Response, error) {
			return reply(200, `{"status":"ok","customer":`+list+`,"access":`+list+`}`, "Set-Cookie", "sid=0123456789"), nil
		}))
		_, err := client.Accounts.Get(t.Context(), NewSession())
		assertKinds(t, err, ErrNotLoggedIn)
		_, err = client.Accounts.Search(t.Context(), "a@example.com")
		assertKinds(t, err, ErrNotFound)
		_, _, err = client.Accounts.Login(t.Context(), LoginRequest{})
		assertKinds(t, err, ErrBadResponse)
		_, err = client.Accounts.Create(t.Context(), CreateAccountRequest{})
		assertKinds(t, err, ErrBadResponse)
		_, err = refreshTokens(t.Context(), client.config(), "R0")
		assertKinds(t, err, ErrBadResponse)

		whole := newTestClient(t, always(200, list))
		_, err = whole.Networks.Get(t.Context(), "acc_1")
		assertKinds(t, err, ErrBadResponse)
		_, err = whole.Networks.List(t.Context(), ListOptions{})
		assertKinds(t, err, ErrBadResponse)
		_, err = whole.Networks.Delete(t.Context(), "acc_1")
		assertKinds(t, err, ErrBadResponse)
		_, err = whole.Invitations.Activate(t.Context(), "token")
		assertKinds(t, err, ErrBadResponse)
		_, err = whole.AppSessions.Current(t.Context())
		assertKinds(t, err, ErrBadResponse)
		for _, err := range whole.Invitations.All(t.Context(), ListOptions{}) {
			assertKinds(t, err, ErrBadResponse)
		}
		invitation, err := whole.Invitations.Create(t.Context(), CreateInvitationRequest{})
		require.NoError(t, err) // it promises none
		assert.Equal(t, &Invitation{}, invitation)
		benefits, err := newTestClient(t, always(200, `{"benefits":`+list+`}`)).Accounts.Benefits(t.Context(), NewSession())
		require.NoError(t, err) // a list is one
		assert.Empty(t, benefits)
	}
	require.Error(t, json.Unmarshal([]byte(`[]`), &Page[Network]{}), "a page has a list")
}

// A customer that is an empty list is nobody, so a token session is refreshed, as for null.
func TestEmptyListIsLoggedOut(t *testing.T) {
	t.Parallel()
	for _, nobody := range []string{`null`, `[]`} {
		bodies := map[string]string{
			"Bearer A0": `{"customer":` + nobody + `}`, "": `{"access":{"access_token":"A1","refresh_token":"R1"}}`, "Bearer A1": `{"customer":{"id":7}}`,
		}
		client := newTestClient(t, roundTripFunc(func(req *http.Request) (*http.Response, error) {
			return reply(200, bodies[req.Header.Get("Authorization")]), nil
		}))
		session, err := NewTokenSession(Tokens{AccessToken: "A0", RefreshToken: "R0"})
		require.NoError(t, err)
		customer, err := client.Accounts.Get(t.Context(), session)
		require.NoError(t, err, nobody)
		assert.Equal(t, int64(7), customer.ID)
	}
}

// The other spellings are read in records of this package only: what a stranger's type reads is for encoding/json.
func TestSpellingsOfStrangers(t *testing.T) {
	t.Parallel()
	for _, body := range []string{`{"Age":"26"}`, `{"Age":26.0}`, `{"Yes":1}`, `{"At":"2015-03-09"}`, `{"Text":false}`, `{"In":[]}`} {
		_, err := Do[struct {
			Age  int
			Yes  bool
			At   time.Time
			Text string
			In   struct{ A int }
		}](t.Context(), newTestClient(t, always(200, body)), Call{API: NetworkAPI, Op: "GET /a"})
		assertKinds(t, err, ErrBadResponse)
	}
}

// What cannot be read is named, by the names of our fields alone, and everything else is read.
func TestUnreadFieldIsNamed(t *testing.T) {
	t.Parallel()
	tests := map[string]struct{ customer, field string }{
		"a scalar":           {`{"age":"SECRET","id":7}`, "age: a value of another type than int"},
		"the first of two":   {`{"age":{"SECRET":1},"email":[],"id":7}`, "age: a value of another type than int"},
		"a name unlike ours": {`{"AGE":"SECRET","id":7}`, "age: a value of another type than int"},
		"a boolean":          {`{"registered":"SECRET","id":7}`, "registered: a value of another type than bool"},
		"a date":             {`{"birthdate":"SECRET","id":7}`, "birthdate: not a date of the form YYYY-MM-DD"},
		"no date at all":     {`{"birthdate":7,"id":7}`, "birthdate: not a date of the form YYYY-MM-DD"},
		"a record":           {`{"subscription":"SECRET","id":7}`, "subscription: a value of another type than partnerapi.Membership"},
		"in a record":        {`{"subscription":{"plan":{"id":"SECRET"}},"id":7}`, "subscription.plan.id: a value of another type than int64"},
		"in a list":          {`{"subscription":{"affiliates":[{"id":1},{"codes":["a",7]}]},"id":7}`, "subscription.affiliates.codes: a value of another type than string"},
		"a time":             {`{"subscription":{"end_date":7},"id":7}`, "subscription.end_date: a time that is not of RFC 3339"},
		"an integer":         {`{"fanclub_id":26.5,"id":7}`, "fanclub_id: a value of another type than int64"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := newTestClient(t, always(200, `{"customer":`+test.customer+`}`)).Accounts.Get(t.Context(), NewSession())
			assertKinds(t, err, ErrBadResponse)
			require.EqualError(t, err, "account: GET /account: 200 OK: bad response; field customer."+test.field)
			var got *Customer
			known, err := unmarshalMember([]byte(`{"customer":`+test.customer+`}`), "customer", &got)
			assert.Equal(t, present, known)
			var field *unread
			require.ErrorAs(t, err, &field)
			assert.Equal(t, int64(7), got.ID, "what comes behind is read")
		})
	}
	_, err := newTestClient(t, always(200, `{"customer":7}`)).Accounts.Get(t.Context(), NewSession())
	require.EqualError(t, err, "account: GET /account: 200 OK: bad response; field customer: a value of another type than partnerapi.Customer")
	_, err = newTestClient(t, always(200, `{"account_id":7}`)).Networks.Get(t.Context(), "acc_1")
	require.EqualError(t, err, "network: GET /account/networks/{child_account_id}: 200 OK: bad response; field account_id: a value of another type than string")
	var page Page[Network]
	require.EqualError(t, page.UnmarshalJSON([]byte(`{"list":[{"fee":"SECRET"}]}`)), "field list.fee: a value of another type than float64")
}

func TestMemberBool(t *testing.T) {
	t.Parallel()
	for text, want := range map[string][2]bool{
		`true`: {true, true}, `false`: {false, true}, `1`: {true, true}, `0`: {false, true},
		``: {}, `null`: {}, `"true"`: {}, `"1"`: {}, `2`: {}, `1.0`: {}, `-0`: {}, `[]`: {}, `{}`: {}, `""`: {},
	} {
		m := member{name: "m"}
		if text != "" {
			require.True(t, find([]byte(`{"m":`+text+`}`), &m))
		}
		value, ok := m.bool()
		assert.Equal(t, want, [2]bool{value, ok}, text)
	}
}
