package sealed

import (
	"fmt"
	"reflect"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestBox(t *testing.T) {
	t.Parallel()
	assert.Empty(t, Box[string]{}.Get())
	require.NoError(t, Box[error]{}.Get())
	assert.True(t, reflect.ValueOf(Box[string]{}).IsZero())
	one := New("SECRET")
	held := struct{ field Box[string] }{one}
	assert.Equal(t, "SECRET", held.field.Get())
	assert.True(t, one == held.field, "a copy is the same") //nolint:testifylint // tests ==
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d"} {
		text := fmt.Sprintf(verb, held)
		assert.NotContains(t, text, "SECRET", verb)
		assert.NotContains(t, text, "534543524554", verb)
	}
}
