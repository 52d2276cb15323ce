package lab

// This file saves what the API says.

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
)

// namespaced and clusterWide are the kinds that Dump saves: what the tool's checks read.
var (
	namespaced = []string{"pods", "events", "deployments.apps", "replicasets.apps", "statefulsets.apps", "daemonsets.apps",
		"jobs.batch", "cronjobs.batch", "services", "endpointslices.discovery.k8s.io", "networkpolicies.networking.k8s.io",
		"ingresses.networking.k8s.io", "poddisruptionbudgets.policy", "horizontalpodautoscalers.autoscaling", "secrets", "persistentvolumeclaims", "limitranges"}
	clusterWide = []string{"nodes", "namespaces", "persistentvolumes", "storageclasses.storage.k8s.io", "csidrivers.storage.k8s.io",
		"csinodes.storage.k8s.io", "volumeattachments.storage.k8s.io"}
)

// Dump writes what the API says about a namespace and the cluster into dir, one file per kind as "kubectl get -o yaml"
// prints it. Kinds without objects get no file. Node events, which lie in namespace default, get a file of their own.
func (l *Lab) Dump(ctx context.Context, namespace, dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	var errs []error
	save := func(name string, args ...string) {
		out, err := l.Run(ctx, nil, append([]string{"get", "-o", "yaml"}, args...)...)
		if err == nil && !strings.Contains(out, "\nitems: []\n") {
			err = os.WriteFile(filepath.Join(dir, name+".yaml"), []byte(out), 0o644)
		}
		errs = append(errs, err)
	}
	for _, kind := range namespaced {
		short, _, _ := strings.Cut(kind, ".")
		save(short, "-n", namespace, kind)
	}
	for _, kind := range clusterWide {
		short, _, _ := strings.Cut(kind, ".")
		save(short, kind)
	}
	save("node-events", "-n", "default", "events", "--field-selector", "involvedObject.kind=Node")
	return errors.Join(errs...)
}
