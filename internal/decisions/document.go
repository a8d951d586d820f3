package decisions

import (
	"fmt"
	"strings"
)

// introduction is the beginning of the document.
const introduction = `# What we decided

This page is for the engineer of a partner who wants to know what the SDK and its fake assume about the APIs:
[partner](#partner-api), [account](#account-api), [network](#network-api), [all three](#all-three-apis).

The vendors' documents leave questions open. Each of them was decided once, and has an ID: P for the partner API, A for the account
API, N for the network API, S for all three. The code refers to it: ` + "`// ours P07`" + ` stands where P07 takes effect.

- **In the SDK** a wrong decision affects your service in production. These come first.
- **In the fake** it affects your tests only. A test should not depend on it.

"Documents" are the vendors' public pages, which [testdata/SOURCES.md](../testdata/SOURCES.md) lists. A sibling is another API of the same
vendor.

If an API behaves differently for you, report the ID and the response, without secrets and personal data.

## How to find out

Each decision says how to ask the real API. Such a probe has records of its own, with a pk that is recognisably made up. Its kind is
that of the worst that it can do if the decision is wrong:

| kind | the probe |
| --- | --- |
| read-only | changes nothing: it reads, signs in and out, or sends what the API cannot accept |
| reversible | creates a record, with an e-mail that reaches nobody, and removes it; or selects another account, and then the earlier one |
| irreversible | leaves something behind: it sends an e-mail, makes a customer, a parent or an account, or may cost |
| not by a probe | does not exist; the reason is given |
`

// Document returns docs/decisions.md.
func Document() string {
	var b strings.Builder
	b.WriteString(introduction)
	for _, about := range []struct {
		title     string
		decisions []Decision
	}{{"Partner API", partner}, {"Account API", account}, {"Network API", network}, {"All three APIs", shared}} {
		fmt.Fprintf(&b, "\n## %s\n", about.title)
		writePart(&b, "In the SDK", about.decisions, true)
		writePart(&b, "In the fake", about.decisions, false)
	}
	return b.String()
}

// writePart writes the decisions that concern the SDK, or the others.
func writePart(b *strings.Builder, title string, decisions []Decision, sdk bool) {
	for _, d := range decisions {
		if d.By&BySDK != 0 != sdk {
			continue
		}
		if title != "" {
			fmt.Fprintf(b, "\n### %s\n", title)
			title = ""
		}
		fmt.Fprintf(b, "\n#### %s: %s\n\n", d.ID, d.Question)
		writeItem(b, "Documents", d.Documents)
		writeItem(b, "Decided", d.Decided)
		writeItem(b, "Matters for", d.Matters)
		writeItem(b, "To find out, "+d.How.String(), d.Probe)
	}
}

// width is the longest line of a document.
const width = 132

func writeItem(b *strings.Builder, label, text string) {
	line := "- **" + label + "**:"
	for word := range strings.FieldsSeq(text) {
		if len([]rune(line))+1+len([]rune(word)) > width {
			b.WriteString(line + "\n")
			line = " "
		}
		line += " " + word
	}
	b.WriteString(line + "\n")
}
