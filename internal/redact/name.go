package redact

import (
	"fmt"
	"io"
	"log/slog"
	"strconv"
)

// Name is the only output of a type with secrets: for every verb of fmt, in slog, and as text.
type Name string

// Format prints the name.
func (n Name) Format(f fmt.State, verb rune) { Format(f, verb, string(n)) }

// LogValue returns the name.
func (n Name) LogValue() slog.Value { return slog.StringValue(string(n)) }

// MarshalText returns the name, also in JSON.
func (n Name) MarshalText() ([]byte, error) { return []byte(n), nil }

// Format prints text for any verb, so that no verb reaches the fields of the value that it stands for.
func Format(f fmt.State, verb rune, text string) {
	if verb == 'q' {
		text = strconv.Quote(text)
	}
	_, _ = io.WriteString(f, text)
}
