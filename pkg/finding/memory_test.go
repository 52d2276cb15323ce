package finding

import "testing"

func TestBytes(t *testing.T) {
	const mi = 1 << 20
	for n, want := range map[int64]string{
		0: "0B", 1: "1B", 2048: "2Ki", 64 * mi: "64Mi", 64*mi + mi/4: "64Mi", 1023 * mi: "1023Mi", 1 << 30: "1Gi", 3 << 29: "1.5Gi", 12 << 30: "12Gi", 3 << 40: "3Ti",
	} {
		if got := Bytes(n); got != want {
			t.Errorf("%d: %s, want %s", n, got, want)
		}
	}
}
