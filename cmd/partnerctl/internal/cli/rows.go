package cli

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/partnerapi/partnerapi-go"
)

// row is one subscription of an input.
type row struct {
	line int
	partnerapi.CreateSubscriptionRequest
}

// readRows reads all rows before any is sent: a mistake in the last one is found in time.
func readRows(in io.Reader) ([]row, error) {
	reader := bufio.NewReader(in)
	if start, _ := reader.Peek(3); bytes.Equal(start, []byte("\ufeff")) { // a byte order mark, as spreadsheets write it
		_, _ = reader.Discard(3)
	}
	read := readCSV
	if start, _ := reader.Peek(1); string(start) == "{" {
		read = readNDJSON
	}
	rows, err := read(reader)
	if err != nil {
		return nil, usageError(err.Error())
	}
	lines := make(map[string]int, len(rows))
	for _, r := range rows {
		if before, twice := lines[r.PK]; twice {
			return nil, usageError(fmt.Sprintf("line %d: the pk of line %d", r.line, before))
		}
		lines[r.PK] = r.line
	}
	return rows, nil
}

var columns = []string{"pk", "email", "plan"}

func readCSV(in io.Reader) (rows []row, err error) {
	records := csv.NewReader(in)
	header, err := records.Read()
	if err != nil {
		return nil, fmt.Errorf("no header: want pk,email,plan: %w", err)
	}
	at := make(map[string]int)
	for i, name := range header {
		name = strings.TrimSpace(name)
		if _, twice := at[name]; twice || !slices.Contains(columns, name) {
			return nil, errors.New("the header has other columns than pk,email,plan")
		}
		at[name] = i
	}
	for _, required := range columns[:2] {
		if _, ok := at[required]; !ok {
			return nil, fmt.Errorf("the header has no %s", required)
		}
	}
	for {
		record, err := records.Read()
		if errors.Is(err, io.EOF) {
			return rows, nil
		}
		if err != nil {
			return nil, err
		}
		line, _ := records.FieldPos(0)
		r := row{line, partnerapi.CreateSubscriptionRequest{PK: record[at["pk"]], Email: record[at["email"]]}}
		if i, ok := at["plan"]; ok {
			r.Plan = partnerapi.Plan(record[i])
		}
		rows = append(rows, r)
	}
}

func readNDJSON(in io.Reader) (rows []row, err error) {
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, 1<<20)
	for n := 1; lines.Scan(); n++ {
		if len(bytes.TrimSpace(lines.Bytes())) == 0 {
			continue
		}
		r := row{line: n}
		decoder := json.NewDecoder(bytes.NewReader(lines.Bytes()))
		decoder.DisallowUnknownFields()
		if err := decoder.Decode(&r.CreateSubscriptionRequest); err != nil || decoder.More() {
			return nil, fmt.Errorf("line %d: want an object with pk, email and plan", n)
		}
		rows = append(rows, r)
	}
	return rows, lines.Err()
}
