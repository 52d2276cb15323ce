// Package order sorts lists. Any package may use it: slices.SortStableFunc is compiled anew for each type of element, some 8 KB each time.
package order

import (
	"cmp"
	"slices"
)

// By puts a list in order, in n·log n; equal elements keep theirs.
func By[T any](list []T, compare func(a, b T) int) {
	if len(list) < 2 {
		return
	}
	old := slices.Clone(list)
	for to, from := range places(len(old), func(i, j int) int { return compare(old[i], old[j]) }) {
		list[to] = old[from]
	}
}

// places lists the numbers below n in the order of what is at them. It sorts numbers, so that it is compiled once.
func places(n int, compare func(i, j int) int) []int {
	out := make([]int, n)
	for i := range out {
		out[i] = i
	}
	slices.SortFunc(out, func(i, j int) int { return cmp.Or(compare(i, j), cmp.Compare(i, j)) })
	return out
}
