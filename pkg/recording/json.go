package recording

// This file walks a JSON document without holding it: of a List only one item is in memory at a time.

import (
	"fmt"
	"slices"
)

// jsonWalk is one document on its way.
type jsonWalk struct {
	jsonScanner
	r    *reading
	list *list
}

// jsonDocument takes a document that starts with a brace or a bracket: an object, a List, or an array of objects.
func (r *reading) jsonDocument(s *scanner, at position) error {
	w := &jsonWalk{jsonScanner: jsonScanner{scanner: s}, r: r, list: r.newList(at)}
	c, err := w.space()
	switch {
	case err != nil:
	case c == '[':
		if err = w.items(); err == nil {
			return w.list.end(nil)
		}
	default:
		fields, isList, failed := w.fields()
		switch err = failed; {
		case err != nil:
		case isList:
			return w.list.end(fields)
		default:
			return r.takeAlone(at, fields)
		}
	}
	if !final(err) {
		w.list.cutOff()
		w.toDocument()
	}
	return err
}

// fields reads an object, whose opening brace comes next, and returns its text. If it has items, they are taken and not in the text.
func (w *jsonWalk) fields() (text []byte, isList bool, err error) {
	most := w.r.limits.Object
	for text = w.one(nil); ; {
		c, err := w.space()
		if err != nil {
			return nil, isList, err
		}
		switch c {
		case '}':
			return w.one(text), isList, nil
		case ',':
			text = w.one(text)
			continue
		case '"':
		default:
			return nil, isList, fmt.Errorf("line %d: %q where a field's name should be", w.line, c)
		}
		start := len(text)
		if text, err = w.value(text, most); err != nil {
			return nil, isList, err
		}
		name := string(text[start:])
		if c, err = w.space(); err != nil {
			return nil, isList, err
		} else if c != ':' {
			return nil, isList, fmt.Errorf("line %d: %q where a colon should be", w.line, c)
		}
		text = w.one(text)
		if c, err = w.space(); err != nil {
			return nil, isList, err
		}
		if name == `"items"` && c == '[' {
			isList, text = true, append(text, "[]"...)
			w.list.learn(append(slices.Clip(text), '}'))
			err = w.items()
		} else {
			isList = isList || name == `"items"` && c == 'n' // null is an empty list
			text, err = w.value(text, most)
		}
		if err != nil {
			return nil, isList, err
		}
	}
}

// items takes the elements of an array, whose opening bracket comes next. A broken one is a gap if the next can be found.
func (w *jsonWalk) items() error {
	w.one(nil)
	var item []byte
	column := unknownColumn
	for number := 0; ; {
		c, err := w.space()
		switch {
		case err != nil:
			return err
		case c == ']':
			w.one(nil)
			return nil
		case c == ',':
			w.one(nil)
			continue
		}
		number++
		at := w.list.at
		at.item, at.line = number, w.line
		if at.flat {
			at.line = 0
		}
		if number == 1 {
			column = w.column
		}
		if item, err = w.value(item[:0], w.r.limits.Object); err == nil {
			err = w.list.take(at, item)
		} else if !final(err) && !w.toItem(column) {
			return err
		}
		if err != nil {
			w.list.cutOff()
			if err := w.r.broken(at, err); err != nil {
				return err
			}
		}
	}
}

// toItem goes on, after a broken item, at the next line that starts as the first item did, or at the end of the list. It tells whether
// there was one in this document.
func (w *jsonWalk) toItem(column int) bool {
	if column == unknownColumn {
		return false
	}
	for w.restart(); w.skipLine() == nil; {
		switch indent, c := w.peekLine(); {
		case c == '{' && indent == column, c == ']' && indent < max(column, 1):
			return true
		case c == '{' && indent == 0, w.atSeparator():
			w.found = true
			return false
		}
	}
	return false
}

// toDocument goes on, after a broken document, where the next one may start.
func (w *jsonWalk) toDocument() {
	if w.found {
		return
	}
	if indent, c := w.peekLine(); w.column == 0 && c == '{' && indent == 0 && len(w.failed) == 0 {
		return
	}
	for w.restart(); w.skipLine() == nil; {
		if indent, c := w.peekLine(); c == '{' && indent == 0 || w.atSeparator() {
			return
		}
	}
}
