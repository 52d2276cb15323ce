package victim

import (
	"slices"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

const (
	mi = 1 << 20
	gi = 1 << 30
)

func mem(amount string) corev1.ResourceList {
	if amount == "" {
		return nil
	}
	return corev1.ResourceList{corev1.ResourceMemory: resource.MustParse(amount)}
}

func container(name, request, limit string) corev1.Container {
	return corev1.Container{Name: name, Resources: corev1.ResourceRequirements{Requests: mem(request), Limits: mem(limit)}}
}

func sidecar(name, request string) corev1.Container {
	c := container(name, request, "")
	c.RestartPolicy = new(corev1.ContainerRestartPolicyAlways)
	return c
}

// pod is a pod all of whose containers run.
func pod(name string, class corev1.PodQOSClass, containers ...corev1.Container) *corev1.Pod {
	p := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: name}}
	p.Status.QOSClass = class
	for _, c := range containers {
		status := corev1.ContainerStatus{Name: c.Name, State: corev1.ContainerState{Running: &corev1.ContainerStateRunning{}}}
		if c.RestartPolicy != nil {
			p.Spec.InitContainers = append(p.Spec.InitContainers, c)
			p.Status.InitContainerStatuses = append(p.Status.InitContainerStatuses, status)
		} else {
			p.Spec.Containers = append(p.Spec.Containers, c)
			p.Status.ContainerStatuses = append(p.Status.ContainerStatuses, status)
		}
	}
	return p
}

func with(p *corev1.Pod, change func(*corev1.Pod)) *corev1.Pod {
	change(p)
	return p
}

func prioritised(p *corev1.Pod, class string, priority int32) *corev1.Pod {
	return with(p, func(p *corev1.Pod) { p.Spec.PriorityClassName, p.Spec.Priority = class, &priority })
}

func TestOOMScoreAdj(t *testing.T) {
	const burstable = corev1.PodQOSBurstable
	pooled := func(p *corev1.Pod) {
		p.Spec.Resources = &corev1.ResourceRequirements{Requests: mem("1Gi")}
	}
	for _, tc := range []struct {
		name      string
		pod       *corev1.Pod
		container string
		want      int
		why       string
	}{
		{"guaranteed", pod("p", corev1.PodQOSGuaranteed, container("c", "1Gi", "1Gi")), "c", -997, "Guaranteed"},
		{"best effort", pod("p", corev1.PodQOSBestEffort, container("c", "", "")), "c", 1000, "BestEffort"},
		{"half of the node", pod("p", burstable, container("c", "4Gi", "")), "c", 500, "Burstable, 50 % of node"},
		{"a little", pod("p", burstable, container("c", "82Mi", "")), "c", 990, "Burstable, 1.0 % of node"},
		{"next to nothing", pod("p", burstable, container("c", "1Mi", "")), "c", 999, "Burstable, <0.1 % of node"},
		{"no request", pod("p", burstable, container("c", "", ""), container("d", "1Gi", "")), "c", 999, "Burstable, no request"},
		{"all of the node", pod("p", burstable, container("c", "8Gi", "")), "c", 3, "Burstable, 100 % of node"},
		{"node critical", prioritised(pod("p", corev1.PodQOSBestEffort, container("c", "", "")), "system-node-critical", 2000001000), "c", -997, "system-node-critical"},
		{"cluster critical", prioritised(pod("p", corev1.PodQOSBestEffort, container("c", "", "")), "system-cluster-critical", 2000000000), "c", 1000, "BestEffort"},
		{"class without its priority", prioritised(pod("p", corev1.PodQOSBestEffort, container("c", "", "")), "system-node-critical", 0), "c", 1000, "BestEffort"},
		{"static", with(pod("p", corev1.PodQOSBestEffort, container("c", "", "")), func(p *corev1.Pod) {
			p.Annotations = map[string]string{corev1.MirrorPodAnnotationKey: "x"}
			p.Spec.PriorityClassName = "system-node-critical"
		}), "c", -997, "system-node-critical"},
		{"sidecar below its smallest", pod("p", burstable, sidecar("s", "8Mi"), container("c", "1Gi", ""), container("d", "2Gi", "")), "s", 875, "Burstable, sidecar"},
		{"sidecar above it", pod("p", burstable, sidecar("s", "2Gi"), container("c", "1Gi", "")), "s", 750, "Burstable, 25 % of node"},
		{"sidecar beside one without", pod("p", burstable, sidecar("s", "1Gi"), container("c", "", "")), "s", 875, "Burstable, 12 % of node"},
		{"pod's own request", with(pod("p", burstable, container("c", "", ""), container("d", "512Mi", "")), pooled), "c", 969, "Burstable, shares the pod's request"},
		{"and what is left of it", with(pod("p", burstable, container("c", "512Mi", ""), container("d", "512Mi", "")), pooled), "c", 938, "Burstable, 6.2 % of node"},
		{"resized", with(pod("p", burstable, container("c", "4Gi", "")), func(p *corev1.Pod) {
			p.Status.ContainerStatuses[0].AllocatedResources = mem("2Gi")
		}), "c", 750, "Burstable, 25 % of node"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			for c := range running(tc.pod) {
				if c.Name != tc.container {
					continue
				}
				if adj, why, ok := OOMScoreAdj(tc.pod, c, 8*gi); !ok || adj != tc.want || why != tc.why {
					t.Errorf("got %d (%s), %v, want %d (%s)", adj, why, ok, tc.want, tc.why)
				}
			}
		})
	}
}

func TestOOMScoreAdjUnknown(t *testing.T) {
	c := container("c", "1Gi", "")
	if _, _, ok := OOMScoreAdj(pod("p", "", c), &c, 8*gi); ok {
		t.Error("a pod without a QoS class has a score: the class is read, never computed")
	}
	if _, _, ok := OOMScoreAdj(pod("p", corev1.PodQOSBurstable, c), &c, 0); ok {
		t.Error("a Burstable container has a score on a node of which nothing is known")
	}
}

func unknown(*corev1.Pod, string) (int64, bool) { return 0, false }

func uses(megabytes map[string]int64) Use {
	return func(p *corev1.Pod, _ string) (int64, bool) { n, ok := megabytes[p.Name]; return n * mi, ok }
}

func four() []*corev1.Pod {
	waits := pod("waits", corev1.PodQOSBestEffort, container("c", "", ""))
	waits.Status.ContainerStatuses[0].State = corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{}}
	return []*corev1.Pod{
		pod("guaranteed", corev1.PodQOSGuaranteed, container("c", "1Gi", "1Gi")), pod("big", corev1.PodQOSBurstable, container("c", "2Gi", "")),
		pod("small", corev1.PodQOSBurstable, container("c", "128Mi", "")), pod("none", corev1.PodQOSBestEffort, container("c", "", "")), waits,
	}
}

func TestKernel(t *testing.T) {
	for _, tc := range []struct {
		name     string
		capacity int64
		use      Use
		want     []string
	}{
		{"by score alone", 8 * gi, unknown, []string{"none", "small", "big", "guaranteed"}},
		{"some use is not known", 8 * gi, uses(map[string]int64{"big": 7000}), []string{"big", "none", "small", "guaranteed"}},
		{"nor that of who stands first", 8 * gi, uses(map[string]int64{"big": 500, "small": 100}), []string{"none", "small", "big", "guaranteed"}},
		{"more than there is", 8 * gi, uses(map[string]int64{"guaranteed": 1 << 43 / mi, "none": 1}), []string{"guaranteed", "none", "small", "big"}},
		{"by what is used", 8 * gi, uses(map[string]int64{"big": 4096, "small": 100, "none": 10, "guaranteed": 1024}), []string{"big", "none", "small", "guaranteed"}},
		{"the node was not read", 0, unknown, []string{"none", "small", "big", "guaranteed"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var got []string
			for _, r := range Kernel(four(), tc.capacity, tc.use) {
				got = append(got, r.Pod.Name)
				if known := tc.capacity > 0 || r.QOSClass != "Burstable"; (r.OOMScoreAdj != nil) != known {
					t.Errorf("%s: score %v", r.Pod.Name, r.OOMScoreAdj)
				}
			}
			if !slices.Equal(got, tc.want) {
				t.Errorf("got %v, want %v", got, tc.want)
			}
		})
	}
}

// TestPlaces: what nothing known sets apart shares a place, and what comes after it has the place that it would have otherwise.
func TestPlaces(t *testing.T) {
	pods := []*corev1.Pod{
		pod("a", corev1.PodQOSBestEffort, container("c", "", "")), pod("b", corev1.PodQOSBestEffort, container("c", "", "")),
		pod("c", corev1.PodQOSGuaranteed, container("c", "1Gi", "1Gi")),
	}
	for name, tc := range map[string]struct {
		use  Use
		want []int
	}{
		"nothing is known":     {unknown, []int{1, 1, 3}},
		"who uses more":        {uses(map[string]int64{"a": 1, "b": 2, "c": 3}), []int{1, 2, 3}},
		"both use the same":    {uses(map[string]int64{"a": 5, "b": 5, "c": 3}), []int{1, 1, 3}},
		"one of them is known": {uses(map[string]int64{"b": 5}), []int{1, 2, 3}},
	} {
		var kernel, eviction []int
		for _, r := range Kernel(pods, 8*gi, tc.use) {
			kernel = append(kernel, r.Place)
		}
		for _, r := range Eviction(pods, tc.use) {
			eviction = append(eviction, r.Place)
		}
		if !slices.Equal(kernel, tc.want) || !slices.Equal(eviction, tc.want) {
			t.Errorf("%s: kernel %v, kubelet %v, want %v", name, kernel, eviction, tc.want)
		}
	}
}

func TestEviction(t *testing.T) {
	important := prioritised(pod("important", corev1.PodQOSBestEffort, container("c", "", "")), "", 1000)
	critical := prioritised(pod("critical", corev1.PodQOSBestEffort, container("c", "", "")), "system-cluster-critical", 2000000000)
	capped := pod("capped", corev1.PodQOSBurstable, container("c", "64Mi", "64Mi"))
	pooled := with(pod("pooled", corev1.PodQOSBurstable, container("c", "", "")), func(p *corev1.Pod) {
		p.Spec.Resources = &corev1.ResourceRequirements{Requests: mem("1Gi"), Limits: mem("1Gi")}
	})
	pods := append(four(), important, critical, capped, pooled)
	for _, tc := range []struct {
		name string
		use  Use
		want []string
	}{
		{"by requests and limits alone", unknown, []string{
			"none yes", "important yes", "big unknown", "small unknown", "capped no", "guaranteed no", "pooled no", "critical exempt",
		}},
		{
			"by use", uses(map[string]int64{"none": 10, "important": 4000, "critical": 4000, "big": 1000, "small": 200, "capped": 60, "guaranteed": 1000, "pooled": 1}),
			[]string{"small yes", "none yes", "important yes", "capped no", "guaranteed no", "pooled no", "big no", "critical exempt"},
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var got []string
			for _, r := range Eviction(pods, tc.use) {
				got = append(got, r.Pod.Name+" "+string(r.OverRequest))
			}
			if !slices.Equal(got, tc.want) {
				t.Errorf("got\n%q, want\n%q", got, tc.want)
			}
		})
	}
}

func TestRequest(t *testing.T) {
	p := pod("p", corev1.PodQOSBurstable, sidecar("s", "32Mi"), container("c", "128Mi", ""))
	if got := Request(p); got != 160*mi {
		t.Errorf("containers: %d", got)
	}
	p.Spec.Overhead = mem("100Mi")
	if got := Request(p); got != 260*mi {
		t.Errorf("with overhead: %d", got)
	}
	p.Spec.Resources = &corev1.ResourceRequirements{Requests: mem("1Gi")}
	if got := Request(p); got != gi+100*mi {
		t.Errorf("with the pod's own: %d", got)
	}
}
