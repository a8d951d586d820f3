package acceptance

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/partnerapi/partnerapi-go"
	"github.com/partnerapi/partnerapi-go/partnertest"
)

func write(t *testing.T, path, content string) {
	t.Helper()
	require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
}

func assertAll(t *testing.T, errs []error, check func(assert.TestingT, error, ...any) bool) {
	t.Helper()
	for _, err := range errs {
		check(t, err)
	}
}

func invalidate(t *testing.T, source partnerapi.TokenSource, token string) {
	t.Helper()
	renewable, ok := source.(interface{ Invalidate(token string) })
	require.True(t, ok)
	renewable.Invalidate(token)
}

// The errors of a file print neither its path nor its content.
func TestTokenFileErrors(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		prepare func(t *testing.T, path string)
		text    string
		is      error
	}{
		"missing": {func(*testing.T, string) {}, "opening the file failed; no such file or directory", fs.ErrNotExist},
		"a folder": {func(t *testing.T, path string) {
			t.Helper()
			require.NoError(t, os.Mkdir(path, 0o700))
		}, "not a file", nil},
		"no credential": {func(t *testing.T, path string) {
			t.Helper()
			write(t, path, "SECRET\x00")
		}, "the file holds an invalid credential: has control characters", nil},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "SECRET")
			test.prepare(t, path)
			source := partnerapi.TokenFile(path)
			_, err := source.Token(t.Context())
			for _, verb := range []string{"%s", "%v", "%+v", "%#v"} {
				assert.Equal(t, test.text, fmt.Sprintf(verb, err), verb)
			}
			client := partnertest.New().Client(partnerapi.WithCredentialSource(partnerapi.PartnerToken, source))
			failed := client.Subscriptions.Cancel(t.Context(), "MS1")
			require.ErrorIs(t, failed, partnerapi.ErrNoCredential)
			if test.is != nil {
				require.ErrorIs(t, err, test.is)
				require.ErrorIs(t, failed, test.is)
			}
		})
	}
}

// A 401 makes the SDK read the changed file.
func TestTokenFileAfter401(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) { // within a second
		path := filepath.Join(t.TempDir(), "token")
		source := partnerapi.TokenFile(path)
		write(t, path, "token-1")
		_, err := source.Token(t.Context())
		require.NoError(t, err)
		write(t, path, partnertest.PartnerToken)
		fake := partnertest.New()
		fake.SeedSubscription(partnertest.Subscription{PK: "MS1"})
		client := fake.Client(partnerapi.WithCredentialSource(partnerapi.PartnerToken, source))
		require.NoError(t, client.Subscriptions.Cancel(t.Context(), "MS1"))
		assert.Len(t, fake.CallsTo("DELETE /partners/subscriptions/{pk}"), 2)
	})
}
