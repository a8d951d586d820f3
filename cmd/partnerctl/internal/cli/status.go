package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/partnerapi/partnerapi-go"
	"github.com/partnerapi/partnerapi-go/cmd/partnerctl/internal/verify"
)

// usageError is a mistake in the command line.
type usageError string

func (e usageError) Error() string { return string(e) }

// errSomeFailed is the error of a run over many lines that went to its end.
var errSomeFailed = errors.New("some lines failed")

const (
	statusOther       = 1
	statusUsage       = 2
	statusInterrupted = 130
)

// statuses are the exit statuses of kinds of error. The first that matches is the status: an unknown outcome is more urgent
// than its cause, and a missing credential is not a rejected one.
var statuses = []struct {
	status int
	kind   error
	what   string
}{
	{3, partnerapi.ErrOutcomeUnknown, "a write may have been processed, or not"},
	{4, partnerapi.ErrNoCredential, "a credential is missing"},
	{5, partnerapi.ErrWrongPassword, "a wrong e-mail, user name or password"},
	{6, partnerapi.ErrUnauthorized, "a credential is rejected"},
	{7, partnerapi.ErrNotLoggedIn, "the customer is not logged in"},
	{8, partnerapi.ErrForbidden, "not allowed"},
	{9, partnerapi.ErrRateLimited, "the API limits the rate"},
	{10, partnerapi.ErrServer, "the API fails"},
	{11, partnerapi.ErrBadResponse, "a response that the API does not document"},
	{12, partnerapi.ErrResponseTooLarge, "a response that is too large"},
	{13, partnerapi.ErrNotFound, "not found"},
	{14, partnerapi.ErrAlreadyExists, "it exists already"},
	{15, partnerapi.ErrInvalid, "the API rejects the input"},
	{16, errSomeFailed, "some lines of an input failed"},
	{17, verify.ErrDiffers, "verify: an API differs from what was decided"},
	{18, verify.ErrNothing, "verify: nothing could be found out"},
}

// statusOf returns the exit status for an error.
func statusOf(err error) int {
	var usage usageError
	var argument *partnerapi.ArgumentError
	switch {
	case err == nil:
		return 0
	case errors.Is(err, context.Canceled) && !errors.Is(err, partnerapi.ErrOutcomeUnknown):
		return statusInterrupted
	case errors.As(err, &usage):
		return statusUsage
	}
	for _, s := range statuses {
		if errors.Is(err, s.kind) {
			return s.status
		}
	}
	if errors.As(err, &argument) {
		return statusUsage
	}
	return statusOther
}

// statusHelp lists the exit statuses.
func statusHelp() string {
	var b strings.Builder
	b.WriteString("Exit statuses:\n    0  success\n    1  any other failure\n" +
		"    2  the command line is wrong, or a confirmation is missing\n")
	for _, s := range statuses {
		_, _ = fmt.Fprintf(&b, "  %3d  %s\n", s.status, s.what)
	}
	_, _ = fmt.Fprintf(&b, "  %3d  interrupted", statusInterrupted)
	return b.String()
}

// hint says what helps against an error, or is empty.
func hint(err error) string {
	var failed *partnerapi.Error
	switch {
	case errors.Is(err, partnerapi.ErrNoCredential) && errors.As(err, &failed):
		return fmt.Sprintf(" (see partnerctl login %s -h)", failed.API)
	case errors.Is(err, partnerapi.ErrNotLoggedIn):
		return " (see partnerctl accounts login -h)"
	case errors.Is(err, partnerapi.ErrOutcomeUnknown):
		return " (it may have been done: look before you repeat it)"
	default:
		return ""
	}
}
