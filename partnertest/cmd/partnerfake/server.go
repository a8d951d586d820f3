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
	seed   string // the name of a file, or empty
	faults []queued
}

// adminPath is no API's: those are under their names.
const adminPath = "/_fake/"

// mostBytes is how large the body of a request may be.
const mostBytes = 1 << 20

// grace is how long a stop waits for answers that are under way.
const grace = 3 * time.Second

// server is the fake and what is around it.
type server struct {
	fresh func() (*partnertest.Fake, error) // a fake as it is at the start
	fake  atomic.Pointer[partnertest.Fake]
	admin http.Handler
}

// ServeHTTP looks at no more than the start of the path, because an http.ServeMux would clean the rest of it, and a pk can
// hold what that takes for dirt.
func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if strings.HasPrefix(r.URL.Path, adminPath) {
		s.admin.ServeHTTP(w, r)
		return
	}
	s.fake.Load().ServeHTTP(w, r)
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
		// A web page that is open on this machine may not use it, not even one whose name leads here.
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
	s := httpserve.New(http.MaxBytesHandler(h, mostBytes))
	// A stop ends the waits of faults too.
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
	s := &server{}
	s.fresh = func() (*partnertest.Fake, error) {
		fake := partnertest.New(partnertest.WithCallHook(func(call partnertest.Call) {
			calls.Println(call, call.Duration.Round(time.Microsecond))
		}))
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

// listen refuses an address that others can reach, unless that is asked for: whoever reaches the fake can use it, because
// its credentials are known.
func listen(ctx context.Context, c config) (net.Listener, error) {
	// The address that is looked at is the one that is bound: a name is looked up once.
	addr, err := net.ResolveTCPAddr("tcp", c.addr)
	if err != nil {
		return nil, fmt.Errorf("-addr %q: %w", c.addr, err)
	}
	if !addr.IP.IsLoopback() && !c.expose {
		return nil, fmt.Errorf("-addr %q is not a loopback address: others could reach the fake, whose credentials are known; "+
			"use 127.0.0.1, or allow it with -expose", c.addr)
	}
	return new(net.ListenConfig).Listen(ctx, "tcp", addr.String())
}

// stop lets the answers that are under way end, for a while.
func stop(s *http.Server) error {
	ctx, cancel := context.WithTimeout(context.Background(), grace)
	defer cancel()
	if err := s.Shutdown(ctx); !errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return s.Close()
}

// greet says where the APIs are and what they accept. The credentials are no secret: they are constants of package
// partnertest.
func greet(w io.Writer, addr net.Addr, exposed bool) {
	_, _ = fmt.Fprintf(w, `partner  http://%[1]s/partner  X-Token-Auth: %[2]s
account  http://%[1]s/account  ?key=%[3]s and, for a search, Api-Key: %[4]s
network  http://%[1]s/network  Authorization: %[5]s or, for a session, the app key %[6]s
`, addr, partnertest.PartnerToken, partnertest.AccountKey, partnertest.OrganizationKey, partnertest.NetworkToken, partnertest.AppKey)
	if exposed {
		_, _ = fmt.Fprintf(w, "admin    off, because of -expose\n")
		return
	}
	_, _ = fmt.Fprintf(w, "admin    http://%s%s\n", addr, adminPath)
}
