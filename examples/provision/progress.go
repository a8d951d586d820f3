package main

import (
	"fmt"
	"io"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/dustin/go-humanize"
	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"
	"golang.org/x/term"
)

// meter measures the progress of a run, its recent rate, and the remaining time at that rate.
type meter struct {
	rows    int
	samples []sample // the last window, oldest first
}

type sample struct {
	at   time.Time
	done int
}

const meterWindow = 10 * time.Second

func (m *meter) add(now time.Time, done int) {
	for len(m.samples) > 1 && now.Sub(m.samples[1].at) >= meterWindow {
		m.samples = m.samples[1:]
	}
	m.samples = append(m.samples, sample{now, done})
}

// rate returns rows per second.
func (m *meter) rate() float64 {
	first, last := m.samples[0], m.samples[len(m.samples)-1]
	if elapsed := last.at.Sub(first.at).Seconds(); elapsed > 0 {
		return float64(last.done-first.done) / elapsed
	}
	return 0
}

func (m *meter) String() string {
	done := m.samples[len(m.samples)-1].done
	text := fmt.Sprintf("%s of %s rows (%d %%)", comma(done), comma(m.rows), 100*done/max(m.rows, 1))
	switch rate := m.rate(); {
	case done >= m.rows:
		return text
	case rate > 0:
		left := time.Duration(float64(m.rows-done) / rate * float64(time.Second))
		return fmt.Sprintf("%s, %s rows/s, %s left", text, comma1(rate), left.Round(time.Second))
	case len(m.samples) > 1:
		return text + ", no recent progress"
	default:
		return text
	}
}

func comma(n int) string { return humanize.Comma(int64(n)) }

// comma1 shows one decimal for small numbers.
func comma1(f float64) string {
	if f < 10 {
		return fmt.Sprintf("%.1f", f)
	}
	return comma(int(f + 0.5))
}

// progress shows a meter: as a bar on a terminal, as lines elsewhere.
type progress struct {
	meter

	out   io.Writer
	isTTY bool
	lined time.Time // the time of the last line

	mu   sync.Mutex // guards bars: other goroutines print while a bar is shown
	bars *mpb.Progress
	bar  *mpb.Bar
	text atomic.Value // the text beside the bar
}

// lineEvery is the interval of lines if there is no terminal.
const lineEvery = 10 * time.Second

func newProgress(out io.Writer) *progress {
	f, ok := out.(*os.File)
	return &progress{out: out, isTTY: ok && term.IsTerminal(int(f.Fd())), lined: time.Now()}
}

// show shows the number of completed rows.
func (p *progress) show(now time.Time, rows, done int) {
	p.rows = rows
	p.add(now, done)
	if !p.isTTY {
		if now.Sub(p.lined) >= lineEvery {
			p.lined = now
			p.say("%s", p)
		}
		return
	}
	p.text.Store(" " + p.String())
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.bars == nil {
		p.bars = mpb.New(mpb.WithOutput(p.out), mpb.WithAutoRefresh(), mpb.WithRefreshRate(200*time.Millisecond))
		p.bar = p.bars.AddBar(int64(rows), mpb.AppendDecorators(decor.Any(func(decor.Statistics) string {
			return p.text.Load().(string)
		})))
	}
	p.bar.SetCurrent(int64(done))
}

// say prints a line, above the bar if there is one.
func (p *progress) say(format string, args ...any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.bars != nil {
		_, _ = fmt.Fprintf(p.bars, format+"\n", args...)
		return
	}
	_, _ = fmt.Fprintf(p.out, format+"\n", args...)
}

// end keeps the bar as it is and starts a new one.
func (p *progress) end() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.samples = nil
	if p.bars != nil {
		p.bar.Abort(false) // does nothing if the bar is complete
		p.bars.Wait()
		p.bars = nil
	}
}
