// Command stripe makes one call with stripe-go.
package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"

	"github.com/stripe/stripe-go/v85"
)

func main() {
	if err := create(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func create(base string) error {
	backends := stripe.NewBackendsWithConfig(&stripe.BackendConfig{URL: stripe.String(base)})
	client := stripe.NewClient("sk_test_1", stripe.WithBackends(backends))
	customer, err := client.V1Customers.Create(context.Background(), &stripe.CustomerCreateParams{Email: stripe.String("parent@example.com")})
	if err != nil {
		return err
	}
	slog.Info("called", "status", customer.LastResponse.StatusCode)
	return nil
}
