package pvc

import "testing"

func TestComplaint(t *testing.T) {
	for message, want := range map[string]string{
		`failed to expand pvc with rpc error: code = InvalidArgument desc = too big`:                                         "too big",
		`resize volume "pv" by resizer "d" failed: rpc error: code = Internal desc = rpc error: code = Unavailable desc = x`: "x",
		"Unable to expand shop/data.":       "Unable to expand shop/data",
		"a message\n  of two lines":         "a message of two lines",
		"failed to expand pvc with nothing": "nothing",
		"":                                  "",
	} {
		if got := complaint(message); got != want {
			t.Errorf("complaint(%q) = %q, want %q", message, got, want)
		}
	}
}

func TestNearest(t *testing.T) {
	names := []string{"fast-ssd", "gp2", "gp3", "standard"}
	for word, want := range map[string]string{"fast-sdd": "fast-ssd", "fastssd": "fast-ssd", "fast": "", "gp4": "gp2", "x": "", "standrad": "standard", "": ""} {
		if got, _ := nearest(word, names); got != want {
			t.Errorf("nearest(%q) = %q, want %q", word, got, want)
		}
	}
}
