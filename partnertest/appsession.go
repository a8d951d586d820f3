package partnertest

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"time"

	"github.com/partnerapi/partnerapi-go"
	"github.com/partnerapi/partnerapi-go/partnertest/internal/wire"
)

var appOperations = []operation{
	{api: partnerapi.NetworkAPI, op: "GET /app/session", do: (*Fake).showSession, check: checkAppKeyOrJWT},
	{api: partnerapi.NetworkAPI, op: "POST /app/login", do: (*Fake).logInUser, check: checkJWT},
	{api: partnerapi.NetworkAPI, op: "POST /app/login-account", do: (*Fake).selectAccount, check: checkJWT},
	{api: partnerapi.NetworkAPI, op: "GET /app/logout", do: (*Fake).logOutUser, check: checkJWT},
}

// jwtLifetime is how long a JWT is valid, unless WithJWTLifetime says otherwise.
// ours N43
const jwtLifetime = time.Hour

// AppUser is a user of the application that [AppKey] belongs to. A user with no Password cannot log in.
type AppUser struct {
	partnerapi.AppUser
	Password string
	// Accounts are the user's accounts, in the order in which they are shown. A user with more than one has to choose.
	Accounts []partnerapi.AccountChoice
	// Access and Alerts are the same in all accounts.
	Access partnerapi.AppAccess
	Alerts []partnerapi.AppAlert
}

// SeedAppUser adds a user of the application, or replaces the one with its Username, and returns the stored user. It
// fills in an empty ID and, if there are no Accounts, the account acc_1234567890. All accounts share the same networks
// and invitations.
func (f *Fake) SeedAppUser(u AppUser) AppUser {
	f.mu.Lock()
	defer f.mu.Unlock()
	u = u.clone()
	if u.ID == "" {
		u.ID = f.newID("usr_", func(string) bool { return false })
	}
	if len(u.Accounts) == 0 {
		u.Accounts = []partnerapi.AccountChoice{{ID: parentAccountID, Title: "Acme Corp"}}
	}
	f.appUsers[u.Username] = u
	return u.clone()
}

func (u AppUser) clone() AppUser {
	u.Roles, u.Accounts, u.Alerts = slices.Clone(u.Roles), slices.Clone(u.Accounts), slices.Clone(u.Alerts)
	u.Access = maps.Clone(u.Access)
	return u
}

// ExpireJWTs expires all JWTs immediately. NetworkToken stays valid.
func (f *Fake) ExpireJWTs() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.jwts.clear()
}

// appSession is the session of a JWT.
type appSession struct {
	username string // of the user who is logged in; empty if none is
	account  string // its ID; empty until an account is chosen
	expires  time.Time
}

// appSession returns the session of the request's credential, or nil.
// ours N48: NetworkToken is the JWT of a session without a user
func (f *Fake) appSession(in *request) *appSession {
	jwt := in.Header.Get("Authorization")
	if jwt == NetworkToken {
		return &appSession{account: parentAccountID}
	}
	if s, _ := f.jwts.get(jwt); s != nil && f.now().Before(s.expires) {
		return s
	}
	return nil
}

func checkJWT(f *Fake, in *request) *reply {
	if in.session = f.appSession(in); in.session != nil {
		return nil
	}
	return networkSignIn(in)
}

func checkAppKeyOrJWT(f *Fake, in *request) *reply {
	if in.Header.Get("Authorization") == AppKey {
		return nil
	}
	return checkJWT(f, in)
}

// newJWT stores a session under a new JWT.
// ours N49: earlier ones stay valid until they expire
func (f *Fake) newJWT(s appSession) string {
	jwt := f.newID("fake-jwt-", func(string) bool { return false })
	s.expires = f.now().Add(f.jwtLifetime)
	f.jwts.put(jwt, &s)
	return jwt
}

// showSession starts a session for the app key and shows the session of a JWT.
// ours N50: with the same JWT
func (f *Fake) showSession(in *request) reply {
	jwt := in.Header.Get("Authorization")
	if jwt == AppKey {
		return f.sessionReply(f.newJWT(appSession{}), appSession{})
	}
	return f.sessionReply(jwt, *in.session)
}

func (f *Fake) logInUser(in *request) reply {
	body, _ := read[struct{ Username, Password string }](in) // with an empty body both are missing
	wrong := make(map[string]string)
	for field, value := range map[string]string{"username": body.Username, "password": body.Password} {
		if isBlank(value) {
			wrong[field] = fieldRequired
		}
	}
	if len(wrong) > 0 {
		return networkFailed(in, http.StatusBadRequest, networkMissingValues, wrong)
	}
	u, known := f.appUsers[body.Username]
	if !known || u.Password != body.Password {
		return networkFailed(in, http.StatusBadRequest, networkWrongLogin, nil)
	}
	s := appSession{username: u.Username}
	if len(u.Accounts) == 1 {
		s.account = u.Accounts[0].ID
	}
	u.LastLogin = partnerapi.UnixTimeOf(f.now().Truncate(time.Second))
	f.appUsers[u.Username] = u
	return f.sessionReply(f.newJWT(s), s)
}

// selectAccount works in a session that has an account, too.
// ours N51
func (f *Fake) selectAccount(in *request) reply {
	body, _ := read[struct {
		AccountID string `json:"account_id"`
	}](in)
	s := *in.session
	allowed := []partnerapi.AccountChoice{{ID: s.account}} // NetworkToken's own account
	if s.username != "" {
		allowed = f.appUsers[s.username].Accounts
	}
	switch isAllowed := func(a partnerapi.AccountChoice) bool { return a.ID == body.AccountID }; {
	case body.AccountID == "":
		return networkInvalid(in, map[string]string{"account_id": fieldRequired})
	case !slices.ContainsFunc(allowed, isAllowed):
		return networkFailed(in, http.StatusForbidden, networkNoMember, nil)
	}
	s.account = body.AccountID
	return f.sessionReply(f.newJWT(s), s)
}

// logOutUser logs the session's user out.
// ours N52: the JWT of the request stays valid
func (f *Fake) logOutUser(in *request) reply {
	*in.session = appSession{expires: f.now().Add(f.jwtLifetime)}
	return f.sessionReply(f.newJWT(appSession{}), appSession{})
}

// sessionReply shows a session.
// ours N53: empty members are there without a user
func (f *Fake) sessionReply(jwt string, s appSession) reply {
	u := f.appUsers[s.username]
	u.Roles = wire.OrEmpty(u.Roles)
	nothing := map[string]any{}
	shown := map[string]any{
		"jwt": jwt, "auth": s.account != "", "user": nothing, "account": nothing, "access": nothing, "alerts": []any{},
		"app": map[string]any{"id": "app_1234567890", "title": "Acme Services", "created": 1234567890},
	}
	if s.username != "" {
		shown["user"] = u.AppUser
	}
	switch {
	case s.account != "":
		shown["account"] = map[string]any{"id": s.account, "title": u.title(s.account)}
		if u.Access != nil {
			shown["access"] = u.Access
		}
		shown["alerts"] = wire.OrEmpty(u.Alerts)
	case s.username != "":
		shown["auth"] = map[string]any{"select_account": map[string]any{
			"accounts": choices(u.Accounts), "last_login": u.Accounts[0].ID, // ours N54
		}}
	}
	return inJSON(http.StatusOK, shown)
}

func (u AppUser) title(account string) string {
	for _, a := range u.Accounts {
		if a.ID == account {
			return a.Title
		}
	}
	return ""
}

// choices encodes as an object that keeps the order of its members.
type choices []partnerapi.AccountChoice

// MarshalJSON returns {"acc_1":"Foo Account",…}.
func (cs choices) MarshalJSON() ([]byte, error) {
	text := []byte{'{'}
	for i, c := range cs {
		if i > 0 {
			text = append(text, ',')
		}
		id, _ := json.Marshal(c.ID) // cannot fail for strings
		title, _ := json.Marshal(c.Title)
		text = slices.Concat(text, id, []byte{':'}, title)
	}
	return append(text, '}'), nil
}
