package partnertest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"unicode/utf8"
)

// reply is a response.
type reply struct {
	status int
	header http.Header
	body   []byte
}

// inJSON is a response with a JSON body.
func inJSON(status int, v any) reply {
	body, err := json.Marshal(v)
	if err != nil {
		panic(fmt.Errorf("partnertest: encode a seeded value: %w", err))
	}
	return reply{status, http.Header{"Content-Type": {"application/json; charset=utf-8"}}, body}
}

func plainNotFound() reply {
	return reply{http.StatusNotFound, http.Header{"Content-Type": {"text/plain; charset=utf-8"}}, []byte("404 page not found\n")}
}

func (r reply) write(w http.ResponseWriter) {
	for name, values := range r.header {
		w.Header()[name] = values
	}
	w.WriteHeader(r.status)
	if len(r.body) > 0 {
		_, _ = w.Write(r.body)
	}
}

// read decodes the body of a request. It reports false unless the body is UTF-8 and JSON of the form of T: encoding/json
// would replace different invalid bytes with the same rune.
func read[T any](in *request) (T, bool) {
	var v T
	if !utf8.Valid(in.body) {
		return v, false
	}
	err := json.Unmarshal(in.body, &v)
	return v, err == nil
}

func hasBody(in *request) bool { return len(in.body) > 0 }
