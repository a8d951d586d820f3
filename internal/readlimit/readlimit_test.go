package readlimit

import (
	"errors"
	"io"
	"math"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var errTooLarge = errors.New("too large")

func TestAll(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken")
	tests := map[string]struct {
		body io.Reader
		want string
		err  error
	}{
		"empty":            {strings.NewReader(""), "", nil},
		"at the limit":     {strings.NewReader(strings.Repeat("x", 1000)), strings.Repeat("x", 1000), nil},
		"over the limit":   {strings.NewReader(strings.Repeat("x", 1001)), "", errTooLarge},
		"a byte at a time": {iotest.OneByteReader(strings.NewReader("abc")), "abc", nil},
		"breaks off":       {io.MultiReader(strings.NewReader("abc"), iotest.ErrReader(broken)), "", broken},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := All(test.body, 1000, errTooLarge)
			require.ErrorIs(t, err, test.err)
			assert.Equal(t, test.want, string(got.Bytes()))
		})
	}
	got, err := All(strings.NewReader("abc"), math.MaxInt64, errTooLarge)
	require.NoError(t, err)
	assert.Equal(t, "abc", string(got.Bytes()))
}

// A body keeps its memory until it is freed.
func TestBodyIsNotOverwritten(t *testing.T) {
	t.Parallel()
	first, err := All(strings.NewReader("first"), 10, errTooLarge)
	require.NoError(t, err)
	for range 100 {
		second, err := All(strings.NewReader("second"), 10, errTooLarge)
		require.NoError(t, err)
		assert.Equal(t, "second", string(second.Bytes()))
		second.Free()
	}
	assert.Equal(t, "first", string(first.Bytes()))
	var none *Body
	none.Free()
	assert.Empty(t, none.Bytes())
}

func TestCopyIsNotOverwritten(t *testing.T) {
	t.Parallel()
	body, err := All(strings.NewReader("first"), 10, errTooLarge)
	require.NoError(t, err)
	copied := body.Copy()
	copy(body.Bytes(), "other")
	assert.Equal(t, "first", string(copied))
	empty, err := All(strings.NewReader(""), 10, errTooLarge)
	require.NoError(t, err)
	assert.Equal(t, empty.Bytes() == nil, empty.Copy() == nil)
	assert.Nil(t, (*Body)(nil).Copy())
}

// breaking returns its text together with an error.
type breaking string

func (b breaking) Read(p []byte) (int, error) { return copy(p, b), io.ErrUnexpectedEOF }

func TestAllOverTheLimitWithAnError(t *testing.T) {
	t.Parallel()
	_, err := All(breaking("four"), 3, errTooLarge)
	require.ErrorIs(t, err, errTooLarge)
	_, err = All(breaking("four"), 4, errTooLarge)
	require.ErrorIs(t, err, io.ErrUnexpectedEOF)
}
