package main

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/partnerapi/partnerapi-go"
)

// row is a row of a roster: the desired state of one pk.
type row struct {
	PK     string          `json:"pk"`
	Email  string          `json:"email,omitzero"`
	Plan   partnerapi.Plan `json:"plan,omitzero"`
	Status status          `json:"status,omitzero"`
}

// status is the desired or the actual status of a subscription. The zero value means unknown.
type status string

const (
	active    status = "active"
	cancelled status = "cancelled"
)

// plans are the valid plans in a roster.
var plans = []partnerapi.Plan{partnerapi.PlanBark, partnerapi.PlanBarkJunior}

// columns are the columns of a roster, in the order in which they are written. A roster to be read may have them in any
// order.
var columns = []string{"pk", "email", "plan", "status"}

// errorColumn is an additional column in a file of failed rows. It is ignored in a roster, so such a file can be loaded.
const errorColumn = "error"

// longest is the maximum length of a pk or an e-mail in bytes.
const longest = 1000

// bom is the byte order mark that some programs write before UTF-8.
const bom = "\ufeff"

// readRows calls each with the rows of a roster and their lines, and report with its problems. It returns the error of
// reading or of each.
func readRows(roster io.Reader, each func(line int, r row) error, report func(line int, what string)) error {
	limited := &guard{roster, longestRow}
	lines := csv.NewReader(limited)
	lines.FieldsPerRecord = -1 // a row that is too short is reported like other problems
	lines.ReuseRecord = true
	names, err := lines.Read()
	if err != nil && !errors.Is(err, io.EOF) {
		_, err = notCSV(err, 1, report)
		return err
	}
	width := len(names)
	places, why := header(names)
	if why != "" {
		report(1, why)
		return nil
	}
	for line := 1; ; {
		limited.left = longestRow
		fields, err := lines.Read()
		if err != nil {
			if more, err := notCSV(err, line+1, report); !more {
				return err
			}
			continue
		}
		line, _ = lines.FieldPos(0)
		if len(fields) != width {
			report(line, fmt.Sprintf("%d columns, the header has %d", len(fields), width))
			continue
		}
		r := row{fields[places[0]], fields[places[1]], partnerapi.Plan(fields[places[2]]), status(fields[places[3]])}
		if why := r.wrong(); why != "" {
			report(line, why)
		} else if err := each(line, r); err != nil {
			return err
		}
	}
}

// longestRow limits the bytes read for a row: an unclosed quotation mark would make one row of the rest of the file.
const longestRow = 64 << 10

var errLong = fmt.Errorf("a row of more than %d bytes: unclosed quotation mark?", longestRow)

// guard fails when a row is longer than that.
type guard struct {
	io.Reader

	left int
}

func (g *guard) Read(p []byte) (int, error) {
	if g.left <= 0 {
		return 0, errLong
	}
	n, err := g.Reader.Read(p)
	g.left -= n
	return n, err
}

// notCSV reports invalid CSV, and whether reading can continue. It returns the error of reading.
func notCSV(err error, line int, report func(line int, what string)) (more bool, _ error) {
	var wrong *csv.ParseError
	switch {
	case errors.Is(err, io.EOF):
		return false, nil
	case errors.Is(err, errLong):
		report(line, errLong.Error())
		return false, nil
	case errors.As(err, &wrong):
		report(wrong.StartLine, "not CSV: "+wrong.Err.Error())
		return true, nil
	default:
		return false, err
	}
}

// header returns the positions of the columns, or the problem.
func header(names []string) (places []int, why string) {
	names = slices.Clone(names)
	if len(names) > 0 {
		names[0] = strings.TrimPrefix(names[0], bom)
	}
	for _, column := range columns {
		places = append(places, slices.Index(names, column))
	}
	for i, name := range names {
		if name != errorColumn && !slices.Contains(columns, name) || slices.Index(names, name) < i {
			places = append(places, -1)
		}
	}
	if slices.Contains(places, -1) {
		return nil, "the header is not " + strings.Join(columns, ",")
	}
	return places, ""
}

// wrong returns the problem of a row, or an empty string: a value that the API rejects, or that no request can carry. It
// quotes no cell, because mixed-up columns put e-mails anywhere.
func (r row) wrong() string {
	blank := func(s string) bool { return strings.TrimSpace(s) == "" }
	switch {
	case !utf8.ValidString(r.PK + r.Email + string(r.Plan) + string(r.Status)):
		return "not UTF-8"
	case blank(r.PK):
		return "no pk"
	case r.PK == "." || r.PK == "..":
		return "the pk is . or .., which is invalid in a path"
	case len(r.PK) > longest || len(r.Email) > longest:
		return fmt.Sprintf("a pk or e-mail of more than %d bytes", longest)
	case r.Status != active && r.Status != cancelled:
		return fmt.Sprintf("the status is neither %s nor %s", active, cancelled)
	case r.Status == cancelled && r.Plan == "":
		return ""
	case !slices.Contains(plans, r.Plan):
		return fmt.Sprintf("the plan is neither %s nor %s", plans[0], plans[1])
	case r.Status == active && blank(r.Email):
		return "no e-mail"
	default:
		return ""
	}
}

// fields returns the columns of the row.
func (r row) fields() []string { return []string{r.PK, r.Email, string(r.Plan), string(r.Status)} }
