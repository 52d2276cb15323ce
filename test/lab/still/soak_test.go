package still

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"net/http"
	"runtime/metrics"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/kubectl-scars/kubectl-scars/pkg/cli"
	"github.com/kubectl-scars/kubectl-scars/pkg/collect"
	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
	"github.com/kubectl-scars/kubectl-scars/test/lab/internal/fault"
	"github.com/kubectl-scars/kubectl-scars/test/lab/internal/still"
)

var (
	soakFor  = flag.Duration("for", 0, "how long TestSoak goes on; 0: for as many runs as prove something")
	soakSeed = flag.Uint64("seed", 1, "with which seed it begins")
)

// deadline is what the tool gets for a whole run where something is wrong on purpose.
const deadline = 20 * time.Second

// TestEachFault spoils every answer, and then those for one resource, in each way there is.
func TestEachFault(t *testing.T) {
	want := undisturbed(t, "triage", "-A")
	for _, kind := range fault.Kinds() {
		for _, resource := range []string{"", "pods", "events"} {
			t.Run(strings.Trim(string(kind)+"/"+resource, "/"), func(t *testing.T) {
				path := resource
				if path != "" {
					path = "/" + path
				}
				p, kubeconfig := proxy(t, still.Admin, fault.Options{Plan: fault.Always(kind, path)})
				defer p.Close()
				args := []string{"triage", "-A"}
				harmless := slices.Contains([]fault.Kind{fault.Latency, fault.Slow}, kind)
				switch {
				case harmless:
				case resource == "":
					args = append(args, "--request-timeout", "500ms", "--timeout", "2s")
				default:
					args = append(args, "--request-timeout", "5s", "--timeout", "10s") // enough for all else
				}
				got := look(t, kubeconfig, args...)
				lost := subset(t, got, want)
				if harmless && len(lost) > 0 {
					t.Errorf("lost %q; gaps: %v, stderr %q", lost, got.gaps(), got.stderr)
				}
				if resource != "" && kind != fault.TLS && kind != fault.Reset { // which hit all that shares the connection
					explained(t, got, want, resource)
				}
				if p.Played()[kind] == 0 && !mayMiss(kind, resource) {
					t.Errorf("played: %v, stderr %q", p.Played(), got.stderr)
				}
			})
		}
	}
}

// mayMiss tells whether a fault may have nothing to hit: further or large pages, of which a resource may have none, or a handshake after it,
// which takes place only where something is still to be read.
func mayMiss(kind fault.Kind, resource string) bool {
	return resource != "" && kind == fault.TLS || resource == "events" && slices.Contains([]fault.Kind{fault.Expired, fault.ExpiredForce, fault.TruncatedGzip}, kind)
}

// TestEndless: one resource that answers forever costs itself and not the rest, and ends before all memory is taken. Here the run's own
// deadline ends pages of ever new objects, and the limit of an answer its body.
func TestEndless(t *testing.T) {
	want := undisturbed(t, "triage", "-A")
	for kind, tt := range map[fault.Kind]struct{ timeout, reason string }{
		fault.EndlessSame: {"1m", "the server sends the same page again"},
		fault.EndlessBody: {"1m", fmt.Sprintf("more than %d MiB", collect.MaxAnswer>>20)},
		fault.EndlessFull: {"10s", collect.ErrDeadline.Error()},
	} {
		t.Run(string(kind), func(t *testing.T) {
			p, kubeconfig := proxy(t, still.Admin, fault.Options{Plan: fault.Always(kind, "/services")})
			defer p.Close()
			var most uint64
			stop, stopped := make(chan struct{}), make(chan struct{})
			go func() { // the tool runs in this process, and so does the proxy
				defer close(stopped)
				live := []metrics.Sample{{Name: "/gc/heap/live:bytes"}} // and not what is garbage, of which a faster machine makes more
				for {
					metrics.Read(live)
					most = max(most, live[0].Value.Uint64())
					select {
					case <-stop:
						return
					case <-time.After(100 * time.Millisecond):
					}
				}
			}()
			got := look(t, kubeconfig, "triage", "-A", "--request-timeout", "30s", "--timeout", tt.timeout)
			close(stop)
			<-stopped
			t.Logf("at most %d MiB were alive", most>>20)
			if most > 2<<30 {
				t.Errorf("%d MiB were alive", most>>20)
			}
			if kind != fault.EndlessFull { // which makes services up, and so findings
				subset(t, got, want)
			}
			if !slices.ContainsFunc(got.gaps(), func(c finding.Coverage) bool {
				return c.Resource == "services" && strings.Contains(c.Reason, tt.reason)
			}) {
				t.Errorf("gaps %v, stderr %q", got.gaps(), got.stderr)
			}
			if p.Played()[kind] == 0 {
				t.Errorf("played: %v", p.Played())
			}
		})
	}
}

// TestPassing: what goes wrong once or twice and then no more costs nothing, not even a gap: but what must be seen at one moment, where a listing
// goes on at another.
func TestPassing(t *testing.T) {
	want := undisturbed(t, "triage", "-A")
	for _, kind := range []fault.Kind{fault.Expired, fault.ExpiredForce, fault.Throttled, fault.Internal, fault.Unavailable, fault.ResetStream, fault.Reset, fault.TLS} {
		for times := 1; times <= 2; times++ {
			if times == 2 && (kind == fault.ExpiredForce || kind == fault.TLS) {
				continue // a listing is not begun a third time, and a handshake that fails is a second try already; see TestEachFault
			}
			one := kind == fault.Reset || kind == fault.TLS // hit all that shares the connection: for one resource, then
			t.Run(fmt.Sprintf("%s %d times", kind, times), func(t *testing.T) {
				var mu sync.Mutex
				asked := map[string]int{}
				p, kubeconfig := proxy(t, still.Admin, fault.Options{Plan: func(r *http.Request) fault.Kind {
					// A server that has not answered yet is not asked again where it refuses the handshake.
					later := strings.HasPrefix(string(kind), "expired") || kind == fault.TLS
					if later && !r.URL.Query().Has("continue") || one && !strings.HasSuffix(r.URL.Path, "/v1/pods") {
						return fault.None
					}
					mu.Lock()
					defer mu.Unlock()
					if asked[r.URL.Path]++; asked[r.URL.Path] > times {
						return fault.None
					}
					return kind
				}})
				defer p.Close()
				got := look(t, kubeconfig, "triage", "-A")
				if kind != fault.Expired {
					same(t, got, want)
				} else if lost := subset(t, got, want); len(got.gaps()) > 0 || slices.ContainsFunc(lost, func(f string) bool { return !strings.HasPrefix(f, "netpol/duplicate-pod-ip ") }) {
					// Of two pods that were read at different moments nobody knows whether they had an IP at once.
					t.Errorf("lost %q, gaps %v", lost, got.gaps())
				}
				if p.Played()[kind] == 0 {
					t.Errorf("played: %v", p.Played())
				}
			})
		}
	}
}

// TestSoak runs all commands in all ways at random settings, for as long as it is told. What a run finds is a subset of what the same run
// finds undisturbed, whatever is lost is named as a gap, nothing hangs or panics, and no goroutine stays behind.
func TestSoak(t *testing.T) {
	want := undisturbedBy{}
	var runs, reports, lost, early int
	played, ways := map[fault.Kind]int{}, map[string]int{}
	const enough, most = 60, 200 // runs, where no time is given
	for end := time.Now().Add(*soakFor); !t.Failed(); runs++ {
		if proves := len(played) == len(fault.Kinds()) && len(ways) == 9 && lost > 0; time.Now().After(end) && (runs >= enough && proves || runs >= most) {
			break
		}
		seed := *soakSeed + uint64(runs)
		got, lostOf := soak(t, seed, want, played, ways)
		if got.report != nil {
			reports++
		}
		early += len(got.early)
		lost += lostOf
		if t.Failed() {
			t.Logf("the seed was %d; -args -seed %d repeats it", seed, seed)
		}
	}
	t.Logf("%d runs, %d with a report, %d findings lost and accounted for, %d said early, faults played: %v, ways: %v", runs, reports, lost, early, played, ways)
	if reports < runs/3 || lost == 0 || len(played) < len(fault.Kinds()) || len(ways) < 9 {
		t.Errorf("that proves little")
	}
}

// soak is one run: a way to call the tool, a protocol, faults, how many of them, and time-outs, all drawn from the seed.
func soak(t *testing.T, seed uint64, want undisturbedBy, played map[fault.Kind]int, ways map[string]int) (said, int) {
	t.Helper()
	draw := rand.New(rand.NewPCG(seed, 0))
	kinds := slices.Clone(fault.Kinds())
	draw.Shuffle(len(kinds), func(i, j int) { kinds[i], kinds[j] = kinds[j], kinds[i] })
	kinds = kinds[:1+draw.IntN(len(kinds))]
	share := draw.Float64() * draw.Float64() // most often small, so that much is read in spite of it
	request := []string{"300ms", "1s", "5s", "0"}[draw.IntN(4)]
	whole := []time.Duration{2 * time.Second, 5 * time.Second, deadline}[draw.IntN(3)]
	http1 := draw.IntN(2) == 0
	env := cli.Env{Now: clock}
	if draw.IntN(2) == 0 {
		env.ErrTTY = wide
	}
	w := drawWay(draw)
	undisturbed := want.find(t, w)

	before := goleak.IgnoreCurrent()
	p, kubeconfig := proxy(t, still.Admin, fault.Options{Plan: fault.Random(seed, share, kinds), HTTP1: http1})
	got := w.look(t, env, kubeconfig, "--request-timeout", request, "--timeout", whole.String())
	got.args = append(got.args, fmt.Sprintf("(%.2f of %v, HTTP/1.1: %t)", share, kinds, http1))
	p.Close()
	if err := goleak.Find(before); err != nil {
		t.Errorf("%q left something running: %v", got.args, err)
	}
	for kind, n := range p.Played() {
		played[kind] += n
	}
	ways[w.name]++
	return got, len(subset(t, got, undisturbed))
}
