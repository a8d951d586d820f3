package cli

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/partnerapi/partnerapi-go"
	"github.com/partnerapi/partnerapi-go/partnertest"
)

func TestStatusOfResponses(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		op, line string
		fault    partnertest.Fault
		status   int
	}{
		"rejected":        {"GET /account/networks", "networks list", partnertest.Fault{Status: 401, Body: `{"error":{"code":401}}`}, 6},
		"not allowed":     {"GET /account/networks", "networks list", partnertest.Fault{Status: 403, Body: `{"error":{"code":403}}`}, 8},
		"rate":            {"GET /account/networks", "networks list", partnertest.Fault{Status: 429, RetryAfter: 1 << 40}, 9},
		"undocumented":    {"GET /account/networks", "networks list", partnertest.Fault{Status: 200, Body: "<html>"}, 11},
		"invalid":         {"POST /partners/subscriptions", "subscriptions create --pk 1 --email a", partnertest.Fault{Status: 400, Body: `{"success":false}`}, 15},
		"unknown outcome": {"POST /account/network-invitations", "invitations create --email a --domain-id dom_agency", partnertest.Fault{Cut: partnertest.CutAfter}, 3},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newProgram(t)
			p.fake.Fail(test.op, test.fault)
			got := p.run(test.line)
			assert.Equal(t, test.status, got.status, got.err)
			assert.Empty(t, got.out)
		})
	}
}

func TestStatusOf(t *testing.T) {
	t.Parallel()
	for err, want := range map[error]int{
		errors.New("a disk is full"):                                                     1,
		usageError("a flag"):                                                             2,
		fmt.Errorf("x: %w", &partnerapi.ArgumentError{}):                                 2,
		errors.Join(partnerapi.ErrOutcomeUnknown, partnerapi.ErrServer):                  3,
		errors.Join(partnerapi.ErrNoCredential, partnerapi.ErrUnauthorized):              4,
		errors.Join(partnerapi.ErrNoCredential, &partnerapi.ArgumentError{}):             4,
		errors.Join(partnerapi.ErrServer, context.DeadlineExceeded):                      10,
		partnerapi.ErrResponseTooLarge:                                                   12,
		errSomeFailed:                                                                    16,
		fmt.Errorf("x: %w", context.Canceled):                                            130,
		errors.Join(partnerapi.ErrOutcomeUnknown, fmt.Errorf("x: %w", context.Canceled)): 3,
	} {
		assert.Equal(t, want, statusOf(err), err)
	}
	assert.Equal(t, 0, statusOf(nil))
}

// Each status is of one kind, and the help lists it.
func TestStatusesAreListed(t *testing.T) {
	t.Parallel()
	p := withoutCredentials(t)
	help := p.run("-h").out
	seen := make(map[int]bool)
	for _, s := range statuses {
		assert.False(t, seen[s.status], s.status)
		seen[s.status] = true
		assert.Contains(t, help, fmt.Sprintf("\n  %3d  %s\n", s.status, s.what))
	}
}

func TestMissingCredential(t *testing.T) {
	t.Parallel()
	got := withoutCredentials(t).run("networks list")
	assert.Equal(t, ran{4, "", "partnerctl: network: GET /account/networks: not sent: no credential; the client has no network token (see partnerctl login network -h)\n"}, got)
}
