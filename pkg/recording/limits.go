package recording

// The bounds of reading: whatever a file holds, memory and time stay within them.

import (
	"errors"
	"fmt"
	"io"
	"time"
)

// Limits bounds what is read. Passing Bytes, Files or Broken ends reading with an error; an object over Object is a gap.
type Limits struct {
	Bytes  int64 // of all files together, decompressed
	Object int   // bytes of one object as text; etcd's own limit is 1.5 MiB (etcd v3.6 server/embed/config.go, DefaultMaxRequestBytes)
	Files  int   // files and members of archives
	Nested int   // gzip and tar in one another
	Broken int   // broken documents

	// Latest is the newest timestamp of plain objects that is believed, best the reader's own clock and some slack: a dump cannot come
	// from the future. Zero believes all.
	Latest time.Time
}

// DefaultLimits lets through what real clusters give: 20,000 pods are about 510 MB of JSON.
func DefaultLimits() Limits {
	return Limits{Bytes: 8 << 30, Object: 4 << 20, Files: 100_000, Nested: 4, Broken: 100}
}

const (
	// Gzip packs a recording of 20,000 pods that differ in nothing but their names 95 times, and a single byte over and over 1,030 times;
	// from maxRatio on, and after ratioFloor bytes, it is no dump of a cluster.
	maxRatio   = 500
	ratioFloor = 16 << 20

	// wholeYAML is the size in bytes up to which a YAML document is parsed in one piece. A larger one has to be a List, and is split into
	// its items by indentation.
	wholeYAML = 1 << 20

	// maxHeld bounds, in bytes, the items of a typed list that stand before its kind.
	maxHeld = 64 << 20

	// maxDepth bounds nesting in JSON; Kubernetes' deepest types, schemas of custom resources, stay under 100.
	maxDepth = 1000
)

// refusal is an error after which nothing that was read may be used.
type refusal struct{ error }

func (r refusal) Unwrap() error { return r.error }

func refuse(format string, args ...any) error { return refusal{fmt.Errorf(format, args...)} }

func refused(err error) bool {
	var r refusal
	return errors.As(err, &r)
}

// metered counts what is read against the limit on bytes.
type metered struct {
	r    io.Reader
	left *int64
}

func (m metered) Read(p []byte) (int, error) {
	n, err := m.r.Read(p)
	if *m.left -= int64(n); *m.left < 0 {
		return n, refuse("the input is larger than the limit")
	}
	return n, err
}

// counted counts what is read.
type counted struct {
	r io.Reader
	n int64
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	return n, err
}

// inflated is the output of a decompressor, whose input is counted.
type inflated struct {
	r  io.Reader
	in *counted
	n  int64
}

func (i *inflated) Read(p []byte) (int, error) {
	n, err := i.r.Read(p)
	if i.n += int64(n); i.n > ratioFloor && i.n > maxRatio*i.in.n {
		return n, refuse("unpacks to more than %d times its size: no dump of a cluster does", maxRatio)
	}
	return n, err
}
