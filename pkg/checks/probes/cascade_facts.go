package probes

// This file reads from a snapshot what package cascade judges by.

import (
	"slices"
	"time"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/utils/ptr"

	"github.com/kubectl-scars/kubectl-scars/pkg/analysis"
	"github.com/kubectl-scars/kubectl-scars/pkg/cascade"
	"github.com/kubectl-scars/kubectl-scars/pkg/checks/deaths"
	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
	"github.com/kubectl-scars/kubectl-scars/pkg/kubeevent"
	"github.com/kubectl-scars/kubectl-scars/pkg/order"
	"github.com/kubectl-scars/kubectl-scars/pkg/restart"
	"github.com/kubectl-scars/kubectl-scars/pkg/snapshot"
	"github.com/kubectl-scars/kubectl-scars/pkg/startup"
)

// falling is a workload whose liveness probe failed on some replica.
type falling struct {
	workload  snapshot.Ref
	scaler    *autoscalingv2.HorizontalPodAutoscaler // nil where none is known
	container *corev1.Container
	init      bool
	pods      []*corev1.Pod // that should run
	facts     cascade.Facts
	words     string
	fault     bool          // the program says that it has failed, and not for what
	asks      string        // by the path, for which dependency
	apart     time.Duration // between two attempts that fail as most do
	measured  bool          // the use of CPU is that of the metrics API
	alone     bool          // Services were not read that may spread load over its pods
	symptoms  map[symptom]bool
	grades    map[string][]graded // of a replica's kills
	deaths    []restart.Death
	failed    []finding.Evidence // what failed and was not killed for it
	evidence  []finding.Evidence
}

// graded is a kill, and how sure it is that it was one by the liveness probe.
type graded struct {
	first, last time.Time
	grade       finding.Confidence
}

// fallingOf gathers what failed; nil for most workloads: one replica, no container with a liveness probe, or nothing that failed.
// The pods of a DaemonSet take load from each other only where something spreads it over them.
func fallingOf(p *analysis.Pass, w snapshot.Ref, scalers func() map[snapshot.Ref]*autoscalingv2.HorizontalPodAutoscaler, services func() bySelector) *falling {
	if len(p.PodsOf(w)) < 2 || w.Kind == "Job" || w.Kind == "CronJob" {
		return nil
	}
	f := &falling{workload: w}
	died := map[string][]restart.Death{}
	for _, inc := range p.Incarnations(w) {
		if inc.Pod == nil {
			continue
		}
		ends := deaths.Of(p.View, inc.Pod)
		if len(ends)+len(inc.Events) == 0 || !notFinished(inc.Pod) || neverServed(inc.Pod) {
			continue
		}
		for _, d := range ends {
			if d.Cause == restart.Liveness || f.container == nil && d.Cause == restart.Unknown {
				died[inc.Name] = append(died[inc.Name], d)
				f.take(inc.Pod, d.Pod.Container)
			}
		}
		for _, e := range inc.Events {
			if u, ok := kubeevent.ParseUnhealthy(e.Message); ok && e.Reason == "Unhealthy" && u.Probe == kubeevent.Liveness {
				f.take(inc.Pod, kubeevent.Container(e))
			}
		}
	}
	if f.container == nil {
		return nil
	}
	if f.pods = alive(p.PodsOf(w)); len(f.pods) < 2 {
		return nil
	}
	if w.Kind == "DaemonSet" && !f.balanced(services()) {
		if p.Complete(snapshot.Services, w.Namespace) == snapshot.Known {
			return nil
		}
		f.alone = true
	}
	f.scaler = scalers()[snapshot.Ref{Kind: w.Kind, Namespace: w.Namespace, Name: w.Name}]
	f.measure(p, died)
	return f
}

// balanced tells whether a Service spreads load over the pods of a DaemonSet: what one does not take, another gets. One whose clients are sent
// to their own node alone does not, but for what comes from outside, where the nodes without a ready pod are left out.
func (f *falling) balanced(services bySelector) bool {
	return slices.ContainsFunc(services.selecting(f.workload.Namespace, f.pods[0].Labels), func(s *corev1.Service) bool {
		return s.Spec.Type == corev1.ServiceTypeLoadBalancer || ptr.Deref(s.Spec.InternalTrafficPolicy, "") != corev1.ServiceInternalTrafficPolicyLocal
	})
}

// take notes the container that is spoken of: the first with a liveness probe of which something is told.
func (f *falling) take(pod *corev1.Pod, name string) {
	if c, init := specOf(pod, name); f.container == nil && c != nil && c.LivenessProbe != nil {
		f.container, f.init = c, init
	}
}

func (f *falling) measure(p *analysis.Pass, died map[string][]restart.Death) {
	f.symptoms, f.grades = map[symptom]bool{}, map[string][]graded{}
	budget := restart.BudgetOf(f.container.LivenessProbe)
	f.facts = cascade.Facts{
		Now: p.Now(), EventsRead: p.Complete(snapshot.Events, f.workload.Namespace) != snapshot.Unknown,
		KillTime: budget.Attempts(budget.Failures - 1), Use: f.use(p), Scaler: scalerOf(f.scaler),
	}
	if c := f.container; c.ReadinessProbe != nil {
		ready := restart.BudgetOf(c.ReadinessProbe)
		if f.facts.KillTime <= ready.Longest(ready.Failures) {
			f.facts.Coupled, f.facts.Hidden = sameHandler(c), startup.Hidden(c.LivenessProbe, c.ReadinessProbe)
		}
	}
	revisions := rolloutOf(p, f.workload, f.pods)
	f.facts.RolledOut = revisions.since
	var names []string
	for _, pod := range f.pods {
		names = append(names, pod.Name)
	}
	var kinds []restart.Symptom
	var quotes []finding.Evidence
	f.words, kinds, quotes = failures(p, f.workload, names, f.container.Name, kubeevent.Liveness)
	f.fault = len(kinds) > 0 && ownFault(kinds[0].Unhealthy) && f.allFault(p, kinds[0].Unhealthy)
	load := len(kinds) == 0 || byLoad(kinds[0].Unhealthy) || f.fault
	word, plain := askedFor(f.container.LivenessProbe)
	if f.asks = word; word != "" && len(kinds) > 0 {
		f.facts.Asked = f.fault && !throughAgent(f.container.LivenessProbe) || unwell(kinds[0].Unhealthy) && (plain || kinds[0].Class == kubeevent.HTTPStatus)
	}
	refused := slices.ContainsFunc(kinds, func(k restart.Symptom) bool { return k.Class.NothingListens() })
	f.apart = budget.Period
	if len(kinds) > 0 && (kinds[0].Class == kubeevent.ResponseTimeout || kinds[0].Class == kubeevent.ExecTimeout) {
		f.apart, f.facts.KillTime = budget.Apart(1), budget.Apart(budget.Failures-1)
	}
	s := startsOf(p.View, f.workload, f.container)
	if n := len(s.Ready); n > 0 {
		f.facts.StartUp = s.Ready[n-1].Took
	}
	slow := s.outlast(f.container.LivenessProbe, refused)
	hit := false
	for _, pod := range f.pods {
		r := cascade.Replica{Name: pod.Name, Node: pod.Spec.NodeName, Ready: isReady(pod), Newest: revisions.newest(pod)}
		if st := f.status(pod); st != nil {
			r.Restarts = max(st.RestartCount, 0)
			r.Died, r.Lived = lastEnd(st)
		}
		if load && !neverServed(pod) {
			f.add(p, &r, pod, died[pod.Name], slow)
		}
		hit = hit || len(r.Kills)+len(r.Failures) > 0
		f.facts.Replicas = append(f.facts.Replicas, r)
	}
	for _, k := range kinds {
		if hit && p.Now().Sub(k.Last) <= cascade.Window {
			f.symptoms[symptom{f.workload.Namespace, k.Class, k.Status}] = true
		}
	}
	// Of many lines the last are not kept: some failures go first, and of the kills the latest, as where each is told by itself.
	some := min(len(f.failed), 5)
	f.evidence = slices.Clone(f.failed[:some])
	order.By(f.deaths, func(a, b restart.Death) int { return a.Finished.Compare(b.Finished) })
	for _, d := range slices.Backward(f.deaths) {
		f.evidence = append(f.evidence, d.Evidence...)
	}
	f.evidence = slices.Concat(f.evidence, f.failed[some:], quotes)
}

// add notes when a replica was killed, and when its probe failed after it was up. What happens to a start, another check tells; slow tells
// that starts may take as long as the probe waits.
func (f *falling) add(p *analysis.Pass, r *cascade.Replica, pod *corev1.Pod, died []restart.Death, slow bool) {
	for _, d := range died {
		if d.Pod.Container != f.container.Name || d.Cause != restart.Liveness || d.Finished.IsZero() || slow && cutShort(pod, f.container, d) {
			continue
		}
		k := graded{first: d.Finished, last: d.Finished, grade: d.Confidence}
		r.Kills = append(r.Kills, d.Finished)
		if !d.First.IsZero() && d.Count > 1 {
			r.Kills = append(r.Kills, d.First)
			k.first = d.First
		}
		f.grades[pod.Name] = append(f.grades[pod.Name], k)
		f.deaths = append(f.deaths, d)
	}
	st := f.status(pod)
	if st == nil || st.State.Running == nil {
		return
	}
	for _, s := range afterStart(pod, f.container, st, restart.Symptoms(pod, p.EventsOf("Pod", pod), f.container.Name, kubeevent.Liveness)) {
		if !s.Counts() || s.Combined || !byLoad(s.Unhealthy) && !(f.fault && ownFault(s.Unhealthy)) {
			continue
		}
		r.Failures = append(r.Failures, s.First, s.Last)
		f.failed = append(f.failed, s.Evidence(finding.ObjectRef{Kind: "Pod", Namespace: pod.Namespace, Name: pod.Name, Container: f.container.Name}))
	}
}

// allFault tells whether half of the replicas, and two, say the same of themselves, each after it had been up: what one says is its own fault,
// and what all say from their start on is that of what was rolled out.
func (f *falling) allFault(p *analysis.Pass, kind kubeevent.Unhealthy) bool {
	n := 0
	for _, pod := range f.pods {
		up := pod.CreationTimestamp.Add(restart.BudgetOf(f.container.LivenessProbe).Latest + startsWithin)
		if slices.ContainsFunc(restart.Symptoms(pod, p.EventsOf("Pod", pod), f.container.Name, kubeevent.Liveness), func(s restart.Symptom) bool {
			return s.Counts() && s.Status == kind.Status && s.First.After(up)
		}) {
			n++
		}
	}
	return n >= cascade.Half(len(f.pods))
}

// confidence is that of the kill that is the least sure of those that the verdict takes, half of the replicas or all that were killed, and
// never proven: that load goes from one replica to the next, nothing states.
func (f *falling) confidence(a cascade.Assessment) finding.Confidence {
	var best []finding.Confidence // of each replica that was killed
	for _, name := range a.Killed {
		grade := finding.Consistent
		for _, k := range f.grades[name] {
			if !k.last.Before(a.From) && !k.first.After(a.To) && k.grade.Rank() < grade.Rank() {
				grade = k.grade
			}
		}
		best = append(best, grade)
	}
	order.By(best, func(x, y finding.Confidence) int { return x.Rank() - y.Rank() })
	if a.Verdict == cascade.Active {
		best = best[:a.Half()]
	}
	out := finding.Strong
	for _, grade := range best {
		out = out.Weaker(grade)
	}
	return out
}

// cutShort tells whether a kill by liveness was that of a start: the life was no longer than the probe's clock. Of a life of which only an
// event tells, it may be said where the pod was as new; what follows on such a kill is no better.
func cutShort(pod *corev1.Pod, c *corev1.Container, d restart.Death) bool {
	if d.FromStatus {
		return len(startup.Killed(pod, c, []restart.Death{d})) > 0
	}
	p, name := startup.Governing(c)
	from := pod.CreationTimestamp.Time
	if pod.Status.StartTime != nil {
		from = pod.Status.StartTime.Time
	}
	return name == kubeevent.Liveness && d.First.Sub(from) <= startsWithin+restart.BudgetOf(p).Latest
}

// byLoad tells whether load, or what the handler waits for, can make a probe fail so. Nothing listens while a program starts, and a
// question that is wrong is so under any load.
func byLoad(u kubeevent.Unhealthy) bool {
	switch {
	case u.Class == kubeevent.Refused, u.Class == kubeevent.Scheme, u.Class == kubeevent.RedirectLoop, u.Class == kubeevent.GRPCNoService:
		return false
	case u.Class == kubeevent.HTTPStatus:
		return u.Status > 501 || u.Status == 408 || u.Status == 429 // unavailable, time-out, too many requests; for 500 and 501 see ownFault
	default:
		return true
	}
}
