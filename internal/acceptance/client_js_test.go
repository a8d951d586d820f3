package acceptance

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/partnerapi/partnerapi-go"
)

// Run it manually, with Node:
//
//	GOOS=js GOARCH=wasm go test -run '^TestNewClientOnJS$' -exec "$(go env GOROOT)/lib/wasm/go_js_wasm_exec" ./internal/acceptance
func TestNewClientOnJS(t *testing.T) {
	t.Parallel()
	for name, opts := range map[string][]partnerapi.Option{
		"nothing set":           nil,
		"a token":               {partnerapi.WithPartnerToken("token")},
		"the default transport": {partnerapi.WithHTTPClient(&http.Client{Transport: http.DefaultTransport})},
		"an option that is nil": {nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client, err := partnerapi.NewClient(opts...)
			assert.Nil(t, client)
			var refused *partnerapi.ArgumentError
			require.ErrorAs(t, err, &refused)
			assert.Equal(t, "GOOS=js", refused.Name)
		})
	}
}
