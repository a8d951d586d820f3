package cli

import (
	"time"

	"github.com/schollz/progressbar/v3"
)

// bar is a progress bar. It is nil, and does nothing, if stderr is not a terminal.
type bar struct{ *progressbar.ProgressBar }

// bar returns a progress bar for a number of items, or for -1 one without an end.
func (a *app) bar(most int64, items string) *bar {
	if !a.progress {
		return nil
	}
	return &bar{progressbar.NewOptions64(most,
		progressbar.OptionSetWriter(a.err), progressbar.OptionSetDescription(items), progressbar.OptionShowCount(),
		progressbar.OptionThrottle(100*time.Millisecond), progressbar.OptionClearOnFinish())}
}

func (b *bar) add(n int) {
	if b != nil {
		_ = b.Add(n) // a bar that is not drawn does no harm
	}
}

func (b *bar) end() {
	if b != nil {
		_ = b.Finish()
	}
}
