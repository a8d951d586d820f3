package main

import (
	"io/fs"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/partnerapi/partnerapi-go/partnertest/openapi"
)

func TestOpenAPI(t *testing.T) {
	t.Parallel()
	p := start(t)
	account, err := fs.ReadFile(openapi.Files, "account.yaml")
	require.NoError(t, err)
	for path, want := range map[string]struct {
		status     int
		mediaType  string
		body, part string
	}{
		"/openapi/": {
			200, "text/html; charset=utf-8", "", `<a href="account.yaml">account.yaml</a>
<a href="network.yaml">network.yaml</a>
<a href="partner.yaml">partner.yaml</a>`,
		},
		"/openapi/account.yaml": {200, "application/yaml", string(account), ""},
		"/openapi/network.yaml": {200, "application/yaml", "", "openapi: 3.1.0\n"},
		"/openapi/other.yaml":   {404, "text/plain; charset=utf-8", "404 page not found\n", ""},
	} {
		status, header, body := p.get(t, path)
		assert.Equal(t, want.status, status, path)
		assert.Equal(t, want.mediaType, header.Get("Content-Type"), path)
		assert.Contains(t, body, want.part, path)
		if want.body != "" {
			assert.Equal(t, want.body, body, path)
		}
	}
}

// The documents hold no secret, so others may read them.
func TestOpenAPIOnAnExposedAddress(t *testing.T) {
	t.Parallel()
	status, _, _ := start(t, "-expose").get(t, "/openapi/partner.yaml")
	assert.Equal(t, http.StatusOK, status)
}
