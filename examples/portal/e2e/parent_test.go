package e2e_test

import (
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/assert"

	"github.com/partnerapi/partnerapi-go"
	"github.com/partnerapi/partnerapi-go/partnertest"
)

func TestParent(t *testing.T) {
	t.Parallel()
	parentStory(t, openAuditor(t))
}

// The site has no script, and needs none.
func TestParentWithoutJavaScript(t *testing.T) {
	t.Parallel()
	b := openBrowser(t)
	command(b, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
	parentStory(t, b)
}

// parentStory subscribes, changes the plan, whose outcome is unknown at first, cancels, and signs up with both links.
func parentStory(t *testing.T, b *browser) {
	t.Helper()
	p := servePortal(t)
	b.open(p.url)
	b.at("Three APIs at work", "parent@example.com", "open sesame")
	b.picture("start")
	b.click("For parents")
	b.at("Log in as a parent")
	b.fill("E-mail address", "parent@example.com")
	b.fill("Password", "wrong-password")
	b.click("Log in")
	b.at("Log in as a parent", "There is a problem", "The e-mail address or the password is wrong")
	b.fill("Password", "open sesame")
	b.click("Log in")
	b.at("Your account", "MS2365", "Kim", "You have no subscription.")

	b.click("Subscribe")
	b.at("Your account", "There is a problem", "Select one of the plans")
	b.choose("Bark Monitors")
	b.click("Subscribe")
	b.on("Your account", "You are subscribed to Bark.")

	p.fake.Fail("PUT /partners/subscriptions/{pk}", partnertest.Fault{Cut: partnertest.CutAfter})
	b.choose("Bark Jr")
	b.click("Change the plan")
	b.at("Your account", "We are checking", "You asked for Bark Jr.")
	b.picture("checking")
	p.settle(t)
	assert.Eventually(t, func() bool {
		b.click("Look again")
		return !ask(b, chromedp.Evaluate[bool](`document.body.textContent.includes("We are checking")`))
	}, patience, 200*time.Millisecond)
	b.at("Your account", "Bark Jr")
	b.picture("parent")
	subscribed, _ := p.fake.Subscription("MS2365")
	assert.Equal(t, partnerapi.PlanBarkJunior, subscribed.Plan)

	b.click("Cancel the subscription")
	b.at("Cancel your subscription?")
	b.click("No, keep it")
	b.click("Cancel the subscription")
	b.click("Yes, cancel")
	b.on("Your account", "Your subscription is cancelled.", "You have no subscription.")
	assert.Empty(t, p.fake.Subscriptions())

	b.click("Add protection")
	b.do(chromedp.WaitVisible(`//h1[text()="Welcome"]`))
	b.back()
	b.on("Your account")
	b.click("Show the direct link")
	b.at("Your account", "This page holds our token.")
	b.click("Add protection directly")
	b.do(chromedp.WaitVisible(`//h1[text()="Welcome"]`))
	b.back()
	b.click("Back to the page without it")
	b.click("Log out")
	b.on("Three APIs at work")
	b.click("Parents")
	b.on("Log in as a parent")
	b.close()

	assert.Equal(t, signedUp, p.fake.Signups())
	assert.Len(t, p.fake.CallsTo("GET /partners/signup"), 2)
	for _, secret := range secrets[1:] {
		assert.Empty(t, b.places(secret), secret)
	}
}
