package cli

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/stretchr/testify/require"
	"github.com/zalando/go-keyring"

	"github.com/partnerapi/partnerapi-go/partnertest"
)

// TestMain makes the test binary the program itself for tests that need a process. A developer's credentials and keyring stay
// out of the tests.
func TestMain(m *testing.M) {
	if os.Getenv("PARTNERCTL_TEST_PROGRAM") != "" {
		os.Exit(Run(context.Background(), os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
	}
	for _, variable := range os.Environ() {
		if name, _, _ := strings.Cut(variable, "="); strings.HasPrefix(name, "PARTNERAPI_") || strings.HasPrefix(name, "PARTNERCTL_") {
			_ = os.Unsetenv(name)
		}
	}
	keyring.MockInit()
	os.Exit(m.Run())
}

// program runs the program against a fake, with a profile of its own.
type program struct {
	*testing.T
	fake *partnertest.Fake
	dir  string
}

// newProgram returns a program with the credentials of the fake and example records.
func newProgram(t *testing.T) *program {
	t.Helper()
	p := withoutCredentials(t)
	p.store(map[string]string{
		partnerToken: partnertest.PartnerToken, accountKey: partnertest.AccountKey,
		organizationKey: partnertest.OrganizationKey, networkToken: partnertest.NetworkToken,
	})
	return p
}

func withoutCredentials(t *testing.T) *program {
	t.Helper()
	p := &program{t, partnertest.New(), t.TempDir()}
	seed(p.fake)
	return p
}

func (p *program) file() string { return filepath.Join(p.dir, "profiles.json") }

// store writes the profile.
func (p *program) store(secrets map[string]string) {
	p.Helper()
	content, err := json.Marshal(map[string]profile{"default": {Secrets: secrets}})
	require.NoError(p, err)
	require.NoError(p, os.WriteFile(p.file(), content, 0o600))
}

// stored returns the profile.
func (p *program) stored() profile {
	p.Helper()
	content, err := os.ReadFile(p.file())
	require.NoError(p, err)
	var all map[string]profile
	require.NoError(p, json.Unmarshal(content, &all))
	return all["default"]
}

// ran is what a run printed.
type ran struct {
	status   int
	out, err string
}

// run runs a command line, of words without spaces.
func (p *program) run(line string) ran { return p.with("", line) }

// with runs a command line with a standard input.
func (p *program) with(stdin, line string) ran {
	return p.start(p.Context(), stdin, nil, strings.Fields(line)...)
}

// start runs the arguments, in an app that change may change.
func (p *program) start(ctx context.Context, stdin string, change func(*app), args ...string) ran {
	var out, err bytes.Buffer
	a := &app{in: bufio.NewReader(strings.NewReader(stdin)), out: &out, err: &err, dir: p.dir, options: p.fake.ClientOptions()}
	if change != nil {
		change(a)
	}
	return ran{a.run(ctx, args), out.String(), err.String()}
}

// leaves returns all commands that run something.
func leaves(cmd *cobra.Command) (all []*cobra.Command) {
	for _, inner := range cmd.Commands() {
		all = append(all, leaves(inner)...)
	}
	if !cmd.HasSubCommands() {
		return []*cobra.Command{cmd}
	}
	return all
}

// terminal makes standard input a terminal, on which the secrets are typed.
func terminal(secrets ...string) func(*app) {
	return func(a *app) {
		a.terminal = true
		a.hidden = func(context.Context) (string, error) {
			typed := secrets[0]
			secrets = secrets[1:]
			return typed, nil
		}
	}
}
