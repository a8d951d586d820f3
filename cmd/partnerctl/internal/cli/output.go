package cli

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"
	"unicode"

	"go.yaml.in/yaml/v3"

	"github.com/partnerapi/partnerapi-go"
)

// forms are the values of --output.
var forms = []string{"table", "json", "yaml", "csv"}

// listed makes an empty list of nil, which JSON would write as null.
func listed[T any](items []T, err error) (any, error) {
	if err != nil {
		return nil, err
	}
	return append([]T{}, items...), nil
}

// print writes a value in the chosen form, as one write.
func (a *app) print(v any) error {
	var out bytes.Buffer
	if err := a.render(&out, v); err != nil {
		return err
	}
	_, err := a.out.Write(out.Bytes())
	return err
}

func (a *app) render(w io.Writer, v any) error {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(v); err != nil {
		return err
	}
	if a.output == "json" {
		_, err := w.Write(text.Bytes())
		return err
	}
	// JSON is YAML, and a node keeps the order of members.
	var document yaml.Node
	if err := yaml.Unmarshal(escaped(text.Bytes()), &document); err != nil {
		return err
	}
	node := document.Content[0]
	if a.output == "yaml" {
		toBlocks(node)
		out := yaml.NewEncoder(w)
		out.SetIndent(2)
		return out.Encode(node)
	}
	times := make(map[string]bool)
	timesOf(reflect.TypeOf(v), times)
	if node.Kind == yaml.SequenceNode {
		return a.rows(w, node.Content, times)
	}
	return a.fields(w, node, times)
}

// escaped escapes the characters that JSON may have and YAML may not.
func escaped(text []byte) []byte {
	var b bytes.Buffer
	for _, r := range string(text) {
		if unicode.Is(unicode.Cc, r) && r >= 0x7f || r == '\ufeff' || r == '\ufffe' || r == '\uffff' {
			_, _ = fmt.Fprintf(&b, `\u%04x`, r)
		} else {
			b.WriteRune(r)
		}
	}
	return b.Bytes()
}

// toBlocks makes the style of JSON that of YAML. Empty lists and objects have no other. A text such as No stays quoted, because
// it is no text in YAML 1.1.
func toBlocks(node *yaml.Node) {
	node.Style &^= yaml.FlowStyle
	if text, err := yaml.Marshal(node.Value); err == nil && !bytes.HasPrefix(text, []byte(`"`)) {
		node.Style &^= yaml.DoubleQuotedStyle
	}
	for _, inner := range node.Content {
		toBlocks(inner)
	}
}

// timesOf collects the names of members that are Unix seconds.
func timesOf(t reflect.Type, names map[string]bool) {
	switch t.Kind() {
	case reflect.Slice, reflect.Pointer:
		timesOf(t.Elem(), names)
	case reflect.Struct:
		for _, field := range reflect.VisibleFields(t) {
			if field.Type == reflect.TypeFor[partnerapi.UnixTime]() {
				name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
				names[name] = true
			} else if field.IsExported() && field.Type != reflect.TypeFor[time.Time]() {
				timesOf(field.Type, names)
			}
		}
	}
}

// rows writes a list: a line for each record, a column for each member that has a value in any of them.
func (a *app) rows(w io.Writer, records []*yaml.Node, times map[string]bool) error {
	var columns []string
	for _, record := range records {
		for i := 0; i+1 < len(record.Content); i += 2 {
			name := record.Content[i].Value
			if !slices.Contains(columns, name) && (a.output == "csv" || !isEmpty(record.Content[i+1])) {
				columns = append(columns, name)
			}
		}
	}
	if len(columns) == 0 {
		return nil
	}
	lines := [][]string{columns}
	for _, record := range records {
		line := make([]string, len(columns))
		for i := 0; i+1 < len(record.Content); i += 2 {
			if at := slices.Index(columns, record.Content[i].Value); at >= 0 {
				line[at] = a.cell(record.Content[i], record.Content[i+1], times)
			}
		}
		lines = append(lines, line)
	}
	return a.write(w, lines, true)
}

// fields writes one record: a line for each member in a table, one line in CSV.
func (a *app) fields(w io.Writer, node *yaml.Node, times map[string]bool) error {
	if a.output == "csv" {
		return a.rows(w, []*yaml.Node{node}, times)
	}
	var lines [][]string
	var walk func(prefix string, node *yaml.Node)
	walk = func(prefix string, node *yaml.Node) {
		for i := 0; i+1 < len(node.Content); i += 2 {
			name, value := node.Content[i], node.Content[i+1]
			switch {
			case isEmpty(value):
			case value.Kind == yaml.MappingNode:
				walk(prefix+name.Value+".", value)
			default:
				lines = append(lines, []string{prefix + name.Value, a.cell(name, value, times)})
			}
		}
	}
	walk("", node)
	return a.write(w, lines, false)
}

func isEmpty(node *yaml.Node) bool {
	if node.Kind != yaml.ScalarNode {
		return len(node.Content) == 0
	}
	return node.Value == "" || node.Tag == "!!null"
}

// cell returns a value on one line.
func (a *app) cell(name, node *yaml.Node, times map[string]bool) string {
	if node.Kind != yaml.ScalarNode {
		var v any
		_ = node.Decode(&v) // it was JSON
		text, _ := json.Marshal(v)
		return string(text)
	}
	if node.Tag == "!!null" {
		return ""
	}
	if a.output == "table" && times[name.Value] {
		if seconds, err := strconv.ParseInt(node.Value, 10, 64); err == nil {
			return time.Unix(seconds, 0).UTC().Format(time.RFC3339)
		}
	}
	return node.Value
}

func (a *app) write(w io.Writer, lines [][]string, headed bool) error {
	if a.output == "csv" {
		return csv.NewWriter(w).WriteAll(lines)
	}
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for i, line := range lines {
		for j := range line {
			line[j] = printable(line[j])
			if i == 0 && headed {
				line[j] = strings.ToUpper(strings.ReplaceAll(line[j], "_", " "))
			} else if line[j] == "" {
				line[j] = "-"
			}
		}
		_, _ = fmt.Fprintln(table, strings.Join(line, "\t"))
	}
	return table.Flush()
}

// printable replaces what a terminal would obey.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return unicode.ReplacementChar
		}
		return r
	}, text)
}
