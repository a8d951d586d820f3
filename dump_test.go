package partnerapi

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A dump names every member, query parameter and header that the documents show. An ID is not a name.
func TestDumpNamesWhatIsDocumented(t *testing.T) {
	t.Parallel()
	members := dumpedMembers()
	isID := regexp.MustCompile(`^(acc|dom)_\d+$|^some-feature$`)
	fixtures, err := filepath.Glob("testdata/*.json")
	require.NoError(t, err)
	require.NotEmpty(t, fixtures)
	var walk func(file string, v any)
	walk = func(file string, v any) {
		switch v := v.(type) {
		case map[string]any:
			for name, element := range v {
				assert.True(t, isID.MatchString(name) || named(members, name), "%s: %s", file, name)
				walk(file, element)
			}
		case []any:
			for _, element := range v {
				walk(file, element)
			}
		}
	}
	for _, file := range fixtures {
		body, err := os.ReadFile(file) //nolint:gosec // of this repository
		require.NoError(t, err)
		var v any
		require.NoError(t, json.Unmarshal(body, &v))
		walk(file, v)
	}
	requests, err := filepath.Glob("testdata/golden/*.http")
	require.NoError(t, err)
	require.NotEmpty(t, requests)
	for _, file := range requests {
		text, err := os.ReadFile(file) //nolint:gosec // of this repository
		require.NoError(t, err)
		head, _, _ := strings.Cut(strings.ReplaceAll(string(text), "\r", ""), "\n\n")
		lines := strings.Split(head, "\n")
		target, err := url.Parse(strings.Fields(lines[0])[1])
		require.NoError(t, err)
		for name := range target.Query() {
			assert.True(t, named(members, name), "%s: %s", file, name)
		}
		for _, line := range lines[1:] {
			name, _, _ := strings.Cut(line, ": ")
			assert.True(t, name == "Host" || named(dumpedHeaders, name), "%s: %s", file, name)
		}
	}
	for name := range dumpedHeaders {
		assert.Equal(t, http.CanonicalHeaderKey(name), name)
	}
}

func named[T any](names map[string]T, name string) bool {
	_, known := names[name]
	return known
}

// No header with a credential and no member with a customer's data is written with its value.
func TestDumpHidesWhatIsPersonal(t *testing.T) {
	t.Parallel()
	members := dumpedMembers()
	for _, name := range []string{
		"pk", "email", "child_name", "child_birthday", "child_email", "birthdate", "age", "first_name", "username", "password", "key", "token", "jwt",
		"access_token", "refresh_token", "message", "messages", "error", "search", "filter", "filters", "id", "account_id",
	} {
		assert.Nil(t, members[name], name)
	}
	for _, of := range credentials {
		assert.Nil(t, dumpedHeaders[of.header], of.header)
		assert.Nil(t, members[of.query], of.query)
	}
	for _, name := range []string{"Cookie", "Set-Cookie", "Location"} {
		assert.Nil(t, dumpedHeaders[name], name)
	}
}

// The operation stands for the URL. The URL of a request with another context is not written.
func TestDumpOfOtherRequests(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	transport := Dump(&out)(always(204, ""))
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://secret.example/a/secret?secret=secret", nil)
	require.NoError(t, err)
	resp, err := transport.RoundTrip(req)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	assert.Contains(t, out.String(), "#1 > GET [redacted 9 bytes]\n#1 > ?[redacted 6 bytes]=[redacted 6 bytes]\n\n#1 < 204 No Content")
	assert.NotContains(t, out.String(), "secret")
}
