package probes

import (
	"testing"

	"github.com/kubectl-scars/kubectl-scars/pkg/analysis/checktest"
)

func TestFixtures(t *testing.T) { checktest.Run(t, Checks(), ".") }
