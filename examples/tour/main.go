// Command tour runs every operation of the three APIs against the embedded fake and prints a line for each.
//
// With -live it checks credentials against a real API, with calls that change nothing.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"time"
)

const usage = `Tour runs every operation of the partner, account and network APIs.

	go run ./examples/tour                  against the embedded fake: no network, no credentials
	go run ./examples/tour -live partner    checks your credentials against the real API

Each line shows the operation, the method, the outcome and the duration. The exit status is 0 if everything was
as documented, 1 if anything was not, and 2 if the command line is invalid or a credential is missing. (go run
itself turns every status but 0 into 1.)

-live makes only calls that change nothing, with credentials from the environment:

	partner    PARTNERAPI_PARTNER_TOKEN. The API has no read, so this updates a random pk and expects
	           not found.
	account    PARTNERAPI_ACCOUNT_KEY: reads the account without a login. With PARTNERAPI_ORGANIZATION_KEY too:
	           searches for a random address.
	network    PARTNERAPI_NETWORK_TOKEN: reads the domains and the first network.

Flags:
`

// errUsage is for an invalid command line or environment.
var errUsage = errors.New("see -h")

func main() {
	os.Exit(run(os.Args[1:], os.Getenv, os.Stdout, os.Stderr))
}

// run is main with its dependencies passed in. It returns the exit status.
func run(args []string, getenv func(string) string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("tour", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.Usage = func() {
		_, _ = fmt.Fprint(flags.Output(), usage)
		flags.PrintDefaults()
	}
	var live string
	flags.Func("live", "check credentials against the real `API`: partner, account or network", func(name string) error {
		if checks[name] == nil {
			return errors.New("unknown API")
		}
		live = name
		return nil
	})
	switch err := flags.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		return 0
	case err != nil:
		return 2
	case flags.NArg() > 0:
		_, _ = fmt.Fprintf(stderr, "tour: unexpected argument %q; see -h\n", flags.Arg(0))
		return 2
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	err := visit(ctx, stdout, live, getenv)
	switch {
	case errors.Is(err, errUsage):
		_, _ = fmt.Fprintln(stderr, "tour:", err)
		return 2
	case err != nil:
		_, _ = fmt.Fprintln(stderr, "tour:", err)
		return 1
	default:
		return 0
	}
}

func visit(ctx context.Context, w io.Writer, live string, getenv func(string) string) error {
	if live == "" {
		return newTour(w).run(ctx)
	}
	return checkLive(ctx, w, live, getenv)
}
