package cli

import (
	"context"
	"os"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"
)

// manCommand writes the man pages of root's commands.
func (a *app) manCommand(root *cobra.Command) *cobra.Command {
	cmd := &cobra.Command{Use: "man DIRECTORY", Short: "Write the man pages into a directory", Args: cobra.ExactArgs(1)}
	cmd.RunE = a.local(func(_ context.Context, args []string) error {
		if err := os.MkdirAll(args[0], 0o755); err != nil { //nolint:gosec // man pages are for everybody
			return err
		}
		return doc.GenManTree(root, &doc.GenManHeader{Title: "PARTNERCTL", Section: "1", Source: "partnerctl"}, args[0])
	})
	return cmd
}
