package history

// The strategies of krr and of the VerticalPodAutoscaler on the same history.

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"testing"
	"time"

	"k8s.io/autoscaler/vertical-pod-autoscaler/pkg/recommender/logic"
	"k8s.io/autoscaler/vertical-pod-autoscaler/pkg/recommender/model"

	"github.com/kubectl-scars/kubectl-scars/pkg/history/historytest"
)

// krr is what robusta-dev/krr asks for by its defaults (core/abstract/strategies.py, strategies/simple.py, metrics/memory.py): the highest
// working set of any pod, looked at every 75 s for 14 days, and 15 % more; at least 100 MiB. With kills (use_oomkill_data, off by
// default) at least 1.25 times the limit of a container that was killed. It is asked of the real store.
func krr(t *testing.T, store string, c historytest.Case, kills bool) float64 {
	t.Helper()
	end := c.Start.Add(4 * historytest.Week)
	pods := fmt.Sprintf(`namespace=%q,pod=~"%s-.*",container="app"`, namespace, c.ID)
	value := 1.15 * highest(t, store, end, fmt.Sprintf(`max_over_time(max(container_memory_working_set_bytes{%s}) by (container, pod, job)[14d:75s])`, pods))
	if kills {
		value = max(value, 1.25*highest(t, store, end, fmt.Sprintf(`max_over_time(max(max(kube_pod_container_resource_limits{resource="memory",%[1]s}) by (pod,container,job) * on (pod,container,job) group_left(reason) max(kube_pod_container_status_last_terminated_reason{reason="OOMKilled",%[1]s}) by (pod,container,job,reason)) by (container,pod,job)[14d:75s])`, pods)))
	}
	return max(value, 100<<20)
}

// highest is the highest value of an instant query, 0 where it gives none.
func highest(t *testing.T, store string, at time.Time, query string) float64 {
	t.Helper()
	r, err := http.Get(store + "/api/v1/query?" + url.Values{"query": {query}, "time": {strconv.FormatInt(at.Unix(), 10)}}.Encode())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = r.Body.Close() }()
	var answer struct {
		Status, Error string
		Data          struct{ Result []struct{ Value [2]any } }
	}
	if err := json.NewDecoder(r.Body).Decode(&answer); err != nil || answer.Status != "success" {
		t.Fatalf("%s: %v %s", query, err, answer.Error)
	}
	out := 0.0
	for _, one := range answer.Data.Result {
		v, err := strconv.ParseFloat(one.Value[1].(string), 64)
		if err != nil {
			t.Fatal(err)
		}
		out = max(out, v)
	}
	return out
}

// vpa is the target of the VerticalPodAutoscaler's own recommender code with its defaults: the 90th percentile of daily peaks, which count
// half as much each day, and 15 % more; at least 250 MB. Requests are equal to limits here, so that the limit is the target.
func vpa(t *testing.T, c historytest.Case) float64 {
	t.Helper()
	limit := model.ResourceAmount(c.LimitBytes())
	state := model.NewAggregateContainerState()
	for _, p := range c.Pods(4 * historytest.Week) {
		container := model.NewContainerState(model.Resources{model.ResourceMemory: limit}, state)
		life := 0
		c.Play(p, 0, 4*historytest.Week, float64(limit), func(s historytest.Sample) {
			at := c.Start.Add(s.At)
			if s.Life > life {
				life = s.Life
				_ = container.RecordOOM(at, limit) // those that are too old are refused
			}
			if s.At%time.Minute < historytest.Scrape {
				container.AddSample(&model.ContainerUsageSample{MeasureStart: at, Usage: model.ResourceAmount(s.WorkingSet), Resource: model.ResourceMemory})
			}
		})
	}
	estimate := logic.WithMemoryMargin(0.15, logic.NewPercentileMemoryEstimator(0.9)).GetMemoryEstimation(state)
	return max(float64(estimate), 250e6)
}
