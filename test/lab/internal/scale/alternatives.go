package scale

// This file compares ways to read the inputs of triage.

import (
	"cmp"
	"context"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/kubectl-scars/kubectl-scars/test/lab/internal/fault"
	"github.com/kubectl-scars/kubectl-scars/test/lab/internal/pki"
)

// AlternativesFlags are what the API server needs to speak all that is compared.
const AlternativesFlags = "--feature-gates=CBORServingAndStorage=true,WatchList=true"

// far is a cluster somewhere else: 20 ms there and back, 100 Mbit/s.
var far = fault.Link{Delay: 10 * time.Millisecond, Rate: 100_000_000 / 8}

var alternatives = []struct{ name, way string }{
	{"pages of 500, protobuf, gzip: what the tool does", ""},
	{"pages of 100", "page=100"},
	{"pages of 250", "page=250"},
	{"pages of 2000", "page=2000"},
	{"all at once", "page=all"},
	{"whatever the watch cache holds (`resourceVersion=0`)", "cache"},
	{"as a watch (WatchList)", "watchlist"},
	{"no gzip", "plain"},
	{"JSON", "json"},
	{"CBOR (alpha, off by default)", "cbor"},
	{"metadata alone, which no check can judge", "metadata"},
}

// Alternatives measures all ways near by and over a link. It returns the rows of a table, among them those of ways that the server refuses.
func (r *Rig) Alternatives(ctx context.Context, rounds int) (string, error) {
	server, err := url.Parse(r.Server)
	if err != nil {
		return "", err
	}
	link, err := far.Listen(server.Host)
	if err != nil {
		return "", err
	}
	defer link.Close()
	kubeconfig := filepath.Join(r.Dir, "far.kubeconfig")
	if err := r.CA.Kubeconfig(kubeconfig, "https://"+link.Addr().String(), "", pki.Subject{Name: "admin", Orgs: []string{"system:masters"}}); err != nil {
		return "", err
	}
	var out strings.Builder
	for _, place := range []struct{ name, kubeconfig string }{{"loopback", ""}, {"20 ms, 100 Mbit/s", kubeconfig}} {
		var programs []Program
		var refused []string
		for _, a := range alternatives {
			p := Program{Name: a.name, Argv: []string{r.floor, "-floor", "-way", a.way}, Kubeconfig: place.kubeconfig}
			if _, _, err := r.run(ctx, cmp.Or(p.Kubeconfig, filepath.Join(r.Dir, "admin.kubeconfig")), p); err != nil {
				if ctx.Err() != nil {
					return "", err
				}
				fmt.Fprintln(os.Stderr, err)
				refused = append(refused, a.name)
				continue
			}
			programs = append(programs, p)
		}
		costs, err := r.Measure(ctx, rounds, programs)
		if err != nil {
			return "", err
		}
		for _, c := range costs {
			fmt.Fprintf(&out, "| %s | %s | %.1f s | %.2f | %d MB | %.1f MB | %d |\n", place.name, c.Name, c.Took.Seconds(),
				c.Took.Seconds()/costs[0].Took.Seconds(), c.RSS/1e6, float64(c.Received)/1e6, c.Requests)
		}
		for _, name := range refused {
			fmt.Fprintf(&out, "| %s | %s | refused | | | | |\n", place.name, name)
		}
	}
	return out.String(), nil
}
