package partnerapi

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// openTest is a response, and the payload or failure in its envelope.
type openTest struct {
	status int
	body   string // of the response; the payload if it is a success
	kinds  []error
	says   []string
	typ    string
}

func runOpen(t *testing.T, name API, tests map[string]openTest) {
	t.Helper()
	for title, test := range tests {
		t.Run(title, func(t *testing.T) {
			t.Parallel()
			payload, failed := apis[name].open(test.status, []byte(test.body), nil)
			if test.kinds == nil {
				require.Nil(t, failed)
				assert.Equal(t, test.body, string(payload))
				return
			}
			require.NotNil(t, failed)
			assert.Nil(t, payload)
			assertKinds(t, failed, test.kinds...)
			assert.Equal(t, test.says, failed.Messages)
			assert.Equal(t, test.typ, failed.Type)
		})
	}
}

func TestAPIs(t *testing.T) {
	t.Parallel()
	client, err := NewClient()
	require.NoError(t, err)
	bases := make(map[API]string)
	for name, to := range client.config().apis {
		bases[name] = to.base.String()
	}
	assert.Equal(t, map[API]string{
		PartnerAPI: "https://www.bark.us/api/v1",
		AccountAPI: "https://services.sparkart.net/api/v1",
		NetworkAPI: "https://api.backstack.com",
	}, bases)
}

func TestCredentialsOnARequest(t *testing.T) {
	t.Parallel()
	tests := map[Credential]struct{ url, header, query string }{
		PartnerToken:    {url: "https://a.example/p", header: "X-Token-Auth"},
		OrganizationKey: {url: "https://a.example/p", header: "Api-Key"},
		NetworkToken:    {url: "https://a.example/p", header: "Authorization"},
		AccountKey:      {url: "https://a.example/p?email=a%2Bb%40c.example", query: "email=a%2Bb%40c.example&key=s%26+%C3%BC%3D"},
	}
	require.Len(t, credentials, len(tests))
	for which, test := range tests {
		t.Run(string(which), func(t *testing.T) {
			t.Parallel()
			req := httptest.NewRequestWithContext(t.Context(), http.MethodGet, test.url, nil)
			credentials[which].put(req, "s& ü=")
			assert.Equal(t, test.query, req.URL.RawQuery)
			if test.header != "" {
				assert.Equal(t, http.Header{test.header: {"s& ü="}}, req.Header)
			} else {
				assert.Empty(t, req.Header)
			}
		})
	}
	req := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "https://a.example/p", nil)
	credentials[AccountKey].put(req, "k")
	assert.Equal(t, "key=k", req.URL.RawQuery)
}

func TestOpenPartner(t *testing.T) {
	t.Parallel()
	ok := fixture(t, "put-partners-subscriptions-pk.ok")
	badToken := fixture(t, "post-partners-subscriptions.invalid-token")
	badPK := fixture(t, "put-partners-subscriptions-pk.invalid-pk")
	duplicate := fixture(t, "post-partners-subscriptions.duplicate")
	legacyDuplicate := fixture(t, "post-partners-subscriptions.duplicate-legacy")
	blank := fixture(t, "post-partners-subscriptions.email-blank")

	const token, params = "invalid_token", "invalid_params"
	sayToken, sayPK := []string{"Please provide a valid token"}, []string{"Please provide a valid pk"}
	sayDuplicate, sayLegacy := []string{"Partner PK has already been added"}, []string{"Partner pk has already been invited"}
	runOpen(t, PartnerAPI, map[string]openTest{
		"200":                     {status: 200, body: ok},
		"201":                     {status: 201, body: ok},
		"200 of another endpoint": {status: 200, body: `[{"id":1}]`},

		"401 invalid_token":              {401, badToken, []error{ErrUnauthorized}, sayToken, token},
		"401 alone":                      {401, `{"success":false}`, []error{ErrUnauthorized}, nil, ""},
		"invalid_token with 400":         {400, badToken, []error{ErrUnauthorized}, sayToken, token},
		"invalid_token with 200":         {200, badToken, []error{ErrUnauthorized}, sayToken, token},
		"400 invalid_params":             {400, blank, []error{ErrInvalid}, []string{"Email is blank"}, params},
		"400 bad pk":                     {400, badPK, []error{ErrInvalid}, sayPK, params},
		"400 alone":                      {400, `{"success":false}`, []error{ErrInvalid}, nil, ""},
		"invalid_params with 200":        {200, blank, []error{ErrInvalid}, []string{"Email is blank"}, params},
		"400 duplicate":                  {400, duplicate, []error{ErrInvalid, ErrAlreadyExists}, sayDuplicate, params},
		"400 duplicate, legacy":          {400, legacyDuplicate, []error{ErrInvalid, ErrAlreadyExists}, sayLegacy, params},
		"duplicate with 200":             {200, duplicate, []error{ErrInvalid, ErrAlreadyExists}, sayDuplicate, params},
		"duplicate with 409":             {409, duplicate, []error{ErrInvalid, ErrAlreadyExists}, sayDuplicate, params},
		"404":                            {404, badPK, []error{ErrNotFound}, sayPK, params},
		"404 alone":                      {404, `{"success":false}`, []error{ErrNotFound}, nil, ""},
		"403":                            {403, badPK, []error{ErrForbidden}, sayPK, params},
		"429":                            {429, badPK, []error{ErrRateLimited}, sayPK, params},
		"500":                            {500, duplicate, []error{ErrServer}, sayDuplicate, params},
		"a message that is not a string": {400, `{"success":false,"error":{"a":1},"error_type":"invalid_token"}`, []error{ErrUnauthorized}, nil, token},
		"302 with a failure":             {302, blank, []error{ErrInvalid}, []string{"Email is blank"}, params},
		"400 with success":               {400, ok, []error{ErrInvalid, ErrBadResponse}, nil, ""},
		"500 with success":               {500, ok, []error{ErrServer}, nil, ""},
		"302 with success":               {302, ok, []error{ErrBadResponse}, nil, ""},
		"400 with trailing bytes":        {400, blank + "x", []error{ErrInvalid, ErrBadResponse}, nil, ""},
		"200, success is a string":       {200, `{"success":"true"}`, []error{ErrBadResponse}, nil, ""},
		"200, success is a number":       {200, `{"success":2}`, []error{ErrBadResponse}, nil, ""},
		"400, success is a string":       {400, `{"success":"false"}`, []error{ErrInvalid, ErrBadResponse}, nil, ""},
	})
}

// The status of the account API is always 200.
func TestOpenAccount(t *testing.T) {
	t.Parallel()
	said := func(message string) []string { return []string{message} }
	failure := func(name string, kind error, message string) openTest {
		return openTest{200, fixture(t, name), []error{kind}, said(message), ""}
	}
	runOpen(t, AccountAPI, map[string]openTest{
		"ok":               {status: 200, body: fixture(t, "get-logout.ok")},
		"no customer":      {status: 200, body: fixture(t, "get-account.no-customer")},
		"without status":   {status: 200, body: fixture(t, "account.status-bare")},
		"{}":               {status: 200, body: fixture(t, "account.empty")},
		"error null":       {status: 200, body: `{"error":null,"logged_in":true}`},
		"error false":      {status: 200, body: `{"error":false,"logged_in":true}`},
		"error empty":      {status: 200, body: `{"error":"","logged_in":true}`},
		"ok with messages": {status: 200, body: `{"status":"ok","messages":["Please log in"],"message":"x"}`},
		"a list":           {200, `[]`, []error{ErrBadResponse}, nil, ""},

		"bad key":            failure("get-account-search.invalid-api-key", ErrUnauthorized, "Please use a valid API Key."),
		"bad password":       failure("post-login.wrong-password", ErrUnauthorized, "Email and password combination is incorrect."),
		"rejected refresh":   failure("account.refresh-refused", ErrUnauthorized, "Unable to decode refresh token"),
		"blocked":            failure("post-login.blocked", ErrForbidden, "Unable to login. Please contact support@sparkart.com for assistance."),
		"unregistered":       failure("post-login.unregistered", ErrForbidden, "Your email address has an unregistered account associated with it. Please contact support for assistance."),
		"unconfirmed":        failure("post-login.unconfirmed", ErrForbidden, "Your email address has not been confirmed. Please click on the link from your confirmation email or contact support for assistance."),
		"no access":          failure("post-login.facebook-access", ErrForbidden, "Sorry, your Facebook account does not have access to this website."),
		"not logged in":      failure("get-account-benefits.logged-out", ErrNotLoggedIn, "Please log in to access your online benefits."),
		"not found":          failure("account.message-string", ErrBadResponse, "Not Found"),
		"missing parameter":  failure("post-accounts.missing-customer", ErrInvalid, "Customer parameter is required."),
		"facebook signature": failure("post-login.facebook-signature", ErrInvalid, "Invalid request: Format. Please try logging into Facebook again."),
		"taken, in an update": {
			200, fixture(t, "post-account.invalid"),
			[]error{ErrInvalid, ErrAlreadyExists}, []string{"Email has already been taken", "Current password is incorrect"}, "",
		},
		"taken, in a registration": {
			200, fixture(t, "post-accounts.invalid"), []error{ErrInvalid, ErrAlreadyExists},
			[]string{"Birthdate can't be blank", "Email has already been taken", "Password can't be blank"}, "",
		},
		"404 error string": {404, `{"error":"Not Found: /api/v1/nowhere"}`, []error{ErrBadResponse}, said("Not Found"), ""},
		"200 error string": {200, `{"error":"Not Found: /api/v1/nowhere"}`, []error{ErrBadResponse}, said("Not Found"), ""},
		"200 error object": {200, `{"error":{"message":"boom"}}`, []error{ErrInvalid}, said("boom"), ""},
		"200 error true":   {200, `{"error":true,"customer":null}`, []error{ErrInvalid}, nil, ""},
		"every form of a message": {
			200, `{"status":"error","messages":["a",""," b"],"message":"c","error":"d"}`, []error{ErrInvalid}, []string{"a", " b", "c", "d"}, "",
		},
		"no message at all":             {200, `{"status":"error"}`, []error{ErrInvalid}, nil, ""},
		"messages of an unknown form":   {200, `{"status":"error","messages":{"a":1}}`, []error{ErrInvalid}, nil, ""},
		"an unknown status":             {200, `{"status":"pending"}`, []error{ErrBadResponse}, nil, ""},
		"a status that is not a string": {200, `{"status":{}}`, []error{ErrBadResponse}, nil, ""},
		"the status overrides messages": {403, `{"status":"error","messages":["Please log in"]}`, []error{ErrForbidden}, said("Please log in"), ""},
		"401":                           {401, `{"status":"error","messages":["x"]}`, []error{ErrUnauthorized}, said("x"), ""},
		"400":                           {400, `{"status":"error","messages":["x has already been taken"]}`, []error{ErrInvalid, ErrAlreadyExists}, said("x has already been taken"), ""},
		"429":                           {429, `{"status":"error"}`, []error{ErrRateLimited}, nil, ""},
		"500":                           {500, `{"status":"error","messages":["Not Found"]}`, []error{ErrServer}, said("Not Found"), ""},
		"302":                           {302, `{"status":"error","messages":["x"]}`, []error{ErrInvalid}, said("x"), ""},
		"500 with ok":                   {500, `{"status":"ok"}`, []error{ErrServer}, nil, ""},
		"404 with ok":                   {404, `{"status":"ok"}`, []error{ErrBadResponse}, nil, ""},
		"302 with ok":                   {302, `{"status":"ok"}`, []error{ErrBadResponse}, nil, ""},
		"trailing bytes":                {200, `{"status":"ok"} {"status":"ok"}`, []error{ErrBadResponse}, nil, ""},
		"trailing bytes of an error":    {200, `{"status":"error","messages":["x"]}<!-- -->`, []error{ErrBadResponse}, nil, ""},
		"an empty body":                 {status: 200},
		"null":                          {200, `null`, []error{ErrBadResponse}, nil, ""},
		"cut":                           {200, `{"status":"ok","customer":{"id":1`, []error{ErrBadResponse}, nil, ""},
	})
}

func TestOpenNetwork(t *testing.T) {
	t.Parallel()
	envelope := func(code int) string {
		return `{"error":{"request_method":"POST","type":"user","code":` + strconv.Itoa(code) + `,"message":"No.","fields":[],"dev_message":""}}`
	}
	no := []string{"No."}
	runOpen(t, NetworkAPI, map[string]openTest{
		"a record":            {status: 200, body: fixture(t, "get-account-networks-child_account_id.ok")},
		"a collection":        {status: 200, body: fixture(t, "get-account-network-domains.ok")},
		"an empty body":       {status: 204, body: ``},
		"200 with error null": {status: 200, body: `{"error":null}`},

		"400":                        {400, envelope(400), []error{ErrInvalid}, no, "user"},
		"401":                        {401, envelope(401), []error{ErrUnauthorized}, no, "user"},
		"403":                        {403, envelope(403), []error{ErrForbidden}, no, "user"},
		"404":                        {404, envelope(404), []error{ErrNotFound}, no, "user"},
		"429":                        {429, envelope(429), []error{ErrRateLimited}, no, "user"},
		"500":                        {500, envelope(500), []error{ErrServer}, no, "user"},
		"503 with another code":      {503, envelope(404), []error{ErrServer}, no, "user"},
		"200 with a code":            {200, envelope(404), []error{ErrNotFound}, no, "user"},
		"200 without a code":         {200, `{"error":{"message":"No."}}`, []error{ErrInvalid}, no, ""},
		"200 with an empty error":    {200, `{"error":{}}`, []error{ErrInvalid}, nil, ""},
		"302 with a code":            {302, envelope(401), []error{ErrUnauthorized}, no, "user"},
		"200 with an error string":   {200, `{"error":"No."}`, []error{ErrBadResponse}, no, ""},
		"404 with an error string":   {404, `{"error":"No."}`, []error{ErrBadResponse}, no, ""},
		"a code that is a string":    {404, `{"error":{"type":"user","code":"404","message":"No."}}`, []error{ErrNotFound}, no, "user"},
		"404 with an empty body":     {404, ``, []error{ErrBadResponse}, nil, ""},
		"404 with a list":            {404, `[]`, []error{ErrBadResponse}, nil, ""},
		"404 with error null":        {404, `{"error":null}`, []error{ErrBadResponse}, nil, ""},
		"500 with a record":          {500, `{"account_id":"acc_1"}`, []error{ErrServer}, nil, ""},
		"301 with a record":          {301, `{"account_id":"acc_1"}`, []error{ErrBadResponse}, nil, ""},
		"404 with an error and more": {404, envelope(404) + "x", []error{ErrBadResponse}, nil, ""},
	})
}

func TestNetworkErrorDetails(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		fields string
		want   map[string]string
	}{
		"an object":        {`{"username":"This value is required."}`, map[string]string{"username": "This value is required."}},
		"[] for no fields": {`[]`, nil},
		"null":             {`null`, nil},
		"an empty object":  {`{}`, map[string]string{}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, failed := openNetwork(400, []byte(`{"error":{"request_method":"POST","type":"user","code":400,`+
				`"message":"Please correct the fields.","fields":`+test.fields+`,"dev_message":"validation in Accounts::login"}}`), nil)
			require.NotNil(t, failed)
			assert.Equal(t, test.want, failed.Fields)
			assert.Equal(t, 400, failed.Code)
			assert.Equal(t, "user", failed.Type)
			assert.Equal(t, []string{"Please correct the fields."}, failed.Messages)
			assert.Equal(t, "validation in Accounts::login", failed.DevMessage)
		})
	}
	_, failed := openNetwork(400, []byte(`{"error":{"code":400,"message":"No."}}`), nil)
	require.NotNil(t, failed)
	assert.Nil(t, failed.Fields)
}

// A failure in the envelope is an error under every status. The status determines the kind, if it can.
func TestFailedEnvelopeAcrossStatuses(t *testing.T) {
	t.Parallel()
	bodies := map[API]string{
		PartnerAPI: `{"success":false,"error":"No.","error_type":"invalid_params"}`,
		AccountAPI: `{"status":"error","messages":["No."]}`,
		NetworkAPI: `{"error":{"type":"user","code":400,"message":"No.","fields":[]}}`,
	}
	kinds := map[int]error{
		100: ErrInvalid, 200: ErrInvalid, 201: ErrInvalid, 204: ErrInvalid, 299: ErrInvalid, 301: ErrInvalid, 304: ErrInvalid,
		400: ErrInvalid, 401: ErrUnauthorized, 402: ErrInvalid, 403: ErrForbidden, 404: ErrNotFound, 405: ErrInvalid, 408: ErrServer,
		409: ErrInvalid, 410: ErrInvalid, 415: ErrInvalid, 418: ErrInvalid, 422: ErrInvalid, 429: ErrRateLimited,
		500: ErrServer, 501: ErrServer, 502: ErrServer, 503: ErrServer, 504: ErrServer, 599: ErrServer, 999: ErrServer,
	}
	for name, body := range bodies {
		for status, kind := range kinds {
			if name == AccountAPI && status == http.StatusNotFound {
				kind = ErrBadResponse
			}
			t.Run(string(name)+" "+strconv.Itoa(status), func(t *testing.T) {
				t.Parallel()
				payload, failed := apis[name].open(status, []byte(body), nil)
				require.NotNil(t, failed)
				assert.Nil(t, payload)
				assertKinds(t, failed, kind)
				assert.Equal(t, []string{"No."}, failed.Messages)
			})
		}
	}
}

func FuzzOpenPartner(f *testing.F) { fuzzOpen(f, PartnerAPI) }

func FuzzOpenAccount(f *testing.F) { fuzzOpen(f, AccountAPI) }

func FuzzOpenNetwork(f *testing.F) { fuzzOpen(f, NetworkAPI) }

// fuzzOpen opens any body: the result is a payload, or a failure with a text of one line.
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
		payload, failed := apis[name].open(status, body, nil)
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

// Alternative forms of messages are accepted from all three APIs.
func TestMessagesOfEveryAPI(t *testing.T) {
	t.Parallel()
	both, isBlank := []string{"Email is blank", "Plan is blank"}, []string{"is blank"}
	ofEmail := map[string]string{"email": "is blank"}
	tests := map[string]struct {
		api      API
		status   int
		body     string
		kinds    []error
		messages []string
		fields   map[string]string
	}{
		"partner, a list":    {PartnerAPI, 400, `{"success":false,"error":["Email is blank","Plan is blank"],"error_type":"invalid_params"}`, []error{ErrInvalid}, both, nil},
		"partner, fields":    {PartnerAPI, 400, `{"success":false,"error":{"email":["is blank"]}}`, []error{ErrInvalid}, isBlank, ofEmail},
		"partner, an object": {PartnerAPI, 400, `{"success":false,"errors":[{"field":"email","message":"is blank"}]}`, []error{ErrInvalid}, isBlank, ofEmail},
		"partner, duplicate": {PartnerAPI, 400, `{"success":false,"error":["Partner PK has already been added"]}`, []error{ErrInvalid, ErrAlreadyExists}, []string{"Partner PK has already been added"}, nil},
		"partner, 0":         {PartnerAPI, 200, `{"success":0,"message":"Email is blank"}`, []error{ErrInvalid}, both[:1], nil},
		"partner, only error": {
			PartnerAPI, 400, `{"error":["Email is blank","Plan is blank"]}`, []error{ErrInvalid, ErrBadResponse}, both, nil,
		},
		"partner, only message": {PartnerAPI, 404, `{"message":"Email is blank"}`, []error{ErrBadResponse}, both[:1], nil},
		"partner, odd success":  {PartnerAPI, 200, `{"success":"no","error":"Email is blank"}`, []error{ErrBadResponse}, both[:1], nil},

		"account, a list":          {AccountAPI, 200, `{"status":"error","error":["Email is blank","Plan is blank"]}`, []error{ErrInvalid}, both, nil},
		"account, fields":          {AccountAPI, 200, `{"status":"error","messages":{"email":["has already been taken"]}}`, []error{ErrInvalid, ErrAlreadyExists}, []string{"has already been taken"}, map[string]string{"email": "has already been taken"}},
		"account, an object":       {AccountAPI, 200, `{"status":"error","messages":[{"message":"Please log in"}]}`, []error{ErrNotLoggedIn}, []string{"Please log in"}, nil},
		"account, Error":           {AccountAPI, 200, `{"status":"Error","messages":["Please log in"]}`, []error{ErrNotLoggedIn}, []string{"Please log in"}, nil},
		"account, ERROR":           {AccountAPI, 200, `{"status":"ERROR","message":["Email is blank"]}`, []error{ErrInvalid}, both[:1], nil},
		"account, only errors":     {AccountAPI, 422, `{"errors":{"email":["is blank"]}}`, []error{ErrInvalid}, isBlank, ofEmail},
		"account, 200 with errors": {AccountAPI, 200, `{"errors":["Email is blank"]}`, []error{ErrInvalid}, both[:1], nil},
		"account, 0":               {AccountAPI, 200, `{"success":0,"message":"Email is blank"}`, []error{ErrInvalid}, both[:1], nil},
		"account, odd success":     {AccountAPI, 200, `{"success":"no","message":"Email is blank"}`, []error{ErrBadResponse}, both[:1], nil},
		"account, odd status":      {AccountAPI, 200, `{"status":"failed","message":"Email is blank"}`, []error{ErrBadResponse}, both[:1], nil},
		"account, of Rails":        {AccountAPI, 404, `{"status":404,"error":"Not Found"}`, []error{ErrBadResponse}, []string{"Not Found"}, nil},
		"account, 500":             {AccountAPI, 500, `{"error":"Email is blank"}`, []error{ErrServer}, both[:1], nil},

		"network, a list":          {NetworkAPI, 400, `{"error":{"message":["Email is blank","Plan is blank"],"fields":[]}}`, []error{ErrInvalid}, both, nil},
		"network, fields":          {NetworkAPI, 400, `{"error":{"message":"Email is blank","fields":{"email":["is blank"]}}}`, []error{ErrInvalid}, both[:1], ofEmail},
		"network, an object":       {NetworkAPI, 400, `{"error":{"message":"Email is blank","fields":[{"field":"email","message":"is blank"}]}}`, []error{ErrInvalid}, both[:1], ofEmail},
		"account, texts of fields": {AccountAPI, 200, `{"messages":{"email":"Email is blank"}}`, []error{ErrInvalid}, both[:1], map[string]string{"email": "Email is blank"}},
		"network, only error":      {NetworkAPI, 400, `{"error":["Email is blank","Plan is blank"]}`, []error{ErrInvalid, ErrBadResponse}, both, nil},
		"network, only errors":     {NetworkAPI, 404, `{"errors":["Email is blank"]}`, []error{ErrBadResponse}, both[:1], nil},
		"network, Error":           {NetworkAPI, 200, `{"status":"Error","message":"Email is blank"}`, []error{ErrBadResponse}, both[:1], nil},
		"network, 0":               {NetworkAPI, 200, `{"success":0,"message":"Email is blank"}`, []error{ErrBadResponse}, both[:1], nil},
		"network, odd success":     {NetworkAPI, 200, `{"success":"yes","message":"Email is blank"}`, []error{ErrBadResponse}, both[:1], nil},
		"network, 408":             {NetworkAPI, 408, `{"message":"Email is blank"}`, []error{ErrServer}, both[:1], nil},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, failed := apis[test.api].open(test.status, []byte(test.body), nil)
			require.NotNil(t, failed)
			assertKinds(t, failed, test.kinds...)
			assert.Equal(t, test.messages, failed.Messages)
			assert.Equal(t, test.fields, failed.Fields)
		})
	}
}

// An empty error, or a list of records named messages, is not a failure.
func TestMessagesOfASuccess(t *testing.T) {
	t.Parallel()
	for name, bodies := range map[API][]string{
		PartnerAPI: {`{"success":1}`, `{"success":true,"error":"x"}`},
		AccountAPI: {
			`{"status":"OK"}`, `{"success":1}`, `{"errors":[]}`, `{"errors":{}}`, `{"error":[]}`, `{"error":{}}`, `{"errors":[[],{}]}`, `{"message":" "}`, `{"errors":null}`, `{"error":0}`, `{"status":"ok","errors":["x"]}`,
			`{"messages":[{"id":1,"subject":"Hi"}]}`, `{"message":{"subject":"Hi"}}`, `{"messages":[]}`,
		},
		NetworkAPI: {`{"success":1}`, `{"success":true,"message":"x"}`, `{"errors":["x"]}`},
	} {
		for _, body := range bodies {
			payload, failed := apis[name].open(200, []byte(body), nil)
			assert.Nil(t, failed, "%s %s", name, body)
			assert.Equal(t, body, string(payload), name)
		}
	}
}

// An empty body is a success of a call without a result, and an error of one with a result.
func TestEmptySuccess(t *testing.T) {
	t.Parallel()
	for _, name := range []API{PartnerAPI, AccountAPI, NetworkAPI} {
		for _, status := range []int{200, 201, 204, 205} {
			for _, body := range []string{"", " \n"} {
				client := newTestClient(t, always(status, body))
				_, err := Do[none](t.Context(), client, Call{API: name, Op: "DELETE /a"})
				require.NoError(t, err, "%s %d", name, status)
				_, err = Do[[]int](t.Context(), client, Call{API: name, Op: "DELETE /a"})
				assertKinds(t, err, ErrBadResponse)
			}
		}
		for _, status := range []int{302, 400, 500} {
			_, err := Do[none](t.Context(), newTestClient(t, always(status, "")), Call{API: name, Op: "POST /a"})
			require.Error(t, err, "%s %d", name, status)
		}
	}
	client := newTestClient(t, always(204, ""))
	require.NoError(t, client.Accounts.Logout(t.Context(), NewSession()))
	_, err := client.Accounts.Get(t.Context(), NewSession())
	assertKinds(t, err, ErrBadResponse)
	_, err = client.Accounts.Search(t.Context(), "a@b.example")
	assertKinds(t, err, ErrBadResponse)
}

// A missing route is never ErrNotFound.
func TestUnknownRoute(t *testing.T) {
	t.Parallel()
	for name, response := range map[string]roundTripFunc{
		"its path":       always(404, `{"error":"Not Found: /account/search?email=a"}`),
		"on a 200":       always(200, `{"error":"Not Found: /account/search?email=a"}`),
		"in an envelope": always(404, `{"status":"error","messages":["No such customer."]}`),
		"a message":      always(200, `{"status":"error","message":"Not Found"}`),
		"one of several": always(200, `{"status":"error","messages":["Not Found","x"]}`),
		"a page":         always(404, `<h1>Not Found</h1>`),
		"an empty body":  always(404, ``),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client := newTestClient(t, response)
			_, err := client.Accounts.Search(t.Context(), "a@b.example")
			require.ErrorIs(t, err, ErrBadResponse)
			require.NotErrorIs(t, err, ErrNotFound)
			_, err = client.Accounts.Get(t.Context(), NewSession())
			require.ErrorIs(t, err, ErrBadResponse)
			require.NotErrorIs(t, err, ErrNotFound)
			_, err = Do[none](t.Context(), client, Call{API: AccountAPI, Op: "GET /a/{id}", Args: []string{"x"}})
			require.ErrorIs(t, err, ErrBadResponse)
			require.NotErrorIs(t, err, ErrNotFound)
		})
	}
	_, err := newTestClient(t, always(200, `{"status":"ok","customer":null}`)).Accounts.Search(t.Context(), "a@b.example")
	assertKinds(t, err, ErrNotFound)
	assertKinds(t, newTestClient(t, always(404, `{"error":"Not Found"}`)).Subscriptions.Cancel(t.Context(), "pk"), ErrBadResponse)
	assertKinds(t, newTestClient(t, always(404, `{"success":false,"error":"Not Found"}`)).Subscriptions.Cancel(t.Context(), "pk"), ErrNotFound)
	assertKinds(t, newTestClient(t, always(200, `{"success":false,"error":"Not Found"}`)).Subscriptions.Cancel(t.Context(), "pk"), ErrBadResponse)
}

// Routers write the path of a 404, which contains arguments of the call, into the message.
func TestPathInMessageIsRedacted(t *testing.T) {
	t.Parallel()
	tests := map[string]struct{ arg, says, want string }{
		"as it is":       {"MS1", "Cannot PUT /api/v1/a/MS1/b", "Cannot PUT /api/v1[redacted]"},
		"without a base": {"MS1", "Cannot PUT /a/MS1/b?x=1", "Cannot PUT [redacted]?x=1"},
		"escaped":        {"Ann Doe", "Cannot PUT /a/Ann%20Doe/b", "Cannot PUT [redacted]"},
		"unescaped":      {"Ann Doe", "Cannot PUT /a/Ann Doe/b", "Cannot PUT [redacted]"},
		"the value":      {"MS1", "MS1 is not active", "MS1 is not active"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client := newTestClient(t, always(404, `{"message":"`+test.says+`"}`))
			_, err := Do[none](t.Context(), client, Call{API: PartnerAPI, Op: "PUT /a/{pk}/b", Args: []string{test.arg}})
			require.ErrorContains(t, err, ": "+test.want+";")
		})
	}
}

// Only the first 1,000 messages determine the kinds.
func TestManyMessages(t *testing.T) {
	t.Parallel()
	list := func(n int, last string) string {
		var b strings.Builder
		for i := range n {
			_, _ = fmt.Fprintf(&b, `"m%d",`, i)
		}
		return b.String() + `"` + last + `"`
	}
	client := newTestClient(t, always(400, `{"status":"error","messages":["Please log in.",`+list(39_998, "m39998")+`]}`))
	_, err := client.Accounts.Search(t.Context(), "a@b.example")
	assertKinds(t, err, ErrNotLoggedIn, ErrInvalid)
	var failed *Error
	require.ErrorAs(t, err, &failed)
	require.Len(t, failed.Messages, 1001)
	assert.Equal(t, "m998", failed.Messages[999])
	assert.Equal(t, "and 39000 more", failed.Messages[1000])
	assert.Len(t, err.Error(), len("account: GET /account/search: 400 Bad Request: ")+500+len("…"))

	client = newTestClient(t, always(400, `{"success":false,"error":[`+list(999, "m999")+`]}`))
	require.ErrorAs(t, client.Subscriptions.Cancel(t.Context(), "pk"), &failed)
	require.Len(t, failed.Messages, 1000)
	assert.Equal(t, "m999", failed.Messages[999])

	var fields strings.Builder
	for i := range 40_000 {
		_, _ = fmt.Fprintf(&fields, `"f%05d":"x",`, i)
	}
	client = newTestClient(t, always(400, `{"error":{"message":"No.","fields":{`+fields.String()+`"g":["a",`+list(1999, "b")+`]}}}`))
	_, err = client.Networks.Get(t.Context(), "acc_1")
	require.ErrorAs(t, err, &failed)
	require.Len(t, failed.Fields, 1000)
	assert.Contains(t, failed.Fields, "f00999")
	assert.NotContains(t, failed.Fields, "f01000")
	assert.Equal(t, []string{"No.", "and 41001 about more fields"}, failed.Messages)
}

// Each body is the worst case of an algorithm that would take minutes if it were quadratic.
func TestMessagesOfAHostileServer(t *testing.T) {
	t.Parallel()
	const size = 4 << 20
	fill := func(text string) string { return strings.Repeat(text, size/len(text)) }
	bodies := map[string]string{
		"short messages":  `{"status":"error","messages":[` + fill(`"m",`) + `"m"]}`,
		"one message":     `{"status":"error","messages":["` + fill("a") + `"]}`,
		"blank messages":  `{"status":"error","messages":[` + fill(`" ",`) + `"m"]}`,
		"one of spaces":   `{"status":"error","messages":["` + fill(" ") + `"]}`,
		"e-mails":         `{"status":"error","messages":["` + fill("a@b ") + `"]}`,
		"no e-mails":      `{"status":"error","messages":["` + fill("@") + `"]}`,
		"half e-mails":    `{"status":"error","messages":["` + fill("%25%25") + `"]}`,
		"a credential":    `{"status":"error","messages":["` + fill(testAccountKey) + `"]}`,
		"half a cookie":   `{"status":"error","messages":["` + fill(strings.Repeat("c", 3000)) + `"]}`,
		"objects":         `{"status":"error","messages":[` + fill(`{"message":"m"},`) + `"m"]}`,
		"fields":          `{"status":"error","messages":[` + fill(`{"a":"m"},`) + `"m"]}`,
		"nested":          `{"status":"error","messages":` + strings.Repeat("[", 9000) + fill(`"m",`) + `"m"` + strings.Repeat("]", 9000) + `}`,
		"nested objects":  `{"status":"error","messages":` + strings.Repeat(`{"error":`, 5000) + `[` + fill(`"m",`) + `"m"]` + strings.Repeat("}", 5000) + `}`,
		"members":         `{"status":"error",` + fill(`"error":"m",`) + `"message":"m"}`,
		"long names":      `{"status":"error","errors":{"` + fill("n")[:size/2] + `":{` + fill(`"a":"m",`)[:size/2/8*8] + `"b":"m"}}}`,
		"about one long":  `{"status":"error","errors":{"` + fill("n")[:size/2] + `":[` + fill(`"m",`)[:size/2] + `"m"]}}`,
		"a long field":    `{"status":"error","errors":[{"field":"` + fill("n")[:size/2] + `","message":[` + fill(`"m",`)[:size/2] + `"m"]}]}`,
		"long in long":    `{"status":"error","errors":{"` + fill("n")[:size/2] + `":{"` + fill("n")[:size/2] + `":{"a":"m"}}}}`,
		"control letters": `{"status":"error","messages":["` + fill("\u0085") + `"]}`,
	}
	for name, body := range bodies {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			session := NewSession()
			session.absorb(reply(200, "", "Set-Cookie", "sid="+strings.Repeat("c", 3000)+"d"), "https://services.sparkart.net")
			header := strings.Repeat(testAccountKey, 1<<15)
			_, err := newTestClient(t, always(http.StatusOK, body, "X-Request-Id", header)).Accounts.Benefits(t.Context(), session)
			var failed *Error
			require.ErrorAs(t, err, &failed)
			assert.LessOrEqual(t, len(failed.Messages), 1001)
			assert.Less(t, len(err.Error()), 600)
			assert.NotContains(t, failed.RequestID, testAccountKey)
			for range 100 {
				_ = err.Error()
			}
		})
	}
}
