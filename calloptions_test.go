package partnerapi

import (
	"context"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestWithHeader(t *testing.T) {
	t.Parallel()
	const agent = "partnerapi-go/" + Version
	tests := map[string]struct {
		opts []CallOption
		want http.Header
	}{
		"none":           {nil, http.Header{"Accept": {"application/json"}, "User-Agent": {agent}}},
		"one":            {[]CallOption{WithHeader("traceparent", "00-a-b-01")}, http.Header{"Accept": {"application/json"}, "User-Agent": {agent}, "Traceparent": {"00-a-b-01"}}},
		"twice the same": {[]CallOption{WithHeader("X-Tag", "a"), WithHeader("x-tag", "b")}, http.Header{"Accept": {"application/json"}, "User-Agent": {agent}, "X-Tag": {"a", "b"}}},
		"our defaults":   {[]CallOption{WithHeader("Accept", "text/csv"), WithHeader("User-Agent", "me")}, http.Header{"Accept": {"text/csv"}, "User-Agent": {"me"}}},
		"a tab, a byte":  {[]CallOption{WithHeader("X-Tag", "a\tb\xfc")}, http.Header{"Accept": {"application/json"}, "User-Agent": {agent}, "X-Tag": {"a\tb\xfc"}}},
		"nothing":        {[]CallOption{WithHeader("X-Tag", "")}, http.Header{"Accept": {"application/json"}, "User-Agent": {agent}, "X-Tag": {""}}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client := newTestClient(t, roundTripFunc(func(req *http.Request) (*http.Response, error) {
				delete(req.Header, "X-Token-Auth")
				assert.Equal(t, test.want, req.Header)
				return reply(200, `{"success":true}`), nil
			}))
			for range 2 { // an option is good for more than one call
				_, err := Do[none](t.Context(), client, Call{API: PartnerAPI, Op: "GET /a"}, test.opts...)
				require.NoError(t, err)
			}
		})
	}
}

// TRAPS: "a request with an Idempotency-Key header is replayed by the transport itself on a dead reused connection": it is
// not for callers to set, and neither is what the pipeline sets, under whatever spelling.
func TestTrapHeadersRefused(t *testing.T) {
	t.Parallel()
	for _, name := range []string{
		"Idempotency-Key", "X-Idempotency-Key", "idempotency-key", "Authorization", "AUTHORIZATION", "Proxy-Authorization",
		"X-Token-Auth", "x-token-auth", "Api-Key", "api-key", "Cookie", "Host", "Content-Type", "Content-Length",
		"Content-Encoding", "Transfer-Encoding", "Accept-Encoding", "Connection",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := Do[none](t.Context(), newTestClient(t, nothingSent(t)), Call{API: PartnerAPI, Op: "GET /a"}, WithHeader(name, "SECRET"))
			assertRefused(t, err, "CallOption", "WithHeader: "+http.CanonicalHeaderKey(name)+" is not for callers to set")
		})
	}
	for name, value := range map[string]string{
		"": "SECRET", "X Tag": "SECRET", "X-Tag:": "SECRET", "X-Täg": "SECRET", "X-Tag\n": "SECRET", "X-SECRET(": "a",
		"X-A": "SECRET\r\nHost: x", "X-B": "SECRET\x00", "X-C": "SECRET\x7f", "X-D": "\nSECRET",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := Do[none](t.Context(), newTestClient(t, nothingSent(t)), Call{API: PartnerAPI, Op: "GET /a"}, WithHeader(name, value))
			assertRefused(t, err, "CallOption", "WithHeader: not the name and value of a header")
			assert.NotContains(t, err.Error(), "SECRET")
		})
	}
}

func TestCallOptionsRefused(t *testing.T) {
	t.Parallel()
	client := newTestClient(t, nothingSent(t))
	_, err := Do[none](t.Context(), client, Call{API: PartnerAPI, Op: "GET /a"}, WithoutRetry(), nil)
	assertRefused(t, err, "CallOption", "nil")
	_, err = Do[none](t.Context(), client, Call{API: PartnerAPI, Op: "GET /a"}, WithResponseInto(nil))
	assertRefused(t, err, "CallOption", "WithResponseInto: nil")
}

func TestWithResponseInto(t *testing.T) {
	t.Parallel()
	slow := func(step roundTripFunc) roundTripFunc {
		return func(req *http.Request) (*http.Response, error) {
			time.Sleep(time.Second)
			return step(req)
		}
	}
	tests := map[string]struct {
		steps []roundTripFunc
		want  Response
		fails bool
	}{
		"success": {
			[]roundTripFunc{slow(always(201, `{"success":true}`, "X-Request-Id", "r-1", "Set-Cookie", "sid=SECRET", "set-cookie", "b=SECRET"))},
			Response{StatusCode: 201, Header: http.Header{"X-Request-Id": {"r-1"}}, Attempts: 1, Duration: time.Second}, false,
		},
		"failure": {
			[]roundTripFunc{slow(always(404, `{"success":false}`, "X-Request-Id", "r-1"))},
			Response{StatusCode: 404, Header: http.Header{"X-Request-Id": {"r-1"}}, Attempts: 1, Duration: time.Second}, true,
		},
		"waits are included": {
			[]roundTripFunc{slow(always(429, "", "Retry-After", "5")), slow(always(200, `{"success":true}`))},
			Response{StatusCode: 200, Header: http.Header{}, Attempts: 2, Duration: 7 * time.Second}, false,
		},
		"no answer": {
			[]roundTripFunc{slow(cut)}, Response{Attempts: 1, Duration: time.Second}, true,
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				got := Response{StatusCode: 1, Header: http.Header{"Old": {"x"}}, Attempts: 9, Duration: 9}
				client := newTestClient(t, turns(test.steps...))
				_, err := Do[none](t.Context(), client, Call{API: PartnerAPI, Op: "POST /a"}, WithResponseInto(&got))
				assert.Equal(t, test.fails, err != nil)
				assert.Equal(t, test.want, got)
			})
		})
	}
}

// "Unless nothing was sent": then it stays as it was.
func TestResponseIsLeftAloneIfNothingWasSent(t *testing.T) {
	t.Parallel()
	over, cancel := context.WithCancel(t.Context())
	cancel()
	want := Response{StatusCode: 1, Attempts: 9}
	got := want
	client := newTestClient(t, nothingSent(t))
	_, err := Do[none](over, client, Call{API: PartnerAPI, Op: "GET /a"}, WithResponseInto(&got))
	require.Error(t, err)
	assert.Equal(t, want, got)
	_, err = Do[none](t.Context(), client, Call{API: PartnerAPI, Op: "GET /{a}", Args: []string{""}}, WithResponseInto(&got))
	require.Error(t, err)
	assert.Equal(t, want, got)
}

// What the caller does to the header of a Response changes nothing of the call's, nor of another call's.
func TestResponseHeaderIsACopy(t *testing.T) {
	t.Parallel()
	shared := http.Header{"X-A": {"1"}, "Set-Cookie": {"sid=1"}}
	client := newTestClient(t, roundTripFunc(func(*http.Request) (*http.Response, error) {
		answer := reply(200, `{"success":true}`)
		answer.Header = shared
		return answer, nil
	}))
	var response Response
	_, err := Do[none](t.Context(), client, Call{API: PartnerAPI, Op: "GET /a"}, WithResponseInto(&response))
	require.NoError(t, err)
	response.Header.Set("X-A", "2")
	assert.Equal(t, http.Header{"X-A": {"1"}, "Set-Cookie": {"sid=1"}}, shared)
}
