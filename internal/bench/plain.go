package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"

	"github.com/partnerapi/partnerapi-go/internal/bench/oapi"
)

// plain is a client of a general HTTP library. Only send differs between those libraries.
type plain struct {
	send func(context.Context, call) error
}

// call is a request for send, and the target of its response.
type call struct {
	method, path string
	query        query
	header       [2]string // name and value of a credential
	body         any       // nil for no body
	into         any
}

// query has the tags that the GitLab client reads.
type query struct {
	Key     string `url:"key,omitempty"`
	Page    int    `url:"page,omitempty"`
	Records int    `url:"records,omitempty"`
}

func (q query) values() url.Values {
	values := url.Values{}
	if q.Key != "" {
		values.Set("key", q.Key)
	}
	if q.Page > 0 {
		values.Set("page", strconv.Itoa(q.Page))
		values.Set("records", strconv.Itoa(q.Records))
	}
	return values
}

// target is the path with the query.
func (c call) target() string {
	if c.query == (query{}) {
		return c.path
	}
	return c.path + "?" + c.query.values().Encode()
}

// setHeader is for libraries that set no headers. It sets only those that the API needs.
func (c call) setHeader(header http.Header) {
	header.Set(c.header[0], c.header[1])
	if c.body != nil {
		header.Set("Content-Type", "application/json")
	}
}

// read decodes a response, for libraries that leave that to the user.
func (c call) read(status int, reply []byte) error {
	if status < 200 || status > 299 {
		return refused(status, reply)
	}
	return json.Unmarshal(reply, c.into)
}

// refusal is the error of peers without one of their own.
type refusal struct {
	status  int
	message string
}

func (r *refusal) Error() string { return fmt.Sprintf("%d: %s", r.status, r.message) }

func refused(status int, reply []byte) error {
	var failure oapi.Failure
	_ = json.Unmarshal(reply, &failure) // a body that is not JSON has only a status
	return &refusal{status, failure.Error}
}

var errNoSuccess = errors.New("a response without success")

func (p plain) create(ctx context.Context, in oapi.Subscription) error {
	var reply oapi.Confirmation
	err := p.send(ctx, call{
		method: http.MethodPost, path: "/partners/subscriptions", header: [2]string{"X-Token-Auth", partnerToken},
		body: in, into: &reply,
	})
	if err == nil && !reply.Success {
		return errNoSuccess
	}
	return err
}

func (p plain) account(ctx context.Context) (any, error) {
	var reply oapi.AccountReply
	err := p.send(ctx, call{
		method: http.MethodGet, path: "/account", query: query{Key: accountKey},
		header: [2]string{"Cookie", cookieName + "=" + cookieValue}, into: &reply,
	})
	return &reply.Customer, err
}

func (p plain) page(ctx context.Context, page int) (*oapi.NetworkPage, error) {
	var reply oapi.NetworkPage
	err := p.send(ctx, call{
		method: http.MethodGet, path: "/account/networks", query: query{Page: page, Records: recordsPerPage},
		header: [2]string{"Authorization", networkToken}, into: &reply,
	})
	return &reply, err
}

func (p plain) networks(ctx context.Context, page int) (any, error) { return p.page(ctx, page) }

func (p plain) walk(ctx context.Context, visit func(accountID string) bool) error {
	return inOrder(ctx, p.page, visit)
}

// inOrder requests one page after the other, as users of a client without an iterator do.
func inOrder(ctx context.Context, page func(context.Context, int) (*oapi.NetworkPage, error), visit func(string) bool) error {
	for number, last := 1, 1; number <= last; number++ {
		got, err := page(ctx, number)
		if err != nil {
			return err
		}
		for _, network := range got.List {
			if !visit(network.AccountId) {
				return nil
			}
		}
		last = got.Pages
	}
	return nil
}
