// Command partnerfake serves the fake of package partnertest, for clients in any language:
//
//	go run github.com/partnerapi/partnerapi-go/partnertest/cmd/partnerfake -addr 127.0.0.1:8080
//
// It loads its initial state from a file, takes faults from the command line and over HTTP, and logs every call without
// personal data or credentials. Run it with -h for all flags and endpoints.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/partnerapi/partnerapi-go/partnertest"
)

const usage = `Partnerfake serves a stateful fake of the partner, account and network APIs.

	partnerfake                              on 127.0.0.1:8080, empty
	partnerfake -addr 127.0.0.1:0            on a free port
	partnerfake -seed example.json           with an initial state
	partnerfake -fault 'GET /account/networks: status=503 retry_after=2s times=3'

At the start it prints the base URLs and the credentials that it accepts. It logs each call to stderr:
the time, the operation, the status and the duration. The state is lost when the program ends.

A seed file is an object of lists: subscriptions, customers, networks, invitations and app_users. Their
members are those of the APIs. A customer also has password, unconfirmed, blocked, benefits and tokens, which
is a list of pairs of access_token and refresh_token; an app user has password, accounts, access and alerts.

A fault is an operation, a colon and settings. The next call of the operation takes it; faults are taken in
the order of the flags:

	status=503        respond with this status in place of the fake's own response,
	body=TEXT         with this body (no spaces),
	retry_after=2s    with this delay in the header Retry-After, and
	processed         after processing the request
	delay=2s          delay the response
	cut=before        break the connection before the request is processed,
	cut=after         after it is processed, without a response, or
	cut=within        in the middle of the response
	times=3           apply to this many calls, at most 10000 (default 1)

A request has 30 seconds to arrive, and its body may have at most 1 MiB. The fake keeps the newest 16 MiB of
calls, without the bodies of refused ones, and 384 MiB of state, from which it removes the oldest records.

GET /openapi/ lists the OpenAPI documents of the APIs.

While it runs, on a loopback address only:

	GET  /_fake/calls    the calls, oldest first, with bodies but no headers; ?op=OPERATION selects an operation
	GET  /_fake/state    the state, with the link in each invitation's e-mail
	POST /_fake/faults   {"op":"GET /account/networks","faults":[{"status":503,"header":{"X-A":"b"}}]}
	POST /_fake/tokens   {"customer_id":7} returns new tokens of a customer, as a login on the site's page does
	POST /_fake/recover  remove the faults that no call has taken
	POST /_fake/reset    restart with the seed file, the faults of the command line and no calls

Flags:
`

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	status := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(status)
}

// run is main with its dependencies passed in. It returns the exit status: 0 after an interrupt, 1 if serving failed,
// and 2 for an invalid command line.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	var c config
	flags := flag.NewFlagSet("partnerfake", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.Usage = func() {} // the error would scroll away above the usage text
	flags.StringVar(&c.addr, "addr", "127.0.0.1:8080", "the `address` to serve on")
	flags.BoolVar(&c.expose, "expose", false, "allow an address that others can reach; turns /_fake/ off")
	flags.BoolVar(&c.legacy, "legacy", false, "serve subscriptions as in the partner API's revision before plans")
	flags.StringVar(&c.seed, "seed", "", "the `file` with the initial state")
	flags.Func("fault", "a `fault`, as above; may be repeated", func(text string) error {
		fault, err := parseFault(text)
		if err != nil {
			return err
		}
		c.faults = append(c.faults, fault)
		_, err = fault.queue(partnertest.New()) // validated on a throwaway fake, because the real one does not exist yet
		return err
	})
	switch err := flags.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		_, _ = fmt.Fprint(stderr, usage)
		flags.PrintDefaults()
		return 0
	case err != nil:
		_, _ = fmt.Fprintln(stderr, "partnerfake: see -h")
		return 2
	case flags.NArg() > 0:
		_, _ = fmt.Fprintf(stderr, "partnerfake: unexpected argument %q; see -h\n", flags.Arg(0))
		return 2
	}
	if err := serve(ctx, c, stdout, stderr); err != nil {
		_, _ = fmt.Fprintln(stderr, "partnerfake:", err)
		return 1
	}
	return 0
}
