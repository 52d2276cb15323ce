package collect

// A collection that never ends takes neither all the time nor all the memory there is.

import (
	"fmt"
	"net/http"
	"strconv"
	"testing"

	"github.com/kubectl-scars/kubectl-scars/pkg/collect/apitest"
	"github.com/kubectl-scars/kubectl-scars/pkg/snapshot"
)

// full answers with a page of n pods after which there is always another one: of the same pods, or of ones that no page had.
func full(w http.ResponseWriter, r *http.Request, n int, same bool) {
	page, _ := strconv.Atoi(r.URL.Query().Get("continue"))
	w.Header().Set("Content-Type", "application/json")
	fmt.Fprintf(w, `{"apiVersion":"v1","kind":"PodList","metadata":{"continue":"%d"},"items":[`, page+1)
	if same {
		page = 0
	}
	for i := range n {
		if i > 0 {
			fmt.Fprint(w, ",")
		}
		fmt.Fprintf(w, `{"metadata":{"namespace":"shop","name":"pod-%06d"}}`, page*n+i)
	}
	fmt.Fprint(w, "]}")
}

func TestFullPagesWithoutEnd(t *testing.T) {
	const perPage, most = 50, 1000
	for name, tt := range map[string]struct {
		same     bool
		reason   string
		pods     int
		requests int
	}{
		"of the same objects": {true, "50 read, then: the server sends the same page again", perPage, 2},
		"of new objects":      {false, "1000 read, then: the server has more of them than this tool reads", most, most / perPage},
	} {
		t.Run(name, func(t *testing.T) {
			server, c, _ := start(t, apitest.Options{Fault: func(w http.ResponseWriter, r *http.Request, path string) bool {
				if path == allPods {
					full(w, r, perPage, tt.same)
				}
				return path == allPods
			}})
			if c.most != MaxObjects {
				t.Errorf("reads %d objects of a listing", c.most)
			}
			c.most = most
			s, err := read(t, c, "", snapshot.Pods, snapshot.Nodes)
			if err != nil {
				t.Fatal(err)
			}
			wantState(t, s, snapshot.Pods, "", snapshot.Partial, tt.reason)
			wantState(t, s, snapshot.Nodes, "", snapshot.OK, "")
			asked := 0
			for _, r := range server.Requests() {
				if r.Path == allPods {
					asked++
				}
			}
			if n := s.Count(snapshot.Pods); n != tt.pods || asked != tt.requests {
				t.Errorf("%d pods in %d requests, want %d in %d", n, asked, tt.pods, tt.requests)
			}
		})
	}
}

// TestManyObjectsAreNotTooMany: a listing that ends with the most objects that are read is complete.
func TestManyObjectsAreNotTooMany(t *testing.T) {
	_, c, _ := start(t, apitest.Options{Objects: pods("shop", 6), Page: 3})
	c.most = 6
	s, err := read(t, c, "", snapshot.Pods)
	if err != nil || s.Count(snapshot.Pods) != 6 {
		t.Errorf("%d pods, %v", s.Count(snapshot.Pods), err)
	}
	wantState(t, s, snapshot.Pods, "", snapshot.OK, "")
}

// TestTooManyInOnePage: a page may have no more than a listing, whatever was asked for, and is not asked for again.
func TestTooManyInOnePage(t *testing.T) {
	server, c, _ := start(t, apitest.Options{Objects: pods("shop", 7)})
	c.most = 6
	s, err := read(t, c, "", snapshot.Pods, snapshot.Nodes)
	if err != nil || s.Count(snapshot.Pods) != 0 {
		t.Errorf("%d pods, %v", s.Count(snapshot.Pods), err)
	}
	wantState(t, s, snapshot.Pods, "", snapshot.Failed, "the server has more of them than this tool reads")
	if n := count(server, allPods); n != 1 {
		t.Errorf("%d requests", n)
	}
}
