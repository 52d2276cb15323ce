package render

// What stands below the findings: judgements that could not be made, pods that nothing explains, the areas where nothing is wrong,
// and last what could not be read. A healthy line never stands over a gap.

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
	"github.com/kubectl-scars/kubectl-scars/pkg/render/theme"
)

// maxListed bounds lists on the first screen of a terminal; wide and pipes list all.
const maxListed = 3

func (p *page) footer() []string {
	var lines []string
	for _, part := range [][]string{append(p.cannotSay(), p.unexplained()...), append(p.areas(), p.coverage()...)} {
		if len(part) > 0 && len(lines) > 0 {
			lines = append(lines, "")
		}
		lines = append(lines, part...)
	}
	if p.wide {
		lines = append(lines, p.coverageTable()...)
	}
	return lines
}

// gapGroup is one reason for which several objects could not be judged.
type gapGroup struct {
	check, reason string
	objects       []finding.ObjectRef
}

func gapGroups(gaps []finding.Gap) []*gapGroup {
	var groups []*gapGroup
	index := map[[2]string]*gapGroup{}
	said := map[finding.Gap]string{} // area
	for _, g := range gaps {
		once, area := finding.Gap{Object: g.Object, Reason: g.Reason}, finding.Area(g.Check)
		if said[once] != "" && said[once] != area {
			continue // two areas want to know the same
		}
		said[once] = area
		key := [2]string{g.Check, g.Reason}
		if index[key] == nil {
			index[key] = &gapGroup{check: g.Check, reason: g.Reason}
			groups = append(groups, index[key])
		}
		index[key].objects = append(index[key].objects, g.Object)
	}
	return groups
}

func (p *page) cannotSay() []string {
	groups := gapGroups(p.report.CannotSay)
	shown := groups
	if p.short() && len(groups) > maxListed {
		shown = groups[:maxListed]
	}
	var lines []string
	for _, g := range shown {
		lines = append(lines, p.flow(0, 2, span{text: "?", style: theme.Gap}, strong("cannot say"), plain(g.check+" for"),
			plain(p.objects(g.objects)+":"), plain(p.clip(g.reason, maxValueCells)))...)
	}
	if n := len(groups) - len(shown); n > 0 {
		lines = append(lines, p.flow(0, 2, span{text: "?", style: theme.Gap}, strong("cannot say"), plain(number(n, "more thing", "more things")+": -o wide"))...)
	}
	return lines
}

func (p *page) unexplained() []string {
	if len(p.report.Unexplained) == 0 {
		return nil
	}
	total := 0
	for _, u := range p.report.Unexplained {
		total += podCount(u)
	}
	lines := p.flow(0, 2, span{text: "▲", style: theme.Warning},
		strong(number(total, "pod is not ready and no check explains it", "pods are not ready and no check explains them")+":"))
	for _, u := range p.report.Unexplained {
		spans := []span{plain(itoa(podCount(u))), strong(cmp.Or(u.Reason, "no reason given"))}
		if u.Detail != "" {
			spans = append(spans, plain("· "+p.clip(u.Detail, maxValueCells)))
		}
		if len(u.Pods) > 0 {
			pods := p.objects(u.Pods)
			if hidden := podCount(u) - len(u.Pods); hidden > 0 {
				pods = "such as " + pods
			}
			spans = append(spans, faint("· "+pods))
		}
		lines = append(lines, p.flow(2, 4, spans...)...)
	}
	return lines
}

// podCount trusts the list where the count is wrong.
func podCount(u finding.Unexplained) int { return max(u.Count, len(u.Pods)) }

// objects lists references, the first few of them on the first screen. A namespace that all of them share is told once.
func (p *page) objects(all []finding.ObjectRef) string {
	shared := len(all) > 0
	for _, o := range all {
		shared = shared && o.Namespace == all[0].Namespace
	}
	var names []string
	tail := ""
	for i, o := range all {
		if n := len(all) - i; p.short() && i >= maxListed && n > 1 {
			tail = fmt.Sprintf(" and %d more", n)
			break
		}
		if shared {
			o.Namespace = ""
		}
		names = append(names, p.ref(o))
	}
	list := strings.Join(names, ", ") + tail
	if shared && all[0].Namespace != "" {
		list += " -n " + all[0].Namespace
	}
	return list
}
