package cli

import (
	"bytes"
	"context"
	"iter"
	"time"

	"github.com/spf13/cobra"

	"github.com/partnerapi/partnerapi-go"
)

// lister is a service that has a list.
type lister[T any] interface {
	List(ctx context.Context, in partnerapi.ListOptions, opts ...partnerapi.CallOption) (*partnerapi.Page[T], error)
	All(ctx context.Context, in partnerapi.ListOptions, opts ...partnerapi.CallOption) iter.Seq2[T, error]
}

const minInterval = time.Second

// list is the binder of a list.
func list[T any](of func(*partnerapi.Client) lister[T]) binder {
	return func(a *app, cmd *cobra.Command) action {
		var all, watch bool
		var interval time.Duration
		cmd.Flags().BoolVar(&all, "all", false, "list all pages, from --page on")
		cmd.Flags().BoolVar(&watch, "watch", false, "list again and again, until Ctrl-C")
		cmd.Flags().DurationVar(&interval, "interval", 10*time.Second, "the `time` between two lists of --watch, at least 1s")
		return with(func(ctx context.Context, c *call, in partnerapi.ListOptions) (any, error) {
			once := func() (any, error) {
				if all {
					return listed(everything(c, of(c.client).All(ctx, in)))
				}
				page, err := of(c.client).List(ctx, in)
				return onePage(c, page, err)
			}
			switch {
			case !watch || c.dryRun:
				return once()
			case interval < minInterval:
				return nil, usageError("--interval: at least 1s")
			default:
				return nil, c.watch(ctx, interval, once)
			}
		})(a, cmd)
	}
}

// onePage returns the records of a page, and says on a table if there are more.
func onePage[T any](c *call, page *partnerapi.Page[T], err error) (any, error) {
	if err != nil {
		return nil, err
	}
	if c.output == "table" && page.HasNext() {
		c.note("page %d of %d, %d records in all: --all lists them", page.Number, page.Pages, page.Total)
	}
	return listed(page.Items, nil)
}

// everything collects the records of all pages, with a progress bar.
func everything[T any](c *call, records iter.Seq2[T, error]) (items []T, err error) {
	bar := c.bar(-1, "records")
	defer bar.end()
	for record, err := range records {
		if err != nil {
			return nil, err
		}
		bar.add(1)
		items = append(items, record)
	}
	return items, nil
}

// watch prints the list whenever it has changed. A terminal shows only the newest.
func (c *call) watch(ctx context.Context, interval time.Duration, once func() (any, error)) error {
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	var before []byte
	for {
		list, err := once()
		if err != nil {
			if ctx.Err() != nil { // Ctrl-C is how a watch ends
				return nil
			}
			return err
		}
		var now bytes.Buffer
		if err := c.render(&now, list); err != nil {
			return err
		}
		if !bytes.Equal(now.Bytes(), before) {
			before = now.Bytes()
			if c.redraw {
				_, _ = c.out.Write([]byte("\x1b[H\x1b[2J"))
			}
			if _, err := c.out.Write(now.Bytes()); err != nil {
				return err
			}
		}
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
	}
}
