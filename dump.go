package partnerapi

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/partnerapi/partnerapi-go/internal/dump"
)

// Dump returns a middleware that writes each request and each response to w, for a look at what is sent and what the API
// responds. It is the last [WithMiddleware], so that it sees what the others change:
//
//	partnerapi.WithMiddleware(partnerapi.Dump(os.Stderr))
//
// The operation stands for the URL. In JSON null is written, and so are these members of a body and of its error: plan, status,
// type and error_type if they are words in lower case, code, page, pages, records and total if they are numbers of at most 6
// digits, and true or false in auth, collection, logged_in and success. Every other value is written as [redacted N bytes], and
// so are a value that contains one of the request, names that the APIs do not document, and header and query values that are not
// known as harmless. A body that is not JSON, is incomplete or is larger than 64 KiB is written as its type and length. If it is
// the request's, its values are unknown, so only true, false and the media type application/json are written of the response's.
//
// A request is written before it is sent; a response, after the client has read it. Each is one Write, not concurrent with
// another of this Dump, and its lines begin with a number that the two share. Requests and responses are not changed, calls
// wait for w, and errors of w are ignored. A nil w is refused by [NewClient].
func Dump(w io.Writer) func(http.RoundTripper) http.RoundTripper {
	if w == nil {
		return func(http.RoundTripper) http.RoundTripper { return nil }
	}
	return dump.Rules{
		Members: dumpedMembers(), Headers: dumpedHeaders, Constants: dumpedConstants, Label: label, Path: pathTemplate, Error: describe,
	}.To(w)
}

// label is the line of a request of ctx, or empty if it is not one of the SDK's.
func label(ctx context.Context) string {
	api, op := Operation(ctx)
	if op == "" {
		return ""
	}
	return fmt.Sprintf("%s: %s, attempt %d", api, op, AttemptNumber(ctx))
}

// pathTemplate is the path of a request of ctx, below the default base URLs.
func pathTemplate(ctx context.Context) string {
	_, op := Operation(ctx)
	_, path, _ := strings.Cut(op, " ")
	return "/api/v1" + path
}

// dumpedMembers are the names of members and query parameters that [Dump] writes, and which of their values.
func dumpedMembers() map[string]func(any) bool {
	names := make(map[string]func(any) bool)
	for _, of := range []struct {
		names      string
		isHarmless func(any) bool
	}{{namedMembers, nil}, {flagMembers, dump.IsFlag}, {numberMembers, dump.IsShortNumber}, {wordMembers, dump.IsWord}} {
		for name := range strings.FieldsSeq(of.names) {
			names[name] = of.isHarmless
		}
	}
	return names
}

const (
	flagMembers   = `auth collection logged_in success`
	numberMembers = `code page pages records total`
	wordMembers   = `error_type plan status type`
	namedMembers  = `accept_terms access access_signature access_token access_token_expiration account account-users account_id
		account_title account_user accounts address affiliates age alerts allow_signup annotations app at_renewal_cap
		authentications auto_renewal_enabled avatar avatar_color benefit_type benefits birthdate child_account_id child_birthday
		child_email child_name children_count city class codes contact_email contact_name counters country_id created
		current_password customer demo demo_counter description details dev_message domain_id domain_title email email_aliases
		end_date error errors expired fanclub_id fee fee_proposed fee_proposed_date fields filter filters first_name hidden_tips href id
		image_url invalid_email_message is_app_account jwt key lapsed last_login last_name list lists_opt_in lists_opt_in_source
		login_url message messages mobile_number name network_url new_email online_benefits optional_features
		parent_account_id password password_attributes password_confirmation phone pk priority proposed_account_id
		proposed_date proposed_user_id provider_id refresh_token refresh_token_expiration registered request_method reset_url role_count roles
		screen_locked search select_account signup_url start_date state stats stripe_key_exists stripe_pub_key subscription summary
		tags text timestamp timezone_id title token trial_membership url user user_count user_id username utc_offset version_id
		zip`
)

// dumpedConstants are the values of headers that the SDK sets by itself.
var dumpedConstants = []string{"partnerapi-go/" + Version, "application/json", "application/json; charset=utf-8"}

// dumpedHeaders are the names of headers that [Dump] writes, and which of their values.
var dumpedHeaders = map[string]func(string) bool{
	"Accept": dump.IsMediaType, "Content-Type": dump.IsMediaType, "Content-Length": dump.IsCount, "Date": dump.IsDate, "Retry-After": dump.IsDate,
	"User-Agent": dump.IsPlain, "X-Request-Id": dump.IsID,
	"Api-Key": nil, "Authorization": nil, "Cache-Control": nil, "Connection": nil, "Content-Encoding": nil, "Cookie": nil, "Etag": nil,
	"Last-Modified": nil, "Location": nil, "Server": nil, "Set-Cookie": nil, "Traceparent": nil, "Vary": nil, "Via": nil,
	"Www-Authenticate": nil, "X-Token-Auth": nil,
}
