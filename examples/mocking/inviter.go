package main

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"strings"

	"github.com/partnerapi/partnerapi-go"
)

// invitations is the part of the SDK that an inviter needs: two methods of client.Invitations. It is declared here, by
// its user, so that a test can implement it in a few lines.
type invitations interface {
	Create(context.Context, partnerapi.CreateInvitationRequest, ...partnerapi.CallOption) (*partnerapi.Invitation, error)
	All(context.Context, partnerapi.ListOptions, ...partnerapi.CallOption) iter.Seq2[partnerapi.Invitation, error]
}

// inviter invites shops into a network by e-mail, once each.
type inviter struct {
	api    invitations
	domain string // the kind of account for a new shop
}

// invite sends an invitation to email, unless one is pending. It can be called again after any failure.
func (in *inviter) invite(ctx context.Context, email string) (sent bool, err error) {
	pending, err := in.pending(ctx, email)
	if err != nil || pending {
		return false, err
	}
	_, err = in.api.Create(ctx, partnerapi.CreateInvitationRequest{Email: email, DomainID: in.domain})
	if !errors.Is(err, partnerapi.ErrOutcomeUnknown) {
		return err == nil, err
	}
	// The e-mail may have been sent. Another call would send a second one, so the list has to decide.
	pending, lookup := in.pending(ctx, email)
	if lookup != nil || !pending {
		return false, errors.Join(err, lookup)
	}
	return true, nil
}

func (in *inviter) pending(ctx context.Context, email string) (bool, error) {
	filter := partnerapi.ListOptions{Filter: string(partnerapi.InvitationPending)}
	for invitation, err := range in.api.All(ctx, filter) {
		if err != nil {
			return false, err
		}
		if strings.EqualFold(invitation.Email, email) {
			return true, nil
		}
	}
	return false, nil
}

// ServeHTTP invites the e-mail of a form. It responds with 201 if it sent an e-mail, and 200 if one was sent before.
func (in *inviter) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	sent, err := in.invite(r.Context(), r.PostFormValue("email"))
	var unsendable *partnerapi.ArgumentError
	switch {
	case errors.Is(err, partnerapi.ErrNoCredential), errors.Is(err, partnerapi.ErrUnauthorized),
		errors.Is(err, partnerapi.ErrForbidden), errors.Is(err, partnerapi.ErrBadResponse):
		http.Error(w, "the invitation failed", http.StatusBadGateway) // the shop cannot fix this
	case errors.Is(err, partnerapi.ErrInvalid), errors.As(err, &unsendable):
		http.Error(w, "invalid e-mail", http.StatusBadRequest)
	case err != nil: // an outage, or too many calls
		http.Error(w, "try again later", http.StatusServiceUnavailable)
	case sent:
		w.WriteHeader(http.StatusCreated)
		_, _ = fmt.Fprintln(w, "sent")
	default:
		_, _ = fmt.Fprintln(w, "sent before")
	}
}
