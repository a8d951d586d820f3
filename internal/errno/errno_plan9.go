// Package errno defines the errors that differ between operating systems.
package errno

import (
	"errors"
	"strings"
	"syscall"
)

// ConnectionRefused is the system's error for a host that accepts no connections on a port.
var ConnectionRefused = syscall.NewError("connection refused")

// Text returns the text of the system error in err. ok is false if there is none, or if the text may contain a file
// name, as those of Plan 9's kernel may.
func Text(err error) (text string, ok bool) {
	var kernel syscall.ErrorString
	if !errors.As(err, &kernel) || strings.ContainsAny(kernel.Error(), `'"/`) {
		return "", false
	}
	return kernel.Error(), true
}
