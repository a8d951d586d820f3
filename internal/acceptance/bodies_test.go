package acceptance

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"io"
	"math"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/partnerapi/partnerapi-go"
)

type optional = partnerapi.Optional[string]

// hexLogin and anyFee embed types of the SDK and write other JSON.
type (
	hexLogin struct{ partnerapi.LoginRequest }
	anyFee   struct{ partnerapi.Network }
)

func (l hexLogin) MarshalJSON() ([]byte, error) {
	return json.Marshal(hex.EncodeToString([]byte(l.Email)))
}

func (anyFee) MarshalJSON() ([]byte, error) { return []byte(`"none"`), nil }

// Types of the caller may embed those of the SDK: what counts is what is sent.
func TestBodiesOfTheCaller(t *testing.T) {
	t.Parallel()
	held := struct{ optional }{partnerapi.Set("\xff")}
	for name, body := range map[string]any{
		"an embedded alias": held, "by pointer": &held, "in a map": map[string]any{"a": held},
		"an embedded create": struct {
			partnerapi.CreateAccountRequest
		}{partnerapi.CreateAccountRequest{Email: "\xff"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client := newTestClient(t, roundTripFunc(func(*http.Request) (*http.Response, error) {
				t.Error("sent")
				return nil, io.EOF
			}))
			_, err := send(t.Context(), client, body)
			assertRefused(t, err, "Body", "not valid UTF-8")
		})
	}
	for want, body := range map[string]any{
		`"ff"`:   hexLogin{partnerapi.LoginRequest{Email: "\xff"}},
		`"none"`: anyFee{partnerapi.Network{Fee: math.NaN()}},
	} {
		var sent []byte
		client := newTestClient(t, roundTripFunc(func(req *http.Request) (*http.Response, error) {
			sent, _ = io.ReadAll(req.Body)
			return reply(200, "{}"), nil
		}))
		_, err := send(t.Context(), client, body)
		require.NoError(t, err)
		assert.Equal(t, want, string(sent))
	}
}

// appended and appendedByPointer have a method that encoding/json calls since Go 1.27.
type (
	appended          struct{ A string }
	appendedByPointer struct{ A string }
)

func (a appended) AppendText(b []byte) ([]byte, error) { return append(b, a.A+"!"...), nil }

func (a *appendedByPointer) AppendText(b []byte) ([]byte, error) { return append(b, a.A+"?"...), nil }

// A body is sent as encoding/json writes it, whichever methods a release of Go calls for that.
func TestBodiesThatWriteThemselves(t *testing.T) {
	t.Parallel()
	for _, body := range []any{appended{"x"}, &appended{"x"}, &appendedByPointer{"x"}, appendedByPointer{"x"}} {
		want, err := json.Marshal(body)
		require.NoError(t, err)
		var sent []byte
		client := newTestClient(t, roundTripFunc(func(req *http.Request) (*http.Response, error) {
			sent, _ = io.ReadAll(req.Body)
			return reply(200, "{}"), nil
		}))
		_, err = send(t.Context(), client, body)
		require.NoError(t, err)
		assert.Equal(t, string(want), string(sent))
	}
}

func send(ctx context.Context, client *partnerapi.Client, body any) (struct{}, error) {
	return partnerapi.Do[struct{}](ctx, client, partnerapi.Call{API: partnerapi.NetworkAPI, Op: "POST /a", Body: body})
}
