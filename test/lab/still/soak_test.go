package still

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/kubectl-scars/kubectl-scars/pkg/cli"
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
		for _, path := range []string{"", "/pods"} {
			t.Run(strings.Trim(string(kind)+path, "/"), func(t *testing.T) {
				p, kubeconfig := proxy(t, still.Admin, fault.Options{Plan: fault.Always(kind, path)})
				defer p.Close()
				args := []string{"triage", "-A"}
				harmless := slices.Contains([]fault.Kind{fault.Latency, fault.Slow}, kind)
				if !harmless {
					args = append(args, "--request-timeout", "500ms", "--timeout", "2s")
				}
				got := look(t, kubeconfig, args...)
				lost := subset(t, got, want)
				if harmless && len(lost) > 0 {
					t.Errorf("lost %q; gaps: %v, stderr %q", lost, got.gaps(), got.stderr)
				}
			})
		}
	}
}

// TestPassing: what goes wrong once or twice and then no more costs nothing, not even a gap.
func TestPassing(t *testing.T) {
	want := undisturbed(t, "triage", "-A")
	for _, kind := range []fault.Kind{fault.Expired, fault.ExpiredForce, fault.Throttled, fault.Internal, fault.Unavailable, fault.Reset} {
		for times := 1; times <= 2; times++ {
			if kind == fault.ExpiredForce && times == 2 {
				continue // a listing is not begun a third time; see TestEachFault
			}
			t.Run(fmt.Sprintf("%s %d times", kind, times), func(t *testing.T) {
				var mu sync.Mutex
				met := map[string]int{}
				p, kubeconfig := proxy(t, still.Admin, fault.Options{Plan: func(r *http.Request) fault.Kind {
					if strings.HasPrefix(string(kind), "expired") && !r.URL.Query().Has("continue") {
						return fault.None
					}
					mu.Lock()
					defer mu.Unlock()
					if met[r.URL.Path]++; met[r.URL.Path] > times {
						return fault.None
					}
					return kind
				}})
				defer p.Close()
				same(t, look(t, kubeconfig, "triage", "-A"), want)
				if len(met) == 0 {
					t.Error("nothing went wrong")
				}
			})
		}
	}
}

// TestSoak runs all commands at random settings, for as long as it is told. What a run finds is a subset of what the undisturbed run finds,
// whatever is lost is named as a gap, nothing hangs or panics, and no goroutine stays behind.
func TestSoak(t *testing.T) {
	want := map[string]said{}
	for _, c := range commands() {
		want[c] = undisturbed(t, c, "-A")
	}
	var runs, reports, lost, early int
	met := map[fault.Kind]int{}
	const enough = 40
	for end := time.Now().Add(*soakFor); (runs < enough || time.Now().Before(end)) && !t.Failed(); runs++ {
		seed := *soakSeed + uint64(runs)
		got := soak(t, seed, want, met)
		if got.report != nil {
			reports++
		}
		early += len(got.early)
		lost += len(subset(t, got, want[got.args[0]]))
		if t.Failed() {
			t.Logf("the seed was %d; -args -seed %d repeats it", seed, seed)
		}
	}
	t.Logf("%d runs, %d with a report, %d findings lost and accounted for, %d said early, faults met: %v", runs, reports, lost, early, met)
	if reports < runs/3 || lost == 0 || len(met) < len(fault.Kinds()) {
		t.Errorf("that proves little")
	}
}

// soak is one run: a command, faults, how many of them, and time-outs, all drawn from the seed.
func soak(t *testing.T, seed uint64, want map[string]said, met map[fault.Kind]int) said {
	t.Helper()
	before := goleak.IgnoreCurrent()
	draw := rand.New(rand.NewPCG(seed, 0))
	kinds := slices.Clone(fault.Kinds())
	draw.Shuffle(len(kinds), func(i, j int) { kinds[i], kinds[j] = kinds[j], kinds[i] })
	kinds = kinds[:1+draw.IntN(len(kinds))]
	command := commands()[draw.IntN(len(want))]
	share := draw.Float64() * draw.Float64() // most often small, so that much is read in spite of it
	request := []string{"300ms", "1s", "5s", "0"}[draw.IntN(4)]
	whole := []time.Duration{2 * time.Second, 5 * time.Second, deadline}[draw.IntN(3)]

	var mu sync.Mutex
	plan := fault.Random(seed, share, kinds)
	p, kubeconfig := proxy(t, still.Admin, fault.Options{Plan: func(r *http.Request) fault.Kind {
		kind := plan(r)
		mu.Lock()
		defer mu.Unlock()
		if kind != fault.None {
			met[kind]++
		}
		return kind
	}})
	env := cli.Env{Now: clock}
	if draw.IntN(2) == 0 {
		env.ErrTTY = wide
	}
	got := lookIn(t, env, kubeconfig, command, "-A", "--request-timeout", request, "--timeout", whole.String())
	got.args = append(got.args, fmt.Sprintf("(%.2f of %v)", share, kinds))
	p.Close()
	if err := goleak.Find(before); err != nil {
		t.Errorf("%q left something running: %v", got.args, err)
	}
	return got
}
