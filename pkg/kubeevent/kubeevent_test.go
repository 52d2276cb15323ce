package kubeevent

import (
	"reflect"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func TestSpan(t *testing.T) {
	t1 := time.Date(2026, 11, 23, 18, 0, 0, 0, time.UTC)
	t2 := t1.Add(10 * time.Minute)
	legacy := func(first, last time.Time, count int32) *corev1.Event {
		return &corev1.Event{FirstTimestamp: metav1.NewTime(first), LastTimestamp: metav1.NewTime(last), Count: count}
	}
	for name, tc := range map[string]struct {
		e           *corev1.Event
		first, last time.Time
		count       int32
	}{
		"kubelet":             {legacy(t1, t2, 7), t1, t2, 7},
		"negative count":      {legacy(t1, t2, -3), t1, t2, 1},
		"absurd count":        {legacy(t1, t2, 1<<31-1), t1, t2, mostTimes},
		"no count":            {legacy(t1, t2, 0), t1, t2, 1},
		"last before first":   {legacy(t2, t1, 2), t2, t2, 2},
		"no first":            {legacy(time.Time{}, t2, 2), t2, t2, 2},
		"no last":             {legacy(t1, time.Time{}, 2), t1, t1, 2},
		"events.k8s.io":       {&corev1.Event{EventTime: metav1.NewMicroTime(t1)}, t1, t1, 1},
		"series":              {&corev1.Event{EventTime: metav1.NewMicroTime(t1), Series: &corev1.EventSeries{Count: 4, LastObservedTime: metav1.NewMicroTime(t2)}}, t1, t2, 4},
		"only creation":       {&corev1.Event{ObjectMeta: metav1.ObjectMeta{CreationTimestamp: metav1.NewTime(t1)}}, t1, t1, 1},
		"nothing":             {&corev1.Event{}, time.Time{}, time.Time{}, 1},
		"series, no eventime": {&corev1.Event{Series: &corev1.EventSeries{Count: -1, LastObservedTime: metav1.NewMicroTime(t2)}}, t2, t2, 1},
	} {
		first, last, count := Span(tc.e)
		if !first.Equal(tc.first) || !last.Equal(tc.last) || count != tc.count {
			t.Errorf("%s: got %v %v %d", name, first, last, count)
		}
	}
}

func TestContainer(t *testing.T) {
	for path, want := range map[string]string{
		"spec.containers{app}": "app", "spec.initContainers{proxy}": "proxy", "spec.ephemeralContainers{debug}": "debug",
		"": "", "spec.containers{}": "", "spec": "",
	} {
		if got := Container(&corev1.Event{InvolvedObject: corev1.ObjectReference{FieldPath: path}}); got != want {
			t.Errorf("%q: got %q, want %q", path, got, want)
		}
	}
	combined := &corev1.Event{InvolvedObject: corev1.ObjectReference{FieldPath: "spec.containers{app}"}, Message: combinedPrefix + "x"}
	if got := Container(combined); got != "" {
		t.Errorf("the container of a combined event is unreliable, got %q", got)
	}
}

func TestParseUnhealthy(t *testing.T) {
	for message, want := range map[string]Unhealthy{
		`Liveness probe failed: HTTP probe failed with statuscode: 503`:                                                                                              {Probe: Liveness, Outcome: Failed, Class: HTTPStatus, Status: 503},
		`Readiness probe failed: Get "http://10.244.1.3:8080/readyz": dial tcp 10.244.1.3:8080: connect: connection refused`:                                         {Probe: Readiness, Outcome: Failed, Class: Refused},
		`Liveness probe failed: Get "http://10.1.2.3:80/": dial tcp 10.1.2.3:80: i/o timeout (Client.Timeout exceeded while awaiting headers)`:                       {Probe: Liveness, Outcome: Failed, Class: ConnectTimeout},
		`Liveness probe failed: Get "http://10.1.2.3:80/": net/http: request canceled while waiting for connection (Client.Timeout exceeded while awaiting headers)`: {Probe: Liveness, Outcome: Failed, Class: ConnectTimeout},
		`Liveness probe failed: Get "http://10.1.2.3:80/": context deadline exceeded (Client.Timeout exceeded while awaiting headers)`:                               {Probe: Liveness, Outcome: Failed, Class: ResponseTimeout},
		`Readiness probe failed: Get "https://10.1.2.3:80/": http: server gave HTTP response to HTTPS client`:                                                        {Probe: Readiness, Outcome: Failed, Class: Scheme},
		`Readiness probe failed: Get "http://10.1.2.3:80/": net/http: HTTP/1.x transport connection broken: malformed HTTP response "\x15\x03"`:                      {Probe: Readiness, Outcome: Failed, Class: Scheme},
		`Liveness probe failed: Get "http://10.1.2.3:80/": EOF`:                                                                                                      {Probe: Liveness, Outcome: Failed, Class: Reset},
		`Liveness probe failed: Get "http://10.1.2.3:80/": read tcp 10.1.2.1:43210->10.1.2.3:80: read: connection reset by peer`:                                     {Probe: Liveness, Outcome: Failed, Class: Reset},
		`Liveness probe failed: Get "http://10.1.2.3:80/b": stopped after 10 redirects`:                                                                              {Probe: Liveness, Outcome: Failed, Class: RedirectLoop},
		`Liveness probe failed: dial tcp 10.1.2.3:5432: connect: no route to host`:                                                                                   {Probe: Liveness, Outcome: Failed, Class: ConnectTimeout},
		`Liveness probe failed: `: {Probe: Liveness, Outcome: Failed, Class: ExecExit},
		"Liveness probe failed: cat: /tmp/healthy: No such file or directory\n":                                                                                                                      {Probe: Liveness, Outcome: Failed, Class: ExecExit},
		`Liveness probe failed: command timed out: "curl" timed out after 1s`:                                                                                                                        {Probe: Liveness, Outcome: Failed, Class: ExecTimeout},
		`Liveness probe failed: command "curl -f http://127.0.0.1" timed out`:                                                                                                                        {Probe: Liveness, Outcome: Failed, Class: ExecTimeout},
		`Startup probe failed: timeout: failed to connect service "10.1.2.3:9000" within 1s: context deadline exceeded`:                                                                              {Probe: Startup, Outcome: Failed, Class: GRPCConnect},
		`Startup probe failed: timeout: health rpc did not complete within 1s`:                                                                                                                       {Probe: Startup, Outcome: Failed, Class: ResponseTimeout},
		`Startup probe failed: error: this server does not implement the grpc health protocol (grpc.health.v1.Health): unknown service grpc.health.v1.Health`:                                        {Probe: Startup, Outcome: Failed, Class: GRPCNoService},
		`Startup probe failed: error: health rpc probe failed: rpc error: code = NotFound desc = unknown service live`:                                                                               {Probe: Startup, Outcome: Failed, Class: GRPCNoService},
		`Startup probe failed: error: health rpc probe failed: rpc error: code = Unavailable desc = error reading from server: EOF`:                                                                  {Probe: Startup, Outcome: Failed, Class: GRPC},
		`Startup probe failed: service unhealthy (responded with "NOT_SERVING")`:                                                                                                                     {Probe: Startup, Outcome: Failed, Class: GRPC},
		`Liveness probe errored and resulted in unknown state: port "metrics" not found`:                                                                                                             {Probe: Liveness, Outcome: Errored, Class: PortUnknown},
		`Liveness probe errored: rpc error: code = Unknown desc = failed to exec in container: failed to start exec "a1": OCI runtime exec failed: exec: "curl": executable file not found in $PATH`: {Probe: Liveness, Outcome: Errored, Class: ExecMissing},
		`Liveness probe errored: rpc error: code = Unknown desc = failed to exec in container: failed to start exec "a1": OCI runtime exec failed: exec failed: unable to start container process: exec: "/bin/probe": stat /bin/probe: no such file or directory: unknown`:                                  {Probe: Liveness, Outcome: Errored, Class: ExecMissing},
		`Liveness probe errored: rpc error: code = Unknown desc = failed to exec in container: failed to start exec "a1": OCI runtime exec failed: exec failed: unable to start container process: error adding pid 7 to cgroups: openat2 /sys/fs/cgroup/a/cgroup.procs: no such file or directory: unknown`: {Probe: Liveness, Outcome: Errored, Class: OtherError},
		`Liveness probe errored and resulted in failure state: net/http: request canceled (Client.Timeout or context cancellation while reading body)`:                                                                                                                                                       {Probe: Liveness, Outcome: Errored, Class: BodyHang},
		`Readiness probe errored and resulted in unknown state: rpc error: code = NotFound desc = failed to exec in container: container is in CONTAINER_EXITED state`:                                                                                                                                       {Probe: Readiness, Outcome: Errored, Class: OtherError},
		`Readiness probe warning: Probe terminated redirects, Response body: <a href="https://sso.example.com/">Found</a>.`:                                                                                                                                                                                  {Probe: Readiness, Outcome: Warned},
		`Readiness probe error: Get "http://10.1.2.3:80/": EOF` + "\nbody: \n":           {Probe: Readiness, Outcome: Errored, Class: OtherError},
		combinedPrefix + `Liveness probe failed: HTTP probe failed with statuscode: 500`: {Probe: Liveness, Outcome: Failed, Class: HTTPStatus, Status: 500, Combined: true},
	} {
		got, ok := ParseUnhealthy(message)
		got.Output = ""
		if !ok || got != want {
			t.Errorf("%q:\n got %+v, %v\nwant %+v", message, got, ok, want)
		}
	}
	for _, message := range []string{"", "Liveness probe", "x Liveness probe failed: y", "liveness probe failed: y", "Liveness probe failed", "Liveness probe was happy: y", "Liveness probe errored and resulted in  state: y", "Liveness probe errored and resulted in no such state: y"} {
		if got, ok := ParseUnhealthy(message); ok {
			t.Errorf("%q: got %+v", message, got)
		}
	}
}

// TestWhatACommandWrites: the words of a command are its own, and only its time-out is the kubelet's.
func TestWhatACommandWrites(t *testing.T) {
	command := &corev1.Probe{ProbeHandler: corev1.ProbeHandler{Exec: &corev1.ExecAction{Command: []string{"/check"}}}}
	get := &corev1.Probe{ProbeHandler: corev1.ProbeHandler{HTTPGet: &corev1.HTTPGetAction{}}}
	through := &corev1.Probe{ProbeHandler: corev1.ProbeHandler{HTTPGet: &corev1.HTTPGetAction{}, Exec: command.Exec}}
	for _, tc := range []struct {
		message string
		by      *corev1.Probe
		class   Class
		status  int
	}{
		{`Liveness probe failed: Get "http://payments/health": dial tcp 10.9.9.9:80: connect: connection refused`, command, ExecExit, 0},
		{`Liveness probe failed: Get "http://payments/health": dial tcp 10.9.9.9:80: connect: connection refused`, get, Refused, 0},
		{`Liveness probe failed: Get "http://payments/health": dial tcp 10.9.9.9:80: connect: connection refused`, nil, Refused, 0},
		{`Liveness probe failed: HTTP probe failed with statuscode: 503`, command, ExecExit, 0},
		{`Liveness probe failed: HTTP probe failed with statuscode: 503`, through, HTTPStatus, 503},
		{`Liveness probe failed: command timed out: "/check" timed out after 1s`, command, ExecTimeout, 0},
		{`Liveness probe failed: out of coffee`, get, OtherError, 0},
		{`Liveness probe failed: out of coffee`, &corev1.Probe{}, ExecExit, 0},
		{`Liveness probe errored and resulted in unknown state: port "x" not found`, command, PortUnknown, 0},
	} {
		u, ok := ParseUnhealthy(tc.message)
		if u = u.By(tc.by); !ok || u.Class != tc.class || u.Status != tc.status {
			t.Errorf("%s: %s, status %d, want %s", tc.message, u.Class, u.Status, tc.class)
		}
	}
}

func TestParseKilling(t *testing.T) {
	for message, want := range map[string]Killing{
		"Container app failed liveness probe, will be restarted":   {Container: "app", Cause: KilledByLiveness, Restart: true},
		"Container app failed liveness probe":                      {Container: "app", Cause: KilledByLiveness},
		"Container app failed startup probe, will be restarted":    {Container: "app", Cause: KilledByStartup, Restart: true},
		"Init container proxy failed liveness probe":               {Container: "proxy", Init: true, Cause: KilledByLiveness},
		"Init container proxy failed startup probe":                {Container: "proxy", Init: true, Cause: KilledByStartup},
		"Init container proxy definition changed":                  {Container: "proxy", Init: true, Cause: KilledForChange},
		"Container app definition changed, will be restarted":      {Container: "app", Cause: KilledForChange, Restart: true},
		"Container app resize requires restart, will be restarted": {Container: "app", Cause: KilledForResize, Restart: true},
		"Stopping container app":                                   {Container: "app", Cause: KilledWithPod},
		"FailedPostStartHook":                                      {Cause: KilledByPostStart, Restart: true},
		"Killing container with id docker://liveness:Container failed liveness probe.. Container will be killed and recreated.": {
			Container: "liveness", Cause: KilledByLiveness, Restart: true,
		},
		"Killing container with id docker://app:Need to kill Pod":          {Container: "app", Cause: KilledWithPod},
		"Killing container with docker id 0123abcd: Need to kill pod.":     {Cause: KilledOtherwise},
		"Container is in \"CREATED\" state, try killing it before restart": {Cause: KilledOtherwise},
		"": {Cause: KilledOtherwise},
		combinedPrefix + "Container app failed liveness probe, will be restarted": {Container: "app", Cause: KilledByLiveness, Restart: true},
	} {
		if got := ParseKilling(message); got != want {
			t.Errorf("%q: got %+v, want %+v", message, got, want)
		}
	}
}

func TestParseSystemOOM(t *testing.T) {
	for message, want := range map[string]SystemOOM{
		"System OOM encountered, victim process: tail, pid: 782":                     {Process: "tail", PID: 782},
		"System OOM encountered, victim process: a, pid: b, pid: 7":                  {Process: "a, pid: b", PID: 7},
		"System OOM encountered":                                                     {},
		"System OOM encountered, victim process: x, pid: 99999999999999999999999999": {Process: "x", PID: maxInt},
	} {
		if got, ok := ParseSystemOOM(message); !ok || got != want {
			t.Errorf("%q: got %+v, %v", message, got, ok)
		}
	}
	if _, ok := ParseSystemOOM("Memory cgroup out of memory"); ok {
		t.Error("another text is no SystemOOM")
	}
}

const maxInt = int(^uint(0) >> 1) // what strconv gives for a number out of range

func TestParseEviction(t *testing.T) {
	for message, want := range map[string]Eviction{
		"The node was low on resource: memory. Threshold quantity: 100Mi, available: 92164Ki. Container app was using 812340Ki, request is 64Mi, has larger consumption of memory. Container log was using 20Mi, request is 0, has larger consumption of memory. ": {
			Resource: "memory", Threshold: "100Mi", Available: "92164Ki",
			Consumers: []Consumer{{"app", "812340Ki", "64Mi", "memory"}, {"log", "20Mi", "0", "memory"}},
		},
		"The node was low on resource: memory. Pod web-1 was using 1Gi, request is 512Mi, has larger consumption of memory. ": {
			Resource: "memory", Consumers: []Consumer{{"", "1Gi", "512Mi", "memory"}},
		},
		"The node was low on resource: memory. Container app was using 1184Ki, which exceeds its request of 0. ": {
			Resource: "memory", Consumers: []Consumer{{"app", "1184Ki", "0", "memory"}},
		},
		"The node was low on resource: ephemeral-storage. ":                             {Resource: "ephemeral-storage"},
		"The node had condition: [MemoryPressure]. ":                                    {Admission: "MemoryPressure"},
		"The node had condition: [DiskPressure MemoryPressure]. ":                       {Admission: "DiskPressure MemoryPressure"},
		`Usage of EmptyDir volume "cache" exceeds the limit "64Mi". `:                   {OwnLimit: true, Volume: "cache", VolumeLimit: "64Mi"},
		`Container app exceeded its local ephemeral storage limit "1Gi". `:              {OwnLimit: true},
		"Pod ephemeral local storage usage exceeds the total limit of containers 1Gi. ": {OwnLimit: true},
	} {
		if got, ok := ParseEviction(message); !ok || !reflect.DeepEqual(got, want) {
			t.Errorf("%q:\n got %+v, %v\nwant %+v", message, got, ok, want)
		}
	}
	if got, ok := ParseEviction("Pod was terminated in response to imminent node shutdown."); ok {
		t.Errorf("another text is no eviction: %+v", got)
	}
}

func TestParseShortage(t *testing.T) {
	const text = "Node didn't have enough resource: memory, requested: 2147483648, used: 1258291200, capacity: 1932735283"
	want := Shortage{Resource: "memory", Requested: 2147483648, Used: 1258291200, Capacity: 1932735283}
	for _, message := range []string{text, "Pod was rejected: " + text, combinedPrefix + text} {
		if got, ok := ParseShortage(message); !ok || got != want {
			t.Errorf("%q: got %+v, %v", message, got, ok)
		}
	}
	for _, message := range []string{"", "Node didn't have enough resource: memory", "Node didn't have enough resource: memory, requested: 99999999999999999999, used: 0, capacity: 0"} {
		if got, ok := ParseShortage(message); ok {
			t.Errorf("%q: got %+v", message, got)
		}
	}
}
