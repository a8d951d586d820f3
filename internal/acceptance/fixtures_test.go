package acceptance

import (
	"context"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/partnerapi/partnerapi-go"
)

// replyTest is a documented reply and the result of a method.
type replyTest struct {
	status int
	header []string
	call   func(context.Context, *partnerapi.Client) (any, error)
	want   any      // the value, spelled after the document
	kinds  []error  // or the kinds of the error, and no others
	says   []string // its messages
	what   string   // its type
}

// requestTest makes the call that a documented request body belongs to.
type requestTest func(context.Context, *partnerapi.Client) error

// replies and requests are the tables of the services, by fixture.
var (
	replies  = []map[string]replyTest{signupReplies, subscriptionReplies, accountReplies, networkReplies, invitationReplies, appSessionReplies}
	requests = []map[string]requestTest{subscriptionRequests, accountRequests, networkRequests, invitationRequests, appSessionRequests}
)

func TestReplies(t *testing.T) {
	t.Parallel()
	for _, table := range replies {
		for name, test := range table {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				body := fixture(t, name)
				got, err := test.call(t.Context(), newTestClient(t, always(test.status, body, test.header...)))
				if test.kinds == nil {
					require.NoError(t, err)
					assert.Equal(t, test.want, exported(got))
					return
				}
				assertKinds(t, err, test.kinds...)
				var failed *partnerapi.Error
				require.ErrorAs(t, err, &failed)
				assert.Equal(t, test.says, failed.Messages)
				assert.Equal(t, test.what, failed.Type)
				assert.Equal(t, test.status, failed.StatusCode)
				assert.Equal(t, body, string(failed.Body))
				assert.Zero(t, got)
			})
		}
	}
}

func TestRequests(t *testing.T) {
	t.Parallel()
	for _, table := range requests {
		for name, call := range table {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				log := newTranscript(teapot)
				var failed *partnerapi.Error
				require.ErrorAs(t, call(t.Context(), newTestClient(t, log)), &failed)
				assert.Equal(t, http.StatusTeapot, failed.StatusCode)
				if assert.Len(t, log.bodies, 1) {
					assert.JSONEq(t, fixture(t, name), log.bodies[0])
				}
			})
		}
	}
}

func TestEveryFixtureIsUsed(t *testing.T) {
	t.Parallel()
	var used, there []string
	for _, table := range replies {
		used = slices.AppendSeq(used, maps.Keys(table))
	}
	for _, table := range requests {
		used = slices.AppendSeq(used, maps.Keys(table))
	}
	names, err := filepath.Glob(filepath.Join(testdata, "*.json"))
	require.NoError(t, err)
	for _, name := range names {
		there = append(there, strings.TrimSuffix(filepath.Base(name), ".json"))
	}
	assert.ElementsMatch(t, there, used)
}

func TestFixturesHaveSources(t *testing.T) {
	t.Parallel()
	sources, err := os.ReadFile("../../testdata/SOURCES.md")
	require.NoError(t, err)
	names, err := filepath.Glob("../../testdata/*.json")
	require.NoError(t, err)
	require.NotEmpty(t, names)
	for _, name := range names {
		assert.Contains(t, string(sources), "\n| `"+filepath.Base(name)+"` | ")
	}
}
