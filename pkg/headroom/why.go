package headroom

// Why a container died although there seemed to be room: one sentence, of the reason that the numbers speak for most.

import (
	"fmt"
	"time"

	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
)

// Death is what is known of a kill for memory.
type Death struct {
	Finished time.Time     // zero where unknown
	Lived    time.Duration // 0 where unknown

	Limit    int64  // bytes; 0 for the node's
	LimitOf  string // "container", "pod", or "node"
	Survived bool   // a process was killed and the container lived on

	// Others are the containers that count against the same limit, where it is the pod's, with what they use.
	Others []Other
}

// Other is a container beside the one that died.
type Other struct {
	Name  string
	Bytes int64
}

// What numbers must be to speak for a reason.
const (
	much     = 0.25             // of the limit, for files in memory
	notable  = 0.15             // of the limit, for the kernel's part
	nearly   = 0.9              // of the limit, for a peak
	room     = 0.8              // of the limit, below which there is headroom to explain
	burst    = 60 * time.Second // a life shorter than this is hardly sampled
	interval = "15 to 60s"      // metrics-server v0.9.0 reads every 15 s by manifest and 60 s by default, cAdvisor every 10 to 15 s
)

// Why says why the container died with headroom, by its own numbers and those of its pod as a whole, either of which may be empty. The
// numbers may be of the life that ended or of the one after; a pod's outlive both. Empty means that they explain nothing.
func Why(d Death, own, pod Account) string {
	if d.LimitOf == "node" || d.Limit <= 0 {
		return ""
	}
	limit := float64(d.Limit)
	share := func(bytes int64) float64 { return float64(bytes) / limit }
	files := max(own.Tmpfs, pod.Tmpfs)
	switch {
	case d.Survived:
		return "one process of several was killed, so no restart and hardly a dip in the graphs shows it"
	case share(files) >= much:
		return fmt.Sprintf("files in memory (tmpfs, shared memory) hold %s of the %s: they count as used, no RSS shows them, and a restart does not free a volume", finding.Bytes(files), finding.Bytes(d.Limit))
	case d.LimitOf == "pod" && len(d.Others) > 0:
		return fmt.Sprintf("the %s are for all containers of the pod: beside this one %s", finding.Bytes(d.Limit), others(d.Others))
	case share(own.Kernel) >= notable:
		return fmt.Sprintf("the kernel holds %s for it (sockets, page tables, names of files), which counts and no RSS shows", finding.Bytes(own.Kernel))
	case d.Lived > 0 && d.Lived < burst:
		return fmt.Sprintf("it lived %s and was full: numbers that are taken every %s hardly see such a burst", d.Lived.Truncate(time.Second), interval)
	}
	peak := int64(0)
	for _, a := range []Account{own, pod} {
		if a.Peak != nil && *a.Peak <= d.Limit+d.Limit/20 {
			peak = max(peak, *a.Peak)
		}
	}
	used := own.Total
	if used == 0 { // it is down
		used = pod.Total
	}
	switch {
	case used == 0 || share(used) > room:
		if own.Parted && share(own.FileCache) >= much {
			return fmt.Sprintf("%s of the %s in use is file cache, which gives way: what must not reach %s is the other %s", finding.Bytes(own.FileCache), finding.Bytes(used), finding.Bytes(d.Limit), finding.Bytes(own.Needed()))
		}
		return ""
	case share(peak) >= nearly:
		return fmt.Sprintf("it has been at %s, %s are seen: numbers that are taken every %s miss such a peak", finding.Bytes(peak), finding.Bytes(used), interval)
	case own.Total == 0:
		return ""
	case own.Time.Before(d.Finished):
		return fmt.Sprintf("%s before the kill it used %s: it rose to %s between two samples", d.Finished.Sub(own.Time).Truncate(time.Second), finding.Bytes(used), finding.Bytes(d.Limit))
	default:
		return fmt.Sprintf("the %s seen now are of the life after; a rise to %s between two samples, taken every %s, is in no graph", finding.Bytes(used), finding.Bytes(d.Limit), interval)
	}
}

func others(list []Other) string {
	out := ""
	for i, o := range list {
		switch {
		case i > 0 && i == len(list)-1:
			out += " and "
		case i > 0:
			out += ", "
		}
		out += o.Name + " uses " + finding.Bytes(o.Bytes)
	}
	return out
}

// Picture is the account as a finding shows it.
func (a Account) Picture(object finding.ObjectRef, limit Limit, request int64) *finding.Memory {
	m := &finding.Memory{
		Object: object, Source: a.Source, Time: finding.At(a.Time), Parts: a.Parts, Total: a.Total,
		Limit: limit.Bytes, Request: request,
	}
	if limit.Bytes > 0 {
		m.LimitOf = limit.Of
	}
	if m.Parts == nil {
		m.Parts = []finding.MemoryPart{}
	}
	if a.Peak != nil {
		m.Peak = *a.Peak
	}
	return m
}
