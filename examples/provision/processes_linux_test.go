package main

import "syscall"

// endsWithParent makes the system kill a process if the test process is killed and cannot clean up.
func endsWithParent() *syscall.SysProcAttr { return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} }
