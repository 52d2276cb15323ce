package history

// What weeks of answers ask for.

import (
	"slices"
	"strings"
	"testing"

	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
)

// judgeAnswers holds the time-outs, and what they rest on, to the shares of answers that were played.
func judgeAnswers(t *testing.T, items map[string]finding.ProbeAdvice) {
	t.Helper()
	for name, want := range map[string]struct {
		p99, slowest int64 // milliseconds
		timeout      int   // of liveness; 0: none is recommended
		failed       bool
	}{
		"steady": {p99: 25, slowest: 100}, "slow": {p99: 1000, slowest: 1000, timeout: 3, failed: true}, "heavy": {p99: 1000, slowest: 1000, timeout: 2},
		"quiet": {p99: 25, slowest: 100}, "cut": {p99: 25, slowest: 100, failed: true},
	} {
		item := items[name+"/app"]
		if len(item.Answers) != 1 || item.Answers[0].P99 == nil || item.Answers[0].Slowest == nil {
			t.Errorf("%s: answers %+v", name, item.Answers)
			continue
		}
		a := item.Answers[0]
		got := numbers(item)["livenessProbe.timeoutSeconds"]
		if a.Probe != "livenessProbe" || *a.P99 != want.p99 || *a.Slowest != want.slowest || (a.Failed > 0) != want.failed || got > 1 != (want.timeout > 1) || want.timeout > 1 && got != want.timeout {
			t.Errorf("%s: 99 %% within %d ms, the slowest %d, %d failed, time-out %d, want %+v", name, *a.P99, *a.Slowest, a.Failed, got, want)
		}
		s := services()[slices.IndexFunc(services(), func(s *service) bool { return s.name == name })]
		if truth := answersOf(s); !s.quiet && (float64(a.Succeeded) < 0.98*truth || float64(a.Succeeded) > 1.01*truth) {
			t.Errorf("%s: %d answers, want %.0f", name, a.Succeeded, truth)
		}
	}
	if notes := strings.Join(items["quiet/app"].Notes, " "); !strings.Contains(notes, "no time-out rests on fewer than 300 over 24 h") {
		t.Errorf("too few answers: %q", notes)
	}
}

// answersOf is how many attempts succeeded until now.
func answersOf(s *service) (out float64) {
	for _, p := range s.play() {
		at := now
		if p.to.Before(at) {
			at = p.to
		}
		asked, _ := p.counted(at)
		out += asked * s.answers[len(s.answers)-1].share
	}
	return out
}
