package acceptance

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/partnerapi/partnerapi-go"
	"github.com/partnerapi/partnerapi-go/partnertest"
)

// The text of an error names the type of a foreign cause, and errors.Unwrap returns the cause with its own text.
func TestForeignErrorIsShownByUnwrap(t *testing.T) {
	t.Parallel()
	mine := errors.New("no tenant")
	const shows = "error of type *errors.errorString (see errors.Unwrap)"
	fails := partnerapi.TokenSourceFunc(func(context.Context) (string, error) { return "", mine })
	refuses := limiterFunc(func(context.Context) error { return mine })
	breaks := roundTripFunc(func(*http.Request) (*http.Response, error) { return nil, mine })
	search := func(ctx context.Context, c *partnerapi.Client) error {
		_, err := c.Accounts.Search(ctx, "a@b.example")
		return err
	}
	caused, because := context.WithCancelCause(t.Context())
	tests := map[string]struct {
		client *partnerapi.Client
		call   func(context.Context, *partnerapi.Client) error
	}{
		"a credential source": {
			newTestClient(t, ok, partnerapi.WithCredentialSource(partnerapi.AccountKey, fails)), search,
		},
		"another source": {
			newTestClient(t, ok, partnerapi.WithCredentialSource(partnerapi.OrganizationKey, fails)), search,
		},
		"a limiter":   {newTestClient(t, ok, partnerapi.WithRateLimiter(partnerapi.AccountAPI, refuses)), search},
		"a transport": {newTestClient(t, breaks, soon), search},
		"a body": {
			newTestClient(t, roundTripFunc(func(*http.Request) (*http.Response, error) {
				return &http.Response{StatusCode: 200, Body: io.NopCloser(iotest.ErrReader(mine))}, nil
			}), soon), search,
		},
		"a dialler": {
			newTestClient(t, &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) {
				return nil, &net.OpError{Op: "dial", Net: "tcp", Err: mine}
			}}, soon), search,
		},
		"a store": {newTestClient(t, &issuer{}), func(ctx context.Context, c *partnerapi.Client) error {
			session := tokenSession(t, oldTokens())
			session.OnRefresh(func(context.Context, partnerapi.Tokens) error { return mine })
			_, err := c.Accounts.Get(ctx, session)
			return err
		}},
		"a cause": {newTestClient(t, roundTripFunc(func(req *http.Request) (*http.Response, error) {
			because(mine)
			<-req.Context().Done()
			return nil, context.Cause(req.Context())
		})), func(_ context.Context, c *partnerapi.Client) error { return search(caused, c) }},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := test.call(t.Context(), test.client)
			require.ErrorContains(t, err, shows)
			require.ErrorIs(t, err, mine)
			assert.Contains(t, shownBy(t, err), "no tenant")
		})
	}

	var failed partnerapi.Attempt
	client := newTestClient(t, breaks, soon, partnerapi.WithAttemptHook(func(_ context.Context, a partnerapi.Attempt) { failed = a }))
	require.Error(t, search(t.Context(), client))
	require.ErrorContains(t, failed.Err, shows)
	assert.Same(t, mine, errors.Unwrap(failed.Err))
}

// shownBy returns the texts of all causes, as a caller logs them.
func shownBy(t *testing.T, err error) string {
	t.Helper()
	var failed *partnerapi.Error
	require.ErrorAs(t, err, &failed)
	var texts []string
	for _, cause := range failed.Unwrap() {
		if shown := errors.Unwrap(cause); shown != nil {
			texts = append(texts, shown.Error())
		}
	}
	return strings.Join(texts, "\n")
}

// Only the documented message of the account API, and the message of package partnertest in the network API, blame the
// customer. A bad credential of the service does not.
func TestWrongPassword(t *testing.T) {
	t.Parallel()
	const (
		wrong    = "Email and password combination is incorrect."
		wrongApp = "The username or password is incorrect."
	)
	customers := func(ctx context.Context, c *partnerapi.Client) error {
		_, _, err := c.Accounts.Login(ctx, fan)
		return err
	}
	users := func(ctx context.Context, c *partnerapi.Client) error {
		_, err := c.AppSessions.Login(ctx, partnerapi.AppLoginRequest{Username: "u", Password: "p"})
		return err
	}
	calls := func(api partnerapi.API, op string) func(context.Context, *partnerapi.Client) error {
		return func(ctx context.Context, c *partnerapi.Client) error {
			_, err := partnerapi.Do[any](ctx, c, partnerapi.Call{API: api, Op: op})
			return err
		}
	}
	tests := map[string]struct {
		call   func(context.Context, *partnerapi.Client) error
		status int
		body   string
		want   []error
	}{
		"account":              {customers, 200, `{"status":"error","messages":["` + wrong + `"]}`, []error{partnerapi.ErrUnauthorized, partnerapi.ErrWrongPassword}},
		"account, spaces":      {customers, 200, `{"status":"error","message":" ` + wrong + `\n"}`, []error{partnerapi.ErrUnauthorized, partnerapi.ErrWrongPassword}},
		"account, twice":       {customers, 200, `{"status":"error","messages":["` + wrong + `"],"message":"` + wrong + `"}`, []error{partnerapi.ErrUnauthorized, partnerapi.ErrWrongPassword}},
		"account, 400":         {customers, 400, `{"status":"error","messages":["` + wrong + `"]}`, []error{partnerapi.ErrUnauthorized, partnerapi.ErrWrongPassword}},
		"account, Do":          {calls(partnerapi.AccountAPI, "POST /login"), 200, `{"status":"error","messages":["` + wrong + `"]}`, []error{partnerapi.ErrUnauthorized, partnerapi.ErrWrongPassword}},
		"account, our key":     {customers, 200, `{"status":"error","messages":["Please use a valid API Key."]}`, []error{partnerapi.ErrUnauthorized}},
		"account, both":        {customers, 200, `{"status":"error","messages":["` + wrong + `","Please use a valid API Key."]}`, []error{partnerapi.ErrUnauthorized}},
		"account, 401":         {customers, 401, `{"status":"error","messages":["` + wrong + `"]}`, []error{partnerapi.ErrUnauthorized}},
		"account, 403":         {customers, 403, `{"status":"error","messages":["` + wrong + `"]}`, []error{partnerapi.ErrForbidden}},
		"account, 404":         {customers, 404, `{"status":"error","messages":["` + wrong + `"]}`, []error{partnerapi.ErrBadResponse}},
		"account, more":        {customers, 200, `{"status":"error","messages":["` + wrong + ` Or not."]}`, []error{partnerapi.ErrInvalid}},
		"account, network's":   {customers, 200, `{"status":"error","messages":["` + wrongApp + `"]}`, []error{partnerapi.ErrInvalid}},
		"account, blocked":     {customers, 200, `{"status":"error","messages":["Unable to login. Please contact support."]}`, []error{partnerapi.ErrForbidden}},
		"account, another op":  {calls(partnerapi.AccountAPI, "GET /account"), 200, `{"status":"error","messages":["` + wrong + `"]}`, []error{partnerapi.ErrUnauthorized}},
		"partner":              {calls(partnerapi.PartnerAPI, "POST /login"), 200, `{"success":false,"error":"` + wrong + `"}`, []error{partnerapi.ErrUnauthorized}},
		"network":              {users, 400, `{"error":{"code":400,"message":"` + wrongApp + `"}}`, []error{partnerapi.ErrInvalid, partnerapi.ErrUnauthorized, partnerapi.ErrWrongPassword}},
		"network, no code":     {users, 400, `{"error":{"message":"` + wrongApp + `"}}`, []error{partnerapi.ErrInvalid, partnerapi.ErrUnauthorized, partnerapi.ErrWrongPassword}},
		"network, code 401":    {users, 400, `{"error":{"code":401,"message":"` + wrongApp + `"}}`, []error{partnerapi.ErrInvalid}},
		"network, 401":         {users, 401, `{"error":{"code":401,"message":"` + wrongApp + `"}}`, []error{partnerapi.ErrUnauthorized}},
		"network, 404":         {users, 404, `{"error":{"code":404,"message":"` + wrongApp + `"}}`, []error{partnerapi.ErrNotFound}},
		"network, 422":         {users, 422, `{"error":{"code":422,"message":"` + wrongApp + `"}}`, []error{partnerapi.ErrInvalid}},
		"network, 200":         {users, 200, `{"error":{"code":400,"message":"` + wrongApp + `"}}`, []error{partnerapi.ErrInvalid}},
		"network, no envelope": {users, 400, `{"message":"` + wrongApp + `"}`, []error{partnerapi.ErrInvalid, partnerapi.ErrBadResponse}},
		"network, missing":     {users, 400, `{"error":{"code":400,"message":"Required values are missing.","fields":{"password":"This value is required."}}}`, []error{partnerapi.ErrInvalid}},
		"network, another op":  {calls(partnerapi.NetworkAPI, "POST /app/login-account"), 400, `{"error":{"code":400,"message":"` + wrongApp + `"}}`, []error{partnerapi.ErrInvalid}},
		"network, silence":     {users, 400, `{"error":{"code":400}}`, []error{partnerapi.ErrInvalid}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			assertKinds(t, test.call(t.Context(), newTestClient(t, always(test.status, test.body))), test.want...)
		})
	}
}

// The fake responds to a wrong password in the form that the SDK knows.
func TestWrongPasswordAtTheFake(t *testing.T) {
	t.Parallel()
	fake := partnertest.New()
	fake.SeedCustomer(partnertest.Customer{Customer: partnerapi.Customer{Email: fan.Email}, Password: fan.Password})
	client := fake.Client()
	_, _, err := client.Accounts.Login(t.Context(), partnerapi.LoginRequest{Email: fan.Email, Password: "other"})
	assertKinds(t, err, partnerapi.ErrUnauthorized, partnerapi.ErrWrongPassword)
	_, err = client.AppSessions.Login(t.Context(), partnerapi.AppLoginRequest{Username: "other", Password: "other"})
	assertKinds(t, err, partnerapi.ErrInvalid, partnerapi.ErrUnauthorized, partnerapi.ErrWrongPassword)
	_, _, err = fake.Client(partnerapi.WithAccountKey("other")).Accounts.Login(t.Context(), partnerapi.LoginRequest{Email: fan.Email, Password: "other"})
	assertKinds(t, err, partnerapi.ErrUnauthorized)
}

// 499 is for the context of the call alone: a source, a limiter or a transport can have a cancelled context of its own.
func TestHTTPStatusOfContexts(t *testing.T) {
	t.Parallel()
	source := func(err error) partnerapi.Option {
		return partnerapi.WithCredentialSource(partnerapi.NetworkToken, partnerapi.TokenSourceFunc(func(context.Context) (string, error) { return "", err }))
	}
	cause := partnerapi.Error{API: partnerapi.NetworkAPI, Op: "POST /app/login", StatusCode: 400, Messages: []string{"The username or password is incorrect."}}
	tests := map[string]struct {
		call func(*testing.T) error
		want int
	}{
		"cancelled before the call":       {under(endedBefore, ok), 499},
		"cancelled during an attempt":     {under(endedFor(nil), silent), 499},
		"cancelled with a cause":          {under(endedFor(errForeign), silent), 499},
		"cancelled before a retry":        {under(endedFor(nil), always(503, "", "Retry-After", "5")), 499},
		"cancelled in the limiter":        {under(endedBefore, ok, limited(context.Canceled)), 499},
		"cancelled in the source":         {under(endedBefore, ok, source(context.Canceled)), 499},
		"cancelled by a deadline's cause": {under(lateFor(context.Canceled), silent), 504},
		"a deadline":                      {under(lateFor(nil), silent), 504},
		"a deadline in the source":        {under(asItIs, ok, source(context.DeadlineExceeded)), 504},
		"a deadline before the retry":     {under(lateFor(nil), always(503, "", "Retry-After", "5")), 504},
		"every attempt timed out":         {under(asItIs, silent, partnerapi.WithTimeout(1)), 504},
		"another context, source":         {under(asItIs, ok, source(context.Canceled)), 502},
		"another context, limiter":        {under(asItIs, ok, limited(context.Canceled)), 500},
		"another context, transport":      {under(asItIs, fails(context.Canceled)), 500},
		"a response, then cancelled":      {under(endedFor(nil), always(404, `{"error":{"code":404,"message":"No."}}`)), 404},
		"a write":                         {signsUp(cut), 503},
		"an argument":                     {refusedCall(op(partnerapi.PartnerAPI, "GET /a/{id}", "")), 422},
		"an argument of the source":       {under(asItIs, ok, source(&partnerapi.ArgumentError{Op: "SignIn"})), 502},
		"a password of the source":        {under(asItIs, ok, source(&cause)), 502},
		"a login of the source":           {under(asItIs, ok, source(partnerapi.ErrNotLoggedIn)), 502},
		"a password of SignIn":            {signsIn(func(c *partnerapi.SignInCredentials) { c.Password = "other" }, "", noFault), 502},
		"an account of SignIn":            {signsIn(unchanged, "", noFault, accountsA, accountsB), 502},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := test.call(t)
			assert.Equal(t, test.want, partnerapi.HTTPStatus(err), err)
			assert.Equal(t, test.want, partnerapi.HTTPStatus(fmt.Errorf("a: %w", errors.Join(io.EOF, err))), err)
		})
	}
}
