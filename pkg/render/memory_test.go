package render

// Pictures of memory: the report that golden files show, and what every bar keeps.

import (
	"strings"
	"testing"
	"time"

	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
	"github.com/kubectl-scars/kubectl-scars/pkg/term"
)

const mi = 1 << 20

// memory holds findings with pictures: of all parts, of a working set alone, without a limit, of a pod's limit.
func memory() *finding.Report {
	picture := func(name string, m finding.Memory, parts ...finding.MemoryPart) finding.Finding {
		f := limitHit("shop", name)
		m.Object, m.Time, m.Parts = in(f.Evidence[0].Object, "app"), ago(12*time.Second), parts
		for _, p := range parts {
			m.Total += p.Bytes
		}
		f.Memory = &m
		return f
	}
	all := picture("cache", finding.Memory{
		Source: "metrics/cadvisor", Limit: 512 * mi, LimitOf: "container", Request: 256 * mi, Peak: 511 * mi,
		Says: "files in memory (tmpfs, shared memory) hold 200Mi of the 512Mi: they count as used, no RSS shows them, and a restart does not free a volume",
	}, finding.MemoryPart{Name: finding.MemoryProgram, Bytes: 120 * mi}, finding.MemoryPart{Name: finding.MemoryFiles, Bytes: 200 * mi},
		finding.MemoryPart{Name: finding.MemoryKernel, Bytes: 7 * mi}, finding.MemoryPart{Name: finding.MemoryActive, Bytes: 60 * mi, GivesWay: true},
		finding.MemoryPart{Name: finding.MemoryOld, Bytes: 40 * mi, GivesWay: true})
	r := report("oom", all,
		picture("metrics", finding.Memory{Source: "metrics API", Limit: 256 * mi, LimitOf: "container", Says: "the 61Mi seen now are of the life after; a rise to 256Mi between two samples, taken every 15 to 60s, is in no graph"},
			finding.MemoryPart{Name: finding.MemoryWorking, Bytes: 61 * mi}),
		picture("free", finding.Memory{Source: "stats/summary", Request: 128 * mi}, finding.MemoryPart{Name: finding.MemoryProgram, Bytes: 1200 * mi},
			finding.MemoryPart{Name: finding.MemoryRest, Bytes: 30 * mi}, finding.MemoryPart{Name: finding.MemoryOld, Bytes: 300 * mi, GivesWay: true}),
		picture("alone", finding.Memory{Source: "metrics API", Request: 64 * mi}, finding.MemoryPart{Name: finding.MemoryWorking, Bytes: 700 * mi}),
		picture("pod", finding.Memory{Source: "metrics/cadvisor", Limit: 256 * mi, LimitOf: "pod"}, finding.MemoryPart{Name: finding.MemoryProgram, Bytes: 255*mi + 1}))
	r.Summary.Areas = []finding.AreaSummary{{Area: "oom", Checks: 9}}
	r.Sort()
	return r
}

// A bar is as wide as it was asked to be, shows every part, and shows that there is room where there is.
func TestBar(t *testing.T) {
	for _, utf8 := range []bool{true, false} {
		p := &page{Options: Options{UTF8: utf8, Terminal: true}}
		for cells := minBar; cells <= maxBar; cells++ {
			for _, f := range memory().Findings {
				bar := p.bar(f.Memory, cells)
				if got := term.Cells(bar); got != cells+2 {
					t.Errorf("%d cells: %d: %s", cells, got, bar)
				}
				for _, part := range f.Memory.Parts {
					if !strings.Contains(bar, p.fill(part.Name)) {
						t.Errorf("%d cells: no %s in %s", cells, part.Name, bar)
					}
				}
				if room := f.Memory.Limit > f.Memory.Total; strings.Contains(bar, " ]") != room {
					t.Errorf("%d cells: room is %v: %s", cells, room, bar)
				}
			}
		}
	}
}
