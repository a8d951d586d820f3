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
// A [Fake] keeps state: what one call creates, the next call finds. It checks credentials and answers with the bodies
// and messages that the vendors document. Where their documents say nothing the fake still has to do something; its
// source marks each such answer with "ours", and a test should not depend on it.
//
// [Fake.Fail] makes requests go wrong as servers and networks do, to test how code takes an outage.
//
// [New] makes a fake that opens no socket and starts no goroutine, so that it works inside testing/synctest.
// [NewServer] serves one on loopback, for clients that are not made by [Fake.Client]. The program in cmd/partnerfake
// serves one for clients in other languages.
package partnertest
