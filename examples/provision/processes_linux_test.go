package main

import "syscall"

// endsWithParent has the system end a process when that of the test is killed, which can clean up nothing.
func endsWithParent() *syscall.SysProcAttr { return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} }
