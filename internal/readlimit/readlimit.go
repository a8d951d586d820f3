// Package readlimit reads bodies of responses of a limited size.
package readlimit

import (
	"bytes"
	"io"
	"math"
	"sync"
)

// maxPooled is how large a pooled buffer may be.
const maxPooled = 64 << 10

// body is a body that is being read.
type body struct {
	buffer  bytes.Buffer
	limited io.LimitedReader
}

var bodies = sync.Pool{New: func() any { return new(body) }}

// All reads all of r. If that is more than most bytes, it stops one byte later and returns tooLarge.
func All(r io.Reader, most int64, tooLarge error) ([]byte, error) {
	b := bodies.Get().(*body)
	b.buffer.Reset()
	b.limited = io.LimitedReader{R: r, N: min(most, math.MaxInt64-1) + 1}
	n, err := b.buffer.ReadFrom(&b.limited)
	switch {
	case n > most:
		return nil, tooLarge
	case err != nil: // the buffer is not pooled: the reader may still use it
		return nil, err
	}
	data := bytes.Clone(b.buffer.Bytes())
	b.limited.R = nil
	if b.buffer.Cap() <= maxPooled {
		bodies.Put(b)
	}
	return data, nil
}
