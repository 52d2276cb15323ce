package order

import (
	"cmp"
	"slices"
	"strings"
	"testing"
)

func TestByKeepsTheOrderOfEquals(t *testing.T) {
	list := []string{"b2", "a2", "b1", "a1", "c", "b0"}
	By(list, func(a, b string) int { return cmp.Compare(a[0], b[0]) })
	if want := []string{"a2", "a1", "b2", "b1", "b0", "c"}; !slices.Equal(list, want) {
		t.Errorf("got %v, want %v", list, want)
	}
	By(nil, strings.Compare)
}

func TestBySortsAsTheStandardLibraryDoes(t *testing.T) {
	type pair struct{ key, was int }
	compare := func(a, b pair) int { return cmp.Compare(a.key, b.key) }
	for n := range 300 { // short lists are sorted by another algorithm
		var list []pair
		for i := range n {
			list = append(list, pair{(i*i*7 + n) % (1 + n/3), i})
		}
		want := slices.Clone(list)
		slices.SortStableFunc(want, compare)
		if By(list, compare); !slices.Equal(list, want) {
			t.Fatalf("of %d: got %v, want %v", n, list, want)
		}
	}
}
