package collect

import (
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kubectl-scars/kubectl-scars/pkg/collect/apitest"
)

// service is one with labels, given in pairs, and a port.
func service(namespace, name, port string, number int32, labels ...string) *corev1.Service {
	s := &corev1.Service{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Service"}, ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name, Labels: map[string]string{}}}
	for i := 0; i < len(labels); i += 2 {
		s.Labels[labels[i]] = labels[i+1]
	}
	s.Spec.Ports = []corev1.ServicePort{{Name: port, Port: number}}
	return s
}

func TestStores(t *testing.T) {
	const name, component = "app.kubernetes.io/name", "app.kubernetes.io/component"
	objects := []apitest.Object{
		service("monitoring", "prometheus-k8s", "web", 9090, name, "prometheus", component, "prometheus"),
		service("monitoring", "stack", "http-web", 9090, "app", "kube-prometheus-stack-prometheus"),
		service("monitoring", "old-chart", "http", 80, "app", "prometheus", "component", "server"),
		service("monitoring", "alerts", "http", 80, "app", "prometheus", "component", "alertmanager"),
		service("monitoring", "exporter", "metrics", 9100, "app", "prometheus", "component", "node-exporter"),
		service("openshift-monitoring", "thanos-querier", "web", 9091, name, "thanos-query"),
		service("vm", "vmselect", "http", 8481, name, "vmselect"),
		service("vm", "single", "http", 8428, name, "victoria-metrics-single"),
		service("mimir", "query-frontend", "http-metrics", 8080, name, "mimir", component, "query-frontend"),
		service("mimir", "ingester", "http-metrics", 8080, name, "mimir", component, "ingester"),
		service("shop", "prometheus-shop", "grpc", 7070, name, "prometheus"),
		service("shop", "web", "http", 80, "app", "web"),
		service("secure", "tls", "https", 443, "app", "prometheus-server"),
	}
	_, c, _ := start(t, apitest.Options{Objects: objects})
	stores, err := c.Stores(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, s := range stores {
		got = append(got, s.Path())
		if !storeQuery(append(strings.Split(s.Path(), "/")[8:], "api", "v1", "query")) {
			t.Errorf("the transport refuses %s", s.Path())
		}
	}
	want := []string{
		"/api/v1/namespaces/openshift-monitoring/services/https:thanos-querier:9091/proxy",
		"/api/v1/namespaces/vm/services/http:vmselect:8481/proxy/select/0/prometheus",
		"/api/v1/namespaces/vm/services/http:single:8428/proxy",
		"/api/v1/namespaces/mimir/services/http:query-frontend:8080/proxy/prometheus",
		"/api/v1/namespaces/monitoring/services/http:prometheus-k8s:9090/proxy",
		"/api/v1/namespaces/monitoring/services/http:old-chart:80/proxy",
		"/api/v1/namespaces/monitoring/services/http:stack:9090/proxy",
		"/api/v1/namespaces/secure/services/https:tls:443/proxy",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%q\nwant\n%q", got, want)
	}
}
