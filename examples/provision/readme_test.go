package main

import (
	"bytes"
	"io"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	return string(text)
}

func TestREADMEsShowTheDemonstration(t *testing.T) {
	temporary := t.TempDir()
	t.Setenv("TMPDIR", temporary)
	p := &program{t: t}
	status, out, errs := p.run()
	require.Zero(t, status, errs)
	for _, path := range []string{"README.md", "../../README.md"} {
		example := regexp.MustCompile("(?s)```text\n(The first night.*?)```").FindStringSubmatch(read(t, path))
		require.NotNil(t, example, path)
		assert.Equal(t, strings.TrimSpace(shown(example[1])), strings.TrimSpace(shown(out)), path)
	}
	left, err := os.ReadDir(temporary)
	require.NoError(t, err)
	assert.Empty(t, left)
}

func TestREADMECommandsAreRight(t *testing.T) {
	t.Setenv(tokenVariable, "x")
	commands := regexp.MustCompile(`(?m)^(?:PARTNERAPI\S+ )?(?:\./)?provision (.*?)(?: +#.*)?$`).FindAllStringSubmatch(read(t, "README.md"), -1)
	require.Len(t, commands, 6)
	for _, command := range commands {
		_, err := parse(strings.Fields(command[1]), io.Discard)
		require.NoError(t, err, command[1])
	}
}

func TestKubernetesManifestIsRight(t *testing.T) {
	t.Parallel()
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
		if err == io.EOF { //nolint:errorlint // as it is returned
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
		parsed, err := parse(c.Args, io.Discard)
		require.NoError(t, err)
		assert.Equal(t, apiLive, parsed.api)
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
