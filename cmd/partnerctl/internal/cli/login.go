package cli

import (
	"context"
	"slices"

	"github.com/spf13/cobra"
)

// loginCommand asks for credentials and keeps them in the profile.
func (a *app) loginCommand() *cobra.Command {
	login := &cobra.Command{
		Use: "login", Short: "Keep credentials in a profile", Args: cobra.NoArgs, RunE: noVerb,
		Long: "Keep credentials in a profile: in a file that only you can read, or in the system's keyring.\n" +
			"They are asked for, or read from the lines of standard input. A --server is kept too.",
	}
	var intoKeyring bool
	login.PersistentFlags().BoolVar(&intoKeyring, "keyring", false, "keep the secrets of the profile in the system's keyring")
	add := func(use, short string, ask func(ctx context.Context) (map[string]string, error)) *cobra.Command {
		cmd := &cobra.Command{Use: use, Short: short, Args: cobra.ExactArgs(0)} // its error does not repeat a secret
		cmd.RunE = a.local(func(ctx context.Context, _ []string) error {
			secrets, err := ask(ctx)
			if err != nil {
				return err
			}
			if err := a.accepts(secrets); err != nil {
				return err
			}
			return a.change(func(p *profile) error {
				if cmd.Flags().Changed("server") {
					p.Server = a.server
				}
				if intoKeyring && !p.Keyring {
					if err := p.intoKeyring(); err != nil {
						return err
					}
				}
				return p.setAll(secrets)
			})
		})
		login.AddCommand(cmd)
		return cmd
	}
	add("partner", "Ask for the token of the partner API", func(ctx context.Context) (map[string]string, error) {
		return a.askFor(ctx, partnerToken, "partner token")
	})
	add("account", "Ask for the keys of the account API", func(ctx context.Context) (map[string]string, error) {
		return a.askFor(ctx, accountKey, "fan club's key", organizationKey, "organisation's key, only for a search")
	})
	var username, accountID string
	network := add("network", "Sign a user in to the network API, and keep the JWT", func(ctx context.Context) (map[string]string, error) {
		jwt, err := a.signInNetwork(ctx, username, accountID)
		return map[string]string{networkToken: jwt}, err
	})
	network.Long = network.Short + ".\nIt asks for the app key, the user name and the password."
	network.Flags().StringVar(&username, "username", "", "the user `name`")
	network.Flags().StringVar(&accountID, "account-id", "", "the `id` of the account, for a user with several")
	return login
}

// askFor asks for secrets, given as names and prompts. Only the first is required.
func (a *app) askFor(ctx context.Context, asked ...string) (map[string]string, error) {
	secrets := make(map[string]string)
	for pair := range slices.Chunk(asked, 2) {
		secret, err := a.secret(ctx, pair[1])
		switch required := pair[0] == asked[0]; {
		case secret != "":
			secrets[pair[0]] = secret
		case required && err != nil:
			return nil, err
		case required:
			return nil, usageError(pair[1] + ": empty")
		}
	}
	return secrets, nil
}

// accepts returns the error of a secret that the SDK refuses.
func (a *app) accepts(secrets map[string]string) error {
	for _, of := range withCredential {
		if secret := secrets[of.name]; secret != "" {
			if _, err := a.client(of.option(secret)); err != nil {
				return err
			}
			a.warn(of.name)
		}
	}
	return nil
}

// logoutCommand removes the credentials of a profile.
func (a *app) logoutCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "logout", Short: "Remove the credentials of a profile", Args: cobra.ExactArgs(0),
		Long: "Remove the credentials of a profile from its file or the keyring. It calls no API: see accounts logout and app logout.",
	}
	cmd.RunE = a.local(func(context.Context, []string) error {
		return a.change(func(p *profile) error {
			return p.setAll(map[string]string{
				partnerToken: "", accountKey: "", organizationKey: "", networkToken: "", customerSession: "",
			})
		})
	})
	return cmd
}
