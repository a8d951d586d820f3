// Package consumer uses the SDK from a separate module, as users do, and must keep compiling.
//
// Its tests compare the public surface of the packages that users import with the listings in the folder api, and check
// that the folder surface names all of it with its type.
package consumer
