package probes

import (
	"reflect"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/kubectl-scars/kubectl-scars/pkg/analysis"
	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
	"github.com/kubectl-scars/kubectl-scars/pkg/snapshot"
)

// TestWhatAPatchDoes: a patch of a template does not always roll a workload over, and may do nothing until a pod is deleted.
func TestWhatAPatchDoes(t *testing.T) {
	meta := metav1.ObjectMeta{Namespace: "shop", Name: "api", UID: "api"}
	set := func(policy appsv1.PodManagementPolicyType, update appsv1.StatefulSetUpdateStrategy) *appsv1.StatefulSet {
		return &appsv1.StatefulSet{ObjectMeta: meta, Spec: appsv1.StatefulSetSpec{PodManagementPolicy: policy, UpdateStrategy: update}}
	}
	rolling := appsv1.StatefulSetUpdateStrategy{Type: appsv1.RollingUpdateStatefulSetStrategyType, RollingUpdate: &appsv1.RollingUpdateStatefulSetStrategy{Partition: new(int32(0))}}
	manifest := set(appsv1.OrderedReadyPodManagement, rolling)
	manifest.UID = ""
	for name, c := range map[string]struct {
		owner   snapshot.Object
		says    string // in the fix that patches
		deletes bool   // the pod that is not ready
	}{
		"Deployment":            {&appsv1.Deployment{ObjectMeta: meta}, "; this rolls the workload over", false},
		"paused":                {&appsv1.Deployment{ObjectMeta: meta, Spec: appsv1.DeploymentSpec{Paused: true}}, "; it is paused, and this rolls it over once it is resumed", false},
		"ordered StatefulSet":   {set(appsv1.OrderedReadyPodManagement, rolling), "; this rolls the workload over", true},
		"parallel StatefulSet":  {set(appsv1.ParallelPodManagement, rolling), "; this rolls the workload over", false},
		"manifest":              {manifest, "", false},
		"partition":             {set(appsv1.OrderedReadyPodManagement, appsv1.StatefulSetUpdateStrategy{Type: appsv1.RollingUpdateStatefulSetStrategyType, RollingUpdate: &appsv1.RollingUpdateStatefulSetStrategy{Partition: new(int32(2))}}), "; this rolls the pods over from number 2 on, its partition", false},
		"StatefulSet, OnDelete": {set(appsv1.OrderedReadyPodManagement, appsv1.StatefulSetUpdateStrategy{Type: appsv1.OnDeleteStatefulSetStrategyType}), "; a pod takes it only when you delete it (updateStrategy OnDelete)", false},
		"DaemonSet, OnDelete":   {&appsv1.DaemonSet{ObjectMeta: meta, Spec: appsv1.DaemonSetSpec{UpdateStrategy: appsv1.DaemonSetUpdateStrategy{Type: appsv1.OnDeleteDaemonSetStrategyType}}}, "; a pod takes it only when you delete it (updateStrategy OnDelete)", false},
	} {
		kind := reflect.TypeOf(c.owner).Elem().Name()
		objects := []snapshot.Object{c.owner}
		owner := controlledBy(kind, "api")
		if kind == "Deployment" {
			objects = append(objects, &appsv1.ReplicaSet{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "api-1", UID: "api-1", OwnerReferences: owner}})
			owner = controlledBy("ReplicaSet", "api-1")
		}
		for _, pod := range []string{"api-0", "api-1"} {
			objects = append(objects, lone(pod, func(p *corev1.Pod) {
				p.OwnerReferences = owner
				p.UID = types.UID(pod)
				if pod == "api-1" {
					p.Status.Conditions[0].Status = corev1.ConditionFalse
				}
				restarted(143, 5*time.Minute)(p)
			}), about(lone(pod), "Killing", killedText, 5*time.Minute, 5*time.Minute, 1), about(lone(pod), "Unhealthy", strings.Replace(failedText, "HTTP probe failed with statuscode: 503", `Get "http://10.1.2.3:8080/healthz": context deadline exceeded (Client.Timeout exceeded while awaiting headers)`, 1), 6*time.Minute, 5*time.Minute, 3))
		}
		s := clusterOf(t, nil, objects...)
		r := analysis.Assemble(s, analysis.Run(s, []*analysis.Check{LivenessKill}, nil), finding.Metadata{})
		if len(r.Findings) != 1 {
			t.Fatalf("%s: %+v", name, r.Findings)
		}
		patched, deleted := false, false
		for i, fix := range r.Findings[0].Fix {
			if strings.Contains(fix.Command, " patch ") {
				patched = strings.HasSuffix(fix.Text, c.says) && (c.says != "" || !strings.Contains(fix.Text, "rolls"))
				deleted = strings.HasSuffix(r.Findings[0].Fix[i+1].Command, " delete pod api-1")
			}
		}
		if !patched || deleted != c.deletes {
			t.Errorf("%s: %+v", name, r.Findings[0].Fix)
		}
	}
}
