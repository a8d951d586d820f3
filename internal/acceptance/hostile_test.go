package acceptance

import (
	"bytes"
	"compress/gzip"
	"net/http"
	"runtime"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/partnerapi/partnerapi-go"
)

// allocated returns how many bytes all goroutines allocate on the heap while do runs.
func allocated(do func()) int64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	do()
	runtime.ReadMemStats(&after)
	return int64(after.TotalAlloc - before.TotalAlloc) //nolint:gosec // far from overflow
}

// No more of a response is held than the limit of 10 MiB, which counts decompressed bytes: 256 MiB of zeros are 256 KiB on
// the wire. A write may have been done; it is not retried below 500, because the next response would be as large.
//
//nolint:paralleltest // what other tests allocate would be measured too
func TestResponseTooLarge(t *testing.T) {
	const most = 96 << 20 // for an attempt; io.ReadAll takes up to 51 MiB in all to read 10
	piece := make([]byte, 1<<20)
	var member bytes.Buffer
	zip := gzip.NewWriter(&member)
	_, err := zip.Write(piece)
	require.NoError(t, err)
	require.NoError(t, zip.Close())
	bodies := map[string]struct {
		encoding string
		piece    []byte
	}{
		"plain":     {"", piece},
		"gzip bomb": {"gzip", member.Bytes()}, // a gzip stream can have several members
	}
	calls := map[string]struct {
		status, sent int
		call         partnerapi.Call
		kinds        []error
	}{
		"GET":      {200, 1, partnerapi.Call{API: partnerapi.NetworkAPI, Op: "GET /a"}, []error{partnerapi.ErrResponseTooLarge}},
		"GET, 500": {500, 4, partnerapi.Call{API: partnerapi.NetworkAPI, Op: "GET /a"}, []error{partnerapi.ErrResponseTooLarge, partnerapi.ErrServer}},
		"PUT":      {200, 1, partnerapi.Call{API: partnerapi.NetworkAPI, Op: "PUT /a", Body: 1}, []error{partnerapi.ErrResponseTooLarge, partnerapi.ErrOutcomeUnknown}},
		"DELETE":   {200, 1, partnerapi.Call{API: partnerapi.NetworkAPI, Op: "DELETE /a"}, []error{partnerapi.ErrResponseTooLarge, partnerapi.ErrOutcomeUnknown}},
		"POST":     {200, 1, partnerapi.Call{API: partnerapi.NetworkAPI, Op: "POST /a", Body: 1}, []error{partnerapi.ErrResponseTooLarge, partnerapi.ErrOutcomeUnknown}},
		"PUT, 500": {500, 4, partnerapi.Call{API: partnerapi.NetworkAPI, Op: "PUT /a", Body: 1}, []error{partnerapi.ErrResponseTooLarge, partnerapi.ErrServer, partnerapi.ErrOutcomeUnknown}},
	}
	for how, body := range bodies {
		for name, test := range calls {
			t.Run(how+" to a "+name, func(t *testing.T) {
				var sent atomic.Int64
				client := newLoopback(t, func(w http.ResponseWriter, r *http.Request) {
					sent.Add(1)
					assert.Equal(t, "gzip", r.Header.Get("Accept-Encoding"))
					if body.encoding != "" {
						w.Header().Set("Content-Encoding", body.encoding)
					}
					w.WriteHeader(test.status)
					for range 256 {
						if _, err := w.Write(body.piece); err != nil {
							return
						}
					}
				}, soon)
				var err error
				heap := allocated(func() { _, err = partnerapi.Do[struct{}](t.Context(), client, test.call) })
				assert.Less(t, heap, int64(test.sent)*most)
				assertKinds(t, err, test.kinds...)
				var failed *partnerapi.Error
				require.ErrorAs(t, err, &failed)
				assert.Empty(t, failed.Body)
				assert.Equal(t, test.status, failed.StatusCode)
				assert.Equal(t, int64(test.sent), sent.Load())
			})
		}
	}
}
