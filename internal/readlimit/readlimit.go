// Package readlimit reads bodies of responses of a limited size into pooled memory.
package readlimit

import (
	"bytes"
	"io"
	"math"
	"sync"
)

// maxPooled is how large a pooled buffer may be.
const maxPooled = 64 << 10

// Body is a body in memory.
type Body struct {
	buffer  bytes.Buffer
	limited io.LimitedReader
}

var pool = sync.Pool{New: func() any { return new(Body) }}

// All reads all of r. If that is more than most bytes, it stops one byte later and returns tooLarge.
func All(r io.Reader, most int64, tooLarge error) (*Body, error) {
	b := pool.Get().(*Body)
	b.buffer.Reset()
	b.limited = io.LimitedReader{R: r, N: min(most, math.MaxInt64-1) + 1}
	n, err := b.buffer.ReadFrom(&b.limited)
	b.limited.R = nil
	switch {
	case n > most:
		return nil, tooLarge
	case err != nil: // the buffer is not pooled: the reader may still use it
		return nil, err
	default:
		return b, nil
	}
}

// Bytes returns the bytes of the body, until Free. A nil body has none.
func (b *Body) Bytes() []byte {
	if b == nil {
		return nil
	}
	return b.buffer.Bytes()
}

// Copy returns a copy of the bytes, which Free does not affect.
func (b *Body) Copy() []byte {
	bytes := b.Bytes()
	if bytes == nil {
		return nil
	}
	copied := make([]byte, len(bytes)) // bytes.Clone appends, which takes longer
	copy(copied, bytes)
	return copied
}

// Free lets another body use the memory.
func (b *Body) Free() {
	if b != nil && b.buffer.Cap() <= maxPooled {
		pool.Put(b)
	}
}
