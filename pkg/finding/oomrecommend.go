package finding

// This file is the wire type of the view "oom recommend".

import "time"

// OOMRecommendKind is the kind of the view "oom recommend".
const OOMRecommendKind = "OOMRecommend"

// OOMRecommend is the request and limit of memory that the history of containers asks for.
type OOMRecommend struct {
	ViewHead
	Items []Recommendation `json:"items"` // by namespace, kind and name of the workload, its containers in their order
	Total Cost             `json:"total"`
}

// Objects are the workloads, each once for all its containers.
func (r *OOMRecommend) Objects() []ObjectRef {
	out := make([]ObjectRef, len(r.Items))
	for i, item := range r.Items {
		out[i] = item.Object
	}
	return out
}

// Recommendation is about one container of one workload.
type Recommendation struct {
	Object     ObjectRef  `json:"object"`               // the workload and the container
	Confidence Confidence `json:"confidence,omitempty"` // absent where nothing is recommended
	Limit      Amount     `json:"limit"`
	Request    Amount     `json:"request"`

	// CannotSay is why there is no recommendation, or why one was refused.
	CannotSay string   `json:"cannotSay,omitempty"`
	Notes     []string `json:"notes,omitempty"` // what else the history shows, one sentence each
	Leak      *Leak    `json:"leak,omitempty"`

	Replicas   int    `json:"replicas"`             // pods that the workload asks for
	QOSClass   string `json:"qosClass,omitempty"`   // the pod's class after the change
	QOSBefore  string `json:"qosBefore,omitempty"`  // the pod's class before it
	Cost       Cost   `json:"cost"`                 // over all replicas: what its change adds to those of the containers beside it, init containers last
	RevertedBy string `json:"revertedBy,omitempty"` // who would undo a change of the workload itself
	Patch      string `json:"patch,omitempty"`      // strategic-merge patch of the workload, YAML

	Basis Basis   `json:"basis"`
	Chart []Point `json:"chart,omitempty"`

	// Pod is what the rest of the pod says, as far as the QoS class and a patch depend on it.
	Pod PodShape `json:"-"`
}

// PodShape is what a recommendation must know of the pod that its container is in.
type PodShape struct {
	Init     bool // the container is an init container, a sidecar among them
	Sidecar  bool // it is an init container that runs on beside the others
	CPU      bool // it requests or limits CPU
	CPUEqual bool // it requests as much CPU as its limit
	PodLevel bool // the pod has resources of its own, from which its class comes
	Fixed    bool // the workload cannot be changed: a Job, a bare pod

	Request, Limit int64 // of memory, that the pod has of its own, in bytes; 0: none
}

// Amount is a request or a limit of memory.
type Amount struct {
	Now         int64  `json:"now"`                   // bytes that are set; 0: none
	Recommended int64  `json:"recommended,omitempty"` // bytes; absent where nothing is recommended
	Quantity    string `json:"quantity,omitempty"`    // the same as a quantity of Kubernetes: 640Mi
	Reason      string `json:"reason,omitempty"`      // where the number comes from, in one sentence
}

// Cost is how much memory more (or, negative, less) the recommended numbers set aside, in bytes over all replicas.
type Cost struct {
	Requests int64 `json:"requests"` // what the scheduler sets aside
	Limits   int64 `json:"limits"`
}

// Leak is memory that grows until the container is started again; a bigger limit only delays the end.
type Leak struct {
	BytesPerHour int64      `json:"bytesPerHour"`
	AtLimit      *time.Time `json:"atLimit,omitempty"` // when the first pod is at the limit
}

// Basis is what a recommendation rests on.
type Basis struct {
	From     *time.Time `json:"from,omitempty"`
	To       *time.Time `json:"to,omitempty"`
	Samples  int        `json:"samples"` // intervals, each with its peak
	Pods     int        `json:"pods"`
	Lives    int        `json:"lives"`              // runs of the container
	Kills    int        `json:"kills"`              // of them ended by the memory killer
	Interval string     `json:"interval,omitempty"` // how often the container was looked at, as a Go duration
	Quantile string     `json:"quantile"`           // that was asked for: 0.99

	Peaks   int64    `json:"peaks"`              // bytes: the quantile of all intervals' peaks, without start-up
	StartUp int64    `json:"startUp,omitempty"`  // bytes: the highest peak of a start
	Worst   int64    `json:"worst"`              // bytes: the highest need that was seen
	Version string   `json:"version,omitempty"`  // the newest that it rests on
	Used    []string `json:"versions,omitempty"` // all that it rests on
}

// Point is one stretch of time of the chart: the highest peak of any pod, the limit then, and how many containers were killed.
type Point struct {
	Time  time.Time `json:"time"` // its end
	Peak  int64     `json:"peak"` // bytes; 0: not seen
	Limit int64     `json:"limit,omitempty"`
	Kills int       `json:"kills,omitempty"`
}
