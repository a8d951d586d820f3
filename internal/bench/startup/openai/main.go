// Command openai makes one call with openai-go.
package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"

	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/option"
)

func main() {
	if err := get(os.Args[1] + "/"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func get(base string) error {
	client := openai.NewClient(option.WithAPIKey("key"), option.WithBaseURL(base))
	model, err := client.Models.Get(context.Background(), "gpt")
	if err != nil {
		return err
	}
	slog.Info("called", "model", model.ID)
	return nil
}
