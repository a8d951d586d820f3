package partnertest

import (
	"cmp"
	_ "embed" // the landing page
	"mime"
	"net/http"
	"strings"

	"github.com/partnerapi/partnerapi-go"
)

var partnerOperations = []operation{
	{api: partnerapi.PartnerAPI, op: "GET /partners/signup", do: (*Fake).signUp},
	{api: partnerapi.PartnerAPI, op: "POST /partners/subscriptions", do: (*Fake).createSubscription},
	{api: partnerapi.PartnerAPI, op: "PUT /partners/subscriptions/{pk}", do: (*Fake).updateSubscription, when: hasPlans},
	{api: partnerapi.PartnerAPI, op: "DELETE /partners/subscriptions/{pk}", do: (*Fake).cancelSubscription, when: hasPlans},
	// ours P16: in both revisions
	{api: partnerapi.PartnerAPI, op: "DELETE /partners/subscriptions", do: (*Fake).cancelLegacySubscription},
	// ours P18
	{api: partnerapi.PartnerAPI, op: "GET /welcome", do: welcome, check: everybody},
}

// The vendor's messages.
const (
	partnerBadToken        = "Please provide a valid token"
	partnerBadPK           = "Please provide a valid pk"
	partnerDuplicate       = "Partner PK has already been added"
	partnerDuplicateLegacy = "Partner pk has already been invited"
	partnerBlankEmail      = "Email is blank"
	partnerBlankPlan       = "Plan is blank"                         // ours P19
	partnerBadPlan         = "Please provide a valid plan"           // ours P20
	partnerBadBirthday     = "Please provide a valid child_birthday" // ours P21
	partnerBadBody         = "Please provide a valid body"           // ours P22
	partnerBadType         = "Please send application/json"          // ours P11
)

// WithLegacySubscriptions makes the fake serve subscriptions as in the vendor's revision before plans: a subscription
// has no plan, the message for a known pk differs, and [partnerapi.SubscriptionsService.CancelLegacy] cancels. That
// revision has no operations for [partnerapi.SubscriptionsService.Update] and [partnerapi.SubscriptionsService.Cancel].
func WithLegacySubscriptions() Option {
	return func(f *Fake) { f.legacy = true }
}

func hasPlans(f *Fake, _ *request) bool { return !f.legacy }

var partnerDone = map[string]bool{"success": true}

func partnerFailed(status int, kind, message string) reply {
	return inJSON(status, struct {
		Success bool   `json:"success"`
		Error   string `json:"error"`
		Type    string `json:"error_type"`
	}{false, message, kind})
}

func partnerInvalid(message string) reply {
	return partnerFailed(http.StatusBadRequest, "invalid_params", message)
}

func partnerUnknownPK() reply {
	return partnerFailed(http.StatusNotFound, "invalid_params", partnerBadPK) // ours P09
}

func checkPartnerToken(_ *Fake, in *request) *reply {
	if cmp.Or(in.Header.Get("X-Token-Auth"), in.URL.Query().Get("token")) == PartnerToken {
		return nil
	}
	refused := partnerFailed(http.StatusUnauthorized, "invalid_token", partnerBadToken)
	return &refused
}

func everybody(*Fake, *request) *reply { return nil }

func partnerNoRoute(*request) reply {
	// ours P23
	return reply{http.StatusNotFound, htmlHeader(), []byte("<!DOCTYPE html>\n<title>Not found</title>\n<h1>Not found</h1>\n")}
}

func htmlHeader() http.Header {
	return http.Header{"Content-Type": {"text/html; charset=utf-8"}, "Referrer-Policy": {"no-referrer"}}
}

func (f *Fake) signUp(in *request) reply {
	q := in.URL.Query()
	value := func(name string) string { return strings.Clone(q.Get(name)) } // a substring would keep the whole query in memory
	parent := partnerapi.SignupRequest{
		PK: value("pk"), Email: value("email"), ChildName: value("child_name"), ChildEmail: value("child_email"),
	}
	var badBirthday error
	if birthday := q.Get("child_birthday"); birthday != "" {
		parent.ChildBirthday, badBirthday = partnerapi.ParseDate(birthday)
	}
	switch {
	case parent.PK == "":
		return partnerInvalid(partnerBadPK) // ours P24
	case isBlank(parent.Email):
		return partnerInvalid(partnerBlankEmail) // ours P25
	case badBirthday != nil:
		return partnerInvalid(partnerBadBirthday)
	}
	// ours P26: a second signup with the same pk changes nothing
	if !f.signups.has(parent.PK) {
		f.signups.put(parent.PK, parent) // ours P27: it is not a subscription
	}
	return reply{status: http.StatusFound, header: http.Header{"Location": {"/partner/welcome"}}} // ours P03
}

//go:embed welcome.html
var welcomePage []byte

func welcome(*Fake, *request) reply {
	header := htmlHeader()
	header.Set("Content-Security-Policy", "default-src 'none'; img-src data:; style-src 'unsafe-inline'")
	return reply{http.StatusOK, header, welcomePage}
}

type subscriptionBody struct {
	PK    string          `json:"pk"`
	Email string          `json:"email"`
	Plan  partnerapi.Plan `json:"plan"`
}

// readSubscription returns the body of a request, or the response to an invalid one.
func readSubscription(in *request) (subscriptionBody, *reply) {
	if kind, _, _ := mime.ParseMediaType(in.Header.Get("Content-Type")); hasBody(in) && kind != "application/json" {
		refused := partnerFailed(http.StatusUnsupportedMediaType, "invalid_params", partnerBadType)
		return subscriptionBody{}, &refused
	}
	body, ok := read[subscriptionBody](in)
	if !ok && hasBody(in) {
		refused := partnerInvalid(partnerBadBody)
		return subscriptionBody{}, &refused
	}
	return body, nil
}

func (f *Fake) createSubscription(in *request) reply {
	body, refused := readSubscription(in)
	if refused != nil {
		return *refused
	}
	duplicate := partnerDuplicate // ours P05: each revision has its own message
	if f.legacy {
		duplicate, body.Plan = partnerDuplicateLegacy, "" // ours P28
	}
	// ours P29: the first problem is named
	switch {
	case body.PK == "":
		return partnerInvalid(partnerBadPK) // ours P30
	case isBlank(body.Email):
		return partnerInvalid(partnerBlankEmail)
	case f.subscriptions.has(body.PK):
		return partnerInvalid(duplicate)
	case body.Plan == "" && !f.legacy:
		return partnerInvalid(partnerBlankPlan)
	case body.Plan != "" && !isPlan(body.Plan):
		return partnerInvalid(partnerBadPlan)
	}
	f.subscriptions.put(body.PK, Subscription(body))
	return inJSON(http.StatusCreated, partnerDone)
}

func (f *Fake) updateSubscription(in *request) reply {
	body, refused := readSubscription(in)
	if refused != nil {
		return *refused
	}
	pk := in.PathValue("pk")
	s, known := f.subscriptions.get(pk)
	switch {
	case pk == "":
		return partnerInvalid(partnerBadPK)
	case !known:
		return partnerUnknownPK()
	case !isPlan(body.Plan):
		return partnerInvalid(partnerBadPlan)
	}
	s.Plan = body.Plan // ours P08: also the plan that it has
	f.subscriptions.put(pk, s)
	return inJSON(http.StatusOK, partnerDone)
}

func (f *Fake) cancelSubscription(in *request) reply {
	return f.cancel(in.PathValue("pk"))
}

func (f *Fake) cancelLegacySubscription(in *request) reply {
	body, refused := readSubscription(in)
	if refused != nil {
		return *refused
	}
	return f.cancel(body.PK)
}

func (f *Fake) cancel(pk string) reply {
	if pk == "" {
		return partnerInvalid(partnerBadPK)
	}
	if !f.subscriptions.has(pk) {
		return partnerUnknownPK()
	}
	f.subscriptions.remove(pk) // ours P31: it can be subscribed again
	return inJSON(http.StatusOK, partnerDone)
}

func isPlan(p partnerapi.Plan) bool {
	return p == partnerapi.PlanBark || p == partnerapi.PlanBarkJunior
}

func isBlank(s string) bool { return strings.TrimSpace(s) == "" }
