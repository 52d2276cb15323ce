package snapshot

// The keep table for Secrets. A private key becomes the hash of its public key and is dropped here, at the door; certificates and
// names stay, every other value goes.

import (
	"maps"
	"regexp"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
)

// What is left of a Secret's values is told in annotations of our own, so that a recording is an ordinary list of Secrets. Their values
// come from closed sets: whatever else stands there, in a file that someone wrote, is dropped.
const (
	// AnnotationKeys lists the names of the data entries that the Secret had, sorted, comma separated, at most 32 of them. It marks a
	// Secret that has been trimmed.
	AnnotationKeys = "scars.dev/data-keys"
	// AnnotationKeyHash is "sha256:" and the hash of the public half (PKIX, DER) of the key in tls.key.
	AnnotationKeyHash = "scars.dev/tls-key-public-sha256"
	// AnnotationKeyError is the PEMFault that keeps tls.key from being read, where it is there.
	AnnotationKeyError = "scars.dev/tls-key-error"
	// AnnotationCertError lists what is wrong with tls.crt as a chain of PEM certificates, comma separated: each a PEMFault, with
	// "@" and the number of the PEM block, counted from 1, where it is one block's. Each fault stands there once.
	AnnotationCertError = "scars.dev/tls-crt-error"
)

const (
	caCertKey    = "ca.crt" // the issuer's certificate, as cert-manager and service account tokens name it
	maxDataNames = 32
)

// The shapes of our own annotations.
var (
	dataName  = regexp.MustCompile(`^[-._a-zA-Z0-9]{1,253}$`) // kubernetes v1.37.2 apimachinery/pkg/util/validation, IsConfigMapKey
	keyHash   = regexp.MustCompile(`^sha256:[0-9a-f]{64}$`)
	blockPart = regexp.MustCompile(`^@[1-9][0-9]{0,5}$`)
)

// trimSecret is idempotent: a Secret that it has trimmed comes through unchanged.
func trimSecret(s *corev1.Secret) {
	for name, value := range s.StringData { // a manifest's form of data
		if s.Data == nil {
			s.Data = map[string][]byte{}
		}
		s.Data[name] = []byte(value)
	}
	facts := secretFacts(s.Data)
	if trimmed(s) {
		facts = validFacts(s.Annotations)
	}
	trimMeta(&s.ObjectMeta)
	maps.DeleteFunc(s.Annotations, func(name, _ string) bool { return strings.HasPrefix(name, "scars.dev/") })
	if s.Annotations == nil {
		s.Annotations = map[string]string{}
	}
	maps.Copy(s.Annotations, facts)
	kept := map[string][]byte{}
	for _, name := range []string{corev1.TLSCertKey, caCertKey} {
		if chain := certificatesOnly(s.Data[name]); len(chain) > 0 {
			kept[name] = chain
		}
	}
	s.Data, s.StringData = kept, nil
}

// trimmed tells whether a Secret has been through here: it says so, and has no entry that would not have survived.
func trimmed(s *corev1.Secret) bool {
	if _, ok := s.Annotations[AnnotationKeys]; !ok {
		return false
	}
	for name := range s.Data {
		if name != corev1.TLSCertKey && name != caCertKey {
			return false
		}
	}
	return true
}

// secretFacts reads from the values what may be known of them.
func secretFacts(data map[string][]byte) map[string]string {
	facts := map[string]string{AnnotationKeys: joinNames(slices.Collect(maps.Keys(data)))}
	if key, ok := data[corev1.TLSPrivateKeyKey]; ok {
		if hash, fault := publicKeyHash(key); fault != "" {
			facts[AnnotationKeyError] = string(fault)
		} else {
			facts[AnnotationKeyHash] = hash
		}
	}
	if crt, ok := data[corev1.TLSCertKey]; ok {
		if faults := certificateFaults(crt); len(faults) > 0 {
			facts[AnnotationCertError] = strings.Join(faults, ",")
		}
	}
	return facts
}

// validFacts takes over our own annotations as far as they have the shape that we give them.
func validFacts(annotations map[string]string) map[string]string {
	facts := map[string]string{AnnotationKeys: joinNames(strings.Split(annotations[AnnotationKeys], ","))}
	if hash := annotations[AnnotationKeyHash]; keyHash.MatchString(hash) {
		facts[AnnotationKeyHash] = hash
	}
	if fault := annotations[AnnotationKeyError]; knownFault(fault) {
		facts[AnnotationKeyError] = fault
	}
	var faults []string
	for _, f := range strings.Split(annotations[AnnotationCertError], ",") {
		code, block, _ := strings.Cut(f, "@")
		if knownFault(code) && (block == "" && code == f || blockPart.MatchString("@"+block)) && len(faults) < len(pemFaults()) {
			faults = append(faults, f)
		}
	}
	if len(faults) > 0 {
		facts[AnnotationCertError] = strings.Join(faults, ",")
	}
	return facts
}

// joinNames lists names of data entries. Names that no server would have taken are left out.
func joinNames(names []string) string {
	names = slices.DeleteFunc(names, func(n string) bool { return !dataName.MatchString(n) })
	slices.Sort(names)
	return strings.Join(names[:min(len(names), maxDataNames)], ",")
}
