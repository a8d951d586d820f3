package budget

import (
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestBudget(t *testing.T) {
	t.Parallel()
	var b Budget
	b.Refund() // a full budget stays as it is
	for range 100 {
		assert.True(t, b.IsLeft())
		assert.True(t, b.Take())
	}
	assert.False(t, b.IsLeft())
	assert.False(t, b.Take())
	for range 9 {
		b.Refund()
	}
	assert.False(t, b.IsLeft())
	assert.False(t, b.Take())
	b.Refund()
	assert.True(t, b.IsLeft())
	assert.True(t, b.Take())
	assert.False(t, b.Take())
}

func TestConcurrentTake(t *testing.T) {
	t.Parallel()
	var b Budget
	var taken atomic.Int64
	var all sync.WaitGroup
	for range 200 {
		all.Go(func() {
			if b.Take() {
				taken.Add(1)
			}
		})
	}
	all.Wait()
	assert.Equal(t, int64(100), taken.Load())
}
