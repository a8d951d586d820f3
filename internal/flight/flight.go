// Package flight runs work that many goroutines wait for.
package flight

import "context"

// Flight is work in a goroutine of its own and the result for everyone who waits for it. If the work panics, Wait panics
// with the same value: a panic in the goroutine of the work could not be recovered.
type Flight[T any] struct {
	done     chan struct{} // closed when the work has ended and the fields below are final
	value    T
	err      error
	panicked any
}

// New returns a flight whose work has not started. unended is the error of Wait if the work ends its goroutine instead of
// returning, as FailNow of a test does.
func New[T any](unended error) *Flight[T] {
	return &Flight[T]{done: make(chan struct{}), err: unended}
}

// Run does the work in the calling goroutine and keeps its result. Call it once. landed, unless nil, gets the result
// before Wait returns it; if the work has panicked, that is the zero value and the error given to [New].
func (f *Flight[T]) Run(work func() (T, error), landed func(T, error)) {
	defer func() {
		f.panicked = recover()
		if landed != nil {
			landed(f.value, f.err)
		}
		close(f.done)
	}()
	f.value, f.err = work()
}

// Ended returns nil when the work has ended, whatever its result, or ctx.Err() if ctx is done before.
func (f *Flight[T]) Ended(ctx context.Context) error {
	select {
	case <-f.done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Wait returns the result of the work, or ctx.Err() if ctx is done, even if the work has ended too.
func (f *Flight[T]) Wait(ctx context.Context) (value T, err error) {
	if err := f.Ended(ctx); err != nil {
		return value, err
	}
	switch {
	case f.panicked != nil:
		panic(f.panicked)
	case ctx.Err() != nil:
		return value, ctx.Err()
	default:
		return f.value, f.err
	}
}
