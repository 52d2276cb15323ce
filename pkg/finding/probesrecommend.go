package finding

// This file is the wire type of the view "probes recommend".

import "time"

// ProbesRecommendKind is the kind of the view "probes recommend".
const ProbesRecommendKind = "ProbesRecommend"

// ProbesRecommend is the probes that the measured starts of containers ask for.
type ProbesRecommend struct {
	ViewHead
	Items []ProbeAdvice `json:"items"` // by namespace, kind and name of the workload, its containers in their order

	// WithoutHistory is why there are no weeks of metrics, and what they would have added; absent where there are.
	WithoutHistory string `json:"withoutHistory,omitempty"`
}

// Objects are the workloads, each once for all its containers.
func (r *ProbesRecommend) Objects() []ObjectRef {
	out := make([]ObjectRef, len(r.Items))
	for i, item := range r.Items {
		out[i] = item.Object
	}
	return out
}

// ProbeAdvice is about one container of one workload.
type ProbeAdvice struct {
	Object     ObjectRef     `json:"object"`               // the workload and the container
	Confidence Confidence    `json:"confidence,omitempty"` // absent where nothing is recommended
	Numbers    []ProbeNumber `json:"numbers"`              // in the order startup, liveness, readiness, minReadySeconds, progressDeadlineSeconds

	// CannotSay is why there is no recommendation.
	CannotSay string   `json:"cannotSay,omitempty"`
	Notes     []string `json:"notes,omitempty"` // what else was seen, one sentence each

	Starts  Starts         `json:"starts"`
	Answers []ProbeAnswers `json:"answers,omitempty"` // of the probes of which weeks of metrics tell

	Replicas   int    `json:"replicas"`             // pods that the workload asks for
	Restarts   int    `json:"restarts,omitempty"`   // pods that the patch replaces, because it changes their template
	RevertedBy string `json:"revertedBy,omitempty"` // who would undo a change of the workload itself
	Patch      string `json:"patch,omitempty"`      // strategic-merge patch of the workload, YAML
}

// ProbeNumber is one field of a probe.
type ProbeNumber struct {
	Probe       string `json:"probe,omitempty"` // the probe's field; absent for minReadySeconds and progressDeadlineSeconds, which are the workload's own
	Field       string `json:"field"`           // failureThreshold
	Now         *int32 `json:"now,omitempty"`   // with the server's defaults; absent where there is no such probe
	Recommended int32  `json:"recommended"`
	Reason      string `json:"reason"` // where the number comes from, in one sentence
}

// Starts is what was measured, in seconds.
type Starts struct {
	Ready  []int64 `json:"ready"`           // starts after which the container was ready, fastest first
	Error  int64   `json:"error,omitempty"` // by how much each may have been shorter at the most
	Killed []int64 `json:"killed"`          // starts that a probe cut short, as lower bounds
	AtMost int     `json:"atMost"`          // further starts of which only an upper bound is known

	Since  *time.Time `json:"since,omitempty"`  // when the first of them began that weeks of metrics tell of
	Past   int        `json:"past,omitempty"`   // how many of them only weeks of metrics tell of
	Others int        `json:"others,omitempty"` // how many more were of versions with other probes, and do not count
}

// ProbeAnswers is how long a probe took to be answered over weeks. The kubelet tells between which bounds, of attempts that succeeded.
type ProbeAnswers struct {
	Probe     string    `json:"probe"` // the probe's field
	From      time.Time `json:"from"`
	To        time.Time `json:"to"`
	Succeeded int       `json:"succeeded"`
	Failed    int       `json:"failed"`
	P99       *int64    `json:"p99Milliseconds,omitempty"`     // that 99 % of them did not exceed; absent above the kubelet's highest bound
	Slowest   *int64    `json:"slowestMilliseconds,omitempty"` // that none exceeded; absent above that bound
}
