package cli

import (
	"context"
	"fmt"

	"github.com/partnerapi/partnerapi-go"
)

var resources = []struct{ name, short string }{
	{"signup", "Signup links of the partner API"},
	{"subscriptions", "Subscriptions of the partner API"},
	{"accounts", "Customers of the account API"},
	{"networks", "Networks of the network API"},
	{"invitations", "Invitations of the network API"},
	{"app", "Sessions of the network API"},
}

// entries are the commands of operations.
var entries = []entry{
	{
		use: "signup url", short: "Print a link that signs a parent up", ops: "GET /partners/signup",
		long: "The link carries the partner token, so it is as secret. Without --reveal a variable stands for it.",
		bind: signupURL,
	},
	{
		use: "signup resolve", short: "Sign a parent up, and print where to send the browser", ops: "GET /partners/signup",
		long: "The address may sign somebody in: it is a secret.", required: "pk email",
		bind: with(func(ctx context.Context, c *call, in partnerapi.SignupRequest) (any, error) {
			to, err := c.client.Signup.Resolve(ctx, in)
			if err != nil {
				return nil, err
			}
			return link{to.String()}, nil
		}),
	},
	{
		use: "subscriptions create", short: "Subscribe a parent", ops: "POST /partners/subscriptions", required: "pk email",
		bind: with(func(ctx context.Context, c *call, in partnerapi.CreateSubscriptionRequest) (any, error) {
			return outcome(in.PK, "created", c.client.Subscriptions.Create(ctx, in))
		}),
	},
	{
		use: "subscriptions ensure", short: "Subscribe a parent, or set the plan of one who is known",
		ops: "POST /partners/subscriptions\nPUT /partners/subscriptions/{pk}", long: ensureHelp, bind: ensure,
	},
	{
		use: "subscriptions update PK", short: "Move a subscription to another plan",
		ops: "PUT /partners/subscriptions/{pk}", required: "plan",
		bind: with(func(ctx context.Context, c *call, in partnerapi.UpdateSubscriptionRequest) (any, error) {
			return outcome(c.args[0], "updated", c.client.Subscriptions.Update(ctx, c.args[0], in))
		}),
	},
	{
		use: "subscriptions cancel PK", short: "End a subscription", ops: "DELETE /partners/subscriptions/{pk}",
		long: "The API deletes the account at Bark.", danger: "End the subscription, and delete the account at Bark, of",
		bind: end("cancelled", func(c *partnerapi.Client) ending { return c.Subscriptions.Cancel }),
	},
	{
		use: "subscriptions cancel-legacy PK", short: "End a subscription in the API's revision before plans",
		ops:  "DELETE /partners/subscriptions",
		long: "The API deletes the account at Bark.", danger: "End the subscription, and delete the account at Bark, of",
		bind: end("cancelled", func(c *partnerapi.Client) ending { return c.Subscriptions.CancelLegacy }),
	},
	{
		use: "accounts create", short: "Create a customer", ops: "POST /accounts",
		long: "It asks for the password.", required: "email birthdate",
		bind: with(func(ctx context.Context, c *call, in partnerapi.CreateAccountRequest) (any, error) {
			return value(c.client.Accounts.Create(ctx, in))
		}),
	},
	{use: "accounts login", short: "Log a customer in", ops: "POST /login", long: accountsLoginHelp, bind: accountsLogin},
	{
		use: "accounts get", short: "Show the customer who is logged in", ops: "GET /account\nPOST /refresh",
		long: "An access token that has expired is refreshed before any command on accounts.",
		bind: onSession(func(ctx context.Context, c *call, s *partnerapi.Session) (any, error) {
			return value(c.client.Accounts.Get(ctx, s))
		}),
	},
	{
		use: "accounts status", short: "Tell whether a customer is logged in", ops: "GET /account/status",
		bind: onSession(func(ctx context.Context, c *call, s *partnerapi.Session) (any, error) {
			loggedIn, err := c.client.Accounts.Status(ctx, s)
			if err != nil {
				return nil, err
			}
			return status{loggedIn}, nil
		}),
	},
	{
		use: "accounts update", short: "Change the customer who is logged in", ops: "POST /account",
		bind: with(func(ctx context.Context, c *call, in partnerapi.UpdateAccountRequest) (any, error) {
			return c.onSession(ctx, func(ctx context.Context, c *call, s *partnerapi.Session) (any, error) {
				return value(c.client.Accounts.Update(ctx, s, in))
			})
		}),
	},
	{
		use: "accounts benefits", short: "List the benefits of the customer who is logged in", ops: "GET /account/benefits",
		bind: onSession(func(ctx context.Context, c *call, s *partnerapi.Session) (any, error) {
			return listed(c.client.Accounts.Benefits(ctx, s))
		}),
	},
	{
		use: "accounts logout", short: "Log the customer out", ops: "GET /logout",
		bind: plain(func(ctx context.Context, c *call) (any, error) {
			out, err := c.onSession(ctx, func(ctx context.Context, c *call, s *partnerapi.Session) (any, error) {
				return outcome("customer", "logged out", c.client.Accounts.Logout(ctx, s))
			})
			if err == nil {
				err = c.keep(customerSession, "")
			}
			return out, err
		}),
	},
	{
		use: "accounts search EMAIL", short: "Show the customer with an e-mail", ops: "GET /account/search",
		bind: find(func(c *partnerapi.Client) finding[partnerapi.Customer] { return c.Accounts.Search }),
	},
	{
		use: "networks domains", short: "List the kinds of account that can be invited", ops: "GET /account/network-domains",
		bind: plain(func(ctx context.Context, c *call) (any, error) { return listed(c.client.Networks.Domains(ctx)) }),
	},
	{
		use: "networks get CHILD_ACCOUNT_ID", short: "Show the relation to a child account",
		ops:  "GET /account/networks/{child_account_id}",
		bind: find(func(c *partnerapi.Client) finding[partnerapi.Network] { return c.Networks.Get }),
	},
	{
		use: "networks list", short: "List the relations to child accounts", ops: "GET /account/networks",
		bind: list(func(c *partnerapi.Client) lister[partnerapi.Network] { return c.Networks }),
	},
	{
		use: "networks update CHILD_ACCOUNT_ID", short: "Set the fee of a relation",
		ops: "POST /account/networks/{child_account_id}", required: "fee",
		bind: with(func(ctx context.Context, c *call, in partnerapi.UpdateNetworkRequest) (any, error) {
			return outcome(c.args[0], "updated", c.client.Networks.Update(ctx, c.args[0], in))
		}),
	},
	{
		use: "networks delete CHILD_ACCOUNT_ID", short: "End the relation to a child account",
		ops:    "DELETE /api/account/networks/{child_account_id}",
		danger: "End the relation to",
		bind:   find(func(c *partnerapi.Client) finding[partnerapi.NetworkDeletion] { return c.Networks.Delete }),
	},
	{
		use: "invitations create", short: "Invite an account", ops: "POST /account/network-invitations", required: "email domain-id",
		long: "The API sends an e-mail with a link.",
		bind: with(func(ctx context.Context, c *call, in partnerapi.CreateInvitationRequest) (any, error) {
			return value(c.client.Invitations.Create(ctx, in))
		}),
	},
	{
		use: "invitations list", short: "List the invitations that are not activated", ops: "GET /account/network-invitations",
		bind: list(func(c *partnerapi.Client) lister[partnerapi.Invitation] { return c.Invitations }),
	},
	{
		use: "invitations update ID", short: "Change an invitation", ops: "POST /account/network-invitations/{id}",
		long: "The API sends the e-mail again.",
		bind: with(func(ctx context.Context, c *call, in partnerapi.UpdateInvitationRequest) (any, error) {
			return outcome(c.args[0], "updated", c.client.Invitations.Update(ctx, c.args[0], in))
		}),
	},
	{
		use: "invitations resend ID", short: "Send the e-mail of an invitation again",
		ops: "GET /account/network-invitations\nPOST /account/network-invitations/{id}", bind: plain(resend),
	},
	{
		use: "invitations delete ID", short: "Delete an invitation", ops: "DELETE /account/network-invitations/{id}",
		danger: "Delete the invitation", bind: end("deleted", func(c *partnerapi.Client) ending { return c.Invitations.Delete }),
	},
	{
		use: "invitations activate", short: "Accept an invitation", ops: "POST /account/network-invitations/{token}",
		long: "It asks for the link in the e-mail, or its token.",
		bind: plain(func(ctx context.Context, c *call) (any, error) {
			token, err := c.secret(ctx, "link or token")
			if err != nil {
				return nil, err
			}
			if inLink, err := partnerapi.InvitationToken(token); err == nil {
				token = inLink
				c.secrets = append(c.secrets, token)
			}
			return value(c.client.Invitations.Activate(ctx, token))
		}),
	},
	{
		use: "app session", short: "Show the session, or start one", ops: "GET /app/session", long: appHelp, bind: appSession,
	},
	{
		use: "app login", short: "Log a user in to the session", ops: "POST /app/login",
		long: "It asks for the password. " + appHelp, required: "username",
		bind: with(func(ctx context.Context, c *call, in partnerapi.AppLoginRequest) (any, error) {
			return c.keepJWT(c.client.AppSessions.Login(ctx, in))
		}),
	},
	{
		use: "app select-account ACCOUNT_ID", short: "Choose an account of the user", ops: "POST /app/login-account", long: appHelp,
		bind: plain(func(ctx context.Context, c *call) (any, error) {
			return c.keepJWT(c.client.AppSessions.SelectAccount(ctx, c.args[0]))
		}),
	},
	{
		use: "app logout", short: "Log the user out of the session", ops: "GET /app/logout", long: appHelp,
		bind: plain(func(ctx context.Context, c *call) (any, error) { return c.keepJWT(c.client.AppSessions.Logout(ctx)) }),
	},
}

type link struct {
	URL string `json:"url"`
}

type status struct {
	LoggedIn bool `json:"logged_in"`
}

// resend sets the e-mail of an invitation to what it is: the API has no operation that only sends it again.
func resend(ctx context.Context, c *call) (any, error) {
	for i, err := range c.client.Invitations.All(ctx, partnerapi.ListOptions{}) {
		if err != nil {
			return nil, err
		}
		if i.ID == c.args[0] {
			return outcome(i.ID, "sent", c.client.Invitations.Update(ctx, i.ID, partnerapi.UpdateInvitationRequest{Email: i.Email}))
		}
	}
	return nil, fmt.Errorf("no invitation has this ID: %w", partnerapi.ErrNotFound)
}
