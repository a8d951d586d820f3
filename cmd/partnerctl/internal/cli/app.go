// Package cli is the program partnerctl: the commands, and what they share.
package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/partnerapi/partnerapi-go"
)

// app is one run of the program.
type app struct {
	in       *bufio.Reader
	out, err io.Writer
	terminal bool                                  // whether in is one
	hidden   func(context.Context) (string, error) // reads a line of the terminal without an echo
	progress bool                                  // whether err is a terminal
	redraw   bool                                  // whether out is a terminal
	dir      string                                // of the profiles
	options  []partnerapi.Option                   // of a test

	output, profileName, server string
	dump, dryRun, yes           bool
	began                       bool // whether the command line was accepted
	placeholders                placeholders
	secrets                     []string // that the run knows
}

// Run runs the program and returns its exit status.
func Run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	a := &app{in: bufio.NewReader(stdin), out: stdout, err: stderr}
	if file, ok := stdin.(*os.File); ok {
		a.terminal = isTerminal(file)
		a.hidden = hiddenLine(int(file.Fd()))
	}
	a.progress, a.redraw = isTerminal(stderr), isTerminal(stdout)
	if dir, err := os.UserConfigDir(); err == nil { // otherwise there are no profiles
		a.dir = filepath.Join(dir, "partnerctl")
	}
	return a.run(ctx, args)
}

// hiddenLine returns a function that reads a line of a terminal without an echo. After Ctrl-C the terminal is as before.
func hiddenLine(fd int) func(context.Context) (string, error) {
	return func(ctx context.Context) (string, error) {
		state, err := term.GetState(fd)
		if err != nil {
			return "", err
		}
		text, err := await(ctx, func() (string, error) {
			text, err := term.ReadPassword(fd)
			return string(text), err
		})
		if ctx.Err() != nil {
			_ = term.Restore(fd, state) // the program ends anyway
		}
		return text, err
	}
}

// await returns what read does, or the error of ctx: nothing interrupts a read.
func await(ctx context.Context, read func() (string, error)) (string, error) {
	type line struct {
		text string
		err  error
	}
	done := make(chan line, 1)
	go func() {
		text, err := read()
		done <- line{text, err}
	}()
	select {
	case <-ctx.Done():
		return "", ctx.Err()
	case l := <-done:
		return l.text, l.err
	}
}

func isTerminal(stream any) bool {
	file, ok := stream.(*os.File)
	return ok && term.IsTerminal(int(file.Fd()))
}

func (a *app) run(ctx context.Context, args []string) int {
	a.placeholders = newPlaceholders()
	root := a.root()
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	if errors.Is(err, errDryRun) {
		return 0
	}
	if err != nil && !a.began {
		err = usageError(err.Error() + " (see -h)")
	}
	switch {
	case err == nil:
	case statusOf(err) == statusInterrupted:
		a.note("partnerctl: interrupted")
	default:
		a.note("partnerctl: %s%s", a.told(err), hint(err))
	}
	return statusOf(err)
}

// root returns the command with all others.
func (a *app) root() *cobra.Command {
	root := &cobra.Command{
		Use: "partnerctl", Version: partnerapi.Version, Short: "Call the partner, account and network APIs from a terminal",
		Long: "Partnerctl calls the partner, account and network APIs.\n\n" +
			"Credentials and base URLs come from the environment variables PARTNERAPI_PARTNER_TOKEN, _ACCOUNT_KEY, _ORGANIZATION_KEY,\n" +
			"_NETWORK_TOKEN, _PARTNER_URL, _ACCOUNT_URL and _NETWORK_URL, or else from the profile of partnerctl login.\n" +
			"PARTNERCTL_PROFILE and PARTNERCTL_SERVER are the defaults of --profile and --server.\n\n" + statusHelp(),
		SilenceErrors: true, SilenceUsage: true,
	}
	root.SetIn(a.in)
	root.SetOut(a.out)
	root.SetErr(a.err)
	flags := root.PersistentFlags()
	flags.StringVarP(&a.output, "output", "o", "table", "the `form` of the output: "+strings.Join(forms, ", "))
	flags.StringVar(&a.profileName, "profile", fromEnv("PARTNERCTL_PROFILE", "default"), "the `name` of the profile")
	flags.StringVar(&a.server, "server", os.Getenv("PARTNERCTL_SERVER"),
		"a `URL` with the APIs under /partner, /account and /network,\nsuch as that of partnerctl fake")
	flags.BoolVar(&a.dump, "dump", false, "write each request and response to stderr, redacted")
	flags.BoolVar(&a.dryRun, "dry-run", false, "print the request as a curl command, and send nothing")
	flags.BoolVarP(&a.yes, "yes", "y", false, "do not ask for a confirmation")
	complete(root, "output", forms...)

	groups := make(map[string]*cobra.Command)
	for _, r := range resources {
		groups[r.name] = &cobra.Command{Use: r.name, Short: r.short, Args: cobra.NoArgs, RunE: noVerb}
		root.AddCommand(groups[r.name])
	}
	for _, e := range entries {
		name, use, _ := strings.Cut(e.use, " ")
		groups[name].AddCommand(a.command(e, use))
	}
	root.AddCommand(a.loginCommand(), a.logoutCommand(), a.verifyCommand(), a.fakeCommand(), a.manCommand(root))
	return root
}

func noVerb(cmd *cobra.Command, _ []string) error {
	return errors.New(cmd.CommandPath() + " needs one of its commands")
}

func complete(cmd *cobra.Command, flag string, values ...string) {
	// It fails only for a flag that is missing or completed twice.
	_ = cmd.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(values, cobra.ShellCompDirectiveNoFileComp))
}

func fromEnv(name, otherwise string) string {
	if value := os.Getenv(name); value != "" {
		return value
	}
	return otherwise
}

// begin returns the RunE of a command. Its errors are not mistakes in the command line.
func (a *app) begin(run func(ctx context.Context, args []string) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) error {
		a.began = true
		if !slices.Contains(forms, a.output) {
			return usageError("--output: want one of " + strings.Join(forms, ", "))
		}
		return run(cmd.Context(), args)
	}
}

// local is begin for a command that calls no API.
func (a *app) local(run func(ctx context.Context, args []string) error) func(*cobra.Command, []string) error {
	return a.begin(func(ctx context.Context, args []string) error {
		if a.dryRun {
			return usageError("this command has no dry run")
		}
		return run(ctx, args)
	})
}

// note writes a line that is not part of the output.
func (a *app) note(format string, args ...any) { _, _ = fmt.Fprintf(a.err, format+"\n", args...) }

// confirm asks whether to do what cannot be undone.
func (a *app) confirm(ctx context.Context, what string) error {
	if a.yes || a.dryRun {
		return nil
	}
	if !a.terminal {
		return usageError(what + ": confirm it with --yes, because there is no terminal to ask on")
	}
	answer, err := a.line(ctx, printable(what)+"? [y/N]")
	if err != nil {
		return err
	}
	if answer = strings.ToLower(strings.TrimSpace(answer)); answer == "y" || answer == "yes" {
		return nil
	}
	return usageError("not confirmed")
}

// line reads a line, after a prompt on a terminal.
func (a *app) line(ctx context.Context, prompt string) (string, error) {
	if a.terminal {
		_, _ = fmt.Fprintf(a.err, "%s: ", prompt)
	}
	text, err := await(ctx, func() (string, error) { return a.in.ReadString('\n') })
	if err != nil && (text == "" || !errors.Is(err, io.EOF)) {
		return "", usageError("standard input: want a line: " + prompt)
	}
	return strings.TrimRight(text, "\r\n"), nil
}

// secret reads a line that a terminal does not show. A dry run has a placeholder instead.
func (a *app) secret(ctx context.Context, prompt string) (string, error) {
	if a.dryRun {
		return a.placeholders.of(strings.ToUpper(strings.ReplaceAll(prompt, " ", "_"))), nil
	}
	read := a.line
	if a.terminal {
		read = func(ctx context.Context, prompt string) (string, error) {
			_, _ = fmt.Fprintf(a.err, "%s: ", prompt)
			defer a.note("")
			return a.hidden(ctx)
		}
	}
	text, err := read(ctx, prompt)
	a.secrets = append(a.secrets, text)
	return text, err
}

// told returns the text of an error on one line. An API may repeat what it was sent, so the secrets of the run are redacted; one
// of a few letters is no secret, and would be found in any word.
func (a *app) told(err error) string {
	text := strings.ReplaceAll(err.Error(), "\n", "; ")
	for _, secret := range a.secrets {
		if len(secret) > 3 {
			text = strings.ReplaceAll(text, secret, "[redacted]")
		}
	}
	return printable(text)
}
