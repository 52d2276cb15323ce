package render

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
)

func recommended(items ...finding.Recommendation) *finding.OOMRecommend {
	r := &finding.OOMRecommend{ViewHead: finding.NewHead(finding.OOMRecommendKind), Items: items}
	r.Metadata = finding.Metadata{Time: noon, ToolVersion: "v0.1.0", Context: "prod-eu", Scope: finding.Scope{Command: "oom recommend", Namespaces: []string{"shop"}}}
	for _, item := range items {
		r.Total.Limits += item.Cost.Limits
		r.Total.Requests += item.Cost.Requests
	}
	return r
}

// recommendation is of container app, which was killed and whose use rises every week.
func recommendation(name string) finding.Recommendation {
	const mi = 1 << 20
	r := finding.Recommendation{
		Object: in(object("Deployment", "shop", name), "app"), Confidence: finding.Consistent, Replicas: 3,
		Limit:    finding.Amount{Now: 512 * mi, Recommended: 640 * mi, Quantity: "640Mi", Reason: "it was killed 3 times under 512Mi; a quarter more, and what it needs above that is unknown"},
		Request:  finding.Amount{Now: 256 * mi, Recommended: 384 * mi, Quantity: "384Mi", Reason: "99 % of the time no pod needed more than 383Mi"},
		Notes:    []string{"on Mondays it takes 500Mi at least, on other days 340Mi"},
		QOSClass: "Burstable", QOSBefore: "Burstable", Cost: finding.Cost{Requests: 384 * mi, Limits: 384 * mi}, RevertedBy: "Helm release " + name,
		Patch: "spec:\n  template:\n    spec:\n      containers:\n      - name: app\n        resources:\n          limits:\n            memory: 640Mi\n",
	}
	from := noon.Add(-28 * 24 * time.Hour)
	r.Basis = finding.Basis{From: &from, To: finding.At(noon), Pods: 9, Lives: 12, Quantile: "0.99"}
	for i := range 56 {
		p := finding.Point{Time: noon.Add(time.Duration(i-55) * 12 * time.Hour), Peak: int64(300+i%14*15) * mi, Limit: 512 * mi}
		if i%14 == 13 {
			p.Kills = 1
		}
		r.Chart = append(r.Chart, p)
	}
	return r
}

func recommendViews() map[string]finding.View {
	web := recommendation("web")
	young := finding.Recommendation{
		Object: in(object("Deployment", "shop", "web"), "proxy"), Limit: finding.Amount{Now: 1 << 27}, CannotSay: "5 hours of history; 3 days are the least", QOSClass: "Burstable",
		QOSBefore: "Burstable",
	}
	var many []finding.Recommendation
	for i := range 60 {
		r := recommendation(fmt.Sprintf("web-%02d", i))
		r.Basis.Kills = i % 3
		if i%7 == 6 {
			r.Leak, r.Limit.Recommended = &finding.Leak{BytesPerHour: 1 << 20}, 0
		}
		if i%5 == 4 {
			r.CannotSay, r.Confidence, r.Leak = young.CannotSay, "", nil
			r.Limit.Recommended, r.Request.Recommended = 0, 0
		}
		many = append(many, r)
	}
	foul := recommendation(evil)
	foul.Object, foul.RevertedBy, foul.QOSClass, foul.Patch = in(object(evil, evil, evil), evil), evil, evil, evil
	foul.Limit.Reason, foul.Request.Reason, foul.Notes = evil, evil, []string{evil}
	gone := recommended(web, young)
	gone.Coverage = append(gone.Coverage, finding.Coverage{Resource: "history", Namespace: "shop", State: finding.CoveragePartial, Reason: "no kube-state-metrics: it is not known which containers were killed for memory", Checks: []string{"oom/recommend"}})
	return map[string]finding.View{
		"recommend": gone, "recommend-many": recommended(many...), "recommend-none": recommended(), "recommend-nasty": recommended(foul),
	}
}

func TestPatches(t *testing.T) {
	var out bytes.Buffer
	if err := View(&out, recommended(recommendation("web"), recommendation("api")), Options{Format: Patch, UTF8: true, Kubectl: "kubectl --context prod"}); err != nil {
		t.Fatal(err)
	}
	text := out.String()
	if strings.Count(text, "\n---\n") != 1 || !strings.HasPrefix(text, "# kubectl --context prod -n shop patch deployment/web --patch-file FILE\n# reverted by Helm release web unless changed there\nspec:\n") {
		t.Errorf("got %s", text)
	}
	out.Reset()
	if err := View(&out, recommended(), Options{Format: Patch}); err != nil || out.String() != "# nothing to change\n" {
		t.Errorf("got %q, %v", out.String(), err)
	}
	if err := View(&out, rankOf(), Options{Format: Patch}); err == nil {
		t.Error("a view without patches was patched")
	}
}

func TestChartOfNothing(t *testing.T) {
	p := docPage(&bytes.Buffer{}, Options{})
	if lines := p.chart(chart{points: []finding.Point{{}, {}}}); lines != nil {
		t.Errorf("got %q", lines)
	}
}
