package verify

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"

	"github.com/partnerapi/partnerapi-go/partnertest"
)

// turned is an API that does the opposite of one decision.
type turned struct {
	turn turn
	// stateful, if set, returns a turn with state of its own.
	stateful func() turn
	opts     []partnertest.Option
	// link returns what changes the link of an e-mail. It gets the prompt too.
	link func() func(prompt, link string) string
}

// of returns the wrapper of a fake.
func (tu turned) of() func(http.Handler) http.Handler {
	apply := tu.turn
	if tu.stateful != nil {
		apply = tu.stateful()
	}
	if apply == nil {
		apply = func(_ *asked, next func() *reply) *reply { return next() }
	}
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			in := arrived(r)
			done := apply(in, func() *reply { return in.pass(next) })
			for name, values := range done.header {
				w.Header()[name] = values
			}
			w.WriteHeader(done.status)
			_, _ = io.WriteString(w, done.body)
		})
	}
}

// turn responds to a request. next is the fake.
type turn func(in *asked, next func() *reply) *reply

// asked is a request.
type asked struct {
	*http.Request

	body string
	text string // everything in it
}

func arrived(r *http.Request) *asked {
	body, _ := io.ReadAll(r.Body)
	return &asked{r, string(body), fmt.Sprint(r.Method, " ", r.URL.Path, " ", r.URL.RawQuery, " ", r.Header, " ", string(body))}
}

func (in *asked) pass(next http.Handler) *reply {
	r := in.Clone(in.Context())
	r.Body, r.ContentLength = io.NopCloser(strings.NewReader(in.body)), int64(len(in.body))
	w := httptest.NewRecorder()
	next.ServeHTTP(w, r)
	return &reply{w.Code, w.Header(), w.Body.String()}
}

// is reports whether a request has the method, a path that ends so, and all of the texts.
func (in *asked) is(op string, texts ...string) bool {
	method, path, _ := strings.Cut(op, " ")
	if in.Method != method && method != "*" || !strings.HasSuffix(in.URL.Path, path) {
		return false
	}
	for _, text := range texts {
		if !strings.Contains(in.text, text) {
			return false
		}
	}
	return true
}

type reply struct {
	status int
	header http.Header
	body   string
}

func inJSON(status int, body string) *reply {
	return &reply{status, http.Header{"Content-Type": {"application/json"}}, body}
}

// with returns a reply whose body has members set, by their paths. A nil value removes the member.
func (r *reply) with(value any, path ...string) *reply {
	var body map[string]any
	if json.Unmarshal([]byte(r.body), &body) != nil {
		return r
	}
	members := body
	for _, name := range path[:len(path)-1] {
		inner, isObject := members[name].(map[string]any)
		if !isObject {
			return r
		}
		members = inner
	}
	if members[path[len(path)-1]] = value; value == nil {
		delete(members, path[len(path)-1])
	}
	text, _ := json.Marshal(body)
	r.body = string(text)
	return r
}

func (r *reply) replace(old, text string) *reply {
	r.body = strings.ReplaceAll(r.body, old, text)
	return r
}

// get returns a text of the body.
func (r *reply) get(path ...string) string {
	return answer{body: []byte(r.body)}.text(path...)
}

// when responds to the requests that match, and lets the others through.
func when(op string, texts []string, respond turn) turned {
	return turned{turn: func(in *asked, next func() *reply) *reply {
		if in.is(op, texts...) {
			return respond(in, next)
		}
		return next()
	}}
}

// always responds with the same to the requests that match.
func always(op string, texts []string, status int, body string) turned {
	return when(op, texts, func(*asked, func() *reply) *reply { return inJSON(status, body) })
}

// changed changes the fake's response to the requests that match.
func changed(op string, texts []string, change func(*reply) *reply) turned {
	return when(op, texts, func(_ *asked, next func() *reply) *reply { return change(next()) })
}

// second responds to the second request that matches, and to those after it.
func second(op string, texts []string, status int, body string) turned {
	return turned{stateful: func() turn {
		n := 0
		return func(in *asked, next func() *reply) *reply {
			if !in.is(op, texts...) {
				return next()
			}
			if n++; n > 1 {
				return inJSON(status, body)
			}
			return next()
		}
	}}
}

func marks(texts ...string) []string { return texts }

const (
	subscriptions = "/partners/subscriptions"
	done          = `{"success":true}`
	badToken      = `{"success":false,"error":"Please provide a valid token","error_type":"invalid_token"}`
	unknownInJSON = `{"success":false,"error":"Please provide a valid pk","error_type":"invalid_params"}`
)

func partnerFailure(message string) string {
	return `{"success":false,"error":"` + message + `","error_type":"invalid_params"}`
}

func accountFailure(message string) string {
	return `{"status":"error","messages":["` + message + `"]}`
}

func networkFailure(code int, message string) string {
	return fmt.Sprintf(`{"error":{"request_method":"GET","type":"user","code":%d,"message":"%s","fields":[],"dev_message":""}}`, code, message)
}

// turns has the opposite of each decision that has a probe.
var turns = map[string]turned{
	"P01": always("GET /partners/signup", marks("-p01"), 401, badToken),
	"P09": {turn: func(in *asked, next func() *reply) *reply {
		r := next()
		if r.status == 404 && strings.Contains(in.text, "-p09") {
			r.status = 400
		}
		return r
	}},
	"P10": changed("* ", marks("-p10-token"), func(r *reply) *reply { r.status = 403; return r }),
	"P11": always("PUT ", marks("text/plain"), 404, unknownInJSON),
	"P22": {turn: func(in *asked, next func() *reply) *reply {
		if in.body == "{" {
			return inJSON(400, partnerFailure("Not JSON"))
		}
		return next()
	}},
	"P23": changed("* ", marks("-p23"), func(*reply) *reply { return inJSON(404, unknownInJSON) }),
	"P24": {turn: func(in *asked, next func() *reply) *reply {
		r := next()
		if in.is("GET /partners/signup") && r.status == 400 && in.URL.RawQuery == "" {
			return r.replace(badPK, "Please provide a pk")
		}
		return r
	}},
	"P30": when("POST "+subscriptions, nil, func(in *asked, next func() *reply) *reply {
		return next().replaceIf(!strings.Contains(in.body, `"pk"`), "a valid pk", "a pk")
	}),
	"P05": second("POST "+subscriptions, marks("-p05"), 400, partnerFailure("Duplicate")),
	"P06": second("POST "+subscriptions, marks("-p06"), 201, done),
	"P07": always("POST "+subscriptions, marks("-p07"), 409, `{"problem":"no plan"}`),
	"P08": always("PUT ", marks("-p08"), 400, partnerFailure("Same plan")),
	"P14": {turn: func(in *asked, next func() *reply) *reply {
		if in.Method == "PUT" && strings.Contains(in.URL.RawPath, "%2F") {
			return inJSON(404, unknownInJSON)
		}
		return next()
	}},
	"P15": always("DELETE ", marks("-p15", subscriptions+"/"), 400, partnerFailure("Please provide a valid body")),
	"P16": changed("DELETE "+subscriptions, nil, func(*reply) *reply { return &reply{status: 404, body: "<h1>Not found</h1>"} }),
	"P19": changed("POST "+subscriptions, marks("-p19"), func(r *reply) *reply { return r.replace("Plan is blank", "No plan") }),
	"P20": changed("PUT ", marks("-p20"), func(r *reply) *reply { return r.replace("a valid plan", "a plan") }),
	"P28": {opts: []partnertest.Option{partnertest.WithLegacySubscriptions()}, turn: func(in *asked, next func() *reply) *reply {
		if in.is("POST "+subscriptions, "-p28-2") {
			return inJSON(400, partnerFailure("Please provide a valid plan"))
		}
		return next()
	}},
	"P29": changed("POST "+subscriptions, marks("-p29", `"email":" "`), func(r *reply) *reply { return r.replace("Email is blank", duplicate) }),
	"P31": second("POST "+subscriptions, marks("-p31"), 400, partnerFailure(duplicate)),
	"S08": when("POST "+subscriptions, marks("-s08-token"), func(in *asked, next func() *reply) *reply {
		in.Header.Set("X-Token-Auth", partnertest.PartnerToken)
		next()
		return inJSON(401, badToken)
	}),
	"S10": second("DELETE ", marks("-s10"), 200, done),
	"S11": when("GET ", marks("-s11"), func(*asked, func() *reply) *reply {
		return &reply{301, http.Header{"Location": {"https://elsewhere.example/"}}, ""}
	}),
	"P02": changed("GET /partners/signup", marks("-p02"), func(r *reply) *reply { r.header.Set("Set-Cookie", "session=1"); return r }),
	"P03": changed("GET /partners/signup", marks("-p03"), func(r *reply) *reply { r.status = 303; return r }),
	"P04": changed("GET /partners/signup", marks("-p04"), func(r *reply) *reply {
		r.header.Set("Location", "/welcome?token="+partnertest.PartnerToken)
		return r
	}),
	"P21": changed("GET /partners/signup", marks("yesterday"), func(*reply) *reply {
		return &reply{302, http.Header{"Location": {"/partner/welcome"}}, ""}
	}),
	"P25": changed("GET /partners/signup", marks("-p25"), func(r *reply) *reply { return r.replace("Email is blank", "No email") }),
	"P27": always("PUT ", marks("-p27"), 200, done),

	"A01": always("GET /account/search", marks("-a01"), 404, `{"error":"Not Found: /account/search"}`),
	"A02": changed("* ", marks("-a02"), func(r *reply) *reply { r.status = 401; return r }),
	"A03": changed("GET /account/status", nil, func(r *reply) *reply { return r.replace(`"status":"ok"`, `"status":"done"`) }),
	"A04": always("* ", marks("-a04"), 200, `{"status":"ok"}`),
	"A05": always("* ", marks("-a05"), 200, `{"status":"ok","customer":null}`),
	"A08": always("POST /accounts", marks("-a08"), 200, accountFailure(noCustomer)),
	"A09": changed("GET /account/benefits", nil, func(*reply) *reply { return inJSON(200, `{"status":"ok","benefits":[]}`) }),
	"A10": always("GET /account/search", marks("-a10"), 200, accountFailure("No customer")),
	"A11": changed("POST /login", marks("-a11"), func(r *reply) *reply { return r.replace(wrongLogin, "Invalid login") }),
	"A16": always("* ", marks("-a16"), 200, accountFailure("Invalid token")),
	"A20": always("POST /accounts", marks("-a20"), 200, accountFailure(blankBirthdate)),
	"A22": changed("POST /accounts", nil, func(r *reply) *reply { return r.replace("Email can't be blank", "Email is required") }),
	"A23": changed("POST /accounts", nil, func(r *reply) *reply { return r.replace("Birthdate is invalid", "Birthdate is odd") }),
	"A24": changed("POST /accounts", marks("-a24"), func(r *reply) *reply { return r.replace("doesn't match", "is not") }),
	"A26": changed("* ", marks("-a26"), func(r *reply) *reply { return r.replace(badKey, "Please use another key.") }),
	"A27": always("* ", marks("-a27"), 404, `{"message":"Not Found"}`),
	"A29": changed("GET /account/status", marks("Bearer"), func(r *reply) *reply { return r.with(false, "logged_in") }),
	"A32": changed("POST /accounts", nil, func(r *reply) *reply { return r.replace(noCustomer, "Not JSON") }),
	"A39": {turn: func(in *asked, next func() *reply) *reply {
		if in.is("GET /logout") && in.Header.Get("Cookie") == "" {
			return inJSON(200, accountFailure(loggedOut))
		}
		return next()
	}},
	"A06": changed("POST /login", marks("-a06"), func(r *reply) *reply { r.header.Del("Set-Cookie"); return r }),
	"A07": changed("POST /login", nil, cookie("Path=/", "Path=/other")),
	"A13": changed("POST /accounts", nil, func(r *reply) *reply { return r.replace("has already been taken", "is known") }),
	"A15": second("POST /login", marks("-a15"), 200, accountFailure(wrongLogin)),
	"A25": changed("POST /login", nil, cookie("HttpOnly", "HttpOnly; Max-Age=3600")),
	"A30": always("POST /accounts", marks("-a30"), 200, accountFailure("Terms must be accepted")),
	"A31": second("POST /accounts", marks("-a31"), 200, accountFailure("Username has already been taken")),
	"A33": changed("POST /accounts", nil, func(r *reply) *reply { return r.with(false, "customer", "expired") }),
	"A34": {stateful: passwordEndsSessions},
	"A35": changed("POST /account", marks(`"first_name":""`), func(r *reply) *reply { return r.with("Verify", "customer", "first_name") }),
	"A36": changed("GET /account", nil, func(r *reply) *reply {
		if strings.Contains(r.get("customer", "email"), "-a36") {
			r.with("before@example.com", "customer", "email")
		}
		return r
	}),
	"A41": when("GET /account/search", marks("PARTNERCTL"), func(*asked, func() *reply) *reply { return inJSON(200, `{"status":"ok","customer":null}`) }),
	"A45": {turn: func(_ *asked, next func() *reply) *reply {
		r := next()
		for _, name := range []string{"registered", "auto_renewal_enabled", "lists_opt_in"} {
			if strings.Contains(r.body, `"customer":{`) {
				r.with(true, "customer", name)
			}
		}
		return r
	}},

	"N01": changed("* ", marks("-n01"), func(*reply) *reply { return &reply{status: 404, body: "404 page not found"} }),
	"N06": {turn: func(in *asked, next func() *reply) *reply {
		if strings.Contains(in.text, "-n06") && in.Header.Get("Authorization") == "" {
			in.Header.Set("Authorization", partnertest.NetworkToken)
		}
		return next()
	}},
	"N07": changed("GET /account/network-domains", marks("collection=true"), func(r *reply) *reply {
		return r.replace("}}]", `}},"dom_2"]`)
	}),
	"N21": changed("GET /account/network-invitations", nil, func(r *reply) *reply { return r.with([]any{map[string]any{}}, "filters") }),
	"N08": changed("GET /account/networks/acc_CANARY2", nil, func(r *reply) *reply { return r.replace("proposed_date", "date") }),
	"N09": changed("GET /account/network-invitations", nil, func(r *reply) *reply { return r.eachCreated() }),
	"N13": changed("* ", marks("-n13"), func(r *reply) *reply { return r.with(400, "error", "code") }),
	"N14": changed("GET /account/network-invitations", marks("-n14"), func(r *reply) *reply { return r.with(120, "total") }),
	"N24": changed("* ", marks("-n24"), func(r *reply) *reply { return r.replace(notFound, "Gone.") }),
	"N25": changed("* ", marks("-n25"), func(r *reply) *reply { return r.replace("Please sign in.", "Who are you?") }),
	"N29": always("* ", marks("-n29"), 404, networkFailure(404, notFound)),
	"N30": {turn: func(in *asked, next func() *reply) *reply {
		if in.is("GET /account/network-domains") && in.URL.RawQuery == "" && in.Header.Get("Authorization") == partnertest.NetworkToken {
			return inJSON(200, "[]")
		}
		return next()
	}},
	"N32": changed("GET /account/networks/acc_CANARY1", nil, func(r *reply) *reply { return r.with(0, "fee_proposed") }),
	"N33": when("GET /account/networks", marks("-n33"), func(in *asked, next func() *reply) *reply {
		in.URL.RawQuery = ""
		return next()
	}),
	"N35": always("GET /account/network-invitations", marks("page=0"), 400, networkFailure(400, "Please check the values.")),
	"N36": always("GET /account/network-invitations", marks("=x"), 400, networkFailure(400, "Please check the values.")),
	"N37": {turn: func(in *asked, next func() *reply) *reply {
		r := next()
		if in.is("GET /account/network-invitations") {
			return r.reversed()
		}
		return r
	}},
	"N38": changed("GET /account/network-invitations", marks("-n38"), func(r *reply) *reply { return r.with(0, "pages") }),
	"N39": changed("GET /account/network-invitations", marks("search=CA"), func(r *reply) *reply { return r.with([]any{}, "list") }),
	"N44": when("GET /account/network-invitations", marks("-n44"), func(in *asked, next func() *reply) *reply {
		in.URL.RawQuery = ""
		return next()
	}),
	"N46": changed("* ", marks("-n46"), func(r *reply) *reply { return r.replace(notFound, "Invalid token.") }),
	"N15": changed("POST /app/login", marks("-n15"), func(r *reply) *reply { return r.replace("is incorrect", "is wrong") }),
	"N16": changed("GET /app/session", marks(partnertest.AppKey), func(r *reply) *reply { return r.with(nil, "auth") }),
	"N26": changed("POST /app/login", nil, func(r *reply) *reply { return r.replace("Required values are missing.", "No.") }),
	"N27": changed("POST /app/login-account", marks("-n27"), func(r *reply) *reply { r.status = 404; return r }),
	"N43": {turn: realJWT},
	"N49": {stateful: func() turn { return loginEndsJWT("POST /app/login") }},
	"N50": {turn: func(in *asked, next func() *reply) *reply {
		r := next()
		if in.is("GET /app/session") && in.Header.Get("Authorization") != partnertest.AppKey {
			return r.with("another", "jwt")
		}
		return r
	}},
	"N51": {stateful: selectsOnce},
	"N52": {stateful: func() turn { return loginEndsJWT("GET /app/logout") }},
	"N53": changed("GET /app/session", marks(partnertest.AppKey), func(r *reply) *reply { return r.with(nil, "alerts") }),
	"N54": {stateful: remembersAccount},
	"N22": changed("POST /account/network-invitations", marks("-n22"), func(r *reply) *reply { return r.replace("is not valid", "is odd") }),
	"N23": {turn: func(in *asked, next func() *reply) *reply {
		if in.is("POST /account/network-invitations") && in.body == "{}" {
			return next().replace("check the values", "check the fields")
		}
		return next()
	}},
	"N02": changed("POST /account/network-invitations", marks("-n02"), func(r *reply) *reply { r.status = 202; return r }),
	"N03": changed("DELETE ", marks("/account/network-invitations/"), func(r *reply) *reply {
		if r.status == 204 {
			return inJSON(200, "{}")
		}
		return r
	}),
	"N10": always("POST ", marks(`"fee_proposed":""`), 400, networkFailure(400, "Please check the values.")),
	"N34": always("POST ", marks(`"fee_proposed":null`), 400, networkFailure(400, "Please check the values.")),
	"N12": {link: func() func(string, string) string {
		return func(prompt, link string) string {
			if strings.Contains(prompt, "-n12") {
				return strings.Replace(link, "?token=", "/", 1)
			}
			return link
		}
	}},
	"N42": second("POST /account/network-invitations", marks("-n42"), 400, networkFailure(400, "Please check the values.")),
	"N45": {link: func() func(string, string) string {
		asked := 0
		return func(prompt, link string) string {
			if !strings.Contains(prompt, "-n45") {
				return link
			}
			asked++
			return fmt.Sprint(link, asked)
		}
	}},
	"N05": {turn: func(in *asked, next func() *reply) *reply {
		if in.Method == "POST" && strings.Contains(in.URL.Path, "/network-invitations/") && strings.Contains(in.body, "-n05") {
			return inJSON(404, networkFailure(404, notFound))
		}
		return next()
	}},
	"N31": {turn: func(in *asked, next func() *reply) *reply {
		if in.Method == "GET" && strings.Contains(in.URL.Path, "/account/networks/act_") {
			return inJSON(404, networkFailure(404, notFound))
		}
		return next()
	}},
	"N47": changed("GET ", marks("/account/networks/"), func(r *reply) *reply {
		if strings.Contains(r.get("account_title"), "-shared") {
			return r.with("New account", "account_title")
		}
		return r
	}),
	"N04": changed("POST ", marks("/account/networks/", `{"fee":4}`), func(*reply) *reply { return inJSON(200, "{}") }),
	"N11": always("POST ", marks("/account/networks/", `{"fee":0}`), 200, ""),
	"N19": second("POST ", marks("/account/networks/", `{"fee":3}`), 400, networkFailure(400, "Nothing changed.")),
}

func (r *reply) replaceIf(yes bool, old, text string) *reply {
	if yes {
		return r.replace(old, text)
	}
	return r
}

func cookie(old, text string) func(*reply) *reply {
	return func(r *reply) *reply {
		if line := r.header.Get("Set-Cookie"); line != "" {
			r.header.Set("Set-Cookie", strings.Replace(line, old, text, 1))
		}
		return r
	}
}

// records changes the records of a list.
func (r *reply) records(change func([]any) []any) *reply {
	var body map[string]any
	if json.Unmarshal([]byte(r.body), &body) != nil {
		return r
	}
	list, isList := body["list"].([]any)
	if !isList {
		return r
	}
	return r.with(change(list), "list")
}

// eachCreated makes milliseconds of the times.
func (r *reply) eachCreated() *reply {
	return r.records(func(list []any) []any {
		for _, record := range list {
			members := record.(map[string]any)
			members["created"] = members["created"].(float64) * 1000
		}
		return list
	})
}

func (r *reply) reversed() *reply {
	return r.records(func(list []any) []any {
		for i, j := 0, len(list)-1; i < j; i, j = i+1, j-1 {
			list[i], list[j] = list[j], list[i]
		}
		return list
	})
}

// passwordEndsSessions ends the sessions that began before a change of the password, except for the one that made it.
func passwordEndsSessions() turn {
	began, ended := map[string]bool{}, map[string]bool{}
	return func(in *asked, next func() *reply) *reply {
		if in.is("GET /account") && ended[in.Header.Get("Cookie")] {
			return inJSON(200, `{"status":"ok","customer":null}`)
		}
		r := next()
		switch {
		case in.is("POST /login"):
			pair, _, _ := strings.Cut(r.header.Get("Set-Cookie"), ";")
			began[pair] = true
		case in.is("POST /account", "current_password"):
			for pair := range began {
				ended[pair] = pair != in.Header.Get("Cookie")
			}
		}
		return r
	}
}

// realJWT gives the fake's JWTs the form of real ones, which expire in a day.
func realJWT(in *asked, next func() *reply) *reply {
	if _, own, found := strings.Cut(in.Header.Get("Authorization"), ".signed."); found {
		in.Header.Set("Authorization", own)
	}
	if parts := strings.Split(in.Header.Get("Authorization"), "."); len(parts) == 3 {
		in.Header.Set("Authorization", parts[2])
	}
	r := next()
	if jwt := r.get("jwt"); jwt != "" {
		claims := fmt.Sprintf(`{"exp":%d}`, time.Now().Add(24*time.Hour).Unix())
		return r.with("e30."+base64.RawURLEncoding.EncodeToString([]byte(claims))+"."+jwt, "jwt")
	}
	return r
}

// loginEndsJWT ends the JWT with which an operation is called.
func loginEndsJWT(op string) turn {
	ended := map[string]bool{}
	return func(in *asked, next func() *reply) *reply {
		jwt := in.Header.Get("Authorization")
		if in.is("GET /app/session") && ended[jwt] {
			return inJSON(401, networkFailure(401, "Please sign in."))
		}
		if in.is(op) {
			ended[jwt] = true
		}
		return next()
	}
}

// selectsOnce refuses another account in a session that has one.
func selectsOnce() turn {
	chosen := map[string]bool{}
	return func(in *asked, next func() *reply) *reply {
		if in.is("POST /app/login-account") && chosen[in.Header.Get("Authorization")] {
			return inJSON(403, networkFailure(403, "You have an account."))
		}
		r := next()
		if in.is("POST /app/login-account") {
			chosen[r.get("jwt")] = true
		}
		return r
	}
}

// remembersAccount returns the account that was selected last.
func remembersAccount() turn {
	last := ""
	return func(in *asked, next func() *reply) *reply {
		r := next()
		if in.is("POST /app/login-account") && r.status == 200 {
			last = r.get("account", "id")
		}
		if in.is("POST /app/login") && last != "" && r.status == 200 {
			return r.with(last, "auth", "select_account", "last_login")
		}
		return r
	}
}
