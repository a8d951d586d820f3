package main

import (
	"fmt"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// cluster is three NATS servers, and a connection to one of them.
type cluster struct {
	nodes []*natsNode
	urls  string
	js    jetstream.JetStream
}

func startCluster(t *testing.T) *cluster {
	t.Helper()
	c, program := new(cluster), buildNATS(t)
	untilStarted(t, func() bool { return c.start(t, program) }, "three NATS servers")
	var urls []string
	for _, n := range c.nodes {
		urls = append(urls, n.url())
	}
	c.urls = strings.Join(urls, ",")
	nc, err := nats.Connect(c.urls, nats.RetryOnFailedConnect(true), nats.MaxReconnects(-1), nats.ReconnectWait(100*time.Millisecond))
	require.NoError(t, err)
	t.Cleanup(nc.Close)
	c.js, err = jetstream.New(nc)
	require.NoError(t, err)
	// The cluster is ready when it can store something on three servers.
	until(t, func() bool {
		_, err := c.js.CreateStream(t.Context(), jetstream.StreamConfig{Name: "ready", Replicas: 3, Storage: jetstream.MemoryStorage})
		return err == nil
	}, "the NATS servers form a cluster", c.nodes[0].process, c.nodes[1].process, c.nodes[2].process)
	require.NoError(t, c.js.DeleteStream(t.Context(), "ready"))
	return c
}

// start starts the servers and reports whether all could bind their ports. Otherwise it stops all of them.
func (c *cluster) start(t *testing.T, program string) bool {
	t.Helper()
	ports := freePorts(t, 6)
	var routes []string
	c.nodes = nil
	for i := range 3 {
		n := &natsNode{
			program: program, name: fmt.Sprintf("n%d", i+1), cluster: fmt.Sprintf("test-%d", ports[3]),
			port: ports[i], routing: ports[3+i], store: t.TempDir(),
		}
		c.nodes = append(c.nodes, n)
		routes = append(routes, fmt.Sprintf("nats://127.0.0.1:%d", n.routing))
	}
	for i, n := range c.nodes {
		n.routes = routes
		if !n.start(t) {
			for _, before := range c.nodes[:i] {
				before.process.kill()
			}
			return false
		}
	}
	return true
}

// leader returns the server that leads a stream.
func (c *cluster) leader(t *testing.T, stream string) (leader *natsNode) {
	t.Helper()
	until(t, func() bool {
		s, err := c.js.Stream(t.Context(), stream)
		if err != nil || s.CachedInfo().Cluster == nil {
			return false
		}
		for _, n := range c.nodes {
			if n.name == s.CachedInfo().Cluster.Leader {
				leader = n
			}
		}
		return leader != nil
	}, "the stream has a leader")
	return leader
}

// isWhole reports whether all servers have the whole stream.
func (c *cluster) isWhole(t *testing.T, stream string) bool {
	t.Helper()
	s, err := c.js.Stream(t.Context(), stream)
	if err != nil || s.CachedInfo().Cluster == nil || s.CachedInfo().Cluster.Leader == "" {
		return false
	}
	for _, peer := range s.CachedInfo().Cluster.Replicas {
		if !peer.Current || peer.Offline {
			return false
		}
	}
	return true
}

func TestClusterSurvivesTheLossOfAWorkerAndOfServers(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	rows := a.rosterOf(8_000)
	a.injectFaults(8, 300)
	a.refuseRows(3)
	c := startCluster(t)

	flags := []string{"-nats", c.urls, "-api", a.base(), "-backoff", "50ms", "-parallel", "8"}
	var workers []*process
	for i := range 3 {
		workers = append(workers, startProvision(t, fmt.Sprintf("worker %d", i+1), append([]string{"worker"}, flags...)...))
	}
	for _, w := range workers {
		until(t, func() bool { return strings.Contains(w.said(), "waiting for a roster") }, "a worker may be started before the loader", w)
	}
	state := t.TempDir()
	loader := startProvision(t, "loader", append(flags, "-roster", writeRoster(t, rows), "-state", state,
		"-parallel", "0", "-replicas", "3", "-ack-wait", "2s")...)

	// The roster is still being loaded.
	jobs := (names{"provision"}).jobs()
	until(t, a.hasMore(200), "jobs are done", loader)
	lost := c.leader(t, names{"provision"}.stateStream())
	lost.process.kill()
	until(t, a.hasMore(500), "another server takes over", loader)
	workers[0].kill()
	until(t, a.hasMore(500), "the other workers go on", loader, workers[1], workers[2])
	a.gate.Lock() // the rest of the rows is for another loss, however long this one takes
	untilStarted(t, func() bool { return lost.start(t) }, "the server that was lost")
	until(t, func() bool { return c.isWhole(t, jobs) && c.isWhole(t, names{"provision"}.stateStream()) }, "the server is back")
	require.False(t, loader.isOver(), "rows are left for another loss")
	c.leader(t, jobs).process.kill()
	a.gate.Unlock()

	status := loader.wait()
	failed := readFailed(t, filepath.Join(state, failedFile))
	a.requireEqual(t, rows, failed)
	counts, total := countsIn(t, loader.printed())
	t.Logf("%d calls: %v", a.calls.Load(), counts)
	assert.Equal(t, len(rows), total)
	assert.Equal(t, len(failed), counts["failed"])
	assert.Len(t, failed, 3)
	assert.Equal(t, 1, status)
	for _, o := range []outcome{created, updated, ended, unchanged} {
		assert.NotZero(t, counts[o.String()], o)
	}
	for _, w := range workers[1:] {
		require.False(t, w.isOver(), w.name)
		require.NoError(t, w.cmd.Process.Signal(syscall.SIGTERM))
		assert.Zero(t, w.wait(), w.name)
	}
}
