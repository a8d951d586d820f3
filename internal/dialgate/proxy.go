package dialgate

import (
	"errors"
	"net/http"
	"strconv"
	"strings"
)

// ProxyRefusal is the error for a proxy that makes no connection: the status of its response to CONNECT. Nothing was sent
// to the server. The proxy's own text is left out, because it can hold anything.
type ProxyRefusal int

// Error returns the status with its standard text.
func (r ProxyRefusal) Error() string {
	return "the proxy responded to CONNECT with " + strings.TrimSpace(strconv.Itoa(int(r))+" "+http.StatusText(int(r)))
}

// IsFinal reports whether err is a proxy's refusal that a retry would get too.
func IsFinal(err error) bool {
	r, is := errors.AsType[ProxyRefusal](err)
	return is && r < http.StatusInternalServerError && r != http.StatusRequestTimeout && r != http.StatusTooManyRequests
}

// OfProxy returns a [ProxyRefusal] in place of the error that an [http.Transport] without OnProxyConnectResponse returns
// for one. Of any other transport it returns the error unchanged.
func OfProxy(transport http.RoundTripper, err error) error {
	if _, plain := transport.(*http.Transport); plain {
		if status := Status(err); status != 0 {
			return ProxyRefusal(status)
		}
	}
	return err
}

// Status returns the status whose standard text is all that err says, or 0: net/http's error for a proxy that refuses the
// connection is such a text.
func Status(err error) int {
	text := err.Error()
	for status := range 600 {
		if text != "" && text == http.StatusText(status) {
			return status
		}
	}
	return 0
}
