package main

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/gofrs/flock"
	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// engine is a connection to a NATS server, and the server too if it is embedded.
type engine struct {
	names

	nc     *nats.Conn
	js     jetstream.JetStream
	server *server.Server
	lock   *flock.Flock // of the state directory
	say    func(format string, args ...any)
}

// A state directory holds these.
const (
	lockFile   = "lock"      // held by whoever runs the embedded server
	serverFile = "server"    // where that is, for other processes
	storeDir   = "jetstream" // its files
	spoolDir   = "roster"    // the roster that is being loaded
	failedFile = "failed.csv"
)

// address is what the serverFile holds: the token keeps out whoever cannot read it.
type address struct {
	URL   string `json:"url"`
	Token string `json:"token"`
}

var errBusy = errors.New("another process works there; see provision status")

// openEngine starts the embedded server in a state directory, or connects to another process's, or to one elsewhere. A
// state directory is one loader's at a time; those who do not own it only read what is there.
func openEngine(c *config, owns bool, say func(string, ...any)) (_ *engine, err error) {
	e := &engine{names: namesOf(c.name), lock: flock.New(filepath.Join(c.state, lockFile)), say: say}
	defer func() {
		if err != nil {
			e.close()
		}
	}()
	mine := false
	if owns || c.nats == "" {
		if err := os.MkdirAll(c.state, 0o700); err != nil {
			return nil, err
		}
		if mine, err = e.lock.TryLock(); err != nil {
			return nil, err
		}
	}
	switch {
	case owns && !mine:
		return nil, fmt.Errorf("%s: %w", c.state, errBusy)
	case c.nats != "":
		err = e.connect(c.nats, c.natsOptions()...)
	case mine:
		err = e.embed(c)
	default:
		err = e.join(c.state)
	}
	if err != nil {
		return nil, err
	}
	e.js, err = jetstream.New(e.nc, jetstream.WithPublishAsyncMaxPending(2*batchSize), jetstream.WithPublishAsyncTimeout(10*time.Second))
	return e, err
}

func (e *engine) connect(url string, opts ...nats.Option) (err error) {
	opts = append(opts, nats.Name("provision"), nats.MaxReconnects(-1), nats.ReconnectWait(500*time.Millisecond))
	e.nc, err = nats.Connect(url, opts...)
	return err
}

// embed starts a server on a free port of this machine.
func (e *engine) embed(c *config) (err error) {
	token := rand.Text()
	e.server, err = server.NewServer(&server.Options{
		ServerName: "provision", Host: "127.0.0.1", Port: server.RANDOM_PORT, Authorization: token, NoLog: true, NoSigs: true,
		JetStream: true, StoreDir: filepath.Join(c.state, storeDir),
	})
	if err != nil {
		return err
	}
	e.server.Start()
	if !e.server.ReadyForConnections(time.Minute) {
		return errors.New("the embedded NATS server does not start")
	}
	where, err := json.Marshal(address{e.server.ClientURL(), token})
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(c.state, serverFile), where, 0o600); err != nil {
		return err
	}
	return e.connect("", nats.InProcessServer(e.server), nats.Token(token))
}

// join connects to the server that another process has embedded.
func (e *engine) join(state string) error {
	var where address
	content, err := os.ReadFile(filepath.Join(state, serverFile))
	if err := cmp.Or(err, json.Unmarshal(content, &where)); err != nil {
		return fmt.Errorf("%s: no server that can be reached: %w", state, err)
	}
	return e.connect(where.URL, nats.Token(where.Token))
}

// close ends what openEngine began. What has been published by then is sent.
func (e *engine) close() {
	if e.nc != nil {
		_ = e.nc.FlushTimeout(5 * time.Second)
		e.nc.Close()
	}
	if e.server != nil {
		e.server.Shutdown()
		e.server.WaitForShutdown()
	}
	_ = e.lock.Unlock()
}

// names are what the program's streams and buckets are called.
type names struct{ prefix string }

func namesOf(prefix string) names { return names{prefix} }

func (n names) jobs() string        { return n.prefix + "-jobs" }
func (n names) failed() string      { return n.prefix + "-failed" }
func (n names) state() string       { return n.prefix + "-state" }
func (n names) stateStream() string { return "KV_" + n.state() }
func (n names) runs() string        { return n.prefix + "-run" }

// jobSubject is that of all jobs, and failedSubject that of a row that failed.
func (n names) jobSubject() string              { return n.prefix + ".jobs" }
func (n names) failedSubject(key string) string { return n.prefix + ".failed." + key }

// workers is the consumer that all workers share.
const workers = "workers"

// Within this time the server knows a message id again. After it a job that is loaded twice is known by the bucket. The
// ids are in the server's memory.
const dedupeWindow = 10 * time.Second

// mostOnTheWay is how many jobs may be with workers, or wait to be delivered again.
const mostOnTheWay = 5_000

// setUp makes the streams and buckets, or brings them to what the flags say.
func (e *engine) setUp(ctx context.Context, c *config) (*store, error) {
	_, err := e.js.CreateOrUpdateStream(ctx, jetstream.StreamConfig{
		Name: e.jobs(), Subjects: []string{e.jobSubject()}, Retention: jetstream.WorkQueuePolicy,
		Replicas: c.replicas, Duplicates: dedupeWindow, Description: "rows of a roster that are to be done",
	})
	if err != nil {
		return nil, err
	}
	_, err = e.js.CreateOrUpdateConsumer(ctx, e.jobs(), jetstream.ConsumerConfig{
		Durable: workers, AckPolicy: jetstream.AckExplicitPolicy, AckWait: c.ackWait, MaxAckPending: mostOnTheWay,
		// Workers count: a row that is delivered too often goes to the failed rows, and not nowhere.
		MaxDeliver: -1,
	})
	if err != nil {
		return nil, err
	}
	_, err = e.js.CreateOrUpdateStream(ctx, jetstream.StreamConfig{
		Name: e.failed(), Subjects: []string{e.failedSubject("*")}, MaxMsgsPerSubject: 1,
		Replicas: c.replicas, Description: "rows that failed, the last time of each",
	})
	if err != nil {
		return nil, err
	}
	if _, err = e.js.CreateOrUpdateKeyValue(ctx, jetstream.KeyValueConfig{
		Bucket: e.state(), Replicas: c.replicas, Description: "what is known of each pk at the partner API",
	}); err != nil {
		return nil, err
	}
	if _, err = e.js.CreateOrUpdateKeyValue(ctx, jetstream.KeyValueConfig{
		Bucket: e.runs(), Replicas: c.replicas, Description: "how far the last roster is",
	}); err != nil {
		return nil, err
	}
	return e.store(ctx)
}

// store finds what setUp made. It fails with [errNoRun] if nobody made it.
func (e *engine) store(ctx context.Context) (s *store, err error) {
	s = &store{engine: e}
	if s.states, err = e.js.KeyValue(ctx, e.state()); err == nil {
		s.runs, err = e.js.KeyValue(ctx, e.runs())
	}
	if errors.Is(err, jetstream.ErrBucketNotFound) {
		return nil, errNoRun
	}
	return s, err
}
