package netpolicy

// This file guesses which label was meant by a selector that means nothing.

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/agnivade/levenshtein"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Change is one label of a selector that would have to be another.
type Change struct {
	Key, Value       string // what the selector asks for; Value is empty for "exists"
	HasKey, HasValue string // what is there
	Expression       bool   // asked for in matchExpressions
}

// Near is a candidate that a selector misses by little.
type Near struct {
	On      Labelled
	Changes []Change
	cost    int
}

// Wanted and Has render both sides of the first change.
func (n Near) Wanted() string { return pair(n.Changes[0].Key, n.Changes[0].Value) }

// Has is what the candidate has instead.
func (n Near) Has() string { return pair(n.Changes[0].HasKey, n.Changes[0].HasValue) }

func pair(key, value string) string {
	if value == "" {
		return key
	}
	return key + "=" + value
}

// The costs of a change. A slip of one letter is likelier than two, and that likelier than another key with the same value, as in
// app=web for app.kubernetes.io/name=web.
const (
	furthest = 2 // letters
	otherKey = 3
	dearest  = 5 // of all changes together
)

// Nearest finds the candidate that the fewest and smallest changes of labels would make a selector mean; false where none is near. Of
// equally near ones the first in the order given wins.
func Nearest(s *metav1.LabelSelector, among []Labelled) (best Near, found bool) {
	for _, l := range among {
		if n, ok := near(s, l); ok && (!found || n.cost < best.cost) {
			best, found = n, true
		}
	}
	return best, found
}

func near(s *metav1.LabelSelector, l Labelled) (Near, bool) {
	n := Near{On: l}
	take := func(c Change, cost int, ok bool) bool {
		n.Changes, n.cost = append(n.Changes, c), n.cost+cost
		return ok && n.cost <= dearest
	}
	for _, key := range slices.Sorted(maps.Keys(s.MatchLabels)) {
		if v, ok := l.Labels[key]; ok && v == s.MatchLabels[key] {
			continue
		}
		if !take(repair(key, s.MatchLabels[key], l.Labels)) {
			return n, false
		}
	}
	for _, e := range s.MatchExpressions {
		v, has := l.Labels[e.Key]
		switch e.Operator {
		case metav1.LabelSelectorOpIn:
			if has && slices.Contains(e.Values, v) {
				continue
			}
			c, cost, ok := cheapest(e.Key, e.Values, l.Labels)
			c.Expression = true
			if !take(c, cost, ok) {
				return n, false
			}
		case metav1.LabelSelectorOpExists:
			if has {
				continue
			}
			c, cost, ok := repair(e.Key, "", l.Labels)
			c.Expression = true
			if !take(c, cost, ok) {
				return n, false
			}
		default: // NotIn and DoesNotExist are no slips of the pen
			if has && (e.Operator == metav1.LabelSelectorOpDoesNotExist || slices.Contains(e.Values, v)) {
				return n, false
			}
		}
	}
	return n, len(n.Changes) > 0
}

func cheapest(key string, values []string, have map[string]string) (best Change, cost int, ok bool) {
	for _, v := range values {
		if c, d, near := repair(key, v, have); near && (!ok || d < cost) {
			best, cost, ok = c, d, true
		}
	}
	return best, cost, ok
}

// repair finds the label that was meant by key=value: the key with a value a slip away, a key a slip away with the value, or the value
// under another key. An empty value stands for any.
func repair(key, value string, have map[string]string) (best Change, cost int, ok bool) {
	for _, k := range slices.Sorted(maps.Keys(have)) {
		v, d := have[k], 0
		switch {
		case k == key:
			d = slip(value, v)
		case value == "" || v == value:
			if d = slip(key, k); d > furthest && value != "" && name(k) == name(key) {
				d = otherKey
			} else if d > furthest && value != "" && wellKnown(k, key) {
				d = otherKey
			}
		default:
			continue
		}
		if d <= otherKey && (!ok || d < cost) {
			best, cost, ok = Change{Key: key, Value: value, HasKey: k, HasValue: v}, d, true
		}
	}
	return best, cost, ok
}

// slip is the edit distance where that can be a slip of the pen, and too far otherwise: at most two letters, less than half of the word.
func slip(a, b string) int {
	d := levenshtein.ComputeDistance(a, b)
	if d == 2 && swapped(a, b) {
		d = 1
	}
	if d > furthest || 2*d >= max(len(a), len(b)) {
		return dearest + 1
	}
	return d
}

// swapped tells whether two words differ by two neighbouring letters that changed places.
func swapped(a, b string) bool {
	for i := 0; i+1 < len(a) && len(a) == len(b); i++ {
		if a[i] != b[i] {
			return a[i] == b[i+1] && a[i+1] == b[i] && a[i+2:] == b[i+2:]
		}
	}
	return false
}

// name is a label key without its prefix.
func name(key string) string { return key[strings.LastIndexByte(key, '/')+1:] }

// wellKnown tells whether two keys are commonly used for the name of an application.
func wellKnown(a, b string) bool {
	names := []string{"app", "name", "k8s-app", "app.kubernetes.io/name", "app.kubernetes.io/instance", "app.kubernetes.io/component", "component"}
	return slices.Contains(names, a) && slices.Contains(names, b)
}

// Values lists what candidates have under the keys that a selector asks for, "key=value" each, sorted.
func Values(s *metav1.LabelSelector, among []Labelled) []string {
	seen := map[string]bool{}
	keys := slices.Collect(maps.Keys(s.MatchLabels))
	for _, e := range s.MatchExpressions {
		keys = append(keys, e.Key)
	}
	for _, l := range among {
		for _, k := range keys {
			if v, ok := l.Labels[k]; ok {
				seen[k+"="+v] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(seen))
}

// Patch is the JSON patch (RFC 6902) that makes the changes in a selector at a path ("/spec/podSelector"); empty where a change lies in
// matchExpressions.
func (n Near) Patch(path string) string {
	var ops []string
	escape := strings.NewReplacer("~", "~0", "/", "~1").Replace
	for _, c := range n.Changes {
		if c.Expression {
			return ""
		}
		at := func(key string) string { return fmt.Sprintf("%s/matchLabels/%s", path, escape(key)) }
		if c.Key != c.HasKey {
			ops = append(ops, fmt.Sprintf(`{"op":"remove","path":%q}`, at(c.Key)))
		}
		ops = append(ops, fmt.Sprintf(`{"op":"add","path":%q,"value":%q}`, at(c.HasKey), c.HasValue))
	}
	return "[" + strings.Join(ops, ",") + "]"
}

// Pointer turns a field path ("spec.ingress[0].from[1]") into a JSON pointer ("/spec/ingress/0/from/1").
func Pointer(path string) string {
	return "/" + strings.NewReplacer(".", "/", "[", "/", "]", "").Replace(path)
}
