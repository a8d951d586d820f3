package partnerapi

import (
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"github.com/partnerapi/partnerapi-go/internal/cookie"
)

// exportedCookie is a cookie in version 3, where its bytes are base64.
type exportedCookie struct {
	Name    []byte    `json:"name"`
	Value   []byte    `json:"value"`
	Expires time.Time `json:"expires,omitzero"` // zero: with the session
}

// cookieOf1 is a cookie in version 1, as net/http reads one.
type cookieOf1 struct {
	Name    string    `json:"name"`
	Value   string    `json:"value"`
	Quoted  bool      `json:"quoted"`
	Expires time.Time `json:"expires"`
}

// cookies returns the cookies of versions 1 and 3, and whether they are a list of that version.
func (in exportedSession) cookies() (listed cookie.List, ok bool) {
	switch in.Version {
	case 1:
		var exported []cookieOf1
		ok = in.Cookies == nil || json.Unmarshal(in.Cookies, &exported) == nil
		for _, c := range exported {
			valid := (&http.Cookie{Name: c.Name, Value: c.Value, Quoted: c.Quoted}).Valid() //nolint:gosec // attributes are for answers
			ok = ok && valid == nil
			value := strings.Trim(c.Value, " \t")
			if c.Quoted {
				value = `"` + c.Value + `"`
			}
			if len(c.Name)+len(value) <= cookie.MaxBytes { // as a session ignores a longer one
				listed = append(listed, cookie.Cookie{Name: c.Name, Value: value, Expires: c.Expires})
			}
		}
		listed = listed[max(0, len(listed)-cookie.MaxCookies):] // version 1 had no bounds
	case 3:
		var exported []exportedCookie
		ok = json.Unmarshal(in.Cookies, &exported) == nil && exported != nil
		for _, c := range exported {
			listed = append(listed, cookie.Cookie{Name: string(c.Name), Value: string(c.Value), Expires: c.Expires})
		}
	}
	return listed, ok
}
