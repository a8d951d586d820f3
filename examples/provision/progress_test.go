package main

import (
	"bytes"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestMeter(t *testing.T) {
	t.Parallel()
	type at struct {
		seconds float64
		done    int
	}
	tests := map[string]struct {
		rows  int
		shown []at
		want  string
	}{
		"at first":     {10_000, []at{{0, 0}}, "0 of 10,000 rows (0 %)"},
		"in progress":  {10_000, []at{{0, 0}, {2, 2469}}, "2,469 of 10,000 rows (24 %), 1,235 rows/s, 6s left"},
		"resumed":      {10_000, []at{{0, 9_000}, {1, 9_004}}, "9,004 of 10,000 rows (90 %), 4.0 rows/s, 4m9s left"},
		"stuck":        {10_000, []at{{0, 10}, {1, 10}}, "10 of 10,000 rows (0 %), no recent progress"},
		"slower since": {1000, []at{{0, 0}, {1, 500}, {15, 500}, {16, 502}, {31, 512}}, "512 of 1,000 rows (51 %), 0.7 rows/s, 12m12s left"},
		"last ten":     {1000, []at{{0, 0}, {5, 500}, {10, 500}, {15, 550}}, "550 of 1,000 rows (55 %), 5.0 rows/s, 1m30s left"},
		"at the end":   {10, []at{{0, 0}, {1, 10}}, "10 of 10 rows (100 %)"},
		"no rows":      {0, []at{{0, 0}}, "0 of 0 rows (0 %)"},
		"days":         {1_000_000, []at{{0, 0}, {10, 50}}, "50 of 1,000,000 rows (0 %), 5.0 rows/s, 55h33m10s left"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := meter{rows: test.rows}
			for _, s := range test.shown {
				m.add(time.Unix(0, int64(s.seconds*1e9)), s.done)
			}
			assert.Equal(t, test.want, m.String())
		})
	}
}

func TestProgressIsLinesWhereThereIsNoTerminal(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	p := newProgress(&out)
	start := time.Now()
	for i := range 50 {
		p.show(start.Add(time.Duration(i)*500*time.Millisecond), 100, i)
	}
	p.say("something: %d", 7)
	p.end()
	assert.Equal(t, "20 of 100 rows (20 %), 2.0 rows/s, 40s left\n40 of 100 rows (40 %), 2.0 rows/s, 30s left\nsomething: 7\n", out.String())
}
