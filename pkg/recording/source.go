package recording

// This file finds the files of an input and unwraps them: directories, gzip, tar, character sets. What a file is, its content says; its
// name decides only, within directories and archives, whether it is looked at.

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"
)

// source is a file on its way to its objects.
type source struct {
	name  string // as the user knows it; members of archives after "!/"
	named bool   // by the user: then it must be readable
	depth int    // how many wrappings it came out of
}

// looked lists the endings of files that are looked at in directories and archives.
func looked(name string) bool {
	if strings.HasPrefix(filepath.Base(name), ".") {
		return false
	}
	return slices.Contains([]string{".yaml", ".yml", ".json", ".gz", ".tgz", ".tar"}, strings.ToLower(filepath.Ext(name)))
}

// path reads a file or directory that the user named.
func (r *reading) path(path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return unwrapPath(path, err)
	}
	if !info.IsDir() {
		return r.file(path, true)
	}
	files := r.files
	err = filepath.WalkDir(path, func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return r.gap(name, unwrapPath(name, err).Error())
		case entry.IsDir() && name != path && strings.HasPrefix(entry.Name(), "."):
			return filepath.SkipDir
		case entry.IsDir():
			return nil
		case !looked(name) || !regular(name):
			r.in.Ignored[ignoredFile]++
			return nil
		}
		return r.file(name, false)
	})
	if err == nil && r.files == files {
		return fmt.Errorf("%s: no file in it ends in .yaml, .yml, .json, .gz, .tgz or .tar", path)
	}
	return err
}

// regular follows links to files, but never opens pipes and devices.
func regular(name string) bool {
	info, err := os.Stat(name)
	return err == nil && info.Mode().IsRegular()
}

func (r *reading) file(name string, named bool) error {
	f, err := os.Open(name)
	if err == nil {
		defer f.Close() //nolint:errcheck // it was only read
		return r.stream(source{name: name, named: named}, f)
	}
	if err = unwrapPath(name, err); named {
		return err
	}
	return r.gap(name, err.Error())
}

// unwrapPath brings the errors of the file system into one form.
func unwrapPath(name string, err error) error {
	if p, ok := errors.AsType[*fs.PathError](err); ok {
		err = p.Err
	}
	return fmt.Errorf("%s: %w", name, err)
}

// stream reads one file. An error of a file that the user did not name is a gap, unless nothing at all may be used any more.
func (r *reading) stream(src source, from io.Reader) error {
	if r.files++; r.files > r.limits.Files {
		return refuse("%s: more than %d files in the input", src.name, r.limits.Files)
	}
	err := r.unwrap(src, bufio.NewReaderSize(metered{from, &r.left}, 64<<10))
	if err == nil {
		return nil
	}
	if src.named || refused(err) {
		return fmt.Errorf("%s: %w", src.name, err)
	}
	return r.gap(src.name, err.Error())
}

var (
	gzipMagic = []byte{0x1f, 0x8b}
	utf16LE   = []byte{0xff, 0xfe}
	utf16BE   = []byte{0xfe, 0xff}
)

// unwrap looks at the first bytes and takes off one wrapping after the other.
func (r *reading) unwrap(src source, br *bufio.Reader) error {
	if src.depth > r.limits.Nested {
		return refuse("archives nested more than %d deep", r.limits.Nested)
	}
	head, err := br.Peek(512)
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	switch {
	case bytes.HasPrefix(head, gzipMagic):
		return r.gzip(src, br)
	case len(head) > 262 && string(head[257:262]) == "ustar":
		return r.tar(src, br)
	case bytes.HasPrefix(head, utf16LE), bytes.HasPrefix(head, utf16BE): // PowerShell's ">" writes this
		decoder := unicode.BOMOverride(unicode.UTF8.NewDecoder())
		return r.documents(src, bufio.NewReaderSize(transform.NewReader(br, decoder), 64<<10))
	case src.depth > 0 && len(head) > 0 && len(bytes.Trim(head, "\x00")) == 0:
		return fmt.Errorf("no text and no files: binary data that begins with zeros, as an empty tar archive does")
	case bytes.ContainsFunc(head, func(c rune) bool { return c < '\t' }):
		return fmt.Errorf("binary data, neither YAML nor JSON")
	}
	return r.documents(src, br)
}

func (r *reading) gzip(src source, br *bufio.Reader) error {
	in := &counted{r: br}
	zr, err := gzip.NewReader(in)
	if err != nil {
		return fmt.Errorf("damaged gzip: %w", err)
	}
	src.depth++
	err = r.unwrap(src, bufio.NewReaderSize(metered{&inflated{r: zr, in: in}, &r.left}, 64<<10))
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF):
		return fmt.Errorf("truncated gzip: the file ends too early")
	case errors.Is(err, gzip.ErrChecksum), errors.Is(err, gzip.ErrHeader):
		return fmt.Errorf("damaged gzip: %w", err)
	}
	return err
}
