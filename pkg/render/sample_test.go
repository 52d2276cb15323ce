package render

// Reports to render: an incident as the lab shows them, a healthy cluster, one full of gaps, and one made by an enemy.

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
)

var noon = time.Date(2026, 11, 23, 18, 22, 4, 0, time.UTC)

func ago(d time.Duration) *time.Time { return finding.At(noon.Add(-d)) }

func object(kind, namespace, name string) finding.ObjectRef {
	groups := map[string]string{"Deployment": "apps/v1", "StatefulSet": "apps/v1", "Pod": "v1", "Secret": "v1", "Ingress": "networking.k8s.io/v1"}
	return finding.ObjectRef{APIVersion: groups[kind], Kind: kind, Namespace: namespace, Name: name}
}

func in(o finding.ObjectRef, container string) finding.ObjectRef {
	o.Container = container
	return o
}

func report(command string, findings ...finding.Finding) *finding.Report {
	r := finding.New(finding.Metadata{
		Time: noon, ToolVersion: "v0.1.0", Context: "prod-eu",
		Scope: finding.Scope{Command: command, Namespaces: []string{"shop"}},
	})
	for _, f := range findings {
		f.Fingerprint = finding.Fingerprint(f)
		r.Findings = append(r.Findings, f)
	}
	return r
}

func limitHit(namespace, name string) finding.Finding {
	pod := object("Pod", namespace, name+"-7d9c8f6b94-x2xkp")
	return finding.Finding{
		Check: "oom/limit-hit", Severity: finding.Critical, Confidence: finding.Proven,
		Object:  in(object("Deployment", namespace, name), "app"),
		Message: "The kernel killed container app 4 times in 21m because it reached its own memory limit of 256Mi; it lives about 5m after each start.",
		Evidence: []finding.Evidence{
			{Object: pod, Source: "status.containerStatuses[app].lastState.terminated", Value: "OOMKilled, exit code 137, ran 5m2s", Time: ago(3*time.Minute + 12*time.Second)},
			{Object: pod, Source: "event BackOff", Value: "Back-off restarting failed container app", Time: ago(40 * time.Second), Count: 12},
			{Object: object("Deployment", namespace, name), Source: "spec.template.spec.containers[app].resources.limits.memory", Value: "256Mi"},
		},
		Fix: []finding.Fix{
			{
				Text:    "Raise the limit above the peak; 384Mi holds what was measured with a fifth to spare.",
				Command: finding.Kubectl(namespace, "set", "resources", "deployment/"+name, "-c", "app", "--limits=memory=384Mi"),
			},
			{Text: "Or see what it did last.", Command: finding.Kubectl(namespace, "logs", "-p", pod.Name, "-c", "app")},
		},
		FirstSeen: ago(21 * time.Minute),
	}
}

func livenessKill() finding.Finding {
	pod := object("Pod", "shop", "web-7d9c8f6b94-x2xkp")
	return finding.Finding{
		Check: "probes/liveness-kill", Severity: finding.Warning, Confidence: finding.Strong,
		Object:  in(object("Deployment", "shop", "web"), "app"),
		Message: "The liveness probe killed container app 3 times while it was still starting: it needs 48s, the probe gives it 30s.",
		Evidence: []finding.Evidence{
			{Object: pod, Source: "event Killing", Value: "Container app failed liveness probe, will be restarted", Time: ago(9 * time.Minute), Count: 3},
		},
		Fix: []finding.Fix{{
			Text:  "Give the start a probe of its own, so that liveness begins when it is over.",
			Patch: "spec:\n  template:\n    spec:\n      containers:\n      - name: app\n        startupProbe:\n          httpGet: {path: /healthz, port: 8080}\n          failureThreshold: 30\n          periodSeconds: 2\n",
		}},
		LastSeen: ago(9 * time.Minute),
	}
}

func expired() finding.Finding {
	secret := object("Secret", "shop", "shop-tls")
	return finding.Finding{
		Check: "certs/expiring", Severity: finding.Warning, Confidence: finding.Proven, Object: object("Ingress", "shop", "shop"),
		Message: "The certificate for shop.example.com ends in 3d of its 90d and nothing renews it.",
		Evidence: []finding.Evidence{
			{Object: secret, Source: "tls.crt notAfter", Value: "2026-11-26T18:22:04Z, issued by CN=R11,O=Let's Encrypt,C=US", Time: finding.At(noon.Add(72 * time.Hour))},
		},
		Fix: []finding.Fix{{Text: "Renew it.", Command: finding.Kubectl("shop", "describe", "secret/shop-tls")}},
	}
}

func released() finding.Finding {
	pv := object("PersistentVolume", "", "pvc-0f2b1a6e-6d0f-4c0e-9b0e-5f1c2d3e4f5a")
	return finding.Finding{
		Check: "pvc/released", Severity: finding.Info, Confidence: finding.Proven, Object: pv,
		Message:  "The volume is released and kept: 20Gi that nobody uses, whose claim shop/data was deleted.",
		Evidence: []finding.Evidence{{Object: pv, Source: "status.phase", Value: "Released"}},
		Fix:      []finding.Fix{{Text: "Bind it again or delete it, once its data is not needed."}},
	}
}

func areas(r *finding.Report) {
	r.Summary.Areas = []finding.AreaSummary{
		{Area: "oom", Checks: 4, Looked: []finding.Looked{{Resource: "pods", Count: 12}, {Resource: "nodes", Count: 3}}},
		{Area: "probes", Checks: 5, Looked: []finding.Looked{{Resource: "pods", Count: 12}, {Resource: "services", Count: 1}}},
		{Area: "netpol", Checks: 4, Looked: []finding.Looked{{Resource: "pods", Count: 12}, {Resource: "networkpolicies.networking.k8s.io", Count: 3}}},
		{Area: "certs", Checks: 6, Looked: []finding.Looked{{Resource: "secrets", Count: 2}, {Resource: "ingresses.networking.k8s.io", Count: 1}}},
		{Area: "pvc", Checks: 6, Looked: []finding.Looked{{Resource: "persistentvolumeclaims", Count: 0}, {Resource: "storageclasses.storage.k8s.io", Count: 0}}},
	}
}

// incident is what an engineer on call sees.
func incident() *finding.Report {
	r := report("triage", limitHit("shop", "web"), livenessKill(), expired(), released())
	areas(r)
	r.Unexplained = []finding.Unexplained{
		{
			Reason: "ImagePullBackOff", Detail: `Back-off pulling image "registry.example.com/shop/api:v1.42.0": not found`, Count: 4,
			Pods: []finding.ObjectRef{object("Pod", "shop", "api-5b7c9d-abcde"), object("Pod", "shop", "api-5b7c9d-fghij"), object("Pod", "shop", "api-5b7c9d-klmno")},
		},
		{Reason: "Unschedulable", Detail: "0/3 nodes are available: 3 Insufficient cpu.", Count: 1, Pods: []finding.ObjectRef{object("Pod", "shop", "batch-0")}},
	}
	r.CannotSay = []finding.Gap{
		{Check: "oom/killed-not-memory", Object: object("Deployment", "shop", "worker"), Reason: "exit 137 without OOMKilled, and the events of that hour are gone"},
	}
	r.Coverage = []finding.Coverage{
		{Resource: "pods", Namespace: "shop", State: finding.CoverageOK},
		{Resource: "nodes", State: finding.CoverageForbidden, Reason: `User "jane" cannot list resource "nodes" in API group "" at the cluster scope`, Checks: []string{"oom/node-out-of-memory"}},
		{Resource: "events", Namespace: "shop", State: finding.CoveragePartial, Reason: "page 3: the server has asked for a retry", Checks: []string{"probes/liveness-kill", "oom/evicted"}},
		{Resource: "certificates.cert-manager.io", State: finding.CoverageAbsent, Reason: "not served", Checks: []string{"certs/expiring"}},
	}
	r.Sort()
	return r
}

func healthy() *finding.Report {
	r := report("triage")
	areas(r)
	r.Summary.Areas[4].Looked = []finding.Looked{{Resource: "persistentvolumeclaims", Count: 1}}
	r.Coverage = []finding.Coverage{{Resource: "pods", State: finding.CoverageOK}, {Resource: "secrets", State: finding.CoverageOK}}
	r.Sort()
	return r
}

// gaps is a run with hardly any rights.
func gaps() *finding.Report {
	r := report("triage", expired())
	areas(r)
	r.Metadata.Scope = finding.Scope{Command: "triage", AllNamespaces: true, Subjects: []string{"deployment/web"}, Selector: "app=web", Since: "1h"}
	r.Summary.Areas[0].Checks, r.Summary.Areas[0].Skipped = 0, 4
	r.Summary.Areas[1].Checks, r.Summary.Areas[1].Skipped = 3, 2
	r.Summary.Areas[3].Checks, r.Summary.Areas[3].Skipped = 5, 1
	for i := range 5 {
		r.CannotSay = append(r.CannotSay, finding.Gap{Check: "netpol/selects-nothing", Object: object("NetworkPolicy", "shop", fmt.Sprintf("allow-%d", i)), Reason: "the pods of the namespace were not read in full"})
		r.Coverage = append(r.Coverage, finding.Coverage{Resource: "secrets", Namespace: fmt.Sprintf("team-%d", i), State: finding.CoverageForbidden, Checks: []string{"certs/expired"}})
		r.CannotSay = append(r.CannotSay, finding.Gap{Check: fmt.Sprintf("oom/check-%d", i), Object: object("Pod", "shop", "x"), Reason: "its events are gone"})
	}
	r.Coverage = append(r.Coverage,
		finding.Coverage{Resource: "nodes", State: finding.CoverageFailed, Reason: "list nodes: context deadline exceeded", Checks: []string{"oom/limit-hit"}},
		finding.Coverage{Resource: "pods", Namespace: "shop", State: finding.CoveragePartial, Reason: "assumed complete: among plain objects nobody says so", Checks: []string{"netpol/selects-nothing"}},
		finding.Coverage{Resource: "events", State: finding.CoverageForbidden}, finding.Coverage{Resource: "services", State: finding.CoverageForbidden})
	r.Sort()
	return r
}

// many has more findings than a screen holds.
func many() *finding.Report {
	r := report("oom")
	for i := range 9 {
		f := limitHit("shop", fmt.Sprintf("web-%d", i))
		if i%2 == 1 {
			f.Severity = finding.Warning
		}
		for j := range 7 * (i % 2) {
			f.Evidence = append(f.Evidence, finding.Evidence{Object: object("Pod", "shop", fmt.Sprintf("web-%d-%d", i, j)), Source: "event OOMKilling", Value: "Memory cgroup out of memory"})
		}
		f.Fingerprint = finding.Fingerprint(f)
		r.Findings = append(r.Findings, f)
	}
	r.Summary.Areas = []finding.AreaSummary{{Area: "oom", Checks: 4}}
	r.Sort()
	return r
}

// evil is text that a terminal must not obey and that must not look like ours.
const evil = "a\x1b[2J\x1b]0;owned\x07b\r\nCRITICAL forged\tc\u202edesrever\u202c\u200b\u2066\x9b31m\u009b31m\x7f\x00\xff\u0085\u2028|`*<b>@all"

// nasty holds it in every field, with empty names, zero and future times, negative counts, huge values and wide characters.
func nasty() *finding.Report {
	ref := finding.ObjectRef{APIVersion: evil, Kind: evil, Namespace: evil, Name: evil, Container: evil}
	zero := time.Time{}
	r := report(evil,
		finding.Finding{
			Check: "oom/" + evil, Severity: finding.Severity(evil), Confidence: finding.Confidence(evil), Object: ref, Message: evil,
			Evidence:  []finding.Evidence{{Object: ref, Source: evil, Value: evil, Time: &zero, Count: -3}, {}},
			Fix:       []finding.Fix{{Text: evil, Command: "kubectl " + evil, Patch: "a: b\n" + evil}, {}},
			FirstSeen: &zero, LastSeen: finding.At(noon.Add(400 * 24 * time.Hour)),
			Memory: &finding.Memory{
				Object: ref, Source: evil, Time: &zero, Limit: -1, LimitOf: evil, Total: 5, Peak: -7, Says: evil,
				Parts: append(slices.Repeat([]finding.MemoryPart{{Name: finding.MemoryKind(evil), Bytes: 1 << 62}}, 70), finding.MemoryPart{Bytes: -9}),
			},
		},
		finding.Finding{},
		finding.Finding{
			Check: "pvc/huge", Severity: finding.Critical, Object: object("Pod", "shop", strings.Repeat("long-name.", 30)),
			Message: strings.Repeat("very ", 2000) + "long " + strings.Repeat("x", 5000),
			Evidence: []finding.Evidence{
				{Object: object("Pod", "shop", "p"), Source: strings.Repeat("spec.", 60), Value: "sha256:" + strings.Repeat("0f", 400), Time: finding.At(noon.Add(time.Hour))},
				{Object: object("Pod", "shop", "日本語のポッド名"), Source: "event 失敗", Value: strings.Repeat("メモリ不足で強制終了", 20) + "e\u0301\u0301\u0301\u0301\u0301\u0301\u0301\u0301", Count: 2},
			},
			Fix: []finding.Fix{{Text: "日本語" + strings.Repeat("あ", 100), Command: "kubectl get pod " + strings.Repeat("long-name.", 30)}},
		},
	)
	r.Metadata.Context, r.Metadata.ToolVersion = evil, evil
	r.Metadata.Scope = finding.Scope{Command: evil, Namespaces: []string{evil, ""}, Subjects: []string{evil}, Selector: evil, Since: evil}
	r.Summary.Areas = []finding.AreaSummary{{Area: evil, Checks: -1, Looked: []finding.Looked{{Resource: evil, Count: -2}}}, {}}
	r.CannotSay = []finding.Gap{{Check: evil, Object: ref, Reason: evil}, {}}
	r.Unexplained = []finding.Unexplained{{Reason: evil, Detail: evil, Count: -1, Pods: []finding.ObjectRef{ref}}, {}}
	r.Coverage = []finding.Coverage{{Resource: evil, Namespace: evil, State: finding.CoverageState(evil), Reason: strings.Repeat(evil, 20), Checks: []string{evil}}, {}}
	r.Sort()
	return r
}
