package verify

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/partnerapi/partnerapi-go"
	"github.com/partnerapi/partnerapi-go/internal/recording"
)

// answer is the response to a request, or the reason why there is none.
type answer struct {
	op     string
	as     recording.Situation
	status int  // 0 if no response came
	lost   bool // a request was sent, and no response came
	header http.Header
	body   []byte
	err    error // of the SDK
	scrub  *scrubber
}

// String says in short what came, without anything personal or secret.
func (a answer) String() string {
	if a.status == 0 {
		return fmt.Sprintf("%s: no response", a.op)
	}
	text := fmt.Sprintf("%s: %d", a.op, a.status)
	if location := a.header.Get("Location"); location != "" {
		text += " to another address"
	}
	if messages := a.messages(); len(messages) > 0 {
		return text + " " + a.scrub.text(strings.Join(messages, "; "))
	}
	switch {
	case len(a.body) == 0:
		return text + " without a body"
	case a.value() == nil:
		return text + " with a body that is not JSON"
	default:
		return text + " with " + a.shape()
	}
}

// shape names the members of the body without their values.
func (a answer) shape() string {
	members, isObject := a.value().(map[string]any)
	if !isObject {
		return "a list"
	}
	var names []string
	for name := range members {
		names = append(names, harmlessKey(name))
	}
	slices.Sort(names)
	return "the members " + strings.Join(names, ", ")
}

// value is the body, or nil if it is not JSON.
func (a answer) value() (v any) {
	if json.Unmarshal(a.body, &v) != nil {
		return nil
	}
	return v
}

// get returns a value inside the body by its path, or nil.
func (a answer) get(path ...string) any { return get(a.value(), path...) }

func get(v any, path ...string) any {
	for _, name := range path {
		members, _ := v.(map[string]any)
		v = members[name]
	}
	return v
}

// says reports whether a value inside the body is the given one.
func (a answer) says(value any, path ...string) bool { return a.get(path...) == value }

// text is get for a text.
func (a answer) text(path ...string) string {
	text, _ := a.get(path...).(string)
	return text
}

// has reports whether the body has a member, null included.
func (a answer) has(name string) bool {
	members, _ := a.value().(map[string]any)
	_, found := members[name]
	return found
}

// messages are the API's words, of fields too.
func (a answer) messages() []string {
	var failed *partnerapi.Error
	if !errors.As(a.err, &failed) {
		return nil
	}
	said := slices.Clone(failed.Messages)
	for field, text := range failed.Fields {
		said = append(said, field+": "+text)
	}
	slices.Sort(said)
	return slices.Compact(said)
}

// isFailure reports whether the body says a failure in the API's form.
func (a answer) isFailure() bool {
	_, isObject := a.get("error").(map[string]any)
	return isObject || a.says(false, "success") || a.text("status") == "error"
}

// isSuccess reports whether the API did what was asked.
func (a answer) isSuccess() bool {
	return a.status >= http.StatusOK && a.status < http.StatusMultipleChoices && a.err == nil
}

// mayHaveMade reports whether the request may have made a record. After a 5xx, and a success that the SDK cannot read, it may.
func (a answer) mayHaveMade() bool {
	return a.lost || a.status >= http.StatusInternalServerError || a.status/100 == 2 && !a.isFailure()
}

// differs is the result that this answer is not the expected one.
func (a answer) differs() error { return differs(a.String()) }

// unless returns differs if the answer is not as expected.
func (a answer) unless(expected bool) error {
	if expected {
		return nil
	}
	return a.differs()
}

// unlessAt is unless for an expectation about a member of the body.
func (a answer) unlessAt(expected bool, path ...string) error {
	if expected {
		return nil
	}
	if a.value() == nil || len(a.messages()) > 0 {
		return a.differs()
	}
	return differs(fmt.Sprintf("%s: %d, %s is %s", a.op, a.status, strings.Join(path, "."), kindOf(a.get(path...))))
}

// kindOf describes a value that may be personal.
func kindOf(v any) string {
	switch v := v.(type) {
	case nil:
		return "null or missing"
	case string:
		return fmt.Sprintf("a text of %d bytes", len(v))
	case []any:
		return fmt.Sprintf("a list of %d", len(v))
	case map[string]any:
		return "an object"
	default:
		return fmt.Sprint(v)
	}
}

// wantStatus returns differs for another status.
func (a answer) wantStatus(status int) error { return a.unless(a.status == status) }

// wantSuccess returns differs for a failure.
func (a answer) wantSuccess() error { return a.unless(a.isSuccess()) }

// wantFailure returns differs unless the answer is a failure in the API's form, with the status and this message alone.
func (a answer) wantFailure(status int, message string) error {
	said := message == a.text("error") || message == a.text("error", "message")
	if list, isList := a.get("messages").([]any); isList {
		said = len(list) == 1 && list[0] == any(message)
	}
	return a.unless(a.isFailure() && a.status == status && said)
}

// wantMessage returns differs unless the message is among others.
func (a answer) wantMessage(message string) error {
	list, _ := a.get("messages").([]any)
	return a.unless(a.isFailure() && slices.Contains(list, any(message)))
}

// situation is what the request met, or empty if it met something else than expected.
func (a answer) situation() recording.Situation {
	succeeded := a.isSuccess() || isRedirect(a) && a.op == signupOp
	nullable := a.as == recording.UnknownID || a.as == recording.NotLoggedIn // which can be a null in a success
	switch {
	case a.as == "" && succeeded:
		return recording.Success
	case a.as == recording.Success && !succeeded, a.as != recording.Success && succeeded && !nullable:
		return ""
	case !succeeded && a.as != "" && len(a.messages()) > 1: // several failures in one
		return ""
	default:
		return a.as
	}
}
