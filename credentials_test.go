package partnerapi_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/partnerapi/partnerapi-go"
	"github.com/partnerapi/partnerapi-go/partnertest"
)

func write(t *testing.T, path, content string) {
	t.Helper()
	require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
}

func assertToken(t *testing.T, source partnerapi.TokenSource, want string) {
	t.Helper()
	got, err := source.Token(t.Context())
	require.NoError(t, err)
	assert.Equal(t, want, got)
}

// together makes calls at the same time, and returns their errors.
func together(n int, call func() error) []error {
	errs := make([]error, n)
	var calls sync.WaitGroup
	for i := range errs {
		calls.Go(func() { errs[i] = call() })
	}
	calls.Wait()
	return errs
}

func assertAll(t *testing.T, errs []error, check func(assert.TestingT, error, ...any) bool) {
	t.Helper()
	for _, err := range errs {
		check(t, err)
	}
}

func invalidate(t *testing.T, source partnerapi.TokenSource, token string) {
	t.Helper()
	told, ok := source.(interface{ Invalidate(token string) })
	require.True(t, ok)
	told.Invalidate(token)
}

func TestTokenFileContent(t *testing.T) {
	t.Parallel()
	const none = "the file does not hold a credential"
	tests := map[string]struct{ content, want, why string }{
		"a line":            {"token\n", "token", ""},
		"no newline":        {"token", "token", ""},
		"a line of Windows": {"token\r\n", "token", ""},
		"spaces within":     {"a b", "a b", ""},
		"empty":             {"", "", none},
		"a newline":         {"\n", "", none},
		"two newlines":      {"SECRET\n\n", "", none},
		"two lines":         {"SECRET\nSECRET\n", "", none},
		"a space":           {"SECRET \n", "", none},
		"a return":          {"SECRET\r", "", none},
		"as much as it may": {strings.Repeat("a", 64<<10), strings.Repeat("a", 64<<10), ""},
		"a byte order mark": {"\ufeffSECRET\n", "", none},
		"too much":          {strings.Repeat("a", 64<<10+1), "", none},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "SECRET")
			write(t, path, test.content)
			got, err := partnerapi.TokenFile(path).Token(t.Context())
			assert.Equal(t, test.want, got)
			if test.why == "" {
				require.NoError(t, err)
			} else {
				require.EqualError(t, err, test.why)
			}
		})
	}
}

// A cluster swaps the link to the folder of all files of a Secret; the file that the path names never changes.
func TestTokenFileBehindALinkThatIsSwapped(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	mount := func(version, token string) {
		require.NoError(t, os.Mkdir(filepath.Join(dir, version), 0o700))
		write(t, filepath.Join(dir, version, "partner-token"), token)
		require.NoError(t, os.Symlink(version, filepath.Join(dir, "..data_tmp")))
		require.NoError(t, os.Rename(filepath.Join(dir, "..data_tmp"), filepath.Join(dir, "..data")))
	}
	path := filepath.Join(dir, "partner-token")
	require.NoError(t, os.Symlink(filepath.Join("..data", "partner-token"), path))
	synctest.Test(t, func(t *testing.T) {
		mount("..1", "token-1")
		source := partnerapi.TokenFile(path)
		assertToken(t, source, "token-1")
		mount("..2", "token-2")
		time.Sleep(time.Second - time.Nanosecond)
		assertToken(t, source, "token-1")
		time.Sleep(time.Nanosecond)
		assertToken(t, source, "token-2")

		// The first version is removed, and the next one is noticed through a 401.
		require.NoError(t, os.RemoveAll(filepath.Join(dir, "..1")))
		mount("..3", partnertest.PartnerToken)
		fake := partnertest.New()
		fake.SeedSubscription(partnertest.Subscription{PK: "MS1"})
		client := fake.Client(partnerapi.WithCredentialSource(partnerapi.PartnerToken, source))
		require.NoError(t, client.Subscriptions.Cancel(t.Context(), "MS1"))
		assert.Len(t, fake.CallsTo("DELETE /partners/subscriptions/{pk}"), 2)
	})
}

// A file that is written anew in its place, with as many bytes and at the same time as before.
func TestTokenFileThatLooksTheSame(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "token")
		source := partnerapi.TokenFile(path)
		for _, token := range []string{"token-1", "token-2"} {
			write(t, path, token)
			require.NoError(t, os.Chtimes(path, time.Unix(1234567890, 0), time.Unix(1234567890, 0)))
			assertToken(t, source, token)
			time.Sleep(time.Second)
		}
	})
}

func TestTokenFileThatIsRefused(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "token")
		source := partnerapi.TokenFile(path)
		write(t, path, "token-1")
		assertToken(t, source, "token-1")
		write(t, path, "token-2")
		invalidate(t, source, "another")
		assertToken(t, source, "token-1")
		invalidate(t, source, "token-1")
		invalidate(t, source, "another") // by a call that was slower
		assertToken(t, source, "token-2")
		write(t, path, "token-3")
		invalidate(t, source, "token-1") // of a call that began with it
		assertToken(t, source, "token-2")

		// One that was refused is not used again because the file has gone, but it is if the file still says so.
		require.NoError(t, os.Remove(path))
		invalidate(t, source, "token-2")
		for range 2 {
			_, err := source.Token(t.Context())
			require.ErrorIs(t, err, fs.ErrNotExist)
		}
		write(t, path, "token-2")
		assertToken(t, source, "token-2")
	})
}

// Whoever writes the file may need a moment.
func TestTokenFileThatGoes(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		spoil func(t *testing.T, path string)
		text  string
	}{
		"missing": {func(t *testing.T, path string) {
			t.Helper()
			require.NoError(t, os.Remove(path))
		}, "the file cannot be opened; no such file or directory"},
		"a folder": {func(t *testing.T, path string) {
			t.Helper()
			require.NoError(t, os.Remove(path))
			require.NoError(t, os.Mkdir(path, 0o700))
		}, "not a file"},
		"empty": {func(t *testing.T, path string) {
			t.Helper()
			write(t, path, "")
		}, "the file does not hold a credential"},
		"no credential": {func(t *testing.T, path string) {
			t.Helper()
			write(t, path, "SECRET\x00")
		}, "the file does not hold a credential"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				path := filepath.Join(t.TempDir(), "SECRET")
				source := partnerapi.TokenFile(path)
				write(t, path, "token-1")
				assertToken(t, source, "token-1")
				test.spoil(t, path)
				time.Sleep(time.Hour) // nobody has asked meanwhile
				assertToken(t, source, "token-1")
				time.Sleep(10*time.Second - time.Nanosecond)
				assertToken(t, source, "token-1")
				time.Sleep(time.Nanosecond)
				client := partnertest.New().Client(partnerapi.WithCredentialSource(partnerapi.PartnerToken, source))
				err := client.Subscriptions.Cancel(t.Context(), "MS1")
				require.ErrorIs(t, err, partnerapi.ErrNoCredential)
				require.EqualError(t, err, "partner: DELETE /partners/subscriptions/{pk}: not sent: no credential; "+
					"the source of the partner token failed; "+test.text)
				_, err = source.Token(t.Context())
				require.EqualError(t, err, test.text)

				require.NoError(t, os.RemoveAll(path))
				write(t, path, "token-2")
				assertToken(t, source, "token-2")
			})
		})
	}
}

func TestTokenFileForManyCalls(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "token")
	write(t, path, "token")
	source := partnerapi.TokenFile(path)
	assertAll(t, together(50, func() error {
		invalidate(t, source, "token")
		token, err := source.Token(t.Context())
		if token != "token" {
			return errors.Join(err, errors.New("another token"))
		}
		return err
	}), assert.NoError)
}
