package cli

import (
	"context"
	"errors"
	"reflect"
	"strings"

	"github.com/spf13/cobra"

	"github.com/partnerapi/partnerapi-go"
)

// opsAnnotation is the annotation of a command with its operations, a line each.
const opsAnnotation = "operations"

// entry is a command of an operation.
type entry struct {
	use      string // RESOURCE VERB [ARGUMENT]...
	short    string
	long     string // what short does not say, if anything
	ops      string // a line each, in the order of the requests
	required string // the names of flags
	danger   string // what is confirmed before; ends with the argument
	bind     binder
}

// binder adds the flags of a command and returns what it does.
type binder func(a *app, cmd *cobra.Command) action

// action is what a command does. It returns what to print, or nil. What comes with an error is printed too.
type action func(ctx context.Context, c *call) (any, error)

// call is one run of a command.
type call struct {
	*app
	client *partnerapi.Client
	args   []string
	cmd    *cobra.Command
}

// plain is the binder of a command without a request of its own.
func plain(do action) binder { return func(*app, *cobra.Command) action { return do } }

// with is the binder of a command with a request: its fields are flags, and its secrets are asked for.
func with[In any](do func(ctx context.Context, c *call, in In) (any, error)) binder {
	return func(a *app, cmd *cobra.Command) action {
		var in In
		fields := reflect.ValueOf(&in).Elem()
		register(cmd.Flags(), fields)
		complete(cmd, "plan", string(partnerapi.PlanBark), string(partnerapi.PlanBarkJunior))
		asks := true
		if fields.FieldByName("CurrentPassword").IsValid() {
			asks = false
			cmd.Flags().BoolVar(&asks, "change-password", false, "ask for the current and the new password")
		}
		return func(ctx context.Context, c *call) (any, error) {
			if asks {
				if err := a.ask(ctx, fields); err != nil {
					return nil, err
				}
			}
			return do(ctx, c, in)
		}
	}
}

// ending is a method that ends what has an ID, and finding one that returns a record.
type (
	ending         = func(ctx context.Context, id string, opts ...partnerapi.CallOption) error
	finding[T any] = func(ctx context.Context, id string, opts ...partnerapi.CallOption) (*T, error)
)

func end(what string, of func(*partnerapi.Client) ending) binder {
	return plain(func(ctx context.Context, c *call) (any, error) {
		return outcome(c.args[0], what, of(c.client)(ctx, c.args[0]))
	})
}

func find[T any](of func(*partnerapi.Client) finding[T]) binder {
	return plain(func(ctx context.Context, c *call) (any, error) { return value(of(c.client)(ctx, c.args[0])) })
}

// command makes a command of an entry.
func (a *app) command(e entry, use string) *cobra.Command {
	arguments := strings.Fields(use)[1:]
	cmd := &cobra.Command{
		Use: use, Short: e.short, Long: strings.TrimSpace(e.short + ".\n\n" + e.long), Args: cobra.ExactArgs(len(arguments)),
		Annotations: map[string]string{opsAnnotation: e.ops}, ValidArgsFunction: cobra.NoFileCompletions,
	}
	do := e.bind(a, cmd)
	for name := range strings.FieldsSeq(e.required) {
		_ = cmd.MarkFlagRequired(name) // it fails only for a flag that is missing, which a test finds
	}
	cmd.RunE = a.begin(func(ctx context.Context, args []string) error {
		if e.danger != "" {
			if err := a.confirm(ctx, e.danger+" "+args[0]); err != nil {
				return err
			}
		}
		client, err := a.client()
		if err != nil {
			return err
		}
		value, err := do(ctx, &call{a, client, args, cmd})
		if errors.Is(err, errDryRun) {
			if _, more, ok := strings.Cut(e.ops, "\n"); ok {
				a.note("then, depending on the response: %s", strings.ReplaceAll(more, "\n", ", "))
			}
			return err
		}
		if value != nil {
			err = errors.Join(err, a.print(value))
		}
		return err
	})
	return cmd
}

// done is the output of an operation that returns nothing.
type done struct {
	ID      string `json:"id"`
	Outcome string `json:"outcome"`
}

// outcome returns the output, unless the operation failed.
func outcome(id, what string, err error) (any, error) {
	if err != nil {
		return nil, err
	}
	return done{id, what}, nil
}

// value returns what a pointer points to, or nil: a nil pointer in an any would be printed.
func value[T any](v *T, err error) (any, error) {
	if v == nil {
		return nil, err
	}
	return *v, err
}
