package snapshot

// What several checks conclude is made once for each snapshot, of declared kinds.

import (
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func TestDerived(t *testing.T) {
	b := NewBuilder()
	add := func(name string) {
		if err := b.Add(&corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: name}}); err != nil {
			t.Fatal(err)
		}
	}
	var made atomic.Int32
	nodes := Derived[int]{Kinds: []Kind{Nodes}, Make: func(v *View) int {
		made.Add(1)
		return len(v.Nodes())
	}}
	twice := Derived[int]{Kinds: []Kind{Nodes}, Make: func(v *View) int { return 2 * nodes.In(v) }}
	add("a")
	for n := 1; n <= 2; n++ {
		s := b.Build(time.Now())
		var wg sync.WaitGroup
		for range 20 {
			wg.Go(func() {
				v := s.View(Nodes, Pods)
				if got := twice.In(v); got != 2*n {
					t.Errorf("with %d nodes: %d", n, got)
				}
				if got := v.Touched(); !slices.Equal(got, []Kind{Nodes}) {
					t.Errorf("looked at %v", got)
				}
			})
		}
		wg.Wait()
		if got := made.Load(); got != int32(n) {
			t.Errorf("made %d times for %d snapshots", got, n)
		}
		add("b")
	}
}

// TestDerivedUndeclared: who has not declared the kinds gets nothing, though it was made for another; and nothing is made of other kinds.
func TestDerivedUndeclared(t *testing.T) {
	s := NewBuilder().Build(time.Now())
	nodes := Derived[int]{Kinds: []Kind{Nodes}, Make: func(v *View) int { return len(v.Nodes()) }}
	pods := Derived[int]{Kinds: []Kind{Nodes}, Make: func(v *View) int { return len(v.Pods("")) }}
	nodes.In(s.View(Nodes))
	for name, look := range map[string]func(){
		"a view without the kind": func() { nodes.In(s.View(Pods)) },
		"another kind":            func() { pods.In(s.View(Nodes, Pods)) },
		"another kind, again":     func() { pods.In(s.View()) },
	} {
		func() {
			defer func() {
				var undeclared UndeclaredError
				if err, _ := recover().(error); !errors.As(err, &undeclared) {
					t.Errorf("%s: panicked with %v", name, err)
				}
			}()
			look()
		}()
	}
}
