package snapshot

// Numbers about objects: what the metrics API says of pods and nodes, and what a kubelet says of the memory of its containers. A number that
// was not told is unknown, which is not zero: nodes with Windows have no RSS, kernels before 5.19 no peak, cgroup v1 no pressure.

import (
	"cmp"
	"encoding/json"
	"slices"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/kubernetes/scheme"
	metricsv1beta1 "k8s.io/metrics/pkg/apis/metrics/v1beta1"

	"github.com/kubectl-scars/kubectl-scars/pkg/order"
)

// ownVersion is the group and version of what no API server serves: the tool's own.
var ownVersion = schema.GroupVersion{Group: "scars.dev", Version: "v1alpha1"}

// Scheme knows the types of every kind, as servers and recordings write them. Nobody may change it.
func Scheme() *runtime.Scheme { return allTypes() }

var allTypes = sync.OnceValue(func() *runtime.Scheme {
	s := runtime.NewScheme()
	for _, err := range []error{scheme.AddToScheme(s), metricsv1beta1.AddToScheme(s)} {
		if err != nil {
			panic(err) // two types of one name: no input can make it so
		}
	}
	s.AddKnownTypes(ownVersion, &NodeStats{})
	return s
})

// PodUsage is a PodMetrics (metrics.k8s.io/v1beta1) in a form of its own, because a map of quantities for each container
// would be 40 MB for 20,000 pods. As JSON it is a PodMetrics.
type PodUsage struct {
	metav1.TypeMeta
	metav1.ObjectMeta

	Time       time.Time     // of the sample, the end of its window
	Window     time.Duration // over which it was taken
	Containers []ContainerUsage
}

// ContainerUsage is what one container used.
type ContainerUsage struct {
	Name       string
	WorkingSet int64 // bytes: its memory less file cache that was not used lately
	MilliCPU   int64 // thousandths of a CPU, over the window; zero where it was not told
}

// Container finds the working set of a container.
func (u *PodUsage) Container(name string) (bytes int64, ok bool) {
	i := slices.IndexFunc(u.Containers, func(c ContainerUsage) bool { return c.Name == name })
	if i < 0 {
		return 0, false
	}
	return u.Containers[i].WorkingSet, true
}

// DeepCopyObject copies it.
func (u *PodUsage) DeepCopyObject() runtime.Object {
	own := *u
	own.ObjectMeta, own.Containers = *u.ObjectMeta.DeepCopy(), slices.Clone(u.Containers)
	return &own
}

// MarshalJSON writes the PodMetrics that it came from, less what is not kept.
func (u *PodUsage) MarshalJSON() ([]byte, error) {
	m := metricsv1beta1.PodMetrics{
		TypeMeta: u.TypeMeta, ObjectMeta: u.ObjectMeta, Timestamp: metav1.NewTime(u.Time), Window: metav1.Duration{Duration: u.Window},
		Containers: []metricsv1beta1.ContainerMetrics{},
	}
	for _, c := range u.Containers {
		usage := corev1.ResourceList{corev1.ResourceMemory: *resource.NewQuantity(c.WorkingSet, resource.BinarySI)}
		if c.MilliCPU > 0 {
			usage[corev1.ResourceCPU] = *resource.NewMilliQuantity(c.MilliCPU, resource.DecimalSI)
		}
		m.Containers = append(m.Containers, metricsv1beta1.ContainerMetrics{Name: c.Name, Usage: usage})
	}
	return json.Marshal(m)
}

func trimPodMetrics(m *metricsv1beta1.PodMetrics) *PodUsage {
	u := &PodUsage{
		ObjectMeta: metav1.ObjectMeta{Namespace: m.Namespace, Name: m.Name},
		Time:       m.Timestamp.UTC(), Window: m.Window.Duration, Containers: make([]ContainerUsage, 0, len(m.Containers)),
	}
	for _, c := range m.Containers {
		if memory, ok := c.Usage[corev1.ResourceMemory]; ok && memory.Value() >= 0 {
			u.Containers = append(u.Containers, ContainerUsage{c.Name, memory.Value(), max(c.Usage.Cpu().MilliValue(), 0)})
		}
	}
	return u
}

func trimNodeMetrics(m *metricsv1beta1.NodeMetrics) *metricsv1beta1.NodeMetrics {
	own := &metricsv1beta1.NodeMetrics{ObjectMeta: metav1.ObjectMeta{Name: m.Name}, Timestamp: m.Timestamp, Window: m.Window}
	if memory, ok := m.Usage[corev1.ResourceMemory]; ok {
		own.Usage = corev1.ResourceList{corev1.ResourceMemory: memory}
	}
	return own
}

// NodeStats is what the kubelet of one node, whose name it bears, says of the memory of containers. It is read through nodes/proxy, and only
// where the user asks for it.
type NodeStats struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata"`

	Rows []ContainerMemory `json:"rows"`
}

// ContainerMemory is what one source says of one container, or of a pod's cgroup as a whole, which outlives its containers.
type ContainerMemory struct {
	Namespace string `json:"namespace"`
	Pod       string `json:"pod"`
	Container string `json:"container,omitempty"` // empty: the pod as a whole

	Memory Memory `json:"memory"`
}

// Memory is one sample, in bytes unless said otherwise; nil is unknown. What the numbers are: google/cadvisor v0.60.5
// lib/container/libcontainer/handler.go, and Linux Documentation/admin-guide/cgroup-v2.rst.
type Memory struct {
	Source string    `json:"source"` // path of the kubelet's answer: stats/summary or metrics/cadvisor
	Time   time.Time `json:"time"`

	Usage        *int64 `json:"usage,omitempty"`        // what the kernel holds against the limit (memory.current)
	WorkingSet   *int64 `json:"workingSet,omitempty"`   // usage - inactive file
	RSS          *int64 `json:"rss,omitempty"`          // anonymous memory, without tmpfs
	Cache        *int64 `json:"cache,omitempty"`        // file cache, with tmpfs and shared memory
	ActiveFile   *int64 `json:"activeFile,omitempty"`   // file cache that was used lately
	InactiveFile *int64 `json:"inactiveFile,omitempty"` // file cache that was not
	Peak         *int64 `json:"peak,omitempty"`         // the most since its cgroup was made (memory.peak, kernel 5.19 and later)

	OOMKills *int64 `json:"oomKills,omitempty"` // processes of it that the kernel killed for memory, as far as the kubelet noticed

	// PSISome300 is the share of the last five minutes, in percent, in which some process waited for memory.
	PSISome300 *float64 `json:"psiSomeAvg300,omitempty"`
}

// DeepCopyObject copies it. What the numbers point to never changes.
func (n *NodeStats) DeepCopyObject() runtime.Object {
	own := *n
	own.ObjectMeta, own.Rows = *n.ObjectMeta.DeepCopy(), slices.Clone(n.Rows)
	return &own
}

func trimNodeStats(n *NodeStats) {
	n.ObjectMeta = metav1.ObjectMeta{Name: n.Name}
	order.By(n.Rows, compareRows)
}

// Of lists what the kubelet says of a container, or with the empty name of the pod as a whole.
func (n *NodeStats) Of(namespace, pod, container string) []ContainerMemory {
	want := ContainerMemory{Namespace: namespace, Pod: pod, Container: container}
	from, found := slices.BinarySearchFunc(n.Rows, want, compareRows)
	if !found {
		return nil
	}
	to := from
	for to < len(n.Rows) && compareRows(n.Rows[to], want) == 0 {
		to++
	}
	return n.Rows[from:to:to]
}

func compareRows(a, b ContainerMemory) int {
	return cmp.Or(cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Pod, b.Pod), cmp.Compare(a.Container, b.Container))
}
