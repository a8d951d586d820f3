package partnerapi

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/url"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/partnerapi/partnerapi-go/internal/errno"
)

// reason is a cause in our own words, which hold no data of anybody's.
type reason string

func (r reason) Error() string { return string(r) }

// sealed holds a value that neither fmt nor reflection reaches, in whatever struct it is: a function holds it, and printers
// that walk unexported fields do not call functions. The zero value holds the zero value.
type sealed[T any] struct{ open *func() T } // a pointer, because functions cannot be compared

func seal[T any](value T) sealed[T] { return sealed[T]{ptrTo(func() T { return value })} }

// get returns the value.
func (s sealed[T]) get() (value T) {
	if s.open == nil {
		return value
	}
	return (*s.open)()
}

// hidden is a cause that prints only what is known to be harmless, because texts and fields of foreign errors carry URLs,
// and URLs carry keys. errors.Is and errors.As see through it.
type hidden struct{ cause sealed[error] }

func hide(cause error) *hidden {
	if h, own := any(cause).(*hidden); own {
		return h
	}
	return &hidden{seal(withoutURL(cause))}
}

// withoutURL takes every [*url.Error] out of a cause, so that nobody who looks for one finds a URL to print.
func withoutURL(cause error) error {
	if several := parts(cause); several != nil {
		for i, part := range several {
			several[i] = withoutURL(part)
		}
		return errors.Join(several...)
	}
	var leaks *url.Error
	if errors.As(cause, &leaks) {
		return withoutURL(leaks.Err)
	}
	return cause
}

// parts returns a copy of the errors that err joins, or nil if it joins none.
func parts(err error) []error {
	joined, ok := err.(interface{ Unwrap() []error })
	if _, own := any(err).(*Error); own || !ok { // an Error is described as one
		return nil
	}
	return slices.Clone(joined.Unwrap())
}

// leaves returns the errors that err joins, and those that these join.
func leaves(err error) (all []error) {
	several := parts(err)
	if several == nil {
		return []error{err}
	}
	for _, each := range several {
		all = append(all, leaves(each)...)
	}
	return all
}

func (h *hidden) Error() string                 { return oneLine(describe(h.Unwrap())) }
func (h *hidden) Unwrap() error                 { return h.cause.get() }
func (h *hidden) Format(f fmt.State, verb rune) { formatAs(f, verb, h.Error()) }

// forget takes credentials and cookies out of what the API says, should it say them: as they are, and as they are in a
// URL. A password stays, because one that is a common word would show by its absence.
func (e *Error) forget(secrets []secret, spent []string) {
	forms := make([]string, 0, 12) // enough for most calls
	for _, s := range secrets {
		forms = appendForms(forms, s.token)
	}
	for _, text := range spent {
		forms = appendForms(forms, text)
	}
	clean := func(text string) string {
		if !slices.ContainsFunc(forms, func(form string) bool { return strings.Contains(text, form) }) {
			return text
		}
		return without(forms, text)
	}
	for i := range e.Messages {
		e.Messages[i] = clean(e.Messages[i])
	}
	said := maps.Clone(e.Fields)
	clear(e.Fields)
	for field, text := range said {
		e.Fields[clean(field)] = clean(text)
	}
	e.Type, e.DevMessage, e.RequestID = clean(e.Type), clean(e.DevMessage), clean(e.RequestID)
}

// appendForms appends a secret as it is, and as it is in a URL.
func appendForms(forms []string, secret string) []string {
	forms = append(forms, secret)
	if escaped := url.QueryEscape(secret); escaped != secret {
		forms = append(forms, escaped, url.PathEscape(secret)) // which escapes nothing more
	}
	return forms
}

// without returns text with [redacted] in the place of every one of forms.
func without(forms []string, text string) string {
	forms = slices.Clone(forms)
	slices.SortFunc(forms, func(a, b string) int { return len(b) - len(a) }) // one can begin with another
	var pairs []string
	for _, form := range forms {
		pairs = append(pairs, form, redacted)
	}
	return strings.NewReplacer(pairs...).Replace(text)
}

const redacted = "[redacted]"

// anEmail is what looks like an e-mail in the words of an API, or in a URL that it repeats.
var anEmail = regexp.MustCompile(`[^\s"'<>(),;:&=?/][^\s"<>(),;:&=?/]*(?:@|%(?:25)*40)[^\s"'<>(),;:&=?/]+`)

// withoutEmails returns s, or its beginning if nobody would read it all.
func withoutEmails(s string) string {
	return anEmail.ReplaceAllLiteralString(s[:min(len(s), 4096)], redacted)
}

// unique returns each text once, at its first place.
func unique(texts []string) []string {
	var kept []string
	for _, text := range texts {
		if !slices.Contains(kept, text) {
			kept = append(kept, text)
		}
	}
	return kept
}

// harmlessTexts are the types of errors whose texts are ours, or name hosts, addresses and certificates, and nothing
// else.
var harmlessTexts = []func(error) (string, bool){
	textOf[reason], textOf[*ArgumentError], textOf[*net.DNSError], errno.Text,
	textOf[*tls.CertificateVerificationError], textOf[tls.RecordHeaderError], textOf[tls.AlertError],
	textOf[x509.UnknownAuthorityError], textOf[x509.HostnameError], textOf[x509.CertificateInvalidError], textOfNoType,
}

// isOfRate matches what golang.org/x/time/rate says, whose errors have no type of their own.
var isOfRate = regexp.MustCompile(`^rate: Wait\(n=\d+\) (?:would exceed context deadline|exceeds limiter's burst -?\d+)$`)

// harmlessErrors are those known by themselves.
var harmlessErrors = []error{
	context.Canceled, context.DeadlineExceeded, io.EOF, io.ErrUnexpectedEOF, os.ErrDeadlineExceeded, net.ErrClosed,
	errNotADate, errNotUnix,
	ErrInvalid, ErrUnauthorized, ErrForbidden, ErrNotFound, ErrAlreadyExists, ErrNotLoggedIn, ErrRateLimited, ErrServer,
	ErrNoCredential, ErrBadResponse, ErrResponseTooLarge, ErrOutcomeUnknown,
}

func textOf[T error](err error) (string, bool) {
	var found T
	if !errors.As(err, &found) {
		return "", false
	}
	return found.Error(), true
}

// textOfNoType is for errors whose types are not exported: alerts of TLS, and what x/time/rate says.
func textOfNoType(err error) (string, bool) {
	if err == nil {
		return "", false
	}
	text := err.Error()
	return text, reflect.TypeOf(err).PkgPath() == "crypto/tls" || isOfRate.MatchString(text)
}

// describe returns the text of a cause if it is known to carry no URL, header or body, and otherwise only its type.
func describe(err error) string {
	if h, own := any(err).(*hidden); own {
		return describe(h.Unwrap())
	}
	if parts(err) != nil {
		var texts []string
		for _, each := range leaves(err) {
			texts = append(texts, describe(each))
		}
		return strings.Join(unique(texts), "; ")
	}
	if of, ok := err.(*contextCause); ok { //nolint:errorlint // one further down is described as it is reached
		return "context.Cause: " + describe(of.error)
	}
	var wrapped *url.Error
	if errors.As(err, &wrapped) {
		return describe(wrapped.Err)
	}
	for _, ours := range []func(error) (string, bool){textOf[*Error], textOf[*unread]} {
		if text, ok := ours(err); ok {
			return text
		}
	}
	for _, known := range harmlessErrors {
		if errors.Is(err, known) {
			return known.Error()
		}
	}
	var date *time.ParseError // its text holds the value
	if errors.As(err, &date) {
		return errNotATime.Error()
	}
	if text, ok := describeJSON(err); ok {
		return text
	}
	var op *net.OpError
	if errors.As(err, &op) {
		known := *op
		known.Err = reason(describe(op.Err)) // it can be a foreign dialler's
		return known.Error()
	}
	for _, harmless := range harmlessTexts {
		if text, ok := harmless(err); ok {
			return text
		}
	}
	return fmt.Sprintf("error of type %T", err)
}

// describeJSON returns what an error of encoding/json means: its own words differ between releases of Go, and hold values.
func describeJSON(err error) (string, bool) {
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) {
		return errNotJSON.Error(), true
	}
	var field *json.UnmarshalTypeError
	if !errors.As(err, &field) {
		return "", false
	}
	if field.Type == nil {
		return "a value of another type", true
	}
	return "a value of another type than " + field.Type.String(), true
}

// oneLine returns s without line breaks and other control characters, and not too long to read.
func oneLine(s string) string {
	const most = 500
	s = strings.Map(func(r rune) rune {
		if unicode.In(r, unicode.Cc, unicode.Zl, unicode.Zp) {
			return ' '
		}
		return r
	}, s)
	if len(s) > most {
		s = strings.ToValidUTF8(s[:most], "") + "…"
	}
	return s
}

// formatAs prints text for any verb, so that no verb reaches the fields of the value it stands for.
func formatAs(f fmt.State, verb rune, text string) {
	if verb == 'q' {
		text = strconv.Quote(text)
	}
	_, _ = io.WriteString(f, text)
}

// echoes reports whether text holds a credential of the call: as it is, or escaped as in a URL, however often.
func (r *request) echoes(text string) bool {
	const mostEscapes = 8 // text that is escaped more often is not worth the time, and counts as one that does
	for range mostEscapes {
		for _, s := range r.secrets {
			if holds(text, s.token) {
				return true
			}
		}
		if slices.ContainsFunc(r.spent, func(secret string) bool { return holds(text, secret) }) {
			return true
		}
		plain := anEscape.ReplaceAllStringFunc(text, unescape)
		if plain == text {
			return false
		}
		text = plain
	}
	return true
}

var anEscape = regexp.MustCompile(`%[0-9A-Fa-f]{2}`)

// unescape returns the byte of an escape.
func unescape(escape string) string {
	b, _ := hex.DecodeString(escape[1:])
	return string(b)
}

// holds reports whether secret is in text. Case does not matter, because it is lost in a host. A short secret, which can be
// part of a common word, counts only as a whole segment or value, and in its own case.
func holds(text, secret string) bool {
	const short = 8
	if len(secret) >= short {
		return strings.Contains(plainly(text), plainly(secret))
	}
	return slices.ContainsFunc(strings.FieldsFunc(text, isBetweenValues), func(part string) bool {
		_, value, named := strings.Cut(part, "=")
		return part == secret || named && value == secret
	})
}

func isBetweenValues(r rune) bool { return strings.ContainsRune(`/?&#:;@, "'`, r) }

// plainly returns text without case, and with the spaces that a query writes as +.
func plainly(text string) string { return strings.ToLower(strings.ReplaceAll(text, "+", " ")) }
