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
