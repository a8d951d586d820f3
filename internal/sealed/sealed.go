// Package sealed keeps secrets out of printed and compared structs.
package sealed

// Box holds a value that fmt and reflection do not reach in any struct: they walk unexported fields, but do not call
// functions. The zero value holds the zero value.
type Box[T any] struct{ open *func() T } // a pointer, because functions are not comparable

// New returns a box with a value.
func New[T any](value T) Box[T] {
	open := func() T { return value }
	return Box[T]{&open}
}

// Get returns the value.
func (b Box[T]) Get() (value T) {
	if b.open == nil {
		return value
	}
	return (*b.open)()
}
