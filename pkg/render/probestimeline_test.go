package render

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
)

func timelineOf(workloads ...finding.Timeline) *finding.ProbesTimeline {
	v := &finding.ProbesTimeline{ViewHead: finding.NewHead(finding.ProbesTimelineKind), Workloads: workloads}
	v.Metadata = finding.Metadata{Time: noon, ToolVersion: "v0.1.0", Context: "prod-eu", Scope: finding.Scope{Command: "probes timeline", Namespaces: []string{"shop"}}}
	v.Coverage = []finding.Coverage{{Resource: "pods", State: finding.CoverageOK}}
	return v
}

// minutes is so many minutes before noon.
func minutes(n float64) time.Time { return noon.Add(-time.Duration(n * float64(time.Minute))) }

func stretch(state finding.TimelineState, from, to float64, source string) finding.TimelineSpan {
	return finding.TimelineSpan{State: state, From: minutes(from), To: minutes(to), Source: source}
}

func mark(kind finding.TimelineMarkKind, first, last float64, count int32, pod, text, source string) finding.TimelineMark {
	return finding.TimelineMark{Mark: kind, First: minutes(first), Last: minutes(last), Count: count, Text: text, Object: in(object("Pod", "shop", pod), "app"), Source: source}
}

func fallen(more int) finding.Timeline {
	const life, ready, last = "status.containerStatuses[app].state.running", "status.conditions[Ready]", "status.containerStatuses[app].lastState.terminated"
	row := func(pod string, since float64, spans []finding.TimelineSpan, marks ...finding.TimelineMark) finding.TimelineRow {
		created := minutes(since)
		return finding.TimelineRow{Object: object("Pod", "shop", pod), Node: "node-1", Since: &created, Spans: spans, Marks: marks}
	}
	a, b, c, gone := "api-6c5d4b8f7-2x2kp", "api-6c5d4b8f7-9wq7r", "api-6c5d4b8f7-hm4tz", "api-6c5d4b8f7-vv8mk"
	t := finding.Timeline{
		Object: object("Deployment", "shop", "api"), From: minutes(20), To: noon,
		Rollouts: []finding.TimelineMark{{Mark: finding.MarkRollout, First: minutes(18), Last: minutes(18), Count: 1, Text: "revision 2", Object: object("ReplicaSet", "shop", "api-6c5d4b8f7"), Source: "metadata.creationTimestamp"}},
		Nodes: []finding.TimelineRow{{Object: finding.ObjectRef{Kind: "Node", Name: "node-1"}, Spans: []finding.TimelineSpan{}, Marks: []finding.TimelineMark{{
			Mark: finding.MarkNode, First: minutes(6), Last: minutes(6), Count: 1, Text: "MemoryPressure is True", Object: finding.ObjectRef{Kind: "Node", Name: "node-1"}, Source: "status.conditions[MemoryPressure]",
		}}}},
		Replicas: []finding.TimelineRow{
			row(a, 17.8, []finding.TimelineSpan{stretch(finding.TimelineUnready, 9, 0, ready), stretch(finding.TimelineBackOff, 4, 3, last), stretch(finding.TimelineStarting, 3, 2, life)},
				mark(finding.MarkProbeFailed, 9, 4.1, 6, a, "Liveness: no answer in time", "event Unhealthy"), mark(finding.MarkKilled, 8, 4, 2, a, "by its liveness probe", "event Killing")),
			row(b, 17.8, []finding.TimelineSpan{stretch(finding.TimelineUnready, 5, 0, ready), stretch(finding.TimelineRunning, 17, 3, last), stretch(finding.TimelineBackOff, 3, 0, "status.containerStatuses[app].state.waiting (CrashLoopBackOff)")},
				mark(finding.MarkKilled, 3, 3, 1, b, "by its liveness probe", "event Killing"), mark(finding.MarkBackOff, 2.8, 0.5, 4, b, "waits before it is started again", "event BackOff")),
			row(c, 17.8, []finding.TimelineSpan{stretch(finding.TimelineStarting, 17.7, 17, life), stretch(finding.TimelineReady, 17, 0, ready)}),
			{Object: object("Pod", "shop", gone), Gone: true, Spans: []finding.TimelineSpan{}, Marks: []finding.TimelineMark{mark(finding.MarkEnded, 17, 17, 1, gone, "pod-stopped", "event Killing")}},
		},
	}
	for i := range more {
		t.Replicas = append(t.Replicas, row(fmt.Sprintf("api-6c5d4b8f7-more%d", i), 90, []finding.TimelineSpan{stretch(finding.TimelineReady, 80, 0, ready)}))
	}
	return t
}

func timelineViews() map[string]finding.View {
	foul := fallen(0)
	foul.Object = object(evil, evil, evil)
	foul.Replicas[0].Object, foul.Replicas[0].Node = object(evil, evil, evil), evil
	foul.Replicas[0].Marks[0].Text, foul.Replicas[0].Marks[0].Source, foul.Replicas[0].Marks[0].Object = evil, evil, object(evil, evil, evil)
	foul.Nodes[0].Object.Name, foul.Rollouts[0].Text = evil, evil
	return map[string]finding.View{
		"timeline": timelineOf(fallen(0)), "timeline-many": timelineOf(fallen(60)), "timeline-none": timelineOf(), "timeline-nasty": timelineOf(foul),
	}
}

// TestLanesPutMarksWhereTheyBelong holds a picture of ten columns, one a minute.
func TestLanesPutMarksWhereTheyBelong(t *testing.T) {
	l := lanes{from: minutes(10), to: noon}
	use := (&page{}).letters()
	for _, tc := range []struct {
		name string
		row  lane
		want string
	}{
		{"nothing is known", lane{}, ".........."},
		{"it is younger", lane{since: minutes(7)}, "   ......."},
		{"states side by side", lane{spans: []finding.TimelineSpan{stretch(finding.TimelineUnready, 5, 2, ""), stretch(finding.TimelineReady, 2, 0, "")}}, ".....___=="},
		{"the worse of two", lane{spans: []finding.TimelineSpan{stretch(finding.TimelineReady, 5, 0, ""), stretch(finding.TimelineBackOff, 4, 3, "")}}, ".....=b==="},
		{"first and last, not what lies between", lane{marks: []finding.TimelineMark{mark(finding.MarkKilled, 9, 2, 7, "", "", "")}}, ".K......K."},
		{"a kill hides what led to it", lane{marks: []finding.TimelineMark{mark(finding.MarkKilled, 5, 5, 1, "", "", ""), mark(finding.MarkProbeFailed, 6, 5, 3, "", "", "")}}, "....!K...."},
		{"before the picture, and at its very ends", lane{marks: []finding.TimelineMark{mark(finding.MarkEnded, 30, 30, 1, "", "", ""), mark(finding.MarkEnded, 10, 0, 2, "", "", "")}}, "E........E"},
	} {
		if got := l.draw(tc.row, 10, use); got != tc.want {
			t.Errorf("%s: %q, want %q", tc.name, got, tc.want)
		}
	}
}

// TestTimelinesNeedNoColour holds that a picture is the same with colour and without.
func TestTimelinesNeedNoColour(t *testing.T) {
	var with, without bytes.Buffer
	for _, o := range []struct {
		out    *bytes.Buffer
		colour bool
	}{{&with, true}, {&without, false}} {
		if err := View(o.out, timelineOf(fallen(0)), Options{Terminal: true, Width: 80, Colour: o.colour, UTF8: true}); err != nil {
			t.Fatal(err)
		}
	}
	rows := func(s string) (out []string) {
		for line := range strings.Lines(s) {
			if strings.Contains(line, "|") {
				out = append(out, line)
			}
		}
		return out
	}
	if a, b := rows(with.String()), rows(without.String()); len(a) != 6 || strings.Join(a, "") != strings.Join(b, "") {
		t.Errorf("with colour:\n%s\nwithout:\n%s", with.String(), without.String())
	}
}
