package prometheus

// This file reads when pods were ready and initialized, from kube-state-metrics, and when sidecars were started, of which that tells nothing.

import (
	"context"
	"maps"
	"slices"
)

// readReady takes the first and the last time that is told in each look: a pod that loses readiness and finds it again shows both.
func (r *starts) readReady(ctx context.Context) error {
	if len(r.began) == 0 {
		return nil
	}
	for _, metric := range []string{containersTime, podReadyTime} {
		total, err := r.askMoments(ctx, metric, r.ready)
		if err != nil {
			return err
		}
		if total > 0 {
			r.podReady = metric == podReadyTime
			return nil
		}
		r.part -= 2 * len(r.groups)
	}
	r.notes = append(r.notes, "neither "+containersTime+" nor "+podReadyTime+": how long starts took is not known")
	return nil
}

// askMoments asks for the times that a metric tells of pods, and how many answers there were.
func (r *starts) askMoments(ctx context.Context, metric string, into map[string]map[int64]bool) (total int, err error) {
	for _, told := range []telling{r.lasts, r.firsts} {
		expr := told([]string{r.ksm.pod}, metric, r.ksm)
		// Without the matchers of containers: pods are told of.
		n, err := r.ask(ctx, r.ksm, lifeStep, func(match ...string) string { return expr(match[0]) }, func(_ owned, k podContainer, _ Labels, points []Point) {
			for _, p := range points {
				if into[k.pod] == nil {
					into[k.pod] = map[int64]bool{}
				}
				into[k.pod][seconds(p.Value)] = true
			}
		})
		if total += n; err != nil {
			return total, err
		}
	}
	return total, nil
}

// readSidecars reads the starts of init containers, which cAdvisor tells of as of any container. kube-state-metrics, which tells of the
// others to the second, has no kube_pod_init_container_state_started. A failure is noted: what is asked next may be answered.
func (r *starts) readSidecars(ctx context.Context) error {
	if len(r.began) == 0 {
		return nil
	}
	groups, groupOf, progress, done := r.groups, r.groupOf, r.Progress, r.part+4*len(r.groups) // whatever is asked
	defer func() { r.groups, r.groupOf, r.Progress, r.part = groups, groupOf, progress, done }()
	if progress != nil {
		r.Progress = func(share float64) { progress(min(share, float64(done)/float64(r.parts))) }
	}
	r.divide(mostNames / 2) // init containers have the other half
	err := r.askSidecars(ctx)
	if err == nil || ctx.Err() != nil {
		return err
	}
	r.noted = true
	r.notes = append(r.notes, "starts of sidecars are not all known: "+err.Error())
	return nil
}

func (r *starts) askSidecars(ctx context.Context) error {
	if err := r.client.LabelValues(ctx, r.ksm.container, r.match(initInfo, r.ksm), r.From, r.To, func(name string) { r.init[name] = true }); err != nil || len(r.init) == 0 {
		return err
	}
	if r.has.state {
		has, err := r.look(ctx, startTime, &r.cadvisor, plain(), old())
		if err != nil || !has {
			return err
		}
		told := maps.Clone(r.began) // a name may be an init container's in one pod, and another's in the next
		sidecars := func(k podContainer) bool { return told[k] == nil }
		names, _ := alternatives(slices.Sorted(maps.Keys(r.init)), mostNames/2)
		for _, some := range names {
			if err := r.askStarts(ctx, startTime, r.cadvisor, sidecars, quoted(r.cadvisor.container, "=~", some)); err != nil {
				return err
			}
		}
	}
	_, err := r.askMoments(ctx, initTime, r.initial)
	return err
}

// noteSidecars notes that starts of sidecars are not known: init containers that have probes are sidecars.
func (r *starts) noteSidecars() {
	if r.noted {
		return
	}
	for of := range r.counts {
		if r.init[of.container] && r.began[of.podContainer] == nil {
			r.notes = append(r.notes, "no "+startTime+": starts of sidecars are not known")
			return
		}
	}
}
