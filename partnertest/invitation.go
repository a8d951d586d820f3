package partnertest

import (
	"bytes"
	"cmp"
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"github.com/partnerapi/partnerapi-go"
)

// invitation is an invitation with the fields that its e-mail and its expiry need.
type invitation struct {
	partnerapi.Invitation // its Status is not stored: it follows from the clock
	expires               time.Time
}

// token returns the token in the invitation's e-mail. It differs from the ID, so that a test notices if one is used for
// the other.
func (i invitation) token() string { return tokenPrefix + i.ID }

// tokenPrefix and the ID are the token in the link of an e-mail.
// ours N40
const tokenPrefix = "token-"

// invitationLifetime is how long an invitation can be activated, unless WithInvitationLifetime says otherwise.
// ours N41
const invitationLifetime = 7 * 24 * time.Hour

type invitationBody struct {
	Email       string `json:"email"`
	DomainID    string `json:"domain_id"`
	FeeProposed number `json:"fee_proposed"`
}

type wireInvitation struct {
	ID          string   `json:"id"`
	Created     *int64   `json:"created"`
	DomainID    string   `json:"domain_id"`
	FeeProposed *float64 `json:"fee_proposed"`
	Email       string   `json:"email"`
	Status      string   `json:"status"`
}

func (f *Fake) wireInvitation(i invitation) wireInvitation {
	return wireInvitation{i.ID, unixOrNull(i.Created), i.DomainID, i.FeeProposed, i.Email, string(f.status(i))}
}

func (f *Fake) status(i invitation) partnerapi.InvitationStatus {
	if f.now().Before(i.expires) {
		return partnerapi.InvitationPending
	}
	return partnerapi.InvitationExpired
}

func (f *Fake) domain(id string) (partnerapi.Domain, bool) {
	for _, d := range f.domains {
		if d.ID == id {
			return d, true
		}
	}
	return partnerapi.Domain{}, false
}

func (f *Fake) createInvitation(in *request) reply {
	body, ok := read[invitationBody](in)
	if !ok && hasBody(in) {
		return networkInvalid(in, nil)
	}
	wrong := make(map[string]string)
	if isBlank(body.Email) {
		wrong["email"] = fieldRequired
	}
	if _, known := f.domain(body.DomainID); !known {
		wrong["domain_id"] = fieldInvalid
	}
	if body.DomainID == "" {
		wrong["domain_id"] = fieldRequired
	}
	if body.FeeProposed.invalid {
		wrong["fee_proposed"] = fieldInvalid
	}
	if len(wrong) > 0 {
		return networkInvalid(in, wrong)
	}
	// ours N42: an e-mail can be invited more than once
	i := f.invite(partnerapi.Invitation{Email: body.Email, DomainID: body.DomainID, FeeProposed: body.FeeProposed.value})
	return inJSON(http.StatusOK, f.wireInvitation(i)) // ours N02
}

// invite adds an invitation, or replaces the one with its ID. It fills in missing fields.
func (f *Fake) invite(i partnerapi.Invitation) invitation {
	if i.ID == "" {
		i.ID = f.newID("nwi_", f.invitations.has)
	}
	if i.Created.IsZero() {
		i.Created = partnerapi.UnixTimeOf(f.now())
	}
	stored := invitation{Invitation: i, expires: i.Created.Add(f.lifetime)}
	stored.Created = wholeSeconds(i.Created)
	switch i.Status {
	case partnerapi.InvitationPending:
		stored.expires = f.now().Add(f.lifetime)
	case partnerapi.InvitationExpired:
		stored.expires = f.now()
	}
	f.invitations.put(i.ID, stored)
	return stored
}

func (f *Fake) listInvitations(in *request) reply {
	filters := []string{string(partnerapi.InvitationPending), string(partnerapi.InvitationExpired)}
	// ours N44: an unknown filter matches no invitation
	return listOf(in, f.invitations.all(), filters, func(i invitation, q listQuery) bool {
		return contains(i.Email, q.search) && (q.filter == "" || q.filter == string(f.status(i)))
	}, func(i invitation) any { return f.wireInvitation(i) })
}

// isUpdate distinguishes two operations with the same path. A request without a body is an activation, and one with a
// field of an update is an update.
// ours N05: for a body without such a field, as many clients send {}, the path decides
func isUpdate(f *Fake, in *request) bool {
	switch {
	case !hasBody(in):
		return false
	case submitsNothing(in):
		return !f.isToken(cmp.Or(in.PathValue("token"), in.PathValue("id")))
	default:
		return true
	}
}

func isActivation(f *Fake, in *request) bool { return !isUpdate(f, in) }

// submitsNothing reports whether a body has no field of an update: white space, null, [], or an object without those
// fields.
func submitsNothing(in *request) bool {
	members, isObject := read[map[string]json.RawMessage](in)
	list, isList := read[[]any](in)
	return len(bytes.TrimSpace(in.body)) == 0 || isList && len(list) == 0 ||
		isObject && members["email"] == nil && members["domain_id"] == nil && members["fee_proposed"] == nil
}

// isToken reports whether x has the form of a token, even if its invitation no longer exists.
func (f *Fake) isToken(x string) bool {
	id, isToken := strings.CutPrefix(x, tokenPrefix)
	return isToken && (f.invitations.has(id) || !f.invitations.has(x))
}

// updateInvitation sends a new e-mail.
// ours N45: with the same link, which is valid for a full lifetime again
func (f *Fake) updateInvitation(in *request) reply {
	i, known := f.invitations.get(in.PathValue("id"))
	if !known {
		return networkNotFound(in)
	}
	body, ok := read[invitationBody](in)
	if !ok {
		return networkInvalid(in, nil)
	}
	if body.FeeProposed.invalid {
		return networkInvalid(in, map[string]string{"fee_proposed": fieldInvalid})
	}
	if !isBlank(body.Email) { // an empty value for a required field is ignored
		i.Email = body.Email
	}
	if body.FeeProposed.submitted {
		i.FeeProposed = body.FeeProposed.value
	}
	i.expires = f.now().Add(f.lifetime)
	f.invitations.put(i.ID, i)
	return inJSON(http.StatusOK, f.wireInvitation(i))
}

func (f *Fake) deleteInvitation(in *request) reply {
	id := in.PathValue("id")
	if !f.invitations.has(id) {
		return networkNotFound(in)
	}
	f.invitations.remove(id)
	return reply{status: http.StatusNoContent} // ours N03
}

func (f *Fake) activateInvitation(in *request) reply {
	id, isToken := strings.CutPrefix(in.PathValue("token"), tokenPrefix)
	i, known := f.invitations.get(id)
	if !isToken || !known || f.status(i) == partnerapi.InvitationExpired {
		return networkNotFound(in) // ours N46
	}
	domain, _ := f.domain(i.DomainID)
	// ours N06, N47: with a credential; the account is named by the e-mail, and has the proposed fee
	n := partnerapi.Network{
		AccountID: f.newID(accountPrefix, f.networks.has), AccountTitle: i.Email, DomainTitle: domain.Title,
	}
	if i.FeeProposed != nil {
		n.Fee = *i.FeeProposed
	}
	f.networks.put(n.AccountID, n)
	f.invitations.remove(i.ID)
	never := func(string) bool { return false }
	return inJSON(http.StatusOK, map[string]string{
		"account_id": activatedPrefix + strings.TrimPrefix(n.AccountID, accountPrefix),
		"user_id":    f.newID("usr_", never),
		"domain_id":  i.DomainID,
		"version_id": f.newID("ver_", never),
	})
}
