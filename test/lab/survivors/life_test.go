package survivors

// This file lets healthy workloads live through what happens to healthy workloads.

import (
	"context"
	_ "embed"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/kubernetes"
	"k8s.io/kubectl/pkg/polymorphichelpers"
	"sigs.k8s.io/yaml"

	"github.com/kubectl-scars/kubectl-scars/test/lab"
)

//go:embed life.yaml
var lifeManifest []byte

const (
	lifeNamespace = "life"
	lifeNode      = "node2"          // which is restarted
	lifePatience  = 10 * time.Minute // for all workloads to be there
)

// lives is what is played with.
type lives struct {
	*lab.Lab
	*testing.T
	tool   lab.Tool
	client kubernetes.Interface
	all    []unstructured.Unstructured // the workloads
	told   map[string]bool
}

// life rolls healthy workloads over, scales them up and restarts a node under them by pulling its plug. The tool must find nothing above info
// in any of these, while they go on and afterwards, but for what had all its pods on the node while that is gone.
func life(ctx context.Context, t *testing.T, l *lab.Lab, tool lab.Tool) {
	client, err := l.Client()
	if err != nil {
		t.Fatal(err)
	}
	s := &lives{l, t, tool, client, workloads(t), map[string]bool{}}
	if _, err := l.Run(ctx, nil, "delete", "namespace", lifeNamespace, "--ignore-not-found", "--timeout=5m"); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := l.Delete(context.WithoutCancel(ctx), lifeNamespace, nil); err != nil {
			t.Error(err)
		}
	}()
	if err := l.Apply(ctx, lifeNamespace, lifeManifest); err != nil {
		t.Fatal(err)
	}
	s.settle(ctx, "begin")
	for _, w := range s.all {
		s.kubectl(ctx, "patch", w.GetKind()+"/"+w.GetName(), "-p", `{"spec":{"template":{"metadata":{"annotations":{"version":"2"}}}}}`)
	}
	s.settle(ctx, "rollout")
	for _, w := range s.all {
		if n, ok, _ := unstructured.NestedInt64(w.Object, "spec", "replicas"); w.GetKind() != "DaemonSet" {
			if !ok {
				n = 1
			}
			s.kubectl(ctx, "scale", w.GetKind()+"/"+w.GetName(), fmt.Sprintf("--replicas=%d", n+1))
		}
	}
	s.settle(ctx, "scale-up")

	release, err := l.Use(ctx, lifeNode)
	if err != nil {
		t.Fatal(err)
	}
	defer release()
	s.without(ctx)
	s.settle(ctx, "node back")
}

// without pulls the plug of the node, asks while it is gone, and powers it on whatever comes of that.
func (s *lives) without(ctx context.Context) {
	if err := s.StopNode(lifeNode); err != nil {
		s.Fatal(err)
	}
	defer func() {
		if err := s.StartNode(context.WithoutCancel(ctx), lifeNode, os.Stderr); err != nil {
			s.Error(err)
		}
	}()
	if err := s.WaitNode(ctx, lifeNode, false); err != nil {
		s.Error(err)
	}
	for range 4 {
		s.ask(ctx, "node gone")
		select {
		case <-ctx.Done():
		case <-time.After(15 * time.Second):
		}
	}
}

func TestLifeFile(t *testing.T) { workloads(t) }

// workloads reads the file.
func workloads(t *testing.T) (out []unstructured.Unstructured) {
	var list unstructured.UnstructuredList
	if err := yaml.Unmarshal(lifeManifest, &list); err != nil {
		t.Fatal(err)
	}
	for _, o := range list.Items {
		if o.GetAPIVersion() == "apps/v1" {
			out = append(out, o)
		}
	}
	if len(out) != 15 {
		t.Fatalf("%d workloads, want 15", len(out))
	}
	return out
}

func (s *lives) kubectl(ctx context.Context, args ...string) string {
	s.Helper()
	out, err := s.Lab.Run(ctx, nil, append([]string{"-n", lifeNamespace}, args...)...)
	if err != nil {
		s.Fatal(err)
	}
	return out
}

// settle waits until all workloads are rolled out, and asks the tool meanwhile and afterwards.
func (s *lives) settle(ctx context.Context, stage string) {
	s.Helper()
	begin, last := time.Now(), ""
	err := wait.PollUntilContextTimeout(ctx, 5*time.Second, lifePatience, true, func(ctx context.Context) (bool, error) {
		s.ask(ctx, stage)
		var err error
		last, err = s.unsettled(ctx)
		return last == "", err
	})
	if err != nil {
		s.Fatalf("%s: %v: %s", stage, err, last)
	}
	s.Logf("%s: settled after %s", stage, time.Since(begin).Round(time.Second))
	s.ask(ctx, stage+", settled")
}

// unsettled says which workload is not rolled out yet; empty when all are.
func (s *lives) unsettled(ctx context.Context) (string, error) {
	for _, w := range s.all {
		viewer, err := polymorphichelpers.StatusViewerFor(w.GroupVersionKind().GroupKind())
		if err != nil {
			return "", err
		}
		var now unstructured.Unstructured
		if err := now.UnmarshalJSON([]byte(s.kubectl(ctx, "get", w.GetKind()+"/"+w.GetName(), "-o", "json"))); err != nil {
			return "", err
		}
		if says, done, err := viewer.Status(&now, 0); err != nil || !done {
			return strings.TrimSpace(says), err
		}
	}
	return "", nil
}

// ask runs the tool and tells what it should not have found, once.
func (s *lives) ask(ctx context.Context, stage string) {
	s.Helper()
	r, err := s.tool.Report(ctx, "triage", "-n", lifeNamespace)
	if err != nil {
		s.Fatal(err)
	}
	for _, f := range r.Findings {
		said := f.Check + f.Object.Kind + f.Object.Name
		if f.Severity == "info" || s.told[said] || f.Object.Kind == "Node" || s.gone(ctx, f.Object.Name) {
			continue
		}
		s.told[said] = true
		s.Errorf("%s: %v", stage, f)
	}
}

// gone tells whether all pods of an application lie on a node that is gone, so that what is found about it is true.
func (s *lives) gone(ctx context.Context, app string) bool {
	node, err := s.client.CoreV1().Nodes().Get(ctx, lifeNode, metav1.GetOptions{})
	if err != nil || slices.ContainsFunc(node.Status.Conditions, func(c corev1.NodeCondition) bool {
		return c.Type == corev1.NodeReady && c.Status == corev1.ConditionTrue
	}) {
		return false
	}
	pods, err := s.client.CoreV1().Pods(lifeNamespace).List(ctx, metav1.ListOptions{LabelSelector: "app=" + app})
	return err == nil && len(pods.Items) > 0 && !slices.ContainsFunc(pods.Items, func(p corev1.Pod) bool { return p.Spec.NodeName != lifeNode })
}
