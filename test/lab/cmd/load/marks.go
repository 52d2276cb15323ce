package main

// This file keeps files that probes look for.

import (
	"fmt"
	"os"
	"strings"
	"time"
)

// mark is a file that is there from one time to another.
type mark struct {
	path     string
	from, to time.Duration // to is zero for ever
}

// marks is the value of -mark.
type marks []mark

func (m *marks) String() string { return fmt.Sprint(*m) }

// Set adds PATH=FROM[,TO].
func (m *marks) Set(s string) error {
	path, times, _ := strings.Cut(s, "=")
	from, to, ends := strings.Cut(times, ",")
	one := mark{path: path}
	var err error
	if one.from, err = time.ParseDuration(from); err != nil {
		return err
	}
	if ends {
		if one.to, err = time.ParseDuration(to); err != nil {
			return err
		}
	}
	*m = append(*m, one)
	return nil
}

// make makes the files in their time, and takes them away again. What an earlier life has left goes at once.
func (m marks) make() {
	m.remove()
	for _, one := range m {
		time.AfterFunc(one.from, func() {
			if err := os.WriteFile(one.path, nil, 0o644); err != nil {
				fmt.Fprintln(os.Stderr, err)
				return
			}
			up("made " + one.path)
		})
		if one.to > 0 {
			time.AfterFunc(one.to, func() { _ = os.Remove(one.path) })
		}
	}
}

func (m marks) remove() {
	for _, one := range m {
		_ = os.Remove(one.path)
	}
}
