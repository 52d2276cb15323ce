package heap

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
)

const mi, gi = 1 << 20, 1 << 30

func container(args []string, env ...string) *corev1.Container {
	c := &corev1.Container{Args: args}
	for i := 0; i < len(env); i += 2 {
		c.Env = append(c.Env, corev1.EnvVar{Name: env[i], Value: env[i+1]})
	}
	return c
}

func TestOf(t *testing.T) {
	for _, tc := range []struct {
		name string
		c    *corev1.Container
		want []Setting // of a limit of 1Gi
	}{
		{"nothing", container(nil, "GOMEMLIMIT", "off"), nil},
		{"megabytes", container([]string{"-Xmx512m"}), []Setting{{JVM, commandLine, "-Xmx512m", 512 * mi, false}}},
		{"bytes", container([]string{"-Xmx1048576"}), []Setting{{JVM, commandLine, "-Xmx1048576", mi, false}}},
		{"the last of two", container([]string{"-Xmx512m", "-Xmx1G"}), []Setting{{JVM, commandLine, "-Xmx1G", gi, false}}},
		{"command line over tool options", container([]string{"-Xmx512m"}, "JAVA_TOOL_OPTIONS", "-Xmx1g"), []Setting{{JVM, commandLine, "-Xmx512m", 512 * mi, false}}},
		{"_JAVA_OPTIONS over all", container([]string{"-Xmx512m"}, "_JAVA_OPTIONS", "-Xmx1g"), []Setting{{JVM, "env[_JAVA_OPTIONS]", "-Xmx1g", gi, false}}},
		{"a share", container(nil, "JAVA_TOOL_OPTIONS", "-XX:MaxRAMPercentage=50.0"), []Setting{{JVM, "env[JAVA_TOOL_OPTIONS]", "-XX:MaxRAMPercentage=50.0", 512 * mi, false}}},
		{"-Xmx over a share", container([]string{"-XX:MaxRAMPercentage=90"}, "JAVA_TOOL_OPTIONS", "-Xmx256m"), []Setting{{JVM, "env[JAVA_TOOL_OPTIONS]", "-Xmx256m", 256 * mi, false}}},
		{"by script", container(nil, "JAVA_OPTS", "-Xmx1g"), []Setting{{JVM, "env[JAVA_OPTS]", "-Xmx1g", gi, true}}},
		{"out of bounds", container([]string{"-Xmx9999999999999t", "-XX:MaxRAMPercentage=900"}), nil},
		{"node", container([]string{"--max-old-space-size=2048"}, "NODE_OPTIONS", "--max-old-space-size=512"), []Setting{{NodeJS, commandLine, "--max-old-space-size=2048", 2 * gi, false}}},
		{"go", container(nil, "GOMEMLIMIT", "512MiB", "GOMEMLIMIT", "900MiB"), []Setting{{Go, "env[GOMEMLIMIT]", "900MiB", 900 * mi, false}}},
		{"go in bytes", container(nil, "GOMEMLIMIT", "1048576B"), []Setting{{Go, "env[GOMEMLIMIT]", "1048576B", mi, false}}},
		{".NET is hexadecimal", container(nil, "DOTNET_GCHeapHardLimit", "0x20000000"), []Setting{{DotNET, "env[DOTNET_GCHeapHardLimit]", "0x20000000", 512 * mi, false}}},
		{".NET percent", container(nil, "DOTNET_GCHeapHardLimitPercent", "32"), []Setting{{DotNET, "env[DOTNET_GCHeapHardLimitPercent]", "32", gi / 100 * 50, false}}},
		{"two runtimes", container([]string{"-Xmx1m"}, "NODE_OPTIONS", "--max-old-space-size=1"), []Setting{{JVM, commandLine, "-Xmx1m", mi, false}, {NodeJS, "env[NODE_OPTIONS]", "--max-old-space-size=1", mi, false}}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got := Of(tc.c, gi)
			if len(got) != len(tc.want) {
				t.Fatalf("got %+v, want %+v", got, tc.want)
			}
			for i := range got {
				if got[i] != tc.want[i] {
					t.Errorf("got %+v, want %+v", got[i], tc.want[i])
				}
			}
		})
	}
}

func TestWorkers(t *testing.T) {
	for _, tc := range []struct {
		c     *corev1.Container
		want  int64
		field string
	}{
		{container([]string{"--workers=4", "--workers=8"}, "WEB_CONCURRENCY", "2"), 8, commandLine},
		{container(nil, "WEB_CONCURRENCY", "2"), 2, "env[WEB_CONCURRENCY]"},
	} {
		if n, s, ok := Workers(tc.c); !ok || n != tc.want || s.Field != tc.field {
			t.Errorf("got %d of %s, %v", n, s.Field, ok)
		}
	}
	if _, _, ok := Workers(container([]string{"--workers=0"})); ok {
		t.Error("no workers are workers")
	}
}
