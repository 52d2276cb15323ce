package probes

// This file names probes and their failures, and finds the specs they are written in.

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/kubectl-scars/kubectl-scars/pkg/analysis"
	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
	"github.com/kubectl-scars/kubectl-scars/pkg/kubeevent"
	"github.com/kubectl-scars/kubectl-scars/pkg/order"
	"github.com/kubectl-scars/kubectl-scars/pkg/restart"
	"github.com/kubectl-scars/kubectl-scars/pkg/snapshot"
)

// fails counts failures of a probe in words.
func fails(n int32) string {
	if n == 1 {
		return "1 failure"
	}
	return fmt.Sprintf("%d failures", n)
}

// handler says what a probe asks: "/healthz:8080", "TCP port 5432", "command pg_isready", "/healthz:8080 through Istio's agent".
func handler(p *corev1.Probe) string {
	asks := asksFor(p)
	if throughAgent(p) {
		asks += " through Istio's agent"
	}
	return asks
}

func asksFor(p *corev1.Probe) string {
	switch {
	case p == nil:
		return ""
	case p.HTTPGet != nil:
		return "/" + strings.TrimPrefix(p.HTTPGet.Path, "/") + ":" + p.HTTPGet.Port.String()
	case p.TCPSocket != nil:
		return "TCP port " + p.TCPSocket.Port.String()
	case p.GRPC != nil:
		return fmt.Sprintf("gRPC port %d", p.GRPC.Port)
	case p.Exec != nil && len(p.Exec.Command) > 0:
		return "command " + p.Exec.Command[0]
	default:
		return ""
	}
}

// specOf is a container's spec among the containers and init containers of a pod, nil where it has none of that name.
func specOf(pod *corev1.Pod, name string) (c *corev1.Container, init bool) {
	for i := range pod.Spec.InitContainers {
		if c := &pod.Spec.InitContainers[i]; c.Name == name {
			return c, true
		}
	}
	for i := range pod.Spec.Containers {
		if c := &pod.Spec.Containers[i]; c.Name == name {
			return c, false
		}
	}
	return nil, false
}

// neverReady tells whether a pod has not been ready once: its condition Ready has been false ever since the kubelet took it, by the clock of
// that kubelet, which need not be the server's.
func neverReady(pod *corev1.Pod) bool {
	taken := pod.CreationTimestamp.Time
	if pod.Status.StartTime != nil {
		taken = pod.Status.StartTime.Time
	}
	for _, c := range pod.Status.Conditions {
		if c.Type == corev1.PodReady {
			return c.Status == corev1.ConditionFalse && !taken.IsZero() && c.LastTransitionTime.Sub(taken) <= 5*time.Second
		}
	}
	return true
}

// failures sums up what a probe of a container counted as failures in all pods of a workload that have the given names: in words, most
// frequent first ("HTTP 503, no answer in time"), and as evidence, one line for each kind.
func failures(p *analysis.Pass, w snapshot.Ref, pods []string, container string, probe kubeevent.Probe) (words string, kinds []restart.Symptom, evidence []finding.Evidence) {
	wanted := map[string]bool{}
	for _, pod := range pods {
		wanted[pod] = true
	}
	count := map[string]int32{}
	example := map[string]restart.Symptom{}
	source := map[string]finding.ObjectRef{}
	for _, inc := range p.Incarnations(w) {
		if !wanted[inc.Name] {
			continue
		}
		for _, s := range restart.Symptoms(inc.Pod, inc.Events, container, probe) {
			if !s.Counts() {
				continue
			}
			name := s.String()
			count[name] += s.Count
			if known, ok := example[name]; !ok || s.Count > known.Count {
				example[name] = s
				source[name] = finding.ObjectRef{Kind: "Pod", Namespace: w.Namespace, Name: inc.Name, Container: container}
			}
		}
	}
	var names []string
	for name := range count {
		names = append(names, name)
	}
	order.By(names, func(a, b string) int { return cmp.Or(cmp.Compare(count[b], count[a]), cmp.Compare(a, b)) })
	for _, name := range names {
		kinds = append(kinds, example[name])
		evidence = append(evidence, example[name].Evidence(source[name]))
	}
	return strings.Join(names[:min(2, len(names))], ", "), kinds, evidence
}

// because puts failures and handler into brackets: " (HTTP 503 on /healthz:8080)".
func because(words string, probe *corev1.Probe) string {
	h := handler(probe)
	switch {
	case words == "" && h == "":
		return ""
	case words == "":
		return " (" + h + ")"
	case h == "":
		return " (" + words + ")"
	default:
		return " (" + words + " on " + h + ")"
	}
}

// nothingListens is what to do about a probe that is refused.
const nothingListens = "Nothing listens there: compare the probe's port with what the program binds (127.0.0.1 is not reachable for the kubelet)"

// noConnection is the same of a gRPC probe, whose failure does not tell these from each other: the kubelet dials until the time-out, and then
// waits for the server's first words (kubernetes v1.37.2 pkg/probe/grpc/grpc.go, WithBlock).
const noConnection = nothingListens + "; or it is too busy to take a connection, or wants TLS, which the probe does not speak"

// wrongQuestion tells whether a program answers so that is well and asked for what it does not give: no login, no right, no such path, no such
// method, no such health service.
func wrongQuestion(u kubeevent.Unhealthy) bool {
	return u.Class == kubeevent.GRPCNoService || u.Status == 401 || u.Status == 403 || u.Status == 404 || u.Status == 405
}

func asksForWrong(u kubeevent.Unhealthy) finding.Fix {
	if u.Class == kubeevent.GRPCNoService {
		return finding.Fix{Text: "It runs and has no such health service: let it serve grpc.health.v1.Health, and correct grpc.service, which names what is asked for"}
	}
	return finding.Fix{Text: fmt.Sprintf("It runs and answers HTTP %d: the probe asks for a path that is not there or not open to it; correct httpGet.path, or open it without a login", u.Status)}
}
