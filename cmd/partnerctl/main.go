// Command partnerctl calls the partner, account and network APIs from a terminal: see docs/cli.md and partnerctl -h.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/partnerapi/partnerapi-go/cmd/partnerctl/internal/cli"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	status := cli.Run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
	stop()
	os.Exit(status)
}
