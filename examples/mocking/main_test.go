package main

import (
	"bytes"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func Example() {
	main()
	// Output:
	// at first                     e-mail sent: true
	// an hour later                e-mail sent: false
	// 8 days later, in an outage   e-mail sent: true
	//
	// GET /account/network-invitations 200
	// POST /account/network-invitations 200
	// GET /account/network-invitations 200
	// GET /account/network-invitations 200
	// POST /account/network-invitations 503
	// GET /account/network-invitations 200
	//
	// nwi_1 expired
	// nwi_2 pending
}

func TestDocumentShowsTheOutput(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../docs/testing.md")
	require.NoError(t, err)
	var output bytes.Buffer
	require.NoError(t, demonstrate(t.Context(), &output))
	assert.Contains(t, string(page), "```text\n"+output.String()+"```\n")
}
