// Command partnerfake serves the fake of package partnertest, for clients in any language:
//
//	go run github.com/partnerapi/partnerapi-go/partnertest/cmd/partnerfake -addr 127.0.0.1:8080
//
// It takes a first state from a file, faults from the command line and over HTTP, and logs every call without what names
// a person or opens a door. With -h it says all it can do.
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

	partnerfake                              on 127.0.0.1:8080, with nothing in it
	partnerfake -addr 127.0.0.1:0            on a port that is free
	partnerfake -seed example.json           with a first state
	partnerfake -fault 'GET /account/networks: status=503 retry_after=2s times=3'

At the start it prints the base URLs and the credentials that it accepts. Each call is a line on stderr:
the time, the operation, the status and the duration. The state ends with the program.

A seed file is an object of lists: subscriptions, customers, networks, invitations and app_users. Their
members are those of the APIs; a customer has password, unconfirmed, blocked and benefits too, and an app user
password, accounts, access and alerts.

A fault is an operation, a colon and words. The next call of the operation takes it, in the order of the
flags; with times, the next calls do:

	status=503        answer this in place of the fake's own answer, with
	body=TEXT         this body (without spaces),
	retry_after=2s    this wait in the header Retry-After, and
	processed         after the request was done
	delay=2s          answer later
	cut=before        break the connection before the request is processed,
	cut=after         after that, without an answer, or
	cut=within        in the middle of the answer
	times=3           as often as that, at most 10000; 1 if not set

A request has 30 seconds to arrive, and its body at most 1 MiB. Of the calls the newest 16 MiB are kept, without
the bodies of those that are refused; of the state 384 MiB, of which the oldest goes first.

While it runs, on a loopback address only:

	GET  /_fake/calls    the calls that came, oldest first, with their bodies but no headers; ?op=OPERATION for some
	GET  /_fake/state    what there is, with the link in each invitation's e-mail
	POST /_fake/faults   {"op":"GET /account/networks","faults":[{"status":503,"header":{"X-A":"b"}}]}
	POST /_fake/recover  forget the faults that no call has taken
	POST /_fake/reset    start again with the seed file, the faults of the command line and no calls

Flags:
`

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	status := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(status)
}

// run is main with everything passed in. It returns the exit status: 0 if it was stopped, 1 if it could not serve, and 2
// if the command line is wrong.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	var c config
	flags := flag.NewFlagSet("partnerfake", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.Usage = func() {} // a mistake would be lost above it
	flags.StringVar(&c.addr, "addr", "127.0.0.1:8080", "the `address` to serve on")
	flags.BoolVar(&c.expose, "expose", false, "allow an address that others can reach; /_fake/ is off then")
	flags.StringVar(&c.seed, "seed", "", "the `file` with the first state")
	flags.Func("fault", "a `fault`, as above; can be given again", func(text string) error {
		fault, err := parseFault(text)
		if err != nil {
			return err
		}
		c.faults = append(c.faults, fault)
		_, err = fault.queue(partnertest.New()) // tried on another fake, because this one is made later
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
