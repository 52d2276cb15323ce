// Package probes holds what the tool says of probes to what a real kubelet does: Kubernetes' own cases of probes, restarted by their probe or
// not, and starts of containers, measured against the containers' own log. Its tests play on the lab.
package probes

import (
	_ "embed"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"
)

//go:embed cases.yaml
var casesFile []byte

// Case is one of Kubernetes' cases; the file says what its fields mean.
type Case struct {
	Title     string           `json:"title"`
	As        []string         `json:"as"`
	Quick     []string         `json:"quick"`
	Restarted string           `json:"restarted"`
	Times     int32            `json:"times"`
	Watch     metav1.Duration  `json:"watch"`
	Until     string           `json:"until"`
	Unready   bool             `json:"unready"`
	Also      string           `json:"also"`
	Grace     *int64           `json:"grace"`
	Container corev1.Container `json:"container"`
}

// Unplayed is one that is not played, and why.
type Unplayed struct {
	Title string `json:"title"`
	Why   string `json:"why"`
}

// Cases reads the file.
func Cases() ([]Case, []Unplayed, error) {
	var file struct {
		Cases    []Case     `json:"cases"`
		Unplayed []Unplayed `json:"unplayed"`
	}
	err := yaml.UnmarshalStrict(casesFile, &file)
	return file.Cases, file.Unplayed, err
}

// Sidecar is the form in which the container under test stands beside one that does nothing.
const Sidecar = "sidecar"

// Under is the name of the container under test.
const Under = "under-test"

// Pod is the case as a pod: its container alone, or as a sidecar.
func (c Case) Pod(as string) *corev1.Pod {
	under := *c.Container.DeepCopy()
	under.Name, under.Image = Under, "registry.example/web:1.0"
	pod := &corev1.Pod{
		TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "Pod"},
		ObjectMeta: metav1.ObjectMeta{Name: "case"},
		Spec:       corev1.PodSpec{TerminationGracePeriodSeconds: c.Grace, Containers: []corev1.Container{under}},
	}
	if as == Sidecar {
		always := corev1.ContainerRestartPolicyAlways
		under.RestartPolicy = &always
		pod.Spec.InitContainers = []corev1.Container{under}
		pod.Spec.Containers = []corev1.Container{{Name: "main", Image: "registry.example/web:1.0"}}
	}
	return pod
}

// Patience is how long the case may take to be restarted as often as it wants: an emulated node takes its time, and backs off between.
func (c Case) Patience() time.Duration {
	return 5*time.Minute + 3*time.Minute*time.Duration(c.Restarts()-1)
}

// Restarts is how often it is restarted at the least.
func (c Case) Restarts() int32 {
	if c.Restarted == "" {
		return 0
	}
	return max(c.Times, 1)
}
