// Package store keeps the portal's state in SQLite or PostgreSQL.
package store

import (
	"context"
	"crypto/cipher"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"net/url"
	"strings"
	"time"

	"github.com/alexedwards/scs/postgresstore"
	"github.com/alexedwards/scs/sqlite3store"
	"github.com/alexedwards/scs/v2"
	_ "github.com/jackc/pgx/v5/stdlib" // the driver pgx
	"github.com/pressly/goose/v3"
	gooselock "github.com/pressly/goose/v3/lock"
	"golang.org/x/sync/semaphore"
	_ "modernc.org/sqlite" // the driver sqlite
)

//go:embed migrations
var migrations embed.FS

// ErrNotFound means that there is no such record.
var ErrNotFound = errors.New("store: not found")

// Store is the database. It is safe for concurrent use.
type Store struct {
	// Sessions stores the sessions of browsers, for package scs.
	Sessions scs.Store
	// PasswordCost is the cost of a new password's hash, for package bcrypt. 0 means its default.
	PasswordCost int

	db       *sql.DB
	aead     cipher.AEAD
	postgres bool
	locks    *locks              // of api_sessions in this process: the lock of SQLite is of the whole database
	locked   *semaphore.Weighted // bounds the rows that are locked on PostgreSQL
	stop     func()
}

// maxLocked is how many rows of api_sessions can be locked at a time on PostgreSQL.
const maxLocked = 32

// cleanUp is the time between two removals of expired sessions.
const cleanUp = 5 * time.Minute

// Open opens a database and brings its tables up to date. It is a URL postgres://… or the path of an SQLite file, which only one
// process may use. The key, of 16, 24 or 32 bytes, encrypts the sessions of the APIs.
func Open(ctx context.Context, database string, key []byte) (*Store, error) {
	aead, err := newAEAD(key)
	if err != nil {
		return nil, err
	}
	s := &Store{aead: aead, locks: newLocks(), locked: semaphore.NewWeighted(maxLocked)}
	s.postgres = strings.HasPrefix(database, "postgres://") || strings.HasPrefix(database, "postgresql://")
	driver, dialect, tables := "sqlite", goose.DialectSQLite3, "migrations/sqlite"
	if s.postgres {
		driver, dialect, tables = "pgx", goose.DialectPostgres, "migrations/postgres"
	} else {
		database = sqliteURL(database)
	}
	if s.db, err = sql.Open(driver, database); err != nil {
		return nil, fmt.Errorf("store: open: %w", err)
	}
	// A lock of a row holds a connection while an API is called; everybody else needs one for moments.
	s.db.SetMaxOpenConns(maxLocked + 8)
	s.db.SetMaxIdleConns(maxLocked)
	if err := migrate(ctx, dialect, s.db, database, tables); err != nil {
		return nil, errors.Join(fmt.Errorf("store: migrate: %w", err), s.db.Close())
	}
	s.startSessions()
	return s, nil
}

// sqliteURL adds the options with which writers wait for each other.
func sqliteURL(path string) string {
	options := url.Values{
		"_pragma": {"busy_timeout(10000)", "journal_mode(WAL)", "synchronous(NORMAL)", "foreign_keys(1)"},
		"_txlock": {"immediate"},
	}
	return (&url.URL{Scheme: "file", Opaque: (&url.URL{Path: path}).EscapedPath(), RawQuery: options.Encode()}).String()
}

func migrate(ctx context.Context, dialect goose.Dialect, db *sql.DB, database, tables string) error {
	files, err := fs.Sub(migrations, tables)
	if err != nil {
		return err
	}
	var options []goose.ProviderOption
	if dialect == goose.DialectPostgres { // processes may start at the same time, perhaps with other URLs of the same database
		_, schema, _ := strings.Cut(database, "search_path=")
		locker, err := gooselock.NewPostgresSessionLocker(gooselock.WithLockID(int64(crc32.ChecksumIEEE([]byte(schema)))))
		if err != nil {
			return err
		}
		options = append(options, goose.WithSessionLocker(locker))
	}
	provider, err := goose.NewProvider(dialect, db, files, options...)
	if err != nil {
		return err
	}
	_, err = provider.Up(ctx)
	return err
}

func (s *Store) startSessions() {
	if s.postgres {
		sessions := postgresstore.NewWithCleanupInterval(s.db, cleanUp)
		s.Sessions, s.stop = sessions, sessions.StopCleanup
		return
	}
	sessions := sqlite3store.NewWithCleanupInterval(s.db, cleanUp)
	s.Sessions, s.stop = sessions, sessions.StopCleanup
}

// Close closes the database.
func (s *Store) Close() error {
	s.stop()
	return s.db.Close()
}

// Ping reports whether the database responds.
func (s *Store) Ping(ctx context.Context) error { return s.db.PingContext(ctx) }

// oneRow returns ErrNotFound unless a statement changed a row.
func oneRow(result sql.Result, err error) error {
	if err != nil {
		return err
	}
	if n, err := result.RowsAffected(); err != nil || n > 0 {
		return err
	}
	return ErrNotFound
}
