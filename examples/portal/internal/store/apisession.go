package store

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"hash/maphash"
	"time"

	"golang.org/x/sync/semaphore"
)

// APISessionLifetime is how long a session of an API is stored after its last change of the credentials.
const APISessionLifetime = 24 * time.Hour

func newAEAD(key []byte) (cipher.AEAD, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("store: key: %w", err)
	}
	return cipher.NewGCMWithRandomNonce(block)
}

// AddAPISession stores a login: the session at an API, or the PK of a parent. It encrypts it, and returns its new id. Expired sessions
// are removed.
func (s *Store) AddAPISession(ctx context.Context, session []byte) (id string, err error) {
	id, now := rand.Text(), time.Now()
	if _, err = s.db.ExecContext(ctx, `DELETE FROM api_sessions WHERE expires < $1`, now.Unix()); err != nil {
		return "", err
	}
	_, err = s.db.ExecContext(ctx, `INSERT INTO api_sessions (id, sealed, expires) VALUES ($1, $2, $3)`,
		id, s.seal(id, session), now.Add(APISessionLifetime).Unix())
	return id, err
}

// UseAPISession calls use with a session while no other call can use it, because a call of the API may change its cookies or
// tokens. It stores what use returns, even beside an error. If use returns nil, the session is removed. It returns ErrNotFound
// for an unknown or expired id, and otherwise the error of use, and ErrNotStored.
func (s *Store) UseAPISession(ctx context.Context, id string, use func(session []byte) ([]byte, error)) error {
	unlock, err := s.locks.lock(ctx, id)
	if err != nil {
		return err
	}
	defer unlock()
	if !s.postgres {
		return s.exchange(ctx, s.db, id, use)
	}
	if err := s.locked.Acquire(ctx, 1); err != nil {
		return err
	}
	defer s.locked.Release(1)
	conn, err := s.db.Conn(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	tx, err := conn.BeginTx(context.WithoutCancel(ctx), nil) // a cancelled context would roll back
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }() // has no effect after the commit
	failed := s.exchange(ctx, tx, id, use)
	if err := tx.Commit(); err != nil {
		failed = errors.Join(failed, ErrNotStored, err)
	}
	return failed
}

type querier interface {
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
}

func (s *Store) exchange(ctx context.Context, db querier, id string, use func([]byte) ([]byte, error)) error {
	query := `SELECT sealed FROM api_sessions WHERE id = $1 AND expires >= $2`
	if s.postgres {
		query += ` FOR UPDATE`
	}
	var sealed []byte
	err := db.QueryRowContext(ctx, query, id, time.Now().Unix()).Scan(&sealed)
	if errors.Is(err, sql.ErrNoRows) {
		return ErrNotFound
	}
	if err != nil {
		return err
	}
	session, err := s.aead.Open(nil, nil, sealed, []byte(id))
	if err != nil { // of another key: a restart of the demonstration
		return ErrNotFound
	}
	changed, failed := use(session)
	// The visitor may have gone; what the API has changed must be stored nevertheless.
	if err := s.put(context.WithoutCancel(ctx), db, id, session, changed); err != nil {
		failed = errors.Join(failed, ErrNotStored, err)
	}
	return failed
}

// ErrNotStored means that a session was used and cannot be stored.
var ErrNotStored = errors.New("store: the session cannot be stored")

func (s *Store) put(ctx context.Context, db querier, id string, session, changed []byte) error {
	if changed == nil {
		_, err := db.ExecContext(ctx, `DELETE FROM api_sessions WHERE id = $1`, id)
		return err
	}
	if string(changed) == string(session) {
		return nil
	}
	return oneRow(db.ExecContext(ctx, `UPDATE api_sessions SET sealed = $2, expires = $3 WHERE id = $1`,
		id, s.seal(id, changed), time.Now().Add(APISessionLifetime).Unix()))
}

// seal binds the ciphertext to the id, so that the rows of two customers cannot be exchanged.
func (s *Store) seal(id string, session []byte) []byte {
	return s.aead.Seal(nil, nil, session, []byte(id)) //nolint:gosec // the nonce is random: NewGCMWithRandomNonce
}

// locks are locks by name. Names share them, so that their number is fixed.
type locks struct {
	seed maphash.Seed
	all  [1024]*semaphore.Weighted
}

func newLocks() *locks {
	l := &locks{seed: maphash.MakeSeed()}
	for i := range l.all {
		l.all[i] = semaphore.NewWeighted(1)
	}
	return l
}

// lock waits for the lock of a name.
func (l *locks) lock(ctx context.Context, name string) (unlock func(), err error) {
	one := l.all[maphash.String(l.seed, name)%uint64(len(l.all))]
	return func() { one.Release(1) }, one.Acquire(ctx, 1)
}
