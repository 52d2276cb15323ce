// Package cascade plays a liveness probe that makes an overload worse, and what mends it.
package cascade

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io"
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
				strings.Contains(f.Message, "they die faster than they return") // some start has been seen by then
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
		return holds(active, strings.Fields(kubectl("get", "pods", "-o", "jsonpath={.items[*].status.containerStatuses[0].restartCount}")))
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

// holds compares the quantities of the finding with what is known otherwise: the manifest, and how often each replica was restarted up to now,
// a moment later.
func holds(f lab.Finding, restarts []string) (complaint string, err error) {
	said := map[string]string{}
	for _, e := range f.Evidence {
		said[e.Source] = e.Value
	}
	restarted, most := 0, int32(0)
	for _, text := range restarts {
		n, err := strconv.ParseInt(text, 10, 32)
		if err != nil {
			return "", err
		}
		if n > 0 {
			restarted++
		}
		most = max(most, int32(n))
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
	if replicas != 5 || killed > failed || killed > restarted {
		return fmt.Sprintf("simultaneity %q, but of 5 replicas %d were restarted", said["simultaneity"], restarted), nil
	}
	return "", nil
}

// A poured load goes to the Service through the API server, which sends each request to some ready endpoint: there is no kube-proxy.
type poured struct {
	since          time.Time
	cancel         context.CancelFunc
	all            sync.WaitGroup
	sent, answered atomic.Int64
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
				if ask(ctx, client, url) {
					p.answered.Add(1)
				}
			})
		}
	})
	return p
}

// stop ends it, and wants that most of it was sent and a share of that answered: otherwise nothing that was seen says anything.
func (p *poured) stop(t *testing.T, share float64) {
	t.Helper()
	p.cancel()
	p.all.Wait()
	sent, answered, want := float64(p.sent.Load()), float64(p.answered.Load()), cascadeRate*time.Since(p.since).Seconds()
	t.Logf("of %.0f requests %.0f were sent and %.0f answered", want, sent, answered)
	if sent < 0.8*want || answered < share*sent {
		t.Error("the load did not arrive")
	}
}

func ask(ctx context.Context, client *http.Client, url string) bool {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return false
	}
	res, err := client.Do(req)
	if err != nil {
		return false
	}
	defer res.Body.Close()
	_, err = io.Copy(io.Discard, res.Body)
	return err == nil && res.StatusCode == http.StatusOK
}
