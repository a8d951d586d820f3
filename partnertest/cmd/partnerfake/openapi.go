package main

import (
	"net/http"
	"path"

	"github.com/partnerapi/partnerapi-go/partnertest/openapi"
)

// openapiPath is outside the three APIs too.
const openapiPath = "/openapi/"

// documents serves the OpenAPI documents, and a page with links to them.
func documents() http.Handler {
	files := http.StripPrefix(openapiPath, http.FileServerFS(openapi.Files))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if path.Ext(r.URL.Path) == ".yaml" {
			w.Header().Set("Content-Type", "application/yaml") // not every system knows it
		}
		files.ServeHTTP(w, r)
	})
}
