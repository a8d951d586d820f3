// Command mocking runs a small service, which invites shops into a network, against the fake.
//
// Its tests are the point: they test the service in three ways, with the fake, with recorded responses and with an
// interface of its own.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/partnerapi/partnerapi-go/partnertest"
)

func main() {
	if err := demonstrate(context.Background(), os.Stdout); err != nil {
		_, _ = fmt.Fprintln(os.Stderr, "mocking:", err)
		os.Exit(1)
	}
}

// demonstrate invites one shop three times.
func demonstrate(ctx context.Context, w io.Writer) error {
	const create = "POST /account/network-invitations"
	fake := partnertest.New()
	service := &inviter{api: fake.Client().Invitations, domain: "dom_wholesale"} // for the real API: partnerapi.NewClient

	now := time.Date(2026, time.March, 1, 9, 0, 0, 0, time.UTC)
	for _, step := range []struct {
		when   string
		later  time.Duration
		faults []partnertest.Fault
	}{
		{"at first", 0, nil},
		{"an hour later", time.Hour, nil},
		// The gateway responds with an error although the request was processed.
		{"8 days later, in an outage", 8 * 24 * time.Hour, []partnertest.Fault{{Status: 503, Processed: true}}},
	} {
		now = now.Add(step.later)
		fake.SetNow(now)
		fake.Fail(create, step.faults...)
		sent, err := service.invite(ctx, "shop@example.com")
		if err != nil {
			return err
		}
		_, _ = fmt.Fprintf(w, "%-28s e-mail sent: %t\n", step.when, sent)
	}
	_, _ = fmt.Fprintf(w, "\n%v\n\n", fake.Calls())
	for _, invitation := range fake.Invitations() {
		_, _ = fmt.Fprintln(w, invitation.ID, invitation.Status)
	}
	return nil
}
