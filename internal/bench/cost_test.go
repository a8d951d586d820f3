//go:build !race

package main

import (
	"runtime"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A call does not become twice as expensive unnoticed. CPU time of this process is compared with that of the same work by hand,
// in turns, so that the machine and its load do not matter. The bounds are twice what was measured with the Go release of
// the higher ratio.
func TestCostAgainstByHand(t *testing.T) { //nolint:paralleltest // measures the whole process
	all, err := works()
	require.NoError(t, err)
	bounds := map[string]struct {
		calls            int // enough for some 10 ms
		cpu, allocations float64
	}{
		"create":  {2000, 1.4, 1.0},
		"account": {400, 0.7, 0.77},
		"list":    {60, 0.5, 0.29},
		"error":   {2000, 1.6, 1.23},
	}
	for _, w := range all { //nolint:paralleltest // see above
		t.Run(w.name, func(t *testing.T) {
			bound := bounds[w.name]
			require.NotZero(t, bound.calls)
			var run [2]func() // of the SDK, and by hand
			for i := range run {
				c, err := peers[i].dial(setup{base: memoryBase, transport: newMemory(w.status, w.reply)})
				require.NoError(t, err)
				require.NoError(t, w.check(w.run(t.Context(), c)))
				run[i] = func() { _, _ = w.run(t.Context(), c) }
			}
			var ratios []float64
			for range 15 {
				var took [2]float64
				for i := range run {
					runtime.GC()
					before := cpuTime()
					for range bound.calls {
						run[i]()
					}
					took[i] = float64(cpuTime() - before)
				}
				ratios = append(ratios, took[0]/took[1])
			}
			slices.Sort(ratios)
			allocations := testing.AllocsPerRun(50, run[0]) / testing.AllocsPerRun(50, run[1])
			t.Logf("CPU %.2f (%.2f to %.2f), allocations %.2f", ratios[7], ratios[0], ratios[14], allocations)
			assert.Less(t, ratios[7], bound.cpu, "CPU, by hand = 1")
			assert.Less(t, allocations, bound.allocations, "allocations, by hand = 1")
		})
	}
}
