package certchain

// How near the end of a certificate is, measured by its own lifetime: seven days are nothing for a certificate of a year and more than
// all of one that lives for six days.

import (
	"crypto/x509"
	"time"
)

// ClockSkew is how far in the future a certificate may begin without being called not yet valid: clocks differ, and issuers that do not
// backdate their certificates rely on nobody looking closer.
const ClockSkew = 5 * time.Minute

// Urgency grades how near the end is.
type Urgency int

// The grades.
const (
	Calm   Urgency = iota // nothing to do
	Notice                // worth knowing: renewal may be late
	Soon                  // renew now
	Late                  // hardly any time is left
)

const day = 24 * time.Hour

// Lifetime is the time from notBefore to notAfter, never negative, and at most the 292 years that a Duration holds.
func Lifetime(cert *x509.Certificate) time.Duration {
	return max(cert.NotAfter.Sub(cert.NotBefore), 0)
}

// Expired tells whether a certificate's last second, which still counts (RFC 5280, section 4.1.2.5), has passed.
func Expired(cert *x509.Certificate, now time.Time) bool { return now.After(cert.NotAfter) }

// NotYetValid tells whether a certificate begins later than clocks differ.
func NotYetValid(cert *x509.Certificate, now time.Time) bool {
	return cert.NotBefore.Sub(now) > ClockSkew
}

// FirstToEnd is the certificate of a path that expires first. With it, clients stop trusting the leaf.
func (c Chain) FirstToEnd() *x509.Certificate {
	var first *x509.Certificate
	for _, cert := range c {
		if first == nil || cert.NotAfter.Before(first.NotAfter) {
			first = cert
		}
	}
	return first
}

// ByHand grades a certificate that someone renews by hand, or by means that cannot be seen. With less than a third of its lifetime left,
// at most 30 days, it is Soon; with less than a sixth, at most 7 days, it is Late. These are the 30 and 7 days that are usual for
// certificates of a year and of 90 days, shortened for those that live shorter.
func ByHand(lifetime time.Duration, end, now time.Time) Urgency {
	left := end.Sub(now)
	switch {
	case left < min(lifetime/6, 7*day):
		return Late
	case left < min(lifetime/3, 30*day):
		return Soon
	default:
		return Calm
	}
}
