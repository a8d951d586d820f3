// Command signup serves the account page of a fictional partner, with signup links of both kinds that the SDK offers,
// and a fake of the partner API.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/partnerapi/partnerapi-go"
	"github.com/partnerapi/partnerapi-go/examples/signup/internal/site"
	"github.com/partnerapi/partnerapi-go/partnertest"
)

const usage = `Signup serves the account page of a fictional partner and a fake of the partner API, both on loopback.

	go run ./examples/signup                          on a free port, until Ctrl-C
	go run ./examples/signup -addr 127.0.0.1:8080     on this address
	go run ./examples/signup </dev/null               follows both links itself and ends

Without -addr, and with the null device as input, as in CI, it does not wait for a browser. The exit status is 0 on
success, 1 on failure, and 2 if the command line is invalid.

Flags:
`

// parent is the signed-in parent. A real service reads that from its session.
var parent = partnerapi.SignupRequest{PK: "MS2365", Email: "parent@example.com", ChildName: "Kim"}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	status := run(ctx, os.Args[1:], isNull(os.Stdin), os.Stdout, os.Stderr)
	stop()
	os.Exit(status)
}

// isNull reports whether f is the null device.
func isNull(f *os.File) bool {
	is, err := f.Stat()
	null, failed := os.Stat(os.DevNull)
	return errors.Join(err, failed) == nil && os.SameFile(is, null)
}

// run is main with its dependencies passed in. It returns the exit status.
func run(ctx context.Context, args []string, demo bool, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("signup", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.Usage = func() {
		fmt.Fprint(stderr, usage)
		flags.PrintDefaults()
	}
	addr := flags.String("addr", "", "serve the account page at this `host:port`")
	switch err := flags.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		return 0
	case err != nil:
		return 2
	case flags.NArg() > 0:
		fmt.Fprintf(stderr, "signup: unexpected argument %q; see -h\n", flags.Arg(0))
		return 2
	}
	if err := serve(ctx, *addr, demo && *addr == "", stdout, stderr); err != nil {
		fmt.Fprintln(stderr, "signup:", err)
		return 1
	}
	return 0
}

// serve serves the site and the fake until ctx ends or, as a demo, until it has followed the links itself.
func serve(ctx context.Context, addr string, demo bool, stdout, stderr io.Writer) error {
	api, err := listen(ctx, "", partnertest.New())
	if err != nil {
		return err
	}
	defer api.close()
	logger := slog.New(slog.NewTextHandler(stderr, nil))
	client, err := partnerapi.NewClient(
		partnerapi.WithPartnerToken(partnertest.PartnerToken),
		partnerapi.WithBaseURL(partnerapi.PartnerAPI, api.url+"/partner"), // omit this option for the real API
		partnerapi.WithLogger(logger),
	)
	if err != nil {
		return err
	}
	app, err := listen(ctx, addr, site.New(client, logger, func(*http.Request) (partnerapi.SignupRequest, error) {
		return parent, nil
	}))
	if err != nil {
		return err
	}
	defer app.close()
	fmt.Fprintf(stdout, "The account page:            %s/\nThe fake of the partner API: %s/partner\n\n", app.url, api.url)
	if demo {
		return follow(ctx, stdout, client, app.url)
	}
	fmt.Fprintln(stdout, "Open the account page in a browser. Ctrl-C ends.")
	<-ctx.Done()
	return nil
}

// server is a handler and its URL.
type server struct {
	url   string
	close func()
}

// listen serves h at addr or, if addr is empty, at a free port on loopback.
func listen(ctx context.Context, addr string, h http.Handler) (*server, error) {
	if addr == "" {
		addr = "127.0.0.1:0"
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", addr)
	if err != nil {
		return nil, err
	}
	s := &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second, ReadTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = s.Serve(listener) // it returns ErrServerClosed
	}()
	return &server{"http://" + listener.Addr().String(), func() {
		_ = s.Close()
		<-ended
	}}, nil
}
