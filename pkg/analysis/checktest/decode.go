package checktest

// This file turns one YAML document of a fixture into a typed object.

import (
	"fmt"
	"strings"
	"sync"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"sigs.k8s.io/yaml"

	"github.com/kubectl-scars/kubectl-scars/pkg/snapshot"
)

// decoder knows the types of every kind.
var decoder = sync.OnceValue(func() runtime.Decoder { return serializer.NewCodecFactory(snapshot.Scheme()).UniversalDeserializer() })

// decode is strict: a fixture with a misspelt field would test nothing. A document of comments alone gives nil.
func decode(doc []byte) (snapshot.Object, snapshot.Info, error) {
	text := strings.TrimSpace(string(doc))
	blank := true
	for line := range strings.Lines(text) {
		if l := strings.TrimSpace(line); l != "" && !strings.HasPrefix(l, "#") && l != "---" {
			blank = false
		}
	}
	if blank {
		return nil, snapshot.Info{}, nil
	}
	o, gvk, err := decoder().Decode(doc, nil, nil)
	if err != nil {
		return nil, snapshot.Info{}, fmt.Errorf("fixture document: %w\n%.200s", err, text)
	}
	if err := yaml.UnmarshalStrict(doc, o); err != nil {
		return nil, snapshot.Info{}, fmt.Errorf("fixture document: %w\n%.200s", err, text)
	}
	for _, info := range snapshot.Kinds() {
		if info.GVK == *gvk {
			return o.(snapshot.Object), info, nil
		}
	}
	return nil, snapshot.Info{}, fmt.Errorf("fixture holds a %s, which no snapshot holds", gvk)
}
