#!/bin/sh
# First program of node {{.Spec.Name}} after the initramfs: mounts, network, containerd, kubelet; then it reaps orphans
# and restarts what ends. A file NAME.stop in /run/lab keeps a service down.
export PATH=/usr/sbin:/usr/bin:/sbin:/bin
mount -t proc none /proc; mount -t sysfs none /sys; mount -t tmpfs -o size=64m none /run
{{- if eq .Cgroup "v1"}}
mount -t tmpfs -o mode=755 none /sys/fs/cgroup
for c in cpuset cpu cpuacct blkio memory devices freezer net_cls perf_event net_prio hugetlb pids; do
  mkdir /sys/fs/cgroup/$c; mount -t cgroup -o $c none /sys/fs/cgroup/$c || rmdir /sys/fs/cgroup/$c
done
{{- else}}
mount -t cgroup2 none /sys/fs/cgroup
{{- end}}
mkdir -p /run/lab /dev/pts /dev/shm /dev/mqueue
mount -t devpts none /dev/pts; mount -t tmpfs none /dev/shm; mount -t mqueue none /dev/mqueue
mkdir -p /lib/modules/$(uname -r); mount --bind {{.Modules}}/$(uname -r) /lib/modules/$(uname -r)
for m in virtio_net virtio_blk virtio_rng ext4 overlay bridge veth br_netfilter; do modprobe $m || echo "modprobe $m failed"; done
# Its plug may have been pulled, and the disk has no journal.
S=/var/lib/lab; mkdir -p $S; e2fsck -p /dev/vda >/dev/null || e2fsck -y /dev/vda; mount -o noatime /dev/vda $S || echo "disk failed"
mkdir -p $S/containerd $S/kubelet $S/log $S/ipam /var/log/pods /var/log/containers
mkdir -p $S/pods; mount --bind $S/pods /var/log/pods
mount --make-rshared /
hostname {{.Spec.Name}}; ip link set lo up
sysctl -qw net.ipv4.ip_forward=1
# Without memory the kernel would rather read programs again and again, over 9p, than kill: keep what was used in the last second.
echo y > /sys/kernel/mm/lru_gen/enabled; echo 1000 > /sys/kernel/mm/lru_gen/min_ttl_ms
ip link set eth0 up; ip addr add {{.Address}}/24 dev eth0; ip route add default via {{.Control}}
{{- range .Others}}
ip route add {{index . 0}} via {{index . 1}}
{{- end}}
up() { cut -d' ' -f1 /proc/uptime; }
echo "[$(up)] {{.Spec.Name}} $(uname -r) $(stat -fc %T /sys/fs/cgroup)"

rm -rf /etc/cni/net.d; mkdir -p /etc/cni/net.d
cat > /etc/cni/net.d/10-lab.conflist <<'C'
{"cniVersion":"0.4.0","name":"lab","plugins":[{"type":"bridge","bridge":"cni0","isGateway":true,"ipMasq":false,
"ipam":{"type":"host-local","dataDir":"/var/lib/lab/ipam","ranges":[[{"subnet":"{{.Pods}}"}]],"routes":[{"dst":"0.0.0.0/0"}]}}]}
C
cat > /run/lab/containerd.toml <<'C'
version = 2
root = "/var/lib/lab/containerd"
state = "/run/containerd"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "registry.k8s.io/pause:3.10"
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "/etc/cni/net.d"
C
cat > /run/lab/kubelet.yaml <<'C'
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
failSwapOn: false
cgroupDriver: cgroupfs
clusterDNS: [10.96.0.10]
clusterDomain: cluster.local
enforceNodeAllocatable: [pods]
containerRuntimeEndpoint: unix:///run/containerd/containerd.sock
authentication: {anonymous: {enabled: false}, x509: {clientCAFile: {{.Lab}}/pki/ca.crt}, webhook: {enabled: true}}
authorization: {mode: Webhook}
tlsCertFile: {{.Lab}}/pki/{{.Spec.Name}}.crt
tlsPrivateKeyFile: {{.Lab}}/pki/{{.Spec.Name}}.key
evictionHard: {memory.available: "{{.Spec.EvictBelow}}Mi", nodefs.available: "1%", imagefs.available: "1%"}
evictionPressureTransitionPeriod: 30s
{{- if eq .Cgroup "v1"}}
failCgroupV1: false
{{- else}}
singleProcessOOMKill: {{.Spec.SingleProcess}}
{{- end}}
{{- if .Spec.Taint}}
registerWithTaints: [{key: "{{.Spec.TaintKey}}", value: "{{.Spec.TaintValue}}", effect: NoSchedule}]
{{- end}}
C
service() { # NAME COMMAND…: keeps it running, output in /var/lib/lab/log
  name=$1; shift
  while true; do
    if [ ! -e /run/lab/$name.stop ]; then "$@" >> $S/log/$name 2>&1 & echo $! > /run/lab/$name.pid; wait $!; fi
    sleep 1
  done
}
service nodeagent {{.Lab}}/bin/nodeagent {{.Address}}:1024 {{.Dir}}/agent.key &
service containerd containerd -c /run/lab/containerd.toml &
i=0; while ! ctr version >/dev/null 2>&1; do i=$((i+1)); [ $i -gt 120 ] && break; sleep 0.5; done
if ! ctr -n k8s.io images check -q 2>/dev/null | grep -q pause; then
  for t in {{.Lab}}/images/*.tar; do ctr -n k8s.io images import $t >/dev/null || echo "import $t failed"; done
fi
echo "[$(up)] images in"
service kubelet {{.Bin}}/kubelet --config /run/lab/kubelet.yaml --kubeconfig {{.Lab}}/{{.Spec.Name}}.kubeconfig --root-dir $S/kubelet --hostname-override {{.Spec.Name}} --node-ip {{.Address}} --node-labels={{.Spec.Labels}} &
while true; do sleep 5; dmesg -c 2>/dev/null | tee -a $S/log/kernel | grep -iE 'oom-kill|Out of memory|going to be killed' | cut -c1-300; done
