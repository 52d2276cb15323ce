package history

// Services whose pods start and answer as they are made to, so that what a store is asked about them is known.

import (
	"fmt"
	"math/rand/v2"
	"time"
)

// playedWeeks is how long they are played, until now.
const playedWeeks = 2

// now is when the play ends.
var now = time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)

// probing is the numbers of the probes of a version: liveness waits delay, asks each period and gives up after so many failures; readiness
// asks each readyPeriod.
type probing struct{ delay, period, failures, readyPeriod int }

// guaranteed is how long a container has at least.
func (p probing) guaranteed() time.Duration {
	return time.Duration(p.delay+p.period*(p.failures-1)) * time.Second
}

// manifest is the probes as a pod's spec has them.
func (p probing) manifest() string {
	const handler = "httpGet: {path: /up, port: 8080}"
	return fmt.Sprintf("livenessProbe: {%s, initialDelaySeconds: %d, periodSeconds: %d, failureThreshold: %d, timeoutSeconds: 1}, readinessProbe: {%[1]s, periodSeconds: %[5]d, failureThreshold: 3, timeoutSeconds: 1}",
		handler, p.delay, p.period, p.failures, p.readyPeriod)
}

// service is one workload.
type service struct {
	name, kind string
	replicas   int
	versions   []version     // oldest first, each until the next
	lifetime   time.Duration // of a pod, which then comes anew
	crashes    time.Duration // how often a container that runs ends by itself; 0: never
	answers    []answered    // of its liveness probe
	labels     bool          // kube-state-metrics may tell the labels of its pods
	quiet      bool          // the kubelet's counters are those of the last two hours
	sidecar    [2]float64    // seconds that its sidecar takes to start, from and to; without one both are 0
}

// sidecarPeriod is that of the startup probe of sidecars, in seconds, which gives up after 60 attempts.
const sidecarPeriod = 2

// version is one revision.
type version struct {
	name     string // of the ReplicaSet or the ControllerRevision
	since    time.Duration
	probes   probing
	from, to float64 // seconds that starts take
	oom      bool    // starts are ended by the memory killer, just when liveness would
}

// answered is which share of the answers took at most so long, in seconds; what took longer than one is a failure and has no duration.
type answered struct{ le, share float64 }

// run is one life of a container: what is true of it.
type run struct {
	began, listens, ready, decided, ended time.Time // zero where that did not come
	exit                                  float64
	oom                                   bool
}

// pod is one pod with its runs, in their order.
type pod struct {
	service    *service
	version    version
	name, uid  string
	from, to   time.Time
	containers []run
	sidecar    *run // of which only the first life is played
}

// begin is when the play begins.
func (s *service) begin() time.Time { return now.Add(-playedWeeks * 7 * 24 * time.Hour) }

// play plays all pods of a service, the same each time.
func (s *service) play() (out []pod) {
	begin := s.begin()
	random := rand.New(rand.NewPCG(uint64(len(s.name)), uint64(s.name[0])))
	for i, v := range s.versions {
		from, to := begin.Add(v.since), now.Add(time.Minute)
		if i+1 < len(s.versions) {
			to = begin.Add(s.versions[i+1].since)
		}
		for n := range s.replicas {
			at := from.Add(time.Duration(n) * 11 * time.Minute)
			for at.Before(to) {
				p := pod{service: s, version: v, uid: fmt.Sprintf("%s-%d", s.name, random.Uint32()), from: at, to: at.Add(s.lifetime)}
				if p.to.After(to) {
					p.to = to
				}
				switch s.kind {
				case "StatefulSet":
					p.name = fmt.Sprintf("%s-%d", s.name, n)
				case "Deployment":
					p.name = v.name + suffix(random)
				default:
					p.name = s.name + suffix(random)
				}
				p.started(random)
				p.runs(random)
				out = append(out, p)
				at = p.to.Add(45 * time.Second)
			}
		}
	}
	return out
}

func suffix(random *rand.Rand) string {
	const letters = "bcdfghjklmnpqrstvwxz2456789"
	out := []byte("-")
	for range 5 {
		out = append(out, letters[random.IntN(len(letters))])
	}
	return string(out)
}

// started plays the sidecar of a pod, for which its container waits.
func (p *pod) started(random *rand.Rand) {
	from, to := p.service.sidecar[0], p.service.sidecar[1]
	if to == 0 {
		return
	}
	p.sidecar = &run{began: p.from.Add(2 * time.Second)}
	needs, asked := from+random.Float64()*(to-from), random.Float64()*sidecarPeriod
	for asked < needs {
		asked += sidecarPeriod
	}
	p.sidecar.listens = p.sidecar.began.Add(time.Duration(needs * float64(time.Second)))
	p.sidecar.ready = p.sidecar.began.Add(time.Duration(asked * float64(time.Second)))
}

// runs plays the container of a pod: it is started, and started again after a wait that doubles up to five minutes, as a kubelet does.
func (p *pod) runs(random *rand.Rand) {
	v := p.version
	at, wait := p.from.Add(time.Duration(2+random.IntN(4))*time.Second), 10*time.Second
	if p.sidecar != nil {
		at = p.sidecar.ready.Add(time.Second)
	}
	seconds := func(f float64) time.Duration { return time.Duration(f * float64(time.Second)) }
	for at.Before(p.to) {
		r := run{began: at}
		needs := seconds(v.from + random.Float64()*(v.to-v.from))
		liveness := seconds(float64(v.probes.delay) + random.Float64()*float64(v.probes.period))
		readiness := seconds(random.Float64() * float64(v.probes.readyPeriod))
		gaveUp := liveness + time.Duration(v.probes.period*(v.probes.failures-1))*time.Second
		switch {
		case v.oom:
			r.ended, r.exit, r.oom = at.Add(v.probes.guaranteed()+3*time.Second), 137, true
		case needs > gaveUp:
			r.decided = at.Add(gaveUp)
			r.ended, r.exit = r.decided.Add(time.Second), 143 // it heeds SIGTERM
		default:
			r.listens = at.Add(needs)
			for readiness < needs {
				readiness += time.Duration(v.probes.readyPeriod) * time.Second
			}
			r.ready = at.Add(readiness)
			if c := p.service.crashes; c > 0 {
				r.ended, r.exit, wait = r.ready.Add(c+seconds(random.Float64()*3600)), 1, 10*time.Second
			}
		}
		if !r.ended.Before(p.to) {
			r.ended = time.Time{}
		}
		p.containers = append(p.containers, r)
		if r.ended.IsZero() {
			return
		}
		at, wait = r.ended.Add(wait), min(2*wait, 5*time.Minute)
	}
}
