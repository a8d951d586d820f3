package partnerapi

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hashicorp/go-retryablehttp"
	"github.com/jarcoal/httpmock"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Every canary begins with this, in a form that no escaping changes.
const canary = "CANARY"

const (
	canaryPartnerToken    = canary + "partnertoken"
	canaryAccountKey      = canary + "accountkey"
	canaryOrganizationKey = canary + "organizationkey"
	canaryNetworkToken    = canary + "networktoken"
	canaryPK              = canary + "pk"
	canaryEmail           = canary + "email@b.example"
	canaryPassword        = canary + "password"
	canaryCookie          = canary + "cookie"
	canaryInvitation      = canary + "invitation"
	canaryAccess          = canary + "access"
	canaryRefresh         = canary + "refresh"
)

// assertNoCanary asserts that no canary is in text, nor one as hexadecimal or as the numbers of its bytes.
func assertNoCanary(t *testing.T, text, what string) {
	t.Helper()
	text = strings.ToUpper(text)
	for _, form := range []string{canary, "43414E415259", "67 65 78 65 82 89", "0X43, 0X41, 0X4E"} {
		if strings.Contains(text, form) {
			t.Errorf("%s shows a secret: %.500s", what, text)
		}
	}
}

// verbs are those that a type can have a say in. Of others, such as %p of a struct, fmt prints all fields of anything.
var verbs = []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d"}

// formsOf returns value in every form that fmt, slog and JSON print it in, also inside values of a user's own.
func formsOf(value any, withJSON bool) map[string]string {
	forms := make(map[string]string)
	type user struct {
		Name  string
		Value any
	}
	within := map[string]any{
		"itself": value, "struct": user{"u", value}, "pointer": &user{"u", value}, "slice": []any{value}, "map": map[string]any{"k": value},
	}
	for place, v := range within {
		for _, verb := range verbs {
			forms[place+" "+verb] = fmt.Sprintf(verb, v)
		}
		var text, lines bytes.Buffer
		slog.New(slog.NewTextHandler(&text, nil)).Info("m", "v", v)
		forms[place+" slog text"] = text.String()
		if withJSON {
			slog.New(slog.NewJSONHandler(&lines, nil)).Info("m", "v", v, slog.Group("g", "v", v))
			forms[place+" slog JSON"] = lines.String()
			data, _ := json.Marshal(v)
			forms[place+" JSON"] = string(data)
		}
	}
	return forms
}

func assertShowsNoCanary(t *testing.T, value any) {
	t.Helper()
	for form, text := range formsOf(value, true) {
		assertNoCanary(t, text, form)
	}
}

func canarySession(t *testing.T, origin string) *Session {
	t.Helper()
	session := NewSession()
	session.absorb(reply(200, "", "Set-Cookie", "sid="+canaryCookie), origin)
	return session
}

// canaryCalls are calls that carry all that is secret.
func canaryCalls(session *Session) map[string]func(context.Context, *Client) error {
	return map[string]func(context.Context, *Client) error{
		"Signup.Resolve": func(ctx context.Context, c *Client) error {
			_, err := c.Signup.Resolve(ctx, SignupRequest{PK: canaryPK, Email: canaryEmail, ChildName: canaryPK})
			return err
		},
		"Subscriptions.Create": func(ctx context.Context, c *Client) error {
			return c.Subscriptions.Create(ctx, CreateSubscriptionRequest{PK: canaryPK, Email: canaryEmail})
		},
		"Subscriptions.Cancel": func(ctx context.Context, c *Client) error { return c.Subscriptions.Cancel(ctx, canaryPK) },
		"Accounts.Search": func(ctx context.Context, c *Client) error {
			_, err := c.Accounts.Search(ctx, canaryEmail)
			return err
		},
		"Accounts.Login": func(ctx context.Context, c *Client) error {
			_, _, err := c.Accounts.Login(ctx, LoginRequest{canaryEmail, canaryPassword})
			return err
		},
		"Accounts.Update": func(ctx context.Context, c *Client) error {
			_, err := c.Accounts.Update(ctx, session, UpdateAccountRequest{Email: canaryEmail, Password: canaryPassword})
			return err
		},
		"Invitations.Activate": func(ctx context.Context, c *Client) error {
			_, err := c.Invitations.Activate(ctx, canaryInvitation)
			return err
		},
		"Networks.List": func(ctx context.Context, c *Client) error {
			_, err := c.Networks.List(ctx, ListOptions{Search: canaryEmail})
			return err
		},
		"Subscriptions.Ensure": func(ctx context.Context, c *Client) error {
			_, err := c.Subscriptions.Ensure(ctx, CreateSubscriptionRequest{PK: canaryPK, Email: canaryEmail, Plan: PlanBark})
			return err
		},
		"Subscriptions.CancelLegacy": func(ctx context.Context, c *Client) error { return c.Subscriptions.CancelLegacy(ctx, canaryPK) },
		"Accounts.Create": func(ctx context.Context, c *Client) error {
			_, err := c.Accounts.Create(ctx, CreateAccountRequest{Email: canaryEmail, Password: canaryPassword, PasswordConfirmation: canaryPassword})
			return err
		},
		"Accounts.Get": func(ctx context.Context, c *Client) error {
			_, err := c.Accounts.Get(ctx, session)
			return err
		},
		"Accounts.Benefits, with tokens": func(ctx context.Context, c *Client) error {
			session, err := NewTokenSession(Tokens{AccessToken: canaryAccess, RefreshToken: canaryRefresh})
			if err != nil {
				return err
			}
			_, err = c.Accounts.Benefits(ctx, session)
			return err
		},
		"Invitations.All": func(ctx context.Context, c *Client) error {
			var last error
			for _, err := range c.Invitations.All(ctx, ListOptions{Search: canaryEmail}) {
				last = err
			}
			return last
		},
		"Networks.Delete": func(ctx context.Context, c *Client) error {
			_, err := c.Networks.Delete(ctx, canaryPK)
			return err
		},
		"AppSessions.Login": func(ctx context.Context, c *Client) error {
			_, err := c.AppSessions.Login(ctx, AppLoginRequest{canaryEmail, canaryPassword})
			return err
		},
	}
}

// watched returns options for a client whose credentials are canaries, and everything that logger and hook are told.
func watched(t *testing.T) ([]Option, func() string) {
	t.Helper()
	var mu sync.Mutex
	var told strings.Builder
	write := writerFunc(func(p []byte) (int, error) {
		mu.Lock()
		defer mu.Unlock()
		return told.Write(p)
	})
	handler := slog.NewTextHandler(write, &slog.HandlerOptions{Level: slog.LevelDebug, AddSource: true})
	opts := []Option{
		WithPartnerToken(canaryPartnerToken), WithAccountKey(canaryAccountKey),
		WithOrganizationKey(canaryOrganizationKey), WithNetworkToken(canaryNetworkToken),
		WithLogger(slog.New(handler)),
		WithAttemptHook(func(_ context.Context, a Attempt) {
			data, err := json.Marshal([]any{a})
			require.NoError(t, err)
			_, _ = write.Write(data)
			slog.New(slog.NewJSONHandler(write, nil)).Info("m", "attempt", a, "err", a.Err, slog.Group("g", "attempts", []Attempt{a}))
			slog.New(slog.NewTextHandler(write, nil)).Info("m", "attempt", a, "err", a.Err)
			type user struct{ attempt Attempt } // in an unexported field fmt does not ask a type how to print it
			for _, verb := range verbs {
				_, _ = fmt.Fprintf(write, verb+verb+verb+"\n", a, &a, user{a})
			}
		}),
	}
	return opts, func() string {
		mu.Lock()
		defer mu.Unlock()
		return told.String()
	}
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }

// everything is a request in full: what an echo or a foreign error text can carry of it.
func everything(req *http.Request) string {
	dump, err := httputil.DumpRequestOut(req, true)
	if err != nil {
		return err.Error()
	}
	return req.URL.String() + "\n" + string(dump)
}

// No token, key, password, cookie, pk or e-mail is in an error, a log line or a hook's argument, however a call fails.
func TestSecretsStayOutOfEveryFailure(t *testing.T) {
	t.Parallel()
	leaky := func(req *http.Request) *url.Error {
		return &url.Error{Op: req.Method, URL: req.URL.String(), Err: errors.New(everything(req))}
	}
	echo := func(status int, before, after string) roundTripFunc {
		return func(req *http.Request) (*http.Response, error) {
			return reply(status, before+everything(req)+after, "Content-Type", "text/html", "X-Echo", req.URL.String()), nil
		}
	}
	failing := func(fail func(*http.Request) error) roundTripFunc {
		return func(req *http.Request) (*http.Response, error) { return nil, fail(req) }
	}
	quoted := func(req *http.Request) string {
		text, _ := json.Marshal(everything(req))
		return string(text)
	}
	failures := map[string]roundTripFunc{
		"a mock's own error":      failing(func(req *http.Request) error { return errors.New("no responder found for " + everything(req)) }),
		"a foreign type of error": failing(func(req *http.Request) error { return foreign{everything(req)} }),
		"a foreign string":        failing(func(req *http.Request) error { return foreignText(everything(req)) }),
		"url.Error":               failing(func(req *http.Request) error { return leaky(req) }),
		"url.Error, wrapped":      failing(func(req *http.Request) error { return fmt.Errorf("%s: %w", everything(req), leaky(req)) }),
		"url.Error, joined":       failing(func(req *http.Request) error { return errors.Join(leaky(req), io.EOF) }),
		"url.Error of a deadline": failing(func(req *http.Request) error {
			return &url.Error{Op: "Get", URL: req.URL.String(), Err: context.DeadlineExceeded}
		}),
		"a dial that says it all": failing(func(req *http.Request) error {
			return &net.OpError{Op: "dial", Net: "tcp", Err: errors.New(everything(req))}
		}),
		"a deadline that says all": failing(func(req *http.Request) error { return fmt.Errorf("%s: %w", everything(req), context.DeadlineExceeded) }),
		"unsent": failing(func(req *http.Request) error {
			httptrace.ContextClientTrace(req.Context()).GetConn("")
			return leaky(req)
		}),
		"a body that breaks": func(req *http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: 200, Body: breaking{req}}, nil
		},
		"silence":                  failing(func(req *http.Request) error { <-req.Context().Done(); return req.Context().Err() }),
		"neither answer nor error": func(*http.Request) (*http.Response, error) { return nil, nil },
		"200 HTML":                 echo(200, "<html>", "</html>"),
		"200 cut JSON":             echo(200, `{"status":"ok","customer":{"email":"`, ""),
		"200 JSON of another type": func(req *http.Request) (*http.Response, error) { return reply(200, quoted(req)), nil },
		"200 members of another": func(req *http.Request) (*http.Response, error) {
			return reply(200, `{"success":`+quoted(req)+`,"customer":`+quoted(req)+`,"list":`+quoted(req)+`,"account_id":[`+quoted(req)+`]}`), nil
		},
		"200 a date that is none": func(req *http.Request) (*http.Response, error) {
			return reply(200, `{"status":"ok","success":`+quoted(req)+`,"customer":{"birthdate":`+quoted(req)+`},"list":[{"fee_proposed_date":`+quoted(req)+`}]}`), nil
		},
		"200 too large": echo(200, strings.Repeat(" ", 1<<16), ""),
		"302": func(req *http.Request) (*http.Response, error) {
			return reply(302, everything(req), "Location", "ftp://"+canary+"/"+req.URL.RequestURI()), nil
		},
		"302 to no address": func(req *http.Request) (*http.Response, error) {
			return reply(302, everything(req), "Location", "http://%zz/"+req.URL.String()), nil
		},
		"400": echo(400, "<html>", "</html>"),
		"401": echo(401, "<html>", "</html>"),
		"404": echo(404, "<html>", "</html>"),
		"429": func(req *http.Request) (*http.Response, error) {
			return reply(429, everything(req), "Retry-After", everything(req)), nil
		},
		"500": echo(500, "<html>", "</html>"),
		"503": echo(503, "<html>", "</html>"),
		"members that are no words": func(req *http.Request) (*http.Response, error) {
			return reply(400, `{"error":[],"success":`+quoted(req)+`,"path":`+quoted(req)+`,"query":[`+quoted(req)+`]}`), nil
		},
	}
	for failure, transport := range failures {
		t.Run(failure, func(t *testing.T) {
			t.Parallel()
			for name, call := range canaryCalls(canarySession(t, "https://services.sparkart.net")) {
				t.Run(name, func(t *testing.T) {
					t.Parallel()
					synctest.Test(t, func(t *testing.T) {
						opts, told := watched(t)
						client := newTestClient(t, transport, append(opts, WithMaxResponseBytes(1<<16))...)
						assertFailureShowsNoCanary(t, call(t.Context(), client))
						assertNoCanary(t, told(), "the log or the hook")
						assert.Contains(t, told(), "partnerapi attempt")

						// And when the call ends between attempts, with the last answer and the context's error.
						ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
						defer cancel()
						assertFailureShowsNoCanary(t, call(ctx, client))
						cancel()
						assertFailureShowsNoCanary(t, call(ctx, client))
						ctx, because := context.WithCancelCause(t.Context())
						because(errors.New(canary))
						assertFailureShowsNoCanary(t, call(ctx, client))
						assertNoCanary(t, told(), "the log or the hook")
					})
				})
			}
		})
	}
}

// breaking is a body whose error says all of its request.
type breaking struct{ req *http.Request }

func (b breaking) Read([]byte) (int, error) {
	return 0, errors.New("reading the answer to " + everything(b.req))
}
func (b breaking) Close() error { return nil }

func assertFailureShowsNoCanary(t *testing.T, err error) {
	t.Helper()
	require.Error(t, err)
	assert.NotContains(t, err.Error(), "\n")
	var failed *Error
	require.ErrorAs(t, err, &failed)
	var leak *url.Error
	assert.NotErrorAs(t, err, &leak)
	attempt := Attempt{API: failed.API, Op: failed.Op, Err: hide(errors.Join(failed, failed.cause))}
	assertReachesNoCanary(t, []any{failed.cause, failed.kinds, attempt})
	assertShowsNoCanary(t, err)
	for _, value := range []any{
		*failed, errors.Join(io.EOF, err), fmt.Errorf("sync: %w", err), fmt.Errorf("%w and %w", io.EOF, err), attempt, &attempt,
		failed.Unwrap(),
	} {
		for _, verb := range verbs {
			assertNoCanary(t, fmt.Sprintf(verb, value), verb)
		}
	}
	// In an unexported field fmt does not ask a type how to print it.
	type user struct {
		err     error
		failed  *Error
		attempt Attempt
	}
	for _, verb := range verbs {
		text := fmt.Sprintf(verb, user{err, failed, attempt})
		if verb == "%s" || verb == "%q" {
			// These make fmt print what err points at, a field's Body as the numbers of its bytes among it.
			assert.NotContains(t, text, canary, "an unexported field, "+verb)
			continue
		}
		assertNoCanary(t, text, "an unexported field, "+verb)
	}
}

// The failures that only a real network makes: a refused dial, an unknown host, TLS, a redirect, a cut answer, a limit.
func TestSecretsStayOutOfFailuresOverLoopback(t *testing.T) {
	t.Parallel()
	quiet := log.New(io.Discard, "", 0)
	start := func(t *testing.T, tls bool, h http.HandlerFunc) string {
		t.Helper()
		server := httptest.NewUnstartedServer(h)
		server.Config.ErrorLog = quiet
		if tls {
			server.StartTLS()
		} else {
			server.Start()
		}
		t.Cleanup(server.Close)
		return server.URL
	}
	failures := map[string]func(*testing.T) (base string, opts []Option){
		"refused dial": func(t *testing.T) (string, []Option) {
			t.Helper()
			listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
			require.NoError(t, err)
			require.NoError(t, listener.Close())
			return "http://" + listener.Addr().String(), nil
		},
		"TLS": func(t *testing.T) (string, []Option) { t.Helper(); return start(t, true, nil), nil },
		"no TLS": func(t *testing.T) (string, []Option) {
			t.Helper()
			return strings.Replace(start(t, false, nil), "http:", "https:", 1), nil
		},
		"redirect": func(t *testing.T) (string, []Option) {
			t.Helper()
			return start(t, false, func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Location", "ftp://"+canary+r.RequestURI)
				w.WriteHeader(http.StatusTemporaryRedirect)
			}), nil
		},
		"cut": func(t *testing.T) (string, []Option) { t.Helper(); return start(t, false, cutting("")), nil },
		"not HTTP": func(t *testing.T) (string, []Option) {
			t.Helper()
			return start(t, false, cutting(canary+" "+canary+"\r\n\r\n")), nil
		},
		"bad header": func(t *testing.T) (string, []Option) {
			t.Helper()
			return start(t, false, cutting("HTTP/1.1 200 OK\r\n"+canary+" "+canary+"\r\n\r\n")), nil
		},
		"bad status": func(t *testing.T) (string, []Option) {
			t.Helper()
			return start(t, false, cutting("HTTP/1.1 "+canary+"\r\n\r\n")), nil
		},
		"bad chunk": func(t *testing.T) (string, []Option) {
			t.Helper()
			return start(t, false, cutting("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"+canary+"\r\n")), nil
		},
		"bad gzip": func(t *testing.T) (string, []Option) {
			t.Helper()
			return start(t, false, cutting("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 6\r\n\r\n"+canary)), nil
		},
		"bad length": func(t *testing.T) (string, []Option) {
			t.Helper()
			return start(t, false, cutting("HTTP/1.1 200 OK\r\nContent-Length: "+canary+"\r\n\r\n")), nil
		},
		"large header": func(t *testing.T) (string, []Option) {
			t.Helper()
			return start(t, false, func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("X-A", strings.Repeat(canary, 1<<18)) }), nil
		},
		"timeout": func(t *testing.T) (string, []Option) {
			t.Helper()
			return start(t, false, func(_ http.ResponseWriter, r *http.Request) {
				_, _ = io.Copy(io.Discard, r.Body)
				<-r.Context().Done()
			}), []Option{WithTimeout(20 * time.Millisecond)}
		},
		"400": func(t *testing.T) (string, []Option) {
			t.Helper()
			return start(t, false, func(w http.ResponseWriter, r *http.Request) { http.Error(w, r.RequestURI, 400) }), nil
		},
	}
	for failure, setUp := range failures {
		t.Run(failure, func(t *testing.T) {
			t.Parallel()
			base, more := setUp(t)
			opts, told := watched(t)
			opts = append(append(opts, soon, WithBaseURL(PartnerAPI, base), WithBaseURL(AccountAPI, base), WithBaseURL(NetworkAPI, base)), more...)
			client := newTestClient(t, nil, opts...)
			t.Cleanup(client.CloseIdleConnections)
			for _, call := range canaryCalls(canarySession(t, base)) {
				assertFailureShowsNoCanary(t, call(t.Context(), client))
			}
			assertNoCanary(t, told(), "the log or the hook")
		})
	}
}

// Nor is one in the error of a call that needs a sign-in, whichever step of that fails.
func TestSecretsStayOutOfFailedSignIns(t *testing.T) {
	t.Parallel()
	credentials := SignInCredentials{canaryNetworkToken + "0", canaryEmail, canaryPassword, canary + "account"}
	steps := []string{"GET /app/session", "POST /app/login", "POST /app/login-account"}
	failures := map[string]roundTripFunc{
		"a page": func(req *http.Request) (*http.Response, error) { return reply(200, "<html>"+everything(req)), nil },
		"an echo of the credential": func(req *http.Request) (*http.Response, error) {
			return reply(401, `{"error":{"code":401,"message":"No session of `+req.Header.Get("Authorization")+`."}}`), nil
		},
		"an error that says all": func(req *http.Request) (*http.Response, error) { return nil, errors.New(everything(req)) },
		"a JWT that is none":     always(200, `{"jwt":"`+canary+`\n","auth":true}`),
	}
	for failure, fail := range failures {
		for i, step := range steps {
			t.Run(failure+", "+step, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					made := 0
					opts, told := watched(t)
					source := SignIn(credentials, append(opts, WithHTTPClient(&http.Client{Transport: roundTripFunc(func(req *http.Request) (*http.Response, error) {
						if made == i {
							return fail(req)
						}
						made++
						return reply(200, `{"jwt":"`+canaryNetworkToken+strconv.Itoa(made)+`","auth":false}`), nil
					})}))...)
					client := newTestClient(t, nothingSent(t), WithCredentialSource(NetworkToken, source))
					_, err := client.Networks.List(t.Context(), ListOptions{})
					require.ErrorIs(t, err, ErrNoCredential)
					assertFailureShowsNoCanary(t, err)
					assertNoCanary(t, told(), "the log or the hook")
					_, err = source.Token(t.Context())
					require.Error(t, err)
					assertShowsNoCanary(t, err)
				})
			})
		}
	}
}

// Why a caller cancels is the caller's to know: net/http returns the cause of a context as its own error.
func TestSecretsStayOutOfCancelledCalls(t *testing.T) {
	t.Parallel()
	arrived := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		arrived <- struct{}{}
		<-r.Context().Done()
	}))
	t.Cleanup(server.Close)
	opts, told := watched(t)
	client := newTestClient(t, nil, append(opts, WithBaseURL(PartnerAPI, server.URL), WithBaseURL(AccountAPI, server.URL), WithBaseURL(NetworkAPI, server.URL))...)
	t.Cleanup(client.CloseIdleConnections)
	secret := foreign{"https://a.example/?key=" + canaryAccountKey + "&email=" + canaryEmail}
	for name, call := range canaryCalls(canarySession(t, server.URL)) {
		ctx, cancel := context.WithCancelCause(t.Context())
		go func() {
			<-arrived
			cancel(secret)
		}()
		err := call(ctx, client)
		require.ErrorIs(t, err, context.Canceled, name)
		assertFailureShowsNoCanary(t, err)
	}
	assertNoCanary(t, told(), "the log or the hook")
}

// What an API says of a request is told in its own words, but for the credentials in them.
func TestCredentialsAreTakenOutOfWhatAnAPISays(t *testing.T) {
	t.Parallel()
	opts, _ := watched(t)
	for name, test := range map[string]struct {
		call endpoint
		body string
		want Error
		text string
	}{
		"partner": {
			endpoint{Call: Call{API: PartnerAPI, Op: "GET /a"}},
			`{"success":false,"error":"` + canaryPartnerToken + ` twice: ` + canaryPartnerToken + `","error_type":"invalid_` + canaryPartnerToken + `"}`,
			Error{Type: "invalid_[redacted]", Messages: []string{"[redacted] twice: [redacted]"}},
			"partner: GET /a: 401 Unauthorized: [redacted] twice: [redacted]",
		},
		"account": {
			endpoint{Call: Call{API: AccountAPI, Op: "GET /a"}, extraCredential: OrganizationKey},
			`{"status":"error","messages":["Bad key ` + canaryAccountKey + `.","` + canaryOrganizationKey + ` does not own ` + canaryAccountKey + `"]}`,
			Error{Messages: []string{"Bad key [redacted].", "[redacted] does not own [redacted]"}},
			"account: GET /a: 401 Unauthorized: Bad key [redacted].; [redacted] does not own [redacted]",
		},
		"network": {
			endpoint{Call: Call{API: NetworkAPI, Op: "GET /a"}},
			`{"error":{"type":"user","code":401,"message":"x` + canaryNetworkToken + `y","fields":{"` + canaryNetworkToken + `":"` + canaryNetworkToken + ` has expired."},` +
				`"dev_message":"at ` + canaryNetworkToken + `"}}`,
			Error{Type: "user", Code: 401, Messages: []string{"x[redacted]y"}, Fields: map[string]string{"[redacted]": "[redacted] has expired."}, DevMessage: "at [redacted]"},
			"network: GET /a: 401 Unauthorized: x[redacted]y",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := do[none](t.Context(), newTestClient(t, always(401, test.body), opts...), test.call, nil)
			require.EqualError(t, err, test.text)
			assertShowsNoCanary(t, err)
			var failed *Error
			require.ErrorAs(t, err, &failed)
			want := test.want
			want.API, want.Op, want.StatusCode, want.Attempts = test.call.API, test.call.Op, 401, 1
			want.Body, want.kinds = []byte(test.body), []error{ErrUnauthorized}
			assert.Equal(t, &want, failed)
		})
	}
}

// What refuses a call, or cannot make it, holds no value either.
func TestSecretsStayOutOfRefusals(t *testing.T) {
	t.Parallel()
	opts, told := watched(t)
	client := newTestClient(t, nothingSent(t), opts...)
	fails := TokenSourceFunc(func(context.Context) (string, error) { return canaryPartnerToken, errors.New(canaryPartnerToken) })
	returns := TokenSourceFunc(func(context.Context) (string, error) { return canaryPartnerToken + "\n", nil })
	do := func(client *Client, call Call, opts ...CallOption) error {
		_, err := Do[none](t.Context(), client, call, opts...)
		return err
	}
	partner := Call{API: PartnerAPI, Op: "GET /a"}
	newClient := func(opts ...Option) error {
		_, err := NewClient(opts...)
		return err
	}
	for name, err := range map[string]error{
		"path":        client.Subscriptions.Cancel(t.Context(), canaryPK+"\xff"),
		"body":        client.Subscriptions.Create(t.Context(), CreateSubscriptionRequest{PK: canaryPK, Email: canaryEmail + "\xff"}),
		"JSON":        do(client, Call{API: PartnerAPI, Op: "POST /a", Body: map[string]any{canaryPK: func() {}}}),
		"a marshaler": do(client, Call{API: PartnerAPI, Op: "POST /a", Body: refusing{}}),
		"query":       do(client, Call{API: PartnerAPI, Op: "GET /a", Query: url.Values{canaryPK: {canaryEmail + "\xff"}}}),
		"session":     do(client, Call{API: AccountAPI, Op: "GET /a", Session: canarySession(t, "https://"+canary+".example")}),
		"header":      do(client, partner, WithHeader("Authorization", canaryPartnerToken)),
		"no header":   do(client, partner, WithHeader(canary+" ", canaryPartnerToken+"\n")),
		"source":      do(newTestClient(t, nothingSent(t), WithCredentialSource(PartnerToken, fails)), partner),
		"credential":  do(newTestClient(t, nothingSent(t), WithCredentialSource(PartnerToken, returns)), partner),
		"limiter":     do(newTestClient(t, nothingSent(t), WithRateLimiter(PartnerAPI, limiterFunc(func(context.Context) error { return errors.New(canary) }))), partner),
		"option":      newClient(WithNetworkToken(canaryNetworkToken + " ")),
		"agent":       newClient(WithUserAgent(canary + "\n")),
		"base URL":    newClient(WithBaseURL(PartnerAPI, "https://"+canary+":"+canary+"@a.example/?"+canary)),
		"bad URL":     newClient(WithBaseURL(PartnerAPI, "https://"+canary+".example/%zz")),
		"plain URL":   newClient(WithBaseURL(PartnerAPI, "http://"+canary+".example")),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Error(t, err)
			assertShowsNoCanary(t, err)
			assertNoCanary(t, told(), "the log or the hook")
		})
	}
}

type refusing struct{}

func (refusing) MarshalJSON() ([]byte, error) { return nil, errors.New(canaryPassword) }

// Types that hold credentials show none, in any form, also inside a user's own struct. Bodies of requests are their JSON,
// password included, so they are redacted in all but that.
func TestTypesThatHoldSecrets(t *testing.T) {
	t.Parallel()
	opts, _ := watched(t)
	client := newTestClient(t, ok, opts...)
	session := canarySession(t, "https://"+canary+".example")
	ofTokens, err := NewTokenSession(Tokens{AccessToken: canaryAccess, RefreshToken: canaryRefresh})
	require.NoError(t, err)
	for name, value := range map[string]any{
		"Session of tokens":         ofTokens,
		"Session of tokens, copied": *ofTokens,
		"Client":                    client, "Client, copied": *client,
		"services":           []any{client.Signup, client.Subscriptions, *client.Accounts, client.Networks, *client.Invitations},
		"Session":            session,
		"Session, copied":    *session,
		"Option":             WithPartnerToken(canaryPartnerToken),
		"CallOption":         WithHeader("X-A", canary),
		"TokenSourceFunc":    TokenSourceFunc(func(context.Context) (string, error) { return canaryPartnerToken, nil }),
		"source of a client": client.config().sources[PartnerToken],
		"Call":               Call{API: AccountAPI, Op: "GET /a", Session: session},
		"Response":           Response{StatusCode: 200},
		"AppSession":         canaryAppSession(t),
		"AppSession, copied": *canaryAppSession(t),
		"SignInCredentials":  SignInCredentials{canary, canary, canaryPassword, canary},
		"SignIn":             canarySignIn(t),
		"TokenFile":          canaryTokenFile(t),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			assertShowsNoCanary(t, value)
		})
	}
	for name, value := range map[string]any{
		"Tokens":               Tokens{AccessToken: canaryAccess, RefreshToken: canaryRefresh},
		"LoginRequest":         LoginRequest{canaryEmail, canaryPassword},
		"CreateAccountRequest": CreateAccountRequest{Email: canaryEmail, Password: canaryPassword, PasswordConfirmation: canaryPassword},
		"UpdateAccountRequest": UpdateAccountRequest{Email: canaryEmail, CurrentPassword: canaryPassword, Password: canaryPassword},
		"AppLoginRequest":      AppLoginRequest{canaryEmail, canaryPassword},
		"pointer":              &LoginRequest{canaryEmail, canaryPassword},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for form, text := range formsOf(value, false) {
				assertNoCanary(t, text, form)
			}
			var lines bytes.Buffer
			slog.New(slog.NewJSONHandler(&lines, nil)).Info("m", "v", value, slog.Group("g", "v", value))
			assertNoCanary(t, lines.String(), "slog JSON")
		})
	}
	for _, c := range []any{client, *client} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x", "%d"} {
			assert.Equal(t, "partnerapi.Client", fmt.Sprintf(verb, c), verb)
		}
		assert.Equal(t, `"partnerapi.Client"`, fmt.Sprintf("%q", c))
		text, err := json.Marshal(c)
		require.NoError(t, err)
		assert.JSONEq(t, `"partnerapi.Client"`, string(text))
	}
}

func canaryAppSession(t *testing.T) *AppSession {
	t.Helper()
	session := new(AppSession)
	require.NoError(t, json.Unmarshal([]byte(`{"jwt":"`+canaryNetworkToken+`","auth":true}`), session))
	return session
}

// canarySignIn is a source that has signed in.
func canarySignIn(t *testing.T) TokenSource {
	t.Helper()
	source := SignIn(SignInCredentials{AppKey: canaryNetworkToken, Username: canaryEmail, Password: canaryPassword},
		WithHTTPClient(&http.Client{Transport: newTranscript(answerWith(200, `{"jwt":"`+canaryNetworkToken+`","auth":true}`))}))
	token, err := source.Token(t.Context())
	require.NoError(t, err)
	require.Equal(t, canaryNetworkToken, token)
	return source
}

// canaryTokenFile is a source that has read its file.
func canaryTokenFile(t *testing.T) TokenSource {
	t.Helper()
	path := filepath.Join(t.TempDir(), canary)
	require.NoError(t, os.WriteFile(path, []byte(canaryPartnerToken), 0o600))
	source := TokenFile(path)
	token, err := source.Token(t.Context())
	require.NoError(t, err)
	require.Equal(t, canaryPartnerToken, token)
	return source
}

// TRAPS: "fmt ignores a type's own Format and String when it is an unexported field": secrets are behind functions.
func TestTrapSecretsInUnexportedFields(t *testing.T) {
	t.Parallel()
	type user struct {
		client   *Client
		copied   Client
		session  *Session
		sessions []Session
		byName   map[string]*Session
		services SubscriptionsService
		source   TokenSource
		option   Option
		nested   struct{ Client }
		any      any
		app      *AppSession
		apps     []AppSession
		signIn   TokenSource
		file     TokenSource
	}
	opts, _ := watched(t)
	client := newTestClient(t, ok, opts...)
	session := canarySession(t, "https://services.sparkart.net")
	u := user{
		client, *client, session, []Session{*session}, map[string]*Session{"a": session}, *client.Subscriptions,
		client.config().sources[AccountKey], WithAccountKey(canaryAccountKey), struct{ Client }{*client}, client,
		canaryAppSession(t), []AppSession{*canaryAppSession(t)}, canarySignIn(t), canaryTokenFile(t),
	}
	for _, verb := range verbs {
		assertNoCanary(t, fmt.Sprintf(verb, u), verb)
		assertNoCanary(t, fmt.Sprintf(verb, &u), verb)
		assertNoCanary(t, fmt.Sprintf(verb, []any{u, &u}), verb)
	}
	assertShowsNoCanary(t, struct {
		*Client
		Other string
	}{client, "x"})
	assertShowsNoCanary(t, struct {
		*Session
		Other string
	}{session, "x"})
}

// TRAPS: "default logger and give-up error print the URL with its query", "its near-miss text prints ?key=SECRET", and
// "httpmock's exact-query responder does not match once key= is added", which is what makes it a near miss.
func TestTrapNoURLFromBelow(t *testing.T) {
	t.Parallel()
	mock := httpmock.NewMockTransport()
	mock.RegisterResponder("GET", "https://services.sparkart.net/api/v1/account/searc", httpmock.NewStringResponder(200, "{}"))
	mock.RegisterResponderWithQuery("GET", "https://services.sparkart.net/api/v1/account/search", "email="+url.QueryEscape(canaryEmail),
		httpmock.NewStringResponder(200, "{}"))
	synctest.Test(t, func(t *testing.T) {
		opts, told := watched(t)
		client := newTestClient(t, mock, opts...)
		_, err := client.Accounts.Search(t.Context(), canaryEmail)
		require.ErrorContains(t, err, "account: GET /account/search: no answer: the transport failed; no responder found")
		assertFailureShowsNoCanary(t, err)
		assertNoCanary(t, told(), "the log or the hook")
		var failed *Error
		require.ErrorAs(t, err, &failed)
		assert.Equal(t, 4, failed.Attempts)
	})
}

// TRAPS: "default logger and give-up error print the URL with its query": "?key=SECRET on stderr per attempt". The key is
// on no URL that a library below sees; pk and e-mail are, so none of them may print.
func TestTrapNothingIsPrinted(t *testing.T) { //nolint:paralleltest // the process has one standard error
	read, write, err := os.Pipe()
	require.NoError(t, err)
	stderr, stdout, logged := os.Stderr, os.Stdout, log.Writer()
	os.Stderr, os.Stdout = write, write
	log.SetOutput(write)
	below, ok := retryablehttp.NewClient().Logger.(*log.Logger) // all its clients have the same
	require.True(t, ok)
	below.SetOutput(write)
	printed := make(chan string)
	go func() {
		text, _ := io.ReadAll(read)
		printed <- string(text)
	}()
	synctest.Test(t, func(t *testing.T) {
		for _, step := range []roundTripFunc{cut, refusedDial, always(503, ""), always(302, canary), halfABody, always(200, "<html>")} {
			for _, call := range canaryCalls(canarySession(t, "https://services.sparkart.net")) {
				assert.Error(t, call(t.Context(), newTestClient(t, step)))
			}
		}
	})
	below.SetOutput(stderr)
	log.SetOutput(logged)
	os.Stderr, os.Stdout = stderr, stdout
	require.NoError(t, write.Close())
	assert.Empty(t, <-printed)
}

// A credential is known again in a URL, when another begins with it, and when it was renewed.
func TestCredentialsAreKnownAgain(t *testing.T) {
	t.Parallel()
	opts := []Option{WithAccountKey(canary + "/+key ="), WithOrganizationKey(canary + "/+key =s")}
	says := func(req *http.Request) (*http.Response, error) {
		key := req.URL.Query().Get("key")
		text, err := json.Marshal("No route for " + req.URL.String() + " " + req.Header.Get("Api-Key") + " " + key + " " + url.PathEscape(key))
		require.NoError(t, err)
		return reply(401, `{"status":"error","messages":[`+string(text)+`]}`, "X-Request-Id", req.Header.Get("Api-Key")), nil
	}
	_, err := newTestClient(t, roundTripFunc(says), opts...).Accounts.Search(t.Context(), "a@b.example")
	require.EqualError(t, err, "account: GET /account/search: 401 Unauthorized: No route for "+
		"https://services.sparkart.net/api/v1/account/search?email=[redacted]&key=[redacted] [redacted] [redacted] [redacted]")
	assertShowsNoCanary(t, err)

	// Both sources are asked again, and the second fails: the answer is about the first credentials.
	renewed := TokenSource(&renewing{})
	opts = []Option{WithCredentialSource(AccountKey, renewed), WithCredentialSource(OrganizationKey, &rotating{fail: io.EOF})}
	_, err = newTestClient(t, roundTripFunc(says), opts...).Accounts.Search(t.Context(), "a@b.example")
	require.ErrorIs(t, err, ErrUnauthorized)
	require.ErrorIs(t, err, ErrNoCredential)
	assertShowsNoCanary(t, err)
}

// A session's key is no one's to read, and a cookie that is part of many words is no key.
func TestCookiesAreTakenOutOfWhatAnAPISays(t *testing.T) {
	t.Parallel()
	for _, set := range []string{"x=y", "_session=; Max-Age=0", "_session=another-one"} {
		session, err := ImportSession([]byte(`{"version":1,"origin":"https://services.sparkart.net","cookies":[` +
			`{"name":"_session","value":"` + canaryCookie + `"},{"name":"lang","value":"en"}]}`))
		require.NoError(t, err)
		says := always(200, `{"status":"error","messages":["The session `+canaryCookie+` has ended."]}`, "Set-Cookie", set)
		_, err = newTestClient(t, says).Accounts.Benefits(t.Context(), session)
		require.EqualError(t, err, "account: GET /account/benefits: 200 OK: The session [redacted] has ended.")
		assertShowsNoCanary(t, err)
	}
}

// renewing is a source of canaries that are numbered.
type renewing struct{ n int }

func (r *renewing) Token(context.Context) (string, error) { return fmt.Sprint(canary, r.n), nil }
func (r *renewing) Invalidate(string)                     { r.n++ }
