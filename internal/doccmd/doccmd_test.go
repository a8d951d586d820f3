package doccmd_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/partnerapi/partnerapi-go/internal/doccmd"
)

func TestIn(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		text string
		want []string // "directory: command"
	}{
		"a block":               {"```sh\ngo test ./...   # all\n```\n", []string{".: go test ./..."}},
		"words in quotes":       {"```sh\ncurl -d '{\"a\": 1}' \\\n  -H \"A: b\"\n```\n", []string{".: curl -d {\"a\": 1} -H A: b"}},
		"the environment":       {"```sh\nPARTNERAPI_X=1 provision a\nprovision b\n```\n", []string{".: PARTNERAPI_X=1 provision a", ".: provision b"}},
		"the directory":         {"```sh\ncd examples/provision && go build .\n./provision -x\n```\n", []string{"examples/provision: go build .", "examples/provision: provision -x"}},
		"a variable":            {"```sh\ntool=a@v1\n```\n\n```sh\ngo run $tool\n```\n", []string{".: go run a@v1"}},
		"a directory made":      {"```sh\nd=$(mktemp -d)\nmkdir \"$d/x\"\n(cd \"$d/x\" && cd ..)\n```\n", nil},
		"a clone":               {"```sh\ngit clone https://example.com/a/b\ncd b\ngo vet .\n```\n", []string{".: git clone https://example.com/a/b", ".: go vet ."}},
		"a command in prose":    {"See `go run ./x -live`, `go.mod`, `partnerctl a` and `provision status\n-follow`.\n", []string{".: go run ./x -live", ".: partnerctl a", ".: provision status -follow"}},
		"another language":      {"```text\ngo test\n```\n\n```go\nfunc main() {}\n```\n", nil},
		"a block within a list": {"1. Do\n\n   ```sh\n   go vet ./...\n   ```\n", []string{".: go vet ./..."}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			root := t.TempDir()
			require.NoError(t, os.WriteFile(filepath.Join(root, "README.md"), []byte(test.text), 0o600))
			var got []string
			for _, c := range doccmd.In(t, root, "README.md") {
				got = append(got, c.Dir+": "+c.String())
			}
			assert.Equal(t, test.want, got)
		})
	}
}

func TestLanguages(t *testing.T) {
	t.Parallel()
	assert.Equal(t, []string{"sh", "", "text"}, doccmd.Languages("```sh\na\n```\n\n```\nb\n```\n\n```text\nc\n```\n"))
}
