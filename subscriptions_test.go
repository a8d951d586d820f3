package partnerapi

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func createSubscription(ctx context.Context, c *Client) (any, error) {
	return nil, c.Subscriptions.Create(ctx, CreateSubscriptionRequest{PK: "MS2365", Email: "newuser@partner.com", Plan: PlanBark})
}

func updateSubscription(ctx context.Context, c *Client) (any, error) {
	return nil, c.Subscriptions.Update(ctx, "MS2365", UpdateSubscriptionRequest{Plan: PlanBarkJunior})
}

func cancelSubscription(ctx context.Context, c *Client) (any, error) {
	return nil, c.Subscriptions.Cancel(ctx, "MS2365")
}

func cancelLegacySubscription(ctx context.Context, c *Client) (any, error) {
	return nil, c.Subscriptions.CancelLegacy(ctx, "MS2365")
}

var subscriptionReplies = func() map[string]replyTest {
	says := func(message string) []string { return []string{message} }
	const badToken, badPK = "Please provide a valid token", "Please provide a valid pk"
	tests := map[string]replyTest{
		"post-partners-subscriptions.ok":        {status: 201, call: createSubscription},
		"post-partners-subscriptions.ok-legacy": {status: 201, call: createSubscription},
		"post-partners-subscriptions.duplicate": {
			status: 400, call: createSubscription, kinds: []error{ErrInvalid, ErrAlreadyExists},
			says: says("Partner PK has already been added"), what: "invalid_params",
		},
		"post-partners-subscriptions.duplicate-legacy": {
			status: 400, call: createSubscription, kinds: []error{ErrInvalid, ErrAlreadyExists},
			says: says("Partner pk has already been invited"), what: "invalid_params",
		},
		"post-partners-subscriptions.email-blank": {
			status: 400, call: createSubscription, kinds: []error{ErrInvalid}, says: says("Email is blank"), what: "invalid_params",
		},
		"post-partners-subscriptions.email-blank-legacy": {
			status: 400, call: createSubscription, kinds: []error{ErrInvalid}, says: says("Email is blank"), what: "invalid_params",
		},
		"post-partners-subscriptions.invalid-token": {
			status: 401, call: createSubscription, kinds: []error{ErrUnauthorized}, says: says(badToken), what: "invalid_token",
		},
		"post-partners-subscriptions.invalid-token-legacy": {
			status: 401, call: createSubscription, kinds: []error{ErrUnauthorized}, says: says(badToken), what: "invalid_token",
		},
	}
	for operation, call := range map[string]func(context.Context, *Client) (any, error){
		"put-partners-subscriptions-pk":    updateSubscription,
		"delete-partners-subscriptions-pk": cancelSubscription,
		"delete-partners-subscriptions":    cancelLegacySubscription,
	} {
		tests[operation+".ok"] = replyTest{status: 200, call: call}
		tests[operation+".invalid-token"] = replyTest{
			status: 401, call: call, kinds: []error{ErrUnauthorized}, says: says(badToken), what: "invalid_token",
		}
		tests[operation+".invalid-pk"] = replyTest{
			status: 400, call: call, kinds: []error{ErrInvalid}, says: says(badPK), what: "invalid_params",
		}
		tests[operation+".not-found"] = replyTest{
			status: 404, call: call, kinds: []error{ErrNotFound}, says: says(badPK), what: "invalid_params",
		}
	}
	return tests
}()

var subscriptionRequests = map[string]requestTest{
	"post-partners-subscriptions.request": func(ctx context.Context, c *Client) error {
		return c.Subscriptions.Create(ctx, CreateSubscriptionRequest{PK: "MS2365", Email: "newuser@partner.com", Plan: PlanBark})
	},
	"post-partners-subscriptions.request-legacy": func(ctx context.Context, c *Client) error {
		return c.Subscriptions.Create(ctx, CreateSubscriptionRequest{PK: "MS2365", Email: "newuser@partner.com"})
	},
	"put-partners-subscriptions-pk.request": func(ctx context.Context, c *Client) error {
		return c.Subscriptions.Update(ctx, "MS2365", UpdateSubscriptionRequest{Plan: PlanBarkJunior})
	},
	"delete-partners-subscriptions.request": func(ctx context.Context, c *Client) error {
		return c.Subscriptions.CancelLegacy(ctx, "MS2365")
	},
}

func TestSubscriptionReplies(t *testing.T) {
	t.Parallel()
	runReplies(t, subscriptionReplies)
}

func TestSubscriptionRequests(t *testing.T) {
	t.Parallel()
	runRequests(t, subscriptionRequests)
}

func TestSubscriptionSuccessIsSaid(t *testing.T) {
	t.Parallel()
	for _, body := range []string{
		``, ` `, `null`, `{}`, `[]`, `true`, `{"success":null}`, `{"success":"true"}`, `{"success":2}`, `{"success":true}{}`,
		`{"success":true`, `<html></html>`, `{"ok":true}`,
	} {
		for _, status := range []int{200, 201, 204} {
			client := newTestClient(t, newTranscript(answerWith(status, body)))
			for _, call := range []func(context.Context, *Client) (any, error){
				createSubscription, updateSubscription, cancelSubscription, cancelLegacySubscription,
			} {
				_, err := call(t.Context(), client)
				assertKinds(t, err, ErrBadResponse)
			}
		}
	}
}

func TestSubscriptionFailureOnStatus200(t *testing.T) {
	t.Parallel()
	client := newTestClient(t, newTranscript(answerWith(200, `{"success":false,"error":"Email is blank","error_type":"invalid_params"}`)))
	_, err := createSubscription(t.Context(), client)
	assertKinds(t, err, ErrInvalid)
	assert.EqualError(t, err, "partner: POST /partners/subscriptions: 200 OK: Email is blank")
}

func TestUpdateSubscriptionThatSetsNothing(t *testing.T) {
	t.Parallel()
	log := newTranscript(teapot)
	err := newTestClient(t, log).Subscriptions.Update(t.Context(), "MS2365", UpdateSubscriptionRequest{})
	assertRefused(t, err, "Plan", "an update that sets nothing")
	assert.Empty(t, log.asked)
}

// A pk that no path can hold, or none, is refused where it would do harm.
func TestSubscriptionPKs(t *testing.T) {
	t.Parallel()
	const dots = `"." and ".." cannot be sent in a path`
	log := newTranscript(teapot)
	subscriptions := newTestClient(t, log).Subscriptions
	for pk, why := range map[string]string{"": "empty", ".": dots, "..": dots, "\xff": "not valid UTF-8"} {
		assertRefused(t, subscriptions.Update(t.Context(), pk, UpdateSubscriptionRequest{Plan: PlanBark}), "pk", why)
		assertRefused(t, subscriptions.Cancel(t.Context(), pk), "pk", why)
	}
	for _, pk := range []string{".", ".."} {
		assertRefused(t, subscriptions.Create(t.Context(), CreateSubscriptionRequest{PK: pk}), "PK", dots)
		_, err := subscriptions.Ensure(t.Context(), CreateSubscriptionRequest{PK: pk, Plan: PlanBark})
		assertRefused(t, err, "PK", dots)
	}
	assertRefused(t, subscriptions.CancelLegacy(t.Context(), ""), "pk", "empty")
	assert.Empty(t, log.asked)
}

func TestSubscriptionPlansPassThrough(t *testing.T) {
	t.Parallel()
	log := newTranscript(answerWith(200, `{"success":true}`))
	require.NoError(t, newTestClient(t, log).Subscriptions.Update(t.Context(), "MS2365", UpdateSubscriptionRequest{Plan: "bark_premium"}))
	assert.JSONEq(t, `{"plan":"bark_premium"}`, log.bodies[0])
}

func TestCreateSubscriptionLeavesValidationToTheAPI(t *testing.T) {
	t.Parallel()
	log := newTranscript(answerWith(400, `{"success":false,"error":"Email is blank","error_type":"invalid_params"}`))
	err := newTestClient(t, log).Subscriptions.Create(t.Context(), CreateSubscriptionRequest{})
	assertKinds(t, err, ErrInvalid)
	assert.Equal(t, []string{`{}`}, log.bodies)
}

func TestCreateSubscriptionKeepsEmailAsItIs(t *testing.T) {
	t.Parallel()
	log := newTranscript(answerWith(201, `{"success":true}`))
	err := newTestClient(t, log).Subscriptions.Create(t.Context(), CreateSubscriptionRequest{PK: "ü/1", Email: "a+b&c@exämple.com"})
	require.NoError(t, err)
	var sent map[string]string
	require.NoError(t, json.Unmarshal([]byte(log.bodies[0]), &sent))
	assert.Equal(t, map[string]string{"pk": "ü/1", "email": "a+b&c@exämple.com"}, sent)
}

func TestEnsure(t *testing.T) {
	t.Parallel()
	var (
		ok        = answerWith(200, `{"success":true}`)
		created   = answerWith(201, `{"success":true}`)
		duplicate = answerWith(400, `{"success":false,"error":"Partner PK has already been added","error_type":"invalid_params"}`)
		legacy    = answerWith(400, `{"success":false,"error":"Partner pk has already been invited","error_type":"invalid_params"}`)
		blank     = answerWith(400, `{"success":false,"error":"Email is blank","error_type":"invalid_params"}`)
		gone      = answerWith(404, `{"success":false,"error":"Please provide a valid pk","error_type":"invalid_params"}`)
		badToken  = answerWith(401, `{"success":false,"error":"Please provide a valid token","error_type":"invalid_token"}`)
		down      = answerWith(503, `down`)
	)
	const (
		post = "POST /api/v1/partners/subscriptions"
		put  = "PUT /api/v1/partners/subscriptions/MS2365"
	)
	tests := map[string]struct {
		plan    Plan
		answers []canned
		asked   []string
		created bool
		kinds   []error
	}{
		"created":                  {PlanBark, []canned{created}, []string{post}, true, nil},
		"created without a plan":   {"", []canned{created}, []string{post}, true, nil},
		"exists":                   {PlanBark, []canned{duplicate, ok}, []string{post, put}, false, nil},
		"exists, in the old words": {PlanBark, []canned{legacy, ok}, []string{post, put}, false, nil},
		"exists, no plan to set":   {"", []canned{duplicate}, []string{post}, false, nil},
		"unknown, then exists":     {PlanBark, []canned{down, duplicate, ok}, []string{post, post, put}, false, nil},
		"unknown, then no plan":    {"", []canned{down, duplicate}, []string{post, post}, false, nil},
		"unknown, then created":    {PlanBark, []canned{down, created}, []string{post, post}, true, nil},
		"refused":                  {PlanBark, []canned{blank}, []string{post}, false, []error{ErrInvalid}},
		"bad token":                {PlanBark, []canned{badToken}, []string{post}, false, []error{ErrUnauthorized}},
		"gone before its plan":     {PlanBark, []canned{duplicate, gone}, []string{post, put}, false, []error{ErrNotFound}},
		"down":                     {PlanBark, []canned{down}, []string{post, post, post, post}, false, []error{ErrServer, ErrOutcomeUnknown}},
		"down when it sets the plan": {
			PlanBark, []canned{duplicate, down}, []string{post, put, put, put, put}, false,
			[]error{ErrServer, ErrOutcomeUnknown},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				log := newTranscript(test.answers...)
				got, err := newTestClient(t, log).Subscriptions.Ensure(t.Context(), CreateSubscriptionRequest{
					PK: "MS2365", Email: "newuser@partner.com", Plan: test.plan,
				})
				assert.Equal(t, test.created, got)
				assert.Equal(t, test.asked, log.asked)
				if test.kinds == nil {
					require.NoError(t, err)
				} else {
					assertKinds(t, err, test.kinds...)
				}
				for i, asked := range log.asked {
					if asked == put {
						assert.JSONEq(t, `{"plan":"bark"}`, log.bodies[i], "the e-mail is never changed")
					}
				}
			})
		})
	}
}

func TestEnsureWithoutAnswer(t *testing.T) {
	t.Parallel()
	reset := errors.New("connection reset")
	client := newTestClient(t, roundTripFunc(func(*http.Request) (*http.Response, error) { return nil, reset }))
	created, err := client.Subscriptions.Ensure(t.Context(), CreateSubscriptionRequest{PK: "MS2365"}, WithoutRetry())
	assert.False(t, created)
	assertKinds(t, err, ErrOutcomeUnknown)
	assert.ErrorIs(t, err, reset)
}

func TestEnsurePassesOptionsToBothCalls(t *testing.T) {
	t.Parallel()
	log := newTranscript(answerWith(400, `{"success":false,"error":"Partner PK has already been added"}`), answerWith(200, `{"success":true}`))
	var last Response
	_, err := newTestClient(t, log).Subscriptions.Ensure(t.Context(), CreateSubscriptionRequest{PK: "MS2365", Plan: PlanBark},
		WithHeader("X-Trace", "7"), WithResponseInto(&last))
	require.NoError(t, err)
	for _, header := range log.headers {
		assert.Equal(t, "7", header.Get("X-Trace"))
	}
	assert.Len(t, log.headers, 2)
	assert.Equal(t, 200, last.StatusCode, "the response is the last call's")
}

// Status and type come first: a message decides only whether the pk exists.
func TestPartnerKindsByStatusAndType(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		status int
		body   string
		kinds  []error
	}{
		"500, a token":           {500, `{"success":false,"error_type":"invalid_token"}`, []error{ErrServer, ErrOutcomeUnknown}},
		"429, a token":           {429, `{"success":false,"error_type":"invalid_token"}`, []error{ErrRateLimited}},
		"400, a token":           {400, `{"success":false,"error_type":"invalid_token"}`, []error{ErrUnauthorized}},
		"400, another's message": {400, `{"success":false,"error":"Not Found","error_type":"invalid_params"}`, []error{ErrInvalid}},
		"400, no type":           {400, `{"success":false,"error":"Please use a valid API Key."}`, []error{ErrInvalid}},
		"200, params":            {200, `{"success":false,"error":"Not Found","error_type":"invalid_params"}`, []error{ErrInvalid}},
		"200, params, duplicate": {200, `{"success":false,"error":"Partner PK has already been added","error_type":"invalid_params"}`, []error{ErrInvalid, ErrAlreadyExists}},
		"200, nothing":           {200, `{"success":false}`, []error{ErrInvalid}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client := newTestClient(t, newTranscript(answerWith(test.status, test.body)))
			err := client.Subscriptions.Cancel(t.Context(), "1", WithoutRetry())
			assertKinds(t, err, test.kinds...)
		})
	}
}

// A credential that the API repeats is not repeated here.
func TestCredentialInAMessageIsTakenOut(t *testing.T) {
	t.Parallel()
	client := newTestClient(t, newTranscript(answerWith(401, `{"success":false,"error":"Bad token `+testPartnerToken+`!","error_type":"invalid_token"}`)))
	err := client.Subscriptions.Cancel(t.Context(), "1")
	require.EqualError(t, err, "partner: DELETE /partners/subscriptions/{pk}: 401 Unauthorized: Bad token [redacted]!")
	var failed *Error
	require.ErrorAs(t, err, &failed)
	assert.Equal(t, []string{"Bad token [redacted]!"}, failed.Messages)
}
