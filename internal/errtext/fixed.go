package errtext

import (
	"errors"
	"net"
	"reflect"
	"regexp"
	"strings"
	"sync"
)

// fixedWords are texts of errors of net/http, crypto/tls and the packages below them, which hold no data of a request or a
// response, each in a line. A * stands for data, which is not printed.
const fixedWords = `
http: server closed idle connection
http: server gave HTTP response to HTTPS client
http: no Location header in response
http: no Host in request URL
http: CloseIdleConnections called
http: idle connection timeout
http: persistConn.readLoop exiting
http: putIdleConn: CloseIdleConnections was called
http: putIdleConn: connection is in bad state
http: read on closed response body
http: concurrent read on response body
http: invalid Read on closed Body
http: unexpected EOF reading trailer
http: suspiciously long trailer after chunked body
http: Transport does not support unencrypted HTTP/2
http: message cannot contain multiple Content-Length headers*
http: RoundTripper implementation (*
http: ContentLength=*
net/http: TLS handshake timeout
net/http: timeout awaiting response headers
net/http: request canceled
net/http: request canceled while waiting for connection
net/http: cannot rewind body after connection loss
net/http: server replied with more than declared Content-Length; truncated
net/http: response body closed early
net/http: skip alternate protocol
net/http: Transport.DialContext hook returned (nil, nil)
net/http: Transport.Dial hook returned (nil, nil)
net/http: Transport.DialTLS or DialTLSContext returned (nil, nil)
net/http: HTTP/1.x transport connection broken*
net/http: Transport failed to read from server*
net/http: invalid header*
net/http: invalid method*
unsupported protocol scheme*
invalid proxy address*
refusing to use HTTP_PROXY value in CGI environment; see golang.org/s/cgihttpproxy
unknown status code
malformed HTTP response*
malformed HTTP status code*
malformed HTTP version*
malformed MIME header*
malformed response from server: missing status pseudo header
malformed response from server: malformed non-numeric status pseudo header
bad Content-Length*
invalid empty Content-Length*
unsupported transfer encoding*
too many transfer encodings*
message too large
header line too long
header list too large
malformed chunked encoding
chunked encoding contains too much non-data
chunked line ends with bare LF
invalid CR in chunked line
empty hex number for chunk length
invalid byte in chunk length
http chunk length too large
gzip: invalid header
gzip: invalid checksum
flate: corrupt input*
http2: client connection lost
http2: client conn is closed
http2: client conn not usable
http2: client conn could not be established
http2: client connection force closed via ClientConn.Close
http2: could not negotiate protocol mutually
http2: no cached connection was available
http2: timeout awaiting response headers
http2: Transport received Server's graceful shutdown GOAWAY
http2: Transport: cannot retry err*
http2: frame too large
http2: response body closed
http2: response header list larger than advertised limit
http2: request header list larger than peer's advertised limit
http2: request body larger than specified content length
http2: concurrent read on response body
http2: unsupported scheme
http2: unexpected ALPN protocol*
1xx informational response with END_STREAM flag
unknown error general SOCKS server failure
unknown error connection not allowed by ruleset
unknown error network unreachable
unknown error host unreachable
unknown error connection refused
unknown error TTL expired
unknown error command not supported
unknown error address type not supported
unknown error unknown code*
no acceptable authentication methods
too many authentication methods
unexpected protocol version*
unsupported authentication method*
unknown address type*
non-zero reserved field
FQDN too long
port number out of range*
invalid username/password
invalid username/password version
username/password authentication failed
tls: either ServerName or InsecureSkipVerify must be specified in the tls.Config
tls: no supported versions satisfy MinVersion and MaxVersion
tls: server selected unsupported protocol version*
tls: server chose an unconfigured cipher suite
tls: server selected unsupported group
tls: server selected unsupported curve
tls: server selected unadvertised ALPN protocol
tls: server did not select an ALPN protocol
tls: server advertised unrequested ALPN extension
tls: server's Finished message was incorrect
tls: server's identity changed during renegotiation
tls: invalid server finished hash
tls: invalid server key share
tls: invalid signature by the server certificate*
tls: certificate used with invalid signature algorithm
tls: failed to parse certificate from server*
tls: failed to sign handshake*
tls: server sent certificate containing RSA key larger than*
tls: server's certificate contains an unsupported type of public key*
tls: downgrade attempt detected, possibly due to a MitM attack or a broken middlebox
tls: received empty certificates message
tls: received unexpected handshake message of type*
tls: received unexpected CertificateStatus message
tls: handshake message of length*
tls: oversized record received with length*
tls: too many ignored records
tls: too many non-advancing records
tls: protocol is shutdown
x509: failed to load system roots and no roots provided*
`

// isFixed reports whether text is a line of the fixed words without data.
func isFixed(text string) bool {
	return !strings.ContainsAny(text, "*\n") && strings.Contains(fixedWords, "\n"+text+"\n")
}

// fixedForms are texts that differ only in numbers and in the names of HTTP/2's errors. The text after a match is not printed.
var fixedForms = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^(?:` +
		`(?:http2: )?connection error: ` + http2Code + `|` +
		`stream error: stream ID \d{1,10}(?:; ` + http2Code + `(?:; received from peer)?)?|` +
		`http2: server sent GOAWAY and closed the connection; LastStreamID=\d{1,10}(?:, ErrCode=` + http2Code + `)?|` +
		`http2: Transport received GOAWAY from server ErrCode:` + http2Code + `|` +
		`net/http: server response headers exceeded \d{1,10} bytes; aborted` +
		`)`)
})

const http2Code = `(?:NO_ERROR|PROTOCOL_ERROR|INTERNAL_ERROR|FLOW_CONTROL_ERROR|SETTINGS_TIMEOUT|STREAM_CLOSED|FRAME_SIZE_ERROR|` +
	`REFUSED_STREAM|CANCEL|COMPRESSION_ERROR|CONNECT_ERROR|ENHANCE_YOUR_CALM|INADEQUATE_SECURITY|HTTP_1_1_REQUIRED)`

// fixedText returns the text of the first error in the chain that is fixed: one of the fixed words, or a signal. A chain with
// a [net.OpError] has none, because its operation is printed too.
func fixedText(err error) (string, bool) {
	if _, is := errors.AsType[*net.OpError](err); is {
		return "", false
	}
	for ; err != nil; err = errors.Unwrap(err) {
		text := err.Error()
		if reflect.TypeOf(err).PkgPath() == "os/signal" {
			return text, true
		}
		if isFixed(text) {
			return text, true
		}
	}
	return "", false
}

// fixedBeginning returns the fixed words at the start of the last error in the chain that has some.
func fixedBeginning(err error) (text string, ok bool) {
	for ; err != nil; err = errors.Unwrap(err) {
		said := err.Error()
		if known := fixedForms().FindString(said); known != "" {
			text = known
		}
		for _, words := range strings.Split(fixedWords, "\n") {
			if start, open := strings.CutSuffix(words, "*"); open && strings.HasPrefix(said, start) {
				text = strings.TrimRight(start, " (=:")
			}
		}
	}
	return text, text != ""
}
