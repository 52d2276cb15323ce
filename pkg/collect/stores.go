package collect

// Stores of metrics that run in the cluster: Services that carry the labels of those in common use, reached through the API server's
// service proxy.

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"

	"github.com/kubectl-scars/kubectl-scars/pkg/order"
	"github.com/kubectl-scars/kubectl-scars/pkg/snapshot"
)

// Store is a Service that may be a store of metrics.
type Store struct {
	Namespace, Service string
	scheme, port       string
	prefix             string // between the server's root and /api/v1
	rank               int
}

func (s Store) String() string { return "service " + s.Namespace + "/" + s.Service }

// Path is below the API server's root, and above the store's own /api/v1.
func (s Store) Path() string {
	path := fmt.Sprintf("/api/v1/namespaces/%s/services/%s:%s:%s/proxy", s.Namespace, s.scheme, s.Service, s.port)
	return strings.TrimSuffix(path+"/"+s.prefix, "/")
}

// storeKind is one kind of store: the values of the label by which its Service is told, and where its API lies. The labels are those that
// robusta-dev/krr looks for, with the operator's own and those of VictoriaMetrics' and Mimir's charts.
type storeKind struct {
	label  string
	values []string
	prefix string
}

// storeKinds begins with those that see the most: a querier over several servers before one server.
func storeKinds() []storeKind {
	const name = "app.kubernetes.io/name"
	return []storeKind{
		{name, []string{"thanos-query", "thanos-querier", "thanos-query-frontend"}, ""},
		{"app", []string{"thanos-query", "thanos-querier"}, ""},
		{name, []string{"vmselect"}, "select/0/prometheus"},
		{"app", []string{"vmselect"}, "select/0/prometheus"},
		{name, []string{"vmsingle", "victoria-metrics-single"}, ""},
		{"app", []string{"vmsingle", "victoria-metrics-single"}, ""},
		{name, []string{"mimir"}, "prometheus"},
		{name, []string{"prometheus"}, ""},
		{"app", []string{"kube-prometheus-stack-prometheus", "prometheus", "prometheus-server", "rancher-monitoring-prometheus"}, ""},
		{"operated-prometheus", []string{"true"}, ""},
	}
}

// Stores lists the Services that may be a store of metrics, the most likely first. It takes three lists of Services of all namespaces.
func (c *Client) Stores(ctx context.Context) ([]Store, error) {
	byLabel := map[string][]string{}
	var labels []string
	for _, k := range storeKinds() {
		if byLabel[k.label] == nil {
			labels = append(labels, k.label)
		}
		byLabel[k.label] = append(byLabel[k.label], k.values...)
	}
	info, _ := snapshot.InfoOf(snapshot.Services)
	found := map[string]Store{}
	for _, label := range labels {
		selector := fmt.Sprintf("%s in (%s)", label, strings.Join(byLabel[label], ","))
		got, err := fetch(ctx, c, info, func(r *rest.Request) *rest.Request {
			return r.VersionedParams(&metav1.ListOptions{LabelSelector: selector, Limit: PageSize}, scheme.ParameterCodec)
		}, func(o runtime.Object) (corev1.Service, error) {
			service, ok := o.(*corev1.Service)
			if !ok {
				return corev1.Service{}, fmt.Errorf("%T among services", o)
			}
			return *service, nil
		})
		if err != nil {
			return nil, fmt.Errorf("list services that are stores of metrics: %w", err)
		}
		if _, ok := got.object.(*corev1.ServiceList); !ok {
			return nil, fmt.Errorf("list services: the answer is a %T", got.object)
		}
		for _, service := range got.items {
			if s, ok := storeOf(&service); ok {
				if old, known := found[s.String()]; !known || s.rank < old.rank {
					found[s.String()] = s
				}
			}
		}
	}
	out := make([]Store, 0, len(found))
	for _, s := range found {
		out = append(out, s)
	}
	order.By(out, func(a, b Store) int {
		return cmp.Or(cmp.Compare(a.rank, b.rank), cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Service, b.Service))
	})
	return out, nil
}

// storeOf tells of a Service which kind of store it is, and at which port; false where it has none that fits, or is a part of a store
// that answers no queries.
func storeOf(service *corev1.Service) (Store, bool) {
	component := service.Labels["app.kubernetes.io/component"] + service.Labels["component"]
	for _, part := range []string{"alertmanager", "exporter", "pushgateway", "storage", "insert", "ingest", "compactor", "ruler", "store-gateway", "distributor", "gossip"} {
		if strings.Contains(component, part) {
			return Store{}, false
		}
	}
	for rank, k := range storeKinds() {
		if !slices.Contains(k.values, service.Labels[k.label]) {
			continue
		}
		if slices.Contains(k.values, "mimir") && !strings.Contains(component, "query-frontend") {
			return Store{}, false
		}
		port, ok := queryPort(service.Spec.Ports)
		if !ok {
			return Store{}, false
		}
		s := Store{Namespace: service.Namespace, Service: service.Name, scheme: "http", port: strconv.Itoa(int(port.Port)), prefix: k.prefix, rank: rank}
		// OpenShift's own stores are behind kube-rbac-proxy, whatever their ports are called.
		if port.Port == 443 || strings.Contains(port.Name, "https") || service.Namespace == "openshift-monitoring" {
			s.scheme = "https"
		}
		return s, true
	}
	return Store{}, false
}

// queryPort is the port of queries: by its usual name, else by its usual number.
func queryPort(ports []corev1.ServicePort) (corev1.ServicePort, bool) {
	for _, name := range []string{"http-web", "web", "http", "http-metrics", "https", "http-query", "server"} {
		for _, p := range ports {
			if p.Name == name {
				return p, true
			}
		}
	}
	for _, p := range ports {
		if slices.Contains([]int32{80, 443, 8080, 8428, 8429, 8481, 9090, 9091, 10902}, p.Port) {
			return p, true
		}
	}
	return corev1.ServicePort{}, false
}

// storeQuery tells whether a path below services/NAME/proxy is a query that reads a store: /api/v1/query and its like, behind a prefix
// that a known store has.
func storeQuery(path []string) bool {
	joined := strings.Join(path, "/")
	for _, k := range storeKinds() {
		rest := joined
		if k.prefix != "" {
			var ok bool
			if rest, ok = strings.CutPrefix(joined, k.prefix+"/"); !ok {
				continue
			}
		}
		rest, ok := strings.CutPrefix(rest, "api/v1/")
		switch label, values := strings.CutPrefix(rest, "label/"); {
		case !ok:
		case slices.Contains([]string{"query", "query_range", "series", "labels", "status/buildinfo"}, rest):
			return true
		case values && strings.HasSuffix(label, "/values") && !strings.Contains(strings.TrimSuffix(label, "/values"), "/"):
			return true
		}
	}
	return false
}
