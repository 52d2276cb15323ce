package incident

// This file reads what an incident says of a certificate that it wants.

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Cert asks for a Secret of type kubernetes.io/tls with a fresh certificate: NAME hosts=A,B from=-90d to=-2d [fault=WHAT].
// Times are relative to now, in days (d) or hours (h).
type Cert struct {
	Secret   string
	Hosts    []string
	From, To time.Duration
	Fault    string // key: of another certificate; text: tls.crt is no PEM; chain: a truncated block
}

func parseCert(s string) (Cert, error) {
	f := strings.Fields(s)
	if len(f) == 0 {
		return Cert{}, fmt.Errorf("no name")
	}
	c := Cert{Secret: f[0], From: -time.Hour, To: 90 * 24 * time.Hour}
	for _, opt := range f[1:] {
		key, value, _ := strings.Cut(opt, "=")
		var err error
		switch key {
		case "hosts":
			c.Hosts = strings.Split(value, ",")
		case "from":
			c.From, err = days(value)
		case "to":
			c.To, err = days(value)
		case "fault":
			c.Fault = value
		default:
			err = fmt.Errorf("unknown option %q", key)
		}
		if err != nil {
			return c, err
		}
	}
	return c, nil
}

func days(s string) (time.Duration, error) {
	if n, ok := strings.CutSuffix(s, "d"); ok {
		d, err := strconv.Atoi(n)
		return time.Duration(d) * 24 * time.Hour, err
	}
	return time.ParseDuration(s)
}
