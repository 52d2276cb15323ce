// Package nodes plays the incidents that need a node for themselves, but for those of package survivors.
package nodes

import (
	"flag"
	"testing"

	"github.com/kubectl-scars/kubectl-scars/test/lab"
)

var only = flag.String("only", "", "comma-separated incidents to play; empty is all of this package")

func TestNodes(t *testing.T) { lab.PlayGroup(t, "nodes", *only) }
