// Package budget bounds retries, so that they do not multiply an outage.
package budget

import "sync"

// Retries are counted in tenths, because ten times 0.1 is not 1.
const (
	size   = 1000
	costs  = 10
	refund = 1
)

// A Budget is enough for 100 retries. The zero value is a full one. It is safe for concurrent use.
type Budget struct {
	mu    sync.Mutex
	spent int
}

// IsLeft reports whether the budget is enough for a retry.
func (b *Budget) IsLeft() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.spent+costs <= size
}

// Take pays for a retry. It reports false if the budget is not enough.
func (b *Budget) Take() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.spent+costs > size {
		return false
	}
	b.spent += costs
	return true
}

// Refund adds a tenth of a retry to a budget that is not full.
func (b *Budget) Refund() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.spent = max(b.spent-refund, 0)
}
