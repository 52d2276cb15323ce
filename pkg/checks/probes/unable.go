package probes

// This file finds out why a probe can never act: its attempts end in an error, which the kubelet throws away instead of counting.

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
	"github.com/kubectl-scars/kubectl-scars/pkg/kubeevent"
	"github.com/kubectl-scars/kubectl-scars/pkg/restart"
)

// unable is why a probe cannot act.
type unable struct {
	reason     string // "no port of the container is named metrics"
	confidence finding.Confidence
	evidence   []finding.Evidence
	fix        finding.Fix
}

// An error has to be seen so lately, and one that could be chance so often, to speak of the container as it is.
const (
	unableLately = 15 * time.Minute
	unableTimes  = 3
)

// whyUnable finds why a container's probe cannot act: a port whose name the container does not have, which the API server accepts
// (kubernetes v1.37.2 pkg/probe/util.go), or errors that its events show over and over with no counted failure after them.
func whyUnable(pod *corev1.Pod, c *corev1.Container, init bool, probe *corev1.Probe, name kubeevent.Probe, events []*corev1.Event, now time.Time) (unable, bool) {
	ref := finding.ObjectRef{Kind: "Pod", Namespace: pod.Namespace, Name: pod.Name, Container: c.Name}
	port, missing := missingPort(c, probe)
	if !missing && !slices.ContainsFunc(events, errored) {
		return unable{}, false // most probes, and reading every failure takes long
	}
	list := "containers"
	if init {
		list = "initContainers"
	}
	field := "spec." + list + "[" + c.Name + "]." + fieldOf(name)
	symptoms := restart.Symptoms(pod, events, c.Name, name)
	if missing {
		u := unable{
			reason: "no port of the container is named " + port, confidence: finding.Proven,
			evidence: []finding.Evidence{{Object: ref, Source: field, Value: handler(probe) + "; the container's ports are " + portNames(c)}},
			fix:      namePort(port),
		}
		for _, s := range symptoms {
			if s.Class == kubeevent.PortUnknown {
				u.evidence = append(u.evidence, s.Evidence(ref))
				break
			}
		}
		return u, true
	}
	for _, s := range symptoms {
		if s.Outcome != kubeevent.Errored || s.Combined || s.Class != kubeevent.ExecMissing && s.Count < unableTimes || now.Sub(s.Last) > unableLately || failedSince(symptoms, s.First) {
			continue
		}
		u := unable{confidence: finding.Strong, evidence: []finding.Evidence{s.Evidence(ref)}}
		u.evidence = append(u.evidence, finding.Evidence{Object: ref, Source: field, Value: handler(probe)})
		switch s.Class {
		case kubeevent.ExecMissing:
			u.reason = handler(probe) + " cannot be run in the container"
			u.fix = finding.Fix{Text: "Use a program that is in the image, or an httpGet, tcpSocket or grpc probe, which need none"}
		case kubeevent.BodyHang:
			u.reason = "the answer on " + handler(probe) + " begins and never ends"
			u.fix = finding.Fix{Text: "Let the handler end its answer: a short body, no stream, nothing flushed before the verdict is known"}
		default:
			continue
		}
		return u, true
	}
	return unable{}, false
}

// namePort is what to do about a port that the container does not have. A number in quotes is a name, which the server refuses, as no name is
// without a letter (apimachinery v0.37.2 pkg/util/validation/validation.go, IsValidPortName); what makes pods of it learns so later.
func namePort(port string) finding.Fix {
	if _, err := strconv.Atoi(port); err == nil {
		return finding.Fix{Text: fmt.Sprintf("Write %s without quotes: in quotes it is a name, which the server refuses, since it has no letter", port)}
	}
	return finding.Fix{Text: "Name the port in the container's ports, or give the probe a name that is there, or a number"}
}

// errored tells whether an event looks like one about an attempt that ended in an error.
func errored(e *corev1.Event) bool { return strings.Contains(e.Message, "probe error") }

// failedSince tells whether an attempt counted as a failure since then: the probe can act after all.
func failedSince(symptoms []restart.Symptom, since time.Time) bool {
	for _, s := range symptoms {
		if s.Counts() && s.Last.After(since) {
			return true
		}
	}
	return false
}

func fieldOf(name kubeevent.Probe) string {
	switch name {
	case kubeevent.Liveness:
		return "livenessProbe"
	case kubeevent.Startup:
		return "startupProbe"
	default:
		return "readinessProbe"
	}
}

// missingPort is the name of the port that a probe asks for and the container does not have.
func missingPort(c *corev1.Container, p *corev1.Probe) (string, bool) {
	var port intstr.IntOrString
	switch {
	case p.HTTPGet != nil:
		port = p.HTTPGet.Port
	case p.TCPSocket != nil:
		port = p.TCPSocket.Port
	}
	if port.Type != intstr.String || port.StrVal == "" {
		return "", false
	}
	for i := range c.Ports {
		if c.Ports[i].Name == port.StrVal {
			return "", false
		}
	}
	return port.StrVal, true
}

func portNames(c *corev1.Container) string {
	if len(c.Ports) == 0 {
		return "none"
	}
	out := ""
	for i, p := range c.Ports {
		if i > 0 {
			out += ", "
		}
		out += fmt.Sprintf("%d", p.ContainerPort)
		if p.Name != "" {
			out += " (" + p.Name + ")"
		}
	}
	return out
}
