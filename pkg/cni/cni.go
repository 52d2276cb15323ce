// Package cni reads what container runtimes and network plugins say when a pod's sandbox cannot be made or taken down, and names the
// cause. The texts are those of containerd, CRI-O and the plugins; ids are stripped, so that one cause has one text.
package cni

import (
	"regexp"
	"strings"
)

// Class is a cause of sandbox trouble.
type Class string

// The classes.
const (
	AgentDown      Class = "agent-down"      // the plugin's agent on the node does not answer
	Auth           Class = "auth"            // the API server refuses the plugin
	IPExhausted    Class = "ip-exhausted"    // no pod IP is left
	IPDuplicate    Class = "ip-duplicate"    // the records of assigned IPs contradict themselves
	BridgeConflict Class = "bridge-conflict" // the node's bridge has an address of another range
	IPTablesLock   Class = "iptables-lock"   // another program holds the lock of iptables
	Overload       Class = "overload"        // the plugin took too long, or turned the request away
	NameReserved   Class = "name-reserved"   // an earlier attempt still runs; follows from another cause
	MissingPlugin  Class = "missing-plugin"  // a plugin's binary or configuration is not on the node
	PolicyAgent    Class = "policy-agent"    // the agent that enforces policies does not answer
	PluginCrash    Class = "plugin-crash"    // the plugin died without a word
	RuntimeHandler Class = "runtime-handler" // the pod's RuntimeClass is unknown to the node's runtime
	SandboxImage   Class = "sandbox-image"   // the pause image cannot be pulled
	Memory         Class = "memory"          // the sandbox itself was killed for memory
	NodeFull       Class = "node-full"       // no disk, no files or no processes left on the node
	Network        Class = "network"         // the network plugin failed in words unknown here
	Unknown        Class = "unknown"
)

// Cause is what a message says.
type Cause struct {
	Class    Class
	Teardown bool   // the sandbox could not be taken down; else it could not be made
	Detail   string // the innermost error, one line, ids stripped
}

// pattern ties a class to what proves it, in the order in which they are tried.
type pattern struct {
	class Class
	text  *regexp.Regexp
}

var patterns = []pattern{
	{RuntimeHandler, regexp.MustCompile(`no runtime for "[^"]*" is configured|failed to find runtime handler|runtime handler .* not (found|supported)`)},
	{Memory, regexp.MustCompile(`container init was OOM-killed`)},
	{NodeFull, regexp.MustCompile(`no space left on device|too many open files|Resource temporarily unavailable: .*clone|cannot allocate memory|fork/exec .*: resource temporarily unavailable`)},
	{SandboxImage, regexp.MustCompile(`failed to (get|pull) sandbox image|failed to pull image ".*pause`)},

	{AgentDown, regexp.MustCompile(`failed to load flannel 'subnet\.env' file|(open|stat) /run/flannel/subnet\.env`)},
	{AgentDown, regexp.MustCompile(`stat /var/lib/calico/nodename: no such file`)},
	{AgentDown, regexp.MustCompile(`dial unix .*cilium\.sock.*(no such file|refused)|Is the agent running\?`)},
	{AgentDown, regexp.MustCompile(`127\.0\.0\.1:50051.*refused|ipamd\.sock.*(no such file|refused)|add cmd: failed to connect to backend server|add cmd: Error received from AddNetwork gRPC call.*refused`)},
	{AgentDown, regexp.MustCompile(`127\.0\.0\.1:6784.*refused`)},
	{Auth, regexp.MustCompile(`error getting ClusterInformation: connection is unauthorized|connection is unauthorized: Unauthorized`)},
	{IPExhausted, regexp.MustCompile(`no IP addresses available in range set|failed to assign an IP address to container|No IPs available in pools|Could not allocate IP in range|Failed to allocate a new pod IP|no available IPs|IP pool .*exhausted|range is full`)},
	{IPDuplicate, regexp.MustCompile(`duplicate allocation is not allowed|already exists for an interface other than`)},
	{BridgeConflict, regexp.MustCompile(`already has an IP address different from`)},
	{IPTablesLock, regexp.MustCompile(`xtables[. ]lock|iptables: Resource temporarily unavailable`)},
	{NameReserved, regexp.MustCompile(`failed to reserve sandbox name .* is reserved for|name .* is reserved for`)},
	{MissingPlugin, regexp.MustCompile(`failed to find plugin "[^"]+" in path|cni plugin not initialized|cni config uninitialized|no networks found in /|no valid networks found in|No CNI configuration file in`)},
	{PolicyAgent, regexp.MustCompile(`add cmd: failed to setup network policy`)},
	{PluginCrash, regexp.MustCompile(`netplugin failed with no error message`)},
	{Overload, regexp.MustCompile(`Cilium API client timeout exceeded|putEndpointIdTooManyRequests|\b429\b|context deadline exceeded|DeadlineExceeded`)},
	{Network, regexp.MustCompile(`failed to (setup|destroy) network for sandbox|failed to create pod network sandbox|plugin type="[^"]*"|error adding (container|pod) .*to (CNI )?network|network is not ready|networkPlugin cni failed`)},
}

var teardown = regexp.MustCompile(`failed to destroy network for sandbox|KillPodSandboxError|failed \(delete\)|networkPlugin cni failed to teardown`)

// Classify reads the message of an event FailedCreatePodSandBox, FailedKillPod or NetworkNotReady, or of a condition.
func Classify(message string) Cause {
	c := Cause{Class: Unknown, Teardown: teardown.MatchString(message), Detail: Detail(message)}
	for _, p := range patterns {
		if p.text.MatchString(message) {
			c.Class = p.class
			break
		}
	}
	return c
}

var (
	hexID = regexp.MustCompile(`\b[0-9a-f]{64}\b`)
	uuid  = regexp.MustCompile(`\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b`)
	// what runtimes, libcni and delegating plugins wrap around the error of the plugin that failed
	wraps = regexp.MustCompile(`^(\(combined from similar events\): |Failed to create pod sandbox: |error killing pod: |failed to "KillPodSandbox" for "[^"]*" with KillPodSandboxError: "|network is not ready: |` +
		`rpc error: code = \w+ desc = |failed to (setup|destroy) network for sandbox "[^"]*": |failed to create pod network sandbox [^:]*: |error adding (container|pod) \S+ to (CNI )?network "[^"]*": |` +
		`failed to set up sandbox container "[^"]*" network for pod "[^"]*": |networkPlugin cni failed to (set up|teardown) pod "[^"]*" network: |` +
		`plugin type="[^"]*"( name="[^"]*")? failed \((add|delete)\): |\[[^\]]*/[^\]]*:[^\]]*\]: )`)
)

// Strip takes ids out of a message, so that two messages of one cause are equal.
func Strip(message string) string {
	return uuid.ReplaceAllString(hexID.ReplaceAllString(message, "…"), "…")
}

// Detail is the error of the plugin that failed, without what was wrapped around it.
func Detail(message string) string {
	message = strings.Join(strings.Fields(strings.ReplaceAll(Strip(message), `\"`, `"`)), " ")
	for {
		inner := wraps.ReplaceAllString(message, "")
		if inner == message || inner == "" {
			return strings.TrimRight(message, `.": `)
		}
		message = inner
	}
}
