package certchain

// Whom a certificate is for, as browsers judge it.

import (
	"crypto/x509"
	"net"
	"slices"
	"strings"

	"golang.org/x/net/idna"
	"golang.org/x/net/publicsuffix"
)

// Names lists the subject alternative names that a server can be reached by: DNS names in lower case, then IP addresses. The common
// name does not count (RFC 9525, section 2; browsers since 2017, Go since 1.15).
func Names(cert *x509.Certificate) []string {
	names := make([]string, 0, len(cert.DNSNames)+len(cert.IPAddresses))
	for _, n := range cert.DNSNames {
		names = append(names, strings.ToLower(n))
	}
	for _, ip := range cert.IPAddresses {
		names = append(names, ip.String())
	}
	return names
}

// Covers tells whether a certificate is valid for a host: a DNS name (any case, with or without the dot at its end, in Unicode or
// ASCII form), an IP address (IPv6 with or without brackets), or a wildcard as in an Ingress, which only the same wildcard covers.
//
// A wildcard of the certificate stands for exactly one label, the first (RFC 9525, section 6.3). One that would span a public suffix of
// ICANN's part of the list ("*.co.uk") counts for nothing, as in browsers.
func Covers(cert *x509.Certificate, host string) bool {
	if ip := net.ParseIP(strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")); ip != nil {
		return slices.ContainsFunc(cert.IPAddresses, ip.Equal)
	}
	host, ok := ascii(host)
	if !ok {
		return false
	}
	return slices.ContainsFunc(cert.DNSNames, func(name string) bool { return matches(strings.ToLower(name), host) })
}

// Uncovered lists the hosts that a certificate is not valid for, each once, in the order given.
func Uncovered(cert *x509.Certificate, hosts []string) []string {
	var out []string
	for _, h := range hosts {
		if !Covers(cert, h) && !slices.Contains(out, h) {
			out = append(out, h)
		}
	}
	return out
}

// ascii brings a host into the form in which certificates name it, and false where it is no name at all.
func ascii(host string) (string, bool) {
	host = strings.TrimSuffix(host, ".")
	if strings.IndexFunc(host, func(r rune) bool { return r >= 0x80 }) >= 0 {
		converted, err := idna.Lookup.ToASCII(host)
		if err != nil {
			return "", false
		}
		host = converted
	}
	host = strings.ToLower(host)
	for label := range strings.SplitSeq(host, ".") {
		if label == "" {
			return "", false
		}
	}
	return host, host != ""
}

func matches(name, host string) bool {
	if name == host {
		return name != "" && (!strings.Contains(name, "*") || wildcard(name))
	}
	if !wildcard(name) || strings.HasPrefix(host, "*.") {
		return false
	}
	_, parent, ok := strings.Cut(host, ".")
	return ok && parent == name[2:]
}

// wildcard tells whether a name is one that clients honour.
func wildcard(name string) bool {
	parent, ok := strings.CutPrefix(name, "*.")
	if !ok || parent == "" || strings.Contains(parent, "*") {
		return false
	}
	suffix, icann := publicsuffix.PublicSuffix(parent)
	return !icann || suffix != parent
}
