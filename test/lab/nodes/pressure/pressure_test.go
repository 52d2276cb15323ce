// Package pressure plays nodes that are short of memory, so that their kubelet evicts or would.
package pressure

import (
	"flag"
	"testing"

	"github.com/kubectl-scars/kubectl-scars/test/lab"
)

var only = flag.String("only", "", "comma-separated ones to play; empty is all of this package")

func TestPressure(t *testing.T) { lab.PlayGroup(t, "nodes/pressure", *only) }
