// Package partnertest is an in-memory fake of the three APIs that package partnerapi calls, for tests of code that uses
// the SDK.
//
//	func TestSubscribe(t *testing.T) {
//		fake := partnertest.New()
//		fake.SeedSubscription(partnertest.Subscription{PK: "MS2365", Email: "parent@example.com", Plan: partnerapi.PlanBark})
//
//		err := upgrade(t.Context(), fake.Client(), "MS2365") // the code under test
//		if err != nil {
//			t.Fatal(err)
//		}
//		if s, _ := fake.Subscription("MS2365"); s.Plan != partnerapi.PlanBarkJunior {
//			t.Errorf("the plan is %q", s.Plan)
//		}
//	}
//
// A [Fake] is stateful: a record that one call creates, the next call finds. It checks credentials and responds with the
// bodies and messages that the vendors document. Where the documents are silent, tests should not depend on the fake:
// docs/decisions.md lists what it does.
//
// [Fake.Fail] injects the faults of servers and networks, to test how code handles an outage.
//
// [New] returns a fake that opens no socket and starts no goroutine, so it works inside testing/synctest. [NewServer]
// serves a fake on loopback, for clients that are not made by [Fake.Client]. The program in cmd/partnerfake serves one
// for clients in other languages.
package partnertest
