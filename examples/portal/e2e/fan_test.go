package e2e_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A fan joins, confirms the e-mail address, logs in, and changes what can be changed.
func TestFan(t *testing.T) {
	t.Parallel()
	b, p := openAuditor(t), servePortal(t)
	b.open(p.url)
	b.click("For fans")
	b.at("Log in as a fan")
	b.click("Join the fan club")
	b.at("Join the fan club")
	b.click("Join")
	b.at("Join the fan club", "There is a problem", "Enter your first name", "Accept the terms")
	b.fill("First name", "Alex")
	b.fill("Last name", "Example")
	b.fill("E-mail address", "alex@example.com")
	b.fill("Date of birth", "04041994")
	b.fill("User name (optional)", "alex")
	b.fill("Password", "a first password")
	b.choose("I accept")
	b.click("Join")
	b.at("Check your e-mail")

	b.click("Log in")
	b.logInWith("alex@example.com", "a first password")
	b.at("Log in as a fan", "There is a problem", "confirm")
	b.click("Mailbox")
	b.at("Mailbox", "Confirm your e-mail address", "alex@example.com")
	b.click("Confirm alex@example.com")
	b.at("Log in as a fan", "The e-mail address is confirmed.")
	b.logInWith("alex@example.com", "wrong-password")
	b.on("Log in as a fan", "The e-mail address or the password is wrong")
	b.logInWith("alex@example.com", "a first password")
	b.at("Hello, Alex", "You have no membership at the moment.", "alex@example.com", "4 April 1994")

	b.click("Change e-mail address")
	b.at("New e-mail address")
	b.click("Change it")
	b.on("New e-mail address", "Enter your new e-mail address")
	b.fill("E-mail address", "alex.new@example.com")
	b.click("Change it")
	b.at("Hello, Alex", "Your new e-mail address is saved.", "alex.new@example.com")

	b.click("Change password")
	b.at("New password")
	b.fill("Current password", "wrong-password")
	b.fill("New password", "a second password")
	b.click("Change it")
	b.at("New password", "There is a problem")
	b.fill("Current password", "a first password")
	b.fill("New password", "a second password")
	b.click("Change it")
	b.on("Hello, Alex", "Your new password is saved.")

	b.click("E-mail preferences")
	b.at("E-mail preferences")
	b.choose("No, only")
	b.click("Save")
	b.on("Hello, Alex", "Your choice is saved.")

	p.fake.ExpireSessions()
	b.click("E-mail preferences")
	b.on("Log in as a fan", "Your session has ended. Please log in again.")
	b.logInWith("alex.new@example.com", "a second password")
	b.on("E-mail preferences")
	b.click("Log out")
	b.on("Three APIs at work")
	b.close()

	for _, secret := range append([]string{"a first password", "a second password"}, secrets...) {
		assert.Empty(t, b.places(secret), secret)
	}
}

// A fan logs in at the page of the fan club, which sends the browser back with tokens in the address.
func TestFanLogsInElsewhere(t *testing.T) {
	t.Parallel()
	b, p := openAuditor(t), servePortal(t)
	p.fixDates()
	b.open(p.url)
	b.click("Fans")
	b.click("Go to the fan club’s login page")
	b.at("The fan club’s login page")
	b.logInWith("fan@example.com", "wrong-password")
	b.on("The fan club’s login page", "The e-mail address or the password is wrong")
	b.logIn("fan@example.com")
	b.at("Hello, Robin", "Gold", "PRESALE-4711", "Buy tickets two days before everybody else.")
	b.picture("fan")
	b.picture("fan-phone")
	b.click("Fans")
	b.on("Hello, Robin")
	b.close()

	// The address of the redirect holds the tokens, and Chromium stores the addresses of redirects in its files. No page, no entry of
	// the history and no other site has them.
	token := strings.TrimPrefix(p.fake.CallsTo("GET /account")[0].Header.Get("Authorization"), "Bearer ")
	require.NotEmpty(t, token)
	for _, secret := range []string{token, "access_token", "refresh_token"} {
		assert.Equal(t, []string{"profile on disk", "request URL"}, b.places(secret), secret)
	}
	for _, secret := range secrets {
		assert.Empty(t, b.places(secret), secret)
	}
}
