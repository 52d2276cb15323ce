package snapshot

// What several checks conclude from a snapshot alike is concluded once.

import "sync"

// Derived is such a conclusion: a variable of a package. It is made once for each snapshot, by looking at the kinds and at nothing else. Those
// who ask for it share it, and must not change it. It may rest on others, though not on itself.
type Derived[T any] struct {
	Kinds []Kind
	Make  func(*View) T
}

// In gives the conclusion from the snapshot of a view. For the view it is a look at the kinds.
func (d *Derived[T]) In(v *View) T {
	return v.derive(d, d.Kinds, func(v *View) any { return d.Make(v) }).(T)
}

func (v *View) derive(key any, kinds []Kind, make func(*View) any) any {
	v.touch(kinds...)
	once, known := v.s.derived.Load(key)
	if !known {
		once, _ = v.s.derived.LoadOrStore(key, sync.OnceValue(func() any { return make(v.s.View(kinds...)) }))
	}
	return once.(func() any)()
}
