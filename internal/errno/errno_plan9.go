// Package errno holds where the errors of operating systems differ.
package errno

import (
	"errors"
	"strings"
	"syscall"
)

// ConnectionRefused is the system's error of a host that accepts no connection at a port.
var ConnectionRefused = syscall.NewError("connection refused")

// Text returns the text of the system's error in err, unless there is none or it may name a file: Plan 9's kernel does that.
func Text(err error) (text string, ok bool) {
	var kernel syscall.ErrorString
	if !errors.As(err, &kernel) || strings.ContainsAny(kernel.Error(), `'"/`) {
		return "", false
	}
	return kernel.Error(), true
}
