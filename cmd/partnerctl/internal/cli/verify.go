package cli

import (
	"github.com/spf13/cobra"

	"github.com/partnerapi/partnerapi-go/cmd/partnerctl/internal/verify"
)

// verifyCommand finds out what the APIs do.
func (a *app) verifyCommand() *cobra.Command {
	return verify.Command(verify.Host{
		Begin: a.local, Client: a.client, Out: a.out, Confirm: a.confirm, Line: a.line, Secret: a.secret,
	})
}
