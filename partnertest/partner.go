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
	// ours: the current revision also cancels by a pk in the body, because the vendor promises to keep old URLs
	{api: partnerapi.PartnerAPI, op: "DELETE /partners/subscriptions", do: (*Fake).cancelLegacySubscription},
	// ours: the landing page of a signup is `/partner/welcome`, and requires no login
	{api: partnerapi.PartnerAPI, op: "GET /welcome", do: welcome, check: everybody},
}

// The vendor's messages.
const (
	partnerBadToken        = "Please provide a valid token"
	partnerBadPK           = "Please provide a valid pk"
	partnerDuplicate       = "Partner PK has already been added"
	partnerDuplicateLegacy = "Partner pk has already been invited"
	partnerBlankEmail      = "Email is blank"
	partnerBlankPlan       = "Plan is blank"                         // ours: a new subscription with a missing, empty or null plan: `Plan is blank`
	partnerBadPlan         = "Please provide a valid plan"           // ours: an unknown plan, or an update without one: `Please provide a valid plan`
	partnerBadBirthday     = "Please provide a valid child_birthday" // ours: a signup with an invalid birthday: `Please provide a valid child_birthday`
	partnerBadBody         = "Please provide a valid body"           // ours: a body that is not JSON in UTF-8: `Please provide a valid body`
	// ours: a body of another type than application/json is a 415: `Please send application/json`; another API of the vendor has
	// the same status
	partnerBadType = "Please send application/json"
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
	return partnerFailed(http.StatusNotFound, "invalid_params", partnerBadPK)
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
	// ours: an unknown path is a 404 with an HTML page
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
		return partnerInvalid(partnerBadPK) // ours: a signup without a pk: `Please provide a valid pk`, as for an update
	case isBlank(parent.Email):
		return partnerInvalid(partnerBlankEmail) // ours: a signup with a blank e-mail: `Email is blank`, as for a subscription
	case badBirthday != nil:
		return partnerInvalid(partnerBadBirthday)
	}
	// ours: a second signup with the same pk changes nothing; the vendor promises only that there is no second account
	if !f.signups.has(parent.PK) {
		f.signups.put(parent.PK, parent) // ours: a signup is not a subscription: its pk can be subscribed, and cannot be updated
	}
	return reply{status: http.StatusFound, header: http.Header{"Location": {"/partner/welcome"}}}
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
	duplicate := partnerDuplicate
	if f.legacy {
		duplicate, body.Plan = partnerDuplicateLegacy, "" // ours: the revision before plans ignores a plan
	}
	// ours: of several problems of a new subscription the first is named: pk, e-mail, known pk, plan
	switch {
	case body.PK == "":
		return partnerInvalid(partnerBadPK) // ours: a new subscription without a pk: `Please provide a valid pk`, as for an update
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
	s.Plan = body.Plan
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
	f.subscriptions.remove(pk) // ours: a cancelled pk can be subscribed again
	return inJSON(http.StatusOK, partnerDone)
}

func isPlan(p partnerapi.Plan) bool {
	return p == partnerapi.PlanBark || p == partnerapi.PlanBarkJunior
}

func isBlank(s string) bool { return strings.TrimSpace(s) == "" }
