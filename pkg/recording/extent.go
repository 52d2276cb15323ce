package recording

// This file judges how completely plain objects show a cluster. They carry no proof of it, so what is taken for complete is marked as
// assumed, and no claim on it is more than strong. The rules:
//
//   - A kind is complete in a namespace (a cluster-scoped kind: in the cluster) when at least one object of it is there that carries a
//     server's marks, uid and resourceVersion. Manifests have none and are never complete.
//   - A kind is complete in the whole cluster when one list holds marked objects of it from two namespaces: a server lists one
//     namespace or all.
//   - A list without items proves something only where a server wrote it (it is of one kind and has a resourceVersion; kubectl's own
//     List has none) and its scope is known: the cluster for a cluster-scoped kind, and for others the namespace that kubectl
//     cluster-info dump made the directory of.
//   - A page of a list (metadata.continue) makes its kind partial, and a broken document every kind: it may be of any.
//
// A recording does not assume: its header says how reading went. A broken document makes partial what it says was complete.

import (
	"github.com/kubectl-scars/kubectl-scars/pkg/snapshot"
)

// place is a kind in a namespace; the empty namespace is the whole cluster.
type place struct {
	kind      snapshot.Kind
	namespace string
}

// extent collects what speaks for and against completeness.
type extent struct {
	seen    map[place]bool           // whether one of the objects there carries a server's marks
	whole   map[snapshot.Kind]bool   // listed over all namespaces
	empty   map[place]bool           // listed, and nothing was there
	paged   map[snapshot.Kind]string // why a listing is not complete
	damaged bool                     // something could not be read
}

func newExtent() extent {
	return extent{seen: map[place]bool{}, whole: map[snapshot.Kind]bool{}, empty: map[place]bool{}, paged: map[snapshot.Kind]string{}}
}

func (x *extent) object(where place, marked bool) { x.seen[where] = x.seen[where] || marked }

const (
	reasonManifest = "manifests do not show what else there is"
	reasonDamaged  = "part of the input could not be read"
)

// assume seals what plain objects show.
func (x *extent) assume(b *snapshot.Builder) {
	complete := func(where place) {
		state := snapshot.State{Status: snapshot.OK, Assumed: true}
		if reason, paged := x.paged[where.kind]; paged {
			state = snapshot.State{Status: snapshot.Partial, Reason: reason}
		} else if x.damaged {
			state = snapshot.State{Status: snapshot.Partial, Reason: reasonDamaged}
		}
		b.Seal(where.kind, where.namespace, state)
	}
	for where := range x.empty {
		complete(where)
	}
	for where, marked := range x.seen {
		info, _ := snapshot.InfoOf(where.kind)
		if marked && (where.namespace != "" || !info.Namespaced) {
			complete(where)
		} else {
			b.Seal(where.kind, where.namespace, snapshot.State{Status: snapshot.Partial, Reason: reasonManifest, Assumed: true})
		}
	}
	for kind := range x.whole {
		if x.allMarked(kind) {
			complete(place{kind, ""})
		}
	}
	for kind, reason := range x.paged {
		b.Seal(kind, "", snapshot.State{Status: snapshot.Partial, Reason: reason})
	}
}

// allMarked tells whether there is a marked object of the kind wherever there is one at all.
func (x *extent) allMarked(kind snapshot.Kind) bool {
	for where, marked := range x.seen {
		if where.kind == kind && !marked {
			return false
		}
	}
	return true
}

// replay seals what the header of a recording says.
func (x *extent) replay(b *snapshot.Builder, sealed []snapshot.Sealed) {
	for _, s := range sealed {
		if x.damaged && (s.State.Status == snapshot.OK || s.State.Status == snapshot.NotServed) {
			s.State = snapshot.State{Status: snapshot.Partial, Reason: reasonDamaged}
		}
		if s.Name != "" {
			b.SealAsk(snapshot.Ask{Kind: s.Kind, Namespace: s.Namespace, Name: s.Name}, s.State)
		} else {
			b.Seal(s.Kind, s.Namespace, s.State)
		}
	}
}
