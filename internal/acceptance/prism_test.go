package acceptance

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/partnerapi/partnerapi-go"
)

// requirePrism names the environment variable that makes a missing Prism a failure.
const requirePrism = "PARTNERAPI_REQUIRE_PRISM"

// prism is a mock server that refuses a request that is not as its OpenAPI document says.
const prism = "../../.ci/openapi/node_modules/@stoplight/prism-cli/dist/index.js"

// findPrism skips the test if there is no Prism, or fails it if Prism is required.
func findPrism(t *testing.T) {
	t.Helper()
	_, err := os.Stat(prism)
	if err == nil {
		_, err = exec.LookPath("node")
	}
	switch {
	case err == nil:
	case os.Getenv(requirePrism) != "":
		t.Fatal("no Prism: run npm ci in .ci/openapi:", err)
	default:
		t.Skip("no Prism: run npm ci in .ci/openapi:", err)
	}
}

// listening matches what Prism prints when it accepts requests.
var listening = regexp.MustCompile(`Prism is listening on (http://127\.0\.0\.1:\d+)`)

// prismLog is the output of Prism. It sends the URL when Prism accepts requests.
type prismLog struct {
	mu  sync.Mutex
	all bytes.Buffer
	url chan string
}

func (l *prismLog) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	before := listening.Match(l.all.Bytes())
	l.all.Write(p)
	if found := listening.FindSubmatch(l.all.Bytes()); found != nil && !before {
		l.url <- string(found[1])
	}
	return len(p), nil
}

func (l *prismLog) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.all.String()
}

// startPrism starts to mock an API from its document, on a free port. ready waits for it and returns the URL. The end of the
// test stops it.
func startPrism(t *testing.T, api partnerapi.API) (ready func() (url string)) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background()) //nolint:usetesting // it has to live until the cleanup
	output := &prismLog{url: make(chan string, 1)}
	document := filepath.Join("../../partnertest/openapi", string(api)+".yaml")
	cmd := exec.CommandContext(ctx, "node", prism, "mock", "--errors", "--port", "0", document) //nolint:gosec // our own document
	cmd.Env = append(os.Environ(), "NO_COLOR=1")
	cmd.Stdout, cmd.Stderr = output, output
	require.NoError(t, cmd.Start())
	ended := make(chan struct{})
	go func() {
		_ = cmd.Wait() // it is killed
		close(ended)
	}()
	t.Cleanup(func() {
		cancel()
		<-ended
		if t.Failed() {
			t.Log(output)
		}
	})
	return func() (url string) {
		select {
		case url = <-output.url:
		case <-ended:
			require.Fail(t, "Prism has ended")
		case <-time.After(time.Minute):
			require.Fail(t, "Prism does not start")
		}
		return url
	}
}

// prismClient returns a client of mocks of the three APIs, and inputs that fit them.
func prismClient(t *testing.T) (*partnerapi.Client, inputs) {
	t.Helper()
	findPrism(t)
	mocks := make(map[partnerapi.API]func() string)
	for api := range documents(t) {
		mocks[api] = startPrism(t, api)
	}
	urls := make(map[partnerapi.API]string)
	var opts []partnerapi.Option
	for api, ready := range mocks {
		urls[api] = ready()
		opts = append(opts, partnerapi.WithBaseURL(api, urls[api]))
	}
	client := newTestClient(t, nil, opts...)
	t.Cleanup(client.CloseIdleConnections)
	in := documented(t)
	session, err := partnerapi.ImportSession([]byte(
		`{"version":1,"origin":"` + urls[partnerapi.AccountAPI] + `","cookies":[{"name":"partnertest_session","value":"s3ss10n"}]}`))
	require.NoError(t, err)
	in.session = session
	return client, in
}

// Mocks of the OpenAPI documents accept every operation, respond with the documented bodies, and refuse a wrong request.
func TestPrism(t *testing.T) {
	t.Parallel()
	client, in := prismClient(t)
	for _, c := range firstCalls() {
		var response partnerapi.Response
		_, err := c.do(t.Context(), client, in, partnerapi.WithResponseInto(&response), partnerapi.WithoutRetry())
		require.NoError(t, err, "%s: %s", c.op, response.Body)
		assert.Empty(t, response.Header.Values("Sl-Violations"), c.op)
		if want := slug(c.op) + ".ok"; isFixture(want) {
			assert.JSONEq(t, fixture(t, want), string(response.Body), c.op)
		}
	}
	for name, call := range map[string]func(context.Context) error{
		"no session": func(ctx context.Context) error {
			_, err := client.Accounts.Benefits(ctx, partnerapi.NewSession())
			return err
		},
		"an unknown plan": func(ctx context.Context) error {
			return client.Subscriptions.Update(ctx, in.pk, partnerapi.UpdateSubscriptionRequest{Plan: "gold"})
		},
		"no password": func(ctx context.Context) error {
			_, _, err := client.Accounts.Login(ctx, partnerapi.LoginRequest{Email: "test@sparkart.com"})
			return err
		},
		"too many records": func(ctx context.Context) error {
			_, err := client.Networks.List(ctx, partnerapi.ListOptions{Records: 101})
			return err
		},
	} {
		var failed *partnerapi.Error
		require.ErrorAs(t, call(t.Context()), &failed, name)
		assert.Contains(t, []int{400, 401, 422}, failed.StatusCode, "%s: %s", name, failed.Body)
	}
}
