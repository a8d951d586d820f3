package partnertest_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptrace"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/partnerapi/partnerapi-go/partnertest"
)

type errorReader struct{ err error }

func (r errorReader) Read([]byte) (int, error) { return 0, r.err }

// closing is a body that records whether it was closed.
type closing struct {
	io.Reader
	closed bool
}

func (c *closing) Close() error {
	c.closed = true
	return nil
}

// taught returns a fake that has h for "POST /taught" or another method, and a request for it.
func taught(t *testing.T, method string, h http.HandlerFunc) (*partnertest.Fake, *http.Request) {
	t.Helper()
	f := partnertest.New()
	f.Handle(method+" /taught", h)
	req, err := http.NewRequestWithContext(t.Context(), method, "https://partnertest.invalid/network/taught?a=b%20c", nil)
	require.NoError(t, err)
	req.Header.Set("Authorization", partnertest.NetworkToken)
	return f, req
}

func TestTransportPassesRequestsAsAServerReadsThem(t *testing.T) {
	t.Parallel()
	f, req := taught(t, http.MethodPost, func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		assert.NoError(t, err)
		assert.Equal(t, "text", string(body))
		assert.Equal(t, "/network/taught?a=b%20c", r.RequestURI)
		assert.Equal(t, "/taught", r.URL.Path)
		assert.Empty(t, r.URL.Host)
		assert.Equal(t, "b c", r.URL.Query().Get("a"))
		assert.Equal(t, "partnertest.invalid", r.Host)
		assert.NotEmpty(t, r.RemoteAddr)
		assert.Equal(t, int64(4), r.ContentLength)
		assert.Equal(t, "Go-http-client/1.1", r.UserAgent())
		assert.Nil(t, r.Context().Value(contextKey{}))
		r.Header.Set("X", "changed")
		w.Header().Set("X-Reply", "y")
		w.WriteHeader(http.StatusEarlyHints)
		w.WriteHeader(http.StatusAccepted)
		w.Header().Set("X-Late", "y")
		w.WriteHeader(http.StatusTeapot)
		_, _ = io.WriteString(w, "<p>done")
	})
	body := &closing{Reader: strings.NewReader("text")}
	req = req.WithContext(context.WithValue(t.Context(), contextKey{}, "the client's"))
	req.Body, req.ContentLength = body, 4
	resp, err := f.Transport().RoundTrip(req)
	require.NoError(t, err)
	assert.True(t, body.closed)
	assert.Empty(t, req.Header.Get("X"))
	assert.Same(t, req, resp.Request)
	assert.Equal(t, "202 Accepted", resp.Status)
	assert.Equal(t, 202, resp.StatusCode)
	assert.Equal(t, "HTTP/1.1", resp.Proto)
	assert.Equal(t, int64(7), resp.ContentLength)
	assert.Equal(t, http.Header{"X-Reply": {"y"}, "Content-Type": {"text/html; charset=utf-8"}}, resp.Header)
	assert.Equal(t, "<p>done", bodyOf(t, resp))
	assert.Equal(t, 202, f.Calls()[0].Status)
}

type contextKey struct{}

func TestTransportUnreadableBodies(t *testing.T) {
	t.Parallel()
	f, req := taught(t, http.MethodHead, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "text") })
	resp, err := f.Transport().RoundTrip(req)
	require.NoError(t, err)
	assert.Equal(t, int64(4), resp.ContentLength)
	assert.Empty(t, bodyOf(t, resp))

	for _, status := range []int{http.StatusNoContent, http.StatusNotModified} {
		f, req = taught(t, http.MethodGet, func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(status)
			_, err := io.WriteString(w, "text")
			assert.ErrorIs(t, err, http.ErrBodyNotAllowed)
		})
		resp, err = f.Transport().RoundTrip(req)
		require.NoError(t, err)
		assert.Empty(t, bodyOf(t, resp))
	}
}

func TestTransportIsTraced(t *testing.T) {
	t.Parallel()
	f, req := taught(t, http.MethodGet, func(http.ResponseWriter, *http.Request) {})
	var hooks []string
	req = req.WithContext(httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{
		GetConn: func(host string) { hooks = append(hooks, "GetConn "+host) },
		GotConn: func(info httptrace.GotConnInfo) {
			hooks = append(hooks, "GotConn")
			assert.NotEmpty(t, info.Conn.RemoteAddr().String())
		},
		WroteHeaders: func() { hooks = append(hooks, "WroteHeaders") },
		WroteRequest: func(info httptrace.WroteRequestInfo) {
			hooks = append(hooks, "WroteRequest")
			assert.NoError(t, info.Err)
		},
		GotFirstResponseByte: func() { hooks = append(hooks, "GotFirstResponseByte") },
	}))
	resp, err := f.Transport().RoundTrip(req)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	assert.Equal(t, []string{"GetConn partnertest.invalid:443", "GotConn", "WroteHeaders", "WroteRequest", "GotFirstResponseByte"}, hooks)
}

func TestTransportEndsWithItsContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	f, req := taught(t, http.MethodPost, func(_ http.ResponseWriter, r *http.Request) {
		cancel()
		<-r.Context().Done()
	})
	for range 2 { // first during the handler, then before it
		body := &closing{Reader: bytes.NewReader(nil)}
		req = req.WithContext(ctx)
		req.Body = body
		_, err := f.Transport().RoundTrip(req) //nolint:bodyclose // there is no response
		require.ErrorIs(t, err, context.Canceled)
		assert.True(t, body.closed)
	}
	assert.Len(t, f.Calls(), 1)
}

func TestTransportFailsOnABadRequest(t *testing.T) {
	t.Parallel()
	f, req := taught(t, http.MethodPost, func(http.ResponseWriter, *http.Request) {})
	gone := errors.New("gone")
	req.Body, req.ContentLength = io.NopCloser(errorReader{gone}), 4
	_, err := f.Transport().RoundTrip(req) //nolint:bodyclose // there is no response
	require.ErrorIs(t, err, gone)
	req.Body, req.ContentLength = http.NoBody, 0
	req.Method = "A B"
	_, err = f.Transport().RoundTrip(req) //nolint:bodyclose // there is no response
	require.Error(t, err)
	assert.Empty(t, f.Calls())
}

func TestTransportCutConnections(t *testing.T) {
	t.Parallel()
	f, req := taught(t, http.MethodGet, func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "text")
		panic(http.ErrAbortHandler)
	})
	_, err := f.Transport().RoundTrip(req) //nolint:bodyclose // there is no response
	require.ErrorIs(t, err, io.ErrUnexpectedEOF)

	for _, handler := range []http.HandlerFunc{
		func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, "text")
			assert.NoError(t, http.NewResponseController(w).Flush())
			panic(http.ErrAbortHandler)
		},
		func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "5")
			_, _ = io.WriteString(w, "text")
		},
	} {
		f, req = taught(t, http.MethodGet, handler)
		resp, err := f.Transport().RoundTrip(req)
		require.NoError(t, err)
		got, err := io.ReadAll(resp.Body)
		require.ErrorIs(t, err, io.ErrUnexpectedEOF)
		assert.Equal(t, "text", string(got))
		require.NoError(t, resp.Body.Close())
	}

	f, req = taught(t, http.MethodGet, func(http.ResponseWriter, *http.Request) { panic("a bug") })
	assert.PanicsWithValue(t, "a bug", func() { _, _ = f.Transport().RoundTrip(req) }) //nolint:bodyclose // there is no response
}
