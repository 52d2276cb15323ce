package certchain

// Hosts and names, held against what browsers and Go accept.

import (
	"slices"
	"strings"
	"testing"
)

func TestCovers(t *testing.T) {
	cert := issue(t, "cn.example", 30, nil,
		"shop.example.com", "*.Example.com", "*.a.b.example", "*.co.uk", "xn--bcher-kva.example", "*.internal", "w*.partial.example", "*", "*.*.twice.example",
		"under_score.example", "10.1.2.3", "2001:db8::1").cert
	for host, want := range map[string]bool{
		"shop.example.com":         true,
		"SHOP.example.COM":         true,
		"shop.example.com.":        true,
		"www.example.com":          true, // by the wildcard, whose case does not matter
		"www.shop.example.com":     false,
		"example.com":              false, // a wildcard stands for one label, not for none
		".example.com":             false,
		"*.example.com":            true, // the same wildcard, as an Ingress may ask for
		"*.EXAMPLE.com":            true,
		"*.shop.example.com":       false,
		"*.www.example.com":        false,
		"x.a.b.example":            true,
		"a.b.example":              false,
		"shop.co.uk":               false, // spans a public suffix
		"*.co.uk":                  false,
		"bücher.example":           true,
		"BÜCHER.example":           true,
		"xn--bcher-kva.example":    true,
		"db.internal":              true, // not a suffix of ICANN's
		"www.partial.example":      false,
		"w*.partial.example":       false,
		"localhost":                false,
		"*":                        false,
		"a.b.twice.example":        false,
		"under_score.example":      true,
		"cn.example":               false, // only the common name
		"10.1.2.3":                 true,
		"10.1.2.4":                 false,
		"2001:db8::1":              true,
		"[2001:DB8:0::1]":          true,
		"":                         false,
		".":                        false,
		"shop..example.com":        false,
		"shop.example.com/":        false,
		strings.Repeat("x", 300):   false,
		"shop.example.com.example": false,
	} {
		if got := Covers(cert, host); got != want {
			t.Errorf("Covers(%q) = %v", host, got)
		}
	}
	if Covers(issue(t, "shop.example.com", 1, nil).cert, "shop.example.com") {
		t.Error("a common name counts")
	}
}

// For hosts that are neither wildcards nor under a public suffix the judgement is that of Go's own client.
func TestCoversAgreesWithGo(t *testing.T) {
	names := []string{"shop.example.com", "*.example.com", "*.a.b.example", "w*.example.net", "*", "under_score.example", "xn--bcher-kva.example"}
	hosts := []string{
		"shop.example.com", "Shop.Example.Com", "www.example.com", "a.www.example.com", "example.com", "x.a.b.example", "w1.example.net", "localhost",
		"under_score.example", "xn--bcher-kva.example", "shop.example.com.", "", ".", "a..b",
	}
	for _, name := range names {
		cert := issue(t, "cn", 1, nil, name).cert
		for _, host := range hosts {
			if got, want := Covers(cert, host), cert.VerifyHostname(host) == nil; got != want {
				t.Errorf("%q for %q: %v, Go says %v", name, host, got, want)
			}
		}
	}
}

func TestUncovered(t *testing.T) {
	cert := issue(t, "x", 1, nil, "*.example.com").cert
	got := Uncovered(cert, []string{"b.org", "a.example.com", "a.b.example.com", "b.org"})
	if want := []string{"b.org", "a.b.example.com"}; !slices.Equal(got, want) {
		t.Errorf("got %v", got)
	}
}

func TestNames(t *testing.T) {
	got := Names(issue(t, "x", 1, nil, "B.example", "::1", "a.example").cert)
	if want := []string{"b.example", "a.example", "::1"}; !slices.Equal(got, want) {
		t.Errorf("got %v", got)
	}
}
