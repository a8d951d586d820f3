package jsonwire

import (
	"cmp"
	"strings"
)

// Entry is one of a collection: an ID, and the JSON of its value.
type Entry struct {
	ID    string
	Value []byte
}

// Entries returns the entries of all objects of a collection, in order. An object is either one entry, as in
// {"id":"dom_1","title":…}, or its members are, as in {"dom_1":{"title":…}} or {"acc_1":"Foo Account"}. If an ID occurs
// twice, the last entry wins, in the place of the first. An ID that is not a string is empty. A value that is not an object
// has no entries.
func Entries(objects ...[]byte) []Entry {
	var entries []Entry
	for _, object := range objects {
		entries = appendEntries(entries, object)
	}
	at, kept := make(map[string]int, len(entries)), entries[:0]
	for _, e := range entries {
		if i, again := at[e.ID]; again {
			kept[i] = e
			continue
		}
		at[e.ID] = len(kept)
		kept = append(kept, e)
	}
	return kept
}

func appendEntries(entries []Entry, object []byte) []Entry {
	flat, isFlat, before := Entry{Value: object}, false, len(entries)
	for name, value := range Members(object) {
		isID := strings.EqualFold(name, "id")
		if (isID || strings.EqualFold(name, "title")) && !IsObject(value) {
			isFlat = true
		}
		if isID {
			flat.ID = Member{Value: value}.Text()
		}
		entries = append(entries, Entry{name, value})
	}
	if isFlat {
		return append(entries[:before], flat)
	}
	for i := range entries[before:] { // some servers write a list as an object of numbers
		if e := &entries[before+i]; strings.Trim(e.ID, "0123456789") == "" {
			id := Member{Name: "id"}
			Find(e.Value, &id)
			e.ID = cmp.Or(id.Text(), e.ID)
		}
	}
	return entries
}
