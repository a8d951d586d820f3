// Package consumer uses the SDK as a stranger does, from a module of its own, and must keep compiling.
//
// Its tests hold the public surface of the packages that users import: what is in it to the listings in the folder api,
// and that folder surface names all of it with its type.
package consumer
