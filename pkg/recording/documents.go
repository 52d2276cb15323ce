package recording

// This file splits a stream into documents: JSON values one after another, YAML documents between "---", and the container logs that
// kubectl cluster-info dump prints among them.

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
)

// scanner reads a stream of documents and knows the line it is in.
type scanner struct {
	r    *bufio.Reader
	line int // from 1
}

// documents takes every document of a stream. A broken one is a gap, after which reading goes on at what looks like the next.
func (r *reading) documents(src source, br *bufio.Reader) error {
	if bom, _ := br.Peek(3); string(bom) == "\ufeff" {
		_, _ = br.Discard(3)
	}
	if _, err := br.Peek(1); errors.Is(err, io.EOF) {
		return errors.New("the file is empty")
	}
	s := &scanner{r: br, line: 1}
	for number := 1; ; number++ {
		form, err := s.next()
		if errors.Is(err, io.EOF) {
			if number == 1 {
				r.in.Ignored[ignoredDocument]++
			}
			return nil
		}
		at := position{file: src.name, document: number, line: s.line}
		switch {
		case err != nil:
		case form == formJSON:
			err = r.jsonDocument(s, at)
		default:
			err = r.yamlDocument(s, at)
		}
		if err == nil {
			continue
		}
		if err := r.broken(at, err); err != nil {
			return err
		}
	}
}

type form int

const (
	formYAML form = iota
	formJSON
)

// next skips what stands between documents, and says what form the next one has. It leaves the reader at its start.
func (s *scanner) next() (form, error) {
	for {
		head, err := s.r.Peek(4096)
		if err != nil && !errors.Is(err, io.EOF) {
			return 0, readError{err}
		}
		if len(head) == 0 {
			return 0, err
		}
		line, _, ended := bytes.Cut(head, []byte("\n"))
		text := bytes.TrimLeft(line, " \t\r")
		switch {
		case len(bytes.TrimSpace(text)) == 0 && !ended:
			s.discard(len(line))
		case len(bytes.TrimSpace(text)) == 0, text[0] == '#', bytes.HasPrefix(line, []byte("%YAML")), separates(line):
			if err := s.skipLine(); err != nil {
				return 0, err
			}
		case bytes.HasPrefix(line, []byte("---")) && len(line) > 3 && strings.IndexByte(" \t", line[3]) >= 0:
			s.discard(3)
		case bytes.HasPrefix(line, []byte(logStart)):
			if err := s.skipLog(); err != nil {
				return 0, err
			}
		default:
			return formOf(head[len(line)-len(text):]), nil
		}
	}
}

// formOf tells JSON from YAML in flow style.
func formOf(text []byte) form {
	if text[0] != '{' && text[0] != '[' {
		return formYAML
	}
	if rest := bytes.TrimLeft(text[1:], " \t\r\n"); len(rest) == 0 || bytes.IndexByte([]byte(`"{}[]`), rest[0]) >= 0 {
		return formJSON
	}
	return formYAML
}

// separates tells whether a line stands between two YAML documents and holds nothing of either.
func separates(line []byte) bool {
	line = bytes.TrimRight(line, " \t\r\n")
	return string(line) == "---" || string(line) == "..." || bytes.HasPrefix(line, []byte("--- #"))
}

// startsDocument tells whether a line ends the YAML document before it.
func startsDocument(line []byte) bool {
	return separates(line) || bytes.HasPrefix(line, []byte("--- ")) || bytes.HasPrefix(line, []byte(logStart))
}

// The lines that stand around a container's log in kubectl cluster-info dump (kubectl v0.37.2, pkg/cmd/clusterinfo).
const (
	logStart = "==== START logs for container "
	logEnd   = "==== END logs for container "
)

// atSeparator tells whether the next line starts another document.
func (s *scanner) atSeparator() bool {
	head, _ := s.r.Peek(len(logStart))
	line, _, _ := bytes.Cut(head, []byte("\n"))
	return startsDocument(line)
}

// skipLog skips the log of one container. Its lines may look like anything but their own end.
func (s *scanner) skipLog() error {
	started := s.line
	first, err := s.readLine(nil, 4096)
	if err != nil {
		return err
	}
	end := logEnd + strings.TrimSpace(strings.TrimPrefix(string(first), logStart))
	for {
		head, _ := s.r.Peek(len(end))
		if string(head) == end {
			return s.skipLine()
		}
		if err := s.skipLine(); errors.Is(err, io.EOF) {
			return fmt.Errorf("the container log from line %d on has no end: the dump is cut off", started)
		} else if err != nil {
			return err
		}
	}
}

// discard skips bytes that were peeked.
func (s *scanner) discard(n int) {
	head, _ := s.r.Peek(n)
	s.line += bytes.Count(head, []byte("\n"))
	_, _ = s.r.Discard(n)
}

// skipLine skips to the start of the next line. It fails with io.EOF only where there is nothing left.
func (s *scanner) skipLine() error {
	_, err := s.readLine(nil, 0)
	return err
}

var errLarge = errors.New("larger than the limit for one object")

// readLine appends the rest of the line, with its end, to out. With a most of 0 it is skipped instead.
func (s *scanner) readLine(out []byte, most int) ([]byte, error) {
	for read := 0; ; {
		part, err := s.r.ReadSlice('\n')
		read += len(part)
		if most > 0 {
			if len(out)+len(part) > most {
				return out, errLarge
			}
			out = append(out, part...)
		}
		switch {
		case err == nil:
			s.line++
			return out, nil
		case errors.Is(err, bufio.ErrBufferFull):
		case errors.Is(err, io.EOF) && read > 0:
			return out, nil
		case errors.Is(err, io.EOF):
			return out, err
		default:
			return out, readError{err}
		}
	}
}
