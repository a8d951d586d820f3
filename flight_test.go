package partnerapi

import (
	"context"
	"errors"
	"io"
	"runtime"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestFlight(t *testing.T) {
	t.Parallel()
	unended := errors.New("unended")
	tests := map[string]struct {
		work     func() (int, error)
		value    int
		err      error
		panicked any
	}{
		"a value":  {work: func() (int, error) { return 1, nil }, value: 1},
		"an error": {work: func() (int, error) { return 0, io.EOF }, err: io.EOF},
		"a panic":  {work: func() (int, error) { panic("no") }, panicked: "no"},
		"its goroutine's end": {work: func() (int, error) {
			runtime.Goexit()
			return 1, nil
		}, err: unended},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			over, cancel := context.WithCancel(t.Context())
			cancel()
			f, landed := newFlight[int](unended), 0
			_, err := f.wait(over)
			require.ErrorIs(t, err, context.Canceled, "on its way")

			go f.run(test.work, func() { landed++ })
			for range 2 { // as often as somebody waits
				if test.panicked != nil {
					assert.PanicsWithValue(t, test.panicked, func() { _, _ = f.wait(t.Context()) })
					continue
				}
				value, err := f.wait(t.Context())
				require.ErrorIs(t, err, test.err)
				assert.Equal(t, test.value, value)
				_, err = f.wait(over)
				require.ErrorIs(t, err, context.Canceled, "landed")
			}
			assert.Equal(t, 1, landed)
		})
	}
}
