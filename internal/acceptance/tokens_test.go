package acceptance

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/partnerapi/partnerapi-go"
	"github.com/partnerapi/partnerapi-go/partnertest"
)

// The sessions of 50 customers, used concurrently for an hour, never mix.
func TestSessionsNeverMix(t *testing.T) {
	t.Parallel()
	for name, start := range map[string]func(context.Context, *partnertest.Fake, *partnerapi.Client, partnerapi.Customer) (*partnerapi.Session, error){
		"cookie session": func(ctx context.Context, _ *partnertest.Fake, c *partnerapi.Client, who partnerapi.Customer) (*partnerapi.Session, error) {
			_, session, err := c.Accounts.Login(ctx, partnerapi.LoginRequest{Email: who.Email, Password: passPhrase})
			return session, err
		},
		"token session": func(_ context.Context, fake *partnertest.Fake, _ *partnerapi.Client, who partnerapi.Customer) (*partnerapi.Session, error) {
			return partnerapi.NewTokenSession(fake.SeedTokens(who.ID))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				fake := partnertest.New()
				client := fake.Client()
				var all sync.WaitGroup
				for i := range 50 {
					who := fake.SeedCustomer(partnertest.Customer{
						Customer: partnerapi.Customer{Email: fmt.Sprintf("fan%d@example.com", i)}, Password: passPhrase,
					})
					all.Go(func() {
						session, err := start(t.Context(), fake, client, who)
						if !assert.NoError(t, err) {
							return
						}
						assert.NoError(t, isAlone(t.Context(), client, session, who))
					})
				}
				all.Wait()
			})
		})
	}
}

// isAlone uses a session for an hour, by two callers at a time, and returns an error if another customer is served.
func isAlone(ctx context.Context, client *partnerapi.Client, session *partnerapi.Session, who partnerapi.Customer) error {
	for turn := range 12 {
		name := fmt.Sprintf("%s, turn %d", who.Email, turn)
		changed, err := client.Accounts.Update(ctx, session, partnerapi.UpdateAccountRequest{FirstName: name})
		if err != nil {
			return err
		}
		if changed.ID != who.ID {
			return fmt.Errorf("%s changed %s", who.Email, changed.Email)
		}
		failures := make(chan error)
		for range 2 {
			go func() {
				got, err := client.Accounts.Get(ctx, session)
				if err == nil && (got.Email != who.Email || got.FirstName != name) {
					err = fmt.Errorf("%s was served %s", name, got.FirstName)
				}
				failures <- err
			}()
		}
		if err := errors.Join(<-failures, <-failures); err != nil {
			return err
		}
		time.Sleep(5 * time.Minute)
	}
	return nil
}

// 50 concurrent calls with an expired access token cause one refresh, and wait until the new tokens are stored.
func TestConcurrentCallsShareARefresh(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		fake := partnertest.New()
		who := fake.SeedCustomer(partnertest.Customer{Customer: partnerapi.Customer{Email: fan.Email}})
		client := fake.Client()
		session, err := partnerapi.NewTokenSession(fake.SeedTokens(who.ID))
		require.NoError(t, err)
		var stored []partnerapi.Tokens
		session.OnRefresh(func(_ context.Context, tokens partnerapi.Tokens) error {
			time.Sleep(time.Minute) // a slow store
			assert.Empty(t, fake.CallsTo("GET /account"))
			stored = append(stored, tokens)
			return nil
		})
		time.Sleep(15 * time.Minute)
		fake.Fail("POST /refresh", partnertest.Fault{Cut: partnertest.CutRefused}, partnertest.Fault{Delay: time.Second})
		var calls sync.WaitGroup
		for range 50 {
			calls.Go(func() {
				_, err := client.Accounts.Get(t.Context(), session)
				assert.NoError(t, err)
			})
		}
		calls.Wait()
		assert.Len(t, fake.CallsTo("POST /refresh"), 1)
		assert.Len(t, fake.CallsTo("GET /account"), 50)
		require.Len(t, stored, 1)
		for _, call := range fake.CallsTo("GET /account") {
			assert.Equal(t, "Bearer "+stored[0].AccessToken, call.Header.Get("Authorization"))
		}
	})
}

// A wrong clock costs refreshes, and fails no call.
func TestTokensWithAWrongClock(t *testing.T) {
	t.Parallel()
	for ahead, refreshes := range map[time.Duration]int{
		0: 8, -time.Minute: 8, time.Minute: 8, time.Hour: 8, // the API's clock; two hours have eight times 15 minutes
		-20 * time.Minute: 240, // by the client's, every token has expired when it comes: it is used for 30 seconds
	} {
		t.Run(ahead.String(), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				fake := partnertest.New()
				who := fake.SeedCustomer(partnertest.Customer{Customer: partnerapi.Customer{Email: fan.Email}})
				client := fake.Client()
				fake.SetNow(time.Now().Add(ahead))
				session, err := partnerapi.NewTokenSession(fake.SeedTokens(who.ID))
				require.NoError(t, err)
				for range 2 * 60 * 12 {
					fake.SetNow(time.Now().Add(ahead))
					_, err := client.Accounts.Get(t.Context(), session)
					require.NoError(t, err)
					time.Sleep(5 * time.Second)
				}
				assert.InDelta(t, refreshes, len(fake.CallsTo("POST /refresh")), 1)
			})
		})
	}
}

// A token session that is exported and imported lives as long as it is used once a day.
func TestTokenSessionInAStore(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		fake := partnertest.New()
		who := fake.SeedCustomer(partnertest.Customer{Customer: partnerapi.Customer{Email: fan.Email}})
		client := fake.Client()
		session, err := partnerapi.NewTokenSession(fake.SeedTokens(who.ID))
		require.NoError(t, err)
		kept, err := session.Export()
		require.NoError(t, err)
		use := func() error {
			session, err := partnerapi.ImportSession(kept)
			require.NoError(t, err)
			session.OnRefresh(func(context.Context, partnerapi.Tokens) (err error) {
				kept, err = session.Export()
				return err
			})
			_, err = client.Accounts.Get(t.Context(), session)
			return err
		}
		for range 5 {
			require.NoError(t, use())
			require.NoError(t, use())
			time.Sleep(23 * time.Hour)
		}
		assert.Len(t, fake.CallsTo("POST /refresh"), 4)
		time.Sleep(time.Hour)
		require.ErrorIs(t, use(), partnerapi.ErrNotLoggedIn)
		require.NotErrorIs(t, use(), partnerapi.ErrUnauthorized)
		assert.Len(t, fake.CallsTo("POST /refresh"), 4, "the token had expired by the clock, so it was not sent")
	})
}

// Of two sessions with the same tokens, the first refresh ends the other session.
func TestTokensOfTwoSessions(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		fake := partnertest.New()
		who := fake.SeedCustomer(partnertest.Customer{Customer: partnerapi.Customer{Email: fan.Email}})
		tokens, client := fake.SeedTokens(who.ID), fake.Client()
		one, err := partnerapi.NewTokenSession(tokens)
		require.NoError(t, err)
		other, err := partnerapi.NewTokenSession(tokens)
		require.NoError(t, err)
		time.Sleep(15 * time.Minute)
		_, err = client.Accounts.Get(t.Context(), one)
		require.NoError(t, err)
		_, err = client.Accounts.Get(t.Context(), other)
		require.ErrorIs(t, err, partnerapi.ErrNotLoggedIn)
		require.ErrorIs(t, err, partnerapi.ErrUnauthorized)
		_, err = client.Accounts.Get(t.Context(), one)
		require.NoError(t, err)
	})
}
