// Package renewal bounds how often credentials are renewed for a server that does not accept them.
package renewal

import (
	"maps"
	"time"
)

const (
	cost    = 4 * time.Second
	inARow  = 10
	maxDebt = (inARow - 1) * cost
)

// Limit bounds renewals for a server that accepts each credential only for a moment: ten in a row, then one in four seconds.
// Credentials that live five seconds are always renewed.
type Limit struct{ paid time.Time }

// Take reports whether a renewal is allowed now, and counts it.
func (l *Limit) Take(now time.Time) bool {
	if l.paid.Sub(now) > maxDebt {
		return false
	}
	if l.paid.Before(now) {
		l.paid = now
	}
	l.paid = l.paid.Add(cost)
	return true
}

const rejectedFor = time.Minute

// Rejections are the operations for which the server has rejected a new credential too. It is not the credential's fault, so
// there is no other renewal for a minute, or for other operations until the server accepts a credential.
type Rejections map[string]time.Time

// Add records a rejection for an operation. The empty operation stands for all.
func (r *Rejections) Add(op string, now time.Time) {
	maps.DeleteFunc(*r, func(_ string, at time.Time) bool { return now.Sub(at) >= rejectedFor })
	if *r == nil {
		*r = make(Rejections)
	}
	(*r)[op], (*r)[""] = now, now
}

// Accept records that the server accepted a credential for an operation.
func (r Rejections) Accept(op string) {
	delete(r, op)
	delete(r, "")
}

// Has reports whether a renewal for an operation is of no use.
func (r Rejections) Has(op string, now time.Time) bool {
	return now.Sub(r[op]) < rejectedFor || now.Sub(r[""]) < rejectedFor
}
