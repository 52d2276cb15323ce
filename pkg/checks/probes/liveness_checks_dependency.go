package probes

// This file finds liveness probes that fail with what the program depends on.

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/kubectl-scars/kubectl-scars/pkg/analysis"
	"github.com/kubectl-scars/kubectl-scars/pkg/cascade"
	"github.com/kubectl-scars/kubectl-scars/pkg/checks/deaths"
	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
	"github.com/kubectl-scars/kubectl-scars/pkg/kubeevent"
	"github.com/kubectl-scars/kubectl-scars/pkg/order"
	"github.com/kubectl-scars/kubectl-scars/pkg/restart"
	"github.com/kubectl-scars/kubectl-scars/pkg/snapshot"
)

// LivenessChecksDependency is probes/liveness-checks-dependency.
var LivenessChecksDependency = &analysis.Check{
	ID: "probes/liveness-checks-dependency",
	Doc: analysis.Doc{
		Title:    "A liveness probe answers for a dependency",
		Symptom:  "When a database or another service fails, the replicas of all that ask for it restart, and go on restarting until it is back.",
		Evidence: "The path of the liveness probe has a segment db, database, deps, dependencies, ready, readyz, readiness, full or deep, or ends in /actuator/health. A warning where within the hour and 10 min of each other at least two replicas that were up got HTTP 503 or no answer in time, or all of them the same other failure of the server; critical where that killed and did so again, or keeps a replica down. Without such failures, worth knowing where the path ends in db, database, deps or dependencies, or in deep or full below what begins with health, and silent otherwise. Strong where the path ends so and they fail together, and never proven: what a handler asks for, nothing states.",
		Why:      "A restart does not mend a dependency. It takes replicas away that could answer the rest, and when the dependency is back, all of them start and connect at once.",
		Fix:      "Let liveness ask for the process alone, and mend the dependency. Whether readiness should ask for it is another question: with it the Service fails whole, without it requests fail one by one.",
		Limits:   "It goes by the path's name: a handler of another name that asks for a dependency is not found, and commands, gRPC services and a mesh's own form of a probe are not looked at. Silent where only replicas of the newest revision fail beside older ones, where nothing listens, where the program answers that the question is wrong (4xx), of pods that have never been ready, and of kills by the probe's clock where starts may take that long. Events under-report.",
		Sources:  []string{"Kubernetes documentation, Configure Liveness, Readiness and Startup Probes", "Spring Boot documentation, Actuator, Kubernetes Probes", "kubernetes v1.37.2 pkg/kubelet/prober/prober.go"},
	},
	Inputs: specInputs(analysis.Optional(snapshot.Events)),
	Run:    livenessChecksDependency,
}

func livenessChecksDependency(p *analysis.Pass) error {
	eachSpec(p, func(s *spec) {
		for i := range s.size() {
			c := s.at(i)
			if c == nil {
				continue
			}
			word, plain := askedFor(c.LivenessProbe)
			if word == "" {
				continue
			}
			switch t := togetherIn(p, s, c); {
			case t != nil && p.Complete(snapshot.ReplicaSets, s.workload.Namespace) == snapshot.Unknown && (s.workload.Kind == "Deployment" || s.workload.Kind == "ReplicaSet"):
				p.CannotSay(s.object(c.Name), fmt.Sprintf("whether it is a dependency or a rollout for which liveness (%s) fails on %d replicas: its revisions were not read", t.words, len(t.pods)))
			case t != nil:
				p.Report(t.finding(p, s, c, word, plain))
			case plain:
				p.Report(finding.Finding{
					Severity: finding.Info, Confidence: finding.Consistent, Object: s.object(c.Name),
					Message:  fmt.Sprintf("liveness of container %s asks %s, by its path for a dependency (%s): when that fails, all replicas are restarted for it", c.Name, handler(c.LivenessProbe), word),
					Evidence: []finding.Evidence{s.says(c.Name, s.field(c, "livenessProbe.httpGet.path"), c.LivenessProbe.HTTPGet.Path)},
					Fix:      []finding.Fix{processAlone()},
				})
			}
		}
	})
	return nil
}

func processAlone() finding.Fix {
	return finding.Fix{Text: "Let liveness ask for the process alone, by a path that waits for nothing else: a restart mends no dependency"}
}

// together is replicas of which the liveness probe failed alike at the same time.
type together struct {
	words    string
	kind     kubeevent.Unhealthy
	pods     []*corev1.Pod
	failed   []restart.Symptom // of each of the pods, as it failed last
	last     time.Time
	killed   []*corev1.Pod
	kills    int32
	evidence []finding.Evidence
}

// togetherIn finds the failure that most replicas have in common; nil where they are too few, or are those of a new revision.
func togetherIn(p *analysis.Pass, s *spec, c *corev1.Container) *together {
	if len(s.others) < 2 {
		return nil
	}
	found := map[string]*together{}
	for _, pod := range s.others {
		for _, f := range upAndFailed(p, s, pod, c) {
			name := f.String()
			if found[name] == nil {
				found[name] = &together{words: name, kind: f.Unhealthy}
			}
			found[name].add(pod, f)
		}
	}
	var all []*together
	for _, t := range found {
		if t.late(); byDependency(t.kind, len(t.pods), len(s.others)) && !ofNewRevision(p, s, t.pods) {
			all = append(all, t)
		}
	}
	if len(all) == 0 {
		return nil
	}
	return slices.MinFunc(all, func(a, b *together) int {
		return cmp.Or(cmp.Compare(len(b.pods), len(a.pods)), cmp.Compare(a.words, b.words))
	})
}

func (t *together) add(pod *corev1.Pod, f restart.Symptom) {
	if f.Last.After(t.last) {
		t.last = f.Last
	}
	if n := len(t.pods); n > 0 && t.pods[n-1] == pod {
		if f.Last.After(t.failed[n-1].Last) {
			t.failed[n-1] = f
		}
		return
	}
	t.pods, t.failed = append(t.pods, pod), append(t.failed, f)
}

// late leaves those that failed within the last window of the failure.
func (t *together) late() {
	pods, failed := t.pods, t.failed
	t.pods, t.failed = nil, nil
	for i, f := range failed {
		if t.last.Sub(f.Last) <= cascade.Window {
			t.pods, t.failed = append(t.pods, pods[i]), append(t.failed, f)
		}
	}
}

// upAndFailed lists how the liveness probe of a replica failed within the hour, after it was up: in the life it is in, or in one that it was
// killed for.
func upAndFailed(p *analysis.Pass, s *spec, pod *corev1.Pod, c *corev1.Container) []restart.Symptom {
	own, _ := specOf(pod, c.Name)
	if own == nil || own.LivenessProbe == nil || handler(own.LivenessProbe) != handler(c.LivenessProbe) || neverServed(pod) {
		return nil
	}
	var out []restart.Symptom
	counted := slices.DeleteFunc(restart.Symptoms(pod, p.EventsOf("Pod", pod), c.Name, kubeevent.Liveness), func(f restart.Symptom) bool {
		return !f.Counts() || f.Combined || p.Now().Sub(f.Last) > shakenLately
	})
	if len(counted) == 0 {
		return nil
	}
	kills := killsOf(p, s, pod, c)
	eachRunning(pod, func(of *corev1.Container, _ bool, st *corev1.ContainerStatus) {
		if of == own {
			out = afterStart(pod, own, st, since(st.State.Running.StartedAt.Time, counted))
		}
	})
	for _, f := range counted {
		if !slices.ContainsFunc(out, func(known restart.Symptom) bool { return known.Event == f.Event }) &&
			slices.ContainsFunc(kills, func(d restart.Death) bool { return !f.First.After(d.Finished) }) {
			out = append(out, f)
		}
	}
	return out
}

// killsOf are the kills of a replica by its liveness probe within the hour, less those of a start that may take as long as the probe waits.
func killsOf(p *analysis.Pass, s *spec, pod *corev1.Pod, c *corev1.Container) (out []restart.Death) {
	for _, d := range deaths.Of(p.View, pod) {
		if d.Cause == restart.Liveness && d.Pod.Container == c.Name && p.Now().Sub(d.Finished) <= shakenLately &&
			!(cutShort(pod, c, d) && startsOf(p.View, s.workload, c).outlast(c.LivenessProbe, false)) {
			out = append(out, d)
		}
	}
	return out
}

// ofNewRevision tells whether the pods are of the newest revision, and those of others are spared: then it is what was rolled out.
func ofNewRevision(p *analysis.Pass, s *spec, pods []*corev1.Pod) bool {
	r := rolloutOf(p, s.workload, s.others)
	old := func(pod *corev1.Pod) bool { return !r.newest(pod) }
	return !r.since.IsZero() && !slices.ContainsFunc(pods, old) && slices.ContainsFunc(s.others, old)
}

func (t *together) finding(p *analysis.Pass, s *spec, c *corev1.Container, word string, plain bool) finding.Finding {
	f := finding.Finding{
		Severity: finding.Warning, Confidence: finding.Consistent, Object: s.object(c.Name), LastSeen: finding.At(t.last), SaidBy: Cascade.ID,
		Message: fmt.Sprintf("liveness (%s on %s) of container %s fails with a dependency, by the word %s in its path: %d of %d replicas at once, last %s ago",
			t.words, handler(c.LivenessProbe), c.Name, word, len(t.pods), len(s.others), analysis.Ago(p.Now(), t.last)),
	}
	if plain {
		f.Confidence = finding.Strong
	}
	down := false
	for i, pod := range t.pods {
		t.evidence = append(t.evidence, t.failed[i].Evidence(finding.ObjectRef{Kind: "Pod", Namespace: pod.Namespace, Name: pod.Name, Container: c.Name}))
		for _, d := range killsOf(p, s, pod, c) {
			if len(t.killed) == 0 || t.killed[len(t.killed)-1] != pod {
				t.killed = append(t.killed, pod)
			}
			t.kills += d.Count
			down = down || !isReady(pod)
			t.evidence = append(t.evidence, d.Evidence...)
		}
	}
	if t.kills > 0 {
		f.Message += fmt.Sprintf("; it killed %d of them, which mends no dependency", len(t.killed))
	}
	if t.kills > 1 || down {
		f.Severity = finding.Critical
	}
	order.By(t.evidence, func(a, b finding.Evidence) int { return cmp.Compare(a.Object.Name, b.Object.Name) })
	f.Evidence = append([]finding.Evidence{s.says(c.Name, s.field(c, "livenessProbe.httpGet.path"), c.LivenessProbe.HTTPGet.Path)}, distinct(t.evidence)...)
	b := restart.BudgetOf(c.LivenessProbe)
	longer := int(outage/b.Period) + 1
	f.Fix = []finding.Fix{{
		Text:    fmt.Sprintf("Look first at what %s asks for: restarts do not mend it, and more replicas would ask more of it", handler(c.LivenessProbe)),
		Command: finding.Kubectl(s.workload.Namespace, "logs", t.pods[0].Name, "-c", c.Name, "--tail=50"),
	}, processAlone()}
	if longer > int(b.Failures) {
		f.Fix = append(f.Fix, finding.Fix{
			Text:    fmt.Sprintf("Until it does, let it fail for %s before it kills; this rolls the workload over", analysis.Span(outage)),
			Command: patch(s.workload, c.Name, sidecar(c), "livenessProbe", map[string]any{"failureThreshold": longer}),
		})
	}
	if len(t.killed) > 0 {
		f.Fix = append(f.Fix, timelineFix(s.workload)...)
	}
	return f
}

// outage is for how long a liveness probe that asks for a dependency should fail until it kills: longer than most failovers.
const outage = 5 * time.Minute
