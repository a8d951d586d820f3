package acceptance

import (
	"encoding/json"
	"errors"
	"net/http"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/partnerapi/partnerapi-go"
)

// odd is a documented body with one thing changed.
type odd struct {
	op     string
	of     string // the documented body
	what   string // the change
	status int
	body   string
	reads  reading
}

// reading is how the SDK has to read a changed response.
type reading int

const (
	either reading = iota // a value or an error
	read                  // no error, unless the documented body is a failure
	same                  // the same value, or the same kinds of failure
)

// node is a value in a body. Of a member, whole is the name and the value with a comma beside them.
type node struct {
	key         string
	from, to    int
	whole       [2]int
	isMember    bool
	byID        bool // its members are the entries of a collection
	first, last bool // in its object
}

// nodesOf returns all values in a body, the body itself first.
func nodesOf(t testing.TB, body string) []node {
	t.Helper()
	dec := json.NewDecoder(strings.NewReader(body))
	dec.UseNumber()
	var all []node
	start := func() int {
		at := int(dec.InputOffset())
		return at + len(body[at:]) - len(strings.TrimLeft(body[at:], " \t\r\n,:"))
	}
	var walk func(key string) node
	walk = func(key string) node {
		i := len(all)
		all = append(all, node{key: key, from: start()})
		token, err := dec.Token()
		require.NoError(t, err)
		var members []int
		for open := token; (open == json.Delim('{') || open == json.Delim('[')) && dec.More(); {
			of, nameAt := key, start()
			if open == json.Delim('{') {
				name, err := dec.Token()
				require.NoError(t, err)
				of = name.(string)
				members = append(members, len(all))
			}
			child := len(all)
			walk(of)
			all[child].whole, all[child].isMember = [2]int{nameAt, all[child].to}, open == json.Delim('{')
		}
		if token == json.Delim('{') || token == json.Delim('[') {
			_, err = dec.Token()
			require.NoError(t, err)
		}
		for n, m := range members {
			all[m].first, all[m].last = n == 0, n == len(members)-1
		}
		all[i].to, all[i].byID = int(dec.InputOffset()), key == "accounts" || key == "" && i > 0
		return all[i]
	}
	walk("")
	return all
}

// without returns body without the member n.
func (n node) without(body string) string {
	from, to := n.whole[0], n.whole[1]
	switch {
	case !n.last:
		to += strings.IndexByte(body[to:], ',') + 1
	case !n.first:
		from = strings.LastIndexByte(body[:from], ',')
	}
	return body[:from] + body[to:]
}

var (
	anInteger  = regexp.MustCompile(`^-?\d+$`)
	aTimeInUTC = regexp.MustCompile(`^"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"$`)
	aDateAlone = regexp.MustCompile(`^"\d{4}-\d\d-\d\d"$`)
)

// wordMembers are the members in which the APIs describe a failure.
var wordMembers = []string{"error", "messages", "message"}

// spellings returns other spellings of a value, and how each has to be read.
func (n node) spellings(text string, failure bool) map[string]reading {
	to := map[string]reading{
		"null": either, "true": either, "false": either, "7": either, "-1.5": either, "1e999": either, `"x"`: either, `""`: either, "[]": either, "{}": either,
		"[" + text + "]": either, `{"x":` + text + "}": either, "[null]": either, "[[]]": either, "[{}]": either, `"\ud800"`: either, "\"\xff\"": either, "99999999999999999999": either,
	}
	switch text[0] {
	case '{':
		if more := `{"unknown":{"a":[1,null]},` + text[1:]; json.Valid([]byte(more)) {
			to[more] = same
			if n.byID {
				to[more] = either // an additional entry
			}
		}
		if n.key == "subscription" {
			to["[]"] = read
		}
	case '[':
		if n.key == "filters" {
			for spelling := range to {
				if json.Valid([]byte(spelling)) {
					to[spelling] = read
				}
			}
		}
	case '"':
		to[" "+text+"\n"] = same
		switch {
		case text == `""`:
			to["false"] = same
		case aTimeInUTC.MatchString(text):
			to[strings.Replace(text, "T", " ", 1)], to[strings.Replace(text, "Z", "+0000", 1)] = same, same
			to[strings.Replace(text, "Z", "+00:00", 1)], to[strings.Replace(text, "Z", ".000Z", 1)] = same, same
			to[text[:11]+`"`], to[`""`], to[`"0000-00-00"`] = read, read, read
		case aDateAlone.MatchString(text):
			to[`""`], to[`"0000-00-00"`], to["null"] = read, read, read
		}
		if failure && slices.Contains(wordMembers, n.key) {
			to["["+text+"]"] = same
		}
	case 't', 'f':
		to[map[byte]string{'t': "1", 'f': "0"}[text[0]]] = same
	case 'n':
	default:
		to[`"`+text+`"`] = same
		if anInteger.MatchString(text) {
			to[text+".0"], to[`"`+text+`.0"`] = same, same
		}
	}
	delete(to, text)
	return to
}

// oddOf returns every change of a documented body.
func oddOf(t testing.TB, op, of, body string, failure bool) (all []odd) {
	t.Helper()
	add := func(what string, status int, body string, reads reading) {
		all = append(all, odd{op, of, what, status, body, reads})
	}
	for _, n := range nodesOf(t, body) {
		text := body[n.from:n.to]
		for spelling, reads := range n.spellings(text, failure) {
			add(strconv.Itoa(n.from)+" "+n.key+" as "+spelling, 200, body[:n.from]+spelling+body[n.to:], reads)
		}
		if n.isMember {
			add(strconv.Itoa(n.from)+" without "+n.key, 200, n.without(body), either)
			add(strconv.Itoa(n.from)+" twice "+n.key, 200, body[:n.whole[0]]+body[n.whole[0]:n.whole[1]]+","+body[n.whole[0]:], either)
		}
	}
	for at := range len(body) {
		add("cut at "+strconv.Itoa(at), 200, body[:at], either)
	}
	for _, status := range []int{201, 202, 204, 206, 299, 300, 304, 400, 401, 403, 404, 408, 409, 410, 415, 422, 425, 429, 451, 499, 500, 502, 503, 504, 520} {
		add("status "+strconv.Itoa(status), status, body, either)
		add("an empty "+strconv.Itoa(status), status, "", either)
		add("a page with "+strconv.Itoa(status), status, "<!DOCTYPE html><html><body>"+http.StatusText(status)+"</body></html>", either)
		for _, word := range []string{`{"error":"No."}`, `{"errors":["No."]}`, `{"message":"No."}`, `{"messages":{"email":["No."]}}`} {
			add(word+" with "+strconv.Itoa(status), status, word, either)
		}
	}
	add("a byte order mark", 200, "\xef\xbb\xbf"+body, same)
	add("white space", 200, "\r\n\t "+body+" \n", same)
	for _, around := range []string{"\x00%", "%%", "%\x00", "[%]", `{"data":%}`, "%,", ")]}'\n%", "callback(%)", "\xfe\xff%"} {
		add(around, 200, strings.ReplaceAll(around, "%", body), either)
	}
	return all
}

// oddResponses returns the changes of all documented bodies, of failures for every operation of their API.
func oddResponses(t testing.TB) (all []odd) {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(testdata, "*.json"))
	require.NoError(t, err)
	for _, path := range paths {
		name := strings.TrimSuffix(filepath.Base(path), ".json")
		of, which, _ := strings.Cut(name, ".")
		if strings.HasPrefix(which, "request") {
			continue
		}
		for _, c := range firstCalls() {
			if slug(c.op) == of || of == "account" && c.op == "GET /account" {
				_, err := callOdd(t, odd{op: c.op, status: 200, body: fixture(t, name)})
				all = append(all, oddOf(t, c.op, name, fixture(t, name), err != nil)...)
			}
		}
	}
	return all
}

// callOdd makes the first call of an operation, with o as the response.
func callOdd(t testing.TB, o odd) (any, error) {
	t.Helper()
	client := newTestClient(t, roundTripFunc(func(req *http.Request) (*http.Response, error) {
		if _, op := partnerapi.Operation(req.Context()); op != o.op {
			return ok(req)
		}
		return reply(o.status, o.body, "Set-Cookie", "sid=1", "Content-Type", "application/json"), nil
	}), append(canaryCredentials(), partnerapi.WithRetry(partnerapi.RetryPolicy{MaxAttempts: 1}))...)
	return callOf(t, o.op).do(t.Context(), client, documented(t))
}

// holds asserts that an undocumented response is read as it has to be.
func (o odd) holds(t *testing.T) {
	t.Helper()
	value, err := callOdd(t, o)
	if o.reads != either {
		want, failure := callOdd(t, odd{op: o.op, status: 200, body: fixture(t, o.of)})
		assert.Equal(t, failure == nil, err == nil, "%v", err)
		switch {
		case o.reads == read:
		case failure == nil:
			assert.Equal(t, exported(want), exported(value))
		default:
			for _, kind := range kinds {
				assert.Equal(t, isKind(failure, kind), isKind(err, kind), "%v: %v", kind, err)
			}
		}
	}
	if err == nil {
		assertSuccess(t, o.op, o.status, value)
		v := reflect.ValueOf(value)
		// The reply to a new invitation is not documented, and a session is not a field of a response.
		if v.Kind() == reflect.Pointer && o.op != "POST /account/network-invitations" {
			assert.False(t, v.Elem().IsZero(), "a zero value and no error")
		}
		return
	}
	assertErrorLine(t, err, o.op, []string{canaryPartnerToken, canaryAccountKey, canaryOrganizationKey, canaryNetworkToken})
	assert.True(t, slices.ContainsFunc(kinds, func(kind error) bool { return isKind(err, kind) }), "of no kind: %v", err)
}

// exported returns the exported fields of an app session, and any other value unchanged.
func exported(value any) any {
	session, ok := value.(*partnerapi.AppSession)
	if !ok || session == nil {
		return value
	}
	fields := map[string]any{"JWT": session.JWT()}
	v := reflect.ValueOf(session).Elem()
	for _, field := range reflect.VisibleFields(v.Type()) {
		if field.IsExported() {
			fields[field.Name] = v.FieldByIndex(field.Index).Interface()
		}
	}
	return fields
}

func isKind(err, kind error) bool {
	var failed *partnerapi.Error
	return errors.As(err, &failed) && slices.Contains(failed.Unwrap(), kind)
}

// Every documented body is read with one of the changes that a server or a proxy is likely to make.
func TestOddResponses(t *testing.T) {
	t.Parallel()
	all := oddResponses(t)
	assert.GreaterOrEqual(t, len(all), 20_000)
	for _, o := range all {
		if o.holds(t); t.Failed() {
			t.Fatalf("%s, %s: %s\n%d %s", o.op, o.of, o.what, o.status, o.body)
		}
	}
	t.Logf("%d odd responses", len(all))
}

// FuzzOddResponse changes a changed body again, at any place.
func FuzzOddResponse(f *testing.F) {
	all := oddResponses(f)
	for i := 0; i < len(all); i += 97 {
		f.Add(uint32(i), uint16(i), uint16(0), []byte{})
		f.Add(uint32(i), uint16(i), uint16(1), []byte("null"))
	}
	f.Fuzz(func(t *testing.T, which uint32, at, length uint16, by []byte) {
		o := all[int(which)%len(all)]
		from := int(at) % (len(o.body) + 1)
		to := min(len(o.body), from+int(length))
		if from != to || len(by) > 0 {
			o.body, o.reads = string(slices.Concat([]byte(o.body[:from]), by, []byte(o.body[to:]))), either
		}
		o.holds(t)
	})
}
