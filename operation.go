package partnerapi

import "context"

// Operation tells a transport which operation the request that it carries is of, from the request's context: its API,
// and the method and path as the vendor writes them, such as "PUT /partners/subscriptions/{pk}". They are those of every
// attempt of a call, of [Do] too, and hold none of the call's values, so they can name a span or label a metric where
// the URL of the request must not.
//
// Both are empty for a context that is not of a request of this package.
func Operation(ctx context.Context) (api API, op string) {
	of, known := ctx.Value(operationKey{}).(*operation)
	if !known {
		return "", ""
	}
	return of.api, of.op
}

// operationKey is where the context of an attempt holds its [operation].
type operationKey struct{}

// operation is all of a call that a transport is told: what else there is of it may be somebody's.
type operation struct {
	api API
	op  string
}
