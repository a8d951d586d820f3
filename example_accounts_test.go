package partnerapi_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log"
	"sync"
	"time"

	"github.com/partnerapi/partnerapi-go"
	"github.com/partnerapi/partnerapi-go/partnertest"
)

// accounts makes calls for many accounts of the network API with one client. It caches a JWT for each account.
type accounts struct {
	client *partnerapi.Client
	appKey string
	login  func(ctx context.Context, account string) (partnerapi.AppLoginRequest, error) // reads your secret store

	mu     sync.Mutex
	cached map[string]*cachedJWT
}

// cachedJWT is the JWT of an account. It is in use by whoever has put an element into turn.
type cachedJWT struct {
	turn   chan struct{}
	jwt    string
	failed error // of the last sign-in; no other starts before retry
	retry  time.Time
}

// as is the option of a call with a credential of the network API.
func as(credential string) partnerapi.CallOption {
	return partnerapi.WithCredential(partnerapi.NetworkToken, credential)
}

// do makes a call for an account. If the API rejects the JWT, do signs in again and repeats the call once.
func (a *accounts) do(ctx context.Context, account string, call func(as partnerapi.CallOption) error) error {
	jwt, err := a.jwt(ctx, account, "")
	if err != nil {
		return err
	}
	if err = call(as(jwt)); !errors.Is(err, partnerapi.ErrUnauthorized) {
		return err
	}
	if jwt, err = a.jwt(ctx, account, jwt); err != nil {
		return err
	}
	return call(as(jwt))
}

// jwt returns a JWT of an account other than the rejected one. Concurrent calls for an account wait for the same sign-in.
func (a *accounts) jwt(ctx context.Context, account, rejected string) (string, error) {
	c := a.of(account)
	select {
	case c.turn <- struct{}{}:
		defer func() { <-c.turn }()
	case <-ctx.Done():
		return "", ctx.Err()
	}
	if c.jwt != "" && c.jwt != rejected {
		return c.jwt, nil
	}
	if time.Now().Before(c.retry) {
		return "", c.failed
	}
	jwt, err := a.signIn(ctx, account)
	if err != nil { // also for a wrong password, which is not the mistake of whoever calls this service
		err = fmt.Errorf("%w: %w", partnerapi.ErrNoCredential, err)
	}
	if err != nil && ctx.Err() == nil { // calls that wait do not repeat the sign-in
		c.failed, c.retry = err, time.Now().Add(10*time.Second)
	}
	c.jwt = jwt
	return jwt, err
}

// of returns the cached JWT of an account.
func (a *accounts) of(account string) *cachedJWT {
	a.mu.Lock()
	defer a.mu.Unlock()
	c := a.cached[account]
	if c == nil {
		c = &cachedJWT{turn: make(chan struct{}, 1)}
		a.cached[account] = c
	}
	return c
}

// signIn takes the steps of a sign-in, each with the JWT of the previous one.
func (a *accounts) signIn(ctx context.Context, account string) (jwt string, err error) {
	in, err := a.login(ctx, account)
	if err != nil {
		return "", err
	}
	session, err := a.client.AppSessions.Start(ctx, as(a.appKey))
	if err != nil {
		return "", err
	}
	jwt = session.JWT()
	if session, err = a.client.AppSessions.Login(ctx, in, as(jwt)); err != nil {
		return "", err
	}
	jwt = cmp.Or(session.JWT(), jwt)
	if session.Account.ID != account {
		if session, err = a.client.AppSessions.SelectAccount(ctx, account, as(jwt)); err != nil {
			return "", err
		}
		jwt = cmp.Or(session.JWT(), jwt)
	}
	if !session.Authenticated || cmp.Or(session.Account.ID, account) != account {
		return "", errors.New("the API did not log the user in to the account")
	}
	return jwt, nil
}

// One client makes the calls of many accounts, each with the JWT of its account.
func Example_manyAccounts() {
	ctx := context.Background()
	fake := partnertest.New()
	fake.SeedAppUser(partnertest.AppUser{
		AppUser:  partnerapi.AppUser{Username: "robin"},
		Password: passPhrase,
		Accounts: []partnerapi.AccountChoice{{ID: "acc_1", Title: "Acme Seafood"}, {ID: "acc_2", Title: "Acme Dairy"}},
	})
	client, err := partnerapi.NewClient(fake.ClientOptions()...) // in a service: NewClient()
	if err != nil {
		log.Fatal(err)
	}
	service := &accounts{
		client: client,
		appKey: partnertest.AppKey,
		login: func(context.Context, string) (partnerapi.AppLoginRequest, error) {
			return partnerapi.AppLoginRequest{Username: "robin", Password: passPhrase}, nil
		},
		cached: make(map[string]*cachedJWT),
	}

	for _, account := range []string{"acc_1", "acc_2", "acc_1"} {
		err := service.do(ctx, account, func(as partnerapi.CallOption) error {
			session, err := client.AppSessions.Current(ctx, as)
			if err == nil {
				fmt.Println(session.Account.Title)
			}
			return err
		})
		if err != nil {
			log.Fatal(err)
		}
	}
	fmt.Println("sign-ins:", len(fake.CallsTo("POST /app/login")))

	fake.ExpireJWTs() // the next response is a 401
	var calls sync.WaitGroup
	for range 10 {
		calls.Go(func() {
			if err := service.do(ctx, "acc_2", func(as partnerapi.CallOption) error {
				_, err := client.Networks.List(ctx, partnerapi.ListOptions{}, as)
				return err
			}); err != nil {
				log.Fatal(err)
			}
		})
	}
	calls.Wait()
	fmt.Println("sign-ins:", len(fake.CallsTo("POST /app/login")))
	// Output:
	// Acme Seafood
	// Acme Dairy
	// Acme Seafood
	// sign-ins: 2
	// sign-ins: 3
}
