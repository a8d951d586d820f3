// Command provision synchronises the partner API with a roster: a CSV file of pks, e-mails, plans and states.
//
//	go run .                              demonstrates it with 10,000 rows, against the embedded fake
//	provision -roster roster.csv          synchronises the API with a roster
//
// Every row is a job in a NATS JetStream stream. If a process is killed, at any time, the same command resumes.
// README.md says how to run it on many machines.
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
)

const usage = `Provision synchronises the partner API with a roster.

	provision                         demonstrates it with 10,000 rows, against a fake
	provision -roster roster.csv      loads a roster and synchronises the API with it
	provision worker -api live        does jobs in another process or on another machine
	provision status                  shows the progress, from another terminal

Without -api, requests go to a fake in the process. With -api live or a base URL, the partner token is required: in the
variable PARTNERAPI_PARTNER_TOKEN, or in the file of -token-file.

A roster is a CSV file with the columns pk, email, plan (bark or bark_junior) and status (active or cancelled).
The whole roster is validated before anything is sent. Rows that the API has already confirmed send nothing, unless
-recheck is set. Failed rows are written to failed.csv in the state directory, which is itself a roster.

The program can be killed at any time: the same command continues. The exit status is 0 if no row failed, 1 if rows failed or
it could not continue, and 2 if the roster or the command line is invalid.

Flags:
`

// usageError is an invalid command line.
type usageError string

func (e usageError) Error() string { return string(e) }

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the process immediately
	code := execute(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// execute is main with its dependencies passed in. It returns the exit status.
func execute(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	c, err := parse(args, stderr)
	if err == nil {
		err = c.command(ctx, c, stdout, newProgress(stderr))
	}
	var wrong usageError
	var roster *problems
	switch {
	case err == nil, errors.Is(err, flag.ErrHelp):
		return 0
	case errors.Is(err, errFailed):
		return 1
	case errors.As(err, &wrong), errors.As(err, &roster):
		_, _ = fmt.Fprintln(stderr, "provision:", err)
		return 2
	case ctx.Err() != nil && errors.Is(err, context.Canceled):
		_, _ = fmt.Fprintln(stderr, "provision: stopped; the same command continues")
		return 1
	default:
		_, _ = fmt.Fprintln(stderr, "provision:", err)
		return 1
	}
}
