package render

import (
	"bytes"
	"fmt"
	"maps"
	"strings"
	"testing"
	"unicode"

	"github.com/charmbracelet/x/ansi"

	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
	"github.com/kubectl-scars/kubectl-scars/pkg/term"
)

func rankOf(nodes ...finding.RankedNode) *finding.OOMRank {
	r := &finding.OOMRank{ViewHead: finding.NewHead(finding.OOMRankKind), Nodes: nodes}
	r.Metadata = finding.Metadata{Time: noon, ToolVersion: "v0.1.0", Context: "prod-eu", Scope: finding.Scope{Command: "oom rank", AllNamespaces: true}}
	r.Coverage = []finding.Coverage{{Resource: "pods", State: finding.CoverageOK}}
	return r
}

func kernelRank(namespace, pod, container, class string, request, limit int64, adj int, why string) finding.KernelRank {
	k := finding.KernelRank{Pod: in(object("Pod", namespace, pod), container), QOSClass: class, OOMScoreAdj: &adj, Why: why}
	if request > 0 {
		k.RequestBytes = &request
	}
	if limit > 0 {
		k.LimitBytes = &limit
	}
	return k
}

// rankedNode is a node with at least as many containers as fit on a screen.
func rankedNode(name string, more int) finding.RankedNode {
	used := func(mib int64) *int64 { return new(mib << 20) }
	n := finding.RankedNode{
		Node: name, CapacityBytes: new(int64(8 << 30)), AllocatableBytes: new(int64(7600 << 20)), RequestedBytes: 2304 << 20,
		Kernel: []finding.KernelRank{
			kernelRank("shop", "cache-5f7b9d8c6-abcde", "redis", "BestEffort", 0, 0, 1000, "BestEffort"),
			kernelRank("shop", "web-7d9c8f6b94-x2xkp", "app", "Burstable", 256<<20, 512<<20, 969, "Burstable, 3.1 % of node"),
			kernelRank("kube-system", "kube-proxy-x9k2z", "kube-proxy", "BestEffort", 0, 0, -997, "system-node-critical"),
			kernelRank("shop", "db-0", "postgres", "Guaranteed", 2<<30, 2<<30, -997, "Guaranteed"),
		},
		Eviction: []finding.EvictionRank{
			{Place: 1, Pod: object("Pod", "shop", "cache-5f7b9d8c6-abcde"), OverRequest: finding.Over, UsageBytes: used(712), Why: "requests nothing"},
			{Place: 2, Pod: object("Pod", "shop", "web-7d9c8f6b94-x2xkp"), OverRequest: finding.OverMaybe, RequestBytes: 256 << 20, Why: "its use is not known"},
			{Place: 3, Pod: object("Pod", "shop", "db-0"), OverRequest: finding.NotOver, Priority: 1000, RequestBytes: 2 << 30, UsageBytes: used(1500), Why: "uses no more than it requests"},
			{Place: 4, Pod: object("Pod", "kube-system", "kube-proxy-x9k2z"), OverRequest: finding.Exempt, Priority: 2000001000, UsageBytes: used(31), Why: "critical"},
		},
	}
	n.Kernel[0].UsageBytes, n.Kernel[2].UsageBytes, n.Kernel[3].UsageBytes = used(712), used(31), used(1500)
	for i := range more {
		n.Kernel = append(n.Kernel, kernelRank("batch", fmt.Sprintf("crunch-%d", i), "crunch", "Guaranteed", 64<<20, 64<<20, -997, "Guaranteed"))
	}
	for i := range n.Kernel {
		n.Kernel[i].Place = min(i+1, 5)
	}
	return n
}

func views() map[string]finding.View {
	pressed := rankedNode("node-1", 0)
	pressed.MemoryPressure = true
	pressed.UsedBytes = new(int64(2243 << 20))
	unknown := rankedNode("node-1", 0)
	for i := range unknown.Kernel {
		unknown.Kernel[i].UsageBytes, unknown.Eviction[i].UsageBytes = nil, nil
	}
	unread := rankedNode("node-2", 0)
	unread.CapacityBytes, unread.AllocatableBytes, unread.Kernel[1].OOMScoreAdj = nil, nil, nil
	gaps := rankOf(pressed, unread)
	gaps.CannotSay = []finding.Gap{{Check: "oom/rank", Object: finding.ObjectRef{Kind: "Node", Name: "node-2"}, Reason: "oom_score_adj of Burstable containers: it comes from the node's memory, and the node was not read"}}
	gaps.Coverage = append(gaps.Coverage, finding.Coverage{Resource: "nodes", State: finding.CoverageForbidden, Checks: []string{"oom/rank"}})
	var many []finding.RankedNode
	for i := range 9 {
		many = append(many, rankedNode(fmt.Sprintf("node-%d", i), 60))
	}
	foul := rankedNode(evil, 1)
	foul.Kernel[0].Pod, foul.Kernel[0].Why, foul.Kernel[0].QOSClass = in(object(evil, evil, evil), evil), evil, evil
	foul.Eviction[0].Pod, foul.Eviction[0].Why, foul.Eviction[0].OverRequest = object(evil, evil, evil), evil, evil
	all := map[string]finding.View{"rank": gaps, "rank-one": rankOf(rankedNode("node-1", 60)), "rank-unknown": rankOf(unknown), "rank-many": rankOf(many...), "rank-none": rankOf(), "rank-nasty": rankOf(foul)}
	maps.Copy(all, recommendViews())
	maps.Copy(all, timelineViews())
	return all
}

func TestViews(t *testing.T) {
	for name, v := range views() {
		for reader, o := range readers() {
			if name != "rank" && name != "recommend" && name != "timeline" && reader != "80" && reader != "120" && reader != "markdown" {
				continue
			}
			t.Run(name+"/"+reader, func(t *testing.T) {
				var out bytes.Buffer
				if err := View(&out, v, o); err != nil {
					t.Fatal(err)
				}
				golden(t, name+"."+reader+".golden", out.Bytes())
			})
		}
	}
}

func TestNothingInAViewControlsTheTerminal(t *testing.T) {
	for reader, o := range readers() {
		var out bytes.Buffer
		for _, name := range []string{"rank-nasty", "recommend-nasty", "timeline-nasty"} {
			if err := View(&out, views()[name], o); err != nil {
				t.Fatal(err)
			}
		}
		for _, c := range ansi.Strip(out.String()) {
			if c != '\n' && (unicode.IsControl(c) || unicode.Is(unicode.Cf, c)) {
				t.Errorf("%s: contains %U", reader, c)
			}
		}
	}
}

// TestViewsFitTheScreen holds the first screen of a terminal.
func TestViewsFitTheScreen(t *testing.T) {
	for name, v := range views() {
		for _, width := range []int{40, 80, 120} {
			var out bytes.Buffer
			if err := View(&out, v, Options{Terminal: true, Width: width, MaxLines: 40, UTF8: true}); err != nil {
				t.Fatal(err)
			}
			lines := strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n")
			if len(lines) > 40 && width >= 80 {
				t.Errorf("%s takes %d lines of %d columns", name, len(lines), width)
			}
			for _, line := range lines {
				if term.Cells(line) > width {
					t.Errorf("%s: a line of %d columns on %d: %q", name, term.Cells(line), width, line)
				}
			}
		}
	}
}

func TestViewsForPrograms(t *testing.T) {
	v := rankOf(rankedNode("node-1", 1))
	for format, want := range map[string]string{
		"name":                                    "pod/cache-5f7b9d8c6-abcde\npod/web-7d9c8f6b94-x2xkp\npod/kube-proxy-x9k2z\npod/db-0\npod/crunch-0\n",
		"jsonpath={.nodes[0].kernel[0].why}":      "BestEffort",
		"go-template={{len .nodes}} {{.kind}}":    "1 OOMRank",
		"jsonpath={.nodes[*].kernel[1].pod.name}": "web-7d9c8f6b94-x2xkp",
	} {
		var out bytes.Buffer
		if err := View(&out, v, Options{Format: format}); err != nil || out.String() != want {
			t.Errorf("%s: %q, %v", format, out.String(), err)
		}
	}
}
