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

// Every customer sees only their own data, whatever the others do at the same time. Few requests are in work at a time: on a busy
// machine 200 of them would need longer than a visitor waits.
func TestLoad(t *testing.T) {
	t.Parallel()
	const customers, requests, atATime = 200, 20, 16
	s := newSite(t)
	email := func(i int) string { return fmt.Sprintf("fan-%03d@example.com", i) }
	for i := range customers {
		s.fake.SeedCustomer(partnertest.Customer{Customer: partnerapi.Customer{FirstName: "Fan", Email: email(i)}, Password: "open sesame"})
	}

	var all sync.WaitGroup
	places := make(chan bool, atATime)
	in := func(request func() reply) reply {
		places <- true
		defer func() { <-places }()
		return request()
	}
	for i := range customers {
		v := s.visitor(t)
		all.Go(func() {
			r := in(func() reply { return v.post("/fan/login", "email", email(i), "password", "open sesame") })
			if !assert.Equal(t, 303, r.status, r.body) {
				return
			}
			for range requests {
				r := in(func() reply { return v.get("/fan") })
				if !assert.Equal(t, 200, r.status, r.body) || !assert.Equal(t, 1, strings.Count(r.body, "fan-"), r.body) ||
					!assert.Contains(t, r.body, email(i)) {
					return
				}
			}
		})
	}
	all.Wait()
}
