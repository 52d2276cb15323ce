package probes

// The view "probes recommend": the probes that the measured starts of each workload's containers ask for.

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/kubectl-scars/kubectl-scars/pkg/analysis"
	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
	"github.com/kubectl-scars/kubectl-scars/pkg/kubeevent"
	"github.com/kubectl-scars/kubectl-scars/pkg/order"
	"github.com/kubectl-scars/kubectl-scars/pkg/restart"
	"github.com/kubectl-scars/kubectl-scars/pkg/snapshot"
	"github.com/kubectl-scars/kubectl-scars/pkg/startup"
)

// Recommend is the view "probes recommend".
var Recommend = &analysis.View{
	ID:    "probes/recommend",
	Short: "Recommend probes by how long starts take and what timed out, with the reason for each number",
	Args:  "[TYPE/NAME ...]",
	Long: `A start is measured from the container's startedAt until the pod's containers were ready, less what successThreshold adds; starts that a
probe cut short count as lower bounds. Times are cut to seconds and readiness is seen only when a probe is due, so that each may have been
shorter by a second, a period and as long as an attempt may take. Where nothing can be measured nothing is recommended.

The startup probe waits twice as long as the slowest start, and three times as long where fewer than three are known or none has succeeded.
The liveness probe gives readiness the time to act first, and minReadySeconds lets a rollout see the first kill before it goes on; a Deployment's
progressDeadlineSeconds is raised where the server would refuse it otherwise. Time-outs are raised where attempts did time out, and are never
lowered: a startup probe that is new waits at least as long as those that ask the same.

Where a store that speaks Prometheus' HTTP API is named (--prometheus) or runs in the cluster, weeks of starts count as well: those of
versions with the same probes (of StatefulSets and DaemonSets those that run now), as kube-state-metrics saw them begin (kube_pod_container_state_started), become ready
(kube_pod_status_container_ready_time) and end. The kubelet's prober_probe_duration_seconds tells how long answers took: a time-out has room for
twice as long as 99 % of them took and for the slowest, which takes 300 answers and a day. Without a store all else stays.`,
	Example: `  # All workloads of the current namespace
  kubectl scars probes recommend

  # What to apply, checked by the server
  kubectl scars probes recommend deployment/web -o patch > patch.yaml
  kubectl patch deployment web --patch-file patch.yaml --dry-run=server

  # By weeks of starts and probe durations
  kubectl scars probes recommend deployment/web --prometheus http://localhost:9090`,
	Takes: []snapshot.Kind{
		snapshot.Deployments, snapshot.StatefulSets, snapshot.DaemonSets, snapshot.CronJobs, snapshot.Jobs, snapshot.ReplicaSets, snapshot.Pods,
	},
	Inputs:  analysis.WorkloadInputs(analysis.Optional(snapshot.Events)),
	History: analysis.WelcomesHistory, Labels: true, Patches: true,
	Make: recommend,
}

func recommend(v *snapshot.View, q analysis.Question) finding.View {
	out := &finding.ProbesRecommend{ViewHead: finding.NewHead(finding.ProbesRecommendKind), Items: []finding.ProbeAdvice{}}
	for _, w := range workloads(v, q) {
		switch w.Ref.Kind {
		case "Job", "CronJob":
			if len(q.Subjects) == 0 {
				continue // they are not waited for
			}
		}
		out.Items = append(out.Items, advise(v, w, q)...)
	}
	order.By(out.Items, func(a, b finding.ProbeAdvice) int {
		a.Object.Container, b.Object.Container = "", ""
		return finding.CompareObjects(a.Object, b.Object)
	})
	return out
}

// workloads adds to the workloads those of which only pods were read.
func workloads(v *snapshot.View, q analysis.Question) []analysis.Workload {
	out := analysis.Workloads(v, q)
	known := map[snapshot.Ref]bool{}
	for _, w := range out {
		known[w.Ref] = true
	}
	for _, ref := range v.Workloads() {
		kind, ok := map[string]snapshot.Kind{"Deployment": snapshot.Deployments, "StatefulSet": snapshot.StatefulSets, "DaemonSet": snapshot.DaemonSets}[ref.Kind]
		pod := newestPod(v, ref)
		if !ok || known[ref] || pod == nil || v.Complete(kind, ref.Namespace) == snapshot.Known {
			continue
		}
		if w := (analysis.Workload{Ref: ref, Object: pod, Replicas: len(v.PodsOf(ref)), Spec: &pod.Spec, Pods: v.PodsOf(ref)}); q.Wants(w, pod.Labels) {
			out = append(out, w)
		}
	}
	return out
}

// advise is the advice on all containers of a workload. Containers without probes are spoken of only where the workload was asked for.
func advise(v *snapshot.View, w analysis.Workload, q analysis.Question) []finding.ProbeAdvice {
	var out []finding.ProbeAdvice
	var changes []change
	newest := newestPod(v, w.Ref)
	eachContainer(&corev1.Pod{Spec: *w.Spec}, func(c *corev1.Container, init bool) {
		bare := c.StartupProbe == nil && c.LivenessProbe == nil && c.ReadinessProbe == nil
		if bare && len(q.Subjects) == 0 {
			return
		}
		item := finding.ProbeAdvice{Object: analysis.Ref(w.Ref), Numbers: []finding.ProbeNumber{}, Replicas: w.Replicas, RevertedBy: strings.Join(w.RevertedBy(), ", ")}
		item.Object.Container = c.Name
		own := c // as its pods run it: a mesh may have changed what the template says
		if newest != nil {
			if o, _ := specOf(newest, c.Name); o != nil {
				own = o
			}
		}
		s := startsOf(v, w.Ref, own)
		weeks := weeksOf(v, w, c, q)
		weeks.add(&s, w, own, newest)
		item.Starts, item.Answers = weeks.wire(s), weeks.answers()
		a := startup.Recommend(c, s.Sum, timeOuts(v, w.Ref, c.Name), weeks.replies())
		if newest == nil && s.N()+len(s.AtMost) == 0 && !bare {
			a.CannotSay = "no start can be measured: it has no pod"
		}
		item.CannotSay, item.Notes = a.CannotSay, a.Notes
		if weeks.past != nil && weeks.past.VersionsUnknown != "" {
			item.Notes = append(item.Notes, weeks.past.VersionsUnknown)
		}
		if init && len(weeks.added) > 0 {
			item.Notes = append(item.Notes, "weeks of metrics tell of a sidecar's starts only those that succeeded: kube-state-metrics does not tell when init containers ended")
		}
		if a.CannotSay == "" {
			item.Confidence = finding.Consistent
			if len(s.Ready) >= 3 {
				item.Confidence = finding.Strong
			}
			numbers, note := withMinReady(a.Numbers, w)
			item.Numbers = append(item.Numbers, numbers...)
			if note != "" {
				item.Notes = append(item.Notes, note)
			}
			changes = append(changes, change{c, init, a.AddsProbe, item.Numbers})
			if a.AddsProbe && fieldsOf(c.LivenessProbe) == nil {
				item.Notes = append(item.Notes, "the startupProbe asks what the livenessProbe asks: copy its handler, of which a snapshot keeps no arguments, into the patch's place")
			}
		}
		out = append(out, item)
	})
	if len(out) > 0 {
		out[0].Patch = patchOf(w.Ref, changes)
		if strings.Contains(out[0].Patch, "\n  template:\n") {
			switch says := rolls(v, analysis.Ref(w.Ref)); says {
			case rollsOver, "":
				out[0].Restarts = w.Replicas
			default:
				out[0].Notes = append(out[0].Notes, "the patch changes the pod template"+says)
			}
			for _, fix := range unblock(v, analysis.Ref(w.Ref), restartedOften) {
				out[0].Notes = append(out[0].Notes, fix.Text+": "+fix.Command)
			}
		}
	}
	return out
}

// timeOuts counts the attempts that got no answer in time, in all pods of a workload that are known.
func timeOuts(v *snapshot.View, w snapshot.Ref, container string) startup.TimeOuts {
	var t startup.TimeOuts
	for _, inc := range v.Incarnations(w) {
		for probe, n := range map[kubeevent.Probe]*int32{kubeevent.Startup: &t.Startup, kubeevent.Liveness: &t.Liveness, kubeevent.Readiness: &t.Readiness} {
			for _, s := range restart.Symptoms(inc.Pod, inc.Events, container, probe) {
				if s.Counts() && !s.Combined && (s.Class == kubeevent.ResponseTimeout || s.Class == kubeevent.ExecTimeout) {
					*n += s.Count
				}
			}
		}
	}
	return t
}

// waitLonger is the startup probe that the measured starts ask for, as fixes of a finding.
func (s starts) waitLonger() []finding.Fix {
	a := startup.Recommend(s.container, s.Sum, startup.TimeOuts{}, startup.Replies{})
	fields := map[string]any{}
	var words []string
	for _, n := range a.Numbers {
		if n.Probe == "startupProbe" && (n.Now == nil || *n.Now != n.Recommended) {
			fields[n.Field] = n.Recommended
			words = append(words, fmt.Sprintf("%s %d", n.Field, n.Recommended))
		}
	}
	if len(fields) == 0 {
		return nil
	}
	start := "the slowest start"
	if len(s.Ready) == 0 {
		start = fmt.Sprintf("a start that takes longer than %s", analysis.Span(s.Slowest))
	}
	fix := finding.Fix{Text: "Let a startupProbe wait for " + start + ": " + strings.Join(words, ", ")}
	changes, handler := map[string]map[string]any{"startupProbe": fields}, map[string]any{}
	if a.AddsProbe {
		handler = fieldsOf(s.container.LivenessProbe)
		if s.container.LivenessProbe.InitialDelaySeconds > 0 { // it would go on to sleep after the start
			changes["livenessProbe"] = map[string]any{"initialDelaySeconds": 0}
			fix.Text += ", and liveness for nothing else: initialDelaySeconds 0"
		}
	}
	if handler != nil {
		maps.Copy(fields, handler)
		fix.Command = patches(s.workload, s.container.Name, s.init, changes)
	}
	return []finding.Fix{fix}
}

// restartedOften tells whether a container of a pod that is not ready has been restarted again and again.
func restartedOften(pod *corev1.Pod) bool {
	return slices.ContainsFunc(pod.Status.ContainerStatuses, func(st corev1.ContainerStatus) bool { return st.RestartCount > 1 })
}
