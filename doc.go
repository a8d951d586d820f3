// Package partnerapi is a client of three partner-facing HTTP APIs:
//
//   - partner (Bark): signup links and subscriptions,
//   - account (Sparkart): customers of a fan club, login, benefits and search,
//   - network (Backstack): invitations between businesses, and the networks that result from them.
//
// One [Client] calls all three. Every operation is a method of one of its services:
//
//	client, err := partnerapi.NewClient(partnerapi.WithPartnerToken(token))
//	if err != nil {
//		return err
//	}
//	err = client.Subscriptions.Create(ctx, partnerapi.CreateSubscriptionRequest{
//		PK:    "MS2365",
//		Email: "parent@example.com",
//		Plan:  partnerapi.PlanBark,
//	})
//	if errors.Is(err, partnerapi.ErrAlreadyExists) {
//		// subscribed before
//	}
//
// # Credentials
//
// A client needs the credentials of the APIs that it calls: [WithPartnerToken], [WithAccountKey], [WithOrganizationKey] (for
// a search) and [WithNetworkToken]. [WithCredentialSource] takes a [TokenSource] for a credential that changes: [TokenFile]
// reads it from a file, and [SignIn] gets the network API's. [FromEnv] reads credentials from the environment, and
// [WithCredential] gives one to a single call. A call without its credential returns [ErrNoCredential] before anything is
// sent. Credentials are redacted in errors, logs, hooks and a printed Client.
//
// A [Session] is one customer of the account API. [AccountsService.Login] and [NewTokenSession] return it, and the calls for
// that customer take it. There is no shared cookie jar, so customers never see each other's data.
//
// # Errors
//
// An argument that is refused before anything is sent is an [*ArgumentError]. Every other failure is an [*Error], which
// matches its kinds, such as [ErrNotFound], and its cause, such as [context.DeadlineExceeded]. A response that the API does
// not document is [ErrBadResponse], never a zero value. [ErrWrongPassword] is a customer's mistake in a login, and
// [ErrNotLoggedIn] the end of a session; any other [ErrUnauthorized] means a bad credential of the service. [HTTPStatus] is
// the status for a service's own caller.
//
// # Retries
//
// The [Outcome] of an attempt decides whether the call is retried:
//
//   - Unsent: no connection was made, or the API responded with 429. Every call is retried.
//   - Answered: a complete response below 500 came, other than 408 and 429. It is final, with two exceptions. After a 401
//     the call is retried once if its [TokenSource] supplies another credential. A call with a token session is retried
//     once with a new access token if the API says that the customer is not logged in.
//   - Unknown: no complete response came, or a 408 or 5xx. Only an idempotent call is retried, because the API may have
//     acted on the request.
//
// Every GET, HEAD, OPTIONS, PUT and DELETE is idempotent, and so are [SubscriptionsService.Create], [NetworksService.Update],
// [AccountsService.Login], [AppSessionsService.Login], [AppSessionsService.SelectAccount] and a [Call] that is Repeatable.
// A write that fails after an attempt with an unknown outcome returns [ErrOutcomeUnknown] besides other kinds, idempotent or
// not.
//
// A call makes at most four attempts, with a growing random wait between them, or the wait that the API asks for with
// Retry-After. It ends earlier if the wait does not fit the context's deadline, if Retry-After is longer than 30 s, if the
// client's retry budget is used up, if a proxy refuses the connection with a 4xx other than 408 and 429, or if a response
// that would be final is too large. [WithRetry] sets a [RetryPolicy], which describes the budget, and [WithoutRetry]
// disables retries for a call.
//
// # Requests and responses
//
// [WithLogger] and [WithAttemptHook] report every attempt. [WithMiddleware] wraps the client's transport, for traces and for
// [Dump], which writes each request and response without secrets and personal data: the way to look at a request that the
// vendor says is wrong. [WithResponseInto] gets the response to one call, with its body.
//
// # Units
//
// Fees are in percent. A [Date] is a day in no time zone. A [UnixTime] and the times of a [Membership] are in UTC.
// Date and UnixTime can be columns of a database.
//
// # Testing
//
// Package partnertest is a stateful fake of all three APIs. It also injects faults: refused connections, responses that
// are cut off, and delays.
package partnerapi
