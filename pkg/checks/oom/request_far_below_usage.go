package oom

// This file finds containers that use far more memory than they asked for.

import (
	"fmt"

	"github.com/kubectl-scars/kubectl-scars/pkg/analysis"
	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
	"github.com/kubectl-scars/kubectl-scars/pkg/headroom"
)

// RequestFarBelowUsage is oom/request-far-below-usage.
var RequestFarBelowUsage = &analysis.Check{
	ID: "oom/request-far-below-usage",
	Doc: analysis.Doc{
		Title:    "A container uses far more memory than it asked for",
		Symptom:  "Its pod is evicted or killed first when its node runs low, though it is within its limit; nodes run out of memory that the scheduler believes free.",
		Evidence: "The working set in the metrics API or by the kubelet, more than twice the request and 256 MiB above it. That is one moment: consistent; where two replicas or more are there and all of them are so, strong.",
		Why:      "The scheduler places by requests. The kubelet evicts first who is above the request, and the kernel picks its victims by how little was asked for.",
		Fix:      "Ask for what is used.",
		Limits:   "One sample is a moment: a burst looks the same, so this is never more than info. Containers that have run for less than two minutes, and such as asked for nothing, are silent.",
		Sources:  []string{"kubernetes v1.37.2 pkg/kubelet/eviction/helpers.go (rank)", "kubernetes v1.37.2 pkg/kubelet/qos/policy.go"},
	},
	Inputs: analysis.PodInputs(numberInputs()...),
	Asks:   askKubelets,
	Run:    requestFarBelowUsage,
}

func requestFarBelowUsage(p *analysis.Pass) error {
	const apart = 256 << 20
	var found tally
	eachReading(p, func(s reading) {
		if s.working <= apart {
			return
		}
		if r := headroom.ContainerRequest(s.pod, s.status.Name).Bytes; r > 0 && s.working > 2*r && s.working-r > apart {
			found.add(p, s.measured(p.Now()), float64(s.working)/float64(r))
		}
	})
	for _, object := range found.order {
		t := found.of[object]
		a, _ := t.numbers(p).account()
		request := headroom.ContainerRequest(t.pod, t.container)
		tail, all := replicas(p, t)
		f := finding.Finding{
			Severity: finding.Info, Confidence: finding.Consistent, Object: object,
			Message: fmt.Sprintf("container %s asked for %s and uses %s (working set), %.1f times as much: it goes first when its node runs low on memory",
				t.container, finding.Bytes(request.Bytes), finding.Bytes(t.working), t.worst) + tail,
			Evidence: []finding.Evidence{sampled(t.ref(), a), written(t.ref(), request)},
			Memory:   a.Picture(t.ref(), t.limit, request.Bytes),
			Fix:      []finding.Fix{setMemory(t.workload, t.container, "requests", t.working, "Ask for what is used, if it is used so all the time")},
		}
		if all {
			f.Confidence = finding.Strong
		}
		p.Report(f)
	}
	return nil
}
