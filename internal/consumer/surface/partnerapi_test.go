package surface

import (
	"context"
	"database/sql/driver"
	"fmt"
	"io"
	"iter"
	"log/slog"
	"net/http"
	"net/url"
	"time"

	"github.com/partnerapi/partnerapi-go"
)

var _ *func(ctx context.Context) (string, error) = (*func(ctx context.Context) (string, error))((*partnerapi.TokenSourceFunc)(nil))
var _ *interface {
	Token(ctx context.Context) (string, error)
} = (*interface {
	Token(ctx context.Context) (string, error)
})((*partnerapi.TokenSource)(nil))
var _ *interface {
	Wait(ctx context.Context) error
} = (*interface {
	Wait(ctx context.Context) error
})((*partnerapi.Limiter)(nil))
var _ *map[string]string = (*map[string]string)((*partnerapi.AppAccess)(nil))
var _ partnerapi.API = partnerapi.AccountAPI
var _ partnerapi.AccountChoice
var _ string = partnerapi.AccountChoice{}.ID
var _ string = partnerapi.AccountChoice{}.Title
var _ partnerapi.Credential = partnerapi.AccountKey
var _ partnerapi.AccountsService
var _ func(*partnerapi.AccountsService, context.Context, *partnerapi.Session, ...partnerapi.CallOption) ([]partnerapi.Benefit, error) = (*partnerapi.AccountsService).Benefits
var _ func(*partnerapi.AccountsService, context.Context, partnerapi.CreateAccountRequest, ...partnerapi.CallOption) (*partnerapi.Customer, error) = (*partnerapi.AccountsService).Create
var _ func(*partnerapi.AccountsService, context.Context, *partnerapi.Session, ...partnerapi.CallOption) (*partnerapi.Customer, error) = (*partnerapi.AccountsService).Get
var _ func(*partnerapi.AccountsService, context.Context, partnerapi.LoginRequest, ...partnerapi.CallOption) (*partnerapi.Customer, *partnerapi.Session, error) = (*partnerapi.AccountsService).Login
var _ func(*partnerapi.AccountsService, context.Context, *partnerapi.Session, ...partnerapi.CallOption) error = (*partnerapi.AccountsService).Logout
var _ func(*partnerapi.AccountsService, context.Context, string, ...partnerapi.CallOption) (*partnerapi.Customer, error) = (*partnerapi.AccountsService).Search
var _ func(*partnerapi.AccountsService, context.Context, *partnerapi.Session, ...partnerapi.CallOption) (loggedIn bool, err error) = (*partnerapi.AccountsService).Status
var _ func(*partnerapi.AccountsService, context.Context, *partnerapi.Session, partnerapi.UpdateAccountRequest, ...partnerapi.CallOption) (*partnerapi.Customer, error) = (*partnerapi.AccountsService).Update
var _ partnerapi.Activation
var _ string = partnerapi.Activation{}.AccountID
var _ string = partnerapi.Activation{}.DomainID
var _ string = partnerapi.Activation{}.UserID
var _ string = partnerapi.Activation{}.VersionID
var _ partnerapi.Affiliate
var _ []string = partnerapi.Affiliate{}.Codes
var _ int64 = partnerapi.Affiliate{}.ID
var _ string = partnerapi.Affiliate{}.Name
var _ partnerapi.App
var _ func(partnerapi.AppAccess, string) bool = (partnerapi.AppAccess).Can
var _ partnerapi.AppAccount
var _ string = partnerapi.AppAccount{}.Address
var _ string = partnerapi.AppAccount{}.City
var _ string = partnerapi.AppAccount{}.ContactEmail
var _ string = partnerapi.AppAccount{}.ContactName
var _ string = partnerapi.AppAccount{}.CountryID
var _ partnerapi.UnixTime = partnerapi.AppAccount{}.Created
var _ string = partnerapi.AppAccount{}.DomainID
var _ string = partnerapi.AppAccount{}.ID
var _ bool = partnerapi.AppAccount{}.IsAppAccount
var _ partnerapi.UnixTime = partnerapi.AppAccount{}.LastLogin
var _ string = partnerapi.AppAccount{}.Phone
var _ string = partnerapi.AppAccount{}.State
var _ string = partnerapi.AppAccount{}.TimezoneID
var _ string = partnerapi.AppAccount{}.Title
var _ string = partnerapi.AppAccount{}.URL
var _ int = partnerapi.AppAccount{}.UTCOffset
var _ string = partnerapi.AppAccount{}.VersionID
var _ string = partnerapi.AppAccount{}.Zip
var _ partnerapi.AppAlert
var _ string = partnerapi.AppAlert{}.Access
var _ string = partnerapi.AppAlert{}.Description
var _ string = partnerapi.AppAlert{}.Href
var _ string = partnerapi.AppAlert{}.ID
var _ int = partnerapi.AppAlert{}.Priority
var _ string = partnerapi.AppAlert{}.Text
var _ partnerapi.UnixTime = partnerapi.AppAlert{}.Timestamp
var _ string = partnerapi.AppAlert{}.Title
var _ partnerapi.AppLoginRequest
var _ func(partnerapi.AppLoginRequest, fmt.State, rune) = (partnerapi.AppLoginRequest).Format
var _ func(partnerapi.AppLoginRequest) slog.Value = (partnerapi.AppLoginRequest).LogValue
var _ string = partnerapi.AppLoginRequest{}.Password
var _ string = partnerapi.AppLoginRequest{}.Username
var _ partnerapi.AppSession
var _ func(partnerapi.AppSession, fmt.State, rune) = (partnerapi.AppSession).Format
var _ func(partnerapi.AppSession) string = (partnerapi.AppSession).JWT
var _ func(partnerapi.AppSession) slog.Value = (partnerapi.AppSession).LogValue
var _ func(partnerapi.AppSession) ([]byte, error) = (partnerapi.AppSession).MarshalText
var _ func(*partnerapi.AppSession, []byte) error = (*partnerapi.AppSession).UnmarshalJSON
var _ partnerapi.AppSessionsService
var _ func(*partnerapi.AppSessionsService, context.Context, ...partnerapi.CallOption) (*partnerapi.AppSession, error) = (*partnerapi.AppSessionsService).Current
var _ func(*partnerapi.AppSessionsService, context.Context, partnerapi.AppLoginRequest, ...partnerapi.CallOption) (*partnerapi.AppSession, error) = (*partnerapi.AppSessionsService).Login
var _ func(*partnerapi.AppSessionsService, context.Context, ...partnerapi.CallOption) (*partnerapi.AppSession, error) = (*partnerapi.AppSessionsService).Logout
var _ func(*partnerapi.AppSessionsService, context.Context, string, ...partnerapi.CallOption) (*partnerapi.AppSession, error) = (*partnerapi.AppSessionsService).SelectAccount
var _ func(*partnerapi.AppSessionsService, context.Context, ...partnerapi.CallOption) (*partnerapi.AppSession, error) = (*partnerapi.AppSessionsService).Start
var _ partnerapi.AppAccess = partnerapi.AppSession{}.Access
var _ partnerapi.AppAccount = partnerapi.AppSession{}.Account
var _ []partnerapi.AccountChoice = partnerapi.AppSession{}.Accounts
var _ []partnerapi.AppAlert = partnerapi.AppSession{}.Alerts
var _ partnerapi.App = partnerapi.AppSession{}.App
var _ bool = partnerapi.AppSession{}.Authenticated
var _ string = partnerapi.AppSession{}.LastAccountID
var _ partnerapi.AppUser = partnerapi.AppSession{}.User
var _ partnerapi.AppUser
var _ partnerapi.UnixTime = partnerapi.AppUser{}.Created
var _ string = partnerapi.AppUser{}.Email
var _ string = partnerapi.AppUser{}.ID
var _ partnerapi.UnixTime = partnerapi.AppUser{}.LastLogin
var _ string = partnerapi.AppUser{}.MobileNumber
var _ string = partnerapi.AppUser{}.Name
var _ []string = partnerapi.AppUser{}.Roles
var _ bool = partnerapi.AppUser{}.ScreenLocked
var _ string = partnerapi.AppUser{}.Username
var _ bool = partnerapi.App{}.AllowSignup
var _ partnerapi.UnixTime = partnerapi.App{}.Created
var _ string = partnerapi.App{}.ID
var _ string = partnerapi.App{}.LoginURL
var _ string = partnerapi.App{}.NetworkURL
var _ string = partnerapi.App{}.ResetURL
var _ string = partnerapi.App{}.SignupURL
var _ string = partnerapi.App{}.Title
var _ partnerapi.ArgumentError
var _ func(*partnerapi.ArgumentError) string = (*partnerapi.ArgumentError).Error
var _ string = partnerapi.ArgumentError{}.Name
var _ string = partnerapi.ArgumentError{}.Op
var _ string = partnerapi.ArgumentError{}.Reason
var _ partnerapi.Attempt
var _ func(ctx context.Context) int = partnerapi.AttemptNumber
var _ partnerapi.API = partnerapi.Attempt{}.API
var _ time.Duration = partnerapi.Attempt{}.Duration
var _ error = partnerapi.Attempt{}.Err
var _ int = partnerapi.Attempt{}.Number
var _ string = partnerapi.Attempt{}.Op
var _ partnerapi.Outcome = partnerapi.Attempt{}.Outcome
var _ int = partnerapi.Attempt{}.StatusCode
var _ time.Duration = partnerapi.Attempt{}.Wait
var _ partnerapi.Authentication
var _ string = partnerapi.Authentication{}.Name
var _ partnerapi.Benefit
var _ string = partnerapi.Benefit{}.BenefitType
var _ string = partnerapi.Benefit{}.Details
var _ int64 = partnerapi.Benefit{}.ID
var _ string = partnerapi.Benefit{}.ImageURL
var _ string = partnerapi.Benefit{}.Summary
var _ partnerapi.Call
var _ partnerapi.CallOption
var _ partnerapi.API = partnerapi.Call{}.API
var _ []string = partnerapi.Call{}.Args
var _ any = partnerapi.Call{}.Body
var _ string = partnerapi.Call{}.Op
var _ any = partnerapi.Call{}.Query
var _ bool = partnerapi.Call{}.Repeatable
var _ *partnerapi.Session = partnerapi.Call{}.Session
var _ func() partnerapi.Optional[int] = partnerapi.Clear[int]
var _ partnerapi.Client
var _ func(*partnerapi.Client) = (*partnerapi.Client).CloseIdleConnections
var _ func(partnerapi.Client, fmt.State, rune) = (partnerapi.Client).Format
var _ func(partnerapi.Client) slog.Value = (partnerapi.Client).LogValue
var _ func(partnerapi.Client) ([]byte, error) = (partnerapi.Client).MarshalText
var _ *partnerapi.AccountsService = partnerapi.Client{}.Accounts
var _ *partnerapi.AppSessionsService = partnerapi.Client{}.AppSessions
var _ *partnerapi.InvitationsService = partnerapi.Client{}.Invitations
var _ *partnerapi.NetworksService = partnerapi.Client{}.Networks
var _ *partnerapi.SignupService = partnerapi.Client{}.Signup
var _ *partnerapi.SubscriptionsService = partnerapi.Client{}.Subscriptions
var _ partnerapi.CreateAccountRequest
var _ func(partnerapi.CreateAccountRequest, fmt.State, rune) = (partnerapi.CreateAccountRequest).Format
var _ func(partnerapi.CreateAccountRequest) slog.Value = (partnerapi.CreateAccountRequest).LogValue
var _ func(partnerapi.CreateAccountRequest) ([]byte, error) = (partnerapi.CreateAccountRequest).MarshalJSON
var _ bool = partnerapi.CreateAccountRequest{}.AcceptTerms
var _ partnerapi.Date = partnerapi.CreateAccountRequest{}.Birthdate
var _ string = partnerapi.CreateAccountRequest{}.Email
var _ string = partnerapi.CreateAccountRequest{}.FirstName
var _ string = partnerapi.CreateAccountRequest{}.LastName
var _ string = partnerapi.CreateAccountRequest{}.Password
var _ string = partnerapi.CreateAccountRequest{}.PasswordConfirmation
var _ string = partnerapi.CreateAccountRequest{}.Username
var _ partnerapi.CreateInvitationRequest
var _ string = partnerapi.CreateInvitationRequest{}.DomainID
var _ string = partnerapi.CreateInvitationRequest{}.Email
var _ partnerapi.Optional[float64] = partnerapi.CreateInvitationRequest{}.FeeProposed
var _ partnerapi.CreateSubscriptionRequest
var _ string = partnerapi.CreateSubscriptionRequest{}.Email
var _ string = partnerapi.CreateSubscriptionRequest{}.PK
var _ partnerapi.Plan = partnerapi.CreateSubscriptionRequest{}.Plan
var _ partnerapi.Customer
var _ int = partnerapi.Customer{}.Age
var _ bool = partnerapi.Customer{}.AtRenewalCap
var _ []partnerapi.Authentication = partnerapi.Customer{}.Authentications
var _ *bool = partnerapi.Customer{}.AutoRenewalEnabled
var _ partnerapi.Date = partnerapi.Customer{}.Birthdate
var _ string = partnerapi.Customer{}.Email
var _ []string = partnerapi.Customer{}.EmailAliases
var _ bool = partnerapi.Customer{}.Expired
var _ int64 = partnerapi.Customer{}.FanclubID
var _ string = partnerapi.Customer{}.FirstName
var _ int64 = partnerapi.Customer{}.ID
var _ string = partnerapi.Customer{}.InvalidEmailMessage
var _ string = partnerapi.Customer{}.LastName
var _ *bool = partnerapi.Customer{}.ListsOptIn
var _ string = partnerapi.Customer{}.NewEmail
var _ *bool = partnerapi.Customer{}.Registered
var _ *partnerapi.Membership = partnerapi.Customer{}.Subscription
var _ bool = partnerapi.Customer{}.TrialMembership
var _ string = partnerapi.Customer{}.Username
var _ partnerapi.Date
var _ func(partnerapi.Date, partnerapi.Date) int = (partnerapi.Date).Compare
var _ func(partnerapi.Date, string, *url.Values) error = (partnerapi.Date).EncodeValues
var _ func(partnerapi.Date, *time.Location) time.Time = (partnerapi.Date).In
var _ func(partnerapi.Date) bool = (partnerapi.Date).IsZero
var _ func(partnerapi.Date) ([]byte, error) = (partnerapi.Date).MarshalJSON
var _ func(partnerapi.Date) ([]byte, error) = (partnerapi.Date).MarshalText
var _ func(*partnerapi.Date, any) error = (*partnerapi.Date).Scan
var _ func(partnerapi.Date) string = (partnerapi.Date).String
var _ func(*partnerapi.Date, []byte) error = (*partnerapi.Date).UnmarshalJSON
var _ func(*partnerapi.Date, []byte) error = (*partnerapi.Date).UnmarshalText
var _ func(partnerapi.Date) bool = (partnerapi.Date).Valid
var _ func(partnerapi.Date) (driver.Value, error) = (partnerapi.Date).Value
var _ func(t time.Time) partnerapi.Date = partnerapi.DateOf
var _ int = partnerapi.Date{}.Day
var _ time.Month = partnerapi.Date{}.Month
var _ int = partnerapi.Date{}.Year
var _ func(ctx context.Context, client *partnerapi.Client, call partnerapi.Call, opts ...partnerapi.CallOption) (int, error) = partnerapi.Do[int]
var _ partnerapi.Domain
var _ string = partnerapi.Domain{}.Description
var _ string = partnerapi.Domain{}.ID
var _ string = partnerapi.Domain{}.Title
var _ func(w io.Writer) func(http.RoundTripper) http.RoundTripper = partnerapi.Dump
var _ error = partnerapi.ErrAlreadyExists
var _ error = partnerapi.ErrBadResponse
var _ error = partnerapi.ErrForbidden
var _ error = partnerapi.ErrInvalid
var _ error = partnerapi.ErrNoCredential
var _ error = partnerapi.ErrNotFound
var _ error = partnerapi.ErrNotLoggedIn
var _ error = partnerapi.ErrOutcomeUnknown
var _ error = partnerapi.ErrRateLimited
var _ error = partnerapi.ErrResponseTooLarge
var _ error = partnerapi.ErrServer
var _ error = partnerapi.ErrUnauthorized
var _ error = partnerapi.ErrWrongPassword
var _ partnerapi.Error
var _ func(*partnerapi.Error) string = (*partnerapi.Error).Error
var _ func(partnerapi.Error, fmt.State, rune) = (partnerapi.Error).Format
var _ func(*partnerapi.Error) []error = (*partnerapi.Error).Unwrap
var _ partnerapi.API = partnerapi.Error{}.API
var _ int = partnerapi.Error{}.Attempts
var _ []byte = partnerapi.Error{}.Body
var _ int = partnerapi.Error{}.Code
var _ string = partnerapi.Error{}.DevMessage
var _ map[string]string = partnerapi.Error{}.Fields
var _ []string = partnerapi.Error{}.Messages
var _ string = partnerapi.Error{}.Op
var _ string = partnerapi.Error{}.RequestID
var _ time.Duration = partnerapi.Error{}.RetryAfter
var _ int = partnerapi.Error{}.StatusCode
var _ string = partnerapi.Error{}.Type
var _ func() partnerapi.Option = partnerapi.FromEnv
var _ func(err error) int = partnerapi.HTTPStatus
var _ partnerapi.HandlerOption
var _ func(data []byte) (*partnerapi.Session, error) = partnerapi.ImportSession
var _ partnerapi.Invitation
var _ partnerapi.InvitationStatus = partnerapi.InvitationExpired
var _ partnerapi.InvitationStatus = partnerapi.InvitationPending
var _ func(link string) (string, error) = partnerapi.InvitationToken
var _ partnerapi.InvitationsService
var _ func(*partnerapi.InvitationsService, context.Context, string, ...partnerapi.CallOption) (*partnerapi.Activation, error) = (*partnerapi.InvitationsService).Activate
var _ func(*partnerapi.InvitationsService, context.Context, partnerapi.ListOptions, ...partnerapi.CallOption) iter.Seq2[partnerapi.Invitation, error] = (*partnerapi.InvitationsService).All
var _ func(*partnerapi.InvitationsService, context.Context, partnerapi.CreateInvitationRequest, ...partnerapi.CallOption) (*partnerapi.Invitation, error) = (*partnerapi.InvitationsService).Create
var _ func(*partnerapi.InvitationsService, context.Context, string, ...partnerapi.CallOption) error = (*partnerapi.InvitationsService).Delete
var _ func(*partnerapi.InvitationsService, context.Context, partnerapi.ListOptions, ...partnerapi.CallOption) (*partnerapi.Page[partnerapi.Invitation], error) = (*partnerapi.InvitationsService).List
var _ func(*partnerapi.InvitationsService, context.Context, string, partnerapi.UpdateInvitationRequest, ...partnerapi.CallOption) error = (*partnerapi.InvitationsService).Update
var _ partnerapi.UnixTime = partnerapi.Invitation{}.Created
var _ string = partnerapi.Invitation{}.DomainID
var _ string = partnerapi.Invitation{}.Email
var _ *float64 = partnerapi.Invitation{}.FeeProposed
var _ string = partnerapi.Invitation{}.ID
var _ partnerapi.InvitationStatus = partnerapi.Invitation{}.Status
var _ partnerapi.ListOptions
var _ string = partnerapi.ListOptions{}.Filter
var _ int = partnerapi.ListOptions{}.Page
var _ int = partnerapi.ListOptions{}.Records
var _ string = partnerapi.ListOptions{}.Search
var _ partnerapi.LoginRequest
var _ func(partnerapi.LoginRequest, fmt.State, rune) = (partnerapi.LoginRequest).Format
var _ func(partnerapi.LoginRequest) slog.Value = (partnerapi.LoginRequest).LogValue
var _ string = partnerapi.LoginRequest{}.Email
var _ string = partnerapi.LoginRequest{}.Password
var _ partnerapi.Membership
var _ partnerapi.MembershipPlan
var _ string = partnerapi.MembershipPlan{}.Annotations
var _ string = partnerapi.MembershipPlan{}.Class
var _ string = partnerapi.MembershipPlan{}.Description
var _ int64 = partnerapi.MembershipPlan{}.ID
var _ string = partnerapi.MembershipPlan{}.Name
var _ string = partnerapi.MembershipPlan{}.OnlineBenefits
var _ []string = partnerapi.MembershipPlan{}.Tags
var _ []partnerapi.Affiliate = partnerapi.Membership{}.Affiliates
var _ time.Time = partnerapi.Membership{}.EndDate
var _ bool = partnerapi.Membership{}.Lapsed
var _ partnerapi.MembershipPlan = partnerapi.Membership{}.Plan
var _ time.Time = partnerapi.Membership{}.StartDate
var _ bool = partnerapi.Membership{}.TrialMembership
var _ partnerapi.Network
var _ func(*partnerapi.Network, []byte) error = (*partnerapi.Network).UnmarshalJSON
var _ partnerapi.API = partnerapi.NetworkAPI
var _ partnerapi.NetworkDeletion
var _ string = partnerapi.NetworkDeletion{}.ChildAccountID
var _ string = partnerapi.NetworkDeletion{}.ParentAccountID
var _ partnerapi.Credential = partnerapi.NetworkToken
var _ partnerapi.NetworksService
var _ func(*partnerapi.NetworksService, context.Context, partnerapi.ListOptions, ...partnerapi.CallOption) iter.Seq2[partnerapi.Network, error] = (*partnerapi.NetworksService).All
var _ func(*partnerapi.NetworksService, context.Context, string, ...partnerapi.CallOption) (*partnerapi.NetworkDeletion, error) = (*partnerapi.NetworksService).Delete
var _ func(*partnerapi.NetworksService, context.Context, ...partnerapi.CallOption) ([]partnerapi.Domain, error) = (*partnerapi.NetworksService).Domains
var _ func(*partnerapi.NetworksService, context.Context, string, ...partnerapi.CallOption) (*partnerapi.Network, error) = (*partnerapi.NetworksService).Get
var _ func(*partnerapi.NetworksService, context.Context, partnerapi.ListOptions, ...partnerapi.CallOption) (*partnerapi.Page[partnerapi.Network], error) = (*partnerapi.NetworksService).List
var _ func(*partnerapi.NetworksService, context.Context, string, partnerapi.UpdateNetworkRequest, ...partnerapi.CallOption) error = (*partnerapi.NetworksService).Update
var _ string = partnerapi.Network{}.AccountID
var _ string = partnerapi.Network{}.AccountTitle
var _ string = partnerapi.Network{}.DomainTitle
var _ float64 = partnerapi.Network{}.Fee
var _ *float64 = partnerapi.Network{}.FeeProposed
var _ partnerapi.UnixTime = partnerapi.Network{}.FeeProposedDate
var _ string = partnerapi.Network{}.ProposedAccountID
var _ string = partnerapi.Network{}.ProposedUserID
var _ func(opts ...partnerapi.Option) (*partnerapi.Client, error) = partnerapi.NewClient
var _ func() *partnerapi.Session = partnerapi.NewSession
var _ func(tokens partnerapi.Tokens) (*partnerapi.Session, error) = partnerapi.NewTokenSession
var _ func(respond func(w http.ResponseWriter, r *http.Request, err error)) partnerapi.HandlerOption = partnerapi.OnError
var _ func(ctx context.Context) (api partnerapi.API, op string) = partnerapi.Operation
var _ partnerapi.OptIn = partnerapi.OptInFalse
var _ partnerapi.OptIn = partnerapi.OptInTrue
var _ partnerapi.Option
var _ partnerapi.Optional[int]
var _ func(partnerapi.Optional[int]) (v int, ok bool) = (partnerapi.Optional[int]).Get
var _ func(partnerapi.Optional[int]) bool = (partnerapi.Optional[int]).IsZero
var _ func(partnerapi.Optional[int]) ([]byte, error) = (partnerapi.Optional[int]).MarshalJSON
var _ func(partnerapi.Optional[int]) string = (partnerapi.Optional[int]).String
var _ partnerapi.Credential = partnerapi.OrganizationKey
var _ partnerapi.Outcome = partnerapi.OutcomeAnswered
var _ partnerapi.Outcome = partnerapi.OutcomeUnknown
var _ partnerapi.Outcome = partnerapi.OutcomeUnsent
var _ partnerapi.Page[int]
var _ func(partnerapi.Page[int]) bool = (partnerapi.Page[int]).HasNext
var _ func(partnerapi.Page[int]) partnerapi.ListOptions = (partnerapi.Page[int]).Next
var _ func(*partnerapi.Page[int], []byte) error = (*partnerapi.Page[int]).UnmarshalJSON
var _ string = partnerapi.Page[int]{}.Filter
var _ []string = partnerapi.Page[int]{}.Filters
var _ []int = partnerapi.Page[int]{}.Items
var _ int = partnerapi.Page[int]{}.Number
var _ int = partnerapi.Page[int]{}.Pages
var _ int = partnerapi.Page[int]{}.Records
var _ string = partnerapi.Page[int]{}.Search
var _ int = partnerapi.Page[int]{}.Total
var _ func(s string) (partnerapi.Date, error) = partnerapi.ParseDate
var _ partnerapi.API = partnerapi.PartnerAPI
var _ partnerapi.Credential = partnerapi.PartnerToken
var _ partnerapi.Plan = partnerapi.PlanBark
var _ partnerapi.Plan = partnerapi.PlanBarkJunior
var _ func(target string) error = partnerapi.RedirectTo
var _ partnerapi.Response
var _ func(partnerapi.Response, fmt.State, rune) = (partnerapi.Response).Format
var _ func(partnerapi.Response) slog.Value = (partnerapi.Response).LogValue
var _ int = partnerapi.Response{}.Attempts
var _ []byte = partnerapi.Response{}.Body
var _ time.Duration = partnerapi.Response{}.Duration
var _ http.Header = partnerapi.Response{}.Header
var _ int = partnerapi.Response{}.StatusCode
var _ partnerapi.RetryPolicy
var _ int = partnerapi.RetryPolicy{}.MaxAttempts
var _ time.Duration = partnerapi.RetryPolicy{}.MaxRetryAfter
var _ time.Duration = partnerapi.RetryPolicy{}.MaxWait
var _ time.Duration = partnerapi.RetryPolicy{}.MinWait
var _ partnerapi.Session
var _ func(*partnerapi.Session) ([]byte, error) = (*partnerapi.Session).Export
var _ func(partnerapi.Session, fmt.State, rune) = (partnerapi.Session).Format
var _ func(partnerapi.Session) slog.Value = (partnerapi.Session).LogValue
var _ func(partnerapi.Session) ([]byte, error) = (partnerapi.Session).MarshalText
var _ func(*partnerapi.Session, func(ctx context.Context, tokens partnerapi.Tokens) error) = (*partnerapi.Session).OnRefresh
var _ func(v int) partnerapi.Optional[int] = partnerapi.Set[int]
var _ func(credentials partnerapi.SignInCredentials, opts ...partnerapi.Option) partnerapi.TokenSource = partnerapi.SignIn
var _ partnerapi.SignInCredentials
var _ func(partnerapi.SignInCredentials, fmt.State, rune) = (partnerapi.SignInCredentials).Format
var _ func(partnerapi.SignInCredentials) slog.Value = (partnerapi.SignInCredentials).LogValue
var _ func(partnerapi.SignInCredentials) ([]byte, error) = (partnerapi.SignInCredentials).MarshalText
var _ string = partnerapi.SignInCredentials{}.AccountID
var _ string = partnerapi.SignInCredentials{}.AppKey
var _ string = partnerapi.SignInCredentials{}.Password
var _ string = partnerapi.SignInCredentials{}.Username
var _ partnerapi.SignupRequest
var _ partnerapi.Date = partnerapi.SignupRequest{}.ChildBirthday
var _ string = partnerapi.SignupRequest{}.ChildEmail
var _ string = partnerapi.SignupRequest{}.ChildName
var _ string = partnerapi.SignupRequest{}.Email
var _ string = partnerapi.SignupRequest{}.PK
var _ partnerapi.SignupService
var _ func(*partnerapi.SignupService, func(*http.Request) (partnerapi.SignupRequest, error), ...partnerapi.HandlerOption) http.Handler = (*partnerapi.SignupService).Handler
var _ func(*partnerapi.SignupService, context.Context, partnerapi.SignupRequest, ...partnerapi.CallOption) (*url.URL, error) = (*partnerapi.SignupService).Resolve
var _ func(*partnerapi.SignupService, context.Context, partnerapi.SignupRequest) (string, error) = (*partnerapi.SignupService).URL
var _ partnerapi.SubscriptionsService
var _ func(*partnerapi.SubscriptionsService, context.Context, string, ...partnerapi.CallOption) error = (*partnerapi.SubscriptionsService).Cancel
var _ func(*partnerapi.SubscriptionsService, context.Context, string, ...partnerapi.CallOption) error = (*partnerapi.SubscriptionsService).CancelLegacy
var _ func(*partnerapi.SubscriptionsService, context.Context, partnerapi.CreateSubscriptionRequest, ...partnerapi.CallOption) error = (*partnerapi.SubscriptionsService).Create
var _ func(*partnerapi.SubscriptionsService, context.Context, partnerapi.CreateSubscriptionRequest, ...partnerapi.CallOption) (created bool, err error) = (*partnerapi.SubscriptionsService).Ensure
var _ func(*partnerapi.SubscriptionsService, context.Context, string, partnerapi.UpdateSubscriptionRequest, ...partnerapi.CallOption) error = (*partnerapi.SubscriptionsService).Update
var _ func(path string) partnerapi.TokenSource = partnerapi.TokenFile
var _ func(partnerapi.TokenSourceFunc, context.Context) (string, error) = (partnerapi.TokenSourceFunc).Token
var _ partnerapi.Tokens
var _ func(partnerapi.Tokens, fmt.State, rune) = (partnerapi.Tokens).Format
var _ func(partnerapi.Tokens) slog.Value = (partnerapi.Tokens).LogValue
var _ func(u *url.URL) (tokens partnerapi.Tokens, clean *url.URL, err error) = partnerapi.TokensFromURL
var _ string = partnerapi.Tokens{}.AccessToken
var _ partnerapi.UnixTime = partnerapi.Tokens{}.AccessTokenExpires
var _ string = partnerapi.Tokens{}.RefreshToken
var _ partnerapi.UnixTime = partnerapi.Tokens{}.RefreshTokenExpires
var _ partnerapi.UnixTime
var _ func(partnerapi.UnixTime, string, *url.Values) error = (partnerapi.UnixTime).EncodeValues
var _ func(partnerapi.UnixTime) slog.Value = (partnerapi.UnixTime).LogValue
var _ func(partnerapi.UnixTime) ([]byte, error) = (partnerapi.UnixTime).MarshalJSON
var _ func(*partnerapi.UnixTime, any) error = (*partnerapi.UnixTime).Scan
var _ func(partnerapi.UnixTime) string = (partnerapi.UnixTime).String
var _ func(*partnerapi.UnixTime, []byte) error = (*partnerapi.UnixTime).UnmarshalJSON
var _ func(partnerapi.UnixTime) (driver.Value, error) = (partnerapi.UnixTime).Value
var _ func(t time.Time) partnerapi.UnixTime = partnerapi.UnixTimeOf
var _ time.Time = partnerapi.UnixTime{}.Time
var _ partnerapi.UpdateAccountRequest
var _ func(partnerapi.UpdateAccountRequest, fmt.State, rune) = (partnerapi.UpdateAccountRequest).Format
var _ func(partnerapi.UpdateAccountRequest) slog.Value = (partnerapi.UpdateAccountRequest).LogValue
var _ func(partnerapi.UpdateAccountRequest) ([]byte, error) = (partnerapi.UpdateAccountRequest).MarshalJSON
var _ string = partnerapi.UpdateAccountRequest{}.CurrentPassword
var _ string = partnerapi.UpdateAccountRequest{}.Email
var _ string = partnerapi.UpdateAccountRequest{}.FirstName
var _ string = partnerapi.UpdateAccountRequest{}.LastName
var _ partnerapi.OptIn = partnerapi.UpdateAccountRequest{}.ListsOptIn
var _ string = partnerapi.UpdateAccountRequest{}.ListsOptInSource
var _ string = partnerapi.UpdateAccountRequest{}.Password
var _ string = partnerapi.UpdateAccountRequest{}.PasswordConfirmation
var _ string = partnerapi.UpdateAccountRequest{}.Username
var _ partnerapi.UpdateInvitationRequest
var _ string = partnerapi.UpdateInvitationRequest{}.Email
var _ partnerapi.Optional[float64] = partnerapi.UpdateInvitationRequest{}.FeeProposed
var _ partnerapi.UpdateNetworkRequest
var _ float64 = partnerapi.UpdateNetworkRequest{}.Fee
var _ partnerapi.UpdateSubscriptionRequest
var _ partnerapi.Plan = partnerapi.UpdateSubscriptionRequest{}.Plan
var _ string = partnerapi.Version
var _ func(key string) partnerapi.Option = partnerapi.WithAccountKey
var _ func(hook func(context.Context, partnerapi.Attempt)) partnerapi.Option = partnerapi.WithAttemptHook
var _ func(name partnerapi.API, base string) partnerapi.Option = partnerapi.WithBaseURL
var _ func(which partnerapi.Credential, token string) partnerapi.CallOption = partnerapi.WithCredential
var _ func(which partnerapi.Credential, source partnerapi.TokenSource) partnerapi.Option = partnerapi.WithCredentialSource
var _ func(hc *http.Client) partnerapi.Option = partnerapi.WithHTTPClient
var _ func(name string, value string) partnerapi.CallOption = partnerapi.WithHeader
var _ func() partnerapi.Option = partnerapi.WithInsecureHTTP
var _ func(logger *slog.Logger) partnerapi.Option = partnerapi.WithLogger
var _ func(most int64) partnerapi.Option = partnerapi.WithMaxResponseBytes
var _ func(middleware func(http.RoundTripper) http.RoundTripper) partnerapi.Option = partnerapi.WithMiddleware
var _ func(token string) partnerapi.Option = partnerapi.WithNetworkToken
var _ func(key string) partnerapi.Option = partnerapi.WithOrganizationKey
var _ func(token string) partnerapi.Option = partnerapi.WithPartnerToken
var _ func(name partnerapi.API, limiter partnerapi.Limiter) partnerapi.Option = partnerapi.WithRateLimiter
var _ func(response *partnerapi.Response) partnerapi.CallOption = partnerapi.WithResponseInto
var _ func(policy partnerapi.RetryPolicy) partnerapi.Option = partnerapi.WithRetry
var _ func(perAttempt time.Duration) partnerapi.Option = partnerapi.WithTimeout
var _ func(product string) partnerapi.Option = partnerapi.WithUserAgent
var _ func() partnerapi.CallOption = partnerapi.WithoutRetry
var _ *string = (*string)((*partnerapi.API)(nil))
var _ *string = (*string)((*partnerapi.Credential)(nil))
var _ *string = (*string)((*partnerapi.InvitationStatus)(nil))
var _ *string = (*string)((*partnerapi.OptIn)(nil))
var _ *string = (*string)((*partnerapi.Outcome)(nil))
var _ *string = (*string)((*partnerapi.Plan)(nil))
