package sqltest

import (
	"context"
	"database/sql"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"time"

	_ "modernc.org/sqlite"

	"github.com/partnerapi/partnerapi-go"
)

// save stores a customer and the time of the signup.
func save(ctx context.Context, db *sql.DB, fan *partnerapi.Customer, joined partnerapi.UnixTime) error {
	_, err := db.ExecContext(ctx, "INSERT INTO fans (id, birthdate, joined) VALUES (?, ?, ?)", fan.ID, fan.Birthdate, joined)
	return err
}

// load reads what save has stored.
func load(ctx context.Context, db *sql.DB, id int64) (birthdate partnerapi.Date, joined partnerapi.UnixTime, err error) {
	err = db.QueryRowContext(ctx, "SELECT birthdate, joined FROM fans WHERE id = ?", id).Scan(&birthdate, &joined)
	return birthdate, joined, err
}

func Example() {
	ctx := context.Background()
	dir, err := os.MkdirTemp("", "fans")
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	db, err := sql.Open("sqlite", filepath.Join(dir, "fans.db"))
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	if _, err := db.ExecContext(ctx, "CREATE TABLE fans (id INTEGER PRIMARY KEY, birthdate TEXT, joined INTEGER)"); err != nil {
		log.Fatal(err)
	}

	fan := &partnerapi.Customer{ID: 55, Birthdate: partnerapi.Date{Year: 1995, Month: time.May, Day: 1}}
	if err := save(ctx, db, fan, partnerapi.UnixTimeOf(time.Unix(1234567890, 0))); err != nil {
		log.Fatal(err)
	}
	fmt.Println(load(ctx, db, 55))
	// Output: 1995-05-01 2009-02-13 23:31:30 +0000 UTC <nil>
}
