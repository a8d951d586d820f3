package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"path/filepath"
	"regexp"
	"time"

	"github.com/nats-io/nats.go"
)

// config is the parsed command line.
type config struct {
	command command

	roster  string
	recheck bool
	dryRun  bool
	failed  string // the file for failed rows

	state string // the state directory
	nats  string
	creds string
	name  string

	replicas int
	ackWait  time.Duration

	api        string
	tokenFile  string
	rate       float64
	parallel   int
	deliveries int
	backoff    time.Duration

	follow bool
}

type command func(context.Context, *config, io.Writer, *progress) error

// commands are the commands by their first word. Without a word the command is the loader or, without arguments, the
// demonstration.
var commands = map[string]command{"": provision, "worker": runWorker, "status": printStatus}

// parse parses the command line. It returns a usageError if that is invalid.
func parse(args []string, stderr io.Writer) (*config, error) {
	var c config
	word := ""
	demo := len(args) == 0
	if !demo && commands[args[0]] != nil {
		word, args = args[0], args[1:]
	}
	c.command = commands[word]
	flags := flag.NewFlagSet("provision", flag.ContinueOnError)
	flags.SetOutput(io.Discard) // the caller prints the error
	c.define(flags, word)
	switch err := flags.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		flags.SetOutput(stderr)
		_, _ = fmt.Fprint(stderr, usage)
		flags.PrintDefaults()
		return nil, err
	case err != nil:
		return nil, usageError(err.Error() + "; see -h")
	case flags.NArg() > 0:
		return nil, usageError(fmt.Sprintf("unexpected argument %q; see -h", flags.Arg(0)))
	}
	if demo {
		c.command = demonstrate
		return &c, nil
	}
	if word == "" && c.failed == "" {
		c.failed = filepath.Join(c.state, failedFile)
	}
	return &c, c.check(word)
}

// define defines the flags of a command. Other commands' flags are refused.
func (c *config) define(flags *flag.FlagSet, word string) {
	flags.StringVar(&c.state, "state", "provision-state", "the `directory` for the persistent state")
	flags.StringVar(&c.nats, "nats", "", "the `URL` of a NATS server with JetStream, or several separated by commas; if not set, a server is embedded")
	flags.StringVar(&c.creds, "creds", "", "the `file` with NATS credentials")
	flags.StringVar(&c.name, "name", "provision", "the `prefix` of the streams and buckets: a different one for each partner account")
	if word == "status" {
		flags.BoolVar(&c.follow, "follow", false, "follow to the end")
		return
	}
	flags.StringVar(&c.api, "api", apiFake, "the partner API: fake (in this process), live, or a base `URL`")
	flags.StringVar(&c.tokenFile, "token-file", "", "the `file` with the partner token, read again when it changes (default: the variable "+tokenVariable+")")
	flags.Float64Var(&c.rate, "rate", 0, "the maximum number of requests per second of this process; 0 is no limit")
	flags.IntVar(&c.parallel, "parallel", 16, "the number of concurrent jobs in this process; 0 only loads and watches")
	flags.IntVar(&c.deliveries, "deliveries", 10, "the maximum number of attempts for a row")
	flags.DurationVar(&c.backoff, "backoff", time.Second, "the wait before the first retry; it doubles each time, up to five minutes")
	if word == "worker" {
		return
	}
	flags.StringVar(&c.roster, "roster", "", "the `file` to load; - is the standard input")
	flags.BoolVar(&c.recheck, "recheck", false, "send every row to the API, confirmed ones too; for an API that has lost data")
	flags.BoolVar(&c.dryRun, "dry-run", false, "print what would be done, without doing it")
	flags.StringVar(&c.failed, "failed", "", "the `file` for the rows that failed (default failed.csv in the state directory)")
	flags.IntVar(&c.replicas, "replicas", 0, "the number of servers that store the streams; 0 keeps the current setting, which is initially 1")
	flags.DurationVar(&c.ackWait, "ack-wait", 0, "how long a worker may be silent before another gets its jobs; applies to workers that start later; 0 keeps the current setting, which is initially 30s")
}

// bucketName matches valid prefixes of streams and buckets.
var bucketName = regexp.MustCompile(`^[A-Za-z0-9_-]{1,50}$`)

// check returns an error if a command's flags are invalid.
func (c *config) check(word string) error {
	shared := word == "worker" || word == "" && c.nats != ""
	switch {
	case word == "" && c.roster == "":
		return usageError("-roster is required; see -h")
	case shared && c.api == apiFake:
		return usageError("-api is required: otherwise each process would have its own fake")
	case c.tokenFile != "" && c.api == apiFake:
		return usageError("-token-file without -api: requests would go to the fake")
	case c.creds != "" && c.nats == "":
		return usageError("-creds requires -nats")
	case word == "worker" && c.parallel == 0:
		return usageError("-parallel: at least 1 for a worker")
	case !bucketName.MatchString(c.name):
		return usageError("-name: letters, digits, - and _")
	case c.replicas < 0 || c.replicas > 5:
		return usageError("-replicas: 1 to 5, or 0")
	case c.ackWait < time.Second && c.ackWait != 0:
		return usageError("-ack-wait: at least 1s, or 0")
	case !(c.rate >= 0):
		return usageError("-rate: 0 or more")
	case c.parallel < 0:
		return usageError("-parallel: 0 or more")
	case word != "status" && c.deliveries < 1:
		return usageError("-deliveries: at least 1")
	case c.backoff < 0:
		return usageError("-backoff: 0 or more")
	default:
		return nil
	}
}

func (c *config) natsOptions() []nats.Option {
	if c.creds == "" {
		return nil
	}
	return []nats.Option{nats.UserCredentials(c.creds)}
}
