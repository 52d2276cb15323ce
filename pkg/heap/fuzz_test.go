package heap

import (
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
)

// FuzzOf: whatever stands in a container, sizes are sizes, and say where they stand.
func FuzzOf(f *testing.F) {
	f.Add("-Xmx1g", "JAVA_TOOL_OPTIONS", "-XX:MaxRAMPercentage=75.5", "node:18.1", int64(1<<30))
	f.Add("--max-old-space-size=99999999999999999999", "GOMEMLIMIT", "9223372036854775807TiB", "openjdk:8u1", int64(1))
	f.Add("--workers=4", "DOTNET_GCHeapHardLimitPercent", "0x64", "a/b:c@d", int64(1<<62))
	f.Add("-XX:MaxRAMPercentage=NaN", "DOTNET_GCHeapHardLimit", "-1", "", int64(1<<30))
	f.Fuzz(func(t *testing.T, args, name, value, image string, limit int64) {
		c := &corev1.Container{Args: strings.Fields(args), Env: []corev1.EnvVar{{Name: name, Value: value}}, Image: image}
		for _, s := range Of(c, max(limit, 0)) {
			if s.Bytes < 0 || s.Text == "" || s.Field == "" || s.Runtime == "" || s.String() == "" {
				t.Errorf("%+v", s)
			}
		}
		if n, s, ok := Workers(c); ok && (n <= 0 || s.Text == "") {
			t.Errorf("%d workers, %+v", n, s)
		}
		if r, sees, blind := Blind(image); blind && (r == "" || sees == "") {
			t.Errorf("%s: %q, %q", image, r, sees)
		}
	})
}
