package sqltest

import (
	"database/sql"
	"errors"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	_ "modernc.org/sqlite"

	"github.com/partnerapi/partnerapi-go"
	"github.com/partnerapi/partnerapi-go/partnertest"
)

// open opens a database file. It can be opened again.
func open(t *testing.T, path string) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	return db
}

func exec(t *testing.T, db *sql.DB, query string, args ...any) {
	t.Helper()
	_, err := db.ExecContext(t.Context(), query, args...)
	require.NoError(t, err)
}

// The driver returns a text of a column of type DATE or TIMESTAMP as a time.Time, and one of type TEXT as a string.
func TestValuesInAFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "fans.db")
	born := partnerapi.Date{Year: 1995, Month: time.May, Day: 1}
	joined := partnerapi.UnixTimeOf(time.Unix(1234567890, 0))
	for column, typ := range map[string][2]string{
		"text_and_integer":   {"TEXT", "INTEGER"},
		"date_and_timestamp": {"DATE", "TIMESTAMP"},
		"datetime":           {"DATETIME", "DATETIME"},
		"without_a_type":     {"", ""},
	} {
		db := open(t, path)
		exec(t, db, "CREATE TABLE "+column+" (id INTEGER PRIMARY KEY, born "+typ[0]+", joined "+typ[1]+")")
		exec(t, db, "INSERT INTO "+column+" VALUES (1, ?, ?), (2, ?, ?), (3, ?, ?)",
			born, joined, partnerapi.Date{}, partnerapi.UnixTime{}, (*partnerapi.Date)(nil), &joined)

		again := open(t, path)
		var gotBorn partnerapi.Date
		var gotJoined partnerapi.UnixTime
		read := func(id int) {
			require.NoError(t, again.QueryRowContext(t.Context(), "SELECT born, joined FROM "+column+" WHERE id = ?", id).Scan(&gotBorn, &gotJoined), column)
		}
		read(1)
		assert.Equal(t, born, gotBorn, column)
		assert.Equal(t, joined, gotJoined, column)
		read(2)
		assert.Equal(t, partnerapi.Date{}, gotBorn, column)
		assert.Equal(t, partnerapi.UnixTime{}, gotJoined, column)
		read(3)
		assert.Equal(t, partnerapi.Date{}, gotBorn, "%s: a nil pointer", column)
		assert.Equal(t, joined, gotJoined, "%s: a pointer", column)

		var optional sql.Null[partnerapi.Date]
		var pointer *partnerapi.UnixTime
		require.NoError(t, again.QueryRowContext(t.Context(), "SELECT born, joined FROM "+column+" WHERE id = 2").Scan(&optional, &pointer))
		assert.False(t, optional.Valid)
		assert.Nil(t, pointer)
		require.NoError(t, again.QueryRowContext(t.Context(), "SELECT born, joined FROM "+column+" WHERE id = 1").Scan(&optional, &pointer))
		assert.Equal(t, sql.Null[partnerapi.Date]{V: born, Valid: true}, optional)
		assert.Equal(t, &joined, pointer)

		var nulls int
		require.NoError(t, again.QueryRowContext(t.Context(), "SELECT count(*) FROM "+column+" WHERE born IS NULL").Scan(&nulls))
		assert.Equal(t, 2, nulls, column)
	}
}

// Values are compared and sorted by the database, and read what it computes itself.
func TestValuesInQueries(t *testing.T) {
	t.Parallel()
	db := open(t, filepath.Join(t.TempDir(), "fans.db"))
	exec(t, db, "CREATE TABLE fans (born TEXT, joined INTEGER)")
	for _, day := range []int{3, 1, 2} {
		exec(t, db, "INSERT INTO fans VALUES (?, ?)", partnerapi.Date{Year: 1995, Month: time.May, Day: day}, partnerapi.UnixTimeOf(time.Unix(int64(day), 0)))
	}
	rows, err := db.QueryContext(t.Context(), "SELECT born FROM fans WHERE born >= ? AND joined < ? ORDER BY born",
		partnerapi.Date{Year: 1995, Month: time.May, Day: 1}, partnerapi.UnixTimeOf(time.Unix(3, 0)))
	require.NoError(t, err)
	var days []string
	for rows.Next() {
		var d partnerapi.Date
		require.NoError(t, rows.Scan(&d))
		days = append(days, d.String())
	}
	require.NoError(t, errors.Join(rows.Err(), rows.Close()))
	assert.Equal(t, []string{"1995-05-01", "1995-05-02"}, days)

	for query, want := range map[string]string{
		"SELECT date('2015-03-09')":                        "2015-03-09 00:00:00 +0000 UTC",
		"SELECT datetime(1234567890, 'unixepoch')":         "2009-02-13 23:31:30 +0000 UTC",
		"SELECT unixepoch('2009-02-13 23:31:30')":          "2009-02-13 23:31:30 +0000 UTC",
		"SELECT CAST(unixepoch('2009-02-13') AS TEXT)":     "2009-02-13 00:00:00 +0000 UTC",
		"SELECT CAST('2009-02-13T23:31:30+01:00' AS BLOB)": "2009-02-13 22:31:30 +0000 UTC",
	} {
		var at partnerapi.UnixTime
		require.NoError(t, db.QueryRowContext(t.Context(), query).Scan(&at), query)
		assert.Equal(t, want, at.String(), query)
	}
}

func TestUnreadableColumns(t *testing.T) {
	t.Parallel()
	db := open(t, filepath.Join(t.TempDir(), "fans.db"))
	exec(t, db, "CREATE TABLE fans (born TEXT, joined REAL)")
	exec(t, db, "INSERT INTO fans VALUES ('1 May 1995', 1.5)")
	var born partnerapi.Date
	err := db.QueryRowContext(t.Context(), "SELECT born FROM fans").Scan(&born)
	require.EqualError(t, err, `sql: Scan error on column index 0, name "born": partnerapi.Date: a text that is neither a date nor a time`)
	var joined partnerapi.UnixTime
	err = db.QueryRowContext(t.Context(), "SELECT joined FROM fans").Scan(&joined)
	require.EqualError(t, err, `sql: Scan error on column index 0, name "joined": partnerapi.UnixTime: a float64 is neither a time nor text, int64 or NULL`)
	_, err = db.ExecContext(t.Context(), "INSERT INTO fans (born) VALUES (?)", partnerapi.Date{Year: 1995, Month: time.May, Day: 32})
	require.ErrorContains(t, err, "not a date of the form YYYY-MM-DD")
}

// A record of the API goes into a table and out of it without a conversion.
func TestRecordsOfTheAPI(t *testing.T) {
	t.Parallel()
	fake := partnertest.New()
	fan := fake.SeedCustomer(partnertest.Customer{Customer: partnerapi.Customer{
		Email: "fan@example.com", Birthdate: partnerapi.Date{Year: 1995, Month: time.May, Day: 1},
	}})
	found, err := fake.Client().Accounts.Search(t.Context(), fan.Email)
	require.NoError(t, err)
	db := open(t, filepath.Join(t.TempDir(), "fans.db"))
	exec(t, db, "CREATE TABLE fans (id INTEGER PRIMARY KEY, birthdate TEXT)")
	exec(t, db, "INSERT INTO fans VALUES (?, ?)", found.ID, found.Birthdate)
	var kept partnerapi.Customer
	require.NoError(t, db.QueryRowContext(t.Context(), "SELECT id, birthdate FROM fans").Scan(&kept.ID, &kept.Birthdate))
	assert.Equal(t, partnerapi.Customer{ID: fan.ID, Birthdate: partnerapi.Date{Year: 1995, Month: time.May, Day: 1}}, kept)
}
