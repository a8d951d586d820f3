package redact

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestName(t *testing.T) {
	t.Parallel()
	const name Name = "a.B(redacted)"
	type wraps struct {
		Name

		secret string
	}
	for _, value := range []any{name, wraps{name, "SECRET"}} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%d", "%x"} {
			assert.Equal(t, "a.B(redacted)", fmt.Sprintf(verb, value), verb)
		}
		assert.Equal(t, `"a.B(redacted)"`, fmt.Sprintf("%q", value))
		text, err := json.Marshal(map[string]any{"k": value})
		require.NoError(t, err)
		assert.JSONEq(t, `{"k":"a.B(redacted)"}`, string(text))
	}
	assert.Equal(t, slog.StringValue("a.B(redacted)"), name.LogValue())
}
