package partnerapi

import (
	"encoding/json"
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// FuzzMarshal writes requests that mean what encoding/json would write.
func FuzzMarshal(f *testing.F) {
	for _, text := range []string{
		"", "MS2365", "a\"b", `a\b`, "<&>", "é", "😀", "\u2028\u2029", "\x00", "\t\n", "\x7f", "\xff", "\xed\xa0\x80", "\ufffd", "a b",
	} {
		f.Add(text, "parent@example.com", 2.5, true)
		f.Add("pk", text, 0.0, false)
	}
	f.Add("pk", "a@b.example", math.Inf(1), true)
	f.Add("pk", "a@b.example", 1e21, true)
	f.Fuzz(func(t *testing.T, one, two string, fee float64, set bool) {
		optional := Clear[float64]()
		pointer := (*float64)(nil)
		if set {
			optional, pointer = Set(fee), &fee
		}
		for _, in := range []any{
			CreateSubscriptionRequest{PK: one, Email: two, Plan: Plan(one)},
			&CreateSubscriptionRequest{PK: one, Email: two},
			UpdateSubscriptionRequest{Plan(one)},
			cancelSubscriptionRequest{one},
			LoginRequest{one, two},
			UpdateAccountRequest{FirstName: one, CurrentPassword: two, ListsOptIn: OptInTrue},
			CreateAccountRequest{Email: one, Password: two, AcceptTerms: set},
			CreateInvitationRequest{Email: one, DomainID: two, FeeProposed: pointer},
			UpdateInvitationRequest{Email: one, FeeProposed: optional},
			UpdateInvitationRequest{Email: one},
			UpdateNetworkRequest{fee},
			map[string]string{one: two}, one, fee,
		} {
			want, wantErr := json.Marshal(in)
			got, err := marshal(in)
			assert.Equal(t, wantErr == nil, err == nil, "%T: %v", in, err)
			if wantErr == nil {
				assert.JSONEq(t, string(want), string(got), "%T", in)
			}
		}
	})
}

type oddBase struct {
	Base string `json:"base"`
}

type oddText string

func (oddText) MarshalJSON() ([]byte, error) { return []byte(`"odd"`), nil }

// What a tag says that is rarely said is for encoding/json.
func TestMarshalOfOddRecords(t *testing.T) {
	t.Parallel()
	for want, in := range map[string]any{
		`{"base":"b","a":"x"}`: struct {
			oddBase

			A string `json:"a"`
		}{oddBase{"b"}, "x"},
		`{"a":"x","B":"y"}`: struct {
			A string `json:"a"`
			B string
		}{"x", "y"},
		`{"a":"x"}`: struct {
			A      string `json:"a"`
			Hidden string `json:"-"`
		}{"x", "secret"},
		`{"a":"1"}`: struct {
			A int `json:"a,string"`
		}{1},
		`{"a":"odd"}`: struct {
			A oddText `json:"a"`
		}{"x"},
		`{"a":{"Year":0,"Month":0,"Day":0}}`: struct {
			A struct{ Year, Month, Day int } `json:"a,omitempty"`
		}{},
		`{}`: struct{}{},
	} {
		got, err := marshal(in)
		require.NoError(t, err)
		assert.JSONEq(t, want, string(got))
	}
}
