// Package partnerapi is a client of three partner-facing HTTP APIs:
//
//   - partner (Bark): signup links and subscriptions,
//   - account (Sparkart): customers of a fan club, login, benefits and search,
//   - network (Backstack): invitations between businesses, and the networks that come of them.
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
// Give the client the credentials of the APIs that you call: [WithPartnerToken], [WithAccountKey],
// [WithOrganizationKey] (for a search) and [WithNetworkToken], or a [TokenSource] for one that changes, with
// [WithCredentialSource]: [TokenFile] reads one from a file, and [SignIn] gets the network API's. A call whose
// credential is missing fails with [ErrNoCredential] before anything is sent. No error, log line, hook or printed Client
// shows a credential.
//
// A customer of the account API is a [Session], which [AccountsService.Login] returns, or [NewTokenSession] makes of bearer
// tokens, and the calls for that customer take. There is no shared cookie jar, so one customer never sees another's data.
//
// # Errors
//
// An argument that is refused before anything is sent is an [*ArgumentError]. Every other failure is an [*Error], which
// errors.Is matches with its kinds, such as [ErrNotFound], and with its cause, such as [context.DeadlineExceeded]. A
// reply that is not what the API documents is [ErrBadResponse], never a zero value.
//
// # Sending again
//
// A call is sent again, up to four times in all, when it is certain that the API did nothing with it (no connection, or
// a 429), or when doing it twice is the same as doing it once: every GET, PUT and DELETE,
// [SubscriptionsService.Create], [NetworksService.Update], [AccountsService.Login], [AppSessionsService.Login] and
// [AppSessionsService.SelectAccount]. Any other call that
// may have been done is not sent again: it fails with [ErrOutcomeUnknown]. [RetryPolicy] and [WithoutRetry] set this.
//
// # Units
//
// Fees are in percent. A [Date] is a day in no time zone; a [UnixTime] and the times of a [Membership] are in UTC.
//
// # Testing
//
// Package partnertest is a fake of all three APIs for your tests, which also fails as they do: by refusing, breaking off
// and falling silent.
package partnerapi
