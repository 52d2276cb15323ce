package collect

import (
	"errors"
	"io"
	"net/url"
	"os"
	"syscall"
	"testing"

	"github.com/kubectl-scars/kubectl-scars/pkg/collect/apitest"
)

// TestBroken: a first connection that breaks is tried again, whatever end notices, and one that cannot be had is not.
func TestBroken(t *testing.T) {
	_, c, _ := start(t, apitest.Options{})
	for err, want := range map[error]bool{
		os.NewSyscallError("write", syscall.EPIPE):                               true,
		os.NewSyscallError("read", syscall.ECONNRESET):                           true,
		errors.New("http2: client connection force closed via ClientConn.Close"): true,
		io.ErrUnexpectedEOF: true,
		os.NewSyscallError("dial", syscall.ECONNREFUSED): false,
	} {
		if _, again := c.again(&url.Error{Op: "Get", URL: "https://cluster.example/api/v1/pods", Err: err}, 1); again != want {
			t.Errorf("%v: asked again: %t", err, again)
		}
	}
}
