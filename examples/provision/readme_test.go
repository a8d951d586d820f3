package main

import (
	"bytes"
	"flag"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"github.com/partnerapi/partnerapi-go/internal/doccmd"
)

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	return string(text)
}

func TestREADMEShowsTheDemonstration(t *testing.T) {
	temporary := t.TempDir()
	t.Setenv("TMPDIR", temporary)
	api := newDemoAPI()
	var printed, said bytes.Buffer
	c, err := parse(nil, io.Discard)
	require.NoError(t, err)
	require.NoError(t, api.demonstrate(t.Context(), c, &printed, newProgress(&said)), &said)
	out := printed.String()
	example := regexp.MustCompile("(?s)```text\n(The first night.*?)```").FindStringSubmatch(read(t, "README.md"))
	require.NotNil(t, example)
	assert.Equal(t, strings.TrimSpace(shown(example[1])), strings.TrimSpace(shown(out)))
	// A second request for the 200 with another plan and the 100 whose first response is lost; a retry for each fault but
	// the three rejections; 250 on the second night. On a busy machine a job may be delivered twice.
	requests := int(api.requests.Load())
	assert.GreaterOrEqual(t, requests, 10_000+200+100+170+250)
	assert.Less(t, requests, 11_000)
	left, err := os.ReadDir(temporary)
	require.NoError(t, err)
	assert.Empty(t, left)
}

// begins parses a command line, and fails if the program would refuse it or the environment.
func begins(t *testing.T, args []string, env ...string) *config {
	t.Helper()
	t.Setenv(tokenVariable, "")
	for _, variable := range env {
		name, value, _ := strings.Cut(variable, "=")
		t.Setenv(name, value)
	}
	c, err := parse(args, io.Discard)
	require.NoError(t, err, args)
	_, err = newTarget(c)
	require.NoError(t, err, args)
	return c
}

// The commands for partnerfake and a million rows are run, with three rows. The others are parsed.
func TestCommandsInDocuments(t *testing.T) { //nolint:paralleltest // environment variables are shared by the process
	found, run := 0, 0
	written := filepath.Join(t.TempDir(), "million.csv")
	for _, command := range doccmd.All(t, "../..") {
		switch command.Args[0] {
		case "provision":
			found++
			if c := begins(t, command.Args[1:], command.Env...); strings.HasPrefix(c.api, "http") {
				run++
				p := newProgram(t)
				args := append(command.Args[1:], "-roster", written, "-api", p.api, "-state", p.state)
				status, out, errs := p.run(args...)
				require.Zero(t, status, errs)
				assert.Contains(t, out, "3 rows in ")
			}
		case "awk": // it writes a roster
			rows, err := exec.CommandContext(t.Context(), "awk", strings.Replace(command.Args[1], "1000000", "3", 1)).Output() //nolint:gosec // our own document
			require.NoError(t, err)
			require.NoError(t, os.WriteFile(written, rows, 0o600))
		}
	}
	assert.Equal(t, 10, found)
	assert.Equal(t, 1, run)
}

// The help and README have the same flags, and the commands in the help are accepted.
func TestHelpAndREADMEAgree(t *testing.T) { //nolint:paralleltest // environment variables are shared by the process
	help := make(map[string]bool)
	for word := range commands {
		flags := flag.NewFlagSet("", flag.ContinueOnError)
		new(config).define(flags, word)
		flags.VisitAll(func(f *flag.Flag) { help["-"+f.Name] = true })
	}
	readme := make(map[string]bool)
	for _, match := range regexp.MustCompile("(?:`|\\bprovision [^`\n]*? )(-[a-z-]+)").FindAllStringSubmatch(read(t, "README.md"), -1) {
		readme[match[1]] = true
	}
	for _, command := range doccmd.In(t, "../..", "examples/provision/README.md") {
		for _, arg := range command.Args[1:] {
			if command.Args[0] == "provision" && strings.HasPrefix(arg, "-") {
				readme[arg] = true
			}
		}
	}
	delete(readme, "-h")
	assert.Equal(t, sortedKeys(help), sortedKeys(readme))

	var printed bytes.Buffer
	_, err := parse([]string{"-h"}, &printed)
	require.ErrorIs(t, err, flag.ErrHelp)
	shown := regexp.MustCompile(`(?m)^\tprovision( .*?)?   `).FindAllStringSubmatch(printed.String(), -1)
	require.Len(t, shown, 4)
	for _, command := range shown {
		begins(t, strings.Fields(command[1]), tokenVariable+"=token")
	}
}

func TestKubernetesManifest(t *testing.T) { //nolint:paralleltest // environment variables are shared by the process
	type container struct {
		Command, Args []string
		VolumeMounts  []struct{ Name, MountPath string } `yaml:"volumeMounts"`
	}
	type pod struct {
		Spec struct {
			Containers []container
			Volumes    []struct{ Name string }
		}
	}
	var loaders, helpers int
	for document := yaml.NewDecoder(bytes.NewBufferString(read(t, "kubernetes.yaml"))); ; {
		var m struct {
			Kind string
			Spec struct {
				Template    pod
				JobTemplate struct{ Spec struct{ Template pod } } `yaml:"jobTemplate"`
			}
		}
		err := document.Decode(&m)
		if err == io.EOF { //nolint:errorlint // returned unwrapped
			break
		}
		require.NoError(t, err)
		template := m.Spec.Template
		if m.Kind == "CronJob" {
			loaders++
			template = m.Spec.JobTemplate.Spec.Template
		} else {
			helpers++
		}
		require.Len(t, template.Spec.Containers, 1)
		c := template.Spec.Containers[0]
		assert.Equal(t, []string{"/provision"}, c.Command)
		assert.Equal(t, apiLive, begins(t, c.Args).api)
		var volumes []string
		for _, v := range template.Spec.Volumes {
			volumes = append(volumes, v.Name)
		}
		for _, mount := range c.VolumeMounts {
			assert.Contains(t, volumes, mount.Name)
			assert.Contains(t, strings.Join(c.Args, " "), "="+mount.MountPath)
		}
	}
	assert.Equal(t, 1, loaders)
	assert.Equal(t, 1, helpers)
}
