// Package cascade plays a liveness probe that makes an overload worse, and what mends it.
package cascade

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"k8s.io/client-go/rest"

	"github.com/kubectl-scars/kubectl-scars/pkg/cascade"
	"github.com/kubectl-scars/kubectl-scars/test/lab"
)

//go:embed cascade.yaml
var cascadeManifest []byte

const (
	cascadeNamespace = "probes-cascade"
	cascadeRate      = 22               // requests a second: six replicas do 24, five 20
	cascadeMended    = 3 * time.Minute  // how long the mended workload must hold the load
	cascadePatience  = 10 * time.Minute // until the tool says that it is active
	cascadeStart     = 10 * time.Second // of each replica, as the manifest says
	cascadeSlowest   = 40 * time.Second // until it is ready, on a busy machine
)

// TestCascade puts six replicas under a load that five cannot bear, takes one away, and wants the tool to call it a cascade while it runs, with
// quantities that hold. Then it pastes the patch that the finding gives: the same load kills nothing.
func TestCascade(t *testing.T) {
	ctx, l, tool := lab.Begin(t)
	if err := l.Clear(ctx, cascadeNamespace, cascadeManifest); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := l.Delete(context.WithoutCancel(ctx), cascadeNamespace, cascadeManifest); err != nil {
			t.Error(err)
		}
	}()
	if err := l.Apply(ctx, cascadeNamespace, cascadeManifest); err != nil {
		t.Fatal(err)
	}
	kubectl := func(args ...string) string {
		out, err := l.Run(ctx, nil, append([]string{"-n", cascadeNamespace}, args...)...)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	kubectl("rollout", "status", "deployment/api", "--timeout=5m")
	poured := pour(ctx, t, l)
	time.Sleep(20 * time.Second)
	kubectl("scale", "deployment/api", "--replicas=5")
	var active lab.Finding
	err := lab.Poll(ctx, cascadePatience, 5*time.Second, func() (string, error) {
		r, err := tool.Report(ctx, "probes", "-n", cascadeNamespace)
		if err != nil {
			return "", err
		}
		i := slices.IndexFunc(r.Findings, func(f lab.Finding) bool {
			return f.Check == "probes/cascade" && f.Severity == "critical" && f.Object.Name == "api" && strings.HasPrefix(f.Message, "cascade ACTIVE: ") &&
				strings.Contains(f.Message, "they die faster than they return") && // some start has been seen by then
				strings.Contains(f.Message, "k* = ") // and the use of CPU of some replica
		})
		if i < 0 {
			return fmt.Sprintf("no active cascade among %v", r.Findings), nil
		}
		active = r.Findings[i]
		if i := slices.IndexFunc(r.Findings, func(f lab.Finding) bool { return f.Check == "probes/liveness-kill" }); i >= 0 {
			t.Errorf("the kills are told twice: %v", r.Findings[i])
		}
		return "", nil
	})
	poured.stop(t, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Log(active)
	err = lab.Poll(ctx, time.Minute, 2*time.Second, func() (string, error) { // what is being killed takes its time
		return holds(active, strings.Fields(kubectl("get", "pods", "-o", "jsonpath={range .items[*]}{.metadata.labels.pod-template-hash}/{.status.containerStatuses[0].restartCount} {end}")))
	})
	if err != nil {
		t.Error(err)
	}

	patch := slices.IndexFunc(active.Fix, func(f lab.Fix) bool { return strings.Contains(f.Command, "livenessProbe") })
	if patch < 0 {
		t.Fatalf("no patch among %v", active.Fix)
	}
	t.Log(active.Fix[patch].Command)
	if err := l.Paste(ctx, active.Fix[patch].Command); err != nil {
		t.Fatal(err)
	}
	kubectl("scale", "deployment/api", "--replicas=6")
	kubectl("rollout", "status", "deployment/api", "--timeout=5m")
	err = lab.Poll(ctx, 3*time.Minute, 2*time.Second, func() (string, error) { // those of the old revision are gone
		if names := strings.Fields(kubectl("get", "pods", "-o", "name")); len(names) != 6 {
			return fmt.Sprintf("%d pods, want 6", len(names)), nil
		}
		return "", nil
	})
	if err != nil {
		t.Fatal(err)
	}
	poured = pour(ctx, t, l)
	time.Sleep(20 * time.Second)
	kubectl("scale", "deployment/api", "--replicas=5")
	time.Sleep(cascadeMended)
	poured.stop(t, 0.25)
	if restarts := strings.Fields(kubectl("get", "pods", "-o", "jsonpath={.items[*].status.containerStatuses[0].restartCount}")); len(restarts) < 5 || slices.ContainsFunc(restarts, func(n string) bool { return n != "0" }) {
		t.Errorf("mended, its replicas were restarted %v times", restarts)
	}
}

// holds compares the quantities of the finding with what is known otherwise: the manifest, and of which revision each replica is and how often
// it was restarted up to now, a moment later: HASH/RESTARTS.
func holds(f lab.Finding, pods []string) (complaint string, err error) {
	said := map[string]string{}
	for _, e := range f.Evidence {
		said[e.Source] = e.Value
	}
	restarted, most := 0, int32(0)
	revisions := map[string]bool{}
	for _, pod := range pods {
		parts := strings.Split(pod, "/")
		if len(parts) != 2 {
			return "", fmt.Errorf("pod %q", pod)
		}
		n, err := strconv.ParseInt(parts[1], 10, 32)
		if err != nil {
			return "", err
		}
		if revisions[parts[0]] = true; n > 0 {
			restarted++
		}
		most = max(most, int32(n))
	}
	if !strings.HasPrefix(said["verdict"], "ACTIVE: ") {
		return "", fmt.Errorf("verdict %q", said["verdict"])
	}
	if err := margin(said); err != nil {
		return "", err
	}
	var failed, replicas, killed int
	if _, err := fmt.Sscanf(said["simultaneity"], "at least %d of %d replicas failed within 10m, %d killed", &failed, &replicas, &killed); err != nil {
		return "", fmt.Errorf("simultaneity %q: %w", said["simultaneity"], err)
	}
	var returns, dies string
	if _, err := fmt.Sscanf(strings.ReplaceAll(said["race"], ";", " ;"), "R = %s > L = %s", &returns, &dies); err != nil {
		return "", fmt.Errorf("race %q: %w", said["race"], err)
	}
	r, err := time.ParseDuration(returns)
	if err != nil {
		return "", err
	}
	if least, atMost := cascadeStart, cascadeSlowest+cascade.BackOff(most); r < least || r > atMost || dies != "10s" {
		return "", fmt.Errorf("race %q, want R between %s and %s, and L = 10s", said["race"], least, atMost)
	}
	if said["coupling"] == "" {
		return "", errors.New("readiness asks what liveness asks, and that is not said")
	}
	// The partition: of one revision, no node spared, nothing saturated, and no other workload there.
	if len(revisions) != 1 || !strings.HasSuffix(said["simultaneity"], "(shared cause)") {
		return "", fmt.Errorf("partition %q of %d revisions, want a shared cause of one", said["simultaneity"], len(revisions))
	}
	if replicas != 5 || killed > failed || killed > restarted {
		return fmt.Sprintf("simultaneity %q, but of 5 replicas %d were restarted", said["simultaneity"], restarted), nil
	}
	return "", nil
}

// margin holds k* to the use of CPU that is quoted, to half a per cent, and that to what the load takes: little, as it waits most of the time.
func margin(said map[string]string) error {
	var breaks, of, use int
	_, text, _ := strings.Cut(said["race"], "; k* = ")
	if _, err := fmt.Sscanf(text, "%d of %d", &breaks, &of); err != nil {
		return fmt.Errorf("k* in %q: %w", said["race"], err)
	}
	if _, err := fmt.Sscanf(said["pods.metrics.k8s.io"], "%d %% of the CPU limit used", &use); err != nil {
		return fmt.Errorf("use %q: %w", said["pods.metrics.k8s.io"], err)
	}
	at := func(percent float64) int { return max(1, int(math.Ceil(float64(of)*(1-percent/100)))) }
	if least, most := at(float64(use)+0.5), at(float64(use)-0.5); of != 5 || use > 60 || breaks < least || breaks > most {
		return fmt.Errorf("k* = %d of %d at %d %%, want between %d and %d of 5, at 60 %% or less", breaks, of, use, least, most)
	}
	return nil
}

// A poured load goes to the Service through the API server, which sends each request to some ready endpoint: there is no kube-proxy.
type poured struct {
	since                  time.Time
	cancel                 context.CancelFunc
	all                    sync.WaitGroup
	sent, answered, waited atomic.Int64
}

func pour(ctx context.Context, t *testing.T, l *lab.Lab) *poured {
	config, err := l.Config()
	if err != nil {
		t.Fatal(err)
	}
	client, err := rest.HTTPClientFor(config)
	if err != nil {
		t.Fatal(err)
	}
	client.Timeout = 6 * time.Second
	url := strings.TrimSuffix(config.Host, "/") + "/api/v1/namespaces/" + cascadeNamespace + "/services/api:80/proxy/"
	p := &poured{since: time.Now()}
	ctx, p.cancel = context.WithCancel(ctx)
	p.all.Go(func() {
		tick := time.NewTicker(time.Second / cascadeRate)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
			p.sent.Add(1)
			p.all.Go(func() {
				var slow net.Error
				switch ok, err := ask(ctx, client, url); {
				case ok:
					p.answered.Add(1)
				case errors.As(err, &slow) && slow.Timeout():
					p.waited.Add(1)
				}
			})
		}
	})
	return p
}

// stop ends it, and wants that most of it was sent and that a share of that reached a replica, which answered or kept it waiting until the client
// gave up: otherwise nothing that was seen says anything. The API server turns the rest away while no replica is ready.
func (p *poured) stop(t *testing.T, share float64) {
	t.Helper()
	p.cancel()
	p.all.Wait()
	sent, answered, waited, want := float64(p.sent.Load()), float64(p.answered.Load()), float64(p.waited.Load()), cascadeRate*time.Since(p.since).Seconds()
	t.Logf("of %.0f requests %.0f were sent, %.0f answered and %.0f kept waiting", want, sent, answered, waited)
	if sent < 0.8*want || answered+waited < share*sent || answered < share*sent/5 { // some must have been answered, or nobody knows where they waited
		t.Error("the load did not arrive")
	}
}

func ask(ctx context.Context, client *http.Client, url string) (ok bool, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return false, err
	}
	res, err := client.Do(req)
	if err != nil {
		return false, err
	}
	defer res.Body.Close()
	if _, err = io.Copy(io.Discard, res.Body); err != nil {
		return false, err
	}
	return res.StatusCode == http.StatusOK, nil
}
