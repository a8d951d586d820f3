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

var buffers = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// All reads all of r. If that is more than most bytes, it stops one byte later and returns tooLarge.
func All(r io.Reader, most int64, tooLarge error) ([]byte, error) {
	buffer := buffers.Get().(*bytes.Buffer)
	buffer.Reset()
	n, err := buffer.ReadFrom(io.LimitReader(r, min(most, math.MaxInt64-1)+1))
	switch {
	case err != nil: // the buffer is not pooled: the reader may still use it
		return nil, err
	case n > most:
		return nil, tooLarge
	}
	data := bytes.Clone(buffer.Bytes())
	if buffer.Cap() <= maxPooled {
		buffers.Put(buffer)
	}
	return data, nil
}
