package main

import (
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestReadRoster(t *testing.T) {
	t.Parallel()
	want := []job{
		{2, row{"MS1", "a@example.com", "bark", "active"}},
		{3, row{"a/b", "", "", "cancelled"}},
		{4, row{"ü \"x\"\ny", "b@example.com", "bark_junior", "active"}},
		{6, row{"MS3", "", "bark", "cancelled"}},
	}
	tests := map[string]string{
		"as written": "pk,email,plan,status\nMS1,a@example.com,bark,active\na/b,,,cancelled\n" +
			"\"ü \"\"x\"\"\ny\",b@example.com,bark_junior,active\nMS3,,bark,cancelled\n",
		"other order, with errors": "status,error,plan,pk,email\nactive,,bark,MS1,a@example.com\ncancelled,not found,,a/b,\n" +
			"active,,bark_junior,\"ü \"\"x\"\"\ny\",b@example.com\ncancelled,,bark,MS3,\n",
		"of a spreadsheet": "\ufeffpk,email,plan,status\r\nMS1,a@example.com,bark,active\r\na/b,,,cancelled\r\n" +
			"\"ü \"\"x\"\"\ny\",b@example.com,bark_junior,active\r\nMS3,,bark,cancelled\r\n",
	}
	for name, roster := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got []job
			var found problems
			require.NoError(t, readRows(strings.NewReader(roster), func(line int, r row) error {
				got = append(got, job{line, r})
				return nil
			}, found.add))
			assert.Zero(t, found.count, found.Error())
			assert.Equal(t, want, got)
		})
	}
}

func TestInvalidRosterIsReported(t *testing.T) {
	t.Parallel()
	const header = "pk,email,plan,status\n"
	long := strings.Repeat("x", longest+1)
	tests := map[string]struct{ roster, want string }{
		"nothing":             {"", "line 1: the header is not pk,email,plan,status"},
		"no header":           {"MS1,a@example.com,bark,active\n", "line 1: the header is not pk,email,plan,status"},
		"too few columns":     {"pk,email,plan\n", "line 1: the header is not pk,email,plan,status"},
		"another column":      {"pk,email,plan,status,name\n", "line 1: the header is not pk,email,plan,status"},
		"duplicate column":    {"pk,email,plan,status,pk\n", "line 1: the header is not pk,email,plan,status"},
		"capital letters":     {"PK,email,plan,status\n", "line 1: the header is not pk,email,plan,status"},
		"header is not CSV":   {"p\"k,email\n", "line 1: not CSV: bare \" in non-quoted-field"},
		"short row":           {header + "MS1,a@example.com,bark\n", "line 2: 3 columns, the header has 4"},
		"long row":            {header + "MS1,a@example.com,bark,active,\n", "line 2: 5 columns, the header has 4"},
		"no pk":               {header + ",a@example.com,bark,active\n", "line 2: no pk"},
		"blank pk":            {header + "\" \",a@example.com,bark,active\n", "line 2: no pk"},
		"dots":                {header + "..,a@example.com,bark,active\n", "line 2: the pk is . or .., which is invalid in a path"},
		"long pk":             {header + long + ",a@example.com,bark,active\n", "line 2: a pk or e-mail of more than 1000 bytes"},
		"long e-mail":         {header + "MS1," + long + ",bark,active\n", "line 2: a pk or e-mail of more than 1000 bytes"},
		"no e-mail":           {header + "MS1,,bark,active\n", "line 2: no e-mail"},
		"no plan":             {header + "MS1,a@example.com,,active\n", "line 2: the plan is neither bark nor bark_junior"},
		"unknown plan":        {header + "MS1,a@example.com,Bark,active\n", "line 2: the plan is neither bark nor bark_junior"},
		"plan of cancelled":   {header + "MS1,a@example.com,meow,cancelled\n", "line 2: the plan is neither bark nor bark_junior"},
		"unknown status":      {header + "MS1,a@example.com,bark,canceled\n", "line 2: the status is neither active nor cancelled"},
		"no UTF-8":            {header + "M\xffS1,a@example.com,bark,active\n", "line 2: not UTF-8"},
		"e-mail is not UTF-8": {header + "MS1,a@\xc3.com,bark,active\n", "line 2: not UTF-8"},
		"quotes":              {header + "MS1,a\"b,bark,active\nMS2,,bark,active\n", "line 2: not CSV: bare \" in non-quoted-field\nline 3: no e-mail"},
		"unclosed quote":      {header + "\"MS1,a,bark,active\nMS2,,bark,active\n", "line 2: not CSV: extraneous or missing \" in quoted-field"},
		"unclosed quote in a long file": {
			header + "MS1,,,cancelled\n\"MS2,,,cancelled\n" + strings.Repeat("MS3,,,cancelled\n", 10_000),
			"line 3: a row of more than 65536 bytes: unclosed quotation mark?",
		},
		"endless header": {
			"\"" + strings.Repeat("pk,email,plan,status\n", 10_000),
			"line 1: a row of more than 65536 bytes: unclosed quotation mark?",
		},
		"twice": {
			header + "MS2,,,cancelled\nMS1,a@example.com,bark,active\n\nMS2,,,cancelled\nMS1,,,cancelled\nMS2,,,cancelled\n",
			"line 5: duplicate of the pk in line 2\nline 6: duplicate of the pk in line 3\nline 7: duplicate of the pk in line 5",
		},
		"after a long cell": {header + "\"M\n\nS\",a@example.com,bark,active\n,a@example.com,bark,active\n", "line 5: no pk"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := newSpool(strings.NewReader(test.roster), t.TempDir())
			var found *problems
			require.ErrorAs(t, err, &found)
			told, _, _ := strings.Cut(err.Error(), "\n"+comma(found.count)+" invalid lines")
			assert.Equal(t, test.want, told)
			assert.Len(t, found.first, found.count)
		})
	}
}

func TestManyProblemsAreCounted(t *testing.T) {
	t.Parallel()
	var found problems
	for line := 1000; line > 0; line-- {
		found.add(line, "wrong")
	}
	text := found.Error()
	assert.True(t, strings.HasPrefix(text, "line 1: wrong\nline 2: wrong\n"), text)
	assert.True(t, strings.HasSuffix(text, "line 100: wrong\nand 900 more\n1,000 invalid lines: nothing was sent"), text)
}

func TestUnreadableRoster(t *testing.T) {
	t.Parallel()
	broken := errors.New("the disk is broken")
	_, err := newSpool(io.MultiReader(strings.NewReader("pk,email,plan,status\nMS1,a@example.com,bark,active\n"), brokenReader{broken}), t.TempDir())
	require.ErrorIs(t, err, broken)
	_, err = newSpool(brokenReader{broken}, t.TempDir())
	require.ErrorIs(t, err, broken)
}

type brokenReader struct{ err error }

func (r brokenReader) Read([]byte) (int, error) { return 0, r.err }
