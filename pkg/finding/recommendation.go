package finding

// This file holds the view of "oom recommend": the request and limit that a container's history asks for.

import "time"

// RecommendationsKind is the kind of the object that "oom recommend" prints.
const RecommendationsKind = "Recommendations"

// Recommendations is what one run of "oom recommend" says.
type Recommendations struct {
	APIVersion string           `json:"apiVersion"`
	Kind       string           `json:"kind"`
	Metadata   Metadata         `json:"metadata"`
	Items      []Recommendation `json:"items"` // by namespace, kind, name and container
	Total      Cost             `json:"total"` // of all items for which there is a recommendation

	// Coverage lists every input that was wanted and how reading it went.
	Coverage []Coverage `json:"coverage"`
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
	Cost       Cost   `json:"cost"`                 // over all replicas
	RevertedBy string `json:"revertedBy,omitempty"` // who would undo a change of the workload itself
	Patch      string `json:"patch,omitempty"`      // strategic-merge patch of the workload, YAML

	Basis Basis   `json:"basis"`
	Chart []Point `json:"chart,omitempty"`
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

	Peaks   int64    `json:"peaks"`             // bytes: the quantile of all intervals' peaks, without start-up
	StartUp int64    `json:"startUp,omitempty"` // bytes: the highest peak of a start
	Worst   int64    `json:"worst"`             // bytes: the highest need that was seen
	Version string   `json:"version,omitempty"` // the newest of Versions
	Used    []string `json:"versions,omitempty"`
}

// Point is one stretch of time of the chart: the highest peak of any pod, the limit then, and how many containers were killed.
type Point struct {
	Time  time.Time `json:"time"` // its end
	Peak  int64     `json:"peak"` // bytes; 0: not seen
	Limit int64     `json:"limit,omitempty"`
	Kills int       `json:"kills,omitempty"`
}
