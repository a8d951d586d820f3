//go:build !plan9

// Package errno defines the errors that differ between operating systems.
package errno

import "syscall"

// ConnectionRefused is the system's error for a host that accepts no connections on a port.
var ConnectionRefused error = syscall.ECONNREFUSED

// IsPlain reports whether err itself is an error of the system, whose text contains no file name.
func IsPlain(err error) bool {
	_, is := err.(syscall.Errno) //nolint:errorlint // of this error alone
	return is
}
