package partnerapi

import (
	"bufio"
	"bytes"
	"encoding/json"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func FuzzOpenPartner(f *testing.F) { fuzzOpen(f, PartnerAPI) }
func FuzzOpenAccount(f *testing.F) { fuzzOpen(f, AccountAPI) }
func FuzzOpenNetwork(f *testing.F) { fuzzOpen(f, NetworkAPI) }

// fuzzOpen opens any body: what comes out is a payload or a failure that can be told in a line.
func fuzzOpen(f *testing.F, name API) {
	f.Helper()
	fixtures, err := filepath.Glob(filepath.Join("testdata", "*.json"))
	require.NoError(f, err)
	for _, path := range fixtures {
		body := fixture(f, strings.TrimSuffix(filepath.Base(path), ".json"))
		for _, status := range []int{200, 400, 401, 404} {
			f.Add(status, []byte(body))
		}
	}
	for _, body := range []string{
		"", "null", "[]", "<html>", `{"success":false,"error":"a\nb\u2028c\u0085d"}`, `{"status":"error","messages":["\r\n"]}`,
		`{"status":"error","message":["x"]}`, `{"status":1}`, `{"error":"Not Found: x"}`, `{"error":null}`, `{"error":[]}`, `{"error":{}}`,
		`{"error":{"type":"user","code":429,"message":"m","fields":{"username":"This value is required."},"dev_message":"d"}}`,
		`{"error":{"code":400,"fields":[]}}`, `{"error":{"code":"400"}}`, `{"SUCCESS":false}`, `{"success":false,"success":true}`,
	} {
		for _, status := range []int{0, 101, 200, 204, 302, 400, 429, 500, 999} {
			f.Add(status, []byte(body))
		}
	}
	f.Fuzz(func(t *testing.T, status int, body []byte) {
		before := bytes.Clone(body)
		payload, failed := apis[name].open(status, body)
		assert.Equal(t, before, body, "open changes nothing")
		if failed == nil {
			assert.True(t, status >= 200 && status <= 299, "status %d is no success", status)
			assert.Equal(t, body, payload)
			return
		}
		assert.Nil(t, payload)
		require.NotEmpty(t, failed.kinds)
		for _, kind := range failed.kinds {
			require.ErrorIs(t, failed, kind)
		}
		failed.API, failed.Op, failed.StatusCode, failed.Body = name, "GET /x", status, body
		text := failed.Error()
		assert.NotEmpty(t, text)
		assert.Equal(t, -1, strings.IndexFunc(text, unicode.IsControl), "%q is not one line", text)
		assert.Less(t, len(text), 1000)
		assert.True(t, utf8.ValidString(text))
	})
}

// FuzzPathArgument sends any argument in a path: it is refused, or the server reads the same from one segment.
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
		r, err := encode(t.Context(), client, endpoint{Call: call}, nil)
		if err != nil {
			var refused *ArgumentError
			require.ErrorAs(t, err, &refused)
			assert.Equal(t, "pk", refused.Name)
			assert.True(t, pk == "" || pk == "." || pk == ".." || !utf8.ValidString(pk), "%q was refused", pk)
			return
		}
		var wire bytes.Buffer
		require.NoError(t, r.build(t.Context()).Write(&wire))
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
		if pk != "/" { // which ServeMux takes for the end of a path, even as %2F
			_, pattern := mux.Handler(arrived)
			assert.Equal(t, "PUT /api/v1/partners/subscriptions/{pk}", pattern)
		}
	})
}

var teapotTransport = roundTripFunc(func(*http.Request) (*http.Response, error) { return teapot.response(), nil })

// FuzzDate reads any text and makes any date: what is read is written as it was, and what is no day is not written.
func FuzzDate(f *testing.F) {
	for _, text := range []string{"1987-09-03", "2024-02-29", "2023-02-29", "0000-01-01", "9999-12-31", "0000-00-00", "", "1987-9-3", "10000-01-01"} {
		f.Add(text, 1987, 9, 3)
	}
	f.Add("", 0, 0, 0)
	f.Add("", -1, 13, 32)
	f.Fuzz(func(t *testing.T, text string, year, month, day int) {
		if read, err := ParseDate(text); err == nil {
			assert.Equal(t, text, read.String())
			assertDate(t, read)
		} else {
			assert.Equal(t, Date{}, read)
		}
		d := Date{year, time.Month(month), day}
		if d.Valid() {
			assertDate(t, d)
			assert.Equal(t, d, DateOf(d.In(time.UTC)))
			return
		}
		_, err := json.Marshal(d)
		assert.Equal(t, d.IsZero(), err == nil)
	})
}

// assertDate asserts that a valid date is the same after it was written and read.
func assertDate(t *testing.T, d Date) {
	t.Helper()
	assert.True(t, d.Valid())
	text, err := d.MarshalText()
	require.NoError(t, err)
	assert.Len(t, text, 10)
	var again Date
	require.NoError(t, again.UnmarshalText(text))
	assert.Equal(t, d, again)
	text, err = json.Marshal(d)
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(text, &again))
	assert.Equal(t, d, again)
	assert.Zero(t, d.Compare(again))
}

// FuzzUnixTime reads any JSON: what is read is in UTC and the same after it was written and read.
func FuzzUnixTime(f *testing.F) {
	for _, text := range []string{
		"0", "1234567890", "12345678980", "1234567890.123456789", "-0.5", "-1.5", "1e9", "1.5e-9", "253402300799", "-62135596799", "null",
		"1e400", `"1"`, "-62135596798.5", "0.0000000001", "-0.0000000001", "0.9999999999",
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var read UnixTime
		if err := json.Unmarshal(data, &read); err != nil {
			assert.Equal(t, UnixTime{}, read)
			return
		}
		assert.Equal(t, time.UTC, read.Location())
		assert.True(t, read.Year() >= 1 && read.Year() <= 9999, "%v", read)
		text, err := json.Marshal(read)
		require.NoError(t, err)
		var again UnixTime
		require.NoError(t, json.Unmarshal(text, &again), "%s", text)
		assert.True(t, read == again, "%v is %v", read, again) //nolint:testifylint // it is == that is tested
		twice, err := json.Marshal(again)
		require.NoError(t, err)
		assert.Equal(t, string(text), string(twice))
	})
}

// FuzzImportSession imports anything: it is refused, or sends the cookies or the token that it says, and exports the same.
func FuzzImportSession(f *testing.F) {
	for _, data := range []string{
		``, `null`, `{}`, `{"version":1,"origin":"","cookies":[]}`, `{"version":2}`,
		`{"version":1,"origin":"https://services.sparkart.net","cookies":[{"name":"sid","value":"1"}]}`,
		`{"version":1,"origin":"https://services.sparkart.net","cookies":[{"name":"sid","value":"a b","quoted":true,"expires":"9999-12-31T23:59:59Z"}]}`,
		`{"version":2,"origin":"","tokens":{"access_token":"a b","access_token_expiration":1.5,"refresh_token":"r"}}`,
		`{"version":2,"origin":"https://services.sparkart.net","tokens":{"access_token":"a\r\nb"}}`,
		`{"version":1,"origin":"https://services.sparkart.net","cookies":[{"name":"a;b","value":"\r\n"}]}`,
		`{"version":3,"origin":"https://services.sparkart.net","cookies":[{"name":"c2lk","value":"ImEsYiI="},{"name":"//4=","value":"","expires":"9999-12-31T23:59:59Z"}]}`,
		`{"version":3,"origin":"https://services.sparkart.net","cookies":[{"name":"YT1i","value":"DQo="}]}`,
		`{"version":3,"origin":"","tokens":{"access_token":"a"}}`,
		`{"version":1,"origin":"https://services.sparkart.net","cookies":[{"name":"sid","value":"a,b"},{"name":"old","value":"1","expires":"2001-01-01T00:00:00+23:59"}]}`,
	} {
		f.Add([]byte(data))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		session, err := ImportSession(data)
		if err != nil {
			var refused *ArgumentError
			require.ErrorAs(t, err, &refused)
			assert.Nil(t, session)
			return
		}
		exported, err := session.Export()
		require.NoError(t, err)
		again, err := ImportSession(exported)
		require.NoError(t, err)
		twice, err := again.Export()
		require.NoError(t, err)
		assert.Equal(t, string(exported), string(twice))

		var said exportedSession
		require.NoError(t, json.Unmarshal(exported, &said))
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://services.sparkart.net/", nil)
		require.NoError(t, err)
		session.state.get().origin = "https://services.sparkart.net"
		session.apply(req)
		var wire bytes.Buffer
		require.NoError(t, req.Write(&wire))
		arrived, err := http.ReadRequest(bufio.NewReader(&wire))
		require.NoError(t, err)
		if said.Tokens != nil {
			assert.Equal(t, strings.TrimSpace("Bearer "+said.Tokens.AccessToken), arrived.Header.Get("Authorization"))
		}
		var kept []exportedCookie
		if said.Cookies != nil {
			require.NoError(t, json.Unmarshal(said.Cookies, &kept))
		}
		pairs := make([]string, 0, len(kept))
		for _, c := range kept {
			pairs = append(pairs, string(c.Name)+"="+string(c.Value))
		}
		assert.Equal(t, strings.Join(pairs, "; "), arrived.Header.Get("Cookie"))
	})
}

// FuzzInvitationToken looks for a token anywhere: it finds one or says so, without the link.
func FuzzInvitationToken(f *testing.F) {
	for _, link := range []string{
		"", "https://yourapp.example/networks?token=tok_1", "https://yourapp.example/networks#token=tok_1", "#?token=a", "#/x?token=a&b=c",
		"?token=%", "?a;b&token=x", "https://[::1", "?token=&token=b#token=c", "?token=%00", "#%3Ftoken=a", "#token=a?b",
	} {
		f.Add(link)
	}
	f.Fuzz(func(t *testing.T, link string) {
		token, err := InvitationToken(link)
		assert.Equal(t, token == "", err != nil)
		if err != nil {
			var refused *ArgumentError
			require.ErrorAs(t, err, &refused)
			assert.Contains(t, []string{"not a URL", "no token in the query or the fragment"}, refused.Reason)
			return
		}
		for _, whole := range []string{"?token=", "#token=", "#?token=", "#/networks?token="} {
			again, err := InvitationToken("https://yourapp.example/" + whole + url.QueryEscape(token))
			require.NoError(t, err)
			assert.Equal(t, token, again)
		}
	})
}
