// Package probes plays the incidents of its area that need no node for themselves.
package probes

import (
	"flag"
	"testing"

	"github.com/kubectl-scars/kubectl-scars/test/lab"
)

var only = flag.String("only", "", "comma-separated incidents to play; empty is all of this package")

func TestProbes(t *testing.T) { lab.PlayGroup(t, "play/probes", *only) }
