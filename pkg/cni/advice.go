package cni

// This file says in words what a class means and what to do about it.

// Says is the class as the cause of a sentence: "… because".
func (c Class) Says() string {
	switch c {
	case AgentDown:
		return "the network agent of the node does not answer"
	case Auth:
		return "the API server refuses the network plugin"
	case IPExhausted:
		return "no pod IP is left"
	case IPDuplicate:
		return "the network plugin's records of assigned IPs contradict themselves"
	case BridgeConflict:
		return "the node's bridge has an address of another pod range"
	case IPTablesLock:
		return "another program holds the lock of iptables"
	case Overload:
		return "the network plugin is too slow to answer"
	case NameReserved:
		return "an earlier attempt to make the sandbox still runs"
	case MissingPlugin:
		return "a CNI plugin or its configuration is missing on the node"
	case PolicyAgent:
		return "the agent that enforces network policies does not answer"
	case PluginCrash:
		return "the network plugin died without a word"
	case RuntimeHandler:
		return "the runtime of the node does not know the pod's RuntimeClass"
	case SandboxImage:
		return "the sandbox image cannot be pulled"
	case Memory:
		return "the memory limit is too small for the sandbox itself"
	case NodeFull:
		return "the node is out of disk, files or processes"
	case Network:
		return "the network plugin fails"
	default:
		return "the sandbox fails"
	}
}

// Todo says what to do first.
func (c Class) Todo() string {
	switch c {
	case AgentDown:
		return "Look at the network agent's pod on the node (calico-node, cilium, aws-node, kube-flannel …) and at why it does not run"
	case Auth:
		return "Restart the network agent's pod on the node: its token for the API server has expired or was revoked"
	case IPExhausted:
		return "Free pod IPs or widen the range: finished pods, leaked allocations of the IPAM plugin, the node's pod range or the cloud subnet"
	case IPDuplicate:
		return "Drain the node and clear the IPAM plugin's stale records on it (host-local: /var/lib/cni/networks)"
	case BridgeConflict:
		return "Drain the node, delete the bridge (ip link delete cni0) and let the plugin make it anew: the node's pod range has changed"
	case IPTablesLock:
		return "Find what rewrites iptables on the node all the time (kube-proxy, the policy agent, other firewalls)"
	case Overload:
		return "Give the network agent on the node CPU requests and see what loads it; pods retry by themselves"
	case NameReserved:
		return "Look for the first failure of the same pod: this one follows from it"
	case MissingPlugin:
		return "See that the network plugin's installer ran on the node: binaries in /opt/cni/bin, configuration in /etc/cni/net.d"
	case PolicyAgent:
		return "Look at the policy agent's container on the node (aws-node: aws-eks-nodeagent)"
	case PluginCrash:
		return "Look into the kernel's log of the node: the plugin was killed, mostly for memory"
	case RuntimeHandler:
		return "Schedule the pod on nodes whose runtime has the handler, or install it there: the RuntimeClass names it"
	case SandboxImage:
		return "Make the runtime's sandbox image (pause) available to the node: registry, credentials, mirror"
	case Memory:
		return "Raise the pod's memory limit: even the runtime's init process does not fit into it"
	case NodeFull:
		return "Free what the node has run out of, or drain it"
	default:
		return "Read the network agent's log on the node"
	}
}

// OfNode tells whether the cause lies in the node, so that all its pods suffer together, and not in the pod.
func (c Class) OfNode() bool {
	switch c {
	case RuntimeHandler, Memory, NameReserved, Unknown:
		return false
	default:
		return true
	}
}
