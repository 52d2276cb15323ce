package probes

// This file finds workloads that their liveness probe takes down replica by replica.

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	autoscalingv2 "k8s.io/api/autoscaling/v2"

	"github.com/kubectl-scars/kubectl-scars/pkg/analysis"
	"github.com/kubectl-scars/kubectl-scars/pkg/cascade"
	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
	"github.com/kubectl-scars/kubectl-scars/pkg/kubeevent"
	"github.com/kubectl-scars/kubectl-scars/pkg/restart"
	"github.com/kubectl-scars/kubectl-scars/pkg/snapshot"
)

// Cascade is probes/cascade.
var Cascade = &analysis.Check{
	ID: "probes/cascade",
	Doc: analysis.Doc{
		Title:    "The liveness probe kills one replica after the other, and each kill loads the rest",
		Symptom:  "Under load, or after the loss of one replica, all replicas restart in turn, and the service does not come back by itself.",
		Evidence: "Five quantities. How many replicas of all failed their liveness probe within 10 min, after they were up (a lower bound: events under-report). What they have in common: one node, one revision, saturation, a failure that other workloads share or for which the path of the probe names a dependency. k*: with so many gone the others are beyond their CPU limit. The race: L = (failureThreshold-1)·period kills (·timeout where attempts run into one that is longer), R = start-up and the back-off that the kubelet has not forgotten (10 min) brings back; with R > L the fleet dies faster than it returns. Whether readiness asks the same handler. ACTIVE, critical: at least half of the replicas, and two, were killed within the last 10 min and it spreads: R > L, as many as k* were killed, one handler, or what they share fails. PRIMED, a warning: kills, or failures of half of them, were seen within the hour and R > L, k* or one handler lets them spread. LATENT, worth knowing: nothing failed, a start was measured with R > L, and readiness asks the same and acts no sooner. NOT ASSESSABLE: half of them were killed, and a quantity that could let it spread is not known, or events were not read; coverage names it. At most strong: that load moves on, nothing states; where the kills that it takes are less sure, as they are. Where other workloads of the namespace fail alike, or the path names a dependency, load is not said to be the cause, and more replicas are not advised.",
		Why:      "A restart takes capacity away for the time of a start, while the load stays. The health check is the outage.",
		Fix:      "Take load off or add replicas first; where others fail alike, mend what they depend on. Then let liveness ask for the process alone, and act much later than readiness, which only takes load away.",
		Limits:   "Silent where the failures are those of one node or of a new revision, where they tell of no load: nothing listens, HTTP and HTTPS are mixed up, there is no such health service of gRPC, redirects go round in a circle, the program answers that the question is wrong (4xx but 408 and 429), attempts ended in an error and did not count; where it answers 500 or 501, unless half of the replicas, and two, do so after they were up; of pods that have never been ready, of kills by the probe's clock where starts may take that long, of DaemonSets that no Service spreads load over, LATENT of any workload without one, and of workloads with one replica: other checks speak of these. k* takes CPU for the bottleneck and load for evenly spread; it needs CPU limits and the metrics API or an autoscaler on CPU, or an autoscaler that wants more replicas than its maximum.",
		Sources:  []string{"kubernetes v1.37.2 pkg/kubelet/prober/worker.go", "kubernetes v1.37.2 pkg/kubelet/kuberuntime/kuberuntime_manager.go (doBackOff)"},
	},
	Inputs: withTemplates(analysis.PodInputs(analysis.Optional(snapshot.Events), analysis.Optional(snapshot.PodMetrics), analysis.Optional(snapshot.Autoscalers), analysis.Optional(snapshot.Services))),
	Run:    cascades,
}

// symptom is how probes failed, as far as two workloads can have it in common.
type symptom struct {
	namespace string
	class     kubeevent.Class
	status    int
}

func cascades(p *analysis.Pass) error {
	var all []*falling
	fell := map[snapshot.Ref]bool{}
	alike := map[symptom]int{}
	scalers := sync.OnceValue(func() map[snapshot.Ref]*autoscalingv2.HorizontalPodAutoscaler { return autoscalers(p) })
	services := sync.OnceValue(func() bySelector { return servicesByReadiness(p) })
	for _, w := range p.Workloads() {
		f := fallingOf(p, w, scalers, services)
		if f == nil {
			continue
		}
		all = append(all, f)
		fell[w] = true
		for s := range f.symptoms {
			alike[s]++
		}
	}
	for _, f := range all {
		if p.Complete(snapshot.Events, f.workload.Namespace) == snapshot.Unknown {
			if n := f.signalled(p.Now()); n >= 2 {
				p.CannotSay(analysis.Ref(f.workload), fmt.Sprintf("whether the liveness probe ended %d replicas within %s, one after the other (cascade NOT ASSESSABLE): events were not read completely", n, analysis.Span(cascade.Window)))
			}
			continue
		}
		for s := range f.symptoms {
			f.facts.Elsewhere = max(f.facts.Elsewhere, alike[s]-1)
		}
		a := cascade.Assess(f.facts)
		switch {
		case a.Verdict != cascade.Active && a.Verdict != cascade.Primed && len(a.Missing) == 0:
		case p.Complete(snapshot.ReplicaSets, f.workload.Namespace) == snapshot.Unknown && (f.workload.Kind == "Deployment" || f.workload.Kind == "ReplicaSet"):
			p.CannotSay(analysis.Ref(f.workload), fmt.Sprintf("whether it is load or a rollout for which the liveness probe killed %d of %d replicas: its revisions were not read", len(a.Killed), a.Replicas))
		case f.alone:
			p.CannotSay(analysis.Ref(f.workload), fmt.Sprintf("whether its pods get the load of the %d of %d that the liveness probe killed: no Service is known to spread it, and not all were read", len(a.Killed), a.Replicas))
		case len(a.Missing) > 0:
			p.CannotSay(analysis.Ref(f.workload), fmt.Sprintf("whether it is a cascade that the liveness probe killed %d of %d replicas within %s (NOT ASSESSABLE): %s",
				len(a.Killed), a.Replicas, analysis.Span(cascade.Window), strings.Join(a.Missing, "; ")))
		default:
			report(p, f.finding(a))
		}
	}
	latent(p, scalers, services, fell)
	return nil
}

func (f *falling) finding(a cascade.Assessment) finding.Finding {
	object := analysis.Ref(f.workload)
	object.Container = f.container.Name
	out := finding.Finding{Object: object, Severity: finding.Warning, Confidence: f.confidence(a), FirstSeen: finding.At(a.From)}
	how := because(f.words, f.container.LivenessProbe)
	span := ""
	if d := a.To.Sub(a.From); d >= time.Second || len(a.Hit) > 1 {
		span = " " + within(d)
	}
	if a.Verdict == cascade.Active {
		out.Severity = finding.Critical
		out.Message = fmt.Sprintf("cascade ACTIVE: the liveness probe killed %d of %d replicas%s%s%s; %d ready now", len(a.Killed), a.Replicas, span, how, f.cause(a), f.ready())
	} else {
		out.LastSeen = finding.At(a.To)
		killed := ""
		if n := len(a.Killed); n > 0 {
			killed = fmt.Sprintf(" and killed %d", n)
		}
		out.Message = fmt.Sprintf("cascade PRIMED: the liveness probe failed on %d of %d replicas%s%s%s%s", len(a.Hit), a.Replicas, span, killed, how, f.cause(a))
	}
	switch {
	case a.Outruns():
		out.Message += fmt.Sprintf("; they die faster than they return (%s)", a.Inequality())
	case a.ByScaler:
		out.Message += fmt.Sprintf("; autoscaler %s wants more than its maximum of %d (%s)", f.scaler.Name, f.scaler.Spec.MaxReplicas, a.Inequality())
	case a.Overloads():
		gone := "one"
		if a.Breaks > 1 {
			gone = fmt.Sprint(a.Breaks)
		}
		out.Message += fmt.Sprintf("; with %s gone the others are beyond their CPU limit (%s)", gone, a.Inequality())
	default:
		out.Message += fmt.Sprintf(" (%s)", a.Inequality())
	}
	out.Evidence = f.quantities(object, a)
	out.Evidence = append(out.Evidence, distinct(f.evidence)...)
	out.Fix = f.fixes(a)
	return out
}

// distinct is each line of evidence once.
func distinct(evidence []finding.Evidence) (out []finding.Evidence) {
	known := map[string]bool{}
	for _, e := range evidence {
		if key := e.Object.Name + "\n" + e.Source + "\n" + e.Value; !known[key] {
			known[key] = true
			out = append(out, e)
		}
	}
	return out
}

// cause says that load moves on, or why it may be no load: others fail alike and may ask for the same thing, the path names a dependency, or
// the answer tells of no load.
func (f *falling) cause(a cascade.Assessment) string {
	switch {
	case a.Partition == cascade.Dependency && f.facts.Elsewhere == 1:
		return " while another workload fails alike: perhaps for what both depend on"
	case a.Partition == cascade.Dependency && f.facts.Elsewhere > 1:
		return fmt.Sprintf(" while %d more workloads fail alike: perhaps for what all depend on", f.facts.Elsewhere)
	case a.Partition == cascade.Dependency:
		return ", perhaps for what the path asks for (" + f.asks + ") and not for load"
	case f.fault:
		return ", for load or for what they share"
	case a.Verdict == cascade.Active && len(a.Killed) < a.Replicas:
		return ", and the rest gets their load"
	default:
		return ""
	}
}

// quantities are what the verdict rests on.
func (f *falling) quantities(object finding.ObjectRef, a cascade.Assessment) []finding.Evidence {
	b := restart.BudgetOf(f.container.LivenessProbe)
	line := func(source, value string) finding.Evidence {
		return finding.Evidence{Object: object, Source: source, Value: value}
	}
	returns := "slowest start and back-off"
	if !a.StartUpKnown {
		returns = "back-off alone: no ready replica tells how long it took to start"
	}
	var out []finding.Evidence
	if len(a.Hit) > 0 {
		out = append(out,
			line("verdict", fmt.Sprintf("%s: %d of %d replicas killed, half is %d; %s", strings.ToUpper(string(a.Verdict)), len(a.Killed), a.Replicas, a.Half(), a.Inequality())),
			line("simultaneity", fmt.Sprintf("at least %d of %d replicas failed within %s, %d killed (%s)", len(a.Hit), a.Replicas, analysis.Span(cascade.Window), len(a.Killed), a.Partition)))
	} else {
		out = append(out, line("verdict", fmt.Sprintf("%s: of %d replicas none is known to have failed; %s", strings.ToUpper(string(a.Verdict)), a.Replicas, a.Inequality())))
	}
	out = append(out,
		line("race", fmt.Sprintf("%s; L is %s, %s apart; R is %s", a.Inequality(), fails(b.Failures), f.apart, returns)))
	if a.Coupled {
		s := spec{source: analysis.RefTo("Pod", newest(f.pods)[0]), path: "spec"}
		out = append(out,
			line("coupling", "readiness and liveness ask "+handler(f.container.LivenessProbe)+", and liveness acts no later than readiness"),
			s.asks(f.container, kubeevent.Liveness), s.asks(f.container, kubeevent.Readiness))
	}
	if f.facts.Use > 0 {
		by := "pods.metrics.k8s.io"
		if !f.measured {
			by = "horizontalpodautoscaler/" + f.scaler.Name + " status.currentMetrics"
		}
		out = append(out, line(by, fmt.Sprintf("%d %% of the CPU limit used", int(100*f.facts.Use+0.5))))
	}
	if f.scaler != nil {
		out = append(out, scaled(f.scaler))
	}
	if f.facts.Asked {
		out = append(out, line("dependency", fmt.Sprintf("%s by the path of the liveness probe", f.asks)))
	}
	if f.facts.Elsewhere > 0 {
		out = append(out, line("shared dependency", fmt.Sprintf("%d more of the namespace's workloads fail alike", f.facts.Elsewhere)))
	}
	return out
}

func (f *falling) fixes(a cascade.Assessment) []finding.Fix {
	w := f.workload
	target := strings.ToLower(w.Kind) + "/" + w.Name
	var out []finding.Fix
	switch surge := slices.ContainsFunc(f.facts.Replicas, func(r cascade.Replica) bool { return r.Newest != f.facts.Replicas[0].Newest }); {
	case a.Partition == cascade.Dependency && f.facts.Elsewhere > 0:
		out = append(out, finding.Fix{Text: "Look first at what the workloads that fail alike depend on: more replicas would ask more of it"})
	case a.Partition == cascade.Dependency:
		out = append(out, finding.Fix{Text: fmt.Sprintf("Look first at what %s asks for: more replicas would ask more of it", handler(f.container.LivenessProbe))})
	case f.fault && throughAgent(f.container.LivenessProbe):
		out = append(out, agentSaysNo(w.Namespace, f.pods[0]))
	case f.fault:
		out = append(out, finding.Fix{Text: fmt.Sprintf("See their logs for what fails in all of them: they answer %s, and more replicas would answer the same unless it is load", f.words)})
	case f.scaler != nil:
		out = append(out, moreReplicas(f.scaler, int32(a.Replicas)))
	case w.Kind == "Deployment" && !surge: // during a rollout there are more pods than replicas
		out = append(out, finding.Fix{
			Text:    "Give the load more replicas, or take load off at the door; a restart would only take more away",
			Command: finding.Kubectl(w.Namespace, "scale", target, fmt.Sprintf("--replicas=%d", 2*a.Replicas)),
		})
	default:
		out = append(out, finding.Fix{Text: "Take load off at the door; a restart would only take more away"})
	}
	return append(append(out, f.actLater()), timelineFix(w)...)
}

// actLater is the patch with which liveness acts long after readiness.
func (f *falling) actLater() finding.Fix {
	own := "that no request waits before"
	if f.asks != "" {
		own = "that asks for the process alone"
	}
	return finding.Fix{
		Text:    fmt.Sprintf("Let liveness act only after %d failures, long after readiness, and give it a handler of its own %s", f.later(), own),
		Command: patch(f.workload, f.container.Name, f.init, "livenessProbe", map[string]any{"failureThreshold": f.later(), "timeoutSeconds": f.timeout()}),
	}
}

// later is the failureThreshold with which liveness leaves readiness twice the time that it needs, and an overload at least two minutes.
func (f *falling) later() int {
	live := restart.BudgetOf(f.container.LivenessProbe)
	need := 120.0
	if r := f.container.ReadinessProbe; r != nil {
		b := restart.BudgetOf(r)
		need = max(need, 2*b.Longest(b.Failures).Seconds())
	}
	return max(int(need/live.Period.Seconds())+1, int(live.Failures))
}

func (f *falling) timeout() int {
	live := restart.BudgetOf(f.container.LivenessProbe)
	return max(int(live.Timeout.Seconds()), min(int(live.Period.Seconds()), max(2*int(live.Timeout.Seconds()), 3)))
}
