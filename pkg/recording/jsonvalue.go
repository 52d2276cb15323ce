package recording

// This file cuts single values out of JSON text. It looks at strings and brackets only; what is between them, the decoder judges.

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
)

// unknownColumn says that a value does not start its line.
const unknownColumn = -1

// jsonScanner is a scanner within a JSON document.
type jsonScanner struct {
	*scanner
	column int    // of the next value, where it is the first on its line and indented with spaces
	failed []byte // the part that could be read of a value that is broken
	found  bool   // the next document has been found
}

var errCut = errors.New("the file ends in the middle of it")

// more returns what is buffered and reads on where nothing is. It is never empty.
func (s *jsonScanner) more() ([]byte, error) {
	if s.r.Buffered() == 0 {
		if _, err := s.r.Peek(1); errors.Is(err, io.EOF) {
			return nil, s.here(errCut)
		} else if err != nil {
			return nil, readError{err}
		}
	}
	return s.r.Peek(s.r.Buffered())
}

// space skips white space and returns the byte after it, which stays unread.
func (s *jsonScanner) space() (byte, error) {
	s.column = unknownColumn
	for {
		text, err := s.more()
		if err != nil {
			return 0, err
		}
		for i, c := range text {
			switch {
			case c == '\n':
				s.line++
				s.column = 0
			case c == ' ' && s.column >= 0:
				s.column++
			case c == ' ', c == '\t', c == '\r':
				s.column = unknownColumn
			default:
				_, err = s.r.Discard(i)
				return c, err
			}
		}
		if _, err := s.r.Discard(len(text)); err != nil {
			return 0, err
		}
	}
}

// here adds the line to an error.
func (s *jsonScanner) here(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("line %d: %w", s.line, err)
}

// one appends one byte.
func (s *jsonScanner) one(out []byte) []byte {
	c, err := s.r.ReadByte()
	if err != nil { // it was peeked
		return out
	}
	return append(out, c)
}

// value appends the text of the value that comes next, at most so many bytes in all. What it could read of a broken one is in failed.
func (s *jsonScanner) value(out []byte, most int) ([]byte, error) {
	start := len(out)
	v := valueEnd{}
	for {
		text, err := s.more()
		if err == nil {
			n, done, bad := v.scan(text)
			out = append(out, text[:n]...)
			s.line += bytes.Count(text[:n], []byte("\n"))
			if _, err = s.r.Discard(n); err == nil {
				err = s.here(bad)
			}
			if err == nil && len(out) > most {
				err = errLarge
			}
			if done && err == nil {
				return out, nil
			}
		}
		if err != nil {
			s.failed = bytes.Clone(out[start:])
			return out[:start], err
		}
	}
}

// valueEnd finds the end of a value.
type valueEnd struct {
	open            []byte // the brackets that are open
	inString        bool
	escaped, scalar bool
}

// scan returns how much of the text belongs to the value, and whether it ends there.
func (v *valueEnd) scan(text []byte) (n int, done bool, err error) {
	for i, c := range text {
		switch {
		case v.inString:
			switch {
			case c == '\n':
				return i, false, fmt.Errorf("a string without its closing quote")
			case v.escaped:
				v.escaped = false
			case c == '\\':
				v.escaped = true
			case c == '"':
				v.inString = false
				if len(v.open) == 0 {
					return i + 1, true, nil
				}
			}
		case c == '"' && !v.scalar:
			v.inString = true
		case (c == '{' || c == '[') && !v.scalar:
			if len(v.open) == maxDepth {
				return i, false, fmt.Errorf("nested more than %d deep", maxDepth)
			}
			v.open = append(v.open, c)
		case c == '}' || c == ']':
			if v.scalar {
				return i, true, nil
			}
			last := len(v.open) - 1
			if last < 0 || v.open[last] != c-2 { // ASCII: '[' + 2 = ']', '{' + 2 = '}'
				return i, false, fmt.Errorf("%q closes nothing", c)
			}
			if v.open = v.open[:last]; last == 0 {
				return i + 1, true, nil
			}
		case len(v.open) > 0:
		case c == ',' || c == ' ' || c == '\n' || c == '\t' || c == '\r':
			return i, true, nil
		default:
			v.scalar = true
		}
	}
	return len(text), false, nil
}

// restart puts what could be read of a broken value back.
func (s *jsonScanner) restart() {
	if len(s.failed) > 0 {
		s.line -= bytes.Count(s.failed, []byte("\n"))
		s.r = bufio.NewReaderSize(io.MultiReader(bytes.NewReader(s.failed), s.r), 64<<10)
	}
	s.failed = nil
}

// peekLine returns how far the next line is indented with spaces, and its first byte after them; zero where there is none.
func (s *jsonScanner) peekLine() (indent int, first byte) {
	head, _ := s.r.Peek(1024)
	text := bytes.TrimLeft(head, " ")
	if len(text) > 0 {
		first = text[0]
	}
	return len(head) - len(text), first
}
