package analysis

// A trouble that two checks came upon is told once.

import (
	"testing"

	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
)

func TestOnce(t *testing.T) {
	object := func(kind, name string) finding.ObjectRef {
		return finding.ObjectRef{Kind: kind, Namespace: "shop", Name: name}
	}
	make := func(check, name, saidBy, source string) finding.Finding {
		return finding.Finding{
			Check: check, Object: object("Deployment", name), SaidBy: saidBy,
			Evidence: []finding.Evidence{{Object: object("Pod", name+"-0"), Source: source}},
		}
	}
	kill := make("probes/liveness-kill", "web", "", "status.containerStatuses[app].lastState.terminated")
	for name, tt := range map[string]struct {
		f    finding.Finding
		kept bool
	}{
		"same death":     {make("oom/killed-not-memory", "web", "probes/liveness-kill", "status.containerStatuses[app].lastState.terminated"), false},
		"other death":    {make("oom/killed-not-memory", "web", "probes/liveness-kill", "status.containerStatuses[log].lastState.terminated"), true},
		"other workload": {make("oom/killed-not-memory", "api", "probes/liveness-kill", "status.containerStatuses[app].lastState.terminated"), true},
		"own cause":      {make("oom/killed-not-memory", "web", "", "status.containerStatuses[app].lastState.terminated"), true},
		"check not run":  {make("oom/killed-not-memory", "web", "probes/startup-kill", "status.containerStatuses[app].lastState.terminated"), true},
	} {
		got := once([]finding.Finding{tt.f, kill})
		if kept := len(got) == 2; kept != tt.kept || got[len(got)-1].Check != kill.Check {
			t.Errorf("%s: kept %t, want %t: %v", name, kept, tt.kept, got)
		}
	}
}
