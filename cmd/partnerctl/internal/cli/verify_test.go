package cli

import (
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestVerify(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) { // its pauses take no time
		p := newProgram(t)
		file := filepath.Join(dir, "verify.json")
		got := p.run("verify partner --yes --write --out " + file)
		assert.Equal(t, 0, got.status, got.err)
		assert.Contains(t, got.out, "\nP09 as decided\n")
		assert.Contains(t, got.out, "P28 could not be found out: the revision with plans serves this partner\n")
		assert.Len(t, p.fake.Subscriptions(), len(newProgram(t).fake.Subscriptions()))
		content, err := os.ReadFile(file) //nolint:gosec // of the test
		require.NoError(t, err)
		assert.Contains(t, string(content), `"verdict": "as decided"`)

		got = p.with("yes\nno\n", "verify partner --yes --irreversible --email me@owner.example --out "+file)
		assert.Equal(t, 0, got.status, got.err)
		assert.Contains(t, got.out, "\nP02 as decided\n")
		assert.Contains(t, got.out, "\nP03 could not be found out: not confirmed\n")
		assert.Regexp(t, `\nleft behind: a parent with the pk partnerctl-verify-[0-9a-f]{8}-p02\n$`, got.out)

		p.fake.Handle("PUT /partners/subscriptions/{pk}", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusConflict)
		}))
		got = p.run("verify partner --yes --out " + file)
		assert.Equal(t, 17, got.status)
		assert.Equal(t, "partnerctl: an API differs from what was decided\n", got.err)
		assert.Contains(t, got.out, "\nP09 differs: PUT /partners/subscriptions/{pk}: 409 without a body\n")
	})
}

func TestVerifyRefusesAndFindsNothing(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		p := withoutCredentials(t)
		got := p.run("verify partner --out " + filepath.Join(dir, "verify.json"))
		assert.Equal(t, 2, got.status)
		assert.Contains(t, got.err, "confirm it with --yes")
		got = p.run("verify partner --yes --out " + filepath.Join(dir, "verify.json"))
		assert.Equal(t, 18, got.status)
		assert.Contains(t, got.out, "P09 could not be found out: a credential is missing, see partnerctl verify -h")
		assert.Equal(t, 2, p.run("verify account --irreversible").status)
		assert.Equal(t, 2, p.run("verify account --dry-run").status)
		assert.Equal(t, 2, p.run("verify").status)
	})
}

// The report is not lost, and what cannot be written is found before anything is sent.
func TestVerifyCannotWrite(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		p := newProgram(t)
		got := p.run("verify partner --yes --out " + filepath.Join(dir, "none", "verify.json"))
		assert.Equal(t, 1, got.status)
		assert.Empty(t, p.fake.Calls())
		assert.NoFileExists(t, filepath.Join(dir, "none"))

		file, record := filepath.Join(dir, "verify.json"), filepath.Join(dir, "recorded")
		require.NoError(t, os.MkdirAll(filepath.Join(record, "get-partners-signup.bad-credential.json"), 0o700))
		got = p.run("verify partner --yes --out " + file + " --record " + record)
		assert.Equal(t, 1, got.status)
		assert.FileExists(t, file)
	})
}
