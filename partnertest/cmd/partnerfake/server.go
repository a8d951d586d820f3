package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"strings"
	"sync/atomic"
	"time"

	"github.com/partnerapi/partnerapi-go/partnertest"
	"github.com/partnerapi/partnerapi-go/partnertest/internal/httpserve"
)

// config is the command line.
type config struct {
	addr   string
	expose bool
	legacy bool   // whether subscriptions follow the revision before plans
	seed   string // the name of a file, or empty
	faults []queued
}

// adminPath is outside the three APIs, which have their names as prefixes.
const adminPath = "/_fake/"

// maxBytes is the largest request body.
const maxBytes = 1 << 20

// grace is how long a stop waits for responses in progress.
const grace = 3 * time.Second

// server is the fake, its log, its admin endpoints and the OpenAPI documents.
type server struct {
	fresh func() (*partnertest.Fake, error) // a fake in its initial state
	fake  atomic.Pointer[partnertest.Fake]
	admin http.Handler
	docs  http.Handler
}

// ServeHTTP looks only at the start of the path: an http.ServeMux would clean the rest of it, and a pk may contain a
// double slash or dots.
func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch {
	case strings.HasPrefix(r.URL.Path, adminPath):
		s.admin.ServeHTTP(w, r)
	case strings.HasPrefix(r.URL.Path, openapiPath):
		s.docs.ServeHTTP(w, r)
	default:
		s.fake.Load().ServeHTTP(w, r)
	}
}

func (s *server) reset() error {
	fake, err := s.fresh()
	if err == nil {
		s.fake.Store(fake)
	}
	return err
}

// serve serves a fake until ctx ends.
func serve(ctx context.Context, c config, stdout, stderr io.Writer) error {
	s, err := newServer(c, log.New(stderr, "", log.Ltime))
	if err != nil {
		return err
	}
	listener, err := listen(ctx, c)
	if err != nil {
		return err
	}
	s.admin = http.HandlerFunc(adminOff)
	if !c.expose {
		// A web page open on this machine must not use it, even if the page's name resolves to this machine.
		s.admin = onLoopback(http.NewCrossOriginProtection().Handler(s.adminHandler()))
	}
	greet(stdout, listener.Addr(), c.expose)
	httpServer := newHTTPServer(ctx, s, log.New(stderr, "partnerfake: ", 0))
	stopped := make(chan error, 1)
	defer context.AfterFunc(ctx, func() { stopped <- stop(httpServer) })()
	if err := httpServer.Serve(httpserve.Listener(listener)); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return <-stopped
}

func newHTTPServer(ctx context.Context, h http.Handler, errs *log.Logger) *http.Server {
	s := httpserve.New(http.MaxBytesHandler(h, maxBytes))
	// A stop also ends the delays of faults.
	s.BaseContext = func(net.Listener) context.Context { return ctx }
	s.ErrorLog = errs
	return s
}

func newServer(c config, calls *log.Logger) (*server, error) {
	var seed []byte
	if c.seed != "" {
		var err error
		if seed, err = os.ReadFile(c.seed); err != nil {
			return nil, err
		}
	}
	s := &server{docs: documents()}
	s.fresh = func() (*partnertest.Fake, error) {
		opts := []partnertest.Option{partnertest.WithCallHook(func(call partnertest.Call) {
			calls.Println(call, call.Duration.Round(time.Microsecond))
		})}
		if c.legacy {
			opts = append(opts, partnertest.WithLegacySubscriptions())
		}
		fake := partnertest.New(opts...)
		if c.seed != "" {
			if err := seedFrom(seed, fake); err != nil {
				return nil, fmt.Errorf("%s:%w", c.seed, err)
			}
		}
		for _, fault := range c.faults {
			if _, err := fault.queue(fake); err != nil {
				return nil, err
			}
		}
		return fake, nil
	}
	return s, s.reset()
}

// listen refuses an address that others can reach, unless -expose is set: the credentials are public, so anyone who
// reaches the fake can use it.
func listen(ctx context.Context, c config) (net.Listener, error) {
	// The checked address is the bound one: a name is resolved only once.
	addr, err := net.ResolveTCPAddr("tcp", c.addr)
	if err != nil {
		return nil, fmt.Errorf("-addr %q: %w", c.addr, err)
	}
	if !addr.IP.IsLoopback() && !c.expose {
		return nil, fmt.Errorf("-addr %q is not a loopback address: others could reach the fake, whose credentials are public; "+
			"use 127.0.0.1, or allow it with -expose", c.addr)
	}
	return new(net.ListenConfig).Listen(ctx, "tcp", addr.String())
}

// stop waits up to grace for responses in progress.
func stop(s *http.Server) error {
	ctx, cancel := context.WithTimeout(context.Background(), grace)
	defer cancel()
	if err := s.Shutdown(ctx); !errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return s.Close()
}

// reachable returns an address as a client on this machine can use it.
func reachable(addr net.Addr) string {
	if tcp, ok := addr.(*net.TCPAddr); ok && tcp.IP.IsUnspecified() {
		return fmt.Sprint("localhost:", tcp.Port)
	}
	return addr.String()
}

// greet prints where the APIs are and the credentials that they accept. The credentials are not secret: they are
// constants of package partnertest.
func greet(w io.Writer, addr net.Addr, exposed bool) {
	_, _ = fmt.Fprintf(w, `partner  http://%[1]s/partner  X-Token-Auth: %[2]s
account  http://%[1]s/account  ?key=%[3]s and, for a search, Api-Key: %[4]s
network  http://%[1]s/network  Authorization: %[5]s or, for a session, the app key %[6]s
openapi  http://%[1]s%[7]s
`, reachable(addr), partnertest.PartnerToken, partnertest.AccountKey, partnertest.OrganizationKey, partnertest.NetworkToken, partnertest.AppKey, openapiPath)
	if exposed {
		_, _ = fmt.Fprintf(w, "admin    off, because of -expose\n")
		return
	}
	_, _ = fmt.Fprintf(w, "admin    http://%s%s\n", reachable(addr), adminPath)
}
