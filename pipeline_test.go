package partnerapi

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"net/url"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/partnerapi/partnerapi-go/internal/jsonwire"
)

// nothingSent is a transport that fails the test if anything is sent.
func nothingSent(t *testing.T) roundTripFunc {
	t.Helper()
	return func(*http.Request) (*http.Response, error) {
		t.Error("a request was sent")
		return reply(500, ""), nil
	}
}

// always is a transport that returns the same response to every request.
func always(status int, body string, header ...string) roundTripFunc {
	return func(*http.Request) (*http.Response, error) { return reply(status, body, header...), nil }
}

// served is a transport that writes the request as on the wire, reads it and passes it to a handler.
func served(h http.Handler) roundTripFunc {
	return func(req *http.Request) (*http.Response, error) {
		var wire bytes.Buffer
		if err := req.Write(&wire); err != nil {
			return nil, err
		}
		arrived, err := http.ReadRequest(bufio.NewReader(&wire))
		if err != nil {
			return nil, err
		}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, arrived.WithContext(req.Context()))
		return w.Result(), nil
	}
}

// The server decodes every path argument unchanged, from one path segment.
func TestPathArgumentsArriveUnchanged(t *testing.T) {
	t.Parallel()
	for value, path := range map[string]string{
		"MS2365":        "MS2365",
		"a/b":           "a%2Fb",
		"/":             "%2F",
		"a//b/":         "a%2F%2Fb%2F",
		"../../x":       "..%2F..%2Fx",
		"...":           "...",
		"..a":           "..a",
		"ü":             "%C3%BC",
		"\ufffd":        "%EF%BF%BD",
		"a b":           "a%20b",
		" ":             "%20",
		"a+b":           "a+b",
		"a%2Fb":         "a%252Fb",
		"%2e%2e":        "%252e%252e",
		"%":             "%25",
		"?":             "%3F",
		"a?b=c":         "a%3Fb=c",
		"#":             "%23",
		"a;b,c":         "a%3Bb%2Cc",
		"{pk}":          "%7Bpk%7D",
		`\`:             "%5C",
		"a\x00\r\nb":    "a%00%0D%0Ab",
		"x@y.example:1": "x@y.example:1",
	} {
		t.Run(path, func(t *testing.T) {
			t.Parallel()
			client := newTestClient(t, served(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				assert.Equal(t, "/api/v1/partners/subscriptions/"+path, r.RequestURI)
				segments := strings.Split(r.RequestURI, "/")
				arrived, err := url.PathUnescape(segments[len(segments)-1])
				assert.NoError(t, err)
				assert.Equal(t, value, arrived)
				_, _ = io.WriteString(w, `{"success":true}`)
			})))
			require.NoError(t, client.Subscriptions.Update(t.Context(), value, UpdateSubscriptionRequest{PlanBark}))
		})
	}
}

func TestArgumentsRefused(t *testing.T) {
	t.Parallel()
	const dots = `"." and ".." are invalid in a path`
	const op = "GET /a/{first}/b/{second}"
	tests := map[string]struct {
		op        string
		args      []string
		name, why string
	}{
		"empty":        {op, []string{"", "x"}, "first", "empty"},
		"second empty": {op, []string{"x", ""}, "second", "empty"},
		".":            {op, []string{".", "x"}, "first", dots},
		"..":           {op, []string{"x", ".."}, "second", dots},
		"not UTF-8":    {op, []string{"x", "a\xffb"}, "second", "not valid UTF-8"},
		"no arguments": {op, nil, "Args", "fewer values than wildcards"},
		"too few":      {op, []string{"x"}, "Args", "fewer values than wildcards"},
		"too many":     {op, []string{"x", "y", "z"}, "Args", "more values than wildcards"},
		"no wildcard":  {"GET /a", []string{"x"}, "Args", "more values than wildcards"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client := newTestClient(t, nothingSent(t))
			value, err := Do[*int](t.Context(), client, Call{API: PartnerAPI, Op: test.op, Args: test.args})
			assert.Nil(t, value)
			assertRefused(t, err, test.name, test.why)
		})
	}
}

func TestOperationsRefused(t *testing.T) {
	t.Parallel()
	const form = "not in the form METHOD /path/{wildcard}"
	const wildcard = "a wildcard is a whole segment, such as {id}, with a unique name"
	for op, why := range map[string]string{
		"":                      "empty",
		"GET":                   form,
		"/a":                    form,
		"GET a":                 form,
		"GET https://a.example": form,
		"GET  /a":               form,
		"GET /a b":              form,
		"GET /a?b=c":            form,
		"GET /a#b":              form,
		"GET /a%2Fb":            form,
		"GET /a/{rest...}":      form,
		"GET /a/{id":            wildcard,
		"GET /a/id}":            wildcard,
		"GET /a/x{id}":          wildcard,
		"GET /a/{id}x":          wildcard,
		"GET /a/{id}{b}":        wildcard,
		"GET /a/{}":             wildcard,
		"GET /{id}/{id}":        wildcard,
		"GET /{a-b}":            wildcard,
		"GET /a/{$}":            wildcard,
		" /a":                   form, // net/http takes no method for GET
		"G\nT /a":               "invalid method or path",
		"GÄT /a":                "invalid method or path",
		"GET /a\nb":             "invalid method or path",
	} {
		t.Run(op, func(t *testing.T) {
			t.Parallel()
			_, err := Do[none](t.Context(), newTestClient(t, nothingSent(t)), Call{API: PartnerAPI, Op: op})
			assertRefused(t, err, "Op", why)
			assert.NotContains(t, err.Error(), "\n")
		})
	}
}

func TestCallsRefused(t *testing.T) {
	t.Parallel()
	session := NewSession()
	session.absorb(reply(200, "", "Set-Cookie", "sid=1"), "https://services.sparkart.net")
	elsewhere := NewSession()
	elsewhere.absorb(reply(200, "", "Set-Cookie", "sid=1"), "https://staging.example")
	const made = "nil or zero: sessions are made by Login, NewTokenSession, ImportSession or NewSession"
	tests := map[string]struct {
		call      endpoint
		name, why string
	}{
		"no API":                        {endpoint{Call: Call{Op: "GET /a"}}, "API", "empty"},
		"unknown API":                   {endpoint{Call: Call{API: "billing", Op: "GET /a"}}, "API", "unknown"},
		"zero session":                  {endpoint{Call: Call{API: AccountAPI, Op: "GET /a", Session: &Session{}}}, "session", made},
		"required session":              {endpoint{Call: Call{API: AccountAPI, Op: "GET /a"}, needsSession: true}, "session", made},
		"a session for another API":     {endpoint{Call: Call{API: NetworkAPI, Op: "GET /a", Session: session}}, "session", "this API takes no session"},
		"a new session for another API": {endpoint{Call: Call{API: PartnerAPI, Op: "GET /a", Session: NewSession()}}, "session", "this API takes no session"},
		"another server's session":      {endpoint{Call: Call{API: AccountAPI, Op: "GET /a", Session: elsewhere}}, "session", "belongs to another server"},
		"an invalid query":              {endpoint{Call: Call{API: AccountAPI, Op: "GET /a", Query: 7}}, "Query", "encoding failed"},
		"a query out of range":          {endpoint{Call: Call{API: AccountAPI, Op: "GET /a", Query: ListOptions{Page: -1}}}, "Page", "below zero"},
		"a date in a query": {endpoint{
			Call: Call{API: AccountAPI, Op: "GET /a", Query: SignupRequest{PK: "a", Email: "b", ChildBirthday: Date{2020, 2, 30}}},
		}, "ChildBirthday", "not a calendar date"},
		"a query that is not UTF-8": {endpoint{Call: Call{API: AccountAPI, Op: "GET /a", Query: ListOptions{Search: "a\xff"}}}, "Query", "not valid UTF-8"},
		"url.Values, the value":     {endpoint{Call: Call{API: AccountAPI, Op: "GET /a", Query: url.Values{"a": {"b", "\xff"}}}}, "Query", "not valid UTF-8"},
		"url.Values, the name":      {endpoint{Call: Call{API: AccountAPI, Op: "GET /a", Query: url.Values{"\xff": {"b"}}}}, "Query", "not valid UTF-8"},
		"NaN":                       {endpoint{Call: Call{API: AccountAPI, Op: "POST /a", Body: map[string]any{"a": math.NaN()}}}, "Body", "NaN or infinite"},
		"infinity":                  {endpoint{Call: Call{API: AccountAPI, Op: "POST /a", Body: UpdateNetworkRequest{math.Inf(1)}}}, "Body", "NaN or infinite"},
		"infinity to set": {endpoint{
			Call: Call{API: AccountAPI, Op: "POST /a", Body: UpdateInvitationRequest{FeeProposed: Set(math.Inf(-1))}},
		}, "Body", "NaN or infinite"},
		"a date": {endpoint{
			Call: Call{API: AccountAPI, Op: "POST /a", Body: CreateAccountRequest{Birthdate: Date{2023, 2, 29}}},
		}, "Birthdate", "not a calendar date"},
		"a date in a map":             {endpoint{Call: Call{API: AccountAPI, Op: "POST /a", Body: map[string]any{"a": []Date{{2023, 2, 29}}}}}, "Body", "not a calendar date"},
		"a date in a struct as query": {endpoint{Call: Call{API: AccountAPI, Op: "GET /a", Query: struct{ A Date }{Date{2023, 2, 29}}}}, "Query", "not a calendar date"},
		"a function":                  {endpoint{Call: Call{API: AccountAPI, Op: "POST /a", Body: func() {}}}, "Body", "encoding failed"},
		"a marshaler that fails":      {endpoint{Call: Call{API: AccountAPI, Op: "POST /a", Body: failing{}}}, "Body", "encoding failed"},
		"no field set: subscription":  {endpoint{Call: Call{API: AccountAPI, Op: "POST /a", Body: UpdateSubscriptionRequest{}}}, "Plan", "empty"},
		"no field set: account":       {endpoint{Call: Call{API: AccountAPI, Op: "POST /a", Body: UpdateAccountRequest{}}}, "UpdateAccountRequest", "no field is set"},
		"no field set: invitation":    {endpoint{Call: Call{API: AccountAPI, Op: "POST /a", Body: UpdateInvitationRequest{}}}, "UpdateInvitationRequest", "no field is set"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			asked := TokenSourceFunc(func(context.Context) (string, error) {
				t.Error("an invalid call asked a source for its credential")
				return "", nil
			})
			client := newTestClient(t, nothingSent(t), WithCredentialSource(PartnerToken, asked),
				WithCredentialSource(AccountKey, asked), WithCredentialSource(NetworkToken, asked))
			_, err := do[none](t.Context(), client, test.call, nil)
			assertRefused(t, err, test.name, test.why)
			var failed *Error
			assert.NotErrorAs(t, err, &failed)
		})
	}
	_, err := Do[none](nil, newTestClient(t, nothingSent(t)), Call{API: PartnerAPI, Op: "GET /a"}) //nolint:staticcheck // under test
	assertRefused(t, err, "ctx", "nil")
}

// Every text is decoded from the body unchanged.
func TestBodyTexts(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"MS2365", "a\"b", `a\b`, "<&>", "é", "😀", "\u2028\u2029", "\x00", "\t\n", "\x7f", "\ufffd", "a b"} {
		for _, in := range []any{
			CreateSubscriptionRequest{PK: text, Email: text, Plan: Plan(text)}, &CreateSubscriptionRequest{PK: text}, LoginRequest{text, text},
			UpdateAccountRequest{FirstName: text, CurrentPassword: text, ListsOptIn: OptInTrue}, map[string]string{text: text}, text,
		} {
			call := endpoint{Call: Call{API: PartnerAPI, Op: "POST /a", Body: in}}
			body, err := call.content()
			require.NoError(t, err)
			again := reflect.New(reflect.TypeOf(in))
			require.NoError(t, json.Unmarshal(body, again.Interface()))
			assert.Equal(t, in, again.Elem().Interface())
		}
	}
}

// Bodies of the caller's types are encoded by the rules of encoding/json.
func TestBodyOfOddRecords(t *testing.T) {
	t.Parallel()
	for want, in := range map[string]any{
		`{"base":"b","a":"x"}`: struct {
			oddBase

			A string `json:"a"`
		}{oddBase{"b"}, "x"},
		`{"a":"x","B":"y"}`: struct {
			A string `json:"a"`
			B string
		}{"x", "y"},
		`{"a":"x"}`: struct {
			A      string `json:"a"`
			Hidden string `json:"-"`
		}{"x", "secret"},
		`{"a":"1"}`: struct {
			A int `json:"a,string"`
		}{1},
		`{"a":"odd"}`: struct {
			A oddText `json:"a"`
		}{"x"},
		`{}`: struct{}{},
	} {
		call := endpoint{Call: Call{API: PartnerAPI, Op: "POST /a", Body: in}}
		body, err := call.content()
		require.NoError(t, err)
		assert.JSONEq(t, want, string(body))
	}
}

type oddBase struct {
	Base string `json:"base"`
}

type oddText string

func (oddText) MarshalJSON() ([]byte, error) { return []byte(`"odd"`), nil }

func TestNoCredential(t *testing.T) {
	t.Parallel()
	source := func(token string, err error) Option {
		return WithCredentialSource(AccountKey, TokenSourceFunc(func(context.Context) (string, error) { return token, err }))
	}
	broken := errors.New("vault: GET https://vault.example/SECRET")
	tests := map[string]struct {
		opts []Option
		call endpoint
		is   error
	}{
		"no credential": {nil, endpoint{Call: Call{API: PartnerAPI, Op: "GET /a"}}, nil},
		"another's": {
			[]Option{WithPartnerToken("p")},
			endpoint{Call: Call{API: NetworkAPI, Op: "GET /a"}}, nil,
		},
		"one of two": {
			[]Option{WithAccountKey("k")}, endpoint{Call: Call{API: AccountAPI, Op: "GET /account/search"}, extraCredential: OrganizationKey}, nil,
		},
		"the source fails": {
			[]Option{source("", broken)}, endpoint{Call: Call{API: AccountAPI, Op: "GET /a"}}, broken,
		},
		"the source is cancelled": {
			[]Option{source("", context.Canceled)}, endpoint{Call: Call{API: AccountAPI, Op: "GET /a"}}, context.Canceled,
		},
		"the source returns an empty text": {
			[]Option{source("", nil)}, endpoint{Call: Call{API: AccountAPI, Op: "GET /a"}}, nil,
		},
		"the source returns no header value": {
			[]Option{source("SECRET\r\nX: y", nil)}, endpoint{Call: Call{API: AccountAPI, Op: "GET /a"}}, nil,
		},
		"the source returns spaces": {
			[]Option{source("SECRET ", nil)}, endpoint{Call: Call{API: AccountAPI, Op: "GET /a"}}, nil,
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client, err := NewClient(append(test.opts, WithHTTPClient(&http.Client{Transport: nothingSent(t)}))...)
			require.NoError(t, err)
			_, err = do[none](t.Context(), client, test.call, nil)
			assertKinds(t, err, ErrNoCredential)
			if test.is != nil {
				require.ErrorIs(t, err, test.is)
			}
			var failed *Error
			require.ErrorAs(t, err, &failed)
			assert.Equal(t, test.call.API, failed.API)
			assert.Equal(t, test.call.Op, failed.Op)
			assert.Zero(t, failed.Attempts)
			assert.Zero(t, failed.StatusCode)
		})
	}
}

func TestRequestOfDo(t *testing.T) {
	t.Parallel()
	const agent = "partnerapi-go/" + Version
	type filter struct {
		Since Date   `url:"since,omitempty"`
		Name  string `url:"name,omitempty"`
	}
	session := NewSession()
	session.absorb(reply(200, "", "Set-Cookie", "sid=s1"), "https://services.sparkart.net")
	tests := map[string]struct {
		call   endpoint
		method string
		url    string
		header http.Header
		body   string
	}{
		"partner": {
			endpoint{Call: Call{API: PartnerAPI, Op: "GET /partners/children/{id}", Args: []string{"7"}}},
			"GET", "https://www.bark.us/api/v1/partners/children/7",
			http.Header{"Accept": {"application/json"}, "User-Agent": {agent}, "X-Token-Auth": {testPartnerToken}}, "",
		},
		"account": {
			endpoint{
				Call: Call{API: AccountAPI, Op: "PATCH /a", Query: filter{Date{2026, 1, 2}, "ü&"}, Body: map[string]int{"b": 1, "a": 2}, Session: session},
			},
			"PATCH", "https://services.sparkart.net/api/v1/a?name=%C3%BC%26&since=2026-01-02&key=" + testAccountKey,
			http.Header{
				"Accept": {"application/json"}, "User-Agent": {agent}, "Content-Type": {"application/json; charset=utf-8"},
				"Cookie": {"sid=s1"},
			}, `{"a":2,"b":1}`,
		},
		"new session": {
			endpoint{Call: Call{API: AccountAPI, Op: "GET /a", Session: NewSession(), Query: url.Values{}}},
			"GET", "https://services.sparkart.net/api/v1/a?key=" + testAccountKey,
			http.Header{"Accept": {"application/json"}, "User-Agent": {agent}}, "",
		},
		"organisation": {
			endpoint{Call: Call{API: AccountAPI, Op: "GET /a", Query: url.Values{"b": {"2", "1"}}}, extraCredential: OrganizationKey},
			"GET", "https://services.sparkart.net/api/v1/a?b=2&b=1&key=" + testAccountKey,
			http.Header{"Accept": {"application/json"}, "User-Agent": {agent}, "Api-Key": {testOrganizationKey}}, "",
		},
		"network": {
			endpoint{Call: Call{API: NetworkAPI, Op: "DELETE /a", Body: json.RawMessage(` [1, 2] `)}},
			"DELETE", "https://api.backstack.com/a",
			http.Header{
				"Accept": {"application/json"}, "User-Agent": {agent}, "Content-Type": {"application/json; charset=utf-8"},
				"Authorization": {testNetworkToken},
			}, `[1,2]`,
		},
		"no body": {
			endpoint{Call: Call{API: NetworkAPI, Op: "POST /a"}}, "POST", "https://api.backstack.com/a",
			http.Header{"Accept": {"application/json"}, "User-Agent": {agent}, "Authorization": {testNetworkToken}}, "",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client := newTestClient(t, roundTripFunc(func(req *http.Request) (*http.Response, error) {
				assert.Equal(t, test.method, req.Method)
				assert.Equal(t, test.url, req.URL.String())
				assert.Equal(t, test.header, req.Header)
				var body []byte
				if req.Body != nil {
					var err error
					body, err = io.ReadAll(req.Body)
					require.NoError(t, err)
				}
				assert.Len(t, body, int(req.ContentLength))
				if test.body != "" || len(body) > 0 {
					assert.JSONEq(t, test.body, string(body))
				}
				return reply(200, `{"status":"ok","success":true}`), nil
			}))
			_, err := do[none](t.Context(), client, test.call, nil)
			require.NoError(t, err)
		})
	}
}

func TestDoResultTypes(t *testing.T) {
	t.Parallel()
	do := func(t *testing.T, api API, body string) (*Client, Call) {
		t.Helper()
		return newTestClient(t, always(200, body)), Call{API: api, Op: "GET /partners/children"}
	}
	t.Run("list", func(t *testing.T) {
		t.Parallel()
		type child struct{ ID int64 }
		client, call := do(t, PartnerAPI, `[{"ID":1},{"ID":2}]`)
		children, err := Do[[]child](t.Context(), client, call)
		require.NoError(t, err)
		assert.Equal(t, []child{{1}, {2}}, children)
	})
	t.Run("raw", func(t *testing.T) {
		t.Parallel()
		client, call := do(t, NetworkAPI, ` {"jwt": "x"} `)
		raw, err := Do[json.RawMessage](t.Context(), client, call)
		require.NoError(t, err)
		came := `{"jwt": "x"}`
		assert.Equal(t, came, string(raw), "the space too")
	})
	t.Run("the whole of the envelope", func(t *testing.T) {
		t.Parallel()
		client, call := do(t, AccountAPI, `{"status":"ok","access":{"access_token":"a"}}`)
		got, err := Do[struct {
			Access struct {
				Token string `json:"access_token"`
			}
		}](t.Context(), client, call)
		require.NoError(t, err)
		assert.Equal(t, "a", got.Access.Token)
	})
	t.Run("anything", func(t *testing.T) {
		t.Parallel()
		client, call := do(t, NetworkAPI, `"x"`)
		got, err := Do[any](t.Context(), client, call)
		require.NoError(t, err)
		assert.Equal(t, "x", got)
	})
	t.Run("a stranger's value may be zero", func(t *testing.T) {
		t.Parallel()
		client, call := do(t, NetworkAPI, `{}`)
		got, err := Do[struct{ A int }](t.Context(), client, call)
		require.NoError(t, err)
		assert.Zero(t, got)
	})
	t.Run("another type", func(t *testing.T) {
		t.Parallel()
		client, call := do(t, NetworkAPI, `{"A":"SECRET"}`)
		got, err := Do[struct{ A int }](t.Context(), client, call)
		assertKinds(t, err, ErrBadResponse)
		assert.Zero(t, got)
	})
}

// HTML, a missing value, truncated JSON and trailing bytes are errors, for every API and with or without a result.
// testdata/TRAPS.md: "A decoder that stops after the first value accepts trailing garbage."
func TestFailureIsNeverASuccess(t *testing.T) {
	t.Parallel()
	const html = "<!DOCTYPE html>\n<html><body>Bad gateway</body></html>"
	bodies := map[string]string{
		"HTML": html, "text": "OK", "cut": `{"status":"ok","success":tr`, "trailing": `{"status":"ok","success":true}` + html,
		"two values": `{"status":"ok","success":true}{"status":"ok","success":true}`, "a comma": `{"status":"ok","success":true},`,
		"NUL": "{\"status\":\"ok\",\"success\":true}\x00",
	}
	statuses := map[int][]error{
		200: {ErrBadResponse}, 201: {ErrBadResponse}, 203: {ErrBadResponse}, 206: {ErrBadResponse},
		300: {ErrBadResponse}, 304: {ErrBadResponse}, 400: {ErrInvalid, ErrBadResponse}, 401: {ErrUnauthorized, ErrBadResponse},
		403: {ErrForbidden, ErrBadResponse}, 404: {ErrBadResponse}, 405: {ErrInvalid, ErrBadResponse},
		413: {ErrInvalid, ErrBadResponse}, 429: {ErrRateLimited}, 500: {ErrServer}, 502: {ErrServer}, 503: {ErrServer}, 504: {ErrServer},
	}
	for _, api := range []API{PartnerAPI, AccountAPI, NetworkAPI} {
		for name, body := range bodies {
			t.Run(string(api)+" "+name, func(t *testing.T) {
				t.Parallel()
				for status, kinds := range statuses {
					client := newTestClient(t, always(status, body, "Content-Type", "text/html"))
					call := Call{API: api, Op: "GET /a"}
					value, err := Do[map[string]any](t.Context(), client, call, WithoutRetry())
					assertKinds(t, err, kinds...)
					assert.Nil(t, value)
					_, err = Do[none](t.Context(), client, call, WithoutRetry())
					assertKinds(t, err, kinds...)
					var failed *Error
					require.ErrorAs(t, err, &failed)
					assert.Equal(t, status, failed.StatusCode)
					assert.Equal(t, body, string(failed.Body))
					assert.NotContains(t, err.Error(), "html")
				}
			})
		}
		for _, body := range []string{"", " \r\n", "null", " null "} {
			t.Run(string(api)+" nothing: "+body, func(t *testing.T) {
				t.Parallel()
				client := newTestClient(t, always(200, body))
				value, err := Do[map[string]any](t.Context(), client, Call{API: api, Op: "GET /a"})
				assertKinds(t, err, ErrBadResponse)
				assert.Nil(t, value)
			})
		}
	}
}

func TestRedirectIsAFailure(t *testing.T) {
	t.Parallel()
	for _, status := range []int{300, 301, 302, 303, 304, 305, 307, 308, 399} {
		for _, location := range []string{"https://elsewhere.example/?key=SECRET", "/a", "", "http://%zz", "://"} {
			client := newTestClient(t, always(status, "", "Location", location))
			_, err := Do[none](t.Context(), client, Call{API: AccountAPI, Op: "GET /a"})
			assertKinds(t, err, ErrBadResponse)
			require.ErrorContains(t, err, "bad response; redirects are not followed")
			assert.NotContains(t, err.Error(), "SECRET")
			var failed *Error
			require.ErrorAs(t, err, &failed)
			assert.Equal(t, status, failed.StatusCode)
			assert.Equal(t, 1, failed.Attempts)
		}
	}
}

func decoded[T any](call endpoint, payload string) (any, *Error) {
	into := new(T)
	failed := decode(&call, []byte(payload), &jsonwire.Value{Into: into})
	return *into, failed
}

// Null or an empty body is an error if the method returns a value, never a zero value with a nil error.
func TestDecode(t *testing.T) {
	t.Parallel()
	type record struct {
		ID   string `json:"id"`
		Tags []int  `json:"tags"`
	}
	decodeRecord, decodeList, decodeBool, decodeNone, decodeOK := decoded[*record], decoded[[]record], decoded[bool], decoded[none], decoded[confirmed]
	bad := []error{ErrBadResponse}
	keyed, optional := endpoint{key: "customer"}, endpoint{optional: true}
	tests := map[string]struct {
		decode  func(endpoint, string) (any, *Error)
		call    endpoint
		payload string
		want    any
		kinds   []error
	}{
		"record":                  {decodeRecord, endpoint{}, `{"id":"a","x":1}`, &record{ID: "a"}, nil},
		"record of an empty list": {decodeRecord, endpoint{}, `{"tags":[]}`, &record{Tags: []int{}}, nil},
		"record: {}":              {decodeRecord, endpoint{}, `{}`, nil, bad},
		"record: no known field":  {decodeRecord, endpoint{}, `{"x":1}`, nil, bad},
		"record: all null":        {decodeRecord, endpoint{}, `{"id":null,"tags":null}`, nil, bad},
		"record: {}, any value":   {decodeRecord, endpoint{anyValue: true}, `{}`, &record{}, nil},
		"record: null":            {decodeRecord, endpoint{}, `null`, nil, bad},
		"record: empty":           {decodeRecord, endpoint{}, ``, nil, bad},
		"record: spaces":          {decodeRecord, endpoint{}, " \n", nil, bad},
		"record: []":              {decodeRecord, endpoint{}, `[]`, nil, bad},
		"record: text":            {decodeRecord, endpoint{}, `"a"`, nil, bad},
		"record: trailing":        {decodeRecord, endpoint{}, `{"id":"a"}}`, nil, bad},
		"record: cut":             {decodeRecord, endpoint{}, `{"id":"a"`, nil, bad},
		"record: other type":      {decodeRecord, endpoint{}, `{"id":1}`, nil, bad},

		"list":         {decodeList, endpoint{}, `[{"id":"a"}]`, []record{{ID: "a"}}, nil},
		"empty list":   {decodeList, endpoint{}, `[]`, []record{}, nil},
		"list: null":   {decodeList, endpoint{}, `null`, nil, bad},
		"list: object": {decodeList, endpoint{}, `{}`, nil, bad},

		"member":                {decodeRecord, keyed, `{"customer":{"id":"a"}}`, &record{ID: "a"}, nil},
		"member: absent":        {decodeRecord, keyed, `{"status":"ok"}`, nil, bad},
		"member: other case":    {decodeRecord, keyed, `{"Customer":{"id":"a"}}`, nil, bad},
		"member: {}":            {decodeRecord, keyed, `{"customer":{}}`, nil, bad},
		"member: []":            {decodeRecord, keyed, `{"customer":[]}`, nil, bad},
		"member: null":          {decodeRecord, keyed, `{"customer":null}`, nil, bad},
		"member: null, known":   {decodeRecord, endpoint{key: "customer", ifNull: ErrNotFound}, `{"customer":null}`, nil, []error{ErrNotFound}},
		"member: absent, known": {decodeRecord, endpoint{key: "customer", ifNull: ErrNotFound}, `{}`, nil, bad},
		"member of a list":      {decodeRecord, keyed, `[]`, nil, bad},
		"member: empty body":    {decodeRecord, keyed, ``, nil, bad},
		"true":                  {decodeBool, endpoint{key: "logged_in"}, `{"logged_in":true}`, true, nil},
		"false":                 {decodeBool, endpoint{key: "logged_in"}, `{"logged_in":false}`, false, nil},
		"neither":               {decodeBool, endpoint{key: "logged_in"}, `{"logged_in":"no"}`, nil, bad},
		"absent bool":           {decodeBool, endpoint{key: "logged_in"}, `{}`, nil, bad},

		"not read":           {decodeNone, endpoint{}, `{"x":1}`, none{}, nil},
		"not read: empty":    {decodeNone, endpoint{}, ``, none{}, nil},
		"not read: null":     {decodeNone, endpoint{}, `null`, none{}, nil},
		"not read: list":     {decodeNone, endpoint{}, `[]`, none{}, nil},
		"not read: text":     {decodeNone, endpoint{}, `"done"`, none{}, nil},
		"not read: HTML":     {decodeNone, endpoint{}, `<html>`, nil, bad},
		"not read: cut":      {decodeNone, endpoint{}, `{"x":`, nil, bad},
		"not read: trailing": {decodeNone, endpoint{}, `{}x`, nil, bad},

		// N2: any 2xx is a success. A record in the body is decoded, but optional.
		"optional: record":     {decodeRecord, optional, `{"id":"a"}`, &record{ID: "a"}, nil},
		"optional: empty":      {decodeRecord, optional, ``, &record{}, nil},
		"optional: spaces":     {decodeRecord, optional, " \n ", &record{}, nil},
		"optional: null":       {decodeRecord, optional, `null`, &record{}, nil},
		"optional: []":         {decodeRecord, optional, `[]`, &record{}, nil},
		"optional: {}":         {decodeRecord, optional, `{}`, &record{}, nil},
		"optional: text":       {decodeRecord, optional, `"done"`, &record{}, nil},
		"optional: other type": {decodeRecord, optional, `{"id":1,"tags":[1]}`, &record{Tags: []int{1}}, nil},
		"optional: HTML":       {decodeRecord, optional, `<html>`, nil, bad},
		"optional: cut":        {decodeRecord, optional, `{"id":"a`, nil, bad},
		"optional: trailing":   {decodeRecord, optional, `{"id":"a"}{}`, nil, bad},

		"confirmed":           {decodeOK, endpoint{}, `{"success":true}`, confirmed(true), nil},
		"not confirmed":       {decodeOK, endpoint{}, `{}`, nil, bad},
		"confirmed in a list": {decodeOK, endpoint{}, `[{"success":true}]`, nil, bad},
		"confirmed with null": {decodeOK, endpoint{}, `{"success":null}`, nil, bad},
		"confirmed with text": {decodeOK, endpoint{}, `{"success":"true"}`, nil, bad},

		"a login without a cookie": {decodeRecord, endpoint{login: true, Call: Call{Session: NewSession()}}, `{"id":"a"}`, nil, bad},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, failed := test.decode(test.call, test.payload)
			if test.kinds == nil {
				require.Nil(t, failed)
				assert.Equal(t, test.want, got)
				return
			}
			require.NotNil(t, failed)
			assertKinds(t, failed, test.kinds...)
		})
	}
}

// N2: the undocumented body is decoded if there is one.
func TestOptionalBodyOfInvitationsCreate(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]*Invitation{
		"": {}, "null": {}, "[]": {}, "{}": {}, `{"id":"inv_1","email":"a@b.example"}`: {ID: "inv_1", Email: "a@b.example"},
		"<html>": nil, `{"id":"inv_1"`: nil,
	} {
		t.Run(body, func(t *testing.T) {
			t.Parallel()
			for _, status := range []int{200, 201, 202} {
				client := newTestClient(t, always(status, body))
				got, err := client.Invitations.Create(t.Context(), CreateInvitationRequest{Email: "a@b.example"})
				if want == nil {
					assertKinds(t, err, ErrBadResponse)
				} else {
					require.NoError(t, err)
				}
				assert.Equal(t, want, got)
			}
		})
	}
}

// An error has all its fields, and the result is nil.
func TestErrorOfACall(t *testing.T) {
	t.Parallel()
	const body = `{"error":{"type":"user","code":422,"message":"No.","fields":{"fee":"Too low."},"dev_message":"dev"}}`
	client := newTestClient(t, always(422, body, "X-Request-Id", "req-1", "Retry-After", "7"))
	value, err := Do[*int](t.Context(), client, Call{API: NetworkAPI, Op: "POST /a/{id}", Args: []string{"acc_1"}})
	assert.Nil(t, value)
	var failed *Error
	require.ErrorAs(t, err, &failed)
	assert.Equal(t, &Error{
		API: NetworkAPI, Op: "POST /a/{id}", StatusCode: 422, Type: "user", Code: 422, Messages: []string{"No."},
		Fields: map[string]string{"fee": "Too low."}, DevMessage: "dev", RequestID: "req-1", RetryAfter: 7 * time.Second,
		Attempts: 1, Body: []byte(body), kinds: []error{ErrInvalid},
	}, failed)
}

// testdata/TRAPS.md: "A mocked response may have `Request == nil`."
func TestTrapMockedResponse(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		transport roundTripFunc
		kinds     []error
	}{
		"no header, no body, no request": {
			func(*http.Request) (*http.Response, error) { return &http.Response{StatusCode: 404}, nil },
			[]error{ErrBadResponse},
		},
		"no status": {
			func(*http.Request) (*http.Response, error) { return &http.Response{}, nil },
			[]error{ErrOutcomeUnknown},
		},
		"neither response nor error": {
			func(*http.Request) (*http.Response, error) { return nil, nil },
			[]error{ErrOutcomeUnknown},
		},
		"both": {
			func(*http.Request) (*http.Response, error) { return reply(200, `{"success":true}`), io.EOF },
			[]error{ErrOutcomeUnknown},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := Do[none](t.Context(), newTestClient(t, test.transport), Call{API: PartnerAPI, Op: "POST /a", Body: 1})
			assertKinds(t, err, test.kinds...)
		})
	}
}

// Results do not share memory with those of later calls.
func TestResultsAreNotShared(t *testing.T) {
	t.Parallel()
	client := newTestClient(t, roundTripFunc(func(req *http.Request) (*http.Response, error) {
		status, body, _ := strings.Cut(strings.TrimPrefix(req.URL.Path, "/a/"), " ")
		code, err := strconv.Atoi(status)
		require.NoError(t, err)
		return reply(code, body), nil
	}))
	ids := []string{"1", "2", "3", "4", "5", "6", "7", "8"}
	errs, raws, texts := make([]error, len(ids)), make([]json.RawMessage, len(ids)), make([]string, len(ids))
	for i, id := range ids {
		_, errs[i] = Do[none](t.Context(), client, Call{API: NetworkAPI, Op: "GET /a/{id}", Args: []string{"404 no " + id}})
		var err error
		raws[i], err = Do[json.RawMessage](t.Context(), client, Call{API: NetworkAPI, Op: "GET /a/{id}", Args: []string{`200 {"id":` + id + `}`}})
		require.NoError(t, err)
		texts[i], err = Do[string](t.Context(), client, Call{API: NetworkAPI, Op: "GET /a/{id}", Args: []string{`200 "id ` + id + `"`}})
		require.NoError(t, err)
	}
	for i, id := range ids {
		var failed *Error
		require.ErrorAs(t, errs[i], &failed)
		assert.Equal(t, "no "+id, string(failed.Body))
		assert.Equal(t, `{"id":`+id+`}`, string(raws[i]))
		assert.Equal(t, "id "+id, texts[i])
	}
}
