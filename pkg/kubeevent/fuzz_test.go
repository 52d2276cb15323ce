package kubeevent

import (
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// FuzzParse throws any text at every parser. They must not panic, must not invent containers that the text does not hold, and must
// find in a combined message what they find in the plain one.
func FuzzParse(f *testing.F) {
	for _, s := range []string{
		"Liveness probe failed: HTTP probe failed with statuscode: 503",
		`Readiness probe failed: Get "http://10.244.1.3:8080/readyz": dial tcp 10.244.1.3:8080: connect: connection refused`,
		`Liveness probe errored and resulted in unknown state: port "metrics" not found`,
		"Container app failed liveness probe, will be restarted",
		"Init container proxy failed startup probe",
		"Stopping container app",
		"Killing container with id docker://liveness:Container failed liveness probe.. Container will be killed and recreated.",
		"Back-off restarting failed container app in pod web-1_shop(1f5e)",
		"System OOM encountered, victim process: tail, pid: 782",
		"The node was low on resource: memory. Threshold quantity: 100Mi, available: 92164Ki. Container app was using 812340Ki, request is 64Mi, has larger consumption of memory. ",
		"The node had condition: [MemoryPressure]. ",
		"Pod was rejected: Node didn't have enough resource: memory, requested: 2147483648, used: 1258291200, capacity: 1932735283",
		"(combined from similar events): Liveness probe failed: \x1b[31mred\u202e\n",
		"spec.containers{app}",
	} {
		f.Add(s, int32(1), int64(0))
	}
	f.Fuzz(func(t *testing.T, s string, count int32, unix int64) {
		u, ok := ParseUnhealthy(s)
		if c, again := ParseUnhealthy(combinedPrefix + s); ok && !u.Combined && (!again || c.Class != u.Class || c.Probe != u.Probe) {
			t.Errorf("%q combined: %+v", s, c)
		}
		if k := ParseKilling(s); !strings.Contains(s, k.Container) {
			t.Errorf("%q: container %q", s, k.Container)
		}
		if short, _ := ParseShortage(s); !strings.Contains(s, short.Resource) {
			t.Errorf("%q: resource %q", s, short.Resource)
		}
		if oom, _ := ParseSystemOOM(s); !strings.Contains(s, oom.Process) {
			t.Errorf("%q: process %q", s, oom.Process)
		}
		if ev, ok := ParseEviction(s); !ok && ev.Resource != "" {
			t.Errorf("%q: %+v", s, ev)
		}
		e := &corev1.Event{Count: count, LastTimestamp: metav1.Unix(unix%(1<<40), 0), InvolvedObject: corev1.ObjectReference{FieldPath: s}}
		if name := Container(e); !strings.Contains(s, name) {
			t.Errorf("%q: container %q", s, name)
		}
		if first, last, n := Span(e); n < 1 || last.Before(first) {
			t.Errorf("span of count %d: %v %v %d", count, first, last, n)
		}
	})
}
