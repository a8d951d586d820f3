//go:build !plan9

// Package errno defines the errors that differ between operating systems.
package errno

import (
	"errors"
	"syscall"
)

// ConnectionRefused is the system's error for a host that accepts no connections on a port.
var ConnectionRefused error = syscall.ECONNREFUSED

// Text returns the text of the system error in err. ok is false if there is none, or if the text may contain a file
// name.
func Text(err error) (text string, ok bool) {
	var number syscall.Errno
	if !errors.As(err, &number) {
		return "", false
	}
	return number.Error(), true
}
