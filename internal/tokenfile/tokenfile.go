// Package tokenfile reads a credential from a file that changes while the program runs.
package tokenfile

import (
	"context"
	"errors"
	"io"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/partnerapi/partnerapi-go/internal/errtext"
	"github.com/partnerapi/partnerapi-go/internal/httpsyntax"
)

const (
	// maxAge is how long a token is cached.
	maxAge = time.Second
	// grace is how long the last token is used while the file cannot be read: another process may be writing it.
	grace = 10 * time.Second
	// maxSize is more than the largest header that servers accept.
	maxSize = 64 << 10
	// byteOrderMark is at the beginning of the files of some editors.
	byteOrderMark = "\ufeff"
)

// File is a file that holds a token. It is safe for concurrent use.
type File struct {
	path string

	mu      sync.Mutex
	token   string    // the last one that was read
	read    time.Time // when
	stale   bool      // whether to read again immediately
	failing time.Time // since when it cannot be read
}

// New returns the file at path. It does not read it.
func New(path string) *File { return &File{path: path} }

// Token returns what the file holds, as read within the last second. An error joins an [errtext.Reason] and the cause, if
// there is one, whose text holds the path.
func (f *File) Token(context.Context) (string, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	now := time.Now()
	if f.token != "" && !f.stale && now.Sub(f.read) < maxAge {
		return f.token, nil
	}
	token, err := read(f.path)
	if err == nil {
		f.token, f.read, f.stale, f.failing = token, now, false, time.Time{}
		return token, nil
	}
	if f.failing.IsZero() {
		f.failing = now
	}
	if f.token == "" || f.stale || now.Sub(f.failing) >= grace {
		return "", err
	}
	return f.token, nil
}

// Invalidate has the file read by the next call of Token, unless that has happened since token was read.
func (f *File) Invalidate(token string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.stale = f.stale || f.token == token
}

// read returns the token in a file.
func read(path string) (string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return "", errors.Join(errtext.Reason("opening the file failed"), err)
	}
	if !info.Mode().IsRegular() { // opening a pipe can block
		return "", errtext.Reason("not a file")
	}
	file, err := os.Open(path) //nolint:gosec // whoever makes the source names the file
	if err != nil {
		return "", errors.Join(errtext.Reason("opening the file failed"), err)
	}
	defer func() { _ = file.Close() }()
	content, err := io.ReadAll(io.LimitReader(file, maxSize+1))
	if err != nil {
		return "", errors.Join(errtext.Reason("reading the file failed"), err)
	}
	if len(content) > maxSize {
		return "", errtext.Reason("the file is too large")
	}
	line, ended := strings.CutSuffix(string(content), "\n")
	if ended {
		line = strings.TrimSuffix(line, "\r")
	}
	why := httpsyntax.WhyNotExact(line)
	if strings.HasPrefix(line, byteOrderMark) {
		why = "begins with a byte order mark"
	}
	if why != "" {
		return "", errtext.Reason("the file holds an invalid credential: " + why)
	}
	return line, nil
}
