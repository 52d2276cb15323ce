package demo

// The weeks of memory before the incident of oom: no test cluster lives that long, so they are played, by shapes whose need is known at
// each moment. Run with -update to write them into the recording anew.

import (
	"bytes"
	"compress/gzip"
	"flag"
	"math"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
	"github.com/kubectl-scars/kubectl-scars/pkg/history"
	"github.com/kubectl-scars/kubectl-scars/pkg/history/historytest"
	"github.com/kubectl-scars/kubectl-scars/pkg/recording"
)

var update = flag.Bool("update", false, "write the weeks of memory into the recording")

const mib = 1 << 20

// player plays one container into a record.
type player struct {
	r     *history.Record
	start time.Time // of the play, a Monday
}

// play plays a shape until a time, under a limit that never kills, as pods of a ReplicaSet that are replaced each week.
func (w player) play(shape, name, replicaSet string, base, limit float64, replicas int, until time.Time) {
	var c historytest.Case
	for _, s := range historytest.Shapes() {
		if s.Name == shape {
			c = historytest.Case{Shape: s, ID: name, Base: base, Start: w.start}
		}
	}
	c.Replicas, c.Lifetime = replicas, 7*24*time.Hour
	round := func(bytes float64) float64 { return math.Round(bytes/mib*16) / 16 * mib }
	end := until.Sub(w.start)
	for _, pod := range c.Pods(end) {
		p := w.r.Pod(replicaSet+pod.Name[strings.LastIndex(pod.Name, "-"):], replicaSet)
		p.Started(w.start.Add(pod.From))
		minute, high := time.Time{}, 0.0
		c.Play(pod, w.r.From.Sub(w.start).Truncate(time.Minute), end, 0, func(s historytest.Sample) {
			at := w.start.Add(s.At)
			if m := at.Truncate(time.Minute); m.After(minute) {
				if high > 0 {
					p.Peak(minute.Add(time.Minute), high)
				}
				minute, high = m, 0
			}
			high = max(high, round(s.WorkingSet))
			p.Usage(at, round(s.Usage))
			p.Kernel(at, round(s.Peak))
			p.Limit(at, limit)
			if s.At%time.Hour < historytest.Scrape {
				p.Low(at, round(s.RSS))
			}
		})
	}
}

// weeks are the four weeks before the incident: cart needs twice as much on Monday mornings, and then its limit was cut from 160Mi to 64Mi.
func weeks(in *recording.Input) []finding.MemoryHistory {
	to := in.Header.Time
	record := func() player {
		r := history.NewRecord(to.Add(-4*historytest.Week), to)
		r.Interval, r.KillsKnown, r.LivesKnown, r.OwnersKnown = historytest.Scrape, true, true, true
		return player{r, time.Date(2026, 10, 26, 0, 0, 0, 0, time.UTC)}
	}
	cart, catalog := record(), record()
	rollout := time.Date(2026, 11, 23, 19, 25, 42, 0, time.UTC) // when the recorded ReplicaSet was created
	cart.play("peak on Mondays", "cart", "cart-675497797d", 72*mib, 160*mib, 2, rollout.Add(time.Minute))
	catalog.play("daily wave", "catalog", "catalog-7ff575bc76", 44*mib, 64*mib, 1, to)
	for i, name := range []string{"cart-85d5ff4479-2b6zn", "cart-85d5ff4479-m4lp8"} {
		p := cart.r.Pod(name, "cart-85d5ff4479")
		at := rollout.Add(time.Duration(20+40*i) * time.Second)
		p.Limit(at, 64*mib)
		for _, pause := range []time.Duration{0, 10 * time.Second, 20 * time.Second, 40 * time.Second} { // as long as the kubelet waits
			at = at.Add(pause)
			p.Started(at)
			p.Peak(at.Add(23*time.Second), 63.5*mib)
			at = at.Add(23 * time.Second)
			p.Killed(at, 64*mib)
		}
	}
	object := func(name string) finding.ObjectRef {
		return finding.ObjectRef{Kind: "Deployment", Namespace: "shop", Name: name, Container: name}
	}
	return append(cart.r.Saved(object("cart")), catalog.r.Saved(object("catalog"))...)
}

func TestWeeksBeforeTheIncidentAreThosePlayed(t *testing.T) {
	in, err := Read("oom")
	if err != nil {
		t.Fatal(err)
	}
	in.Header.History = []finding.Coverage{{
		Resource: "history", State: finding.CoverageOK, Reason: "made up: no test cluster lives for weeks", Checks: []string{"oom/recommend"},
	}}
	var want bytes.Buffer
	if err := recording.Write(&want, *in.Header, in.Snapshot(), weeks(in)...); err != nil {
		t.Fatal(err)
	}
	if *update {
		var packed bytes.Buffer
		zw, _ := gzip.NewWriterLevel(&packed, gzip.BestCompression)
		_, _ = zw.Write(want.Bytes())
		_ = zw.Close()
		if err := os.WriteFile("oom.json.gz", packed.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
		t.Skip("written: run again without -update")
	}
	if got := unpacked(t, "oom"); !bytes.Equal(got, want.Bytes()) {
		t.Errorf("the demo of oom holds other weeks than those that are played; run with -update")
	}
}
