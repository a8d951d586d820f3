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
	lines := csv.NewReader(roster)
	lines.FieldsPerRecord = -1 // a row that is too short is reported like the others
	lines.ReuseRecord = true
	names, err := lines.Read()
	if err != nil && !errors.Is(err, io.EOF) {
		return notCSV(err, report)
	}
	width := len(names)
	places, why := header(names)
	if why != "" {
		report(1, why)
		return nil
	}
	for {
		fields, err := lines.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			if err := notCSV(err, report); err != nil {
				return err
			}
			continue
		}
		line, _ := lines.FieldPos(0)
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

// notCSV reports what is no CSV, and returns an error of another kind.
func notCSV(err error, report func(line int, what string)) error {
	var wrong *csv.ParseError
	if !errors.As(err, &wrong) {
		return err
	}
	report(wrong.StartLine, "not CSV: "+wrong.Err.Error())
	return nil
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

// wrong says what the API would refuse, or could not be asked for, or nothing.
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
		return fmt.Sprintf("status %.40q: %s or %s", r.Status, active, cancelled)
	case r.Status == cancelled && r.Plan == "":
		return ""
	case !slices.Contains(plans, r.Plan):
		return fmt.Sprintf("plan %.40q: %s or %s", r.Plan, plans[0], plans[1])
	case r.Status == active && blank(r.Email):
		return "no e-mail"
	default:
		return ""
	}
}

// fields are the columns of the row.
func (r row) fields() []string { return []string{r.PK, r.Email, string(r.Plan), string(r.Status)} }
