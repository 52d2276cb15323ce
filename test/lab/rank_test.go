package lab

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"path"
	"strings"
	"testing"
)

// scores is a script that prints of each process of a node the cgroup and oom_score_adj, with nothing but what the shell can do itself.
const scores = `for p in /proc/[0-9]*; do { read -r c < $p/cgroup && read -r s < $p/oom_score_adj; } 2>/dev/null && echo "$c $s"; done; true`

// rank holds "oom rank" to the kernel: the oom_score_adj that it computes for each container is the one that its processes have. Healthy
// workload qos-classes has pods of every kind; they need not be there for what is there to be held.
func rank(ctx context.Context, t *testing.T, l *Lab, tool Tool) {
	var view struct {
		Kind  string
		Nodes []struct {
			Node   string
			Kernel []struct {
				Pod         struct{ Namespace, Name, Container string }
				OOMScoreAdj int
				Why         string
			}
		}
	}
	res, err := tool.Run(ctx, "oom", "rank", "-o", "json")
	if err != nil || res.Code != 0 {
		t.Fatalf("code %d, %v: %s", res.Code, err, res.Stderr)
	}
	if err := json.Unmarshal(res.Stdout, &view); err != nil || view.Kind != "OOMRank" {
		t.Fatalf("%v: %.200s", err, res.Stdout)
	}
	ids, err := containerIDs(ctx, l)
	if err != nil {
		t.Fatal(err)
	}
	compared := map[string]int{} // by what makes the score
	for _, n := range view.Nodes {
		if n.Node != "node1" {
			continue // one that is played with meanwhile
		}
		out, err := l.InNode(ctx, n.Node, scores)
		if err != nil {
			t.Errorf("%s: %v", n.Node, err)
			continue
		}
		real := map[string]string{} // container ID → score
		for s := bufio.NewScanner(strings.NewReader(out)); s.Scan(); {
			if cgroup, score, ok := strings.Cut(s.Text(), " "); ok && score != "-998" { // which is the pause container's
				real[path.Base(cgroup)] = score
			}
		}
		for _, k := range n.Kernel {
			name := k.Pod.Namespace + "/" + k.Pod.Name + "/" + k.Pod.Container
			score, runs := real[ids[name]]
			if !runs {
				continue // ended or restarted meanwhile
			}
			why, _, _ := strings.Cut(k.Why, ",")
			compared[why]++
			if want := fmt.Sprint(k.OOMScoreAdj); score != want {
				t.Errorf("%s on %s (%s): the kernel has %s, the tool says %s", name, n.Node, k.Why, score, want)
			}
		}
	}
	fmt.Printf("oom_score_adj of containers compared with the kernel's: %v\n", compared)
	if *only == "" && (compared["BestEffort"] == 0 || compared["Burstable"] == 0) {
		t.Errorf("too few containers to compare: %v", compared)
	}
}

// containerIDs are the IDs of the containers that run, by namespace, pod and name.
func containerIDs(ctx context.Context, l *Lab) (map[string]string, error) {
	out, err := l.Run(ctx, nil, "get", "pods", "-A", "-o", "json")
	if err != nil {
		return nil, err
	}
	type status struct{ Name, ContainerID string }
	var pods struct {
		Items []struct {
			Metadata struct{ Namespace, Name string }
			Status   struct{ ContainerStatuses, InitContainerStatuses []status }
		}
	}
	if err := json.Unmarshal([]byte(out), &pods); err != nil {
		return nil, err
	}
	ids := map[string]string{}
	for _, p := range pods.Items {
		for _, s := range append(p.Status.ContainerStatuses, p.Status.InitContainerStatuses...) {
			_, id, _ := strings.Cut(s.ContainerID, "://")
			ids[p.Metadata.Namespace+"/"+p.Metadata.Name+"/"+s.Name] = id
		}
	}
	return ids, nil
}
