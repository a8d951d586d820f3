package partnerapi_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	partnerapi "github.com/partnerapi/partnerapi-go"
	"github.com/partnerapi/partnerapi-go/partnertest"
)

// child is the endpoint's response. The endpoint is made up: replace it with yours, as its document has it.
type child struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// getChild is the method that the SDK lacks. Args replace the names in braces, in order and escaped. Errors, logs and hooks
// name the operation, without the arguments.
func getChild(ctx context.Context, client *partnerapi.Client, pk, id string) (child, error) {
	return partnerapi.Do[child](ctx, client, partnerapi.Call{
		API:  partnerapi.PartnerAPI,
		Op:   "GET /partners/subscriptions/{pk}/children/{id}",
		Args: []string{pk, id},
	})
}

// renameChild sends a body and reads no value. A PUT is retried if its response is lost; a POST only with Repeatable.
func renameChild(ctx context.Context, client *partnerapi.Client, pk, id, name string) error {
	_, err := partnerapi.Do[struct{}](ctx, client, partnerapi.Call{
		API:  partnerapi.PartnerAPI,
		Op:   "PUT /partners/subscriptions/{pk}/children/{id}",
		Args: []string{pk, id},
		Body: map[string]string{"name": name},
	})
	return err
}

// An endpoint without a method uses the same pipeline as all others: the credential, envelope and kinds of error of its API, and
// the retry rules. In a test, a handler adds it to the fake.
func ExampleDo() {
	ctx := context.Background()
	fake := partnertest.New()
	client := fake.Client()

	names := map[string]string{"a/b": "Robin"} // by id
	fake.Handle("GET /partners/subscriptions/{pk}/children/{id}", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name, known := names[r.PathValue("id")]
		if !known {
			http.Error(w, `{"success":false,"error":"Please provide a valid id","error_type":"invalid_params"}`, http.StatusNotFound)
			return
		}
		_ = json.NewEncoder(w).Encode(child{ID: r.PathValue("id"), Name: name})
	}))
	fake.Handle("PUT /partners/subscriptions/{pk}/children/{id}", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var in child
		_ = json.NewDecoder(r.Body).Decode(&in)
		names[r.PathValue("id")] = in.Name
		_, _ = w.Write([]byte(`{"success":true}`))
	}))

	fmt.Println(renameChild(ctx, client, "MS2365", "a/b", "Robin B."))
	fmt.Println(getChild(ctx, client, "MS2365", "a/b"))

	_, err := getChild(ctx, client, "MS2365", "7")
	fmt.Println(errors.Is(err, partnerapi.ErrNotFound), err)

	// Output:
	// <nil>
	// {a/b Robin B.} <nil>
	// true partner: GET /partners/subscriptions/{pk}/children/{id}: 404 Not Found: Please provide a valid id
}
