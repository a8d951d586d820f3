// Package surface names everything that the SDK exports, each with its type, so that what would break somebody's build
// breaks this one. A line that no longer compiles is mended by hand, as users would have to; what is new is added by the
// tests of package consumer, which hold the files complete.
package surface
