// Package network plays nodes whose network plugin fails.
package network

import (
	"flag"
	"testing"

	"github.com/kubectl-scars/kubectl-scars/test/lab"
)

var only = flag.String("only", "", "comma-separated ones to play; empty is all of this package")

func TestNetwork(t *testing.T) { lab.PlayGroup(t, "nodes/network", *only) }
