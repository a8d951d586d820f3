// Package surface names every export of the SDK with its type, so that a change that breaks users' builds breaks this one. A
// line that no longer compiles is fixed by hand, as users would have to fix theirs. The tests of package consumer add new
// exports and check that the files are complete.
package surface
