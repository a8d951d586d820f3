// Command raw makes one call by hand, with net/http, encoding/json and log/slog.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"time"
)

type subscription struct {
	PK    string `json:"pk"`
	Email string `json:"email"`
	Plan  string `json:"plan"`
}

type confirmation struct {
	Success bool `json:"success"`
}

func main() {
	if err := create(os.Args[1], subscription{PK: "MS2365", Email: "parent@example.com", Plan: "bark"}); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func create(base string, in subscription) error {
	body, err := json.Marshal(in)
	if err != nil {
		return err
	}
	target := base + "/partners/subscriptions"
	req, err := http.NewRequestWithContext(context.Background(), http.MethodPost, target, bytes.NewReader(body)) //nolint:gosec // the measurement's own server
	if err != nil {
		return err
	}
	req.Header.Set("X-Token-Auth", "token")
	req.Header.Set("Content-Type", "application/json")
	client := &http.Client{Timeout: 30 * time.Second}
	resp, err := client.Do(req) //nolint:gosec // as above
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	slog.Info("called", "status", resp.StatusCode)
	reply, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	var confirmed confirmation
	if err := json.Unmarshal(reply, &confirmed); err != nil {
		return err
	}
	if !confirmed.Success {
		return fmt.Errorf("status %d: %s", resp.StatusCode, reply)
	}
	return nil
}
