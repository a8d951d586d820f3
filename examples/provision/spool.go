package main

import (
	"bufio"
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"slices"
)

// job is the payload of a message: a row.
type job struct {
	Line int `json:"line"` // line in the roster
	row
}

// spool is a validated roster on disk, ordered by the hashes of its pks. Rows of the same shard are adjacent, so that a
// worker reads and writes it once for all of them. Only one part is in memory at a time.
type spool struct {
	dir  string
	Rows int    `json:"rows"`
	Hash string `json:"hash"` // of the rows in that order: the same for the same rows in any order
}

// parts is the number of files of a spool. The content of one file must fit in memory.
const parts = 256

func partOf(pk string) int { return int(hashOf(pk) >> 56) }

func (s *spool) part(i int) string { return filepath.Join(s.dir, fmt.Sprintf("%02x", i)) }

// newSpool reads a whole roster. It returns [problems] if the roster is invalid.
func newSpool(roster io.Reader, dir string) (*spool, error) {
	s := &spool{dir: dir}
	if err := errors.Join(os.RemoveAll(dir), os.MkdirAll(dir, 0o700)); err != nil {
		return nil, err
	}
	var found problems
	if err := s.divide(roster, &found); err != nil {
		return nil, err
	}
	all := sha256.New()
	for i := range parts {
		if err := s.sort(i, all, &found); err != nil {
			return nil, err
		}
	}
	if found.count > 0 {
		return nil, &found
	}
	s.Hash = hex.EncodeToString(all.Sum(nil))
	about, err := json.Marshal(s)
	if err != nil {
		return nil, err
	}
	return s, os.WriteFile(filepath.Join(dir, aboutFile), about, 0o600)
}

// aboutFile is written last, when the spool is complete.
const aboutFile = "about"

// openSpool returns an existing spool.
func openSpool(dir string) (*spool, error) {
	about, err := os.ReadFile(filepath.Join(dir, aboutFile))
	if err != nil {
		return nil, err
	}
	s := &spool{dir: dir}
	return s, json.Unmarshal(about, s)
}

// moveTo replaces another spool.
func (s *spool) moveTo(dir string) error {
	if err := os.RemoveAll(dir); err != nil {
		return err
	}
	err := os.Rename(s.dir, dir)
	s.dir = dir
	return err
}

// divide writes each row to its part.
func (s *spool) divide(roster io.Reader, found *problems) (err error) {
	var files [parts]*os.File
	var writers [parts]*bufio.Writer
	defer func() {
		for i, f := range files {
			if f != nil {
				err = cmp.Or(err, writers[i].Flush(), f.Close())
			}
		}
	}()
	for i := range parts {
		if files[i], err = os.OpenFile(s.part(i), os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600); err != nil {
			return err
		}
		writers[i] = bufio.NewWriterSize(files[i], 16<<10)
	}
	return readRows(roster, func(line int, r row) error {
		text, err := json.Marshal(job{line, r})
		if err != nil {
			return err
		}
		_, err = writers[partOf(r.PK)].Write(append(text, '\n'))
		return err
	}, found.add)
}

// sort sorts a part by the hashes of its pks, and reports duplicates.
func (s *spool) sort(i int, all io.Writer, found *problems) error {
	content, err := os.ReadFile(s.part(i))
	if err != nil {
		return err
	}
	type line struct {
		job
		text  []byte
		place uint64
	}
	var lines []line
	for text := range bytes.Lines(content) {
		l := line{text: text}
		if err := json.Unmarshal(text, &l.job); err != nil {
			return err
		}
		l.place = hashOf(l.PK)
		lines = append(lines, l)
	}
	slices.SortFunc(lines, func(a, b line) int {
		return cmp.Or(cmp.Compare(a.place, b.place), cmp.Compare(a.PK, b.PK), a.Line-b.Line)
	})
	var sorted bytes.Buffer
	for i, l := range lines {
		if i > 0 && lines[i-1].PK == l.PK {
			found.add(l.Line, fmt.Sprintf("duplicate of the pk in line %d", lines[i-1].Line))
		}
		sorted.Write(l.text)
		if err := json.NewEncoder(all).Encode(l.row); err != nil {
			return err
		}
	}
	s.Rows += len(lines)
	return os.WriteFile(s.part(i), sorted.Bytes(), 0o600)
}

// from returns the jobs in order, as JSON, after skipping the first ones.
func (s *spool) from(first int) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		n := 0
		for i := range parts {
			content, err := os.ReadFile(s.part(i))
			if err != nil {
				yield(nil, err)
				return
			}
			for text := range bytes.Lines(content) {
				if n++; n > first && !yield(bytes.TrimSuffix(text, []byte("\n")), nil) {
					return
				}
			}
		}
	}
}

// maxProblems is the number of problems that are listed.
const maxProblems = 100

// problems are the problems of a roster: their number, and the first ones by line.
type problems struct {
	count int
	first []problem
}

type problem struct {
	line int
	what string
}

func (p *problems) add(line int, what string) {
	p.count++
	at, _ := slices.BinarySearchFunc(p.first, line, func(q problem, line int) int { return q.line - line })
	if at < maxProblems {
		p.first = slices.Insert(p.first, at, problem{line, what})
		p.first = p.first[:min(len(p.first), maxProblems)]
	}
}

func (p *problems) Error() string {
	var b bytes.Buffer
	for _, q := range p.first {
		fmt.Fprintf(&b, "line %d: %s\n", q.line, q.what)
	}
	if more := p.count - len(p.first); more > 0 {
		fmt.Fprintf(&b, "and %s more\n", comma(more))
	}
	fmt.Fprintf(&b, "%s invalid lines: nothing was sent", comma(p.count))
	return b.String()
}
