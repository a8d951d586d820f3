// Package errno defines the errors that differ between operating systems.
package errno

import (
	"strings"
	"syscall"
)

// ConnectionRefused is the system's error for a host that accepts no connections on a port.
var ConnectionRefused = syscall.NewError("connection refused")

// IsPlain reports whether err itself is an error of the system, and its text contains no file name: texts of Plan 9's kernel may.
func IsPlain(err error) bool {
	kernel, is := err.(syscall.ErrorString) //nolint:errorlint // of this error alone
	return is && !strings.ContainsAny(kernel.Error(), `'"/`)
}
