package cli

import (
	"context"
	"encoding"
	"errors"
	"reflect"
	"strconv"
	"strings"
	"unicode"

	"github.com/spf13/pflag"

	"github.com/partnerapi/partnerapi-go"
)

// usages describe flags whose names do not say enough.
var usages = map[string]string{
	"pk":                  "your own `key` of the parent",
	"plan":                "the `plan`: bark or bark_junior",
	"child-birthday":      "a `date` as 2015-03-09",
	"birthdate":           "a `date` as 1995-05-01",
	"lists-opt-in":        "True or False, the customer's choice about marketing e-mails",
	"lists-opt-in-source": "where that choice comes from",
	"domain-id":           "an `id` of networks domains",
	"fee":                 "in `percent`",
	"fee-proposed":        "in `percent`; an empty value clears it",
	"search":              "only records that match a `text`",
	"filter":              "only records in a `state`, such as pending",
	"page":                "the `number` of the page, from 1",
	"records":             "the `number` of records on a page, at most 100",
}

// isSecret reports whether a field is asked for, because a command line is visible to others.
func isSecret(field reflect.StructField) bool { return strings.Contains(field.Name, "Password") }

// register adds a flag for each field of a struct. --clear-NAME stands for the empty value of an Optional.
func register(flags *pflag.FlagSet, in reflect.Value) {
	for _, field := range reflect.VisibleFields(in.Type()) {
		if isSecret(field) {
			continue
		}
		name, value := flagName(field), fieldFlag{in.FieldByIndex(field.Index)}
		usage, described := usages[name]
		if !described {
			usage = "the " + strings.ReplaceAll(name, "-", " ")
		}
		flag := flags.VarPF(value, name, "", usage)
		if field.Type.Kind() == reflect.Bool {
			flag.NoOptDefVal = "true"
		}
		if optional, ok := value.field.Addr().Interface().(*partnerapi.Optional[float64]); ok {
			flags.BoolFunc("clear-"+name, "clear the "+strings.ReplaceAll(name, "-", " "), func(string) error {
				*optional = partnerapi.Clear[float64]()
				return nil
			})
		}
	}
}

// flagName is the API's name of a field, with hyphens.
func flagName(field reflect.StructField) string {
	for _, key := range []string{"json", "url"} {
		if name, _, _ := strings.Cut(field.Tag.Get(key), ","); name != "" {
			return strings.ReplaceAll(name, "_", "-")
		}
	}
	return strings.ReplaceAll(words(field.Name), " ", "-")
}

// words splits a name such as AcceptTerms into "accept terms".
func words(name string) string {
	var b strings.Builder
	for i, r := range name {
		if i > 0 && unicode.IsUpper(r) {
			b.WriteByte(' ')
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return b.String()
}

// fieldFlag is a flag that sets a field.
type fieldFlag struct{ field reflect.Value }

// String returns the empty string, because the default of every field is to leave it out.
func (f fieldFlag) String() string { return "" }

// Type names the value in the help.
func (f fieldFlag) Type() string {
	switch f.field.Kind() {
	case reflect.Bool:
		return "bool"
	case reflect.Int, reflect.Float64:
		return "number"
	default:
		return "text"
	}
}

var errNumber = errors.New("not a number")

// Set parses a value.
func (f fieldFlag) Set(text string) error {
	switch field := f.field.Addr().Interface().(type) {
	case *partnerapi.Optional[float64]:
		if text == "" {
			*field = partnerapi.Clear[float64]()
			return nil
		}
		number, err := strconv.ParseFloat(text, 64)
		if err != nil {
			return errNumber
		}
		*field = partnerapi.Set(number)
	case encoding.TextUnmarshaler:
		return field.UnmarshalText([]byte(text))
	case *bool:
		value, err := strconv.ParseBool(text)
		if err != nil {
			return errors.New("not true or false")
		}
		*field = value
	case *float64:
		number, err := strconv.ParseFloat(text, 64)
		if err != nil {
			return errNumber
		}
		*field = number
	case *int:
		number, err := strconv.Atoi(text)
		if err != nil {
			return errNumber
		}
		*field = number
	default:
		f.field.SetString(text)
	}
	return nil
}

// ask asks for the secret fields of a struct. A repetition is asked for on a terminal only, where a typing mistake cannot be
// seen.
func (a *app) ask(ctx context.Context, in reflect.Value) error {
	for _, field := range reflect.VisibleFields(in.Type()) {
		if !isSecret(field) || strings.HasSuffix(field.Name, "Confirmation") && (!a.terminal || a.dryRun) {
			continue
		}
		secret, err := a.secret(ctx, words(field.Name))
		if err != nil {
			return err
		}
		in.FieldByIndex(field.Index).SetString(secret)
	}
	return nil
}
