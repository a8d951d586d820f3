// Package errtext holds which texts of errors may be printed. Texts and fields of foreign errors carry URLs, and URLs carry
// keys.
package errtext

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/partnerapi/partnerapi-go/internal/errno"
	"github.com/partnerapi/partnerapi-go/internal/jsonwire"
	"github.com/partnerapi/partnerapi-go/internal/redact"
)

// Reason is an error in words of the SDK's own, which hold no data.
type Reason string

// Error returns the words.
func (r Reason) Error() string { return string(r) }

// Own describes the errors of the caller. It has priority over all other texts.
type Own struct {
	// Whole returns the text of an error that is described without those that it wraps or joins, and whether the text is that
	// of a known error. For any other error it is not ok.
	Whole func(err error) (text string, known, ok bool)
	// Texts return the text of an error in a chain, such as [Which] and [Is]. They are not called with an error that joins others.
	Texts []func(err error) (text string, ok bool)
}

// Which returns a function that returns the text of the first error for which isKnown holds, in a chain or in the errors that it
// joins. Unlike errors.As it needs no code of its own for each type.
func Which(isKnown func(error) bool) func(error) (string, bool) {
	var search func(err error) (string, bool)
	search = func(err error) (string, bool) {
		if isKnown(err) {
			return err.Error(), true
		}
		switch wrapping := err.(type) { //nolint:errorlint // search unwraps
		case interface{ Unwrap() error }:
			if inner := wrapping.Unwrap(); inner != nil {
				return search(inner)
			}
		case interface{ Unwrap() []error }:
			for _, part := range wrapping.Unwrap() {
				if text, ok := search(part); ok {
					return text, true
				}
			}
		}
		return "", false
	}
	return search
}

// Is returns a function that returns the text of the first of errs that is in a chain.
func Is(errs []error) func(error) (string, bool) {
	return func(err error) (string, bool) {
		for _, known := range errs {
			if errors.Is(err, known) {
				return known.Error(), true
			}
		}
		return "", false
	}
}

// Of returns the text of an error if it is known to hold no URL, header or body, and otherwise only its type. An error that
// is not known may need words about where it comes from.
func Of(err error, own Own) (text string, known bool) {
	texts, known := own.all(err)
	return strings.Join(redact.Unique(texts), "; "), known
}

// all returns the texts of the errors that err joins, and of those that these join.
func (own Own) all(err error) (texts []string, known bool) {
	if own.Whole != nil {
		if text, known, ok := own.Whole(err); ok {
			return []string{text}, known
		}
	}
	parts := Parts(err)
	if parts == nil {
		text, known := own.one(err)
		return []string{text}, known
	}
	known = true
	for _, part := range parts {
		more, is := own.all(part)
		texts, known = append(texts, more...), known && is
	}
	return texts, known
}

// Parts returns a copy of the errors that err joins, or nil if it joins none.
func Parts(err error) []error {
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok {
		return nil
	}
	several := slices.Clone(joined.Unwrap())
	if len(several) == 0 {
		return nil
	}
	return several
}

// one is [Of] for an error that joins no others.
func (own Own) one(err error) (text string, known bool) {
	if wrapped, is := errors.AsType[*url.Error](err); is {
		return Of(wrapped.Err, own)
	}
	if text, ok := first(own.Texts, err); ok {
		return text, true
	}
	if text, ok := first(harmlessErrors, err); ok {
		return text, true
	}
	if op, is := errors.AsType[*net.OpError](err); is {
		of := *op
		text, known = Of(op.Err, own) // it can be a foreign dialler's
		of.Err = errors.New(text)
		return of.Error(), known
	}
	if text, ok := first(harmlessTexts, err); ok {
		return text, true
	}
	if wrapsText(err, noResponder) {
		return noResponder, false
	}
	return fmt.Sprintf("error of type %T (see errors.Unwrap)", err), false
}

func first(texts []func(error) (string, bool), err error) (string, bool) {
	for _, text := range texts {
		if text, ok := text(err); ok {
			return text, true
		}
	}
	return "", false
}

// harmlessErrors are errors with fixed texts. They are tested before the cause of a failed operation of package net, and
// harmlessTexts after it: of these the operation and its addresses are printed too.
var harmlessErrors = []func(error) (string, bool){
	ofJSON, fixedText, Is(plainErrors), ofTime,
}

var plainErrors = []error{context.Canceled, context.DeadlineExceeded, io.EOF, io.ErrUnexpectedEOF, os.ErrDeadlineExceeded, net.ErrClosed}

// harmlessTexts are of errors whose texts name hosts, addresses and certificates, and nothing else. An error of the system is
// tested first: crypto/tls prints it with the name of a file, if that has the roots and cannot be read.
var harmlessTexts = []func(error) (string, bool){Which(isOfDNS), Which(errno.IsPlain), Which(isHarmless), ofNoType, fixedBeginning}

// isOfDNS reports whether err itself is an error of DNS. It can wrap one of the system, which says less.
func isOfDNS(err error) bool {
	_, is := err.(*net.DNSError) //nolint:errorlint // Which unwraps
	return is
}

// isHarmless reports whether err itself is such an error.
func isHarmless(err error) bool {
	switch err.(type) { //nolint:errorlint // Which unwraps
	case *tls.CertificateVerificationError, tls.RecordHeaderError, tls.AlertError, *tls.ECHRejectionError,
		x509.UnknownAuthorityError, x509.HostnameError, x509.CertificateInvalidError, x509.ConstraintViolationError,
		x509.InsecureAlgorithmError, x509.UnhandledCriticalExtension:
		return true
	default:
		return false
	}
}

// ofJSON returns the meaning of an error of encoding/json: its own text differs between releases of Go, and holds values.
func ofJSON(err error) (string, bool) {
	if _, is := errors.AsType[*json.SyntaxError](err); is {
		return jsonwire.ErrNotJSON.Error(), true
	}
	field, is := errors.AsType[*json.UnmarshalTypeError](err)
	if !is {
		return "", false
	}
	if field.Type == nil {
		return "of the wrong type", true
	}
	return (&jsonwire.TypeError{Type: field.Type}).Error(), true
}

// ofTime returns the meaning of an error of [time.Parse]. Its own text holds the value.
func ofTime(err error) (string, bool) {
	_, is := errors.AsType[*time.ParseError](err)
	return jsonwire.ErrNotTime.Error(), is
}

// ofNoType is for errors whose types are not exported: alerts of TLS, and errors of golang.org/x/time/rate.
func ofNoType(err error) (string, bool) {
	if err == nil {
		return "", false
	}
	text := err.Error()
	return text, reflect.TypeOf(err).PkgPath() == "crypto/tls" || isOfRate().MatchString(text)
}

// isOfRate matches the texts of golang.org/x/time/rate, whose errors have no type of their own.
var isOfRate = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^rate: Wait\(n=\d+\) (?:would exceed context deadline|exceeds limiter's burst -?\d+)$`)
})

// RateDeadline returns [context.DeadlineExceeded] if err says that a wait for a golang.org/x/time/rate limiter would exceed the
// deadline, and otherwise nil. Only the text of the limiter's error says so.
func RateDeadline(err error) error {
	if isOfRate().MatchString(err.Error()) && strings.HasSuffix(err.Error(), "deadline") {
		return context.DeadlineExceeded
	}
	return nil
}

// noResponder is the text of the error that those of httpmock wrap. Their own texts hold URLs.
const noResponder = "no responder found"

func wrapsText(err error, text string) bool {
	for ; err != nil; err = errors.Unwrap(err) {
		if err.Error() == text {
			return true
		}
	}
	return false
}
