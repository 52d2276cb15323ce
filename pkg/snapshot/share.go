package snapshot

// What objects have in common is held once: the containers, labels and owners of the pods of one template, names that repeat, amounts of
// resources. Of 20,000 pods they are most of the memory. A snapshot never changes, so its objects may share.

import (
	"crypto/sha256"
	"maps"
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// sharing holds each part that was seen, by the content of its protobuf form, in which maps are sorted.
type sharing struct {
	buffer     []byte // of the form that is looked up
	words      map[string]string
	labels     map[content]map[string]string
	owners     map[content][]metav1.OwnerReference
	containers map[content][]corev1.Container
	probes     map[content]*corev1.Probe
	volumes    map[content][]corev1.Volume
	amounts    map[content]corev1.ResourceList
	resources  map[content]*corev1.ResourceRequirements
	flags      map[bool]*bool
}

// content stands for a form, whose own bytes would be a twentieth of all memory: half of its SHA-256, which no two forms share.
type content [16]byte

func newSharing() sharing {
	return sharing{
		words: map[string]string{}, labels: map[content]map[string]string{}, owners: map[content][]metav1.OwnerReference{},
		containers: map[content][]corev1.Container{}, probes: map[content]*corev1.Probe{}, volumes: map[content][]corev1.Volume{},
		amounts: map[content]corev1.ResourceList{}, resources: map[content]*corev1.ResourceRequirements{},
		flags: map[bool]*bool{true: new(true), false: new(false)},
	}
}

// object replaces the parts of a trimmed object by equal ones of earlier objects.
func (s *sharing) object(o Object) {
	switch o := o.(type) {
	case *corev1.Pod:
		s.pod(o)
	case *corev1.Event:
		s.event(o)
	case *appsv1.ReplicaSet:
		s.template(&o.ObjectMeta, o.Spec.Selector, &o.Spec.Template)
	case *appsv1.Deployment:
		s.template(&o.ObjectMeta, o.Spec.Selector, &o.Spec.Template)
	case *appsv1.StatefulSet:
		s.template(&o.ObjectMeta, o.Spec.Selector, &o.Spec.Template)
	case *appsv1.DaemonSet:
		s.template(&o.ObjectMeta, o.Spec.Selector, &o.Spec.Template)
	case *batchv1.Job:
		s.template(&o.ObjectMeta, o.Spec.Selector, &o.Spec.Template)
	case *networkingv1.NetworkPolicy:
		s.meta(&o.ObjectMeta)
		s.selector(&o.Spec.PodSelector)
	case *discoveryv1.EndpointSlice:
		s.endpoints(o)
	case *PodUsage:
		s.word(&o.Namespace)
		for i := range o.Containers {
			s.word(&o.Containers[i].Name)
		}
	}
}

func (s *sharing) meta(m *metav1.ObjectMeta) {
	s.word(&m.Namespace)
	m.Labels = s.labelled(m.Labels)
	m.OwnerReferences = one(s, s.owners, &metav1.ObjectMeta{OwnerReferences: m.OwnerReferences}, m.OwnerReferences)
}

func (s *sharing) labelled(labels map[string]string) map[string]string {
	return one(s, s.labels, &metav1.LabelSelector{MatchLabels: labels}, labels)
}

func (s *sharing) selector(l *metav1.LabelSelector) {
	if l != nil {
		l.MatchLabels = s.labelled(l.MatchLabels)
	}
}

func (s *sharing) template(m *metav1.ObjectMeta, l *metav1.LabelSelector, t *corev1.PodTemplateSpec) {
	s.meta(m)
	s.selector(l)
	s.meta(&t.ObjectMeta)
	s.spec(&t.Spec)
}

func (s *sharing) spec(p *corev1.PodSpec) {
	for _, w := range []*string{&p.NodeName, &p.ServiceAccountName, &p.SchedulerName, &p.PriorityClassName, (*string)(&p.RestartPolicy), (*string)(&p.DNSPolicy)} {
		s.word(w)
	}
	p.Containers, p.InitContainers = s.contained(p.Containers), s.contained(p.InitContainers)
	p.Volumes = one(s, s.volumes, &corev1.PodSpec{Volumes: p.Volumes}, p.Volumes)
	p.Resources = s.required(p.Resources)
}

// contained shares the containers of a template, and of those that are new what most templates have alike: half of their memory.
func (s *sharing) contained(list []corev1.Container) []corev1.Container {
	first := one(s, s.containers, &corev1.PodSpec{Containers: list}, list)
	if len(list) == 0 || &first[0] != &list[0] {
		return first
	}
	for i := range list {
		r := &list[i].Resources
		r.Limits, r.Requests = s.amount(r.Limits), s.amount(r.Requests)
		for _, p := range []**corev1.Probe{&list[i].LivenessProbe, &list[i].ReadinessProbe, &list[i].StartupProbe} {
			if *p != nil {
				*p = one(s, s.probes, *p, *p)
			}
		}
	}
	return list
}

func (s *sharing) amount(l corev1.ResourceList) corev1.ResourceList {
	return one(s, s.amounts, &corev1.ResourceRequirements{Limits: l}, l)
}

func (s *sharing) pod(p *corev1.Pod) {
	s.meta(&p.ObjectMeta)
	s.spec(&p.Spec)
	st := &p.Status
	st.Resources = s.required(st.Resources)
	for _, w := range []*string{(*string)(&st.Phase), (*string)(&st.QOSClass), &st.HostIP, &st.Reason, &st.Message} {
		s.word(w)
	}
	if len(st.PodIPs) > 0 && st.PodIPs[0].IP == st.PodIP {
		st.PodIPs[0].IP = st.PodIP
	}
	st.Conditions = slices.Clone(st.Conditions) // decoders leave room for more
	for i := range st.Conditions {
		c := &st.Conditions[i]
		for _, w := range []*string{(*string)(&c.Type), (*string)(&c.Status), &c.Reason, &c.Message} {
			s.word(w)
		}
	}
	for _, list := range [][]corev1.ContainerStatus{st.InitContainerStatuses, st.ContainerStatuses, st.EphemeralContainerStatuses} {
		for i := range list {
			s.status(&list[i], p)
		}
	}
}

// status shares what a container's status has in common with its spec, which for most is all of its resources.
func (s *sharing) status(st *corev1.ContainerStatus, p *corev1.Pod) {
	s.word(&st.Name)
	if st.Started != nil {
		st.Started = s.flags[*st.Started]
	}
	var asked corev1.ResourceRequirements
	shared := false
	for _, list := range [][]corev1.Container{p.Spec.Containers, p.Spec.InitContainers} {
		for i := range list {
			if list[i].Name == st.Name {
				asked = list[i].Resources
				if r := st.Resources; r != nil && len(r.Claims)+len(asked.Claims) == 0 && equal(r.Limits, asked.Limits) && equal(r.Requests, asked.Requests) {
					st.Resources, shared = &list[i].Resources, true
				}
			}
		}
	}
	if !shared {
		st.Resources = s.required(st.Resources)
	}
	if equal(st.AllocatedResources, asked.Requests) {
		st.AllocatedResources = asked.Requests
	} else {
		st.AllocatedResources = s.amount(st.AllocatedResources)
	}
}

func equal(a, b corev1.ResourceList) bool {
	return maps.EqualFunc(a, b, func(x, y resource.Quantity) bool { return x.Format == y.Format && x.Cmp(y) == 0 })
}

func (s *sharing) required(r *corev1.ResourceRequirements) *corev1.ResourceRequirements {
	if r == nil {
		return nil
	}
	return one(s, s.resources, r, r)
}

func (s *sharing) event(e *corev1.Event) {
	s.meta(&e.ObjectMeta)
	o := &e.InvolvedObject
	for _, w := range []*string{
		&o.Kind, &o.Namespace, &o.APIVersion, &o.FieldPath, &e.Reason, &e.Message, &e.Type, &e.Source.Component, &e.Source.Host,
		&e.ReportingController, &e.ReportingInstance,
	} {
		s.word(w)
	}
}

func (s *sharing) endpoints(e *discoveryv1.EndpointSlice) {
	s.meta(&e.ObjectMeta)
	e.Endpoints = slices.Clone(e.Endpoints)
	for i := range e.Endpoints {
		p := &e.Endpoints[i]
		for _, flag := range []**bool{&p.Conditions.Ready, &p.Conditions.Serving, &p.Conditions.Terminating} {
			if *flag != nil {
				*flag = s.flags[**flag]
			}
		}
		s.wordAt(p.NodeName)
		s.wordAt(p.Zone)
		if t := p.TargetRef; t != nil {
			s.word(&t.Kind)
			s.word(&t.Namespace)
		}
	}
}

// word holds a string once that many objects have.
func (s *sharing) word(w *string) {
	first, ok := s.words[*w]
	if !ok {
		s.words[*w], first = *w, *w
	}
	*w = first
}

func (s *sharing) wordAt(w *string) {
	if w != nil {
		s.word(w)
	}
}

// encoder is what every type of k8s.io/api is.
type encoder interface {
	Size() int
	MarshalToSizedBuffer(buffer []byte) (int, error)
}

// one returns the first part that was seen with the same form.
func one[T any](s *sharing, known map[content]T, form encoder, part T) T {
	size := form.Size()
	if size == 0 {
		return part
	}
	if cap(s.buffer) < size {
		s.buffer = make([]byte, size)
	}
	if _, err := form.MarshalToSizedBuffer(s.buffer[:size]); err != nil {
		return part
	}
	sum := sha256.Sum256(s.buffer[:size])
	of := content(sum[:16])
	if first, ok := known[of]; ok {
		return first
	}
	known[of] = part
	return part
}
