package snapshot

// The keep table for probes that Istio rewrote. Its agent asks in the kubelet's place: the probe that a pod shows asks the agent, and what the
// author wrote lies as JSON in an environment variable of the proxy. The author's probe is put back, so that every check sees it; of the
// variable nothing else is kept.

import (
	"encoding/json"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

const (
	meshProxy   = "istio-proxy"
	meshProbers = "ISTIO_KUBE_APP_PROBERS"
	meshPath    = "/app-health/"
	meshAgent   = "pilot-agent"
	maxProbers  = 64 << 10 // bytes of the variable that are read
)

// prober is the form in which Istio keeps an author's probe (istio pilot/cmd/pilot-agent/status/server.go, Prober; named ports are resolved
// to numbers in pkg/kube/inject/app_probe.go).
type prober struct {
	HTTPGet        *corev1.HTTPGetAction   `json:"httpGet"`
	TCPSocket      *corev1.TCPSocketAction `json:"tcpSocket"`
	GRPC           *corev1.GRPCAction      `json:"grpc"`
	TimeoutSeconds int32                   `json:"timeoutSeconds"` // what the agent waits for the program
}

// ThroughAgent tells whether a probe is what its author wrote, put back, and Istio's agent asks it in the kubelet's place: the handler stands
// beside a command that is the agent, which no probe of the API has. Whatever goes wrong between agent and program shows as HTTP 500.
func ThroughAgent(p *corev1.Probe) bool {
	return p != nil && p.Exec != nil && len(p.Exec.Command) == 1 && p.Exec.Command[0] == meshAgent &&
		(p.HTTPGet != nil || p.TCPSocket != nil || p.GRPC != nil)
}

// restoreProbes puts the authors' probes back. What cannot be read, or is not there, stays in Istio's form.
func restoreProbes(s *corev1.PodSpec) {
	var known map[string]*prober
	for _, list := range [...][]corev1.Container{s.Containers, s.InitContainers} {
		for i := range list {
			c := &list[i]
			for _, try := range [...]struct {
				probe  *corev1.Probe
				suffix string
			}{{c.LivenessProbe, "/livez"}, {c.ReadinessProbe, "/readyz"}, {c.StartupProbe, "/startupz"}} {
				p := try.probe
				if p == nil || p.HTTPGet == nil || !strings.HasPrefix(p.HTTPGet.Path, meshPath) || p.HTTPGet.Path != meshPath+c.Name+try.suffix {
					continue
				}
				if known == nil {
					if known = probersOf(s); len(known) == 0 {
						return
					}
				}
				restoreProbe(p, known[p.HTTPGet.Path])
			}
		}
	}
}

// probersOf reads what the proxy was told of the authors' probes, by the path at which its agent answers for them.
func probersOf(s *corev1.PodSpec) map[string]*prober {
	for _, list := range [...][]corev1.Container{s.Containers, s.InitContainers} {
		for i := range list {
			if list[i].Name != meshProxy {
				continue
			}
			at := slices.IndexFunc(list[i].Env, func(e corev1.EnvVar) bool { return e.Name == meshProbers })
			if at < 0 || len(list[i].Env[at].Value) > maxProbers {
				continue
			}
			var known map[string]*prober
			if json.Unmarshal([]byte(list[i].Env[at].Value), &known) == nil {
				return known
			}
		}
	}
	return nil
}

// restoreProbe puts one back, where it has one handler and a port as the agent takes it, which is a number.
func restoreProbe(p *corev1.Probe, from *prober) {
	if from == nil {
		return
	}
	handler := corev1.ProbeHandler{Exec: &corev1.ExecAction{Command: []string{meshAgent}}}
	isNumber := func(port intstr.IntOrString) bool { return port.Type == intstr.Int && port.IntVal > 0 }
	switch get, socket, grpc := from.HTTPGet, from.TCPSocket, from.GRPC; {
	case get != nil && socket == nil && grpc == nil && isNumber(get.Port):
		if get.Scheme != corev1.URISchemeHTTPS {
			get.Scheme = corev1.URISchemeHTTP
		}
		handler.HTTPGet = get
	case socket != nil && get == nil && grpc == nil && isNumber(socket.Port):
		handler.TCPSocket = socket
	case grpc != nil && get == nil && socket == nil && grpc.Port > 0:
		handler.GRPC = grpc
	default:
		return
	}
	p.ProbeHandler = handler
	if from.TimeoutSeconds > 0 {
		p.TimeoutSeconds = from.TimeoutSeconds
	}
}
