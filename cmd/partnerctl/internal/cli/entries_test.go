package cli

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Every operation in README's table is that of a command, and every command's operation is in the table.
func TestEveryOperationIsReachable(t *testing.T) {
	t.Parallel()
	readme, err := os.ReadFile("../../../../README.md")
	require.NoError(t, err)
	var want, got []string
	for _, row := range regexp.MustCompile("(?m)^\\| `((?:GET|POST|PUT|DELETE) /[^`]*)` \\|").FindAllStringSubmatch(string(readme), -1) {
		want = append(want, row[1])
	}
	for _, cmd := range leaves(new(app).root()) {
		if ops := cmd.Annotations[opsAnnotation]; ops != "" {
			got = append(got, strings.Split(ops, "\n")...)
		}
	}
	slices.Sort(want)
	slices.Sort(got)
	assert.NotEmpty(t, want)
	assert.Equal(t, want, slices.Compact(got))
}

func TestEntriesAreComplete(t *testing.T) {
	t.Parallel()
	root := new(app).root()
	for _, e := range entries {
		cmd, _, err := root.Find(strings.Fields(e.use)[:2])
		require.NoError(t, err, e.use)
		for name := range strings.FieldsSeq(e.required) {
			assert.NotNil(t, cmd.Flag(name), "%s: --%s", e.use, name)
		}
		assert.Regexp(t, "^[A-Z][^.]+[^.]$", e.short, e.use)
	}
}

// No flag takes a secret.
func TestNoFlagTakesASecret(t *testing.T) {
	t.Parallel()
	for _, cmd := range leaves(new(app).root()) {
		for _, name := range []string{"password", "current-password", "token", "key", "app-key", "link"} {
			assert.Nil(t, cmd.Flag(name), "%s --%s", cmd.CommandPath(), name)
		}
	}
}

func TestCommands(t *testing.T) {
	t.Parallel()
	const customer = "id                             7\nfirst_name                     Robin\nlast_name                      Example\n"
	tests := []struct {
		line, stdin string
		status      int
		out         string // the beginning of it
		err         string
	}{
		{line: "signup resolve --pk MS1 --email a@example.com --child-name Kim", out: "url  https://partnertest.invalid/partner/welcome\n"},
		{line: "signup url --pk MS1 --email a@example.com", out: "url  https://partnertest.invalid/partner/partners/signup?email=a%40example.com&pk=MS1&token=$PARTNERAPI_PARTNER_TOKEN\n"},
		{line: "signup url --reveal --pk MS1 --email a@b.example", out: "url  https://partnertest.invalid/partner/partners/signup?email=a%40b.example&pk=MS1&token=fake-partner-token\n"},
		{line: "signup url --pk MS1 --email a@b.example --child-birthday 2015-02-30", status: 2, err: "partnerctl: invalid argument \"2015-02-30\" for \"--child-birthday\" flag: not a date of the form YYYY-MM-DD (see -h)\n"},
		{line: "subscriptions create --pk MS1 --email a@example.com --plan bark", out: "id       MS1\noutcome  created\n"},
		{line: "subscriptions create --pk MS2365 --email a@example.com --plan bark", status: 14, err: "partnerctl: partner: POST /partners/subscriptions: 400 Bad Request: Partner PK has already been added\n"},
		{line: "subscriptions create --pk MS1", status: 2, err: "partnerctl: required flag(s) \"email\" not set (see -h)\n"},
		{line: "subscriptions ensure --pk MS2365 --email a@example.com --plan bark_junior", out: "id       MS2365\noutcome  updated\n"},
		{line: "subscriptions update MS2365 --plan bark_junior -o json", out: "{\n  \"id\": \"MS2365\",\n  \"outcome\": \"updated\"\n}\n"},
		{line: "subscriptions cancel MS2365 --yes", out: "id       MS2365\noutcome  cancelled\n"},
		{line: "subscriptions cancel MS9 --yes", status: 13, err: "partnerctl: partner: DELETE /partners/subscriptions/{pk}: 404 Not Found: Please provide a valid pk\n"},
		{line: "subscriptions cancel", status: 2, err: "partnerctl: accepts 1 arg(s), received 0 (see -h)\n"},
		{line: "subscriptions cancel-legacy MS2365 --yes", out: "id       MS2365\noutcome  cancelled\n"},
		{line: "accounts create --email new@example.com --birthdate 1999-01-02 --accept-terms", stdin: "temp123\n", out: "id                1\nemail             new@example.com\n"},
		{line: "accounts create --email new@example.com --birthdate 1999-01-02", status: 2, err: "partnerctl: standard input: want a line: password\n"},
		{line: "accounts login --email fan@example.com", stdin: "temp123", out: customer},
		{line: "accounts login --email fan@example.com", stdin: "wrong", status: 5, err: "partnerctl: account: POST /login: 200 OK: Email and password combination is incorrect.\n"},
		{line: "accounts search fan@example.com", out: customer},
		{line: "accounts search nobody@example.com", status: 13, err: "partnerctl: account: GET /account/search: 200 OK: not found\n"},
		{line: "accounts get", status: 7, err: "partnerctl: no customer: not logged in (see partnerctl accounts login -h)\n"},
		{line: "networks domains -o csv", out: "id,title,description\ndom_agency,Govern"},
		{line: "networks get acc_2 -o yaml", out: "account_id: acc_2\naccount_title: Acme Dairy\n"},
		{line: "networks list --all", out: "ACCOUNT ID  ACCOUNT TITLE  DOMAIN TITLE           FEE  FEE PROPOSED  FEE PROPOSED DATE\n" +
			"acc_1       Acme Seafood   Wholesale Distributor  2.5  -             -\n" +
			"acc_2       Acme Dairy     Wholesale Distributor  1    1.5           2026-01-02T12:00:00Z\n"},
		{line: "networks list --records 1", out: "ACCOUNT ID  ACCOUNT TITLE  DOMAIN TITLE           FEE\nacc_1       Acme Seafood   Wholesale Distributor  2.5\n", err: "page 1 of 2, 2 records in all: --all lists them\n"},
		{line: "networks list --search nothing -o json", out: "[]\n"},
		{line: "networks update acc_1 --fee 0", out: "id       acc_1\noutcome  updated\n"},
		{line: "networks update acc_1 --fee much", status: 2, err: "partnerctl: invalid argument \"much\" for \"--fee\" flag: not a number (see -h)\n"},
		{line: "networks delete acc_1 -y", out: "parent_account_id  acc_1234567890\nchild_account_id   acc_1\n"},
		{line: "invitations create --email a@example.com --domain-id dom_agency --fee-proposed 2.5 -o csv", out: "id,created,domain_id,fee_proposed,email,status\nnwi_"},
		{line: "invitations list", out: "ID     CREATED               DOMAIN ID      FEE PROPOSED  EMAIL             STATUS\n" +
			"nwi_1  2026-01-03T12:00:00Z  dom_wholesale  2             shop@example.com  pending\n"},
		{line: "invitations update nwi_1 --clear-fee-proposed", out: "id       nwi_1\noutcome  updated\n"},
		{line: "invitations update nwi_1", status: 2, err: "partnerctl: POST /account/network-invitations/{id}: UpdateInvitationRequest: no field is set\n"},
		{line: "invitations resend nwi_1", out: "id       nwi_1\noutcome  sent\n"},
		{line: "invitations resend nwi_9", status: 13, err: "partnerctl: no invitation has this ID: not found\n"},
		{line: "invitations delete nwi_1 -y", out: "id       nwi_1\noutcome  deleted\n"},
		{line: "invitations activate", stdin: "https://yourapp.example/networks?token=token-nwi_1\n", out: "account_id  act_"},
		{line: "invitations activate", stdin: "unknown\n", status: 13, err: "partnerctl: network: POST /account/network-invitations/{token}: 404 Not Found: Not found.\n"},
		{line: "app session", out: "authenticated           true\n"},
		{line: "app login --username robin", stdin: "temp123\n", out: "authenticated       false\naccounts            [{\"id\":\"acc_1234567890\",\"title\":\"Acme Corp\"},{\"id\":\"acc_9\",\"title\":\"Acme Bakery\"}]\n"},
		{line: "networks list -o xml", status: 2, err: "partnerctl: --output: want one of table, json, yaml, csv\n"},
		{line: "networks lisst", status: 2, err: "partnerctl: unknown command \"lisst\" for \"partnerctl networks\" (see -h)\n"},
		{line: "networks", status: 2, err: "partnerctl: partnerctl networks needs one of its commands (see -h)\n"},
		{line: "unknown", status: 2, err: "partnerctl: unknown command \"unknown\" for \"partnerctl\" (see -h)\n"},
	}
	for _, test := range tests {
		t.Run(test.line, func(t *testing.T) {
			t.Parallel()
			got := newProgram(t).with(test.stdin, test.line)
			assert.Equal(t, test.status, got.status)
			assert.Equal(t, test.err, got.err)
			assert.Equal(t, test.out, got.out[:min(len(got.out), max(len(test.out), 1))])
		})
	}
}
