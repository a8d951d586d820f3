package partnerapi

import (
	"errors"
	"fmt"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The operation in a request's context contains no secret, in whatever form it is printed.
func TestOperationHoldsNoSecret(t *testing.T) {
	t.Parallel()
	known := make(map[string]bool)
	for _, o := range operations {
		known[o.op] = true
	}
	for name, call := range canaryCalls(canarySession(t, "https://services.sparkart.net")) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			opts, told := watched(t)
			requests := 0
			client := newTestClient(t, roundTripFunc(func(req *http.Request) (*http.Response, error) {
				requests++
				_, op := Operation(req.Context())
				assert.True(t, known[op], "%q is no operation", op)
				held := req.Context().Value(operationKey{})
				for form, text := range formsOf(held, true) {
					assertNoCanary(t, text, form)
				}
				for _, verb := range verbs {
					assertNoCanary(t, fmt.Sprintf(verb, req.Context()), verb+" of a context")
				}
				return nil, errors.New("no answer")
			}), append(opts, WithRetry(RetryPolicy{MaxAttempts: 1}))...)
			require.Error(t, call(t.Context(), client))
			assert.Positive(t, requests)
			assertNoCanary(t, told(), "the log")
		})
	}
}
