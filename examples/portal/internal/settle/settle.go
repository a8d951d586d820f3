// Package settle makes the changes of subscriptions, and finds out those whose outcome is unknown.
package settle

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/partnerapi/partnerapi-go"
	"github.com/partnerapi/partnerapi-go/examples/portal/internal/store"
)

// Settler changes subscriptions at the partner API, and records in the store what is certain.
type Settler struct {
	Client *partnerapi.Client
	Store  *store.Store
	Logger *slog.Logger
}

const (
	// interval is the time between two looks for changes that are due.
	interval = time.Second
	// wait is the time between two attempts to settle a change.
	wait = 5 * time.Second
)

// ErrChecking means that the outcome of a change is unknown, and that Run will find out.
var ErrChecking = errors.New("settle: the outcome of the change is not known yet")

// Change changes the subscription of a parent to a plan; an empty plan cancels. With an error other than ErrChecking the subscription
// is as before.
func (s *Settler) Change(ctx context.Context, p *store.Parent, wanted partnerapi.Plan) error {
	plan, err := s.Store.BeginChange(ctx, p.PK, wanted)
	if err != nil {
		return err
	}
	stored := context.WithoutCancel(ctx) // the parent may have closed the page
	err = s.apply(ctx, p, wanted)
	if errors.Is(err, partnerapi.ErrOutcomeUnknown) || errors.Is(err, partnerapi.ErrBadResponse) {
		s.Logger.WarnContext(ctx, "the outcome of a change is unknown", "error", err)
		return errors.Join(ErrChecking, s.Store.RetryChange(stored, p.PK, 0))
	}
	if err == nil {
		plan = wanted
	}
	if failed := s.Store.EndChange(stored, p.PK, plan); failed != nil {
		s.Logger.ErrorContext(ctx, "the outcome of a change cannot be stored", "error", failed)
		return ErrChecking
	}
	return err
}

// apply makes the call for a change. It can be repeated. It ends before another process may take the change over.
func (s *Settler) apply(ctx context.Context, p *store.Parent, wanted partnerapi.Plan) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	if wanted != "" {
		_, err := s.Client.Subscriptions.Ensure(ctx, partnerapi.CreateSubscriptionRequest{PK: p.PK, Email: p.Email, Plan: wanted})
		return err
	}
	err := s.Client.Subscriptions.Cancel(ctx, p.PK)
	if errors.Is(err, partnerapi.ErrNotFound) { // cancelled before, perhaps by an attempt whose outcome was unknown
		return nil
	}
	return err
}

// Run settles changes until the context is done: those with an unknown outcome, and those of a process that crashed.
func (s *Settler) Run(ctx context.Context) {
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	for {
		for s.settleOne(ctx) {
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return
		}
	}
}

// settleOne settles the change that is due, if any.
func (s *Settler) settleOne(ctx context.Context) (found bool) {
	p, err := s.Store.ClaimChange(ctx)
	if errors.Is(err, store.ErrNotFound) || ctx.Err() != nil {
		return false
	}
	if err != nil {
		s.Logger.ErrorContext(ctx, "changes cannot be settled", "error", err)
		return false
	}
	wanted := p.Subscription.Wanted
	err = s.apply(ctx, p, wanted)
	switch {
	case err == nil:
		s.Logger.InfoContext(ctx, "a change is settled")
		err = s.Store.EndChange(ctx, p.PK, wanted)
	case errors.Is(err, partnerapi.ErrInvalid) && !errors.Is(err, partnerapi.ErrBadResponse):
		// The API rejects the request itself, so no earlier attempt of it succeeded either.
		s.Logger.WarnContext(ctx, "a change is rejected", "error", err)
		err = s.Store.EndChange(ctx, p.PK, p.Subscription.Plan)
	default:
		s.Logger.WarnContext(ctx, "a change is not settled yet", "error", err)
		err = s.Store.RetryChange(context.WithoutCancel(ctx), p.PK, wait)
	}
	if err != nil {
		s.Logger.ErrorContext(ctx, "the outcome of a change cannot be stored", "error", err)
	}
	return err == nil
}
