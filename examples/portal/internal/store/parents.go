package store

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"golang.org/x/crypto/bcrypt"

	"github.com/partnerapi/partnerapi-go"
)

// Parent is a customer of the partner. PK is the partner's key of the parent.
type Parent struct {
	PK, Email, ChildName string
	Subscription         Subscription
}

// Subscription is what the partner knows of a parent's subscription. The API has no operation that reads it.
type Subscription struct {
	// Plan is the last plan that is certain. Empty means no subscription.
	Plan partnerapi.Plan
	// Wanted is the plan of the newest change. It differs from Plan only while Checking.
	Wanted partnerapi.Plan
	// Checking is true from the start of a change until its outcome is known.
	Checking bool
}

// ErrChecking means that the outcome of the previous change is not known yet.
var ErrChecking = errors.New("store: the previous change is not settled")

// AddParent adds a parent, unless the PK is known.
func (s *Store) AddParent(ctx context.Context, p Parent, password string) error {
	hash, err := bcrypt.GenerateFromPassword([]byte(password), s.PasswordCost)
	if err != nil {
		return err
	}
	_, err = s.db.ExecContext(ctx, `INSERT INTO parents (pk, email, password, child_name) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING`,
		p.PK, p.Email, hash, p.ChildName)
	if err != nil {
		return err
	}
	_, err = s.db.ExecContext(ctx, `INSERT INTO subscriptions (pk, plan, wanted, checking, next_try) VALUES ($1, '', '', FALSE, 0)
		ON CONFLICT DO NOTHING`, p.PK)
	return err
}

// LogIn returns the PK of the parent with an e-mail and a password, or ErrNotFound.
func (s *Store) LogIn(ctx context.Context, email, password string) (pk string, err error) {
	var hash []byte
	err = s.db.QueryRowContext(ctx, `SELECT pk, password FROM parents WHERE email = $1`, email).Scan(&pk, &hash)
	if errors.Is(err, sql.ErrNoRows) {
		hash = unknown // takes as long as for a known e-mail
	} else if err != nil {
		return "", err
	}
	if bcrypt.CompareHashAndPassword(hash, []byte(password)) != nil {
		return "", ErrNotFound
	}
	return pk, nil
}

// unknown is a hash that no password has.
var unknown = []byte("$2a$10$......................0000000000000000000000000000000")

// Parent returns the parent with a PK, or ErrNotFound.
func (s *Store) Parent(ctx context.Context, pk string) (*Parent, error) {
	p := &Parent{PK: pk}
	err := s.db.QueryRowContext(ctx, `SELECT email, child_name, plan, wanted, checking
		FROM parents JOIN subscriptions ON parents.pk = subscriptions.pk WHERE parents.pk = $1`, pk).
		Scan(&p.Email, &p.ChildName, &p.Subscription.Plan, &p.Subscription.Wanted, &p.Subscription.Checking)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, ErrNotFound
	}
	return p, err
}

// claim is how long a change belongs to the process that works on it. Whoever settles changes continues after that: the process may
// have crashed. It is longer than the calls for a change take.
const claim = 2 * time.Minute

// BeginChange records a change before the API is called for it, so that a crash does not hide it, and returns the current plan. An empty
// plan cancels. It returns ErrChecking if another change is not settled.
func (s *Store) BeginChange(ctx context.Context, pk string, wanted partnerapi.Plan) (current partnerapi.Plan, err error) {
	err = s.db.QueryRowContext(ctx, `UPDATE subscriptions SET wanted = $2, checking = TRUE, next_try = $3
		WHERE pk = $1 AND NOT checking RETURNING plan`, pk, wanted, time.Now().Add(claim).Unix()).Scan(&current)
	if errors.Is(err, sql.ErrNoRows) {
		return "", ErrChecking
	}
	return current, err
}

// EndChange records the outcome of a change: the plan that the parent now has.
func (s *Store) EndChange(ctx context.Context, pk string, plan partnerapi.Plan) error {
	return oneRow(s.db.ExecContext(ctx, `UPDATE subscriptions SET plan = $2, wanted = $2, checking = FALSE WHERE pk = $1`, pk, plan))
}

// RetryChange makes a change whose outcome is unknown due again after a wait.
func (s *Store) RetryChange(ctx context.Context, pk string, wait time.Duration) error {
	return oneRow(s.db.ExecContext(ctx, `UPDATE subscriptions SET next_try = $2 WHERE pk = $1 AND checking`,
		pk, time.Now().Add(wait).Unix()))
}

// ClaimChange returns the parent whose change is due for the longest time, and claims it for the caller. It returns ErrNotFound if no
// change is due.
func (s *Store) ClaimChange(ctx context.Context) (*Parent, error) {
	now := time.Now()
	var pk string
	err := s.db.QueryRowContext(ctx, `UPDATE subscriptions SET next_try = $2 WHERE checking AND next_try <= $1 AND pk =
		(SELECT pk FROM subscriptions WHERE checking AND next_try <= $1 ORDER BY next_try LIMIT 1) RETURNING pk`,
		now.Unix(), now.Add(claim).Unix()).Scan(&pk)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, ErrNotFound
	}
	if err != nil {
		return nil, err
	}
	return s.Parent(ctx, pk)
}
