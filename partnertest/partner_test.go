package partnertest_test

import (
	"net/http"
	"net/url"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/partnerapi/partnerapi-go"
	"github.com/partnerapi/partnerapi-go/partnertest"
)

func TestSubscriptionsAsDocumented(t *testing.T) {
	t.Parallel()
	const all = "/partner/partners/subscriptions"
	badPlan := `{"success":false,"error":"Please provide a valid plan","error_type":"invalid_params"}`
	blankPlan := `{"success":false,"error":"Plan is blank","error_type":"invalid_params"}`
	run(t, partnertest.New(), []step{
		{"create", "POST " + all, fixture(t, "post-partners-subscriptions.request.json"), nil, 201, "@post-partners-subscriptions.ok.json"},
		{"again", "POST " + all, fixture(t, "post-partners-subscriptions.request.json"), nil, 400, "@post-partners-subscriptions.duplicate.json"},
		{"blank e-mail", "POST " + all, `{"pk":"a","email":" ","plan":"bark"}`, nil, 400, "@post-partners-subscriptions.email-blank.json"},
		{"no pk", "POST " + all, `{"email":"a@example.com","plan":"bark"}`, nil, 400, "@put-partners-subscriptions-pk.invalid-pk.json"},
		{"unknown plan", "POST " + all, `{"pk":"a","email":"a@example.com","plan":"gold"}`, nil, 400, badPlan},
		{"no body", "POST " + all, "", nil, 400, "@put-partners-subscriptions-pk.invalid-pk.json"},
		{"not JSON", "POST " + all, "pk=a", nil, 400, `{"success":false,"error":"Please provide a valid body","error_type":"invalid_params"}`},

		{"update", "PUT " + all + "/MS2365", fixture(t, "put-partners-subscriptions-pk.request.json"), nil, 200, "@put-partners-subscriptions-pk.ok.json"},
		{"update to an unknown plan", "PUT " + all + "/MS2365", `{"plan":"gold"}`, nil, 400, badPlan},
		{"update without a plan", "PUT " + all + "/MS2365", "", nil, 400, badPlan},
		{"update of an unknown pk", "PUT " + all + "/nobody", `{"plan":"bark"}`, nil, 404, "@put-partners-subscriptions-pk.not-found.json"},
		{"update of a blank pk", "PUT " + all + "/", `{"plan":"bark"}`, nil, 400, "@put-partners-subscriptions-pk.invalid-pk.json"},

		{"cancel an unknown pk", "DELETE " + all + "/nobody", "", nil, 404, "@delete-partners-subscriptions-pk.not-found.json"},
		{"cancel a blank pk", "DELETE " + all + "/", "", nil, 400, "@delete-partners-subscriptions-pk.invalid-pk.json"},
		{"cancel", "DELETE " + all + "/MS2365", "", nil, 200, "@delete-partners-subscriptions-pk.ok.json"},
		{"cancel again", "DELETE " + all + "/MS2365", "", nil, 404, "@delete-partners-subscriptions-pk.not-found.json"},

		{"create without a plan", "POST " + all, fixture(t, "post-partners-subscriptions.request-legacy.json"), nil, 400, blankPlan},
		{"create with an empty plan", "POST " + all, `{"pk":"a","email":"a@example.com","plan":""}`, nil, 400, blankPlan},
		{"create with a plan that is null", "POST " + all, `{"pk":"a","email":"a@example.com","plan":null}`, nil, 400, blankPlan},
		{"create once more", "POST " + all, fixture(t, "post-partners-subscriptions.request.json"), nil, 201, "@post-partners-subscriptions.ok.json"},
		{"cancel by body", "DELETE " + all, fixture(t, "delete-partners-subscriptions.request.json"), nil, 200, "@delete-partners-subscriptions.ok.json"},
		{"cancel by body again", "DELETE " + all, fixture(t, "delete-partners-subscriptions.request.json"), nil, 404, "@delete-partners-subscriptions.not-found.json"},
		{"cancel by body without a pk", "DELETE " + all, `{}`, nil, 400, "@delete-partners-subscriptions.invalid-pk.json"},
	})
}

func TestLegacySubscriptionsAsDocumented(t *testing.T) {
	t.Parallel()
	const all = "/partner/partners/subscriptions"
	f := partnertest.New(partnertest.WithLegacySubscriptions())
	request := fixture(t, "post-partners-subscriptions.request-legacy.json")
	none := http.Header{"X-Token-Auth": nil}
	run(t, f, []step{
		{"no token", "POST " + all, request, none, 401, "@post-partners-subscriptions.invalid-token-legacy.json"},
		{"blank e-mail", "POST " + all, `{"pk":"a"}`, nil, 400, "@post-partners-subscriptions.email-blank-legacy.json"},
		{"create", "POST " + all, request, nil, 201, "@post-partners-subscriptions.ok-legacy.json"},
		{"again", "POST " + all, request, nil, 400, "@post-partners-subscriptions.duplicate-legacy.json"},
		{"again, with a plan", "POST " + all, `{"pk":"MS2365","email":"a@example.com","plan":"bark"}`, nil, 400, "@post-partners-subscriptions.duplicate-legacy.json"},
		{"a plan is ignored", "POST " + all, `{"pk":"a","email":"a@example.com","plan":"gold"}`, nil, 201, "@post-partners-subscriptions.ok-legacy.json"},

		{"no token", "DELETE " + all, `{"pk":"MS2365"}`, none, 401, "@delete-partners-subscriptions.invalid-token.json"},
		{"cancel", "DELETE " + all, fixture(t, "delete-partners-subscriptions.request.json"), nil, 200, "@delete-partners-subscriptions.ok.json"},
		{"cancel again", "DELETE " + all, fixture(t, "delete-partners-subscriptions.request.json"), nil, 404, "@delete-partners-subscriptions.not-found.json"},
		{"cancel without a pk", "DELETE " + all, `{}`, nil, 400, "@delete-partners-subscriptions.invalid-pk.json"},
		{"cancel without a body", "DELETE " + all, "", nil, 400, "@delete-partners-subscriptions.invalid-pk.json"},
	})
	assert.Equal(t, []partnertest.Subscription{{PK: "a", Email: "a@example.com"}}, f.Subscriptions())
	for _, target := range []string{"PUT " + all + "/a", "DELETE " + all + "/a"} {
		got := step{target: target, body: `{"plan":"bark"}`}.send(t, f)
		assert.Equal(t, 404, got.status, target)
		assert.Contains(t, got.body, "<h1>Not found</h1>", target)
	}
}

func TestLegacySubscriptionsOfAClient(t *testing.T) {
	t.Parallel()
	f := partnertest.New(partnertest.WithLegacySubscriptions())
	subscriptions, ctx := f.Client().Subscriptions, t.Context()
	in := partnerapi.CreateSubscriptionRequest{PK: "MS2365", Email: "newuser@partner.com"}
	require.NoError(t, subscriptions.Create(ctx, in))
	require.ErrorIs(t, subscriptions.Create(ctx, in), partnerapi.ErrAlreadyExists)
	created, err := subscriptions.Ensure(ctx, in)
	require.NoError(t, err)
	assert.False(t, created)
	require.NoError(t, subscriptions.CancelLegacy(ctx, in.PK))
	require.ErrorIs(t, subscriptions.CancelLegacy(ctx, in.PK), partnerapi.ErrNotFound)
}

// encoding/json replaces every invalid byte with the same rune, so two different keys would become equal.
func TestPartnerBodiesAreUTF8(t *testing.T) {
	t.Parallel()
	f := partnertest.New()
	invalid := `{"success":false,"error":"Please provide a valid body","error_type":"invalid_params"}`
	run(t, f, []step{
		{"not UTF-8", "POST /partner/partners/subscriptions", "{\"pk\":\"a\xff\",\"email\":\"a@example.com\",\"plan\":\"bark\"}", nil, 400, invalid},
		{"a rune cut in two", "POST /partner/partners/subscriptions", "{\"pk\":\"\xe2\x82\",\"email\":\"a@example.com\",\"plan\":\"bark\"}", nil, 400, invalid},
		{"not UTF-8", "DELETE /partner/partners/subscriptions", "{\"pk\":\"a\xff\"}", nil, 400, invalid},
		{"U+FFFD", "POST /partner/partners/subscriptions", "{\"pk\":\"a\uFFFD\",\"email\":\"a@example.com\",\"plan\":\"bark\"}", nil, 201, `{"success":true}`},
	})
	_, known := f.Subscription("a\uFFFD")
	assert.True(t, known)
}

func TestPartnerBodiesAreJSON(t *testing.T) {
	t.Parallel()
	f := partnertest.New()
	f.SeedSubscription(partnertest.Subscription{PK: "a", Email: "a@example.com", Plan: partnerapi.PlanBark})
	for _, kind := range []string{"text/plain", "application/x-www-form-urlencoded", ""} {
		header := http.Header{"Content-Type": {kind}}
		want := `{"success":false,"error":"Please send application/json","error_type":"invalid_params"}`
		run(t, f, []step{
			{kind, "POST /partner/partners/subscriptions", `{"pk":"b","email":"b@example.com"}`, header, 415, want},
			{kind, "PUT /partner/partners/subscriptions/a", `{"plan":"bark_junior"}`, header, 415, want},
			{kind, "DELETE /partner/partners/subscriptions", `{"pk":"a"}`, header, 415, want},
		})
	}
	assert.Equal(t, []partnertest.Subscription{{PK: "a", Email: "a@example.com", Plan: partnerapi.PlanBark}}, f.Subscriptions())
}

func TestPartnerToken(t *testing.T) {
	t.Parallel()
	const target = "GET /partner/partners/signup?pk=a&email=a%40example.com"
	none := http.Header{"X-Token-Auth": nil}
	f := partnertest.New()
	for _, op := range []string{
		target, "POST /partner/partners/subscriptions", "PUT /partner/partners/subscriptions/a",
		"DELETE /partner/partners/subscriptions/a", "DELETE /partner/partners/subscriptions",
	} {
		run(t, f, []step{
			{"no token", op, "", none, 401, "@get-partners-signup.invalid-token.json"},
			{"wrong token", op, "", http.Header{"X-Token-Auth": {"wrong"}}, 401, "@get-partners-signup.invalid-token.json"},
		})
	}
	run(t, f, []step{
		{"wrong token in the query", target + "&token=wrong", "", none, 401, "@get-partners-signup.invalid-token.json"},
		{"token in the query", target + "&token=" + partnertest.PartnerToken, "", none, 302, ""},
	})
}

func TestSignup(t *testing.T) {
	t.Parallel()
	f := partnertest.New()
	const link = "GET /partner/partners/signup"
	bad := func(message string) string {
		return `{"success":false,"error":"` + message + `","error_type":"invalid_params"}`
	}
	run(t, f, []step{
		{"no pk", link + "?email=a%40example.com", "", nil, 400, bad("Please provide a valid pk")},
		{"no e-mail", link + "?pk=a", "", nil, 400, bad("Email is blank")},
		{"no day", link + "?pk=a&email=a%40example.com&child_birthday=2014-02-30", "", nil, 400, bad("Please provide a valid child_birthday")},
	})
	assert.Empty(t, f.Signups())

	resp := step{target: link + "?pk=b&email=b%2B1%40example.com&child_birthday=2014-02-28&child_name=Kim&child_email=kim%40example.com"}.send(t, f)
	assert.Equal(t, 302, resp.status)
	assert.Equal(t, "/partner/welcome", resp.header.Get("Location"))
	run(t, f, []step{
		{"another", link + "?pk=a&email=a%40example.com", "", nil, 302, ""},
		{"again", link + "?pk=a&email=other%40example.com", "", nil, 302, ""},
	})
	assert.Equal(t, []partnerapi.SignupRequest{
		{PK: "a", Email: "a@example.com"},
		{PK: "b", Email: "b+1@example.com", ChildBirthday: birthdate(2014, 2, 28), ChildName: "Kim", ChildEmail: "kim@example.com"},
	}, f.Signups())
	assert.Empty(t, f.Subscriptions(), "a signup is not a subscription")
	run(t, f, []step{{"a signed-up parent can subscribe", "POST /partner/partners/subscriptions", `{"pk":"a","email":"a@example.com","plan":"bark"}`, nil, 201, `{"success":true}`}})
}

func TestSignupLeadsToAPageThatNeedsNoToken(t *testing.T) {
	t.Parallel()
	f := partnertest.NewServer(t)
	ctx := t.Context()
	to, err := f.Client().Signup.Resolve(ctx, partnerapi.SignupRequest{PK: "a", Email: "a@example.com"})
	require.NoError(t, err)
	assert.Equal(t, f.URL+"/partner/welcome", to.String())
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, to.String(), nil)
	require.NoError(t, err)
	resp, err := new(http.Transport).RoundTrip(req)
	require.NoError(t, err)
	assert.Equal(t, 200, resp.StatusCode)
	assert.Equal(t, "text/html; charset=utf-8", resp.Header.Get("Content-Type"))
	assert.Equal(t, "no-referrer", resp.Header.Get("Referrer-Policy"))
	assert.Equal(t, "default-src 'none'; img-src data:; style-src 'unsafe-inline'", resp.Header.Get("Content-Security-Policy"))
	body := bodyOf(t, resp)
	assert.Contains(t, body, "<title>Welcome</title>")
	assert.Contains(t, body, "<h1>Welcome</h1>")
}

func TestKeysAreUnchanged(t *testing.T) {
	t.Parallel()
	for _, served := range []bool{false, true} {
		f := partnertest.New()
		if served {
			f = partnertest.NewServer(t)
		}
		client, ctx := f.Client(), t.Context()
		for _, pk := range []string{"a/b", "ü", "a b", "a%2Fb", "?", "#", "a+b", "%", "..a", "//", "{pk}", "a&b=c", `"`, "日本", "\x00", " "} {
			require.NoError(t, client.Subscriptions.Create(ctx, partnerapi.CreateSubscriptionRequest{PK: pk, Email: "a@example.com", Plan: partnerapi.PlanBark}))
			require.NoError(t, client.Subscriptions.Update(ctx, pk, partnerapi.UpdateSubscriptionRequest{Plan: partnerapi.PlanBarkJunior}), "%q", pk)
			got, ok := f.Subscription(pk)
			assert.True(t, ok)
			assert.Equal(t, partnertest.Subscription{PK: pk, Email: "a@example.com", Plan: partnerapi.PlanBarkJunior}, got)
			calls := f.Calls()
			assert.Equal(t, "/partners/subscriptions/"+url.PathEscape(pk), calls[len(calls)-1].Path)
			require.NoError(t, client.Subscriptions.Cancel(ctx, pk), "%q", pk)
			assert.Empty(t, f.Subscriptions())
		}
	}
}
