package acceptance

import (
	"encoding/json"
	"io"
	"net/http"
	"net/netip"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/partnerapi/partnerapi-go"
)

type base struct {
	Base string `json:"base"`
}

type (
	state  string // decodes itself
	branch struct {
		Name     string   `json:"name"`
		Branches []branch `json:"branches"`
	}
	strange struct {
		base

		First    string `json:"first"`
		Untagged string
		Hidden   string         `json:"-"`
		Unnamed  string         `json:",omitempty"`
		Quoted   int            `json:"quoted,string"`
		Bytes    []byte         `json:"bytes"`
		Small    int8           `json:"small"`
		Address  netip.Addr     `json:"address"`
		State    state          `json:"state"`
		Any      map[string]any `json:"any"`
		Tree     *branch        `json:"tree"`
		Inline   struct {
			A string `json:"a"`
		} `json:"inline"`
	}
	panics struct {
		ID string `json:"id"`
	}
)

func (s *state) UnmarshalText(text []byte) error {
	*s = state("read: " + string(text))
	return nil
}

func (*panics) UnmarshalJSON([]byte) error { panic("no") }

type sameAnswer string

func (a sameAnswer) RoundTrip(*http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(strings.NewReader(string(a)))}, nil
}

func responding(t *testing.T, body string) *partnerapi.Client {
	t.Helper()
	client, err := partnerapi.NewClient(partnerapi.WithNetworkToken("t"), partnerapi.WithHTTPClient(&http.Client{Transport: sameAnswer(body)}))
	require.NoError(t, err)
	return client
}

// A Page of a type of the caller, in Do and in encoding/json, is decoded by encoding/json.
func TestPageOfCallersType(t *testing.T) {
	t.Parallel()
	const items = `[{"base":"b","first":"f","Untagged":"u","-":"x","Unnamed":"n","quoted":"7","bytes":"aGk=","small":8,"address":"192.0.2.1",
		"state":"s","any":{"a":[1]},"tree":{"name":"t","branches":[{"name":"u"}]},"inline":{"a":"i"}}]`
	want := strange{
		base: base{"b"}, First: "f", Untagged: "u", Unnamed: "n", Quoted: 7, Bytes: []byte("hi"), Small: 8,
		Address: netip.MustParseAddr("192.0.2.1"), State: "read: s", Any: map[string]any{"a": []any{1.0}},
		Tree: &branch{"t", []branch{{Name: "u"}}},
	}
	want.Inline.A = "i"
	client := responding(t, `{"list":`+items+`,"pages":1}`)
	got, err := partnerapi.Do[*partnerapi.Page[strange]](t.Context(), client, partnerapi.Call{API: partnerapi.NetworkAPI, Op: "GET /a"})
	require.NoError(t, err)
	assert.Equal(t, []strange{want}, got.Items)
	var page partnerapi.Page[*strange]
	require.NoError(t, json.Unmarshal([]byte(`{"list":`+items+`}`), &page))
	assert.Equal(t, []*strange{&want}, page.Items)
	for _, nothing := range []string{`{"list":[null]}`, `{"list":[{}]}`, `{"list":null}`, `{}`} {
		assert.Error(t, json.Unmarshal([]byte(nothing), new(partnerapi.Page[*strange])), nothing)
	}
}

// A panic in the UnmarshalJSON of an item does not affect other calls.
func TestPanicWhileReading(t *testing.T) {
	t.Parallel()
	client := responding(t, `{"list":[{"id":"1"}],"pages":1}`)
	good := responding(t, `{"account_id":"acc_1","account_title":"Acme Seafood","fee":1.5}`)
	for range 20 {
		assert.PanicsWithValue(t, "no", func() {
			_, _ = partnerapi.Do[*partnerapi.Page[panics]](t.Context(), client, partnerapi.Call{API: partnerapi.NetworkAPI, Op: "GET /a"})
		})
		got, err := good.Networks.Get(t.Context(), "acc_1")
		require.NoError(t, err)
		assert.Equal(t, &partnerapi.Network{AccountID: "acc_1", AccountTitle: "Acme Seafood", Fee: 1.5}, got)
	}
}
