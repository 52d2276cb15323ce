package recording

// This file bounds what the aliases of a YAML document unfold to, before anything unfolds them.

import (
	"bytes"

	yaml "go.yaml.in/yaml/v3"
)

// checkAliases refuses a document that its aliases make larger than most bytes. The parser it uses does not follow aliases.
func checkAliases(text []byte, most int) error {
	if bytes.IndexByte(text, '&') < 0 || bytes.IndexByte(text, '*') < 0 {
		return nil
	}
	var doc yaml.Node
	if err := yaml.Unmarshal(text, &doc); err != nil {
		return nil //nolint:nilerr // not YAML: whoever parses it next says so
	}
	u := unfolding{most: most, sizes: map[*yaml.Node]int{}}
	if u.size(&doc) > most {
		return refuse("aliases that unfold to more than %d MiB", most>>20)
	}
	return nil
}

// unfolding computes the sizes in bytes of unfolded nodes, each once.
type unfolding struct {
	most  int
	sizes map[*yaml.Node]int
}

// size is more than most for a node that contains itself.
func (u unfolding) size(n *yaml.Node) int {
	if size, ok := u.sizes[n]; ok {
		return size
	}
	u.sizes[n] = u.most + 1 // until it is known
	size := len(n.Value) + 1
	if n.Alias != nil {
		size = u.size(n.Alias)
	}
	for _, c := range n.Content {
		if size += u.size(c); size > u.most {
			size = u.most + 1 // enough, and no overflow
		}
	}
	u.sizes[n] = size
	return size
}
