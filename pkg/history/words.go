package history

// Numbers in words: memory as Kubernetes writes it, times and shares as people say them.

import (
	"fmt"
	"math"
	"strconv"
	"time"
)

const mebi = 1 << 20

// RoundUp rounds bytes up to a number that is easy to read and at most 1.6 % more: to whole MiB, above 128 MiB to multiples of 2, 4, 8 …
func RoundUp(bytes float64) int64 {
	step := int64(mebi)
	for float64(step)*128 < bytes {
		step *= 2
	}
	return int64(math.Ceil(bytes/float64(step))) * step
}

// Quantity writes bytes as a quantity of Kubernetes. Whole MiB and GiB are exact, anything else has three figures.
func Quantity(bytes float64) string {
	switch {
	case bytes >= 1<<30 && math.Mod(bytes, 1<<30) == 0:
		return strconv.FormatInt(int64(bytes)>>30, 10) + "Gi"
	case bytes >= mebi && math.Mod(bytes, mebi) == 0:
		return strconv.FormatInt(int64(bytes)>>20, 10) + "Mi"
	case bytes >= 1<<30:
		return strconv.FormatFloat(bytes/(1<<30), 'f', 2, 64) + "Gi"
	case bytes >= 100*mebi:
		return strconv.FormatFloat(bytes/mebi, 'f', 0, 64) + "Mi"
	case bytes >= mebi:
		return strconv.FormatFloat(bytes/mebi, 'f', 1, 64) + "Mi"
	case bytes >= 1<<10:
		return strconv.FormatFloat(bytes/(1<<10), 'f', 0, 64) + "Ki"
	}
	return strconv.FormatFloat(bytes, 'f', 0, 64)
}

func percent(share float64) string {
	return strconv.FormatFloat(math.Round(share*1e4)/100, 'f', -1, 64) + " %"
}

// words tells a time in the largest unit of which there are at least two.
func words(d time.Duration) string {
	switch {
	case d >= 2*day:
		return fmt.Sprintf("%.0f days", math.Floor(d.Hours()/24))
	case d >= 2*time.Hour:
		return fmt.Sprintf("%.0f hours", math.Floor(d.Hours()))
	default:
		return fmt.Sprintf("%.0f minutes", math.Floor(d.Minutes()))
	}
}

func times(n int) string {
	if n == 1 {
		return "once"
	}
	return strconv.Itoa(n) + " times"
}
