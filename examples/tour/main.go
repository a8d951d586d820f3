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

const usage = `Tour runs all 23 operations of the partner, account and network APIs.

	go run ./examples/tour                  against the embedded fake: no network, no credentials
	go run ./examples/tour -live partner    checks your credentials against the real API

Each line says which operation ran, through which method, what came of it and how long it took. The exit
status is 0 if everything was as documented, 1 if anything was not, and 2 if the command line or a
credential is missing or wrong.

-live takes partner, account or network, makes only calls that change nothing, and reads the credentials
from the environment:

	partner    PARTNERAPI_PARTNER_TOKEN
	account    PARTNERAPI_ACCOUNT_KEY, and PARTNERAPI_ORGANIZATION_KEY to check the search too
	network    PARTNERAPI_NETWORK_TOKEN

Flags:
`

// errUsage is for a command line, or an environment, that cannot be run.
var errUsage = errors.New("usage")

func main() {
	os.Exit(run(os.Args[1:], os.Getenv, os.Stdout, os.Stderr))
}

// run is main with everything passed in. It returns the exit status.
func run(args []string, getenv func(string) string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("tour", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.Usage = func() {
		_, _ = fmt.Fprint(flags.Output(), usage)
		flags.PrintDefaults()
	}
	which := flags.String("live", "", "check credentials against the real `API`: partner, account or network")
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
	err := visit(ctx, stdout, *which, getenv)
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
