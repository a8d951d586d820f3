package surface

import (
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/partnerapi/partnerapi-go"
	"github.com/partnerapi/partnerapi-go/partnertest"
)

var _ *[]partnertest.Call = (*[]partnertest.Call)((*partnertest.Calls)(nil))
var _ *func(*partnertest.Fake) = (*func(*partnertest.Fake))((*partnertest.Option)(nil))
var _ string = partnertest.AccountKey
var _ string = partnertest.AppKey
var _ partnertest.AppUser
var _ partnerapi.AppAccess = partnertest.AppUser{}.Access
var _ []partnerapi.AccountChoice = partnertest.AppUser{}.Accounts
var _ []partnerapi.AppAlert = partnertest.AppUser{}.Alerts
var _ partnerapi.AppUser = partnertest.AppUser{}.AppUser
var _ string = partnertest.AppUser{}.Password
var _ partnertest.Call
var _ func(partnertest.Call) string = (partnertest.Call).String
var _ func(partnertest.Calls) string = (partnertest.Calls).String
var _ partnerapi.API = partnertest.Call{}.API
var _ time.Time = partnertest.Call{}.At
var _ []byte = partnertest.Call{}.Body
var _ time.Duration = partnertest.Call{}.Duration
var _ http.Header = partnertest.Call{}.Header
var _ string = partnertest.Call{}.Method
var _ string = partnertest.Call{}.Op
var _ string = partnertest.Call{}.Path
var _ url.Values = partnertest.Call{}.Query
var _ int = partnertest.Call{}.Status
var _ partnertest.Customer
var _ []partnerapi.Benefit = partnertest.Customer{}.Benefits
var _ bool = partnertest.Customer{}.Blocked
var _ partnerapi.Customer = partnertest.Customer{}.Customer
var _ string = partnertest.Customer{}.Password
var _ []partnerapi.Tokens = partnertest.Customer{}.Tokens
var _ bool = partnertest.Customer{}.Unconfirmed
var _ partnertest.Cut = partnertest.CutAfter
var _ partnertest.Cut = partnertest.CutBefore
var _ partnertest.Cut = partnertest.CutRefused
var _ partnertest.Cut = partnertest.CutWithin
var _ partnertest.Fake
var _ func(*partnertest.Fake, string) (link string, ok bool) = (*partnertest.Fake).ActivationLink
var _ func(*partnertest.Fake) partnertest.Calls = (*partnertest.Fake).Calls
var _ func(*partnertest.Fake, string) partnertest.Calls = (*partnertest.Fake).CallsTo
var _ func(*partnertest.Fake, ...partnerapi.Option) *partnerapi.Client = (*partnertest.Fake).Client
var _ func(*partnertest.Fake) []partnerapi.Option = (*partnertest.Fake).ClientOptions
var _ func(*partnertest.Fake) []partnertest.Customer = (*partnertest.Fake).Customers
var _ func(*partnertest.Fake) = (*partnertest.Fake).ExpireJWTs
var _ func(*partnertest.Fake) = (*partnertest.Fake).ExpireSessions
var _ func(*partnertest.Fake, string, ...partnertest.Fault) = (*partnertest.Fake).Fail
var _ func(*partnertest.Fake, string, http.Handler) = (*partnertest.Fake).Handle
var _ func(*partnertest.Fake) []partnerapi.Invitation = (*partnertest.Fake).Invitations
var _ func(*partnertest.Fake) []partnerapi.Network = (*partnertest.Fake).Networks
var _ func(*partnertest.Fake) (left int) = (*partnertest.Fake).Recover
var _ func(*partnertest.Fake, partnertest.AppUser) partnertest.AppUser = (*partnertest.Fake).SeedAppUser
var _ func(*partnertest.Fake, partnertest.Customer) partnerapi.Customer = (*partnertest.Fake).SeedCustomer
var _ func(*partnertest.Fake, partnerapi.Invitation) partnerapi.Invitation = (*partnertest.Fake).SeedInvitation
var _ func(*partnertest.Fake, partnerapi.Network) partnerapi.Network = (*partnertest.Fake).SeedNetwork
var _ func(*partnertest.Fake, partnertest.Subscription) = (*partnertest.Fake).SeedSubscription
var _ func(*partnertest.Fake, int64) partnerapi.Tokens = (*partnertest.Fake).SeedTokens
var _ func(*partnertest.Fake, http.ResponseWriter, *http.Request) = (*partnertest.Fake).ServeHTTP
var _ func(*partnertest.Fake, time.Time) = (*partnertest.Fake).SetNow
var _ func(*partnertest.Fake) []partnerapi.SignupRequest = (*partnertest.Fake).Signups
var _ func(*partnertest.Fake, string) (s partnertest.Subscription, ok bool) = (*partnertest.Fake).Subscription
var _ func(*partnertest.Fake) []partnertest.Subscription = (*partnertest.Fake).Subscriptions
var _ func(*partnertest.Fake) http.RoundTripper = (*partnertest.Fake).Transport
var _ string = partnertest.Fake{}.URL
var _ partnertest.Fanclub
var _ int64 = partnertest.Fanclub{}.ID
var _ string = partnertest.Fanclub{}.Key
var _ string = partnertest.Fanclub{}.OrganizationKey
var _ partnertest.Fault
var _ string = partnertest.Fault{}.Body
var _ partnertest.Cut = partnertest.Fault{}.Cut
var _ time.Duration = partnertest.Fault{}.Delay
var _ http.Header = partnertest.Fault{}.Header
var _ bool = partnertest.Fault{}.Processed
var _ time.Duration = partnertest.Fault{}.RetryAfter
var _ int = partnertest.Fault{}.Status
var _ string = partnertest.NetworkToken
var _ func(opts ...partnertest.Option) *partnertest.Fake = partnertest.New
var _ func(tb testing.TB, opts ...partnertest.Option) *partnertest.Fake = partnertest.NewServer
var _ string = partnertest.OrganizationKey
var _ string = partnertest.PartnerToken
var _ partnertest.Subscription
var _ string = partnertest.Subscription{}.Email
var _ string = partnertest.Subscription{}.PK
var _ partnerapi.Plan = partnertest.Subscription{}.Plan
var _ func(hook func(partnertest.Call)) partnertest.Option = partnertest.WithCallHook
var _ func(domains ...partnerapi.Domain) partnertest.Option = partnertest.WithDomains
var _ func(club partnertest.Fanclub) partnertest.Option = partnertest.WithFanclub
var _ func(d time.Duration) partnertest.Option = partnertest.WithInvitationLifetime
var _ func(d time.Duration) partnertest.Option = partnertest.WithJWTLifetime
var _ func() partnertest.Option = partnertest.WithLegacySubscriptions
var _ func(dir string) partnertest.Option = partnertest.WithRecorded
var _ *string = (*string)((*partnertest.Cut)(nil))
