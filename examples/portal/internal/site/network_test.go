package site_test

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/partnerapi/partnerapi-go"
	"github.com/partnerapi/partnerapi-go/partnertest"
)

func TestNetworks(t *testing.T) {
	t.Parallel()
	const first, last = ">Example Business 1<", ">Example Business 25<"
	tests := map[string]struct {
		query  string
		has    []string
		hasNot []string
	}{
		"first page": {"", []string{
			first, last, "Page 1 of 3, 60 in all", `href="?search=&amp;filter=&amp;page=2">Next`, ">0.5%<", `>3.5% <span class="since">since `, `aria-current="page">Networks`,
		}, []string{"Previous", "Example Business 26", "Status", "Show all"}},
		"second page": {"?page=2", []string{
			">Example Business 26<", ">Example Business 50<", `page=1">Previous`, `page=3">Next`,
		}, []string{first}},
		"last page":        {"?page=3", []string{">Example Business 60<", "Page 3 of 3", `page=2">Previous`}, []string{">Next<"}},
		"beyond":           {"?page=99", []string{"No businesses found.", `page=3">Previous`}, []string{"<table", ">Next<"}},
		"search":           {"?search=business+6", []string{">Example Business 6<", ">Example Business 60<", "Page 1 of 1, 2 in all", `value="business 6"`, `href="?">Show all`}, []string{first, ">Next<"}},
		"search, page":     {"?search=a%26b+Business&page=1", []string{"No businesses found.", `value="a&amp;b Business"`}, []string{"Page 1"}},
		"search with next": {"?search=Example+Business", []string{`href="?search=Example%20Business&amp;filter=&amp;page=2">Next`}, nil},
		"unknown filter":   {"?filter=odd", []string{"No businesses found.", "Show all"}, nil},
		"not a page":       {"?page=two", []string{first, "Page 1 of 3"}, nil},
		"negative page":    {"?page=-2", []string{first, "Page 1 of 3"}, nil},
		"huge page":        {"?page=99999999999999999999", []string{"No businesses found."}, nil},
	}
	s := newSite(t)
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := s.signIn(t, fullAccess).get("/operator/networks" + test.query)

			assertShows(t, r, 200, test.has...)
			for _, text := range test.hasNot {
				assert.NotContains(t, r.body, text)
			}
		})
	}
}

func TestNetworksSearchInvalid(t *testing.T) {
	t.Parallel()
	v := newSite(t).signIn(t, fullAccess)
	assertShows(t, v.get("/operator/networks?search=%ff"), 422, "<h1>That is not valid</h1>")
}

func (s *testSite) feeOf(id string) float64 {
	for _, n := range s.fake.Networks() {
		if n.AccountID == id {
			return n.Fee
		}
	}
	return -1
}

func TestNetworkFee(t *testing.T) {
	t.Parallel()
	const (
		target  = "/operator/networks/acc_child_05/fee"
		op      = "POST /account/networks/{child_account_id}"
		invalid = `<a href="#fee">Enter the fee as a number from 0 to 100, such as 2.5</a>`
		doubt   = "Example Business 5" + warning + "The list shows the fee."
	)
	tests := map[string]struct {
		target, fee string
		fault       partnertest.Fault
		status      int
		has         string // the page, or the one that the response leads to
		want        float64
	}{
		"number":       {fee: "2.5", status: 303, has: "Example Business 5: the fee is now 2.5%.", want: 2.5},
		"zero":         {fee: "0", status: 303, has: "Example Business 5: the fee is now 0%.", want: 0},
		"percent":      {fee: " 7 % ", status: 303, has: "the fee is now 7%.", want: 7},
		"nothing":      {fee: " ", status: 422, has: `<a href="#fee">Enter the fee</a>`, want: 2},
		"word":         {fee: "two", status: 422, has: invalid, want: 2},
		"comma":        {fee: "2,5", status: 422, has: invalid, want: 2},
		"negative":     {fee: "-1", status: 422, has: invalid, want: 2},
		"too much":     {fee: "100.5", status: 422, has: invalid, want: 2},
		"not a number": {fee: "NaN", status: 422, has: invalid, want: 2},
		"markup":       {fee: "<b>", status: 422, has: `value="&lt;b&gt;"`, want: 2},
		"unknown":      {target: "/operator/networks/acc_9/fee", fee: "2", status: 404, has: "<h1>There is no such page</h1>", want: 2},

		"rejected":          {fee: "50", fault: rejection(400, "Please check the values.", `{"fee":"At most 10."}`), status: 422, has: `<p class="error" id="fee-error">At most 10.</p>`, want: 2},
		"forbidden":         {fee: "50", fault: rejection(403, "Not by you.", "[]"), status: 422, has: "<li>Not by you.</li>", want: 2},
		"outage":            {fee: "3", fault: partnertest.Fault{Status: 503}, status: 303, has: doubt, want: 2},
		"lost response":     {fee: "3", fault: partnertest.Fault{Cut: partnertest.CutAfter}, status: 303, has: doubt, want: 3},
		"bad response":      {fee: "3", fault: partnertest.Fault{Status: 302, Processed: true}, status: 303, has: doubt, want: 3},
		"too many requests": {fee: "3", fault: partnertest.Fault{Status: 429, RetryAfter: longWait}, status: 503, has: "<h1>Our partner is not available</h1>", want: 2},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t, once)
			v := s.signIn(t, fullAccess)
			s.fake.Fail(op, test.fault)
			if test.target == "" {
				test.target = target
				assertShows(t, v.get(target), 200, "<dd>Example Business 5</dd>", "<dd>2%</dd>", "<dd>3.5%</dd>", `value="2"`)
			}

			r := v.post(test.target, "fee", test.fee)

			assert.Equal(t, test.status, r.status)
			if r.status == 303 {
				assert.Equal(t, test.has == doubt, r.location == "/operator/networks?search=Example+Business+5")
				r = v.follow(r)
			}
			assertShows(t, r, r.status, test.has)
			assert.InDelta(t, test.want, s.feeOf("acc_child_05"), 0)
		})
	}
}

func TestNetworkDelete(t *testing.T) {
	t.Parallel()
	const (
		target = "/operator/networks/acc_child_05/delete"
		op     = "DELETE /api/account/networks/{child_account_id}"
		done   = "Example Business 5: no longer in your network."
		doubt  = "Example Business 5" + warning + "If it is not in the list, it is removed."
	)
	lost := partnertest.Fault{Cut: partnertest.CutAfter}
	tests := map[string]struct {
		faults []partnertest.Fault
		opts   []partnerapi.Option
		status int
		has    string
		gone   bool
	}{
		"deleted":       {status: 303, has: done, gone: true},
		"lost response": {faults: []partnertest.Fault{lost}, opts: []partnerapi.Option{once}, status: 303, has: doubt, gone: true},
		// The second attempt is told that there is no such network: it is gone, whoever removed it.
		"lost response, retried": {faults: []partnertest.Fault{lost}, status: 303, has: done, gone: true},
		"half a response": {
			faults: []partnertest.Fault{{Status: 200, Body: `{"parent_account_id":"acc_1"}`, Processed: true}}, status: 303, has: done, gone: true,
		},
		"outage":            {faults: []partnertest.Fault{{Status: 502}}, opts: []partnerapi.Option{once}, status: 303, has: doubt},
		"bad response":      {faults: []partnertest.Fault{page}, status: 303, has: doubt, gone: true},
		"forbidden":         {faults: []partnertest.Fault{rejection(403, "Not by you.", "[]")}, status: 422, has: "<li>Not by you.</li>"},
		"too many requests": {faults: []partnertest.Fault{{Status: 429, RetryAfter: longWait}}, status: 503, has: "<h1>Our partner is not available</h1>"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t, test.opts...)
			v := s.signIn(t, fullAccess)
			s.fake.Fail(op, test.faults...)
			assertShows(t, v.get(target), 200, "<h1>Remove Example Business 5?</h1>", "Yes, remove", `href="/operator/networks">No, keep it</a>`)
			assert.Len(t, s.fake.Networks(), 60)

			r := v.post(target)

			assert.Equal(t, test.status, r.status)
			if r.status == 303 {
				assert.Equal(t, test.has == doubt, r.location == "/operator/networks?search=Example+Business+5")
				r = v.follow(r)
			}
			assertShows(t, r, r.status, test.has)
			assert.Equal(t, test.gone, s.feeOf("acc_child_05") < 0)
			if test.gone {
				assertShows(t, v.get(target), 404)
				assertShows(t, v.post(target), 404)
			}
		})
	}
}

func TestInvitations(t *testing.T) {
	t.Parallel()
	const one, two = ">business1@example.com<", ">business2@example.com<"
	tests := map[string]struct {
		query  string
		has    []string
		hasNot []string
	}{
		"all": {"", []string{
			one, two, `<span class="tag good">pending</span>`, `<span class="tag care">expired</span>`, "Page 1 of 2, 28 in all",
			`<option value="pending">pending</option>`, `href="/operator/invitations/new">Invite a business`, `page=2">Next`,
		}, nil},
		"second page":    {"?page=2", []string{">fee24@example.com<", ">2.5%<", `page=1">Previous`}, []string{one}},
		"pending":        {"?filter=pending", []string{one, `<option value="pending" selected>pending</option>`, `href="?search=&amp;filter=pending&amp;page=2">Next`}, []string{two}},
		"expired":        {"?filter=expired", []string{two, "1 in all"}, []string{one}},
		"search":         {"?search=BUSINESS2", []string{two, `value="BUSINESS2"`}, []string{one}},
		"search, filter": {"?search=business1&filter=expired", []string{"No invitations found."}, []string{"<table"}},
	}
	s := newSite(t)
	for i := range 25 {
		fee := 2.5
		s.fake.SeedInvitation(partnerapi.Invitation{Email: fmt.Sprintf("fee%d@example.com", i), DomainID: "dom_gone", FeeProposed: &fee})
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := s.signIn(t, fullAccess).get("/operator/invitations" + test.query)

			assertShows(t, r, 200, test.has...)
			for _, text := range test.hasNot {
				assert.NotContains(t, r.body, text)
			}
		})
	}
}

// newest returns the newest invitation.
func (s *testSite) newest() partnerapi.Invitation {
	all := s.fake.Invitations()
	return all[len(all)-1]
}

func TestInvitationNew(t *testing.T) {
	t.Parallel()
	const (
		target = "/operator/invitations/new"
		op     = "POST /account/network-invitations"
		doubt  = "new@example.com" + warning + "The e-mail may have been sent. Do not invite again if the list shows the invitation."
	)
	valid := []string{"email", "new@example.com", "domain_id", "dom_wholesale", "fee_proposed", "2.5"}
	fee := 2.5
	tests := map[string]struct {
		fields []string
		fault  partnertest.Fault
		status int
		has    []string
		made   bool
		fee    *float64
	}{
		"with a fee":    {fields: valid, status: 303, has: []string{"new@example.com: the invitation is on its way."}, made: true, fee: &fee},
		"without a fee": {fields: []string{"email", "new@example.com", "domain_id", "dom_wholesale", "fee_proposed", ""}, status: 303, has: []string{"the invitation is on its way."}, made: true},
		"nothing":       {status: 422, has: []string{`<a href="#email">Enter the e-mail address</a>`, `<a href="#domain_id">Choose the kind of business</a>`}},
		"wrong fee": {fields: []string{"email", "new@example.com", "domain_id", "dom_wholesale", "fee_proposed", "much"}, status: 422, has: []string{
			`<a href="#fee_proposed">Enter the fee as a number from 0 to 100, such as 2.5</a>`, `value="new@example.com"`, `value="dom_wholesale" selected>`, `value="much"`,
		}},
		"unknown kind": {fields: []string{"email", "new@example.com", "domain_id", "dom_9"}, status: 422, has: []string{`<p class="error" id="domain_id-error">This value is not valid.</p>`}},

		"rejected e-mail": {fields: valid, fault: rejection(400, "Please check the values.", `{"email":"Already invited."}`), status: 422, has: []string{
			`<a href="#email">Already invited.</a>`, "<li>Please check the values.</li>",
		}},
		"forbidden":         {fields: valid, fault: rejection(403, "You have reached your limit.", "[]"), status: 422, has: []string{"<li>You have reached your limit.</li>"}},
		"lost response":     {fields: valid, fault: partnertest.Fault{Cut: partnertest.CutAfter}, status: 303, has: []string{doubt, `value="new@example.com"`, ">new@example.com<"}, made: true, fee: &fee},
		"lost request":      {fields: valid, fault: partnertest.Fault{Cut: partnertest.CutBefore}, status: 303, has: []string{doubt}},
		"outage":            {fields: valid, fault: partnertest.Fault{Status: 502}, status: 303, has: []string{doubt}},
		"bad response":      {fields: valid, fault: page, status: 303, has: []string{doubt}, made: true, fee: &fee},
		"not sent":          {fields: valid, fault: partnertest.Fault{Cut: partnertest.CutRefused}, status: 503, has: []string{"<h1>Our partner is not available</h1>"}},
		"too many requests": {fields: valid, fault: partnertest.Fault{Status: 429, RetryAfter: longWait}, status: 503, has: []string{"<h1>Our partner is not available</h1>"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t, once)
			v := s.signIn(t, fullAccess)
			s.fake.Fail(op, test.fault)
			assertShows(t, v.get(target), 200, `<option value="dom_wholesale">Wholesale Distributor</option>`)

			r := v.post(target, test.fields...)

			assert.Equal(t, test.status, r.status)
			if r.status == 303 {
				r = v.follow(r)
			}
			assertShows(t, r, r.status, test.has...)
			if !test.made {
				assert.Len(t, s.fake.Invitations(), 3)
				return
			}
			require.Len(t, s.fake.Invitations(), 4)
			assert.Equal(t, "new@example.com", s.newest().Email)
			assert.Equal(t, "dom_wholesale", s.newest().DomainID)
			assert.Equal(t, test.fee, s.newest().FeeProposed)
		})
	}
}

func TestInvitationEdit(t *testing.T) {
	t.Parallel()
	const target, op = "/operator/invitations/nwi_mine/edit", "POST /account/network-invitations/{id}"
	const doubt, done = "second@example.com" + warning + "The e-mail may have been resent.", "the invitation is on its way again."
	old, changed := 2.5, 4.0
	tests := map[string]struct {
		email, fee string
		fault      partnertest.Fault
		status     int
		has        []string
		want       string
		wantFee    *float64
	}{
		"e-mail":    {email: "second@example.com", fee: "2.5", status: 303, has: []string{"second@example.com: " + done}, want: "second@example.com", wantFee: &old},
		"fee":       {email: "mine@example.com", fee: "4", status: 303, has: []string{done}, want: "mine@example.com", wantFee: &changed},
		"no fee":    {email: "mine@example.com", status: 303, has: []string{done}, want: "mine@example.com"},
		"no e-mail": {fee: "4", status: 422, has: []string{`<a href="#email">Enter the e-mail address</a>`, `value="4"`}, want: "mine@example.com", wantFee: &old},
		"wrong fee": {email: "mine@example.com", fee: "Inf", status: 422, has: []string{`<a href="#fee_proposed">Enter the fee`}, want: "mine@example.com", wantFee: &old},

		"rejected":      {email: "x", fee: "4", fault: rejection(400, "No.", `{"email":"Not an e-mail address."}`), status: 422, has: []string{`<a href="#email">Not an e-mail address.</a>`}, want: "mine@example.com", wantFee: &old},
		"deleted":       {email: "x@example.com", fault: rejection(404, "Not found.", "[]"), status: 404, want: "mine@example.com", wantFee: &old},
		"lost response": {email: "second@example.com", fee: "4", fault: partnertest.Fault{Cut: partnertest.CutAfter}, status: 303, has: []string{doubt, `value="second@example.com"`}, want: "second@example.com", wantFee: &changed},
		"outage":        {email: "second@example.com", fee: "4", fault: partnertest.Fault{Status: 500}, status: 303, has: []string{doubt}, want: "mine@example.com", wantFee: &old},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t, once)
			for range 150 { // the invitation is not on the first page
				s.fake.SeedInvitation(partnerapi.Invitation{Email: "other@example.com", DomainID: "dom_agency"})
			}
			s.fake.SeedInvitation(partnerapi.Invitation{ID: "nwi_mine", Email: "mine@example.com", DomainID: "dom_agency", FeeProposed: &old})
			v := s.signIn(t, fullAccess)
			s.fake.Fail(op, test.fault)
			assertShows(t, v.get(target), 200, `value="mine@example.com"`, `value="2.5"`, "Saving resends the e-mail.")

			r := v.post(target, "email", test.email, "fee_proposed", test.fee)

			assert.Equal(t, test.status, r.status)
			if r.status == 303 {
				r = v.follow(r)
			}
			assertShows(t, r, r.status, test.has...)
			assert.Equal(t, test.want, s.newest().Email)
			assert.Equal(t, test.wantFee, s.newest().FeeProposed)
		})
	}
}

func TestInvitationResend(t *testing.T) {
	t.Parallel()
	const target, op = "/operator/invitations/nwi_mine/resend", "POST /account/network-invitations/{id}"
	fee := 2.5
	tests := map[string]struct {
		target string
		fault  partnertest.Fault
		status int
		has    string
		want   partnerapi.InvitationStatus
	}{
		"resent":        {status: 303, has: "mine@example.com: the invitation is on its way again.", want: "pending"},
		"unknown":       {target: "/operator/invitations/nwi_9/resend", status: 404, want: "expired"},
		"lost response": {fault: partnertest.Fault{Cut: partnertest.CutAfter}, status: 303, has: "mine@example.com" + warning + "The e-mail may have been resent.", want: "pending"},
		"forbidden":     {fault: rejection(403, "No.", "[]"), status: 422, has: `action="/operator/invitations/nwi_mine/edit"`, want: "expired"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t, once)
			s.fake.SeedInvitation(partnerapi.Invitation{ID: "nwi_mine", Email: "mine@example.com", DomainID: "dom_agency", FeeProposed: &fee, Status: "expired"})
			v := s.signIn(t, fullAccess)
			s.fake.Fail(op, test.fault)
			if test.target == "" {
				test.target = target
			}

			r := v.post(test.target)

			assert.Equal(t, test.status, r.status)
			if r.status == 303 {
				r = v.follow(r)
			}
			assertShows(t, r, r.status, test.has)
			assert.Equal(t, test.want, s.newest().Status)
			assert.Equal(t, "mine@example.com", s.newest().Email)
			assert.Equal(t, &fee, s.newest().FeeProposed)
		})
	}
}

func TestInvitationDelete(t *testing.T) {
	t.Parallel()
	const target, op = "/operator/invitations/nwi_mine/delete", "DELETE /account/network-invitations/{id}"
	const done, doubt = "mine@example.com: the invitation is deleted.", "mine@example.com" + warning + "If it is not in the list, it is deleted."
	lost := partnertest.Fault{Cut: partnertest.CutAfter}
	tests := map[string]struct {
		fault  partnertest.Fault
		opts   []partnerapi.Option
		status int
		has    string
		gone   bool
	}{
		"deleted":                {status: 303, has: done, gone: true},
		"lost response, retried": {fault: lost, status: 303, has: done, gone: true},
		"lost response":          {fault: lost, opts: []partnerapi.Option{once}, status: 303, has: doubt, gone: true},
		"outage":                 {fault: partnertest.Fault{Status: 503}, opts: []partnerapi.Option{once}, status: 303, has: doubt},
		"forbidden":              {fault: rejection(403, "Not by you.", "[]"), status: 422, has: "<li>Not by you.</li>"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t, test.opts...)
			s.fake.SeedInvitation(partnerapi.Invitation{ID: "nwi_mine", Email: "mine@example.com", DomainID: "dom_agency"})
			v := s.signIn(t, fullAccess)
			s.fake.Fail(op, test.fault)
			assertShows(t, v.get(target), 200, "<strong>mine@example.com</strong>", "Yes, delete")
			assert.Len(t, s.fake.Invitations(), 4)

			r := v.post(target)

			assert.Equal(t, test.status, r.status)
			if r.status == 303 {
				r = v.follow(r)
			}
			assertShows(t, r, r.status, test.has)
			assert.Equal(t, test.gone, s.newest().ID != "nwi_mine")
		})
	}
}

func TestActivation(t *testing.T) {
	t.Parallel()
	const op = "POST /account/network-invitations/{token}"
	const gone, doubt = "<h1>This invitation is no longer valid</h1>", "<h1>We do not know whether that worked</h1>"
	tests := map[string]struct {
		link   string
		fault  partnertest.Fault
		status int
		has    []string
		joined bool
	}{
		"good":              {link: "token-nwi_mine", status: 200, has: []string{"<h1>Welcome to the network</h1>", "<dd>act_", "<dd>usr_"}, joined: true},
		"expired":           {link: "token-nwi_old", status: 404, has: []string{gone}},
		"unknown":           {link: "token-nwi_9", status: 404, has: []string{gone}},
		"empty":             {status: 422, has: []string{gone}},
		"dots":              {link: "..", status: 422, has: []string{gone}},
		"slash":             {link: "a/../b?c", status: 404, has: []string{gone}},
		"half a response":   {link: "token-nwi_mine", fault: partnertest.Fault{Status: 200, Body: `{"account_id":"act_7"}`, Processed: true}, status: 200, has: []string{"<dd>act_7</dd>"}, joined: true},
		"lost response":     {link: "token-nwi_mine", fault: partnertest.Fault{Cut: partnertest.CutAfter}, status: 503, has: []string{doubt}, joined: true},
		"outage":            {link: "token-nwi_mine", fault: partnertest.Fault{Status: 502}, status: 503, has: []string{doubt}},
		"bad response":      {link: "token-nwi_mine", fault: page, status: 502, has: []string{doubt}, joined: true},
		"credential":        {link: "token-nwi_mine", fault: rejection(401, "Please sign in.", "[]"), status: 502},
		"too many requests": {link: "token-nwi_mine", fault: partnertest.Fault{Status: 429, RetryAfter: longWait}, status: 503, has: []string{"<h1>Our partner is not available</h1>"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t, once)
			s.fake.SeedInvitation(partnerapi.Invitation{ID: "nwi_old", Email: "old@example.com", DomainID: "dom_wholesale", Status: "expired"})
			s.fake.SeedInvitation(partnerapi.Invitation{ID: "nwi_mine", Email: "mine@example.com", DomainID: "dom_wholesale"})
			s.fake.Fail(op, test.fault)

			r := s.visitor(t).post("/networks", "token", test.link)

			assertShows(t, r, test.status, test.has...)
			assert.Equal(t, test.joined, len(s.fake.Networks()) == 61)
			assert.NotContains(t, s.log.String(), "nwi_mine")
		})
	}
}

// The link leads to a page with a button. Only the button activates the invitation.
func TestActivationPage(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	v := s.visitor(t)
	assertShows(t, v.get("/demo/mail"), 200, `href="/networks?token=token-nwi_1"`)
	assertShows(t, v.get("/networks?token=token-nwi_1"), 200, "<h1>You are invited</h1>", `name="token" value="token-nwi_1"`)
	assert.Equal(t, 200, v.do(http.MethodHead, "/networks?token=token-nwi_1", nil, nil).status)
	for _, link := range []string{"/networks", "/networks?token=", "/networks?other=1"} {
		r := v.get(link)
		assertShows(t, r, 200, "<h1>A part of the link is missing</h1>")
		assert.NotContains(t, r.body, "<button")
	}
	assert.Empty(t, s.fake.CallsTo("POST /account/network-invitations/{token}"))
	assertShows(t, v.post("/networks", "token", "token-nwi_1"), 200, "<h1>Welcome to the network</h1>")
	assertShows(t, v.post("/networks", "token", "token-nwi_1"), 404, "<h1>This invitation is no longer valid</h1>")
	assert.NotContains(t, s.log.String(), "token-nwi_1")
}
