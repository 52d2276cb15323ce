package snapshot

// This file is the picture itself: its tables, and what the rest of the tool may ask of it.

import (
	"cmp"
	"slices"
	"time"
)

// Snapshot is the picture. It never changes, and may be read by many goroutines at once.
type Snapshot struct {
	now    time.Time
	tables map[Kind]*table
	sealed map[place]State
	asked  map[Ask]State
	joins  joins
}

// table holds the objects of one kind, sorted by namespace and name.
type table struct {
	objects []Object
	typed   any // []T, the same objects in the same order
	index   map[key]int
	ranges  map[string][2]int // namespace → half-open range in objects
}

func newTable(objects []Object, freeze func([]Object) any) *table {
	t := &table{objects: objects, typed: freeze(objects), index: make(map[key]int, len(objects)), ranges: map[string][2]int{}}
	for i, o := range objects {
		ns := o.GetNamespace()
		t.index[key{ns, o.GetName()}] = i
		if r, ok := t.ranges[ns]; ok {
			t.ranges[ns] = [2]int{r[0], i + 1}
		} else {
			t.ranges[ns] = [2]int{i, i + 1}
		}
	}
	return t
}

// Now is the time of the picture, in UTC: the API server's clock, or the recording's.
func (s *Snapshot) Now() time.Time { return s.now }

// All returns every object in a fixed order: by kind as in Kinds, then namespace, then name. A recording is written from it.
func (s *Snapshot) All() []Object {
	var out []Object
	for _, info := range kinds {
		out = append(out, s.tables[info.Kind].objects...)
	}
	return out
}

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
	i, ok := t.index[key{namespace, name}]
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
	slices.SortFunc(out, func(a, b Sealed) int {
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
