package decisions

// unprovable is why no probe looks for a form of a response that is read besides the documented one.
const unprovable = "One response in this form proves that it comes. No number of other responses proves that it does not. " +
	"A probe that meets it reports it."

// shared are the decisions about all three APIs.
var shared = []Decision{
	{
		ID: "S01", By: BySDK, How: HowNone,
		Question:  "Can bytes stand before the JSON?",
		Documents: Silent,
		Decided:   "A UTF-8 byte order mark is skipped.",
		Matters:   "every operation",
		Probe:     unprovable,
	},
	{
		ID: "S02", By: BySDK, How: HowNone,
		Question:  "Can a value have another spelling than the documented one?",
		Documents: "Examples show each value once.",
		Decided: "A spelling that can mean only one thing is read: a number in quotes, `26.0` for an integer, 0 and 1 for a " +
			"boolean, `false` for an empty text, an empty text for no number or no date, `0000-00-00` for no date, and times " +
			"with a space in place of the T or an offset without a colon. A date alone is midnight UTC. Everything else of " +
			"another type is `ErrBadResponse`.",
		Matters: "every record",
		Probe:   unprovable,
	},
	{
		ID: "S03", By: BySDK, How: HowNone,
		Question:  "Can an empty object be written as `[]`?",
		Documents: "Silent, except that the `fields` of a network failure are an empty array if there are none.",
		Decided:   "Yes, for an object inside a record. Where a value is promised, such as `customer`, `[]` is null.",
		Matters:   "every record",
		Probe:     unprovable,
	},
	{
		ID: "S04", By: BySDK, How: HowNone,
		Question: "Can a failure say its message in another form?",
		Documents: "Each API shows one: a text in `error`, a list of texts in `messages`, or a text in `error.message` and an " +
			"object of field and text.",
		Decided: "A text, a list, an object of field and texts, and objects in a list are read in all three APIs, from " +
			"`error`, `errors`, `message`, `messages` and `fields`. They are in `Messages` and `Fields`, at most 1,000 of each.",
		Matters: "`Messages` and `Fields` of an `Error`, and the kinds that depend on a message",
		Probe:   unprovable,
	},
	{
		ID: "S05", By: BySDK, How: HowNone,
		Question:  "Can `success` and `status` have other values?",
		Documents: "`success` is true or false, and `status` is `ok` or `error`.",
		Decided: "`success` can be 1 or 0; any other value is `ErrBadResponse`. `status` is compared without regard to case. " +
			"In the account and network APIs `success: false` is a failure too, and in the network API `\"status\":\"error\"`.",
		Matters: "every operation",
		Probe:   unprovable,
	},
	{
		ID: "S06", By: BySDK, How: HowNone,
		Question:  "Has a request with a 408 or a 5xx been processed?",
		Documents: "Silent. A sibling of the partner API expects clients to retry after 500, 502, 503 and 504.",
		Decided: "It is unknown. The response is `ErrServer`. Idempotent calls are retried; the error of any other write is " +
			"`ErrOutcomeUnknown` too.",
		Matters: "retries of every operation",
		Probe:   "A probe cannot make an API fail.",
	},
	{
		ID: "S07", By: BySDK, How: HowNone,
		Question:  "Has a request with a 429 been processed?",
		Documents: "The network API documents the code, and a sibling of the partner API the limit. Neither says it.",
		Decided:   "No. Every call is retried, invitations included.",
		Matters:   "retries of every operation",
		Probe:     "A probe would have to exceed the limit, which would also refuse your own requests.",
	},
	{
		ID: "S08", By: BySDK, How: Reversible,
		Question:  "Has a request with a 401 been processed?",
		Documents: Silent,
		Decided:   "No. If the credential source supplies another credential, every call is repeated once, invitations included.",
		Matters:   "`TokenSource`, `SignIn`, `TokenFile`",
		Probe: "Create a subscription with a wrong token, and cancel it with the right one. The cancellation must be " +
			"`ErrNotFound`.",
	},
	{
		ID: "S09", By: BySDK, How: HowNone,
		Question:  "How does an API say how long to wait?",
		Documents: Silent,
		Decided: "With the header `Retry-After`: seconds, rounded up if there is a fraction, or a date. A date counts from the " +
			"`Date` of the response, so that a wrong clock here does not matter. It is obeyed up to 30 seconds; a longer wait " +
			"ends the call.",
		Matters: "retries of every operation; `RetryAfter` of an `Error`",
		Probe:   "Only an overloaded API sends it.",
	},
	{
		ID: "S10", By: BySDK, How: Reversible,
		Question:  "Can GET, PUT and DELETE be repeated?",
		Documents: "Silent, except that a signup can safely be repeated.",
		Decided: "Yes, as HTTP says. They are retried if their outcome is unknown. If a retried DELETE finds nothing, the " +
			"error is `ErrNotFound` and `ErrOutcomeUnknown`.",
		Matters: "retries of every GET, PUT and DELETE",
		Probe:   "Create a subscription, update it twice, and cancel it twice. The second cancellation must be `ErrNotFound`.",
	},
	{
		ID: "S11", By: BySDK, How: ReadOnly,
		Question:  "Do the APIs redirect requests?",
		Documents: "Only a signup does.",
		Decided: "No redirect is followed, because it would carry credentials to another server. In every other operation it " +
			"is `ErrBadResponse`.",
		Matters: "every operation except `GET /partners/signup`",
		Probe:   "None of the read-only probes may get a 3xx.",
	},
	{
		ID: "S12", By: BySDK, How: HowNone,
		Question:  "What is a success whose body cannot be read whole?",
		Documents: Silent,
		Decided: "`ErrBadResponse`. If it is the response to a write, the part that can be read is returned with the error, " +
			"such as the session of a login.",
		Matters: "every operation that returns a value",
		Probe:   unprovable,
	},
	{
		ID: "S13", By: ByFake, How: HowNone,
		Question:  "How large can a request be?",
		Documents: Silent,
		Decided:   "1 MiB: a larger body is a 413, except in an operation of `Fake.Handle`.",
		Matters:   "no request of the SDK is near it",
		Probe:     "A probe does not send megabytes to a vendor.",
	},
}
