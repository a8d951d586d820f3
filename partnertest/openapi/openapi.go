// Package openapi holds an OpenAPI 3.1 document of each API, for generators, mocks and clients in other languages. They are
// written by hand from the vendors' documents, with their examples, and cover the operations that package partnerapi calls.
package openapi

import "embed"

// Files holds partner.yaml, account.yaml and network.yaml.
//
//go:embed partner.yaml account.yaml network.yaml
var Files embed.FS
