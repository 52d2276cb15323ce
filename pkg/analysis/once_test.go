package analysis

// A trouble that two checks came upon is told once.

import (
	"slices"
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
	in := func(f finding.Finding, workloads, evidences string) finding.Finding {
		f.Object.Container, f.Evidence[0].Object.Container = workloads, evidences
		return f
	}
	event := func(saidBy string) finding.Finding {
		return make("probes/liveness-near-miss", "job", saidBy, "event Unhealthy")
	}
	killed := in(make("probes/liveness-kill", "job", "", "event Unhealthy"), "app", "app")
	kill := make("probes/liveness-kill", "web", "", "status.containerStatuses[app].lastState.terminated")
	for name, tt := range map[string]struct {
		f    finding.Finding
		kept bool
	}{
		"same death":              {make("oom/killed-not-memory", "web", "probes/liveness-kill", "status.containerStatuses[app].lastState.terminated"), false},
		"other death":             {make("oom/killed-not-memory", "web", "probes/liveness-kill", "status.containerStatuses[log].lastState.terminated"), true},
		"other workload":          {make("oom/killed-not-memory", "api", "probes/liveness-kill", "status.containerStatuses[app].lastState.terminated"), true},
		"own cause":               {make("oom/killed-not-memory", "web", "", "status.containerStatuses[app].lastState.terminated"), true},
		"check not run":           {make("oom/killed-not-memory", "web", "probes/startup-kill", "status.containerStatuses[app].lastState.terminated"), true},
		"same container":          {in(event("probes/liveness-kill"), "app", "app"), false},
		"no container":            {in(event("probes/liveness-kill"), "", ""), false},
		"other container":         {in(event("probes/liveness-kill"), "log", "log"), true},
		"other container's event": {in(event("probes/liveness-kill"), "app", "log"), true},
		"of another container":    {in(event("probes/liveness-kill"), "log", "app"), true},
	} {
		got := once([]finding.Finding{tt.f, killed, kill})
		if kept := len(got) == 3; kept != tt.kept || got[len(got)-1].Check != kill.Check {
			t.Errorf("%s: kept %t, want %t: %v", name, kept, tt.kept, got)
		}
	}
}

// TestCovers: what is left out stands with its fingerprint in what says more, through any number of findings that say more in their turn.
func TestCovers(t *testing.T) {
	make := func(check, saidBy string) finding.Finding {
		return finding.Finding{
			Check: check, SaidBy: saidBy, Fingerprint: "of " + check, Object: finding.ObjectRef{Kind: "Deployment", Namespace: "shop", Name: "web"},
			Evidence: []finding.Evidence{{Source: "event Unhealthy"}},
		}
	}
	got := once([]finding.Finding{
		make("probes/liveness-near-miss", "probes/liveness-kill"), make("oom/killed-not-memory", "probes/liveness-kill"),
		make("probes/liveness-kill", "probes/cascade"), make("probes/cascade", ""), make("probes/rollout-blind", "probes/never-ready-port"),
	})
	if len(got) != 2 || got[0].Check != "probes/cascade" || len(got[1].Covers) != 0 {
		t.Fatalf("left are %v", got)
	}
	want := []string{"of oom/killed-not-memory", "of probes/liveness-kill", "of probes/liveness-near-miss"}
	if !slices.Equal(got[0].Covers, want) {
		t.Errorf("covers %q, want %q", got[0].Covers, want)
	}
}
