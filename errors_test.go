package partnerapi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/signal"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/partnerapi/partnerapi-go/internal/errno"
)

func TestErrorText(t *testing.T) {
	t.Parallel()
	const op = "POST /partners/subscriptions"
	// So long that the line is cut before the @ of the last one.
	longName := strings.Repeat("n", 490)
	manyFields := make(map[string]string)
	for i := range 1000 {
		manyFields[fmt.Sprintf("%s%04d", strings.Repeat("f", 200), i)] = "x"
	}
	manyEmails := strings.Repeat(longName+"@b.example,", 8)
	tests := map[string]struct {
		err  Error
		want string
	}{
		"messages": {
			Error{StatusCode: 400, Attempts: 1, Messages: []string{"Partner PK has already been added"}, kinds: []error{ErrInvalid, ErrAlreadyExists}},
			"400 Bad Request: Partner PK has already been added",
		},
		"messages and ErrOutcomeUnknown": {
			Error{StatusCode: 400, Attempts: 2, Messages: []string{"a", "b"}, kinds: []error{ErrInvalid, ErrOutcomeUnknown}},
			"400 Bad Request: a; b; outcome unknown",
		},
		"kind without a message": {
			Error{StatusCode: 404, Attempts: 1, Messages: []string{"  "}, kinds: []error{ErrNotFound, ErrBadResponse}},
			"404 Not Found: not found",
		},
		"an e-mail in a message": {
			Error{StatusCode: 400, Attempts: 1, Messages: []string{"Is a.b+c@exämple.com (or 'o'brien@y') yours? No account at /a?e=a%40b.example&x=a%2540b."}},
			"400 Bad Request: Is [redacted] (or '[redacted]') yours? No account at /a?e=[redacted]&x=[redacted]",
		},
		"kind and cause": {
			Error{StatusCode: 302, Attempts: 1, kinds: []error{ErrBadResponse}, cause: reason("redirects are not followed")},
			"302 Found: bad response; redirects are not followed",
		},
		"a status without a name": {Error{StatusCode: 599, Attempts: 1, kinds: []error{ErrServer}}, "599: server error"},
		"no message and no kind":  {Error{StatusCode: 200, Attempts: 1}, "200 OK"},
		"no response": {
			Error{Attempts: 4, cause: &net.OpError{Op: "dial", Net: "tcp", Err: os.NewSyscallError("connect", errno.ConnectionRefused)}},
			"no response: dial tcp: connection refused",
		},
		"no response, no cause":     {Error{Attempts: 1}, "no response"},
		"not sent":                  {Error{kinds: []error{ErrNoCredential}, cause: reason("the client has no partner token")}, "not sent: no credential; the client has no partner token"},
		"cancelled before":          {Error{cause: context.Canceled}, "not sent: context canceled"},
		"too large is printed once": {Error{StatusCode: 200, Attempts: 1, kinds: []error{ErrResponseTooLarge}, cause: ErrResponseTooLarge}, "200 OK: response too large"},
		"too large under a 500":     {Error{StatusCode: 500, Attempts: 1, kinds: []error{ErrResponseTooLarge, ErrServer}, cause: ErrResponseTooLarge}, "500 Internal Server Error: response too large"},
		"response and deadline":     {Error{StatusCode: 503, Attempts: 1, kinds: []error{ErrServer}, cause: errors.Join(context.DeadlineExceeded)}, "503 Service Unavailable: server error; context deadline exceeded"},
		"the same message twice":    {Error{StatusCode: 400, Attempts: 1, Messages: []string{"a", "a"}}, "400 Bad Request: a"},
		"a failed renewal":          {Error{StatusCode: 401, Attempts: 1, kinds: []error{ErrUnauthorized}, cause: &Error{API: PartnerAPI, Op: op, kinds: []error{ErrNoCredential}, cause: context.Canceled}}, "401 Unauthorized: unauthorized; partner: POST /partners/subscriptions: not sent: no credential; context canceled"},
		"only the messages":         {Error{StatusCode: 400, Attempts: 1, Messages: []string{"No."}, DevMessage: "SELECT", Type: "user", Fields: map[string]string{"email": "a@b.c"}, Body: []byte("b"), RequestID: "r"}, "400 Bad Request: No.; fields: email"},
		"no values of fields":       {Error{StatusCode: 400, Attempts: 1, kinds: []error{ErrInvalid}, Fields: map[string]string{"user.name": "SECRET", "fee": "", "a@b.c": "x"}}, "400 Bad Request: invalid request; fields: [redacted], fee, user.name"},
		"fields on one line":        {Error{StatusCode: 400, Attempts: 1, Fields: map[string]string{"a\nb": ""}}, "400 Bad Request: fields: a b"},
		"no fields":                 {Error{StatusCode: 400, Attempts: 1, Messages: []string{"No."}, Fields: map[string]string{}}, "400 Bad Request: No."},
		"many fields":               {Error{StatusCode: 400, Attempts: 1, Fields: manyFields}, "400 Bad Request: fields: " + strings.Repeat("f", 200) + "0000, " + strings.Repeat("f", 200) + "0001, " + strings.Repeat("f", 80) + "…"},
		"fields, kinds and a cause": {Error{StatusCode: 500, Attempts: 1, kinds: []error{ErrServer, ErrOutcomeUnknown}, Fields: map[string]string{"a": ""}, cause: io.EOF}, "500 Internal Server Error: server error; outcome unknown; fields: a; EOF"},
		"one line":                  {Error{StatusCode: 400, Attempts: 1, Messages: []string{"a\r\nb\tc\x00d\u0085e\u2028f\u2029g"}}, "400 Bad Request: a  b c d e f g"},
		"many times the same":       {Error{StatusCode: 400, Attempts: 1, Messages: slices.Repeat([]string{"a", "b"}, 1000)}, "400 Bad Request: a; b"},
		"an e-mail that is cut":     {Error{StatusCode: 400, Attempts: 1, Messages: []string{manyEmails + "(" + longName + "@b.example)"}}, "400 Bad Request: " + strings.Repeat("[redacted],", 8) + "(…"},
		"a long word":               {Error{StatusCode: 400, Attempts: 1, Messages: []string{strings.Repeat("x", 9000)}}, "400 Bad Request: " + strings.Repeat("x", 500) + "…"},
		"cut at 500 bytes":          {Error{StatusCode: 400, Attempts: 1, Messages: []string{strings.Repeat("ä", 400)}}, "400 Bad Request: " + strings.Repeat("ä", 250) + "…"},
		"cut between characters":    {Error{StatusCode: 400, Attempts: 1, Messages: []string{"x" + strings.Repeat("ä", 400)}}, "400 Bad Request: x" + strings.Repeat("ä", 249) + "…"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := test.err
			err.API, err.Op = PartnerAPI, op
			want := "partner: " + op + ": " + test.want
			for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%d", "%x"} {
				assert.Equal(t, want, fmt.Sprintf(verb, &err), verb)
				assert.Equal(t, want, fmt.Sprintf(verb, err), "%s of the value", verb)
			}
			assert.Equal(t, strconv.Quote(want), fmt.Sprintf("%q", &err))
		})
	}
}

func TestErrorIsEachKindAndItsCause(t *testing.T) {
	t.Parallel()
	cause := &net.DNSError{Err: "no such host", Name: "api.example", IsNotFound: true}
	failed := &Error{kinds: []error{ErrServer, ErrOutcomeUnknown}, cause: errors.Join(cause, context.DeadlineExceeded)}
	wrapped := fmt.Errorf("billing: %w", errors.Join(io.EOF, failed))

	assertKinds(t, wrapped, ErrServer, ErrOutcomeUnknown)
	require.ErrorIs(t, wrapped, context.DeadlineExceeded)
	require.NotErrorIs(t, wrapped, context.Canceled)
	var dns *net.DNSError
	require.ErrorAs(t, wrapped, &dns)
	assert.Same(t, cause, dns)
	var found *Error
	require.ErrorAs(t, wrapped, &found)
	assert.Same(t, failed, found)

	failed.Unwrap()[0] = ErrNotFound
	require.ErrorIs(t, failed, ErrServer, "Unwrap returns a copy")
	failed.cause = nil
	failed.Unwrap()[0] = ErrNotFound
	require.ErrorIs(t, failed, ErrServer, "without a cause too")
	assert.Empty(t, (&Error{}).Unwrap())
}

// The kinds of an Error literal, as in a test of a user, are those of the same response of an API.
func TestErrorLiteral(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		err   Error
		kinds []error
	}{
		"status":                  {Error{StatusCode: 404}, []error{ErrNotFound}},
		"status before a message": {Error{StatusCode: 404, Messages: []string{"Please provide a valid pk"}}, []error{ErrNotFound}},
		"400":                     {Error{StatusCode: 400}, []error{ErrInvalid}},
		"400 and a message":       {Error{StatusCode: 400, Messages: []string{"Partner PK has already been added"}}, []error{ErrInvalid, ErrAlreadyExists}},
		"200 and a message":       {Error{StatusCode: 200, Messages: []string{"Please log in."}}, []error{ErrNotLoggedIn}},
		"a message":               {Error{Messages: []string{"x"}}, []error{ErrInvalid}},
		"500":                     {Error{StatusCode: 500, Messages: []string{"x"}}, []error{ErrServer}},
		"408":                     {Error{StatusCode: 408, Messages: []string{"x"}}, []error{ErrServer}},
		"404, account API":        {Error{API: AccountAPI, StatusCode: 404}, []error{ErrBadResponse}},
		"400, account API":        {Error{API: AccountAPI, StatusCode: 400, Messages: []string{"Please log in"}}, []error{ErrNotLoggedIn}},
		"404, partner API":        {Error{API: PartnerAPI, StatusCode: 404, Messages: []string{"Not Found"}}, []error{ErrNotFound}},
		"a password":              {Error{API: AccountAPI, Op: "POST /login", StatusCode: 200, Messages: []string{"Email and password combination is incorrect."}}, []error{ErrUnauthorized, ErrWrongPassword}},
		"a password, no login":    {Error{API: AccountAPI, Op: "GET /account", StatusCode: 200, Messages: []string{"Email and password combination is incorrect."}}, []error{ErrUnauthorized}},
		"a password, network API": {Error{API: NetworkAPI, Op: "POST /app/login", StatusCode: 400, Messages: []string{"The username or password is incorrect."}}, []error{ErrInvalid, ErrUnauthorized, ErrWrongPassword}},
		"a password, no API":      {Error{Op: "POST /login", StatusCode: 200, Messages: []string{"Email and password combination is incorrect."}}, []error{ErrUnauthorized}},
		"a route":                 {Error{Messages: []string{"Not Found"}}, []error{ErrBadResponse}},
		"the zero value":          {Error{}, nil},
		"a success":               {Error{StatusCode: 200}, nil},
		"with kinds":              {Error{StatusCode: 404, kinds: []error{ErrBadResponse}}, []error{ErrBadResponse}},
		"with a cause":            {Error{StatusCode: 404, cause: io.EOF}, nil},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			assertKinds(t, &test.err, test.kinds...)
		})
	}
}

// The order of the kinds, with the status of each, is that of the design.
func TestHTTPStatusOfKinds(t *testing.T) {
	t.Parallel()
	ranks := []struct {
		kind   error
		status int
	}{
		{ErrOutcomeUnknown, 503},
		{context.DeadlineExceeded, 504},
		{ErrWrongPassword, 401},
		{ErrNotLoggedIn, 401},
		{ErrNoCredential, 502},
		{ErrUnauthorized, 502},
		{ErrRateLimited, 503},
		{ErrServer, 503},
		{ErrBadResponse, 502},
		{ErrResponseTooLarge, 502},
		{ErrForbidden, 403},
		{ErrNotFound, 404},
		{ErrAlreadyExists, 409},
		{ErrInvalid, 422},
		{io.EOF, 500},
	}
	for i, first := range ranks {
		for _, second := range ranks[i:] {
			want := first.status
			if first.status == http.StatusUnauthorized && second.kind == ErrNoCredential { //nolint:errorlint // both are kinds
				want = 502 // the password or the login of the credential source
			}
			for form, err := range map[string]error{
				"kinds":   &Error{kinds: []error{second.kind, first.kind}},
				"cause":   &Error{kinds: []error{second.kind}, cause: hide(first.kind)},
				"joined":  errors.Join(&Error{kinds: []error{second.kind}}, first.kind),
				"wrapped": fmt.Errorf("a: %w", fmt.Errorf("b: %w and %w", second.kind, first.kind)),
			} {
				assert.Equal(t, want, HTTPStatus(err), "%v and %v: %s", first.kind, second.kind, form)
			}
		}
	}
}

func TestHTTPStatus(t *testing.T) {
	t.Parallel()
	refused := &ArgumentError{Op: "GET /a/{id}", Name: "id", Reason: "empty"}
	cancelled := &Error{kinds: []error{ErrServer, ErrOutcomeUnknown}, cause: context.Canceled, cancelled: true}
	foreigners := &Error{kinds: []error{ErrNoCredential}, cause: hide(context.Canceled)}
	tests := map[string]struct {
		err  error
		want int
	}{
		"nil":                                   {nil, 200},
		"taken, after an unknown outcome":       {&Error{kinds: []error{ErrInvalid, ErrAlreadyExists, ErrOutcomeUnknown}}, 503},
		"gone, after an unknown outcome":        {&Error{kinds: []error{ErrNotFound, ErrOutcomeUnknown}}, 503},
		"a page under 401":                      {&Error{kinds: []error{ErrUnauthorized, ErrBadResponse}}, 502},
		"a page under 403":                      {&Error{kinds: []error{ErrForbidden, ErrBadResponse}}, 502},
		"a page under 400":                      {&Error{kinds: []error{ErrInvalid, ErrBadResponse}}, 502},
		"a wrong password":                      {&Error{kinds: []error{ErrInvalid, ErrUnauthorized, ErrWrongPassword}}, 401},
		"a rejected refresh token":              {&Error{cause: errors.Join(ErrNotLoggedIn, &Error{kinds: []error{ErrUnauthorized}})}, 401},
		"a source with a wrong password":        {&Error{kinds: []error{ErrNoCredential}, cause: hide(&Error{kinds: []error{ErrUnauthorized, ErrWrongPassword}})}, 502},
		"no connection":                         {&Error{Attempts: 1, cause: &net.OpError{Op: "dial", Err: errno.ConnectionRefused}}, 500},
		"a timeout of net":                      {&Error{Attempts: 1, cause: &net.OpError{Op: "read", Err: context.DeadlineExceeded}}, 504},
		"a deadline before a retry":             {&Error{kinds: []error{ErrServer}, cause: context.DeadlineExceeded}, 504},
		"made by hand":                          {&Error{API: PartnerAPI, StatusCode: 404}, 404},
		"foreign":                               {errors.New("x"), 500},
		"foreign, joined":                       {errors.Join(errors.New("x"), ErrNotFound), 404},
		"a redirect":                            {RedirectTo("/login"), 500},
		"an argument":                           {refused, 422},
		"an argument, wrapped":                  {fmt.Errorf("x: %w", refused), 422},
		"an argument, joined":                   {errors.Join(ErrNotFound, refused), 422},
		"an argument of a source":               {&Error{kinds: []error{ErrNoCredential}, cause: hide(refused)}, 502},
		"an argument, after an unknown outcome": {errors.Join(refused, ErrOutcomeUnknown), 503},
		"an argument and a wrong password":      {errors.Join(refused, ErrWrongPassword), 422},
		"cancelled":                             {cancelled, 499},
		"cancelled, wrapped":                    {fmt.Errorf("x: %w", fmt.Errorf("y: %w", cancelled)), 499},
		"cancelled, joined":                     {errors.Join(&Error{kinds: []error{ErrNotFound}}, cancelled), 499},
		"cancelled, and a deadline":             {errors.Join(cancelled, context.DeadlineExceeded), 499},
		"cancelled, and an argument":            {errors.Join(refused, cancelled), 499},
		"context.Canceled":                      {context.Canceled, 499},
		"context.Canceled, beside a failure":    {errors.Join(&Error{kinds: []error{ErrNotFound}}, context.Canceled), 499},
		"context.Canceled, hidden":              {hide(fmt.Errorf("x: %w", context.Canceled)), 499},
		"another context":                       {foreigners, 502},
		"another context, wrapped":              {fmt.Errorf("x: %w", foreigners), 502},
		"another context, no kind":              {&Error{cause: hide(context.Canceled)}, 500},
		"another call's context, in a cause":    {&Error{kinds: []error{ErrNoCredential}, cause: hide(&Error{cause: context.Canceled, cancelled: true})}, 502},
		"another context's deadline":            {&Error{kinds: []error{ErrNoCredential}, cause: hide(context.DeadlineExceeded)}, 504},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			assert.Equal(t, test.want, HTTPStatus(test.err))
		})
	}
}

// testdata/TRAPS.md: "`*url.Error` prints the whole URL, query included." It is not in the chain of any error.
func TestTrapURLErrorIsNeverWrapped(t *testing.T) {
	t.Parallel()
	inner := &net.OpError{Op: "dial", Net: "tcp", Err: errno.ConnectionRefused}
	leak := &url.Error{Op: "Get", URL: "https://a.example/?key=SECRET", Err: inner}
	tests := map[string]error{
		"alone":   leak,
		"wrapped": fmt.Errorf("GET https://a.example/?key=SECRET: %w", leak),
		"joined":  errors.Join(context.Canceled, fmt.Errorf("x: %w", leak)),
		"twice":   &url.Error{Op: "Get", URL: "https://b.example/?key=SECRET", Err: leak},
	}
	for name, cause := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, err := range []error{&Error{Attempts: 1, cause: cause}, hide(cause)} {
				var found *url.Error
				require.NotErrorAs(t, err, &found)
				var op *net.OpError
				require.ErrorAs(t, err, &op)
				assert.Same(t, inner, op)
				assert.Contains(t, err.Error(), "dial tcp: connection refused")
				assert.NotContains(t, err.Error(), "SECRET")
			}
		})
	}
	require.ErrorIs(t, hide(errors.Join(context.Canceled, leak)), context.Canceled)
}

// foreign is an error of another package: its text contains the URL.
type foreign struct{ URL string }

func (f foreign) Error() string { return "no responder found for GET " + f.URL }

type foreignText string

func (f foreignText) Error() string { return string(f) }

func TestErrorInJSONHasNoBodyAndNoCause(t *testing.T) {
	t.Parallel()
	data, err := json.Marshal(&Error{
		API: NetworkAPI, Op: "POST /account/networks/{child_account_id}", StatusCode: 400, Type: "user", Code: 400,
		Messages: []string{"No."}, Fields: map[string]string{"fee": "Too low."}, DevMessage: "dev", RequestID: "req-1",
		RetryAfter: time.Second, Attempts: 2, Body: []byte("SECRET"), kinds: []error{ErrInvalid}, cause: errors.New("SECRET"),
	})
	require.NoError(t, err)
	assert.JSONEq(t, `{"api":"network","op":"POST /account/networks/{child_account_id}","status_code":400,"type":"user",
		"code":400,"messages":["No."],"fields":{"fee":"Too low."},"dev_message":"dev","request_id":"req-1",
		"retry_after":1000000000,"attempts":2}`, string(data))
}

func TestStatusKind(t *testing.T) {
	t.Parallel()
	for status, want := range map[int]error{
		0: nil, 100: nil, 200: nil, 204: nil, 302: nil, 399: nil, 400: ErrInvalid, 401: ErrUnauthorized, 402: ErrInvalid,
		403: ErrForbidden, 404: ErrNotFound, 408: ErrServer, 409: ErrInvalid, 422: ErrInvalid, 428: ErrInvalid, 429: ErrRateLimited,
		430: ErrInvalid, 499: ErrInvalid, 500: ErrServer, 503: ErrServer, 600: ErrServer,
	} {
		assert.Equal(t, want, statusKind(status), status)
	}
}

func TestKindsOfMessages(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		messages []string
		want     []error
	}{
		"none":             {nil, []error{ErrInvalid}},
		"unknown":          {[]string{"Nope"}, []error{ErrInvalid}},
		"each once":        {[]string{"a", "Email has already been taken", "b", "Username has already been taken"}, []error{ErrInvalid, ErrAlreadyExists}},
		"two kinds":        {[]string{"Please log in.", "Not Found"}, []error{ErrNotLoggedIn, ErrBadResponse}},
		"spaces around":    {[]string{" Please use a valid API Key.\n"}, []error{ErrUnauthorized}},
		"whole":            {[]string{"Please use a valid API Key. Or not."}, []error{ErrInvalid}},
		"the fixed part":   {[]string{"The name has already been taken"}, []error{ErrInvalid, ErrAlreadyExists}},
		"at the right end": {[]string{"has already been taken by you"}, []error{ErrInvalid}},
		"case matters":     {[]string{"please log in"}, []error{ErrInvalid}},
		"no path inside":   {[]string{"Page Not Found"}, []error{ErrInvalid}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			assert.Equal(t, test.want, kindsOf(test.messages))
		})
	}
}

// An empty message is not a known one, although some known messages are matched by their end only.
func TestEmptyMessage(t *testing.T) {
	t.Parallel()
	for _, message := range []string{"", " ", "has already been"} {
		assertKinds(t, &Error{StatusCode: 400, Messages: []string{message}}, ErrInvalid)
	}
	assertKinds(t, &Error{StatusCode: 400, Messages: []string{"has already been taken"}}, ErrInvalid, ErrAlreadyExists)
}

func TestUnwrapOfSeveralCauses(t *testing.T) {
	t.Parallel()
	a, b := errors.New("a"), errors.New("b")
	failed := &Error{kinds: []error{ErrServer}, cause: hide(errors.Join(hide(errors.Join(a, blame("x", b))), context.Canceled))}
	all := failed.Unwrap()
	require.Len(t, all, 4)
	assert.Equal(t, ErrServer, all[0])
	assert.Same(t, a, errors.Unwrap(all[1]))
	assert.Same(t, b, errors.Unwrap(all[2]))
	assert.Equal(t, context.Canceled, errors.Unwrap(all[3]))
	both := errors.Join(a, b)
	assert.Same(t, both, errors.Unwrap((&Error{cause: blame("x", both)}).Unwrap()[0]), "a joined error of the caller is not split")
}

// severalErrors is an error of a transport that wraps known errors.
type severalErrors struct{ parts []error }

func (e *severalErrors) Error() string   { return "several" }
func (e *severalErrors) Unwrap() []error { return e.parts }

func TestErrorThatWrapsSeveral(t *testing.T) {
	t.Parallel()
	theirs := &severalErrors{[]error{context.DeadlineExceeded, net.ErrClosed}}
	client := newTestClient(t, roundTripFunc(func(*http.Request) (*http.Response, error) { return nil, theirs }))
	_, err := client.Networks.Get(t.Context(), "acc_1", WithoutRetry())
	var found *severalErrors
	require.ErrorAs(t, err, &found)
	assert.Same(t, theirs, found)
	require.ErrorIs(t, err, net.ErrClosed)
	require.ErrorIs(t, err, context.DeadlineExceeded)
}

// The cause of a context is joined to its error. A signal is printed.
func TestCauseOfAContext(t *testing.T) {
	t.Parallel()
	require.NoError(t, whyDone(t.Context()))
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	assert.Equal(t, context.Canceled, whyDone(ended))
	mine := errors.New("SECRET")
	caused, because := context.WithCancelCause(t.Context())
	because(mine)
	assert.NotContains(t, hide(whyDone(caused)).Error(), "SECRET")
	require.ErrorIs(t, whyDone(caused), context.Canceled)
	require.ErrorIs(t, whyDone(caused), mine)
	late, cancel := context.WithDeadlineCause(t.Context(), time.Now(), io.EOF)
	defer cancel()
	require.ErrorIs(t, whyDone(late), context.DeadlineExceeded)
	require.ErrorIs(t, whyDone(late), io.EOF)
	if runtime.GOOS == "windows" { // a process cannot interrupt itself
		return
	}
	interrupted, stop := signal.NotifyContext(t.Context(), os.Interrupt)
	defer stop()
	process, err := os.FindProcess(os.Getpid())
	require.NoError(t, err)
	require.NoError(t, process.Signal(os.Interrupt))
	<-interrupted.Done()
	require.ErrorContains(t, hide(whyDone(interrupted)), "interrupt signal received")
}

// Kinds are determined before credentials are redacted, so a credential can be part of a known message.
func TestKindsBeforeRedaction(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		opts  []Option
		call  Call
		body  string
		kinds []error
	}{
		"partner": {
			[]Option{WithPartnerToken("Partner")}, Call{API: PartnerAPI, Op: "POST /a"},
			`{"success":false,"error":"Partner PK has already been added"}`, []error{ErrInvalid, ErrAlreadyExists},
		},
		"error_type": {
			[]Option{WithPartnerToken("token")}, Call{API: PartnerAPI, Op: "POST /a"},
			`{"success":false,"error":"x","error_type":"invalid_token"}`, []error{ErrUnauthorized},
		},
		"a bad key": {
			[]Option{WithAccountKey("API")}, Call{API: AccountAPI, Op: "POST /a"},
			`{"status":"error","messages":["Please use a valid API Key."]}`, []error{ErrUnauthorized},
		},
		"logged out": {
			[]Option{WithAccountKey("log")}, Call{API: AccountAPI, Op: "POST /a"},
			`{"status":"error","messages":["Please log in."]}`, []error{ErrNotLoggedIn},
		},
		"an error": {
			[]Option{WithAccountKey("error")}, Call{API: AccountAPI, Op: "POST /a"},
			`{"status":"error","messages":["Name has already been taken"]}`, []error{ErrInvalid, ErrAlreadyExists},
		},
		"network": {
			[]Option{WithNetworkToken("user")}, Call{API: NetworkAPI, Op: "POST /a"},
			`{"error":{"type":"user","code":404,"message":"No user."}}`, []error{ErrNotFound},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := Do[none](t.Context(), newTestClient(t, always(200, test.body), test.opts...), test.call)
			assertKinds(t, err, test.kinds...)
		})
	}
	for _, token := range []string{"token", "decode", "refresh"} {
		for _, status := range []int{200, 400, 401} {
			client := newTestClient(t, always(status, `{"status":"error","messages":[" Unable to decode refresh token "]}`))
			_, err := client.Accounts.Get(t.Context(), sessionOf(t, Tokens{RefreshToken: token}))
			assertKinds(t, err, ErrNotLoggedIn, ErrUnauthorized)
			assert.ErrorContains(t, err, strings.ReplaceAll("Unable to decode refresh token", token, "[redacted]"))
		}
	}
}
