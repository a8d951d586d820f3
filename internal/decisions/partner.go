package decisions

// partner are the decisions about the partner API. The documents are those of the current revision and of the revision before
// plans.
var partner = []Decision{
	{
		ID: "P01", By: BySDK, How: ReadOnly,
		Question: "Does a signup accept the token in the header?",
		Documents: "A signup requires the query parameter `token`. A general section says that a token can be in the header " +
			"`X-Token-Auth` or in the query.",
		Decided: "`Signup.Resolve` and `Signup.Handler` send the token in the header only. A link for a browser carries it in " +
			"the query.",
		Matters: "`Signup.Resolve`, `Signup.Handler`, `Signup.URL`",
		Probe: "Request a signup with the token in the header, and with neither pk nor e-mail. A 401 means that the header " +
			"is not accepted. The same request with a wrong token must be a 401, so that the first result means something.",
	},
	{
		ID: "P02", By: BySDK, How: Irreversible,
		Question: "Does the redirect of a signup sign the parent in?",
		Documents: "The parent is authenticated and redirected. The documents do not say whether a cookie or the address signs " +
			"in.",
		Decided: "`Signup.Resolve` returns the address of the redirect as a secret, and does not promise that it signs in. A " +
			"cookie of that response does not reach the browser.",
		Matters: "`Signup.Resolve`, `Signup.Handler`",
		Probe:   "Sign a parent up. Look for a cookie in the response, and for a query in the address.",
	},
	{
		ID: "P03", By: ByBoth, How: Irreversible,
		Question:  "Which status does the redirect of a signup have?",
		Documents: "The endpoint redirects to the appropriate page. No status is given.",
		Decided:   "The SDK accepts every 3xx with an http or https address, absolute or relative. The fake responds with a 302.",
		Matters:   "`Signup.Resolve`, `Signup.Handler`",
		Probe:     "Sign a parent up, and look at the status and at the header `Location`.",
	},
	{
		ID: "P04", By: BySDK, How: Irreversible,
		Question:  "Does the address of the redirect contain the token?",
		Documents: Silent,
		Decided: "A redirect to an address that contains the token is `ErrBadResponse`, so that the token does not reach the " +
			"browser.",
		Matters: "`Signup.Resolve`, `Signup.Handler`",
		Probe:   "Sign a parent up, and look for the token in the header `Location`.",
	},
	{
		ID: "P05", By: ByBoth, How: Reversible,
		Question: "How does the API say that a pk is known?",
		Documents: "The current revision says `Partner PK has already been added`. The revision before plans says `Partner pk " +
			"has already been invited`. Both have the type `invalid_params`, as a blank e-mail has.",
		Decided: "Either message is `ErrAlreadyExists` and `ErrInvalid`, whichever revision serves the partner.",
		Matters: "`Subscriptions.Create`, `Subscriptions.Ensure`",
		Probe:   "Create a subscription twice. The second response must have one of the two messages. Cancel it.",
	},
	{
		ID: "P06", By: BySDK, How: Reversible,
		Question:  "Is it safe to retry a new subscription?",
		Documents: "The pk identifies the subscription, and a known pk is a failure.",
		Decided: "A create is retried if its outcome is unknown. If a retried create says that the pk is known, the error is " +
			"`ErrAlreadyExists` and `ErrOutcomeUnknown`.",
		Matters: "`Subscriptions.Create`, `Subscriptions.Ensure`",
		Probe: "Create a subscription twice with the same values. The second create must be a failure. Cancel it: one " +
			"cancellation must be enough.",
	},
	{
		ID: "P07", By: BySDK, How: Reversible,
		Question:  "Can a subscription have no plan?",
		Documents: "The current revision requires a plan. The revision before plans does not have the field.",
		Decided:   "The SDK leaves out an empty plan, and does not require one. The API decides.",
		Matters:   "`Subscriptions.Create`, `Subscriptions.Ensure`, `Subscriptions.Update`",
		Probe:     "Create a subscription without a plan. A success means the revision before plans; cancel it then.",
	},
	{
		ID: "P08", By: ByBoth, How: Reversible,
		Question:  "Can a subscription be moved to the plan that it has?",
		Documents: Silent,
		Decided:   "It is a success. `Subscriptions.Ensure` relies on it for a known pk.",
		Matters:   "`Subscriptions.Ensure`, `Subscriptions.Update`",
		Probe:     "Create a subscription, and update it to the same plan. Cancel it.",
	},
	{
		ID: "P09", By: ByBoth, How: ReadOnly,
		Question: "Is an unknown pk a 400 or a 404?",
		Documents: "Update and cancel document both statuses, with the same message `Please provide a valid pk` and the same " +
			"type. The documents do not say which pk gets which.",
		Decided: "The status decides: 404 is `ErrNotFound`, and 400 is `ErrInvalid`. In the fake an unknown pk is a 404, and " +
			"an empty one a 400.",
		Matters: "`Subscriptions.Update`, `Subscriptions.Cancel`, `Subscriptions.CancelLegacy`",
		Probe:   "Update and cancel a pk that was never used. Both must be a 404.",
	},
	{
		ID: "P10", By: BySDK, How: ReadOnly,
		Question: "Does the status or the body tell a failure?",
		Documents: "A failure has `success: false` and a status of 400, 401 or 404. A success has `success: true` and 200 or " +
			"201.",
		Decided: "`success: false` is a failure with any status. A 2xx without `success: true` is `ErrBadResponse` in the " +
			"methods of `Client.Subscriptions`. The status and `error_type` decide the kind, and the message what they leave " +
			"open.",
		Matters: "every operation of this API",
		Probe: "Update a pk that was never used, once with a wrong token. The failures must have the documented statuses and " +
			"members.",
	},
	{
		ID: "P11", By: ByBoth, How: ReadOnly,
		Question: "Which content type must a request have?",
		Documents: "The body should be JSON. A sibling of this API requires `application/json; charset=utf-8`, and responds to " +
			"others with a 415.",
		Decided: "The SDK sends `application/json; charset=utf-8`. The fake responds to another type than application/json " +
			"with a 415: `Please send application/json`.",
		Matters: "`Subscriptions.Create`, `Subscriptions.Update`, `Subscriptions.CancelLegacy`",
		Probe: "Update a pk that was never used, once with the content type of the SDK and once with `text/plain`. The " +
			"second must be a 415.",
	},
	{
		ID: "P12", By: BySDK, How: HowNone,
		Question:  "How many requests are allowed?",
		Documents: "Silent. A sibling of this API responds with a 429 to more than 10 requests in 2 seconds from one address.",
		Decided: "After a 429 without `Retry-After` the SDK waits at least 2 seconds. Without `WithRateLimiter` it does not " +
			"slow down by itself.",
		Matters: "retries of every operation of this API; the advice in docs/errors.md",
		Probe:   "A probe would have to exceed the limit, which would also refuse the partner's own requests.",
	},
	{
		ID: "P13", By: BySDK, How: HowNone,
		Question: "Is an e-mail in a JSON body URL-encoded?",
		Documents: "Beside the field `email` of a JSON body stands `be sure to URL encode special characters`, as beside that of " +
			"a link.",
		Decided: "The SDK encodes an e-mail in the link of a signup only. In a JSON body it is plain text.",
		Matters: "`Subscriptions.Create`, `Subscriptions.Ensure`",
		Probe: "No operation returns the e-mail. Only the owner of an address with a `+` can see whether the invitation " +
			"arrives.",
	},
	{
		ID: "P14", By: BySDK, How: Reversible,
		Question:  "Which characters can a pk have?",
		Documents: "The pk is the primary key of the user in the partner's data store. Its form is not limited.",
		Decided: "A pk is any text that is not empty. In a path it is escaped as one segment. An empty pk, `.` and `..` are " +
			"refused before anything is sent, because servers and proxies remove such segments.",
		Matters: "`Subscriptions.Update`, `Subscriptions.Cancel`, `Subscriptions.Create`, `Signup.URL`",
		Probe: "For pks with `/`, `%2F`, `?`, a space and `ü`: create a subscription, update it and cancel it. Each step " +
			"must be a success.",
	},
	{
		ID: "P15", By: BySDK, How: Reversible,
		Question:  "Does a cancellation by path have a body?",
		Documents: "The section says that the body should have the following format, and shows none.",
		Decided:   "None is sent.",
		Matters:   "`Subscriptions.Cancel`",
		Probe:     "Create a subscription, and cancel it without a body.",
	},
	{
		ID: "P16", By: ByBoth, How: Reversible,
		Question: "Does the current revision still cancel by a pk in the body?",
		Documents: "Only the revision before plans has `DELETE /partners/subscriptions`. The vendor promises to raise the " +
			"version and to support the old URLs if the API changes incompatibly. Both revisions are v1.",
		Decided: "`Subscriptions.CancelLegacy` makes this request. The fake serves it in both revisions.",
		Matters: "`Subscriptions.CancelLegacy`",
		Probe:   "Create a subscription, and cancel it by a pk in the body. If that fails, cancel it by path.",
	},
	{
		ID: "P17", By: BySDK, How: Irreversible,
		Question:  "Does a new subscription send an e-mail?",
		Documents: "The operation creates an invite for the contact. The documents do not say whether an e-mail is sent.",
		Decided: "The SDK's documentation says that the API makes an invitation for the e-mail, and promises neither an e-mail " +
			"nor its absence.",
		Matters: "`Subscriptions.Create`, `Subscriptions.Ensure`; the reversible probes, which use an address that reaches " +
			"nobody",
		Probe: "Create a subscription with an address of yours and look into the mailbox. Cancel it.",
	},

	{
		ID: "P18", By: ByFake, How: HowNone,
		Question:  "Where does a signup lead?",
		Documents: "To the appropriate page inside Bark.",
		Decided:   "To `/partner/welcome`, a page of the fake that requires no login.",
		Matters:   "tests that follow the redirect of `Signup.Handler`",
		Probe:     "The page of the fake stands for any page of the vendor.",
	},
	{
		ID: "P19", By: ByFake, How: Reversible,
		Question:  "What does the API say about a new subscription without a plan?",
		Documents: "The plan is required. No failure is shown.",
		Decided:   "A plan that is missing, empty or null is a 400: `Plan is blank`.",
		Matters:   "`Subscriptions.Create`, `Subscriptions.Ensure`",
		Probe:     "Create a subscription without a plan, and look at the message. If it is a success, cancel it.",
	},
	{
		ID: "P20", By: ByFake, How: Reversible,
		Question:  "What does the API say about an invalid plan?",
		Documents: "The plan is `bark` or `bark_junior`. No failure is shown.",
		Decided:   "An unknown plan, or an update without one, is a 400: `Please provide a valid plan`.",
		Matters:   "`Subscriptions.Create`, `Subscriptions.Update`, `Subscriptions.Ensure`",
		Probe:     "Create a subscription. Update it to an unknown plan and without a plan. Cancel it.",
	},
	{
		ID: "P21", By: ByFake, How: Irreversible,
		Question:  "What does the API say about an invalid birthday of a child?",
		Documents: "The birthday has the form YYYY-MM-DD. No failure is shown.",
		Decided:   "A signup with another form is a 400: `Please provide a valid child_birthday`.",
		Matters:   "`Signup.Resolve`, links by hand; the SDK cannot send an invalid date",
		Probe:     "Sign a parent up with the birthday `yesterday`. If the API ignores it, the parent is made.",
	},
	{
		ID: "P22", By: ByFake, How: ReadOnly,
		Question:  "What does the API say about a body that it cannot read?",
		Documents: Silent,
		Decided:   "A body that is not JSON in UTF-8 is a 400: `Please provide a valid body`.",
		Matters:   "clients in other languages; the SDK sends valid JSON",
		Probe:     "Send `{` as a new subscription.",
	},
	{
		ID: "P23", By: ByFake, How: ReadOnly,
		Question:  "How does the API respond to an unknown path?",
		Documents: Silent,
		Decided:   "With a 404 and an HTML page, without the members of a failure.",
		Matters:   "`partnerapi.Do`: a 404 in this form is `ErrBadResponse`, never `ErrNotFound`",
		Probe:     "Get a path that does not exist.",
	},
	{
		ID: "P24", By: ByFake, How: ReadOnly,
		Question:  "What does the API say about a signup without a pk?",
		Documents: "The pk is required. No failure is shown.",
		Decided: "It is a 400 with the message for an update: `Please provide a valid pk`. A missing e-mail is named only if " +
			"there is a pk.",
		Matters: "links by hand; the SDK refuses an empty pk",
		Probe:   "Request a signup with neither pk nor e-mail, so that nobody can be signed up.",
	},
	{
		ID: "P25", By: ByFake, How: Irreversible,
		Question:  "What does the API say about a signup without an e-mail?",
		Documents: "The e-mail is required. No failure of a signup is shown.",
		Decided:   "An e-mail that is missing or blank is a 400 with the message for a subscription: `Email is blank`.",
		Matters:   "links by hand; the SDK refuses an empty e-mail",
		Probe:     "Request a signup with a pk and without an e-mail. If the API accepts it, a parent is made.",
	},
	{
		ID: "P26", By: ByFake, How: HowNone,
		Question:  "What does a second signup with the same pk change?",
		Documents: "A signup can safely be repeated. It does not create a second account.",
		Decided:   "Nothing: the fake keeps the parent of the first one, other values of the second included.",
		Matters:   "`Fake.Signups` after several signups",
		Probe:     "No operation reads a parent.",
	},
	{
		ID: "P27", By: ByFake, How: Irreversible,
		Question:  "Is a signup a subscription?",
		Documents: "Both have a pk. The documents do not say whether they share it.",
		Decided:   "No. The pk of a signup can be subscribed, and cannot be updated or cancelled before.",
		Matters:   "`Subscriptions.Create`, `Subscriptions.Update`, `Subscriptions.Cancel` after a signup",
		Probe:     "Sign a parent up, and update the pk: it must be a 404. Create a subscription with the pk. Cancel it.",
	},
	{
		ID: "P28", By: ByFake, How: Reversible,
		Question:  "Does the revision before plans accept a plan?",
		Documents: "It does not have the field.",
		Decided:   "It ignores the field, unknown plans included.",
		Matters:   "`Subscriptions.Create`, `Subscriptions.Ensure` with `WithLegacySubscriptions`",
		Probe:     "Only where P07 finds the revision before plans: create a subscription with an unknown plan. Cancel it.",
	},
	{
		ID: "P29", By: ByFake, How: Reversible,
		Question:  "Which of several problems does the API name?",
		Documents: "Each documented failure of a new subscription has one message.",
		Decided:   "The first of these: the pk is missing, the e-mail is blank, the pk is known, the plan is missing or invalid.",
		Matters:   "messages of `Subscriptions.Create`",
		Probe: "Create a subscription. Create it again without a plan, and with a blank e-mail: neither can be accepted. " +
			"Look at the messages. Cancel it.",
	},
	{
		ID: "P30", By: ByFake, How: ReadOnly,
		Question:  "What does the API say about a new subscription without a pk?",
		Documents: "The pk is required. No failure is shown.",
		Decided:   "It is a 400 with the message for an update: `Please provide a valid pk`.",
		Matters:   "`Subscriptions.Create`",
		Probe: "Create a subscription with neither pk nor e-mail: a blank e-mail is documented as a failure, so nothing is " +
			"created.",
	},
	{
		ID: "P31", By: ByFake, How: Reversible,
		Question:  "Can a cancelled pk be subscribed again?",
		Documents: Silent,
		Decided:   "Yes.",
		Matters:   "`Subscriptions.Create`, `Subscriptions.Ensure`",
		Probe:     "Create a subscription, cancel it, create it again and cancel it again.",
	},
}
