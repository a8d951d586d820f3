// Package doccmd extracts the commands in our Markdown files. Tests of a program use it to check that the program
// accepts the commands in the documents.
package doccmd

import (
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// Command is a program invocation in a file.
type Command struct {
	File string   // relative to the root of the repository
	Dir  string   // the working directory, relative to the root of the repository
	Env  []string // the variables of the SDK's programs, as NAME=value
	Args []string // the program's name and its arguments
}

// String returns the command as a line, without quotes.
func (c Command) String() string { return strings.Join(slices.Concat(c.Env, c.Args), " ") }

// A shell reads the commands with stand-ins in place of the programs. A stand-in only records its invocation. Harmless
// programs are real. Other programs are missing, which fails the test.
var (
	programs = []string{
		"bin/awk", "bin/bash", "bin/curl", "bin/docker", "bin/git", "bin/go", "bin/partnerctl", "bin/provision", "examples/provision/provision",
	}
	harmless = []string{"mkdir", "mktemp", "touch"}
)

// standIn records how many words there are, the words, the directory and the environment. A worktree gets its directory and a
// clone is the repository itself, because later commands change to them.
const standIn = `#!/bin/sh
name=${0##*/}
case "$name $*" in
"git worktree add --detach "*) mkdir -p "$4" ;;
"git clone "*) command -p ln -s "$ROOT" "${2##*/}" ;;
esac
printf '%s\0' "$(($# + 1))" "$name" "$@" "$(pwd -P)" "$(command -p env)" >>"$RECORD"
`

// All returns the commands of all Markdown files of a repository.
func All(tb testing.TB, root string) (commands []Command) {
	tb.Helper()
	for _, file := range Files(tb, root) {
		commands = append(commands, In(tb, root, file)...)
	}
	return commands
}

// Files returns the Markdown files of a repository, nested modules included.
func Files(tb testing.TB, root string) (files []string) {
	tb.Helper()
	noError(tb, walk(root, func(under string, entry fs.DirEntry) error {
		if filepath.Ext(under) == ".md" && !entry.IsDir() {
			files = append(files, under)
		}
		return nil
	}))
	return files
}

// walk calls each with the entries of a repository, by their path in it, except those of git and npm.
func walk(root string, each func(under string, entry fs.DirEntry) error) error {
	return filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && (entry.Name() == ".git" || entry.Name() == "node_modules") {
			return filepath.SkipDir
		}
		under, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		return each(under, entry)
	})
}

// In returns the commands of a file, in order: those in its shell blocks, and inline code that begins with go, bash,
// partnerctl or provision. One shell session reads them, in a copy of the repository's directories, without starting any of the
// programs.
func In(tb testing.TB, root, file string) []Command {
	tb.Helper()
	text, err := os.ReadFile(filepath.Join(root, file))
	noError(tb, err)
	copied, err := filepath.EvalSymlinks(tb.TempDir())
	noError(tb, err)
	noError(tb, walk(root, func(under string, entry fs.DirEntry) error {
		if !entry.IsDir() {
			return nil
		}
		return os.MkdirAll(filepath.Join(copied, under), 0o700)
	}))
	for _, folder := range []string{"bin", "examples/provision"} {
		noError(tb, os.MkdirAll(filepath.Join(copied, folder), 0o700))
	}
	writePrograms(tb, copied)
	for _, program := range harmless {
		path, err := exec.LookPath(program)
		noError(tb, err)
		noError(tb, os.Symlink(path, filepath.Join(copied, "bin", program)))
	}
	record := filepath.Join(tb.TempDir(), "record")
	noError(tb, os.WriteFile(record, nil, 0o600))
	shell := exec.CommandContext(tb.Context(), "sh", "-eu", "-c", script(string(text)))
	shell.Dir = copied
	shell.Env = []string{"PATH=" + filepath.Join(copied, "bin"), "TMPDIR=" + tb.TempDir(), "RECORD=" + record, "ROOT=" + copied}
	if out, err := shell.CombinedOutput(); err != nil {
		tb.Fatalf("the commands of %s: %v\n%s", file, err, out)
	}
	recorded, err := os.ReadFile(record)
	noError(tb, err)
	return read(tb, file, copied, strings.Split(string(recorded), "\x00"))
}

// writePrograms writes the stand-ins. No other test may start a process meanwhile: it would have the files open for a moment,
// and a file that is open for writing cannot be run.
func writePrograms(tb testing.TB, dir string) {
	tb.Helper()
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	for _, program := range programs {
		noError(tb, os.WriteFile(filepath.Join(dir, program), []byte(standIn), 0o700)) //nolint:gosec // it must be executable
	}
}

func noError(tb testing.TB, err error) {
	tb.Helper()
	if err != nil {
		tb.Fatal(err)
	}
}

var (
	block  = regexp.MustCompile("(?ms)^ *```([^\n]*)\n(.*?)^ *```$")
	quoted = regexp.MustCompile("`((?:PARTNERAPI_\\w+=\\S+ )?(?:go|bash|partnerctl|(?:\\./)?provision)\\s[-.a-z][^`]*)`")
)

// Languages returns the languages of a file's blocks, in order.
func Languages(text string) (languages []string) {
	for _, match := range block.FindAllStringSubmatch(text, -1) {
		languages = append(languages, match[1])
	}
	return languages
}

// script returns the commands of a text.
func script(text string) string {
	var lines []string
	quotedIn := func(prose string) {
		for _, match := range quoted.FindAllStringSubmatch(prose, -1) {
			lines = append(lines, strings.ReplaceAll(match[1], "\n", " "))
		}
	}
	end := 0
	for _, at := range block.FindAllStringSubmatchIndex(text, -1) {
		quotedIn(text[end:at[0]])
		if text[at[2]:at[3]] == "sh" {
			lines = append(lines, text[at[4]:at[5]])
		}
		end = at[1]
	}
	quotedIn(text[end:])
	return strings.Join(lines, "\n")
}

// read parses the records of the stand-ins.
func read(tb testing.TB, file, copied string, fields []string) (commands []Command) {
	tb.Helper()
	for len(fields) > 1 {
		words, err := strconv.Atoi(fields[0])
		noError(tb, err)
		c := Command{File: file, Args: fields[1 : words+1]}
		c.Dir, err = filepath.Rel(copied, fields[words+1])
		noError(tb, err)
		for variable := range strings.Lines(fields[words+2]) {
			if strings.HasPrefix(variable, "PARTNERAPI_") {
				c.Env = append(c.Env, strings.TrimSuffix(variable, "\n"))
			}
		}
		commands, fields = append(commands, c), fields[words+3:]
	}
	return commands
}
