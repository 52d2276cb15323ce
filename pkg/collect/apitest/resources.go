package apitest

// The resources that the server has, its discovery, and how objects are read from YAML.

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/apimachinery/pkg/util/yaml"

	"github.com/kubectl-scars/kubectl-scars/pkg/snapshot"
)

// Object is what the server holds: typed, or unstructured for custom resources.
type Object = snapshot.Object

type resource struct {
	metav1.APIResource
	GroupVersion string
	gvk          schema.GroupVersionKind
}

// resources lists the built-in ones that are looked at, and those of the custom objects.
func (s *Server) resources() []resource {
	var out []resource
	add := func(gvk schema.GroupVersionKind, name string, namespaced bool) {
		if slices.ContainsFunc(out, func(r resource) bool { return r.gvk == gvk }) {
			return
		}
		r := resource{gvk: gvk, GroupVersion: gvk.GroupVersion().String()}
		r.APIResource = metav1.APIResource{
			Name: name, SingularName: strings.ToLower(gvk.Kind), Kind: gvk.Kind, Namespaced: namespaced, Verbs: metav1.Verbs{"get", "list"},
		}
		if short := map[string]string{"pods": "po", "deployments": "deploy", "persistentvolumeclaims": "pvc"}[name]; short != "" {
			r.ShortNames = []string{short}
		}
		out = append(out, r)
	}
	for _, info := range snapshot.Kinds() {
		if !info.OptIn && !(info.Numbers && s.o.NoMetrics) {
			add(info.GVK, info.Resource, info.Namespaced)
		}
	}
	for _, o := range s.o.Objects {
		gvk := o.GetObjectKind().GroupVersionKind()
		add(gvk, strings.ToLower(gvk.Kind)+"s", o.GetNamespace() != "")
	}
	return out
}

// discovery answers the paths that tell what there is, and nil for any other.
func (s *Server) discovery(path []string) any {
	switch {
	case len(path) == 1 && path[0] == "api":
		return metav1.APIVersions{TypeMeta: metav1.TypeMeta{Kind: "APIVersions"}, Versions: []string{"v1"}}
	case len(path) == 1 && path[0] == "apis":
		return s.groups()
	case len(path) == 2 && path[0] == "api":
		return s.resourcesOf(path[1])
	case len(path) == 3 && path[0] == "apis":
		return s.resourcesOf(path[1] + "/" + path[2])
	}
	return nil
}

func (s *Server) groups() *metav1.APIGroupList {
	list := &metav1.APIGroupList{TypeMeta: metav1.TypeMeta{Kind: "APIGroupList", APIVersion: "v1"}}
	for _, r := range s.resources() {
		if r.gvk.Group == "" || slices.ContainsFunc(list.Groups, func(g metav1.APIGroup) bool { return g.Name == r.gvk.Group }) {
			continue
		}
		v := metav1.GroupVersionForDiscovery{GroupVersion: r.GroupVersion, Version: r.gvk.Version}
		list.Groups = append(list.Groups, metav1.APIGroup{Name: r.gvk.Group, Versions: []metav1.GroupVersionForDiscovery{v}, PreferredVersion: v})
	}
	return list
}

func (s *Server) resourcesOf(groupVersion string) *metav1.APIResourceList {
	list := &metav1.APIResourceList{TypeMeta: metav1.TypeMeta{Kind: "APIResourceList", APIVersion: "v1"}, GroupVersion: groupVersion}
	for _, r := range s.resources() {
		if r.GroupVersion == groupVersion {
			list.APIResources = append(list.APIResources, r.APIResource)
		}
	}
	return list
}

// Parse reads objects from a stream of YAML documents.
func Parse(data []byte) ([]Object, error) {
	var out []Object
	reader := yaml.NewYAMLReader(bufio.NewReader(bytes.NewReader(data)))
	for n := 1; ; n++ {
		doc, err := reader.Read()
		if errors.Is(err, io.EOF) {
			return out, nil
		}
		if err != nil {
			return nil, fmt.Errorf("document %d: %w", n, err)
		}
		raw := &unstructured.Unstructured{}
		if err := yaml.Unmarshal(doc, &raw.Object); err != nil {
			return nil, fmt.Errorf("document %d: %w", n, err)
		}
		if len(raw.Object) == 0 {
			continue
		}
		if !snapshot.Scheme().Recognizes(raw.GroupVersionKind()) {
			out = append(out, raw)
			continue
		}
		json, err := yaml.ToJSON(doc)
		if err != nil {
			return nil, fmt.Errorf("document %d: %w", n, err)
		}
		typed, gvk, err := serializer.NewCodecFactory(snapshot.Scheme()).UniversalDeserializer().Decode(json, nil, nil)
		if err != nil {
			return nil, fmt.Errorf("document %d: %w", n, err)
		}
		object, ok := typed.(Object)
		if !ok {
			return nil, fmt.Errorf("document %d: %T is no object", n, typed)
		}
		object.GetObjectKind().SetGroupVersionKind(*gvk)
		out = append(out, object)
	}
}
