package partnerapi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/partnerapi/partnerapi-go/internal/dialgate"
	"github.com/partnerapi/partnerapi-go/internal/errno"
	"github.com/partnerapi/partnerapi-go/internal/jsonwire"
	"github.com/partnerapi/partnerapi-go/internal/sealed"
)

// Only causes that are known to be harmless are printed.
func TestDescribe(t *testing.T) {
	t.Parallel()
	const leaky = "https://a.example/p?key=SECRET"
	dial := &net.OpError{Op: "dial", Net: "tcp", Addr: &net.TCPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 443}, Err: errno.ConnectionRefused}
	tests := map[string]struct {
		cause error
		want  string
	}{
		"deadline":            {context.DeadlineExceeded, "context deadline exceeded"},
		"deadline with a URL": {fmt.Errorf("GET %s: %w", leaky, context.DeadlineExceeded), "context deadline exceeded"},
		"too large":           {ErrResponseTooLarge, "response too large"},
		"a kind":              {fmt.Errorf("%s: %w", leaky, ErrNoCredential), "no credential"},
		"an Error":            {fmt.Errorf("%s: %w", leaky, &Error{API: NetworkAPI, Op: "GET /app/session", StatusCode: 401, Attempts: 1, Messages: []string{"Bad key."}, kinds: []error{ErrUnauthorized}}), "network: GET /app/session: 401 Unauthorized: Bad key."},
		"a reason":            {reason("no redirect"), "no redirect"},
		"dial":                {fmt.Errorf("GET %s: %w", leaky, dial), "dial tcp 192.0.2.1:443: connection refused"},
		"a date":              {fmt.Errorf("json: %w", errNotADate), "not a date of the form YYYY-MM-DD"},
		"foreign":             {foreign{leaky}, "error of type partnerapi.foreign (see errors.Unwrap)"},
		"foreign, by pointer": {&foreign{leaky}, "error of type *partnerapi.foreign (see errors.Unwrap)"},
		"foreign text":        {foreignText(leaky), "error of type partnerapi.foreignText (see errors.Unwrap)"},
		"several":             {errors.Join(dial, foreign{leaky}, context.Canceled), "dial tcp 192.0.2.1:443: connection refused; error of type partnerapi.foreign (see errors.Unwrap); context canceled"},
		"an unread field":     {&jsonwire.FieldError{Field: "a", Err: &json.SyntaxError{}}, "field a: " + jsonwire.ErrNotJSON.Error()},
		"a time":              {&jsonwire.FieldError{Field: "a", Err: &time.ParseError{Value: leaky}}, "field a: " + jsonwire.ErrNotTime.Error()},
		"a proxy's refusal":   {fmt.Errorf("%s: %w", leaky, dialgate.ProxyRefusal(403)), "the proxy responded to CONNECT with 403 Forbidden"},
		"an argument":         {fmt.Errorf("%s: %w", leaky, &ArgumentError{Op: "GET /a", Name: "pk", Reason: "empty"}), "GET /a: pk: empty"},
		"blamed":              {blame("the limiter refused", foreign{leaky}), "the limiter refused; error of type partnerapi.foreign (see errors.Unwrap)"},
		"blamed and joined":   {errors.Join(io.EOF, blame("a", errors.Join(io.EOF, context.Canceled))), "EOF; a; EOF; context canceled"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			assert.Equal(t, test.want, describe(test.cause))
			for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
				assert.Equal(t, test.want, fmt.Sprintf(verb, hide(test.cause)), verb)
			}
			assert.Equal(t, strconv.Quote(test.want), fmt.Sprintf("%q", hide(test.cause)))
		})
	}
}

// The context of a sign-in holds its credential, and a hook or a handler of slog can print it.
func TestContextOfASignInContainsNoSecret(t *testing.T) {
	t.Parallel()
	var seen []any
	source := SignIn(SignInCredentials{AppKey: "app-key", Username: "u", Password: "p"},
		WithHTTPClient(&http.Client{Transport: always(200, `{"jwt":"a.b.c","auth":true}`)}),
		WithAttemptHook(func(ctx context.Context, _ Attempt) { seen = append(seen, ctx.Value(tokenKey{})) }))
	_, err := source.Token(t.Context())
	require.NoError(t, err)
	require.Len(t, seen, 2)
	for _, carried := range seen {
		box, isSealed := carried.(sealed.Box[*string])
		require.True(t, isSealed, "%T", carried)
		assert.Equal(t, "a.b.c", *box.Get())
	}
}
