package acceptance

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/partnerapi/partnerapi-go"
)

func createSubscription(ctx context.Context, c *partnerapi.Client) (any, error) {
	return nil, c.Subscriptions.Create(ctx, partnerapi.CreateSubscriptionRequest{PK: "MS2365", Email: "newuser@partner.com", Plan: partnerapi.PlanBark})
}

func updateSubscription(ctx context.Context, c *partnerapi.Client) (any, error) {
	return nil, c.Subscriptions.Update(ctx, "MS2365", partnerapi.UpdateSubscriptionRequest{Plan: partnerapi.PlanBarkJunior})
}

func cancelSubscription(ctx context.Context, c *partnerapi.Client) (any, error) {
	return nil, c.Subscriptions.Cancel(ctx, "MS2365")
}

func cancelLegacySubscription(ctx context.Context, c *partnerapi.Client) (any, error) {
	return nil, c.Subscriptions.CancelLegacy(ctx, "MS2365")
}

var subscriptionReplies = func() map[string]replyTest {
	says := func(message string) []string { return []string{message} }
	const badToken, badPK = "Please provide a valid token", "Please provide a valid pk"
	tests := map[string]replyTest{
		"post-partners-subscriptions.ok":        {status: 201, call: createSubscription},
		"post-partners-subscriptions.ok-legacy": {status: 201, call: createSubscription},
		"post-partners-subscriptions.duplicate": {
			status: 400, call: createSubscription, kinds: []error{partnerapi.ErrInvalid, partnerapi.ErrAlreadyExists},
			says: says("Partner PK has already been added"), what: "invalid_params",
		},
		"post-partners-subscriptions.duplicate-legacy": {
			status: 400, call: createSubscription, kinds: []error{partnerapi.ErrInvalid, partnerapi.ErrAlreadyExists},
			says: says("Partner pk has already been invited"), what: "invalid_params",
		},
		"post-partners-subscriptions.email-blank": {
			status: 400, call: createSubscription, kinds: []error{partnerapi.ErrInvalid}, says: says("Email is blank"), what: "invalid_params",
		},
		"post-partners-subscriptions.email-blank-legacy": {
			status: 400, call: createSubscription, kinds: []error{partnerapi.ErrInvalid}, says: says("Email is blank"), what: "invalid_params",
		},
		"post-partners-subscriptions.invalid-token": {
			status: 401, call: createSubscription, kinds: []error{partnerapi.ErrUnauthorized}, says: says(badToken), what: "invalid_token",
		},
		"post-partners-subscriptions.invalid-token-legacy": {
			status: 401, call: createSubscription, kinds: []error{partnerapi.ErrUnauthorized}, says: says(badToken), what: "invalid_token",
		},
	}
	for operation, call := range map[string]func(context.Context, *partnerapi.Client) (any, error){
		"put-partners-subscriptions-pk":    updateSubscription,
		"delete-partners-subscriptions-pk": cancelSubscription,
		"delete-partners-subscriptions":    cancelLegacySubscription,
	} {
		tests[operation+".ok"] = replyTest{status: 200, call: call}
		tests[operation+".invalid-token"] = replyTest{
			status: 401, call: call, kinds: []error{partnerapi.ErrUnauthorized}, says: says(badToken), what: "invalid_token",
		}
		tests[operation+".invalid-pk"] = replyTest{
			status: 400, call: call, kinds: []error{partnerapi.ErrInvalid}, says: says(badPK), what: "invalid_params",
		}
		tests[operation+".not-found"] = replyTest{
			status: 404, call: call, kinds: []error{partnerapi.ErrNotFound}, says: says(badPK), what: "invalid_params",
		}
	}
	return tests
}()

var subscriptionRequests = map[string]requestTest{
	"post-partners-subscriptions.request": func(ctx context.Context, c *partnerapi.Client) error {
		return c.Subscriptions.Create(ctx, partnerapi.CreateSubscriptionRequest{PK: "MS2365", Email: "newuser@partner.com", Plan: partnerapi.PlanBark})
	},
	"post-partners-subscriptions.request-legacy": func(ctx context.Context, c *partnerapi.Client) error {
		return c.Subscriptions.Create(ctx, partnerapi.CreateSubscriptionRequest{PK: "MS2365", Email: "newuser@partner.com"})
	},
	"put-partners-subscriptions-pk.request": func(ctx context.Context, c *partnerapi.Client) error {
		return c.Subscriptions.Update(ctx, "MS2365", partnerapi.UpdateSubscriptionRequest{Plan: partnerapi.PlanBarkJunior})
	},
	"delete-partners-subscriptions.request": func(ctx context.Context, c *partnerapi.Client) error {
		return c.Subscriptions.CancelLegacy(ctx, "MS2365")
	},
}

func TestSubscriptionSuccessIsExplicit(t *testing.T) {
	t.Parallel()
	for _, body := range []string{
		``, ` `, `null`, `{}`, `[]`, `true`, `{"success":null}`, `{"success":"true"}`, `{"success":2}`, `{"success":true}{}`,
		`{"success":true`, `<html></html>`, `{"ok":true}`,
	} {
		for _, status := range []int{200, 201, 204} {
			client := newTestClient(t, newTranscript(always(status, body)))
			for _, call := range []func(context.Context, *partnerapi.Client) (any, error){
				createSubscription, updateSubscription, cancelSubscription, cancelLegacySubscription,
			} {
				_, err := call(t.Context(), client)
				assertKinds(t, err, partnerapi.ErrBadResponse)
			}
		}
	}
}

func TestSubscriptionFailureOnStatus200(t *testing.T) {
	t.Parallel()
	client := newTestClient(t, newTranscript(always(200, `{"success":false,"error":"Email is blank","error_type":"invalid_params"}`)))
	_, err := createSubscription(t.Context(), client)
	assertKinds(t, err, partnerapi.ErrInvalid)
}

func TestEmptySubscriptionUpdateIsRefused(t *testing.T) {
	t.Parallel()
	log := newTranscript(teapot)
	err := newTestClient(t, log).Subscriptions.Update(t.Context(), "MS2365", partnerapi.UpdateSubscriptionRequest{})
	assertRefused(t, err, "Plan", "empty")
	assert.Empty(t, log.requests)
}

// An empty pk, or one that a path cannot contain, is refused.
func TestSubscriptionPKs(t *testing.T) {
	t.Parallel()
	const dots = `"." and ".." are invalid in a path`
	log := newTranscript(teapot)
	subscriptions := newTestClient(t, log).Subscriptions
	for pk, why := range map[string]string{"": "empty", ".": dots, "..": dots, "\xff": "not valid UTF-8"} {
		assertRefused(t, subscriptions.Update(t.Context(), pk, partnerapi.UpdateSubscriptionRequest{Plan: partnerapi.PlanBark}), "pk", why)
		assertRefused(t, subscriptions.Cancel(t.Context(), pk), "pk", why)
	}
	for _, pk := range []string{".", ".."} {
		assertRefused(t, subscriptions.Create(t.Context(), partnerapi.CreateSubscriptionRequest{PK: pk}), "PK", dots)
		_, err := subscriptions.Ensure(t.Context(), partnerapi.CreateSubscriptionRequest{PK: pk, Plan: partnerapi.PlanBark})
		assertRefused(t, err, "PK", dots)
	}
	assertRefused(t, subscriptions.CancelLegacy(t.Context(), ""), "pk", "empty")
	assert.Empty(t, log.requests)
}

func TestSubscriptionPlansPassThrough(t *testing.T) {
	t.Parallel()
	log := newTranscript(always(200, `{"success":true}`))
	require.NoError(t, newTestClient(t, log).Subscriptions.Update(t.Context(), "MS2365", partnerapi.UpdateSubscriptionRequest{Plan: "bark_premium"}))
	assert.JSONEq(t, `{"plan":"bark_premium"}`, log.bodies[0])
}

func TestCreateSubscriptionLeavesValidationToTheAPI(t *testing.T) {
	t.Parallel()
	log := newTranscript(always(400, `{"success":false,"error":"Email is blank","error_type":"invalid_params"}`))
	err := newTestClient(t, log).Subscriptions.Create(t.Context(), partnerapi.CreateSubscriptionRequest{})
	assertKinds(t, err, partnerapi.ErrInvalid)
	assert.Equal(t, []string{`{}`}, log.bodies)
}

func TestCreateSubscriptionKeepsEmailAsItIs(t *testing.T) {
	t.Parallel()
	log := newTranscript(always(201, `{"success":true}`))
	err := newTestClient(t, log).Subscriptions.Create(t.Context(), partnerapi.CreateSubscriptionRequest{PK: "ü/1", Email: "a+b&c@exämple.com"})
	require.NoError(t, err)
	var sent map[string]string
	require.NoError(t, json.Unmarshal([]byte(log.bodies[0]), &sent))
	assert.Equal(t, map[string]string{"pk": "ü/1", "email": "a+b&c@exämple.com"}, sent)
}

func TestEnsure(t *testing.T) {
	t.Parallel()
	var (
		ok        = always(200, `{"success":true}`)
		created   = always(201, `{"success":true}`)
		duplicate = always(400, `{"success":false,"error":"Partner PK has already been added","error_type":"invalid_params"}`)
		legacy    = always(400, `{"success":false,"error":"Partner pk has already been invited","error_type":"invalid_params"}`)
		blank     = always(400, `{"success":false,"error":"Email is blank","error_type":"invalid_params"}`)
		gone      = always(404, `{"success":false,"error":"Please provide a valid pk","error_type":"invalid_params"}`)
		badToken  = always(401, `{"success":false,"error":"Please provide a valid token","error_type":"invalid_token"}`)
		down      = always(503, `down`)
	)
	const (
		post = "POST /api/v1/partners/subscriptions"
		put  = "PUT /api/v1/partners/subscriptions/MS2365"
	)
	tests := map[string]struct {
		plan      partnerapi.Plan
		responses []roundTripFunc
		requests  []string
		created   bool
		kinds     []error
	}{
		"created":                  {partnerapi.PlanBark, []roundTripFunc{created}, []string{post}, true, nil},
		"created without a plan":   {"", []roundTripFunc{created}, []string{post}, true, nil},
		"exists":                   {partnerapi.PlanBark, []roundTripFunc{duplicate, ok}, []string{post, put}, false, nil},
		"exists, in the old words": {partnerapi.PlanBark, []roundTripFunc{legacy, ok}, []string{post, put}, false, nil},
		"exists, no plan to set":   {"", []roundTripFunc{duplicate}, []string{post}, false, nil},
		"unknown, then exists":     {partnerapi.PlanBark, []roundTripFunc{down, duplicate, ok}, []string{post, post, put}, false, nil},
		"unknown, then no plan":    {"", []roundTripFunc{down, duplicate}, []string{post, post}, false, nil},
		"unknown, then created":    {partnerapi.PlanBark, []roundTripFunc{down, created}, []string{post, post}, true, nil},
		"refused":                  {partnerapi.PlanBark, []roundTripFunc{blank}, []string{post}, false, []error{partnerapi.ErrInvalid}},
		"bad token":                {partnerapi.PlanBark, []roundTripFunc{badToken}, []string{post}, false, []error{partnerapi.ErrUnauthorized}},
		"gone before its plan":     {partnerapi.PlanBark, []roundTripFunc{duplicate, gone}, []string{post, put}, false, []error{partnerapi.ErrNotFound}},
		"down":                     {partnerapi.PlanBark, []roundTripFunc{down}, []string{post, post, post, post}, false, []error{partnerapi.ErrServer, partnerapi.ErrOutcomeUnknown}},
		"down when it sets the plan": {
			partnerapi.PlanBark, []roundTripFunc{duplicate, down}, []string{post, put, put, put, put}, false,
			[]error{partnerapi.ErrServer, partnerapi.ErrOutcomeUnknown},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				log := newTranscript(test.responses...)
				got, err := newTestClient(t, log).Subscriptions.Ensure(t.Context(), partnerapi.CreateSubscriptionRequest{
					PK: "MS2365", Email: "newuser@partner.com", Plan: test.plan,
				})
				assert.Equal(t, test.created, got)
				assert.Equal(t, test.requests, log.requests)
				if test.kinds == nil {
					require.NoError(t, err)
				} else {
					assertKinds(t, err, test.kinds...)
				}
				for i, request := range log.requests {
					if request == put {
						assert.JSONEq(t, `{"plan":"bark"}`, log.bodies[i], "the e-mail is never changed")
					}
				}
			})
		})
	}
}

func TestEnsureWithoutResponse(t *testing.T) {
	t.Parallel()
	reset := errors.New("connection reset")
	client := newTestClient(t, roundTripFunc(func(*http.Request) (*http.Response, error) { return nil, reset }))
	created, err := client.Subscriptions.Ensure(t.Context(), partnerapi.CreateSubscriptionRequest{PK: "MS2365"}, partnerapi.WithoutRetry())
	assert.False(t, created)
	assertKinds(t, err, partnerapi.ErrOutcomeUnknown)
	assert.ErrorIs(t, err, reset)
}

func TestEnsurePassesOptionsToBothCalls(t *testing.T) {
	t.Parallel()
	log := newTranscript(always(400, `{"success":false,"error":"Partner PK has already been added"}`), always(200, `{"success":true}`))
	var last partnerapi.Response
	_, err := newTestClient(t, log).Subscriptions.Ensure(t.Context(), partnerapi.CreateSubscriptionRequest{PK: "MS2365", Plan: partnerapi.PlanBark},
		partnerapi.WithHeader("X-Trace", "7"), partnerapi.WithResponseInto(&last))
	require.NoError(t, err)
	for _, header := range log.headers {
		assert.Equal(t, "7", header.Get("X-Trace"))
	}
	assert.Len(t, log.headers, 2)
	assert.Equal(t, 200, last.StatusCode, "the response is the last call's")
}

// Status and type decide the kind; the message decides only whether the pk exists.
func TestPartnerKindsByStatusAndType(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		status int
		body   string
		kinds  []error
	}{
		"500, a token":           {500, `{"success":false,"error_type":"invalid_token"}`, []error{partnerapi.ErrServer, partnerapi.ErrOutcomeUnknown}},
		"429, a token":           {429, `{"success":false,"error_type":"invalid_token"}`, []error{partnerapi.ErrRateLimited}},
		"400, a token":           {400, `{"success":false,"error_type":"invalid_token"}`, []error{partnerapi.ErrUnauthorized}},
		"400, another's message": {400, `{"success":false,"error":"Not Found","error_type":"invalid_params"}`, []error{partnerapi.ErrInvalid}},
		"400, no type":           {400, `{"success":false,"error":"Please use a valid API Key."}`, []error{partnerapi.ErrInvalid}},
		"200, params":            {200, `{"success":false,"error":"Not Found","error_type":"invalid_params"}`, []error{partnerapi.ErrInvalid}},
		"200, params, duplicate": {200, `{"success":false,"error":"Partner PK has already been added","error_type":"invalid_params"}`, []error{partnerapi.ErrInvalid, partnerapi.ErrAlreadyExists}},
		"200, no message":        {200, `{"success":false}`, []error{partnerapi.ErrInvalid}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client := newTestClient(t, newTranscript(always(test.status, test.body)))
			err := client.Subscriptions.Cancel(t.Context(), "1", partnerapi.WithoutRetry())
			assertKinds(t, err, test.kinds...)
		})
	}
}

// A credential that the API echoes is redacted.
func TestCredentialInAMessageIsRedacted(t *testing.T) {
	t.Parallel()
	client := newTestClient(t, newTranscript(always(401, `{"success":false,"error":"Bad token `+testPartnerToken+`!","error_type":"invalid_token"}`)))
	err := client.Subscriptions.Cancel(t.Context(), "1")
	var failed *partnerapi.Error
	require.ErrorAs(t, err, &failed)
	assert.Equal(t, []string{"Bad token [redacted]!"}, failed.Messages)
}
