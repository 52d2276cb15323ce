// Package kernel plays nodes that run out of memory, so that their kernel kills.
package kernel

import (
	"flag"
	"testing"

	"github.com/kubectl-scars/kubectl-scars/test/lab"
)

var only = flag.String("only", "", "comma-separated ones to play; empty is all of this package")

func TestKernel(t *testing.T) { lab.PlayGroup(t, "nodes/kernel", *only) }
