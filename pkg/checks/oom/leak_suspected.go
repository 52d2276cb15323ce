package oom

// This file finds memory that grows with the age of containers until their limit ends them: leaks, as far as one look can tell.

import (
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/kubectl-scars/kubectl-scars/pkg/analysis"
	"github.com/kubectl-scars/kubectl-scars/pkg/checks/deaths"
	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
	"github.com/kubectl-scars/kubectl-scars/pkg/growth"
	"github.com/kubectl-scars/kubectl-scars/pkg/headroom"
	"github.com/kubectl-scars/kubectl-scars/pkg/heap"
	"github.com/kubectl-scars/kubectl-scars/pkg/restart"
	"github.com/kubectl-scars/kubectl-scars/pkg/snapshot"
)

// LeakSuspected is oom/leak-suspected.
var LeakSuspected = &analysis.Check{
	ID: "oom/leak-suspected",
	Doc: analysis.Doc{
		Title:   "A container's memory seems to leak",
		Symptom: "Replicas use the more memory the longer they have run, and each is killed at its limit at about the same age; restarts and rollouts make it well for a while.",
		Evidence: "Replicas of one template are one life seen at many ages. Three kills or more at the own limit after lives that agree to a quarter, at two moments or more, and what the replicas use now on the line that leads from their ages to these kills: strong; consistent where the lives were shorter than an hour. " +
			"Without a kill: four replicas or more whose ages lie 6 hours or more apart, by what the kubelet tells without file cache (--kubelet-stats): consistent. Without samples: four kills or more at as many moments: consistent, and the rate is the most that it can be. " +
			"A line is one where chance would make it less than 5 times in 10,000, where it grows by a third or more, where no replica carries it alone, and where the older do not grow more slowly than the younger. The bound (±) is that of 95 % certainty.",
		Why:    "A larger limit only delays the kill, and what is lost with each life comes back with every restart.",
		Fix:    "Find what grows in the oldest replica; until then, restart in good order before the limit does it. Weeks of metrics (oom recommend) tell a leak from a cache that is still being filled.",
		Limits: "One look shows no single life growing: a cache that has no bound in sight yet, or connections that stay with older replicas, look the same. Heaps that their runtime may let grow so far (-Xmx, --max-old-space-size and the like) are silent, and so are what flattens, lives of less than a minute, lives of less than an hour without a probe that says when the start is over, Jobs, and fewer replicas. On the working set alone, which the metrics API tells and in which cache counts, nothing is claimed unless kills agree; that it grows is then said.",
		Sources: []string{
			"google/cadvisor v0.60.5 lib/container/libcontainer/handler.go", "kubernetes#43916", "Linux Documentation/admin-guide/cgroup-v2.rst (memory.stat)",
		},
	},
	Inputs: deaths.Inputs(numberInputs()...),
	Asks:   askKubelets,
	Run:    leakSuspected,
}

const (
	leastKills   = 3 // that agree, beside samples; without samples one more
	leastMoments = 2
	slowLife     = time.Hour        // lives below it may be starts
	leastLife    = time.Minute      // and below this bursts, which nothing samples
	settledIn    = 10 * time.Minute // what is younger may still start
	agesApart    = 6 * time.Hour    // the youngest and the oldest, where nothing was killed
	nobodyWaits  = 30 * 24 * time.Hour
	soon         = 7 * 24 * time.Hour
)

func leakSuspected(p *analysis.Pass) error {
	killed := map[finding.ObjectRef]bool{}
	atOwnLimit := func(d *restart.Death) bool {
		return d.Cause == restart.MemoryLimit && !d.TooSmall && d.Limit.Owner == restart.OwnLimit && d.FromStatus
	}
	for _, c := range deaths.Gather(p, false, atOwnLimit) {
		severity, ok := c.Severity(p.Now())
		if !ok || ends(c.Workload) {
			continue
		}
		killed[c.Object()] = true
		if l, ok := leakToKills(p, c); ok {
			l.reportKills(p, c, severity)
		}
	}
	if len(p.PodUsages()) == 0 && len(p.AllKubeletStats()) == 0 {
		return nil
	}
	for _, w := range p.Workloads() {
		pods := p.PodsOf(w)
		if len(pods) < growth.LeastAges || ends(w) {
			continue
		}
		template := newestTemplate(pods)
		for _, list := range [...][]corev1.ContainerStatus{template.Status.ContainerStatuses, template.Status.InitContainerStatuses} {
			for j := range list {
				if name := list[j].Name; agesDiffer(pods, template, name) && !killed[objectOf(w, name)] {
					leakByAge(p, w, pods, template, name)
				}
			}
		}
	}
	return nil
}

// ends tells whether the pods of a workload come to an end: what they hold until then is their work.
func ends(w snapshot.Ref) bool { return w.Kind == "Job" || w.Kind == "CronJob" }

func objectOf(w snapshot.Ref, container string) finding.ObjectRef {
	ref := analysis.Ref(w)
	ref.Container = container
	return ref
}

// leak is a suspicion with what it rests on.
type leak struct {
	object   finding.ObjectRef
	workload snapshot.Ref

	trend    growth.Trend
	measured bool         // the trend is of samples; otherwise its rate is the most that it can be
	lives    growth.Lives // that were ended by kills; zero where none was
	kills    []restart.Death
	replicas []*replica // that run, the youngest first
	limit    headroom.Limit
}

// leakToKills looks at whether kills came at an age, and whether what runs now is on the way there.
func leakToKills(p *analysis.Pass, c deaths.Case) (l leak, ok bool) {
	pods := p.PodsOf(c.Workload)
	if len(pods) == 0 || c.Latest == nil {
		return l, false
	}
	l = leak{object: c.Object(), workload: c.Workload}
	template := newestTemplate(pods)
	var lives []growth.Life
	for _, d := range c.Toll.Deaths {
		if _, known := d.Lifetime(); !known || d.Limit.Other != "" || d.Limit.Bytes.Cmp(c.Toll.Latest().Limit.Bytes) != 0 {
			return l, false
		}
		if madeAs(pods, d.Pod.Name, template) {
			lives, l.kills = append(lives, growth.Life{Started: d.Started, Ended: d.Finished}), append(l.kills, d)
		}
	}
	if l.lives, ok = growth.Agree(lives); !ok || len(lives) < leastKills || l.lives.Moments < leastMoments || l.lives.Shortest < leastLife {
		return l, false
	}
	l.limit = headroom.ContainerLimit(c.Latest, c.Container)
	limit := l.limit.Bytes
	if heapMayGrow(c.Latest, c.Container, limit, limit) {
		return l, false
	}
	l.replicas = replicasOf(p, pods, template, c.Container, min(settledIn, l.lives.Middle/4))
	if l.lives.Shortest < slowLife && !started(template, l.replicas, c.Container) {
		return l, false
	}
	points := pointsOf(l.replicas)
	for _, life := range lives {
		points = append(points, growth.Point{Age: life.Span(), Bytes: limit})
	}
	if l.trend, l.measured = growth.Of(points, 3); l.measured && len(l.replicas) >= 2 {
		return l, true
	}
	// Where samples are, they had to be on the line.
	l.measured, l.trend = false, growth.Trend{PerHour: float64(limit) / l.lives.Middle.Hours()}
	return l, len(l.replicas) == 0 && l.lives.Shortest >= slowLife && l.lives.Moments > leastKills
}

// leakByAge looks at whether the replicas that nothing has killed use the more the older they are.
func leakByAge(p *analysis.Pass, w snapshot.Ref, pods []*corev1.Pod, template *corev1.Pod, container string) {
	l := leak{object: objectOf(w, container), workload: w, measured: true}
	l.replicas = replicasOf(p, pods, template, container, settledIn)
	if len(l.replicas) < growth.LeastAges || l.oldest().age-l.replicas[0].age < agesApart {
		return
	}
	var grows bool
	if l.trend, grows = growth.Of(pointsOf(l.replicas), growth.LeastAges); !grows {
		return
	}
	most := int64(0)
	for _, r := range l.replicas {
		most = max(most, r.bytes())
	}
	l.limit = headroom.ContainerLimit(l.oldest().pod, container)
	if left, limited := l.untilLimit(); limited && left > nobodyWaits || heapMayGrow(l.oldest().pod, container, l.limit.Bytes, most) {
		return
	}
	if l.replicas[0].told == withCache {
		p.CannotSay(l.object, "whether memory leaks or file cache fills: the working set grows with the age of its replicas; "+untold(p, l.oldest().pod.Spec.NodeName))
		return
	}
	l.reportAge(p)
}

// heapMayGrow tells whether a runtime may let its heap grow as far as was used, by what the container is given: then it collects garbage
// when it is there, not before. Beside the heap are code, threads and buffers. Go collects by what lives, whatever GOMEMLIMIT says.
func heapMayGrow(pod *corev1.Pod, container string, limit, used int64) bool {
	for _, list := range [...][]corev1.Container{pod.Spec.Containers, pod.Spec.InitContainers} {
		for i := range list {
			if list[i].Name != container || len(list[i].Env)+len(list[i].Args) == 0 {
				continue
			}
			for _, s := range heap.Of(&list[i], limit) {
				if s.Runtime != heap.Go && s.Bytes > 0 && used <= s.Bytes+max(s.Bytes/4, 256<<20) {
					return true
				}
			}
		}
	}
	return false
}
