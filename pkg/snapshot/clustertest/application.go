package clustertest

// This file makes applications: a Deployment with all that belongs to it.

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/kubectl-scars/kubectl-scars/pkg/snapshot"
)

// application is the i-th.
func (m maker) application(i int) []snapshot.Object {
	ns, name := namespace(i*replicas/perNamespace), fmt.Sprintf("app-%05d", i)
	labels := map[string]string{"app.kubernetes.io/name": name, "app.kubernetes.io/part-of": "shop", "team": ns}
	n := int32(replicas)
	selector := &metav1.LabelSelector{MatchLabels: labels}
	d := &appsv1.Deployment{ObjectMeta: m.meta(ns, name), Spec: appsv1.DeploymentSpec{Replicas: &n, Selector: selector, Template: template(labels, name)}}
	d.Status = appsv1.DeploymentStatus{Replicas: n, ReadyReplicas: n, AvailableReplicas: n, UpdatedReplicas: n}
	rs := &appsv1.ReplicaSet{ObjectMeta: m.meta(ns, fmt.Sprintf("%s-%08x", name, i)), Spec: appsv1.ReplicaSetSpec{Replicas: &n, Selector: selector, Template: template(labels, name)}}
	rs.Status = appsv1.ReplicaSetStatus{Replicas: n, ReadyReplicas: n, AvailableReplicas: n}
	rs.OwnerReferences = controller("apps/v1", "Deployment", d)
	rs.Annotations = map[string]string{"deployment.kubernetes.io/revision": "3"}
	svc := &corev1.Service{ObjectMeta: m.meta(ns, name), Spec: corev1.ServiceSpec{Selector: labels, Ports: []corev1.ServicePort{{Name: "http", Port: 80, TargetPort: intstr.FromString("http")}}}}
	objects := append([]snapshot.Object{d, rs, svc, policy(m.meta(ns, name), selector)}, m.storage(ns, name)...)
	slice := &discoveryv1.EndpointSlice{ObjectMeta: m.meta(ns, name+"-abcde"), AddressType: discoveryv1.AddressTypeIPv4}
	slice.Labels = map[string]string{discoveryv1.LabelServiceName: name}
	for n := range replicas {
		p := m.pod(rs, labels, i*replicas+n)
		slice.Endpoints = append(slice.Endpoints, discoveryv1.Endpoint{Addresses: []string{p.Status.PodIP}, NodeName: new(p.Spec.NodeName),
			Conditions: discoveryv1.EndpointConditions{Ready: new(true), Serving: new(true), Terminating: new(false)},
			TargetRef:  &corev1.ObjectReference{Kind: "Pod", Namespace: ns, Name: p.Name, UID: p.UID}})
		objects = append(objects, p)
		if n%2 == 0 {
			objects = append(objects, m.event(rs, p, i*replicas/2+n/2))
		}
	}
	objects = append(objects, slice)
	if i%perSecret == 0 {
		objects = append(objects, m.release(ns, name))
		objects = append(objects, m.ingress(ns, name)...)
	}
	return objects
}

func controller(apiVersion, kind string, o metav1.Object) []metav1.OwnerReference {
	return []metav1.OwnerReference{{APIVersion: apiVersion, Kind: kind, Name: o.GetName(), UID: o.GetUID(), Controller: new(true), BlockOwnerDeletion: new(true)}}
}

func policy(meta metav1.ObjectMeta, selector *metav1.LabelSelector) *networkingv1.NetworkPolicy {
	team := &metav1.LabelSelector{MatchLabels: map[string]string{"app.kubernetes.io/part-of": "shop"}}
	return &networkingv1.NetworkPolicy{ObjectMeta: meta, Spec: networkingv1.NetworkPolicySpec{
		PodSelector: *selector, PolicyTypes: []networkingv1.PolicyType{networkingv1.PolicyTypeIngress},
		Ingress: []networkingv1.NetworkPolicyIngressRule{{From: []networkingv1.NetworkPolicyPeer{{PodSelector: team}}}}}}
}

// storage is a bound claim with its volume.
func (m maker) storage(ns, name string) []snapshot.Object {
	amount := corev1.ResourceList{corev1.ResourceStorage: resource.MustParse("10Gi")}
	modes := []corev1.PersistentVolumeAccessMode{corev1.ReadWriteMany}
	claim := &corev1.PersistentVolumeClaim{ObjectMeta: m.meta(ns, name), Spec: corev1.PersistentVolumeClaimSpec{
		StorageClassName: new("fast"), VolumeName: "pv-" + name, AccessModes: modes, Resources: corev1.VolumeResourceRequirements{Requests: amount}}}
	claim.Annotations = map[string]string{"pv.kubernetes.io/bind-completed": "yes"}
	claim.Status = corev1.PersistentVolumeClaimStatus{Phase: corev1.ClaimBound, AccessModes: modes, Capacity: amount}
	volume := &corev1.PersistentVolume{ObjectMeta: m.meta("", "pv-"+name), Spec: corev1.PersistentVolumeSpec{
		Capacity: amount, AccessModes: modes, StorageClassName: "fast", PersistentVolumeReclaimPolicy: corev1.PersistentVolumeReclaimDelete,
		PersistentVolumeSource: corev1.PersistentVolumeSource{CSI: &corev1.CSIPersistentVolumeSource{Driver: driver, VolumeHandle: "vol-" + name}},
		ClaimRef:               &corev1.ObjectReference{Kind: "PersistentVolumeClaim", APIVersion: "v1", Namespace: ns, Name: name, UID: claim.UID}}}
	volume.Status.Phase = corev1.VolumeBound
	return []snapshot.Object{claim, volume}
}

// ordinary are the events that a healthy cluster is full of, in the proportions in which they come when one pod of two containers takes the
// place of another: two of each for its containers, one when it is assigned, one or two readiness probes too early, the old pod's containers
// ended, and what its ReplicaSet says.
var ordinary = []struct{ reason, message string }{
	{"Scheduled", "Successfully assigned shop/app to node-1"},
	{"Pulled", `Container image "registry.example/app:1.4.2" already present on machine`},
	{"Created", "Created container: app"},
	{"Started", "Started container app"},
	{"Pulled", `Container image "registry.example/proxy:2.0" already present on machine`},
	{"Created", "Created container: proxy"},
	{"Started", "Started container proxy"},
	{"Unhealthy", "Readiness probe failed: HTTP probe failed with statuscode: 503"},
	{"Killing", "Stopping container app"},
	{"Killing", "Stopping container proxy"},
	{"SuccessfulCreate", "Created pod: app"},
	{"SuccessfulDelete", "Deleted pod: app"},
	{"Unhealthy", "Readiness probe failed: HTTP probe failed with statuscode: 503"},
}

// event is the n-th of the cluster's, about a pod, the one that it replaced or their ReplicaSet.
func (m maker) event(rs *appsv1.ReplicaSet, p *corev1.Pod, n int) *corev1.Event {
	k := ordinary[n%len(ordinary)]
	e := &corev1.Event{
		ObjectMeta: m.meta(p.Namespace, fmt.Sprintf("%s.%016x", p.Name, n)), Reason: k.reason, Type: corev1.EventTypeNormal, Count: 1, Message: k.message,
		InvolvedObject: corev1.ObjectReference{APIVersion: "v1", Kind: "Pod", Namespace: p.Namespace, Name: p.Name, UID: p.UID, FieldPath: "spec.containers{app}"},
		FirstTimestamp: m.ago(23 * time.Hour), LastTimestamp: m.ago(23 * time.Hour), Source: corev1.EventSource{Component: "kubelet", Host: p.Spec.NodeName},
		ReportingController: "kubelet", ReportingInstance: p.Spec.NodeName,
	}
	switch k.reason {
	case "Unhealthy":
		e.Type = corev1.EventTypeWarning
	case "Killing":
		e.InvolvedObject.Name, e.InvolvedObject.UID = rs.Name+"-gone0", "gone-"+p.UID
	case "SuccessfulCreate", "SuccessfulDelete":
		e.InvolvedObject = corev1.ObjectReference{APIVersion: "apps/v1", Kind: "ReplicaSet", Namespace: rs.Namespace, Name: rs.Name, UID: rs.UID}
		e.Source, e.ReportingController, e.ReportingInstance = corev1.EventSource{Component: "replicaset-controller"}, "replicaset-controller", ""
	}
	return e
}

// release is what Helm keeps of an installation.
func (m maker) release(ns, name string) *corev1.Secret {
	return &corev1.Secret{
		ObjectMeta: m.meta(ns, "sh.helm.release.v1."+name+".v3"), Type: "helm.sh/release.v1", Data: map[string][]byte{"release": bytes.Repeat([]byte("H4sIAAAA"), 5000)},
	}
}

// ingress is an Ingress with the certificate that it presents.
func (m maker) ingress(ns, name string) []snapshot.Object {
	host := name + ".shop.example"
	i := &networkingv1.Ingress{ObjectMeta: m.meta(ns, name), Spec: networkingv1.IngressSpec{
		TLS:   []networkingv1.IngressTLS{{Hosts: []string{host}, SecretName: name + "-tls"}},
		Rules: []networkingv1.IngressRule{{Host: host}},
		DefaultBackend: &networkingv1.IngressBackend{
			Service: &networkingv1.IngressServiceBackend{Name: name, Port: networkingv1.ServiceBackendPort{Name: "http"}}}}}
	s := &corev1.Secret{ObjectMeta: m.meta(ns, name+"-tls"), Type: corev1.SecretTypeTLS, Data: map[string][]byte{
		corev1.TLSCertKey: m.certificate.chain, corev1.TLSPrivateKeyKey: m.certificate.key}}
	return []snapshot.Object{s, i}
}

// certificate is one of *.shop.example, with its key, which is worth nothing.
type certificate struct{ chain, key []byte }

func newCertificate(now time.Time) certificate {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err) // crypto/rand does not fail
	}
	c := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "*.shop.example"}, DNSNames: []string{"*.shop.example"},
		NotBefore: now.Add(-10 * 24 * time.Hour), NotAfter: now.Add(80 * 24 * time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, c, c, key.Public(), key)
	if err != nil {
		panic(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		panic(err)
	}
	return certificate{
		pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}),
	}
}
