package kubeevent

// This file reads the events that say who ended a container: Killing, and SystemOOM of the node.

import (
	"regexp"
	"strconv"
	"strings"
)

// KillCause is why the kubelet ended a container.
type KillCause string

// The causes that a Killing event gives.
const (
	KilledByLiveness  KillCause = "liveness"
	KilledByStartup   KillCause = "startup"
	KilledWithPod     KillCause = "stop"       // "Stopping container": the pod goes, for whatever reason
	KilledForChange   KillCause = "change"     // the container's definition was changed
	KilledForResize   KillCause = "resize"     // a resize that its policy answers with a restart
	KilledByPostStart KillCause = "post-start" // the postStart hook failed
	KilledOtherwise   KillCause = "other"
)

// Killing is one event Killing.
type Killing struct {
	Container string // empty where the text does not name it; the event's fieldPath does
	Init      bool   // an init container or sidecar
	Cause     KillCause
	Restart   bool // the text says that it will be started again; sidecars are, without it
}

var (
	killing    = regexp.MustCompile(`^(Init container|Container) (\S+) (failed liveness probe|failed startup probe|definition changed|resize requires restart)(, will be restarted)?$`)
	stopping   = regexp.MustCompile(`^Stopping container (\S+)$`)
	oldKilling = regexp.MustCompile(`^Killing container with (?:docker id [0-9a-f]+|id \w+://(\S*?)): ?(.*)$`)
)

// ParseKilling reads the message of an event Killing (kubernetes v1.37.2 pkg/kubelet/kuberuntime/kuberuntime_manager.go and
// kuberuntime_container.go; up to 1.13 "Killing container with id docker://app:Container failed liveness probe.. Container will be
// killed and recreated.").
func ParseKilling(message string) Killing {
	text, _ := uncombine(message)
	if m := killing.FindStringSubmatch(text); m != nil {
		k := Killing{Container: m[2], Init: m[1] == "Init container", Restart: m[4] != ""}
		switch m[3] {
		case "failed liveness probe":
			k.Cause = KilledByLiveness
		case "failed startup probe":
			k.Cause = KilledByStartup
		case "definition changed":
			k.Cause = KilledForChange
		default:
			k.Cause = KilledForResize
		}
		return k
	}
	if m := stopping.FindStringSubmatch(text); m != nil {
		return Killing{Container: m[1], Cause: KilledWithPod}
	}
	if m := oldKilling.FindStringSubmatch(text); m != nil {
		k := Killing{Container: m[1], Cause: KilledOtherwise, Restart: strings.Contains(m[2], "recreated")}
		switch {
		case strings.Contains(m[2], "failed liveness probe"):
			k.Cause = KilledByLiveness
		case strings.Contains(m[2], "Need to kill Pod"):
			k.Cause = KilledWithPod
		case strings.Contains(m[2], "spec hash changed"):
			k.Cause = KilledForChange
		}
		return k
	}
	if text == "FailedPostStartHook" {
		return Killing{Cause: KilledByPostStart, Restart: true}
	}
	return Killing{Cause: KilledOtherwise}
}

// SystemOOM is one event SystemOOM of a Node: the kernel killed a process because the whole machine had no memory left.
type SystemOOM struct {
	Process string // the kernel's name of it, at most 15 bytes; empty where not told
	PID     int
}

var systemOOM = regexp.MustCompile(`^System OOM encountered(?:, victim process: (.*), pid: (\d+))?$`)

// ParseSystemOOM reads the message of an event SystemOOM (kubernetes v1.37.2 pkg/kubelet/oom/oom_watcher_linux.go).
func ParseSystemOOM(message string) (SystemOOM, bool) {
	text, _ := uncombine(message)
	m := systemOOM.FindStringSubmatch(text)
	if m == nil {
		return SystemOOM{}, false
	}
	pid, _ := strconv.Atoi(m[2]) // 0 where absent or too large
	return SystemOOM{Process: m[1], PID: pid}, true
}
