// Package cascade plays a liveness probe that makes an overload worse, and what mends it.
package cascade

import (
	"context"
	_ "embed"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"k8s.io/client-go/rest"

	"github.com/kubectl-scars/kubectl-scars/test/lab"
)

//go:embed cascade.yaml
var cascadeManifest []byte

const (
	cascadeNamespace = "probes-cascade"
	cascadeRate      = 44               // requests a second: six replicas do 48, five 40
	cascadeMended    = 3 * time.Minute  // how long the mended workload must hold the load
	cascadePatience  = 10 * time.Minute // until the tool says that it is active
)

// cascadePatch is what probes/cascade advises: a handler of its own, long after readiness.
const cascadePatch = `{"spec":{"template":{"spec":{"containers":[{"name":"api","livenessProbe":{"httpGet":{"path":"/livez","port":"http"},"failureThreshold":24,"timeoutSeconds":4}}]}}}}`

// TestCascade puts six replicas under a load that five cannot bear, takes one away, and wants the tool to call it a cascade while it runs. Then
// it mends the liveness probe alone: the same load kills nothing.
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
	stop := pour(ctx, t, l)
	time.Sleep(20 * time.Second)
	kubectl("scale", "deployment/api", "--replicas=5")
	err := lab.Poll(ctx, cascadePatience, 5*time.Second, func() (string, error) {
		r, err := tool.Report(ctx, "probes", "-n", cascadeNamespace)
		if err != nil {
			return "", err
		}
		if slices.ContainsFunc(r.Findings, func(f lab.Finding) bool {
			return f.Check == "probes/cascade" && f.Severity == "critical" && f.Object.Name == "api" && strings.HasPrefix(f.Message, "cascade: ")
		}) {
			if i := slices.IndexFunc(r.Findings, func(f lab.Finding) bool { return f.Check == "probes/liveness-kill" }); i >= 0 {
				t.Errorf("the kills are told twice: %v", r.Findings[i])
			}
			return "", nil
		}
		return fmt.Sprintf("no active cascade among %v", r.Findings), nil
	})
	answered, failed := stop()
	t.Logf("%d requests were answered, %d were not", answered, failed)
	if err != nil {
		t.Fatal(err)
	}

	kubectl("patch", "deployment/api", "-p", cascadePatch)
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
	stop = pour(ctx, t, l)
	time.Sleep(20 * time.Second)
	kubectl("scale", "deployment/api", "--replicas=5")
	time.Sleep(cascadeMended)
	answered, failed = stop()
	t.Logf("mended: %d requests were answered, %d were not", answered, failed)
	if answered == 0 {
		t.Error("mended, it answered nothing: the load did not arrive")
	}
	if restarts := strings.Fields(kubectl("get", "pods", "-o", "jsonpath={.items[*].status.containerStatuses[0].restartCount}")); len(restarts) < 5 || slices.ContainsFunc(restarts, func(n string) bool { return n != "0" }) {
		t.Errorf("mended, its replicas were restarted %v times", restarts)
	}
}

// pour sends requests to the Service through the API server, which sends each to some ready endpoint: there is no kube-proxy. What is
// returned ends it, and tells how many were answered and how many not.
func pour(ctx context.Context, t *testing.T, l *lab.Lab) func() (answered, failed int64) {
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
	ctx, cancel := context.WithCancel(ctx)
	var good, bad atomic.Int64
	var all sync.WaitGroup
	all.Go(func() {
		tick := time.NewTicker(time.Second / cascadeRate)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
			all.Go(func() {
				if ask(ctx, client, url) {
					good.Add(1)
				} else if ctx.Err() == nil {
					bad.Add(1)
				}
			})
		}
	})
	return func() (answered, failed int64) {
		cancel()
		all.Wait()
		return good.Load(), bad.Load()
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
