// Package restart says why containers ended: for each death that a pod's status or events tell of, the cause, how sure it is, and on
// what evidence. The areas oom and probes share it, so that a kill by a probe is never called one for memory, nor the reverse.
//
// Two facts shape it. OOMKilled says that some process of the container was killed for want of memory at some time of its life, not that
// this ended it, nor whose limit it was. And 137 says SIGKILL, not memory; the kubelet even invents it for containers that it lost.
package restart

import (
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
	"github.com/kubectl-scars/kubectl-scars/pkg/kubeevent"
)

// Facts is what is known of one pod, present or replaced.
type Facts struct {
	Namespace, Name string
	Pod             *corev1.Pod     // nil where the pod is gone and only its events are left
	Events          []*corev1.Event // that speak of the pod

	NodeName   string          // where it ran; empty where unknown
	NodeEvents []*corev1.Event // that speak of its node
	OOMs       OOMs            // that they tell of, by SystemOOMs
	Node       *corev1.Node    // nil where unknown

	// EventsComplete tells that all events the server still had were read, so that what is not among them was not said lately.
	EventsComplete bool
	EventsSince    time.Time // from when on none has expired, zero where that is not known
	Now            time.Time
}

// Cause is why a container ended.
type Cause string

// The causes.
const (
	MemoryLimit   Cause = "memory-limit"   // killed by the kernel at a limit of the container or its pod
	NodeMemory    Cause = "node-memory"    // killed by the kernel because the node, or its share for pods, had no memory left
	MemoryEvicted Cause = "memory-evicted" // the kubelet evicted the pod because its node ran low on memory
	OtherEvicted  Cause = "evicted"        // the kubelet evicted the pod for something else: disk, inodes, PIDs, its own storage limit
	Liveness      Cause = "liveness"       // the kubelet ended it because its liveness probe failed
	Startup       Cause = "startup"        // the same for the startup probe
	PostStart     Cause = "post-start"     // its postStart hook failed
	Changed       Cause = "changed"        // its definition was changed, or a resize asked for a restart
	PodStopped    Cause = "pod-stopped"    // its pod was deleted, drained or rolled over
	Preempted     Cause = "preempted"      // its pod made room for a more important one
	NodeShutdown  Cause = "node-shutdown"  // its node was shut down in good order
	Deadline      Cause = "deadline"       // its pod had run longer than activeDeadlineSeconds
	OwnExit       Cause = "own-exit"       // it ended by itself
	RuntimeLimit  Cause = "runtime-limit"  // the same, after its language runtime had reached a memory limit of its own, such as a heap
	TurnedAway    Cause = "turned-away"    // its node refused the pod before it ran, for want of memory
	NotStarted    Cause = "not-started"    // the runtime could not start it
	Invented      Cause = "invented"       // kubelet or runtime lost sight of it and wrote 137 or 255 in place of an exit code
	RestartedAll  Cause = "restarted-all"  // a restart rule RestartAllContainers of another container
	OutsideKill   Cause = "outside"        // a signal that the kubelet did not send: a person, a program on the node, the runtime
	Unknown       Cause = "unknown"        // a signal; what could tell whose is gone or was not readable
)

// Kind is the kind of a container within its pod.
type Kind string

// The kinds of containers. The kind is empty where only events are left.
const (
	Regular   Kind = "container"
	Init      Kind = "init container"
	Sidecar   Kind = "sidecar"
	Ephemeral Kind = "ephemeral container"
)

// Death is one end of a container, or, where only an event tells of them, several of the same cause.
type Death struct {
	Pod        finding.ObjectRef // with the container's name
	Kind       Kind
	Cause      Cause
	Confidence finding.Confidence // of the cause
	Detail     string             // what more is known of the cause, as half a sentence; may be empty

	Gone       bool   // the pod has been replaced, perhaps by one of its name, and only events tell of it
	Unheard    bool   // no event of that time is at hand, had there been one: they have expired, or were not read
	FromStatus bool   // the pod's status holds it; otherwise only events do, and code and times of start are unknown
	ExitCode   int32  // of the process; 128+N after signal N
	Reason     string // as the runtime says it: OOMKilled, Error, Completed …

	Started  time.Time // zero where unknown
	Finished time.Time // for deaths from events: when the last was decided; zero where unknown
	First    time.Time // when the first of Count was; equals Finished for one
	Count    int32     // how many this stands for, at least 1

	// TooSmall: for MemoryLimit, no program can start within the limit, whatever it does.
	TooSmall bool

	// EarlierOOM: some process of the container was killed for memory earlier in this life, which did not end it.
	EarlierOOM bool
	Limit      Limit // for MemoryLimit, NodeMemory and EarlierOOM: whose limit it most likely was; beside a Heap: the limit that was not reached

	Heap Heap // what its last words say of its runtime's own memory limit; zero for most

	Eviction kubeevent.Eviction // for the evictions of whole pods, whose Pod names no container

	Evidence []finding.Evidence
}

// Lifetime is how long it lived, and false where that is not known.
func (d Death) Lifetime() (time.Duration, bool) {
	if d.Started.IsZero() || d.Finished.IsZero() || d.Finished.Before(d.Started) {
		return 0, false
	}
	return d.Finished.Sub(d.Started), true
}

// Decided is when the kubelet gave this life up, where an event of that moment is left. A grace period later it has ended.
func (d Death) Decided() (time.Time, bool) {
	for _, e := range d.Evidence {
		if e.Source == "event Killing" && e.Time != nil && !e.Time.Before(d.Started) && !e.Time.After(d.Finished) {
			return *e.Time, true
		}
	}
	return time.Time{}, false
}

// slack is what times of kubelet and runtime on one node may differ: both are cut to seconds.
const slack = 2 * time.Second

// eventsLive is how long an event is sure to be kept: the server's default is 1 h (kubernetes v1.37.2
// pkg/controlplane/apiserver/options/options.go), less some for the listing.
const eventsLive = 55 * time.Minute

// leases is by how much the lives of two events may differ (k8s.io/apiserver v0.37.2 pkg/storage/etcd3/lease_manager.go shares leases).
const leases = 5 * time.Minute

// heard tells whether an event of that time would be at hand.
func (f Facts) heard(at time.Time) bool {
	switch {
	case !f.EventsComplete || at.IsZero():
		return false
	case f.Now.Sub(at) <= eventsLive:
		return true
	default:
		return !f.EventsSince.IsZero() && at.After(f.EventsSince.Add(leases))
	}
}
