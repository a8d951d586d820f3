package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/digitalocean/godo"
	"github.com/google/go-github/v88/github"
	"github.com/hashicorp/go-retryablehttp"
	gitlab "gitlab.com/gitlab-org/api/client-go/v2"
	"golang.org/x/oauth2"
)

// These three clients are made for one vendor's API each. They are used through their methods for any endpoint:
// NewRequest and Do.

func newGitHub(s setup) (client, error) {
	base := s.base + "/"
	opts := []github.ClientOptionsFunc{github.WithURLs(&base, nil)}
	if s.transport != nil {
		opts = append(opts, github.WithTransport(s.transport))
	}
	gc, err := github.NewClient(opts...)
	return plain{func(ctx context.Context, c call) error {
		credential := func(req *http.Request) { req.Header.Set(c.header[0], c.header[1]) }
		req, err := gc.NewRequest(ctx, c.method, strings.TrimPrefix(c.target(), "/"), c.body, credential)
		if err != nil {
			return err
		}
		_, err = gc.Do(req, c.into)
		var failed *github.ErrorResponse
		if errors.As(err, &failed) { // it reads only GitHub's messages, but stores the body
			reply, _ := io.ReadAll(failed.Response.Body)
			return refused(failed.Response.StatusCode, reply)
		}
		return err
	}}, err
}

func newGodo(s setup) (client, error) {
	gc := godo.NewFromToken(networkToken)
	retrying, err := underGodo(gc)
	if err != nil {
		return nil, err
	}
	if s.transport != nil {
		retrying.HTTPClient.Transport = s.transport
	}
	if s.wait > 0 {
		retrying.RetryWaitMin, retrying.RetryWaitMax = s.wait, s.wait
	}
	gc.BaseURL, err = url.Parse(s.base + "/")
	return plain{func(ctx context.Context, c call) error {
		req, err := gc.NewRequest(ctx, c.method, c.target(), c.body)
		if err != nil {
			return err
		}
		req.Header.Set(c.header[0], c.header[1])
		_, err = gc.Do(ctx, req, c.into)
		var failed *godo.ErrorResponse
		if errors.As(err, &failed) { // if the body is not DigitalOcean's, the message is the whole body
			return refused(failed.Response.StatusCode, []byte(failed.Message))
		}
		return err
	}}, err
}

// underGodo returns the client below the credential of NewFromToken, the constructor in godo's documentation: no option
// reaches its transport.
func underGodo(gc *godo.Client) (*retryablehttp.Client, error) {
	authorizing, ok := gc.HTTPClient.Transport.(*oauth2.Transport)
	if !ok {
		return nil, fmt.Errorf("godo authorizes with %T", gc.HTTPClient.Transport)
	}
	retrying, ok := authorizing.Base.(*retryablehttp.RoundTripper)
	if !ok {
		return nil, fmt.Errorf("godo retries with %T", authorizing.Base)
	}
	return retrying.Client, nil
}

func newGitLab(s setup) (client, error) {
	opts := []gitlab.ClientOptionFunc{gitlab.WithBaseURL(s.base)}
	if s.transport != nil {
		opts = append(opts, gitlab.WithHTTPClient(&http.Client{Transport: s.transport}))
	}
	if s.wait > 0 {
		// After a 5xx its own backoff ignores WithCustomRetryWaitMinMax.
		opts = append(opts, gitlab.WithCustomBackoff(func(_, _ time.Duration, _ int, _ *http.Response) time.Duration { return s.wait }))
	}
	gc, err := gitlab.NewAuthSourceClient(gitlab.Unauthenticated{}, opts...)
	return plain{func(ctx context.Context, c call) error {
		in := c.body
		if in == nil {
			in = c.query
		}
		req, err := gc.NewRequest(c.method, strings.TrimPrefix(c.path, "/"), in, []gitlab.RequestOptionFunc{
			gitlab.WithContext(ctx), gitlab.WithHeader(c.header[0], c.header[1]),
		})
		if err != nil {
			return err
		}
		_, err = gc.Do(req, c.into)
		var failed *gitlab.ErrorResponse
		if errors.As(err, &failed) {
			return refused(failed.StatusCode, failed.Body)
		}
		return err
	}}, err
}
