// Package process plays processes that are killed in containers that live on, and others that need a node for themselves.
package process

import (
	"flag"
	"testing"

	"github.com/kubectl-scars/kubectl-scars/test/lab"
)

var only = flag.String("only", "", "comma-separated ones to play; empty is all of this package")

func TestProcess(t *testing.T) { lab.PlayGroup(t, "nodes/process", *only) }
