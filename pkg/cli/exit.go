package cli

// Exit codes, and how an error becomes one. There is no other place that knows them.

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/kubectl-scars/kubectl-scars/pkg/term"
)

// The exit codes of the contract.
const (
	exitOK          = 0   // ran, whatever it found
	exitError       = 1   // usage, connection or internal error
	exitFindings    = 2   // findings at or above --fail-on
	exitUnreadable  = 3   // --fail-on, nothing at that level, but an input it needs was unreadable, or nothing has the labels asked for
	exitInterrupted = 130 // SIGINT
)

// usageError is a mistake on the command line; command is where help is found.
type usageError struct {
	command string
	err     error
}

func (e usageError) Error() string { return e.err.Error() }
func (e usageError) Unwrap() error { return e.err }

// exitStatus ends a command that has said all it had to say with a code of its own.
type exitStatus int

func (e exitStatus) Error() string { return fmt.Sprintf("exit status %d", int(e)) }

// finish prints an error, if there is something to print, and gives the exit code.
func finish(err error, w io.Writer) int {
	var status exitStatus
	var usage usageError
	switch {
	case err == nil:
		return exitOK
	case errors.As(err, &status):
		return int(status)
	case errors.Is(err, context.Canceled):
		return exitInterrupted
	case errors.As(err, &usage):
		fmt.Fprintf(w, "error: %s\nSee '%s -h' for help and examples\n", term.SanitizeBlock(usage.Error()), usage.command)
		return exitError
	}
	fmt.Fprintln(w, term.SanitizeBlock(explainError(err)))
	return exitError
}

// explainError puts an error in the words that kubectl uses (kubernetes v1.37.2 kubectl/pkg/cmd/util/helpers.go, StandardErrorMessage),
// so that they are found where people look for them.
func explainError(err error) string {
	var (
		status apierrors.APIStatus
		via    *url.Error
		op     *net.OpError
	)
	switch {
	case clientcmd.IsEmptyConfig(err):
		return "error: no cluster to look at: no kubeconfig was found (KUBECONFIG, --kubeconfig or ~/.kube/config)\nTry it without a cluster: kubectl scars triage --demo"
	case apierrors.IsUnauthorized(err):
		return "error: You must be logged in to the server: it does not accept the credentials (expired?)"
	case errors.As(err, &status):
		if reason := apierrors.ReasonForError(err); reason != metav1.StatusReasonUnknown {
			return fmt.Sprintf("Error from server (%s): %s", reason, oneLine(err))
		}
		return "Error from server: " + oneLine(err)
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &via) && via.Timeout():
		return "Unable to connect to the server: no answer in time (--request-timeout)"
	case errors.As(err, &op) && op.Op == "dial":
		return "Unable to connect to the server: " + oneLine(op)
	case errors.As(err, &via):
		return "Unable to connect to the server: " + oneLine(via.Err)
	}
	msg := oneLine(err)
	if strings.HasPrefix(msg, "error: ") {
		return msg
	}
	return "error: " + msg
}

func oneLine(err error) string { return strings.Join(strings.Fields(err.Error()), " ") }
