// Package image writes container images without an engine: one layer of static programs, in the form that
// "docker save" writes and "ctr images import" reads.
package image

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
)

// Image is a root file system of static programs.
type Image struct {
	Tags       []string          // full references: registry, name and tag
	Programs   map[string]string // path inside, without leading slash → file on this machine
	Links      []string          // names in bin/ that are links to busybox
	Entrypoint []string
	Cmd        []string
}

// Write writes the image as an archive.
func (im Image) Write(file string) error {
	layer, err := im.layer()
	if err != nil {
		return fmt.Errorf("image %s: %w", im.Tags[0], err)
	}
	id := sum(layer)
	config, err := json.Marshal(map[string]any{
		"architecture": "amd64", "os": "linux",
		"config":  map[string]any{"Env": []string{"PATH=/bin"}, "Entrypoint": im.Entrypoint, "Cmd": im.Cmd},
		"rootfs":  map[string]any{"type": "layers", "diff_ids": []string{"sha256:" + id}},
		"history": []any{map[string]any{"created_by": "test/lab"}},
	})
	if err != nil {
		return err
	}
	manifest, err := json.Marshal([]any{map[string]any{
		"Config": sum(config) + ".json", "RepoTags": im.Tags, "Layers": []string{id + ".tar"},
	}})
	if err != nil {
		return err
	}
	var buf bytes.Buffer
	w := tar.NewWriter(&buf)
	for _, f := range []struct {
		name string
		data []byte
	}{{sum(config) + ".json", config}, {id + ".tar", layer}, {"manifest.json", manifest}} {
		if err := add(w, f.name, 0o644, f.data); err != nil {
			return err
		}
	}
	if err := w.Close(); err != nil {
		return err
	}
	return os.WriteFile(file, buf.Bytes(), 0o644)
}

func (im Image) layer() ([]byte, error) {
	var buf bytes.Buffer
	w := tar.NewWriter(&buf)
	for _, d := range []string{"bin", "tmp", "etc", "proc", "sys", "dev", "data"} {
		h := &tar.Header{Typeflag: tar.TypeDir, Name: d + "/", Mode: 0o755}
		if d == "tmp" || d == "data" {
			h.Mode = 0o1777
		}
		if err := w.WriteHeader(h); err != nil {
			return nil, err
		}
	}
	for to, from := range im.Programs {
		data, err := os.ReadFile(from)
		if err != nil {
			return nil, err
		}
		if err := add(w, filepath.ToSlash(to), 0o755, data); err != nil {
			return nil, err
		}
	}
	for _, l := range im.Links {
		if err := w.WriteHeader(&tar.Header{Typeflag: tar.TypeSymlink, Name: "bin/" + l, Linkname: "busybox"}); err != nil {
			return nil, err
		}
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return buf.Bytes(), nil
}

func add(w *tar.Writer, name string, mode int64, data []byte) error {
	if err := w.WriteHeader(&tar.Header{Name: name, Mode: mode, Size: int64(len(data))}); err != nil {
		return err
	}
	_, err := w.Write(data)
	return err
}

func sum(b []byte) string {
	s := sha256.Sum256(b)
	return hex.EncodeToString(s[:])
}
