package render

// The view "oom recommend": a panel for each workload, with the reason for each number, and a picture of what was used; where there are
// many workloads one table, a line for each container, and the panels in wide.

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
	"github.com/kubectl-scars/kubectl-scars/pkg/render/theme"
)

// Patch is the format of views that hold patches: one YAML document for each object.
const Patch = "patch"

// fewWorkloads is how many get a panel each on the first screen.
const fewWorkloads = 3

func recommendSheet(r *finding.OOMRecommend, all bool) sheet {
	s := sheet{noun: "workload", nothing: "No workload was looked at."}
	groups := byObject(r.Items, func(a finding.Recommendation) finding.ObjectRef { return a.Object })
	if len(groups) > fewWorkloads && !all {
		t := table{title: totals(r.Total), header: []string{"WORKLOAD", "LIMIT", "REQUEST", "SURE", ""}, noun: "container"}
		for _, group := range groups {
			for _, item := range group {
				t.rows = append(t.rows, []string{nameOf(item.Object, len(r.Metadata.Scope.Namespaces) == 1, len(group) == 1), change(item.Limit), change(item.Request), sure(item), remark(item)})
			}
		}
		s.panels = []panel{{title: []span{{text: number(len(groups), "workload", "workloads"), style: theme.Heading}}, tables: []table{t}}}
		return s
	}
	for _, group := range groups {
		s.panels = append(s.panels, recommendPanel(group))
	}
	return s
}

// byObject groups what is said of containers by their workload.
func byObject[T any](items []T, of func(T) finding.ObjectRef) [][]T {
	var out [][]T
	for i, item := range items {
		if i == 0 || !of(item).SameObject(of(items[i-1])) {
			out = append(out, nil)
		}
		out[len(out)-1] = append(out[len(out)-1], item)
	}
	return out
}

// nameOf names a container of a workload as short as what is shown allows: all in one namespace, one container a workload.
func nameOf(ref finding.ObjectRef, oneNamespace, oneContainer bool) string {
	name := ref.String()
	if !oneNamespace {
		name = ref.Namespace + "/" + name
	}
	if !oneContainer {
		name += " " + ref.Container
	}
	return name
}

func recommendPanel(group []finding.Recommendation) panel {
	first := group[0]
	title := []span{{text: first.Object.String(), style: theme.Heading}, faint("-n " + first.Object.Namespace), faint("·"), plain(number(first.Replicas, "replica", "replicas"))}
	switch class := first.QOSClass; {
	case class == first.QOSBefore:
		title = append(title, faint("·"), plain("stays "+class))
	default:
		title = append(title, faint("·"), strong(first.QOSBefore+" → "+class))
	}
	if first.RevertedBy != "" {
		title = append(title, faint("·"), strong("reverted by "+first.RevertedBy), plain("unless changed there"))
	}
	t := table{header: []string{"CONTAINER", "", "NOW", "BETTER", "BECAUSE"}, noun: "container"}
	var total finding.Cost
	for _, item := range group {
		total.Limits += item.Cost.Limits
		total.Requests += item.Cost.Requests
		if item.CannotSay != "" {
			t.rows = append(t.rows, []string{item.Object.Container, "", "", "?", item.CannotSay})
			continue
		}
		t.rows = append(t.rows,
			[]string{item.Object.Container, "limit", orNone(&item.Limit.Now), better(item.Limit), item.Limit.Reason + " (" + restsOn(item) + ")"},
			[]string{"", "request", orNone(&item.Request.Now), better(item.Request), item.Request.Reason})
	}
	t.title = totals(total)
	p := panel{title: title, tables: []table{t}}
	for _, item := range group {
		for _, note := range item.Notes {
			p.notes = append(p.notes, []span{faint(item.Object.Container + ":"), plain(note)})
		}
		if len(item.Chart) > 1 {
			p.charts = append(p.charts, chart{title: item.Object.Container + ": the highest use of any pod, by time", points: item.Chart, recommended: item.Limit.Recommended})
		}
	}
	return p
}

// restsOn says how sure a recommendation is, and of how much history.
func restsOn(item finding.Recommendation) string {
	text, b := string(item.Confidence), item.Basis
	if b.From != nil && b.To != nil {
		text += fmt.Sprintf(": %s of %s", number(int(b.To.Sub(*b.From).Round(24*time.Hour).Hours()/24), "day", "days"), number(b.Pods, "pod", "pods"))
	}
	return text
}

// totals says what a change costs.
func totals(c finding.Cost) string {
	return fmt.Sprintf("Over all replicas: %s of requests, %s of limits.", signed(c.Requests), signed(c.Limits))
}

func signed(bytes int64) string {
	switch {
	case bytes < 0:
		return "−" + size(-bytes)
	case bytes == 0:
		return "±0"
	}
	return "+" + size(bytes)
}

func better(a finding.Amount) string {
	switch a.Recommended {
	case 0:
		return "?"
	case a.Now:
		return "same"
	}
	return a.Quantity
}

func change(a finding.Amount) string {
	switch a.Recommended {
	case 0:
		return orNone(&a.Now)
	case a.Now:
		return a.Quantity
	}
	return orNone(&a.Now) + "→" + a.Quantity
}

func sure(item finding.Recommendation) string {
	if item.Confidence == "" {
		return "?"
	}
	return string(item.Confidence)
}

// remark is what is most worth knowing of a container, in a few words.
func remark(item finding.Recommendation) string {
	text, _, _ := strings.Cut(item.CannotSay, ";")
	switch {
	case item.Leak != nil:
		return "leak"
	case text != "":
		return text
	case item.Basis.Kills > 0:
		return "killed " + itoa(item.Basis.Kills) + "×"
	}
	return ""
}

// patched is the patch of one workload.
type patched struct {
	object                     finding.ObjectRef
	revertedBy, patch, warning string
}

// writePatches prints the patches of a view, each after the command that applies it.
func writePatches(w io.Writer, v finding.View, o Options) error {
	var patches []patched
	switch v := v.(type) {
	case *finding.OOMRecommend:
		for _, item := range v.Items {
			patches = append(patches, patched{item.Object, item.RevertedBy, item.Patch, ""})
		}
	case *finding.ProbesRecommend:
		for _, item := range v.Items {
			warning := ""
			if item.Restarts > 0 {
				warning = rolls(item.Restarts)
			}
			patches = append(patches, patched{item.Object, item.RevertedBy, item.Patch, warning})
		}
	default:
		return unknownFormat(Patch)
	}
	p := docPage(w, o)
	var lines []string
	for _, item := range patches {
		if item.patch == "" {
			continue
		}
		if len(lines) > 0 {
			lines = append(lines, "---")
		}
		lines = append(lines, "# "+p.text(p.command(finding.Kubectl(item.object.Namespace, "patch", item.object.String(), "--patch-file", "FILE"))))
		if item.revertedBy != "" {
			lines = append(lines, "# reverted by "+p.text(item.revertedBy)+" unless changed there")
		}
		if item.warning != "" {
			lines = append(lines, "# "+item.warning)
		}
		lines = append(lines, strings.Split(strings.TrimRight(p.block(item.patch), "\n"), "\n")...)
	}
	if len(lines) == 0 {
		lines = []string{"# nothing to change"}
	}
	return writeLines(w, lines)
}
