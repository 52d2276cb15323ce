package prometheus

// How a workload went from version to version, in steps.

import (
	"context"
	"strconv"
	"strings"
	"time"
)

// course is what was told of a workload in each step of the history.
type course struct {
	first    int64     // step, since the epoch
	versions []string  // that there were
	version  []int     // which of them new pods got; none, or several
	pods     []float32 // how many there were at most
	updated  []float32 // how many of them were of that version, at least
}

const (
	none    = 0
	several = -1
)

// at is the place of a time, false where it lies outside.
func (c *course) at(p Point) (int, bool) {
	i := p.At/1000/int64(lifeStep/time.Second) - c.first
	return int(i), i >= 0 && i < int64(len(c.version))
}

// tell says of a step which version new pods got.
func (c *course) tell(i int, version string) {
	j := len(c.versions) - 1
	for j >= 0 && c.versions[j] != version { // mostly it is the one before
		j--
	}
	if j < 0 {
		c.versions = append(c.versions, version)
		j = len(c.versions) - 1
	}
	n := j + 1
	if c.version[i] != none && c.version[i] != n {
		n = several
	}
	c.version[i] = n
}

// of is the version of a pod: that of which all pods were in the last step of those in which it was there from beginning to end and they were
// all of one. A DaemonSet's change that rolls out nothing makes a new generation, and pods that live on are of it. Empty where there was none.
func (c *course) of(l life) string {
	const step = int64(lifeStep / time.Second)
	from := max((l.created+step-1)/step+1-c.first, 0)
	until := min(l.last/step-1-c.first, int64(len(c.version))-1)
	for i := until; i >= from; i-- {
		if v := c.version[i]; v > none && c.pods[i] > 0 && c.updated[i] >= c.pods[i] {
			return c.versions[v-1]
		}
	}
	return ""
}

// readCourses reads how the workloads of a kind went, by name.
func (r *reader) readCourses(ctx context.Context, kind revision) (map[string]*course, error) {
	const step = int64(lifeStep / time.Second)
	courses := map[string]*course{}
	of := func(name string) *course {
		c := courses[name]
		if c == nil {
			first, last := r.From.Unix()/step+1, r.To.Unix()/step
			n := max(last-first+1, 0)
			c = &course{first: first, version: make([]int, n), pods: make([]float32, n), updated: make([]float32, n)}
			courses[name] = c
		}
		return c
	}
	// The extreme is that of duplicates, too: where kube-state-metrics is started anew when a rollout begins, the least of both is true.
	ask := func(metric, extreme string, take func(c *course, i int, l Labels, v float64), more ...string) error {
		for _, group := range r.groups {
			names := strings.ReplaceAll(group, anyPod, "")
			expr := r.grouped(extreme, append([]string{kind.label}, more...), extreme+"_over_time", metric, r.ksm, lifeStep, kind.label+`=~"`+names+`"`)
			err := r.client.Range(ctx, Range{From: r.From, To: r.To, Step: lifeStep, Expr: expr}, func(l Labels, points []Point) {
				c := of(l[kind.label])
				for _, p := range points {
					if i, inside := c.at(p); inside {
						take(c, i, l, p.Value)
					}
				}
			}, nil)
			if err != nil {
				return err
			}
		}
		return nil
	}
	generation := func(c *course, i int, _ Labels, v float64) {
		c.tell(i, "generation "+strconv.FormatInt(seconds(v), 10))
	}
	var err error
	if kind.newest == "" {
		err = ask(kind.version, "max", func(c *course, i int, l Labels, _ float64) { c.tell(i, l["revision"]) }, "revision")
	} else if err = ask(kind.version, "min", generation); err == nil {
		err = ask(kind.newest, "max", generation)
	}
	if err != nil || len(courses) == 0 {
		return nil, err
	}
	if err := ask(kind.pods, "max", func(c *course, i int, _ Labels, v float64) { c.pods[i] = float32(v) }); err != nil {
		return nil, err
	}
	return courses, ask(kind.updated, "min", func(c *course, i int, _ Labels, v float64) { c.updated[i] = float32(v) })
}
