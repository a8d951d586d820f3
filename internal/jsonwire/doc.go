// Package jsonwire reads the JSON of the APIs. Into the types of this module it reads several times as fast as
// encoding/json, with a few allocations for a whole list, and it accepts the spellings that servers have been seen to
// use. All other types are left to encoding/json. A differential fuzz test compares the two.
//
// It also finds single members of an object without reading the others, reads collections in their forms, writes plain structs
// as encoding/json does and in less time, and reports whether encoding/json would change a value that it writes.
package jsonwire
