package render

// The view "oom rank".

import (
	"fmt"
	"strconv"

	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
	"github.com/kubectl-scars/kubectl-scars/pkg/render/theme"
)

func rankSheet(r *finding.OOMRank) sheet {
	s := sheet{noun: "node", nothing: "No container runs on any node that was looked at."}
	for _, n := range r.Nodes {
		s.panels = append(s.panels, panel{title: rankTitle(n), tables: []table{kernelTable(n.Kernel), evictionTable(n.Eviction)}})
	}
	return s
}

func rankTitle(n finding.RankedNode) []span {
	title := []span{{text: "node/" + n.Node, style: theme.Heading}}
	if n.MemoryPressure {
		title = append(title, span{text: "MemoryPressure", style: theme.Critical})
	}
	if n.CapacityBytes != nil && n.AllocatableBytes != nil {
		title = append(title, faint("·"), plain(fmt.Sprintf("%s of memory, %s for pods, which request %s",
			size(*n.CapacityBytes), size(*n.AllocatableBytes), size(n.RequestedBytes))))
	}
	return title
}

func kernelTable(ranks []finding.KernelRank) table {
	t := table{header: []string{"POD CONTAINER", "REQUEST", "LIMIT", "ADJ", "WHY"}, noun: "container"}
	known := true
	for _, k := range ranks {
		adj := "?"
		if k.OOMScoreAdj != nil {
			adj = strconv.Itoa(*k.OOMScoreAdj)
		}
		known = known && k.UsageBytes != nil
		t.rows = append(t.rows, []string{
			k.Pod.Namespace + "/" + k.Pod.Name + " " + k.Pod.Container, orNone(k.RequestBytes), orNone(k.LimitBytes), adj, k.Why,
		})
	}
	t.title = "The kernel, out of memory, kills in this order (at equal ADJ, who uses more):"
	if known {
		t.title = "The kernel, out of memory, kills in this order, by use plus ADJ:"
	}
	return t
}

func evictionTable(ranks []finding.EvictionRank) table {
	t := table{
		title:  "The kubelet, before that, evicts in this order (OVER its request, PRIORITY):",
		header: []string{"POD", "PRIORITY", "REQUEST", "OVER", "WHY"}, noun: "pod", spare: 1,
	}
	for _, e := range ranks {
		over := map[finding.OverRequest]string{finding.Over: "yes", finding.OverMaybe: "if it uses more", finding.NotOver: "no", finding.Exempt: "never evicted"}[e.OverRequest]
		t.rows = append(t.rows, []string{e.Pod.Namespace + "/" + e.Pod.Name, strconv.Itoa(int(e.Priority)), orNone(&e.RequestBytes), over, e.Why})
	}
	return t
}

// orNone writes bytes, and a dash for none.
func orNone(n *int64) string {
	if n == nil || *n == 0 {
		return "-"
	}
	return size(*n)
}

// size writes bytes in the largest binary unit that leaves at least one before the point, with at most one digit after it.
func size(n int64) string {
	units := []string{"Ki", "Mi", "Gi", "Ti", "Pi"}
	if n < 1024 {
		return resource.NewQuantity(n, resource.BinarySI).String()
	}
	f, i := float64(n)/1024, 0
	for f >= 1024 && i < len(units)-1 {
		f, i = f/1024, i+1
	}
	return strconv.FormatFloat(float64(int64(f*10))/10, 'f', -1, 64) + units[i]
}
