package tokenfile

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

	"github.com/partnerapi/partnerapi-go/internal/errtext"
)

func write(t *testing.T, path, content string) {
	t.Helper()
	require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
}

func assertToken(t *testing.T, file *File, want string) {
	t.Helper()
	got, err := file.Token(t.Context())
	require.NoError(t, err)
	assert.Equal(t, want, got)
}

func TestContent(t *testing.T) {
	t.Parallel()
	const (
		invalid = "the file holds an invalid credential: "
		empty   = invalid + "empty"
		spaces  = invalid + "has spaces around it"
		control = invalid + "has control characters"
	)
	tests := map[string]struct{ content, want, why string }{
		"a line":            {"token\n", "token", ""},
		"no newline":        {"token", "token", ""},
		"a line of Windows": {"token\r\n", "token", ""},
		"spaces within":     {"a b", "a b", ""},
		"empty":             {"", "", empty},
		"a newline":         {"\n", "", empty},
		"two newlines":      {"SECRET\n\n", "", spaces},
		"two lines":         {"SECRET\nSECRET\n", "", control},
		"a space":           {"SECRET \n", "", spaces},
		"a return":          {"SECRET\r", "", spaces},
		"a NUL":             {"SECRET\x00", "", control},
		"the longest":       {strings.Repeat("a", 64<<10), strings.Repeat("a", 64<<10), ""},
		"a byte order mark": {"\ufeffSECRET\n", "", invalid + "begins with a byte order mark"},
		"too long":          {strings.Repeat("a", 64<<10+1), "", "the file is too large"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "SECRET")
			write(t, path, test.content)
			got, err := New(path).Token(t.Context())
			assert.Equal(t, test.want, got)
			if test.why == "" {
				require.NoError(t, err)
			} else {
				require.Equal(t, errtext.Reason(test.why), err)
			}
		})
	}
}

// A cluster swaps the link to the folder of all files of a Secret; the file that the path names never changes.
func TestSwappedLink(t *testing.T) {
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
		file := New(path)
		assertToken(t, file, "token-1")
		mount("..2", "token-2")
		time.Sleep(time.Second - time.Nanosecond)
		assertToken(t, file, "token-1")
		time.Sleep(time.Nanosecond)
		assertToken(t, file, "token-2")

		// The first version is removed.
		require.NoError(t, os.RemoveAll(filepath.Join(dir, "..1")))
		mount("..3", "token-3")
		file.Invalidate("token-2")
		assertToken(t, file, "token-3")
	})
}

// The file is written anew in its place, with as many bytes and the same time as before.
func TestSameSizeAndTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "token")
		file := New(path)
		for _, token := range []string{"token-1", "token-2"} {
			write(t, path, token)
			require.NoError(t, os.Chtimes(path, time.Unix(1234567890, 0), time.Unix(1234567890, 0)))
			assertToken(t, file, token)
			time.Sleep(time.Second)
		}
	})
}

func TestInvalidate(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "token")
		file := New(path)
		write(t, path, "token-1")
		assertToken(t, file, "token-1")
		write(t, path, "token-2")
		file.Invalidate("another")
		assertToken(t, file, "token-1")
		file.Invalidate("token-1")
		file.Invalidate("another") // by a slower call
		assertToken(t, file, "token-2")
		write(t, path, "token-3")
		file.Invalidate("token-1") // by a call that used it
		assertToken(t, file, "token-2")

		// A rejected token has no grace when the file is missing, but it is returned if the file still holds it.
		require.NoError(t, os.Remove(path))
		file.Invalidate("token-2")
		for range 2 {
			_, err := file.Token(t.Context())
			require.ErrorIs(t, err, fs.ErrNotExist)
		}
		write(t, path, "token-2")
		assertToken(t, file, "token-2")
	})
}

func TestGrace(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		spoil func(t *testing.T, path string)
		why   errtext.Reason
	}{
		"missing": {func(t *testing.T, path string) {
			t.Helper()
			require.NoError(t, os.Remove(path))
		}, "opening the file failed"},
		"a folder": {func(t *testing.T, path string) {
			t.Helper()
			require.NoError(t, os.Remove(path))
			require.NoError(t, os.Mkdir(path, 0o700))
		}, "not a file"},
		"empty": {func(t *testing.T, path string) {
			t.Helper()
			write(t, path, "")
		}, "the file holds an invalid credential: empty"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				path := filepath.Join(t.TempDir(), "token")
				file := New(path)
				write(t, path, "token-1")
				assertToken(t, file, "token-1")
				test.spoil(t, path)
				time.Sleep(time.Hour) // without a call
				assertToken(t, file, "token-1")
				time.Sleep(10*time.Second - time.Nanosecond)
				assertToken(t, file, "token-1")
				time.Sleep(time.Nanosecond)
				_, err := file.Token(t.Context())
				require.ErrorIs(t, err, test.why)
				assert.Equal(t, name == "missing", errors.Is(err, fs.ErrNotExist))

				require.NoError(t, os.RemoveAll(path))
				write(t, path, "token-2")
				assertToken(t, file, "token-2")
			})
		})
	}
}

func TestConcurrentToken(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "token")
	write(t, path, "token")
	file := New(path)
	var calls sync.WaitGroup
	for range 50 {
		calls.Go(func() {
			file.Invalidate("token")
			if token, err := file.Token(t.Context()); err != nil || token != "token" {
				t.Errorf("%q, %v", token, err)
			}
		})
	}
	calls.Wait()
}
