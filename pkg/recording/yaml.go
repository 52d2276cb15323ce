package recording

// This file takes YAML documents. A small one is parsed in one piece. A List too large for that, or broken somewhere, is split into its
// items by their indentation, as every tool that writes such Lists indents them.

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"regexp"
	"strconv"
	"strings"

	"sigs.k8s.io/yaml"
)

// yamlDocument takes the document that starts at the next line.
func (r *reading) yamlDocument(s *scanner, at position) error {
	var text []byte
	large := false
	for first := true; first || !s.atSeparator(); first = false {
		more, err := s.readLine(text, r.limits.Object)
		if errors.Is(err, io.EOF) {
			break
		}
		if text = more; err != nil {
			if errors.Is(err, errLarge) && s.toSeparator() == nil {
				return errLarge
			}
			return err
		}
		if len(text) > wholeYAML && !large {
			if large = true; hasItems(text) {
				return r.yamlList(at, &yamlLines{text: text, s: s})
			}
		}
	}
	value, err := fromYAML(text, at.line, r.limits.Object)
	if err == nil {
		at.flat = true
		return r.yamlValue(value, at)
	}
	if refused(err) || !hasItems(text) {
		return err
	}
	return r.yamlList(at, &yamlLines{text: text})
}

// yamlValue takes a document that has become JSON.
func (r *reading) yamlValue(value []byte, at position) error {
	switch c := value[0]; {
	case c == '{', c == '[' && bytes.HasPrefix(value, []byte("[{")):
		return r.jsonDocument(&scanner{r: bufio.NewReader(bytes.NewReader(value)), line: 1}, at)
	case string(value) == "null":
		return nil
	}
	return errors.New("no Kubernetes object")
}

func hasItems(text []byte) bool {
	return bytes.HasPrefix(text, []byte("items:")) || bytes.Contains(text, []byte("\nitems:"))
}

// toSeparator skips the rest of a YAML document.
func (s *scanner) toSeparator() error {
	for !s.atSeparator() {
		if err := s.skipLine(); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
	}
	return nil
}

var lineOf = regexp.MustCompile(`\bline (\d+)`)

// fromYAML turns YAML into JSON. first is the line that the text starts in.
func fromYAML(text []byte, first, most int) ([]byte, error) {
	if err := checkAliases(text, most); err != nil {
		return nil, err
	}
	value, err := yaml.YAMLToJSON(text)
	if err == nil {
		return value, nil
	}
	message := err.Error()
	for _, prefix := range []string{"error converting YAML to JSON: ", "yaml: "} {
		message = strings.TrimPrefix(message, prefix)
	}
	message = lineOf.ReplaceAllStringFunc(message, func(s string) string {
		n, _ := strconv.Atoi(strings.TrimPrefix(s, "line "))
		return "line " + strconv.Itoa(n+first-1)
	})
	message = unquoted(message)
	if len(message) > 200 {
		message = "not YAML"
	}
	return nil, errors.New(message)
}

// yamlLines gives out lines: first of a text, then of a scanner where there is one, to the end of the document.
type yamlLines struct {
	text []byte
	s    *scanner
}

// next returns a line with its end, valid until the next call; io.EOF after the last.
func (l *yamlLines) next(most int) ([]byte, error) {
	if len(l.text) > 0 {
		end := bytes.IndexByte(l.text, '\n') + 1
		if end == 0 {
			end = len(l.text)
		}
		line := l.text[:end]
		l.text = l.text[end:]
		return line, nil
	}
	if l.s == nil || l.s.atSeparator() {
		return nil, io.EOF
	}
	return l.s.readLine(nil, most)
}

// yamlList takes a List from its lines.
func (r *reading) yamlList(at position, lines *yamlLines) error {
	l := &yamlItems{list: r.newList(at), r: r, indent: unknownColumn, line: at.line - 1}
	for {
		line, err := lines.next(r.limits.Object)
		if errors.Is(err, io.EOF) {
			break
		}
		if err == nil {
			l.line++
			err = l.add(line)
		}
		if err != nil {
			return err
		}
	}
	if err := l.flush(); err != nil {
		return err
	}
	fields, err := fromYAML(l.fields, at.line, r.limits.Object)
	if err != nil {
		l.list.cutOff()
		if final := l.list.flush(); final != nil {
			return final
		}
		return err
	}
	return l.list.end(fields)
}

// yamlItems gathers lines into items.
type yamlItems struct {
	list   *list
	r      *reading
	fields []byte // the lines that are none of an item
	within bool   // items
	indent int    // of the items' dashes
	item   []byte
	at     position
	line   int
	large  bool
}

func (l *yamlItems) add(line []byte) error {
	text := bytes.TrimLeft(line, " ")
	indent := len(line) - len(text)
	blank := len(bytes.TrimSpace(text)) == 0 || text[0] == '#'
	dash := bytes.HasPrefix(text, []byte("- ")) || string(bytes.TrimSpace(text)) == "-"
	switch {
	case !l.within:
		if indent == 0 && string(bytes.TrimSpace(text)) == "items:" {
			l.within = true
			return nil
		}
		l.fields = append(l.fields, line...)
		if len(l.fields) > l.r.limits.Object {
			return errLarge
		}
	case dash && (l.indent == unknownColumn || indent == l.indent):
		if err := l.flush(); err != nil {
			return err
		}
		l.indent = indent
		l.at = l.list.at
		l.at.item, l.at.line = l.list.items+1, l.line
		l.item = append(append(l.item[:0], line[:indent]...), ' ')
		l.item = append(l.item, line[indent+1:]...)
	case blank, indent > l.indent && l.indent != unknownColumn:
		if len(l.item)+len(line) > l.r.limits.Object {
			l.large = true
			return nil
		}
		l.item = append(l.item, line...)
	default:
		if err := l.flush(); err != nil {
			return err
		}
		l.within = false
		return l.add(line)
	}
	return nil
}

// flush takes the item that is complete. A broken one is a gap.
func (l *yamlItems) flush() error {
	if l.at.item == 0 {
		return nil
	}
	value, err := fromYAML(l.item, l.at.line, l.r.limits.Object)
	if l.large {
		err = errLarge
	}
	if err == nil {
		err = l.list.take(l.at, value)
	} else {
		l.list.items++
	}
	at := l.at
	l.item, l.at, l.large = l.item[:0], position{}, false
	if err != nil {
		l.list.cutOff()
		return l.r.broken(at, err)
	}
	return nil
}
