package netpolicy

// Which of many things a selector means, found through an index of their labels.

import (
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
)

// Group is things among which selectors choose.
type Group struct {
	All  []Labelled
	with map[label][]int // positions in All
}

type label struct{ key, value string }

// NewGroup makes a group.
func NewGroup(all []Labelled) *Group {
	g := &Group{all, map[label][]int{}}
	for i, l := range all {
		for k, v := range l.Labels {
			g.with[label{k, v}] = append(g.with[label{k, v}], i)
		}
	}
	return g
}

// Match finds what a selector means in the group; the empty selector means all of it, nil nothing. A selector that the API would refuse
// is an error.
func (g *Group) Match(s *metav1.LabelSelector) ([]Labelled, error) {
	var out []Labelled
	err := g.each(s, func(l Labelled) bool {
		out = append(out, l)
		return true
	})
	return out, err
}

// Has tells whether a selector means anything in the group.
func (g *Group) Has(s *metav1.LabelSelector) (bool, error) {
	found := false
	err := g.each(s, func(Labelled) bool {
		found = true
		return false
	})
	return found, err
}

// each yields what a selector means until it is told to stop.
func (g *Group) each(s *metav1.LabelSelector, yield func(Labelled) bool) error {
	if s == nil {
		return nil
	}
	selector, err := parse(s)
	if err != nil {
		return fmt.Errorf("read label selector %s: %w", metav1.FormatLabelSelector(s), err)
	}
	rarest, indexed := g.rarest(s)
	n := len(g.All)
	if indexed {
		n = len(rarest)
	}
	for i := range n {
		if indexed {
			i = rarest[i]
		}
		if selector.Matches(labels.Set(g.All[i].Labels)) && !yield(g.All[i]) {
			return nil
		}
	}
	return nil
}

// parse reads a selector. Most ask for labels with values alone: these need no parsing.
func parse(s *metav1.LabelSelector) (labels.Selector, error) {
	if len(s.MatchExpressions) == 0 && len(s.MatchLabels) > 0 {
		return labels.ValidatedSetSelector(s.MatchLabels), nil
	}
	return metav1.LabelSelectorAsSelector(s)
}

// rarest are the positions of the things with that label of a selector which the fewest have, and false where it asks for no label with
// a value.
func (g *Group) rarest(s *metav1.LabelSelector) (at []int, ok bool) {
	consider := func(key, value string) {
		if with := g.with[label{key, value}]; !ok || len(with) < len(at) {
			at, ok = with, true
		}
	}
	for k, v := range s.MatchLabels {
		consider(k, v)
	}
	for _, e := range s.MatchExpressions {
		if e.Operator == metav1.LabelSelectorOpIn && len(e.Values) == 1 {
			consider(e.Key, e.Values[0])
		}
	}
	return at, ok
}
