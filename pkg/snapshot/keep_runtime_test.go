package snapshot

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
)

func TestRuntimeArguments(t *testing.T) {
	for _, tc := range []struct {
		command, args []string
		want          []string
	}{
		{[]string{"java"}, []string{"-Xms64m", "-Xmx512m", "-Dpassword=hunter2", "-jar", "/app.jar", "-Xmx9g"}, []string{"-Xmx512m"}},
		{[]string{"sh", "-c"}, []string{"export TOKEN=hunter2; exec java -XX:MaxRAMPercentage=95.0 -jar app.jar"}, []string{"-XX:MaxRAMPercentage=95.0"}},
		{[]string{"node", "--max-old-space-size=4096", "server.js"}, nil, []string{"--max-old-space-size=4096"}},
		{[]string{"node"}, []string{"--max_old_space_size", "4096", "server.js"}, []string{"--max-old-space-size=4096"}},
		{[]string{"/usr/bin/gunicorn", "-w", "16", "app:app"}, nil, []string{"--workers=16"}},
		{[]string{"uvicorn"}, []string{"app:app", "--workers", "8"}, []string{"--workers=8"}},
		{[]string{"sh", "-c", "gunicorn -w 4 app:app"}, nil, []string{"--workers=4"}},
		{nil, []string{"--workers=4", "-Xmx1g"}, []string{"--workers=4", "-Xmx1g"}}, // as they are kept
		{[]string{"nc"}, []string{"-w", "5", "db", "5432"}, nil},                    // a time-out
		{[]string{"gunicorn"}, []string{"-w", "hunter2"}, nil},
		{[]string{"gunicorn"}, []string{"-w", "48151623"}, nil}, // no number of workers, perhaps a PIN
		{[]string{"gunicorn"}, []string{"-w"}, nil},
		{[]string{"java"}, []string{"-Xmx512m;hunter2", "-Xmxhunter2", "-XX:MaxRAMPercentage=hunter2", "-Xmx"}, nil},
		{[]string{"node"}, []string{"--max-old-space-size=$(HEAP)", "--max-old-space-size", "hunter2"}, nil},
		{[]string{"java"}, []string{"-XX:MaxRAMPercentage=75", "-Xmx12345678901234567890m"}, []string{"-XX:MaxRAMPercentage=75"}},
		{[]string{"web"}, []string{"--password", "hunter2"}, nil},
		{nil, nil, nil},
	} {
		if got := runtimeArguments(tc.command, tc.args); !slices.Equal(got, tc.want) {
			t.Errorf("%q %q: got %q, want %q", tc.command, tc.args, got, tc.want)
		}
	}
}

func TestRuntimeVariables(t *testing.T) {
	env := func(pairs ...string) (out []corev1.EnvVar) {
		for i := 0; i < len(pairs); i += 2 {
			out = append(out, corev1.EnvVar{Name: pairs[i], Value: pairs[i+1]})
		}
		return out
	}
	got := runtimeVariables(append(env(
		"PASSWORD", "hunter2", "JAVA_TOOL_OPTIONS", "-javaagent:/a.jar=hunter2 -Xmx1g -Dkey=hunter2", "NODE_OPTIONS", "--require /hunter2 --max-old-space-size=2048",
		"JAVA_OPTS", "-Dkey=hunter2", "GOMEMLIMIT", "900MiB", "GOGC", "50", "WEB_CONCURRENCY", "12", "DOTNET_GCHeapHardLimit", "0x20000000",
		"DOTNET_GCHeapHardLimitPercent", "4B", "GOMEMLIMIT", "hunter2", "WEB_CONCURRENCY", "hunter2", "NODE_OPTIONS", "-Xmx1g", "MALLOC_ARENA_MAX", "2",
	), corev1.EnvVar{Name: "GOMEMLIMIT", ValueFrom: &corev1.EnvVarSource{SecretKeyRef: &corev1.SecretKeySelector{Key: "hunter2"}}}))
	want := env(
		"JAVA_TOOL_OPTIONS", "-Xmx1g", "NODE_OPTIONS", "--max-old-space-size=2048", "GOMEMLIMIT", "900MiB", "WEB_CONCURRENCY", "12",
		"DOTNET_GCHeapHardLimit", "0x20000000", "DOTNET_GCHeapHardLimitPercent", "4B",
	)
	if !slices.Equal(got, want) {
		t.Errorf("got %q\nwant %q", got, want)
	}
	for _, name := range RuntimeVariables() {
		if got := runtimeVariables(env(name, "hunter2")); got != nil {
			t.Errorf("%s keeps what is no number: %q", name, got)
		}
	}
}

// numeric is what may be left of anything, said once more and apart from what decides it.
var numeric = regexp.MustCompile(`^(-Xmx\d+[kKmMgGtT]?|-XX:MaxRAMPercentage=\d+(\.\d+)?|--max-old-space-size=\d+|--workers=\d+)$`)

// FuzzRuntimeSettings shows that of a container's command line and environment nothing survives but the options and numbers of the list,
// and that what survives does so again.
func FuzzRuntimeSettings(f *testing.F) {
	f.Add("java -Xmx1g", "-jar\x00app.jar", "JAVA_TOOL_OPTIONS", "-Xmx1g -Dpassword=hunter2")
	f.Add("gunicorn", "-w\x004\x00--password\x00hunter2", "WEB_CONCURRENCY", "4")
	f.Add("node --max-old-space-size 12", "hunter2", "NODE_OPTIONS", "--max_old_space_size=12\u00a0hunter2")
	f.Add("sh\x00-c\x00gunicorn -w=4", "--workers\x0012345", "DOTNET_GCHeapHardLimit", "deadbeef")
	f.Add("", "", "GOMEMLIMIT", "12MiB")
	f.Fuzz(func(t *testing.T, command, args, name, value string) {
		pod := &corev1.Pod{}
		pod.Name = "p"
		pod.Spec.Containers = []corev1.Container{{
			Name: "c", Command: strings.Split(command, "\x00"), Args: strings.Split(args, "\x00"),
			Env: []corev1.EnvVar{{Name: name, Value: value}}, EnvFrom: []corev1.EnvFromSource{{Prefix: value}},
		}}
		trimPod(pod)
		c := pod.Spec.Containers[0]
		if c.Command != nil || c.EnvFrom != nil || c.WorkingDir != "" {
			t.Fatalf("kept: %+v", c)
		}
		words := slices.Clone(c.Args)
		for _, e := range c.Env {
			switch {
			case !slices.Contains(RuntimeVariables(), e.Name) || e.ValueFrom != nil:
				t.Fatalf("kept: %+v", e)
			case strings.HasSuffix(e.Name, "_OPTIONS") || e.Name == "JAVA_OPTS":
				words = append(words, strings.Split(e.Value, " ")...)
			case !regexp.MustCompile(`^(0[xX])?[0-9a-fA-F]{1,19}([KMGT]?i?B)?$`).MatchString(e.Value):
				t.Fatalf("kept: %q", e.Value)
			}
		}
		for _, w := range words {
			if !numeric.MatchString(w) {
				t.Fatalf("kept: %q", w)
			}
		}
		again := pod.DeepCopy()
		trimPod(again)
		if got := again.Spec.Containers[0]; !slices.Equal(got.Args, c.Args) || !slices.Equal(got.Env, c.Env) {
			t.Fatalf("changed on the second way through: %+v, %+v", c, got)
		}
	})
}
