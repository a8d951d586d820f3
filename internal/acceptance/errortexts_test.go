package acceptance

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/partnerapi/partnerapi-go"
	"github.com/partnerapi/partnerapi-go/internal/dialgate"
)

const errorTextsHead = `# The texts of errors, as a log shows them: the name of a case, and the line under it.
# go test ./internal/acceptance -run GoldenErrorTexts -update writes this file, and every run of the tests compares it.
`

// The texts of errors are in one file, which shows what a change of words changes.
func TestGoldenErrorTexts(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	b.WriteString(errorTextsHead)
	names := make(map[string]bool)
	for _, c := range slices.Concat(failingResponses, failingTransports, failingContexts, failingSources, failingSessions, failingSignIns, failingArguments) {
		require.False(t, names[c.name], c.name)
		names[c.name] = true
		err := c.call(t)
		require.Error(t, err, c.name)
		text := err.Error()
		assert.NotContains(t, text, "SECRET", c.name)
		assert.NotContains(t, text, "\n", c.name)
		fmt.Fprintf(&b, "\n%s\n\t%s\n", c.name, text)
	}
	name := filepath.Join(testdata, "errors.txt")
	if *update {
		require.NoError(t, os.WriteFile(name, []byte(b.String()), 0o600))
	}
	golden, err := fs.ReadFile(os.DirFS(testdata), "errors.txt")
	require.NoError(t, err)
	assert.Equal(t, string(golden), b.String())
}

// failing is a call that fails, by the name of its case.
type failing struct {
	name string
	call func(t *testing.T) error
}

// cancels is a call of the partner API that is retried.
func cancels(step roundTripFunc, opts ...partnerapi.Option) func(*testing.T) error {
	return func(t *testing.T) error {
		t.Helper()
		return newTestClient(t, step, append([]partnerapi.Option{soon}, opts...)...).Subscriptions.Cancel(t.Context(), "MS1")
	}
}

// signsUp is a call of the account API that is not retried if its outcome is unknown.
func signsUp(step roundTripFunc, opts ...partnerapi.Option) func(*testing.T) error {
	return func(t *testing.T) error {
		t.Helper()
		client := newTestClient(t, step, append([]partnerapi.Option{soon}, opts...)...)
		_, err := client.Accounts.Create(t.Context(), partnerapi.CreateAccountRequest{Email: "a@b.example"})
		return err
	}
}

// reads is a call of the account API with a session.
func reads(step roundTripFunc) func(*testing.T) error {
	return func(t *testing.T) error {
		t.Helper()
		return getWith(t, newTestClient(t, step, soon), partnerapi.NewSession())
	}
}

// gets is a call of the network API.
func gets(step roundTripFunc, opts ...partnerapi.Option) func(*testing.T) error {
	return func(t *testing.T) error {
		t.Helper()
		_, err := newTestClient(t, step, append([]partnerapi.Option{soon}, opts...)...).Networks.Get(t.Context(), "acc_1")
		return err
	}
}

// walks is a walk through a list whose pages are all the same.
func walks(body string) func(*testing.T) error {
	return func(t *testing.T) error {
		t.Helper()
		_, err := collect(newTestClient(t, always(200, body)).Networks.All(t.Context(), partnerapi.ListOptions{}))
		return err
	}
}

func resolves(step roundTripFunc) func(*testing.T) error {
	return func(t *testing.T) error {
		t.Helper()
		_, err := newTestClient(t, step, soon).Signup.Resolve(t.Context(), partnerapi.SignupRequest{PK: "MS1", Email: "a@b.example"})
		return err
	}
}

// fails is a step that fails with err.
func fails(err error) roundTripFunc {
	return func(*http.Request) (*http.Response, error) { return nil, err }
}

var errForeign = errors.New("https://a.example/?key=SECRET")

var failingResponses = []failing{
	{"partner: a message", cancels(always(400, `{"success":false,"error":"Partner pk is invalid","error_type":"invalid_params"}`))},
	{"partner: a message under 200", cancels(always(200, `{"success":false,"error":"Partner PK has already been added"}`))},
	{"partner: an unauthorized token", cancels(always(401, `{"success":false,"error":"Please provide a valid token","error_type":"invalid_token"}`))},
	{"partner: an unknown pk", cancels(always(404, `{"success":false,"error":"Not found"}`))},
	{"partner: no message", cancels(always(404, `{"success":false}`))},
	{"partner: two messages", cancels(always(400, `{"success":false,"error":["a","b","a"]}`))},
	{"partner: an echoed token", cancels(always(401, `{"success":false,"error":"Bad token `+testPartnerToken+`!"}`))},
	{"partner: an e-mail", cancels(always(400, `{"success":false,"error":"a@b.example is taken"}`))},
	{"partner: several lines", cancels(always(400, `{"success":false,"error":"a\r\nb"}`))},
	{"partner: without success", cancels(always(200, `{}`))},
	{"account: a message", reads(always(200, `{"status":"error","messages":["Email is blank"]}`))},
	{"account: messages about fields", reads(always(200, `{"status":"error","messages":{"email":"Email is blank","last_name":"Too long"}}`))},
	{"account: a wrong password", func(t *testing.T) error {
		t.Helper()
		_, _, err := newTestClient(t, always(200, fixture(t, "post-login.wrong-password"))).Accounts.Login(t.Context(), fan)
		return err
	}},
	{"account: no message", reads(always(200, `{"status":"error"}`))},
	{"account: logged out", reads(always(200, `{"customer":null}`))},
	{"account: no customer", signsUp(always(200, `{"status":"ok"}`))},
	{"account: an unknown status", reads(always(200, `{"status":"maybe"}`))},
	{"account: an unknown route", reads(always(404, `{"error":"Not Found: /api/v1/account"}`))},
	{"account: null", signsUp(always(200, `{"customer":null}`))},
	{"account: no documented field", signsUp(always(200, `{"customer":{"x":1}}`))},
	{"account: a field of another type", reads(always(200, `{"customer":{"id":1,"age":"SECRET"}}`))},
	{"account: an invalid time", reads(always(200, `{"customer":{"id":1,"subscription":{"end_date":"SECRET"}}}`))},
	{"network: a message", gets(always(403, `{"error":{"type":"user","code":403,"message":"No.","dev_message":"SECRET"}}`))},
	{"network: a message and fields", gets(always(422, `{"error":{"code":422,"message":"No.","fields":{"fee":"Too low."}}}`))},
	{"network: fields without a message", gets(always(400, `{"error":{"code":400,"fields":{"username":"This value is required.","a@b.example":"SECRET"}}}`))},
	{"network: a failure in another form", gets(always(200, `{"success":false}`))},
	{"network: not JSON", gets(always(200, `{"a"}`))},
	{"network: a list in place of a record", gets(always(200, `[]`))},
	{"network: an unnamed status", gets(always(599, ""))},
	{"a page", cancels(always(200, page))},
	{"a page under 400", cancels(always(400, page))},
	{"a page under 404", cancels(always(404, page))},
	{"a page under 502", signsUp(always(502, page))},
	{"an empty body", cancels(always(200, ""))},
	{"a redirect", cancels(always(302, "", "Location", "https://elsewhere.example/SECRET"))},
	{"rate limited", cancels(always(429, ""))},
	{"an unknown outcome", signsUp(always(500, ""))},
	{"too large", gets(always(200, "SECRET"), partnerapi.WithMaxResponseBytes(5))},
	{"too large, a write", signsUp(always(200, "SECRET"), partnerapi.WithMaxResponseBytes(5))},
	{"too large under 429", signsUp(always(429, "SECRET"), partnerapi.WithMaxResponseBytes(5))},
	{"too large under 503", signsUp(always(503, "SECRET"), partnerapi.WithMaxResponseBytes(5))},
	{"half a body", gets(incompleteBody)},
	{"half a body, a write", signsUp(incompleteBody)},
	{"a list that ends early", walks(`{"list":[{"account_id":"a"}],"total":25,"pages":1}`)},
	{"a list with an empty page", walks(`{"list":[],"pages":2}`)},
	{"a list that repeats a page", walks(`{"list":[{"account_id":"a"}],"pages":99}`)},
	{"a list without a number of pages", walks(`{"list":[{"account_id":"a"}],"total":250}`)},
	{"an empty list without numbers", walks(`{"list":[]}`)},
	{"a page without a list", walks(`{"total":1}`)},
	{"a page with an unknown record", walks(`{"list":[{"x":1}],"total":1,"pages":1}`)},
	{"a signup without a redirect", resolves(always(200, `{"success":true}`))},
	{"a signup to no address", resolves(always(302, ""))},
	{"a signup to an address with the token", resolves(always(302, "", "Location", "https://a.example/"+testPartnerToken))},
	{"a login without a cookie", func(t *testing.T) error {
		t.Helper()
		_, _, err := newTestClient(t, always(200, `{"customer":{"id":1}}`)).Accounts.Login(t.Context(), fan)
		return err
	}},
	{"an app session without a JWT", func(t *testing.T) error {
		t.Helper()
		_, err := newTestClient(t, always(200, `{"app":{}}`)).AppSessions.Start(t.Context())
		return err
	}},
}

var failingTransports = []failing{
	{"connection refused", signsUp(refusedDial)},
	{"an unknown host", gets(fails(&net.OpError{Op: "dial", Net: "tcp", Err: &net.DNSError{Err: "no such host", Name: "api.backstack.com", IsNotFound: true}}))},
	{"not TLS", gets(fails(tls.RecordHeaderError{Msg: "first record does not look like a TLS handshake"}))},
	{"an unknown certificate", gets(fails(&tls.CertificateVerificationError{Err: x509.UnknownAuthorityError{}}))},
	{"cut, an idempotent call", gets(cut)},
	{"cut, another call", signsUp(cut)},
	{"closed by the server", signsUp(fails(io.EOF))},
	{"two causes", gets(fails(errors.Join(context.DeadlineExceeded, net.ErrClosed)))},
	{"refused by a proxy", signsUp(fails(dialgate.ProxyRefusal(407)))},
	{"refused by a proxy with an unnamed status", signsUp(fails(dialgate.ProxyRefusal(499)))},
	{"an error of another package", gets(fails(errForeign))},
	{"a dialler of another package", gets(fails(&net.OpError{Op: "dial", Net: "tcp", Err: errForeign}))},
	{"an error with the text of a status", gets(fails(errors.New("Forbidden")))},
	{"a mock without a responder", signsUp(fails(errors.New("no responder found")))},
	{"neither a response nor an error", signsUp(fails(nil))},
	{"a response without a status", signsUp(func(*http.Request) (*http.Response, error) { return new(http.Response), nil })},
	{"a body that fails", gets(func(*http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: 200, Body: io.NopCloser(io.MultiReader(strings.NewReader(`{`), failingReader{}))}, nil
	})},
	{"no budget", func(t *testing.T) error {
		t.Helper()
		client := newTestClient(t, roundTripFunc(cut), soon)
		for range 100 {
			_, _ = client.Networks.Get(t.Context(), "acc_1")
		}
		_, err := client.Networks.Get(t.Context(), "acc_1")
		return err
	}},
	{"a fetch that ends its goroutine", func(t *testing.T) error {
		t.Helper()
		exits := partnerapi.WithAttemptHook(func(context.Context, partnerapi.Attempt) { runtime.Goexit() })
		client := newTestClient(t, always(200, `{"list":[],"total":0}`), exits)
		_, err := collect(client.Networks.All(t.Context(), partnerapi.ListOptions{}))
		return err
	}},
}

type failingReader struct{}

func (failingReader) Read([]byte) (int, error) { return 0, errForeign }

// silent is an attempt without a response.
func silent(req *http.Request) (*http.Response, error) {
	<-req.Context().Done()
	return nil, context.Cause(req.Context()) // as net/http does
}

// under is a call of the network API with the context that with returns, in a bubble.
func under(with func(context.Context) (context.Context, context.CancelFunc), step roundTripFunc, opts ...partnerapi.Option) func(*testing.T) error {
	return func(t *testing.T) (err error) {
		t.Helper()
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := with(t.Context())
			defer cancel()
			_, err = newTestClient(t, step, opts...).Networks.Get(ctx, "acc_1")
		})
		return err
	}
}

func asItIs(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithCancel(ctx)
}

func endedBefore(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	cancel()
	return ctx, cancel
}

// endedFor is cancelled with a cause after a second.
func endedFor(cause error) func(context.Context) (context.Context, context.CancelFunc) {
	return func(ctx context.Context) (context.Context, context.CancelFunc) {
		ctx, cancel := context.WithCancelCause(ctx)
		time.AfterFunc(time.Second, func() { cancel(cause) })
		return ctx, func() { cancel(nil) }
	}
}

// lateFor has a deadline in two seconds, with a cause.
func lateFor(cause error) func(context.Context) (context.Context, context.CancelFunc) {
	return func(ctx context.Context) (context.Context, context.CancelFunc) {
		return context.WithTimeoutCause(ctx, 2*time.Second, cause)
	}
}

func limited(err error) partnerapi.Option {
	return partnerapi.WithRateLimiter(partnerapi.NetworkAPI, limiterFunc(func(context.Context) error { return err }))
}

var failingContexts = []failing{
	{"every attempt timed out", under(asItIs, silent, partnerapi.WithTimeout(time.Second))},
	{"cancelled before the call", under(endedBefore, ok)},
	{"cancelled during an attempt", under(endedFor(nil), silent)},
	{"cancelled with a cause", under(endedFor(errForeign), silent)},
	{"cancelled with a known cause", under(endedFor(io.EOF), silent)},
	{"cancelled before a retry", under(endedFor(errForeign), always(503, "", "Retry-After", "5"))},
	{"a deadline", under(lateFor(nil), silent)},
	{"a deadline with a cause", under(lateFor(errForeign), silent)},
	{"a deadline before the retry", under(lateFor(nil), always(503, "", "Retry-After", "5"))},
	{"a limiter refuses", under(asItIs, ok, limited(errForeign))},
	{"a limiter refuses for the deadline", under(asItIs, ok, limited(errors.New("rate: Wait(n=1) would exceed context deadline")))},
	{"connection refused before a deadline", under(lateFor(nil), refusedDial, partnerapi.WithRetry(partnerapi.RetryPolicy{MinWait: 10000 * time.Hour, MaxWait: 10000 * time.Hour}))},
	{"a limiter times out", under(asItIs, ok, limited(context.DeadlineExceeded))},
	{"a limiter refuses a retry", func(t *testing.T) error {
		t.Helper()
		attempts := 0
		return cancels(always(500, ""), partnerapi.WithRateLimiter(partnerapi.PartnerAPI, limiterFunc(func(context.Context) error {
			if attempts++; attempts > 1 {
				return errForeign
			}
			return nil
		})))(t)
	}},
	{"a limiter refuses for its burst", under(asItIs, ok, limited(errors.New("rate: Wait(n=1) exceeds limiter's burst 0")))},
}

// supplied is a call whose source supplies a token or fails.
func supplied(token string, err error) func(*testing.T) error {
	source := partnerapi.TokenSourceFunc(func(context.Context) (string, error) { return token, err })
	return gets(ok, partnerapi.WithCredentialSource(partnerapi.NetworkToken, source))
}

// fromFile is a call whose credential is in a file that holds content, or is missing if content is nil.
func fromFile(content []byte) func(*testing.T) error {
	return func(t *testing.T) error {
		t.Helper()
		path := filepath.Join(t.TempDir(), "SECRET")
		if content != nil {
			require.NoError(t, os.WriteFile(path, content, 0o600))
		}
		return gets(ok, partnerapi.WithCredentialSource(partnerapi.NetworkToken, partnerapi.TokenFile(path)))(t)
	}
}

var failingSources = []failing{
	{"no credential", func(t *testing.T) error {
		t.Helper()
		client, err := partnerapi.NewClient(partnerapi.WithHTTPClient(&http.Client{Transport: nothingSent(t)}))
		require.NoError(t, err)
		return client.Subscriptions.Cancel(t.Context(), "MS1")
	}},
	{"a source fails", supplied("", errForeign)},
	{"a source is cancelled", supplied("", context.Canceled)},
	{"a source supplies nothing", supplied("", nil)},
	{"a source supplies spaces", supplied("SECRET ", nil)},
	{"a source supplies control characters", supplied("SECRET\x00", nil)},
	{"a source fails after a 401", func(t *testing.T) error {
		t.Helper()
		return gets(always(401, `{"error":{"message":"No."}}`), partnerapi.WithCredentialSource(partnerapi.NetworkToken, new(spent)))(t)
	}},
	{"a missing file", fromFile(nil)},
	{"an empty file", fromFile([]byte{})},
	{"a file with two lines", fromFile([]byte("SECRET\nSECRET\n"))},
	{"a file with a byte order mark", fromFile([]byte("\ufeffSECRET"))},
	{"a large file", fromFile(make([]byte, 64<<10+1))},
}
