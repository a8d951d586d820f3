package cli

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"
)

// errDryRun is the error of a request that is printed instead of sent.
var errDryRun = errors.New("a dry run sends nothing")

// placeholders are texts that stand for secrets while a request is made. A random part tells them from what a user writes.
type placeholders struct {
	mark    string
	pattern *regexp.Regexp
}

func newPlaceholders() placeholders {
	mark := rand.Text()
	return placeholders{mark, regexp.MustCompile(mark + `([A-Z_]+)` + mark)}
}

func (p placeholders) of(variable string) string { return p.mark + variable + p.mark }

// shown replaces the placeholders by their variables.
func (p placeholders) shown(text string) string { return p.pattern.ReplaceAllString(text, "$$$1") }

// quote quotes an argument for a POSIX shell, which fills in the variables.
func (p placeholders) quote(arg string) string {
	var b strings.Builder
	end := 0
	literal := func(text string) {
		if text != "" {
			b.WriteString("'" + strings.ReplaceAll(text, "'", `'\''`) + "'")
		}
	}
	for _, at := range p.pattern.FindAllStringSubmatchIndex(arg, -1) {
		literal(arg[end:at[0]])
		b.WriteString(`"$` + arg[at[2]:at[3]] + `"`)
		end = at[1]
	}
	literal(arg[end:])
	return b.String()
}

// curl is a transport that prints requests.
type curl struct{ *app }

// RoundTrip prints a request and returns errDryRun.
func (c curl) RoundTrip(req *http.Request) (*http.Response, error) {
	var body []byte
	if req.Body != nil {
		defer req.Body.Close()
		var err error
		if body, err = io.ReadAll(req.Body); err != nil {
			return nil, err
		}
	}
	words := []string{"curl", "-X", req.Method, c.placeholders.quote(req.URL.String())}
	var names []string
	for name := range req.Header {
		if name != "User-Agent" && name != "Content-Length" {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	for _, name := range names {
		for _, value := range req.Header[name] {
			words = append(words, "-H", c.placeholders.quote(name+": "+value))
		}
	}
	if len(body) > 0 {
		words = append(words, "--data-raw", c.placeholders.quote(string(body)))
	}
	_, _ = fmt.Fprintln(c.out, strings.Join(words, " "))
	return nil, errDryRun
}
