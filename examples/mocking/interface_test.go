package main

import (
	"context"
	"errors"
	"iter"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/partnerapi/partnerapi-go"
)

// With an interface, no code of the SDK runs: the test sets the results of its methods. That is enough if only the
// result matters, as in a handler that maps errors to a status.

// stub is an API without pending invitations. Create returns err.
type stub struct{ err error }

func (s stub) Create(context.Context, partnerapi.CreateInvitationRequest, ...partnerapi.CallOption) (*partnerapi.Invitation, error) {
	return &partnerapi.Invitation{}, s.err
}

func (stub) All(context.Context, partnerapi.ListOptions, ...partnerapi.CallOption) iter.Seq2[partnerapi.Invitation, error] {
	return func(func(partnerapi.Invitation, error) bool) {}
}

func TestHandlerMapsErrorsToStatus(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		err    error
		status int
		body   string
	}{
		"sent":             {nil, http.StatusCreated, "sent\n"},
		"refused":          {&partnerapi.Error{StatusCode: 400}, http.StatusBadRequest, "invalid e-mail\n"},
		"not sendable":     {&partnerapi.ArgumentError{}, http.StatusBadRequest, "invalid e-mail\n"},
		"a bad credential": {&partnerapi.Error{StatusCode: 401}, http.StatusBadGateway, "the invitation failed\n"},
		"too many":         {&partnerapi.Error{StatusCode: 429}, http.StatusServiceUnavailable, "try again later\n"},
		"an outage":        {&partnerapi.Error{StatusCode: 500}, http.StatusServiceUnavailable, "try again later\n"},
		"outcome unknown":  {partnerapi.ErrOutcomeUnknown, http.StatusServiceUnavailable, "try again later\n"},
		"no credential":    {errors.Join(partnerapi.ErrNoCredential, &partnerapi.ArgumentError{}), http.StatusBadGateway, "the invitation failed\n"},
		"a proxy's page":   {errors.Join(&partnerapi.Error{StatusCode: 400}, partnerapi.ErrBadResponse), http.StatusBadGateway, "the invitation failed\n"},
		"anything else":    {errors.New("secret"), http.StatusServiceUnavailable, "try again later\n"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			form := strings.NewReader(url.Values{"email": {"shop@example.com"}}.Encode())
			r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/invitations", form)
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			w := httptest.NewRecorder()

			(&inviter{api: stub{test.err}}).ServeHTTP(w, r)

			assert.Equal(t, test.status, w.Code)
			assert.Equal(t, test.body, w.Body.String())
		})
	}
}
