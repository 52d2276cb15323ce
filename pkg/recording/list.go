package recording

// This file takes the items of a list, of whatever kind, as they come.

import (
	"bytes"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"k8s.io/apimachinery/pkg/runtime/schema"
	utiljson "k8s.io/apimachinery/pkg/util/json"

	"github.com/kubectl-scars/kubectl-scars/pkg/snapshot"
)

// list is one list on its way.
type list struct {
	r      *reading
	at     position
	of     inherited
	known  bool // what it is a list of
	cut    bool // something is missing
	held   []held
	size   int
	places map[place]bool
	items  int
}

// held is an item that has no kind and came before that of its list.
type held struct {
	at   position
	e    envelope
	text []byte
}

func (r *reading) newList(at position) *list { return &list{r: r, at: at, places: map[place]bool{}} }

// take takes an item. An item without a kind waits until that of the list is known.
func (l *list) take(at position, text []byte) error {
	l.items++
	e, err := open(text)
	if err != nil {
		return err
	}
	if l.known || e.Kind != "" || e.APIVersion != "" {
		return l.takeNow(at, e, text)
	}
	if l.size += len(text); l.size > maxHeld {
		return refuse("%s: over %d MiB of items before the kind of their list; what kubectl get writes is read in any size",
			l.at, maxHeld>>20)
	}
	l.held = append(l.held, held{at, e, bytes.Clone(text)})
	return nil
}

func (l *list) takeNow(at position, e envelope, text []byte) error {
	where, err := l.r.take(at, e, text, l.of)
	if where.kind != "" {
		l.places[where] = true
	}
	return err
}

// learn reads, from the fields of the list that have come so far, what it is a list of.
func (l *list) learn(fields []byte) envelope {
	var e envelope
	if err := utiljson.Unmarshal(fields, &e); err != nil {
		return envelope{}
	}
	if item, ok := strings.CutSuffix(e.Kind, "List"); ok && e.APIVersion != "" {
		l.of, l.known = inherited{e.APIVersion, item}, true
	}
	return e
}

// cutOff says that items are missing.
func (l *list) cutOff() { l.cut = true }

// end takes what has waited, and notes how much the list says about completeness. The fields of an array are nil.
func (l *list) end(fields []byte) error {
	var e envelope
	if fields != nil {
		if e = l.learn(fields); e.Kind == "" || e.APIVersion == "" {
			if err := l.flush(); err != nil {
				return err
			}
			return errors.New("a list without apiVersion and kind: it seems to be cut off")
		}
		l.r.known++
		if !strings.HasSuffix(e.Kind, "List") {
			l.r.in.Ignored[kindName(schema.FromAPIVersionAndKind(e.APIVersion, e.Kind))]++
		}
	}
	if err := l.flush(); err != nil || fields == nil {
		return err
	}
	l.extent(e)
	return nil
}

func (l *list) flush() error {
	for _, h := range l.held {
		if err := l.takeNow(h.at, h.e, h.text); err != nil {
			if err := l.r.broken(h.at, err); err != nil {
				return err
			}
		}
	}
	l.held = nil
	return nil
}

// extent notes what the list says about completeness.
func (l *list) extent(e envelope) {
	x := &l.r.extent
	info, typed := l.r.kinds[schema.FromAPIVersionAndKind(l.of.apiVersion, l.of.kind)]
	if e.Metadata != nil && e.Metadata.Continue != "" {
		for where := range l.places {
			x.paged[where.kind] = fmt.Sprintf("%s: %s is one page of a longer list", l.at.file, l.at)
		}
		if typed {
			x.paged[info.Kind] = fmt.Sprintf("%s: %s is one page of a longer list", l.at.file, l.at)
		}
		return
	}
	if l.cut {
		return
	}
	namespaces := map[snapshot.Kind]int{}
	for where := range l.places {
		if namespaces[where.kind]++; namespaces[where.kind] == 2 {
			x.whole[where.kind] = true
		}
	}
	if !typed || l.items > 0 || e.Metadata == nil || e.Metadata.ResourceVersion == "" {
		return
	}
	if !info.Namespaced {
		x.empty[place{info.Kind, ""}] = true
		return
	}
	// kubectl cluster-info dump writes NAMESPACE/RESOURCE.json
	file := strings.TrimSuffix(filepath.Base(filepath.ToSlash(l.at.file)), ".gz")
	if strings.TrimSuffix(file, filepath.Ext(file)) == info.Resource {
		if dir := filepath.Base(filepath.Dir(filepath.ToSlash(l.at.file))); dir != "." && dir != "/" {
			x.empty[place{info.Kind, dir}] = true
		}
	}
}
