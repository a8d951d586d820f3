// Command github makes one call with go-github.
package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"

	"github.com/google/go-github/v88/github"
)

func main() {
	if err := get(os.Args[1] + "/"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func get(base string) error {
	client, err := github.NewClient(github.WithURLs(&base, nil))
	if err != nil {
		return err
	}
	_, resp, err := client.Repositories.Get(context.Background(), "golang", "go")
	if err != nil {
		return err
	}
	slog.Info("called", "status", resp.StatusCode)
	return nil
}
