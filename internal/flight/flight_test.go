package flight_test

import (
	"context"
	"errors"
	"io"
	"runtime"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/partnerapi/partnerapi-go/internal/flight"
)

func TestFlight(t *testing.T) {
	t.Parallel()
	unended := errors.New("unended")
	tests := map[string]struct {
		work     func() (int, error)
		value    int
		err      error
		landed   error
		panicked any
	}{
		"value": {work: func() (int, error) { return 1, nil }, value: 1},
		"error": {work: func() (int, error) { return 0, io.EOF }, err: io.EOF, landed: io.EOF},
		"panic": {work: func() (int, error) { panic("no") }, panicked: "no", landed: unended},
		"end of its goroutine": {work: func() (int, error) {
			runtime.Goexit()
			return 1, nil
		}, err: unended, landed: unended},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			done, cancel := context.WithCancel(t.Context())
			cancel()
			f, landed := flight.New[int](unended), 0
			_, err := f.Wait(done)
			require.ErrorIs(t, err, context.Canceled, "before the work has ended")
			require.ErrorIs(t, f.Ended(done), context.Canceled)

			go f.Run(test.work, func(value int, err error) {
				landed++
				assert.Equal(t, test.value, value)
				assert.Equal(t, test.landed, err)
			})
			for range 2 { // every Wait has the same result
				if test.panicked != nil {
					assert.PanicsWithValue(t, test.panicked, func() { _, _ = f.Wait(t.Context()) })
					continue
				}
				value, err := f.Wait(t.Context())
				require.ErrorIs(t, err, test.err)
				assert.Equal(t, test.value, value)
				_, err = f.Wait(done)
				require.ErrorIs(t, err, context.Canceled, "after the work has ended")
			}
			require.NoError(t, f.Ended(t.Context()), "whatever the result")
			assert.Equal(t, 1, landed)
		})
	}
}

func TestFlightWithoutLanded(t *testing.T) {
	t.Parallel()
	f := flight.New[int](nil)
	go f.Run(func() (int, error) { return 1, nil }, nil)
	value, err := f.Wait(t.Context())
	require.NoError(t, err)
	assert.Equal(t, 1, value)
}
