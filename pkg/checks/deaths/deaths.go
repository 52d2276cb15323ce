// Package deaths gathers what checks of several areas need to speak of dead containers: for each workload, the deaths of each container
// that a check is interested in, from the pods that are there and from the events of those that have been replaced.
package deaths

import (
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/kubectl-scars/kubectl-scars/pkg/analysis"
	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
	"github.com/kubectl-scars/kubectl-scars/pkg/order"
	"github.com/kubectl-scars/kubectl-scars/pkg/restart"
	"github.com/kubectl-scars/kubectl-scars/pkg/snapshot"
)

// Inputs are what gathering takes.
func Inputs(more ...analysis.Input) []analysis.Input {
	return append(analysis.PodInputs(analysis.Optional(snapshot.Events)), more...)
}

// Case is the deaths of one container of one workload that a check is interested in.
type Case struct {
	restart.Toll

	Workload  snapshot.Ref
	Container string // empty where the pod as a whole is meant
	Kind      restart.Kind

	Restarts int32       // of this container, as the statuses of the pods that are there count them, by whatever cause
	Pods     int         // pods of the workload that are there and not at their end
	Hit      int         // those of them that have died so
	Down     bool        // one of these does not run, or is not ready, now
	Latest   *corev1.Pod // the pod of the last death, nil where it is gone

	replaced bool // no pod that has died so is there any more, and one that is there is ready
	onset    string
	exact    bool // every death that the pods' statuses count is known, so that the first is
}

// Gather finds the cases of deaths that match, by workload and container. With nodes, the state of nodes is looked at too, for which
// the check must declare them.
func Gather(p *analysis.Pass, nodes bool, match func(*restart.Death) bool) []Case {
	all := &known
	if nodes {
		all = &knownNodes
	}
	var out []Case
	for _, k := range all.In(p.View).containers {
		var wanted []restart.Death
		var hit []*corev1.Pod // each once
		for _, d := range k.deaths {
			if !match(d.death) {
				continue
			}
			wanted = append(wanted, *d.death)
			if d.pod != nil && (len(hit) == 0 || hit[len(hit)-1] != d.pod) {
				hit = append(hit, d.pod)
			}
		}
		if len(wanted) > 0 {
			out = append(out, newCase(p, k, wanted, hit))
		}
	}
	return out
}

// Facts are what is known of one pod of a workload; of its node too, where that is asked for.
func Facts(p *snapshot.View, w snapshot.Ref, inc snapshot.Incarnation, nodes bool) restart.Facts {
	f := restart.Facts{
		Namespace: w.Namespace, Name: inc.Name, Pod: inc.Pod, Events: inc.Events, Now: p.Now(),
		EventsComplete: p.Complete(snapshot.Events, w.Namespace) != snapshot.Unknown, EventsSince: p.EventsSince(),
	}
	if inc.Pod != nil {
		f.NodeName = inc.Pod.Spec.NodeName
	}
	for _, e := range inc.Events {
		if f.NodeName == "" && e.Source.Component == "kubelet" {
			f.NodeName = e.Source.Host
		}
	}
	if f.NodeName != "" {
		f.NodeEvents, f.OOMs = p.EventsNamed("Node", "", f.NodeName), nodeOOMs.In(p)[f.NodeName]
		if nodes {
			f.Node = p.Node(f.NodeName)
		}
	}
	return f
}

func newCase(p *analysis.Pass, of *victim, wanted []restart.Death, hit []*corev1.Pod) Case {
	order.By(wanted, func(a, b restart.Death) int { return a.Finished.Compare(b.Finished) })
	c := Case{Toll: restart.Sum(wanted), Workload: of.workload, Container: of.container, Restarts: of.restarts, Pods: of.pods}
	last := c.Toll.Latest()
	for i := range wanted {
		if wanted[i].Kind != "" {
			c.Kind = wanted[i].Kind
		}
	}
	for _, pod := range hit { // a pod of a StatefulSet bears the name of the one before it, and has not died
		if pod.Name == last.Pod.Name && !last.Gone {
			c.Latest = pod
		}
		if snapshot.Finished(pod) || pod.DeletionTimestamp != nil {
			continue
		}
		c.Hit++
		_, well := status(pod, of.container, p.Now())
		c.Down = c.Down || !well && c.Kind != restart.Ephemeral
	}
	c.replaced = len(hit) == 0 && of.served
	c.exact = of.count >= c.Restarts
	if r, ok := p.NewestRevision(of.workload); ok && !slices.ContainsFunc(c.Toll.Pods, func(pod string) bool { return !r.Made(pod) }) {
		c.onset = restart.Rollout{Number: r.Number, Since: r.Created}.Onset(c.First, p.Now(), c.exact)
	}
	return c
}

// recovered is how long a container has to run until its not being ready is no longer put down to the death before.
const recovered = time.Hour

// status is how often a container of the pod was restarted, and whether it runs and is ready now, or has run for so long that it is not
// the last death that keeps it from being ready. An init container that has done its work is well, and so is a pod as a whole, for the
// empty name, that is ready.
func status(pod *corev1.Pod, name string, now time.Time) (restarts int32, well bool) {
	for _, list := range [][]corev1.ContainerStatus{
		pod.Status.InitContainerStatuses, pod.Status.ContainerStatuses, pod.Status.EphemeralContainerStatuses,
	} {
		for i := range list {
			if s := &list[i]; s.Name == name {
				r, t := s.State.Running, s.State.Terminated
				return max(s.RestartCount, 0), r != nil && (s.Ready || now.Sub(r.StartedAt.Time) > recovered) || t != nil && t.ExitCode == 0
			}
		}
	}
	for _, c := range pod.Status.Conditions {
		if c.Type == corev1.PodReady {
			return 0, c.Status == corev1.ConditionTrue
		}
	}
	return 0, false
}

// Object is what a finding about the case is about.
func (c Case) Object() finding.ObjectRef {
	ref := analysis.Ref(c.Workload)
	ref.Container = c.Container
	return ref
}

// Severity says how much the case hurts now; false where it is too long ago to speak of. Pods that have been replaced by such as are well
// hurt nobody now.
func (c Case) Severity(now time.Time) (finding.Severity, bool) {
	s, ok := c.Toll.Severity(now, c.Restarts, c.Down)
	if s == finding.Critical && c.replaced {
		s = finding.Warning
	}
	return s, ok
}

// FirstSeen is when the first death was, nil where only later ones are known.
func (c Case) FirstSeen() *time.Time {
	if !c.exact {
		return nil
	}
	return finding.At(c.First)
}

// LastSeen is when the trouble was last seen, nil while it lasts.
func (c Case) LastSeen() *time.Time {
	if c.Down {
		return nil
	}
	return finding.At(c.Last)
}
