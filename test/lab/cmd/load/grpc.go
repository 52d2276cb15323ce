package main

// This file answers gRPC health checks. The library that others use would make each container of the lab some megabytes larger, which the
// incidents of small memory limits would feel; the protocol is one message in a frame over HTTP/2, and its status in a trailer
// (grpc/grpc doc/PROTOCOL-HTTP2.md, doc/health-checking.md).

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"math/big"
	"net/http"
	"os"
	"time"
)

// grpcHealth answers every call as if it were grpc.health.v1.Health/Check.
func grpcHealth(h *health) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		const serving, notServing = 1, 2
		status := byte(serving)
		if age := time.Since(h.began); age < h.readyAt || h.fails(r.URL.Path, age) {
			status = notServing
		}
		w.Header().Set("Content-Type", "application/grpc")
		w.Header().Set("Trailer", "Grpc-Status")
		// Not compressed, two bytes: field 1 of HealthCheckResponse, as a varint.
		_, _ = w.Write([]byte{0, 0, 0, 0, 2, 1 << 3, status})
		w.Header().Set("Grpc-Status", "0")
	})
}

func serveGRPC(address string, withTLS bool, h *health) {
	s := &http.Server{Handler: grpcHealth(h), Protocols: new(http.Protocols)}
	s.Protocols.SetUnencryptedHTTP2(!withTLS)
	s.Protocols.SetHTTP2(withTLS)
	if withTLS {
		cert, err := selfSigned()
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		s.TLSConfig = &tls.Config{Certificates: []tls.Certificate{cert}}
	}
	serve(address, s, withTLS)
}

// selfSigned makes a certificate that nobody is asked to trust.
func selfSigned() (tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, err
	}
	c := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().AddDate(1, 0, 0)}
	der, err := x509.CreateCertificate(rand.Reader, c, c, key.Public(), key)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, err
}
