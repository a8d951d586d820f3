package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"

	"github.com/go-resty/resty/v2"
	"github.com/hashicorp/go-retryablehttp"

	"github.com/partnerapi/partnerapi-go/internal/bench/oapi"
)

// newRaw is net/http by hand.
func newRaw(s setup) (client, error) {
	hc := &http.Client{Transport: s.transport}
	return plain{func(ctx context.Context, c call) error {
		var body io.Reader
		if c.body != nil {
			text, err := json.Marshal(c.body)
			if err != nil {
				return err
			}
			body = bytes.NewReader(text)
		}
		req, err := http.NewRequestWithContext(ctx, c.method, s.base+c.target(), body)
		if err != nil {
			return err
		}
		c.setHeader(req.Header)
		resp, err := hc.Do(req)
		if err != nil {
			return err
		}
		defer resp.Body.Close()
		reply, err := io.ReadAll(resp.Body)
		if err != nil {
			return err
		}
		return c.read(resp.StatusCode, reply)
	}}, nil
}

// newRetryable is go-retryablehttp by hand, through its own requests, without its logger.
func newRetryable(s setup) (client, error) {
	rc := retryablehttp.NewClient()
	rc.Logger = nil
	if s.transport != nil {
		rc.HTTPClient.Transport = s.transport
	}
	if s.wait > 0 {
		rc.RetryWaitMin, rc.RetryWaitMax = s.wait, s.wait
	}
	return plain{func(ctx context.Context, c call) error {
		var body any
		if c.body != nil {
			text, err := json.Marshal(c.body)
			if err != nil {
				return err
			}
			body = text
		}
		req, err := retryablehttp.NewRequestWithContext(ctx, c.method, s.base+c.target(), body)
		if err != nil {
			return err
		}
		c.setHeader(req.Header)
		resp, err := rc.Do(req)
		if err != nil {
			return err
		}
		defer resp.Body.Close()
		reply, err := io.ReadAll(resp.Body)
		if err != nil {
			return err
		}
		return c.read(resp.StatusCode, reply)
	}}, nil
}

func newResty(s setup) (client, error) {
	rc := resty.New().SetBaseURL(s.base)
	if s.transport != nil {
		rc.SetTransport(s.transport)
	}
	return plain{func(ctx context.Context, c call) error {
		req := rc.R().SetContext(ctx).SetHeader(c.header[0], c.header[1]).SetResult(c.into).SetError(&oapi.Failure{})
		if c.body != nil {
			req.SetBody(c.body)
		}
		if c.query != (query{}) {
			req.SetQueryParamsFromValues(c.query.values())
		}
		resp, err := req.Execute(c.method, c.path)
		if err != nil {
			return err
		}
		if failure, ok := resp.Error().(*oapi.Failure); ok && resp.IsError() {
			return &refusal{resp.StatusCode(), failure.Error}
		}
		return nil
	}}, nil
}
