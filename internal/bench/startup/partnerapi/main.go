// Command partnerapi makes one call with the SDK.
package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"

	"github.com/partnerapi/partnerapi-go"
)

func main() {
	if err := create(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func create(base string) error {
	client, err := partnerapi.NewClient(partnerapi.WithPartnerToken("token"), partnerapi.WithLogger(slog.Default()),
		partnerapi.WithBaseURL(partnerapi.PartnerAPI, base))
	if err != nil {
		return err
	}
	return client.Subscriptions.Create(context.Background(), partnerapi.CreateSubscriptionRequest{
		PK: "MS2365", Email: "parent@example.com", Plan: partnerapi.PlanBark,
	})
}
