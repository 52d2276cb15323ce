package finding

// This file is the wire type of the view "oom rank".

// OOMRankKind is the kind of the view "oom rank".
const OOMRankKind = "OOMRank"

// OOMRank says who would die first on each node where its memory runs out: the kernel's order and the kubelet's, which differ.
type OOMRank struct {
	ViewHead
	Nodes []RankedNode `json:"nodes"` // by name
}

// RankedNode is one node with its two orders.
type RankedNode struct {
	Node             string `json:"node"`
	CapacityBytes    *int64 `json:"capacityBytes,omitempty"`    // status.capacity, from which oom_score_adj is computed; absent where the node was not read
	AllocatableBytes *int64 `json:"allocatableBytes,omitempty"` // status.allocatable
	RequestedBytes   int64  `json:"requestedBytes"`             // what its pods request in all
	UsedBytes        *int64 `json:"usedBytes,omitempty"`        // what they use in all (working set); absent where the use of any is not known
	MemoryPressure   bool   `json:"memoryPressure,omitempty"`   // the node has the condition MemoryPressure

	// Kernel ranks containers as the kernel's OOM killer does where the node itself is out of memory, the first to die first.
	Kernel []KernelRank `json:"kernel"`

	// Eviction ranks pods as the kubelet does under memory pressure, before the kernel has to kill: the first to be evicted first.
	Eviction []EvictionRank `json:"eviction"`
}

// KernelRank is one container in the kernel's order.
type KernelRank struct {
	Place        int       `json:"place"` // from 1; those that nothing known sets apart share one
	Pod          ObjectRef `json:"pod"`   // with the container
	QOSClass     string    `json:"qosClass"`
	RequestBytes *int64    `json:"requestBytes,omitempty"` // absent: none
	LimitBytes   *int64    `json:"limitBytes,omitempty"`   // absent: none
	OOMScoreAdj  *int      `json:"oomScoreAdj,omitempty"`  // what the kernel adds to the score of each of its processes; absent where the node was not read
	UsageBytes   *int64    `json:"usageBytes,omitempty"`   // working set; absent where it is not known
	Why          string    `json:"why"`                    // what makes the score
}

// OverRequest says whether a pod uses more memory than it requests, which decides about eviction before all else.
type OverRequest string

// The answers.
const (
	Over      OverRequest = "yes"     // it does, or requests nothing
	NotOver   OverRequest = "no"      // it does not, or its limits do not let it
	OverMaybe OverRequest = "unknown" // its use is not known
	Exempt    OverRequest = "exempt"  // it is critical: the kubelet never evicts it
)

// EvictionRank is one pod in the kubelet's order.
type EvictionRank struct {
	Place        int         `json:"place"` // from 1; those that nothing known sets apart share one
	Pod          ObjectRef   `json:"pod"`
	OverRequest  OverRequest `json:"overRequest"`
	Priority     int32       `json:"priority"`
	RequestBytes int64       `json:"requestBytes"`
	UsageBytes   *int64      `json:"usageBytes,omitempty"` // working set; absent where it is not known
	Why          string      `json:"why"`
}

// Objects lists the pods in the kernel's order, node by node, each once.
func (r *OOMRank) Objects() []ObjectRef {
	var out []ObjectRef
	seen := map[ObjectRef]bool{}
	for _, n := range r.Nodes {
		for _, k := range n.Kernel {
			pod := k.Pod
			if pod.Container = ""; !seen[pod] {
				seen[pod] = true
				out = append(out, pod)
			}
		}
	}
	return out
}
