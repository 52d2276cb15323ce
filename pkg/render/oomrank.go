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
		facts := fmt.Sprintf("%s of memory, %s for pods, which request %s", size(*n.CapacityBytes), size(*n.AllocatableBytes), size(n.RequestedBytes))
		if n.UsedBytes != nil {
			facts += " and use " + size(*n.UsedBytes)
		}
		title = append(title, faint("·"), plain(facts))
	}
	return title
}

func kernelTable(ranks []finding.KernelRank) table {
	t := table{header: []string{"#", "POD CONTAINER", "USE", "REQUEST", "ADJ", "WHY", "LIMIT"}, noun: "container", spare: 1}
	known := 0
	for _, k := range ranks {
		adj := "?"
		if k.OOMScoreAdj != nil {
			adj = strconv.Itoa(*k.OOMScoreAdj)
		}
		if k.UsageBytes != nil {
			known++
		}
		t.rows = append(t.rows, []string{
			strconv.Itoa(k.Place), k.Pod.Namespace + "/" + k.Pod.Name + " " + k.Pod.Container, orUnknown(k.UsageBytes),
			orNone(k.RequestBytes), adj, k.Why, orNone(k.LimitBytes),
		})
	}
	t.title = "The kernel, out of memory, kills in this order, by USE plus ADJ:"
	if known == 0 {
		t.title = "The kernel, out of memory, kills in this order (at equal ADJ, who uses more):"
	}
	return t
}

func evictionTable(ranks []finding.EvictionRank) table {
	t := table{
		title:  "The kubelet, before that, evicts in this order (OVER its request, PRIORITY):",
		header: []string{"#", "POD", "USE", "REQUEST", "OVER", "PRIORITY", "WHY"}, noun: "pod", spare: 1,
	}
	for _, e := range ranks {
		over := map[finding.OverRequest]string{finding.Over: "yes", finding.OverMaybe: "?", finding.NotOver: "no", finding.Exempt: "exempt"}[e.OverRequest]
		if e.OverRequest == finding.Over && e.UsageBytes != nil {
			over = size(*e.UsageBytes - e.RequestBytes)
		}
		t.rows = append(t.rows, []string{
			strconv.Itoa(e.Place), e.Pod.Namespace + "/" + e.Pod.Name, orUnknown(e.UsageBytes), orNone(&e.RequestBytes), over,
			strconv.Itoa(int(e.Priority)), e.Why,
		})
	}
	return t
}

// orUnknown writes bytes, and a question mark where they are not known.
func orUnknown(n *int64) string {
	if n == nil {
		return "?"
	}
	return size(*n)
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
