package store_test

import (
	"bytes"
	"context"
	"errors"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/partnerapi/partnerapi-go"
	"github.com/partnerapi/partnerapi-go/examples/portal/internal/store"
	"github.com/partnerapi/partnerapi-go/examples/portal/internal/storetest"
)

// read returns the stored session.
func read(t *testing.T, s *store.Store, id string) (session string, err error) {
	t.Helper()
	err = s.UseAPISession(t.Context(), id, func(b []byte) ([]byte, error) {
		session = string(b)
		return b, nil
	})
	return session, err
}

func TestAPISession(t *testing.T) {
	t.Parallel()
	failed := errors.New("failed")
	tests := map[string]struct {
		changed []byte
		err     error
		want    string
		wantErr error
	}{
		"unchanged":            {[]byte("one"), nil, "one", nil},
		"changed":              {[]byte("two"), nil, "two", nil},
		"changed with a error": {[]byte("two"), failed, "two", nil},
		"removed":              {nil, nil, "", store.ErrNotFound},
		"removed with a error": {nil, failed, "", store.ErrNotFound},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := storetest.Open(t)
			id, err := s.AddAPISession(t.Context(), []byte("one"))
			require.NoError(t, err)

			err = s.UseAPISession(t.Context(), id, func(b []byte) ([]byte, error) {
				assert.Equal(t, "one", string(b))
				return test.changed, test.err
			})
			require.ErrorIs(t, err, test.err)

			got, err := read(t, s, id)
			assert.Equal(t, test.want, got)
			require.ErrorIs(t, err, test.wantErr)
		})
	}
}

// The API has changed the session, so the store must too, although nobody waits for the page.
func TestAPISessionContextCancelled(t *testing.T) {
	t.Parallel()
	s := storetest.Open(t)
	id, err := s.AddAPISession(t.Context(), []byte("one"))
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())

	_ = s.UseAPISession(ctx, id, func([]byte) ([]byte, error) {
		cancel()
		return []byte("two"), nil
	})

	got, err := read(t, s, id)
	require.NoError(t, err)
	assert.Equal(t, "two", got)
}

func TestAPISessionConcurrently(t *testing.T) {
	t.Parallel()
	s := storetest.Open(t)
	const sessions, users = 4, 25
	var ids [sessions]string
	for i := range ids {
		var err error
		ids[i], err = s.AddAPISession(t.Context(), []byte("0"))
		require.NoError(t, err)
	}

	var all sync.WaitGroup
	for _, id := range ids {
		for range users {
			all.Go(func() {
				assert.NoError(t, s.UseAPISession(t.Context(), id, func(b []byte) ([]byte, error) {
					n, err := strconv.Atoi(string(b))
					return strconv.AppendInt(nil, int64(n+1), 10), err
				}))
			})
		}
	}
	all.Wait()

	for _, id := range ids {
		got, err := read(t, s, id)
		require.NoError(t, err)
		assert.Equal(t, strconv.Itoa(users), got)
	}
}

// Two processes on PostgreSQL have two stores.
func TestAPISessionOfTwoStores(t *testing.T) {
	t.Parallel()
	database := storetest.Database(t)
	open := func(key []byte) *store.Store {
		s, err := store.Open(t.Context(), database, key)
		require.NoError(t, err)
		t.Cleanup(func() { assert.NoError(t, s.Close()) })
		return s
	}
	one, two, other := open(storetest.Key), open(storetest.Key), open(bytes.Repeat([]byte{8}, 16))
	id, err := one.AddAPISession(t.Context(), []byte("secret"))
	require.NoError(t, err)

	got, err := read(t, two, id)
	require.NoError(t, err)
	assert.Equal(t, "secret", got)

	_, err = read(t, other, id)
	require.ErrorIs(t, err, store.ErrNotFound, "a store with another key")
}

func TestOpenFails(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		database string
		key      []byte
		want     string
	}{
		"key":        {filepath.Join(t.TempDir(), "db"), []byte("short"), "store: key: crypto/aes: invalid key size 5"},
		"no folder":  {filepath.Join(t.TempDir(), "no", "folder", "db"), storetest.Key, "store: migrate: "},
		"no server":  {"postgres://127.0.0.1:1/portal?connect_timeout=1", storetest.Key, "store: migrate: "},
		"not a port": {"postgres://127.0.0.1:x/portal", storetest.Key, "store: "},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := store.Open(t.Context(), test.database, test.key)
			require.ErrorContains(t, err, test.want)
		})
	}
}

// The name of a file is not part of a URL.
func TestFileNames(t *testing.T) {
	t.Parallel()
	if storetest.UsesPostgres() {
		t.Skip("SQLite only")
	}
	for _, name := range []string{"a b.db", "a?b.db", "a%20b.db", "ü.db", "a#b.db"} {
		path := filepath.Join(t.TempDir(), name)
		s, err := store.Open(t.Context(), path, storetest.Key)
		require.NoError(t, err)
		assert.FileExists(t, path)
		require.NoError(t, s.Close())
	}
}

func TestLogIn(t *testing.T) {
	t.Parallel()
	s := storetest.Open(t)
	require.NoError(t, s.AddParent(t.Context(), store.Parent{PK: "MS1", Email: "one@example.com"}, "right"))
	require.NoError(t, s.AddParent(t.Context(), store.Parent{PK: "MS1", Email: "two@example.com"}, "other"), "known, so unchanged")
	tests := map[string]struct {
		email, password, pk string
		err                 error
	}{
		"right":   {"one@example.com", "right", "MS1", nil},
		"wrong":   {"one@example.com", "wrong", "", store.ErrNotFound},
		"unknown": {"two@example.com", "other", "", store.ErrNotFound},
		"empty":   {"", "", "", store.ErrNotFound},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			pk, err := s.LogIn(t.Context(), test.email, test.password)
			require.ErrorIs(t, err, test.err)
			assert.Equal(t, test.pk, pk)
		})
	}
}

func TestChange(t *testing.T) {
	t.Parallel()
	s, ctx := storetest.Open(t), t.Context()
	require.NoError(t, s.AddParent(ctx, store.Parent{PK: "MS1", Email: "one@example.com", ChildName: "Kim"}, "right"))
	state := func() store.Subscription {
		p, err := s.Parent(ctx, "MS1")
		require.NoError(t, err)
		return p.Subscription
	}

	current, err := s.BeginChange(ctx, "MS1", partnerapi.PlanBark)
	require.NoError(t, err)
	assert.Empty(t, current)
	assert.Equal(t, store.Subscription{Wanted: partnerapi.PlanBark, Checking: true}, state())
	_, err = s.BeginChange(ctx, "MS1", partnerapi.PlanBarkJunior)
	require.ErrorIs(t, err, store.ErrChecking)
	_, err = s.ClaimChange(ctx)
	require.ErrorIs(t, err, store.ErrNotFound, "claimed by who began it")

	require.NoError(t, s.RetryChange(ctx, "MS1", 0))
	p, err := s.ClaimChange(ctx)
	require.NoError(t, err)
	assert.Equal(t, &store.Parent{PK: "MS1", Email: "one@example.com", ChildName: "Kim", Subscription: state()}, p)
	_, err = s.ClaimChange(ctx)
	require.ErrorIs(t, err, store.ErrNotFound, "claimed")

	require.NoError(t, s.EndChange(ctx, "MS1", partnerapi.PlanBark))
	assert.Equal(t, store.Subscription{Plan: partnerapi.PlanBark, Wanted: partnerapi.PlanBark}, state())
	require.ErrorIs(t, s.RetryChange(ctx, "MS1", time.Second), store.ErrNotFound, "settled")
	require.ErrorIs(t, s.EndChange(ctx, "unknown", ""), store.ErrNotFound)
	_, err = s.Parent(ctx, "unknown")
	require.ErrorIs(t, err, store.ErrNotFound)
}

// Processes that start at the same time migrate the same database, whatever they call it.
func TestOpenConcurrently(t *testing.T) {
	t.Parallel()
	if !storetest.UsesPostgres() {
		t.Skip("PostgreSQL only: one process at a time can use an SQLite file")
	}
	database := storetest.Database(t)
	var all sync.WaitGroup
	for i := range 4 {
		all.Go(func() {
			url := strings.Replace(database, "postgres:", []string{"postgres:", "postgresql:"}[i%2], 1)
			s, err := store.Open(t.Context(), url, storetest.Key)
			if assert.NoError(t, err) {
				assert.NoError(t, s.Close())
			}
		})
	}
	all.Wait()
}

// Many customers who wait for a slow API leave connections for everybody else.
func TestAPISessionsLeaveConnections(t *testing.T) {
	t.Parallel()
	s := storetest.Open(t)
	const users = 40
	release, using := make(chan struct{}), make(chan struct{}, users)
	var all sync.WaitGroup
	defer all.Wait()
	defer close(release)
	for range users {
		id, err := s.AddAPISession(t.Context(), []byte("one"))
		require.NoError(t, err)
		all.Go(func() {
			assert.NoError(t, s.UseAPISession(t.Context(), id, func(b []byte) ([]byte, error) {
				using <- struct{}{}
				<-release
				return b, nil
			}))
		})
	}
	for range 30 {
		<-using
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	defer cancel()

	for range 10 {
		require.NoError(t, s.Ping(ctx))
		_, err := s.Parent(ctx, "unknown")
		require.ErrorIs(t, err, store.ErrNotFound)
	}
}
