package partnerapi

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// "The API's words are never lost": in whatever form they come, they are in Messages and Fields.
func TestWords(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		body     string
		messages []string
		fields   map[string]string
	}{
		"a text":                   {`{"error":"Email is blank"}`, []string{"Email is blank"}, nil},
		"a list":                   {`{"error":["Email is blank","Plan is blank"]}`, []string{"Email is blank", "Plan is blank"}, nil},
		"a list in a list":         {`{"errors":[["a"],["b",["c"]]]}`, []string{"a", "b", "c"}, nil},
		"field and text":           {`{"error":{"email":"is blank"}}`, []string{"is blank"}, map[string]string{"email": "is blank"}},
		"field and texts":          {`{"errors":{"email":["is blank","is odd"]}}`, []string{"is blank", "is odd"}, map[string]string{"email": "is blank; is odd"}},
		"a field in a field":       {`{"errors":{"address":{"street":"is blank"}}}`, []string{"is blank"}, map[string]string{"address.street": "is blank"}},
		"an object in a list":      {`{"errors":[{"email":"is blank"},"b"]}`, []string{"is blank", "b"}, map[string]string{"email": "is blank"}},
		"one that names its field": {`{"errors":[{"field":"email","message":"is blank","code":"blank"}]}`, []string{"is blank"}, map[string]string{"email": "is blank"}},
		"one with a message":       {`{"messages":[{"message":"a","code":1},{"error":"b"}]}`, []string{"a", "b"}, nil},
		"a message and fields":     {`{"error":{"message":"Please correct.","fields":{"email":["a","b"]}}}`, []string{"Please correct."}, map[string]string{"email": "a; b"}},
		"a message beside fields":  {`{"message":{"message":"Please correct.","email":"is blank"}}`, []string{"Please correct."}, map[string]string{"email": "is blank"}},
		"fields that are a list":   {`{"error":{"message":"a","fields":["b",{"email":"c"}]}}`, []string{"a", "b"}, map[string]string{"email": "c"}},
		"no fields":                {`{"error":{"message":"a","fields":[]}}`, []string{"a"}, nil},
		"every member":             {`{"error":"d","errors":["c"],"message":"b","messages":["a"]}`, []string{"a", "b", "c", "d"}, nil},
		"members in another case":  {`{"Error":"a","MESSAGE":"b"}`, []string{"b", "a"}, nil},
		"an escaped text":          {`{"error":"a \"b\" ü"}`, []string{`a "b" ü`}, nil},
		"what is no text":          {`{"error":[1,true,null,{"a":1}],"message":404}`, nil, nil},
		"empty texts":              {`{"error":["",""],"message":""}`, nil, nil},
		"other members":            {`{"status":"error","code":"E1","detail":"x"}`, nil, nil},
		"a route":                  {`{"errors":{"base":" Not Found: /account?key=SECRET"}}`, []string{"Not Found"}, map[string]string{"base": "Not Found"}},
		"no object":                {`["a"]`, nil, nil},
		"no JSON":                  {`{"error":"a"`, nil, nil},
		"as deep as is read":       {`{"error":` + strings.Repeat("[", 9) + `"a"` + strings.Repeat("]", 9) + `}`, []string{"a"}, nil},
		"deeper":                   {`{"error":` + strings.Repeat("[", 10) + `"a"` + strings.Repeat("]", 10) + `}`, nil, nil},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			failed := wordsOf([]byte(test.body)).of(new(Error))
			assert.Equal(t, test.messages, failed.Messages)
			assert.Equal(t, test.fields, failed.Fields)
		})
	}
}

// All three APIs are understood alike.
func TestWordsOfEveryAPI(t *testing.T) {
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
			_, failed := apis[test.api].open(test.status, []byte(test.body))
			require.NotNil(t, failed)
			assertKinds(t, failed, test.kinds...)
			assert.Equal(t, test.messages, failed.Messages)
			assert.Equal(t, test.fields, failed.Fields)
		})
	}
}

// An empty error is no failure, and neither is a list of records named messages.
func TestWordsOfSuccess(t *testing.T) {
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
			payload, failed := apis[name].open(200, []byte(body))
			assert.Nil(t, failed, "%s %s", name, body)
			assert.Equal(t, body, string(payload), name)
		}
	}
}

// An empty success of a call that reads no value is one at every API. Where a value is promised it is not.
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
func TestRouteThatIsNotThere(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]roundTripFunc{
		"its path":       always(404, `{"error":"Not Found: /account/search?email=a"}`),
		"on a 200":       always(200, `{"error":"Not Found: /account/search?email=a"}`),
		"in an envelope": always(404, `{"status":"error","messages":["No such customer."]}`),
		"a message":      always(200, `{"status":"error","message":"Not Found"}`),
		"one of several": always(200, `{"status":"error","messages":["Not Found","x"]}`),
		"a page":         always(404, `<h1>Not Found</h1>`),
		"nothing":        always(404, ``),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client := newTestClient(t, answer)
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

// Routers name the path in a 404, which holds arguments of the call: it is redacted.
func TestPathIsTakenOutOfWhatAnAPISays(t *testing.T) {
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
			require.EqualError(t, err, "partner: PUT /a/{pk}/b: 404 Not Found: "+test.want+"; not in the API's form")
		})
	}
}

// The kinds come from all 40,000 messages, of which 1,000 are kept.
func TestManyWords(t *testing.T) {
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

	client = newTestClient(t, always(400, `{"success":false,"error":[`+list(1000, "m1000")+`]}`))
	require.ErrorAs(t, client.Subscriptions.Cancel(t.Context(), "pk"), &failed)
	require.Len(t, failed.Messages, 1001)
	assert.Equal(t, "and 1 more", failed.Messages[1000])
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

	failed = wordsOf([]byte(`{"errors":{"a":[` + list(1999, "b") + `]}}`)).of(new(Error))
	assert.True(t, strings.HasSuffix(failed.Fields["a"], "; m999; and 1000 more"))
}

// Each body is the worst case of work that could be quadratic, and would then take minutes.
func TestWordsOfAHostileServer(t *testing.T) {
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
