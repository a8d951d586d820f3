package partnertest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"github.com/partnerapi/partnerapi-go/internal/recording"
)

// WithRecorded makes the fake respond as the APIs did when partnerctl verify --record wrote the directory. New panics if it
// cannot be read.
//
// A response is replaced if there is a recorded one of the same operation in the same situation. The situations are: success,
// bad credential, unknown id, duplicate, missing pk, missing email, missing plan, missing birthdate, invalid plan, not logged
// in, and wrong password. Values of a request do not matter.
//
// A failure is replaced as a whole: its status, its Content-Type, its Retry-After and its body. Of a success, the status and
// the members of the body are the recorded ones; the values are the fake's own, so that the state stays true. Everything else
// is the fake's own response. A recorded failure does not change what a request does.
func WithRecorded(dir string) Option {
	return func(f *Fake) {
		all, err := recording.Read(dir)
		if err != nil {
			panic(fmt.Errorf("partnertest: %w", err))
		}
		f.recorded = make(map[recordedKey]recording.Response, len(all))
		for _, r := range all {
			f.recorded[recordedKey{r.Op, r.Situation}] = r
		}
	}
}

type recordedKey struct {
	op        string
	situation recording.Situation
}

// asRecorded returns the recorded response in place of the fake's own, if there is one.
func (f *Fake) asRecorded(to *route, own *reply) *reply {
	if own == nil || f.recorded == nil {
		return own
	}
	situation := own.situation(to.op)
	found, known := f.recorded[recordedKey{to.op, situation}]
	if !known {
		return own
	}
	replaced := reply{status: found.Status, header: make(http.Header), body: []byte(found.Body)}
	if situation == recording.Success {
		replaced.header, replaced.body = own.header.Clone(), filled(replaced.body, own.body)
	}
	if replaced.header == nil {
		replaced.header = make(http.Header)
	}
	for _, name := range []string{"Content-Type", "Retry-After"} {
		replaced.header.Del(name)
		if value := found.Header.Get(name); value != "" {
			replaced.header.Set(name, value)
		}
	}
	return &replaced
}

// situationsOf are the situations of the messages.
var situationsOf = map[string]recording.Situation{
	partnerBadToken:        recording.BadCredential,
	accountBadKey:          recording.BadCredential,
	networkNotSignedIn:     recording.BadCredential,
	partnerDuplicate:       recording.Duplicate,
	partnerDuplicateLegacy: recording.Duplicate,
	accountTakenEmail:      recording.Duplicate,
	partnerBadPK:           recording.MissingPK,
	partnerBlankEmail:      recording.MissingEmail,
	partnerBlankPlan:       recording.MissingPlan,
	accountBlankBirthdate:  recording.MissingBirthdate,
	partnerBadPlan:         recording.InvalidPlan,
	accountLoggedOut:       recording.NotLoggedIn,
	accountWrongLogin:      recording.WrongPassword,
	networkWrongLogin:      recording.WrongPassword,
}

// situation returns what a request to op met, or an empty string.
func (r *reply) situation(op string) recording.Situation {
	var said struct {
		Status   string          `json:"status"`
		Messages []string        `json:"messages"`
		Error    json.RawMessage `json:"error"`
		Customer json.RawMessage `json:"customer"`
	}
	_ = json.Unmarshal(r.body, &said) // a body of another form has none of them
	isNull := string(said.Customer) == "null"
	switch {
	case r.status == http.StatusNotFound, isNull && op == "GET /account/search":
		return recording.UnknownID
	case isNull && op == "GET /account":
		return recording.NotLoggedIn
	case r.status < http.StatusBadRequest && said.Status != "error":
		return recording.Success
	case len(said.Messages) == 1:
		return situationsOf[said.Messages[0]]
	}
	var text string
	if json.Unmarshal(said.Error, &text) == nil {
		return situationsOf[text]
	}
	var failure struct {
		Message string `json:"message"`
	}
	_ = json.Unmarshal(said.Error, &failure)
	return situationsOf[failure.Message]
}

// filled returns a recorded body with the values of the fake's own.
func filled(recorded, own []byte) []byte {
	form, formErr := decoded(recorded)
	values, valuesErr := decoded(own)
	if formErr != nil || valuesErr != nil {
		return recorded
	}
	body, err := json.Marshal(fill(form, values))
	if err != nil {
		panic(fmt.Errorf("partnertest: encode a decoded value: %w", err))
	}
	return body
}

func decoded(body []byte) (v any, err error) {
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber() // a number is not changed
	err = decoder.Decode(&v)
	return v, err
}

func fill(form, own any) any {
	switch form := form.(type) {
	case map[string]any:
		values, isObject := own.(map[string]any)
		if !isObject || isByID(form) {
			return own
		}
		for name, value := range form {
			if of, known := values[name]; known {
				form[name] = fill(value, of)
			}
		}
		return form
	case []any:
		list, isList := own.([]any)
		if !isList || len(form) == 0 {
			return own
		}
		for i := range list {
			list[i] = fill(clone(form[0]), list[i])
		}
		return list
	case string:
		if number, isNumber := own.(json.Number); isNumber {
			return number.String()
		}
	}
	return own
}

// isByID reports whether the members of an object are records by their ids.
func isByID(form map[string]any) bool {
	for name := range form {
		if strings.HasPrefix(name, "<") {
			return true
		}
	}
	return false
}

// clone returns a copy of a form, because fill changes it.
func clone(form any) any {
	text, err := json.Marshal(form)
	if err != nil {
		return form
	}
	copied, _ := decoded(text)
	return copied
}
