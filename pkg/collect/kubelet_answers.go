package collect

// The two forms in which a kubelet tells of memory. Of each only the numbers of memory are kept, and zero is kept apart from unknown where
// the form does not: kernels that know no peak or no pressure have zeros there.

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"time"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"github.com/kubectl-scars/kubectl-scars/pkg/order"
	"github.com/kubectl-scars/kubectl-scars/pkg/snapshot"
)

// summary is the part of stats/summary that is read (kubernetes v1.37.2 k8s.io/kubelet/pkg/apis/stats/v1alpha1/types.go).
type summary struct {
	Pods []struct {
		PodRef struct {
			Name      string `json:"name"`
			Namespace string `json:"namespace"`
		} `json:"podRef"`
		Memory     *summaryMemory `json:"memory"`
		Containers []struct {
			Name   string         `json:"name"`
			Memory *summaryMemory `json:"memory"`
		} `json:"containers"`
	} `json:"pods"`
}

type summaryMemory struct {
	Time       time.Time `json:"time"`
	Usage      *uint64   `json:"usageBytes"`
	WorkingSet *uint64   `json:"workingSetBytes"`
	RSS        *uint64   `json:"rssBytes"`
	PSI        *struct {
		Full struct {
			Total uint64 `json:"total"`
		} `json:"full"`
		Some struct {
			Total  uint64  `json:"total"`
			Avg300 float64 `json:"avg300"`
		} `json:"some"`
	} `json:"psi"`
}

// summaryRows reads stats/summary.
func summaryRows(r io.Reader, kept keep) ([]snapshot.ContainerMemory, error) {
	var s summary
	if err := json.NewDecoder(r).Decode(&s); err != nil {
		return nil, fmt.Errorf("no statistics in JSON: %w", err)
	}
	var rows []snapshot.ContainerMemory
	for _, p := range s.Pods {
		if !kept(p.PodRef.Namespace, p.PodRef.Name) {
			continue
		}
		add := func(container string, m *summaryMemory) {
			if m != nil && m.Usage != nil || m != nil && m.WorkingSet != nil {
				rows = append(rows, snapshot.ContainerMemory{Namespace: p.PodRef.Namespace, Pod: p.PodRef.Name, Container: container, Memory: m.memory()})
			}
		}
		add("", p.Memory)
		for _, c := range p.Containers {
			add(c.Name, c.Memory)
		}
	}
	return rows, nil
}

func (m *summaryMemory) memory() snapshot.Memory {
	out := snapshot.Memory{Source: summaryPath, Time: m.Time.UTC(), Usage: whole(m.Usage), WorkingSet: whole(m.WorkingSet), RSS: whole(m.RSS)}
	if m.PSI != nil && m.PSI.Some.Total > 0 { // zeros: no pressure ever, or a kernel that does not measure it
		out.PSISome300 = &m.PSI.Some.Avg300
	}
	return out
}

// whole refuses numbers that are none: an unsigned difference that went below zero.
func whole(n *uint64) *int64 {
	if n == nil || *n > math.MaxInt64 {
		return nil
	}
	v := int64(*n)
	return &v
}

// gauges are the metrics that are read, and where they go (google/cadvisor v0.60.5 metrics/prometheus.go).
var gauges = map[string]func(*snapshot.Memory) **int64{
	"container_memory_usage_bytes":               func(m *snapshot.Memory) **int64 { return &m.Usage },
	"container_memory_working_set_bytes":         func(m *snapshot.Memory) **int64 { return &m.WorkingSet },
	"container_memory_rss":                       func(m *snapshot.Memory) **int64 { return &m.RSS },
	"container_memory_cache":                     func(m *snapshot.Memory) **int64 { return &m.Cache },
	"container_memory_total_active_file_bytes":   func(m *snapshot.Memory) **int64 { return &m.ActiveFile },
	"container_memory_total_inactive_file_bytes": func(m *snapshot.Memory) **int64 { return &m.InactiveFile },
	"container_memory_max_usage_bytes":           func(m *snapshot.Memory) **int64 { return &m.Peak },
	"container_oom_events_total":                 func(m *snapshot.Memory) **int64 { return &m.OOMKills },
}

var errNoMetrics = errors.New("no metrics in the answer")

// cadvisorRows reads Prometheus' text form. All but the lines of the metrics above are passed over unparsed: they are a twentieth.
func cadvisorRows(r io.Reader, kept keep) ([]snapshot.ContainerMemory, error) {
	var wanted bytes.Buffer
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, 1<<20)
	metrics := false
	for lines.Scan() {
		line := lines.Bytes()
		metrics = metrics || bytes.HasPrefix(line, []byte("container_")) || bytes.HasPrefix(line, []byte("# TYPE "))
		name, _, labelled := bytes.Cut(line, []byte("{"))
		if labelled && gauges[string(name)] != nil {
			wanted.Write(line)
			wanted.WriteByte('\n')
		}
	}
	if err := lines.Err(); err != nil {
		return nil, err
	}
	if !metrics {
		return nil, errNoMetrics
	}
	parser := expfmt.NewTextParser(model.LegacyValidation)
	families, err := parser.TextToMetricFamilies(&wanted)
	if err != nil {
		return nil, fmt.Errorf("malformed metrics: %w", err)
	}
	cgroups := map[string]*snapshot.ContainerMemory{}
	for _, name := range slices.Sorted(maps.Keys(families)) {
		for _, m := range families[name].GetMetric() {
			sample(cgroups, m, gauges[name], kept)
		}
	}
	return newest(cgroups), nil
}

// sample puts one sample to its cgroup. A pod's own cgroup has neither a container nor a name; the sandbox's has a name.
func sample(cgroups map[string]*snapshot.ContainerMemory, m *dto.Metric, field func(*snapshot.Memory) **int64, kept keep) {
	label := map[string]string{}
	for _, l := range m.GetLabel() {
		label[l.GetName()] = l.GetValue()
	}
	namespace, pod, container := label["namespace"], label["pod"], label["container"]
	value := m.GetUntyped().GetValue()
	switch {
	case pod == "" || container == "" && label["name"] != "" || container == "POD" || !kept(namespace, pod):
		return
	case !(value >= 0 && value < math.MaxInt64): // not a number, or none of bytes
		return
	}
	row := cgroups[label["id"]]
	if row == nil {
		row = &snapshot.ContainerMemory{Namespace: namespace, Pod: pod, Container: container, Memory: snapshot.Memory{Source: cadvisorPath}}
		cgroups[label["id"]] = row
	}
	if at := time.UnixMilli(m.GetTimestampMs()).UTC(); m.TimestampMs != nil && at.After(row.Memory.Time) {
		row.Memory.Time = at
	}
	*field(&row.Memory) = new(int64(value))
}

// newest keeps of each container the cgroup of its latest life: for some minutes the kubelet tells of the one before too. A peak of zero is
// one that the kernel does not know.
func newest(cgroups map[string]*snapshot.ContainerMemory) []snapshot.ContainerMemory {
	type name struct{ namespace, pod, container string }
	latest := map[name]snapshot.ContainerMemory{}
	for _, id := range slices.Sorted(maps.Keys(cgroups)) {
		row := *cgroups[id]
		k := name{row.Namespace, row.Pod, row.Container}
		if before, ok := latest[k]; ok && before.Memory.Time.After(row.Memory.Time) {
			continue
		}
		if row.Memory.Peak != nil && *row.Memory.Peak == 0 {
			row.Memory.Peak = nil
		}
		if row.Memory.Usage != nil || row.Memory.WorkingSet != nil {
			latest[k] = row
		}
	}
	out := slices.Collect(maps.Values(latest))
	order.By(out, func(a, b snapshot.ContainerMemory) int {
		return cmp.Or(cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Pod, b.Pod), cmp.Compare(a.Container, b.Container))
	})
	return out
}
