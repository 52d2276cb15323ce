package probes

import (
	"encoding/json"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

func TestFieldsOfSaysAllOrNothing(t *testing.T) {
	get := func(path string, port int32) corev1.ProbeHandler {
		return corev1.ProbeHandler{HTTPGet: &corev1.HTTPGetAction{Path: path, Port: intstr.FromInt32(port)}}
	}
	through := func(h corev1.ProbeHandler) corev1.ProbeHandler {
		h.Exec = &corev1.ExecAction{Command: []string{"pilot-agent"}}
		return h
	}
	for name, c := range map[string]struct {
		handler corev1.ProbeHandler
		want    string
	}{
		"path":                  {get("/livez", 8080), `{"httpGet":{"path":"/livez","port":8080}}`},
		"path with a secret":    {get("/livez/token=[redacted]", 8080), "null"},
		"query":                 {get("/livez?…", 8080), "null"},
		"written by a mesh":     {get("/app-health/app/livez", 15020), "null"},
		"put back of a mesh":    {through(get("/livez", 8080)), `{"httpGet":{"path":"/livez","port":8080}}`},
		"port":                  {corev1.ProbeHandler{TCPSocket: &corev1.TCPSocketAction{Port: intstr.FromString("db")}}, `{"tcpSocket":{"port":"db"}}`},
		"port of another":       {corev1.ProbeHandler{TCPSocket: &corev1.TCPSocketAction{Host: "192.0.2.1", Port: intstr.FromInt32(1)}}, "null"},
		"service by name":       {corev1.ProbeHandler{GRPC: &corev1.GRPCAction{Port: 9000, Service: new("live")}}, `{"grpc":{"port":9000,"service":"live"}}`},
		"HTTP/2":                {corev1.ProbeHandler{HTTPGet: &corev1.HTTPGetAction{Path: "/livez", Port: intstr.FromInt32(8080), Protocol: new(corev1.HTTPProtocolHTTP2)}}, `{"httpGet":{"path":"/livez","port":8080,"protocol":"HTTP2"}}`},
		"gRPC with TLS":         {corev1.ProbeHandler{GRPC: &corev1.GRPCAction{Port: 9000, Mode: new(corev1.GRPCProbeMode("TLS"))}}, `{"grpc":{"mode":"TLS","port":9000}}`},
		"the whole server":      {corev1.ProbeHandler{GRPC: &corev1.GRPCAction{Port: 9000}}, `{"grpc":{"port":9000}}`},
		"command, which is cut": {corev1.ProbeHandler{Exec: &corev1.ExecAction{Command: []string{"ping"}}}, "null"},
	} {
		got, err := json.Marshal(fieldsOf(&corev1.Probe{ProbeHandler: c.handler}))
		if err != nil || string(got) != c.want {
			t.Errorf("%s: %s, %v, want %s", name, got, err, c.want)
		}
	}
}
