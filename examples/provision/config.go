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

// config is the command line.
type config struct {
	command command

	roster  string
	recheck bool
	dryRun  bool
	failed  string // where the failed rows go

	state string // the directory
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

// commands are by their first word. Without a word it is the loader, and without anything the demonstration.
var commands = map[string]command{"": provision, "worker": help, "status": tellStatus}

// parse reads the command line. It fails with a usageError if that is wrong.
func parse(args []string, stderr io.Writer) (*config, error) {
	var c config
	word := ""
	demo := len(args) == 0
	if !demo && commands[args[0]] != nil {
		word, args = args[0], args[1:]
	}
	c.command = commands[word]
	flags := flag.NewFlagSet("provision", flag.ContinueOnError)
	flags.SetOutput(io.Discard) // what is wrong is told once, by whoever reads the error
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

// define defines the flags of a command: another command's are refused.
func (c *config) define(flags *flag.FlagSet, word string) {
	flags.StringVar(&c.state, "state", "provision-state", "the `directory` for what must outlive the process")
	flags.StringVar(&c.nats, "nats", "", "the `URL` of a NATS server with JetStream, or several with commas between; without it one is embedded")
	flags.StringVar(&c.creds, "creds", "", "the `file` with the credentials for it")
	flags.StringVar(&c.name, "name", "provision", "the `prefix` of the streams and buckets there: one for each partner account")
	if word == "status" {
		flags.BoolVar(&c.follow, "follow", false, "go on to the end")
		return
	}
	flags.StringVar(&c.api, "api", apiFake, "the partner API: fake (in this process), live, or a base `URL`")
	flags.StringVar(&c.tokenFile, "token-file", "", "the `file` with the partner token, read again when it changes (default: the variable "+tokenVariable+")")
	flags.Float64Var(&c.rate, "rate", 0, "the most requests a second of this process; 0 is no limit")
	flags.IntVar(&c.parallel, "parallel", 16, "how many jobs this process does at a time; 0 only loads and watches")
	flags.IntVar(&c.deliveries, "deliveries", 10, "how often a row is tried before it fails")
	flags.DurationVar(&c.backoff, "backoff", time.Second, "the wait before the second try; it doubles with every one, up to five minutes")
	if word == "worker" {
		return
	}
	flags.StringVar(&c.roster, "roster", "", "the `file` to load; - is the standard input")
	flags.BoolVar(&c.recheck, "recheck", false, "ask the API for every row, also for those that equal what it has confirmed, as after it has lost data")
	flags.BoolVar(&c.dryRun, "dry-run", false, "say what would be done, and do nothing")
	flags.StringVar(&c.failed, "failed", "", "the `file` for the rows that failed (default failed.csv in the state directory)")
	flags.IntVar(&c.replicas, "replicas", 0, "how many servers of the cluster keep the streams; 0 leaves it as it is, which is 1 at first")
	flags.DurationVar(&c.ackWait, "ack-wait", 0, "how long a worker may be silent before another gets its jobs, for workers that start later; 0 leaves it as it is, which is 30s at first")
}

// bucketName is what a prefix of streams and buckets may be.
var bucketName = regexp.MustCompile(`^[A-Za-z0-9_-]{1,50}$`)

// check says what is wrong with the flags of a command.
func (c *config) check(word string) error {
	shared := word == "worker" || word == "" && c.nats != ""
	switch {
	case word == "" && c.roster == "":
		return usageError("no -roster; see -h")
	case shared && c.api == apiFake:
		return usageError("no -api: each process would have a fake of its own, and the next another")
	case c.tokenFile != "" && c.api == apiFake:
		return usageError("a token, but no -api: without it nothing reaches the partner API")
	case c.creds != "" && c.nats == "":
		return usageError("-creds is for -nats")
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
