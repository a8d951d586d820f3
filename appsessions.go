package partnerapi

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"

	"github.com/partnerapi/partnerapi-go/internal/jsonwire"
	"github.com/partnerapi/partnerapi-go/internal/sealed"
)

// AppSessionsService signs a user in at the network API, step by step: [AppSessionsService.Start] takes the app key, and
// all other calls take the JWT of the newest [AppSession]. Use [Client.AppSessions]. [SignIn] takes these steps for a service
// that only needs the JWT for other calls. For several users, use one client and give each call its credential with
// [WithCredential]: a client for each JWT would have connections of its own.
type AppSessionsService struct{ client *Client }

// AppSession is a session of the network API. A field is zero if the response does not have it, or has it in an undocumented
// form.
//
// An AppSession contains a credential, its JWT, which is never printed. The AppSession is redacted in fmt, slog, JSON and text.
// Its other fields are not redacted if they are printed alone, or if fmt prints a struct that has it in an unexported field.
type AppSession struct {
	Authenticated bool // a user is logged in and the account is known
	// Accounts are those that the user has to choose from, with [AppSessionsService.SelectAccount]. Empty for a user with a
	// single account.
	Accounts      []AccountChoice
	LastAccountID string // the account in Accounts that the user chose last
	App           App
	User          AppUser    // zero until a user is logged in
	Account       AppAccount // zero until it is known
	Access        AppAccess
	Alerts        []AppAlert

	oddAccounts, oddJWT bool // the response has accounts, or a JWT, in an undocumented form

	jwt sealed.Box[string]
}

// AccountChoice is an account that a user can choose.
type AccountChoice struct {
	ID    string
	Title string
}

// App is the application that an app key belongs to.
type App struct {
	ID      string   `json:"id"`
	Title   string   `json:"title"`
	Created UnixTime `json:"created"`
	// LoginURL, ResetURL, SignupURL and NetworkURL are the application's own pages.
	LoginURL    string `json:"login_url"`
	ResetURL    string `json:"reset_url"`
	SignupURL   string `json:"signup_url"`
	NetworkURL  string `json:"network_url"`
	AllowSignup bool   `json:"allow_signup"` // users can sign up by themselves
}

// AppUser is a user of an application.
type AppUser struct {
	ID           string   `json:"id"`
	Created      UnixTime `json:"created"`
	LastLogin    UnixTime `json:"last_login"`
	Username     string   `json:"username"`
	Name         string   `json:"name"`
	Email        string   `json:"email"`
	MobileNumber string   `json:"mobile_number"` // in the user's own format
	// ScreenLocked is true if the user has to enter the password again. Access is empty until then.
	ScreenLocked bool     `json:"screen_locked"`
	Roles        []string `json:"roles"` // IDs
}

// AppAccount is the account that a user is signed in to.
type AppAccount struct {
	ID           string   `json:"id"`
	Created      UnixTime `json:"created"`
	LastLogin    UnixTime `json:"last_login"`
	Title        string   `json:"title"`
	Address      string   `json:"address"`
	City         string   `json:"city"`
	State        string   `json:"state"`
	Zip          string   `json:"zip"`
	Phone        string   `json:"phone"`
	URL          string   `json:"url"`
	ContactName  string   `json:"contact_name"`
	ContactEmail string   `json:"contact_email"`
	TimezoneID   string   `json:"timezone_id"` // such as "America/New_York"
	UTCOffset    int      `json:"utc_offset"`  // in seconds
	CountryID    string   `json:"country_id"`
	DomainID     string   `json:"domain_id"`
	VersionID    string   `json:"version_id"`
	IsAppAccount bool     `json:"is_app_account"` // the account owns the application
}

// AppAlert is a notice for the user.
type AppAlert struct {
	ID          string `json:"id"`
	Title       string `json:"title"`
	Description string `json:"description"`
	Text        string `json:"text"`
	Href        string `json:"href"` // a page of the application
	// Access is the access that a user needs to handle it, in the form of [AppAccess.Can].
	Access    string   `json:"access"`
	Priority  int      `json:"priority"`
	Timestamp UnixTime `json:"timestamp"`
}

// AppAccess maps features to the user's rights: letters of "crud" for create, read, update and delete.
type AppAccess map[string]string

// Can reports whether a user has the required access, such as "payment-methods:d". It follows the vendor's rules. One of
// several letters is enough, as in "payment-methods:ud". A feature alone, or with "*", requires any entry for the feature.
// One of several comma-separated requirements is enough. "*" is always granted, and an unknown letter never is.
func (a AppAccess) Can(required string) bool {
	for _, control := range strings.Split(required, ",") {
		feature, letters, limited := strings.Cut(control, ":")
		granted, known := a[feature]
		anything, something := !limited || letters == "*", strings.Trim(letters, "crud") == "" && strings.ContainsAny(granted, letters)
		if control == "*" || known && (anything || something) {
			return true
		}
	}
	return false
}

// JWT returns the credential of the session, for [WithCredential], [WithNetworkToken] or a [TokenSource]. It replaces the
// credential of the call that returned the session. It is empty if the response had none: that credential is then still
// valid.
func (s AppSession) JWT() string { return s.jwt.Get() }

// Format prints only the type's name, for every verb.
func (s AppSession) Format(f fmt.State, verb rune) { redactedAppSession.Format(f, verb) }

// LogValue returns only the type's name.
func (s AppSession) LogValue() slog.Value { return redactedAppSession.LogValue() }

// MarshalText returns only the type's name, also in JSON.
func (s AppSession) MarshalText() ([]byte, error) { return redactedAppSession.MarshalText() }

// UnmarshalJSON reads the API's form of a session. It fails only if the object has neither a JWT nor auth, because few members
// are documented as required.
func (s *AppSession) UnmarshalJSON(data []byte) error {
	jwt, auth, app := jsonwire.Member{Name: "jwt"}, jsonwire.Member{Name: "auth"}, jsonwire.Member{Name: "app"}
	user, account := jsonwire.Member{Name: "user"}, jsonwire.Member{Name: "account"}
	access, alerts := jsonwire.Member{Name: "access"}, jsonwire.Member{Name: "alerts"}
	jsonwire.Find(data, &jwt, &auth, &app, &user, &account, &access, &alerts)
	if jwt.Text() == "" && auth.Value == nil { // ours N16
		return reason(`neither "jwt" nor "auth" in the body`)
	}
	authenticated, _ := auth.Bool()
	*s = AppSession{Authenticated: authenticated, jwt: sealed.New(jwt.Text()), oddJWT: jwt.Value != nil && jwt.Value[0] != '"'}
	s.readChoice(auth.Value)
	// The API sends {} or [] for an empty member. A value of another type leaves its field zero.
	_ = jsonwire.Unmarshal(app.Value, &s.App)
	_ = jsonwire.Unmarshal(user.Value, &s.User)
	_ = jsonwire.Unmarshal(account.Value, &s.Account)
	_ = jsonwire.Unmarshal(alerts.Value, &s.Alerts)
	s.Alerts = slices.DeleteFunc(s.Alerts, func(a AppAlert) bool { return a == AppAlert{} })
	s.readAccess(access.Value)
	return nil
}

// readAccess skips features whose letters are not a string.
func (s *AppSession) readAccess(access []byte) {
	for feature, letters := range jsonwire.Members(access) {
		if letters[0] != '"' {
			delete(s.Access, feature)
			continue
		}
		if s.Access == nil {
			s.Access = make(AppAccess)
		}
		s.Access[feature] = jsonwire.Member{Value: letters}.Text()
	}
}

// readChoice reads {"select_account":{"accounts":{"acc_1":"Foo Account",…},"last_login":"acc_1"}}, which replaces true or
// false. The accounts may also be a list of entries.
func (s *AppSession) readChoice(auth []byte) {
	choice, accounts, last := jsonwire.Member{Name: "select_account"}, jsonwire.Member{Name: "accounts"}, jsonwire.Member{Name: "last_login"}
	jsonwire.Find(auth, &choice)
	jsonwire.Find(choice.Value, &accounts, &last)
	s.LastAccountID = last.Text()
	s.readAccounts(accounts.Value)
}

// readAccounts keeps the order of the API and skips entries without an ID.
// ours N07: the accounts are in either form of a collection
func (s *AppSession) readAccounts(accounts []byte) {
	objects := [][]byte{accounts}
	for entry := range jsonwire.Items(accounts) {
		s.oddAccounts = s.oddAccounts || !jsonwire.IsObject(entry)
		objects = append(objects, entry)
	}
	for _, e := range jsonwire.Entries(objects...) {
		title := jsonwire.Member{Name: "title", Value: e.Value}
		if jsonwire.IsObject(e.Value) {
			jsonwire.Find(e.Value, &title)
		}
		if e.ID == "" {
			s.oddAccounts = true
			continue
		}
		s.Accounts = append(s.Accounts, AccountChoice{e.ID, title.Text()})
	}
}

// AppLoginRequest is a user name and a password. It is redacted in fmt and slog, but not in JSON, and not if fmt prints a
// struct that has it in an unexported field.
type AppLoginRequest struct {
	Username string `json:"username,omitzero"`
	Password string `json:"password,omitzero"`
}

// Format prints only the type's name, for every verb.
func (in AppLoginRequest) Format(f fmt.State, verb rune) { redactedAppLogin.Format(f, verb) }

// LogValue returns only the type's name.
func (in AppLoginRequest) LogValue() slog.Value { return redactedAppLogin.LogValue() }

// Start starts a session without a user. The credential must be the app key. The session's JWT is the credential of
// the next calls. It returns [ErrUnauthorized] for an invalid app key. Retried automatically.
//
// GET /app/session
func (s *AppSessionsService) Start(ctx context.Context, opts ...CallOption) (*AppSession, error) {
	return do[*AppSession](ctx, s.client, endpoint{Call: Call{API: NetworkAPI, Op: "GET /app/session"}}, opts)
}

// Current returns the current session. Access and alerts can change while a user is logged in. The operation is that of
// [AppSessionsService.Start], but the credential must be a JWT. It returns [ErrUnauthorized] for an expired JWT. Retried
// automatically.
//
// GET /app/session
func (s *AppSessionsService) Current(ctx context.Context, opts ...CallOption) (*AppSession, error) {
	return do[*AppSession](ctx, s.client, endpoint{Call: Call{API: NetworkAPI, Op: "GET /app/session"}}, opts)
}

// Login logs a user in. The credential must be the JWT of a session. A user with several accounts is not
// Authenticated until [AppSessionsService.SelectAccount] chooses one of the session's Accounts. It returns [ErrUnauthorized]
// for an invalid JWT, and [ErrInvalid] for a missing user name or password. The vendor does not document the response to a
// wrong one. If it is a 400 with the message of package partnertest, the error is ErrInvalid, ErrUnauthorized and
// [ErrWrongPassword]. Retried automatically.
//
// POST /app/login
func (s *AppSessionsService) Login(ctx context.Context, in AppLoginRequest, opts ...CallOption) (*AppSession, error) {
	// ours N17: Repeatable
	return do[*AppSession](ctx, s.client, endpoint{Call: Call{API: NetworkAPI, Op: "POST /app/login", Body: in, Repeatable: true}}, opts)
}

// SelectAccount chooses one of the Accounts of the session that [AppSessionsService.Login] returned. The credential must be
// the JWT of that session. It returns [ErrUnauthorized] for an invalid JWT. The vendor does not document the error of an
// account that is not the user's. Retried automatically.
//
// POST /app/login-account
func (s *AppSessionsService) SelectAccount(ctx context.Context, accountID string, opts ...CallOption) (*AppSession, error) {
	return do[*AppSession](ctx, s.client, endpoint{ // ours N17: Repeatable
		Call: Call{API: NetworkAPI, Op: "POST /app/login-account", Body: selectAccountBody{accountID}, Repeatable: true},
	}, opts)
}

type selectAccountBody struct {
	AccountID string `json:"account_id,omitzero"`
}

// Logout logs the user out, and returns the session without a user. It returns [ErrUnauthorized] for an invalid JWT. Retried
// automatically.
//
// GET /app/logout
func (s *AppSessionsService) Logout(ctx context.Context, opts ...CallOption) (*AppSession, error) {
	return do[*AppSession](ctx, s.client, endpoint{Call: Call{API: NetworkAPI, Op: "GET /app/logout"}}, opts)
}
