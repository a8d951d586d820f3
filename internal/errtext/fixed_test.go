package errtext

import (
	"bufio"
	"compress/flate"
	"compress/gzip"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/jarcoal/httpmock"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The fixed words of net/http are printed, without the data of a request or a response.
func TestFixedWords(t *testing.T) {
	t.Parallel()
	socks := func(text string) error { return &net.OpError{Op: "socks connect", Net: "tcp", Err: errors.New(text)} }
	broken := func(err error) error { return fmt.Errorf("net/http: HTTP/1.x transport connection broken: %w", err) }
	tests := map[string]struct {
		cause error
		want  string
	}{
		"closed while idle":    {errors.New("http: server closed idle connection"), "http: server closed idle connection"},
		"wrapped":              {fmt.Errorf("GET /?key=SECRET: %w", errors.New("http: server closed idle connection")), "http: server closed idle connection"},
		"scheme":               {http.ErrSchemeMismatch, "http: server gave HTTP response to HTTPS client"},
		"handshake timeout":    {errors.New("net/http: TLS handshake timeout"), "net/http: TLS handshake timeout"},
		"header timeout":       {errors.New("net/http: timeout awaiting response headers"), "net/http: timeout awaiting response headers"},
		"headers too large":    {errors.New("net/http: server response headers exceeded 1048576 bytes; aborted"), "net/http: server response headers exceeded 1048576 bytes; aborted"},
		"malformed":            {broken(errors.New(`malformed HTTP response "SECRET"`)), "malformed HTTP response"},
		"broken":               {broken(errors.New("SECRET")), "net/http: HTTP/1.x transport connection broken"},
		"broken, known":        {broken(io.ErrUnexpectedEOF), "unexpected EOF"},
		"bad status code":      {errors.New(`malformed HTTP status code "SECRET"`), "malformed HTTP status code"},
		"bad header":           {errors.New(`malformed MIME header line: "SECRET"`), "malformed MIME header"},
		"chunks":               {errors.New("malformed chunked encoding"), "malformed chunked encoding"},
		"scheme not known":     {errors.New(`unsupported protocol scheme "SECRET"`), "unsupported protocol scheme"},
		"proxy variable":       {errors.New(`invalid proxy address "http://u:SECRET@p": x`), "invalid proxy address"},
		"gzip":                 {gzip.ErrHeader, "gzip: invalid header"},
		"flate":                {flate.CorruptInputError(7), "flate: corrupt input"},
		"GOAWAY":               {errors.New(`http2: server sent GOAWAY and closed the connection; LastStreamID=7, ErrCode=NO_ERROR, debug="SECRET"`), "http2: server sent GOAWAY and closed the connection; LastStreamID=7, ErrCode=NO_ERROR"},
		"GOAWAY, odd code":     {errors.New(`http2: server sent GOAWAY and closed the connection; LastStreamID=7, ErrCode=SECRET, debug=""`), "http2: server sent GOAWAY and closed the connection; LastStreamID=7"},
		"graceful GOAWAY":      {errors.New("http2: Transport received Server's graceful shutdown GOAWAY"), "http2: Transport received Server's graceful shutdown GOAWAY"},
		"stream":               {errors.New("stream error: stream ID 3; INTERNAL_ERROR; received from peer"), "stream error: stream ID 3; INTERNAL_ERROR; received from peer"},
		"stream, and a cause":  {errors.New("stream error: stream ID 3; CANCEL; SECRET"), "stream error: stream ID 3; CANCEL"},
		"connection":           {errors.New("connection error: PROTOCOL_ERROR"), "connection error: PROTOCOL_ERROR"},
		"connection, foreign":  {errors.New("connection error: SECRET"), "error of type *errors.errorString (see errors.Unwrap)"},
		"connection lost":      {errors.New("http2: client connection lost"), "http2: client connection lost"},
		"cannot retry":         {errors.New("http2: Transport: cannot retry err [SECRET] after Request.Body was written; define Request.GetBody to avoid this error"), "http2: Transport: cannot retry err"},
		"length":               {errors.New("net/http: server replied with more than declared Content-Length; truncated"), "net/http: server replied with more than declared Content-Length; truncated"},
		"SOCKS refused":        {socks("unknown error connection refused"), "socks connect tcp: unknown error connection refused"},
		"SOCKS unreachable":    {socks("unknown error host unreachable"), "socks connect tcp: unknown error host unreachable"},
		"SOCKS password":       {socks("username/password authentication failed"), "socks connect tcp: username/password authentication failed"},
		"SOCKS version":        {socks("unexpected protocol version 72"), "socks connect tcp: unexpected protocol version"},
		"SOCKS, foreign":       {socks("SECRET"), "socks connect tcp: error of type *errors.errorString (see errors.Unwrap)"},
		"TLS version":          {errors.New("tls: server selected unsupported protocol version 301"), "tls: server selected unsupported protocol version"},
		"TLS, foreign":         {errors.New("tls: SECRET"), "error of type *errors.errorString (see errors.Unwrap)"},
		"roots":                {x509.SystemRootsError{Err: errors.New("SECRET")}, "x509: failed to load system roots and no roots provided"},
		"extension":            {x509.UnhandledCriticalExtension{}, "x509: unhandled critical extension"},
		"insecure":             {x509.InsecureAlgorithmError(x509.SHA1WithRSA), "x509: cannot verify signature: insecure algorithm SHA1-RSA"},
		"a phrase":             {errors.New("Ask Ann for SECRET"), "error of type *errors.errorString (see errors.Unwrap)"},
		"a status and more":    {errors.New("Bad Gateway SECRET"), "error of type *errors.errorString (see errors.Unwrap)"},
		"no status":            {errors.New("unknown status code"), "unknown status code"},
		"an empty text":        {errors.New(""), "error of type *errors.errorString (see errors.Unwrap)"},
		"no responder":         {httpmock.NoResponderFound, "no responder found"},
		"no responder, nearly": {fmt.Errorf("GET /?key=SECRET: %w", httpmock.NoResponderFound), "no responder found"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			text, _ := Of(test.cause, Own{})
			assert.Equal(t, test.want, text)
		})
	}
}

// The words are those of this release of Go: the errors of net/http itself are printed.
func TestFixedWordsOfThisRelease(t *testing.T) {
	t.Parallel()
	responding := func(response string) *http.Transport {
		return &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) {
			client, server := net.Pipe()
			go func() {
				_, _ = http.ReadRequest(bufio.NewReader(server))
				_, _ = io.WriteString(server, response)
				_ = server.Close()
			}()
			return client, nil
		}}
	}
	for name, test := range map[string]struct {
		transport *http.Transport
		want      string
	}{
		"not HTTP":      {responding("SECRET\r\n\r\n"), "malformed HTTP response"},
		"no status":     {responding("HTTP/1.1 SECRET\r\n\r\n"), "malformed HTTP status code"},
		"a bad header":  {responding("HTTP/1.1 200 OK\r\nSECRET\r\n\r\n"), "malformed MIME header"},
		"a bad length":  {responding("HTTP/1.1 200 OK\r\nContent-Length: SECRET\r\n\r\n"), "bad Content-Length"},
		"a bad coding":  {responding("HTTP/1.1 200 OK\r\nTransfer-Encoding: SECRET\r\n\r\n"), "unsupported transfer encoding"},
		"a bad chunk":   {responding("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nSECRET\r\n"), "invalid byte in chunk length"},
		"large headers": {limited(responding("HTTP/1.1 200 OK\r\nA: " + strings.Repeat("S", 1<<20) + "\r\n\r\n")), "net/http: server response headers exceeded 1000 bytes; aborted"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://localhost/a", nil)
			require.NoError(t, err)
			resp, err := test.transport.RoundTrip(req)
			if err == nil {
				_, err = io.ReadAll(resp.Body)
				require.NoError(t, resp.Body.Close())
			}
			require.Error(t, err)
			text, known := Of(err, Own{})
			assert.Contains(t, text, test.want)
			assert.True(t, known)
			assert.NotContains(t, text, "SECRET")
		})
	}
}

func limited(t *http.Transport) *http.Transport {
	t.MaxResponseHeaderBytes = 1000
	return t
}
