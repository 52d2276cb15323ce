package snapshot

// What several checks conclude from a snapshot alike is concluded once.

import "sync"

// Derive gives what make concludes from the given kinds, and from nothing else, once for all who ask this snapshot by the same key; they share
// it, and must not change it. A key is a value of a type of the caller's own. make may derive in turn, though not itself.
func (v *View) Derive(key any, kinds []Kind, make func(*View) any) any {
	v.touch(kinds...)
	once, known := v.s.derived.Load(key)
	if !known {
		once, _ = v.s.derived.LoadOrStore(key, sync.OnceValue(func() any { return make(v.s.View(kinds...)) }))
	}
	return once.(func() any)()
}
