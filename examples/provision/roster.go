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

// row is what a roster says of one pk.
type row struct {
	PK     string          `json:"pk"`
	Email  string          `json:"email,omitzero"`
	Plan   partnerapi.Plan `json:"plan,omitzero"`
	Status status          `json:"status,omitzero"`
}

// status is what a subscription is to be, or is. The zero value stands for one that is not known.
type status string

const (
	active    status = "active"
	cancelled status = "cancelled"
)

// plans are what a roster may ask for.
var plans = []partnerapi.Plan{partnerapi.PlanBark, partnerapi.PlanBarkJunior}

// columns are those of a roster, in the order in which they are written. Read, they may be in any.
var columns = []string{"pk", "email", "plan", "status"}

// errorColumn is what a list of failed rows has besides. In a roster it is passed over, so that such a list is one.
const errorColumn = "error"

// longest is the most bytes that a pk or an e-mail has.
const longest = 1000

// bom is what some programs write before UTF-8.
const bom = "\ufeff"

// readRows calls each with the rows of a roster and their lines, and report with what is wrong in it. It fails with what
// reading or each fails with.
func readRows(roster io.Reader, each func(line int, r row) error, report func(line int, what string)) error {
	limited := &guard{roster, longestRow}
	lines := csv.NewReader(limited)
	lines.FieldsPerRecord = -1 // a row that is too short is reported like the others
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
			report(line, fmt.Sprintf("%d columns where the header has %d", len(fields), width))
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

// longestRow is the most bytes that are read for a row: a quotation mark that is not closed would make one of all the rest.
const longestRow = 64 << 10

var errLong = fmt.Errorf("a row of more than %d bytes, such as one with a quotation mark too few", longestRow)

// guard fails when more is read for a row.
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

// notCSV reports what is no CSV, and tells whether there is more to read. It fails with what reading failed with.
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

// header returns where each of the columns is, or what is wrong.
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

// wrong says what the API would refuse, or could not be asked for, or nothing. It shows no cell: columns that are mixed up put
// e-mails anywhere.
func (r row) wrong() string {
	blank := func(s string) bool { return strings.TrimSpace(s) == "" }
	switch {
	case !utf8.ValidString(r.PK + r.Email + string(r.Plan) + string(r.Status)):
		return "not UTF-8"
	case blank(r.PK):
		return "no pk"
	case r.PK == "." || r.PK == "..":
		return "a pk of dots, which cannot be sent in a path"
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

// fields are the columns of the row.
func (r row) fields() []string { return []string{r.PK, r.Email, string(r.Plan), string(r.Status)} }
