package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/partnerapi/partnerapi-go"
	"github.com/partnerapi/partnerapi-go/partnertest"
)

// seeding is the loading of a seed file into a fake.
type seeding struct {
	fake *partnertest.Fake
	seen map[string]bool
}

// sections are the members of a seed file, with the function that adds a record of each list.
var sections = map[string]func(*seeding, []byte) error{
	"subscriptions": each((*seeding).subscription),
	"customers":     each((*seeding).customer),
	"networks":      each((*seeding).network),
	"invitations":   each((*seeding).invitation),
	"app_users":     each((*seeding).appUser),
}

func each[T any](add func(*seeding, T) error) func(*seeding, []byte) error {
	return func(s *seeding, record []byte) error {
		if string(record) == "null" {
			return errors.New("null")
		}
		var v T
		if err := strict(record, &v); err != nil {
			return err
		}
		return add(s, v)
	}
}

// seedFrom loads a seed file into a fake. Its errors start with the line and the column.
func seedFrom(file []byte, fake *partnertest.Fake) error {
	if err := wellFormed(file); err != nil {
		what, at := wrong(err)
		return placed(file, int64(at), what)
	}
	s := &seeding{fake, make(map[string]bool)}
	// The file is valid JSON, so the reads below cannot fail.
	decoder := json.NewDecoder(bytes.NewReader(file))
	if opening, _ := decoder.Token(); opening != json.Delim('{') {
		return placed(file, 0, "not an object of lists")
	}
	for decoder.More() {
		token, _ := decoder.Token()
		name := fmt.Sprint(token)
		at := decoder.InputOffset() - int64(len(name)) - 2 // including its quotes
		add, known := sections[name]
		if !known {
			return placed(file, at, fmt.Sprintf("unknown list %q; want one of %s", name, strings.Join(slices.Sorted(maps.Keys(sections)), ", ")))
		}
		if opening, _ := decoder.Token(); opening != json.Delim('[') {
			return placed(file, at, name+": not a list")
		}
		for i := 0; decoder.More(); i++ {
			var record json.RawMessage
			_ = decoder.Decode(&record)
			if err := add(s, record); err != nil {
				what, at := wrong(err)
				return placed(file, decoder.InputOffset()-int64(len(record))+int64(at), fmt.Sprintf("%s[%d]: %s", name, i, what))
			}
		}
		_, _ = decoder.Token()
	}
	return nil
}

// placed is an error at a byte offset of a file.
func placed(file []byte, offset int64, what string) error {
	before := file[:min(offset, int64(len(file)))]
	line := bytes.Count(before, []byte("\n"))
	column := len(before) - bytes.LastIndexByte(before, '\n')
	return fmt.Errorf("%d:%d: %s", line+1, column, what)
}

// once refuses a record that would replace an earlier one.
func (s *seeding) once(id any, kind string) error {
	key := fmt.Sprintf("duplicate %s %v", kind, id)
	if s.seen[key] {
		return errors.New(key)
	}
	s.seen[key] = true
	return nil
}

type subscription struct {
	PK    string          `json:"pk"`
	Email string          `json:"email"`
	Plan  partnerapi.Plan `json:"plan"`
}

func (s *seeding) subscription(v subscription) error {
	if v.PK == "" {
		return errors.New("a subscription needs a pk")
	}
	s.fake.SeedSubscription(partnertest.Subscription(v))
	return s.once(v.PK, "subscription with the pk")
}

type customer struct {
	partnerapi.Customer
	Password    string               `json:"password"`
	Unconfirmed bool                 `json:"unconfirmed"`
	Blocked     bool                 `json:"blocked"`
	Benefits    []partnerapi.Benefit `json:"benefits"`
	Tokens      []partnerapi.Tokens  `json:"tokens"`
}

func (s *seeding) customer(v customer) error {
	if v.Email == "" {
		return errors.New("a customer needs an email: the API finds customers by it")
	}
	if v.FanclubID != 0 && v.FanclubID != 1 {
		return errors.New("fanclub_id: only fan club 1 has a key")
	}
	for i, pair := range v.Tokens {
		if pair.AccessToken == "" && pair.RefreshToken == "" {
			return fmt.Errorf("tokens[%d]: empty", i)
		}
		for _, token := range []string{pair.AccessToken, pair.RefreshToken} {
			if err := s.once(token, "token"); token != "" && err != nil {
				return err
			}
		}
	}
	var stored partnerapi.Customer
	err := try(func() { stored = s.fake.SeedCustomer(partnertest.Customer(v)) })
	if err != nil {
		return err
	}
	return s.once(stored.ID, "customer with the id")
}

// network has no UnmarshalJSON: that of partnerapi.Network accepts unknown members.
type network partnerapi.Network

func (s *seeding) network(v network) error {
	return s.once(s.fake.SeedNetwork(partnerapi.Network(v)).AccountID, "network with the account_id")
}

func (s *seeding) invitation(v partnerapi.Invitation) error {
	states := []partnerapi.InvitationStatus{"", partnerapi.InvitationPending, partnerapi.InvitationExpired}
	if !slices.Contains(states, v.Status) {
		return errors.New("status: want pending, expired, or empty to derive it from created")
	}
	return s.once(s.fake.SeedInvitation(v).ID, "invitation with the id")
}

type appUser struct {
	partnerapi.AppUser
	Password string                     `json:"password"`
	Accounts []partnerapi.AccountChoice `json:"accounts"`
	Access   partnerapi.AppAccess       `json:"access"`
	Alerts   []partnerapi.AppAlert      `json:"alerts"`
}

func (s *seeding) appUser(v appUser) error {
	if v.Username == "" {
		return errors.New("an app user needs a username")
	}
	s.fake.SeedAppUser(partnertest.AppUser(v))
	return s.once(v.Username, "app user with the username")
}
