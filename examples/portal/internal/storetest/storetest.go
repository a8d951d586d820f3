// Package storetest opens databases for tests.
package storetest

import (
	"bytes"
	"context"
	"crypto/rand"
	"database/sql"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/crypto/bcrypt"

	"github.com/partnerapi/partnerapi-go/examples/portal/internal/store"
)

// Variable names the environment variable with the URL of a PostgreSQL database. If it is set, tests use that database, and otherwise
// SQLite files.
const Variable = "PORTAL_TEST_DATABASE"

// Key is the key of the stores.
var Key = bytes.Repeat([]byte{7}, 32)

// Open opens a new store, which is closed when the test ends.
func Open(tb testing.TB) *store.Store {
	tb.Helper()
	s, err := store.Open(tb.Context(), Database(tb), Key)
	if err != nil {
		tb.Fatal(err)
	}
	s.PasswordCost = bcrypt.MinCost
	tb.Cleanup(func() {
		if err := s.Close(); err != nil {
			tb.Error(err)
		}
	})
	return s
}

// Database returns a new, empty database: a file, or a schema that is dropped when the test ends.
func Database(tb testing.TB) string {
	tb.Helper()
	if !UsesPostgres() {
		return filepath.Join(tb.TempDir(), "portal.db")
	}
	u, err := url.Parse(os.Getenv(Variable))
	if err != nil {
		tb.Fatal(err)
	}
	schema := "test_" + strings.ToLower(rand.Text())
	db, err := sql.Open("pgx", u.String())
	if err != nil {
		tb.Fatal(err)
	}
	execute := func(statement string) {
		if _, err := db.ExecContext(context.WithoutCancel(tb.Context()), statement); err != nil {
			tb.Error(err)
		}
	}
	execute("CREATE SCHEMA " + schema)
	tb.Cleanup(func() {
		execute("DROP SCHEMA " + schema + " CASCADE")
		_ = db.Close()
	})
	query := u.Query()
	query.Set("search_path", schema)
	u.RawQuery = query.Encode()
	return u.String()
}

// UsesPostgres reports whether tests use PostgreSQL.
func UsesPostgres() bool { return os.Getenv(Variable) != "" }
