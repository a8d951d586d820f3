package acceptance

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/partnerapi/partnerapi-go"
	"github.com/partnerapi/partnerapi-go/partnertest"
)

func write(t *testing.T, path, content string) {
	t.Helper()
	require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
}

func assertAll(t *testing.T, errs []error, check func(assert.TestingT, error, ...any) bool) {
	t.Helper()
	for _, err := range errs {
		check(t, err)
	}
}

func invalidate(t *testing.T, source partnerapi.TokenSource, token string) {
	t.Helper()
	renewable, ok := source.(interface{ Invalidate(token string) })
	require.True(t, ok)
	renewable.Invalidate(token)
}

// The errors of a file print neither its path nor its content.
func TestTokenFileErrors(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		prepare func(t *testing.T, path string)
		text    string
		is      error
	}{
		"missing": {func(*testing.T, string) {}, "opening the file failed; no such file or directory", fs.ErrNotExist},
		"a folder": {func(t *testing.T, path string) {
			t.Helper()
			require.NoError(t, os.Mkdir(path, 0o700))
		}, "not a file", nil},
		"no credential": {func(t *testing.T, path string) {
			t.Helper()
			write(t, path, "SECRET\x00")
		}, "the file holds an invalid credential: has control characters", nil},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "SECRET")
			test.prepare(t, path)
			source := partnerapi.TokenFile(path)
			_, err := source.Token(t.Context())
			for _, verb := range []string{"%s", "%v", "%+v", "%#v"} {
				assert.Equal(t, test.text, fmt.Sprintf(verb, err), verb)
			}
			client := partnertest.New().Client(partnerapi.WithCredentialSource(partnerapi.PartnerToken, source))
			failed := client.Subscriptions.Cancel(t.Context(), "MS1")
			require.ErrorIs(t, failed, partnerapi.ErrNoCredential)
			if test.is != nil {
				require.ErrorIs(t, err, test.is)
				require.ErrorIs(t, failed, test.is)
			}
		})
	}
}

// A 401 makes the SDK read the changed file.
func TestTokenFileAfter401(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) { // within a second
		path := filepath.Join(t.TempDir(), "token")
		source := partnerapi.TokenFile(path)
		write(t, path, "token-1")
		_, err := source.Token(t.Context())
		require.NoError(t, err)
		write(t, path, partnertest.PartnerToken)
		fake := partnertest.New()
		fake.SeedSubscription(partnertest.Subscription{PK: "MS1"})
		client := fake.Client(partnerapi.WithCredentialSource(partnerapi.PartnerToken, source))
		require.NoError(t, client.Subscriptions.Cancel(t.Context(), "MS1"))
		assert.Len(t, fake.CallsTo("DELETE /partners/subscriptions/{pk}"), 2)
	})
}

// unasked is a credential source that must not be asked or told anything.
type unasked struct{ t *testing.T }

func (s unasked) Token(context.Context) (string, error) {
	s.t.Error("a source was asked")
	return "", io.EOF
}

func (s unasked) Invalidate(string) { s.t.Error("a source was told of a 401") }

// sources returns options that make source the source of these credentials.
func sources(source partnerapi.TokenSource, of ...partnerapi.Credential) (opts []partnerapi.Option) {
	for _, which := range of {
		opts = append(opts, partnerapi.WithCredentialSource(which, source))
	}
	return opts
}

var everyCredential = []partnerapi.Credential{partnerapi.PartnerToken, partnerapi.AccountKey, partnerapi.OrganizationKey, partnerapi.NetworkToken}

// own returns options with credentials for a call, and what sentCredentials returns for its requests.
func own(c call) (opts []partnerapi.CallOption, sent string) {
	service, _, _ := strings.Cut(c.name, ".")
	switch {
	case c.name == "Accounts.Search":
		return []partnerapi.CallOption{
			partnerapi.WithCredential(partnerapi.AccountKey, "own-key"), partnerapi.WithCredential(partnerapi.OrganizationKey, "own-organization"),
		}, "own-organization own-key"
	case service == "Accounts":
		return []partnerapi.CallOption{partnerapi.WithCredential(partnerapi.AccountKey, "own-key")}, "own-key"
	case service == "Signup", service == "Subscriptions":
		return []partnerapi.CallOption{partnerapi.WithCredential(partnerapi.PartnerToken, "own-token")}, "own-token"
	default:
		return []partnerapi.CallOption{partnerapi.WithCredential(partnerapi.NetworkToken, "own-jwt")}, "own-jwt"
	}
}

// sentCredentials returns the credentials in a request, sessions apart.
func sentCredentials(req *http.Request) string {
	var found []string
	for _, name := range []string{"X-Token-Auth", "Api-Key", "Authorization"} {
		if value := req.Header.Get(name); value != "" && !strings.HasPrefix(value, "Bearer ") {
			found = append(found, value)
		}
	}
	return strings.Join(append(found, req.URL.Query()["key"]...), " ")
}

// Every request of every call carries the call's own credential. The client's sources are not asked, and a client without
// credentials can make the call.
func TestWithCredentialInEveryCall(t *testing.T) {
	t.Parallel()
	for name, opts := range map[string][]partnerapi.Option{"with sources": sources(unasked{t}, everyCredential...), "without": nil} {
		for _, c := range calls() {
			t.Run(c.name+", "+name, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					requests := 0
					own, sent := own(c)
					client, err := partnerapi.NewClient(append(opts, through(func(req *http.Request) (*http.Response, error) {
						requests++
						assert.Equal(t, sent, sentCredentials(req))
						return reply(503, ""), nil
					}))...)
					require.NoError(t, err)
					_, err = c.do(t.Context(), client, documented(t), own...)
					require.ErrorIs(t, err, partnerapi.ErrServer)
					assert.Equal(t, map[bool]int{true: 4, false: 1}[c.idempotent], requests)
				})
			})
		}
	}
}

// The second request of a call has the credential too.
func TestWithCredentialInFurtherRequests(t *testing.T) {
	t.Parallel()
	partner, network := partnerapi.WithCredential(partnerapi.PartnerToken, "own"), partnerapi.WithCredential(partnerapi.NetworkToken, "own")
	pageOf := func(id string) roundTripFunc {
		return always(200, `{"list":[{"account_id":"`+id+`"}],"total":3,"search":"","filter":"","filters":[],"pages":3}`)
	}
	tests := map[string]struct {
		responses []roundTripFunc
		call      func(context.Context, *partnerapi.Client) error
		requests  []string
	}{
		"Ensure": {
			[]roundTripFunc{always(400, fixture(t, "post-partners-subscriptions.duplicate")), always(200, `{"success":true}`)},
			func(ctx context.Context, c *partnerapi.Client) error {
				_, err := c.Subscriptions.Ensure(ctx, partnerapi.CreateSubscriptionRequest{PK: "MS1", Email: "a@b.example", Plan: partnerapi.PlanBark}, partner)
				return err
			},
			[]string{"POST /api/v1/partners/subscriptions own", "PUT /api/v1/partners/subscriptions/MS1 own"},
		},
		"Delete": {
			[]roundTripFunc{always(404, page), always(200, `{"parent_account_id":"acc_1","child_account_id":"acc_2"}`)},
			func(ctx context.Context, c *partnerapi.Client) error {
				_, err := c.Networks.Delete(ctx, "acc_2", network)
				return err
			},
			[]string{"DELETE /api/account/networks/acc_2 own", "DELETE /account/networks/acc_2 own"},
		},
		"All": {
			[]roundTripFunc{pageOf("acc_1"), pageOf("acc_2"), pageOf("acc_3")},
			func(ctx context.Context, c *partnerapi.Client) error {
				_, err := collect(c.Networks.All(ctx, partnerapi.ListOptions{Records: 1}, network))
				return err
			},
			[]string{"GET /account/networks own", "GET /account/networks own", "GET /account/networks own"},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var mu sync.Mutex
			var requests []string
			next := turns(test.responses...)
			client, err := partnerapi.NewClient(append(sources(unasked{t}, everyCredential...), through(func(req *http.Request) (*http.Response, error) {
				mu.Lock()
				defer mu.Unlock()
				requests = append(requests, req.Method+" "+req.URL.Path+" "+sentCredentials(req))
				return next(req)
			}))...)
			require.NoError(t, err)
			require.NoError(t, test.call(t.Context(), client))
			assert.Equal(t, test.requests, requests)
		})
	}
}

// After a 401 nothing is retried, and no source learns of it: not even that of the call's other credential.
func TestWithCredentialRejected(t *testing.T) {
	t.Parallel()
	organization := &askedOnce{unasked: unasked{t}}
	log := newTranscript(always(401, `{"status":"error","messages":["Please use a valid API Key."]}`))
	client := newTestClient(t, log, append(sources(unasked{t}, partnerapi.AccountKey), sources(organization, partnerapi.OrganizationKey)...)...)
	_, err := client.Accounts.Search(t.Context(), "a@b.example", partnerapi.WithCredential(partnerapi.AccountKey, "own"))
	assertKinds(t, err, partnerapi.ErrUnauthorized)
	assert.Equal(t, []string{"GET /api/v1/account/search?email=a%40b.example&key=own"}, log.requests)
	assert.Equal(t, 1, organization.asked)
}

// askedOnce is a source that must not be told of a 401.
type askedOnce struct {
	unasked

	asked int
}

func (s *askedOnce) Token(context.Context) (string, error) {
	s.asked++
	return "organization", nil
}

func TestWithCredentialRefused(t *testing.T) {
	t.Parallel()
	given := partnerapi.WithCredential
	tests := map[string]struct {
		api  partnerapi.API
		opts []partnerapi.CallOption
		why  string // empty if the call is made
	}{
		"unknown":              {partnerapi.PartnerAPI, []partnerapi.CallOption{given("password", "SECRET")}, "unknown credential"},
		"zero":                 {partnerapi.PartnerAPI, []partnerapi.CallOption{given("", "SECRET")}, "empty credential"},
		"empty":                {partnerapi.PartnerAPI, []partnerapi.CallOption{given(partnerapi.PartnerToken, "")}, "partner token: empty"},
		"newline":              {partnerapi.AccountAPI, []partnerapi.CallOption{given(partnerapi.AccountKey, "SECRET\n")}, "account key: has spaces around it"},
		"control characters":   {partnerapi.NetworkAPI, []partnerapi.CallOption{given(partnerapi.NetworkToken, "SEC\x00RET")}, "network token: has control characters"},
		"of another API":       {partnerapi.PartnerAPI, []partnerapi.CallOption{given(partnerapi.NetworkToken, "SECRET")}, "the call does not use the network token"},
		"of Search":            {partnerapi.AccountAPI, []partnerapi.CallOption{given(partnerapi.OrganizationKey, "SECRET")}, "the call does not use the organization key"},
		"one too many":         {partnerapi.AccountAPI, []partnerapi.CallOption{given(partnerapi.AccountKey, "a"), given(partnerapi.PartnerToken, "SECRET")}, "the call does not use the partner token"},
		"the last one is used": {partnerapi.PartnerAPI, []partnerapi.CallOption{given(partnerapi.PartnerToken, "first"), given(partnerapi.PartnerToken, "last")}, ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client, err := partnerapi.NewClient(append(sources(unasked{t}, everyCredential...), through(func(req *http.Request) (*http.Response, error) {
				assert.Empty(t, test.why, "a request was sent")
				assert.Equal(t, "last", sentCredentials(req))
				return reply(200, `{"success":true}`), nil
			}))...)
			require.NoError(t, err)
			_, err = partnerapi.Do[struct{}](t.Context(), client, partnerapi.Call{API: test.api, Op: "GET /a"}, test.opts...)
			if test.why == "" {
				require.NoError(t, err)
				return
			}
			assertRefused(t, err, "CallOption", "WithCredential: "+test.why)
			assert.NotContains(t, err.Error(), "SECRET")
		})
	}
	search := newTestClient(t, nothingSent(t), sources(unasked{t}, everyCredential...)...).Accounts.Search
	_, err := search(t.Context(), "a@b.example", given(partnerapi.NetworkToken, "SECRET"))
	assertRefused(t, err, "CallOption", "WithCredential: the call does not use the network token")
}

// A client still needs the credential that the call does not have.
func TestWithCredentialButNotAll(t *testing.T) {
	t.Parallel()
	client, err := partnerapi.NewClient(through(nothingSent(t)))
	require.NoError(t, err)
	_, err = client.Accounts.Search(t.Context(), "a@b.example", partnerapi.WithCredential(partnerapi.AccountKey, "own"))
	require.EqualError(t, err, "account: GET /account/search: not sent: no credential; the client has no organization key")
}

// A call does not take the result of a refresh with another key. It starts no refresh of its own beside that one, because the
// API may accept a refresh token only once.
func TestRefreshIsNotSharedBetweenCredentials(t *testing.T) {
	t.Parallel()
	own := []partnerapi.CallOption{partnerapi.WithCredential(partnerapi.AccountKey, "own")}
	tests := map[string]struct {
		first, second []partnerapi.CallOption
		validKeys     []string
		firstFails    bool
		secondFails   bool
		sent          []string
	}{
		"the key of the first is invalid": {
			own, nil, []string{testAccountKey}, true, false,
			[]string{"/refresh R0 own", "/account  " + testAccountKey, "/refresh R0 " + testAccountKey},
		},
		"the client's key is invalid": {
			nil, own, []string{"own"}, true, false, []string{"/refresh R0 " + testAccountKey, "/account  own", "/refresh R0 own"},
		},
		"the key of the second is invalid": {
			nil, own, []string{testAccountKey}, false, true, []string{"/refresh R0 " + testAccountKey, "/account  own", "/account  " + testAccountKey},
		},
		"both keys are valid": {
			nil, own, []string{testAccountKey, "own"}, false, false,
			[]string{"/refresh R0 " + testAccountKey, "/account  own", "/account  " + testAccountKey},
		},
		"the same key": {own, own, nil, true, true, []string{"/refresh R0 own"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var mu sync.Mutex
				var sent []string
				client := newTestClient(t, roundTripFunc(func(req *http.Request) (*http.Response, error) {
					time.Sleep(time.Second)
					var in map[string]string
					if req.Body != nil {
						_ = json.NewDecoder(req.Body).Decode(&in)
					}
					key := req.URL.Query().Get("key")
					mu.Lock()
					sent = append(sent, strings.TrimPrefix(req.URL.Path, "/api/v1")+" "+in["refresh_token"]+" "+key)
					mu.Unlock()
					switch {
					case !slices.Contains(test.validKeys, key):
						return reply(200, `{"status":"error","messages":["Please use a valid API Key."]}`), nil
					case req.Method == http.MethodPost:
						return reply(200, `{"status":"ok","access":{"access_token":"A1","refresh_token":"R1"}}`), nil
					default:
						return reply(200, oneCustomer), nil
					}
				}))
				session := tokenSession(t, oldTokens())
				var calls sync.WaitGroup
				for call, fails := range map[*[]partnerapi.CallOption]bool{&test.first: test.firstFails, &test.second: test.secondFails} {
					calls.Go(func() {
						if call == &test.second {
							time.Sleep(time.Millisecond) // it comes second
						}
						_, err := client.Accounts.Get(t.Context(), session, *call...)
						if !fails {
							assert.NoError(t, err)
							return
						}
						assert.ErrorIs(t, err, partnerapi.ErrUnauthorized)
					})
				}
				calls.Wait()
				slices.Sort(sent[1:]) // calls after the first refresh may be concurrent
				assert.Equal(t, test.sent, sent)
			})
		})
	}
}

// A call stops waiting for a refresh with another key when its context is done, and OnRefresh can make a call with any key.
func TestWaitForARefreshOfAnotherCredential(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		api := &issuer{}
		client, session := newTestClient(t, api), tokenSession(t, oldTokens())
		own := partnerapi.WithCredential(partnerapi.AccountKey, "own")
		session.OnRefresh(func(ctx context.Context, _ partnerapi.Tokens) error {
			time.Sleep(time.Second)
			_, err := client.Accounts.Benefits(ctx, session, own)
			return err
		})
		api.calls = []roundTripFunc{always(200, `{"status":"ok","benefits":[]}`)}
		var calls sync.WaitGroup
		calls.Go(func() { assert.NoError(t, getWith(t, client, session)) })
		synctest.Wait()
		ctx, cancel := context.WithTimeoutCause(t.Context(), time.Millisecond, io.EOF)
		defer cancel()
		_, err := client.Accounts.Get(ctx, session, own)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.ErrorIs(t, err, io.EOF, "the cause of the context")
		calls.Wait()
		assert.Equal(t, []string{"POST /refresh R0", "GET /account/benefits Bearer A1", "GET /account Bearer A1"}, api.sent)
	})
}
