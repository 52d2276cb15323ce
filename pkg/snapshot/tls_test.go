package snapshot

// Which Ingress presents which Secret to which hosts.

import (
	"fmt"
	"slices"
	"testing"

	networkingv1 "k8s.io/api/networking/v1"
)

func ingress(name string, rules []string, entries ...networkingv1.IngressTLS) *networkingv1.Ingress {
	i := &networkingv1.Ingress{ObjectMeta: named(name), Spec: networkingv1.IngressSpec{TLS: entries}}
	for _, host := range rules {
		i.Spec.Rules = append(i.Spec.Rules, networkingv1.IngressRule{Host: host})
	}
	return i
}

func entry(secret string, hosts ...string) networkingv1.IngressTLS {
	return networkingv1.IngressTLS{SecretName: secret, Hosts: hosts}
}

func TestTLSUses(t *testing.T) {
	v := build(t,
		ingress("plain", []string{"a.example", "other.example"}, entry("tls", "a.example")),
		ingress("wild", []string{"a.b.example", "x.a.b.example", "named.b.example"}, entry("tls", "*.b.example"), entry("own", "named.b.example")),
		ingress("hostless", []string{"c.example", "", "d.example", "c.example"}, entry("tls")),
		ingress("hostless-and-named", []string{"c.example", "d.example"}, entry("tls"), entry("own", "d.example")),
		ingress("everything", []string{""}, entry("tls")),
		ingress("twice", []string{"e.example"}, entry("tls", "e.example", "e.example"), entry("tls", "f.example")),
		ingress("default", []string{"g.example"}, entry("", "g.example")),
	).View(Ingresses)
	var got []string
	for _, u := range v.TLSUses("shop", "tls") {
		got = append(got, fmt.Sprintf("%s[%d] %v", u.Ingress.Name, u.Entry, u.Hosts))
	}
	want := []string{
		"everything[0] []", "hostless[0] [c.example d.example]", "hostless-and-named[0] [c.example]", "plain[0] [a.example]",
		"twice[0] [e.example]", "twice[1] [f.example]", "wild[0] [*.b.example a.b.example]",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%q\nwant\n%q", got, want)
	}
	if n := len(v.TLSUses("other", "tls")) + len(v.TLSUses("shop", "")); n != 0 {
		t.Errorf("%d uses of nothing", n)
	}
}
