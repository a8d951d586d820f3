package decisions_test

import (
	"flag"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/partnerapi/partnerapi-go/internal/decisions"
)

var update = flag.Bool("update", false, "write docs/decisions.md")

func TestDocument(t *testing.T) {
	t.Parallel()
	const path = "../../docs/decisions.md"
	written := decisions.Document()
	if *update {
		require.NoError(t, os.WriteFile(path, []byte(written), 0o600))
	}
	page, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, written, string(page), "go test ./internal/decisions -update writes it")
}
