package prometheus

// This file reads how lives ended, from kube-state-metrics: it tells of the last end until the next one.

import "context"

// end is how a life ended.
type end struct {
	code  int  // 0 where it is not known
	alone bool // there was a look in which no other end was told
	oom   bool // the memory killer ended it, as a look says in which no other was told
	maybe bool // it or another in the same look
}

// killed tells whether the memory killer ended it, or may have where that cannot be known.
func (e *end) killed() bool { return e.oom || e.maybe && !e.alone }

// looks are the ends that were told in each look, in seconds, of each container.
type looks map[podContainer]map[int64]int64

func (l looks) add(k podContainer, seen, at int64) {
	if l[k] == nil {
		l[k] = map[int64]int64{}
	}
	l[k][seen] = at
}

func (r *starts) readEnds(ctx context.Context) error {
	if len(r.began) == 0 {
		return nil
	}
	last, first := looks{}, looks{} // first only where it is another
	by := []string{r.ksm.pod, r.ksm.container}
	for _, one := range []struct {
		told telling
		into looks
	}{{r.lasts, last}, {r.firsts, first}} {
		_, err := r.ask(ctx, r.ksm, lifeStep, one.told(by, endedTime, r.ksm), func(_ owned, k podContainer, _ Labels, points []Point) {
			for _, p := range points {
				at := seconds(p.Value)
				if r.ended[k] == nil {
					r.ended[k] = map[int64]*end{}
				}
				if r.ended[k][at] == nil {
					r.ended[k][at] = &end{}
				}
				one.into.add(k, p.At/1000, at)
			}
		})
		if err != nil || len(last) == 0 {
			return err
		}
	}
	for k, seen := range last {
		for look, at := range seen {
			if first[k][look] == 0 {
				r.ended[k][at].alone = true
			}
		}
	}
	return r.readCodes(ctx, last, first)
}

// readCodes learns what ended them. Where two codes are told in one look nobody knows whose they are; another look at an end shows its own.
func (r *starts) readCodes(ctx context.Context, last, first looks) error {
	by := []string{r.ksm.pod, r.ksm.container}
	mixed := looks{}
	_, err := r.ask(ctx, r.ksm, lifeStep, r.firsts(by, endedCode, r.ksm), func(_ owned, k podContainer, _ Labels, points []Point) {
		for _, p := range points {
			mixed.add(k, p.At/1000, 1)
		}
	})
	if err != nil {
		return err
	}
	_, err = r.ask(ctx, r.ksm, lifeStep, r.lasts(by, endedCode, r.ksm), func(_ owned, k podContainer, _ Labels, points []Point) {
		for _, p := range points {
			for _, told := range []looks{last, first} {
				if e := r.ended[k][told[k][p.At/1000]]; e != nil && mixed[k][p.At/1000] == 0 {
					e.code = int(seconds(p.Value))
				}
			}
		}
	})
	if err != nil {
		return err
	}
	_, err = r.ask(ctx, r.ksm, lifeStep, func(match ...string) string {
		return r.lasts(by, endedReason, r.ksm)(append(match, `reason="OOMKilled"`)...)
	}, func(_ owned, k podContainer, _ Labels, points []Point) {
		for _, p := range points {
			seen := p.At / 1000
			e, before := r.ended[k][last[k][seen]], r.ended[k][first[k][seen]]
			switch {
			case e == nil || !(p.Value > 0):
			case before == nil:
				e.oom = true
			default:
				e.maybe, before.maybe = true, true
			}
		}
	})
	return err
}
