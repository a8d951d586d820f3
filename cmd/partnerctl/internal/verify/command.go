package verify

import (
	"context"
	"errors"
	"io"
	"net/mail"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/partnerapi/partnerapi-go"
	"github.com/partnerapi/partnerapi-go/internal/recording"
)

// Host is what the program around the command provides.
type Host struct {
	// Begin returns the RunE of a command.
	Begin  func(run func(ctx context.Context, args []string) error) func(*cobra.Command, []string) error
	Client func(...partnerapi.Option) (*partnerapi.Client, error)
	Out    io.Writer
	// Confirm asks whether to do something, and returns an error if not.
	Confirm func(ctx context.Context, what string) error
	// Line and Secret ask for a line. What is typed for a secret is not shown.
	Line, Secret func(ctx context.Context, prompt string) (string, error)
}

// Command returns the command verify, with a command for each API.
func Command(host Host) *cobra.Command {
	group := &cobra.Command{
		Use: "verify", Short: "Find out whether an API does what the SDK and its fake expect", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return errors.New(cmd.CommandPath() + " needs the name of an API")
		},
	}
	for _, api := range []partnerapi.API{partnerapi.PartnerAPI, partnerapi.AccountAPI, partnerapi.NetworkAPI} {
		group.AddCommand(command(host, api))
	}
	return group
}

func command(host Host, api partnerapi.API) *cobra.Command {
	config := Config{API: api, Client: host.Client, Out: host.Out, Confirm: host.Confirm, Line: host.Line, Pause: Pause(api)}
	var file string
	var withAppKey bool
	cmd := &cobra.Command{
		Use: string(api), Short: "Verify the " + string(api) + " API", Args: cobra.NoArgs,
		Long: "Verify the " + string(api) + " API: see docs/verify.md and docs/decisions.md.\n\n" +
			"Exit statuses: 0 if all that was found out is as decided, 17 if something differs, 18 if nothing could be found out.",
	}
	flags := cmd.Flags()
	if api != partnerapi.AccountAPI {
		flags.BoolVar(&config.Write, "write", false, "create records too, and remove them")
	}
	flags.BoolVar(&config.Irreversible, "irreversible", false, "do what cannot be undone too, after a confirmation for each probe")
	flags.Func("email", "an `address` that you own, for --irreversible", func(email string) error {
		config.Email = email
		return refuseAddress(email)
	})
	cmd.MarkFlagsRequiredTogether("irreversible", "email")
	flags.StringVar(&config.Record, "record", "", "write the answers into a `directory`, for partnertest.WithRecorded")
	flags.StringVar(&file, "out", "verify.json", "write the report into a `file`")
	if api == partnerapi.NetworkAPI {
		flags.BoolVar(&withAppKey, "sessions", false, "verify sessions too: ask for the app key")
		flags.StringVar(&config.Username, "username", "", "the `name` of a user, to sign in: ask for the app key and the password")
	}
	cmd.RunE = host.Begin(func(ctx context.Context, _ []string) error {
		if err := askFor(ctx, host, &config, withAppKey); err != nil {
			return err
		}
		return verify(ctx, config, file)
	})
	return cmd
}

// refuseAddress returns an error for what is not a plain e-mail, such as one with a name.
func refuseAddress(email string) error {
	address, err := mail.ParseAddress(email)
	if err != nil || address.Address != email || strings.ContainsAny(email, " \"") {
		return errors.New("not an e-mail address")
	}
	return nil
}

// askFor asks for the secrets that sign in at the network API.
func askFor(ctx context.Context, host Host, config *Config, withAppKey bool) (err error) {
	if withAppKey || config.Username != "" {
		config.AppKey, err = host.Secret(ctx, "app key")
	}
	if err == nil && config.Username != "" {
		config.Password, err = host.Secret(ctx, "password")
	}
	return err
}

// writable returns an error for a directory in which no file can be created, before a run whose result would be lost.
func writable(dir string) error {
	file, err := os.CreateTemp(dir, ".verify-*")
	if err != nil {
		return err
	}
	return errors.Join(file.Close(), os.Remove(file.Name()))
}

// verify makes the run and writes its report.
func verify(ctx context.Context, config Config, file string) error {
	if err := writable(filepath.Dir(file)); err != nil {
		return err
	}
	if config.Record != "" {
		if err := errors.Join(os.MkdirAll(config.Record, 0o700), writable(config.Record)); err != nil {
			return err
		}
	}
	report, err := Run(ctx, config)
	if report == nil {
		return err
	}
	return errors.Join(recording.WriteJSON(file, report), err)
}
