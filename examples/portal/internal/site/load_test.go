package site_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/partnerapi/partnerapi-go"
	"github.com/partnerapi/partnerapi-go/partnertest"
)

// Every customer sees only their own data, whatever the others do at the same time.
func TestLoad(t *testing.T) {
	t.Parallel()
	const customers, requests = 200, 20
	s := newSite(t)
	email := func(i int) string { return fmt.Sprintf("fan-%03d@example.com", i) }
	for i := range customers {
		s.fake.SeedCustomer(partnertest.Customer{Customer: partnerapi.Customer{FirstName: "Fan", Email: email(i)}, Password: "open sesame"})
	}

	var all sync.WaitGroup
	for i := range customers {
		v := s.visitor(t)
		all.Go(func() {
			if r := v.post("/fan/login", "email", email(i), "password", "open sesame"); !assert.Equal(t, 303, r.status, r.body) {
				return
			}
			for range requests {
				r := v.get("/fan")
				if !assert.Equal(t, 200, r.status, r.body) || !assert.Equal(t, 1, strings.Count(r.body, "fan-"), r.body) ||
					!assert.Contains(t, r.body, email(i)) {
					return
				}
			}
		})
	}
	all.Wait()
}
