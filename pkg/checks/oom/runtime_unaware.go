package oom

// This file finds language runtimes that are allowed to take more memory than their container may use.

import (
	"fmt"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/kubectl-scars/kubectl-scars/pkg/analysis"
	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
	"github.com/kubectl-scars/kubectl-scars/pkg/heap"
	"github.com/kubectl-scars/kubectl-scars/pkg/snapshot"
)

// RuntimeUnaware is oom/runtime-unaware.
var RuntimeUnaware = &analysis.Check{
	ID: "oom/runtime-unaware",
	Doc: analysis.Doc{
		Title:   "A language runtime may take more memory than its container",
		Symptom: "The container is OOMKilled under load without any OutOfMemoryError, heap dump or garbage collection that fought for room: the runtime saw no end of memory.",
		Evidence: "What sizes the runtime, beside the memory limit. Strong where the heap alone may grow to 90 % of the limit or more (-Xmx, -XX:MaxRAMPercentage, --max-old-space-size, DOTNET_GCHeapHardLimit and …Percent), or where GOMEMLIMIT is not below it; consistent for JAVA_OPTS, which only start scripts read. Workers (--workers, -w of gunicorn and puma, WEB_CONCURRENCY) are consistent, and told only where the container was OOM-killed and less than 128Mi of the limit is left for each; so are images of Node.js before 20.3 and of Java before 8u372, 11.0.16 and 15, by their tag, which see no limit on cgroup v2. Nothing else is kept of the environment than " +
			strings.Join(snapshot.RuntimeVariables(), ", ") + ", nor of command lines than " + strings.Join(snapshot.RuntimeOptions(), ", ") +
			", and of these only what is a number.",
		Why:    "Beside the heap there are code, threads, buffers and the collector's own memory. The runtime collects garbage as late as its own limit allows; the kernel's comes first and takes the whole container.",
		Fix:    "Size the runtime by the limit: about 75 % of it for a heap, 90 % for GOMEMLIMIT.",
		Limits: "A runtime that is given no size is judged by its image alone, and one that is sized by a file, a ConfigMap or an image's own environment not at all. Which cgroup version a node has is not in the API. What stands behind a script's name on a command line may be the script's own.",
		Sources: []string{
			"OpenJDK java(1): -Xmx, -XX:MaxRAMPercentage, JDK_JAVA_OPTIONS", "Node.js --max-old-space-size", "Go package runtime, GOMEMLIMIT",
			"Microsoft, Runtime configuration options for garbage collection: GCHeapHardLimit",
		},
	},
	Inputs: analysis.PodInputs(),
	Run:    runtimeUnaware,
}

const (
	heapShare   = 90        // percent of the limit from which on a heap leaves too little for the rest
	leastWorker = 128 << 20 // bytes below which hardly any worker of an interpreted language lives
	causedFor   = 7 * 24 * time.Hour
)

func runtimeUnaware(p *analysis.Pass) error {
	for _, w := range p.Workloads() {
		pods := p.PodsOf(w)
		pod := firstAlive(pods)
		if pod == nil {
			continue
		}
		for i := range pod.Spec.InitContainers {
			if c := &pod.Spec.InitContainers[i]; c.RestartPolicy != nil { // a sidecar; the others have done their work
				sized(p, w, pods, pod, c)
			}
		}
		for i := range pod.Spec.Containers {
			sized(p, w, pods, pod, &pod.Spec.Containers[i])
		}
	}
	return nil
}

// sized judges a container that has a limit.
func sized(p *analysis.Pass, w snapshot.Ref, pods []*corev1.Pod, pod *corev1.Pod, c *corev1.Container) {
	runtime, sees, blind := heap.Blind(c.Image)
	if len(c.Args)+len(c.Env) == 0 && !blind { // most: the snapshot has kept no setting
		return
	}
	limit, source := limitOf(pod, c)
	if limit <= 0 {
		return
	}
	settings := heap.Of(c, limit)
	for _, s := range settings {
		oversized(p, w, pod, c, s, limit, source)
		blind = blind && s.Runtime != runtime
	}
	at := finding.Evidence{Object: analysis.RefTo("Pod", pod), Source: source, Value: binary(limit)}
	if n, s, ok := heap.Workers(c); ok && n > 1 && limit/n < leastWorker {
		afterKill(p, w, pods, c, finding.Finding{
			Key: "workers", Message: fmt.Sprintf("%d workers (%s) share a memory limit of %s in container %s, %s each", n, s, binary(limit), c.Name, binary(limit/n)),
			Evidence: []finding.Evidence{setting(pod, c, s), at},
			Fix: []finding.Fix{{Text: fmt.Sprintf("Start fewer workers, or give each what one needs: a limit of %s leaves %s for each of %d",
				binary(2*leastWorker*n), binary(2*leastWorker), n)}},
		})
	}
	if blind {
		image := finding.Evidence{Object: analysis.RefTo("Pod", pod), Source: "spec.containers[" + c.Name + "].image", Value: c.Image}
		afterKill(p, w, pods, c, finding.Finding{
			Key: string(runtime), Message: fmt.Sprintf("%s of image %s does not see the memory limit of %s in container %s on cgroup v2 and sizes its heap by the whole node",
				runtime, c.Image, binary(limit), c.Name),
			Evidence: []finding.Evidence{image, at},
			Fix:      []finding.Fix{{Text: fmt.Sprintf("Use %s or newer, or set the size of the heap: %s", sees, sizeOf(runtime, limit))}},
		})
	}
}

// sizeOf is the option that gives the heap 75 % of a limit.
func sizeOf(r heap.Runtime, limit int64) string {
	if r == heap.NodeJS {
		return fmt.Sprintf("--max-old-space-size=%d", shareOf(limit, 75))
	}
	return fmt.Sprintf("-Xmx%dm", shareOf(limit, 75))
}

// shareOf is a share of a limit, in MiB.
func shareOf(limit, percent int64) int64 { return max(limit/100*percent>>20, 1) }

// firstAlive is the first pod that is not at its end, nil where there is none.
func firstAlive(pods []*corev1.Pod) *corev1.Pod {
	for _, pod := range pods {
		if !snapshot.Finished(pod) && pod.DeletionTimestamp == nil {
			return pod
		}
	}
	return nil
}

// limitOf is the memory limit of a container, in bytes, and where it is written: its own as enacted, then as asked for, then its pod's.
func limitOf(pod *corev1.Pod, c *corev1.Container) (bytes int64, source string) {
	for _, list := range [][]corev1.ContainerStatus{pod.Status.ContainerStatuses, pod.Status.InitContainerStatuses} {
		for i := range list {
			if r := list[i].Resources; list[i].Name == c.Name && r != nil && !r.Limits.Memory().IsZero() {
				return r.Limits.Memory().Value(), "status.containerStatuses[" + c.Name + "].resources.limits.memory"
			}
		}
	}
	if own := c.Resources.Limits.Memory(); !own.IsZero() {
		return own.Value(), "spec.containers[" + c.Name + "].resources.limits.memory"
	}
	if r := pod.Spec.Resources; r != nil {
		return r.Limits.Memory().Value(), "spec.resources.limits.memory"
	}
	return 0, ""
}

// oversized reports a runtime whose own limit lies beyond the container's.
func oversized(p *analysis.Pass, w snapshot.Ref, pod *corev1.Pod, c *corev1.Container, s heap.Setting, limit int64, source string) {
	what, least := "the heap alone", limit/100*heapShare
	if s.Runtime == heap.Go {
		what, least = "Go", limit
	}
	if s.Bytes < least {
		return
	}
	object := analysis.Ref(w)
	object.Container = c.Name
	confidence := finding.Strong
	if s.ByScript {
		confidence = finding.Consistent
	}
	p.Report(finding.Finding{
		Severity: finding.Warning, Confidence: confidence, Object: object, Key: string(s.Runtime),
		Message: fmt.Sprintf("%s lets %s grow to %s, and container %s may use %s in all: the kernel kills it before %s sees a shortage",
			s, what, binary(s.Bytes), c.Name, binary(limit), s.Runtime),
		Evidence: []finding.Evidence{setting(pod, c, s), {Object: analysis.RefTo("Pod", pod), Source: source, Value: binary(limit)}},
		Fix:      []finding.Fix{resize(w, c, s, limit), orRaise(w, c, s)},
	})
}

func setting(pod *corev1.Pod, c *corev1.Container, s heap.Setting) finding.Evidence {
	return finding.Evidence{Object: analysis.RefTo("Pod", pod), Source: "spec.containers[" + c.Name + "]." + s.Field, Value: s.Text}
}

// resize says what to set. Variables that hold options are not written anew: what else they hold is not known here.
func resize(w snapshot.Ref, c *corev1.Container, s heap.Setting, limit int64) finding.Fix {
	variable := ""
	var text string
	switch s.Runtime {
	case heap.JVM:
		text = "Set -XX:MaxRAMPercentage=75 in place of " + s.String() + ", so that the heap follows the limit"
	case heap.NodeJS:
		text = fmt.Sprintf("Set %s, 75 %% of the limit, in place of %s", sizeOf(s.Runtime, limit), s)
	case heap.Go:
		variable, text = fmt.Sprintf("GOMEMLIMIT=%dMiB", shareOf(limit, 90)), "Leave room below the limit, so that Go collects before the kernel kills"
	case heap.DotNET:
		variable, text = "DOTNET_GCHeapHardLimitPercent=4B", "Give the heap 75 % of the limit (4B in hexadecimal) in place of "+s.String()
	}
	fix := finding.Fix{Text: text}
	if variable != "" && settable(w) {
		args := []string{"set", "env", strings.ToLower(w.Kind) + "/" + w.Name, "-c", c.Name, variable}
		if s.Runtime == heap.DotNET && !strings.HasSuffix(s.Field, "DOTNET_GCHeapHardLimitPercent]") {
			args = append(args, strings.TrimSuffix(strings.TrimPrefix(s.Field, "env["), "]")+"-")
		}
		fix.Command = finding.Kubectl(w.Namespace, args...)
	}
	return fix
}

// orRaise is the other way round: a limit that leaves a quarter beside what the runtime may take.
func orRaise(w snapshot.Ref, c *corev1.Container, s heap.Setting) finding.Fix {
	limit := binary(s.Bytes / 3 * 4)
	fix := finding.Fix{Text: "Or, if it needs that much, raise the limit to " + limit + ", which leaves a quarter for the rest"}
	if settable(w) {
		fix.Command = finding.Kubectl(w.Namespace, "set", "resources", strings.ToLower(w.Kind)+"/"+w.Name, "-c", c.Name, "--limits=memory="+limit)
	}
	return fix
}

// settable tells whether kubectl set works on a workload: not on pods and Jobs, whose containers cannot be changed, nor on custom resources.
func settable(w snapshot.Ref) bool {
	switch w.Kind {
	case "Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "CronJob":
		return true
	default:
		return false
	}
}

// afterKill reports what is only a likely cause, where there is something that it may have caused: a kill for memory within the week.
func afterKill(p *analysis.Pass, w snapshot.Ref, pods []*corev1.Pod, c *corev1.Container, f finding.Finding) {
	for _, pod := range pods {
		path, t := killed(pod, c.Name)
		if t == nil || p.Now().Sub(t.FinishedAt.Time) > causedFor {
			continue
		}
		f.Object = analysis.Ref(w)
		f.Object.Container = c.Name
		f.Severity, f.Confidence, f.LastSeen = finding.Warning, finding.Consistent, finding.At(t.FinishedAt.Time)
		f.Message += ", and it was OOM-killed"
		f.Evidence = append(f.Evidence, finding.Evidence{
			Object: analysis.RefTo("Pod", pod), Source: path, Value: fmt.Sprintf("reason %s, exitCode %d", t.Reason, t.ExitCode), Time: f.LastSeen,
		})
		p.Report(f)
		return
	}
}

// killed is the last kill for memory of a container in the status of its pod.
func killed(pod *corev1.Pod, container string) (path string, t *corev1.ContainerStateTerminated) {
	for i := range pod.Status.ContainerStatuses {
		s := &pod.Status.ContainerStatuses[i]
		if s.Name != container {
			continue
		}
		path = "status.containerStatuses[" + container + "]"
		if t = s.State.Terminated; t != nil && t.Reason == "OOMKilled" {
			return path + ".state.terminated", t
		}
		if t = s.LastTerminationState.Terminated; t != nil && t.Reason == "OOMKilled" {
			return path + ".lastState.terminated", t
		}
	}
	return "", nil
}

// binary writes bytes with a binary unit, without one where they are no whole number of it.
func binary(n int64) string {
	if n > 1<<20 {
		n = n >> 20 << 20
	}
	return resource.NewQuantity(n, resource.BinarySI).String()
}
