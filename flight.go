package partnerapi

import "context"

// flight is work in a goroutine of its own, for all who wait for it and for as long as they do. A panic in it, of a hook
// say, goes on where they wait, because nobody could recover it in the goroutine.
type flight[T any] struct {
	done     chan struct{} // closed when the work has ended; the rest is what came of it
	value    T
	err      error
	panicked any
}

// newFlight returns a flight for run. unended is what comes of it if the work ends its goroutine, as a test's FailNow does.
func newFlight[T any](unended error) *flight[T] {
	return &flight[T]{done: make(chan struct{}), err: unended}
}

// run does the work, and calls landed before those who wait go on.
func (f *flight[T]) run(work func() (T, error), landed func()) {
	defer func() {
		f.panicked = recover()
		landed()
		close(f.done)
	}()
	f.value, f.err = work()
}

// wait returns what came of the work, or the error of ctx if that is over.
func (f *flight[T]) wait(ctx context.Context) (value T, err error) {
	select {
	case <-f.done:
	case <-ctx.Done():
		return value, whyDone(ctx)
	}
	switch {
	case f.panicked != nil:
		panic(f.panicked)
	case ctx.Err() != nil:
		return value, whyDone(ctx)
	default:
		return f.value, f.err
	}
}
