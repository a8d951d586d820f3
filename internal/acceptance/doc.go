// Package acceptance tests the SDK as its users see it: against the fake of package partnertest and servers on loopback,
// without a private name of package partnerapi. It consists of tests only.
//
// The suites share one table of all calls, everyCall. The golden requests and the table of faults are files in the root's
// testdata, as are the texts of errors; this command rewrites them, and creates missing ones:
//
//	go test ./internal/acceptance -run 'Golden|UnderEveryFault' -update
package acceptance
