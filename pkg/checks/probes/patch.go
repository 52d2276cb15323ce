package probes

// This file makes patches for probes that can be pasted. Each is computed from what was measured, and none is made where the snapshot
// has cut what the handler needs.

import (
	"encoding/json"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
	"github.com/kubectl-scars/kubectl-scars/pkg/snapshot"
)

// patch is a command that changes one probe of a container in a workload's template; empty for workloads whose template cannot be
// patched so.
func patch(w snapshot.Ref, container string, init bool, probe string, fields map[string]any) string {
	return patches(w, container, init, map[string]map[string]any{probe: fields})
}

// templatePatch is how the patches below begin.
const templatePatch = `{"spec":{"template":`

// patches is a command that changes several probes of a container at once, by the name of their field.
func patches(w snapshot.Ref, container string, init bool, probes map[string]map[string]any) string {
	switch w.Kind {
	case "Deployment", "StatefulSet", "DaemonSet":
	default:
		return ""
	}
	list := "containers"
	if init {
		list = "initContainers"
	}
	changed := map[string]any{"name": container}
	for field, fields := range probes {
		changed[field] = fields
	}
	text, err := json.Marshal(map[string]any{"spec": map[string]any{"template": map[string]any{"spec": map[string]any{list: []any{changed}}}}})
	if err != nil {
		return ""
	}
	return finding.Kubectl(w.Namespace, "patch", strings.ToLower(w.Kind)+"/"+w.Name, "-p", string(text))
}

// fieldsOf are the fields that make another probe ask the same as this one; nil where that is not known in full: arguments of commands,
// values of headers and queries are cut from a snapshot, because they may hold secrets.
func fieldsOf(p *corev1.Probe) map[string]any {
	switch {
	case p == nil, byMesh(p):
		return nil
	case p.HTTPGet != nil && p.HTTPGet.Host == "" && len(p.HTTPGet.HTTPHeaders) == 0 && !strings.ContainsAny(p.HTTPGet.Path, "?[…"): // "[redacted]"
		get := map[string]any{"path": p.HTTPGet.Path, "port": p.HTTPGet.Port}
		if p.HTTPGet.Scheme != "" && p.HTTPGet.Scheme != corev1.URISchemeHTTP {
			get["scheme"] = p.HTTPGet.Scheme
		}
		if p.HTTPGet.Protocol != nil {
			get["protocol"] = *p.HTTPGet.Protocol
		}
		return map[string]any{"httpGet": get}
	case p.TCPSocket != nil && p.TCPSocket.Host == "":
		return map[string]any{"tcpSocket": map[string]any{"port": p.TCPSocket.Port}}
	case p.GRPC != nil:
		grpc := map[string]any{"port": p.GRPC.Port}
		if p.GRPC.Service != nil && *p.GRPC.Service != "" {
			grpc["service"] = *p.GRPC.Service
		}
		if p.GRPC.Mode != nil {
			grpc["mode"] = *p.GRPC.Mode
		}
		return map[string]any{"grpc": grpc}
	default:
		return nil
	}
}
