package certs

// The faults of tls.crt and tls.key in words.

import "github.com/kubectl-scars/kubectl-scars/pkg/snapshot"

func certificateFault(fault snapshot.PEMFault, block string) string {
	switch fault {
	case snapshot.FaultEmpty:
		return "tls.crt is empty"
	case snapshot.FaultBroken:
		return "tls.crt holds a PEM block that is cut off, indented or not base64"
	case snapshot.FaultTwice:
		return "tls.crt is PEM encoded in base64 twice"
	case snapshot.FaultDER:
		return "tls.crt is DER, not PEM"
	case snapshot.FaultPrivateKey:
		return "tls.crt holds a private key (block " + block + "), which leaks wherever certificates are taken for public"
	case snapshot.FaultOtherBlock:
		return "block " + block + " of tls.crt is something else than a certificate"
	case snapshot.FaultUnreadable:
		return "block " + block + " of tls.crt does not parse as a certificate"
	default:
		return "tls.crt is not PEM"
	}
}

func keyFault(fault snapshot.PEMFault) string {
	switch fault {
	case snapshot.FaultEmpty:
		return "tls.key is empty"
	case snapshot.FaultBroken:
		return "tls.key is PEM that is cut off, indented or not base64"
	case snapshot.FaultTwice:
		return "tls.key is PEM encoded in base64 twice"
	case snapshot.FaultDER:
		return "tls.key is DER, not PEM"
	case snapshot.FaultOtherBlock:
		return "tls.key is PEM without a private key"
	case snapshot.FaultUnreadable:
		return "tls.key does not parse as a private key"
	case snapshot.FaultEncrypted:
		return "tls.key is encrypted, and servers have no pass phrase"
	case snapshot.FaultCannotSign:
		return "tls.key is a key that cannot sign"
	case snapshot.FaultTooLarge:
		return "tls.key is larger than any key in use"
	default:
		return "tls.key is not PEM"
	}
}
