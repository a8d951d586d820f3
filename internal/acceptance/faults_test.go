package acceptance

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/partnerapi/partnerapi-go"
	"github.com/partnerapi/partnerapi-go/internal/errno"
	"github.com/partnerapi/partnerapi-go/partnertest"
)

// maxBody is the limit of a response body here.
const maxBody = 100_000

// knownFaults are the faults of the table, in its order.
var knownFaults = []struct {
	name  string
	fault partnertest.Fault
}{
	{"no connection: refused", partnertest.Fault{Cut: partnertest.CutRefused}},
	{"no connection before the timeout", partnertest.Fault{Cut: partnertest.CutRefused, Delay: time.Minute}},
	{"cut before the request is processed", partnertest.Fault{Cut: partnertest.CutBefore}},
	{"cut after the request is processed", partnertest.Fault{Cut: partnertest.CutAfter}},
	{"cut within the response", partnertest.Fault{Cut: partnertest.CutWithin}},
	{"no response before the timeout, not processed", partnertest.Fault{Cut: partnertest.CutBefore, Delay: time.Minute}},
	{"no response before the timeout, processed", partnertest.Fault{Delay: time.Minute}},
	{"429", partnertest.Fault{Status: 429}},
	{"429, Retry-After 5 s", partnertest.Fault{Status: 429, RetryAfter: 5 * time.Second}},
	{"429, Retry-After 1 h", partnertest.Fault{Status: 429, RetryAfter: time.Hour}},
	{"429, cut within the response", partnertest.Fault{Status: 429, Body: "slow down", Cut: partnertest.CutWithin}},
	{"500, not processed", partnertest.Fault{Status: 500}},
	{"502 with a page, processed", partnertest.Fault{Status: 502, Body: page, Processed: true}},
	{"503, Retry-After 5 s", partnertest.Fault{Status: 503, RetryAfter: 5 * time.Second}},
	{"503, Retry-After 1 h", partnertest.Fault{Status: 503, RetryAfter: time.Hour}},
	{"401 with a page", partnertest.Fault{Status: 401, Body: page}},
	{"403 with a page", partnertest.Fault{Status: 403, Body: page}},
	{"404 with a page", partnertest.Fault{Status: 404, Body: page}},
	{"302 to another host", partnertest.Fault{Status: 302, Header: http.Header{"Location": {"https://elsewhere.example/"}}}},
	{"200 with a page", partnertest.Fault{Status: 200, Body: page}},
	{"200 with an empty body", partnertest.Fault{Status: 200}},
	{"200 with a body over the limit", partnertest.Fault{Status: 200, Body: strings.Repeat(" ", maxBody+1)}},
}

var fan = partnerapi.LoginRequest{Email: "fan@example.com", Password: "temp123"}

// newWorld returns a fake in which every call succeeds with the inputs.
func newWorld(t *testing.T) (*partnertest.Fake, inputs) {
	t.Helper()
	fake := partnertest.New()
	fake.SeedSubscription(partnertest.Subscription{PK: "MS1", Email: "parent@example.com", Plan: partnerapi.PlanBark})
	fake.SeedCustomer(partnertest.Customer{Customer: partnerapi.Customer{Email: fan.Email, FirstName: "Ann"}, Password: fan.Password})
	fake.SeedAppUser(partnertest.AppUser{AppUser: partnerapi.AppUser{Username: "jdoe"}, Password: "temp123"})
	in := inputs{
		signup:       partnerapi.SignupRequest{PK: "MS2", Email: "new@example.com"},
		subscription: partnerapi.CreateSubscriptionRequest{PK: "MS2", Email: "new@example.com", Plan: partnerapi.PlanBark},
		pk:           "MS1",
		plan:         partnerapi.UpdateSubscriptionRequest{Plan: partnerapi.PlanBarkJunior},
		account: partnerapi.CreateAccountRequest{
			Email: "new@example.com", FirstName: "Bob", LastName: "Roe", Birthdate: partnerapi.Date{Year: 1990, Month: time.May, Day: 4},
			AcceptTerms: true, Password: "temp123", PasswordConfirmation: "temp123",
		},
		login:            fan,
		expired:          fake.SeedTokens(1),
		accountUpdate:    partnerapi.UpdateAccountRequest{FirstName: "Anna"},
		email:            fan.Email,
		network:          fake.SeedNetwork(partnerapi.Network{AccountTitle: "Acme", Fee: 1.5}).AccountID,
		fee:              partnerapi.UpdateNetworkRequest{Fee: 2.5},
		invitation:       partnerapi.CreateInvitationRequest{Email: "new@acme-corp.com", DomainID: "dom_agency"},
		invitationID:     fake.SeedInvitation(partnerapi.Invitation{Email: "jdoe@acme-corp.com"}).ID,
		invitationUpdate: partnerapi.UpdateInvitationRequest{Email: "other@acme-corp.com"},
		appLogin:         partnerapi.AppLoginRequest{Username: "jdoe", Password: "temp123"},
		appAccount:       "acc_1234567890",
	}
	in.expired.AccessTokenExpires = partnerapi.UnixTimeOf(time.Now())
	link, ok := fake.ActivationLink(in.invitationID)
	require.True(t, ok)
	var err error
	in.invitationToken, err = partnerapi.InvitationToken(link)
	require.NoError(t, err)
	_, in.session, err = fake.Client().Accounts.Login(t.Context(), fan)
	require.NoError(t, err)
	return fake, in
}

// found are the errors that the table names.
var found = []struct {
	name string
	err  error
}{
	{"ErrInvalid", partnerapi.ErrInvalid}, {"ErrUnauthorized", partnerapi.ErrUnauthorized},
	{"ErrForbidden", partnerapi.ErrForbidden}, {"ErrNotFound", partnerapi.ErrNotFound},
	{"ErrAlreadyExists", partnerapi.ErrAlreadyExists}, {"ErrNotLoggedIn", partnerapi.ErrNotLoggedIn}, {"ErrWrongPassword", partnerapi.ErrWrongPassword},
	{"ErrRateLimited", partnerapi.ErrRateLimited}, {"ErrServer", partnerapi.ErrServer},
	{"ErrNoCredential", partnerapi.ErrNoCredential}, {"ErrBadResponse", partnerapi.ErrBadResponse},
	{"ErrResponseTooLarge", partnerapi.ErrResponseTooLarge}, {"ErrOutcomeUnknown", partnerapi.ErrOutcomeUnknown},
	{"deadline exceeded", context.DeadlineExceeded}, {"unexpected EOF", io.ErrUnexpectedEOF}, {"connection refused", errno.ConnectionRefused},
}

// tell describes the result of a call: the number of requests, and the error.
func tell(t *testing.T, requests int64, value any, err error) string {
	t.Helper()
	if err == nil {
		return fmt.Sprintf("%d: ok", requests)
	}
	var failed *partnerapi.Error
	require.ErrorAs(t, err, &failed)
	assert.True(t, value == nil || reflect.ValueOf(value).IsZero(), "a failure has no value")
	var names []string
	for _, known := range found {
		if errors.Is(err, known.err) {
			names = append(names, known.name)
		}
	}
	if failed.RetryAfter > 0 {
		names = append(names, "RetryAfter "+failed.RetryAfter.String())
	}
	require.NotEmpty(t, names, err)
	return fmt.Sprintf("%d: %s", requests, strings.Join(names, ", "))
}

// underFaults returns a table of the results of a call under each fault.
func underFaults(t *testing.T, c call) string {
	t.Helper()
	var table strings.Builder
	table.WriteString("| fault | once | always |\n| --- | --- | --- |\n")
	for _, f := range knownFaults {
		fmt.Fprintf(&table, "| %s |", f.name)
		for _, times := range []int{1, 10} {
			synctest.Test(t, func(t *testing.T) {
				fake, in := newWorld(t)
				client, requests := counted(fake, partnerapi.WithMaxResponseBytes(maxBody))
				fake.Fail(c.op, slices.Repeat([]partnertest.Fault{f.fault}, times)...)
				value, err := c.do(t.Context(), client, in)
				fmt.Fprintf(&table, " %s |", tell(t, requests.Load(), value, err))
			})
		}
		table.WriteString("\n")
	}
	return table.String()
}

// The table is a golden file, because a change in it is a change in behaviour.
func TestEveryOperationUnderEveryFault(t *testing.T) {
	t.Parallel()
	var tables []string // each once
	methods := make(map[string][]string)
	for _, c := range calls() {
		table := underFaults(t, c)
		if methods[table] == nil {
			tables = append(tables, table)
		}
		methods[table] = append(methods[table], fmt.Sprintf("- `%s`: %s\n", c.op, c.name))
	}
	var all strings.Builder
	all.WriteString(`# Every operation under every fault

The number counts the requests, refused ones included; the errors after it are those that errors.Is finds. "Once": only
the first request has the fault. "Always": every request has it. Operations that behave alike share a table.

` + "`go test ./internal/acceptance -run UnderEveryFault -update`" + ` writes this file, and every run of the tests compares it.
`)
	for _, table := range tables {
		fmt.Fprintf(&all, "\n---\n\n%s\n%s", strings.Join(methods[table], ""), table)
	}
	const name = "faults.md"
	if *update {
		require.NoError(t, os.WriteFile(filepath.Join(testdata, name), []byte(all.String()), 0o600))
	}
	golden, err := fs.ReadFile(os.DirFS(testdata), name)
	require.NoError(t, err)
	want, got := strings.Split(string(golden), "\n"), strings.Split(all.String(), "\n")
	require.Len(t, got, len(want), "lines")
	for i := range want { // the diff of whole tables would be too long
		assert.Equal(t, want[i], got[i], "line %d", i+1)
	}
}

// A method of two calls returns ErrOutcomeUnknown of the first even if there is no credential for the second.
func TestUnknownOutcomeWithoutACredential(t *testing.T) {
	t.Parallel()
	const post, remove = "POST /partners/subscriptions", "DELETE /api/account/networks/{child_account_id}"
	lost, noRoute := partnertest.Fault{Cut: partnertest.CutAfter}, partnertest.Fault{Status: 404, Body: page}
	tests := map[string]struct {
		op    string
		fault []partnertest.Fault
		doubt bool
	}{
		"Ensure, in doubt":                {post, []partnertest.Fault{lost}, true},
		"Ensure, of what was there":       {post, nil, false},
		"Networks.Delete, in doubt":       {remove, []partnertest.Fault{lost, noRoute}, true},
		"Networks.Delete without a route": {remove, []partnertest.Fault{noRoute}, false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				asked := 0
				source := func(token string) partnerapi.TokenSource {
					return partnerapi.TokenSourceFunc(func(context.Context) (string, error) {
						if asked++; asked > 1 {
							return "", errors.New("no more")
						}
						return token, nil
					})
				}
				fake, in := newWorld(t)
				pk := "MS1" // exists
				if test.doubt {
					pk = "MS2"
				}
				client := fake.Client(
					partnerapi.WithCredentialSource(partnerapi.PartnerToken, source(partnertest.PartnerToken)),
					partnerapi.WithCredentialSource(partnerapi.NetworkToken, source(partnertest.NetworkToken)))
				fake.Fail(test.op, test.fault...)
				var err error
				if test.op == post {
					_, err = client.Subscriptions.Ensure(t.Context(), partnerapi.CreateSubscriptionRequest{PK: pk, Email: "a@example.com", Plan: partnerapi.PlanBark})
				} else {
					_, err = client.Networks.Delete(t.Context(), in.network)
				}
				require.ErrorIs(t, err, partnerapi.ErrNoCredential)
				assert.Equal(t, test.doubt, errors.Is(err, partnerapi.ErrOutcomeUnknown), err)
				assert.Equal(t, 2, asked)
			})
		})
	}
}
