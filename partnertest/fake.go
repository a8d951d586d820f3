package partnertest

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/partnerapi/partnerapi-go"
	"github.com/partnerapi/partnerapi-go/internal/recording"
)

// The credentials that a [Fake] accepts and that [Fake.Client] uses. AccountKey and OrganizationKey are those of the fan
// club with ID 1.
const (
	PartnerToken    = "fake-partner-token"
	AccountKey      = "fake-account-key"
	OrganizationKey = "fake-organization-key"
	NetworkToken    = "fake-network-token"
)

// AppKey is the app key that a [Fake] accepts. A session of the network API starts with it, see [Fake.SeedAppUser].
const AppKey = "fake-app-key"

// Fake is the partner API under /partner, the account API under /account and the network API under /network. It is made
// by [New] or [NewServer] and safe for concurrent use.
//
// A Fake keeps up to 384 MiB of records, sessions and tokens, which is more than a million subscriptions. Beyond that,
// the oldest records of the kind that grows are removed first.
type Fake struct {
	// URL is the base URL of a fake that NewServer serves, such as http://127.0.0.1:40000. It is empty otherwise.
	URL string

	calls     callLog
	recorded  map[recordedKey]recording.Response // of WithRecorded
	onCall    func(Call)
	transport http.RoundTripper

	mu       sync.Mutex // guards the fields below
	now      func() time.Time
	routes   map[partnerapi.API][]route
	faults   map[string][]Fault // by operation
	lastID   map[string]int64
	fanclubs map[string]Fanclub // by key

	kept          int                                        // the size of all records in bytes
	subscriptions *records[string, Subscription]             // by pk
	signups       *records[string, partnerapi.SignupRequest] // by pk
	legacy        bool                                       // whether subscriptions follow the revision before plans

	customers *records[int64, Customer]
	emails    map[address]int64
	sessions  *records[string, int64] // customers by session cookie
	access    *records[string, grant] // by access token
	refreshes *records[string, grant] // by refresh token

	domains     []partnerapi.Domain
	lifetime    time.Duration // of an invitation
	invitations *records[string, invitation]
	networks    *records[string, partnerapi.Network]

	appUsers    map[string]AppUser // by user name
	jwts        *records[string, *appSession]
	jwtLifetime time.Duration
}

// An Option configures a [Fake].
type Option func(*Fake)

// Fanclub is a fan club of the account API. Its key selects its customers.
type Fanclub struct {
	ID  int64
	Key string
	// OrganizationKey is the key of the organisation that owns the fan club. If empty, searches of the fan club are rejected.
	OrganizationKey string
}

// WithFanclub adds a fan club to the one with ID 1.
func WithFanclub(club Fanclub) Option {
	return func(f *Fake) { f.fanclubs[club.Key] = club }
}

// WithDomains replaces the two domains of the network API, dom_agency and dom_wholesale.
func WithDomains(domains ...partnerapi.Domain) Option {
	return func(f *Fake) { f.domains = slices.Clone(domains) }
}

// WithInvitationLifetime sets how long an invitation can be activated. The default is 7 days; the vendor does not
// document it.
func WithInvitationLifetime(d time.Duration) Option {
	return func(f *Fake) { f.lifetime = d }
}

// WithCallHook sets a function that is called for every call when its response is complete, or cut off. A test can log
// the calls, and the log is shown if the test fails:
//
//	partnertest.New(partnertest.WithCallHook(func(c partnertest.Call) { t.Log(c) }))
//
// The hook runs within the call, so it must not block, and it must be safe for concurrent use.
func WithCallHook(hook func(Call)) Option {
	return func(f *Fake) { f.onCall = hook }
}

// New returns a fake that is used through [Fake.Client], or as an [http.Handler] in any server.
func New(opts ...Option) *Fake {
	f := &Fake{
		now:      time.Now,
		routes:   make(map[partnerapi.API][]route),
		faults:   make(map[string][]Fault),
		lastID:   make(map[string]int64),
		fanclubs: map[string]Fanclub{AccountKey: {ID: 1, Key: AccountKey, OrganizationKey: OrganizationKey}},
		emails:   make(map[address]int64),
		domains:  slices.Clone(defaultDomains),
		lifetime: invitationLifetime,

		appUsers:    make(map[string]AppUser),
		jwtLifetime: jwtLifetime,
	}
	f.subscriptions = newRecords[string, Subscription](&f.kept)
	f.signups = newRecords[string, partnerapi.SignupRequest](&f.kept)
	f.customers = newRecords[int64, Customer](&f.kept)
	f.sessions = newRecords[string, int64](&f.kept)
	f.access = newRecords[string, grant](&f.kept)
	f.refreshes = newRecords[string, grant](&f.kept)
	f.invitations = newRecords[string, invitation](&f.kept)
	f.networks = newRecords[string, partnerapi.Network](&f.kept)
	f.jwts = newRecords[string, *appSession](&f.kept)
	f.transport = newTransport(f)
	for _, o := range slices.Concat(partnerOperations, accountOperations, networkOperations, appOperations) {
		f.routes[o.api] = addRoute(f.routes[o.api], newRoute(o, nil))
	}
	for _, opt := range opts {
		opt(f)
	}
	return f
}

// WithJWTLifetime sets how long a JWT is valid. The default is an hour; the vendor does not document it.
func WithJWTLifetime(d time.Duration) Option {
	return func(f *Fake) { f.jwtLifetime = d }
}

// SetNow stops the fake's clock at t. Before that the clock is time.Now. Ages of customers and the expiry of
// invitations, tokens and JWTs depend on it.
func (f *Fake) SetNow(t time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.now = func() time.Time { return t }
}

// request is a request in progress.
type request struct {
	*http.Request // its URL is relative to the API's base
	api           partnerapi.API
	body          []byte
	fanclub       Fanclub     // the fan club of the account API's key
	session       *appSession // the session of the network API's JWT
}

// ServeHTTP responds to a request. Every operation of every API passes through here.
func (f *Fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	fault, taken := r.Context().Value(faultKey{}).(Fault)
	if taken { // a taught handler may pass its request on to the fake, as a new request
		r = r.WithContext(context.WithValue(r.Context(), faultKey{}, nil))
	}
	in := arrived(r)
	var tooLarge *http.MaxBytesError
	switch err := f.receive(w, in); {
	case errors.As(err, &tooLarge):
		http.Error(w, "body too large", http.StatusRequestEntityTooLarge)
		return
	case err != nil:
		panic(http.ErrAbortHandler) // the client is gone; an incomplete request is not processed
	}
	to := f.find(in)
	if !taken {
		fault = f.next(to)
	}
	recorded := f.record(w, in, to, fault)
	defer f.ended(recorded)
	fault.apply(r.Context(), recorded, func(w http.ResponseWriter) { f.respond(w, in, to) })
	recorded.note(http.StatusOK) // the handler wrote nothing
}

// maxBody limits request bodies, except for taught operations. No documented body has more than a few hundred bytes.
// ours S13: a larger one is a 413
const maxBody = 1 << 20

// receive reads the body of a request, and discards it if the operation is unknown.
func (f *Fake) receive(w http.ResponseWriter, in *request) error {
	if in.Body == nil { // a request that did not come from a server
		in.Body = http.NoBody
	}
	to := f.find(in)
	if to == nil || to.taught == nil {
		in.Body = http.MaxBytesReader(w, in.Body, maxBody)
	}
	if to == nil {
		_, err := io.Copy(io.Discard, in.Body)
		if tooLarge := new(http.MaxBytesError); errors.As(err, &tooLarge) {
			return nil
		}
		return err
	}
	body, err := io.ReadAll(in.Body)
	in.hold(body)
	return err
}

// hold sets the body of a request.
func (in *request) hold(body []byte) {
	in.body, in.Body = body, io.NopCloser(bytes.NewReader(body))
}

func (f *Fake) respond(w http.ResponseWriter, in *request, to *route) {
	if to == nil {
		noRoute(in).write(w)
		return
	}
	if done := f.reply(in, to); done != nil {
		done.write(w)
		return
	}
	to.taught.ServeHTTP(w, in.Request)
}

// arrived takes the name of the API off the path.
func arrived(r *http.Request) *request {
	name, _, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	in := &request{Request: r.WithContext(r.Context()), api: partnerapi.API(name)}
	in.Method = cmp.Or(in.Method, http.MethodGet) // a client's request may leave it out
	if _, known := apis[in.api]; !known {
		in.api = ""
		return in
	}
	under := *r.URL
	under.Path = strings.TrimPrefix(under.Path, "/"+name)
	under.RawPath = strings.TrimPrefix(under.RawPath, "/"+name)
	in.URL = &under
	return in
}

// apis are the checks and responses that differ between the APIs.
var apis = map[partnerapi.API]struct {
	// check returns the response to a request without a valid credential, or nil.
	check func(*Fake, *request) *reply
	// noRoute returns the response to an unknown operation.
	noRoute func(*request) reply
}{
	partnerapi.PartnerAPI: {checkPartnerToken, partnerNoRoute},
	partnerapi.AccountAPI: {checkAccountKey, accountNoRoute},
	partnerapi.NetworkAPI: {checkNetworkToken, networkNoRoute},
}

// reply returns the fake's own response, or nil if the operation is taught and the credential valid.
func (f *Fake) reply(in *request, to *route) *reply {
	f.mu.Lock()
	defer f.mu.Unlock()
	if refused := f.refuse(in, to); refused != nil || to.taught != nil {
		return f.asRecorded(to, refused)
	}
	done := to.do(f, in)
	return f.asRecorded(to, &done)
}

// refuse returns the response to a request without a valid credential, or nil.
func (f *Fake) refuse(in *request, to *route) *reply {
	if to.check != nil {
		return to.check(f, in)
	}
	return apis[in.api].check(f, in)
}

func noRoute(in *request) reply {
	if in.api == "" {
		return plainNotFound()
	}
	return apis[in.api].noRoute(in)
}
