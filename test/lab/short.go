package lab

// This file chooses what "go test -short" plays.

import (
	"slices"

	"github.com/kubectl-scars/kubectl-scars/test/lab/internal/incident"
)

// short are incidents and healthy workloads that "go test -short" plays besides what stays: of each way in which the kernel, the kubelet or the
// scheduler take part, the one that is quickest to happen. What the others look like to the checks is in the fixtures that were recorded
// from them, which no test leaves out.
var short = []string{
	// A limit: on a memory file system, for a pod, of an init container.
	"oom-limit-tmpfs", "oom-limit-pod", "oom-limit-init",
	// What looks like a limit, and ends a container or keeps it from starting.
	"oom-not-memory-outside", "oom-not-memory-own", "oom-tiny-limit", "oom-turned-away", "oom-injected-limit",
	// Use without a death.
	"oom-best-effort", "oom-runtime-unaware",
	// A node's own memory: the kernel, the kubelet, one process of a container.
	"oom-node", "oom-evicted", "oom-limit-survivor",
	// A node's network.
	"netpol-duplicate-ip", "netpol-sandbox-plugin",
	// Probes that kill what heeds a signal and what does not.
	"probes-liveness-143", "probes-liveness-137",
	// Starts that are cut short.
	"probes-grpc-too-early", "probes-startup-carry",
	// Probes that never act, or keep a pod from requests.
	"probes-inert-exec", "probes-stuck-startup", "probes-service-unready", "probes-wrong-scheme", "probes-redirect-passes",
	// The healthy: of some controllers, in the midst of a change, and done.
	"exec-probe", "one-handler", "sidecar", "starting", "rollout", "job-done", "job-failed", "hostnetwork",
}

// waits takes five minutes to be told, in which nothing happens.
const waits = "pvc-waiting-for-consumer"

func isShort(in incident.Incident) bool {
	return stays(in) && in.Name != waits || slices.Contains(short, in.Name)
}
