package snapshot

// This file is the picture itself: its tables, and what the rest of the tool may ask of it.

import (
	"cmp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/kubectl-scars/kubectl-scars/pkg/order"
)

// Snapshot is the picture. It never changes, and may be read by many goroutines at once.
type Snapshot struct {
	now    time.Time
	tables map[Kind]*table
	sealed map[place]State
	asked  map[Ask]State
	joins  joins

	derived sync.Map // see Derived
}

// table holds the objects of one kind, sorted by namespace and name.
type table struct {
	objects []Object
	typed   any               // []T, the same objects in the same order
	ranges  map[string][2]int // namespace → half-open range in objects
}

func newTable(objects []Object, freeze func([]Object) any) *table {
	slices.SortStableFunc(objects, func(a, b Object) int {
		return cmp.Or(strings.Compare(a.GetNamespace(), b.GetNamespace()), strings.Compare(a.GetName(), b.GetName()))
	})
	t := &table{objects: objects, typed: freeze(objects), ranges: map[string][2]int{}}
	start := 0
	for i, o := range objects {
		if ns := o.GetNamespace(); i+1 == len(objects) || objects[i+1].GetNamespace() != ns {
			t.ranges[ns] = [2]int{start, i + 1}
			start = i + 1
		}
	}
	return t
}

// find tells where an object stands.
func (t *table) find(namespace, name string) (int, bool) {
	r := t.ranges[namespace]
	i, ok := slices.BinarySearchFunc(t.objects[r[0]:r[1]], name, func(o Object, name string) int { return strings.Compare(o.GetName(), name) })
	return r[0] + i, ok
}

// Now is the time of the picture, in UTC: the API server's clock, or the recording's.
func (s *Snapshot) Now() time.Time { return s.now }

// All returns every object in a fixed order: by kind as in Kinds, then namespace, then name. A recording is written from it.
func (s *Snapshot) All() []Object {
	var out []Object
	for _, info := range kinds {
		out = append(out, s.Of(info.Kind)...)
	}
	return out
}

// Of returns the objects of a kind, by namespace and name. It is not to be changed.
func (s *Snapshot) Of(kind Kind) []Object { return s.tables[kind].objects }

// Count is the number of objects of a kind: of those in the namespaces and of cluster-scoped ones, or, without namespaces, of all.
func (s *Snapshot) Count(kind Kind, namespaces ...string) int {
	t := s.tables[kind]
	if len(namespaces) == 0 {
		return len(t.objects)
	}
	n := t.ranges[""][1] - t.ranges[""][0]
	for _, ns := range namespaces {
		n += t.ranges[ns][1] - t.ranges[ns][0]
	}
	return n
}

// Find returns the object of a kind by name, whatever a check may see; for choosing subjects and for tests.
func (s *Snapshot) Find(kind Kind, namespace, name string) (Object, bool) {
	t := s.tables[kind]
	if t == nil {
		return nil, false
	}
	i, ok := t.find(namespace, name)
	if !ok {
		return nil, false
	}
	return t.objects[i], true
}

// Sealed lists how reading went, listings first, in a fixed order.
func (s *Snapshot) Sealed() []Sealed {
	var out []Sealed
	for p, st := range s.sealed {
		out = append(out, Sealed{Kind: p.Kind, Namespace: p.Namespace, State: st})
	}
	for a, st := range s.asked {
		out = append(out, Sealed{Kind: a.Kind, Namespace: a.Namespace, Name: a.Name, State: st})
	}
	order.By(out, func(a, b Sealed) int {
		return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Name, b.Name))
	})
	return out
}

// StateOf says how reading a kind in a namespace went; for a namespace, what was said of the whole cluster holds too.
func (s *Snapshot) StateOf(kind Kind, namespace string) State {
	if st, ok := s.sealed[place{kind, namespace}]; ok {
		return st
	}
	return s.sealed[place{kind, ""}]
}
