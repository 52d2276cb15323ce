package lab

import (
	"flag"
	"testing"
)

var only = flag.String("only", "", "comma-separated incidents and healthy workloads to play; empty is all of this package")

// TestLab plays its group on a real cluster, holds the tool to what each one wants, and then to its promises. Other packages have the others, on
// the same lab.
func TestLab(t *testing.T) {
	ctx, l, tool := PlayGroup(t, ".", *only)
	t.Run("audit", func(t *testing.T) { audit(ctx, t, tool) })
	t.Run("replay", func(t *testing.T) { replay(ctx, t, tool) })
	t.Run("restricted", func(t *testing.T) { restricted(ctx, t, l, tool) })
	t.Run("flags before the name", func(t *testing.T) { flagsFirst(ctx, t, tool) })
	t.Run("rank", func(t *testing.T) { rank(ctx, t, l, tool) })
	t.Run("speed", func(t *testing.T) { speed(ctx, t, l, tool) })
}
