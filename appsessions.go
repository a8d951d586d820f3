package partnerapi

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"

	"github.com/partnerapi/partnerapi-go/internal/jsonwire"
)

// AppSessionsService signs a user in at the network API, step by step: [AppSessionsService.Start] with the app key, and
// all other calls with the JWT of the newest [AppSession]. Use [Client.AppSessions]; a service that only needs the JWT
// for its other calls uses [SignIn], which takes these steps by itself. A client for each JWT has connections of its own,
// unless they share a transport; one client for all has a [TokenSourceFunc] that takes the JWT from the context.
type AppSessionsService struct{ client *Client }

// AppSession is a session of the network API as a reply shows it. What a reply does not have, or has in a form that is
// not documented, is zero.
//
// An AppSession holds a credential. In fmt, slog, JSON and text it shows nothing of itself, but fmt does not ask it in an
// unexported field; its fields show what they hold, and its JWT shows nowhere.
type AppSession struct {
	// Authenticated is true when a user is logged in and the account is known.
	Authenticated bool
	// Accounts are those that the user has to choose from, with [AppSessionsService.SelectAccount]. There are none for a
	// user of a single account.
	Accounts []AccountChoice
	// LastAccountID is the one of Accounts that the API proposes: the user's last one.
	LastAccountID string
	App           App
	// User is zero while nobody is logged in.
	User AppUser
	// Account is zero until it is known.
	Account AppAccount
	Access  AppAccess
	Alerts  []AppAlert

	// What could not be read of it: accounts, or a JWT.
	oddAccounts, oddJWT bool

	jwt sealed[string]
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
	LoginURL   string `json:"login_url"`
	ResetURL   string `json:"reset_url"`
	SignupURL  string `json:"signup_url"`
	NetworkURL string `json:"network_url"`
	// AllowSignup is true if users can sign up by themselves.
	AllowSignup bool `json:"allow_signup"`
}

// AppUser is a user of an application.
type AppUser struct {
	ID        string   `json:"id"`
	Created   UnixTime `json:"created"`
	LastLogin UnixTime `json:"last_login"`
	Username  string   `json:"username"`
	Name      string   `json:"name"`
	Email     string   `json:"email"`
	// MobileNumber is as the user wrote it.
	MobileNumber string `json:"mobile_number"`
	// ScreenLocked is true for a user who has to give the password again. Access is empty until then.
	ScreenLocked bool `json:"screen_locked"`
	// Roles are IDs.
	Roles []string `json:"roles"`
}

// AppAccount is the account that a user works for.
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
	// TimezoneID is such as "America/New_York".
	TimezoneID string `json:"timezone_id"`
	// UTCOffset is in seconds.
	UTCOffset int    `json:"utc_offset"`
	CountryID string `json:"country_id"`
	DomainID  string `json:"domain_id"`
	VersionID string `json:"version_id"`
	// IsAppAccount is true for the account that the application itself belongs to.
	IsAppAccount bool `json:"is_app_account"`
}

// AppAlert is something that the user should look at.
type AppAlert struct {
	ID          string `json:"id"`
	Title       string `json:"title"`
	Description string `json:"description"`
	Text        string `json:"text"`
	// Href is a page of the application.
	Href string `json:"href"`
	// Access is what a user needs to see to it, in the form that [AppAccess.Can] takes.
	Access    string   `json:"access"`
	Priority  int      `json:"priority"`
	Timestamp UnixTime `json:"timestamp"`
}

// AppAccess is what a user may do: for each feature, letters out of "crud" for create, read, update and delete.
type AppAccess map[string]string

// Can reports whether a user may do what is required, such as "payment-methods:d". It follows the vendor's rules: of
// several letters one is enough, as in "payment-methods:ud"; a feature alone, or with "*", only has to be there; of
// several requirements, with commas between them, one is enough; "*" is for everybody, and what has another letter than
// those for nobody.
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

// JWT returns the credential of the session, for [WithNetworkToken] or a [TokenSource]. It replaces the one that the
// call was made with. It is empty if the reply had none: the one that the call was made with is good still.
func (s AppSession) JWT() string { return s.jwt.get() }

// Format prints no more than the type's name, for every verb.
func (s AppSession) Format(f fmt.State, verb rune) { redactedAppSession.Format(f, verb) }

// LogValue shows no more than the type's name.
func (s AppSession) LogValue() slog.Value { return redactedAppSession.LogValue() }

// MarshalText returns no more than the type's name, also in JSON.
func (s AppSession) MarshalText() ([]byte, error) { return redactedAppSession.MarshalText() }

// UnmarshalJSON reads a session as the API sends it. It only fails for what is no session at all, because little of one
// is documented as certain to be there.
func (s *AppSession) UnmarshalJSON(data []byte) error {
	jwt, auth, app := jsonwire.Member{Name: "jwt"}, jsonwire.Member{Name: "auth"}, jsonwire.Member{Name: "app"}
	user, account := jsonwire.Member{Name: "user"}, jsonwire.Member{Name: "account"}
	access, alerts := jsonwire.Member{Name: "access"}, jsonwire.Member{Name: "alerts"}
	jsonwire.Find(data, &jwt, &auth, &app, &user, &account, &access, &alerts)
	if jwt.Text() == "" && auth.Value == nil {
		return reason("neither a JWT nor whether a user is logged in")
	}
	authenticated, _ := auth.Bool()
	*s = AppSession{Authenticated: authenticated, jwt: seal(jwt.Text()), oddJWT: jwt.Value != nil && jwt.Value[0] != '"'}
	s.readChoice(auth.Value)
	// Each is {} or [] while it is empty, and a value of another type than the documented one leaves its field zero.
	_ = jsonwire.Unmarshal(app.Value, &s.App)
	_ = jsonwire.Unmarshal(user.Value, &s.User)
	_ = jsonwire.Unmarshal(account.Value, &s.Account)
	_ = jsonwire.Unmarshal(alerts.Value, &s.Alerts)
	s.Alerts = slices.DeleteFunc(s.Alerts, func(a AppAlert) bool { return a == AppAlert{} })
	s.readAccess(access.Value)
	return nil
}

// readAccess skips features whose letters are in another form.
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

// readChoice reads {"select_account":{"accounts":{"acc_1":"Foo Account",…},"last_login":"acc_1"}}, which is in the place
// of true or false. The accounts may be a list of entries too.
func (s *AppSession) readChoice(auth []byte) {
	choice, accounts, last := jsonwire.Member{Name: "select_account"}, jsonwire.Member{Name: "accounts"}, jsonwire.Member{Name: "last_login"}
	jsonwire.Find(auth, &choice)
	jsonwire.Find(choice.Value, &accounts, &last)
	s.LastAccountID = last.Text()
	s.readAccounts(accounts.Value)
}

// readAccounts keeps the order of the API, and skips what has no ID.
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

// AppLoginRequest is a user name and its password. It is redacted as a [CreateAccountRequest] is, and no further.
type AppLoginRequest struct {
	Username string `json:"username,omitzero"`
	Password string `json:"password,omitzero"`
}

// Format prints no more than the type's name, for every verb.
func (in AppLoginRequest) Format(f fmt.State, verb rune) { redactedAppLogin.Format(f, verb) }

// LogValue shows no more than the type's name.
func (in AppLoginRequest) LogValue() slog.Value { return redactedAppLogin.LogValue() }

// Start begins a session, in which nobody is logged in. The client's credential is the app key; the session's JWT is
// the credential of the calls that follow. It fails with [ErrUnauthorized] for a bad app key. It is sent again unless
// its outcome is [OutcomeAnswered].
//
// GET /app/session
func (s *AppSessionsService) Start(ctx context.Context, opts ...CallOption) (*AppSession, error) {
	return do[*AppSession](ctx, s.client, endpoint{Call: Call{API: NetworkAPI, Op: "GET /app/session"}}, opts)
}

// Current returns the session as it is now, for which the API has the same operation as for
// [AppSessionsService.Start]: here the client's credential is a JWT. Access and alerts can change while a user is logged
// in. It fails with [ErrUnauthorized] for a JWT that has expired. It is sent again unless its outcome is
// [OutcomeAnswered].
//
// GET /app/session
func (s *AppSessionsService) Current(ctx context.Context, opts ...CallOption) (*AppSession, error) {
	return do[*AppSession](ctx, s.client, endpoint{Call: Call{API: NetworkAPI, Op: "GET /app/session"}}, opts)
}

// Login logs a user in. The client's credential is the JWT of a session. A user of several accounts is not
// Authenticated before [AppSessionsService.SelectAccount] has chosen one of the session's Accounts. It fails with
// [ErrUnauthorized] for a bad JWT. Which failure a wrong user name or password is, the vendor does not document; what
// is missing is [ErrInvalid]. It is sent again unless its outcome is [OutcomeAnswered].
//
// POST /app/login
func (s *AppSessionsService) Login(ctx context.Context, in AppLoginRequest, opts ...CallOption) (*AppSession, error) {
	return do[*AppSession](ctx, s.client, endpoint{Call: Call{API: NetworkAPI, Op: "POST /app/login", Body: in, Repeatable: true}}, opts)
}

// SelectAccount chooses one of the accounts that [AppSessionsService.Login] left to choose from. The client's credential
// is the JWT of that session. It fails with [ErrUnauthorized] for a bad JWT. Which failure an account of others is, the
// vendor does not document. It is sent again unless its outcome is [OutcomeAnswered].
//
// POST /app/login-account
func (s *AppSessionsService) SelectAccount(ctx context.Context, accountID string, opts ...CallOption) (*AppSession, error) {
	return do[*AppSession](ctx, s.client, endpoint{
		Call: Call{API: NetworkAPI, Op: "POST /app/login-account", Body: selectAccountBody{accountID}, Repeatable: true},
	}, opts)
}

type selectAccountBody struct {
	AccountID string `json:"account_id,omitzero"`
}

// Logout logs the user out. The session that it returns is one in which nobody is logged in. It fails with
// [ErrUnauthorized] for a bad JWT. It is sent again unless its outcome is [OutcomeAnswered].
//
// GET /app/logout
func (s *AppSessionsService) Logout(ctx context.Context, opts ...CallOption) (*AppSession, error) {
	return do[*AppSession](ctx, s.client, endpoint{Call: Call{API: NetworkAPI, Op: "GET /app/logout"}}, opts)
}
