// Command portal is a web site for parents, fans and operators: the three APIs at work, in a browser.
package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"golang.org/x/time/rate"

	"github.com/partnerapi/partnerapi-go"
	"github.com/partnerapi/partnerapi-go/examples/portal/internal/demo"
	"github.com/partnerapi/partnerapi-go/examples/portal/internal/settle"
	"github.com/partnerapi/partnerapi-go/examples/portal/internal/site"
	"github.com/partnerapi/partnerapi-go/examples/portal/internal/store"
	"github.com/partnerapi/partnerapi-go/partnertest"
)

const usage = `Portal serves a web site for parents, fans and operators.

	go run .                                      against a fake of the APIs, on a free port, until Ctrl-C
	go run . -addr 127.0.0.1:8080                 on this address
	go run . -database portal.db                  keeps its state in this SQLite file
	go run . -database postgres://host/portal     keeps its state in PostgreSQL
	go run . -live -database portal.db            against the real APIs

With -live it reads these environment variables:

	PARTNERAPI_PARTNER_TOKEN, PARTNERAPI_ACCOUNT_KEY, PARTNERAPI_NETWORK_TOKEN
	PORTAL_APP_KEY        the app key with which operators sign in
	PORTAL_HOSTED_LOGIN   the URL of the hosted login page of the fan club, if it has one

PORTAL_KEY is 32 bytes in hexadecimal, which encrypt the logins in the database. Without it, a new key
is made, and everybody has to log in again after a restart. The demonstration needs no variable.

The exit status is 0 after Ctrl-C, 1 on failure, and 2 if the command line is invalid.

Flags:
`

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	status := run(ctx, os.Args[1:], os.Getenv, os.Stdout, os.Stderr)
	stop()
	os.Exit(status)
}

// timeout is that of an attempt at an API. A visitor waits for 10 s, so a slow attempt leaves time for another one.
const timeout = 3 * time.Second

// config is the command line and the environment.
type config struct {
	addr, database      string
	live                bool
	appKey, hostedLogin string
	key                 []byte
}

// run is main with its dependencies passed in. It returns the exit status.
func run(ctx context.Context, args []string, getenv func(string) string, stdout, stderr io.Writer) int {
	var c config
	flags := flag.NewFlagSet("portal", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.Usage = func() {
		fmt.Fprint(stderr, usage)
		flags.PrintDefaults()
	}
	flags.StringVar(&c.addr, "addr", "127.0.0.1:0", "serve the site at this `host:port`")
	flags.StringVar(&c.database, "database", "", "the path of an SQLite `file`, or a URL postgres://…; default a temporary file")
	flags.BoolVar(&c.live, "live", false, "use the real APIs, with credentials from the environment")
	switch err := flags.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		return 0
	case err != nil:
		return 2
	case flags.NArg() > 0:
		fmt.Fprintf(stderr, "portal: unexpected argument %q; see -h\n", flags.Arg(0))
		return 2
	}
	logger := slog.New(site.LogHandler{Handler: slog.NewTextHandler(stderr, nil)})
	if err := c.environment(getenv, logger); err != nil {
		fmt.Fprintln(stderr, "portal:", err)
		return 2
	}
	if err := c.serve(ctx, logger, stdout); err != nil {
		fmt.Fprintln(stderr, "portal:", err)
		return 1
	}
	return 0
}

// environment reads the environment.
func (c *config) environment(getenv func(string) string, logger *slog.Logger) (err error) {
	c.appKey, c.hostedLogin = getenv("PORTAL_APP_KEY"), getenv("PORTAL_HOSTED_LOGIN")
	if text := getenv("PORTAL_KEY"); text != "" {
		if c.key, err = hex.DecodeString(text); err != nil || len(c.key) != 32 {
			return errors.New("PORTAL_KEY: not 32 bytes in hexadecimal")
		}
		return nil
	}
	if c.live && c.database == "" {
		return errors.New("-live needs -database")
	}
	logger.Warn("PORTAL_KEY is not set: everybody has to log in again after a restart")
	c.key = make([]byte, 32)
	_, _ = rand.Read(c.key) // it never fails
	return nil
}

// serve serves the site until ctx is done.
func (c *config) serve(ctx context.Context, logger *slog.Logger, stdout io.Writer) (err error) {
	if c.database == "" {
		dir, err := os.MkdirTemp("", "portal")
		if err != nil {
			return err
		}
		defer func() { _ = os.RemoveAll(dir) }()
		c.database = dir + "/portal.db"
	}
	db, err := store.Open(ctx, c.database, c.key)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	s := site.Config{Store: db, Logger: logger, AppKey: c.appKey, HostedLogin: c.hostedLogin, LoginLimit: rate.Every(6 * time.Second), LoginBurst: 10}
	if c.live {
		s.Client, err = partnerapi.NewClient(partnerapi.FromEnv(), partnerapi.WithTimeout(timeout), partnerapi.WithLogger(logger))
	} else {
		var stop func()
		stop, err = c.demonstrate(ctx, &s)
		defer stop()
	}
	if err != nil {
		return err
	}
	settler := &settle.Settler{Client: s.Client, Store: db, Logger: logger}
	ctx, cancel := context.WithCancel(ctx)
	var working sync.WaitGroup
	working.Go(func() { settler.Run(ctx) })
	defer working.Wait()
	defer cancel()
	return c.listen(ctx, site.New(s, settler), s.Logins, stdout)
}

// listen serves a handler until ctx is done, and then for as long as the last requests take.
func (c *config) listen(ctx context.Context, h http.Handler, logins []site.Login, stdout io.Writer) error {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", c.addr)
	if err != nil {
		return err
	}
	fmt.Fprintf(stdout, "The site: http://%s/\n\n", listener.Addr())
	for _, l := range logins {
		fmt.Fprintf(stdout, "%-12s %-20s %s\n", l.Who, l.Name, l.Password)
	}
	if len(logins) > 0 {
		fmt.Fprintln(stdout)
	}
	fmt.Fprintln(stdout, "Ctrl-C ends.")
	server := newServer(h)
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
		stopping, cancel := context.WithTimeout(context.WithoutCancel(ctx), 15*time.Second)
		defer cancel()
		return server.Shutdown(stopping)
	}
}

func newServer(h http.Handler) *http.Server {
	return &http.Server{
		Handler: h, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 10 * time.Second, WriteTimeout: 30 * time.Second,
		IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 32 << 10,
	}
}

// demonstrate serves a fake of the APIs on loopback, because a browser follows signup links to it, and makes the site use it.
func (c *config) demonstrate(ctx context.Context, s *site.Config) (stop func(), err error) {
	fake := partnertest.New()
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return func() {}, err
	}
	server := newServer(fake)
	go func() { _ = server.Serve(listener) }() // it returns ErrServerClosed
	stop = func() { _ = server.Close() }
	url := "http://" + listener.Addr().String()
	s.Client, err = partnerapi.NewClient(
		partnerapi.WithPartnerToken(partnertest.PartnerToken),
		partnerapi.WithAccountKey(partnertest.AccountKey),
		partnerapi.WithNetworkToken(partnertest.NetworkToken),
		partnerapi.WithBaseURL(partnerapi.PartnerAPI, url+"/partner"),
		partnerapi.WithBaseURL(partnerapi.AccountAPI, url+"/account"),
		partnerapi.WithBaseURL(partnerapi.NetworkAPI, url+"/network"),
		partnerapi.WithTimeout(timeout),
		partnerapi.WithLogger(s.Logger),
	)
	if err != nil {
		return stop, err
	}
	s.Fake, s.AppKey, s.HostedLogin, s.Logins, s.PlainHTTP = fake, partnertest.AppKey, "/demo/login", demo.Logins, true
	return stop, demo.Seed(ctx, fake, s.Store)
}
