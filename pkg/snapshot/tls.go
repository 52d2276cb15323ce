package snapshot

// Which Ingresses present a Secret's certificate, and to which hosts.

import (
	"slices"
	"strings"

	networkingv1 "k8s.io/api/networking/v1"
)

// TLSUse is an entry of an Ingress's spec.tls that names a Secret.
type TLSUse struct {
	Ingress *networkingv1.Ingress
	Entry   int      // index in spec.tls
	Secret  string   // the name; the namespace is the Ingress's
	Hosts   []string // the hosts that the entry is for, each once; none where it is for every host
}

func (s *Snapshot) joinTLS() map[key][]TLSUse {
	uses := map[key][]TLSUse{}
	for _, i := range s.tables[Ingresses].typed.([]*networkingv1.Ingress) {
		for n, tls := range i.Spec.TLS {
			if tls.SecretName == "" { // the controller's default certificate, on purpose
				continue
			}
			k := key{i.Namespace, tls.SecretName}
			uses[k] = append(uses[k], TLSUse{i, n, tls.SecretName, tlsHosts(i, n)})
		}
	}
	return uses
}

// tlsHosts lists the hosts that an entry of spec.tls is for: those it names, and those of the rules that a wildcard among these takes in
// unless another entry names them. An entry without hosts is for all of the rules.
func tlsHosts(i *networkingv1.Ingress, entry int) []string {
	var hosts []string
	add := func(host string) {
		if host != "" && !slices.Contains(hosts, host) {
			hosts = append(hosts, host)
		}
	}
	for _, h := range i.Spec.TLS[entry].Hosts {
		add(h)
	}
	all := len(hosts) == 0
	for _, r := range i.Spec.Rules {
		_, parent, _ := strings.Cut(r.Host, ".")
		named := slices.ContainsFunc(i.Spec.TLS, func(t networkingv1.IngressTLS) bool { return slices.Contains(t.Hosts, r.Host) })
		if all && !named || slices.Contains(hosts, "*."+parent) && !named {
			add(r.Host)
		}
	}
	return hosts
}

// TLSUses lists the entries of Ingresses that present a Secret, by Ingress and entry.
func (v *View) TLSUses(namespace, secret string) []TLSUse {
	v.touch(Ingresses)
	return v.s.joins.tls()[key{namespace, secret}]
}
