package verify

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/spf13/cobra"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/partnerapi/partnerapi-go"
	"github.com/partnerapi/partnerapi-go/internal/decisions"
	"github.com/partnerapi/partnerapi-go/partnertest"
)

const (
	username = "CANARY-username"
	password = "CANARY-password-1"
	address  = "canary.owner@canary.example.org"
)

var apis = []partnerapi.API{partnerapi.PartnerAPI, partnerapi.AccountAPI, partnerapi.NetworkAPI}

// seeded returns a fake with records of others, whose values must appear nowhere.
func seeded(opts ...partnertest.Option) *partnertest.Fake {
	fake := partnertest.New(append(opts, partnertest.WithDomains(partnerapi.Domain{ID: "dom_CANARY1", Title: "CANARY title"}))...)
	fake.SeedSubscription(partnertest.Subscription{PK: "CANARY-pk", Email: "canary.parent@canary.example.org", Plan: partnerapi.PlanBark})
	fake.SeedCustomer(partnertest.Customer{
		Customer: partnerapi.Customer{Email: "canary.fan@canary.example.org", FirstName: "CANARYFIRST", LastName: "CANARYLAST"}, Password: password,
	})
	created := time.Now().Add(-30 * 24 * time.Hour)
	for i := range 120 {
		fake.SeedInvitation(partnerapi.Invitation{
			Email: fmt.Sprintf("canary%d@canary.example.org", i), Created: partnerapi.UnixTimeOf(created.Add(time.Duration(i) * time.Hour)),
		})
	}
	fee := 2.5
	fake.SeedNetwork(partnerapi.Network{AccountID: "acc_CANARY1", AccountTitle: "CANARY account", Fee: 777177717})
	fake.SeedNetwork(partnerapi.Network{
		AccountID: "acc_CANARY2", AccountTitle: "CANARY other", FeeProposed: &fee, FeeProposedDate: partnerapi.UnixTimeOf(created),
		ProposedAccountID: "acc_CANARY3", ProposedUserID: "usr_CANARY4",
	})
	fake.SeedAppUser(partnertest.AppUser{
		AppUser: partnerapi.AppUser{Username: username, Name: "CANARY Name", Email: "canary.user@canary.example.org"}, Password: password,
		Accounts: []partnerapi.AccountChoice{{ID: "acc_CANARY5", Title: "CANARY five"}, {ID: "acc_CANARY6", Title: "CANARY six"}},
	})
	return fake
}

// trial is a run of an API against a fake.
type trial struct {
	fake     *partnertest.Fake
	turn     func(http.Handler) http.Handler  // or nil
	link     func(prompt, link string) string // changes the link of an e-mail, or nil
	ctx      context.Context
	readOnly bool
	out      bytes.Buffer
	record   string
}

func (tr *trial) config(api partnerapi.API) Config {
	transport := tr.fake.Transport()
	if tr.turn != nil {
		transport = served{tr.turn(tr.fake)}
	}
	client := func(opts ...partnerapi.Option) (*partnerapi.Client, error) {
		return tr.fake.Client(append(opts, partnerapi.WithHTTPClient(&http.Client{Transport: transport}))...), nil
	}
	return Config{
		API: api, Client: client, Out: &tr.out, Confirm: func(context.Context, string) error { return nil }, Line: tr.line,
		Write: !tr.readOnly, Irreversible: !tr.readOnly, Email: address,
		AppKey: partnertest.AppKey, Username: username, Password: password, Record: tr.record,
	}
}

// line is a user who has the newest e-mail.
func (tr *trial) line(_ context.Context, prompt string) (string, error) {
	if strings.HasSuffix(prompt, "Type yes to make it") {
		return "yes", nil
	}
	invitations := tr.fake.Invitations()
	link, _ := tr.fake.ActivationLink(invitations[len(invitations)-1].ID)
	if tr.link != nil {
		link = tr.link(prompt, link)
	}
	return link, nil
}

func (tr *trial) run(t *testing.T, api partnerapi.API) (*Report, error) {
	t.Helper()
	ctx := tr.ctx
	if ctx == nil {
		ctx = t.Context()
	}
	return Run(ctx, tr.config(api))
}

// verdicts returns the verdict of each decision, with its reason unless it is as decided.
func verdicts(report *Report) map[string]string {
	all := make(map[string]string)
	for _, f := range report.Findings {
		all[f.ID] = f.Verdict
	}
	return all
}

// served is a handler as a transport.
type served struct{ http.Handler }

func (s served) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.Body == nil {
		req = req.Clone(req.Context())
		req.Body = http.NoBody
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, req)
	return w.Result(), nil
}

// Against the fake all is as decided, except for what a fake does not show.
func TestFakeIsAsDecided(t *testing.T) {
	t.Parallel()
	unknowns := map[string]string{
		"P28": "the revision with plans serves this partner",
		"N43": "the JWT is of another form",
	}
	for _, api := range apis {
		t.Run(string(api), func(t *testing.T) {
			t.Parallel()
			tr := &trial{fake: seeded()}
			report, err := tr.run(t, api)
			require.NoError(t, err)
			for _, f := range report.Findings {
				if why, expected := unknowns[f.ID]; expected {
					assert.Equal(t, Unknown, f.Verdict, f.ID)
					assert.Equal(t, why, f.Detail)
					continue
				}
				assert.Equal(t, AsDecided, f.Verdict, "%s: %s", f.ID, f.Detail)
			}
			assert.Len(t, report.Findings, len(probes(api)))
			for _, f := range report.Findings {
				for _, p := range probes(api) {
					if p.id == f.ID && len(f.Answers) > p.requests {
						t.Errorf("%s announces %d requests and makes %d", p.id, p.requests, len(f.Answers))
					}
				}
			}
		})
	}
}

// In the revision before plans nothing differs either.
func TestLegacyFakeIsAsDecided(t *testing.T) {
	t.Parallel()
	report, err := (&trial{fake: seeded(partnertest.WithLegacySubscriptions())}).run(t, partnerapi.PartnerAPI)
	require.NoError(t, err)
	found := verdicts(report)
	assert.Equal(t, AsDecided, found["P28"])
	assert.Equal(t, AsDecided, found["P05"])
}

// Each probe is of a decision that can be found out, and of its API.
func TestProbesAreOfTheLedger(t *testing.T) {
	t.Parallel()
	seen := make(map[string]bool)
	for _, api := range apis {
		for _, p := range probes(api) {
			d, known := decisions.ByID(p.id)
			require.True(t, known, p.id)
			assert.NotEqual(t, decisions.HowNone, d.How, p.id)
			assert.True(t, p.id[0] == 'S' || strings.ToLower(p.id[:1]) == string(api[:1]), p.id)
			seen[p.id] = true
		}
	}
	var missing []string
	for _, d := range decisions.All() {
		if d.How != decisions.HowNone && !seen[d.ID] {
			missing = append(missing, d.ID)
		}
	}
	assert.Equal(t, []string{"P17"}, missing) // only the user's mailbox tells
}

// With one decision turned round, exactly its line differs.
func TestTurnedDecisions(t *testing.T) {
	t.Parallel()
	for _, api := range apis {
		usual := verdictsOf(t, &trial{fake: seeded()}, api)
		for _, p := range probes(api) {
			t.Run(string(api)+" "+p.id, func(t *testing.T) {
				t.Parallel()
				turned, known := turns[p.id]
				require.True(t, known, "no turn")
				tr := &trial{fake: seeded(turned.opts...), turn: turned.of()}
				if turned.link != nil {
					tr.link = turned.link()
				}
				want := maps.Clone(usual)
				if turned.opts != nil {
					want = verdictsOf(t, &trial{fake: seeded(turned.opts...)}, api)
				}
				report, err := tr.run(t, api)
				require.ErrorIs(t, err, ErrDiffers)
				want[p.id] = Differs
				got := verdicts(report)
				for id := range want {
					if got[id] != want[id] {
						t.Errorf("%s: got %s, want %s\n%s", id, got[id], want[id], line(tr.out.String(), id))
					}
				}
				if !t.Failed() {
					t.Log(line(tr.out.String(), p.id))
				}
			})
		}
	}
}

func verdictsOf(t *testing.T, tr *trial, api partnerapi.API) map[string]string {
	t.Helper()
	report, err := tr.run(t, api)
	require.NoError(t, err)
	return verdicts(report)
}

// line returns the line of a decision.
func line(out, id string) string {
	for text := range strings.Lines(out) {
		if strings.HasPrefix(text, id+" differs") || strings.HasPrefix(text, id+" as") || strings.HasPrefix(text, id+" could") {
			return strings.TrimSpace(text)
		}
	}
	return ""
}

// state is what the fake holds.
func state(fake *partnertest.Fake) string {
	held, _ := json.Marshal([]any{fake.Subscriptions(), fake.Signups(), len(fake.Customers()), fake.Networks(), fake.Invitations()})
	return string(held)
}

func TestReadOnlyChangesNothing(t *testing.T) {
	t.Parallel()
	for _, api := range apis {
		fake := seeded()
		before := state(fake)
		report, err := (&trial{fake: fake, readOnly: true}).run(t, api)
		require.NoError(t, err)
		assert.JSONEq(t, before, state(fake))
		assert.Empty(t, report.LeftBehind)
		for _, f := range report.Findings {
			d, _ := decisions.ByID(f.ID)
			assert.Equal(t, decisions.ReadOnly, d.How)
		}
	}
}

// Probes remove their own records, touch no others, and say what stays.
func TestRecordsAreRemoved(t *testing.T) {
	t.Parallel()
	for _, api := range apis {
		fake := seeded()
		subscriptions, networks, invitations := fake.Subscriptions(), fake.Networks(), fake.Invitations()
		customers, signups := len(fake.Customers()), len(fake.Signups())
		report, err := (&trial{fake: fake}).run(t, api)
		require.NoError(t, err)
		assert.Equal(t, subscriptions, fake.Subscriptions())
		assert.Equal(t, networks, fake.Networks())
		assert.Equal(t, invitations, fake.Invitations())
		stayed := len(fake.Customers()) - customers + len(fake.Signups()) - signups
		listed := 0
		for _, what := range report.LeftBehind {
			if strings.HasPrefix(what, "a customer") || strings.HasPrefix(what, "a parent") {
				listed++
			}
		}
		assert.Equal(t, stayed, listed, "%v", report.LeftBehind)
		if api != partnerapi.PartnerAPI {
			continue
		}
		for _, call := range fake.Calls() {
			assert.NotContains(t, call.Path+string(call.Body), "CANARY")
		}
	}
}

// After Ctrl-C the records are removed too.
func TestCancelledRunRemovesRecords(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	fake := seeded()
	before := state(fake)
	stop := func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			next.ServeHTTP(w, r)
			if r.Method == http.MethodPost && len(fake.Subscriptions()) == 2 {
				cancel()
			}
		})
	}
	tr := &trial{fake: fake, turn: stop, ctx: ctx}
	config := tr.config(partnerapi.PartnerAPI)
	config.Irreversible = false
	report, err := Run(ctx, config)
	require.ErrorIs(t, err, context.Canceled)
	require.NotNil(t, report)
	assert.JSONEq(t, before, state(fake))
	assert.Contains(t, tr.out.String(), "\nInterrupted: 14 probes were not made.\n")
}

// What could not be removed is listed.
func TestFailedRemovalIsListed(t *testing.T) {
	t.Parallel()
	stuck := func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodDelete && strings.Contains(r.URL.Path, "-p08") {
				w.WriteHeader(http.StatusServiceUnavailable)
				return
			}
			next.ServeHTTP(w, r)
		})
	}
	tr := &trial{fake: seeded(), turn: stuck}
	config := tr.config(partnerapi.PartnerAPI)
	config.Irreversible = false
	report, err := Run(t.Context(), config)
	require.NoError(t, err)
	require.Len(t, report.LeftBehind, 1)
	assert.Regexp(t, `^the subscription of the pk partnerctl-verify-[0-9a-f]{8}-p08$`, report.LeftBehind[0])
	assert.Contains(t, tr.out.String(), "left behind: "+report.LeftBehind[0])
}

func TestNothingFoundOut(t *testing.T) {
	t.Parallel()
	down := func(http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) })
	}
	tr := &trial{fake: seeded(), turn: down, readOnly: true}
	report, err := tr.run(t, partnerapi.PartnerAPI)
	require.ErrorIs(t, err, ErrNothing)
	assert.Equal(t, Unknown, report.Findings[0].Verdict)
	assert.Contains(t, tr.out.String(), "P01 could not be found out: GET /partners/signup: 503")
}

func TestWithoutConfirmationNothingIsSent(t *testing.T) {
	t.Parallel()
	tr := &trial{fake: seeded()}
	config := tr.config(partnerapi.PartnerAPI)
	refused := errors.New("not confirmed")
	config.Confirm = func(context.Context, string) error { return refused }
	_, err := Run(t.Context(), config)
	require.ErrorIs(t, err, refused)
	assert.Empty(t, tr.fake.Calls())
	assert.Contains(t, tr.out.String(), "P09 read-only, 3 requests: Update and cancel a pk that was never used.")
}

// Nothing personal or secret is in the output, the report or the recorded responses.
func TestNoSecrets(t *testing.T) {
	t.Parallel()
	for _, api := range apis {
		tr := &trial{fake: seeded(), record: t.TempDir()}
		report, err := tr.run(t, api)
		require.NoError(t, err)
		content, err := json.Marshal(report)
		require.NoError(t, err)
		texts := map[string]string{"output": tr.out.String(), "report": string(content)}
		files, err := filepath.Glob(filepath.Join(tr.record, "*.json"))
		require.NoError(t, err)
		assert.NotEmpty(t, files)
		for _, file := range files {
			text, err := os.ReadFile(file) //nolint:gosec // of the test
			require.NoError(t, err)
			texts[filepath.Base(file)] = string(text)
		}
		for name, text := range texts {
			for _, secret := range []string{
				"canary", "partnertest_session", partnertest.PartnerToken, partnertest.AccountKey, partnertest.OrganizationKey,
				partnertest.NetworkToken, partnertest.AppKey, "fake-jwt", "token-nwi", "777177717", "Verify-1-", "yourapp.example", "example.org",
			} {
				assert.NotContains(t, strings.ToLower(text), strings.ToLower(secret), "%s of %s", name, api)
			}
		}
	}
}

func TestAnswersKeepTheirForm(t *testing.T) {
	t.Parallel()
	s := newScrubber()
	assert.JSONEq(t,
		`{"status":"ok","customer":{"id":2,"email":"<email-1>","birthdate":"2000-01-01","first_name":"<text-1>","email_aliases":["<email-1>"],"age":1}}`,
		s.body([]byte(`{"status":"ok","customer":{"id":987,"email":"a@b.c","birthdate":"1990-05-06","first_name":"Ann","email_aliases":["a@b.c"],"age":36}}`)))
	assert.JSONEq(t, `{"status":"error","messages":["<email-1> has already been taken"]}`,
		s.body([]byte(`{"status":"error","messages":["a@b.c has already been taken"]}`)))
	assert.JSONEq(t, `{"auth":{"select_account":{"accounts":{"<id-1>":"<text-2>"},"last_login":"<id-1>"}}}`,
		s.body([]byte(`{"auth":{"select_account":{"accounts":{"acc_123":"Foo"},"last_login":"acc_123"}}}`)))
	assert.Equal(t, "<text-3>", s.body([]byte("<html>Ann</html>")))
	assert.Equal(t, "call <token-1> or see <address-1>", s.text("call 0123456789 or see https://x.example/?a=1"))
}

func TestCommand(t *testing.T) {
	t.Parallel()
	synctest.Test(t, testCommand) // the pauses take no time
}

func testCommand(t *testing.T) {
	t.Helper()
	tr := &trial{fake: seeded()}
	config := tr.config(partnerapi.AccountAPI)
	dir := t.TempDir()
	begun, asked := 0, []string{}
	host := Host{
		Begin: func(run func(context.Context, []string) error) func(*cobra.Command, []string) error {
			return func(cmd *cobra.Command, args []string) error {
				begun++
				return run(cmd.Context(), args)
			}
		},
		Client: config.Client, Out: &tr.out, Confirm: config.Confirm, Line: config.Line,
		Secret: func(_ context.Context, prompt string) (string, error) {
			asked = append(asked, prompt)
			return map[string]string{"app key": partnertest.AppKey, "password": password}[prompt], context.Cause(t.Context())
		},
	}
	run := func(args ...string) error {
		cmd := Command(host)
		cmd.SilenceErrors, cmd.SilenceUsage = true, true
		cmd.SetArgs(args)
		return cmd.ExecuteContext(t.Context())
	}
	require.ErrorContains(t, run("account", "--irreversible"), "email")
	require.ErrorContains(t, run("account", "--irreversible", "--email", "Ann <a@b.example>"), "not an e-mail address")
	require.ErrorContains(t, run("account", "--email", address), "irreversible")
	require.ErrorContains(t, run("account", "--write"), "unknown flag")
	require.ErrorContains(t, run(), "verify needs the name of an API")
	assert.Zero(t, begun)
	assert.Empty(t, tr.fake.Calls())

	file := filepath.Join(dir, "verify.json")
	require.NoError(t, run("account", "--out", file, "--record", filepath.Join(dir, "recorded")))
	assert.Empty(t, asked)
	content, err := os.ReadFile(file) //nolint:gosec // of the test
	require.NoError(t, err)
	var report Report
	require.NoError(t, json.Unmarshal(content, &report))
	assert.Equal(t, partnerapi.AccountAPI, report.API)
	assert.Equal(t, AsDecided, verdicts(&report)["A10"])
	assert.Contains(t, tr.out.String(), "\n20 as decided, 0 differ, 0 could not be found out. ")
	_, err = partnertest.New(partnertest.WithRecorded(filepath.Join(dir, "recorded"))).Client().Accounts.Search(t.Context(), "a@example.com")
	require.ErrorIs(t, err, partnerapi.ErrNotFound)
	host.Secret = func(_ context.Context, prompt string) (string, error) { return "", errors.New(prompt) }
	require.EqualError(t, run("network", "--username", "Ann"), "app key")
}

// A fake with the recorded answers of an API behaves as that API.
func TestRecordedAnswers(t *testing.T) {
	t.Parallel()
	for _, api := range apis {
		dir := t.TempDir()
		_, err := (&trial{fake: seeded(), record: dir}).run(t, api)
		require.NoError(t, err)
		report, err := (&trial{fake: seeded(partnertest.WithRecorded(dir))}).run(t, api)
		require.NoError(t, err)
		for _, f := range report.Findings {
			assert.NotEqual(t, Differs, f.Verdict, "%s: %s", f.ID, f.Detail)
		}
	}
	dir := t.TempDir()
	_, err := (&trial{fake: seeded(), turn: turns["P05"].of(), record: dir}).run(t, partnerapi.PartnerAPI)
	require.ErrorIs(t, err, ErrDiffers)
	client := partnertest.New(partnertest.WithRecorded(dir)).Client()
	in := partnerapi.CreateSubscriptionRequest{PK: "1", Email: "a@example.com", Plan: partnerapi.PlanBark}
	require.NoError(t, client.Subscriptions.Create(t.Context(), in))
	require.ErrorContains(t, client.Subscriptions.Create(t.Context(), in), "Duplicate")
}

// Each irreversible probe is confirmed on its own.
func TestIrreversibleProbesAreConfirmed(t *testing.T) {
	t.Parallel()
	tr := &trial{fake: seeded()}
	config := tr.config(partnerapi.AccountAPI)
	config.Line = func(context.Context, string) (string, error) { return "no", nil }
	customers := len(tr.fake.Customers())
	report, err := Run(t.Context(), config)
	require.NoError(t, err)
	assert.Len(t, tr.fake.Customers(), customers)
	assert.Equal(t, Unknown, verdicts(report)["A06"])
	assert.Contains(t, tr.out.String(), "A06 could not be found out: not confirmed")
}

// after returns a turn that responds after the fake has processed a request.
func after(op, mark string, status int, body string) func(http.Handler) http.Handler {
	return when(op, marks(mark), func(_ *asked, next func() *reply) *reply {
		if next().status >= http.StatusBadRequest {
			return next()
		}
		return inJSON(status, body)
	}).of()
}

// What may have been created is removed or listed, whatever the response says.
func TestUnclearRecordsAreRemovedOrListed(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		api    partnerapi.API
		turn   func(http.Handler) http.Handler
		listed string // empty if it can be removed
	}{
		"a subscription, 502 with an error": {
			partnerapi.PartnerAPI, after("POST "+subscriptions, "-p08", http.StatusBadGateway, unknownInJSON), "",
		},
		"a subscription, no JSON": {partnerapi.PartnerAPI, after("POST "+subscriptions, "-p08", http.StatusOK, "<html>"), ""},
		"a customer, 502 with an error": {
			partnerapi.AccountAPI, after("POST /accounts", "-a06@", http.StatusBadGateway, accountFailure("Try again")), "a customer whose e-mail is yours with +X-a06",
		},
		"a customer, no JSON": {
			partnerapi.AccountAPI, after("POST /accounts", "-a06@", http.StatusOK, "<html>"), "a customer whose e-mail is yours with +X-a06",
		},
		"an invitation, no search": {
			partnerapi.NetworkAPI, always("GET /account/network-invitations", marks("search=", "n03"), http.StatusBadRequest, networkFailure(400, "No.")).of(),
			"an invitation of your address with +X-n03",
		},
		"a network, no id": {
			partnerapi.NetworkAPI, changed("POST ", marks("/account/network-invitations/"), func(r *reply) *reply {
				return r.with(nil, "account_id")
			}).of(), "the network of that account",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fake := seeded()
			before := fake.Subscriptions()
			tr := &trial{fake: fake, turn: test.turn}
			report, _ := tr.run(t, test.api)
			require.NotNil(t, report)
			assert.Equal(t, before, fake.Subscriptions())
			if test.listed != "" {
				listed := regexp.MustCompile(`partnerctl-verify-[0-9a-f]{8}`).ReplaceAllString(strings.Join(report.LeftBehind, "\n"), "X")
				assert.Contains(t, strings.Split(listed, "\n"), test.listed)
			}
		})
	}
}

// A network of somebody else that is established meanwhile is not taken for the probe's own.
func TestNetworksOfOthersStay(t *testing.T) {
	t.Parallel()
	fake := seeded()
	others := when("POST ", marks("/account/network-invitations/"), func(_ *asked, next func() *reply) *reply {
		done := next()
		if done.get("account_id") != "" && len(fake.Networks()) < 20 {
			fake.SeedNetwork(partnerapi.Network{AccountID: fmt.Sprint("acc_other", len(fake.Networks())), AccountTitle: "Other", Fee: 7})
		}
		return done
	})
	report, err := (&trial{fake: fake, turn: others.of()}).run(t, partnerapi.NetworkAPI)
	require.NoError(t, err)
	assert.Equal(t, AsDecided, verdicts(report)["N19"])
	for _, network := range fake.Networks() {
		if network.AccountTitle == "Other" {
			assert.InDelta(t, 7.0, network.Fee, 0)
		}
	}
}

// A value that is known within an e-mail or an address does not keep the rest of it.
func TestTextWithKnownParts(t *testing.T) {
	t.Parallel()
	s := newScrubber()
	s.learn("text", "Robin")
	s.learn("email", "robin@a.example")
	assert.Equal(t, "<email-2> is taken", s.text("Robin.Canary@b.example is taken"))
	assert.Equal(t, "See <address-1> or ask <text-1>", s.text("See https://a.example/u/canary?e=robin@a.example&t=canary or ask Robin"))
}

// The account that the user had selected is selected again, and is not changed at all without Write.
func TestSelectedAccountStays(t *testing.T) {
	t.Parallel()
	for _, readOnly := range []bool{true, false} {
		var selected []string
		watch := when("POST /app/login-account", nil, func(in *asked, next func() *reply) *reply {
			if done := next(); done.status < http.StatusBadRequest {
				selected = append(selected, in.body)
				return done
			}
			return next()
		})
		tr := &trial{fake: seeded(), turn: watch.of()}
		config := tr.config(partnerapi.NetworkAPI)
		config.Irreversible, config.Write = false, !readOnly
		_, err := Run(t.Context(), config)
		require.NoError(t, err)
		if readOnly {
			assert.Empty(t, selected)
			continue
		}
		require.NotEmpty(t, selected)
		assert.JSONEq(t, `{"account_id":"acc_CANARY5"}`, selected[len(selected)-1])
	}
}
