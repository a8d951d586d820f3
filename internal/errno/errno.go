//go:build !plan9

// Package errno holds where the errors of operating systems differ.
package errno

import (
	"errors"
	"syscall"
)

// ConnectionRefused is the system's error of a host that accepts no connection at a port.
var ConnectionRefused error = syscall.ECONNREFUSED

// Text returns the text of the system's error in err, unless there is none or it may name a file.
func Text(err error) (text string, ok bool) {
	var number syscall.Errno
	if !errors.As(err, &number) {
		return "", false
	}
	return number.Error(), true
}
