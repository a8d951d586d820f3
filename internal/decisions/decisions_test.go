package decisions_test

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/partnerapi/partnerapi-go/internal/decisions"
)

func TestIDsAreInOrder(t *testing.T) {
	t.Parallel()
	var ids, letters []string
	next := make(map[string]int)
	for _, d := range decisions.All() {
		letter := d.ID[:1]
		if next[letter]++; next[letter] == 1 {
			letters = append(letters, letter)
		}
		ids = append(ids, fmt.Sprintf("%s%02d", letter, next[letter]))
		assert.Equal(t, ids[len(ids)-1], d.ID)
	}
	assert.Equal(t, []string{"P", "A", "N", "S"}, letters)
}

func TestByID(t *testing.T) {
	t.Parallel()
	d, known := decisions.ByID("N01")
	assert.True(t, known)
	assert.Equal(t, "What is the path of a network's deletion?", d.Question)
	_, known = decisions.ByID("N00")
	assert.False(t, known)
}

func TestDecisionsAreComplete(t *testing.T) {
	t.Parallel()
	questions := make(map[string]string)
	for _, d := range decisions.All() {
		assert.Regexp(t, `^[A-Z].*\?$`, d.Question, d.ID)
		for _, text := range []string{d.Documents, d.Decided, d.Probe} {
			assert.Regexp(t, "^[A-Z0-9`].*[.`]$", text, d.ID)
		}
		assert.Regexp(t, "^[a-z`].*[^. ]$", d.Matters, d.ID)
		for _, text := range []string{d.Question, d.Documents, d.Decided, d.Matters, d.Probe} {
			assert.NotContains(t, text, "  ", d.ID)
			assert.Zero(t, strings.Count(text, "`")%2, "%s: a backtick without its pair: %s", d.ID, text)
		}
		assert.Contains(t, []decisions.By{decisions.BySDK, decisions.ByFake, decisions.ByBoth}, d.By, d.ID)
		key := d.ID[:1] + d.Question
		assert.Empty(t, questions[key], "%s asks what another decision asks", d.ID)
		questions[key] = d.ID
	}
}

// README lists each operation and each method.
func TestOperationsAndMethodsExist(t *testing.T) {
	t.Parallel()
	readme, err := os.ReadFile("../../README.md")
	require.NoError(t, err)
	name := regexp.MustCompile("`((?:GET|POST|PUT|DELETE) /[^`]+|(?:Signup|Subscriptions|Accounts|Networks|Invitations|AppSessions)\\.[A-Z][A-Za-z]+)`")
	for _, d := range decisions.All() {
		for _, found := range name.FindAllStringSubmatch(strings.Join([]string{d.Documents, d.Decided, d.Matters, d.Probe}, " "), -1) {
			assert.Contains(t, string(readme), found[1], d.ID)
		}
	}
}

func TestReferencesExist(t *testing.T) {
	t.Parallel()
	for _, d := range decisions.All() {
		for _, id := range regexp.MustCompile(`\b[PANS]\d\d\b`).FindAllString(strings.Join([]string{d.Documents, d.Decided, d.Matters, d.Probe}, " "), -1) {
			_, known := decisions.ByID(id)
			assert.True(t, known, "%s refers to %s", d.ID, id)
		}
	}
}

func TestWords(t *testing.T) {
	t.Parallel()
	assert.Equal(t, "the SDK, the fake, the SDK and the fake", fmt.Sprintf("%s, %s, %s", decisions.BySDK, decisions.ByFake, decisions.ByBoth))
	assert.Equal(t, "not by a probe, read-only, reversible, irreversible",
		fmt.Sprintf("%s, %s, %s, %s", decisions.HowNone, decisions.ReadOnly, decisions.Reversible, decisions.Irreversible))
}
