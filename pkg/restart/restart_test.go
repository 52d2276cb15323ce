package restart

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
)

const (
	livenessKill = "Container app failed liveness probe, will be restarted"
	nodeOOM      = "System OOM encountered, victim process: load, pid: 782"
	lowMemory    = "The node was low on resource: memory. Threshold quantity: 100Mi, available: 92164Ki. Container app was using 812340Ki, request is 64Mi, has larger consumption of memory. "
	noRoom       = "Node didn't have enough resource: memory, requested: 2147483648, used: 1258291200, capacity: 1932735283"
	heapFull     = "Reached heap limit Allocation failed - JavaScript heap out of memory"
	lost         = "The container could not be located when the pod was terminated"
	tooLowText   = "failed to create containerd task: failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: container init was OOM-killed (memory limit too low?): unknown"
)

// TestLastDeath holds the catalogue: for each way to end, the cause of the last death, its grade, and whether an earlier kill of some
// process for memory is seen besides.
func TestLastDeath(t *testing.T) {
	for name, tc := range map[string]struct {
		f       Facts
		cause   Cause
		grade   finding.Confidence
		earlier bool
	}{
		// Memory, at limits.
		"own limit":                             {facts(limit("64Mi"), died("OOMKilled", 137, 0, 60)), MemoryLimit, finding.Strong, false},
		"own limit, now terminated":             {facts(limit("64Mi"), ended("OOMKilled", 137, 0, 60)), MemoryLimit, finding.Strong, false},
		"enacted limit differs":                 {facts(limit("128Mi"), enacted("64Mi"), died("OOMKilled", 137, 0, 60)), MemoryLimit, finding.Consistent, false},
		"pod limit alone":                       {facts(limitOfPod("128Mi"), died("OOMKilled", 137, 0, 60)), MemoryLimit, finding.Strong, false},
		"own limit below the pod's":             {facts(limit("64Mi"), limitOfPod("128Mi"), died("OOMKilled", 137, 0, 60)), MemoryLimit, finding.Strong, false},
		"no limit, nothing else":                {facts(died("OOMKilled", 137, 0, 60)), NodeMemory, finding.Consistent, false},
		"limit too low for runc":                {facts(limit("1Mi"), startError(tooLowText)), MemoryLimit, finding.Strong, false},
		"limit too low for CRI-O":               {facts(limit("1Mi"), startError("set memory limit 1048576 too low; should be at least 12582912 bytes")), MemoryLimit, finding.Strong, false},
		"not started for another reason":        {facts(limit("1Mi"), startError(`exec: "x": executable file not found in $PATH`)), NotStarted, finding.Proven, false},
		"own kill while the node is short, too": {facts(limit("64Mi"), died("OOMKilled", 137, 0, 60), nodeSaid("SystemOOM", nodeOOM, 150)), MemoryLimit, finding.Strong, false},

		// OOMKilled sticks (kubernetes#104454, #131530, #140716).
		"child killed, init container exits 0": {facts(limit("64Mi"), ended("OOMKilled", 0, 0, 60)), OwnExit, finding.Proven, true},
		"child killed, exits 1":                {facts(limit("64Mi"), died("OOMKilled", 1, 0, 60)), OwnExit, finding.Proven, true},
		"child killed, drained later": {
			facts(limit("64Mi"), ended("OOMKilled", 143, 0, 60), disrupted("EvictionByEvictionAPI", 55)), PodStopped, finding.Proven, true,
		},
		"child killed, liveness later, SIGTERM ignored": {
			facts(limit("64Mi"), died("OOMKilled", 137, 0, 60), said("Killing", livenessKill, 30, 30, 1)), Liveness, finding.Proven, true,
		},
		"killed for memory within the grace of a deletion": {facts(limit("64Mi"), ended("OOMKilled", 137, 0, 40), deleted(60, 30)), MemoryLimit, finding.Strong, false},
		"child killed, deleted later, SIGTERM ignored":     {facts(limit("64Mi"), ended("OOMKilled", 137, 0, 60), deleted(60, 30)), PodStopped, finding.Proven, true},
		"killed for memory within the grace of a liveness kill": {
			facts(limit("64Mi"), died("OOMKilled", 137, 0, 60), said("Killing", livenessKill, 55, 55, 1)), MemoryLimit, finding.Strong, false,
		},

		// Memory, of the node.
		"node":                          {facts(died("OOMKilled", 137, 0, 60), nodeSaid("SystemOOM", nodeOOM, 61)), NodeMemory, finding.Strong, false},
		"node, a limit could be it":     {facts(limit("64Mi"), died("OOMKilled", 137, 0, 60), nodeSaid("SystemOOM", nodeOOM, 61)), MemoryLimit, finding.Consistent, false},
		"node, reason lost (race)":      {facts(died("Error", 137, 0, 60), nodeSaid("SystemOOM", nodeOOM, 61)), NodeMemory, finding.Consistent, false},
		"node, long before":             {facts(died("OOMKilled", 137, 0, 300), nodeSaid("SystemOOM", nodeOOM, 60)), NodeMemory, finding.Consistent, false},
		"a starting kubelet's replay":   {facts(died("Error", 137, 0, 60), nodeSaid("Starting", "Starting kubelet.", 57), nodeSaid("SystemOOM", nodeOOM, 60)), OutsideKill, finding.Consistent, false},
		"said again, of a kill before":  {facts(died("OOMKilled", 137, 0, 300), nodeSaid("SystemOOM", nodeOOM, 60), nodeSaid("SystemOOM", nodeOOM, 301)), NodeMemory, finding.Consistent, false},
		"said again, of this kill":      {facts(died("OOMKilled", 137, 0, 60), nodeSaid("SystemOOM", nodeOOM, 61), nodeSaid("Starting", "Starting kubelet.", 298), nodeSaid("SystemOOM", nodeOOM, 300)), NodeMemory, finding.Strong, false},
		"another victim, far in time":   {facts(died("Error", 137, 0, 60), nodeSaid("SystemOOM", nodeOOM, 100)), OutsideKill, finding.Consistent, false},
		"memory eviction":               {facts(ended("Error", 137, 0, 60), podReason("Evicted", lowMemory), disrupted("TerminationByKubelet", 58)), MemoryEvicted, finding.Proven, false},
		"memory eviction, no condition": {facts(ended("Error", 137, 0, 60), podReason("Evicted", lowMemory)), MemoryEvicted, finding.Proven, false},
		"memory eviction, lost containers": {
			facts(died("ContainerStatusUnknown", 137, never, never), ended("ContainerStatusUnknown", 137, never, never), podReason("Evicted", lowMemory), disrupted("TerminationByKubelet", 58)), MemoryEvicted, finding.Proven, false,
		},
		"memory eviction, written late": {facts(ended("Error", 137, 0, 50), podReason("Evicted", lowMemory), disrupted("TerminationByKubelet", 58)), MemoryEvicted, finding.Proven, false},
		"done before the eviction":      {facts(ended("Completed", 0, 0, 20), podReason("Evicted", lowMemory), disrupted("TerminationByKubelet", 58)), OwnExit, finding.Proven, false},

		// Not memory.
		"disk eviction":     {facts(ended("Error", 137, 0, 60), podReason("Evicted", "The node was low on resource: ephemeral-storage. ")), OtherEvicted, finding.Proven, false},
		"emptyDir eviction": {facts(ended("Error", 137, 0, 60), podReason("Evicted", `Usage of EmptyDir volume "c" exceeds the limit "1Mi". `)), OtherEvicted, finding.Proven, false},
		"preempted by the kubelet": {
			facts(ended("Error", 137, 0, 60), podReason("Preempting", "Preempted in order to admit critical pod")), Preempted, finding.Proven, false,
		},
		"preempted by the scheduler": {facts(ended("Error", 143, 0, 60), disrupted("PreemptionByScheduler", 50)), Preempted, finding.Proven, false},
		"node shutdown": {
			facts(ended("Error", 143, 0, 60), podReason("Terminated", "Pod was terminated in response to imminent node shutdown.")), NodeShutdown, finding.Proven, false,
		},
		"deadline": {
			facts(ended("Error", 137, 0, 60), podReason("DeadlineExceeded", "Pod was active on the node longer than the specified deadline")), Deadline, finding.Proven, false,
		},
		"deleted":                     {facts(ended("Error", 137, 0, 60), deleted(60, 30)), PodStopped, finding.Proven, false},
		"deleted, Killing seen":       {facts(ended("Error", 137, 0, 60), said("Killing", "Stopping container app", 30, 30, 1)), PodStopped, finding.Proven, false},
		"own exit before deletion":    {facts(ended("Error", 1, 0, 20), deleted(60, 30)), OwnExit, finding.Proven, false},
		"tainted node":                {facts(ended("Error", 137, 0, 60), disrupted("DeletionByTaintManager", 20)), PodStopped, finding.Proven, false},
		"liveness, SIGTERM ignored":   {facts(died("Error", 137, 0, 60), said("Killing", livenessKill, 30, 30, 1)), Liveness, finding.Proven, false},
		"liveness, default SIGTERM":   {facts(died("Error", 143, 0, 60), said("Killing", livenessKill, 60, 60, 1)), Liveness, finding.Proven, false},
		"liveness, graceful (109537)": {facts(died("Completed", 0, 0, 60), said("Killing", livenessKill, 59, 59, 1)), Liveness, finding.Proven, false},
		"liveness, own code":          {facts(died("Error", 7, 0, 60), said("Killing", livenessKill, 59, 59, 1)), Liveness, finding.Proven, false},
		"liveness, between first and last kill": {
			facts(died("Error", 137, 100, 160), said("Killing", livenessKill, 30, 230, 4)), Liveness, finding.Strong, false,
		},
		"liveness, in an earlier life":   {facts(died("Error", 1, 100, 160), said("Killing", livenessKill, 30, 30, 1)), OwnExit, finding.Proven, false},
		"startup":                        {facts(died("Error", 143, 0, 60), said("Killing", "Container app failed startup probe, will be restarted", 60, 60, 1)), Startup, finding.Proven, false},
		"sidecar's text":                 {facts(died("Error", 143, 0, 60), said("Killing", "Init container app failed liveness probe", 60, 60, 1)), Liveness, finding.Proven, false},
		"kubelet 1.12's text":            {facts(died("Error", 137, 0, 60), said("Killing", "Killing container with id docker://app:Container failed liveness probe.. Container will be killed and recreated.", 30, 30, 1)), Liveness, finding.Proven, false},
		"a neighbour's liveness":         {facts(died("Error", 137, 0, 60), said("Killing", "Container log failed liveness probe, will be restarted", 30, 30, 1)), OutsideKill, finding.Consistent, false},
		"postStart":                      {facts(died("Error", 137, 0, 60), said("Killing", "FailedPostStartHook", 30, 30, 1)), PostStart, finding.Proven, false},
		"changed":                        {facts(died("Error", 143, 0, 60), said("Killing", "Container app definition changed, will be restarted", 60, 60, 1)), Changed, finding.Proven, false},
		"resize":                         {facts(died("Error", 143, 0, 60), said("Killing", "Container app resize requires restart, will be restarted", 60, 60, 1)), Changed, finding.Proven, false},
		"probe failures, as many as ask": {facts(liveness(corev1.Probe{}), died("Error", 137, 0, 60), said("Unhealthy", "Liveness probe failed: HTTP probe failed with statuscode: 503", 10, 30, 3)), Liveness, finding.Strong, false},
		"probe failures, fewer":          {facts(liveness(corev1.Probe{}), died("Error", 137, 0, 60), said("Unhealthy", "Liveness probe failed: HTTP probe failed with statuscode: 503", 30, 30, 1)), Liveness, finding.Consistent, false},
		"probe failures now and then":    {facts(liveness(corev1.Probe{}), died("Error", 137, 0, 60), said("Unhealthy", "Liveness probe failed: HTTP probe failed with statuscode: 503", -90000, 30, 40)), Liveness, finding.Consistent, false},
		"probe failures in a loop":       {facts(liveness(corev1.Probe{}), died("Error", 137, 0, 60), said("Unhealthy", "Liveness probe failed: HTTP probe failed with statuscode: 503", -21600, 30, 180)), Liveness, finding.Strong, false},
		"probe failures long before":     {facts(liveness(corev1.Probe{}), died("Error", 137, 0, 300), said("Unhealthy", "Liveness probe failed: HTTP probe failed with statuscode: 503", 10, 30, 3)), OutsideKill, finding.Consistent, false},
		"probe errors do not count":      {facts(liveness(corev1.Probe{}), died("Error", 137, 0, 60), said("Unhealthy", `Liveness probe errored and resulted in failure state: port "x" not found`, 10, 30, 9)), OutsideKill, finding.Consistent, false},
		"readiness does not kill":        {facts(liveness(corev1.Probe{}), died("Error", 137, 0, 60), said("Unhealthy", "Readiness probe failed: HTTP probe failed with statuscode: 503", 10, 30, 9)), OutsideKill, finding.Consistent, false},
		"probe failures, own exit":       {facts(liveness(corev1.Probe{}), died("Error", 1, 0, 60), said("Unhealthy", "Liveness probe failed: HTTP probe failed with statuscode: 503", 10, 30, 3)), OwnExit, finding.Proven, false},
		"invented":                       {facts(ended("ContainerStatusUnknown", 137, never, never)), Invented, finding.Proven, false},
		"lost by the runtime":            {facts(ended("Unknown", 255, 0, 60)), Invented, finding.Proven, false},
		"all restarted":                  {facts(died("RestartingAllContainers", 137, never, never)), RestartedAll, finding.Proven, false},
		"own exit":                       {facts(died("Error", 3, 0, 60)), OwnExit, finding.Proven, false},
		"completed":                      {facts(ended("Completed", 0, 0, 60)), OwnExit, finding.Proven, false},
		"abort (JVM, Node, .NET)":        {facts(died("Error", 134, 0, 60)), OwnExit, finding.Proven, false},

		"abort, heap full (Node.js)":     {facts(died("Error", 134, 0, 60), lastWords(heapFull)), RuntimeLimit, finding.Strong, false},
		"abort of process 1, heap full":  {facts(died("Error", 139, 0, 60), lastWords(heapFull)), RuntimeLimit, finding.Strong, false},
		"heap full in a child":           {facts(died("Error", 1, 0, 60), lastWords(heapFull)), RuntimeLimit, finding.Consistent, false},
		"heap full, told to exit (JVM)":  {facts(died("Error", 3, 0, 60), lastWords("java.lang.OutOfMemoryError: Java heap space")), RuntimeLimit, finding.Strong, false},
		"heap full, kill -9 %p (JVM)":    {facts(died("Error", 137, 0, 60), lastWords("java.lang.OutOfMemoryError: Java heap space")), RuntimeLimit, finding.Consistent, false},
		"no more threads (JVM)":          {facts(died("Error", 1, 0, 60), lastWords("java.lang.OutOfMemoryError: unable to create native thread")), OwnExit, finding.Proven, false},
		"heap full, and coped with":      {facts(ended("Completed", 0, 0, 60), lastWords("MemoryError")), OwnExit, finding.Proven, false},
		"heap full, then liveness":       {facts(died("Error", 143, 0, 60), lastWords("java.lang.OutOfMemoryError"), said("Killing", livenessKill, 60, 60, 1)), Liveness, finding.Proven, false},
		"heap full, then out of memory":  {facts(limit("64Mi"), died("OOMKilled", 137, 0, 60), lastWords("java.lang.OutOfMemoryError")), MemoryLimit, finding.Strong, false},
		"heap full, a child killed, too": {facts(limit("64Mi"), died("OOMKilled", 1, 0, 60), lastWords("MemoryError")), RuntimeLimit, finding.Strong, true},

		// A bare signal.
		"kill -9 from outside":             {facts(died("Error", 137, 0, 60)), OutsideKill, finding.Consistent, false},
		"kill -TERM from outside":          {facts(died("Error", 143, 0, 60)), OutsideKill, finding.Consistent, false},
		"node rebooted":                    {facts(died("Error", 137, 0, 60), nodeSaid("Rebooted", "Node n1 has been rebooted", 80), eventsUnknown), OutsideKill, finding.Consistent, false},
		"events not readable":              {facts(died("Error", 137, 0, 60), eventsUnknown), Unknown, finding.Consistent, false},
		"events live for longer here":      {facts(died("Error", 137, 0, 60), at(7200), eventsSince(-600)), OutsideKill, finding.Consistent, false},
		"events live for two hours, about": {facts(died("Error", 137, 0, 60), at(7200), eventsSince(0)), Unknown, finding.Consistent, false},
		"events gone (122256, 125639)":     {facts(died("Error", 137, 0, 60), at(7200)), Unknown, finding.Consistent, false},
		"a metronome alone proves nothing": {facts(liveness(corev1.Probe{}), died("Error", 137, 0, 60), at(7200)), Unknown, finding.Consistent, false},
	} {
		t.Run(name, func(t *testing.T) {
			deaths := Deaths(tc.f)
			if len(deaths) == 0 {
				t.Fatal("no death found")
			}
			if len(tc.f.Events) == 0 && Unhurt(tc.f.Pod) {
				t.Error("without events, the pod's status says that nothing died")
			}
			d := deaths[len(deaths)-1]
			for _, other := range deaths {
				if other.FromStatus && other.Pod.Container != "" {
					d = other
				}
			}
			if d.Cause != tc.cause || d.Confidence != tc.grade || d.EarlierOOM != tc.earlier {
				t.Errorf("got %s, %s, earlier %v; want %s, %s, %v", d.Cause, d.Confidence, d.EarlierOOM, tc.cause, tc.grade, tc.earlier)
			}
			if len(d.Evidence) == 0 {
				t.Error("no evidence")
			}
		})
	}
}

func startError(message string) change {
	return func(f *Facts) {
		e := terminated("StartError", 128, 0, 60)
		e.StartedAt, e.Message = metav1.Unix(0, 0), message
		f.Pod.Status.ContainerStatuses[0].LastTerminationState.Terminated = e
	}
}

func deleted(ends int, grace int64) change {
	return func(f *Facts) {
		f.Pod.DeletionTimestamp, f.Pod.DeletionGracePeriodSeconds = new(when(ends)), new(grace)
	}
}

func TestDeathsFromEvents(t *testing.T) {
	for name, tc := range map[string]struct {
		f     Facts
		cause []Cause
		count []int32
	}{
		"a replaced pod": {facts(gone, said("Killing", livenessKill, 30, 230, 4)), []Cause{Liveness}, []int32{4}},
		"a replaced pod, evicted": {
			facts(gone, said("Evicted", lowMemory, 30, 30, 1), said("Killing", "Stopping container app", 30, 30, 1)), []Cause{MemoryEvicted, PodStopped}, []int32{1, 1},
		},
		"turned away, never ran":          {facts(gone, said("Evicted", "The node had condition: [MemoryPressure]. ", 30, 30, 1)), []Cause{TurnedAway}, []int32{1}},
		"turned away for disk, never ran": {facts(gone, said("Evicted", "The node had condition: [DiskPressure]. ", 30, 30, 1)), nil, nil},
		"turned away, its event too": {
			facts(neverRan, podReason("OutOfmemory", "Pod was rejected: "+noRoom), said("OutOfmemory", noRoom, 30, 30, 1)), []Cause{TurnedAway}, []int32{1},
		},
		"no room for another resource": {
			facts(neverRan, podReason("OutOfcpu", "Pod was rejected: Node didn't have enough resource: cpu, requested: 4000, used: 900, capacity: 4000")), nil, nil,
		},
		"no device": {
			facts(neverRan, podReason("UnexpectedAdmissionError", "Pod was rejected: Allocate failed due to no healthy devices present; cannot allocate unhealthy devices gpu, which is unexpected")), nil, nil,
		},
		"earlier lives of the same pod": {facts(died("Error", 137, 200, 260), said("Killing", livenessKill, 30, 230, 4)), []Cause{Liveness, Liveness}, []int32{3, 1}},
		"one end shown twice": {
			facts(died("OOMKilled", 137, 0, 60), ended("OOMKilled", 137, 0, 60), limit("64Mi")), []Cause{MemoryLimit}, []int32{1},
		},
		"two ends":           {facts(died("OOMKilled", 137, 0, 60), ended("Error", 1, 61, 90), limit("64Mi")), []Cause{MemoryLimit, OwnExit}, []int32{1, 1}},
		"a negative count":   {facts(gone, said("Killing", livenessKill, 30, 30, -5)), []Cause{Liveness}, []int32{1}},
		"no statuses at all": {facts(func(f *Facts) { f.Pod.Status = corev1.PodStatus{} }), nil, nil},
		"sandbox does not fit the limit": {
			facts(limit("1Mi"), said("FailedCreatePodSandBox", "Failed to create pod sandbox: rpc error: "+tooLowText, 10, 40, 3)), []Cause{MemoryLimit}, []int32{3},
		},
		"a pod's own files do not fit the limit": {
			facts(limit("128m"), said("FailedMount", `MountVolume.SetUp failed for volume "kube-api-access-x" : write /ca.crt: no space left on device`, 10, 40, 1)), []Cause{MemoryLimit}, []int32{1},
		},
		"a pod's cgroup does not fit the limit": {
			facts(limit("128m"), said("FailedCreatePodSandBox", "Failed to create pod sandbox: rpc error: mkdir /sys/fs/cgroup/kubepods/burstable/pod1/2: cannot allocate memory: unknown", 10, 10, 1)), []Cause{MemoryLimit}, []int32{1},
		},
		"a small limit, and the sandbox dies while it is made": {
			facts(limit("4Mi"), said("FailedCreatePodSandBox", `Failed to create pod sandbox: rpc error: failed to start sandbox container task "7b": cannot start a stopped process: unknown`, 10, 10, 1)), []Cause{MemoryLimit}, []int32{1},
		},
		"the same with room": {
			facts(limit("64Mi"), said("FailedCreatePodSandBox", `Failed to create pod sandbox: rpc error: failed to start sandbox container task "7b": cannot start a stopped process: unknown`, 10, 10, 1)), nil, nil,
		},
		"a full disk": {
			facts(limit("128Mi"), said("FailedMount", `MountVolume.SetUp failed for volume "data" : write /ca.crt: no space left on device`, 10, 40, 1)), nil, nil,
		},
	} {
		t.Run(name, func(t *testing.T) {
			deaths := Deaths(tc.f)
			if len(deaths) != len(tc.cause) {
				t.Fatalf("got %+v", deaths)
			}
			for i, d := range deaths {
				if d.Cause != tc.cause[i] || d.Count != tc.count[i] {
					t.Errorf("%d: got %s ×%d, want %s ×%d", i, d.Cause, d.Count, tc.cause[i], tc.count[i])
				}
			}
		})
	}
}

func TestKinds(t *testing.T) {
	f := facts(func(f *Facts) {
		f.Pod.Spec.InitContainers = []corev1.Container{{Name: "migrate"}, {Name: "proxy", RestartPolicy: ptr.To(corev1.ContainerRestartPolicyAlways)}}
		end := corev1.ContainerState{Terminated: terminated("Error", 1, 0, 9)}
		f.Pod.Status.InitContainerStatuses = []corev1.ContainerStatus{{Name: "migrate", State: end}, {Name: "proxy", State: end}}
		f.Pod.Status.EphemeralContainerStatuses = []corev1.ContainerStatus{{Name: "debug", State: end}}
	}, died("Error", 1, 0, 9))
	got := map[string]Kind{}
	for _, d := range Deaths(f) {
		got[d.Pod.Container] = d.Kind
	}
	for name, want := range map[string]Kind{"app": Regular, "migrate": Init, "proxy": Sidecar, "debug": Ephemeral} {
		if got[name] != want {
			t.Errorf("%s: got %q, want %q", name, got[name], want)
		}
	}
}

func TestGraceAndBudget(t *testing.T) {
	f := facts(liveness(corev1.Probe{TerminationGracePeriodSeconds: ptr.To[int64](7), InitialDelaySeconds: 30, PeriodSeconds: 10, FailureThreshold: 3, TimeoutSeconds: 1}))
	if g := Grace(f.Pod, "app", Liveness); g.Seconds() != 7 {
		t.Errorf("a probe's own grace: %s", g)
	}
	if g := Grace(f.Pod, "app", PodStopped); g.Seconds() != 30 {
		t.Errorf("the pod's grace: %s", g)
	}
	deleted(60, 0)(&f)
	if g := Grace(f.Pod, "app", Liveness); g.Seconds() != 2 {
		t.Errorf("a deletion's grace, at least 2 s: %s", g)
	}
	if b := BudgetOf(f.Pod.Spec.Containers[0].LivenessProbe); b.Guaranteed.Seconds() != 50 || b.Latest.Seconds() != 61 {
		t.Errorf("budget of 30/10/3: %+v", b)
	}
	if b := BudgetOf(&corev1.Probe{}); b.Guaranteed.Seconds() != 20 || b.Latest.Seconds() != 31 {
		t.Errorf("budget of the defaults: %+v", b)
	}
	// Attempts that are waited for longer than a period follow each other at once: the first begins within 5 s, and three take 60 s.
	long := BudgetOf(&corev1.Probe{PeriodSeconds: 5, FailureThreshold: 3, TimeoutSeconds: 20})
	if long.Guaranteed.Seconds() != 10 || long.Latest.Seconds() != 65 || long.Longest(1).Seconds() != 25 || long.Apart(2).Seconds() != 40 {
		t.Errorf("budget of a time-out above the period: %+v", long)
	}
}

func TestTooSmall(t *testing.T) {
	tooLow := startError(tooLowText)
	for name, tc := range map[string]struct {
		f    Facts
		want bool
	}{
		"killed at 64Mi":               {facts(limit("64Mi"), died("OOMKilled", 137, 0, 60)), false},
		"killed at 4Mi":                {facts(limit("4Mi"), died("OOMKilled", 137, 0, 60)), false},
		"killed at 3Mi":                {facts(limit("3Mi"), died("OOMKilled", 137, 0, 60)), true},
		"thousandths of a byte":        {facts(limit("128m"), tooLow), true},
		"not started at 8Mi":           {facts(limit("8Mi"), tooLow), true},
		"not started at 64Mi":          {facts(limit("64Mi"), tooLow), false},
		"not started, files in memory": {facts(limit("8Mi"), tooLow, filesInMemory), false},
		"no sandbox at 8Mi":            {facts(limit("8Mi"), said("FailedCreatePodSandBox", "Failed to create pod sandbox: rpc error: "+tooLowText, 10, 40, 3)), true},
		"no limit":                     {facts(died("OOMKilled", 137, 0, 60)), false},
	} {
		if deaths := Deaths(tc.f); len(deaths) != 1 || deaths[0].TooSmall != tc.want {
			t.Errorf("%s: want %v of one death, got %+v", name, tc.want, deaths)
		}
	}
}

func TestRefusalSaysHowMuch(t *testing.T) {
	d := Deaths(facts(neverRan, podReason("OutOfmemory", "Pod was rejected: "+noRoom), func(f *Facts) { f.Pod.Status.StartTime = new(when(5)) }))
	if len(d) != 1 || d[0].Detail != "it asks for 2Gi, and of the 1843Mi that pods may have 1200Mi were promised to others" || !d[0].Finished.Equal(sec(5)) {
		t.Errorf("got %+v", d)
	}
}

func TestOtherEvictionNamesTheVolume(t *testing.T) {
	const over = `Usage of EmptyDir volume "c" exceeds the limit "1Mi". `
	for want, change := range map[string]change{
		"its volume c grew over its sizeLimit of 1Mi": func(*Facts) {}, "its memory volume c grew over its sizeLimit of 1Mi": filesInMemory,
	} {
		if d := Deaths(facts(change, podReason("Evicted", over))); len(d) != 1 || d[0].Detail != want {
			t.Errorf("want %q, got %+v", want, d)
		}
	}
}
