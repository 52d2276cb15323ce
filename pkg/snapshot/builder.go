package snapshot

// This file is the one way into a snapshot.

import (
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
)

// The reasons for which Keep refuses an object. A caller counts them; they are no reason to stop.
var (
	ErrKind = errors.New("not a kind that is looked at")
	ErrName = errors.New("object without a name")
)

// Builder collects what was read into a Snapshot. It may be used by several goroutines at once. It owns what the objects that it is given point to.
type Builder struct {
	table map[reflect.Type]*Info
	noisy []string

	mu      sync.Mutex
	objects map[Kind]*pile
	sealed  map[place]State
	asked   map[Ask]State
	shared  sharing
	last    *Snapshot     // nil before the first
	changed map[Kind]bool // since then
}

// pile is the objects of one kind in the order in which they came, which for a listing is nearly that of a table, and where each lies.
type pile struct {
	objects []Object
	at      map[key]int
}

func (p *pile) add(o Object) {
	k := key{o.GetNamespace(), o.GetName()}
	if i, ok := p.at[k]; ok {
		p.objects[i] = o
		return
	}
	p.at[k] = len(p.objects)
	p.objects = append(p.objects, o)
}

// NewBuilder makes an empty builder.
func NewBuilder() *Builder {
	b := &Builder{
		table: map[reflect.Type]*Info{}, noisy: NoisyReasons(),
		objects: map[Kind]*pile{}, sealed: map[place]State{}, asked: map[Ask]State{},
		shared: newSharing(), changed: map[Kind]bool{},
	}
	for _, info := range kinds {
		b.table[info.in], b.objects[info.Kind] = &info, &pile{at: map[key]int{}}
	}
	return b
}

// Kept is an object of which no more is left than what is kept. The zero value is of one of which nothing is.
type Kept struct {
	object Object
	kind   Kind
}

// Keep trims and redacts an object that may be taken in, and lets it share what it has in common with others; of an event of a noisy reason
// nothing is kept. What is kept is apart from the object, whose memory may be used again, but for what it points to. It refuses with ErrKind or
// ErrName.
func (b *Builder) Keep(o Object) (Kept, error) {
	info := b.table[reflect.TypeOf(o)]
	if info == nil {
		return Kept{}, fmt.Errorf("%T: %w", o, ErrKind)
	}
	if o.GetName() == "" {
		return Kept{}, fmt.Errorf("%s in %q: %w", info.GVK.Kind, o.GetNamespace(), ErrName)
	}
	if e, ok := o.(*corev1.Event); ok && slices.Contains(b.noisy, e.Reason) {
		return Kept{}, nil
	}
	if !info.Namespaced {
		o.SetNamespace("")
	}
	o = info.trim(o)
	o.GetObjectKind().SetGroupVersionKind(info.GVK)
	b.mu.Lock()
	defer b.mu.Unlock()
	b.shared.object(o)
	return Kept{o, info.Kind}, nil
}

// Take takes in what was kept of an object; a second object of the same name replaces the first.
func (b *Builder) Take(k Kept) {
	if k.object == nil {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.objects[k.kind].add(k.object)
	b.changed[k.kind] = true
}

// Add keeps an object and takes it in. It refuses as Keep does, and then nothing has changed.
func (b *Builder) Add(o Object) error {
	kept, err := b.Keep(o)
	if err == nil {
		b.Take(kept)
	}
	return err
}

// Discard drops what was taken in of a kind in a namespace or, with the empty namespace, in the whole cluster: it is to be read anew.
func (b *Builder) Discard(kind Kind, namespace string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	kept := &pile{at: map[key]int{}}
	for _, o := range b.objects[kind].objects {
		if namespace != "" && o.GetNamespace() != namespace {
			kept.add(o)
		}
	}
	b.objects[kind], b.changed[kind] = kept, true
}

// Seal says how reading a kind went, in one namespace or, with the empty namespace, in the whole cluster.
func (b *Builder) Seal(kind Kind, namespace string, s State) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.sealed[place{kind, namespace}] = s
}

// SealAsk says how reading one asked-for object went. OK without a preceding Add of the object means that it does not exist.
func (b *Builder) SealAsk(a Ask, s State) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.asked[a] = s
}

// Build makes the snapshot as of now, the time of the server or of the recording. The builder may go on to be used, and built again:
// what has not changed since is taken over.
func (b *Builder) Build(now time.Time) *Snapshot {
	b.mu.Lock()
	defer b.mu.Unlock()
	s := &Snapshot{now: now.UTC(), tables: map[Kind]*table{}, sealed: maps.Clone(b.sealed), asked: maps.Clone(b.asked)}
	for _, info := range kinds {
		if b.changed[info.Kind] || b.last == nil {
			s.tables[info.Kind] = newTable(slices.Clone(b.objects[info.Kind].objects), info.freeze)
		} else {
			s.tables[info.Kind] = b.last.tables[info.Kind]
		}
	}
	s.join(b.last)
	b.last, b.changed = s, map[Kind]bool{}
	return s
}

// Holds tells whether an object has been taken in.
func (b *Builder) Holds(kind Kind, namespace, name string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	_, ok := b.objects[kind].at[key{namespace, name}]
	return ok
}

// Len is the number of objects taken in so far.
func (b *Builder) Len() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	n := 0
	for _, p := range b.objects {
		n += len(p.objects)
	}
	return n
}

// Has tells whether any object of a namespace has been taken in.
func (b *Builder) Has(namespace string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, p := range b.objects {
		for k := range p.at {
			if k.Namespace == namespace {
				return true
			}
		}
	}
	return false
}
