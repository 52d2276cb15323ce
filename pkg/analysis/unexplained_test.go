package analysis

// Pods that are not ready and that no finding speaks of are counted by their own reason; those that are well, start or have ended are not.

import (
	"cmp"
	"fmt"
	"slices"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
)

func age(d time.Duration) func(*corev1.Pod) {
	return func(p *corev1.Pod) { p.CreationTimestamp = metav1.NewTime(clock().Add(-d)) }
}

func phase(phase corev1.PodPhase) func(*corev1.Pod) {
	return func(p *corev1.Pod) { p.Status.Phase = phase }
}

func condition(kind corev1.PodConditionType, status corev1.ConditionStatus, reason string, ago time.Duration) func(*corev1.Pod) {
	return func(p *corev1.Pod) {
		p.Status.Conditions = append(p.Status.Conditions, corev1.PodCondition{
			Type: kind, Status: status, Reason: reason, LastTransitionTime: metav1.NewTime(clock().Add(-ago)),
		})
	}
}

func waiting(reason string, last *corev1.ContainerStateTerminated) func(*corev1.Pod) {
	return func(p *corev1.Pod) {
		p.Status.ContainerStatuses = append(p.Status.ContainerStatuses, corev1.ContainerStatus{
			Name: "app", State: corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: reason}},
			LastTerminationState: corev1.ContainerState{Terminated: last},
		})
	}
}

func TestNotReady(t *testing.T) {
	unready := condition(corev1.PodReady, corev1.ConditionFalse, "ContainersNotReady", 10*time.Minute)
	for name, test := range map[string]struct {
		change []func(*corev1.Pod)
		want   string // reason, and detail
	}{
		"running":             {nil, ""},
		"ready":               {[]func(*corev1.Pod){condition(corev1.PodReady, corev1.ConditionTrue, "", time.Hour)}, ""},
		"succeeded":           {[]func(*corev1.Pod){phase(corev1.PodSucceeded), unready}, ""},
		"being deleted":       {[]func(*corev1.Pod){unready, func(p *corev1.Pod) { now := metav1.NewTime(clock()); p.DeletionTimestamp = &now }}, ""},
		"image":               {[]func(*corev1.Pod){phase(corev1.PodPending), waiting("ImagePullBackOff", nil), unready}, "ImagePullBackOff"},
		"image, at once":      {[]func(*corev1.Pod){age(time.Second), phase(corev1.PodPending), waiting("ErrImagePull", nil)}, "ErrImagePull"},
		"crash":               {[]func(*corev1.Pod){waiting("CrashLoopBackOff", &corev1.ContainerStateTerminated{ExitCode: 1, Reason: "Error"}), unready}, "CrashLoopBackOff container app: last exit 1 (Error)"},
		"crash, no reason":    {[]func(*corev1.Pod){waiting("CrashLoopBackOff", &corev1.ContainerStateTerminated{ExitCode: 3})}, "CrashLoopBackOff container app: last exit 3 (no reason)"},
		"starting":            {[]func(*corev1.Pod){age(time.Minute), phase(corev1.PodPending), waiting("ContainerCreating", nil)}, ""},
		"starts too long":     {[]func(*corev1.Pod){age(5 * time.Minute), phase(corev1.PodPending), waiting("ContainerCreating", nil)}, "Pending"},
		"unschedulable":       {[]func(*corev1.Pod){age(time.Second), phase(corev1.PodPending), condition(corev1.PodScheduled, corev1.ConditionFalse, "Unschedulable", time.Second)}, "Unschedulable"},
		"not ready":           {[]func(*corev1.Pod){unready}, "ContainersNotReady"},
		"not ready, no word":  {[]func(*corev1.Pod){condition(corev1.PodReady, corev1.ConditionUnknown, "", time.Hour)}, "NotReady"},
		"not ready just now":  {[]func(*corev1.Pod){condition(corev1.PodReady, corev1.ConditionFalse, "ContainersNotReady", time.Minute)}, ""},
		"not ready and young": {[]func(*corev1.Pod){age(time.Minute), unready}, ""},
		"unknown":             {[]func(*corev1.Pod){phase(corev1.PodUnknown)}, "Unknown"},
		"evicted":             {[]func(*corev1.Pod){phase(corev1.PodFailed), func(p *corev1.Pod) { p.Status.Reason = "Evicted" }}, "Evicted"},
		"failed":              {[]func(*corev1.Pod){phase(corev1.PodFailed)}, "Failed"},
		"failed, replaced":    {[]func(*corev1.Pod){phase(corev1.PodFailed), func(p *corev1.Pod) { p.OwnerReferences = owned("ReplicaSet", "web-5d4c") }}, ""},
		"failed in a Job":     {[]func(*corev1.Pod){phase(corev1.PodFailed), func(p *corev1.Pod) { p.OwnerReferences = owned("Job", "batch") }}, ""},
		"no status at all":    {[]func(*corev1.Pod){func(p *corev1.Pod) { p.Status = corev1.PodStatus{} }}, ""},
		"made in the future":  {[]func(*corev1.Pod){age(-time.Hour), phase(corev1.PodPending)}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			reason, detail := notReady(pod("shop", "web", test.change...), clock())
			if got := reason + " " + detail; got != test.want+" " && got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func TestUnexplained(t *testing.T) {
	bad := []func(*corev1.Pod){phase(corev1.PodPending), waiting("ImagePullBackOff", nil)}
	with := func(more ...func(*corev1.Pod)) []func(*corev1.Pod) { return append(slices.Clone(bad), more...) }
	claim := func(name string) func(*corev1.Pod) {
		return func(p *corev1.Pod) {
			p.Spec.Volumes = []corev1.Volume{{VolumeSource: corev1.VolumeSource{PersistentVolumeClaim: &corev1.PersistentVolumeClaimVolumeSource{ClaimName: name}}}}
		}
	}
	s := build(t,
		pod("shop", "well"), pod("shop", "a", bad...), pod("shop", "b", bad...), pod("cart", "a", bad...),
		pod("shop", "web-1", with(func(p *corev1.Pod) { p.OwnerReferences = owned("StatefulSet", "web") })...),
		pod("shop", "on-node", phase(corev1.PodPending), func(p *corev1.Pod) { p.Spec.NodeName = "node1" }),
		pod("shop", "claims", with(claim("data"))...),
		pod("shop", "crash", waiting("CrashLoopBackOff", nil), func(p *corev1.Pod) { p.OwnerReferences = owned("StatefulSet", "web") }),
		pod("shop", "served", with(func(p *corev1.Pod) { p.Labels = map[string]string{"app": "web"} })...),
		&corev1.Service{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "web", UID: "svc"}, Spec: corev1.ServiceSpec{Selector: map[string]string{"app": "web"}}},
	)
	for name, test := range map[string]struct {
		findings []finding.Finding
		want     []string
	}{
		"nothing was found": {nil, []string{"CrashLoopBackOff 1", "ImagePullBackOff 6", "Pending 1"}},
		"a pod": {
			[]finding.Finding{about("", finding.Warning, ref("Pod", "shop", "a"))}, []string{"CrashLoopBackOff 1", "ImagePullBackOff 5", "Pending 1"},
		},
		"its Service, and as evidence": {
			[]finding.Finding{about("", finding.Critical, ref("Service", "shop", "web"), ref("Pod", "shop", "a"), ref("Pod", "shop", "b"))},
			[]string{"CrashLoopBackOff 1", "ImagePullBackOff 3", "Pending 1"},
		},
		"its workload, but not that an image cannot be had": {
			[]finding.Finding{about("", finding.Warning, ref("StatefulSet", "shop", "web"))}, []string{"ImagePullBackOff 6", "Pending 1"},
		},
		"its node":  {[]finding.Finding{about("", finding.Warning, ref("Node", "", "node1"))}, []string{"CrashLoopBackOff 1", "ImagePullBackOff 6"}},
		"its claim": {[]finding.Finding{about("", finding.Warning, ref("PersistentVolumeClaim", "shop", "data"))}, []string{"CrashLoopBackOff 1", "ImagePullBackOff 5", "Pending 1"}},
		"only something worth knowing": {
			[]finding.Finding{about("", finding.Info, ref("Pod", "shop", "a"))}, []string{"CrashLoopBackOff 1", "ImagePullBackOff 6", "Pending 1"},
		},
		"that one is not ready is worth knowing": {
			[]finding.Finding{{Severity: finding.Info, Object: ref("StatefulSet", "shop", "web"), Evidence: []finding.Evidence{{Object: ref("Pod", "shop", "a"), Source: "status.conditions[Ready]"}}}},
			[]string{"CrashLoopBackOff 1", "ImagePullBackOff 5", "Pending 1"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			got := Unexplained(s, test.findings)
			slices.SortFunc(got, func(a, b finding.Unexplained) int { return cmp.Compare(a.Reason, b.Reason) })
			var words []string
			for _, u := range got {
				words = append(words, fmt.Sprintf("%s %d", u.Reason, u.Count))
				if u.Count != len(u.Pods) {
					t.Errorf("%s: %d counted, %d named", u.Reason, u.Count, len(u.Pods))
				}
			}
			if !slices.Equal(words, test.want) {
				t.Errorf("got %q, want %q", words, test.want)
			}
		})
	}
}
