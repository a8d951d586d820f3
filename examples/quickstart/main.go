// Command quickstart subscribes the same parent twice, against the fake.
package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/partnerapi/partnerapi-go"
	"github.com/partnerapi/partnerapi-go/partnertest"
)

func main() {
	client := partnertest.New().Client() // for the real API: partnerapi.NewClient(partnerapi.WithPartnerToken(token))
	for range 2 {
		err := client.Subscriptions.Create(context.Background(), partnerapi.CreateSubscriptionRequest{
			PK: "MS2365", Email: "parent@example.com", Plan: partnerapi.PlanBark,
		})
		fmt.Println("known already:", errors.Is(err, partnerapi.ErrAlreadyExists), "error:", err)
	}
}
