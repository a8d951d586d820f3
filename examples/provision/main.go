// Command provision brings the partner API in step with a roster: a CSV file of pks, e-mails, plans and states.
//
//	go run .                              shows it with 10,000 rows, against the embedded fake
//	provision -roster roster.csv          does it
//
// Every row is a job in a NATS JetStream stream. Whatever is killed, and whenever, the same command goes on from there.
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

const usage = `Provision brings the partner API in step with a roster.

	provision                         shows it with 10,000 rows, against a fake
	provision -roster roster.csv      loads a roster, and does it
	provision worker                  helps, from another process or machine
	provision status                  tells how far it is, from another terminal

A roster is a CSV file with the columns pk, email, plan (bark or bark_junior) and status (active or cancelled).
Nothing is sent before all of it has been read and found right. A row that equals what the API has confirmed for its pk
sends nothing, unless -recheck says so. Rows that fail are in failed.csv in the state directory, which can be loaded again.

Kill it whenever you like: the same command goes on. The exit status is 0 if no row failed, 1 if rows failed or it could
not go on, and 2 if the roster or the command line is wrong.

Flags:
`

// usageError is a command line that is wrong.
type usageError string

func (e usageError) Error() string { return string(e) }

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // the second time it does not wait for what has begun
	code := execute(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// execute is main with everything passed in. It returns the exit status.
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
		_, _ = fmt.Fprintln(stderr, "provision: stopped; the same command goes on")
		return 1
	default:
		_, _ = fmt.Fprintln(stderr, "provision:", err)
		return 1
	}
}
