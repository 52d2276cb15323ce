package cni

import (
	"strings"
	"testing"
)

const id = "558e1e748f6f540e0f380fcb04f79d49fcbfd4da01c65de7bbd58e1731d7ec6b"

// The texts are what the projects print, replayed; those marked lab were seen on Kubernetes v1.37.2 with containerd 1.6.20.
func TestClassify(t *testing.T) {
	create := "Failed to create pod sandbox: rpc error: code = Unknown desc = failed to setup network for sandbox \"" + id + "\": "
	for _, tt := range []struct {
		name, message string
		class         Class
		detail        string
	}{
		{"lab plugin missing", create + `plugin type="bridge" failed (add): failed to find plugin "host-local" in path [/usr/lib/cni]`, MissingPlugin, `failed to find plugin "host-local" in path [/usr/lib/cni]`},
		{"lab runtime class", `Failed to create pod sandbox: rpc error: code = Unknown desc = failed to get sandbox runtime: no runtime for "kata" is configured`, RuntimeHandler, `failed to get sandbox runtime: no runtime for "kata" is configured`},
		{"flannel", create + `plugin type="flannel" failed (add): failed to load flannel 'subnet.env' file: open /run/flannel/subnet.env: no such file or directory. Check the flannel pod log for this node.`, AgentDown, "failed to load flannel 'subnet.env' file: open /run/flannel/subnet.env: no such file or directory. Check the flannel pod log for this node"},
		{"older flannel", create + `plugin type="flannel" failed (add): open /run/flannel/subnet.env: no such file or directory`, AgentDown, ""},
		{"calico", create + `plugin type="calico" failed (add): stat /var/lib/calico/nodename: no such file or directory: check that the calico/node container is running and has mounted /var/lib/calico/`, AgentDown, ""},
		{"cilium", create + `plugin type="cilium-cni" name="cilium" failed (add): unable to connect to Cilium agent: failed to create cilium agent client after 30.000000 seconds timeout: Get "http://localhost/v1/config": dial unix /var/run/cilium/cilium.sock: connect: no such file or directory`, AgentDown, ""},
		{"cilium asks", create + `plugin type="cilium-cni" failed (add): unable to connect to Cilium daemon: failed to create cilium agent client: Is the agent running?`, AgentDown, ""},
		{"aws", create + `plugin type="aws-cni" name="aws-cni" failed (add): add cmd: Error received from AddNetwork gRPC call: rpc error: code = Unavailable desc = connection error: desc = "transport: Error while dialing: dial tcp 127.0.0.1:50051: connect: connection refused"`, AgentDown, ""},
		{"newer aws", create + `plugin type="aws-cni" failed (add): add cmd: failed to connect to backend server: dial unix /var/run/aws-node/ipamd.sock: connect: no such file or directory`, AgentDown, ""},
		{"weave", create + `plugin type="weave-net" failed (add): unable to allocate IP address: Post "http://127.0.0.1:6784/ip/x": dial tcp 127.0.0.1:6784: connect: connection refused`, AgentDown, ""},
		{"calico token", create + `plugin type="calico" failed (add): error getting ClusterInformation: connection is unauthorized: Unauthorized`, Auth, "error getting ClusterInformation: connection is unauthorized: Unauthorized"},
		{"host-local", create + `plugin type="bridge" failed (add): failed to allocate for range 0: no IP addresses available in range set: 10.244.1.1-10.244.1.254`, IPExhausted, ""},
		{"aws ip", create + `plugin type="aws-cni" failed (add): add cmd: failed to assign an IP address to container`, IPExhausted, "add cmd: failed to assign an IP address to container"},
		{"calico ip", create + `plugin type="calico" failed (add): failed to request IPv4 addresses: Assigned 0 out of 1 requested IPv4 addresses; No IPs available in pools: [10.0.0.0/24]`, IPExhausted, ""},
		{"whereabouts", create + `plugin type="multus" name="multus-cni-network" failed (add): [shop/web-0/uid:net1]: error adding container to network "net1": error at storage engine: Could not allocate IP in range: ip: 10.1.0.1 / - 10.1.0.254 / range: 10.1.0.0/24`, IPExhausted, ""},
		{"host-local twice", create + `plugin type="bridge" failed (add): failed to allocate for range 0: ` + id + ` has been allocated to 10.0.0.4, duplicate allocation is not allowed`, IPDuplicate, "failed to allocate for range 0: … has been allocated to 10.0.0.4, duplicate allocation is not allowed"},
		{"calico route", create + `plugin type="calico" failed (add): error adding host side routes for interface: cali123, error: route (Ifindex: 4, Dst: 10.0.0.5/32, Scope: link) already exists for an interface other than 'cali123'`, IPDuplicate, ""},
		{"bridge", create + `plugin type="bridge" failed (add): failed to set bridge addr: "cni0" already has an IP address different from 10.244.2.1/24`, BridgeConflict, `failed to set bridge addr: "cni0" already has an IP address different from 10.244.2.1/24`},
		{"cilium slow", create + `plugin type="cilium-cni" failed (add): unable to create endpoint: Cilium API client timeout exceeded`, Overload, ""},
		{"cilium 429", create + `plugin type="cilium-cni" failed (add): unable to create endpoint: [PUT /endpoint/{id}][429] putEndpointIdTooManyRequests`, Overload, ""},
		{"deadline", `Failed to create pod sandbox: rpc error: code = DeadlineExceeded desc = context deadline exceeded`, Overload, "context deadline exceeded"},
		{"reserved", `Failed to create pod sandbox: rpc error: code = Unknown desc = failed to reserve sandbox name "web-0_shop_a_0": name "web-0_shop_a_0" is reserved for "` + id + `"`, NameReserved, ""},
		{"not initialised", `network is not ready: container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady message:Network plugin returns error: cni plugin not initialized`, MissingPlugin, ""},
		{"older words", `network is not ready: runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady message:docker: network plugin is not ready: cni config uninitialized`, MissingPlugin, ""},
		{"aws policy", create + `plugin type="aws-cni" failed (add): add cmd: failed to setup network policy`, PolicyAgent, "add cmd: failed to setup network policy"},
		{"killed", create + `plugin type="calico" failed (add): netplugin failed with no error message: signal: killed`, PluginCrash, "netplugin failed with no error message: signal: killed"},
		{"lock", create + `plugin type="istio-cni" failed (add): iptables-restore: Another app is currently holding the xtables lock`, IPTablesLock, ""},
		{"lock, other words", create + `plugin type="portmap" failed (add): iptables: Resource temporarily unavailable.`, IPTablesLock, ""},
		{"combined", "(combined from similar events): " + create + `plugin type="calico" failed (add): error getting ClusterInformation: connection is unauthorized: Unauthorized`, Auth, "error getting ClusterInformation: connection is unauthorized: Unauthorized"},
		{"cri-o", `Failed to create pod sandbox: rpc error: code = Unknown desc = failed to create pod network sandbox k8s_web-0_shop_18db392d-bf73-4357-8846-dc13adbe3c97_0(` + id + `): error adding pod shop_web-0 to CNI network "multus-cni-network": plugin type="multus" failed (add): something new`, Network, "something new"},
		{"memory", `Failed to create pod sandbox: rpc error: code = Unknown desc = failed to create containerd task: failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: container init was OOM-killed (memory limit too low?): unknown`, Memory, ""},
		{"image", `Failed to create pod sandbox: rpc error: code = Unknown desc = failed to get sandbox image "registry.k8s.io/pause:3.10": failed to pull image "registry.k8s.io/pause:3.10": not found`, SandboxImage, ""},
		{"disk", `Failed to create pod sandbox: mkdir /var/log/pods/x: no space left on device`, NodeFull, ""},
		{"else", `Failed to create pod sandbox: something`, Unknown, "something"},
	} {
		got := Classify(tt.message)
		if got.Class != tt.class {
			t.Errorf("%s: class %s, want %s", tt.name, got.Class, tt.class)
		}
		if tt.detail != "" && got.Detail != tt.detail {
			t.Errorf("%s: detail %q, want %q", tt.name, got.Detail, tt.detail)
		}
		if strings.Contains(got.Detail, id) || strings.Contains(got.Detail, "18db392d-") || got.Detail == "" {
			t.Errorf("%s: detail %q", tt.name, got.Detail)
		}
		if got.Teardown {
			t.Errorf("%s: taken for a teardown", tt.name)
		}
	}
}

func TestTeardown(t *testing.T) {
	for _, message := range []string{
		`error killing pod: failed to "KillPodSandbox" for "18db392d-bf73-4357-8846-dc13adbe3c97" with KillPodSandboxError: "rpc error: code = Unknown desc = failed to destroy network for sandbox \"` + id + `\": plugin type=\"calico\" failed (delete): error getting ClusterInformation: connection is unauthorized: Unauthorized"`,
	} {
		if got := Classify(message); !got.Teardown || got.Class != Auth || got.Detail != "error getting ClusterInformation: connection is unauthorized: Unauthorized" {
			t.Errorf("%+v", got)
		}
	}
}

func TestEveryClassSpeaks(t *testing.T) {
	for _, p := range append(patterns, pattern{class: Unknown}) {
		if p.class.Says() == "" || p.class.Todo() == "" || p.class != Unknown && p.class.Says() == Unknown.Says() {
			t.Errorf("%s: says %q, todo %q", p.class, p.class.Says(), p.class.Todo())
		}
	}
}

func FuzzDetail(f *testing.F) {
	f.Add("Failed to create pod sandbox: rpc error: code = Unknown desc = x")
	f.Add("(combined from similar events): ")
	f.Fuzz(func(t *testing.T, message string) {
		if d := Detail(message); Detail(d) != d && len(Detail(d)) > len(d) {
			t.Errorf("%q grows to %q", d, Detail(d))
		}
	})
}
