package demo

// The same objects say the same whether they were recorded or are plain objects in a file: here each demo without its header, with the
// marks of a server that a recording has no need of.

import (
	"bytes"
	"encoding/json"
	"slices"
	"testing"

	"github.com/kubectl-scars/kubectl-scars/pkg/analysis"
	"github.com/kubectl-scars/kubectl-scars/pkg/checks"
	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
	"github.com/kubectl-scars/kubectl-scars/pkg/recording"
	"github.com/kubectl-scars/kubectl-scars/pkg/snapshot"
)

// plainObjects is a demo as "kubectl get -o json" would have it.
func plainObjects(t *testing.T, name string) []byte {
	t.Helper()
	documents := json.NewDecoder(bytes.NewReader(unpacked(t, name)))
	var header, list map[string]any
	if err := documents.Decode(&header); err != nil {
		t.Fatal(err)
	}
	if err := documents.Decode(&list); err != nil {
		t.Fatal(err)
	}
	items := slices.DeleteFunc(list["items"].([]any), func(item any) bool { return item.(map[string]any)["kind"] == finding.MemoryHistoryKind })
	list["items"] = items
	for _, item := range items {
		metadata := item.(map[string]any)["metadata"].(map[string]any)
		metadata["resourceVersion"] = "1"
		if metadata["uid"] == nil {
			metadata["uid"] = "of " + metadata["name"].(string)
		}
	}
	out, err := json.Marshal(list)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestPlainObjectsSayWhatTheRecordingSays(t *testing.T) {
	for _, name := range append(checks.Areas(), "triage") {
		t.Run(name, func(t *testing.T) {
			recorded, err := Read(name)
			if err != nil {
				t.Fatal(err)
			}
			plain, err := recording.ReadFrom("plain", bytes.NewReader(plainObjects(t, name)), recording.DefaultLimits())
			if err != nil {
				t.Fatal(err)
			}
			found := func(s *snapshot.Snapshot) map[string]finding.Confidence {
				out := map[string]finding.Confidence{}
				for _, o := range analysis.Run(s, checks.All(), recorded.Header.Scope.Namespaces) {
					for _, f := range o.Findings {
						out[f.Check+" "+f.Object.String()+": "+f.Message] = f.Confidence
					}
				}
				return out
			}
			want := found(recorded.Snapshot())
			got := found(plain.Builder.Build(recorded.Header.Time))
			for f, sure := range want {
				if _, ok := got[f]; !ok {
					t.Errorf("only in the recording: %s", f)
				} else if got[f].Rank() < sure.Rank() {
					t.Errorf("surer of plain objects (%s) than of the recording (%s): %s", got[f], sure, f)
				}
			}
			for f := range got {
				if _, ok := want[f]; !ok {
					t.Errorf("only in plain objects: %s", f)
				}
			}
		})
	}
}
