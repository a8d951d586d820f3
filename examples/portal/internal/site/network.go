package site

import (
	"errors"
	"net/http"
	"strconv"
	"strings"

	"github.com/partnerapi/partnerapi-go"
)

func (s *site) networks(r *http.Request, o *operator, _ *form) (reply, error) {
	page, err := s.Client.Networks.List(r.Context(), listOptions(r), o.credential())
	return reply{page: "operator_networks", title: "Networks", data: list[partnerapi.Network]{o, page}}, err
}

func (s *site) networkFee(r *http.Request, o *operator, f *form) (reply, error) {
	n, err := s.Client.Networks.Get(r.Context(), r.PathValue("id"), o.credential())
	if err != nil {
		return reply{}, err
	}
	page := reply{page: "operator_fee", title: "Change the fee", data: n}
	if r.Method != http.MethodPost {
		f.Values.Set("fee", number(n.Fee))
	}
	fee, _ := f.fee("fee").Get()
	if r.Method != http.MethodPost || f.Failed() {
		return page, nil
	}
	page.change = change{networksPage, n.AccountTitle, "the fee is now " + percent(fee) + ".", "The list shows the fee."}
	in := partnerapi.UpdateNetworkRequest{Fee: fee}
	return page, s.Client.Networks.Update(r.Context(), r.PathValue("id"), in, o.credential())
}

// networkDelete asks for a confirmation, and ends the relation to a business.
func (s *site) networkDelete(r *http.Request, o *operator, f *form) (reply, error) {
	n, err := s.Client.Networks.Get(r.Context(), r.PathValue("id"), o.credential())
	page := reply{page: "operator_network_delete", title: "Remove this business?", data: n}
	if err != nil || r.Method != http.MethodPost || f.Failed() {
		return page, err
	}
	page.change = change{networksPage, n.AccountTitle, "no longer in your network.", "If it is not in the list, it is removed."}
	ended, err := s.Client.Networks.Delete(r.Context(), r.PathValue("id"), o.credential())
	if ended != nil || errors.Is(err, partnerapi.ErrNotFound) { // ended now, or before
		err = nil
	}
	return page, err
}

func (s *site) invitations(r *http.Request, o *operator, _ *form) (reply, error) {
	page, err := s.Client.Invitations.List(r.Context(), listOptions(r), o.credential())
	return reply{page: "operator_invitations", title: "Invitations", data: list[partnerapi.Invitation]{o, page}}, err
}

// invitation returns the invitation of a page. The API reads invitations only in lists.
func (s *site) invitation(r *http.Request, o *operator) (partnerapi.Invitation, error) {
	for i, err := range s.Client.Invitations.All(r.Context(), partnerapi.ListOptions{}, o.credential()) {
		if err != nil || i.ID == r.PathValue("id") {
			return i, err
		}
	}
	return partnerapi.Invitation{}, partnerapi.ErrNotFound
}

func (s *site) invitationNew(r *http.Request, o *operator, f *form) (reply, error) {
	domains, err := s.Client.Networks.Domains(r.Context(), o.credential())
	page := reply{page: "operator_invitation_new", title: "Invite a business", data: domains}
	in := partnerapi.CreateInvitationRequest{
		Email: f.Value("email"), DomainID: f.Value("domain_id"), FeeProposed: f.fee("fee_proposed"),
	}
	if err != nil || r.Method != http.MethodPost || f.Failed() {
		return page, err
	}
	page.change = change{invitationsPage, in.Email, "the invitation is on its way.",
		"The e-mail may have been sent. Do not invite again if the list shows the invitation."}
	_, err = s.Client.Invitations.Create(r.Context(), in, o.credential())
	return page, err
}

// invitationEdit changes an invitation, and the API sends its e-mail again. A form without fields, as of Resend, changes nothing.
func (s *site) invitationEdit(r *http.Request, o *operator, f *form) (reply, error) {
	i, err := s.invitation(r, o)
	page := reply{page: "operator_invitation_edit", title: "Change the invitation", data: i}
	if !f.Values.Has("email") {
		f.Values.Set("email", i.Email)
		if i.FeeProposed != nil {
			f.Values.Set("fee_proposed", number(*i.FeeProposed))
		}
	}
	in := partnerapi.UpdateInvitationRequest{Email: f.Value("email"), FeeProposed: f.fee("fee_proposed")}
	if in.FeeProposed.IsZero() {
		in.FeeProposed = partnerapi.Clear[float64]()
	}
	if err != nil || r.Method != http.MethodPost || f.Failed() {
		return page, err
	}
	page.change = change{invitationsPage, in.Email, "the invitation is on its way again.", "The e-mail may have been resent."}
	return page, s.Client.Invitations.Update(r.Context(), i.ID, in, o.credential())
}

// invitationDelete asks for a confirmation, and deletes an invitation.
func (s *site) invitationDelete(r *http.Request, o *operator, f *form) (reply, error) {
	i, err := s.invitation(r, o)
	page := reply{page: "operator_invitation_delete", title: "Delete this invitation?", data: i}
	if err != nil || r.Method != http.MethodPost || f.Failed() {
		return page, err
	}
	page.change = change{invitationsPage, i.Email, "the invitation is deleted.", "If it is not in the list, it is deleted."}
	err = s.Client.Invitations.Delete(r.Context(), i.ID, o.credential())
	if errors.Is(err, partnerapi.ErrNotFound) { // deleted before, perhaps by an attempt whose outcome was unknown
		err = nil
	}
	return page, err
}

// activation is the page behind the link in an e-mail. It only shows a button, because programs that check e-mails follow links.
func (s *site) activation(w http.ResponseWriter, r *http.Request) error {
	token, _ := partnerapi.InvitationToken(r.URL.String()) // the page tells of a link without one
	return s.show(w, r, http.StatusOK, "activation", "You are invited", token)
}

// activate activates an invitation. The credential is the site's own: the visitor has no account yet.
func (s *site) activate(w http.ResponseWriter, r *http.Request) error {
	created, err := s.Client.Invitations.Activate(r.Context(), r.FormValue("token"))
	status := statusOf(err)
	switch {
	case created != nil: // also if a part of the response is missing
		return s.show(w, r, http.StatusOK, "activation_done", "Welcome to the network", created)
	case status == http.StatusNotFound || status == http.StatusUnprocessableEntity || unsure(err):
		s.Logger.WarnContext(r.Context(), "an invitation is not activated for certain", "status", status, "error", err)
		return s.show(w, r, status, "activation_failed", "Your invitation", unsure(err))
	}
	return err
}

// fee returns the fee in a field, in percent: zero if the field is empty. An invalid fee is an error of the field.
func (f *form) fee(name string) (fee partnerapi.Optional[float64]) {
	text := strings.TrimSpace(f.Value(name))
	if text == "" {
		return fee
	}
	value, err := strconv.ParseFloat(strings.TrimSpace(strings.TrimSuffix(text, "%")), 64)
	if err != nil || !(value >= 0 && value <= 100) { // NaN is neither
		f.Add(name, "Enter the fee as a number from 0 to 100, such as 2.5")
	}
	return partnerapi.Set(value)
}

func percent(fee float64) string { return number(fee) + "%" }

func number(fee float64) string { return strconv.FormatFloat(fee, 'f', -1, 64) }
