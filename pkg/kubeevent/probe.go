package kubeevent

// This file reads Unhealthy and ProbeWarning: which probe, what became of it, and what class of failure the text shows.

import (
	"regexp"
	"strconv"
	"strings"
	"unicode"

	corev1 "k8s.io/api/core/v1"
)

// Probe is one of a container's three probes, as the kubelet spells it.
type Probe string

// The probes.
const (
	Liveness  Probe = "Liveness"
	Readiness Probe = "Readiness"
	Startup   Probe = "Startup"
)

// Outcome is what became of one attempt.
type Outcome string

// The outcomes. Only Failed counts towards failureThreshold: the kubelet discards an errored attempt (kubernetes v1.37.2
// pkg/kubelet/prober/worker.go), whatever its text says about a "failure state", and takes a warning for a success.
const (
	Failed  Outcome = "failed"
	Errored Outcome = "errored"
	Warned  Outcome = "warning"
)

// Class sorts failures by what they show.
type Class string

// The classes of failure.
const (
	Refused         Class = "refused"          // nothing listens: booting, wrong port, bound to 127.0.0.1
	ConnectTimeout  Class = "connect-timeout"  // network, or a full backlog
	ResponseTimeout Class = "response-timeout" // accepted and not answered in time
	HTTPStatus      Class = "http-status"      // an answer outside 200-399
	Scheme          Class = "scheme"           // TLS spoken to plain HTTP or the reverse
	Reset           Class = "reset"            // the connection was cut
	RedirectLoop    Class = "redirect-loop"    // ten redirects on the same host
	ExecExit        Class = "exec-exit"        // the command ended with another code than 0
	ExecTimeout     Class = "exec-timeout"     // the command took too long
	GRPC            Class = "grpc"             // the gRPC health service said no, or the call failed
	GRPCConnect     Class = "grpc-connect"     // no gRPC connection in time: nothing listens, or it is too busy to begin, or it wants TLS
	GRPCNoService   Class = "grpc-no-service"  // the server has no health service, or none of the name that the probe gives
	PortUnknown     Class = "port-unknown"     // errored: no port of the container has that name
	ExecMissing     Class = "exec-missing"     // errored: the command is not in the image or may not be run
	BodyHang        Class = "body-hang"        // errored: headers came, the body did not
	OtherError      Class = "error"            // for another reason, for example a runtime that is restarting
)

// NothingListens tells whether a failure may be that nobody takes connections yet, as while a program starts.
func (c Class) NothingListens() bool { return c == Refused || c == GRPCConnect }

// Unhealthy is one probe event.
type Unhealthy struct {
	Probe    Probe
	Outcome  Outcome
	Class    Class  // empty for a warning
	Status   int    // the HTTP status, for HTTPStatus; otherwise 0
	Output   string // what follows the colon; may be empty, and may hold what a program wrote
	Combined bool   // stands for several different messages; its container is unreliable
}

// ParseUnhealthy reads the message of an event Unhealthy or ProbeWarning (kubernetes v1.37.2 pkg/kubelet/prober/prober.go; older
// kubelets say "probe errored: …", OpenShift's ProbeError "probe error: …").
func ParseUnhealthy(message string) (Unhealthy, bool) {
	text, combined := uncombine(message)
	probe, rest, ok := strings.Cut(text, " probe ") // by hand: a dozen checks read each of many thousand events
	outcome, output, told := strings.Cut(rest, ":")
	u := Unhealthy{Probe: Probe(probe), Output: strings.TrimSpace(output), Combined: combined}
	if !ok || !told || u.Probe != Liveness && u.Probe != Readiness && u.Probe != Startup {
		return Unhealthy{}, false
	}
	switch {
	case outcome == "failed":
		u.Outcome = Failed
		u.Class, u.Status = failure(u.Output)
	case outcome == "warning":
		u.Outcome = Warned
	case errored(outcome):
		u.Outcome, u.Class = Errored, failedToAct(u.Output)
	default:
		return Unhealthy{}, false
	}
	return u, true
}

// errored tells whether the words say that an attempt ended in an error, and perhaps in which state the kubelet says that it resulted.
func errored(outcome string) bool {
	if outcome == "error" || outcome == "errored" {
		return true
	}
	state, ok := strings.CutPrefix(outcome, "errored and resulted in ")
	state, is := strings.CutSuffix(state, " state")
	return ok && is && state != "" && !strings.ContainsFunc(state, unicode.IsSpace)
}

// Counts tells whether the attempt counted towards failureThreshold.
func (u Unhealthy) Counts() bool { return u.Outcome == Failed }

// By is the attempt as one of a known probe: what a command writes are its own words, whatever they look like, and what is known of no other
// probe is no command's.
func (u Unhealthy) By(p *corev1.Probe) Unhealthy {
	if p == nil || u.Outcome != Failed {
		return u
	}
	command := p.Exec != nil && p.HTTPGet == nil && p.TCPSocket == nil && p.GRPC == nil
	switch {
	case command && u.Class != ExecTimeout:
		u.Class, u.Status = ExecExit, 0
	case !command && u.Class == ExecExit && (p.HTTPGet != nil || p.TCPSocket != nil || p.GRPC != nil):
		u.Class = OtherError
	}
	return u
}

// failures are tried in this order, since the time-out of a dial carries the words of an HTTP client's time-out too.
var failures = []struct {
	class Class
	any   []string
}{
	{ExecTimeout, []string{"command timed out", "command \""}},
	{GRPCConnect, []string{"timeout: failed to connect service", "error: failed to connect service"}}, // kubernetes v1.37.2 pkg/probe/grpc/grpc.go
	{GRPCNoService, []string{"error: this server does not implement the grpc health protocol", "error: health rpc probe failed: rpc error: code = NotFound"}},
	{ResponseTimeout, []string{"timeout: health rpc did not complete"}},
	{GRPC, []string{"service unhealthy (responded with", "error: health rpc probe failed"}},
	{Refused, []string{"connect: connection refused"}},
	{ConnectTimeout, []string{"i/o timeout", "no route to host", "network is unreachable", "request canceled while waiting for connection"}},
	{ResponseTimeout, []string{"Client.Timeout", "context deadline exceeded"}},
	{Scheme, []string{"server gave HTTP response to HTTPS client", "tls:", "malformed HTTP"}},
	{RedirectLoop, []string{"stopped after 10 redirects"}},
	{Reset, []string{"connection reset by peer", "broken pipe", ": EOF", "unexpected EOF"}},
}

var networkText = regexp.MustCompile(`^(?:Get |dial |read |write |timeout: |error: |service unhealthy|command )`)

// failure classes the text of a counted failure. What is not the kubelet's own text is the output of a command.
func failure(text string) (Class, int) {
	if digits, ok := strings.CutPrefix(text, "HTTP probe failed with statuscode: "); ok && len(digits) == 3 {
		if code, err := strconv.ParseUint(digits, 10, 16); err == nil {
			return HTTPStatus, int(code)
		}
	}
	if networkText.MatchString(text) {
		for _, f := range failures {
			for _, s := range f.any {
				if strings.Contains(text, s) && (f.class != ExecTimeout || strings.Contains(text, "timed out")) {
					return f.class, 0
				}
			}
		}
	}
	return ExecExit, 0
}

// execMissing is what runc and crun say of the command itself. A missing file alone is no sign of it: an exec into a container that is
// just being stopped fails at its cgroup or its task ("openat2 /sys/fs/cgroup/…/cgroup.procs: no such file or directory").
var execMissing = regexp.MustCompile(`exec:? "?[^" ]+"?: (?:stat [^:]+: )?(?:executable file not found|no such file or directory|permission denied|exec format error|is a directory)` +
	"|executable file [^:]+ not found|chdir to cwd ")

// failedToAct classes the text of an errored attempt.
func failedToAct(text string) Class {
	switch {
	case strings.HasPrefix(text, "port ") && strings.HasSuffix(text, " not found"):
		return PortUnknown
	case execMissing.MatchString(text):
		return ExecMissing
	case strings.Contains(text, "while reading body"):
		return BodyHang
	default:
		return OtherError
	}
}
