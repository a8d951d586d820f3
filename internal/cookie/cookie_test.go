package cookie

import (
	"bufio"
	"bytes"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// midnight is when the cookies of these tests are set.
var midnight = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)

// put sets cookies at midnight, as a server does in one response.
func (l *List) put(lines ...string) {
	for _, line := range lines {
		if c, ok := Parse(line, midnight); ok {
			l.Put(c, midnight)
		}
	}
}

// listOf returns a list after these Set-Cookie lines.
func listOf(lines ...string) (l List) {
	l.put(lines...)
	return l
}

// named returns n Set-Cookie lines with consecutive numbers.
func named(first, n int, attributes string) []string {
	lines := make([]string, 0, n)
	for i := range n {
		lines = append(lines, fmt.Sprintf("c%d=%d%s", first+i, first+i, attributes))
	}
	return lines
}

func TestHeaderHasCookiesAsReceived(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ set, want string }{
		"a comma":                       {"sid=a,b; path=/", "sid=a,b"},
		"brackets in a name":            {"sid[main]=abcdef; path=/", "sid[main]=abcdef"},
		"spaces inside":                 {"sid=a b  c", "sid=a b  c"},
		"a tab inside":                  {"sid=a\tb", "sid=a\tb"},
		"spaces around":                 {" sid = a b ; path=/", "sid=a b"},
		"tabs around":                   {"\tsid\t=\ta\t;", "sid=a"},
		"quoted":                        {`sid="a b"`, `sid="a b"`},
		"quoted with spaces":            {`sid=" a "`, `sid=" a "`},
		"quoted and empty":              {`sid=""`, `sid=""`},
		"quoted with a semicolon":       {`sid="a;b"`, `sid="a`},
		"a quote":                       {`sid="`, `sid="`},
		"a quote inside":                {`sid=a"b`, `sid=a"b`},
		"a backslash":                   {`sid=a\b\"c`, `sid=a\b\"c`},
		"JSON":                          {`prefs={"a":[1,2],"b":"c d"}`, `prefs={"a":[1,2],"b":"c d"}`},
		"UTF-8":                         {"sid=ü€", "sid=ü€"},
		"Latin-1":                       {"sid=\xfc\xff\x80", "sid=\xfc\xff\x80"},
		"Latin-1 in a name":             {"s\xefd=1", "s\xefd=1"},
		"a no-break space at the end":   {"sid=a\u00a0", "sid=a\u00a0"},
		"equals signs":                  {"sid==a=b==", "sid==a=b=="},
		"percent signs":                 {"sid=a%2Bb%3B%", "sid=a%2Bb%3B%"},
		"any separator in a name":       {`a b@c,d/e?{f}"g\h<i>:(j)=1`, `a b@c,d/e?{f}"g\h<i>:(j)=1`},
		"a name like an attribute":      {"Expires=1; Path=/", "Expires=1"},
		"no value":                      {"sid=", "sid="},
		"no value but spaces":           {"sid=  ; path=/", "sid="},
		"HTML, which JSON would escape": {"sid=<a&b>", "sid=<a&b>"},
		"unknown attributes":            {"sid=1;;; =; =x; Path; Max-Age; Expires=; Domain=..; SameSite=Odd; Priority=High", "sid=1"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			assert.Equal(t, "first=1; "+test.want+"; last=2", listOf("first=1", test.set, "last=2").Header())
		})
	}
}

func TestParseIgnoresLines(t *testing.T) {
	t.Parallel()
	for _, line := range []string{
		"", ";", "=", "=2", " = 2; path=/", "sid", "sid; path=/", "; sid=2", "; =2", "sid=\x00", "sid=2\x7f", "s\x01id=2", "sid=a\r\nX-Evil: 1", "sid=a\nb",
		"sid=" + strings.Repeat("a", 4094), strings.Repeat("n", 4097) + "=",
	} {
		c, ok := Parse(line, midnight)
		assert.False(t, ok, "%q", line)
		assert.Zero(t, c, "%q", line)
	}
}

func TestIsValid(t *testing.T) {
	t.Parallel()
	for _, c := range []Cookie{{Name: "sid", Value: "a, b"}, {Name: "sid"}, {Name: "s\xef[d]", Value: "a\tb=\"\xff"}} {
		assert.True(t, c.IsValid(), "%q", c)
	}
	for _, c := range []Cookie{
		{}, {Value: "1"}, {Name: "a;b"}, {Name: "a=b"}, {Name: " a"}, {Name: "a\t"}, {Name: "a\nb"}, {Name: "a", Value: "1;"}, {Name: "a", Value: " 1"},
		{Name: "a", Value: "1\t"}, {Name: "a", Value: "\x7f"}, {Name: "a", Value: strings.Repeat("a", 4096)},
	} {
		assert.False(t, c.IsValid(), "%q", c)
	}
}

func TestExpiry(t *testing.T) {
	t.Parallel()
	for attributes, want := range map[string]string{ // when it expires; "" for never, "now" for immediately
		"":                                       "",
		"; Max-Age=60":                           "2000-01-01T00:01:00Z",
		"; max-age = 60 ":                        "2000-01-01T00:01:00Z",
		";MAX-AGE=060;":                          "2000-01-01T00:01:00Z",
		"; Max-Age=0":                            "now",
		"; Max-Age=-1":                           "now",
		"; Max-Age=-0":                           "now",
		"; Max-Age=-9999999999":                  "now",
		"; Max-Age=":                             "",
		"; Max-Age=-":                            "",
		"; Max-Age=+60":                          "",
		"; Max-Age=6e1":                          "",
		"; Max-Age=60.5":                         "",
		`; Max-Age="60"`:                         "",
		"; Max-Age=1 2":                          "",
		"; Max-Age=--1":                          "",
		"; Max-Age=٣":                            "",
		"; Max-Age=2147483647":                   "2068-01-19T03:14:07Z",
		"; Max-Age=2147483648":                   "2068-01-19T03:14:07Z",
		"; Max-Age=99999999999999999999999999":   "2068-01-19T03:14:07Z",
		"; Max-Age=" + strings.Repeat("9", 1024): "2068-01-19T03:14:07Z",
		"; Max-Age=" + strings.Repeat("9", 1025): "",
		"; Max-Age=60; Max-Age=120":              "2000-01-01T00:02:00Z",
		"; Max-Age=60; Max-Age=x":                "2000-01-01T00:01:00Z",
		"; Max-Age=60; Expires=Thu, 01 Jan 1970 00:00:00 GMT":                    "2000-01-01T00:01:00Z",
		"; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=60":                    "2000-01-01T00:01:00Z",
		"; Expires=Sat, 01 Jan 2000 00:00:01 GMT; Max-Age=x":                     "2000-01-01T00:00:01Z",
		"; Expires=Sat, 01 Jan 2000 00:00:01 GMT":                                "2000-01-01T00:00:01Z",
		"; Expires=Sat, 01 Jan 2000 00:00:00 GMT":                                "now",
		"; Expires=Sat, 01-Jan-00 00:00:00 GMT":                                  "now",
		"; EXPIRES=Sat, 01 Jan 2000 00:00:05 GMT; Expires=tomorrow":              "2000-01-01T00:00:05Z",
		"; Expires=Sat, 01 Jan 2000 00:00:05 GMT; expires=Sat, 1 Jan 2000 1:0:0": "2000-01-01T01:00:00Z",
		"; Expires=tomorrow": "",
		"; Expires":          "",
	} {
		l := listOf("other=1", "sid=1"+attributes)
		switch want {
		case "now":
			assert.Equal(t, List{{Name: "other", Value: "1"}}, l, attributes)
		case "":
			assert.Equal(t, List{{Name: "other", Value: "1"}, {Name: "sid", Value: "1"}}, l, attributes)
		default:
			require.Len(t, l, 2, attributes)
			assert.Equal(t, want, l[1].Expires.Format(time.RFC3339), attributes)
			l.DropExpired(l[1].Expires.Add(-1))
			assert.True(t, l.Has("sid"), attributes)
			l.DropExpired(l[1].Expires)
			assert.False(t, l.Has("sid"), attributes)
		}
	}
}

func TestOldestCookiesGoFirst(t *testing.T) {
	t.Parallel()
	header := func(lines ...string) string { return strings.Join(lines, "; ") }
	l := listOf(named(0, 50, "")...)
	assert.Equal(t, header(named(0, 50, "")...), l.Header())

	t.Log("one more, after an update, which keeps a cookie's age")
	l.put("c0=new", "c50=50")
	assert.Equal(t, header(named(1, 50, "")...), l.Header())
	l.put("c1=new")
	assert.Equal(t, header(append([]string{"c1=new"}, named(2, 49, "")...)...), l.Header())

	t.Log("one that was deleted and set again is new")
	l.put("c1=; Max-Age=0", "c1=again")
	assert.Equal(t, header(append(named(2, 49, ""), "c1=again")...), l.Header())

	t.Log("an ignored line removes no cookie")
	l.put("nonsense", "=x", "gone=1; Max-Age=0", "big="+strings.Repeat("a", 4094))
	assert.Equal(t, header(append(named(2, 49, ""), "c1=again")...), l.Header())
}

func TestSizeOfACookie(t *testing.T) {
	t.Parallel()
	largest := "sid=" + strings.Repeat("a", 4093)
	assert.Equal(t, largest, listOf(largest+"; Path=/"+strings.Repeat("a", 4096)).Header())
	name := strings.Repeat("n", 4096) + "="
	assert.Equal(t, name, listOf(name).Header())
	assert.Equal(t, "sid=1", listOf("sid=1", largest+"a").Header(), "one that is too large replaces none")
}

func TestSecrets(t *testing.T) {
	t.Parallel()
	assert.Equal(t, []string{"abcdefgh", "ijklmnop", `"qrstuvw`}, listOf("a=abcdefg", "b=abcdefgh", `c="ijklmno"`, `d="ijklmnop"`, `e="qrstuvw`, "abcdefghi=1").Secrets())
	assert.Empty(t, listOf().Secrets())
}

// FuzzList sets any two cookies. A server receives them unchanged.
func FuzzList(f *testing.F) {
	for _, line := range []string{
		"sid=1; Path=/; HttpOnly", "sid=a,b; path=/", "sid[main]=abcdef; path=/", `sid="a b"; Max-Age=60`, " a\xff = \t\\\x80 ;", "sid", "=x", "a==b", "\x00=1", "a=\r\nb",
		"a=1; Expires=Wed, 09-Jun-69 10:18:14 GMT", "a=1; max-age=99999999999999999999", "a=1; Max-Age=-1", "a=" + strings.Repeat("b", 5000), "a=1; Expires=\xff:1:2:3 1 2 jan 99",
	} {
		f.Add(line, "sid=2")
	}
	f.Fuzz(func(t *testing.T, one, two string) {
		l := listOf(one, two)
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://a.example/", nil)
		require.NoError(t, err)
		if len(l) > 0 {
			req.Header.Set("Cookie", l.Header())
		}
		var wire bytes.Buffer
		require.NoError(t, req.Write(&wire))
		arrived, err := http.ReadRequest(bufio.NewReader(&wire))
		require.NoError(t, err)
		assert.Equal(t, req.Header["Cookie"], arrived.Header["Cookie"])

		// The server expects the name and the value without attributes and surrounding spaces.
		var want []string
		for _, line := range []string{one, two} {
			pair, attributes, _ := strings.Cut(line, ";")
			name, value, named := strings.Cut(pair, "=")
			name, value = strings.Trim(name, " \t"), strings.Trim(value, " \t")
			isCTL := func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f }
			if !named || name == "" || len(name)+len(value) > 4096 || strings.ContainsFunc(name+value, isCTL) {
				assert.Empty(t, listOf(line))
				continue
			}
			if a := strings.ToLower(attributes); strings.Contains(a, "max-age") || strings.Contains(a, "expires") {
				return // it may have expired
			}
			at := slices.IndexFunc(want, func(pair string) bool { return strings.HasPrefix(pair, name+"=") })
			if at < 0 {
				at, want = len(want), append(want, "")
			}
			want[at] = name + "=" + value
		}
		assert.Equal(t, strings.Join(want, "; "), l.Header())
	})
}
