package recording

// This file reads tar archives, member by member and never to the disk.

import (
	"archive/tar"
	"bufio"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"
)

// tar reads the members that are looked at. An archive with a name that leads out of it, with links or with devices was not made by
// packing a dump, and is refused as a whole.
func (r *reading) tar(src source, br *bufio.Reader) error {
	tr := tar.NewReader(br)
	looking := 0
	for {
		hdr, err := tr.Next()
		switch {
		case errors.Is(err, io.EOF):
			if looking == 0 {
				return fmt.Errorf("no file in the archive ends in .yaml, .yml, .json, .gz, .tgz or .tar")
			}
			return nil
		case errors.Is(err, io.ErrUnexpectedEOF):
			return fmt.Errorf("truncated tar: %w", err)
		case err != nil && refused(err):
			return err
		case err != nil:
			return fmt.Errorf("damaged tar: %w", err)
		}
		if err := safeMember(hdr); err != nil {
			return refusal{err}
		}
		if hdr.Typeflag != tar.TypeReg {
			continue
		}
		if !looked(hdr.Name) || hidden(hdr.Name) {
			r.in.Ignored[ignoredFile]++
			continue
		}
		looking++
		member := source{name: src.name + "!/" + hdr.Name, depth: src.depth + 1}
		if err := r.stream(member, tr); err != nil {
			return fmt.Errorf("member %w", err)
		}
	}
}

// hidden tells whether a member lies in a directory whose name starts with a dot.
func hidden(name string) bool {
	for part := range strings.SplitSeq(path.Dir(name), "/") {
		if len(part) > 1 && part[0] == '.' {
			return true
		}
	}
	return false
}

// safeMember tells why a member has no business in a dump.
func safeMember(hdr *tar.Header) error {
	name := strings.ReplaceAll(hdr.Name, `\`, "/")
	for part := range strings.SplitSeq(name, "/") {
		if part == ".." {
			return fmt.Errorf("unsafe archive: member %q leads out of it", hdr.Name)
		}
	}
	if path.IsAbs(name) || len(name) > 1 && name[1] == ':' {
		return fmt.Errorf("unsafe archive: member %q has an absolute name", hdr.Name)
	}
	for record := range hdr.PAXRecords {
		if strings.HasPrefix(record, "GNU.sparse.") {
			return fmt.Errorf("unsafe archive: member %q is sparse", hdr.Name)
		}
	}
	switch hdr.Typeflag {
	case tar.TypeReg, tar.TypeDir, tar.TypeXGlobalHeader:
		return nil
	case tar.TypeLink, tar.TypeSymlink:
		return fmt.Errorf("unsafe archive: member %q is a link", hdr.Name)
	default:
		return fmt.Errorf("unsafe archive: member %q is neither file nor directory", hdr.Name)
	}
}
