package recording

// This file writes recordings.

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
	"github.com/kubectl-scars/kubectl-scars/pkg/snapshot"
)

// Write writes a snapshot as a recording: the header on the first line, then a List with one object a line, and after the objects the weeks
// of memory. What the snapshot itself knows of the header (its time, and how reading went) is taken from there. The same gives the same bytes.
func Write(w io.Writer, h Header, s *snapshot.Snapshot, histories ...finding.MemoryHistory) error {
	h.APIVersion, h.Kind, h.Format, h.Time, h.Sealed = APIVersion, Kind, Format, s.Now(), s.Sealed()
	if h.Sealed == nil {
		h.Sealed = []snapshot.Sealed{}
	}
	bw := bufio.NewWriterSize(w, 64<<10)
	line, err := encode(h)
	if err != nil {
		return fmt.Errorf("encode the header of the recording: %w", err)
	}
	line = append(line, "\n"+`{"apiVersion":"v1","kind":"List","metadata":{},"items":[`...)
	if _, err := bw.Write(line); err != nil {
		return err
	}
	separator := "\n"
	item := func(line []byte) {
		_, _ = bw.WriteString(separator) // a bufio.Writer keeps its error for Flush
		_, _ = bw.Write(line)
		separator = ",\n"
	}
	for _, o := range s.All() {
		if line, err = encode(o); err != nil {
			return fmt.Errorf("encode %s %s/%s: %w", o.GetObjectKind().GroupVersionKind().Kind, o.GetNamespace(), o.GetName(), err)
		}
		item(line)
	}
	for i := range histories {
		if line, err = encode(&histories[i]); err != nil {
			return fmt.Errorf("encode the history of %s: %w", histories[i].Object, err)
		}
		item(line)
	}
	_, _ = bw.WriteString("\n]}\n")
	return bw.Flush()
}

// privateKey is a private key in PEM form within the text of a JSON string, to the end of that string.
var privateKey = regexp.MustCompile(`-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----(?:[^"\\]|\\.)*`)

// encode is JSON on one line. The builder has dropped the keys that stand where keys stand; this is the net for those that stand
// where none belongs, in a label or an image's name.
func encode(v any) ([]byte, error) {
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	err := enc.Encode(v)
	line := bytes.TrimRight(out.Bytes(), "\n")
	if bytes.Contains(line, []byte("PRIVATE KEY-----")) {
		line = privateKey.ReplaceAllLiteral(line, []byte("[redacted]"))
	}
	return line, err
}

// Save writes a recording to a file, packed with gzip if its name ends in .gz. The file is complete or does not come to be: it is written
// beside its place and renamed. It is readable for its owner alone, since it shows what runs in a cluster.
func Save(path string, h Header, s *snapshot.Snapshot, histories ...finding.MemoryHistory) (err error) {
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		return fmt.Errorf("save %s: is a directory", path)
	}
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return fmt.Errorf("save %w", unwrapPath(path, err))
	}
	defer func() {
		if err != nil {
			_ = f.Close()
			_ = os.Remove(f.Name())
			err = fmt.Errorf("save %w", unwrapPath(path, err))
		}
	}()
	if err := writeFile(f, strings.HasSuffix(path, ".gz"), h, s, histories); err != nil {
		return err
	}
	if err := f.Sync(); err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}

func writeFile(w io.Writer, pack bool, h Header, s *snapshot.Snapshot, histories []finding.MemoryHistory) error {
	if !pack {
		return Write(w, h, s, histories...)
	}
	zw := gzip.NewWriter(w)
	if err := Write(zw, h, s, histories...); err != nil {
		return err
	}
	return zw.Close()
}
