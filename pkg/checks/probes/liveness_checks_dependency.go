package probes

// This file finds liveness probes that fail with what the program depends on.

import (
	"cmp"
	"fmt"
	"slices"
	"sync"
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
		Evidence: "The path of the liveness probe ends in db, database, deps or dependencies, or in deep or full below what begins with health; or, which leaves doubt, in any other deep or full, in ready, readyz, readiness or /actuator/health. A warning where within the hour replicas that were up fail together: at least two that got HTTP 503 within 10 min of each other; half of them, within a minute, where the path leaves doubt or no answer came in time; or all of them, with the same other failure of the server. Critical where that killed and did so again, or keeps a replica down. Without such failures, worth knowing where the path leaves no doubt, and silent otherwise. Strong where it leaves none and they fail together, and never proven: what a handler asks for, nothing states.",
		Why:      "A restart does not mend a dependency. It takes replicas away that could answer the rest, and when the dependency is back, all of them start and connect at once.",
		Fix:      "Let liveness ask for the process alone, and mend the dependency. Whether readiness should ask for it is another question: with it the Service fails whole, without it requests fail one by one.",
		Limits:   "It goes by the path's name: a handler of another name that asks for a dependency is not found, and commands, gRPC services and a mesh's own form of a probe are not looked at. Silent where only replicas of the newest revision fail beside older ones, or only those of one node beside others, where nothing listens, where Istio's agent answers HTTP 500, where the program answers that the question is wrong (4xx), of pods that have never been ready, and of kills by the probe's clock where starts may take that long. Events under-report.",
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
			switch t := togetherIn(p, s.workload, s.others, c); {
			case t != nil && p.Complete(snapshot.ReplicaSets, s.workload.Namespace) == snapshot.Unknown && (s.workload.Kind == "Deployment" || s.workload.Kind == "ReplicaSet"):
				p.CannotSay(s.object(c.Name), fmt.Sprintf("whether it is a dependency or a rollout for which liveness (%s) fails on %d replicas: its revisions were not read", t.words, len(t.pods)))
			case t != nil:
				report(p, t.finding(p, s, c, word, plain))
			case plain:
				report(p, finding.Finding{
					Severity: finding.Info, Confidence: finding.Consistent, Object: s.object(c.Name), SaidBy: Cascade.ID,
					Message:  fmt.Sprintf("liveness of container %s asks %s, by its path for a dependency (%s): when that fails, all replicas are restarted for it", c.Name, handler(c.LivenessProbe), word),
					Evidence: []finding.Evidence{s.asks(c, kubeevent.Liveness)},
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
	words       string
	kind        kubeevent.Unhealthy
	sure        bool // by the path's last word and what it answers
	pods        []*corev1.Pod
	failed      []restart.Symptom // of each of the pods, as it failed last
	kills       [][]restart.Death // of each of the pods
	first, last time.Time         // of the last failures of each
}

// saysMore is the check that says more of the liveness probe of a workload's container where it fails on several replicas.
func saysMore(p *analysis.Pass, w snapshot.Ref, c *corev1.Container) string {
	if c == nil {
		return Cascade.ID
	}
	if word, _ := askedFor(c.LivenessProbe); word != "" && togetherIn(p, w, alive(p.PodsOf(w)), c) != nil {
		return LivenessChecksDependency.ID
	}
	return Cascade.ID
}

// togetherIn finds the failure that most of the pods of a workload have in common; nil where they are too few, or are those of a new revision
// or of one node.
func togetherIn(p *analysis.Pass, w snapshot.Ref, pods []*corev1.Pod, c *corev1.Container) *together {
	if len(pods) < 2 {
		return nil
	}
	_, plain := askedFor(c.LivenessProbe)
	slow := sync.OnceValue(func() bool { return startsOf(p.View, w, c).outlast(c.LivenessProbe, false) })
	found := map[string]*together{}
	for _, pod := range pods {
		failed, kills := upAndFailed(p, pod, c, slow)
		for _, f := range failed {
			name := f.String()
			if found[name] == nil {
				found[name] = &together{words: name, kind: f.Unhealthy, sure: plain && f.Class == kubeevent.HTTPStatus}
			}
			found[name].add(pod, f, kills)
		}
	}
	var all []*together
	for _, t := range found {
		if t.late(); t.byDependency(c.LivenessProbe, len(pods)) && !ofNewRevision(p, w, t.pods, pods) && !cascade.OfFewNodes(nodesOf(t.pods), nodesOf(pods)) {
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

func (t *together) add(pod *corev1.Pod, f restart.Symptom, kills []restart.Death) {
	if f.Last.After(t.last) {
		t.last = f.Last
	}
	if n := len(t.pods); n > 0 && t.pods[n-1] == pod {
		if f.Last.After(t.failed[n-1].Last) {
			t.failed[n-1] = f
		}
		return
	}
	t.pods, t.failed, t.kills = append(t.pods, pod), append(t.failed, f), append(t.kills, kills)
}

// soon is how near in time replicas fail for one cause where neither the path nor the answer leaves no doubt.
const soon = time.Minute

// late leaves those that failed within the last window of the failure.
func (t *together) late() {
	window := soon
	if t.sure {
		window = cascade.Window
	}
	all := *t
	t.pods, t.failed, t.kills, t.first = nil, nil, nil, t.last
	for i, f := range all.failed {
		if t.last.Sub(f.Last) > window {
			continue
		}
		t.pods, t.failed, t.kills = append(t.pods, all.pods[i]), append(t.failed, f), append(t.kills, all.kills[i])
		if f.Last.Before(t.first) {
			t.first = f.Last
		}
	}
}

// byDependency tells whether so many of the replicas fail as a dependency makes them fail: several that say so, half that may be slow or not
// ready for a reason of their own, or all alike, unless nothing listens or the question is wrong.
func (t *together) byDependency(probe *corev1.Probe, of int) bool {
	n := len(t.pods)
	switch {
	case n < 2:
		return false
	case unwell(t.kind):
		return t.sure || n >= cascade.Half(of)
	default:
		return n == of && (byLoad(t.kind) || ownFault(t.kind) && !throughAgent(probe)) // for which see agentSaysNo
	}
}

func nodesOf(pods []*corev1.Pod) map[string]bool {
	nodes := map[string]bool{}
	for _, pod := range pods {
		nodes[pod.Spec.NodeName] = true
	}
	return nodes
}

// upAndFailed lists how the liveness probe of a replica failed within the hour, after it was up, in the life it is in or in one that it was
// killed for; and these kills. slow tells that starts may take as long as the probe waits.
func upAndFailed(p *analysis.Pass, pod *corev1.Pod, c *corev1.Container, slow func() bool) (out []restart.Symptom, kills []restart.Death) {
	own, _ := specOf(pod, c.Name)
	if own == nil || own.LivenessProbe == nil || handler(own.LivenessProbe) != handler(c.LivenessProbe) || neverServed(pod) {
		return nil, nil
	}
	counted := slices.DeleteFunc(restart.Symptoms(pod, p.EventsOf("Pod", pod), c.Name, kubeevent.Liveness), func(f restart.Symptom) bool {
		return !f.Counts() || f.Combined || p.Now().Sub(f.Last) > shakenLately
	})
	if len(counted) == 0 {
		return nil, nil
	}
	kills = killsOf(p, pod, c, slow)
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
	return out, kills
}

// killsOf are the kills of a replica by its liveness probe within the hour, less those of a start that may take as long as the probe waits.
func killsOf(p *analysis.Pass, pod *corev1.Pod, c *corev1.Container, slow func() bool) (out []restart.Death) {
	for _, d := range deaths.Of(p.View, pod) {
		if d.Cause == restart.Liveness && d.Pod.Container == c.Name && p.Now().Sub(d.Finished) <= shakenLately &&
			!(cutShort(pod, c, d) && slow()) {
			out = append(out, d)
		}
	}
	return out
}

// ofNewRevision tells whether the pods are of the newest revision, and those of others are spared: then it is what was rolled out.
func ofNewRevision(p *analysis.Pass, w snapshot.Ref, pods, all []*corev1.Pod) bool {
	r := rolloutOf(p, w, all)
	old := func(pod *corev1.Pod) bool { return !r.newest(pod) }
	return !r.since.IsZero() && !slices.ContainsFunc(pods, old) && slices.ContainsFunc(all, old)
}

func (t *together) finding(p *analysis.Pass, s *spec, c *corev1.Container, word string, plain bool) finding.Finding {
	f := finding.Finding{
		Severity: finding.Warning, Confidence: finding.Consistent, Object: s.object(c.Name), LastSeen: finding.At(t.last), SaidBy: Cascade.ID,
	}
	does := "may fail"
	if t.sure {
		does = "fails"
	}
	if plain {
		f.Confidence = finding.Strong
	}
	f.Message = fmt.Sprintf("liveness (%s on %s) of container %s %s with a dependency, by the word %s in its path: %d of %d replicas %s, last %s ago",
		t.words, handler(c.LivenessProbe), c.Name, does, word, len(t.pods), len(s.others), within(t.last.Sub(t.first)), analysis.Ago(p.Now(), t.last))
	var evidence []finding.Evidence
	killed, kills, down := 0, int32(0), false
	for i, pod := range t.pods {
		evidence = append(evidence, t.failed[i].Evidence(finding.ObjectRef{Kind: "Pod", Namespace: pod.Namespace, Name: pod.Name, Container: c.Name}))
		for _, d := range t.kills[i] {
			kills += d.Count
			evidence = append(evidence, d.Evidence...)
		}
		if len(t.kills[i]) > 0 {
			killed++
			down = down || !isReady(pod)
		}
	}
	if kills > 0 {
		f.Message += fmt.Sprintf("; it killed %d of them, which mends no dependency", killed)
	}
	if kills > 1 || down {
		f.Severity = finding.Critical
	}
	order.By(evidence, func(a, b finding.Evidence) int { return cmp.Compare(a.Object.Name, b.Object.Name) })
	f.Evidence = append([]finding.Evidence{s.asks(c, kubeevent.Liveness)}, distinct(evidence)...)
	b := restart.BudgetOf(c.LivenessProbe)
	longer := int(outage/b.Period) + 1
	f.Fix = []finding.Fix{{
		Text:    fmt.Sprintf("Look first at what %s asks for: restarts do not mend it, and more replicas would ask more of it", handler(c.LivenessProbe)),
		Command: finding.Kubectl(s.workload.Namespace, "logs", t.pods[0].Name, "-c", c.Name, "--tail=50"),
	}, processAlone()}
	if longer > int(b.Failures) {
		f.Fix = append(f.Fix, finding.Fix{
			Text:    fmt.Sprintf("Until then, let it fail %d times in a row, for %s, before it kills", longer, analysis.Span(outage)),
			Command: patch(s.workload, c.Name, sidecar(c), "livenessProbe", map[string]any{"failureThreshold": longer}),
		})
	}
	if killed > 0 {
		f.Fix = append(f.Fix, timelineFix(s.workload)...)
	}
	return f
}

// outage is for how long a liveness probe that asks for a dependency should fail until it kills: longer than most failovers.
const outage = 5 * time.Minute
