// Package demo holds the incidents that ship in the binary: for each area, and for triage, a recording of a real cluster in which
// something really broke, beside workloads that are healthy. No object in them was written by hand; the recordings were only narrowed to
// the namespaces and volumes of the incident, and say of PodDisruptionBudgets and LimitRanges, which were not read at that time, that there were none, as was so.
// Only the weeks of memory before the incident of oom are made up, because no test cluster lives that long; a test says how.
//
//	kubectl scars record -n shop -f all.json.gz
//	zcat all.json.gz | jq -c 'if .kind == "List" then .items |= map(select(…)) else . end' | kubectl scars triage --from - --save oom.json.gz
package demo

import (
	"bytes"
	"embed"
	"fmt"

	"github.com/kubectl-scars/kubectl-scars/pkg/recording"
)

//go:embed *.json.gz
var recordings embed.FS

// Open returns the recording of an area, or of all areas for "triage", as a file that --from takes too.
func Open(area string) ([]byte, error) {
	data, err := recordings.ReadFile(area + ".json.gz")
	if err != nil {
		return nil, fmt.Errorf("no demo of %q", area)
	}
	return data, nil
}

// Read reads the recording of an area, or of all areas for "triage".
func Read(area string) (*recording.Input, error) {
	data, err := Open(area)
	if err != nil {
		return nil, err
	}
	return recording.ReadFrom("demo of "+area, bytes.NewReader(data), recording.DefaultLimits())
}
