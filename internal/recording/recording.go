// Package recording is the form of recorded responses: partnerctl verify writes them, and package partnertest responds with
// them.
package recording

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// Situation is what a request met.
type Situation string

// The situations that are told apart. A failure with several messages is none of them.
const (
	Success          Situation = "success"
	BadCredential    Situation = "bad credential" //nolint:gosec // it is none
	UnknownID        Situation = "unknown id"
	Duplicate        Situation = "duplicate"
	MissingPK        Situation = "missing pk"
	MissingEmail     Situation = "missing email"
	MissingPlan      Situation = "missing plan"
	MissingBirthdate Situation = "missing birthdate"
	InvalidPlan      Situation = "invalid plan"
	NotLoggedIn      Situation = "not logged in"
	WrongPassword    Situation = "wrong password"
)

var situations = []Situation{
	Success, BadCredential, UnknownID, Duplicate, MissingPK, MissingEmail, MissingPlan, MissingBirthdate, InvalidPlan, NotLoggedIn, WrongPassword,
}

// Response is the response to one operation in one situation. Each is a file of its own.
type Response struct {
	Op        string      `json:"op"`
	Situation Situation   `json:"situation"`
	Status    int         `json:"status"`
	Header    http.Header `json:"header"`
	Body      string      `json:"body"`
}

var notInName = regexp.MustCompile(`[^a-z0-9_]+`)

// Name is the name of the response's file.
func (r Response) Name() string {
	slug := func(text string) string {
		return strings.Trim(notInName.ReplaceAllString(strings.ToLower(text), "-"), "-")
	}
	return slug(r.Op) + "." + slug(string(r.Situation)) + ".json"
}

// Write writes a response into a directory.
func Write(dir string, r Response) error {
	return WriteJSON(filepath.Join(dir, r.Name()), r)
}

// WriteJSON writes a value into a file for people to read, so that placeholders such as <email-1> stay as they are.
func WriteJSON(file string, v any) error {
	var content bytes.Buffer
	encoder := json.NewEncoder(&content)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(v); err != nil {
		return err
	}
	return os.WriteFile(file, content.Bytes(), 0o600)
}

// Read reads the responses of a directory. Other files than those of Write are an error.
func Read(dir string) ([]Response, error) {
	names, err := filepath.Glob(filepath.Join(dir, "*.json"))
	if err != nil {
		return nil, err
	}
	if len(names) == 0 {
		return nil, fmt.Errorf("%s: no recorded responses", dir)
	}
	all := make([]Response, 0, len(names))
	for _, name := range names {
		content, err := os.ReadFile(name) //nolint:gosec // the caller's own directory
		if err != nil {
			return nil, err
		}
		var r Response
		if err := json.Unmarshal(content, &r); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		if r.Op == "" || !slices.Contains(situations, r.Situation) || r.Status < http.StatusOK || r.Status > 999 {
			return nil, fmt.Errorf("%s: not a recorded response", name)
		}
		all = append(all, r)
	}
	return all, nil
}
