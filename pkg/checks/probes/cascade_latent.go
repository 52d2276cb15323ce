package probes

// This file finds workloads of which nothing has failed, and whose probes would let a cascade run.

import (
	"fmt"
	"slices"

	autoscalingv2 "k8s.io/api/autoscaling/v2"

	"github.com/kubectl-scars/kubectl-scars/pkg/analysis"
	"github.com/kubectl-scars/kubectl-scars/pkg/cascade"
	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
	"github.com/kubectl-scars/kubectl-scars/pkg/snapshot"
)

// latent tells of the workloads that did not fall: only where a start was measured that loses the race, and liveness acts no later than
// readiness, which asks the same, and only behind a Service: a readiness that nothing goes by takes no load away. It is structure, and needs no
// event; but where they were not read, a restart may have been a kill.
func latent(p *analysis.Pass, scalers func() map[snapshot.Ref]*autoscalingv2.HorizontalPodAutoscaler, services func() bySelector, fell map[snapshot.Ref]bool) {
	specs := podSpecs.In(p.View)
	for n := range specs {
		s := &specs[n]
		if fell[s.workload] || len(s.others) < 2 || s.workload.Kind == "DaemonSet" || s.workload.Kind == "Job" || len(services().selecting(s.workload.Namespace, s.labels)) == 0 {
			continue
		}
		for i := range s.size() {
			c := s.at(i)
			if c == nil || !sameHandler(c) {
				continue
			}
			f := &falling{workload: s.workload, container: c, init: sidecar(c), pods: s.others, scaler: scalers()[snapshot.Ref{Kind: s.workload.Kind, Namespace: s.workload.Namespace, Name: s.workload.Name}]}
			f.measure(p, nil)
			if !f.facts.EventsRead && slices.ContainsFunc(f.facts.Replicas, func(r cascade.Replica) bool { return r.Restarts > 0 }) {
				continue
			}
			f.facts.EventsRead = true
			if a := cascade.Assess(f.facts); a.Verdict == cascade.Latent && a.StartUpKnown && a.Outruns() && a.Coupled {
				report(p, f.latent(a, s))
				break
			}
		}
	}
}

func (f *falling) latent(a cascade.Assessment, s *spec) finding.Finding {
	object := s.object(f.container.Name)
	cause := "load"
	if word, plain := askedFor(f.container.LivenessProbe); plain {
		cause += ", or what its path asks for (" + word + "),"
	}
	return finding.Finding{
		Severity: finding.Info, Confidence: finding.Strong, Object: object,
		Message: fmt.Sprintf("cascade LATENT: where %s makes liveness fail, the %d replicas die faster than they return (%s), and readiness, which asks the same %s, takes no load away before",
			cause, a.Replicas, a.Inequality(), handler(f.container.LivenessProbe)),
		Evidence: f.quantities(object, a),
		Fix:      []finding.Fix{f.actLater()},
	}
}
