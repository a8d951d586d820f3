package site

import (
	"errors"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/partnerapi/partnerapi-go"
)

// form is a form that was sent, and what is wrong with it. The zero value is a new form.
type form struct {
	Values url.Values
	Errors []formError
}

// formError is an error of a field, or of the whole form if Field is empty.
type formError struct{ Field, Text string }

// maxField is the length of the longest field, in characters.
const maxField = 200

// readForm reads a form. Each of the required fields needs a value; it is given with its name and the text of the error.
func readForm(r *http.Request, required ...[2]string) (*form, error) {
	if err := r.ParseForm(); err != nil {
		return nil, errors.Join(errNotClicked, err)
	}
	f := &form{Values: r.PostForm}
	for _, field := range required {
		if strings.TrimSpace(f.Value(field[0])) == "" {
			f.Add(field[0], field[1])
		}
	}
	for _, name := range slices.Sorted(maps.Keys(f.Values)) {
		if !utf8.ValidString(f.Value(name)) || strings.Contains(f.Value(name), "\x00") { // PostgreSQL has no such text
			return nil, errNotClicked
		}
		if utf8.RuneCountInString(f.Value(name)) > maxField {
			f.Add(name, "Use at most 200 characters")
		}
	}
	return f, nil
}

// Value returns the value of a field.
func (f *form) Value(name string) string { return f.Values.Get(name) }

// Failed reports whether something is wrong with the form.
func (f *form) Failed() bool { return len(f.Errors) > 0 }

// Add adds an error of a field, or of the whole form if the field is "".
func (f *form) Add(field, text string) { f.Errors = append(f.Errors, formError{field, text}) }

// Error returns the first error of a field, or "".
func (f *form) Error(field string) string {
	i := slices.IndexFunc(f.Errors, func(e formError) bool { return e.Field == field })
	if i < 0 {
		return ""
	}
	return f.Errors[i].Text
}

// Reject adds the API's messages if the API or the SDK rejected what the visitor entered, and reports whether it did. Messages about
// a field of the form go there, and others to the whole form.
func (f *form) Reject(err error) bool {
	var argument *partnerapi.ArgumentError
	if errors.As(err, &argument) {
		f.Add("", argument.Name+": "+argument.Reason)
		return true
	}
	var failed *partnerapi.Error
	if !errors.As(err, &failed) || errors.Is(err, partnerapi.ErrBadResponse) || errors.Is(err, partnerapi.ErrOutcomeUnknown) ||
		!errors.Is(err, partnerapi.ErrInvalid) && !errors.Is(err, partnerapi.ErrForbidden) {
		return false
	}
	placed := make(map[string]bool)
	for _, name := range slices.Sorted(maps.Keys(failed.Fields)) {
		if f.Values.Has(name) {
			f.Add(name, failed.Fields[name])
			placed[failed.Fields[name]] = true
		}
	}
	for _, message := range failed.Messages {
		if !placed[message] {
			f.Add("", message)
		}
	}
	if !f.Failed() {
		f.Add("", "The API rejected this without a reason.")
	}
	return true
}

// input is a field of a form, for the template of the same name.
type input struct {
	Name, Label, Value, Error      string
	Type, Autocomplete, Mode, Hint string
}

// newInput returns a field. Attributes are type, autocomplete, inputmode and hint, each as name=value. The value of a password is
// never sent back.
func newInput(f *form, name, label string, attributes ...string) (input, error) {
	in := input{Name: name, Label: label, Error: f.Error(name), Type: "text", Autocomplete: "off"}
	known := map[string]*string{"type": &in.Type, "autocomplete": &in.Autocomplete, "inputmode": &in.Mode, "hint": &in.Hint}
	for _, attribute := range attributes {
		key, value, _ := strings.Cut(attribute, "=")
		if known[key] == nil {
			return in, errors.New("input: unknown attribute " + key)
		}
		*known[key] = value
	}
	if in.Type != "password" {
		in.Value = f.Value(name)
	}
	return in, nil
}

// Described returns the ids of the elements that describe the field.
func (in input) Described() string {
	var ids []string
	if in.Hint != "" {
		ids = append(ids, in.Name+"-hint")
	}
	if in.Error != "" {
		ids = append(ids, in.Name+"-error")
	}
	return strings.Join(ids, " ")
}
