// Package sqltest stores the SDK's values in a database. It is a module of its own, because a driver is none of the SDK's
// dependencies.
package sqltest
