package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/gofrs/flock"
	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// engine is a connection to a NATS server, and the server itself if it is embedded.
type engine struct {
	names

	nc     *nats.Conn
	js     jetstream.JetStream
	server *server.Server
	lock   *flock.Flock // on the state directory
	say    func(format string, args ...any)
}

// The files of a state directory.
const (
	lockFile   = "lock"      // held by the process that runs the embedded server
	serverFile = "server"    // the server's address, for other processes
	storeDir   = "jetstream" // the server's files
	spoolDir   = "roster"    // the roster being loaded
	failedFile = "failed.csv"
)

// address is the content of serverFile. Its token keeps out users who cannot read the file.
type address struct {
	URL   string `json:"url"`
	Token string `json:"token"`
}

var (
	errBusy = errors.New("in use by another process; see provision status")
	errGone = errors.New("the NATS server has stopped")
)

// role is how a process uses a state directory.
type role int

const (
	loader role = iota // owns it exclusively
	helper             // needs a loader's server
	viewer             // reads from a loader's server, or starts one
)

// openEngine starts the embedded server of a state directory, or connects to that of another process or to -nats.
func openEngine(ctx context.Context, c *config, as role, say func(string, ...any)) (_ *engine, err error) {
	e := &engine{names: names{c.name}, lock: flock.New(filepath.Join(c.state, lockFile)), say: say}
	defer func() {
		if err != nil {
			e.close()
		}
	}()
	if as == loader {
		if err := e.own(ctx, c.state); err != nil {
			return nil, err
		}
	}
	switch {
	case c.nats != "":
		err = e.connect(c.nats, append(c.natsOptions(), nats.MaxReconnects(-1))...)
	case as == loader:
		err = e.embed(c)
	default:
		err = e.visit(c, as)
	}
	if err != nil {
		return nil, err
	}
	e.js, err = jetstream.New(e.nc, jetstream.WithPublishAsyncMaxPending(2*batchSize), jetstream.WithPublishAsyncTimeout(dedupeWindow/2))
	return e, err
}

// own locks a state directory. Viewers release it soon, so it waits for them.
func (e *engine) own(ctx context.Context, state string) error {
	if err := os.MkdirAll(state, 0o700); err != nil {
		return err
	}
	limited, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	mine, err := e.lock.TryLockContext(limited, 100*time.Millisecond)
	if err != nil && (ctx.Err() != nil || !errors.Is(err, context.DeadlineExceeded)) {
		return err
	}
	if !mine {
		return fmt.Errorf("%s: %w", state, errBusy)
	}
	return nil
}

// visit connects to a loader's embedded server. A viewer without a loader starts the server itself.
func (e *engine) visit(c *config, as role) error {
	if _, err := os.Stat(filepath.Join(c.state, serverFile)); errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("%s: %w", c.state, errNoRun)
	}
	mine, err := e.lock.TryLock()
	switch {
	case err != nil:
		return err
	case mine && as == viewer:
		return e.embed(c)
	case mine:
		return fmt.Errorf("%s: no loader is running there: start provision -roster first, or name a server with -nats", c.state)
	}
	where, err := addressIn(c.state)
	if err != nil {
		return err
	}
	return e.connect(where.URL, nats.Token(where.Token), nats.MaxReconnects(20))
}

// connect keeps the URL out of its errors, because it may contain a password.
func (e *engine) connect(where string, opts ...nats.Option) (err error) {
	opts = append([]nats.Option{
		nats.Name("provision"), nats.ReconnectWait(500 * time.Millisecond),
		nats.DisconnectErrHandler(func(_ *nats.Conn, err error) {
			if err != nil {
				e.say("disconnected from the NATS server: %v", err)
			}
		}),
		nats.ReconnectHandler(func(*nats.Conn) { e.say("reconnected to the NATS server") }),
		nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) { e.say("NATS: %v", err) }),
	}, opts...)
	e.nc, err = nats.Connect(where, opts...)
	var wrong *url.Error
	if errors.As(err, &wrong) {
		return fmt.Errorf("-nats: %w", wrong.Err)
	}
	return err
}

// gone returns an error if the connection is closed for good.
func (e *engine) gone() error {
	if e.nc.IsClosed() {
		return errGone
	}
	return nil
}

// embed starts a server on a port of this machine: the previous port if it is free, for clients that are still
// connected.
func (e *engine) embed(c *config) (err error) {
	port := server.RANDOM_PORT
	where, err := addressIn(c.state)
	if err != nil {
		where.Token = rand.Text()
	} else if last, err := url.Parse(where.URL); err == nil && isFree(last.Host) {
		port, _ = strconv.Atoi(last.Port())
	}
	store := filepath.Join(c.state, storeDir)
	if err := os.MkdirAll(store, 0o700); err != nil {
		return err
	}
	e.server, err = server.NewServer(&server.Options{
		ServerName: "provision", Host: "127.0.0.1", Port: port, Authorization: where.Token, NoLog: true, NoSigs: true,
		// A crash of the machine can lose up to a second of writes; a killed process loses none.
		JetStream: true, StoreDir: store, SyncInterval: time.Second,
	})
	if err != nil {
		return err
	}
	e.server.Start()
	if !e.server.ReadyForConnections(time.Minute) {
		return errors.New("the embedded NATS server did not start")
	}
	where.URL = e.server.ClientURL()
	text, err := json.Marshal(where)
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(c.state, serverFile), text, 0o600); err != nil {
		return err
	}
	return e.connect("", nats.InProcessServer(e.server), nats.Token(where.Token))
}

func isFree(hostPort string) bool {
	listener, err := net.Listen("tcp", hostPort) //nolint:noctx // it returns immediately
	if err != nil {
		return false
	}
	return listener.Close() == nil
}

// addressIn returns the last address of a state directory's server.
func addressIn(state string) (where address, err error) {
	text, err := os.ReadFile(filepath.Join(state, serverFile))
	if err != nil {
		return address{}, err
	}
	return where, json.Unmarshal(text, &where)
}

// close undoes openEngine. It flushes published messages first.
func (e *engine) close() {
	if e.nc != nil {
		if e.nc.IsConnected() {
			_ = e.nc.FlushTimeout(5 * time.Second)
		}
		e.nc.Close()
	}
	if e.server != nil {
		e.server.Shutdown()
		e.server.WaitForShutdown()
	}
	_ = e.lock.Unlock()
}
