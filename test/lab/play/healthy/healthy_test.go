// Package healthy plays the workloads about which the tool must be silent.
package healthy

import (
	"flag"
	"testing"

	"github.com/kubectl-scars/kubectl-scars/test/lab"
)

var only = flag.String("only", "", "comma-separated ones to play; empty is all of this package")

func TestHealthy(t *testing.T) { lab.PlayGroup(t, "play/healthy", *only) }
