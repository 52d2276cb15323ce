package scale

// This file plants incidents: one of each check, in namespaces of their own, as controllers and kubelets would have left them.

import (
	"bytes"
	"context"
	"embed"
	"fmt"
	"strings"
	"text/template"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"

	"github.com/kubectl-scars/kubectl-scars/pkg/snapshot"
	"github.com/kubectl-scars/kubectl-scars/test/lab/internal/incident"
	"github.com/kubectl-scars/kubectl-scars/test/lab/internal/pki"
)

//go:embed planted
var files embed.FS

// Planted is an incident that the tool must find.
type Planted struct{ Check, Kind, Namespace, Name string }

// Kinds are the incidents that can be planted, by check.
func Kinds() ([]incident.Incident, error) { return incident.Load(files, "planted") }

// Plant plants each incident a number of times and returns what must be found.
func Plant(ctx context.Context, config *rest.Config, ca *pki.CA, times int) ([]Planted, error) {
	w, err := newWriter(config)
	if err != nil {
		return nil, err
	}
	kinds, err := Kinds()
	if err != nil {
		return nil, err
	}
	var out []Planted
	for i := range times {
		for k, in := range kinds {
			p := place{Namespace: fmt.Sprintf("%s-%d", in.Name, i), Node: fmt.Sprintf("node-%s-%d", in.Name, i), number: i*len(kinds) + k, now: time.Now()}
			objects, err := p.objects(in, ca)
			if err != nil {
				return nil, fmt.Errorf("planted %s: %w", in.Name, err)
			}
			if err := w.group(ctx, objects); err != nil {
				return nil, fmt.Errorf("plant %s: %w", in.Name, err)
			}
			out = append(out, p.planted(in)...)
		}
	}
	return out, nil
}

// place is where an incident is planted: what its manifest can name.
type place struct {
	Namespace, Node string

	number int
	now    time.Time
}

// IP is the n-th address of the place.
func (p place) IP(n int) string {
	return fmt.Sprintf("10.%d.%d.%d", 240+p.number>>12&15, p.number>>4&255, p.number<<4&240+n)
}

// planted is what must be found of an incident at the place.
func (p place) planted(in incident.Incident) []Planted {
	kind, name, _ := strings.Cut(strings.NewReplacer("{{.Namespace}}", p.Namespace, "{{.Node}}", p.Node).Replace(in.Object), "/")
	found := Planted{in.Check, kind, p.Namespace, name}
	if kind == "PersistentVolume" || kind == "Node" {
		found.Namespace = ""
	}
	out := []Planted{found}
	if in.Also != "" {
		out = append(out, Planted{in.Also, found.Kind, found.Namespace, found.Name})
	}
	return out
}

func (p place) objects(in incident.Incident, ca *pki.CA) ([]snapshot.Object, error) {
	objects := []snapshot.Object{
		&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: p.Namespace}},
		&corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: p.Node, UID: types.UID(p.Node)}, Status: corev1.NodeStatus{
			Capacity:    corev1.ResourceList{corev1.ResourceMemory: resource.MustParse("8Gi")},
			Allocatable: corev1.ResourceList{corev1.ResourceMemory: resource.MustParse("7Gi")},
			Conditions: []corev1.NodeCondition{
				{Type: corev1.NodeReady, Status: corev1.ConditionTrue, LastTransitionTime: metav1.NewTime(p.now.Add(-24 * time.Hour))},
			},
		}},
	}
	for _, c := range in.Certs {
		s, err := c.Object(ca, p.Namespace, p.now)
		if err != nil {
			return nil, err
		}
		objects = append(objects, s)
	}
	t, err := template.New(in.Name).Funcs(template.FuncMap{"ago": func(d string) (string, error) {
		span, err := time.ParseDuration(d)
		return p.now.Add(-span).UTC().Format(time.RFC3339), err
	}}).Parse(string(in.Manifest))
	if err != nil {
		return nil, err
	}
	var manifest bytes.Buffer
	if err := t.Execute(&manifest, p); err != nil {
		return nil, err
	}
	for doc := range strings.SplitSeq(manifest.String(), "\n---\n") {
		o, _, err := scheme.Codecs.UniversalDeserializer().Decode([]byte(doc), nil, nil)
		if err != nil {
			return nil, err
		}
		object := o.(snapshot.Object)
		info, err := infoOf(object)
		if err != nil {
			return nil, err
		}
		if info.Namespaced && object.GetNamespace() == "" {
			object.SetNamespace(p.Namespace)
		}
		objects = append(objects, object)
	}
	return objects, nil
}
