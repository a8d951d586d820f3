package acceptance

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hashicorp/go-retryablehttp"
	"github.com/jarcoal/httpmock"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/partnerapi/partnerapi-go"
	"github.com/partnerapi/partnerapi-go/partnertest"
)

// withoutDocumentedReply are the calls that accept any JSON, because the vendor documents no response.
var withoutDocumentedReply = []string{"Networks.Update", "Invitations.Create", "Invitations.Update", "Invitations.Delete"}

// No token, key, password, cookie, pk or e-mail is in the error, log line or hook argument of a failed call.
func TestNoSecretInFailures(t *testing.T) {
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
		"a dial error with the request": failing(func(req *http.Request) error {
			return &net.OpError{Op: "dial", Net: "tcp", Err: errors.New(everything(req))}
		}),
		"a deadline with the request": failing(func(req *http.Request) error { return fmt.Errorf("%s: %w", everything(req), context.DeadlineExceeded) }),
		"unsent": failing(func(req *http.Request) error {
			httptrace.ContextClientTrace(req.Context()).GetConn("")
			return leaky(req)
		}),
		"a body that breaks": func(req *http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: 200, Body: breaking{req}}, nil
		},
		"silence":                    failing(func(req *http.Request) error { <-req.Context().Done(); return req.Context().Err() }),
		"neither response nor error": func(*http.Request) (*http.Response, error) { return nil, nil },
		"200 HTML":                   echo(200, "<html>", "</html>"),
		"200 cut JSON":               echo(200, `{"status":"ok","customer":{"email":"`, ""),
		"200 JSON of another type":   func(req *http.Request) (*http.Response, error) { return reply(200, quoted(req)), nil },
		"200 members of other types": func(req *http.Request) (*http.Response, error) {
			return reply(200, `{"success":`+quoted(req)+`,"customer":`+quoted(req)+`,"list":`+quoted(req)+`,"account_id":[`+quoted(req)+`]}`), nil
		},
		"200 an invalid date": func(req *http.Request) (*http.Response, error) {
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
		"400 members of other types": func(req *http.Request) (*http.Response, error) {
			return reply(400, `{"error":[],"success":`+quoted(req)+`,"path":`+quoted(req)+`,"query":[`+quoted(req)+`]}`), nil
		},
	}
	for failure, transport := range failures {
		t.Run(failure, func(t *testing.T) {
			t.Parallel()
			for name, call := range canaryCalls(canarySession(t, "https://services.sparkart.net")) {
				if failure == "200 JSON of another type" && slices.Contains(withoutDocumentedReply, name) {
					continue // a success
				}
				t.Run(name, func(t *testing.T) {
					t.Parallel()
					synctest.Test(t, func(t *testing.T) {
						opts, output := watched(t)
						client := newTestClient(t, transport, append(opts, partnerapi.WithMaxResponseBytes(1<<16))...)
						assertFailureShowsNoCanary(t, call(t.Context(), client))
						assertNoCanary(t, output(), "the log or the hook")
						assert.Contains(t, output(), "partnerapi attempt")

						// The call ends between attempts, with the last response and the context's error.
						ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
						defer cancel()
						assertFailureShowsNoCanary(t, call(ctx, client))
						cancel()
						assertFailureShowsNoCanary(t, call(ctx, client))
						ctx, because := context.WithCancelCause(t.Context())
						because(errors.New(canary))
						assertFailureShowsNoCanary(t, call(ctx, client))
						time.Sleep(time.Minute) // the limit of a refresh, which continues without its call
						assertNoCanary(t, output(), "the log or the hook")
					})
				})
			}
		})
	}
}

// No secret is in what the signup handler logs and responds, whatever the API responds or the service's own function returns.
func TestNoSecretInSignupFailures(t *testing.T) {
	t.Parallel()
	says := func(status int, header ...string) roundTripFunc {
		return func(req *http.Request) (*http.Response, error) {
			text, _ := json.Marshal("No parent " + everything(req))
			return reply(status, `{"success":false,"error":`+string(text)+`,"error_type":"invalid_token"}`, header...), nil
		}
	}
	secret := "https://a.example/?key=" + canaryAccountKey + "&email=" + canaryEmail
	tests := map[string]struct {
		response roundTripFunc
		err      error // of the service's function
	}{
		"a revoked token":        {says(401, "X-Request-Id", canary), nil},
		"an invalid parent":      {says(400), nil},
		"a page":                 {always(200, "<html>"+canary), nil},
		"an address":             {always(302, "", "Location", "ftp://"+canary+".example/"+canary), nil},
		"a token in the address": {always(302, "", "Location", "https://a.example/"+canaryPartnerToken), nil},
		"a foreign error":        {fails(foreign{secret}), nil},
		"a URL":                  {fails(&url.Error{Op: "Get", URL: secret, Err: foreignText(canary)}), nil},

		"of the service":           {nothingSent(t), foreign{secret}},
		"of the service, wrapped":  {nothingSent(t), fmt.Errorf("%s: %w", canary, io.EOF)},
		"of the service, joined":   {nothingSent(t), errors.Join(foreignText(canary), foreign{secret})},
		"of the service, a URL":    {nothingSent(t), &url.Error{Op: "Get", URL: secret, Err: context.Canceled}},
		"of the service, a call's": {nothingSent(t), fmt.Errorf("%s: %w", canary, &partnerapi.Error{StatusCode: 404, Body: []byte(canary), Messages: []string{"No account of " + canaryEmail}})},
		"of the service, invalid":  {nothingSent(t), partnerapi.RedirectTo("https://[" + canary)},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			opts, output := watched(t)
			client := newTestClient(t, test.response, append(opts, soon)...)
			assertNoCanary(t, canaryPage(t.Context(), client, test.err), "the response")
			assertNoCanary(t, output(), "the log or the hook")
			assert.Contains(t, output(), `level=WARN`)
			assert.Contains(t, output(), `msg="partnerapi signup"`)
		})
	}
	redirect := partnerapi.RedirectTo("https://a.example/?token=" + canary)
	assertShowsNoCanary(t, redirect)
	assertReachesNoCanary(t, redirect)
}

// HTTPStatus prints nothing, and reads no text of an error.
func TestHTTPStatusReadsNoText(t *testing.T) {
	t.Parallel()
	assert.Equal(t, 500, partnerapi.HTTPStatus(textless{}))
	assert.Equal(t, 500, partnerapi.HTTPStatus(fmt.Errorf("x: %w", errors.Join(io.EOF, error(&partnerapi.Error{Attempts: 1})))))
}

// textless is an error that nobody may print.
type textless struct{}

func (textless) Error() string { panic(canary) }

// breaking is a body whose error contains the whole request.
type breaking struct{ req *http.Request }

func (b breaking) Read([]byte) (int, error) {
	return 0, errors.New("reading the response to " + everything(b.req))
}
func (b breaking) Close() error { return nil }

func assertFailureShowsNoCanary(t *testing.T, err error) {
	t.Helper()
	require.Error(t, err)
	assert.NotContains(t, err.Error(), "\n")
	var failed *partnerapi.Error
	require.ErrorAs(t, err, &failed)
	var leak *url.Error
	assert.NotErrorAs(t, err, &leak)
	attempt := partnerapi.Attempt{API: failed.API, Op: failed.Op, Err: err}
	inside := *failed // without the API's message, which the SDK does not redact completely
	inside.Type, inside.Messages, inside.Fields, inside.DevMessage, inside.RequestID, inside.Body = "", nil, nil, "", "", nil
	assertReachesNoCanary(t, inside)
	assertShowsNoCanary(t, err)
	for _, value := range []any{
		*failed, errors.Join(io.EOF, err), fmt.Errorf("sync: %w", err), fmt.Errorf("%w and %w", io.EOF, err), attempt, &attempt,
		failed.Unwrap(),
	} {
		for _, verb := range verbs {
			assertNoCanary(t, fmt.Sprintf(verb, value), verb)
		}
	}
	// fmt ignores the Format and String of an unexported field.
	type user struct {
		err     error
		failed  *partnerapi.Error
		attempt partnerapi.Attempt
	}
	for _, verb := range verbs {
		text := fmt.Sprintf(verb, user{err, failed, attempt})
		if verb == "%s" || verb == "%q" {
			// These make fmt print the struct that err points at, with Body as the numbers of its bytes.
			assert.NotContains(t, text, canary, "an unexported field, "+verb)
			continue
		}
		assertNoCanary(t, text, "an unexported field, "+verb)
	}
}

// Failures of a real network: a refused dial, an unknown host, TLS, a redirect, an incomplete response, a limit.
func TestNoSecretInFailuresOverLoopback(t *testing.T) {
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
	failures := map[string]func(*testing.T) (base string, opts []partnerapi.Option){
		"refused dial": func(t *testing.T) (string, []partnerapi.Option) {
			t.Helper()
			listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
			require.NoError(t, err)
			require.NoError(t, listener.Close())
			return "http://" + listener.Addr().String(), nil
		},
		"TLS": func(t *testing.T) (string, []partnerapi.Option) { t.Helper(); return start(t, true, nil), nil },
		"no TLS": func(t *testing.T) (string, []partnerapi.Option) {
			t.Helper()
			return strings.Replace(start(t, false, nil), "http:", "https:", 1), nil
		},
		"redirect": func(t *testing.T) (string, []partnerapi.Option) {
			t.Helper()
			return start(t, false, func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Location", "ftp://"+canary+r.RequestURI)
				w.WriteHeader(http.StatusTemporaryRedirect)
			}), nil
		},
		"cut": func(t *testing.T) (string, []partnerapi.Option) { t.Helper(); return start(t, false, cutting("")), nil },
		"not HTTP": func(t *testing.T) (string, []partnerapi.Option) {
			t.Helper()
			return start(t, false, cutting(canary+" "+canary+"\r\n\r\n")), nil
		},
		"bad header": func(t *testing.T) (string, []partnerapi.Option) {
			t.Helper()
			return start(t, false, cutting("HTTP/1.1 200 OK\r\n"+canary+" "+canary+"\r\n\r\n")), nil
		},
		"bad status": func(t *testing.T) (string, []partnerapi.Option) {
			t.Helper()
			return start(t, false, cutting("HTTP/1.1 "+canary+"\r\n\r\n")), nil
		},
		"bad chunk": func(t *testing.T) (string, []partnerapi.Option) {
			t.Helper()
			return start(t, false, cutting("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"+canary+"\r\n")), nil
		},
		"bad gzip": func(t *testing.T) (string, []partnerapi.Option) {
			t.Helper()
			return start(t, false, cutting("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 6\r\n\r\n"+canary)), nil
		},
		"bad length": func(t *testing.T) (string, []partnerapi.Option) {
			t.Helper()
			return start(t, false, cutting("HTTP/1.1 200 OK\r\nContent-Length: "+canary+"\r\n\r\n")), nil
		},
		"large header": func(t *testing.T) (string, []partnerapi.Option) {
			t.Helper()
			return start(t, false, func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("X-A", strings.Repeat(canary, 1<<18)) }), nil
		},
		"timeout": func(t *testing.T) (string, []partnerapi.Option) {
			t.Helper()
			return start(t, false, func(_ http.ResponseWriter, r *http.Request) {
				_, _ = io.Copy(io.Discard, r.Body)
				<-r.Context().Done()
			}), []partnerapi.Option{partnerapi.WithTimeout(20 * time.Millisecond)}
		},
		"400": func(t *testing.T) (string, []partnerapi.Option) {
			t.Helper()
			return start(t, false, func(w http.ResponseWriter, r *http.Request) { http.Error(w, r.RequestURI, 400) }), nil
		},
	}
	for failure, setUp := range failures {
		t.Run(failure, func(t *testing.T) {
			t.Parallel()
			base, more := setUp(t)
			opts, output := watched(t)
			opts = append(append(append(opts, soon), at(base)...), more...)
			client := newTestClient(t, nil, opts...)
			t.Cleanup(client.CloseIdleConnections)
			for _, call := range canaryCalls(canarySession(t, base)) {
				assertFailureShowsNoCanary(t, call(t.Context(), client))
			}
			assertNoCanary(t, output(), "the log or the hook")
		})
	}
}

// A dump shows no secret of the request, however the response repeats it, and nothing that no document names.
func TestNoSecretInDumps(t *testing.T) {
	t.Parallel()
	aWord := regexp.MustCompile(canary + `\w*`)
	const members = `"success","status","error_type","type","plan","code","total","pages","page","records","filters","auth","logged_in","` + canary + `name"`
	// said has each word in every member whose value is shown for other values.
	said := func(words ...string) string {
		list, _ := json.Marshal(words)
		one, _ := json.Marshal(words[len(words)-1])
		return `{` + strings.ReplaceAll(members, `",`, `":`+string(list)+`,`) + `:1,"customer":{"status":` + string(one) + `},"list":[` + string(list) + `]}`
	}
	responses := map[string]roundTripFunc{
		"a page": func(req *http.Request) (*http.Response, error) {
			return reply(200, "<html>"+everything(req), "Content-Type", "text/"+canary), nil
		},
		"the whole request": func(req *http.Request) (*http.Response, error) { return reply(400, said(everything(req))), nil },
		"every value": func(req *http.Request) (*http.Response, error) {
			words := aWord.FindAllString(everything(req), -1)
			header := []string{"Location", "https://a.example/?key=" + words[0], canary, "1"}
			for _, word := range words {
				header = append(header, "X-Request-Id", word, "Content-Type", "text/"+word, "Retry-After", word, "Server", word, "Date", word, "Set-Cookie", "sid="+word)
			}
			resp := reply(429, said(words...), header...)
			resp.Status = "429 " + words[0]
			return resp, nil
		},
		"other data": always(200, `{"status":"ok","customer":{"birthdate":"2013-07-09","first_name":"`+canary+`","dob":20130709,"age":13,"kids":["`+canary+`"]},"`+canary+`":true,
			"success":"`+canary+` 2013-07-09","total":"`+canary+`1","access":{"access_token":"`+canary+`","expires":20130709},"jwt":"`+canary+`"}`, "Set-Cookie", "sid="+canary),
		"a cut body": func(req *http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: 200, Body: breaking{req}}, nil
		},
		"an error": func(req *http.Request) (*http.Response, error) {
			return nil, &url.Error{Op: req.Method, URL: req.URL.String(), Err: errors.New(everything(req))}
		},
	}
	child := partnerapi.SignupRequest{
		PK: canaryPK, Email: canaryEmail, ChildName: canary + "child", ChildEmail: canary + "child@b.example", ChildBirthday: partnerapi.Date{Year: 2013, Month: time.July, Day: 9},
	}
	made := canaryCalls(canarySession(t, "https://services.sparkart.net"))
	made["a child"] = func(ctx context.Context, c *partnerapi.Client) error {
		_, err := c.Signup.Resolve(ctx, child)
		return err
	}
	made["a parent"] = func(ctx context.Context, c *partnerapi.Client) error {
		_, err := c.Accounts.Create(ctx, partnerapi.CreateAccountRequest{Email: canaryEmail, FirstName: canary, Birthdate: child.ChildBirthday, Password: canaryPassword})
		return err
	}
	made["members that no document names"] = func(ctx context.Context, c *partnerapi.Client) error {
		_, err := partnerapi.Do[struct{}](ctx, c, partnerapi.Call{
			API: partnerapi.AccountAPI, Op: "POST /a/{b}", Args: []string{canary}, Query: url.Values{canary: {"2013-07-09"}, "dob": {canary}},
			Body: map[string]any{canary: "2013-07-09", "kids": []any{canary, 20130709, map[string]any{"name": canary, "born": "2013-07-09"}}},
		})
		return err
	}
	for response, transport := range responses {
		for name, call := range made {
			t.Run(response+", "+name, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					var dumped bytes.Buffer
					opts := append(canaryCredentials(), partnerapi.WithMiddleware(partnerapi.Dump(&dumped)))
					_ = call(t.Context(), newTestClient(t, transport, opts...))
					time.Sleep(time.Minute) // the limit of a refresh, which continues without its call
					assert.Contains(t, dumped.String(), ", attempt 1\n")
					assert.Contains(t, dumped.String(), "#1 < ")
					assertNoCanary(t, dumped.String(), "the dump")
					for _, form := range []string{"2013", "07-09", "0709"} {
						assert.NotContains(t, dumped.String(), form)
					}
				})
			})
		}
	}
}

// No secret is in the error of a call whose sign-in fails at any step.
func TestNoSecretInFailedSignIns(t *testing.T) {
	t.Parallel()
	credentials := partnerapi.SignInCredentials{AppKey: canaryNetworkToken + "0", Username: canaryEmail, Password: canaryPassword, AccountID: canary + "account"}
	steps := []string{"GET /app/session", "POST /app/login", "POST /app/login-account"}
	failures := map[string]roundTripFunc{
		"a page": func(req *http.Request) (*http.Response, error) { return reply(200, "<html>"+everything(req)), nil },
		"an echo of the credential": func(req *http.Request) (*http.Response, error) {
			return reply(401, `{"error":{"code":401,"message":"No session of `+req.Header.Get("Authorization")+`."}}`), nil
		},
		"an error with the request": func(req *http.Request) (*http.Response, error) { return nil, errors.New(everything(req)) },
		"an invalid JWT":            always(200, `{"jwt":"`+canary+`\n","auth":true}`),
	}
	for failure, fail := range failures {
		for i, step := range steps {
			t.Run(failure+", "+step, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					made := 0
					opts, output := watched(t)
					source := partnerapi.SignIn(credentials, append(opts, partnerapi.WithHTTPClient(&http.Client{Transport: roundTripFunc(func(req *http.Request) (*http.Response, error) {
						if made == i {
							return fail(req)
						}
						made++
						return reply(200, `{"jwt":"`+canaryNetworkToken+strconv.Itoa(made)+`","auth":false}`), nil
					})}))...)
					client := newTestClient(t, nothingSent(t), partnerapi.WithCredentialSource(partnerapi.NetworkToken, source))
					_, err := client.Networks.List(t.Context(), partnerapi.ListOptions{})
					require.ErrorIs(t, err, partnerapi.ErrNoCredential)
					assertFailureShowsNoCanary(t, err)
					assertNoCanary(t, output(), "the log or the hook")
					_, err = source.Token(t.Context())
					require.Error(t, err)
					assertShowsNoCanary(t, err)
				})
			})
		}
	}
}

// The cause of a cancelled context, which net/http returns as its own error, is not printed.
func TestNoSecretInCancelledCalls(t *testing.T) {
	t.Parallel()
	arrived := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		arrived <- struct{}{}
		<-r.Context().Done()
	}))
	t.Cleanup(server.Close)
	opts, output := watched(t)
	client := newTestClient(t, nil, append(opts, at(server.URL)...)...)
	t.Cleanup(client.CloseIdleConnections)
	secret := foreign{"https://a.example/?key=" + canaryAccountKey + "&email=" + canaryEmail}
	for name, call := range canaryCalls(canarySession(t, server.URL)) {
		if strings.Contains(name, "expired") {
			continue // a refresh continues without its call
		}
		ctx, cancel := context.WithCancelCause(t.Context())
		go func() {
			<-arrived
			cancel(secret)
		}()
		err := call(ctx, client)
		require.ErrorIs(t, err, context.Canceled, name)
		assertFailureShowsNoCanary(t, err)
	}
	assertNoCanary(t, output(), "the log or the hook")
}

// Credentials in a message of the API are redacted, but not the rest of the message.
func TestCredentialsInMessagesAreRedacted(t *testing.T) {
	t.Parallel()
	opts, _ := watched(t)
	for name, test := range map[string]struct {
		call call
		body string
		want partnerapi.Error
	}{
		"partner": {
			callOf(t, "DELETE /partners/subscriptions"),
			`{"success":false,"error":"` + canaryPartnerToken + ` twice: ` + canaryPartnerToken + `","error_type":"invalid_` + canaryPartnerToken + `"}`,
			partnerapi.Error{Type: "invalid_[redacted]", Messages: []string{"[redacted] twice: [redacted]"}},
		},
		"account": {
			callOf(t, "GET /account/search"),
			`{"status":"error","messages":["Bad key ` + canaryAccountKey + `.","` + canaryOrganizationKey + ` does not own ` + canaryAccountKey + `"]}`,
			partnerapi.Error{Messages: []string{"Bad key [redacted].", "[redacted] does not own [redacted]"}},
		},
		"network": {
			callOf(t, "GET /account/networks"),
			`{"error":{"type":"user","code":401,"message":"x` + canaryNetworkToken + `y","fields":{"` + canaryNetworkToken + `":"` + canaryNetworkToken + ` has expired."},` +
				`"dev_message":"at ` + canaryNetworkToken + `"}}`,
			partnerapi.Error{Type: "user", Code: 401, Messages: []string{"x[redacted]y"}, Fields: map[string]string{"[redacted]": "[redacted] has expired."}, DevMessage: "at [redacted]"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := test.call.do(t.Context(), newTestClient(t, always(401, test.body), opts...), documented(t))
			assertShowsNoCanary(t, err)
			assertKinds(t, err, partnerapi.ErrUnauthorized)
			var failed *partnerapi.Error
			require.ErrorAs(t, err, &failed)
			assert.Equal(t, test.body, string(failed.Body))
			assert.Equal(t, test.want, partnerapi.Error{
				Type: failed.Type, Code: failed.Code, Messages: failed.Messages, Fields: failed.Fields, DevMessage: failed.DevMessage,
			})
		})
	}
}

// The error of a refused option or argument holds no secret.
func TestNoSecretInRefusals(t *testing.T) {
	t.Parallel()
	opts, output := watched(t)
	client := newTestClient(t, nothingSent(t), opts...)
	fails := partnerapi.TokenSourceFunc(func(context.Context) (string, error) { return canaryPartnerToken, errors.New(canaryPartnerToken) })
	returns := partnerapi.TokenSourceFunc(func(context.Context) (string, error) { return canaryPartnerToken + "\n", nil })
	do := func(client *partnerapi.Client, call partnerapi.Call, opts ...partnerapi.CallOption) error {
		_, err := partnerapi.Do[struct{}](t.Context(), client, call, opts...)
		return err
	}
	partner := partnerapi.Call{API: partnerapi.PartnerAPI, Op: "GET /a"}
	newClient := func(opts ...partnerapi.Option) error {
		_, err := partnerapi.NewClient(opts...)
		return err
	}
	scan := func(src any) error {
		return errors.Join(new(partnerapi.Date).Scan(src), new(partnerapi.UnixTime).Scan(src))
	}
	for name, err := range map[string]error{
		"path":        client.Subscriptions.Cancel(t.Context(), canaryPK+"\xff"),
		"body":        client.Subscriptions.Create(t.Context(), partnerapi.CreateSubscriptionRequest{PK: canaryPK, Email: canaryEmail + "\xff"}),
		"JSON":        do(client, partnerapi.Call{API: partnerapi.PartnerAPI, Op: "POST /a", Body: map[string]any{canaryPK: func() {}}}),
		"a marshaler": do(client, partnerapi.Call{API: partnerapi.PartnerAPI, Op: "POST /a", Body: refusing{}}),
		"query":       do(client, partnerapi.Call{API: partnerapi.PartnerAPI, Op: "GET /a", Query: url.Values{canaryPK: {canaryEmail + "\xff"}}}),
		"session":     do(client, partnerapi.Call{API: partnerapi.AccountAPI, Op: "GET /a", Session: canarySession(t, "https://"+canary+".example")}),
		"header":      do(client, partner, partnerapi.WithHeader("Authorization", canaryPartnerToken)),
		"given":       do(client, partner, partnerapi.WithCredential(partnerapi.PartnerToken, canaryGiven+"\n")),
		"not used":    do(client, partner, partnerapi.WithCredential(partnerapi.NetworkToken, canaryGiven)),
		"no header":   do(client, partner, partnerapi.WithHeader(canary+" ", canaryPartnerToken+"\n")),
		"source":      do(newTestClient(t, nothingSent(t), partnerapi.WithCredentialSource(partnerapi.PartnerToken, fails)), partner),
		"credential":  do(newTestClient(t, nothingSent(t), partnerapi.WithCredentialSource(partnerapi.PartnerToken, returns)), partner),
		"limiter":     do(newTestClient(t, nothingSent(t), partnerapi.WithRateLimiter(partnerapi.PartnerAPI, failingLimiter{})), partner),
		"option":      newClient(partnerapi.WithNetworkToken(canaryNetworkToken + " ")),
		"agent":       newClient(partnerapi.WithUserAgent(canary + "\n")),
		"base URL":    newClient(partnerapi.WithBaseURL(partnerapi.PartnerAPI, "https://"+canary+":"+canary+"@a.example/?"+canary)),
		"bad URL":     newClient(partnerapi.WithBaseURL(partnerapi.PartnerAPI, "https://"+canary+".example/%zz")),
		"text in SQL": scan(canary),
		"type in SQL": scan([]string{canary}),
		"plain URL":   newClient(partnerapi.WithBaseURL(partnerapi.PartnerAPI, "http://"+canary+".example")),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Error(t, err)
			assertShowsNoCanary(t, err)
			assertNoCanary(t, output(), "the log or the hook")
		})
	}
}

// A link of the hosted login page, with a token in every parameter, is in no error, and the redirect after it has no token.
func TestNoSecretOfTokensFromURL(t *testing.T) {
	t.Parallel()
	tokens := url.Values{"access_token": {canaryAccess}, "refresh_token": {canaryRefresh}, "access_token_expiration": {"1"}, "refresh_token_expiration": {"1"}}
	links := map[string]string{"valid": tokens.Encode()}
	for name := range tokens {
		for failure, value := range map[string]string{"a space": canary + "+", "a NUL": canary + "%00", "not UTF-8": canary + "%ff", "malformed": canary + "%zz", "repeated": canary + "&" + name + "=" + canary} {
			others := maps.Clone(tokens)
			delete(others, name)
			links[name+", "+failure] = others.Encode() + "&" + name + "=" + value
			links[name+", "+failure+", alone"] = name + "=" + value
		}
	}
	for name, query := range links {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, clean, err := partnerapi.TokensFromURL(&url.URL{Scheme: "https", User: url.User(canary), Host: canary + ".example", Path: "/in", RawQuery: query, Fragment: canary})
			assert.Equal(t, "/in", clean.String())
			assertShowsNoCanary(t, clean)
			if err != nil {
				assert.True(t, got == partnerapi.Tokens{}) //nolint:testifylint // a Tokens prints redacted
				assertShowsNoCanary(t, err)
				assertReachesNoCanary(t, err)
			}
			for form, text := range formsOf(got, false) {
				assertNoCanary(t, text, form)
			}
		})
	}
}

type failingLimiter struct{}

func (failingLimiter) Wait(context.Context) error { return errors.New(canary) }

type refusing struct{}

func (refusing) MarshalJSON() ([]byte, error) { return nil, errors.New(canaryPassword) }

// Types that hold credentials are redacted in every form, also inside a user's own struct; request types in every form but
// JSON, which is the body of the request.
func TestTypesWithSecretsAreRedacted(t *testing.T) {
	t.Parallel()
	opts, _ := watched(t)
	client := newTestClient(t, ok, opts...)
	session := canarySession(t, "https://"+canary+".example")
	ofTokens, err := partnerapi.NewTokenSession(partnerapi.Tokens{AccessToken: canaryAccess, RefreshToken: canaryRefresh})
	require.NoError(t, err)
	for name, value := range map[string]any{
		"token session":         ofTokens,
		"token session, copied": *ofTokens,
		"Client":                client, "Client, copied": *client,
		"services":           []any{client.Signup, client.Subscriptions, *client.Accounts, client.Networks, *client.Invitations},
		"Session":            session,
		"Session, copied":    *session,
		"Option":             partnerapi.WithPartnerToken(canaryPartnerToken),
		"CallOption":         partnerapi.WithHeader("X-A", canary),
		"WithCredential":     partnerapi.WithCredential(partnerapi.NetworkToken, canaryGiven),
		"FromEnv":            partnerapi.FromEnv(),
		"TokenSourceFunc":    partnerapi.TokenSourceFunc(func(context.Context) (string, error) { return canaryPartnerToken, nil }),
		"Call":               partnerapi.Call{API: partnerapi.AccountAPI, Op: "GET /a", Session: session},
		"Response":           partnerapi.Response{StatusCode: 200, Body: []byte(canary)},
		"AppSession":         canaryAppSession(t),
		"AppSession, copied": *canaryAppSession(t),
		"SignInCredentials":  partnerapi.SignInCredentials{AppKey: canary, Username: canary, Password: canaryPassword, AccountID: canary},
		"SignIn":             canarySignIn(t),
		"TokenFile":          canaryTokenFile(t),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			assertShowsNoCanary(t, value)
		})
	}
	for name, value := range map[string]any{
		"Tokens":               partnerapi.Tokens{AccessToken: canaryAccess, RefreshToken: canaryRefresh},
		"LoginRequest":         partnerapi.LoginRequest{Email: canaryEmail, Password: canaryPassword},
		"CreateAccountRequest": partnerapi.CreateAccountRequest{Email: canaryEmail, Password: canaryPassword, PasswordConfirmation: canaryPassword},
		"UpdateAccountRequest": partnerapi.UpdateAccountRequest{Email: canaryEmail, CurrentPassword: canaryPassword, Password: canaryPassword},
		"AppLoginRequest":      partnerapi.AppLoginRequest{Username: canaryEmail, Password: canaryPassword},
		"Response, header":     partnerapi.Response{Header: http.Header{canary: {canary}}, Body: []byte(canary)},
		"pointer":              &partnerapi.LoginRequest{Email: canaryEmail, Password: canaryPassword},
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
}

// testdata/TRAPS.md: "fmt ignores a type's own `Format` and `String` when it is an unexported field."
func TestTrapSecretsInUnexportedFields(t *testing.T) {
	t.Parallel()
	type user struct {
		client   *partnerapi.Client
		copied   partnerapi.Client
		session  *partnerapi.Session
		sessions []partnerapi.Session
		byName   map[string]*partnerapi.Session
		services partnerapi.SubscriptionsService
		source   partnerapi.TokenSource
		option   partnerapi.Option
		nested   struct{ partnerapi.Client }
		any      any
		app      *partnerapi.AppSession
		apps     []partnerapi.AppSession
		signIn   partnerapi.TokenSource
		file     partnerapi.TokenSource
		given    partnerapi.CallOption
	}
	opts, _ := watched(t)
	client := newTestClient(t, ok, opts...)
	session := canarySession(t, "https://services.sparkart.net")
	u := user{
		client, *client, session, []partnerapi.Session{*session}, map[string]*partnerapi.Session{"a": session}, *client.Subscriptions,
		partnerapi.TokenSourceFunc(func(context.Context) (string, error) { return canaryAccountKey, nil }), partnerapi.WithAccountKey(canaryAccountKey), struct{ partnerapi.Client }{*client}, client,
		canaryAppSession(t), []partnerapi.AppSession{*canaryAppSession(t)}, canarySignIn(t), canaryTokenFile(t),
		partnerapi.WithCredential(partnerapi.NetworkToken, canaryGiven),
	}
	for _, verb := range verbs {
		assertNoCanary(t, fmt.Sprintf(verb, u), verb)
		assertNoCanary(t, fmt.Sprintf(verb, &u), verb)
		assertNoCanary(t, fmt.Sprintf(verb, []any{u, &u}), verb)
	}
	assertShowsNoCanary(t, struct {
		*partnerapi.Client
		Other string
	}{client, "x"})
	assertShowsNoCanary(t, struct {
		*partnerapi.Session
		Other string
	}{session, "x"})
}

// testdata/TRAPS.md: "The default logger and the give-up error print the URL with its query." and "httpmock's "no responder" is
// a transport error, and its near-miss text prints the query."
func TestTrapNoURLFromBelow(t *testing.T) {
	t.Parallel()
	mock := httpmock.NewMockTransport()
	mock.RegisterResponder("GET", "https://services.sparkart.net/api/v1/account/searc", httpmock.NewStringResponder(200, "{}"))
	mock.RegisterResponderWithQuery("GET", "https://services.sparkart.net/api/v1/account/search", "email="+url.QueryEscape(canaryEmail),
		httpmock.NewStringResponder(200, "{}"))
	synctest.Test(t, func(t *testing.T) {
		opts, output := watched(t)
		client := newTestClient(t, mock, opts...)
		_, err := client.Accounts.Search(t.Context(), canaryEmail)
		require.ErrorContains(t, err, "account: GET /account/search: no response: the transport failed; no responder found")
		assertFailureShowsNoCanary(t, err)
		assertNoCanary(t, output(), "the log or the hook")
		var failed *partnerapi.Error
		require.ErrorAs(t, err, &failed)
		assert.Equal(t, 4, failed.Attempts)
	})
}

// testdata/TRAPS.md: "The default logger and the give-up error print the URL with its query." The libraries below do not get
// the key in a URL, but they get pk and e-mail.
func TestTrapNothingIsPrinted(t *testing.T) { //nolint:paralleltest // the process has one standard error
	read, write, err := os.Pipe()
	require.NoError(t, err)
	stderr, stdout, logged := os.Stderr, os.Stdout, log.Writer()
	os.Stderr, os.Stdout = write, write
	log.SetOutput(write)
	below, ok := retryablehttp.NewClient().Logger.(*log.Logger) // all clients share it
	require.True(t, ok)
	below.SetOutput(write)
	printed := make(chan string)
	go func() {
		text, _ := io.ReadAll(read)
		printed <- string(text)
	}()
	synctest.Test(t, func(t *testing.T) {
		for _, step := range []roundTripFunc{cut, refusedDial, always(503, ""), always(302, canary), incompleteBody, always(200, "<html>")} {
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

// A credential is redacted in a URL, where another one begins with it, and after a renewal.
func TestCredentialsInURLsAreRedacted(t *testing.T) {
	t.Parallel()
	opts := []partnerapi.Option{partnerapi.WithAccountKey(canary + "/+key ="), partnerapi.WithOrganizationKey(canary + "/+key =s")}
	says := func(req *http.Request) (*http.Response, error) {
		key := req.URL.Query().Get("key")
		text, err := json.Marshal("No route for " + req.URL.String() + " " + req.Header.Get("Api-Key") + " " + key + " " + url.PathEscape(key))
		require.NoError(t, err)
		return reply(401, `{"status":"error","messages":[`+string(text)+`]}`, "X-Request-Id", req.Header.Get("Api-Key")), nil
	}
	_, err := newTestClient(t, roundTripFunc(says), opts...).Accounts.Search(t.Context(), "a@b.example")
	require.ErrorContains(t, err, "No route for "+
		"https://services.sparkart.net/api/v1/account/search?email=[redacted]&key=[redacted] [redacted] [redacted] [redacted]")
	assertShowsNoCanary(t, err)

	// The call's own credential is redacted in the same way.
	_, err = newTestClient(t, roundTripFunc(says)).Accounts.Search(t.Context(), "a@b.example",
		partnerapi.WithCredential(partnerapi.AccountKey, canaryGiven), partnerapi.WithCredential(partnerapi.OrganizationKey, canaryGiven+"s"))
	require.ErrorContains(t, err, "/account/search?email=[redacted]&key=[redacted] [redacted] [redacted] [redacted]")
	assertShowsNoCanary(t, err)

	// Both sources are renewed, and the second fails: the response is that to the first credentials.
	renewed := partnerapi.TokenSource(&renewing{})
	opts = []partnerapi.Option{partnerapi.WithCredentialSource(partnerapi.AccountKey, renewed), partnerapi.WithCredentialSource(partnerapi.OrganizationKey, &spent{})}
	_, err = newTestClient(t, roundTripFunc(says), opts...).Accounts.Search(t.Context(), "a@b.example")
	require.ErrorIs(t, err, partnerapi.ErrUnauthorized)
	require.ErrorIs(t, err, partnerapi.ErrNoCredential)
	assertShowsNoCanary(t, err)
}

// A session's cookie in a message of the API is redacted; one that is too short to be a secret is not.
func TestCookiesInMessagesAreRedacted(t *testing.T) {
	t.Parallel()
	for _, set := range []string{"x=y", "_session=; Max-Age=0", "_session=another-one"} {
		session, err := partnerapi.ImportSession([]byte(`{"version":1,"origin":"https://services.sparkart.net","cookies":[` +
			`{"name":"_session","value":"` + canaryCookie + `"},{"name":"lang","value":"en"}]}`))
		require.NoError(t, err)
		says := always(200, `{"status":"error","messages":["The session `+canaryCookie+` has ended."]}`, "Set-Cookie", set)
		_, err = newTestClient(t, says).Accounts.Benefits(t.Context(), session)
		require.ErrorContains(t, err, "The session [redacted] has ended.")
		assertShowsNoCanary(t, err)
	}
}

// renewing is a source of numbered canaries.
type renewing struct{ n int }

func (r *renewing) Token(context.Context) (string, error) { return fmt.Sprint(canary, r.n), nil }
func (r *renewing) Invalidate(string)                     { r.n++ }

// spent is a source without a credential after the first.
type spent struct{ refused bool }

func (s *spent) Token(context.Context) (string, error) {
	if s.refused {
		return "", io.EOF
	}
	return "token-1", nil
}

func (s *spent) Invalidate(string) { s.refused = true }

// Tokens in a message of the API are redacted.
func TestTokensInMessagesAreRedacted(t *testing.T) {
	t.Parallel()
	echo := func(req *http.Request) (*http.Response, error) {
		said, err := json.Marshal("Please log in with another than " + req.Header.Get("Authorization"))
		require.NoError(t, err)
		if strings.HasSuffix(req.URL.Path, "/refresh") {
			body, err := io.ReadAll(req.Body)
			require.NoError(t, err)
			said, err = json.Marshal(string(body))
			require.NoError(t, err)
		}
		return reply(200, `{"status":"error","messages":[`+string(said)+`]}`), nil
	}
	opts, output := watched(t)
	client := newTestClient(t, roundTripFunc(echo), opts...)
	_, err := client.Accounts.Benefits(t.Context(), tokenSession(t, partnerapi.Tokens{AccessToken: canaryAccess, RefreshToken: canaryRefresh}))
	require.ErrorContains(t, err, "Please log in with another than Bearer [redacted];")
	require.ErrorContains(t, err, `{"refresh_token":"[redacted]"}`)
	assertShowsNoCanary(t, err)
	assertNoCanary(t, output(), "the log or the hook")
	assert.Contains(t, output(), "POST /refresh")
}

// The error of a refresh holds no secret.
func TestNoSecretInFailedRefreshes(t *testing.T) {
	t.Parallel()
	for name, step := range map[string]roundTripFunc{
		"a foreign error": func(req *http.Request) (*http.Response, error) { return nil, errors.New(everything(req)) },
		"a URL": func(req *http.Request) (*http.Response, error) {
			return nil, &url.Error{Op: "Post", URL: req.URL.String(), Err: foreign{everything(req)}}
		},
		"a page":                 func(req *http.Request) (*http.Response, error) { return reply(502, everything(req)), nil },
		"tokens in another form": always(200, `{"access":["`+canaryAccess+`"]}`),
		"tokens of other types":  always(200, `{"access":{"access_token":{"`+canaryAccess+`":1},"refresh_token":"`+canaryRefresh+`"}}`),
		"an invalid time":        always(200, `{"access":{"access_token":"`+canaryAccess+`","access_token_expiration":"`+canaryRefresh+`"}}`),
		"half a pair":            always(200, `{"access":{"access_token":"`+canaryAccess+`"}}`),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			opts, output := watched(t)
			client := newTestClient(t, step, opts...)
			_, err := client.Accounts.Get(t.Context(), tokenSession(t, partnerapi.Tokens{RefreshToken: canaryRefresh}))
			assertFailureShowsNoCanary(t, err)
			assertNoCanary(t, output(), "the log or the hook")
			assert.Contains(t, output(), "POST /refresh")
		})
	}
}

// The error of an OnRefresh hook is wrapped, but not printed.
func TestNoSecretOfFailedHooks(t *testing.T) {
	t.Parallel()
	fake := partnertest.New()
	tokens := fake.SeedTokens(fake.SeedCustomer(partnertest.Customer{Customer: partnerapi.Customer{Email: fan.Email}}).ID)
	tokens.AccessTokenExpires = partnerapi.UnixTimeOf(time.Now())
	session := tokenSession(t, tokens)
	session.OnRefresh(func(context.Context, partnerapi.Tokens) error { return foreign{canary} })
	_, err := fake.Client().Accounts.Get(t.Context(), session)
	assertFailureShowsNoCanary(t, err)
	require.ErrorIs(t, err, foreign{canary})
}

func tokenSession(t *testing.T, tokens partnerapi.Tokens) *partnerapi.Session {
	t.Helper()
	session, err := partnerapi.NewTokenSession(tokens)
	require.NoError(t, err)
	return session
}
