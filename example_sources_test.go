package partnerapi_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"

	partnerapi "github.com/partnerapi/partnerapi-go"
	"github.com/partnerapi/partnerapi-go/partnertest"
)

// A token that is changed under a running program. The API's answer to the old one is enough to notice.
func ExampleTokenFile() {
	ctx := context.Background()
	dir, err := os.MkdirTemp("", "secrets")
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	path := filepath.Join(dir, "partner-token")
	write := func(token string) {
		if err := os.WriteFile(path, []byte(token+"\n"), 0o600); err != nil {
			log.Fatal(err)
		}
	}
	fake := partnertest.New()
	fake.SeedSubscription(partnertest.Subscription{PK: "MS2365"})
	client := fake.Client(partnerapi.WithCredentialSource(partnerapi.PartnerToken, partnerapi.TokenFile(path)))

	write("an-old-token")
	fmt.Println(client.Subscriptions.Cancel(ctx, "MS2365"))
	write(partnertest.PartnerToken)
	fmt.Println(client.Subscriptions.Cancel(ctx, "MS2365"))
	// Output:
	// partner: DELETE /partners/subscriptions/{pk}: 401 Unauthorized: Please provide a valid token
	// <nil>
}
