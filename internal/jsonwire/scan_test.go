package jsonwire

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

// The depth of nesting is limited as in encoding/json, because the stack is.
func TestValidDepth(t *testing.T) {
	t.Parallel()
	for depth, valid := range map[int]bool{9_999: true, 10_000: true, 10_001: false, 5_000_000: false} {
		lists := []byte(strings.Repeat("[", depth) + strings.Repeat("]", depth))
		assert.Equal(t, valid, Valid(lists), depth)
		assert.Equal(t, valid, json.Valid(lists), depth)
	}
}

// Strings are read in words of 8 bytes, and space in fours: each byte is tried at each place of them.
func TestValidByte(t *testing.T) {
	t.Parallel()
	for before := range 18 {
		for after := range 10 {
			for c := range 256 {
				for _, fill := range []string{"a", " ", "\x7f", "!"} {
					text := `"` + strings.Repeat(fill, before) + string([]byte{byte(c)}) + strings.Repeat(fill, after) + `"`
					assert.Equal(t, json.Valid([]byte(text)), Valid([]byte(text)), "%q", text)
				}
				text := "[" + strings.Repeat(" ", before) + string([]byte{byte(c)}) + strings.Repeat(" ", after) + "]"
				assert.Equal(t, json.Valid([]byte(text)), Valid([]byte(text)), "%q", text)
			}
		}
	}
}
