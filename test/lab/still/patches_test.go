package still

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/client-go/kubernetes"

	"github.com/kubectl-scars/kubectl-scars/pkg/cli"
	"github.com/kubectl-scars/kubectl-scars/pkg/prometheus/promtest"
	"github.com/kubectl-scars/kubectl-scars/test/lab/internal/still"
)

// TestTheServerAcceptsPatches: what "probes recommend" and "oom recommend" print for each kind that has a template is accepted by the server
// in a dry run, called as the view itself says.
func TestTheServerAcceptsPatches(t *testing.T) {
	config, err := rig.Config(still.Writer)
	if err != nil {
		t.Fatal(err)
	}
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		t.Fatal(err)
	}
	reader, err := rig.User(still.Admin, "default", "system:masters")
	if err != nil {
		t.Fatal(err)
	}
	writer, err := rig.User(still.Writer, "default", "system:masters")
	if err != nil {
		t.Fatal(err)
	}
	store := promtest.Start(promtest.Options{Series: memoryOf(writeWorkloads(t, client))})
	defer store.Close()
	for _, args := range [][]string{{"probes", "recommend"}, {"oom", "recommend", "--prometheus", store.URL}} {
		for _, object := range []string{"deployment/patched", "statefulset/patched", "daemonset/patched", "cronjob/patched"} {
			t.Run(args[0]+" "+object, func(t *testing.T) {
				var stdout, stderr bytes.Buffer
				argv := append([]string{"kubectl-scars", "--kubeconfig", reader}, args...)
				env := cli.Env{Now: clock, In: strings.NewReader(""), Out: &stdout, Err: &stderr, Version: "test", Getenv: func(string) (string, bool) { return "", false }}
				if code := cli.Run(t.Context(), env, append(argv, object, "-n", "default", "-o", "patch")); code != 0 {
					t.Fatalf("exit code %d: %s", code, stderr.String())
				}
				first, _, _ := strings.Cut(stdout.String(), "\n")
				words := strings.Fields(strings.TrimPrefix(first, "# "))
				if len(words) < 2 || words[0] != "kubectl" || words[len(words)-1] != "FILE" {
					t.Fatalf("no patch:\n%s", stdout.String())
				}
				file := filepath.Join(t.TempDir(), "patch.yaml")
				if err := os.WriteFile(file, stdout.Bytes(), 0o600); err != nil {
					t.Fatal(err)
				}
				words[len(words)-1] = file
				out, err := exec.CommandContext(t.Context(), rig.Kubectl, append(words[1:], "--dry-run=server", "--kubeconfig", writer)...).CombinedOutput()
				if err != nil || !strings.Contains(string(out), " patched") || strings.Contains(string(out), "no change") {
					t.Errorf("%v: %s\n%s", err, out, stdout.String())
				}
			})
		}
	}
}

// writeWorkloads makes one workload of each kind, with a pod of it that was ready 15 s after its start, of 20 that liveness guarantees, and gives the pods by the kinds.
func writeWorkloads(t *testing.T, client *kubernetes.Clientset) map[string]string {
	t.Helper()
	ask := func(path string, period int32) *corev1.Probe {
		return &corev1.Probe{PeriodSeconds: period, ProbeHandler: corev1.ProbeHandler{HTTPGet: &corev1.HTTPGetAction{Path: path, Port: intstr.FromInt32(8080)}}}
	}
	spec := corev1.PodSpec{Containers: []corev1.Container{{
		Name: "app", Image: "registry.example/app:1", LivenessProbe: ask("/up", 10), ReadinessProbe: ask("/up", 5),
		Resources: corev1.ResourceRequirements{Limits: corev1.ResourceList{corev1.ResourceMemory: resource.MustParse("1Gi")}},
	}}}
	labels := map[string]string{"app": "patched"}
	template := corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: labels}, Spec: spec}
	selector := &metav1.LabelSelector{MatchLabels: labels}
	jobSpec := batchv1.JobSpec{Template: *template.DeepCopy()}
	jobSpec.Template.Spec.RestartPolicy = corev1.RestartPolicyOnFailure
	ns, one, deadline := "default", int32(1), int32(30) // a deadline below the minReadySeconds that is recommended
	ctx, create, now := t.Context(), metav1.CreateOptions{}, time.Now()
	gone := func(remove func(context.Context, string, metav1.DeleteOptions) error, name string) {
		t.Cleanup(func() {
			if err := remove(context.Background(), name, *metav1.NewDeleteOptions(0)); err != nil {
				t.Errorf("left behind: %v", err)
			}
		})
	}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	named := func(name string, owner ...metav1.OwnerReference) metav1.ObjectMeta {
		return metav1.ObjectMeta{Name: name, Namespace: ns, Labels: labels, OwnerReferences: owner}
	}
	by := func(group, kind, name string, uid types.UID) metav1.OwnerReference {
		yes := true
		return metav1.OwnerReference{APIVersion: group, Kind: kind, Name: name, UID: uid, Controller: &yes}
	}
	pods := map[string]string{}
	pod := func(kind, name string, owner metav1.OwnerReference) {
		p, err := client.CoreV1().Pods(ns).Create(ctx, &corev1.Pod{ObjectMeta: named(name, owner), Spec: spec}, create)
		must(err)
		gone(client.CoreV1().Pods(ns).Delete, name)
		began := metav1.NewTime(now.Add(-time.Hour))
		p.Status = corev1.PodStatus{
			Phase:      corev1.PodRunning,
			Conditions: []corev1.PodCondition{{Type: corev1.ContainersReady, Status: corev1.ConditionTrue, LastTransitionTime: metav1.NewTime(began.Add(15 * time.Second))}},
			ContainerStatuses: []corev1.ContainerStatus{{Name: "app", Image: "app", ImageID: "app", ContainerID: "containerd://0", Ready: true,
				State: corev1.ContainerState{Running: &corev1.ContainerStateRunning{StartedAt: began}}}},
		}
		_, err = client.CoreV1().Pods(ns).UpdateStatus(ctx, p, metav1.UpdateOptions{})
		must(err)
		pods[kind] = name
	}
	d, err := client.AppsV1().Deployments(ns).Create(ctx, &appsv1.Deployment{ObjectMeta: named("patched"), Spec: appsv1.DeploymentSpec{Replicas: &one, Selector: selector, Template: template, ProgressDeadlineSeconds: &deadline}}, create)
	must(err)
	gone(client.AppsV1().Deployments(ns).Delete, "patched")
	const hash = "patched-6d4cf56db6"
	rs, err := client.AppsV1().ReplicaSets(ns).Create(ctx, &appsv1.ReplicaSet{ObjectMeta: named(hash, by("apps/v1", "Deployment", d.Name, d.UID)), Spec: appsv1.ReplicaSetSpec{Replicas: &one, Selector: selector, Template: template}}, create)
	must(err)
	gone(client.AppsV1().ReplicaSets(ns).Delete, hash)
	pod("Deployment", hash+"-x2z9q", by("apps/v1", "ReplicaSet", hash, rs.UID))
	s, err := client.AppsV1().StatefulSets(ns).Create(ctx, &appsv1.StatefulSet{ObjectMeta: named("patched"), Spec: appsv1.StatefulSetSpec{Replicas: &one, Selector: selector, Template: template}}, create)
	must(err)
	gone(client.AppsV1().StatefulSets(ns).Delete, "patched")
	pod("StatefulSet", "patched-0", by("apps/v1", "StatefulSet", s.Name, s.UID))
	ds, err := client.AppsV1().DaemonSets(ns).Create(ctx, &appsv1.DaemonSet{ObjectMeta: named("patched"), Spec: appsv1.DaemonSetSpec{Selector: selector, Template: template}}, create)
	must(err)
	gone(client.AppsV1().DaemonSets(ns).Delete, "patched")
	pod("DaemonSet", "patched-k5lm7", by("apps/v1", "DaemonSet", ds.Name, ds.UID))
	cj, err := client.BatchV1().CronJobs(ns).Create(ctx, &batchv1.CronJob{ObjectMeta: named("patched"), Spec: batchv1.CronJobSpec{Schedule: "0 4 * * *", JobTemplate: batchv1.JobTemplateSpec{Spec: jobSpec}}}, create)
	must(err)
	gone(client.BatchV1().CronJobs(ns).Delete, "patched")
	job, err := client.BatchV1().Jobs(ns).Create(ctx, &batchv1.Job{ObjectMeta: named("patched-29000000", by("batch/v1", "CronJob", cj.Name, cj.UID)), Spec: jobSpec}, create)
	must(err)
	gone(client.BatchV1().Jobs(ns).Delete, job.Name)
	pod("CronJob", job.Name+"-h8j4z", by("batch/v1", "Job", job.Name, job.UID))
	return pods
}

// memoryOf is five days of memory of the pods, a quarter of their limit.
func memoryOf(pods map[string]string) (out []promtest.Series) {
	now := time.Now().Truncate(time.Minute)
	const days = 5
	for kind, pod := range pods {
		add := func(metric string, step time.Duration, value float64, more ...string) {
			s := promtest.Series{Labels: map[string]string{"__name__": metric, "namespace": "default", "pod": pod, "container": "app"}}
			for i := 0; i < len(more); i += 2 {
				s.Labels[more[i]] = more[i+1]
			}
			for at := now.Add(-days * 24 * time.Hour); !at.After(now); at = at.Add(step) {
				s.Samples = append(s.Samples, promtest.Sample{At: at.Unix(), Value: value})
			}
			out = append(out, s)
		}
		add("container_memory_working_set_bytes", time.Minute, 256<<20)
		add("container_start_time_seconds", time.Minute, float64(now.Add(-days*24*time.Hour).Unix()))
		owner, name := kind, "patched"
		switch kind {
		case "Deployment":
			owner, name = "ReplicaSet", "patched-6d4cf56db6"
			add("kube_replicaset_owner", time.Hour, 1, "replicaset", name, "owner_kind", kind, "owner_name", "patched")
		case "CronJob":
			owner, name = "Job", "patched-29000000"
			add("kube_job_owner", time.Hour, 1, "job_name", name, "owner_kind", kind, "owner_name", "patched")
		}
		add("kube_pod_owner", time.Hour, 1, "owner_kind", owner, "owner_name", name)
	}
	return out
}
